/* Poly1305 on x86. The choice is made when a message begins. */
#include "base/cpu.h"
#include "base/ct.h"
#include "crypto/mac_kernels.h"

void cepa_poly1305_init(struct cepa_poly1305 *ret_mac, const uint8_t key[CEPA_POLY1305_KEY_LEN],
                        uint32_t cpu)
{
    if ((cpu & CEPA_CPU_AVX2) != 0) {
        cepa_poly1305_init_avx2(ret_mac, key);
    } else {
        cepa_poly1305_init_portable(ret_mac, key);
    }
}

void cepa_poly1305_prepare(struct cepa_poly1305 *mac)
{
    if (mac->is_avx2 != 0) {
        cepa_poly1305_prepare_avx2(mac);
    }
}

void cepa_poly1305_update(struct cepa_poly1305 *mac, const void *data, size_t len)
{
    if (mac->is_avx2 != 0) {
        cepa_poly1305_update_avx2(mac, data, len);
    } else {
        cepa_poly1305_update_portable(mac, data, len);
    }
}

void cepa_poly1305_final(struct cepa_poly1305 *mac, uint8_t ret_tag[CEPA_POLY1305_TAG_LEN])
{
    if (mac->is_avx2 != 0) {
        cepa_poly1305_final_avx2(mac, ret_tag);
    } else {
        cepa_poly1305_final_portable(mac, ret_tag);
    }
    cepa_wipe(mac, sizeof *mac);
}
