/* SDP line by line: what each line may be, what is wrong and how it is named, and what counts when
 * something is said twice. */
#include <stdio.h>
#include <string.h>

#include "native/webrtc/sdp.h"
#include "support/test.h"

#define HASH                                                                                       \
    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"                                             \
    "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F"
#define HASH_OTHER                                                                                 \
    "FF:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"                                             \
    "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F"

/* Builds a text from lines, of which one may be left out, replaced, or followed by others. */
static const char *const lines[] = {"v=0",
                                    "o=- 1 1 IN IP4 0.0.0.0",
                                    "s=-",
                                    "t=0 0",
                                    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
                                    "c=IN IP4 0.0.0.0",
                                    "a=mid:0",
                                    "a=ice-ufrag:5f22",
                                    "a=ice-pwd:c26474fa578374e367fdb2",
                                    "a=fingerprint:sha-256 " HASH,
                                    "a=setup:actpass",
                                    "a=sctp-port:5000",
                                    "a=max-message-size:65536",
                                    "a=candidate:1 1 UDP 5 192.0.2.1 5 typ host"};

enum { LINES = sizeof lines / sizeof lines[0], END = LINES - 1 };

static char built[CEPA_SDP_READ_MAX + 4096];

static int decode_with(struct cepa_description *ret_description, size_t at, const char *instead)
{
    size_t len = 0;
    for (size_t i = 0; i < LINES; i++) {
        const char *line = i == at ? instead : lines[i];
        if (line != NULL) {
            len += (size_t)snprintf(built + len, sizeof built - len, "%s\n", line);
        }
    }
    return cepa_sdp_decode(ret_description, true, built, len);
}

/* Which line of `lines` begins so. */
static size_t line_of(const char *beginning)
{
    size_t i = 0;
    while (i < LINES && strncmp(lines[i], beginning, strlen(beginning)) != 0) {
        i++;
    }
    CHECK(i < LINES);
    return i;
}

/* What each line may be replaced by. */
static const struct {
    const char *line;
    const char *instead; /* NULL: the line is missing */
    int result;
} wrong[] = {
    {"v=0", NULL, CEPA_ERR_MALFORMED},
    {"v=0", "v=1", CEPA_ERR_MALFORMED},
    {"v=0", " v=0", CEPA_ERR_MALFORMED},
    {"o=", NULL, 0},
    {"o=", "o", CEPA_ERR_MALFORMED},
    {"o=", "O=", CEPA_ERR_MALFORMED},
    {"o=", "oo=", CEPA_ERR_MALFORMED},
    {"o=", "<html>", CEPA_ERR_MALFORMED},
    {"o=", "o=a\rb", CEPA_ERR_MALFORMED},
    {"o=", "o=a\x01", CEPA_ERR_MALFORMED},
    {"o=", "", 0},
    {"m=", NULL, CEPA_ERR_MISSING},
    {"m=", "m=audio 9 UDP/TLS/RTP/SAVPF 111", CEPA_ERR_UNSUPPORTED},
    {"m=", "m=video 0 UDP/TLS/RTP/SAVPF 96", CEPA_ERR_UNSUPPORTED},
    {"m=", "m=application 9 DTLS/SCTP 5000", CEPA_ERR_UNSUPPORTED},
    {"m=", "m=application 9 UDP/BFCP *", CEPA_ERR_UNSUPPORTED},
    {"m=", "m=application 9 UDP/DTLS/SCTP webrtc-datachannel 5", CEPA_ERR_UNSUPPORTED},
    {"m=", "m=application 9 UDP/DTLS/SCTP", CEPA_ERR_UNSUPPORTED},
    {"m=", "m=application 0 UDP/DTLS/SCTP webrtc-datachannel", CEPA_ERR_UNSUPPORTED},
    {"m=", "m=application 70000 UDP/DTLS/SCTP webrtc-datachannel", CEPA_ERR_MALFORMED},
    {"m=", "m=application x UDP/DTLS/SCTP webrtc-datachannel", CEPA_ERR_MALFORMED},
    {"m=", "m=application", CEPA_ERR_MALFORMED},
    {"m=", "m=application 9 TCP/DTLS/SCTP webrtc-datachannel", 0},
    {"c=", "m=application 9 UDP/DTLS/SCTP webrtc-datachannel", CEPA_ERR_UNSUPPORTED},
    {"c=", "m=audio 9 UDP/TLS/RTP/SAVPF 111", CEPA_ERR_UNSUPPORTED},
    {"a=mid", NULL, 0},
    {"a=mid", "a=mid:data", 0},
    {"a=mid", "a=mid:", CEPA_ERR_MALFORMED},
    {"a=mid", "a=mid:a b", CEPA_ERR_MALFORMED},
    {"a=mid", "a=mid:012345678901234567890123456789012", CEPA_ERR_MALFORMED},
    {"a=mid", "a=mid:0\na=mid:0", CEPA_ERR_MALFORMED},
    {"a=ice-ufrag", NULL, CEPA_ERR_MISSING},
    {"a=ice-ufrag", "a=ice-ufrag", CEPA_ERR_MALFORMED},
    {"a=ice-ufrag", "a=ice-ufrag:abc", CEPA_ERR_MALFORMED},
    {"a=ice-ufrag", "a=ice-ufrag:ab-d", CEPA_ERR_MALFORMED},
    {"a=ice-ufrag", "a=ice-ufrag:abcd\na=ice-ufrag:abcd", CEPA_ERR_MALFORMED},
    {"a=ice-pwd", NULL, CEPA_ERR_MISSING},
    {"a=ice-pwd", "a=ice-pwd:012345678901234567890", CEPA_ERR_MALFORMED},
    {"a=ice-pwd", "a=ice-pwd:0123456789012345678901 ", CEPA_ERR_MALFORMED},
    {"a=fingerprint", NULL, CEPA_ERR_MISSING},
    {"a=fingerprint", "a=fingerprint:sha-1 00:11:22", CEPA_ERR_UNSUPPORTED},
    {"a=fingerprint", "a=fingerprint:sha-256 00:11:22", CEPA_ERR_MALFORMED},
    {"a=fingerprint", "a=fingerprint:sha-256  " HASH, CEPA_ERR_MALFORMED},
    {"a=fingerprint", "a=fingerprint:sha-256 " HASH " ", CEPA_ERR_MALFORMED},
    {"a=fingerprint", "a=fingerprint:SHA-256 " HASH, 0},
    {"a=fingerprint", "a=fingerprint:sha-512 00\na=fingerprint:sha-256 " HASH, 0},
    {"a=fingerprint", "a=fingerprint:sha-256 " HASH "\na=fingerprint:sha-1 00", 0},
    {"a=fingerprint", "a=fingerprint:sha-256 " HASH "\na=fingerprint:sha-256 " HASH, 0},
    {"a=fingerprint", "a=fingerprint:sha-256 " HASH "\na=fingerprint:sha-256 " HASH_OTHER,
     CEPA_ERR_UNSUPPORTED},
    {"a=setup", NULL, CEPA_ERR_MISSING},
    {"a=setup", "a=setup:holdconn", CEPA_ERR_MALFORMED},
    {"a=setup", "a=setup:Active", CEPA_ERR_MALFORMED},
    {"a=setup", "a=setup:active", 0},
    {"a=setup", "a=setup:active\na=setup:passive", CEPA_ERR_MALFORMED},
    {"a=sctp-port", NULL, 0},
    {"a=sctp-port", "a=sctp-port:0", CEPA_ERR_MALFORMED},
    {"a=sctp-port", "a=sctp-port:65536", CEPA_ERR_MALFORMED},
    {"a=sctp-port", "a=sctp-port:5000 ", CEPA_ERR_MALFORMED},
    {"a=max-message-size", "a=max-message-size:-1", CEPA_ERR_MALFORMED},
    {"a=max-message-size", "a=max-message-size:", CEPA_ERR_MALFORMED},
    {"a=candidate", NULL, 0},
    {"a=candidate", "a=candidate:1 1 UDP 5 192.0.2.1", CEPA_ERR_MALFORMED},
    {"a=candidate", "a=candidate", CEPA_ERR_MALFORMED},
    {"a=candidate", "a=end-of-candidates", 0},
    {"a=candidate", "a=end-of-candidates:", 0},
    {"a=candidate", "a=end-of-candidates:x", CEPA_ERR_MALFORMED},
    {"a=candidate", "a=ice-lite:x", CEPA_ERR_MALFORMED},
    {"a=candidate", "a=ice-options:", 0},
    {"a=candidate", "a=unknown:\xff\xfe", 0},
    {"a=candidate", "a=", 0},
};

TEST(what_is_wrong_is_named)
{
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct cepa_description description = {.skipped_len = 77};
        int result = decode_with(&description, line_of(wrong[i].line), wrong[i].instead);
        if (result != wrong[i].result) {
            test_note("%s -> %s", wrong[i].line, wrong[i].instead ? wrong[i].instead : "nothing");
        }
        CHECK_INT(result, wrong[i].result);
        CHECK_INT(description.skipped_len, result == 0 ? 0 : 77);
    }
}

static void check_hash(const struct cepa_description *description)
{
    for (unsigned i = 0; i < 16; i++) {
        CHECK_INT(description->fingerprint.bytes[i], 0x11 * i);
        CHECK_INT(description->fingerprint.bytes[16 + i], i);
    }
}

TEST(message_sizes_have_their_meanings)
{
    static const struct {
        const char *line;
        uint32_t size;
    } cases[] = {{NULL, 65536},
                 {"a=max-message-size:0", 0},
                 {"a=max-message-size:1", 1},
                 {"a=max-message-size:4294967295", UINT32_MAX},
                 {"a=max-message-size:18446744073709551615", UINT32_MAX}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cepa_description description;
        CHECK_INT(decode_with(&description, line_of("a=max-message-size"), cases[i].line), 0);
        CHECK_INT(description.max_message_size, cases[i].size);
    }
}

/* What a section says counts before what the session says. */
TEST(attributes_stand_in_the_session_or_in_the_section)
{
    struct cepa_description description;
    CHECK_INT(decode_with(&description, line_of("t=0"),
                          "a=ice-ufrag:session\na=ice-pwd:sessionsessionsession1\na=setup:passive\n"
                          "a=ice-lite\na=ice-options:ice2 trickle\n"
                          "a=fingerprint:sha-256 " HASH_OTHER),
              0);
    CHECK(strcmp(description.credentials.ufrag, "5f22") == 0);
    CHECK(strcmp(description.credentials.pwd, "c26474fa578374e367fdb2") == 0);
    CHECK_INT(description.setup, CEPA_SETUP_ACTPASS);
    CHECK(description.is_lite && description.does_trickle);
    check_hash(&description);
    static const char session_only[] = "v=0\n"
                                       "a=ice-ufrag:session\n"
                                       "a=ice-pwd:sessionsessionsession1\n"
                                       "a=setup:passive\n"
                                       "a=fingerprint:sha-256 " HASH "\n"
                                       "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\n";
    CHECK_INT(cepa_sdp_decode(&description, false, session_only, strlen(session_only)), 0);
    CHECK(strcmp(description.credentials.ufrag, "session") == 0);
    CHECK_INT(description.setup, CEPA_SETUP_PASSIVE);
    CHECK(!description.does_trickle && !description.is_complete);
    check_hash(&description);
    /* also without the last line's end */
    CHECK_INT(cepa_sdp_decode(&description, false, session_only, strlen(session_only) - 1), 0);
}

TEST(candidates_of_no_use_are_counted)
{
    struct cepa_description description;
    CHECK_INT(decode_with(&description, END,
                          "a=candidate:1 1 UDP 5 192.0.2.1 5 typ host\n"
                          "a=candidate:1 2 UDP 5 192.0.2.1 6 typ host\n"
                          "a=candidate:1 1 UDP 5 node.example 5 typ host\n"
                          "a=candidate:1 1 UDP 4 192.0.2.1 5 typ host"),
              0);
    CHECK_INT(description.candidates_len, 1);
    CHECK_INT(description.skipped_len, 3);
    size_t len = strlen(built);
    for (unsigned i = 0; i < 20; i++) {
        len += (size_t)snprintf(built + len, sizeof built - len,
                                "a=candidate:1 1 UDP %u 192.0.2.2 %u typ host\n", 100 + i, 10 + i);
    }
    CHECK_INT(cepa_sdp_decode(&description, true, built, len), 0);
    CHECK_INT(description.candidates_len, CEPA_DESCRIPTION_CANDIDATES_MAX);
    CHECK_INT(description.candidates[0].priority, 119);
    CHECK_INT(description.skipped_len, 14);
}

TEST(texts_are_bounded)
{
    struct cepa_description description;
    CHECK_INT(decode_with(&description, END, "a=end-of-candidates"), 0);
    size_t len = strlen(built);
    memset(built + len, '\n', sizeof built - len);
    CHECK_INT(cepa_sdp_decode(&description, true, built, CEPA_SDP_READ_MAX), 0);
    CHECK_INT(cepa_sdp_decode(&description, true, built, CEPA_SDP_READ_MAX + 1), CEPA_ERR_TOO_LONG);
    CHECK_INT(cepa_sdp_fragment_decode(&description, built, CEPA_SDP_READ_MAX + 1),
              CEPA_ERR_TOO_LONG);
    CHECK_INT(cepa_sdp_decode(&description, true, "", 0), CEPA_ERR_MALFORMED);
}

TEST_MAIN(RUN(what_is_wrong_is_named), RUN(message_sizes_have_their_meanings),
          RUN(attributes_stand_in_the_session_or_in_the_section),
          RUN(candidates_of_no_use_are_counted), RUN(texts_are_bounded))
