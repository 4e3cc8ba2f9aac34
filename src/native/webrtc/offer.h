/* Offers and answers as the mesh carries them: a description in at most 200 bytes, small enough for
 * one frame with everything around it. @[SPEC 6.4]
 *
 * The worst case that the limit is made for has the longest credentials of any browser (Firefox's:
 * 8 and 32 characters), a message size of its own, and ten candidates without anything in common:
 *
 *     version, count, flags, two lengths               4
 *     40 characters of 6 bits                         30
 *     fingerprint                                     32
 *     message size                                     4
 *     10 candidates: kind, port                       30
 *     5 IPv4 addresses                                20
 *     5 IPv6 addresses of different networks          80
 *                                                    200
 *
 * Addresses that come twice (UDP and TCP, a host's and a reflexive one) count once, and the second
 * address of a network (/64) 8 bytes. Seven IPv6 addresses of different networks beside three of
 * IPv4 do not fit: the candidates of the lowest priority are left out. Neither priorities nor
 * foundations are sent: candidates stand in the order of their priority, which is all that matters
 * of it, and foundations follow from the addresses. */
#ifndef CEPA_NATIVE_WEBRTC_OFFER_H
#define CEPA_NATIVE_WEBRTC_OFFER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "native/webrtc/description.h"
#include "native/webrtc/ice_chars.h"

enum {
    CEPA_OFFER_VERSION = 1,
    CEPA_OFFER_SIZE_MAX = 200,
    CEPA_OFFER_HEADER_SIZE = 4, /* version and count, flags, two lengths */
    CEPA_OFFER_MESSAGE_SIZE_SIZE = 4,
    CEPA_OFFER_CANDIDATE_SIZE = 3 /* kind, port; the address comes on top */
};

_Static_assert(CEPA_OFFER_HEADER_SIZE + CEPA_ICE_CHARS_PACKED(8 + 32) + CEPA_CERTIFICATE_HASH_SIZE +
                       CEPA_OFFER_MESSAGE_SIZE_SIZE + 10 * CEPA_OFFER_CANDIDATE_SIZE + 5 * 4 +
                       5 * 16 <=
                   CEPA_OFFER_SIZE_MAX,
               "five and five candidates with nothing in common, and Firefox's credentials");

/* cepa_offer_encode writes a description. `ret_left_out` tells how many candidates did not fit. The
 * mid is not written: it is between each side and its own browser. Returns 0, what
 * cepa_description_check finds, or CEPA_ERR_TOO_LONG if not even the credentials fit. */
CEPA_MUST_USE int cepa_offer_encode(uint8_t ret_bytes[CEPA_OFFER_SIZE_MAX], size_t *ret_len,
                                    size_t *ret_left_out,
                                    const struct cepa_description *description);

/* cepa_offer_decode reads one; mid and `skipped_len` are as after cepa_description_init. Encoding
 * the result gives the same bytes. Returns 0, CEPA_ERR_LENGTH, CEPA_ERR_VERSION or
 * CEPA_ERR_MALFORMED. */
CEPA_MUST_USE int cepa_offer_decode(struct cepa_description *ret_description, const uint8_t *bytes,
                                    size_t bytes_len);

#endif
