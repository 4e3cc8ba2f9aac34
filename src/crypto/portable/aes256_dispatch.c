/* AES-256 where there is no kernel for the processor: always bitsliced. */
#include "crypto/aes256_kernels.h"

void cepa_aes256_key_init(struct cepa_aes256_key *ret_key, const uint8_t key[CEPA_AES256_KEY_LEN],
                          uint32_t cpu)
{
    (void)cpu;
    cepa_aes256_key_init_bitsliced(ret_key, key);
}

void cepa_aes256_encrypt(const struct cepa_aes256_key *key, uint8_t block[CEPA_AES256_BLOCK_LEN])
{
    cepa_aes256_encrypt_bitsliced(key, block);
}

void cepa_aes256_decrypt(const struct cepa_aes256_key *key, uint8_t block[CEPA_AES256_BLOCK_LEN])
{
    cepa_aes256_decrypt_bitsliced(key, block);
}
