/* HPolyC: hash, encrypt one block, encrypt the rest, hash. */
#include "crypto/hpolyc.h"

#include <sodium.h>
#include <string.h>

#include "base/assert.h"
#include "base/ct.h"
#include "base/endian.h"
#include "crypto/mac.h"
#include "crypto/stream.h"

enum { BLOCK = CEPA_AES256_BLOCK_LEN };

/* xchacha adds the keystream whose 24-byte nonce is the 16 bytes `nonce_start`, a one, and zeros:
 * HPolyC's rule for a nonce shorter than the cipher's. The inner cipher's counter of 64 bits and
 * nonce of 8 bytes are, below 256 GiB, the same as the counter of 32 bits and a nonce of 12 bytes
 * that begins with zeros. */
static void xchacha(uint8_t *data, size_t len, const uint8_t nonce_start[16],
                    const uint8_t key[CEPA_HPOLYC_KEY_LEN], uint32_t cpu)
{
    static const uint8_t nonce_rest[CEPA_CHACHA20_NONCE_LEN] = {0, 0, 0, 0, 1};
    uint8_t subkey[32];
    (void)crypto_core_hchacha20(subkey, nonce_start, key, NULL);
    cepa_chacha20_xor(data, len, subkey, nonce_rest, 0, cpu);
    cepa_wipe(subkey, sizeof subkey);
}

void cepa_hpolyc_key_init(struct cepa_hpolyc_key *ret_key, const uint8_t key[CEPA_HPOLYC_KEY_LEN],
                          uint32_t cpu)
{
    static const uint8_t nonce[16] = {1};
    static const uint8_t nonce_rest[CEPA_CHACHA20_NONCE_LEN] = {0};
    struct {
        uint8_t block_key[CEPA_AES256_KEY_LEN];
        uint8_t hash_key[CEPA_POLY1305_KEY_LEN];
    } derived;
    uint8_t subkey[32];

    (void)crypto_core_hchacha20(subkey, nonce, key, NULL);
    cepa_chacha20_stream((uint8_t *)&derived, sizeof derived, subkey, nonce_rest, cpu);
    cepa_aes256_key_init(&ret_key->block, derived.block_key, cpu);
    memcpy(ret_key->stream_key, key, CEPA_HPOLYC_KEY_LEN);
    memset(derived.hash_key + 16, 0, 16);
    cepa_poly1305_init(&ret_key->hash, derived.hash_key, cpu);
    cepa_poly1305_prepare(&ret_key->hash);
    cepa_wipe(subkey, sizeof subkey);
    cepa_wipe(&derived, sizeof derived);
}

void cepa_hpolyc_key_wipe(struct cepa_hpolyc_key *key)
{
    cepa_wipe(key, sizeof *key);
}

/* hash_tweak begins Poly1305 with the tweak; both hashes of a message continue from there. */
static void hash_tweak(struct cepa_poly1305 *ret_start, const struct cepa_hpolyc_key *key,
                       const uint8_t *tweak, size_t tweak_len)
{
    static const uint8_t zeros[BLOCK] = {0};
    uint8_t bits_len[4];
    cepa_le32_store(bits_len, (uint32_t)tweak_len * 8);
    *ret_start = key->hash;
    cepa_poly1305_update(ret_start, bits_len, sizeof bits_len);
    cepa_poly1305_update(ret_start, tweak, tweak_len);
    cepa_poly1305_update(ret_start, zeros, (0 - (sizeof bits_len + tweak_len)) & (BLOCK - 1));
}

static void hash_message(uint8_t ret_hash[BLOCK], const struct cepa_poly1305 *start,
                         const uint8_t *data, size_t len)
{
    struct cepa_poly1305 state = *start;
    cepa_poly1305_update(&state, data, len);
    cepa_poly1305_final(&state, ret_hash);
}

struct u128 {
    uint64_t low, high;
};

static struct u128 load_u128(const uint8_t bytes[BLOCK])
{
    return (struct u128){cepa_le64_load(bytes), cepa_le64_load(bytes + 8)};
}

static void store_u128(uint8_t ret_bytes[BLOCK], struct u128 value)
{
    cepa_le64_store(ret_bytes, value.low);
    cepa_le64_store(ret_bytes + 8, value.high);
}

/* add_hash adds `hash` to the block modulo 2^128, subtract_hash takes it away. The carries come
 * from the operands' top bits, without a comparison. */
static void add_hash(uint8_t block[BLOCK], const uint8_t hash[BLOCK])
{
    struct u128 a = load_u128(block);
    struct u128 b = load_u128(hash);
    struct u128 sum = {a.low + b.low, a.high + b.high};
    sum.high += ((a.low & b.low) | ((a.low | b.low) & ~sum.low)) >> 63;
    store_u128(block, sum);
}

static void subtract_hash(uint8_t block[BLOCK], const uint8_t hash[BLOCK])
{
    struct u128 a = load_u128(block);
    struct u128 b = load_u128(hash);
    struct u128 difference = {a.low - b.low, a.high - b.high};
    difference.high -= ((~a.low & b.low) | ((~a.low | b.low) & difference.low)) >> 63;
    store_u128(block, difference);
}

static void check_lengths(size_t data_len, size_t tweak_len)
{
    CEPA_ASSERT(data_len >= CEPA_HPOLYC_DATA_LEN_MIN);
    CEPA_ASSERT(tweak_len <= CEPA_HPOLYC_TWEAK_LEN_MAX);
}

void cepa_hpolyc_encrypt(const struct cepa_hpolyc_key *key, uint8_t *data, size_t data_len,
                         const uint8_t *tweak, size_t tweak_len, uint32_t cpu)
{
    struct cepa_poly1305 start;
    uint8_t hash[BLOCK];
    size_t left_len = data_len - BLOCK;
    uint8_t *right = data + left_len;

    check_lengths(data_len, tweak_len);
    hash_tweak(&start, key, tweak, tweak_len);
    hash_message(hash, &start, data, left_len);
    add_hash(right, hash);
    cepa_aes256_encrypt(&key->block, right);
    xchacha(data, left_len, right, key->stream_key, cpu);
    hash_message(hash, &start, data, left_len);
    subtract_hash(right, hash);
    cepa_wipe(&start, sizeof start);
    cepa_wipe(hash, sizeof hash);
}

void cepa_hpolyc_decrypt(const struct cepa_hpolyc_key *key, uint8_t *data, size_t data_len,
                         const uint8_t *tweak, size_t tweak_len, uint32_t cpu)
{
    struct cepa_poly1305 start;
    uint8_t hash[BLOCK];
    size_t left_len = data_len - BLOCK;
    uint8_t *right = data + left_len;

    check_lengths(data_len, tweak_len);
    hash_tweak(&start, key, tweak, tweak_len);
    hash_message(hash, &start, data, left_len);
    add_hash(right, hash);
    xchacha(data, left_len, right, key->stream_key, cpu);
    cepa_aes256_decrypt(&key->block, right);
    hash_message(hash, &start, data, left_len);
    subtract_hash(right, hash);
    cepa_wipe(&start, sizeof start);
    cepa_wipe(hash, sizeof hash);
}
