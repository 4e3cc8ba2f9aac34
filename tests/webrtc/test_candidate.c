/* Candidates: the arithmetic of priorities, lines as browsers write them, and bad ones refused. */
#include <string.h>

#include "native/webrtc/candidate.h"
#include "support/descriptions.h"
#include "support/test.h"

#define NAME "0f1e2d3c-4b5a-4697-8879-a0b1c2d3e4f5.local"

TEST(priorities_are_those_of_the_standards)
{
    static const struct {
        enum cepa_candidate_type type;
        enum cepa_candidate_transport transport;
        uint16_t preference;
        uint32_t priority;
    } cases[] = {
        {CEPA_CANDIDATE_HOST, CEPA_CANDIDATE_UDP, 65535, 2130706431},
        {CEPA_CANDIDATE_HOST, CEPA_CANDIDATE_UDP, 0, 126u << 24 | 255},
        {CEPA_CANDIDATE_PRFLX, CEPA_CANDIDATE_UDP, 65535, 1862270975},
        {CEPA_CANDIDATE_SRFLX, CEPA_CANDIDATE_UDP, 65535, 1694498815},
        {CEPA_CANDIDATE_RELAY, CEPA_CANDIDATE_UDP, 65535, 2u << 24 | 0xffffff},
        {CEPA_CANDIDATE_HOST, CEPA_CANDIDATE_TCP_ACTIVE, 65535, 90u << 24 | 0xdfff << 8 | 255},
        {CEPA_CANDIDATE_HOST, CEPA_CANDIDATE_TCP_PASSIVE, 65535, 90u << 24 | 0x9fff << 8 | 255},
        {CEPA_CANDIDATE_SRFLX, CEPA_CANDIDATE_TCP_ACTIVE, 8, 70u << 24 | 0x8001 << 8 | 255},
        {CEPA_CANDIDATE_PRFLX, CEPA_CANDIDATE_TCP_PASSIVE, 7, 80u << 24 | 0x4000 << 8 | 255},
        {CEPA_CANDIDATE_RELAY, CEPA_CANDIDATE_TCP_PASSIVE, 0, 1u << 24 | 0x8000 << 8 | 255},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK_INT(cepa_candidate_priority(cases[i].type, cases[i].transport, cases[i].preference),
                  cases[i].priority);
    }
}

TEST(pairs_have_one_priority_on_both_sides)
{
    CHECK_INT(cepa_candidate_pair_priority(1, 2), (1ll << 32) + 4);
    CHECK_INT(cepa_candidate_pair_priority(2, 1), (1ll << 32) + 5);
    CHECK_INT(cepa_candidate_pair_priority(7, 7), (7ll << 32) + 14);
    CHECK(cepa_candidate_pair_priority(2130706431, UINT32_MAX) ==
          (2130706431ull << 32) + 2ull * UINT32_MAX);
}

/* What a line says, and how we would write it. */
struct sample {
    const char *line;
    enum cepa_candidate_type type;
    enum cepa_candidate_transport transport;
    uint32_t priority;
    const char *ip; /* or "" for a name */
    uint16_t port;
    const char *again;
};

static const struct sample samples[] = {
    {"candidate:1 1 UDP 2130706431 192.0.2.1 4433 typ host", CEPA_CANDIDATE_HOST,
     CEPA_CANDIDATE_UDP, 2130706431, "192.0.2.1", 4433,
     "candidate:1 1 UDP 2130706431 192.0.2.1 4433 typ host"},
    /* Chromium */
    {"candidate:3471623853 1 udp 2122194687 " NAME " 64541 typ host generation 0 network-id 1 "
     "network-cost 999",
     CEPA_CANDIDATE_HOST, CEPA_CANDIDATE_UDP, 2122194687, "", 64541,
     "candidate:3471623853 1 UDP 2122194687 " NAME " 64541 typ host"},
    {"candidate:842163049 1 udp 1677729535 198.51.100.7 41000 typ srflx raddr 0.0.0.0 rport 0 "
     "generation 0 ufrag 4ZcD network-cost 999",
     CEPA_CANDIDATE_SRFLX, CEPA_CANDIDATE_UDP, 1677729535, "198.51.100.7", 41000,
     "candidate:842163049 1 UDP 1677729535 198.51.100.7 41000 typ srflx raddr 0.0.0.0 rport 0"},
    {"candidate:1876313031 1 tcp 1518151935 2001:db8::7 9 typ host tcptype active generation 0",
     CEPA_CANDIDATE_HOST, CEPA_CANDIDATE_TCP_ACTIVE, 1518151935, "2001:db8::7", 9,
     "candidate:1876313031 1 TCP 1518151935 2001:db8::7 9 typ host tcptype active"},
    {"candidate:7 1 tcp 1518214911 203.0.113.9 60677 typ host tcptype passive generation 0",
     CEPA_CANDIDATE_HOST, CEPA_CANDIDATE_TCP_PASSIVE, 1518214911, "203.0.113.9", 60677,
     "candidate:7 1 TCP 1518214911 203.0.113.9 60677 typ host tcptype passive"},
    {"candidate:9 1 udp 41885695 203.0.113.9 3478 typ relay raddr 198.51.100.7 rport 41000",
     CEPA_CANDIDATE_RELAY, CEPA_CANDIDATE_UDP, 41885695, "203.0.113.9", 3478,
     "candidate:9 1 UDP 41885695 203.0.113.9 3478 typ relay raddr 0.0.0.0 rport 0"},
    /* Firefox */
    {"candidate:2 1 TCP 2105524479 0F1E2D3C-4B5A-4697-8879-A0B1C2D3E4F5.LOCAL 9 typ host tcptype "
     "active",
     CEPA_CANDIDATE_HOST, CEPA_CANDIDATE_TCP_ACTIVE, 2105524479, "", 9,
     "candidate:2 1 TCP 2105524479 " NAME " 9 typ host tcptype active"},
    /* who connects has no port, whatever is said */
    {"candidate:2 1 TCP 5 192.0.2.1 0 typ host tcptype active", CEPA_CANDIDATE_HOST,
     CEPA_CANDIDATE_TCP_ACTIVE, 5, "192.0.2.1", 9,
     "candidate:2 1 TCP 5 192.0.2.1 9 typ host tcptype active"},
    /* werift */
    {"candidate:9c29a2bc887618212a1623bfa 1 udp 2116026367 fd00::2 49479 typ host generation 0 "
     "ufrag 6a0e",
     CEPA_CANDIDATE_HOST, CEPA_CANDIDATE_UDP, 2116026367, "fd00::2", 49479,
     "candidate:9c29a2bc887618212a1623bfa 1 UDP 2116026367 fd00::2 49479 typ host"},
    /* the longest */
    {"candidate:abcdefghijklmnopqrstuvwxyz012345 1 tcp 4294967295 "
     "2001:db8:1111:2222:3333:4444:5555:6666 65535 typ prflx raddr :: rport 0 tcptype passive",
     CEPA_CANDIDATE_PRFLX, CEPA_CANDIDATE_TCP_PASSIVE, UINT32_MAX,
     "2001:db8:1111:2222:3333:4444:5555:6666", 65535,
     "candidate:abcdefghijklmnopqrstuvwxyz012345 1 TCP 4294967295 "
     "2001:db8:1111:2222:3333:4444:5555:6666 65535 typ prflx raddr :: rport 0 tcptype passive"},
};

TEST(lines_of_browsers_are_read)
{
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        const struct sample *sample = &samples[i];
        struct cepa_candidate candidate;
        struct cepa_candidate again;
        char text[CEPA_CANDIDATE_TEXT_SIZE];
        char ip[CEPA_NET_ADDRESS_TEXT_SIZE];
        CHECK_INT(cepa_candidate_decode(&candidate, sample->line, strlen(sample->line)), 1);
        CHECK_INT(candidate.type, sample->type);
        CHECK_INT(candidate.transport, sample->transport);
        CHECK_INT(candidate.priority, sample->priority);
        CHECK_INT(candidate.address.port, sample->port);
        cepa_net_address_ip_encode(ip, &candidate.address);
        CHECK(strcmp(ip, sample->ip) == 0);
        CHECK_INT(candidate.has_name, sample->ip[0] == '\0');
        CHECK_INT(cepa_candidate_encode(text, &candidate), 0);
        if (strcmp(text, sample->again) != 0) {
            test_note("%s", text);
        }
        CHECK(strcmp(text, sample->again) == 0);
        CHECK_INT(cepa_candidate_decode(&again, text, strlen(text)), 1);
        CHECK(candidates_same(&candidate, &again));
    }
}

TEST(candidates_of_no_use_are_passed_over)
{
    static const char *const lines[] = {
        "candidate:1 2 UDP 5 192.0.2.1 5 typ host",
        "candidate:1 256 UDP 5 192.0.2.1 5 typ host",
        "candidate:1 1 SCTP 5 192.0.2.1 5 typ host",
        "candidate:1 1 ssltcp 5 192.0.2.1 443 typ host",
        "candidate:1 1 TCP 5 192.0.2.1 5 typ host",
        "candidate:1 1 TCP 5 192.0.2.1 5 typ host tcptype so",
        "candidate:1 1 UDP 5 192.0.2.1 5 typ token",
        "candidate:1 1 UDP 5 192.0.2.1 0 typ host",
        "candidate:1 1 UDP 5 0.0.0.0 5 typ host",
        "candidate:1 1 UDP 5 224.0.0.1 5 typ host",
        "candidate:1 1 UDP 5 255.255.255.255 5 typ host",
        "candidate:1 1 UDP 5 :: 5 typ host",
        "candidate:1 1 UDP 5 ff02::1 5 typ host",
        "candidate:1 1 UDP 5 ::ffff:192.0.2.1 5 typ host",
        "candidate:1 1 UDP 5 node.example 5 typ host",
        "candidate:1 1 UDP 5 printer.local 5 typ host",
        "candidate:1 1 UDP 5 0f1e2d3c-4b5a-4697-8879-a0b1c2d3e4f.local 5 typ host",
        "candidate:1 1 UDP 5 0f1e2d3c04b5a-4697-8879-a0b1c2d3e4f5.local 5 typ host",
        "candidate:1 1 UDP 5 0f1e2d3c-4b5a-4697-8879-a0b1c2d3e4g5.local 5 typ host",
        "candidate:1 1 UDP 5 0f1e2d3c-4b5a-4697-8879-a0b1c2d3e4f5.lokal 5 typ host",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct cepa_candidate candidate = {.priority = 77};
        CHECK_INT(cepa_candidate_decode(&candidate, lines[i], strlen(lines[i])), 0);
        CHECK_INT(candidate.priority, 77);
    }
}

TEST(what_is_no_candidate_is_refused)
{
    static const char *const lines[] = {
        "",
        "candidate:",
        "a=candidate:1 1 UDP 5 192.0.2.1 5 typ host",
        "Candidate:1 1 UDP 5 192.0.2.1 5 typ host",
        "candidate: 1 UDP 5 192.0.2.1 5 typ host",
        "candidate:1_ 1 UDP 5 192.0.2.1 5 typ host",
        "candidate:abcdefghijklmnopqrstuvwxyz0123456 1 UDP 5 192.0.2.1 5 typ host",
        "candidate:1 0 UDP 5 192.0.2.1 5 typ host",
        "candidate:1 x UDP 5 192.0.2.1 5 typ host",
        "candidate:1 1  5 192.0.2.1 5 typ host",
        "candidate:1 1 UDP 0 192.0.2.1 5 typ host",
        "candidate:1 1 UDP -5 192.0.2.1 5 typ host",
        "candidate:1 1 UDP 5 192.0.2.1 65536 typ host",
        "candidate:1 1 UDP 5 192.0.2.1 x typ host",
        "candidate:1 1 UDP 5 192.0.2.1:5 5 typ host",
        "candidate:1 1 UDP 5 192.0.2 5 typ host",
        "candidate:1 1 UDP 5 300.0.2.1 5 typ host",
        "candidate:1 1 UDP 5 [::1] 5 typ host",
        "candidate:1 1 UDP 5 fe80::1%1 5 typ host",
        "candidate:1 1 UDP 5  5 typ host",
        "candidate:1 1 UDP 5 192.0.2.1 5 type host",
        "candidate:1 1 UDP 5 192.0.2.1 5 host",
        "candidate:1 1 UDP 5 192.0.2.1 5 typ",
        "candidate:1 1 UDP 5 192.0.2.1 5 typ ",
        "candidate:1 1 UDP 5 192.0.2.1 5",
        "candidate:1 1 UDP 5 192.0.2.1",
        "candidate:1\t1\tUDP\t5\t192.0.2.1\t5\ttyp\thost",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct cepa_candidate candidate = {.priority = 77};
        if (cepa_candidate_decode(&candidate, lines[i], strlen(lines[i])) != CEPA_ERR_MALFORMED) {
            test_note("%s", lines[i]);
        }
        CHECK_INT(cepa_candidate_decode(&candidate, lines[i], strlen(lines[i])),
                  CEPA_ERR_MALFORMED);
        CHECK_INT(candidate.priority, 77);
    }
}

/* The final zero of a string ends no line: every part is looked at with its length. */
TEST(every_cut_is_refused_or_shorter)
{
    const char *line = samples[1].line;
    size_t whole = strlen("candidate:3471623853 1 udp 2122194687 " NAME " 64541 typ host");
    for (size_t len = 0; len < strlen(line); len++) {
        struct cepa_candidate candidate;
        int result = cepa_candidate_decode(&candidate, line, len);
        CHECK_INT(result, len >= whole ? 1 : len > whole - strlen("host") ? 0 : CEPA_ERR_MALFORMED);
    }
}

TEST(wrong_candidates_are_not_written)
{
    const struct cepa_candidate good =
        descriptions_candidate(CEPA_CANDIDATE_HOST, CEPA_CANDIDATE_UDP, 5, "192.0.2.1:5");
    char text[CEPA_CANDIDATE_TEXT_SIZE];
    struct cepa_candidate bad[10];
    for (size_t i = 0; i < 10; i++) {
        bad[i] = good;
    }
    bad[0].type = (enum cepa_candidate_type)4;
    bad[1].transport = (enum cepa_candidate_transport)3;
    bad[2].priority = 0;
    bad[3].address.port = 0;
    bad[4].address.family = CEPA_NET_ADDRESS_NONE;
    bad[5].has_name = true;
    bad[6].name[15] = 1;
    bad[7].foundation[0] = '\0';
    memcpy(bad[8].foundation, "1 1\r\na=x", 9);
    memset(bad[9].foundation, 'a', sizeof bad[9].foundation);
    CHECK_INT(cepa_candidate_encode(text, &good), 0);
    for (size_t i = 0; i < 10; i++) {
        CHECK_INT(cepa_candidate_encode(text, &bad[i]), CEPA_ERR_ARGUMENT);
    }
    struct cepa_candidate active = good;
    active.transport = CEPA_CANDIDATE_TCP_ACTIVE;
    CHECK(!cepa_candidate_is_valid(&active));
}

TEST(foundations_can_be_numbers)
{
    struct cepa_candidate candidate = {.priority = 1};
    cepa_candidate_number_foundation(&candidate, UINT32_MAX);
    CHECK(strcmp(candidate.foundation, "4294967295") == 0);
}

TEST_MAIN(RUN(priorities_are_those_of_the_standards), RUN(pairs_have_one_priority_on_both_sides),
          RUN(lines_of_browsers_are_read), RUN(candidates_of_no_use_are_passed_over),
          RUN(what_is_no_candidate_is_refused), RUN(every_cut_is_refused_or_shorter),
          RUN(wrong_candidates_are_not_written), RUN(foundations_can_be_numbers))
