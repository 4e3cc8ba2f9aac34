/* Time of a session's beginning on each side, of its packets' seals, and of a ratchet. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "native/cpu.h"
#include "native/host.h"
#include "session/keys.h"
#include "session/knock_work.h"
#include "session/proof.h"
#include "support/handshake_ends.h"
#include "support/timing.h"

static struct handshake_ends ends;
static struct cepa_session_initiator initiator;
static uint8_t knock[CEPA_KNOCK_SIZE];
static struct cepa_session_responder responder;
static uint8_t answer[CEPA_START_SIZE];
static struct cepa_session_keys keys[2];
static uint8_t packet[CEPA_SESSION_PACKET_SIZE];
static uint8_t sealed[CEPA_SESSION_PACKET_SIZE];
static uint64_t number;
static const struct cepa_time now = {CEPA_SECOND_NS};

static void demand(int is_true)
{
    if (!is_true) {
        abort();
    }
}

static void run_knock(void *context)
{
    (void)context;
    handshake_ends_knock(&ends);
}

static void run_open(void *context)
{
    (void)context;
    memcpy(ends.message, knock, sizeof knock);
    demand(handshake_ends_open(&ends) == 0);
}

static void run_refuse(void *context)
{
    (void)context;
    memcpy(ends.message, knock, sizeof knock);
    ends.message[CEPA_KNOCK_FIRST_OFFSET] ^= 1;
    demand(handshake_ends_open(&ends) == CEPA_ERR_AUTHENTICATION);
}

static void run_answer(void *context)
{
    (void)context;
    ends.responder = responder;
    handshake_ends_answer(&ends);
}

static void run_finish(void *context)
{
    (void)context;
    ends.initiator = initiator;
    memcpy(ends.answer, answer, sizeof answer);
    demand(handshake_ends_finish(&ends) == 0);
}

static void run_work(void *context)
{
    (void)context;
    uint64_t nonce = 0;
    demand(cepa_knock_work(knock, &nonce, 1000) == CEPA_ERR_NOT_FOUND);
}

static void run_seal(void *context)
{
    (void)context;
    demand(cepa_session_keys_seal(&keys[0], packet, 0, number++, ends.cpu) == 0);
}

static void run_open_packet(void *context)
{
    (void)context;
    uint64_t got;
    memcpy(packet, sealed, sizeof packet);
    demand(cepa_session_keys_open(&keys[1], &got, packet, 0, now, ends.cpu) == 0);
}

/* Both sides' part, and a packet each way so that the next may follow. */
static void run_ratchet(void *context)
{
    uint8_t offer[CEPA_CONTROL_OFFER_SIZE];
    uint8_t body[CEPA_CONTROL_ANSWER_SIZE];
    uint64_t got;
    (void)context;
    demand(cepa_session_ratchet_offer(&keys[0], offer, &ends.random, &ends.workspace, ends.cpu) ==
           0);
    demand(cepa_session_ratchet_answer(&keys[1], body, offer, &ends.random, &ends.workspace,
                                       ends.cpu) == 0);
    demand(cepa_session_ratchet_finish(&keys[0], body, now, &ends.workspace, ends.cpu) == 0);
    for (unsigned from = 0; from < 2; from++) {
        demand(cepa_session_keys_seal(&keys[from], packet, 0, number++, ends.cpu) == 0);
        demand(cepa_session_keys_open(&keys[1 - from], &got, packet, 0, now, ends.cpu) == 0);
    }
}

static void run_proof(void *context)
{
    struct cepa_session_challenge challenge;
    uint8_t body[CEPA_KEM_CIPHERTEXT_SIZE];
    uint8_t proof[CEPA_CONTROL_PROOF_SIZE];
    (void)context;
    demand(cepa_session_challenge_create(&challenge, body, keys[0].roots[0], &ends.address,
                                         &ends.identity.public_key, &ends.random, &ends.workspace,
                                         ends.cpu) == 0);
    demand(cepa_session_challenge_meet(proof, body, keys[0].roots[0], &ends.address, &ends.identity,
                                       &ends.workspace, ends.cpu) == 0);
    demand(cepa_session_challenge_check(&challenge, proof) == 0);
}

static void print(const char *name, void (*run)(void *), double unit_ns, const char *unit)
{
    printf("  %-52s %8.1f %s\n", name, timing_run(run, NULL) / unit_ns, unit);
}

int main(void)
{
    if (cepa_native_init() != 0) {
        return 1;
    }
    handshake_ends_init(&ends, 1, cepa_native_cpu());
    handshake_ends_knock(&ends);
    initiator = ends.initiator;
    memcpy(knock, ends.message, sizeof knock);
    demand(handshake_ends_open(&ends) == 0);
    responder = ends.responder;
    handshake_ends_answer(&ends);
    memcpy(answer, ends.answer, sizeof answer);
    timing_header("beginning of a session");
    print("initiator: knock", run_knock, 1e3, "us");
    print("responder: open a knock", run_open, 1e3, "us");
    print("responder: refuse what is for somebody else", run_refuse, 1e3, "us");
    print("responder: answer, secrets", run_answer, 1e3, "us");
    print("initiator: take the answer, secrets", run_finish, 1e3, "us");
    print("work: one of about 262,144 tries", run_work, 1e6, "us");
    print("challenge, proof and check", run_proof, 1e3, "us");
    for (unsigned i = 0; i < 2; i++) {
        cepa_session_keys_init(&keys[i], ends.secrets[1].root, i == 0, now);
        demand(cepa_session_keys_path_open(&keys[i], 0) == 0);
    }
    run_seal(NULL);
    memcpy(sealed, packet, sizeof sealed);
    timing_header("packets of 1,036 bytes");
    print("seal", run_seal, 1, "ns");
    print("open", run_open_packet, 1, "ns");
    print("a ratchet, both sides, and two packets", run_ratchet, 1e3, "us");
    return 0;
}
