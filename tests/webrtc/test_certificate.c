/* Certificates: they come back from their stored form, are all different, and bad ones are refused.
 */
#include <string.h>

#include "native/host.h"
#include "native/webrtc/certificate.h"
#include "support/test.h"

enum { NOW_S = 1800000000, DAY_S = 86400 };

static char text[CEPA_CERTIFICATE_TEXT_MAX];

static int failing_fill(void *context, uint8_t *ret_bytes, size_t len)
{
    (void)context;
    (void)ret_bytes;
    (void)len;
    return -1;
}

TEST(a_certificate_comes_back)
{
    struct cepa_certificate *first;
    struct cepa_certificate *again;
    size_t len;
    CHECK_INT(cepa_certificate_make(&first, NOW_S, cepa_native_random()), 0);
    CHECK_INT(cepa_certificate_expires_s(first), NOW_S + CEPA_CERTIFICATE_DAYS * DAY_S);
    CHECK_INT(cepa_certificate_encode(text, &len, sizeof text, first), 0);
    CHECK_INT(strlen(text), len);
    CHECK_INT(cepa_certificate_decode(&again, text, len), 0);
    struct cepa_certificate_hash a = cepa_certificate_hash(first);
    struct cepa_certificate_hash b = cepa_certificate_hash(again);
    CHECK_BYTES(a.bytes, b.bytes, sizeof a.bytes);
    CHECK_INT(cepa_certificate_encode(text, &len, len, first), CEPA_ERR_TOO_LONG);
    cepa_certificate_free(first);
    cepa_certificate_free(again);
}

TEST(no_two_are_alike)
{
    struct cepa_certificate_hash hashes[8];
    for (size_t i = 0; i < 8; i++) {
        struct cepa_certificate *certificate;
        CHECK_INT(cepa_certificate_make(&certificate, NOW_S, cepa_native_random()), 0);
        hashes[i] = cepa_certificate_hash(certificate);
        cepa_certificate_free(certificate);
        for (size_t j = 0; j < i; j++) {
            CHECK(memcmp(hashes[i].bytes, hashes[j].bytes, sizeof hashes[i].bytes) != 0);
        }
    }
}

TEST(bad_ones_are_refused)
{
    static char other[CEPA_CERTIFICATE_TEXT_MAX];
    const struct cepa_random failing = {failing_fill, NULL};
    struct cepa_certificate *certificates[2] = {NULL, NULL};
    struct cepa_certificate *result = NULL;
    size_t lens[2];
    CHECK_INT(cepa_certificate_make(&result, NOW_S, &failing), CEPA_ERR_RANDOM);
    CHECK(result == NULL);
    CHECK_INT(cepa_certificate_make(&certificates[0], NOW_S, cepa_native_random()), 0);
    CHECK_INT(cepa_certificate_make(&certificates[1], NOW_S, cepa_native_random()), 0);
    CHECK_INT(cepa_certificate_encode(text, &lens[0], sizeof text, certificates[0]), 0);
    CHECK_INT(cepa_certificate_encode(other, &lens[1], sizeof other, certificates[1]), 0);
    for (size_t len = 0; len + 40 < lens[0]; len += 37) {
        CHECK_INT(cepa_certificate_decode(&result, text, len), CEPA_ERR_MALFORMED);
    }
    /* The key of one with the certificate of the other. */
    char *key_end = strstr(text, "-----BEGIN CERT");
    char *other_end = strstr(other, "-----BEGIN CERT");
    CHECK(key_end != NULL && other_end != NULL);
    memmove(key_end, other_end, strlen(other_end) + 1);
    CHECK_INT(cepa_certificate_decode(&result, text, strlen(text)), CEPA_ERR_MALFORMED);
    CHECK(result == NULL);
    cepa_certificate_free(certificates[0]);
    cepa_certificate_free(certificates[1]);
    cepa_certificate_free(NULL);
}

TEST_MAIN(RUN(a_certificate_comes_back), RUN(no_two_are_alike), RUN(bad_ones_are_refused))
