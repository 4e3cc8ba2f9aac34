/* What the files behind path/circuits.h share; nobody else includes this. */
#ifndef CEPA_PATH_CIRCUITS_PARTS_H
#define CEPA_PATH_CIRCUITS_PARTS_H

#include "path/circuits.h"
#include "wire/part.h"

/* What is still to be polled for a circuit; bits, polled from the lowest on. */
enum {
    CEPA_CIRCUITS_TELL_BROKEN = 1 << 0,
    CEPA_CIRCUITS_TELL_CLOSE = 1 << 1,
    CEPA_CIRCUITS_TELL_KEYS = 1 << 2,
    CEPA_CIRCUITS_TELL_PACKET = 1 << 3, /* needs room on the link */
    CEPA_CIRCUITS_TELL_OFFER = 1 << 4,  /* likewise */
    CEPA_CIRCUITS_TELL_OPENED = 1 << 5,
    CEPA_CIRCUITS_TELL_REBUILT = 1 << 6,
    CEPA_CIRCUITS_TELL_REPLACED = 1 << 7,
    CEPA_CIRCUITS_TELL_ENDED = 1 << 8,
    CEPA_CIRCUITS_TELL_CELLS = CEPA_CIRCUITS_TELL_PACKET | CEPA_CIRCUITS_TELL_OFFER
};

/* One circuit. */
struct cepa_circuits_one {
    struct cepa_handle self;
    enum cepa_circuits_state state;
    struct cepa_circuits_request request; /* `early` points to the copy below */
    uint8_t early[CEPA_CIRCUITS_EARLY_MAX];
    struct cepa_path path; /* all hops, also those that are not there yet */
    size_t live_len;       /* CUT, SALVAGING: hops before the break */
    struct cepa_circuit_origin origin;
    uint32_t todo;              /* CEPA_CIRCUITS_TELL_* */
    uint32_t room;              /* cells that the link takes */
    uint32_t tries;             /* builds that failed in a row */
    bool is_ready;              /* stands in `ready` */
    bool is_known;              /* the owner has the handle: it was asked for */
    bool is_prepared;           /* waits to be asked for */
    bool is_linked;             /* it has a place on the first hop's link */
    bool has_path;              /* `path` is chosen */
    bool was_open;              /* OPENED has been told */
    struct cepa_time deadline;  /* of the state */
    struct cepa_time made_at;   /* when its packet was made */
    struct cepa_time rotate_at; /* OPEN: it is old */
    struct cepa_time retire_at; /* OPEN: it has been replaced */
    struct cepa_time renew_at;  /* OPEN: the next renewal, or its repetition */
    size_t renew_hop;           /* whose keys are next */
    uint32_t renew_tries;       /* offers without an answer in a row */
    uint8_t sequence;           /* of messages in parts */
    uint8_t part;               /* the next part of the packet or the offer */
    struct cepa_handle packet;  /* an EXTEND packet in the pool, or none */
    uint8_t offer[CEPA_RENEWAL_OFFER_SIZE];
    uint8_t answer[CEPA_RENEWAL_ANSWER_SIZE];
    struct cepa_assembly answer_parts;
    struct cepa_handle other; /* what replaces it, or what it replaces; or none */
    bool is_replacement;      /* it is the new one of the two */
    struct cepa_time mark_at; /* for the rate of cells */
    uint64_t mark_sent;
    uint32_t rate;     /* cells in a second, lately */
    uint64_t build_ns; /* how long its last build took */
    int error;         /* why it ended */
};

/* The life of circuits: circuits.c. */
CEPA_MUST_USE int cepa_circuits_make(struct cepa_circuits *circuits,
                                     struct cepa_circuits_one **ret_one, struct cepa_time now);
void cepa_circuits_ask(const struct cepa_circuits *circuits, struct cepa_circuits_one *one,
                       const struct cepa_circuits_request *request);
void cepa_circuits_tell(struct cepa_circuits *circuits, struct cepa_circuits_one *one,
                        uint32_t todo);
void cepa_circuits_end(struct cepa_circuits *circuits, struct cepa_circuits_one *one, int error);
void cepa_circuits_fail(struct cepa_circuits *circuits, struct cepa_circuits_one *one, int error,
                        struct cepa_time now);
void cepa_circuits_opened(struct cepa_circuits *circuits, struct cepa_circuits_one *one,
                          struct cepa_time now);
void cepa_circuits_cut(struct cepa_circuits *circuits, struct cepa_circuits_one *one,
                       struct cepa_time now);
uint64_t cepa_circuits_jitter(const struct cepa_circuits *circuits, uint64_t mean_ns,
                              uint32_t percent);

/* Paths and packets: circuits_build.c. */
CEPA_MUST_USE int cepa_circuits_choose(struct cepa_circuits *circuits,
                                       struct cepa_circuits_one *one,
                                       const struct cepa_path_relays *relays);
/* On how many circuits of a group but `but` (which may be NULL) a relay stands. */
uint32_t cepa_circuits_group_uses(const struct cepa_circuits *circuits, uint64_t group,
                                  const struct cepa_circuits_one *but,
                                  const struct cepa_ed25519_public_key *key);
void cepa_circuits_blame(struct cepa_circuits *circuits, const struct cepa_path_relay *relay,
                         struct cepa_time now);

/* Renewals: circuits_cells.c. */
void cepa_circuits_renew(struct cepa_circuits *circuits, struct cepa_circuits_one *one,
                         struct cepa_time now);

#endif
