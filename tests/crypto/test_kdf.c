/* The key derivation is SHAKE256 over exactly the bytes that the specification names. */
#include <string.h>

#include "crypto/kdf.h"
#include "support/test.h"

static void derive(uint8_t ret_key[32], const char *label, const char *a, const char *b)
{
    struct cepa_kdf kdf;
    cepa_kdf_init(&kdf, label);
    cepa_kdf_input(&kdf, a, strlen(a));
    cepa_kdf_input(&kdf, b, strlen(b));
    cepa_kdf_output(&kdf, ret_key, 32);
    cepa_kdf_wipe(&kdf);
}

TEST(the_bytes_are_those_of_the_specification)
{
    static const char message[] = "cepa v1 purpose\0\0\0\0\2ab\0\0\0\1c";
    uint8_t got[32];
    uint8_t want[32];
    derive(got, "purpose", "ab", "c");
    cepa_shake256(want, sizeof want, message, sizeof message - 1);
    CHECK_BYTES(got, want, sizeof got);
}

TEST(labels_and_splits_are_apart)
{
    static const char *const cases[][3] = {
        {"a", "bc", ""}, {"a", "b", "c"}, {"a", "", "bc"}, {"ab", "c", ""}, {"", "abc", ""}};
    enum { COUNT = sizeof cases / sizeof cases[0] };
    uint8_t keys[COUNT][32];
    for (size_t i = 0; i < COUNT; i++) {
        derive(keys[i], cases[i][0], cases[i][1], cases[i][2]);
        for (size_t j = 0; j < i; j++) {
            CHECK(memcmp(keys[i], keys[j], 32) != 0);
        }
    }
}

TEST(outputs_are_one_stream)
{
    struct cepa_kdf whole;
    struct cepa_kdf cut;
    uint8_t a[300];
    uint8_t b[300];
    cepa_kdf_init(&whole, "stream");
    cepa_kdf_init(&cut, "stream");
    cepa_kdf_output(&whole, a, sizeof a);
    for (size_t at = 0, step = 1; at < sizeof b; at += step, step = step * 3 % 101) {
        step = step < sizeof b - at ? step : sizeof b - at;
        cepa_kdf_output(&cut, b + at, step);
    }
    CHECK_BYTES(b, a, sizeof a);
}

TEST(a_wiped_derivation_holds_zeros)
{
    static const struct cepa_kdf zeros;
    struct cepa_kdf kdf;
    uint8_t out[8];
    cepa_kdf_init(&kdf, "x");
    cepa_kdf_input(&kdf, "secret", 6);
    cepa_kdf_output(&kdf, out, sizeof out);
    CHECK(memcmp(&kdf, &zeros, sizeof kdf) != 0);
    cepa_kdf_wipe(&kdf);
    CHECK_BYTES(&kdf, &zeros, sizeof kdf);
}

TEST_MAIN(RUN(the_bytes_are_those_of_the_specification), RUN(labels_and_splits_are_apart),
          RUN(outputs_are_one_stream), RUN(a_wiped_derivation_holds_zeros))
