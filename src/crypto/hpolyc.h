/* HPolyC_XChaCha20_32_AES256: a wide-block cipher, that is a permutation over a whole message of 16
 * bytes or more. Whoever changes one bit of the ciphertext gets noise everywhere. Onion payloads
 * use a key once; circuit layers use one key for many cells under different tweaks.
 *
 * Construction (Crowley and Biggers, "Adiantum: length-preserving encryption for entry-level
 * processors", ToSC 2018(4), which names HPolyC as its simpler form): split the message into L and
 * its last 16 bytes R. M = R + H(tweak, L); C = AES(M); L' = L ^ XChaCha20(nonce C || 1);
 * R' = C - H(tweak, L'), where + and - are modulo 2^128 and H is Poly1305 with s = 0. @[SPEC 3.5]
 */
#ifndef CEPA_CRYPTO_HPOLYC_H
#define CEPA_CRYPTO_HPOLYC_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/aes256.h"
#include "crypto/mac.h"

enum {
    CEPA_HPOLYC_KEY_LEN = 32,
    CEPA_HPOLYC_DATA_LEN_MIN = 16,
    CEPA_HPOLYC_TWEAK_LEN_MAX = (1 << 29) - 1 /* its length in bits must fit 32 bits */
};

/* An expanded key. Holds everything that does not depend on the message. Wiped by its owner with
 * cepa_hpolyc_key_wipe. */
struct cepa_hpolyc_key {
    struct cepa_aes256_key block;            /* AES key, expanded */
    uint8_t stream_key[CEPA_HPOLYC_KEY_LEN]; /* XChaCha20 key: the key as it was given */
    struct cepa_poly1305 hash;               /* Poly1305 with s = 0, before the tweak */
};

/* cepa_hpolyc_key_init expands `key`: one HChaCha20, one ChaCha20 block, one AES key schedule.
 * Constant time. */
void cepa_hpolyc_key_init(struct cepa_hpolyc_key *ret_key, const uint8_t key[CEPA_HPOLYC_KEY_LEN],
                          uint32_t cpu);

/* cepa_hpolyc_encrypt enciphers `data_len` >= 16 bytes in place under a tweak of `tweak_len` bytes
 * (may be NULL if 0; both asserted). The same key may serve any number of tweaks and messages, up
 * to the bound in the specification. Constant time in key, tweak and data. O(data_len). */
void cepa_hpolyc_encrypt(const struct cepa_hpolyc_key *key, uint8_t *data, size_t data_len,
                         const uint8_t *tweak, size_t tweak_len, uint32_t cpu);

/* cepa_hpolyc_decrypt undoes cepa_hpolyc_encrypt; there is no ciphertext that it refuses. */
void cepa_hpolyc_decrypt(const struct cepa_hpolyc_key *key, uint8_t *data, size_t data_len,
                         const uint8_t *tweak, size_t tweak_len, uint32_t cpu);

/* cepa_hpolyc_key_wipe overwrites the key with zeros. */
void cepa_hpolyc_key_wipe(struct cepa_hpolyc_key *key);

#endif
