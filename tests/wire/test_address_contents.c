/* What is sealed in descriptors of addresses: all of it travels, and nothing else is taken. */
#include <string.h>

#include "support/random.h"
#include "support/test.h"
#include "wire/address_contents.h"

static uint8_t bytes[CEPA_ADDRESS_CONTENTS_SIZE];
static uint8_t keys[CEPA_ADDRESS_KEYS_SIZE];

static struct cepa_address_contents example(unsigned points, unsigned places)
{
    struct test_random random = {points * 8 + places};
    struct cepa_address_contents contents;
    memset(&contents, 0, sizeof contents);
    contents.flags = CEPA_ADDRESS_STRANGERS | 0x80;
    contents.points_len = (uint8_t)points;
    contents.places_len = (uint8_t)places;
    test_random_bytes(&random, contents.prekey, sizeof contents.prekey);
    test_random_bytes(&random, contents.points, points * sizeof contents.points[0]);
    test_random_bytes(&random, contents.places, places * sizeof contents.places[0]);
    test_random_bytes(&random, keys, sizeof keys);
    return contents;
}

TEST(contents_come_back)
{
    for (unsigned points = 0; points <= CEPA_INTRODUCTION_POINTS_MAX; points++) {
        for (unsigned places = 0; places <= CEPA_MAILBOX_PLACES_MAX; places++) {
            struct cepa_address_contents contents = example(points, places);
            struct cepa_address_contents back;
            const uint8_t *back_keys = NULL;
            memset(bytes, 0xee, sizeof bytes);
            cepa_address_contents_encode(bytes, &contents, keys);
            CHECK_INT(cepa_address_contents_decode(&back, &back_keys, bytes, sizeof bytes), 0);
            CHECK_BYTES(&back, &contents, sizeof back);
            CHECK(back_keys == bytes + 4);
            CHECK_BYTES(back_keys, keys, sizeof keys);
            CHECK_INT(bytes[CEPA_ADDRESS_CONTENTS_SIGNED_SIZE], 0xee); /* the signature's place */
        }
    }
}

TEST(other_bytes_are_refused)
{
    struct cepa_address_contents contents = example(3, 1);
    struct cepa_address_contents back;
    const uint8_t *back_keys = NULL;
    memset(bytes, 0, sizeof bytes);
    cepa_address_contents_encode(bytes, &contents, keys);
    CHECK_INT(cepa_address_contents_decode(&back, &back_keys, bytes, sizeof bytes - 1),
              CEPA_ERR_LENGTH);
    static const struct {
        size_t at;
        uint8_t value;
        int error;
    } changes[] = {{0, 2, CEPA_ERR_VERSION},
                   {2, CEPA_INTRODUCTION_POINTS_MAX + 1, CEPA_ERR_MALFORMED},
                   {2, 255, CEPA_ERR_MALFORMED},
                   {2, 2, CEPA_ERR_MALFORMED}, /* the last place is no zeros */
                   {3, CEPA_MAILBOX_PLACES_MAX + 1, CEPA_ERR_MALFORMED},
                   {3, 0, CEPA_ERR_MALFORMED},
                   {CEPA_ADDRESS_CONTENTS_SIGNED_SIZE - 1, 1, CEPA_ERR_MALFORMED}};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        uint8_t old = bytes[changes[i].at];
        bytes[changes[i].at] = changes[i].value;
        CHECK_INT(cepa_address_contents_decode(&back, &back_keys, bytes, sizeof bytes),
                  changes[i].error);
        bytes[changes[i].at] = old;
    }
    CHECK(back_keys == NULL);
}

TEST_MAIN(RUN(contents_come_back), RUN(other_bytes_are_refused))
