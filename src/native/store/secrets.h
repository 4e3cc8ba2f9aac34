/* Who a node is: the file `secrets` of its state directory, mode 0600, some 4 KiB.
 *
 *     "cepa secrets\n" 13   version 1   Ed25519 seed 32   ML-DSA seed 32   dial secret 16
 *     certificate now, certificate before: made 8, expires 8, length 2, key and certificate as PEM
 *     BLAKE2b-256 of all that 32
 *
 * It is written whole or not at all. A damaged one is never replaced: only its owner may decide
 * that a node shall be somebody else. */
#ifndef CEPA_NATIVE_STORE_SECRETS_H
#define CEPA_NATIVE_STORE_SECRETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/random.h"
#include "crypto/ed25519.h"
#include "crypto/mldsa.h"
#include "native/reason.h"
#include "native/webrtc/certificate.h"
#include "native/webrtc/dial.h"

enum {
    CEPA_SECRETS_VERSION = 1,
    CEPA_SECRETS_CERTIFICATE_DAYS =
        29, /* a listening certificate is followed a day before its end */
    CEPA_SECRETS_SIZE_MAX =
        13 + 1 + 32 + 32 + CEPA_DIAL_SECRET_SIZE + 2 * (18 + CEPA_CERTIFICATE_TEXT_MAX) + 32
};

/* A certificate of DTLS in its stored form. */
struct cepa_secrets_certificate {
    int64_t made_s;    /* Unix time; */
    int64_t expires_s; /* likewise */
    size_t text_len;   /* 0: there is none */
    char text[CEPA_CERTIFICATE_TEXT_MAX];
};

/* What must not be lost, and not be seen. Wiped by its owner with cepa_secrets_wipe. */
struct cepa_secrets {
    struct cepa_ed25519_seed ed25519;
    struct cepa_mldsa_seed mldsa;
    struct cepa_dial_secret dial;             /* what diallers of this node have to know */
    struct cepa_secrets_certificate current;  /* which certificate diallers look for */
    struct cepa_secrets_certificate previous; /* the one that older addresses name */
};

/* cepa_secrets_make makes a new identity at `now_s` (Unix time). Returns 0, CEPA_ERR_RANDOM or
 * CEPA_ERR_EXHAUSTED. */
CEPA_MUST_USE int cepa_secrets_make(struct cepa_secrets *ret_secrets, int64_t now_s,
                                    const struct cepa_random *random);

/* cepa_secrets_renew makes a new listening certificate if the current one ends within a day, or is
 * from the future, and says by `ret_is_new` whether it did: the caller saves then. Returns 0,
 * CEPA_ERR_RANDOM or CEPA_ERR_EXHAUSTED. */
CEPA_MUST_USE int cepa_secrets_renew(struct cepa_secrets *secrets, bool *ret_is_new, int64_t now_s,
                                     const struct cepa_random *random);

/* cepa_secrets_encode writes the file's bytes. */
void cepa_secrets_encode(uint8_t ret_bytes[CEPA_SECRETS_SIZE_MAX], size_t *ret_len,
                         const struct cepa_secrets *secrets);

/* cepa_secrets_decode reads them. Returns 0; CEPA_ERR_MALFORMED for what is no such file,
 * CEPA_ERR_VERSION for that of a newer program, CEPA_ERR_LENGTH or CEPA_ERR_AUTHENTICATION for a
 * damaged one. Certificates are parsed when they are used. */
CEPA_MUST_USE int cepa_secrets_decode(struct cepa_secrets *ret_secrets, const uint8_t *bytes,
                                      size_t bytes_len);

/* cepa_secrets_load reads the file in an open directory. Returns 0; CEPA_ERR_NOT_FOUND if there is
 * none; else what cepa_file_read or cepa_secrets_decode gives, with a reason that says what to do.
 */
CEPA_MUST_USE int cepa_secrets_load(struct cepa_secrets *ret_secrets,
                                    struct cepa_reason *ret_reason, int folder_fd);

/* cepa_secrets_save writes it. Returns 0 or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_secrets_save(const struct cepa_secrets *secrets,
                                    struct cepa_reason *ret_reason, int folder_fd);

/* cepa_secrets_wipe overwrites them with zeros. */
void cepa_secrets_wipe(struct cepa_secrets *secrets);

#endif
