/* Descriptions as SDP, the text in which browsers make and take offers and answers, for connections
 * that have one section: data channels. What Chromium, Firefox, libwebrtc, libdatachannel and
 * werift write is read; what is written they take. @[RFC8866 5], @[RFC8841 4], @[RFC8839 5],
 * @[RFC8840 9] */
#ifndef CEPA_NATIVE_WEBRTC_SDP_H
#define CEPA_NATIVE_WEBRTC_SDP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "native/webrtc/description.h"

enum {
    CEPA_SDP_READ_MAX = 16384, /* bytes that are read; browsers write less than 3,000 */
    /* What is written at most, with a final zero: candidates with "a=" and the line's end, the two
     * credentials, the mid twice, and 395 for all that is the same in every text. */
    CEPA_SDP_TEXT_SIZE = CEPA_DESCRIPTION_CANDIDATES_MAX * (CEPA_CANDIDATE_TEXT_SIZE + 4) +
                         CEPA_UFRAG_MAX + CEPA_PWD_MAX + 2 * CEPA_MID_MAX + 395 + 1
};

/* cepa_sdp_encode writes an offer or an answer into CEPA_SDP_TEXT_SIZE bytes, with a final zero
 * that does not count. Returns 0 or what cepa_description_check finds. */
CEPA_MUST_USE int cepa_sdp_encode(char *ret_text, size_t *ret_len,
                                  const struct cepa_description *description);

/* cepa_sdp_decode reads an offer or an answer; which of them it is the text does not say. Lines end
 * with or without a carriage return; what a line of the section says counts before what the session
 * says; what is not known is passed over. Returns 0 or
 *   CEPA_ERR_TOO_LONG     more than CEPA_SDP_READ_MAX bytes,
 *   CEPA_ERR_MISSING      no section, user fragment, password, fingerprint or setup,
 *   CEPA_ERR_UNSUPPORTED  a section that is not data channels over DTLS, or a second one; one that
 * is refused (port 0); no SHA-256 among the fingerprints, or two, CEPA_ERR_MALFORMED    anything
 * else that is wrong. */
CEPA_MUST_USE int cepa_sdp_decode(struct cepa_description *ret_description, bool is_offer,
                                  const char *text, size_t text_len);

/* cepa_sdp_fragment_encode writes what trickles after a description: credentials, which say what it
 * belongs to, mid, candidates, and whether these are the last. Buffer and result as for
 * cepa_sdp_encode. */
CEPA_MUST_USE int cepa_sdp_fragment_encode(char *ret_text, size_t *ret_len,
                                           const struct cepa_description *description);

/* cepa_sdp_fragment_decode reads such a fragment into the same fields; the others are as after
 * cepa_description_init. Credentials may be absent: then both are empty. Returns 0 or, for the same
 * reasons as above, CEPA_ERR_TOO_LONG, CEPA_ERR_UNSUPPORTED or CEPA_ERR_MALFORMED. */
CEPA_MUST_USE int cepa_sdp_fragment_decode(struct cepa_description *ret_description,
                                           const char *text, size_t text_len);

#endif
