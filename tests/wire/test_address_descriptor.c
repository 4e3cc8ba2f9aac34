/* The outside of an address's descriptor: all of it travels, and nothing else is taken. */
#include <string.h>

#include "support/test.h"
#include "wire/address_descriptor.h"

static uint8_t sealed[CEPA_ADDRESS_DESCRIPTOR_SEALED_SIZE];
static uint8_t signature[CEPA_SIGNATURE_SIZE];
static uint8_t bytes[CEPA_ADDRESS_DESCRIPTOR_SIZE];

static struct cepa_address_descriptor example(void)
{
    struct cepa_address_descriptor descriptor = {
        {20411}, UINT64_C(0x0102030405060708), {1, 2, 3}, {4, 5, 6}, sealed, signature};
    memset(sealed, 0x5a, sizeof sealed);
    memset(signature, 0xa5, sizeof signature);
    return descriptor;
}

TEST(a_descriptor_comes_back)
{
    struct cepa_address_descriptor descriptor = example();
    struct cepa_address_descriptor back;
    cepa_address_descriptor_encode(bytes, &descriptor);
    CHECK_INT(cepa_address_descriptor_decode(&back, bytes, sizeof bytes), 0);
    CHECK_INT(back.day.number, descriptor.day.number);
    CHECK(back.sequence == descriptor.sequence);
    CHECK_BYTES(back.blinded_key, descriptor.blinded_key, sizeof back.blinded_key);
    CHECK_BYTES(back.salt, descriptor.salt, sizeof back.salt);
    CHECK(back.sealed == bytes + CEPA_ADDRESS_DESCRIPTOR_HEAD_SIZE);
    CHECK_BYTES(back.sealed, sealed, sizeof sealed);
    CHECK_BYTES(back.signature, signature, sizeof signature);
}

TEST(what_stands_at_its_place_stays_there)
{
    struct cepa_address_descriptor descriptor = example();
    struct cepa_address_descriptor back;
    cepa_address_descriptor_encode(bytes, &descriptor);
    CHECK_INT(cepa_address_descriptor_decode(&back, bytes, sizeof bytes), 0);
    back.sequence++;
    cepa_address_descriptor_encode(bytes, &back);
    CHECK_BYTES(bytes + CEPA_ADDRESS_DESCRIPTOR_HEAD_SIZE, sealed, sizeof sealed);
    CHECK_INT(bytes[15], 9);
}

TEST(other_bytes_are_refused)
{
    struct cepa_address_descriptor descriptor = example();
    struct cepa_address_descriptor back;
    cepa_address_descriptor_encode(bytes, &descriptor);
    for (size_t len = 0; len < sizeof bytes; len += len < 100 ? 1 : 997) {
        CHECK_INT(cepa_address_descriptor_decode(&back, bytes, len), CEPA_ERR_LENGTH);
    }
    for (size_t i = 0; i < 4; i++) {
        bytes[i] ^= 8;
        CHECK_INT(cepa_address_descriptor_decode(&back, bytes, sizeof bytes),
                  i == 0 ? CEPA_ERR_VERSION : CEPA_ERR_MALFORMED);
        bytes[i] ^= 8;
    }
}

TEST_MAIN(RUN(a_descriptor_comes_back), RUN(what_stands_at_its_place_stays_there),
          RUN(other_bytes_are_refused))
