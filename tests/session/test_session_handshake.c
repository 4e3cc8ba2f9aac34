/* The handshake: both ends agree; whatever is changed, for somebody else, or there again is found;
 * nobody but the addressee learns anything. @[SPEC 16.2] @[SPEC 16.3] */
#include "session/handshake.h"

#include <string.h>

#include "native/host.h"
#include "support/chance.h"
#include "support/handshake_ends.h"
#include "support/random.h"
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

TEST_MAIN(RUN(both_ends_agree), RUN(every_secret_is_another_and_new_each_time),
          RUN(every_byte_of_a_knock_counts), RUN(every_byte_of_an_answer_counts))
