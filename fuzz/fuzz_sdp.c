/* SDP, fragments and candidate lines: whatever is accepted is valid, is written, and is then read
 * as the same. */
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "native/webrtc/sdp.h"
#include "support/descriptions.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

static void try_description(bool is_offer, const char *text, size_t text_len)
{
    struct cepa_description description;
    struct cepa_description again;
    char written[CEPA_SDP_TEXT_SIZE];
    size_t len = 0;
    if (cepa_sdp_decode(&description, is_offer, text, text_len) != 0) {
        return;
    }
    CEPA_ASSERT(cepa_sdp_encode(written, &len, &description) == 0);
    CEPA_ASSERT(len < sizeof written && strlen(written) == len);
    CEPA_ASSERT(cepa_sdp_decode(&again, is_offer, written, len) == 0);
    CEPA_ASSERT(descriptions_same(&description, &again));
}

static void try_fragment(const char *text, size_t text_len)
{
    struct cepa_description fragment;
    struct cepa_description again;
    char written[CEPA_SDP_TEXT_SIZE];
    size_t len = 0;
    if (cepa_sdp_fragment_decode(&fragment, text, text_len) != 0) {
        return;
    }
    CEPA_ASSERT(cepa_sdp_fragment_encode(written, &len, &fragment) == 0);
    CEPA_ASSERT(cepa_sdp_fragment_decode(&again, written, len) == 0);
    CEPA_ASSERT(strcmp(fragment.credentials.ufrag, again.credentials.ufrag) == 0);
    CEPA_ASSERT(strcmp(fragment.credentials.pwd, again.credentials.pwd) == 0);
    CEPA_ASSERT(fragment.is_complete == again.is_complete);
    CEPA_ASSERT(fragment.candidates_len == again.candidates_len);
    for (size_t i = 0; i < again.candidates_len; i++) {
        CEPA_ASSERT(candidates_same(&fragment.candidates[i], &again.candidates[i]));
    }
}

static void try_candidate(const char *text, size_t text_len)
{
    struct cepa_candidate candidate;
    struct cepa_candidate again;
    char written[CEPA_CANDIDATE_TEXT_SIZE];
    if (cepa_candidate_decode(&candidate, text, text_len) != 1) {
        return;
    }
    CEPA_ASSERT(cepa_candidate_is_valid(&candidate));
    CEPA_ASSERT(cepa_candidate_encode(written, &candidate) == 0);
    CEPA_ASSERT(strlen(written) < sizeof written);
    CEPA_ASSERT(cepa_candidate_decode(&again, written, strlen(written)) == 1);
    CEPA_ASSERT(candidates_same(&candidate, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    const char *text = (const char *)data;
    try_description(true, text, data_len);
    try_description(false, text, data_len);
    try_fragment(text, data_len);
    try_candidate(text, data_len);
    return 0;
}
