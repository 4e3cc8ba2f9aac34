/* Questions to relays: each goes through a circuit of its own whose last hop is that relay. Who
 * asks polls the answers. @[SPEC 15.1] */
#ifndef CEPA_END_ASKS_H
#define CEPA_END_ASKS_H

#include "base/random.h"
#include "end/circuits.h"
#include "wire/service.h"

/* Who asks. */
enum cepa_end_asker {
    CEPA_END_ASKER_PUBLISHER = 1, /* owner: an identity's place */
    CEPA_END_ASKER_LOOKUP,        /* of all look-ups */
    CEPA_END_ASKER_KNOCK,         /* owner: a session's place */
    CEPA_END_ASKER_MAIL,          /* owner: an identity's place */
    CEPA_END_ASKER_LETTER         /* owner: the place of a letter that is being left */
};

/* A question. */
struct cepa_end_question {
    enum cepa_end_asker asker;
    uint32_t owner;
    uint64_t ticket; /* the asker's own name for it */
    const struct cepa_ed25519_public_key *relay;
    uint8_t service;
    bool is_triggered;   /* a stranger can cause it */
    uint64_t limit_ns;   /* how long it may take */
    const uint8_t *body; /* copied; up to CEPA_SERVICE_BODY_MAX bytes */
    size_t body_len;
};

/* What came of it. */
struct cepa_end_answer {
    enum cepa_end_asker asker;
    uint32_t owner;
    uint64_t ticket;
    int error;           /* not 0: no answer came, and why */
    uint8_t status;      /* else the relay's word, enum cepa_service_status */
    const uint8_t *body; /* lent until the next question */
    size_t body_len;
};

/* One that is under way. */
struct cepa_end_ask {
    bool is_used;
    bool is_answered;
    uint64_t circuit; /* 0: it is closed */
    struct cepa_end_answer answer;
    uint8_t service;
    uint8_t tag[CEPA_SERVICE_TAG_SIZE];
    struct cepa_time until;
    size_t request_len;
    uint8_t sent; /* parts */
    struct cepa_service_whole whole;
    uint8_t request[CEPA_SERVICE_BODY_MAX];
    uint8_t body[CEPA_SERVICE_BODY_MAX];
};

/* All of them. */
struct cepa_end_asks {
    struct cepa_end_circuits *circuits; /* lent; likewise below */
    const struct cepa_random *random;
    struct cepa_end_ask *asks;
    uint32_t capacity;
};

/* cepa_end_ask asks. Returns 0, CEPA_ERR_FULL, CEPA_ERR_RANDOM, or as cepa_node_circuit_open. */
CEPA_MUST_USE int cepa_end_ask(struct cepa_end_asks *asks, const struct cepa_end_question *question,
                               struct cepa_time now);

/* cepa_end_asks_room gives how many more it takes now. */
uint32_t cepa_end_asks_room(const struct cepa_end_asks *asks);

/* cepa_end_asks_next takes the next answer. Returns 0 or CEPA_ERR_NOT_FOUND. */
CEPA_MUST_USE int cepa_end_asks_next(struct cepa_end_asks *asks,
                                     struct cepa_end_answer *ret_answer);

/* cepa_end_asks_drop forgets what an owner has asked. */
void cepa_end_asks_drop(struct cepa_end_asks *asks, enum cepa_end_asker asker, uint32_t owner,
                        struct cepa_time now);

/* What happens to the circuit of the ask `owner`: it may send, it has brought DATA, it is
 * being mended and all has to be said again, it is gone. */
void cepa_end_asks_on_room(struct cepa_end_asks *asks, uint32_t owner, struct cepa_time now);
void cepa_end_asks_on_data(struct cepa_end_asks *asks, uint32_t owner, const uint8_t *data,
                           size_t data_len, struct cepa_time now);
void cepa_end_asks_on_broken(struct cepa_end_asks *asks, uint32_t owner);
void cepa_end_asks_on_closed(struct cepa_end_asks *asks, uint32_t owner, int error);

/* cepa_end_asks_step ends those that take too long; cepa_end_asks_deadline says when. */
void cepa_end_asks_step(struct cepa_end_asks *asks, struct cepa_time now);
struct cepa_time cepa_end_asks_deadline(const struct cepa_end_asks *asks);

#endif
