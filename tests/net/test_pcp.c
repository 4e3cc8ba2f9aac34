/* PCP's bytes, against a message written down by hand from the RFC. */
#include <string.h>

#include "native/net/pcp.h"
#include "support/loopback.h"
#include "support/test.h"

/* MAP of UDP 40000 for an hour at 203.0.113.7:40000, from 192.168.1.20. */
static const uint8_t request_bytes[CEPA_PCP_MAP_SIZE] = {
    2,    1,    0,    0,    0, 0, 0x0e, 0x10, 0, 0, 0, 0, 0, 0,  0,    0,    0,   0, 0xff, 0xff,
    192,  168,  1,    20,   1, 2, 3,    4,    5, 6, 7, 8, 9, 10, 11,   12,   17,  0, 0,    0,
    0x9c, 0x40, 0x9c, 0x40, 0, 0, 0,    0,    0, 0, 0, 0, 0, 0,  0xff, 0xff, 203, 0, 113,  7};

static void make_response(uint8_t ret_bytes[CEPA_PCP_MESSAGE_MAX])
{
    memset(ret_bytes, 0, CEPA_PCP_MESSAGE_MAX);
    memcpy(ret_bytes, request_bytes, sizeof request_bytes);
    ret_bytes[1] = 0x81;
    memset(ret_bytes + 8, 0, 16);
    ret_bytes[10] = 1; /* epoch 256 */
}

TEST(a_request_has_the_bytes_of_the_rfc)
{
    struct cepa_pcp_request request;
    uint8_t bytes[CEPA_PCP_MAP_SIZE];
    memset(&request, 0, sizeof request);
    request.lifetime_s = 3600;
    request.client = loopback_text("192.168.1.20:40000");
    for (uint8_t i = 0; i < CEPA_PCP_NONCE_SIZE; i++) {
        request.nonce[i] = (uint8_t)(i + 1);
    }
    request.protocol = CEPA_PCP_UDP;
    request.wanted = loopback_text("203.0.113.7:40000");
    cepa_pcp_encode(bytes, &request);
    CHECK_BYTES(bytes, request_bytes, sizeof bytes);
    request.client = loopback_text("[2001:db8::1]:40000");
    request.wanted = loopback_text("[2001:db8::2]:1");
    cepa_pcp_encode(bytes, &request);
    CHECK_BYTES(bytes + 8, request.client.ip, 16);
    CHECK_BYTES(bytes + 44, request.wanted.ip, 16);
}

TEST(a_response_is_read)
{
    uint8_t bytes[CEPA_PCP_MESSAGE_MAX];
    struct cepa_pcp_response response;
    struct cepa_net_address external = loopback_text("203.0.113.7:40000");
    make_response(bytes);
    CHECK_INT(cepa_pcp_decode(&response, bytes, CEPA_PCP_MAP_SIZE), 0);
    CHECK_INT(response.version, CEPA_PCP_VERSION);
    CHECK_INT(response.operation, CEPA_PCP_MAP);
    CHECK_INT(response.result, CEPA_PCP_SUCCESS);
    CHECK_INT(response.lifetime_s, 3600);
    CHECK_INT(response.epoch_s, 256);
    CHECK_BYTES(response.nonce, request_bytes + 24, CEPA_PCP_NONCE_SIZE);
    CHECK_INT(response.protocol, CEPA_PCP_UDP);
    CHECK_INT(response.internal_port, 40000);
    CHECK(cepa_net_address_is_equal(&response.external, &external));
    /* An option of 5 bytes, padded to 8, is passed over. */
    bytes[60] = 200;
    bytes[63] = 5;
    CHECK_INT(cepa_pcp_decode(&response, bytes, 72), 0);
    CHECK_INT(cepa_pcp_decode(&response, bytes, 68), CEPA_ERR_LENGTH);
}

TEST(what_is_no_response_is_refused)
{
    uint8_t bytes[CEPA_PCP_MESSAGE_MAX];
    struct cepa_pcp_response response;
    make_response(bytes);
    for (size_t len = 0; len < CEPA_PCP_MAP_SIZE; len++) {
        CHECK_INT(cepa_pcp_decode(&response, bytes, len), CEPA_ERR_LENGTH);
    }
    CHECK_INT(cepa_pcp_decode(&response, bytes, CEPA_PCP_MAP_SIZE + 2), CEPA_ERR_LENGTH);
    CHECK_INT(cepa_pcp_decode(&response, bytes, CEPA_PCP_MESSAGE_MAX + 1), CEPA_ERR_LENGTH);
    bytes[1] = 1;
    CHECK_INT(cepa_pcp_decode(&response, bytes, CEPA_PCP_MAP_SIZE), CEPA_ERR_MALFORMED);
    bytes[1] = 0x82;
    CHECK_INT(cepa_pcp_decode(&response, bytes, CEPA_PCP_MAP_SIZE), CEPA_ERR_UNSUPPORTED);
    bytes[1] = 0x81;
    bytes[0] = 1;
    CHECK_INT(cepa_pcp_decode(&response, bytes, CEPA_PCP_MAP_SIZE), CEPA_ERR_VERSION);
}

TEST(announcements_and_refusals_are_read)
{
    static const uint8_t announcement[24] = {2, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9};
    static const uint8_t only_natpmp[8] = {0, 0x81, 0, 1, 0, 0, 0, 7};
    struct cepa_pcp_response response;
    CHECK_INT(cepa_pcp_decode(&response, announcement, sizeof announcement), 0);
    CHECK_INT(response.operation, CEPA_PCP_ANNOUNCE);
    CHECK_INT(response.epoch_s, 9);
    CHECK_INT(cepa_pcp_decode(&response, only_natpmp, sizeof only_natpmp), 0);
    CHECK_INT(response.version, 0);
    CHECK_INT(response.result, CEPA_PCP_UNSUPP_VERSION);
}

/* The rules of @[RFC6887 8.5], at their edges. */
TEST(a_server_that_forgot_is_noticed)
{
    static const struct {
        uint32_t server_before, server_s;
        uint64_t client_before, client_s;
        int is_reset;
    } cases[] = {
        {1000, 1000, 50, 50, 0},  {1000, 1060, 50, 110, 0}, {1000, 999, 50, 50, 0},
        {1000, 998, 50, 50, 1},   {1000, 0, 50, 60, 1},     {1000, 1000, 50, 52, 0},
        {1000, 1000, 50, 53, 1},  {1000, 1160, 50, 202, 0}, {1000, 1160, 50, 198, 0},
        {1000, 1160, 50, 197, 1}, {1000, 1100, 50, 210, 1}, {UINT32_MAX, 0, 0, 0, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cepa_pcp_epoch epoch = {false, 0, 0};
        CHECK(!cepa_pcp_epoch_is_reset(&epoch, cases[i].server_before, cases[i].client_before));
        test_note("case %zu", i);
        CHECK_INT(cepa_pcp_epoch_is_reset(&epoch, cases[i].server_s, cases[i].client_s),
                  cases[i].is_reset);
    }
}

TEST_MAIN(RUN(a_request_has_the_bytes_of_the_rfc), RUN(a_response_is_read),
          RUN(what_is_no_response_is_refused), RUN(announcements_and_refusals_are_read),
          RUN(a_server_that_forgot_is_noticed))
