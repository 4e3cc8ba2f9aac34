/* The hash of a certificate as text: 32 bytes as hexadecimal pairs with colons between them, as
 * offers show it. @[RFC8122 5] */
#ifndef CEPA_NATIVE_WEBRTC_FINGERPRINT_H
#define CEPA_NATIVE_WEBRTC_FINGERPRINT_H

#include <stddef.h>

#include "base/error.h"
#include "native/webrtc/certificate.h"

enum { CEPA_FINGERPRINT_TEXT_SIZE = 3 * CEPA_CERTIFICATE_HASH_SIZE };

/* cepa_fingerprint_encode writes the text in capitals, with a final zero. */
void cepa_fingerprint_encode(char ret_text[CEPA_FINGERPRINT_TEXT_SIZE],
                             const struct cepa_certificate_hash *hash);

/* cepa_fingerprint_decode reads it; small letters count too. Returns 0 or CEPA_ERR_MALFORMED. */
CEPA_MUST_USE int cepa_fingerprint_decode(struct cepa_certificate_hash *ret_hash, const char *text,
                                          size_t text_len);

#endif
