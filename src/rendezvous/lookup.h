/* Look-ups of addresses: asks a custodian of each position, then the others, opens what they answer
 * and takes the newest. What was found is remembered until the day ends. Sans-I/O: the owner does
 * the asking. @[SPEC 14.9]
 *
 *     cepa_lookups_find begins one;
 *     cepa_lookups_next gives questions to ask (each over a circuit of its own), and results;
 *     cepa_lookups_on_answer for each question; cepa_lookups_step at cepa_lookups_deadline.
 *
 * Each look-up asks three more questions at fixed times, after 0.5, 1.5 and 4 s, for what does not
 * exist; the owner cannot tell them apart and treats them alike.
 *
 * Invariants: what a custodian says changes nothing unless it opens; at most CEPA_LOOKUP_ASKS
 * questions of one look-up at one time, and CEPA_LOOKUP_RANKS of each position in all. */
#ifndef CEPA_RENDEZVOUS_LOOKUP_H
#define CEPA_RENDEZVOUS_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rendezvous/custodian.h"
#include "rendezvous/descriptor.h"

enum {
    CEPA_LOOKUPS_MAX = 16, /* at one time */
    CEPA_LOOKUP_DECOYS = 3,
    CEPA_LOOKUP_BESIDE = 4, /* questions under way for one position */
    CEPA_LOOKUP_ASKS = CEPA_DESCRIPTOR_POSITIONS * CEPA_LOOKUP_BESIDE + CEPA_LOOKUP_DECOYS,
    CEPA_LOOKUP_RANKS = CEPA_DESCRIPTOR_NEAREST
};

/* What is remembered of an address. */
struct cepa_lookup_known {
    bool is_taken;
    struct cepa_address address;
    struct cepa_directory_day day; /* it holds until this ends */
    struct cepa_address_found found;
    uint64_t used; /* internal: when, by count */
};

/* What look-ups work with. All pointers are lent for their life. */
struct cepa_lookups_config {
    struct cepa_network_id network;
    struct cepa_calendar calendar;
    const struct cepa_random *random;
    struct cepa_descriptor_workspace *workspace; /* may be shared; used within calls only */
    struct cepa_lookup_known *known;             /* 5.3 KB each */
    size_t known_len;                            /* more than CEPA_LOOKUPS_MAX (asserted) */
    uint32_t cpu;
};

/* One question; internal. */
struct cepa_lookup_ask {
    uint64_t number; /* 0: none */
    bool is_told;
    bool is_decoy;
    uint8_t place; /* which position */
    uint8_t rank;
    struct cepa_descriptor_position position;
    struct cepa_time until;
};

/* One look-up; internal. */
struct cepa_lookup {
    uint64_t number; /* 0: none */
    bool is_over;    /* its result is known; decoys may be left */
    bool has_news;   /* for cepa_lookups_next */
    bool has_absent; /* somebody said that it does not exist */
    int error;       /* if it is over: 0 or why */
    struct cepa_address_day day;
    uint64_t sequence_min; /* what is wanted at least */
    struct cepa_time begun_at;
    struct cepa_time settle_at; /* once something was found: the newest one is taken */
    struct cepa_time hedge_at;  /* another custodian is asked beside those that are slow */
    struct cepa_time free_at;   /* once it is over */
    uint8_t decoys;             /* begun */
    uint8_t order[CEPA_DESCRIPTOR_POSITIONS][CEPA_LOOKUP_RANKS];
    uint8_t tried[CEPA_DESCRIPTOR_POSITIONS];
    struct cepa_time wait[CEPA_DESCRIPTOR_POSITIONS]; /* the next one is not asked before */
    struct cepa_lookup_ask asks[CEPA_LOOKUP_ASKS];
};

/* All look-ups of a node; fields are internal. About 14 KB. */
struct cepa_lookups {
    struct cepa_lookups_config config;
    uint64_t numbers; /* of look-ups, questions and uses, given so far */
    struct cepa_directory_day today;
    struct cepa_lookup items[CEPA_LOOKUPS_MAX];
};

/* What cepa_lookups_next gives. */
enum cepa_lookups_effect_kind {
    CEPA_LOOKUPS_ASK = 1, /* `ask`: get what lies at its position */
    CEPA_LOOKUPS_FOUND,   /* `lookup`, `found`; may come again with a later one */
    CEPA_LOOKUPS_FAILED   /* `lookup`, `error` */
};

/* One effect. Fields that the kind does not name are 0. */
struct cepa_lookups_effect {
    enum cepa_lookups_effect_kind kind;
    struct cepa_custodian_ask ask;
    uint64_t lookup;
    const struct cepa_address_found *found; /* lent until the next call */
    int error; /* CEPA_ERR_NOT_FOUND: nobody has it; CEPA_ERR_TIMEOUT: nobody answered;
                * CEPA_ERR_RANDOM */
};

/* cepa_lookups_init begins without any; `config->known` is cleared. */
void cepa_lookups_init(struct cepa_lookups *ret_lookups, const struct cepa_lookups_config *config);

/* cepa_lookups_wipe overwrites everything with zeros: who was looked up is nobody's business. */
void cepa_lookups_wipe(struct cepa_lookups *lookups);

/* cepa_lookups_find begins a look-up and gives its number: FOUND or FAILED follows, at once and
 * without a question if it is remembered. One that is under way for the same address gives the same
 * number. `is_again`: what is remembered did not serve; only something newer counts. Returns 0, or
 *   CEPA_ERR_INVALID_KEY  there is no such address;
 *   CEPA_ERR_NOT_FOUND    nobody had it a moment ago;
 *   CEPA_ERR_FULL         too many at one time;
 *   CEPA_ERR_RANDOM. */
CEPA_MUST_USE int cepa_lookups_find(struct cepa_lookups *lookups, uint64_t *ret_lookup,
                                    const struct cepa_address *address, bool is_again,
                                    struct cepa_time now, struct cepa_wall wall);

/* cepa_lookups_cancel gives up waiting for a result. Its decoys go on. */
void cepa_lookups_cancel(struct cepa_lookups *lookups, uint64_t number, struct cepa_time now);

/* cepa_lookups_on_answer says what came of a question; one that is over is ignored. `bytes`: with
 * DONE, what was answered, whatever it is. */
void cepa_lookups_on_answer(struct cepa_lookups *lookups, uint64_t number,
                            enum cepa_custodian_answer answer, const uint8_t *bytes,
                            size_t bytes_len, struct cepa_time now);

/* cepa_lookups_step does what is due; cepa_lookups_deadline says when that is. */
void cepa_lookups_step(struct cepa_lookups *lookups, struct cepa_time now, struct cepa_wall wall);
struct cepa_time cepa_lookups_deadline(const struct cepa_lookups *lookups);

/* cepa_lookups_next takes the next effect. Returns 0 or CEPA_ERR_NOT_FOUND. */
CEPA_MUST_USE int cepa_lookups_next(struct cepa_lookups *lookups,
                                    struct cepa_lookups_effect *ret_effect);

/* cepa_lookups_known gives what is remembered of an address today, or NULL. Lent until the next
 * call. */
const struct cepa_address_found *cepa_lookups_known(const struct cepa_lookups *lookups,
                                                    const struct cepa_address *address);

#endif
