/* The publisher of one identity: keeps its descriptor with the custodians of both positions, of
 * each day that somebody may take for today. Sans-I/O: it says whom to give a descriptor, and hears
 * what came of it. @[SPEC 14.8]
 *
 *     cepa_publisher_set when what is said has changed; the first call begins;
 *     while cepa_publisher_next gives a question: put cepa_publisher_descriptor there, then
 *     cepa_publisher_on_answer;
 *     cepa_publisher_step at cepa_publisher_deadline, and after the wall clock was set.
 *
 * Invariants: at most CEPA_PUBLISHER_ASKS questions at one time; sequences of a day rise; a
 * custodian that lies, stalls or refuses costs its own copy and a bounded number of questions. */
#ifndef CEPA_RENDEZVOUS_PUBLISHER_H
#define CEPA_RENDEZVOUS_PUBLISHER_H

#include <stdbool.h>
#include <stdint.h>

#include "rendezvous/custodian.h"
#include "rendezvous/descriptor.h"

enum {
    CEPA_PUBLISHER_DAYS = 2, /* at one time: today, and before or after midnight its neighbour */
    CEPA_PUBLISHER_ASKS = 4, /* questions under way */
    CEPA_PUBLISHER_COPIES = CEPA_DESCRIPTOR_POSITIONS * CEPA_DESCRIPTOR_NEAREST
};

/* What a publisher works with. All pointers are lent for its life. */
struct cepa_publisher_config {
    const struct cepa_identity *identity;
    struct cepa_network_id network;
    struct cepa_calendar calendar;
    const struct cepa_random *random;
    struct cepa_descriptor_workspace *workspace; /* may be shared; used within calls only */
    uint32_t cpu;
};

/* How far the copy is that a relay should have. */
enum cepa_publisher_copy_state {
    CEPA_PUBLISHER_OPEN,   /* not asked in this round */
    CEPA_PUBLISHER_ASKED,  /* under way */
    CEPA_PUBLISHER_STORED, /* there */
    CEPA_PUBLISHER_REFUSED /* not there, to be tried again later */
};

/* One copy; internal. */
struct cepa_publisher_copy {
    enum cepa_publisher_copy_state state;
    uint64_t ask;           /* its number while ASKED */
    struct cepa_time until; /* how long that may take */
    uint64_t sequence;      /* what the relay has, as far as is known; 0: nothing */
};

/* One day's descriptor; internal. */
struct cepa_publisher_day {
    bool is_taken;
    bool is_made;     /* `bytes` are there */
    uint8_t failures; /* retries in a row */
    uint8_t pushed;   /* how often custodians have claimed a higher sequence lately */
    struct cepa_address_day address;
    uint64_t sequence;           /* of `bytes`, or what the next one must be above */
    struct cepa_time made_at;    /* when `bytes` were made */
    struct cepa_time paid_until; /* each one costs some seconds; a few may be owed */
    struct cepa_time make_at;    /* when they are to be made again; never: they are right */
    struct cepa_time round_at;   /* when all copies are put again */
    struct cepa_time retry_at;   /* when those that were refused are tried again */
    struct cepa_publisher_copy copies[CEPA_PUBLISHER_COPIES]; /* by position, then by rank */
    uint8_t bytes[CEPA_ADDRESS_DESCRIPTOR_SIZE];
};

/* A publisher, 36 KB; fields are internal. */
struct cepa_publisher {
    struct cepa_publisher_config config;
    struct cepa_address_contents contents;
    bool is_speaking;                /* there are contents to publish */
    uint64_t asks;                   /* numbers given so far */
    struct cepa_directory_day today; /* as of the last look at the wall clock */
    struct cepa_directory_day ahead; /* the day that `ahead_ms` was drawn for */
    uint64_t ahead_ms;               /* how long before it begins its descriptor is put */
    struct cepa_wall wall;           /* of the last step */
    struct cepa_time look_at;        /* when the wall clock is to be looked at again */
    struct cepa_publisher_day days[CEPA_PUBLISHER_DAYS];
};

/* For status and for who waits to be reachable. */
struct cepa_publisher_status {
    uint32_t copies[CEPA_DESCRIPTOR_POSITIONS]; /* of today's descriptor as it is now, by position;
                                                 * CEPA_DESCRIPTOR_CUSTODIANS each are wanted */
    uint64_t sequence;                          /* of it; 0: there is none */
    bool is_changing;                           /* it will be replaced in a moment */
};

/* cepa_publisher_init begins with nothing to say. */
void cepa_publisher_init(struct cepa_publisher *ret_publisher,
                         const struct cepa_publisher_config *config);

/* cepa_publisher_wipe overwrites it with zeros. */
void cepa_publisher_wipe(struct cepa_publisher *publisher);

/* cepa_publisher_set says what the descriptor shall say, copied; the same again changes nothing. A
 * first descriptor leaves at once, changed ones after a second, in the long run every ten. Without
 * introduction points and mailboxes nothing more is published. `contents->prekey` must be stored
 * durably before (rendezvous/prekeys.h). */
void cepa_publisher_set(struct cepa_publisher *publisher,
                        const struct cepa_address_contents *contents, struct cepa_time now,
                        struct cepa_wall wall);

/* cepa_publisher_again puts all copies again soon: the relays that are known have changed much. */
void cepa_publisher_again(struct cepa_publisher *publisher, struct cepa_time now);

/* cepa_publisher_step does what is due; cepa_publisher_deadline says when that is. */
void cepa_publisher_step(struct cepa_publisher *publisher, struct cepa_time now,
                         struct cepa_wall wall);
struct cepa_time cepa_publisher_deadline(const struct cepa_publisher *publisher);

/* cepa_publisher_next takes the next question: to put a descriptor. Its answer is to be reported
 * within two minutes, else it counts as FAILED. Returns 0 or CEPA_ERR_NOT_FOUND. */
CEPA_MUST_USE int cepa_publisher_next(struct cepa_publisher *publisher,
                                      struct cepa_custodian_ask *ret_ask, struct cepa_time now);

/* cepa_publisher_descriptor gives the CEPA_ADDRESS_DESCRIPTOR_SIZE bytes of a question, lent until
 * the next call; NULL if it is over or there is a newer descriptor: drop it. */
const uint8_t *cepa_publisher_descriptor(const struct cepa_publisher *publisher, uint64_t ask);

/* cepa_publisher_on_answer says what came of a question; one that is over is ignored. `sequence`:
 * with NEWER, the one that the custodian claims to have, 0 if it does not say. */
void cepa_publisher_on_answer(struct cepa_publisher *publisher, uint64_t ask,
                              enum cepa_custodian_answer answer, uint64_t sequence,
                              struct cepa_time now);

/* cepa_publisher_status_get says how it stands. */
void cepa_publisher_status_get(struct cepa_publisher_status *ret_status,
                               const struct cepa_publisher *publisher);

#endif
