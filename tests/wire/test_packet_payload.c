/* The inside of a payload: every length, every bit of the zeros. */
#include "wire/packet_payload.h"

#include <string.h>

#include "support/random.h"
#include "support/test.h"

TEST(contents_of_every_length_survive_the_round_trip)
{
    static uint8_t data[CEPA_PACKET_CONTENT_MAX];
    static uint8_t payload[CEPA_PACKET_PAYLOAD_SIZE];
    struct test_random random = {3};
    test_random_bytes(&random, data, sizeof data);
    for (size_t len = 0; len <= CEPA_PACKET_CONTENT_MAX; len++) {
        struct cepa_packet_content content = {len > 0 ? data : NULL, len};
        struct cepa_packet_content got = {NULL, 0};
        memset(payload, 0xee, sizeof payload);
        CHECK_INT(cepa_packet_payload_encode(payload, &content), 0);
        CHECK_INT(cepa_packet_payload_decode(&got, payload), 0);
        CHECK(got.data == payload + 18 && got.data_len == len);
        CHECK(memcmp(got.data, data, len) == 0);
        for (size_t i = 18 + len; i < sizeof payload; i++) {
            CHECK(payload[i] == 0);
        }
    }
}

TEST(a_content_too_long_is_refused)
{
    static uint8_t data[CEPA_PACKET_CONTENT_MAX + 1];
    static uint8_t payload[CEPA_PACKET_PAYLOAD_SIZE];
    struct cepa_packet_content content = {data, sizeof data};
    payload[5] = 7;
    CHECK_INT(cepa_packet_payload_encode(payload, &content), CEPA_ERR_TOO_LONG);
    CHECK_INT(payload[5], 7);
}

TEST(every_bit_of_the_sixteen_zeros_is_looked_at)
{
    static uint8_t payload[CEPA_PACKET_PAYLOAD_SIZE];
    struct cepa_packet_content got = {NULL, 77};
    for (size_t bit = 0; bit < 128; bit++) {
        payload[bit / 8] = (uint8_t)(1u << (bit % 8));
        CHECK_INT(cepa_packet_payload_decode(&got, payload), CEPA_ERR_AUTHENTICATION);
        CHECK(got.data == NULL && got.data_len == 77);
        payload[bit / 8] = 0;
    }
}

TEST(a_length_beyond_the_payload_is_malformed)
{
    static uint8_t payload[CEPA_PACKET_PAYLOAD_SIZE];
    for (size_t len = 0; len <= UINT16_MAX; len++) {
        struct cepa_packet_content got = {NULL, 77};
        payload[16] = (uint8_t)(len >> 8);
        payload[17] = (uint8_t)len;
        CHECK_INT(cepa_packet_payload_decode(&got, payload), len <= 10426 ? 0 : CEPA_ERR_MALFORMED);
    }
}

TEST(anything_but_zeros_behind_the_content_is_malformed)
{
    static uint8_t payload[CEPA_PACKET_PAYLOAD_SIZE];
    struct cepa_packet_content content = {(const uint8_t *)"abc", 3};
    for (size_t at = 18 + 3; at < sizeof payload; at++) {
        struct cepa_packet_content got = {NULL, 77};
        CHECK_INT(cepa_packet_payload_encode(payload, &content), 0);
        payload[at] = (uint8_t)(1u << (at % 8));
        CHECK_INT(cepa_packet_payload_decode(&got, payload), CEPA_ERR_MALFORMED);
        CHECK(got.data == NULL && got.data_len == 77);
    }
}

TEST_MAIN(RUN(contents_of_every_length_survive_the_round_trip), RUN(a_content_too_long_is_refused),
          RUN(every_bit_of_the_sixteen_zeros_is_looked_at),
          RUN(a_length_beyond_the_payload_is_malformed),
          RUN(anything_but_zeros_behind_the_content_is_malformed))
