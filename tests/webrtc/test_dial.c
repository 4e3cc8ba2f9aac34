/* Dialling by address alone: what a password depends on, and the answer that a dialler composes. */
#include <string.h>

#include "native/webrtc/dial.h"
#include "native/webrtc/ice_chars.h"
#include "native/webrtc/sdp.h"
#include "support/test.h"

static struct cepa_dial_address address_of(const char *text)
{
    struct cepa_dial_address address;
    memset(&address, 0, sizeof address);
    CHECK_INT(cepa_net_address_decode(&address.address, text, strlen(text)), 0);
    for (unsigned i = 0; i < 32; i++) {
        address.certificate.bytes[i] = (uint8_t)(i + 1);
        address.secret.bytes[i % 16] = (uint8_t)(100 + i);
    }
    return address;
}

TEST(passwords_depend_on_everything)
{
    static const char *const ufrags[] = {"abcd", "abce", "abcde"};
    char passwords[5][CEPA_DIAL_PASSWORD_SIZE];
    struct cepa_dial_address address = address_of("192.0.2.1:4433");
    for (size_t i = 0; i < 3; i++) {
        cepa_dial_password(passwords[i], &address.secret, &address.certificate, ufrags[i],
                           strlen(ufrags[i]));
    }
    address.certificate.bytes[31] ^= 1;
    cepa_dial_password(passwords[3], &address.secret, &address.certificate, "abcd", 4);
    address.secret.bytes[15] ^= 1;
    cepa_dial_password(passwords[4], &address.secret, &address.certificate, "abcd", 4);
    for (size_t i = 0; i < 5; i++) {
        CHECK_INT(strlen(passwords[i]), CEPA_DIAL_PASSWORD_LEN);
        CHECK(cepa_ice_chars_are(passwords[i], CEPA_DIAL_PASSWORD_LEN));
        for (size_t j = 0; j < i; j++) {
            CHECK(strcmp(passwords[i], passwords[j]) != 0);
        }
    }
}

TEST(an_answer_says_what_the_address_says)
{
    const struct cepa_dial_address address = address_of("[2001:db8::1]:4433");
    struct cepa_description answer;
    char password[CEPA_DIAL_PASSWORD_SIZE];
    CHECK_INT(cepa_dial_answer(&answer, &address, "abcd", 4, false), 0);
    cepa_dial_password(password, &address.secret, &address.certificate, "abcd", 4);
    CHECK(!answer.is_offer && answer.is_lite && answer.is_complete && !answer.does_trickle);
    CHECK_INT(answer.setup, CEPA_SETUP_PASSIVE);
    CHECK(strcmp(answer.credentials.ufrag, "abcd") == 0);
    CHECK(strcmp(answer.credentials.pwd, password) == 0);
    CHECK_BYTES(&answer.fingerprint, &address.certificate, 32);
    CHECK_INT(answer.candidates_len, 1);
    CHECK_INT(answer.candidates[0].transport, CEPA_CANDIDATE_UDP);
    CHECK_INT(answer.candidates[0].priority, 2130706431);
    CHECK(cepa_net_address_is_equal(&answer.candidates[0].address, &address.address));
    CHECK_INT(cepa_dial_answer(&answer, &address, "abcd", 4, true), 0);
    CHECK_INT(answer.candidates_len, 2);
    CHECK_INT(answer.candidates[1].transport, CEPA_CANDIDATE_TCP_PASSIVE);
    CHECK(cepa_net_address_is_equal(&answer.candidates[1].address, &address.address));
}

/* What a page would build of the same. */
TEST(its_text_is_the_one_that_browsers_took)
{
    static const char beginning[] = "v=0\r\n"
                                    "o=- 1 1 IN IP4 0.0.0.0\r\n"
                                    "s=-\r\n"
                                    "t=0 0\r\n"
                                    "a=ice-lite\r\n"
                                    "m=application 4433 UDP/DTLS/SCTP webrtc-datachannel\r\n"
                                    "c=IN IP4 0.0.0.0\r\n"
                                    "a=mid:0\r\n"
                                    "a=ice-ufrag:abcd\r\n"
                                    "a=ice-pwd:";
    static const char end[] = "a=setup:passive\r\n"
                              "a=sctp-port:5000\r\n"
                              "a=max-message-size:262144\r\n"
                              "a=candidate:1 1 UDP 2130706431 192.0.2.1 4433 typ host\r\n"
                              "a=end-of-candidates\r\n";
    const struct cepa_dial_address address = address_of("192.0.2.1:4433");
    struct cepa_description answer;
    char text[CEPA_SDP_TEXT_SIZE];
    size_t len = 0;
    CHECK_INT(cepa_dial_answer(&answer, &address, "abcd", 4, false), 0);
    CHECK_INT(cepa_sdp_encode(text, &len, &answer), 0);
    CHECK(strncmp(text, beginning, strlen(beginning)) == 0);
    CHECK(strcmp(text + len - strlen(end), end) == 0);
}

TEST(what_cannot_be_dialled_is_refused)
{
    static const char *const places[] = {"0.0.0.0:1", "192.0.2.1:0", "224.0.0.1:5", "[::]:5"};
    struct cepa_description answer = {.sctp_port = 77};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        const struct cepa_dial_address address = address_of(places[i]);
        CHECK_INT(cepa_dial_answer(&answer, &address, "abcd", 4, true), CEPA_ERR_MALFORMED);
    }
    const struct cepa_dial_address address = address_of("192.0.2.1:4433");
    CHECK_INT(cepa_dial_answer(&answer, &address, "abc", 3, false), CEPA_ERR_MALFORMED);
    CHECK_INT(cepa_dial_answer(&answer, &address, "ab:d", 4, false), CEPA_ERR_MALFORMED);
    CHECK_INT(answer.sctp_port, 77);
}

TEST_MAIN(RUN(passwords_depend_on_everything), RUN(an_answer_says_what_the_address_says),
          RUN(its_text_is_the_one_that_browsers_took), RUN(what_cannot_be_dialled_is_refused))
