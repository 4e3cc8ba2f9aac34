/* Poly1305 over libsodium. */
#include <sodium.h>

#include "crypto/mac_kernels.h"

_Static_assert(CEPA_POLY1305_KEY_LEN == crypto_onetimeauth_poly1305_KEYBYTES, "key");
_Static_assert(CEPA_POLY1305_TAG_LEN == crypto_onetimeauth_poly1305_BYTES, "tag");
_Static_assert(sizeof(((struct cepa_poly1305 *)0)->opaque) >=
                   sizeof(crypto_onetimeauth_poly1305_state),
               "size");
_Static_assert(_Alignof(struct cepa_poly1305) >= _Alignof(crypto_onetimeauth_poly1305_state),
               "alignment");

static crypto_onetimeauth_poly1305_state *state_of(struct cepa_poly1305 *mac)
{
    return (crypto_onetimeauth_poly1305_state *)(void *)mac->opaque;
}

void cepa_poly1305_init_portable(struct cepa_poly1305 *ret_mac,
                                 const uint8_t key[CEPA_POLY1305_KEY_LEN])
{
    ret_mac->is_avx2 = 0;
    (void)crypto_onetimeauth_poly1305_init(state_of(ret_mac), key);
}

void cepa_poly1305_update_portable(struct cepa_poly1305 *mac, const void *data, size_t len)
{
    (void)crypto_onetimeauth_poly1305_update(state_of(mac), data, len);
}

void cepa_poly1305_final_portable(struct cepa_poly1305 *mac, uint8_t ret_tag[CEPA_POLY1305_TAG_LEN])
{
    (void)crypto_onetimeauth_poly1305_final(state_of(mac), ret_tag);
}
