/* Two ends that shake hands: a responder with an identity, a prekey and the sources of randomness
 * that tests and benchmarks share. */
#ifndef CEPA_TESTS_SUPPORT_HANDSHAKE_ENDS_H
#define CEPA_TESTS_SUPPORT_HANDSHAKE_ENDS_H

#include "session/handshake.h"
#include "support/relays.h"

/* Everything that a handshake touches. */
struct handshake_ends {
    uint32_t cpu;
    struct test_source source;
    struct cepa_random random;
    struct cepa_network_id network;
    struct cepa_address address;
    struct cepa_xwing_key identity;
    struct cepa_xwing_key prekey;
    uint8_t prekey_id[CEPA_KNOCK_PREKEY_SIZE];
    struct cepa_session_addressee addressee;
    struct cepa_session_self self;
    struct cepa_knock knock;
    struct cepa_session_terms terms; /* the responder's */
    struct cepa_session_workspace workspace;

    struct cepa_session_initiator initiator;
    struct cepa_session_responder responder;
    uint8_t message[CEPA_KNOCK_SIZE]; /* knock, as it travels */
    uint8_t answer[CEPA_START_SIZE];  /* answer, or what resumes */
    struct cepa_knock said;           /* what the responder read */
    struct cepa_knock_tag tag;
    struct cepa_session_terms heard;        /* what the initiator read */
    struct cepa_session_secrets secrets[2]; /* initiator, responder */
};

/* handshake_ends_init draws keys from `seed`. */
void handshake_ends_init(struct handshake_ends *ends, uint64_t seed, uint32_t cpu);

/* handshake_ends_knock makes a knock in `message`. handshake_ends_open opens and reads it, and
 * gives the first error. handshake_ends_answer answers; handshake_ends_finish takes the answer. */
void handshake_ends_knock(struct handshake_ends *ends);
int handshake_ends_open(struct handshake_ends *ends);
void handshake_ends_answer(struct handshake_ends *ends);
int handshake_ends_finish(struct handshake_ends *ends);

/* handshake_ends_meet does all of it. */
void handshake_ends_meet(struct handshake_ends *ends);

#endif
