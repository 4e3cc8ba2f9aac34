/* Letters: who they are for reads them, and knows who has sealed them; nobody else does either.
 * @[SPEC 16.9] */
#include "session/letter.h"

#include <string.h>

#include "session/knock_work.h"
#include "session/schedule.h"
#include "support/handshake_ends.h"
#include "support/random.h"
#include "support/test.h"

static struct handshake_ends ends;
static struct cepa_letter_workspace workspace;
static struct cepa_identity sender;
static struct cepa_letter_opened opened;
static uint8_t box[CEPA_LETTER_SIZE];
static uint8_t body[CEPA_LETTER_BODY_MAX];
static uint8_t id[CEPA_LETTER_ID_SIZE];

static void begin(uint64_t seed)
{
    static struct cepa_identity_workspace identities;
    const struct cepa_identity_secret secret = {{(uint8_t)seed, 1}};
    struct test_random random = {seed};
    handshake_ends_init(&ends, seed, 0);
    cepa_identity_expand(&sender, &secret, &identities, 0);
    test_random_bytes(&random, body, sizeof body);
    test_random_bytes(&random, id, sizeof id);
}

static void seal(bool is_signed, size_t body_len)
{
    const struct cepa_letter_draft draft = {.id = id,
                                            .body = body,
                                            .body_len = body_len,
                                            .sender = is_signed ? &sender : NULL,
                                            .day = {20000}};
    CHECK_INT(cepa_letter_seal(box, &draft, &ends.addressee, &ends.random, &workspace, 0), 0);
}

/* Opens the letter; what it opened is in the box afterwards. */
static int open_letter(const struct cepa_xwing_key *prekey)
{
    struct cepa_session_schedule schedule;
    uint8_t prekey_id[CEPA_KNOCK_PREKEY_SIZE];
    int error = cepa_letter_open(&schedule, prekey_id, box, &ends.self, &workspace, 0);
    if (error != 0) {
        return error;
    }
    CHECK_BYTES(prekey_id, ends.prekey_id, sizeof prekey_id);
    return cepa_letter_consume(&schedule, &opened, box, &ends.network, prekey, &workspace, 0);
}

TEST(a_letter_is_read)
{
    begin(1);
    for (unsigned is_signed = 0; is_signed < 2; is_signed++) {
        static const size_t lens[] = {0, 1, CEPA_LETTER_BODY_MAX};
        for (size_t i = 0; i < 3; i++) {
            static const struct cepa_address nobody;
            seal(is_signed == 1, lens[i]);
            CHECK_INT(open_letter(&ends.prekey), 0);
            CHECK_INT(opened.has_sender, is_signed);
            CHECK_BYTES(&opened.sender, is_signed == 1 ? &sender.address : &nobody,
                        sizeof opened.sender);
            CHECK_BYTES(opened.id, id, sizeof id);
            CHECK_INT(opened.body_len, lens[i]);
            CHECK_BYTES(opened.body, body, lens[i]);
        }
    }
}

TEST(copies_have_nothing_in_common)
{
    static uint8_t first[CEPA_LETTER_SIZE];
    begin(2);
    seal(true, 100);
    memcpy(first, box, sizeof first);
    seal(true, 100);
    size_t equal = 0;
    for (size_t i = CEPA_KNOCK_FIRST_OFFSET; i < sizeof box; i++) {
        equal += first[i] == box[i];
    }
    CHECK(equal < sizeof box / 64);
}

TEST(every_byte_counts)
{
    static uint8_t whole[CEPA_LETTER_SIZE];
    begin(3);
    seal(true, 500);
    memcpy(whole, box, sizeof whole);
    for (size_t i = 0; i < sizeof whole; i += i < CEPA_KNOCK_FIRST_OFFSET ? 1 : 101) {
        memcpy(box, whole, sizeof box);
        box[i] ^= (uint8_t)(1u << i % 8);
        int want = CEPA_ERR_AUTHENTICATION;
        want = i == 0 ? CEPA_ERR_VERSION : want;
        want = i > 0 && i < CEPA_KNOCK_WORK_OFFSET ? CEPA_ERR_MALFORMED : want;
        want = i >= CEPA_KNOCK_WORK_OFFSET && i < CEPA_KNOCK_FIRST_OFFSET ? 0 : want;
        CHECK_INT(open_letter(&ends.prekey), want);
    }
}

TEST(it_is_for_one_address_in_one_network_and_one_prekey)
{
    struct cepa_address address;
    begin(4);
    seal(true, 10);
    CHECK_INT(open_letter(&ends.identity), CEPA_ERR_AUTHENTICATION);
    address = ends.address;
    address.bytes[40] ^= 1;
    seal(true, 10);
    ends.self.address = &address;
    CHECK_INT(open_letter(&ends.prekey), CEPA_ERR_AUTHENTICATION);
    begin(4);
    seal(true, 10);
    ends.network.bytes[0] ^= 1;
    CHECK_INT(open_letter(&ends.prekey), CEPA_ERR_AUTHENTICATION);
}

TEST(a_knock_is_no_letter)
{
    begin(5);
    handshake_ends_knock(&ends);
    memcpy(box, ends.message, sizeof ends.message);
    CHECK_INT(open_letter(&ends.prekey), CEPA_ERR_AUTHENTICATION);
}

/* Somebody with a letter of the sender's that he could open seals one of his own with what stands
 * there about the sender; `day` is changed as well if it is not 0. */
static void forge(uint32_t day, bool is_own_key)
{
    static uint8_t contents[CEPA_LETTER_INNER_SIZE];
    uint8_t randomness[2 * CEPA_XWING_RANDOMNESS_BYTES] = {9};
    struct cepa_sealing sealing;
    struct cepa_letter letter;
    seal(true, 20);
    CHECK_INT(open_letter(&ends.prekey), 0);
    memcpy(contents, box + CEPA_KNOCK_INNER_OFFSET, sizeof contents);
    CHECK_INT(cepa_letter_decode(&letter, contents), 0);
    letter.day.number += day;
    if (is_own_key) {
        contents[CEPA_LETTER_SENDER_OFFSET + 4 + 100] ^= 1; /* in the ML-DSA key */
    }
    CHECK_INT(cepa_sealing_begin(&sealing, box, CEPA_BEGINS_BY_LETTER, &ends.addressee, randomness,
                                 &workspace.session, 0),
              0);
    cepa_letter_encode(box + CEPA_KNOCK_INNER_OFFSET, &letter);
    cepa_sealing_finish(&sealing, box, CEPA_LETTER_SIZE, 0);
}

TEST(nobody_writes_in_anothers_name)
{
    begin(6);
    forge(0, false);
    CHECK_INT(open_letter(&ends.prekey), CEPA_ERR_AUTHENTICATION);
    forge(1, false);
    CHECK_INT(open_letter(&ends.prekey), CEPA_ERR_AUTHENTICATION);
    forge(0, true);
    CHECK_INT(open_letter(&ends.prekey), CEPA_ERR_AUTHENTICATION);
}

/* Contents that no sender of this kind makes. */
TEST(what_is_malformed_is_refused)
{
    const struct cepa_letter letter = {.body = body, .body_len = 5};
    uint8_t randomness[2 * CEPA_XWING_RANDOMNESS_BYTES] = {9};
    struct cepa_sealing sealing;
    begin(7);
    CHECK_INT(cepa_sealing_begin(&sealing, box, CEPA_BEGINS_BY_LETTER, &ends.addressee, randomness,
                                 &workspace.session, 0),
              0);
    cepa_letter_encode(box + CEPA_KNOCK_INNER_OFFSET, &letter);
    box[CEPA_KNOCK_INNER_OFFSET + 1] = 1;
    cepa_sealing_finish(&sealing, box, CEPA_LETTER_SIZE, 0);
    CHECK_INT(open_letter(&ends.prekey), CEPA_ERR_MALFORMED);
}

TEST(without_randomness_nothing_is_sealed)
{
    const struct cepa_letter_draft draft = {
        .id = id, .body = body, .body_len = 5, .sender = &sender, .day = {20000}};
    for (int draws = 1; draws <= 2; draws++) {
        begin(8);
        ends.source.fail_at = ends.source.draws + draws;
        CHECK_INT(cepa_letter_seal(box, &draft, &ends.addressee, &ends.random, &workspace, 0),
                  CEPA_ERR_RANDOM);
    }
}

TEST(keys_of_nobody_are_refused)
{
    static struct cepa_xwing_public_key none;
    const struct cepa_letter_draft draft = {.id = id, .body = body, .body_len = 5};
    begin(9);
    memset(none.bytes, 0xff, sizeof none.bytes);
    ends.addressee.identity = &none;
    CHECK(cepa_letter_seal(box, &draft, &ends.addressee, &ends.random, &workspace, 0) != 0);
    ends.addressee.identity = &ends.identity.public_key;
    ends.addressee.prekey = &none;
    CHECK(cepa_letter_seal(box, &draft, &ends.addressee, &ends.random, &workspace, 0) != 0);
}

TEST(work_counts_for_one_letter)
{
    uint64_t nonce = 0;
    begin(10);
    seal(false, 10);
    CHECK(!cepa_letter_has_work(box));
    int error = CEPA_ERR_NOT_FOUND;
    for (unsigned round = 0; round < 400 && error != 0; round++) {
        error = cepa_letter_work(box, &nonce, 10000);
    }
    CHECK_INT(error, 0);
    CHECK(cepa_letter_has_work(box));
    box[CEPA_LETTER_SIZE - 1] ^= 1;
    CHECK(!cepa_letter_has_work(box));
    box[CEPA_LETTER_SIZE - 1] ^= 1;
    CHECK_INT(open_letter(&ends.prekey), 0);
}

TEST_MAIN(RUN(a_letter_is_read), RUN(copies_have_nothing_in_common), RUN(every_byte_counts),
          RUN(it_is_for_one_address_in_one_network_and_one_prekey), RUN(a_knock_is_no_letter),
          RUN(nobody_writes_in_anothers_name), RUN(what_is_malformed_is_refused),
          RUN(without_randomness_nothing_is_sealed), RUN(keys_of_nobody_are_refused),
          RUN(work_counts_for_one_letter))
