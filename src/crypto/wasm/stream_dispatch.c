/* ChaCha20 with SIMD128: four blocks side by side, one word of the state per vector. What is left
 * over when less than a block remains to be made goes to libsodium. @[RFC8439 2.3] */
#include <string.h>
#include <wasm_simd128.h>

#include "base/ct.h"
#include "base/endian.h"
#include "crypto/stream_kernels.h"

enum { WORDS = 16, WAYS = 4, GROUP_LEN = WAYS * CEPA_CHACHA20_BLOCK_LEN, DOUBLE_ROUNDS = 10 };

static inline v128_t rotate(v128_t words, uint32_t bits)
{
    return wasm_v128_or(wasm_i32x4_shl(words, bits), wasm_u32x4_shr(words, 32 - bits));
}

/* Engines have instructions for moving halves of words about. */
static inline v128_t rotate_16(v128_t words)
{
    return wasm_i16x8_shuffle(words, words, 1, 0, 3, 2, 5, 4, 7, 6);
}

__attribute__((always_inline)) static inline void quarter_round(v128_t *a, v128_t *b, v128_t *c,
                                                                v128_t *d)
{
    *a = wasm_i32x4_add(*a, *b);
    *d = rotate_16(wasm_v128_xor(*d, *a));
    *c = wasm_i32x4_add(*c, *d);
    *b = rotate(wasm_v128_xor(*b, *c), 12);
    *a = wasm_i32x4_add(*a, *b);
    *d = rotate(wasm_v128_xor(*d, *a), 8);
    *c = wasm_i32x4_add(*c, *d);
    *b = rotate(wasm_v128_xor(*b, *c), 7);
}

__attribute__((always_inline)) static inline void double_round(v128_t x[WORDS])
{
    quarter_round(&x[0], &x[4], &x[8], &x[12]);
    quarter_round(&x[1], &x[5], &x[9], &x[13]);
    quarter_round(&x[2], &x[6], &x[10], &x[14]);
    quarter_round(&x[3], &x[7], &x[11], &x[15]);
    quarter_round(&x[0], &x[5], &x[10], &x[15]);
    quarter_round(&x[1], &x[6], &x[11], &x[12]);
    quarter_round(&x[2], &x[7], &x[8], &x[13]);
    quarter_round(&x[3], &x[4], &x[9], &x[14]);
}

static inline void xor_16(uint8_t *data, v128_t stream)
{
    wasm_v128_store(data, wasm_v128_xor(wasm_v128_load(data), stream));
}

/* Adds four words of each of the four blocks to the data: a 4 x 4 transposition. */
__attribute__((always_inline)) static inline void xor_words(uint8_t *data, const v128_t x[4])
{
    v128_t low_01 = wasm_i32x4_shuffle(x[0], x[1], 0, 4, 1, 5);
    v128_t low_23 = wasm_i32x4_shuffle(x[2], x[3], 0, 4, 1, 5);
    v128_t high_01 = wasm_i32x4_shuffle(x[0], x[1], 2, 6, 3, 7);
    v128_t high_23 = wasm_i32x4_shuffle(x[2], x[3], 2, 6, 3, 7);
    xor_16(data, wasm_i64x2_shuffle(low_01, low_23, 0, 2));
    xor_16(data + CEPA_CHACHA20_BLOCK_LEN, wasm_i64x2_shuffle(low_01, low_23, 1, 3));
    xor_16(data + 2 * CEPA_CHACHA20_BLOCK_LEN, wasm_i64x2_shuffle(high_01, high_23, 0, 2));
    xor_16(data + 3 * CEPA_CHACHA20_BLOCK_LEN, wasm_i64x2_shuffle(high_01, high_23, 1, 3));
}

/* Adds the next GROUP_LEN bytes of the stream to `data`. `state` is that of the first block. */
static void xor_group(uint8_t *data, const uint32_t state[WORDS])
{
    v128_t x[WORDS];
    v128_t counters =
        wasm_i32x4_add(wasm_v128_load32_splat(&state[12]), wasm_i32x4_const(0, 1, 2, 3));
    for (int i = 0; i < WORDS; i++) {
        x[i] = i == 12 ? counters : wasm_v128_load32_splat(&state[i]);
    }
    for (int i = 0; i < DOUBLE_ROUNDS; i++) {
        double_round(x);
    }
    for (int i = 0; i < WORDS; i++) {
        x[i] = wasm_i32x4_add(x[i], i == 12 ? counters : wasm_v128_load32_splat(&state[i]));
    }
    for (int i = 0; i < WORDS; i += 4) {
        xor_words(data + 4 * i, x + i);
    }
}

static void init_state(uint32_t ret_state[WORDS], const uint8_t *key, const uint8_t *nonce,
                       uint32_t block)
{
    static const uint32_t constants[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    memcpy(ret_state, constants, sizeof constants);
    for (int i = 0; i < 8; i++) {
        ret_state[4 + i] = cepa_le32_load(key + 4 * i);
    }
    ret_state[12] = block;
    for (int i = 0; i < 3; i++) {
        ret_state[13 + i] = cepa_le32_load(nonce + 4 * i);
    }
}

void cepa_chacha20_xor_kernel(uint8_t *data, size_t len, const uint8_t key[CEPA_CHACHA20_KEY_LEN],
                              const uint8_t nonce[CEPA_CHACHA20_NONCE_LEN], uint32_t block,
                              uint32_t cpu)
{
    uint32_t state[WORDS];
    uint8_t rest[GROUP_LEN];
    (void)cpu;
    if (len <= CEPA_CHACHA20_BLOCK_LEN) {
        cepa_chacha20_xor_portable(data, len, key, nonce, block);
        return;
    }
    init_state(state, key, nonce, block);
    while (len >= GROUP_LEN) {
        xor_group(data, state);
        state[12] += WAYS;
        data += GROUP_LEN;
        len -= GROUP_LEN;
    }
    if (len > 0) {
        memcpy(rest, data, len);
        memset(rest + len, 0, sizeof rest - len);
        xor_group(rest, state);
        memcpy(data, rest, len);
        cepa_wipe(rest, sizeof rest);
    }
    cepa_wipe(state, sizeof state);
}
