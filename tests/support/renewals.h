/* Renewals of keys over a circuit in one process, with offers and answers as cells. */
#ifndef CEPA_TESTS_SUPPORT_RENEWALS_H
#define CEPA_TESTS_SUPPORT_RENEWALS_H

#include <stddef.h>
#include <stdint.h>

#include "support/circuit_net.h"
#include "support/relays.h"
#include "wire/part.h"

/* A circuit and what renewing its keys takes. */
struct renewals {
    struct circuit_net net;
    struct test_source source;
    struct cepa_random random; /* draws from the source */
    struct cepa_xwing_workspace workspace;
    struct cepa_xwing_key key;
};

/* The two directions of a renewal, in parts. */
struct renewals_exchange {
    struct cepa_assembly offer;
    struct cepa_assembly answer;
    uint8_t offer_bytes[CEPA_RENEWAL_OFFER_SIZE];
    uint8_t answer_bytes[CEPA_RENEWAL_ANSWER_SIZE];
    uint8_t sequence;
};

/* renewals_exchange_init waits for an offer and an answer; it points into itself. */
void renewals_exchange_init(struct renewals_exchange *exchange);

/* renewals_start builds an open circuit of `hops` hops, named by `number`; each has seen a cell. */
void renewals_start(struct renewals *room, uint32_t number, size_t hops);

/* renewals_attempt makes one attempt to renew the keys of `hop`; bits 0 and 1 of `lost` lose parts
 * of the offer, 2 and 3 parts of the answer. Gives 1 if the origin has the new keys. */
int renewals_attempt(struct renewals *room, struct renewals_exchange *exchange, size_t hop,
                     unsigned lost);

/* renewals_renew renews the keys of `hop` without loss. */
void renewals_renew(struct renewals *room, size_t hop);

/* renewals_talk_past_begin sends data to and from `hop` and `last` until the new keys of `hop` have
 * begun on both sides. */
void renewals_talk_past_begin(struct renewals *room, size_t hop, size_t last);

#endif
