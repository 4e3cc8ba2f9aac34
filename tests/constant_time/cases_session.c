/* Sessions: what is drawn and what keys are made of is secret; knocks, answers and packets as they
 * travel are not. */
#include <string.h>

#include "constant_time/cases.h"
#include "session/keys.h"
#include "session/letter.h"
#include "session/proof.h"
#include "session/resumption.h"
#include "support/handshake_ends.h"
#include "support/test.h"

static struct handshake_ends ends;
static struct cepa_session_keys keys[2];
static struct cepa_resumption_secret resumption;
static struct cepa_session_challenge challenge;
static uint8_t packet[CEPA_SESSION_PACKET_SIZE];
static uint8_t body[CEPA_KEM_CIPHERTEXT_SIZE];
static uint8_t proof[CEPA_CONTROL_PROOF_SIZE];
static uint8_t root[CEPA_SESSION_SECRET_SIZE];
static const struct cepa_time now = {CEPA_SECOND_NS};
static struct cepa_letter_workspace letter_workspace;
static uint8_t letter_text[100];
static uint8_t letter[CEPA_LETTER_SIZE];
static volatile int result; /* so that nothing is left out */

static void hide_key(struct cepa_xwing_key *key)
{
    ct_secret(key->mlkem.s, sizeof key->mlkem.s);
    ct_secret(key->mlkem.z, sizeof key->mlkem.z);
    ct_secret(key->x25519, sizeof key->x25519);
}

static void hide(void)
{
    hide_key(&ends.identity);
    hide_key(&ends.prekey);
    ct_secret(&ends.source.series, sizeof ends.source.series);
}

static void create_prepare(struct test_random *random, uint32_t cpu)
{
    handshake_ends_init(&ends, 5, cpu); /* keys are public to an initiator, and constant */
    ends.source.series.state = test_random_u64(random);
    ct_secret(&ends.source.series, sizeof ends.source.series);
    ct_random_secret(random, ends.knock.cookie, sizeof ends.knock.cookie);
}

static void create(uint32_t cpu)
{
    result = cepa_knock_create(&ends.initiator, ends.message, &ends.knock, &ends.addressee,
                               &ends.random, &ends.workspace, cpu);
}

static void open_prepare(struct test_random *random, uint32_t cpu)
{
    create_prepare(random, cpu);
    create(cpu);
    ct_public(ends.message, sizeof ends.message);
    hide();
}

static void foreign_prepare(struct test_random *random, uint32_t cpu)
{
    open_prepare(random, cpu);
    ends.message[CEPA_KNOCK_FIRST_OFFSET +
                 test_random_below(random, CEPA_MLKEM_CIPHERTEXT_BYTES)] ^= 1;
}

static void open_knock(uint32_t cpu)
{
    uint8_t prekey_id[CEPA_KNOCK_PREKEY_SIZE];
    result = cepa_knock_open(&ends.responder, prekey_id, ends.message, CEPA_KNOCK_SIZE, &ends.self,
                             &ends.workspace, cpu);
    if (result == 0) {
        result = cepa_knock_consume(&ends.responder, &ends.said, &ends.tag, ends.message,
                                    &ends.prekey, &ends.workspace, cpu);
    }
}

static void letter_prepare(struct test_random *random, uint32_t cpu)
{
    create_prepare(random, cpu);
    ct_random_secret(random, letter_text, sizeof letter_text);
}

static void seal_letter(uint32_t cpu)
{
    static const uint8_t id[CEPA_LETTER_ID_SIZE];
    const struct cepa_letter_draft draft = {
        .id = id, .body = letter_text, .body_len = sizeof letter_text};
    result =
        cepa_letter_seal(letter, &draft, &ends.addressee, &ends.random, &letter_workspace, cpu);
}

static void letter_open_prepare(struct test_random *random, uint32_t cpu)
{
    letter_prepare(random, cpu);
    seal_letter(cpu);
    ct_public(letter, sizeof letter);
    hide();
}

static void open_letter(uint32_t cpu)
{
    struct cepa_session_schedule schedule;
    struct cepa_letter_opened opened;
    uint8_t prekey_id[CEPA_KNOCK_PREKEY_SIZE];
    result = cepa_letter_open(&schedule, prekey_id, letter, &ends.self, &letter_workspace, cpu);
    if (result == 0) {
        result = cepa_letter_consume(&schedule, &opened, letter, &ends.network, &ends.prekey,
                                     &letter_workspace, cpu);
    }
}

static void answer_prepare(struct test_random *random, uint32_t cpu)
{
    open_prepare(random, cpu);
    open_knock(cpu);
    CHECK_INT(result, 0);
}

static void answer(uint32_t cpu)
{
    result = cepa_answer_create(&ends.responder, ends.answer, &ends.secrets[1], &ends.terms,
                                &ends.random, &ends.workspace, cpu);
}

static void finish_prepare(struct test_random *random, uint32_t cpu)
{
    answer_prepare(random, cpu);
    answer(cpu);
    CHECK_INT(result, 0);
    ct_public(ends.answer, sizeof ends.answer);
}

static void refuse_prepare(struct test_random *random, uint32_t cpu)
{
    finish_prepare(random, cpu);
    ends.answer[test_random_below(random, CEPA_MLKEM_CIPHERTEXT_BYTES)] ^= 1;
}

static void finish(uint32_t cpu)
{
    result = cepa_answer_consume(&ends.initiator, &ends.heard, &ends.secrets[0], ends.answer,
                                 &ends.workspace, cpu);
}

static void resume_prepare(struct test_random *random, uint32_t cpu)
{
    create_prepare(random, cpu);
    ct_random_secret(random, &resumption, sizeof resumption);
}

static void resume(uint32_t cpu)
{
    result = cepa_resume_create(&ends.initiator, ends.answer, &ends.terms, &resumption,
                                &ends.network, &ends.random, &ends.workspace, cpu);
    ct_public(ends.answer, sizeof ends.answer);
    result = cepa_resume_consume(&ends.responder, &ends.heard, ends.answer, &resumption,
                                 &ends.network, cpu);
}

static void packets_prepare(struct test_random *random, uint32_t cpu)
{
    (void)cpu;
    ct_random_secret(random, root, sizeof root);
    for (unsigned i = 0; i < 2; i++) {
        cepa_session_keys_init(&keys[i], root, i == 0, now);
        result = cepa_session_keys_path_open(&keys[i], 0);
    }
    ct_random_secret(random, packet, sizeof packet);
}

static void seal_packet(uint32_t cpu)
{
    result = cepa_session_keys_seal(&keys[0], packet, 0, 5, cpu);
}

static void sealed_prepare(struct test_random *random, uint32_t cpu)
{
    packets_prepare(random, cpu);
    seal_packet(cpu);
    ct_public(packet, sizeof packet);
}

static void forged_prepare(struct test_random *random, uint32_t cpu)
{
    sealed_prepare(random, cpu);
    packet[8 + test_random_below(random, CEPA_SESSION_PACKET_SIZE - 8)] ^= 1;
}

static void open_packet(uint32_t cpu)
{
    uint64_t number;
    result = cepa_session_keys_open(&keys[1], &number, packet, 0, now, cpu);
}

static void ratchet_prepare(struct test_random *random, uint32_t cpu)
{
    packets_prepare(random, cpu);
    create_prepare(random, cpu);
}

static void ratchet(uint32_t cpu)
{
    uint8_t offer[CEPA_CONTROL_OFFER_SIZE];
    uint8_t said[CEPA_CONTROL_ANSWER_SIZE];
    result = cepa_session_ratchet_offer(&keys[0], offer, &ends.random, &ends.workspace, cpu);
    ct_public(offer, sizeof offer);
    result = cepa_session_ratchet_answer(&keys[1], said, offer, &ends.random, &ends.workspace, cpu);
    ct_public(said, sizeof said);
    result = cepa_session_ratchet_finish(&keys[0], said, now, &ends.workspace, cpu);
}

static void prove_prepare(struct test_random *random, uint32_t cpu)
{
    create_prepare(random, cpu);
    ct_random_secret(random, root, sizeof root);
    hide();
}

static void prove(uint32_t cpu)
{
    result = cepa_session_challenge_create(&challenge, body, root, &ends.address,
                                           &ends.identity.public_key, &ends.random, &ends.workspace,
                                           cpu);
    ct_public(body, sizeof body);
    result = cepa_session_challenge_meet(proof, body, root, &ends.address, &ends.identity,
                                         &ends.workspace, cpu);
    result = cepa_session_challenge_check(&challenge, proof);
}

const struct ct_case ct_session_cases[] = {
    {"session: knock", NULL, create_prepare, create, 0},
    {"session: open knock", NULL, open_prepare, open_knock, 0},
    {"session: somebody else's knock", NULL, foreign_prepare, open_knock, 0},
    {"session: letter", NULL, letter_prepare, seal_letter, 0},
    {"session: open letter", NULL, letter_open_prepare, open_letter, 0},
    {"session: answer", NULL, answer_prepare, answer, 0},
    {"session: take answer", NULL, finish_prepare, finish, 0},
    {"session: refuse answer", NULL, refuse_prepare, finish, 0},
    {"session: resume", NULL, resume_prepare, resume, 0},
    {"session: seal", "session: seal", packets_prepare, seal_packet, 0},
    {"session: open", "session: open", sealed_prepare, open_packet, 0},
    {"session: refuse", "session: refuse", forged_prepare, open_packet, 0},
    {"session: ratchet", NULL, ratchet_prepare, ratchet, 0},
    {"session: prove", NULL, prove_prepare, prove, 0},
};
const size_t ct_session_cases_len = sizeof ct_session_cases / sizeof ct_session_cases[0];
