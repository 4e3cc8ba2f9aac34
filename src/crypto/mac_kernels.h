/* The implementations behind mac.h; only the dispatchers call them, each with states of its own.
 * They do what cepa_poly1305_init, _update and _final do, but for the wiping at the end. */
#ifndef CEPA_CRYPTO_MAC_KERNELS_H
#define CEPA_CRYPTO_MAC_KERNELS_H

#include "crypto/mac.h"

/* libsodium's; always there. */
void cepa_poly1305_init_portable(struct cepa_poly1305 *ret_mac,
                                 const uint8_t key[CEPA_POLY1305_KEY_LEN]);
void cepa_poly1305_update_portable(struct cepa_poly1305 *mac, const void *data, size_t len);
void cepa_poly1305_final_portable(struct cepa_poly1305 *mac,
                                  uint8_t ret_tag[CEPA_POLY1305_TAG_LEN]);

/* Ours; on x86 only, and only if the processor has CEPA_CPU_AVX2. */
void cepa_poly1305_init_avx2(struct cepa_poly1305 *ret_mac,
                             const uint8_t key[CEPA_POLY1305_KEY_LEN]);
void cepa_poly1305_prepare_avx2(struct cepa_poly1305 *mac);
void cepa_poly1305_update_avx2(struct cepa_poly1305 *mac, const void *data, size_t len);
void cepa_poly1305_final_avx2(struct cepa_poly1305 *mac, uint8_t ret_tag[CEPA_POLY1305_TAG_LEN]);

#endif
