/* Resumption: records come back as they were stored, two ends that are cut off at any moment have a
 * secret in common, and a record that is used again leads to no key that was there before.
 * @[SPEC 16.8] */
#include "session/resumption.h"

#include <string.h>

#include "support/handshake_ends.h"
#include "support/test.h"

static struct handshake_ends ends;
static struct cepa_resumption records[2];
static const struct cepa_wall wall = {UINT64_C(1700000000000)};
static const struct cepa_session_terms terms = {CEPA_ADMISSION_OPEN, 3};

static int consume(const struct cepa_resumption_secret *secret)
{
    return cepa_resume_consume(&ends.responder, &ends.heard, ends.answer, secret, &ends.network, 0);
}

static void create(const struct cepa_resumption_secret *secret)
{
    CHECK_INT(cepa_resume_create(&ends.initiator, ends.answer, &terms, secret, &ends.network,
                                 &ends.random, &ends.workspace, 0),
              0);
}

/* Resumes with the secret `used` of both records. */
static void resume(size_t used)
{
    create(&records[0].secrets[used]);
    CHECK_INT(consume(&records[1].secrets[used]), 0);
    CHECK_BYTES(&ends.heard, &terms, sizeof terms);
    handshake_ends_answer(&ends);
    CHECK_INT(handshake_ends_finish(&ends), 0);
    CHECK_BYTES(&ends.secrets[0], &ends.secrets[1], sizeof ends.secrets[0]);
}

static void begin(void)
{
    handshake_ends_init(&ends, 8, 0);
    handshake_ends_meet(&ends);
    for (unsigned i = 0; i < 2; i++) {
        cepa_resumption_init(&records[i], &ends.secrets[i], i == 0, i == 0 ? &ends.address : NULL,
                             wall);
    }
}

TEST(records_come_back)
{
    uint8_t bytes[CEPA_RESUMPTION_SIZE];
    struct cepa_resumption again;
    begin();
    resume(0);
    for (unsigned i = 0; i < 2; i++) {
        cepa_resumption_encode(bytes, &records[i]);
        CHECK_INT(cepa_resumption_decode(&again, bytes, sizeof bytes), 0);
        CHECK_INT(again.is_initiator, i == 0);
        CHECK_INT(again.has_peer, i == 0);
        CHECK_INT(again.until.unix_ms, wall.unix_ms + CEPA_RESUMPTION_KEPT_MS);
        CHECK_INT(again.secrets_len, 1);
        CHECK_BYTES(&again.peer, &records[i].peer, sizeof again.peer);
        CHECK_BYTES(again.id, records[i].id, sizeof again.id);
        CHECK_BYTES(again.secrets, records[i].secrets, sizeof again.secrets);
    }
    for (size_t len = 0; len < sizeof bytes; len++) {
        CHECK(cepa_resumption_decode(&again, bytes, len) == CEPA_ERR_LENGTH);
    }
    static const struct {
        size_t at;
        uint8_t value;
        int want;
    } cases[] = {{0, 2, CEPA_ERR_VERSION},   {1, 2, CEPA_ERR_MALFORMED}, {2, 2, CEPA_ERR_MALFORMED},
                 {3, 0, CEPA_ERR_MALFORMED}, {3, 3, CEPA_ERR_MALFORMED}, {3, 2, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cepa_resumption_encode(bytes, &records[0]);
        bytes[cases[i].at] = cases[i].value;
        CHECK_INT(cepa_resumption_decode(&again, bytes, sizeof bytes), cases[i].want);
    }
}

TEST(one_secret_is_always_in_common)
{
    begin();
    resume(0);
    struct cepa_session_secrets second = ends.secrets[0];
    cepa_resumption_renew(&records[0], 0, &ends.secrets[0], wall); /* the other is cut off here */
    CHECK_BYTES(&records[0].secrets[1], &records[1].secrets[0], sizeof records[0].secrets[1]);
    create(&records[0].secrets[1]);
    CHECK_INT(consume(&records[1].secrets[0]), 0);
    handshake_ends_answer(&ends);
    CHECK_INT(handshake_ends_finish(&ends), 0);
    CHECK(memcmp(second.root, ends.secrets[0].root, sizeof second.root) != 0);
    cepa_resumption_renew(&records[0], 1, &ends.secrets[0], wall);
    cepa_resumption_renew(&records[1], 0, &ends.secrets[1], wall);
    CHECK_BYTES(records[0].secrets, records[1].secrets, sizeof records[0].secrets);
    for (unsigned i = 0; i < 2; i++) {
        cepa_resumption_settle(&records[i]);
        CHECK_INT(records[i].secrets_len, 1);
    }
    resume(0);
}

/* Both ends go back to yesterday's files, and once more. */
TEST(a_record_of_yesterday_leads_to_no_old_key)
{
    struct cepa_session_secrets first;
    uint8_t message[CEPA_START_SIZE];
    begin();
    resume(0);
    first = ends.secrets[0];
    memcpy(message, ends.answer, sizeof message);
    resume(0);
    CHECK(memcmp(first.root, ends.secrets[0].root, sizeof first.root) != 0);
    CHECK(memcmp(first.meeting, ends.secrets[0].meeting, sizeof first.meeting) != 0);
    CHECK(memcmp(first.proof, ends.secrets[0].proof, sizeof first.proof) != 0);
    CHECK(memcmp(&first.resumption, &ends.secrets[0].resumption, sizeof first.resumption) != 0);
    CHECK(memcmp(first.id, ends.secrets[0].id, sizeof first.id) != 0);
    CHECK(memcmp(message, ends.answer, sizeof message) != 0);
}

TEST(every_byte_and_the_secret_count)
{
    uint8_t whole[CEPA_START_SIZE];
    begin();
    create(&records[0].secrets[0]);
    memcpy(whole, ends.answer, sizeof whole);
    for (size_t i = 0; i < sizeof whole; i++) {
        ends.answer[i] ^= (uint8_t)(1u << i % 8);
        CHECK_INT(consume(&records[1].secrets[0]), CEPA_ERR_AUTHENTICATION);
        ends.answer[i] ^= (uint8_t)(1u << i % 8);
        CHECK_BYTES(ends.answer, whole, sizeof whole);
    }
    records[1].secrets[0].bytes[3] ^= 1;
    CHECK_INT(consume(&records[1].secrets[0]), CEPA_ERR_AUTHENTICATION);
    ends.network.bytes[0] ^= 1;
    CHECK_INT(consume(&records[0].secrets[0]), CEPA_ERR_AUTHENTICATION);
    ends.source.fail_at = ends.source.draws + 1;
    CHECK_INT(cepa_resume_create(&ends.initiator, ends.answer, &terms, &records[0].secrets[0],
                                 &ends.network, &ends.random, &ends.workspace, 0),
              CEPA_ERR_RANDOM);
}

TEST(meetings_of_a_resumption_are_its_own)
{
    uint8_t first[CEPA_SESSION_SECRET_SIZE];
    uint8_t second[CEPA_SESSION_SECRET_SIZE];
    begin();
    cepa_resumption_meeting(first, &records[0].secrets[0]);
    cepa_resumption_meeting(second, &records[1].secrets[0]);
    CHECK_BYTES(first, second, sizeof first);
    CHECK(memcmp(first, ends.secrets[0].meeting, sizeof first) != 0);
    records[0].secrets[0].bytes[0] ^= 1;
    cepa_resumption_meeting(second, &records[0].secrets[0]);
    CHECK(memcmp(first, second, sizeof first) != 0);
}

TEST_MAIN(RUN(records_come_back), RUN(one_secret_is_always_in_common),
          RUN(a_record_of_yesterday_leads_to_no_old_key), RUN(every_byte_and_the_secret_count),
          RUN(meetings_of_a_resumption_are_its_own))
