/* One block of AES-256, the only part of AES that Cepa needs (inside HPolyC). No tables that are
 * indexed by secrets: AES-NI where the processor has it, else bitsliced. @[SPEC 3.5] @[FIPS197 5]
 */
#ifndef CEPA_CRYPTO_AES256_H
#define CEPA_CRYPTO_AES256_H

#include <stdint.h>

enum { CEPA_AES256_KEY_LEN = 32, CEPA_AES256_BLOCK_LEN = 16, CEPA_AES256_ROUNDS = 14 };

/* An expanded key. It remembers which kernel expanded it, so that a key works whatever features a
 * later caller knows of. Wiped by its owner. */
struct cepa_aes256_key {
    _Alignas(16) uint8_t round_keys[(CEPA_AES256_ROUNDS + 1) * CEPA_AES256_BLOCK_LEN];
    uint32_t is_bitsliced; /* 1: 15 blocks of planes; 0: 15 round keys as in FIPS 197 */
};

/* cepa_aes256_key_init expands `key` for encryption and decryption. Costs about 14 blocks.
 * @[FIPS197 5.2] */
void cepa_aes256_key_init(struct cepa_aes256_key *ret_key, const uint8_t key[CEPA_AES256_KEY_LEN],
                          uint32_t cpu);

/* cepa_aes256_encrypt enciphers one block in place. @[FIPS197 5.1] */
void cepa_aes256_encrypt(const struct cepa_aes256_key *key, uint8_t block[CEPA_AES256_BLOCK_LEN]);

/* cepa_aes256_decrypt deciphers one block in place. @[FIPS197 5.3] */
void cepa_aes256_decrypt(const struct cepa_aes256_key *key, uint8_t block[CEPA_AES256_BLOCK_LEN]);

#endif
