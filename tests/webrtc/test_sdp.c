/* SDP as the stacks of the field write it, what we write for them byte for byte, and bad texts. The
 * samples have the lines of those stacks in their order, with values of our own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "native/webrtc/sdp.h"
#include "support/descriptions.h"
#include "support/test.h"

#define NAME "0f1e2d3c-4b5a-4697-8879-a0b1c2d3e4f5.local"
#define HASH                                                                                       \
    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"                                             \
    "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F"
static const char chromium_offer[] =
    "v=0\r\n"
    "o=- 4611731400430051336 2 IN IP4 127.0.0.1\r\n"
    "s=-\r\n"
    "t=0 0\r\n"
    "a=group:BUNDLE 0\r\n"
    "a=extmap-allow-mixed\r\n"
    "a=msid-semantic: WMS\r\n"
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
    "c=IN IP4 0.0.0.0\r\n"
    "a=candidate:3471623853 1 udp 2122194687 " NAME
    " 64541 typ host generation 0 network-id 1 network-cost 999\r\n"
    "a=candidate:2461017261 1 tcp 1518214911 " NAME
    " 9 typ host tcptype active generation 0 network-id 1 network-cost 999\r\n"
    "a=ice-ufrag:4ZcD\r\n"
    "a=ice-pwd:2/1muCWoOi3uLifh0NuRHlzc\r\n"
    "a=ice-options:trickle\r\n"
    "a=fingerprint:sha-256 " HASH "\r\n"
    "a=setup:actpass\r\n"
    "a=mid:0\r\n"
    "a=sctp-port:5000\r\n"
    "a=max-message-size:262144\r\n";

static const char libwebrtc_answer[] =
    "v=0\r\n"
    "o=- 6691494237418997189 2 IN IP4 127.0.0.1\r\n"
    "s=-\r\n"
    "t=0 0\r\n"
    "a=group:BUNDLE 0\r\n"
    "a=extmap-allow-mixed\r\n"
    "a=msid-semantic: WMS\r\n"
    "m=application 40331 UDP/DTLS/SCTP webrtc-datachannel\r\n"
    "c=IN IP4 192.0.2.2\r\n"
    "a=candidate:3077952869 1 udp 2122265343 fd00::2 60848 typ host generation 0 network-id 2\r\n"
    "a=candidate:3229573512 1 udp 2122194687 192.0.2.2 40331 typ host generation 0 network-id 1\r\n"
    "a=candidate:1510613869 1 udp 2122063615 127.0.0.1 36341 typ host generation 0 network-id 3\r\n"
    "a=candidate:4193659285 1 tcp 1518285567 fd00::2 35443 typ host tcptype passive generation 0 "
    "network-id 2\r\n"
    "a=ice-ufrag:Fu+D\r\n"
    "a=ice-pwd:ai3x3J1Wh1LwJYWzZ8HRmvoZ\r\n"
    "a=ice-options:trickle\r\n"
    "a=fingerprint:sha-256 " HASH "\r\n"
    "a=setup:active\r\n"
    "a=mid:0\r\n"
    "a=sctp-port:5000\r\n"
    "a=max-message-size:262144\r\n";

static const char firefox_offer[] =
    "v=0\r\n"
    "o=mozilla...THIS_IS_SDPARTA-99.0 8471842374281054021 0 IN IP4 0.0.0.0\r\n"
    "s=-\r\n"
    "t=0 0\r\n"
    "a=fingerprint:sha-256 " HASH "\r\n"
    "a=group:BUNDLE 0\r\n"
    "a=ice-options:trickle\r\n"
    "a=msid-semantic:WMS *\r\n"
    "m=application 50411 UDP/DTLS/SCTP webrtc-datachannel\r\n"
    "c=IN IP4 198.51.100.7\r\n"
    "a=candidate:0 1 UDP 2122252543 " NAME " 50411 typ host\r\n"
    "a=candidate:2 1 TCP 2105524479 " NAME " 9 typ host tcptype active\r\n"
    "a=candidate:1 1 UDP 1686052863 198.51.100.7 50411 typ srflx raddr 0.0.0.0 rport 0\r\n"
    "a=sendrecv\r\n"
    "a=end-of-candidates\r\n"
    "a=ice-pwd:5c0ad9e2b9f36d5e1f2a3b4c5d6e7f80\r\n"
    "a=ice-ufrag:8f1d03c6\r\n"
    "a=mid:0\r\n"
    "a=setup:actpass\r\n"
    "a=sctp-port:5000\r\n"
    "a=max-message-size:1073741823\r\n";

static const char libdatachannel_offer[] =
    "v=0\r\n"
    "o=rtc 228600683 0 IN IP4 127.0.0.1\r\n"
    "s=-\r\n"
    "t=0 0\r\n"
    "a=group:BUNDLE 0\r\n"
    "a=msid-semantic:WMS *\r\n"
    "a=ice-options:ice2,trickle\r\n"
    "a=fingerprint:sha-256 " HASH "\r\n"
    "m=application 39922 UDP/DTLS/SCTP webrtc-datachannel\r\n"
    "c=IN IP4 192.0.2.2\r\n"
    "a=mid:0\r\n"
    "a=sendrecv\r\n"
    "a=sctp-port:5000\r\n"
    "a=max-message-size:262144\r\n"
    "a=setup:actpass\r\n"
    "a=ice-ufrag:Aw7J\r\n"
    "a=ice-pwd:D9Q/qaR0f0Y1m/l/duJ7la\r\n"
    "a=candidate:2 1 UDP 2116026111 fd00::2 39922 typ host\r\n"
    "a=candidate:1 1 UDP 2114977791 192.0.2.2 39922 typ host\r\n"
    "a=candidate:3 1 TCP 1289747967 fd00::2 9 typ host tcptype active\r\n"
    "a=end-of-candidates\r\n";

static const char werift_answer[] =
    "v=0\r\n"
    "o=- 40372635 0 IN IP4 0.0.0.0\r\n"
    "s=-\r\n"
    "t=0 0\r\n"
    "a=group:BUNDLE 0\r\n"
    "a=extmap-allow-mixed\r\n"
    "a=msid-semantic:WMS *\r\n"
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
    "c=IN IP4 0.0.0.0\r\n"
    "a=candidate:32b1715da3b0ef8ba684454eb 1 udp 2116026367 192.0.2.2 40985 typ host generation 0 "
    "ufrag 5f22\r\n"
    "a=candidate:9c29a2bc887618212a1623bfa 1 udp 2116026367 fd00::2 42663 typ host generation 0 "
    "ufrag 5f22\r\n"
    "a=end-of-candidates\r\n"
    "a=ice-ufrag:5f22\r\n"
    "a=ice-pwd:c26474fa578374e367fdb2\r\n"
    "a=ice-options:trickle\r\n"
    "a=fingerprint:sha-256 " HASH "\r\n"
    "a=setup:active\r\n"
    "a=mid:0\r\n"
    "a=sctp-port:5000\r\n"
    "a=max-message-size:65536\r\n";

/* What a sample says beside its candidates. */
struct sample {
    const char *text;
    bool is_offer;
    bool does_trickle;
    bool is_complete;
    enum cepa_setup setup;
    uint32_t max_message_size;
    const char *ufrag;
    const char *pwd;
    size_t candidates_len;
    const char *best; /* the IP of the best candidate, or "" if it is a name */
};

static const struct sample samples[] = {
    {chromium_offer, true, true, false, CEPA_SETUP_ACTPASS, 262144, "4ZcD",
     "2/1muCWoOi3uLifh0NuRHlzc", 2, ""},
    {libwebrtc_answer, false, true, false, CEPA_SETUP_ACTIVE, 262144, "Fu+D",
     "ai3x3J1Wh1LwJYWzZ8HRmvoZ", 4, "fd00::2"},
    {firefox_offer, true, true, true, CEPA_SETUP_ACTPASS, 1073741823, "8f1d03c6",
     "5c0ad9e2b9f36d5e1f2a3b4c5d6e7f80", 3, ""},
    {libdatachannel_offer, true, true, true, CEPA_SETUP_ACTPASS, 262144, "Aw7J",
     "D9Q/qaR0f0Y1m/l/duJ7la", 3, "fd00::2"},
    {werift_answer, false, true, true, CEPA_SETUP_ACTIVE, 65536, "5f22", "c26474fa578374e367fdb2",
     2, "192.0.2.2"},
};

static void check_hash(const struct cepa_description *description)
{
    for (unsigned i = 0; i < 16; i++) {
        CHECK_INT(description->fingerprint.bytes[i], 0x11 * i);
        CHECK_INT(description->fingerprint.bytes[16 + i], i);
    }
}

TEST(the_stacks_of_the_field_are_read)
{
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        const struct sample *sample = &samples[i];
        struct cepa_description description;
        char ip[CEPA_NET_ADDRESS_TEXT_SIZE];
        CHECK_INT(
            cepa_sdp_decode(&description, sample->is_offer, sample->text, strlen(sample->text)), 0);
        CHECK_INT(description.is_offer, sample->is_offer);
        CHECK(!description.is_lite);
        CHECK_INT(description.does_trickle, sample->does_trickle);
        CHECK_INT(description.is_complete, sample->is_complete);
        CHECK_INT(description.setup, sample->setup);
        CHECK_INT(description.sctp_port, 5000);
        CHECK_INT(description.max_message_size, sample->max_message_size);
        CHECK(strcmp(description.credentials.ufrag, sample->ufrag) == 0);
        CHECK(strcmp(description.credentials.pwd, sample->pwd) == 0);
        CHECK(strcmp(description.mid, "0") == 0);
        CHECK_INT(description.candidates_len, sample->candidates_len);
        CHECK_INT(description.skipped_len, 0);
        cepa_net_address_ip_encode(ip, &description.candidates[0].address);
        CHECK(strcmp(ip, sample->best) == 0);
        check_hash(&description);
    }
}

TEST(what_was_read_is_written_and_read_again)
{
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        const struct sample *sample = &samples[i];
        struct cepa_description description;
        struct cepa_description again;
        char text[CEPA_SDP_TEXT_SIZE];
        size_t len = 0;
        CHECK_INT(
            cepa_sdp_decode(&description, sample->is_offer, sample->text, strlen(sample->text)), 0);
        CHECK_INT(cepa_sdp_encode(text, &len, &description), 0);
        CHECK_INT(strlen(text), len);
        CHECK_INT(cepa_sdp_decode(&again, sample->is_offer, text, len), 0);
        CHECK(descriptions_same(&description, &again));
    }
}

static struct cepa_description own(void)
{
    struct cepa_description description;
    CHECK_INT(cepa_sdp_decode(&description, false, werift_answer, strlen(werift_answer)), 0);
    return description;
}

/* The answer that a page composes for a node which it dials: this text is known to work in Chromium
 * and in Firefox. */
TEST(the_answer_of_a_dialled_node_is_this_text)
{
    static const char want[] = "v=0\r\n"
                               "o=- 1 1 IN IP4 0.0.0.0\r\n"
                               "s=-\r\n"
                               "t=0 0\r\n"
                               "a=ice-lite\r\n"
                               "m=application 4433 UDP/DTLS/SCTP webrtc-datachannel\r\n"
                               "c=IN IP4 0.0.0.0\r\n"
                               "a=mid:0\r\n"
                               "a=ice-ufrag:Xy+9\r\n"
                               "a=ice-pwd:0123456789abcdefABCDEF+/\r\n"
                               "a=fingerprint:sha-256 " HASH "\r\n"
                               "a=setup:passive\r\n"
                               "a=sctp-port:5000\r\n"
                               "a=max-message-size:262144\r\n"
                               "a=candidate:1 1 UDP 2130706431 203.0.113.5 4433 typ host\r\n"
                               "a=end-of-candidates\r\n";
    struct cepa_description description;
    struct cepa_description again;
    char text[CEPA_SDP_TEXT_SIZE];
    size_t len = 0;
    cepa_description_init(&description);
    description.is_lite = true;
    description.is_complete = true;
    description.setup = CEPA_SETUP_PASSIVE;
    description.fingerprint = own().fingerprint;
    CHECK_INT(
        cepa_description_set_credentials(&description, "Xy+9", 4, "0123456789abcdefABCDEF+/", 24),
        0);
    const struct cepa_candidate candidate = descriptions_candidate(
        CEPA_CANDIDATE_HOST, CEPA_CANDIDATE_UDP, 2130706431, "203.0.113.5:4433");
    cepa_description_add(&description, &candidate);
    CHECK_INT(cepa_sdp_encode(text, &len, &description), 0);
    CHECK(strcmp(text, want) == 0);
    CHECK_INT(cepa_sdp_decode(&again, false, text, len), 0);
    CHECK(descriptions_same(&description, &again));
}

TEST(the_offer_of_a_node_is_this_text)
{
    static const char want[] = "v=0\r\n"
                               "o=- 1 1 IN IP4 0.0.0.0\r\n"
                               "s=-\r\n"
                               "t=0 0\r\n"
                               "a=group:BUNDLE 0\r\n"
                               "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
                               "c=IN IP4 0.0.0.0\r\n"
                               "a=mid:0\r\n"
                               "a=ice-ufrag:5f22\r\n"
                               "a=ice-pwd:c26474fa578374e367fdb2\r\n"
                               "a=ice-options:trickle\r\n"
                               "a=fingerprint:sha-256 " HASH "\r\n"
                               "a=setup:actpass\r\n"
                               "a=sctp-port:5001\r\n"
                               "a=max-message-size:0\r\n";
    struct cepa_description description = own();
    char text[CEPA_SDP_TEXT_SIZE];
    size_t len = 0;
    description.is_offer = true;
    description.is_complete = false;
    description.setup = CEPA_SETUP_ACTPASS;
    description.sctp_port = 5001;
    description.max_message_size = 0;
    description.candidates_len = 0;
    CHECK_INT(cepa_sdp_encode(text, &len, &description), 0);
    CHECK(strcmp(text, want) == 0);
    description.sctp_port = 0;
    CHECK_INT(cepa_sdp_encode(text, &len, &description), CEPA_ERR_MALFORMED);
}

TEST(the_longest_text_fits)
{
    struct cepa_description description = own();
    char text[CEPA_SDP_TEXT_SIZE];
    char chars[256];
    size_t len = 0;
    memset(chars, 'x', sizeof chars);
    CHECK_INT(cepa_description_set_credentials(&description, chars, 256, chars, 256), 0);
    memset(description.mid, 'x', CEPA_MID_MAX);
    description.mid[CEPA_MID_MAX] = '\0';
    description.sctp_port = UINT16_MAX;
    description.max_message_size = UINT32_MAX;
    description.candidates_len = 0;
    for (unsigned i = 0; i < CEPA_DESCRIPTION_CANDIDATES_MAX; i++) {
        char place[64];
        (void)snprintf(place, sizeof place, "[2001:db8:1111:2222:3333:4444:5555:66%02u]:65535", i);
        struct cepa_candidate candidate = descriptions_candidate(
            CEPA_CANDIDATE_SRFLX, CEPA_CANDIDATE_TCP_PASSIVE, UINT32_MAX, place);
        memset(candidate.foundation, 'f', CEPA_CANDIDATE_FOUNDATION_MAX);
        cepa_description_add(&description, &candidate);
    }
    CHECK_INT(cepa_sdp_encode(text, &len, &description), 0);
    CHECK(len < CEPA_SDP_TEXT_SIZE);
    test_note("%zu of %d bytes", len, (int)CEPA_SDP_TEXT_SIZE);
    struct cepa_description again;
    CHECK_INT(cepa_sdp_decode(&again, false, text, len), 0);
    CHECK(descriptions_same(&description, &again));
}

TEST(an_answer_decides_who_begins)
{
    struct cepa_description description;
    CHECK_INT(cepa_sdp_decode(&description, false, firefox_offer, strlen(firefox_offer)),
              CEPA_ERR_MALFORMED);
}

/* A text that is cut somewhere is refused or says less, and nothing behind its end is read: each
 * cut gets memory of just its size. */
TEST(every_cut_is_safe)
{
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        for (size_t len = 0; len < strlen(samples[i].text); len++) {
            struct cepa_description description;
            char *exact = malloc(len > 0 ? len : 1);
            CHECK(exact != NULL);
            memcpy(exact, samples[i].text, len);
            if (cepa_sdp_decode(&description, samples[i].is_offer, exact, len) == 0) {
                CHECK_INT(cepa_description_check(&description), 0);
            }
            free(exact);
        }
    }
}

TEST(fragments_come_back)
{
    static const char want[] = "a=ice-ufrag:5f22\r\n"
                               "a=ice-pwd:c26474fa578374e367fdb2\r\n"
                               "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
                               "a=mid:0\r\n"
                               "a=candidate:1 1 UDP 5 192.0.2.1 5 typ host\r\n"
                               "a=end-of-candidates\r\n";
    struct cepa_description fragment = own();
    struct cepa_description again;
    char text[CEPA_SDP_TEXT_SIZE];
    size_t len = 0;
    const struct cepa_candidate candidate =
        descriptions_candidate(CEPA_CANDIDATE_HOST, CEPA_CANDIDATE_UDP, 5, "192.0.2.1:5");
    fragment.candidates_len = 0;
    cepa_description_add(&fragment, &candidate);
    CHECK_INT(cepa_sdp_fragment_encode(text, &len, &fragment), 0);
    CHECK(strcmp(text, want) == 0);
    CHECK_INT(cepa_sdp_fragment_decode(&again, text, len), 0);
    CHECK(strcmp(again.credentials.ufrag, "5f22") == 0);
    CHECK_INT(again.candidates_len, 1);
    CHECK(candidates_same(&again.candidates[0], &candidate));
    CHECK(again.is_complete);
    fragment.mid[0] = '\n';
    CHECK_INT(cepa_sdp_fragment_encode(text, &len, &fragment), CEPA_ERR_MALFORMED);
}

TEST(fragments_are_read_as_far_as_they_go)
{
    static const struct {
        const char *text;
        int result;
        size_t candidates_len;
        bool is_complete;
    } cases[] = {
        {"", 0, 0, false},
        {"a=end-of-candidates\n", 0, 0, true},
        {"a=candidate:1 1 UDP 5 192.0.2.1 5 typ host", 0, 1, false},
        {"m=application 9 UDP/DTLS/SCTP webrtc-datachannel\na=mid:0\n"
         "a=candidate:1 1 UDP 5 192.0.2.1 5 typ host\na=end-of-candidates",
         0, 1, true},
        {"a=ice-ufrag:5f22\na=ice-pwd:c26474fa578374e367fdb2", 0, 0, false},
        {"a=ice-ufrag:5f22", CEPA_ERR_MALFORMED, 0, false},
        {"m=audio 9 UDP/TLS/RTP/SAVPF 0\na=mid:0", CEPA_ERR_UNSUPPORTED, 0, false},
        {"a=candidate:1", CEPA_ERR_MALFORMED, 0, false},
        {"candidate:1 1 UDP 5 192.0.2.1 5 typ host", CEPA_ERR_MALFORMED, 0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cepa_description fragment = {.sctp_port = 77};
        CHECK_INT(cepa_sdp_fragment_decode(&fragment, cases[i].text, strlen(cases[i].text)),
                  cases[i].result);
        CHECK_INT(fragment.sctp_port, cases[i].result == 0 ? 5000 : 77);
        CHECK_INT(fragment.candidates_len, cases[i].candidates_len);
        CHECK_INT(fragment.is_complete, cases[i].is_complete);
    }
}

TEST_MAIN(RUN(the_stacks_of_the_field_are_read), RUN(what_was_read_is_written_and_read_again),
          RUN(the_answer_of_a_dialled_node_is_this_text), RUN(the_offer_of_a_node_is_this_text),
          RUN(the_longest_text_fits), RUN(an_answer_decides_who_begins),

          RUN(every_cut_is_safe), RUN(fragments_come_back),
          RUN(fragments_are_read_as_far_as_they_go))
