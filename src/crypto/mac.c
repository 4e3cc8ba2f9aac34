/* Poly1305 over libsodium. @[RFC8439 2.5] */
#include "crypto/mac.h"

#include <sodium.h>

#include "base/ct.h"

_Static_assert(CEPA_POLY1305_KEY_LEN == crypto_onetimeauth_poly1305_KEYBYTES, "key");
_Static_assert(CEPA_POLY1305_TAG_LEN == crypto_onetimeauth_poly1305_BYTES, "tag");
_Static_assert(sizeof(struct cepa_poly1305) >= sizeof(crypto_onetimeauth_poly1305_state), "size");
_Static_assert(_Alignof(struct cepa_poly1305) >= _Alignof(crypto_onetimeauth_poly1305_state),
               "alignment");

static crypto_onetimeauth_poly1305_state *state_of(struct cepa_poly1305 *mac)
{
    return (crypto_onetimeauth_poly1305_state *)(void *)mac->opaque;
}

void cepa_poly1305(uint8_t ret_tag[CEPA_POLY1305_TAG_LEN], const void *data, size_t len,
                   const uint8_t key[CEPA_POLY1305_KEY_LEN])
{
    (void)crypto_onetimeauth_poly1305(ret_tag, data, len, key);
}

int cepa_poly1305_verify(const uint8_t tag[CEPA_POLY1305_TAG_LEN], const void *data, size_t len,
                         const uint8_t key[CEPA_POLY1305_KEY_LEN])
{
    uint8_t want[CEPA_POLY1305_TAG_LEN];
    (void)crypto_onetimeauth_poly1305(want, data, len, key);
    uint32_t is_equal = cepa_ct_compare(want, tag, sizeof want);
    cepa_wipe(want, sizeof want);
    return is_equal != 0 ? 0 : CEPA_ERR_AUTHENTICATION;
}

void cepa_poly1305_init(struct cepa_poly1305 *ret_mac, const uint8_t key[CEPA_POLY1305_KEY_LEN])
{
    (void)crypto_onetimeauth_poly1305_init(state_of(ret_mac), key);
}

void cepa_poly1305_update(struct cepa_poly1305 *mac, const void *data, size_t len)
{
    (void)crypto_onetimeauth_poly1305_update(state_of(mac), data, len);
}

void cepa_poly1305_final(struct cepa_poly1305 *mac, uint8_t ret_tag[CEPA_POLY1305_TAG_LEN])
{
    (void)crypto_onetimeauth_poly1305_final(state_of(mac), ret_tag);
    cepa_wipe(mac, sizeof *mac);
}

void cepa_poly1305_wipe(struct cepa_poly1305 *mac)
{
    cepa_wipe(mac, sizeof *mac);
}
