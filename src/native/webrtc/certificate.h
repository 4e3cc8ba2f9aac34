/* Certificates of DTLS: self-signed, ECDSA P-256, looking like a browser's. Nobody trusts them for
 * what they say; peers know them by their hash. A listening node keeps one for 30 days; whoever
 * dials makes a fresh one each time, so that it is not recognised. */
#ifndef CEPA_NATIVE_WEBRTC_CERTIFICATE_H
#define CEPA_NATIVE_WEBRTC_CERTIFICATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/random.h"

enum {
    CEPA_CERTIFICATE_HASH_SIZE = 32,
    CEPA_CERTIFICATE_DAYS = 30,
    CEPA_CERTIFICATE_TEXT_MAX = 2048 /* bytes of the stored form */
};

/* The SHA-256 of a certificate in DER: what a fingerprint in an offer says. */
struct cepa_certificate_hash {
    uint8_t bytes[CEPA_CERTIFICATE_HASH_SIZE];
};

/* A certificate with its private key; opaque. */
struct cepa_certificate;

/* cepa_certificate_make makes a key and a certificate, valid from a day before `now_s` (Unix time)
 * until CEPA_CERTIFICATE_DAYS after it. The caller frees it. Returns 0, CEPA_ERR_RANDOM, or
 * CEPA_ERR_EXHAUSTED if OpenSSL has no memory. */
CEPA_MUST_USE int cepa_certificate_make(struct cepa_certificate **ret_certificate, int64_t now_s,
                                        const struct cepa_random *random);

/* cepa_certificate_copy makes another one with the same key. Returns 0 or CEPA_ERR_EXHAUSTED. */
CEPA_MUST_USE int cepa_certificate_copy(struct cepa_certificate **ret_certificate,
                                        const struct cepa_certificate *certificate);

/* cepa_certificate_free gives it back; NULL is allowed. */
void cepa_certificate_free(struct cepa_certificate *certificate);

/* cepa_certificate_hash gives its hash. */
struct cepa_certificate_hash cepa_certificate_hash(const struct cepa_certificate *certificate);

/* cepa_certificate_expires_s gives the Unix time at which it ends. */
int64_t cepa_certificate_expires_s(const struct cepa_certificate *certificate);

/* cepa_certificate_encode writes key and certificate as PEM, secret, with a final zero that does
 * not count. Returns 0 or CEPA_ERR_TOO_LONG. */
CEPA_MUST_USE int cepa_certificate_encode(char *ret_text, size_t *ret_len, size_t capacity,
                                          const struct cepa_certificate *certificate);

/* cepa_certificate_decode reads that again. Returns 0 or CEPA_ERR_MALFORMED, also for a key that
 * does not belong to the certificate. */
CEPA_MUST_USE int cepa_certificate_decode(struct cepa_certificate **ret_certificate,
                                          const char *text, size_t text_len);

#endif
