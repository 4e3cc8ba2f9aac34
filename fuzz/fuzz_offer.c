/* Offers in few bytes: what is accepted is written with the same bytes, and goes through SDP and
 * back without a change. */
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "native/webrtc/offer.h"
#include "native/webrtc/sdp.h"
#include "support/descriptions.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

static void check_bytes(const struct cepa_description *description, const uint8_t *bytes,
                        size_t bytes_len)
{
    uint8_t written[CEPA_OFFER_SIZE_MAX];
    size_t len = 0;
    size_t left_out = 0;
    CEPA_ASSERT(cepa_offer_encode(written, &len, &left_out, description) == 0);
    CEPA_ASSERT(left_out == 0 && len == bytes_len && memcmp(written, bytes, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    struct cepa_description description;
    struct cepa_description again;
    char text[CEPA_SDP_TEXT_SIZE];
    size_t len = 0;
    if (cepa_offer_decode(&description, data, data_len) != 0) {
        return 0;
    }
    check_bytes(&description, data, data_len);
    CEPA_ASSERT(cepa_sdp_encode(text, &len, &description) == 0);
    CEPA_ASSERT(cepa_sdp_decode(&again, description.is_offer, text, len) == 0);
    CEPA_ASSERT(descriptions_same(&description, &again));
    check_bytes(&again, data, data_len);
    return 0;
}
