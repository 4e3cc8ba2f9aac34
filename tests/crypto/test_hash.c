/* BLAKE2b: the hash of RFC 7693, keys, lengths and splits. */
#include "crypto/hash.h"

#include <string.h>

#include "support/test.h"

TEST(blake2b_gives_the_hash_of_rfc_7693)
{
    static const uint8_t want[8] = {0xba, 0x80, 0xa5, 0x3f, 0x98, 0x1c, 0x4d, 0x0d};
    uint8_t hash[64];
    uint8_t again[64];
    uint8_t key[64];
    struct cepa_blake2b state;
    cepa_blake2b(hash, sizeof hash, "abc", 3, NULL, 0);
    CHECK_BYTES(hash, want, sizeof want);

    for (size_t i = 0; i < sizeof key; i++) {
        key[i] = (uint8_t)i;
    }
    cepa_blake2b(hash, 32, "abc", 3, key, sizeof key);
    cepa_blake2b_init(&state, 32, key, sizeof key);
    cepa_blake2b_update(&state, "a", 1);
    cepa_blake2b_update(&state, "bc", 2);
    cepa_blake2b_final(&state, again, 32);
    CHECK_BYTES(again, hash, 32);

    cepa_blake2b(again, 32, "abc", 3, NULL, 0);
    CHECK(memcmp(again, hash, 32) != 0);
}

TEST_MAIN(RUN(blake2b_gives_the_hash_of_rfc_7693))
