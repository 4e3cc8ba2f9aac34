/* Relays that keep descriptors, in virtual time, for the tests of publishing and of looking up:
 * each relay answers after a delay, and some lie, stall or refuse. */
#ifndef CEPA_TESTS_SUPPORT_CUSTODIANS_H
#define CEPA_TESTS_SUPPORT_CUSTODIANS_H

#include <stdbool.h>

#include "rendezvous/lookup.h"
#include "rendezvous/publisher.h"
#include "support/random.h"

enum {
    CUSTODIANS_RELAYS_MAX = 64,
    CUSTODIANS_KEPT = 64, /* descriptors that all of them have together */
    CUSTODIANS_ASKS = 64  /* questions on their way */
};

/* How a relay behaves. */
enum custodian_manner {
    CUSTODIAN_HONEST,    /* as the specification has it */
    CUSTODIAN_TELLING,   /* and says which sequence it has, where it has a later one */
    CUSTODIAN_SILENT,    /* never answers */
    CUSTODIAN_REFUSING,  /* takes nothing, has nothing */
    CUSTODIAN_FORGETFUL, /* takes it and forgets it */
    CUSTODIAN_FORGING,   /* answers with changed bytes */
    CUSTODIAN_STALE,     /* keeps the first it got of a key, says that it stored later ones */
    CUSTODIAN_BOASTING,  /* claims to have a later one */
    CUSTODIAN_FAILING    /* no circuit gets there */
};

/* One relay. */
struct custodian {
    struct cepa_near_relay relay;
    enum custodian_manner manner;
    uint32_t asked; /* how often */
};

/* One descriptor at one relay. */
struct custodian_kept {
    bool is_taken;
    size_t relay;
    uint8_t bytes[CEPA_ADDRESS_DESCRIPTOR_SIZE];
};

/* One question on its way; the answer is worked out when it arrives. */
struct custodian_ask {
    bool is_taken;
    struct cepa_publisher *publisher; /* whose it is; or a look-up's */
    struct cepa_custodian_ask ask;
    struct cepa_time at; /* when it is answered */
    uint8_t bytes[CEPA_ADDRESS_DESCRIPTOR_SIZE];
};

/* What the tests look at afterwards. */
struct custodians_log {
    uint32_t puts;
    uint32_t gets;
    uint32_t decoys; /* gets of positions at which nothing can be */
    uint32_t founds; /* FOUND and FAILED of look-ups */
    uint32_t faileds;
    int error; /* of the last FAILED */
    uint64_t lookup;
    uint64_t found_ms;               /* when the first result came, since the look-up began */
    struct cepa_address_found found; /* the last one */
};

/* The network, its clocks, one publisher and one user who looks up. */
struct custodians {
    struct test_random numbers;
    struct cepa_random random;
    struct cepa_network_id network;
    struct cepa_calendar calendar;
    struct cepa_time now;
    struct cepa_wall wall;     /* the true time */
    int64_t publisher_skew_ms; /* by which clocks are fast */
    int64_t lookups_skew_ms;
    struct cepa_identity identity;
    struct cepa_publisher publisher;
    struct cepa_lookups lookups;
    struct cepa_lookup_known known[CEPA_LOOKUPS_MAX + 4];
    struct cepa_descriptor_workspace workspace;
    struct custodian relays[CUSTODIANS_RELAYS_MAX];
    size_t relays_len;
    struct custodian_kept kept[CUSTODIANS_KEPT];
    struct custodian_ask asks[CUSTODIANS_ASKS];
    struct custodians_log log;
    bool is_publisher_off; /* its machine is asleep */
};

/* custodians_init makes `relays_len` honest relays, and an identity that has said nothing yet. The
 * time is noon of a day of the main calendar. */
void custodians_init(struct custodians *net, size_t relays_len, uint64_t seed);

/* custodians_randomness has the source of randomness fail, or work again. */
void custodians_randomness(struct custodians *net, bool is_there);

/* custodians_contents gives contents that differ by `version`. */
struct cepa_address_contents custodians_contents(uint32_t version);

/* custodians_say has the publisher say version `version`. */
void custodians_say(struct custodians *net, uint32_t version);

/* custodians_find looks up the identity's address; the result goes to the log, which begins anew.
 */
int custodians_find(struct custodians *net, bool is_again);

/* custodians_run lets `ms` pass. */
void custodians_run(struct custodians *net, uint64_t ms);

/* custodians_near gives the relay that is `rank`-th nearest to a position. */
struct custodian *custodians_near(struct custodians *net,
                                  const struct cepa_descriptor_position *position, size_t rank);

/* custodians_nearest sets the manner of the `count` relays nearest to each of today's positions, as
 * the look-ups' clock names the day. */
void custodians_nearest(struct custodians *net, size_t count, enum custodian_manner manner);

/* custodians_copies counts how many relays have a descriptor of `day` with a sequence of at least
 * `sequence_min`. */
uint32_t custodians_copies(struct custodians *net, uint32_t day, uint64_t sequence_min);

/* custodians_today gives the day as the true time has it. */
uint32_t custodians_today(const struct custodians *net);

#endif
