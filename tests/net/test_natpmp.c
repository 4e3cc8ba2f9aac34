/* NAT-PMP's bytes, against messages written down by hand from the RFC. */
#include <string.h>

#include "native/net/natpmp.h"
#include "support/loopback.h"
#include "support/test.h"

TEST(requests_have_the_bytes_of_the_rfc)
{
    static const uint8_t ask_address[2] = {0, 0};
    static const uint8_t ask_map[12] = {0, 2, 0, 0, 0x9c, 0x40, 0x9c, 0x41, 0, 0, 0x0e, 0x10};
    uint8_t bytes[CEPA_NATPMP_ASK_MAP_SIZE];
    cepa_natpmp_encode_address(bytes);
    CHECK_BYTES(bytes, ask_address, sizeof ask_address);
    cepa_natpmp_encode_map(bytes, CEPA_NATPMP_MAP_TCP, 40000, 40001, 3600);
    CHECK_BYTES(bytes, ask_map, sizeof ask_map);
}

TEST(responses_are_read)
{
    static const uint8_t address[12] = {0, 0x80, 0, 0, 0, 0, 1, 0, 203, 0, 113, 7};
    static const uint8_t map[16] = {0,    0x81, 0,    0,    0, 0, 1,    0,
                                    0x9c, 0x40, 0x9c, 0x41, 0, 0, 0x0e, 0x10};
    static const uint8_t refusal[8] = {0, 0x82, 0, 2, 0, 0, 1, 0};
    struct cepa_natpmp_response response;
    struct cepa_net_address external = loopback_text("203.0.113.7:0");
    CHECK_INT(cepa_natpmp_decode(&response, address, sizeof address), 0);
    CHECK_INT(response.operation, CEPA_NATPMP_ADDRESS);
    CHECK_INT(response.epoch_s, 256);
    CHECK(cepa_net_address_is_equal(&response.address, &external));
    CHECK_INT(cepa_natpmp_decode(&response, map, sizeof map), 0);
    CHECK_INT(response.operation, CEPA_NATPMP_MAP_UDP);
    CHECK_INT(response.internal_port, 40000);
    CHECK_INT(response.external_port, 40001);
    CHECK_INT(response.lifetime_s, 3600);
    CHECK_INT(cepa_natpmp_decode(&response, refusal, sizeof refusal), 0);
    CHECK_INT(response.result, 2);
    for (size_t len = 0; len < sizeof map; len++) {
        CHECK_INT(cepa_natpmp_decode(&response, map, len), CEPA_ERR_LENGTH);
    }
    CHECK_INT(cepa_natpmp_decode(&response, address, 11), CEPA_ERR_LENGTH);
}

TEST(what_is_no_response_is_refused)
{
    uint8_t bytes[17] = {0, 0x81};
    struct cepa_natpmp_response response;
    CHECK_INT(cepa_natpmp_decode(&response, bytes, 16), 0);
    CHECK_INT(cepa_natpmp_decode(&response, bytes, 17), CEPA_ERR_LENGTH);
    bytes[1] = 1;
    CHECK_INT(cepa_natpmp_decode(&response, bytes, 16), CEPA_ERR_MALFORMED);
    bytes[1] = 0x83;
    CHECK_INT(cepa_natpmp_decode(&response, bytes, 16), CEPA_ERR_UNSUPPORTED);
    bytes[1] = 0x81;
    bytes[0] = 2;
    CHECK_INT(cepa_natpmp_decode(&response, bytes, 16), CEPA_ERR_VERSION);
}

TEST_MAIN(RUN(requests_have_the_bytes_of_the_rfc), RUN(responses_are_read),
          RUN(what_is_no_response_is_refused))
