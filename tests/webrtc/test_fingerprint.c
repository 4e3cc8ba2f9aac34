/* Certificate hashes as text. */
#include <string.h>

#include "native/webrtc/fingerprint.h"
#include "support/test.h"

static const char text[] = "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:"
                           "F0:F1:F2:F3:F4:F5:F6:F7:F8:F9:FA:FB:FC:FD:FE:FF";

TEST(hashes_come_back)
{
    struct cepa_certificate_hash hash;
    char again[CEPA_FINGERPRINT_TEXT_SIZE];
    CHECK_INT(sizeof text, CEPA_FINGERPRINT_TEXT_SIZE);
    CHECK_INT(cepa_fingerprint_decode(&hash, text, sizeof text - 1), 0);
    for (unsigned i = 0; i < 16; i++) {
        CHECK_INT(hash.bytes[i], i);
        CHECK_INT(hash.bytes[16 + i], 0xf0 + i);
    }
    cepa_fingerprint_encode(again, &hash);
    CHECK(strcmp(again, text) == 0);
}

TEST(small_letters_count)
{
    struct cepa_certificate_hash hash;
    char small[sizeof text];
    for (size_t i = 0; i < sizeof text; i++) {
        small[i] = text[i] >= 'A' ? (char)(text[i] + 32) : text[i];
    }
    CHECK_INT(cepa_fingerprint_decode(&hash, small, sizeof text - 1), 0);
    CHECK_INT(hash.bytes[31], 0xff);
}

TEST(bad_fingerprints_are_refused)
{
    struct cepa_certificate_hash hash = {{77}};
    for (size_t i = 0; i < sizeof text; i++) {
        char bad[sizeof text];
        memcpy(bad, text, sizeof text);
        CHECK_INT(cepa_fingerprint_decode(&hash, bad, i + (i == sizeof text - 1)),
                  CEPA_ERR_MALFORMED);
        if (i < sizeof text - 1) {
            bad[i] = bad[i] == ':' ? '0' : 'G';
            CHECK_INT(cepa_fingerprint_decode(&hash, bad, sizeof text - 1), CEPA_ERR_MALFORMED);
        }
    }
    CHECK_INT(hash.bytes[0], 77);
}

TEST_MAIN(RUN(hashes_come_back), RUN(small_letters_count), RUN(bad_fingerprints_are_refused))
