/* The handshake: both ends agree; whatever is changed, for somebody else, or there again is found;
 * nobody but the addressee learns anything. @[SPEC 16.2] @[SPEC 16.3] */
#include "session/handshake.h"

#include <string.h>

#include "support/chance.h"
#include "support/handshake_ends.h"
#include "support/test.h"

static struct handshake_ends ends;

static void check_is_wiped(const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < len; i++) {
        CHECK_INT(at[i], 0);
    }
}

TEST(both_ends_agree)
{
    handshake_ends_init(&ends, 1, 0);
    handshake_ends_meet(&ends);
    CHECK_BYTES(&ends.said, &ends.knock, sizeof ends.said);
    CHECK_BYTES(&ends.heard, &ends.terms, sizeof ends.heard);
    check_is_wiped(&ends.initiator, sizeof ends.initiator);
    check_is_wiped(&ends.responder, sizeof ends.responder);
}

TEST(every_secret_is_another_and_new_each_time)
{
    struct cepa_session_secrets first;
    handshake_ends_init(&ends, 2, 0);
    handshake_ends_meet(&ends);
    first = ends.secrets[0];
    const uint8_t *all[] = {first.root, first.meeting, first.proof, first.resumption.bytes,
                            first.id};
    for (size_t i = 0; i < 5; i++) {
        for (size_t k = 0; k < i; k++) {
            CHECK(memcmp(all[i], all[k], CEPA_SESSION_ID_SIZE) != 0);
        }
    }
    handshake_ends_meet(&ends);
    CHECK(memcmp(first.root, ends.secrets[0].root, sizeof first.root) != 0);
    CHECK(memcmp(first.id, ends.secrets[0].id, sizeof first.id) != 0);
}

/* Where a changed byte is found, and how. Work is nobody's matter here. */
TEST(every_byte_of_a_knock_counts)
{
    uint8_t whole[CEPA_KNOCK_SIZE];
    handshake_ends_init(&ends, 3, 0);
    handshake_ends_knock(&ends);
    memcpy(whole, ends.message, sizeof whole);
    for (size_t i = 0; i < sizeof whole; i += i < CEPA_KNOCK_FIRST_OFFSET ? 1 : 7) {
        memcpy(ends.message, whole, sizeof whole);
        ends.message[i] ^= (uint8_t)(1u << i % 8);
        int want = CEPA_ERR_AUTHENTICATION;
        want = i == 0 ? CEPA_ERR_VERSION : want;
        want = i > 0 && i < CEPA_KNOCK_WORK_OFFSET ? CEPA_ERR_MALFORMED : want;
        want = i >= CEPA_KNOCK_WORK_OFFSET && i < CEPA_KNOCK_FIRST_OFFSET ? 0 : want;
        CHECK_INT(handshake_ends_open(&ends), want);
    }
}

TEST(every_byte_of_an_answer_counts)
{
    uint8_t whole[CEPA_START_SIZE];
    handshake_ends_init(&ends, 4, 0);
    handshake_ends_knock(&ends);
    CHECK_INT(handshake_ends_open(&ends), 0);
    handshake_ends_answer(&ends);
    memcpy(whole, ends.answer, sizeof whole);
    for (size_t i = 0; i < sizeof whole; i += 11) {
        memcpy(ends.answer, whole, sizeof whole);
        ends.answer[i] ^= (uint8_t)(1u << i % 8);
        CHECK_INT(handshake_ends_finish(&ends), CEPA_ERR_AUTHENTICATION);
        ends.answer[i] ^= (uint8_t)(1u << i % 8);
        CHECK_BYTES(ends.answer, whole, sizeof whole);
    }
    CHECK_INT(handshake_ends_finish(&ends), 0);
    CHECK_BYTES(&ends.secrets[0], &ends.secrets[1], sizeof ends.secrets[0]);
}

/* Whoever it is not for opens nothing. */
TEST(only_the_addressee_opens_a_knock)
{
    uint8_t whole[CEPA_KNOCK_SIZE];
    uint8_t id[CEPA_KNOCK_PREKEY_SIZE] = {0};
    handshake_ends_init(&ends, 5, 0);
    handshake_ends_knock(&ends);
    memcpy(whole, ends.message, sizeof whole);
    struct cepa_session_self self = ends.self;
    self.identity = &ends.prekey;
    CHECK_INT(cepa_knock_open(&ends.responder, id, ends.message, CEPA_KNOCK_SIZE, &self,
                              &ends.workspace, 0),
              CEPA_ERR_AUTHENTICATION);
    CHECK_BYTES(ends.message, whole, sizeof whole);
    ends.address.bytes[47] ^= 1; /* the same key under another address */
    CHECK_INT(handshake_ends_open(&ends), CEPA_ERR_AUTHENTICATION);
    ends.address.bytes[47] ^= 1;
    ends.network.bytes[0] ^= 1;
    CHECK_INT(handshake_ends_open(&ends), CEPA_ERR_AUTHENTICATION);
    ends.network.bytes[0] ^= 1;
    CHECK_INT(cepa_knock_open(&ends.responder, id, ends.message, CEPA_KNOCK_SIZE - 1, &ends.self,
                              &ends.workspace, 0),
              CEPA_ERR_LENGTH);
    memset(ends.message + CEPA_KNOCK_FIRST_OFFSET + CEPA_MLKEM_CIPHERTEXT_BYTES, 0,
           CEPA_X25519_LEN);
    CHECK_INT(handshake_ends_open(&ends), CEPA_ERR_AUTHENTICATION);
    memcpy(ends.message, whole, sizeof whole);
    CHECK_INT(cepa_knock_open(&ends.responder, id, ends.message, CEPA_KNOCK_SIZE, &ends.self,
                              &ends.workspace, 0),
              0);
    CHECK_INT(cepa_knock_consume(&ends.responder, &ends.said, &ends.tag, ends.message,
                                 &ends.identity, &ends.workspace, 0),
              CEPA_ERR_AUTHENTICATION); /* not the prekey that it is for */
    check_is_wiped(&ends.responder, sizeof ends.responder);
}

/* A knock that is made for one addressee cannot be handed on to another, and a tag is a knock's own
 * however the work in it is changed. */
TEST(tags_are_of_knocks)
{
    struct cepa_knock_tag first;
    uint8_t whole[CEPA_KNOCK_SIZE];
    handshake_ends_init(&ends, 6, 0);
    handshake_ends_knock(&ends);
    memcpy(whole, ends.message, sizeof whole);
    CHECK_INT(handshake_ends_open(&ends), 0);
    first = ends.tag;
    memcpy(ends.message, whole, sizeof whole);
    ends.message[CEPA_KNOCK_WORK_OFFSET] ^= 1;
    CHECK_INT(handshake_ends_open(&ends), 0);
    CHECK_BYTES(&ends.tag, &first, sizeof first);
    handshake_ends_knock(&ends);
    CHECK_INT(handshake_ends_open(&ends), 0);
    CHECK(memcmp(&ends.tag, &first, sizeof first) != 0);
}

/* A responder of another knock, or one that has only one of the keys, cannot answer. */
TEST(only_the_addressee_answers)
{
    handshake_ends_init(&ends, 7, 0);
    handshake_ends_knock(&ends);
    struct cepa_session_initiator first = ends.initiator;
    handshake_ends_knock(&ends);
    CHECK_INT(handshake_ends_open(&ends), 0);
    handshake_ends_answer(&ends);
    ends.initiator = first;
    CHECK_INT(handshake_ends_finish(&ends), CEPA_ERR_AUTHENTICATION);
    memset(ends.answer + CEPA_MLKEM_CIPHERTEXT_BYTES, 0, CEPA_X25519_LEN);
    CHECK_INT(handshake_ends_finish(&ends), CEPA_ERR_AUTHENTICATION);
    CHECK_BYTES(&ends.initiator, &first, sizeof first);
}

TEST(bad_keys_and_no_randomness_are_errors)
{
    handshake_ends_init(&ends, 8, 0);
    handshake_ends_knock(&ends);
    CHECK_INT(handshake_ends_open(&ends), 0);
    for (unsigned key = 0; key < 2; key++) {
        uint8_t *bytes = key == 0 ? ends.identity.public_key.bytes : ends.prekey.public_key.bytes;
        uint8_t saved[3];
        memcpy(saved, bytes, sizeof saved);
        memset(bytes, 0xff, sizeof saved);
        CHECK_INT(cepa_knock_create(&ends.initiator, ends.message, &ends.knock, &ends.addressee,
                                    &ends.random, &ends.workspace, 0),
                  CEPA_ERR_INVALID_KEY);
        memcpy(bytes, saved, sizeof saved);
    }
    ends.source.fail_at = ends.source.draws + 1;
    CHECK_INT(cepa_knock_create(&ends.initiator, ends.message, &ends.knock, &ends.addressee,
                                &ends.random, &ends.workspace, 0),
              CEPA_ERR_RANDOM);
    ends.source.fail_at++;
    CHECK_INT(cepa_answer_create(&ends.responder, ends.answer, &ends.secrets[1], &ends.terms,
                                 &ends.random, &ends.workspace, 0),
              CEPA_ERR_RANDOM);
}

/* To everybody on the way a knock is random bytes, but for its first byte and the work. */
TEST(knocks_look_random)
{
    struct chance_bytes bytes;
    memset(&bytes, 0, sizeof bytes);
    handshake_ends_init(&ends, 9, 0);
    for (unsigned i = 0; i < 60; i++) {
        handshake_ends_knock(&ends);
        chance_add(&bytes, ends.message + CEPA_KNOCK_OUTER_OFFSET,
                   CEPA_KNOCK_SIZE - CEPA_KNOCK_OUTER_OFFSET);
    }
    CHECK(chance_uniform(&bytes) < 6);
}

TEST_MAIN(RUN(both_ends_agree), RUN(every_secret_is_another_and_new_each_time),
          RUN(every_byte_of_a_knock_counts), RUN(every_byte_of_an_answer_counts),
          RUN(only_the_addressee_opens_a_knock), RUN(tags_are_of_knocks),
          RUN(only_the_addressee_answers), RUN(bad_keys_and_no_randomness_are_errors),
          RUN(knocks_look_random))
