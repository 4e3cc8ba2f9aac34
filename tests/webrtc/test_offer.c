/* The binary form of descriptions: the arithmetic of its limit, round trips to SDP and back, one
 * encoding for each description, and bad bytes refused. */
#include <stdio.h>
#include <string.h>

#include "native/webrtc/offer.h"
#include "native/webrtc/sdp.h"
#include "support/descriptions.h"
#include "support/test.h"

static const char chars[] = "abcdefghijklmnopqrstuvwxyz0123456789+/ABCDEFGHIJKLMNOPQRSTUVWXYZ";

static struct cepa_description with_credentials(size_t ufrag_len, size_t pwd_len)
{
    struct cepa_description description;
    cepa_description_init(&description);
    description.is_offer = true;
    description.does_trickle = true;
    CHECK_INT(cepa_description_set_credentials(&description, chars, ufrag_len, chars + 3, pwd_len),
              0);
    memset(&description.fingerprint, 0xa5, sizeof description.fingerprint);
    return description;
}

static void add(struct cepa_description *description, enum cepa_candidate_type type,
                enum cepa_candidate_transport transport, const char *place)
{
    uint32_t priority = 1000 - (uint32_t)description->candidates_len;
    const struct cepa_candidate candidate =
        descriptions_candidate(type, transport, priority, place);
    cepa_description_add(description, &candidate);
}

static void add_host(struct cepa_description *description, const char *place)
{
    add(description, CEPA_CANDIDATE_HOST, CEPA_CANDIDATE_UDP, place);
}

/* Adds `count` candidates with nothing in common. */
static void add_different(struct cepa_description *description, unsigned count, bool is_ipv6)
{
    for (unsigned i = 0; i < count; i++) {
        char place[64];
        if (is_ipv6) {
            (void)snprintf(place, sizeof place, "[2001:db8:%x:1::5]:%u", 1 + i, 2000 + i);
        } else {
            (void)snprintf(place, sizeof place, "192.0.2.%u:%u", 1 + i, 2000 + i);
        }
        add_host(description, place);
    }
}

/* Encodes, decodes, goes through SDP, and finds the same bytes at the end. Gives the length. */
static size_t there_and_back(const struct cepa_description *description, size_t want_left_out)
{
    uint8_t bytes[CEPA_OFFER_SIZE_MAX];
    uint8_t bytes_again[CEPA_OFFER_SIZE_MAX];
    struct cepa_description decoded;
    struct cepa_description again;
    char text[CEPA_SDP_TEXT_SIZE];
    size_t len = 0;
    size_t len_again = 0;
    size_t text_len = 0;
    size_t left_out = 77;
    CHECK_INT(cepa_offer_encode(bytes, &len, &left_out, description), 0);
    CHECK_INT(left_out, want_left_out);
    CHECK_INT(cepa_offer_decode(&decoded, bytes, len), 0);
    CHECK_INT(decoded.candidates_len, description->candidates_len - left_out);
    for (size_t i = 0; i < decoded.candidates_len; i++) {
        CHECK(cepa_candidate_is_same_place(&decoded.candidates[i], &description->candidates[i]));
        CHECK_INT(decoded.candidates[i].type, description->candidates[i].type);
    }
    CHECK_INT(cepa_sdp_encode(text, &text_len, &decoded), 0);
    CHECK_INT(cepa_sdp_decode(&again, decoded.is_offer, text, text_len), 0);
    CHECK(descriptions_same(&decoded, &again));
    CHECK_INT(cepa_offer_encode(bytes_again, &len_again, &left_out, &again), 0);
    CHECK_INT(len_again, len);
    CHECK_BYTES(bytes_again, bytes, len);
    for (size_t cut = 0; cut < len; cut++) {
        CHECK(cepa_offer_decode(&again, bytes, cut) != 0);
    }
    return len;
}

TEST(the_worst_case_takes_200_bytes)
{
    struct cepa_description description = with_credentials(8, 32);
    description.max_message_size = 1073741823;
    add_different(&description, 5, false);
    add_different(&description, 5, true);
    CHECK_INT(there_and_back(&description, 0), 200);
    description.sctp_port = 5001;
    CHECK_INT(there_and_back(&description, 1), 200 - 19 + 2);
}

TEST(other_mixtures_fit_or_lose_their_last)
{
    static const struct {
        size_t ufrag_len;
        size_t pwd_len;
        unsigned ipv4;
        unsigned ipv6;
        size_t len;
        size_t left_out;
    } cases[] = {
        {4, 24, 0, 0, 4 + 21 + 32, 0},
        {4, 22, 10, 0, 4 + 20 + 32 + 10 * 7, 0},
        {4, 24, 5, 5, 4 + 21 + 32 + 5 * 7 + 5 * 19, 0},
        {4, 24, 4, 6, 4 + 21 + 32 + 4 * 7 + 6 * 19, 0},
        {4, 24, 3, 7, 4 + 21 + 32 + 3 * 7 + 6 * 19, 1},
        {16, 32, 5, 5, 4 + 36 + 32 + 5 * 7 + 5 * 19 - 19, 1},
        {8, 32, 0, 10, 4 + 30 + 32 + 7 * 19, 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cepa_description description =
            with_credentials(cases[i].ufrag_len, cases[i].pwd_len);
        add_different(&description, cases[i].ipv4, false);
        add_different(&description, cases[i].ipv6, true);
        CHECK_INT(there_and_back(&description, cases[i].left_out), cases[i].len);
    }
}

/* Offsets of what stands behind the fixed part, with credentials of 4 and 24 characters. */
enum { FIXED = 4 + 21 + 32 };

TEST(what_candidates_share_counts_once)
{
    struct cepa_description description = with_credentials(4, 24);
    size_t want = FIXED;
    add_host(&description, "192.0.2.1:5000");
    want += 7;
    add(&description, CEPA_CANDIDATE_HOST, CEPA_CANDIDATE_TCP_PASSIVE, "192.0.2.1:5000");
    want += 3;
    add(&description, CEPA_CANDIDATE_HOST, CEPA_CANDIDATE_TCP_ACTIVE, "192.0.2.1:9");
    want += 1;
    add_host(&description, "[2001:db8::1]:5000");
    want += 19;
    add_host(&description, "[2001:db8::2]:5000"); /* the same network */
    want += 11;
    add(&description, CEPA_CANDIDATE_SRFLX, CEPA_CANDIDATE_UDP, "[2001:db8::2]:5001");
    want += 3;
    add_host(&description, "0f1e2d3c-4b5a-4697-8879-a0b1c2d3e4f5:6");
    want += 19;
    add(&description, CEPA_CANDIDATE_HOST, CEPA_CANDIDATE_TCP_ACTIVE,
        "0f1e2d3c-4b5a-4697-8879-a0b1c2d3e4f5:9");
    want += 1;
    CHECK_INT(there_and_back(&description, 0), want);
}

TEST(three_networks_are_remembered)
{
    struct cepa_description description = with_credentials(4, 24);
    add_host(&description, "[2001:db8:0:1::1]:1");
    add_host(&description, "[2001:db8:0:2::1]:1");
    add_host(&description, "[2001:db8:0:3::1]:1");
    add_host(&description, "[2001:db8:0:4::1]:1");
    add_host(&description, "[2001:db8:0:1::2]:1");
    add_host(&description, "[2001:db8:0:3::2]:1");
    CHECK_INT(there_and_back(&description, 0), FIXED + 4 * 19 + 2 * 11);
    add_host(&description, "[2001:db8:0:4::2]:1");
    CHECK_INT(there_and_back(&description, 0), FIXED + 5 * 19 + 2 * 11);
}

TEST(the_order_of_candidates_remains)
{
    static const enum cepa_candidate_type types[] = {CEPA_CANDIDATE_RELAY, CEPA_CANDIDATE_HOST,
                                                     CEPA_CANDIDATE_SRFLX, CEPA_CANDIDATE_HOST};
    struct cepa_description description = with_credentials(4, 24);
    struct cepa_description decoded;
    uint8_t bytes[CEPA_OFFER_SIZE_MAX];
    size_t len = 0;
    size_t left_out = 0;
    for (unsigned i = 0; i < 4; i++) {
        char place[32];
        (void)snprintf(place, sizeof place, "192.0.2.%u:5", 1 + i % 3);
        add(&description, types[i], i == 3 ? CEPA_CANDIDATE_TCP_PASSIVE : CEPA_CANDIDATE_UDP,
            place);
    }
    CHECK_INT(cepa_offer_encode(bytes, &len, &left_out, &description), 0);
    CHECK_INT(cepa_offer_decode(&decoded, bytes, len), 0);
    for (unsigned i = 0; i < 4; i++) {
        CHECK_INT(decoded.candidates[i].type, types[i]);
        CHECK(i == 0 || decoded.candidates[i].priority < decoded.candidates[i - 1].priority);
    }
    /* A usual order gives usual priorities. */
    CHECK_INT(decoded.candidates[0].priority >> 24, 2);
    struct cepa_description usual = with_credentials(4, 24);
    add_host(&usual, "192.0.2.1:5");
    add(&usual, CEPA_CANDIDATE_SRFLX, CEPA_CANDIDATE_UDP, "192.0.2.2:5");
    CHECK_INT(cepa_offer_encode(bytes, &len, &left_out, &usual), 0);
    CHECK_INT(cepa_offer_decode(&decoded, bytes, len), 0);
    CHECK_INT(decoded.candidates[0].priority, 2130706431);
    CHECK_INT(decoded.candidates[1].priority, 100u << 24 | 65534 << 8 | 255);
}

TEST(foundations_tell_what_is_alike)
{
    struct cepa_description description = with_credentials(4, 24);
    struct cepa_description decoded;
    uint8_t bytes[CEPA_OFFER_SIZE_MAX];
    size_t len = 0;
    size_t left_out = 0;
    add_host(&description, "192.0.2.1:5");
    add_host(&description, "192.0.2.2:5");
    add_host(&description, "192.0.2.1:6");
    add(&description, CEPA_CANDIDATE_SRFLX, CEPA_CANDIDATE_UDP, "192.0.2.1:7");
    add(&description, CEPA_CANDIDATE_HOST, CEPA_CANDIDATE_TCP_PASSIVE, "192.0.2.1:5");
    CHECK_INT(cepa_offer_encode(bytes, &len, &left_out, &description), 0);
    CHECK_INT(cepa_offer_decode(&decoded, bytes, len), 0);
    static const char *const want[] = {"1", "2", "1", "4", "5"};
    for (unsigned i = 0; i < 5; i++) {
        CHECK(strcmp(decoded.candidates[i].foundation, want[i]) == 0);
    }
}

TEST(all_flags_come_back)
{
    for (unsigned bits = 0; bits < 128; bits++) {
        struct cepa_description description = with_credentials(4 + bits % 7, 22 + bits % 5);
        struct cepa_description decoded;
        uint8_t bytes[CEPA_OFFER_SIZE_MAX];
        size_t len = 0;
        size_t left_out = 0;
        description.is_offer = bits & 1;
        description.is_lite = bits & 2;
        description.does_trickle = bits & 4;
        description.is_complete = bits & 8;
        description.setup = bits & 1 ? CEPA_SETUP_ACTPASS : CEPA_SETUP_ACTIVE;
        description.setup = bits & 16 ? CEPA_SETUP_PASSIVE : description.setup;
        description.sctp_port = bits & 32 ? 1 : 5000;
        description.max_message_size = bits & 64 ? 0 : 262144;
        CHECK_INT(cepa_offer_encode(bytes, &len, &left_out, &description), 0);
        CHECK_INT(cepa_offer_decode(&decoded, bytes, len), 0);
        CHECK(descriptions_same(&decoded, &description));
    }
}

TEST(what_cannot_be_written_is_named)
{
    uint8_t bytes[CEPA_OFFER_SIZE_MAX];
    size_t len = 77;
    size_t left_out = 77;
    char long_chars[256];
    memset(long_chars, 'x', sizeof long_chars);
    struct cepa_description description = with_credentials(4, 24);
    CHECK_INT(cepa_description_set_credentials(&description, long_chars, 100, long_chars, 120), 0);
    CHECK_INT(cepa_offer_encode(bytes, &len, &left_out, &description), CEPA_ERR_TOO_LONG);
    description = with_credentials(4, 24);
    description.sctp_port = 0;
    CHECK_INT(cepa_offer_encode(bytes, &len, &left_out, &description), CEPA_ERR_MALFORMED);
    CHECK_INT(len, 77);
    CHECK_INT(left_out, 77);
    /* 219 characters are the most without candidates: 4 + 164 + 32 bytes, a bit less than full */
    description = with_credentials(4, 24);
    CHECK_INT(cepa_description_set_credentials(&description, long_chars, 98, long_chars, 120), 0);
    CHECK_INT(cepa_offer_encode(bytes, &len, &left_out, &description), 0);
    CHECK_INT(len, 200);
}

/* A description with one candidate of each kind of place, as bytes to be spoiled. */
static size_t make(uint8_t ret_bytes[CEPA_OFFER_SIZE_MAX])
{
    struct cepa_description description = with_credentials(4, 24);
    size_t len = 0;
    size_t left_out = 0;
    add_host(&description, "192.0.2.1:5000");     /* at FIXED: 0a 1388 c0000201 */
    add_host(&description, "[2001:db8::1]:5000"); /* at FIXED + 7: 0b 1388 and 16 bytes */
    add_host(&description, "[2001:db8::2]:5000"); /* at FIXED + 26: 0d 1388 and 8 bytes */
    add_host(&description, "[2001:db8::2]:5001"); /* at FIXED + 37: 02 1389 */
    CHECK_INT(cepa_offer_encode(ret_bytes, &len, &left_out, &description), 0);
    CHECK_INT(len, FIXED + 40);
    return len;
}

TEST(bad_bytes_are_refused)
{
    static const struct {
        size_t at;
        uint8_t value;
        int result;
    } cases[] = {
        {0, 0x04, CEPA_ERR_VERSION},
        {0, 0x24, CEPA_ERR_VERSION},
        {0, 0x13, CEPA_ERR_LENGTH},
        {0, 0x15, CEPA_ERR_LENGTH},
        {0, 0x1b, CEPA_ERR_MALFORMED}, /* eleven candidates */
        {1, 0x16, CEPA_ERR_MALFORMED}, /* setup 3 */
        {1, 0x10, CEPA_ERR_MALFORMED}, /* an answer that does not decide */
        {1, 0x51, CEPA_ERR_LENGTH},    /* an SCTP port that is not there */
        {2, 253, CEPA_ERR_LENGTH},
        {3, 255, CEPA_ERR_LENGTH},
        {FIXED, 0x00, CEPA_ERR_LENGTH},
        {FIXED, 0x0d, CEPA_ERR_LENGTH},
        {FIXED, 0x3a, CEPA_ERR_MALFORMED},      /* transport 3 */
        {FIXED + 3, 224, CEPA_ERR_MALFORMED},   /* multicast */
        {FIXED + 37, 0x03, CEPA_ERR_MALFORMED}, /* a place that is not there */
        {FIXED + 37, 0x09, CEPA_ERR_MALFORMED},
        {FIXED + 39, 0x88, CEPA_ERR_MALFORMED},      /* the same as the candidate before */
        {FIXED + 26, 0x0e, CEPA_ERR_MALFORMED},      /* a network that is not there */
        {FIXED + 26 + 10, 0x01, CEPA_ERR_MALFORMED}, /* an address that was there */
        {FIXED + 7, 0x0c, CEPA_ERR_MALFORMED},       /* a name: then its network is unknown */
    };
    uint8_t bytes[CEPA_OFFER_SIZE_MAX + 1] = {0};
    size_t len = make(bytes);
    struct cepa_description decoded = {.sctp_port = 77};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t before = bytes[cases[i].at];
        bytes[cases[i].at] = cases[i].value;
        if (cepa_offer_decode(&decoded, bytes, len) != cases[i].result) {
            test_note("byte %zu = %02x", cases[i].at, cases[i].value);
        }
        CHECK_INT(cepa_offer_decode(&decoded, bytes, len), cases[i].result);
        bytes[cases[i].at] = before;
    }
    CHECK_INT(cepa_offer_decode(&decoded, bytes, len + 1), CEPA_ERR_LENGTH);
    CHECK_INT(cepa_offer_decode(&decoded, bytes, CEPA_OFFER_SIZE_MAX + 1), CEPA_ERR_LENGTH);
    CHECK_INT(cepa_offer_decode(&decoded, bytes, 0), CEPA_ERR_LENGTH);
    CHECK_INT(decoded.sctp_port, 77);
    CHECK_INT(cepa_offer_decode(&decoded, bytes, len), 0);
}

/* An IPv6 address written in full though its network was there has a shorter form. */
TEST(there_is_one_encoding)
{
    struct cepa_description description = with_credentials(4, 22);
    struct cepa_description decoded;
    uint8_t bytes[CEPA_OFFER_SIZE_MAX];
    size_t len = 0;
    size_t left_out = 0;
    add_host(&description, "[2001:db8::1]:5000");
    CHECK_INT(cepa_offer_encode(bytes, &len, &left_out, &description), 0);
    bytes[0]++;
    memcpy(bytes + len, bytes + len - 19, 19);
    bytes[len + 18] = 2;
    CHECK_INT(cepa_offer_decode(&decoded, bytes, len + 19), CEPA_ERR_MALFORMED);
    bytes[len] = 0x0d;
    memmove(bytes + len + 3, bytes + len + 11, 8);
    CHECK_INT(cepa_offer_decode(&decoded, bytes, len + 11), 0);
    /* a default that is written out */
    uint8_t longer[CEPA_OFFER_SIZE_MAX];
    memcpy(longer, bytes, FIXED - 1);
    memcpy(longer + FIXED - 1, "\x13\x88", 2);
    memcpy(longer + FIXED + 1, bytes + FIXED - 1, len + 11 - (FIXED - 1));
    longer[1] |= 1 << 6;
    CHECK_INT(cepa_offer_decode(&decoded, longer, len + 13), CEPA_ERR_MALFORMED);
    longer[FIXED] = 0x89;
    CHECK_INT(cepa_offer_decode(&decoded, longer, len + 13), 0);
    CHECK_INT(decoded.sctp_port, 5001);
    /* 26 characters take 156 bits of 160: the last four are 0 */
    bytes[4 + 19] |= 1;
    CHECK_INT(cepa_offer_decode(&decoded, bytes, len + 11), CEPA_ERR_MALFORMED);
}

TEST_MAIN(RUN(the_worst_case_takes_200_bytes), RUN(other_mixtures_fit_or_lose_their_last),
          RUN(what_candidates_share_counts_once), RUN(three_networks_are_remembered),
          RUN(the_order_of_candidates_remains), RUN(foundations_tell_what_is_alike),
          RUN(all_flags_come_back), RUN(what_cannot_be_written_is_named),
          RUN(bad_bytes_are_refused), RUN(there_is_one_encoding))
