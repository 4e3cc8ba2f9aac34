/* Vectors of chapter 6: passwords of dialled nodes, offers as bytes with what they say and the SDP
 * that follows. CEPA_WRITE_VECTORS=1 writes docs/spec/vectors/dial.txt and offer.txt anew instead
 * of comparing. */
#include <stdio.h>
#include <string.h>

#include "native/webrtc/dial.h"
#include "native/webrtc/offer.h"
#include "native/webrtc/sdp.h"
#include "support/descriptions.h"
#include "support/test.h"
#include "support/vector_lines.h"

static void line_text(const char *name, int index, const char *text)
{
    vector_lines_bytes(name, index, text, strlen(text));
}

static void fill(uint8_t *ret_bytes, size_t len, unsigned first)
{
    for (size_t i = 0; i < len; i++) {
        ret_bytes[i] = (uint8_t)(first + 7 * i);
    }
}

TEST(passwords_of_dialled_nodes)
{
    static const char *const ufrags[] = {"4ZcD", "8f1d03c6", "abcdefghijklmnopqrstuvwxyz012345+/"};
    vector_lines_open("dial.txt");
    vector_lines_text("# Passwords that a dialler and a listening node derive. @[SPEC 6.2]");
    for (unsigned i = 0; i < 3; i++) {
        struct cepa_dial_secret secret;
        struct cepa_certificate_hash certificate;
        char password[CEPA_DIAL_PASSWORD_SIZE];
        fill(secret.bytes, sizeof secret.bytes, 11 + i);
        fill(certificate.bytes, sizeof certificate.bytes, 101 + i);
        cepa_dial_password(password, &secret, &certificate, ufrags[i], strlen(ufrags[i]));
        vector_lines_text("");
        vector_lines_bytes("secret", -1, secret.bytes, sizeof secret.bytes);
        vector_lines_bytes("certificate", -1, certificate.bytes, sizeof certificate.bytes);
        line_text("ufrag", -1, ufrags[i]);
        line_text("password", -1, password);
    }
    vector_lines_close();
}

/* A candidate of a sample. */
struct entry {
    enum cepa_candidate_type type;
    enum cepa_candidate_transport transport;
    const char *place; /* NULL ends the list */
};

struct sample {
    const char *what;
    bool is_offer;
    bool is_lite;
    bool does_trickle;
    bool is_complete;
    enum cepa_setup setup;
    uint16_t sctp_port;
    uint32_t max_message_size;
    const char *ufrag;
    const char *pwd;
    struct entry candidates[CEPA_DESCRIPTION_CANDIDATES_MAX];
};

#define NAME "0f1e2d3c-4b5a-4697-8879-a0b1c2d3e4f5"
#define HOST CEPA_CANDIDATE_HOST, CEPA_CANDIDATE_UDP
#define SRFLX CEPA_CANDIDATE_SRFLX, CEPA_CANDIDATE_UDP
#define HOST_ACTIVE CEPA_CANDIDATE_HOST, CEPA_CANDIDATE_TCP_ACTIVE
#define HOST_PASSIVE CEPA_CANDIDATE_HOST, CEPA_CANDIDATE_TCP_PASSIVE

static const struct sample samples[] = {
    {"# An offer without candidates, which will trickle.",
     true,
     false,
     true,
     false,
     CEPA_SETUP_ACTPASS,
     5000,
     262144,
     "4ZcD",
     "2/1muCWoOi3uLifh0NuRHlzc",
     {{HOST, NULL}}},
    {"# An answer of a node that listens.",
     false,
     true,
     false,
     true,
     CEPA_SETUP_PASSIVE,
     5000,
     262144,
     "Xy+9",
     "0123456789abcdefABCDEF+/",
     {{HOST, "203.0.113.5:443"}, {HOST_PASSIVE, "203.0.113.5:443"}, {HOST, NULL}}},
    {"# A browser's offer: names, a reflexive address, TCP.",
     true,
     false,
     true,
     false,
     CEPA_SETUP_ACTPASS,
     5000,
     1073741823,
     "8f1d03c6",
     "5c0ad9e2b9f36d5e1f2a3b4c5d6e7f80",
     {{HOST, NAME ":50411"},
      {SRFLX, "198.51.100.7:50411"},
      {HOST_ACTIVE, NAME ":9"},
      {CEPA_CANDIDATE_PRFLX, CEPA_CANDIDATE_UDP, "198.51.100.8:1"},
      {CEPA_CANDIDATE_RELAY, CEPA_CANDIDATE_UDP, "203.0.113.9:3478"},
      {HOST, NULL}}},
    {"# Addresses of four networks, some twice; three networks are remembered.",
     false,
     false,
     false,
     true,
     CEPA_SETUP_ACTIVE,
     5001,
     0,
     "abcd",
     "0123456789012345678901",
     {{HOST, "[2001:db8:0:1::1]:5000"},
      {HOST, "[2001:db8:0:1::2]:5000"},
      {HOST, "[2001:db8:0:2::1]:5000"},
      {HOST, "[2001:db8:0:3::1]:5000"},
      {HOST, "[2001:db8:0:4::1]:5000"},
      {HOST, "[2001:db8:0:3::2]:5000"},
      {SRFLX, "[2001:db8:0:2::1]:5001"},
      {HOST_PASSIVE, "[2001:db8:0:4::1]:5000"},
      {HOST_ACTIVE, "[2001:db8:0:1::2]:9"},
      {HOST, "192.0.2.1:5000"}}},
    {"# The worst case that the limit is made for: 200 bytes.",
     true,
     false,
     true,
     true,
     CEPA_SETUP_ACTPASS,
     5000,
     1073741823,
     "8f1d03c6",
     "5c0ad9e2b9f36d5e1f2a3b4c5d6e7f80",
     {{HOST, "192.0.2.1:5001"},
      {HOST, "[2001:db8:0:1::1]:5002"},
      {HOST, "192.0.2.2:5003"},
      {HOST, "[2001:db8:0:2::1]:5004"},
      {HOST, "192.0.2.3:5005"},
      {HOST, "[2001:db8:0:3::1]:5006"},
      {SRFLX, "192.0.2.4:5007"},
      {SRFLX, "[2001:db8:0:4::1]:5008"},
      {SRFLX, "192.0.2.5:5009"},
      {SRFLX, "[2001:db8:0:5::1]:5010"}}},
};

static void build(struct cepa_description *ret_description, const struct sample *sample)
{
    cepa_description_init(ret_description);
    ret_description->is_offer = sample->is_offer;
    ret_description->is_lite = sample->is_lite;
    ret_description->does_trickle = sample->does_trickle;
    ret_description->is_complete = sample->is_complete;
    ret_description->setup = sample->setup;
    ret_description->sctp_port = sample->sctp_port;
    ret_description->max_message_size = sample->max_message_size;
    fill(ret_description->fingerprint.bytes, CEPA_CERTIFICATE_HASH_SIZE, 201);
    CHECK_INT(cepa_description_set_credentials(ret_description, sample->ufrag,
                                               strlen(sample->ufrag), sample->pwd,
                                               strlen(sample->pwd)),
              0);
    for (unsigned i = 0; i < CEPA_DESCRIPTION_CANDIDATES_MAX; i++) {
        const struct entry *entry = &sample->candidates[i];
        if (entry->place == NULL) {
            return;
        }
        const struct cepa_candidate candidate =
            descriptions_candidate(entry->type, entry->transport, 100 - i, entry->place);
        cepa_description_add(ret_description, &candidate);
    }
}

/* Writes what the bytes say, as whoever reads them finds it. */
static void line_fields(const struct cepa_description *description)
{
    char text[CEPA_SDP_TEXT_SIZE];
    size_t len = 0;
    vector_lines_number("is_offer", -1, description->is_offer, 1);
    vector_lines_number("is_lite", -1, description->is_lite, 1);
    vector_lines_number("does_trickle", -1, description->does_trickle, 1);
    vector_lines_number("is_complete", -1, description->is_complete, 1);
    vector_lines_number("setup", -1, description->setup, 1);
    vector_lines_number("sctp_port", -1, description->sctp_port, 2);
    vector_lines_number("max_message_size", -1, description->max_message_size, 4);
    line_text("ufrag", -1, description->credentials.ufrag);
    line_text("pwd", -1, description->credentials.pwd);
    vector_lines_bytes("fingerprint", -1, description->fingerprint.bytes,
                       CEPA_CERTIFICATE_HASH_SIZE);
    for (size_t i = 0; i < description->candidates_len; i++) {
        char candidate[CEPA_CANDIDATE_TEXT_SIZE];
        CHECK_INT(cepa_candidate_encode(candidate, &description->candidates[i]), 0);
        line_text("candidate", (int)i, candidate);
    }
    CHECK_INT(cepa_sdp_encode(text, &len, description), 0);
    line_text("sdp", -1, text);
}

TEST(offers)
{
    vector_lines_open("offer.txt");
    vector_lines_text("# Offers and answers in few bytes, what they say, and their SDP. Texts are "
                      "ASCII. @[SPEC 6.4]");
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        struct cepa_description description;
        struct cepa_description decoded;
        uint8_t bytes[CEPA_OFFER_SIZE_MAX];
        size_t len = 0;
        size_t left_out = 77;
        build(&description, &samples[i]);
        CHECK_INT(cepa_offer_encode(bytes, &len, &left_out, &description), 0);
        CHECK_INT(left_out, 0);
        CHECK_INT(cepa_offer_decode(&decoded, bytes, len), 0);
        vector_lines_text("");
        vector_lines_text(samples[i].what);
        vector_lines_bytes("offer", -1, bytes, len);
        line_fields(&decoded);
    }
    vector_lines_close();
}

TEST_MAIN(RUN(passwords_of_dialled_nodes), RUN(offers))
