/* Poly1305 where there is no kernel for the processor. */
#include "base/ct.h"
#include "crypto/mac_kernels.h"

void cepa_poly1305_init(struct cepa_poly1305 *ret_mac, const uint8_t key[CEPA_POLY1305_KEY_LEN],
                        uint32_t cpu)
{
    (void)cpu;
    cepa_poly1305_init_portable(ret_mac, key);
}

void cepa_poly1305_prepare(struct cepa_poly1305 *mac)
{
    (void)mac;
}

void cepa_poly1305_update(struct cepa_poly1305 *mac, const void *data, size_t len)
{
    cepa_poly1305_update_portable(mac, data, len);
}

void cepa_poly1305_final(struct cepa_poly1305 *mac, uint8_t ret_tag[CEPA_POLY1305_TAG_LEN])
{
    cepa_poly1305_final_portable(mac, ret_tag);
    cepa_wipe(mac, sizeof *mac);
}
