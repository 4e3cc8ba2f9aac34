/* AES-256 on x86: AES-NI where the processor has it. The choice is made when a key is expanded. */
#include "base/cpu.h"
#include "crypto/aes256_kernels.h"

void cepa_aes256_key_init(struct cepa_aes256_key *ret_key, const uint8_t key[CEPA_AES256_KEY_LEN],
                          uint32_t cpu)
{
    if ((cpu & CEPA_CPU_AESNI) != 0) {
        cepa_aes256_key_init_aesni(ret_key, key);
    } else {
        cepa_aes256_key_init_bitsliced(ret_key, key);
    }
}

void cepa_aes256_encrypt(const struct cepa_aes256_key *key, uint8_t block[CEPA_AES256_BLOCK_LEN])
{
    if (key->is_bitsliced != 0) {
        cepa_aes256_encrypt_bitsliced(key, block);
    } else {
        cepa_aes256_encrypt_aesni(key, block);
    }
}

void cepa_aes256_decrypt(const struct cepa_aes256_key *key, uint8_t block[CEPA_AES256_BLOCK_LEN])
{
    if (key->is_bitsliced != 0) {
        cepa_aes256_decrypt_bitsliced(key, block);
    } else {
        cepa_aes256_decrypt_aesni(key, block);
    }
}
