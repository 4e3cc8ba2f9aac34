/* Keys of paths and the ratchet: packets open at the other end only, under the generation that they
 * name, for as long as that lives; no number seals twice. @[SPEC 16.4] @[SPEC 16.5] */
#include "session/keys.h"

#include <string.h>

#include "support/handshake_ends.h"
#include "support/test.h"

static struct cepa_session_keys ends[2]; /* initiator, responder */
static struct cepa_session_workspace workspace;
static struct test_source source;
static struct cepa_random draws;
static struct cepa_time now;
static uint8_t packet[CEPA_SESSION_PACKET_SIZE];

static void begin(void)
{
    static const uint8_t root[CEPA_SESSION_SECRET_SIZE] = {1, 2, 3};
    now.ns = CEPA_SECOND_NS;
    draws = test_source_init(&source, 7);
    for (unsigned i = 0; i < 2; i++) {
        cepa_session_keys_init(&ends[i], root, i == 0, now);
        CHECK_INT(cepa_session_keys_path_open(&ends[i], 0), 0);
    }
}

static void seal(unsigned from, uint32_t path, uint64_t number)
{
    for (size_t i = 0; i < CEPA_SESSION_PLAIN_SIZE; i++) {
        packet[8 + i] = (uint8_t)(i * 7 + number);
    }
    CHECK_INT(cepa_session_keys_seal(&ends[from], packet, path, number, 0), 0);
}

static int open_at(unsigned to, uint32_t path, uint64_t *ret_number)
{
    return cepa_session_keys_open(&ends[to], ret_number, packet, path, now, 0);
}

static void carry(unsigned from, uint32_t path, uint64_t number)
{
    uint64_t got;
    seal(from, path, number);
    CHECK_INT(open_at(1 - from, path, &got), 0);
    CHECK_INT(got, number);
    for (size_t i = 0; i < CEPA_SESSION_PLAIN_SIZE; i++) {
        CHECK_INT(packet[8 + i], (uint8_t)(i * 7 + number));
    }
}

static uint8_t offer[CEPA_CONTROL_OFFER_SIZE];
static uint8_t answer[CEPA_CONTROL_ANSWER_SIZE];

static void offer_and_answer(void)
{
    CHECK_INT(cepa_session_ratchet_offer(&ends[0], offer, &draws, &workspace, 0), 0);
    CHECK_INT(cepa_session_ratchet_answer(&ends[1], answer, offer, &draws, &workspace, 0), 0);
}

static void finish(void)
{
    CHECK_INT(cepa_session_ratchet_finish(&ends[0], answer, now, &workspace, 0), 0);
}

TEST(packets_open_at_the_other_end)
{
    uint64_t got;
    begin();
    CHECK(!cepa_session_keys_is_proven(&ends[1]));
    carry(0, 0, 0);
    CHECK(cepa_session_keys_is_proven(&ends[1]));
    carry(1, 0, 0);
    carry(0, 0, 5);
    carry(1, 0, CEPA_SESSION_NUMBER_END - 1);
    seal(0, 0, 6);
    CHECK_INT(open_at(0, 0, &got), CEPA_ERR_AUTHENTICATION); /* sent back to its maker */
    cepa_session_keys_wipe(&ends[0]);
    CHECK_INT(ends[0].live, 0);
}

TEST(every_byte_of_a_packet_counts)
{
    uint8_t whole[CEPA_SESSION_PACKET_SIZE];
    uint64_t got = 77;
    begin();
    seal(0, 0, 3);
    memcpy(whole, packet, sizeof whole);
    for (size_t i = 0; i < sizeof whole; i++) {
        for (unsigned bit = 0; bit < 8; bit += 3) {
            packet[i] ^= (uint8_t)(0x80u >> bit);
            CHECK_INT(open_at(1, 0, &got),
                      i == 0 && bit == 0 ? CEPA_ERR_MALFORMED : CEPA_ERR_AUTHENTICATION);
            packet[i] ^= (uint8_t)(0x80u >> bit);
            CHECK_BYTES(packet, whole, sizeof whole);
        }
    }
    CHECK_INT(got, 77);
    CHECK(!cepa_session_keys_is_proven(&ends[1]));
    CHECK_INT(open_at(1, 0, &got), 0);
}

TEST(paths_have_keys_of_their_own)
{
    uint64_t got;
    begin();
    CHECK_INT(cepa_session_keys_path_open(&ends[0], 4), 0);
    CHECK_INT(cepa_session_keys_path_open(&ends[1], 4), 0);
    carry(0, 4, 0);
    seal(0, 4, 1);
    CHECK_INT(open_at(1, 0, &got), CEPA_ERR_AUTHENTICATION);
    CHECK_INT(open_at(1, 9, &got), CEPA_ERR_NOT_FOUND);
    CHECK_INT(cepa_session_keys_seal(&ends[0], packet, 9, 0, 0), CEPA_ERR_NOT_FOUND);
}

TEST(no_number_is_used_twice)
{
    begin();
    seal(0, 0, 5);
    CHECK_INT(cepa_session_keys_seal(&ends[0], packet, 0, 5, 0), CEPA_ERR_ARGUMENT);
    CHECK_INT(cepa_session_keys_seal(&ends[0], packet, 0, 4, 0), CEPA_ERR_ARGUMENT);
    CHECK_INT(cepa_session_keys_seal(&ends[0], packet, 0, CEPA_SESSION_NUMBER_END, 0),
              CEPA_ERR_ARGUMENT);
    CHECK_INT(cepa_session_keys_path_open(&ends[0], 0), CEPA_ERR_IN_USE);
    cepa_session_keys_path_close(&ends[0], 0);
    cepa_session_keys_path_close(&ends[0], 0);
    CHECK_INT(cepa_session_keys_path_open(&ends[0], 0), CEPA_ERR_IN_USE);
    for (uint32_t number = CEPA_SESSION_PATHS_MAX; number > 0; number--) {
        CHECK_INT(cepa_session_keys_path_open(&ends[0], number), 0);
    }
    CHECK_INT(cepa_session_keys_path_open(&ends[0], 6), CEPA_ERR_FULL);
    cepa_session_keys_path_close(&ends[0], 3);
    CHECK_INT(cepa_session_keys_path_open(&ends[0], 3), CEPA_ERR_IN_USE);
    CHECK_INT(cepa_session_keys_path_open(&ends[0], 5000), 0);
    cepa_session_keys_path_close(&ends[0], 5000);
    CHECK_INT(cepa_session_keys_path_open(&ends[0], 7), CEPA_ERR_IN_USE); /* too far behind */
}

TEST(generations_change_while_packets_are_under_way)
{
    uint8_t late[2][CEPA_SESSION_PACKET_SIZE];
    uint64_t got;
    begin();
    for (unsigned from = 0; from < 2; from++) {
        seal(from, 0, 0);
        memcpy(late[from], packet, sizeof packet);
    }
    offer_and_answer();
    carry(1, 0, 1); /* the responder still seals with the old one */
    finish();
    CHECK_INT(ends[0].generation, 1);
    carry(1, 0, 2); /* and its packets open until it has seen the new one */
    CHECK_INT(ends[1].generation, 0);
    carry(0, 0, 1);
    CHECK_INT(ends[1].generation, 1);
    CHECK_INT(packet[0] >> 5, 1);
    carry(1, 0, 3);
    now.ns += CEPA_SESSION_GENERATION_KEPT_NS - 1;
    memcpy(packet, late[0], sizeof packet);
    CHECK_INT(open_at(1, 0, &got), 0); /* 30 s late */
    CHECK_INT(ends[1].generation, 1);
    now.ns += 1;
    for (unsigned from = 0; from < 2; from++) {
        memcpy(packet, late[from], sizeof packet);
        CHECK_INT(open_at(1 - from, 0, &got), CEPA_ERR_AUTHENTICATION); /* later still */
    }
    CHECK_INT(ends[0].live, 1u << 1);
    CHECK_INT(ends[1].live, 1u << 1);
}

TEST(many_generations)
{
    uint8_t roots[9][CEPA_SESSION_SECRET_SIZE];
    begin();
    for (uint32_t round = 0; round < 9; round++) {
        unsigned slot = round % CEPA_SESSION_GENERATIONS;
        memcpy(roots[round], ends[0].roots[slot], sizeof roots[round]);
        for (uint32_t i = 0; i < round; i++) {
            CHECK(memcmp(roots[i], roots[round], sizeof roots[i]) != 0);
        }
        if (round == 4) { /* a path that comes later has keys of all that live */
            CHECK_INT(cepa_session_keys_path_open(&ends[0], 1), 0);
            CHECK_INT(cepa_session_keys_path_open(&ends[1], 1), 0);
            carry(0, 1, 1000);
        }
        offer_and_answer();
        finish();
        carry(0, 0, 2 * round);
        carry(1, 0, 2 * round);
        CHECK_INT(ends[1].generation, round + 1);
        now.ns += CEPA_SECOND_NS;
    }
}

TEST(a_ratchet_is_due_after_packets_or_time)
{
    begin();
    CHECK(!cepa_session_ratchet_is_due(&ends[0], now));
    CHECK_INT(cepa_session_keys_deadline(&ends[0]).ns, now.ns + CEPA_SESSION_RATCHET_NS);
    CHECK(cepa_time_is_never(cepa_session_keys_deadline(&ends[1])));
    now.ns += CEPA_SESSION_RATCHET_NS;
    CHECK(cepa_session_ratchet_is_due(&ends[0], now));
    CHECK(!cepa_session_ratchet_is_due(&ends[1], now)); /* never a responder's matter */
    offer_and_answer();
    CHECK(!cepa_session_ratchet_is_due(&ends[0], now));
    finish();
    carry(0, 0, 0);
    carry(1, 0, 0);
    CHECK_INT(cepa_session_keys_deadline(&ends[0]).ns, now.ns + CEPA_SESSION_GENERATION_KEPT_NS);
    cepa_session_keys_step(&ends[0], cepa_session_keys_deadline(&ends[0]));
    CHECK_INT(cepa_session_keys_deadline(&ends[0]).ns, now.ns + CEPA_SESSION_RATCHET_NS);
    ends[0].packets = CEPA_SESSION_RATCHET_PACKETS - 1;
    CHECK(!cepa_session_ratchet_is_due(&ends[0], now));
    seal(0, 0, 1);
    CHECK(cepa_session_ratchet_is_due(&ends[0], now));
}

/* What the other end may not do. */
TEST(ratchets_out_of_turn_are_refused)
{
    struct cepa_session_keys before;
    begin();
    CHECK_INT(cepa_session_ratchet_offer(&ends[1], offer, &draws, &workspace, 0),
              CEPA_ERR_ARGUMENT);
    CHECK_INT(cepa_session_ratchet_finish(&ends[0], answer, now, &workspace, 0), CEPA_ERR_STATE);
    CHECK_INT(cepa_session_ratchet_offer(&ends[0], offer, &draws, &workspace, 0), 0);
    CHECK_INT(cepa_session_ratchet_offer(&ends[0], offer, &draws, &workspace, 0),
              CEPA_ERR_ARGUMENT);
    CHECK_INT(cepa_session_ratchet_answer(&ends[0], answer, offer, &draws, &workspace, 0),
              CEPA_ERR_STATE);
    before = ends[1];
    offer[3] ^= 2;
    CHECK_INT(cepa_session_ratchet_answer(&ends[1], answer, offer, &draws, &workspace, 0),
              CEPA_ERR_STATE);
    offer[3] ^= 2;
    memset(offer + 4, 0xff, 3);
    CHECK_INT(cepa_session_ratchet_answer(&ends[1], answer, offer, &draws, &workspace, 0),
              CEPA_ERR_INVALID_KEY);
    CHECK_INT(ends[1].live, before.live);
    CHECK_INT(ends[1].generation, before.generation);
    CHECK_BYTES(ends[1].roots, before.roots, sizeof before.roots);
    CHECK_BYTES(ends[1].paths[0].keys, before.paths[0].keys, sizeof before.paths[0].keys);
    source.fail_at = source.draws + 1;
    ends[0].is_offering = false;
    CHECK_INT(cepa_session_ratchet_offer(&ends[0], offer, &draws, &workspace, 0), CEPA_ERR_RANDOM);
    source.fail_at++;
    CHECK_INT(cepa_session_ratchet_answer(&ends[1], answer, offer, &draws, &workspace, 0),
              CEPA_ERR_RANDOM);
    begin();
    offer_and_answer();
    CHECK_INT(cepa_session_ratchet_answer(&ends[1], answer, offer, &draws, &workspace, 0),
              CEPA_ERR_STATE);
    answer[3] ^= 1;
    CHECK_INT(cepa_session_ratchet_finish(&ends[0], answer, now, &workspace, 0), CEPA_ERR_STATE);
    answer[3] ^= 1;
    finish();
    CHECK_INT(cepa_session_ratchet_offer(&ends[0], offer, &draws, &workspace, 0),
              CEPA_ERR_ARGUMENT); /* not before the last one is seen to work */
}

/* A changed offer or answer leads to keys that are not the other end's. */
TEST(a_changed_ratchet_agrees_on_nothing)
{
    uint64_t got;
    begin();
    offer_and_answer();
    answer[200] ^= 1;
    finish();
    seal(0, 0, 0);
    CHECK_INT(open_at(1, 0, &got), CEPA_ERR_AUTHENTICATION);
    CHECK_INT(ends[1].generation, 0);
    begin();
    offer_and_answer();
    memset(answer + 4 + CEPA_MLKEM_CIPHERTEXT_BYTES, 0, CEPA_X25519_LEN);
    CHECK_INT(cepa_session_ratchet_finish(&ends[0], answer, now, &workspace, 0),
              CEPA_ERR_LOW_ORDER_POINT);
    CHECK_INT(ends[0].generation, 0);
}

TEST_MAIN(RUN(packets_open_at_the_other_end), RUN(every_byte_of_a_packet_counts),
          RUN(paths_have_keys_of_their_own), RUN(no_number_is_used_twice),
          RUN(generations_change_while_packets_are_under_way), RUN(many_generations),
          RUN(a_ratchet_is_due_after_packets_or_time), RUN(ratchets_out_of_turn_are_refused),
          RUN(a_changed_ratchet_agrees_on_nothing))
