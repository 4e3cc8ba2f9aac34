/* Key derivation with labels and lengths. @[SPEC 3.1] */
#include "crypto/kdf.h"

#include "base/endian.h"

void cepa_kdf_init(struct cepa_kdf *ret_kdf, const char *label)
{
    static const char family[8] = {'c', 'e', 'p', 'a', ' ', 'v', '1', ' '};
    cepa_shake256_init(&ret_kdf->shake);
    cepa_shake_absorb(&ret_kdf->shake, family, sizeof family);
    /* The label goes in with its final zero byte, so that none is the beginning of another. */
    for (;; label++) {
        cepa_shake_absorb(&ret_kdf->shake, label, 1);
        if (*label == '\0') {
            return;
        }
    }
}

void cepa_kdf_input(struct cepa_kdf *kdf, const void *data, size_t data_len)
{
    uint8_t prefix[4];
    cepa_be32_store(prefix, (uint32_t)data_len);
    cepa_shake_absorb(&kdf->shake, prefix, sizeof prefix);
    cepa_shake_absorb(&kdf->shake, data, data_len);
}

void cepa_kdf_output(struct cepa_kdf *kdf, void *ret_bytes, size_t ret_len)
{
    cepa_shake_squeeze(&kdf->shake, ret_bytes, ret_len);
}

void cepa_kdf_wipe(struct cepa_kdf *kdf)
{
    cepa_shake_wipe(&kdf->shake);
}
