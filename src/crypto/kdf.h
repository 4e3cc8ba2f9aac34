/* The one key derivation of the project: SHAKE256 over a label and length-prefixed inputs, so that
 * no two purposes and no two splits of the same bytes ever give the same keys.
 *
 *     SHAKE256("cepa v1 " || label || 0 || (length, 4 bytes big-endian || bytes) for each input)
 *
 * Constant time: it depends on lengths only. @[SPEC 3.1] */
#ifndef CEPA_CRYPTO_KDF_H
#define CEPA_CRYPTO_KDF_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/keccak.h"

/* A derivation on its way; holds secrets from the first input on. */
struct cepa_kdf {
    struct cepa_shake shake; /* what was taken in, or what is being given out */
};

/* cepa_kdf_init begins a derivation for the purpose `label`, a string constant. */
void cepa_kdf_init(struct cepa_kdf *ret_kdf, const char *label);

/* cepa_kdf_input takes in one input of `data_len` bytes. Not allowed after an output. */
void cepa_kdf_input(struct cepa_kdf *kdf, const void *data, size_t data_len);

/* cepa_kdf_output gives the next `ret_len` bytes; one stream, however it is cut. */
void cepa_kdf_output(struct cepa_kdf *kdf, void *ret_bytes, size_t ret_len);

/* cepa_kdf_wipe ends the derivation and wipes it. */
void cepa_kdf_wipe(struct cepa_kdf *kdf);

#endif
