/* Poly1305: what does not depend on the kernel. @[RFC8439 2.5] */
#include "crypto/mac.h"

#include "base/ct.h"
#include "base/declassify.h"

void cepa_poly1305(uint8_t ret_tag[CEPA_POLY1305_TAG_LEN], const void *data, size_t len,
                   const uint8_t key[CEPA_POLY1305_KEY_LEN], uint32_t cpu)
{
    struct cepa_poly1305 mac;
    cepa_poly1305_init(&mac, key, cpu);
    cepa_poly1305_update(&mac, data, len);
    cepa_poly1305_final(&mac, ret_tag);
}

int cepa_poly1305_verify(const uint8_t tag[CEPA_POLY1305_TAG_LEN], const void *data, size_t len,
                         const uint8_t key[CEPA_POLY1305_KEY_LEN], uint32_t cpu)
{
    uint8_t want[CEPA_POLY1305_TAG_LEN];
    cepa_poly1305(want, data, len, key, cpu);
    uint32_t is_equal = cepa_ct_compare(want, tag, sizeof want);
    cepa_wipe(want, sizeof want);
    /* The verdict is this function's result. */
    cepa_declassify(&is_equal, sizeof is_equal);
    return is_equal != 0 ? 0 : CEPA_ERR_AUTHENTICATION;
}

void cepa_poly1305_wipe(struct cepa_poly1305 *mac)
{
    cepa_wipe(mac, sizeof *mac);
}
