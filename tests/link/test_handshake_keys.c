/* The handshake's cryptography, and vectors of chapter 7: both messages of a client and of a relay
 * with everything that goes in and comes out. CEPA_WRITE_VECTORS=1 writes
 * docs/spec/vectors/link.txt anew instead of comparing. */
#include "link/handshake_keys.h"

#include <string.h>

#include "support/test.h"
#include "support/vector_lines.h"

static struct cepa_xwing_workspace workspace;
static struct cepa_xwing_key link_key;
static struct cepa_xwing_key initiator_key;
static struct cepa_xwing_key fresh_key;
static uint8_t message[CEPA_HANDSHAKE_FIRST_MAX];
static uint8_t answer[CEPA_HANDSHAKE_SECOND_MAX];
static uint8_t network_id[32];
static uint8_t binding[CEPA_LINK_BINDING_SIZE];
static uint8_t credentials[100];
static struct cepa_node_id responder;
static struct cepa_link_prologue prologue = {network_id, 1, binding, &responder,
                                             &link_key.public_key};

static void pattern(void *ret_bytes, size_t len, unsigned first)
{
    uint8_t *bytes = ret_bytes;
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)(7 * i + first + (i >> 8));
    }
}

static void setup(void)
{
    struct cepa_xwing_seed seed;
    pattern(&seed, sizeof seed, 1);
    cepa_xwing_key_expand(&link_key, &seed, &workspace, 0);
    pattern(&seed, sizeof seed, 2);
    cepa_xwing_key_expand(&initiator_key, &seed, &workspace, 0);
    pattern(network_id, sizeof network_id, 3);
    pattern(binding, sizeof binding, 4);
    pattern(&responder, sizeof responder, 5);
    pattern(credentials, sizeof credentials, 6);
}

/* What one exchange came to. */
struct exchange {
    size_t first_len, second_len;
    struct cepa_xwing_seed fresh;
    struct cepa_link_schedule initiator, responder;
    struct cepa_link_keys initiator_keys, responder_keys;
    struct cepa_handshake_rest rest;
    struct cepa_link_parameters answered;
};

static const struct cepa_link_parameters from_initiator = {1, 3, 1, 1, 0xff, 1234567890123, 32, 7};
static const struct cepa_link_parameters from_responder = {1, 1, 5, 3, 0x0f, 1234567890999, 16, 9};

static void create_first(struct exchange *it, bool is_anonymous)
{
    uint8_t randomness[CEPA_HANDSHAKE_FIRST_RANDOM_SIZE];
    struct cepa_handshake_rest rest = {from_initiator, is_anonymous ? NULL : credentials,
                                       is_anonymous ? 0 : sizeof credentials};
    memset(it, 0, sizeof *it);
    pattern(randomness, sizeof randomness, 7);
    CHECK_INT(cepa_handshake_first_create(&it->initiator, message, &it->first_len, &it->fresh,
                                          &prologue, &rest, randomness, &fresh_key, &workspace, 0),
              0);
    cepa_link_schedule_init(&it->responder, &prologue);
}

static int consume_first(struct exchange *it)
{
    return cepa_handshake_first_consume(&it->responder, &it->rest, message, it->first_len,
                                        &link_key, &workspace, 0);
}

static void create_second(struct exchange *it, bool is_anonymous)
{
    uint8_t randomness[CEPA_HANDSHAKE_SECOND_RANDOM_SIZE];
    struct cepa_handshake_first first;
    struct cepa_xwing_public_key fresh;
    CHECK_INT(cepa_handshake_first_decode(&first, message, it->first_len), 0);
    memcpy(fresh.bytes, first.public_key, sizeof fresh.bytes);
    pattern(randomness, sizeof randomness, 8);
    CHECK_INT(cepa_handshake_second_create(&it->responder, answer, &it->second_len,
                                           &it->responder_keys, &fresh,
                                           is_anonymous ? NULL : &initiator_key.public_key,
                                           &from_responder, randomness, &workspace, 0),
              0);
}

static int consume_second(struct exchange *it, bool is_anonymous)
{
    cepa_xwing_key_expand(&fresh_key, &it->fresh, &workspace, 0);
    return cepa_handshake_second_consume(&it->initiator, &it->initiator_keys, &it->answered, answer,
                                         it->second_len, &fresh_key,
                                         is_anonymous ? NULL : &initiator_key, &workspace, 0);
}

static void frame_line(const struct cepa_link_secret *secret)
{
    struct cepa_link_sealer sealer;
    uint8_t frame[CEPA_RELAYED_FRAME_SIZE] = {0};
    cepa_link_sealer_init(&sealer, secret);
    CHECK_INT(cepa_link_seal(&sealer, frame, sizeof frame, 0), 0);
    vector_lines_bytes("frame_0", -1, frame, sizeof frame);
    memset(frame, 0, sizeof frame);
    sealer.counter = (uint64_t)1 << CEPA_LINK_GENERATION_BITS;
    CHECK_INT(cepa_link_seal(&sealer, frame, sizeof frame, 0), 0);
    vector_lines_bytes("frame_1048576", -1, frame, sizeof frame);
}

static void write_block(bool is_anonymous)
{
    struct exchange it;
    uint8_t proof[CEPA_LINK_PROOF_SIZE];
    uint8_t nonce[CEPA_LINK_NONCE_SIZE];
    uint8_t seed[32];
    create_first(&it, is_anonymous);
    vector_lines_text("");
    vector_lines_bytes("network", -1, network_id, sizeof network_id);
    vector_lines_number("kind", -1, prologue.carrier_kind, 1);
    vector_lines_bytes("binding", -1, binding, sizeof binding);
    vector_lines_bytes("responder", -1, responder.bytes, sizeof responder.bytes);
    pattern(seed, sizeof seed, 1);
    vector_lines_bytes("link_seed", -1, seed, sizeof seed);
    pattern(seed, sizeof seed, 2);
    if (!is_anonymous) {
        vector_lines_bytes("initiator_seed", -1, seed, sizeof seed);
        vector_lines_bytes("credentials", -1, credentials, sizeof credentials);
    }
    vector_lines_bytes("fresh_seed", -1, it.fresh.bytes, sizeof it.fresh.bytes);
    vector_lines_bytes("first", -1, message, it.first_len);
    CHECK_INT(consume_first(&it), 0);
    create_second(&it, is_anonymous);
    vector_lines_bytes("second", -1, answer, it.second_len);
    uint8_t bytes[CEPA_LINK_PARAMETERS_SIZE];
    cepa_link_parameters_encode(bytes, &from_initiator);
    vector_lines_bytes("initiator_parameters", -1, bytes, sizeof bytes);
    cepa_link_parameters_encode(bytes, &from_responder);
    vector_lines_bytes("responder_parameters", -1, bytes, sizeof bytes);
    vector_lines_bytes("from_initiator", -1, it.responder_keys.from_initiator.bytes, 32);
    vector_lines_bytes("from_responder", -1, it.responder_keys.from_responder.bytes, 32);
    vector_lines_bytes("proof_key", -1, it.responder_keys.proof, 32);
    pattern(nonce, sizeof nonce, 9);
    cepa_link_carrier_proof(proof, it.responder_keys.proof, 1, 2, binding, nonce);
    vector_lines_bytes("nonce", -1, nonce, sizeof nonce);
    vector_lines_bytes("proof", -1, proof, sizeof proof);
    frame_line(&it.responder_keys.from_initiator);
    CHECK_INT(consume_second(&it, is_anonymous), 0);
    CHECK(memcmp(&it.initiator_keys, &it.responder_keys, sizeof it.initiator_keys) == 0);
}

TEST(vectors)
{
    setup();
    vector_lines_open("link.txt");
    vector_lines_text(
        "# Handshakes of a client and of a relay, a proof for a relayed carrier, and the");
    vector_lines_text(
        "# initiator's padding frames with the counters 0 and 2^20. @[SPEC 7.3] @[SPEC 7.4]");
    write_block(true);
    write_block(false);
    vector_lines_close();
}

static void check_same(const struct cepa_link_parameters *got,
                       const struct cepa_link_parameters *want)
{
    uint8_t bytes[2][CEPA_LINK_PARAMETERS_SIZE];
    cepa_link_parameters_encode(bytes[0], got);
    cepa_link_parameters_encode(bytes[1], want);
    CHECK_BYTES(bytes[0], bytes[1], sizeof bytes[0]);
}

TEST(both_sides_read_what_the_other_wrote)
{
    setup();
    for (unsigned is_anonymous = 0; is_anonymous < 2; is_anonymous++) {
        struct exchange it;
        create_first(&it, is_anonymous);
        CHECK_INT(it.first_len, CEPA_HANDSHAKE_FIRST_MIN + (is_anonymous ? 0 : sizeof credentials));
        CHECK_INT(consume_first(&it), 0);
        check_same(&it.rest.parameters, &from_initiator);
        CHECK_INT(it.rest.credentials_len, is_anonymous ? 0 : sizeof credentials);
        CHECK((it.rest.credentials == NULL) == is_anonymous);
        if (!is_anonymous) {
            CHECK_BYTES(it.rest.credentials, credentials, sizeof credentials);
        }
        create_second(&it, is_anonymous);
        CHECK_INT(it.second_len,
                  is_anonymous ? CEPA_HANDSHAKE_SECOND_MIN : CEPA_HANDSHAKE_SECOND_MAX);
        CHECK_INT(consume_second(&it, !is_anonymous), CEPA_ERR_LENGTH);
        CHECK_INT(consume_second(&it, is_anonymous), 0);
        check_same(&it.answered, &from_responder);
        CHECK(memcmp(&it.initiator_keys, &it.responder_keys, sizeof it.initiator_keys) == 0);
        CHECK(memcmp(&it.initiator_keys.from_initiator, &it.initiator_keys.from_responder, 32) !=
              0);
    }
}

TEST(a_changed_byte_is_seen_in_either_message)
{
    setup();
    for (size_t i = 0; i < CEPA_HANDSHAKE_FIRST_MIN + sizeof credentials; i += 61) {
        struct exchange it;
        create_first(&it, false);
        message[i] ^= 0x20;
        CHECK(consume_first(&it) != 0);
    }
    for (size_t i = 0; i < CEPA_HANDSHAKE_SECOND_MAX; i += 41) {
        struct exchange it;
        create_first(&it, false);
        CHECK_INT(consume_first(&it), 0);
        create_second(&it, false);
        answer[i] ^= 4;
        struct cepa_link_schedule before = it.initiator;
        CHECK_INT(consume_second(&it, false), CEPA_ERR_AUTHENTICATION);
        CHECK(memcmp(&before, &it.initiator, sizeof before) == 0);
        answer[i] ^= 4; /* the right one may still come */
        CHECK_INT(consume_second(&it, false), 0);
    }
}

TEST(the_prologue_is_part_of_it)
{
    setup();
    for (unsigned what = 0; what < 5; what++) {
        struct exchange it;
        create_first(&it, true);
        struct cepa_link_prologue other = prologue;
        uint8_t bytes[64];
        struct cepa_node_id id = responder;
        memcpy(bytes, what == 0 ? network_id : binding, what == 0 ? 32 : 64);
        bytes[31] ^= 1;
        id.bytes[0] ^= 1;
        if (what == 0) {
            other.network_id = bytes;
        } else if (what == 1) {
            other.binding = bytes;
        } else if (what == 2) {
            other.carrier_kind = 2;
        } else if (what == 3) {
            other.responder = &id;
        } else {
            other.responder_key = &initiator_key.public_key;
        }
        cepa_link_schedule_init(&it.responder, &other);
        CHECK_INT(consume_first(&it), CEPA_ERR_AUTHENTICATION);
    }
}

TEST(a_proof_is_for_one_side_one_carrier_one_nonce)
{
    static const uint8_t key[32] = {1};
    uint8_t nonce[16] = {0};
    uint8_t a[32], b[32];
    setup();
    cepa_link_carrier_proof(a, key, 1, 1, binding, nonce);
    cepa_link_carrier_proof(b, key, 0, 1, binding, nonce);
    CHECK(memcmp(a, b, 32) != 0);
    cepa_link_carrier_proof(b, key, 1, 2, binding, nonce);
    CHECK(memcmp(a, b, 32) != 0);
    nonce[15] = 1;
    cepa_link_carrier_proof(b, key, 1, 1, binding, nonce);
    CHECK(memcmp(a, b, 32) != 0);
}

TEST_MAIN(RUN(vectors), RUN(both_sides_read_what_the_other_wrote),
          RUN(a_changed_byte_is_seen_in_either_message), RUN(the_prologue_is_part_of_it),
          RUN(a_proof_is_for_one_side_one_carrier_one_nonce))
