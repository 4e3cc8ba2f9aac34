/* The implementations behind aes256.h; only the dispatchers and the tests call them. The functions
 * of one kernel take only keys that the same kernel expanded. */
#ifndef CEPA_CRYPTO_AES256_KERNELS_H
#define CEPA_CRYPTO_AES256_KERNELS_H

#include "crypto/aes256.h"

/* The bitsliced kernel: portable, constant-time C; always there. */
void cepa_aes256_key_init_bitsliced(struct cepa_aes256_key *ret_key,
                                    const uint8_t key[CEPA_AES256_KEY_LEN]);
void cepa_aes256_encrypt_bitsliced(const struct cepa_aes256_key *key,
                                   uint8_t block[CEPA_AES256_BLOCK_LEN]);
void cepa_aes256_decrypt_bitsliced(const struct cepa_aes256_key *key,
                                   uint8_t block[CEPA_AES256_BLOCK_LEN]);

/* The kernel over AES-NI: on x86 only, and only if the processor has CEPA_CPU_AESNI. */
void cepa_aes256_key_init_aesni(struct cepa_aes256_key *ret_key,
                                const uint8_t key[CEPA_AES256_KEY_LEN]);
void cepa_aes256_encrypt_aesni(const struct cepa_aes256_key *key,
                               uint8_t block[CEPA_AES256_BLOCK_LEN]);
void cepa_aes256_decrypt_aesni(const struct cepa_aes256_key *key,
                               uint8_t block[CEPA_AES256_BLOCK_LEN]);

#endif
