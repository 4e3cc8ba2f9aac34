/* AES-256 by the processor's own instructions. Decryption derives its round keys while it runs:
 * thirteen independent instructions cost less than carrying a second schedule about. */
#include <immintrin.h>

#include "crypto/aes256_kernels.h"

static __m128i load(const uint8_t *bytes)
{
    return _mm_loadu_si128((const __m128i *)(const void *)bytes);
}

static void store(uint8_t *ret_bytes, __m128i value)
{
    _mm_storeu_si128((__m128i *)(void *)ret_bytes, value);
}

/* running_xor gives (a, a^b, a^b^c, a^b^c^d), the chain that runs through a round key's words. */
static __m128i running_xor(__m128i words)
{
    words = _mm_xor_si128(words, _mm_slli_si128(words, 4));
    return _mm_xor_si128(words, _mm_slli_si128(words, 8));
}

/* even_step makes the next even round key; `assist` holds SubWord(RotWord()) ^ Rcon in its top
 * word. odd_step makes the next odd one; there SubWord alone stands in the word below. */
static __m128i even_step(__m128i previous, __m128i assist)
{
    return _mm_xor_si128(running_xor(previous), _mm_shuffle_epi32(assist, 0xff));
}

static __m128i odd_step(__m128i previous, __m128i assist)
{
    return _mm_xor_si128(running_xor(previous), _mm_shuffle_epi32(assist, 0xaa));
}

void cepa_aes256_key_init_aesni(struct cepa_aes256_key *ret_key,
                                const uint8_t key[CEPA_AES256_KEY_LEN])
{
    __m128i even = load(key);
    __m128i odd = load(key + 16);
    uint8_t *to = ret_key->round_keys;
    ret_key->is_bitsliced = 0;
    store(to, even);
    store(to + 16, odd);
/* The round constant has to stand in the instruction itself. */
#define EXPAND_PAIR(round, constant)                                                               \
    even = even_step(even, _mm_aeskeygenassist_si128(odd, (constant)));                            \
    store(to + 16 * (round), even);                                                                \
    odd = odd_step(odd, _mm_aeskeygenassist_si128(even, 0));                                       \
    store(to + 16 * (round) + 16, odd)
    EXPAND_PAIR(2, 0x01);
    EXPAND_PAIR(4, 0x02);
    EXPAND_PAIR(6, 0x04);
    EXPAND_PAIR(8, 0x08);
    EXPAND_PAIR(10, 0x10);
    EXPAND_PAIR(12, 0x20);
#undef EXPAND_PAIR
    even = even_step(even, _mm_aeskeygenassist_si128(odd, 0x40));
    store(to + 16 * 14, even);
}

void cepa_aes256_encrypt_aesni(const struct cepa_aes256_key *key,
                               uint8_t block[CEPA_AES256_BLOCK_LEN])
{
    const uint8_t *from = key->round_keys;
    __m128i state = _mm_xor_si128(load(block), load(from));
    for (int round = 1; round < CEPA_AES256_ROUNDS; round++) {
        state = _mm_aesenc_si128(state, load(from + 16 * round));
    }
    store(block, _mm_aesenclast_si128(state, load(from + 16 * CEPA_AES256_ROUNDS)));
}

void cepa_aes256_decrypt_aesni(const struct cepa_aes256_key *key,
                               uint8_t block[CEPA_AES256_BLOCK_LEN])
{
    const uint8_t *from = key->round_keys;
    __m128i state = _mm_xor_si128(load(block), load(from + 16 * CEPA_AES256_ROUNDS));
    for (int round = CEPA_AES256_ROUNDS - 1; round > 0; round--) {
        state = _mm_aesdec_si128(state, _mm_aesimc_si128(load(from + 16 * round)));
    }
    store(block, _mm_aesdeclast_si128(state, load(from)));
}
