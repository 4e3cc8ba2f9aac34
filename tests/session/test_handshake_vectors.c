/* Vectors of chapter 16: a handshake, packets before and after a ratchet, a proof, a meeting and a
 * resumption. CEPA_WRITE_VECTORS=1 writes docs/spec/vectors/handshake.txt anew instead of
 * comparing.
 */
#include <string.h>

#include "rendezvous/meeting.h"
#include "session/keys.h"
#include "session/proof.h"
#include "session/resumption.h"
#include "support/test.h"
#include "support/vector_lines.h"

static struct cepa_session_workspace workspace;
static struct cepa_network_id network;
static struct cepa_address address;
static struct cepa_xwing_key identity;
static struct cepa_xwing_key prekey;
static struct cepa_session_initiator initiator;
static struct cepa_session_responder responder;
static struct cepa_session_secrets secrets[2];
static struct cepa_session_keys keys[2];
static struct cepa_session_terms terms;
static uint8_t message[CEPA_KNOCK_SIZE];
static uint8_t answer[CEPA_START_SIZE];
static unsigned series;        /* what all bytes depend on */
static const char *drawn_next; /* the name of what is drawn next */

static void fill(uint8_t *ret_bytes, size_t len)
{
    series++;
    for (size_t i = 0; i < len; i++) {
        ret_bytes[i] = (uint8_t)(41 * series + 7 * i + (i >> 5));
    }
}

/* Bytes that are given, and a line for them. */
static void given(const char *name, void *ret_bytes, size_t len)
{
    fill(ret_bytes, len);
    vector_lines_bytes(name, -1, ret_bytes, len);
}

/* Randomness that is used up, and a line for it. */
static int draw(void *context, uint8_t *ret_bytes, size_t len)
{
    (void)context;
    given(drawn_next, ret_bytes, len);
    return 0;
}

static const struct cepa_random *drawn(const char *name)
{
    static const struct cepa_random random = {draw, NULL};
    drawn_next = name;
    return &random;
}

static void given_key(const char *name, struct cepa_xwing_key *ret_key)
{
    struct cepa_xwing_seed seed;
    given(name, seed.bytes, sizeof seed.bytes);
    cepa_xwing_key_expand(ret_key, &seed, &workspace.xwing, 0);
}

static void line_secrets(void)
{
    CHECK_BYTES(&secrets[0], &secrets[1], sizeof secrets[0]);
    vector_lines_bytes("root", -1, secrets[0].root, sizeof secrets[0].root);
    vector_lines_bytes("meeting", -1, secrets[0].meeting, sizeof secrets[0].meeting);
    vector_lines_bytes("proof", -1, secrets[0].proof, sizeof secrets[0].proof);
    vector_lines_bytes("resumption", -1, secrets[0].resumption.bytes,
                       sizeof secrets[0].resumption.bytes);
    vector_lines_bytes("id", -1, secrets[0].id, sizeof secrets[0].id);
}

static void take_answer(const char *randomness, const char *digest)
{
    struct cepa_session_terms heard;
    CHECK_INT(cepa_answer_create(&responder, answer, &secrets[1], &terms, drawn(randomness),
                                 &workspace, 0),
              0);
    vector_lines_digest(digest, -1, answer, sizeof answer);
    CHECK_INT(cepa_answer_consume(&initiator, &heard, &secrets[0], answer, &workspace, 0), 0);
}

static void write_handshake(unsigned block)
{
    struct cepa_knock knock;
    struct cepa_knock_tag tag;
    uint8_t prekey_id[CEPA_KNOCK_PREKEY_SIZE];
    uint8_t named[CEPA_KNOCK_PREKEY_SIZE];
    memset(&knock, 0, sizeof knock);
    given("network", network.bytes, sizeof network.bytes);
    given("address", address.bytes, sizeof address.bytes);
    given_key("identity_seed", &identity);
    given_key("prekey_seed", &prekey);
    given("prekey_id", prekey_id, sizeof prekey_id);
    given("relay", knock.relay, sizeof knock.relay);
    given("cookie", knock.cookie, sizeof knock.cookie);
    knock.time.unix_ms = (2800000 + block) * CEPA_KNOCK_TIME_STEP_MS;
    knock.is_named = block % 2 == 1;
    knock.paths_max = (uint8_t)(block + 3);
    knock.greeting_len = (uint8_t)(block * 100);
    given("greeting", knock.greeting, knock.greeting_len);
    terms.admission = (uint8_t)(block % 2);
    terms.paths_max = 5;
    vector_lines_number("time", -1, knock.time.unix_ms, 8);
    vector_lines_number("named", -1, knock.is_named, 1);
    vector_lines_number("paths", -1, knock.paths_max, 1);
    vector_lines_number("admission", -1, terms.admission, 1);
    vector_lines_number("terms_paths", -1, terms.paths_max, 1);
    const struct cepa_session_addressee addressee = {&network, &address, &identity.public_key,
                                                     &prekey.public_key, prekey_id};
    const struct cepa_session_self self = {&network, &address, &identity};
    CHECK_INT(cepa_knock_create(&initiator, message, &knock, &addressee, drawn("knock_randomness"),
                                &workspace, 0),
              0);
    vector_lines_digest("knock_digest", -1, message, sizeof message);
    CHECK_INT(cepa_knock_open(&responder, named, message, sizeof message, &self, &workspace, 0), 0);
    CHECK_INT(cepa_knock_consume(&responder, &knock, &tag, message, &prekey, &workspace, 0), 0);
    vector_lines_bytes("tag", -1, tag.bytes, sizeof tag.bytes);
    take_answer("answer_randomness", "answer_digest");
    line_secrets();
}

/* A packet of path 3 whose frames are zeros. */
static void write_packet(const char *name, unsigned from, uint64_t number)
{
    uint8_t packet[CEPA_SESSION_PACKET_SIZE];
    const struct cepa_time now = {CEPA_SECOND_NS};
    uint64_t got;
    memset(packet, 0, sizeof packet);
    CHECK_INT(cepa_session_keys_seal(&keys[from], packet, 3, number, 0), 0);
    vector_lines_bytes(name, -1, packet, sizeof packet);
    CHECK_INT(cepa_session_keys_open(&keys[1 - from], &got, packet, 3, now, 0), 0);
}

static void write_packets(void)
{
    uint8_t offer[CEPA_CONTROL_OFFER_SIZE];
    uint8_t ratchet[CEPA_CONTROL_ANSWER_SIZE];
    const struct cepa_time now = {CEPA_SECOND_NS};
    for (unsigned i = 0; i < 2; i++) {
        cepa_session_keys_init(&keys[i], secrets[i].root, i == 0, now);
        CHECK_INT(cepa_session_keys_path_open(&keys[i], 3), 0);
    }
    write_packet("packet_0", 0, 77);
    write_packet("packet_1", 1, 0x0102030405);
    CHECK_INT(cepa_session_ratchet_offer(&keys[0], offer, drawn("offer_seed"), &workspace, 0), 0);
    CHECK_INT(cepa_session_ratchet_answer(&keys[1], ratchet, offer, drawn("ratchet_randomness"),
                                          &workspace, 0),
              0);
    CHECK_INT(cepa_session_ratchet_finish(&keys[0], ratchet, now, &workspace, 0), 0);
    vector_lines_bytes("next_root", -1, keys[0].roots[1], sizeof keys[0].roots[1]);
    write_packet("packet_2", 0, 78);
    write_packet("packet_3", 1, 0x0102030406);
}

static void write_proof(void)
{
    struct cepa_session_challenge challenge;
    struct cepa_xwing_key other;
    struct cepa_address name;
    uint8_t body[CEPA_KEM_CIPHERTEXT_SIZE];
    uint8_t proof[CEPA_CONTROL_PROOF_SIZE];
    given_key("prover_seed", &other);
    given("prover_address", name.bytes, sizeof name.bytes);
    CHECK_INT(cepa_session_challenge_create(&challenge, body, secrets[1].proof, &name,
                                            &other.public_key, drawn("challenge_randomness"),
                                            &workspace, 0),
              0);
    CHECK_INT(
        cepa_session_challenge_meet(proof, body, secrets[0].proof, &name, &other, &workspace, 0),
        0);
    CHECK_INT(cepa_session_challenge_check(&challenge, proof), 0);
    vector_lines_bytes("proven", -1, proof, sizeof proof);
}

static void write_meeting(unsigned block)
{
    struct cepa_meeting_secret secret;
    struct cepa_meeting meeting;
    const struct cepa_directory_day day = {20000 + block};
    memcpy(secret.bytes, secrets[0].meeting, sizeof secret.bytes);
    cepa_meeting_at(&meeting, &secret, day, 6 + block);
    vector_lines_number("day", -1, day.number, 4);
    vector_lines_number("number", -1, 6 + block, 4);
    vector_lines_bytes("position", -1, meeting.position, sizeof meeting.position);
    vector_lines_bytes("meeting_cookie", -1, meeting.cookie, sizeof meeting.cookie);
}

static void write_resumption(void)
{
    struct cepa_resumption record;
    struct cepa_session_terms said;
    const struct cepa_session_terms own = {CEPA_ADMISSION_OPEN, 4};
    const struct cepa_wall wall = {UINT64_C(1700000000000)};
    uint8_t bytes[CEPA_RESUMPTION_SIZE];
    uint8_t meeting[CEPA_SESSION_SECRET_SIZE];
    cepa_resumption_init(&record, &secrets[0], true, &address, wall);
    cepa_resumption_meeting(meeting, &record.secrets[0]);
    vector_lines_bytes("resumption_meeting", -1, meeting, sizeof meeting);
    CHECK_INT(cepa_resume_create(&initiator, answer, &own, &record.secrets[0], &network,
                                 drawn("resume_randomness"), &workspace, 0),
              0);
    vector_lines_digest("resume_digest", -1, answer, sizeof answer);
    CHECK_INT(cepa_resume_consume(&responder, &said, answer, &record.secrets[0], &network, 0), 0);
    take_answer("resumed_randomness", "resumed_digest");
    vector_lines_bytes("resumed_root", -1, secrets[0].root, sizeof secrets[0].root);
    cepa_resumption_renew(&record, 0, &secrets[0], wall);
    cepa_resumption_encode(bytes, &record);
    vector_lines_bytes("record", -1, bytes, sizeof bytes);
}

TEST(handshakes)
{
    vector_lines_open("handshake.txt");
    vector_lines_text(
        "# Handshakes, with all that is drawn for them; packets of path 3 whose frames");
    vector_lines_text(
        "# are zeros, before and after a ratchet (0, 2 from the initiator); a proof, a");
    vector_lines_text(
        "# meeting, a resumption. Of long messages stands the BLAKE2b-256. @[SPEC 16]");
    for (unsigned block = 0; block < 3; block++) {
        vector_lines_text("");
        series = 50 * block;
        write_handshake(block);
        write_packets();
        write_proof();
        write_meeting(block);
        write_resumption();
    }
    vector_lines_close();
}

TEST_MAIN(RUN(handshakes))
