/* What a relay does for ends as the last hop of their circuits: it joins two circuits that name the
 * same cookie, hands introductions to the circuit of whoever awaits them, and keeps descriptors of
 * addresses. It learns no address: all it sees are cookies, keys of a day, and sealed bytes.
 * @[SPEC 15]
 *
 * The owner gives in what came on a circuit that ends here, and takes effects until there are none,
 * at once: bytes in them are lent until the next call. Everything is bounded: no link has more than
 * its share of the circuits, no network that links come from of what is kept, and what is full
 * answers BUSY. */
#ifndef CEPA_SERVICE_SERVICES_H
#define CEPA_SERVICE_SERVICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/pool.h"
#include "base/siphash.h"
#include "base/time.h"
#include "crypto/ed25519.h"
#include "rendezvous/positions.h"
#include "wire/ids.h"
#include "wire/service.h"

/* A relay's services; opaque. */
struct cepa_services;

enum {
    CEPA_SERVICE_MAILBOX_VALUE_SIZE = 32 + 4,              /* writing key, day */
    CEPA_SERVICE_BOX_VALUE_SIZE = 32 + 4 + 8 + 16384 - 64, /* owner's key, day, number, box */
    CEPA_SERVICE_STORED_KEY_SIZE = 32,
    CEPA_SERVICE_COOKIE_SIZE = 32,
    CEPA_SERVICE_END_SIZE = 8, /* which of the two ends: random, the same in each try of one */
    CEPA_MEET_SIZE = CEPA_SERVICE_COOKIE_SIZE + CEPA_SERVICE_END_SIZE,
    CEPA_INTRODUCTION_SIZE = 32 + 4 + 2 + 64, /* key, day, per minute, signature */
    CEPA_INTRODUCE_KEY_SIZE = 32,             /* before the message itself */
    CEPA_INTRODUCE_MESSAGE_MAX = 4 * CEPA_SERVICE_PART_MAX - CEPA_INTRODUCE_KEY_SIZE,
    CEPA_SERVICE_SHARE = 4,    /* of each table a link, or a network, has at most 1/4 */
    CEPA_SERVICE_KNOCKERS = 64 /* links whose introductions are counted */
};

#define CEPA_SERVICE_WAIT_NS (60 * CEPA_SECOND_NS)    /* for the other circuit of a meeting */
#define CEPA_SERVICE_REQUEST_NS (10 * CEPA_SECOND_NS) /* for all parts of a request */

/* How much a relay does for others; its memory follows from this. */
struct cepa_services_limits {
    uint32_t circuits;    /* in the circuit table: indices of handles are below */
    uint32_t roles;       /* circuits that wait, are joined, or await introductions */
    uint32_t requests;    /* that are being put together, 18 kB each */
    uint32_t descriptors; /* that are kept, 16 kB each */
    uint32_t mailboxes;   /* that are open; 0 with boxes: this relay keeps none */
    uint32_t boxes;       /* in all of them, 16 kB each */
};

/* What it needs to know. */
struct cepa_services_config {
    struct cepa_services_limits limits;
    struct cepa_network_id network;
    struct cepa_ed25519_public_key relay; /* this one */
    struct cepa_siphash_key key;          /* random */
    /* Whether this relay is one of the CEPA_DESCRIPTOR_NEAREST of a place, in its own view. */
    bool (*is_near)(void *context, const struct cepa_descriptor_position *position);
    void *context; /* for is_near */
};

/* A circuit that ends here. */
struct cepa_service_origin {
    struct cepa_handle circuit; /* of the circuit table */
    uint64_t link;              /* it came over */
    uint64_t source;            /* the network that link comes from; not 0 */
};

/* What holds at the moment. */
struct cepa_service_turn {
    struct cepa_time now;
    struct cepa_directory_day today;
    uint32_t minute; /* of the wall clock, since 1970 (cepa_mailbox_minute) */
    bool is_sparing; /* nothing new is kept: a budget is used up */
};

/* Something to do. */
enum cepa_service_effect_kind {
    CEPA_SERVICE_SEND = 1, /* DATA on `circuit` */
    CEPA_SERVICE_CLOSE     /* end `circuit` */
};
struct cepa_service_effect {
    enum cepa_service_effect_kind kind;
    struct cepa_handle circuit;
    const uint8_t *data; /* SEND: lent */
    size_t data_len;
};

/* For status and tests. */
struct cepa_services_status {
    uint32_t waiting;       /* circuits */
    uint32_t joined;        /* circuits: two per meeting */
    uint32_t introductions; /* circuits */
    uint32_t descriptors;
    uint32_t mailboxes;
    uint32_t boxes;
    uint64_t refused; /* requests: REFUSED or BUSY */
};

/* cepa_services_size gives the memory for these limits; SIZE_MAX if they are out of range. Most is
 * touched only when it is used. */
size_t cepa_services_size(const struct cepa_services_limits *limits);

/* cepa_services_init makes them in `memory_len` bytes, aligned as base/block.h says and lent until
 * cepa_services_wipe. Returns 0 or CEPA_ERR_ARGUMENT. */
CEPA_MUST_USE int cepa_services_init(struct cepa_services **ret_services, void *memory,
                                     size_t memory_len, const struct cepa_services_config *config);

/* cepa_services_wipe overwrites what was used. */
void cepa_services_wipe(struct cepa_services *services);

/* cepa_services_other gives the circuit that another one is joined to; none if it is not. O(1). The
 * owner then sends DATA of full length from one to the other as they are. */
struct cepa_handle cepa_services_other(const struct cepa_services *services,
                                       struct cepa_handle circuit);

/* cepa_services_on_request takes DATA whose first byte names one of these services; what is wrong
 * with them is answered or ignored. One signature is checked at most, about 50 us. */
void cepa_services_on_request(struct cepa_services *services,
                              const struct cepa_service_origin *origin, const uint8_t *data,
                              size_t data_len, const struct cepa_service_turn *turn);

/* cepa_services_on_ended says that a circuit is gone. O(1). */
void cepa_services_on_ended(struct cepa_services *services, struct cepa_handle circuit,
                            struct cepa_time now);

/* cepa_services_next gives the next effect. Returns 0 or CEPA_ERR_NOT_FOUND. */
CEPA_MUST_USE int cepa_services_next(struct cepa_services *services,
                                     struct cepa_service_effect *ret_effect);

/* Something of a mailbox that is to be kept over restarts. */
struct cepa_service_stored {
    bool is_box;  /* else a mailbox */
    bool is_gone; /* forget the key */
    uint8_t key[CEPA_SERVICE_STORED_KEY_SIZE];
    const uint8_t *value; /* unless it is gone; lent until the next call */
    size_t value_len;
};

/* cepa_services_next_stored gives what the store does not know yet, each thing once. Returns 0 or
 * CEPA_ERR_NOT_FOUND. O(1). */
CEPA_MUST_USE int cepa_services_next_stored(struct cepa_services *services,
                                            struct cepa_service_stored *ret_stored);

/* cepa_services_restore_mailbox and _restore_box take back what was stored, in any order, before
 * any request. Return 0, CEPA_ERR_LENGTH, CEPA_ERR_MALFORMED, or CEPA_ERR_FULL. */
CEPA_MUST_USE int cepa_services_restore_mailbox(struct cepa_services *services,
                                                const uint8_t key[CEPA_SERVICE_STORED_KEY_SIZE],
                                                const uint8_t *value, size_t value_len);
CEPA_MUST_USE int cepa_services_restore_box(struct cepa_services *services,
                                            const uint8_t key[CEPA_SERVICE_STORED_KEY_SIZE],
                                            const uint8_t *value, size_t value_len);

/* cepa_services_step ends what has waited too long, and forgets descriptors of days that are over.
 * To be called about once a second. O(what is kept). */
void cepa_services_step(struct cepa_services *services, struct cepa_directory_day today,
                        struct cepa_time now);

/* cepa_services_status_get says how much is in use. O(limits.roles). */
void cepa_services_status_get(const struct cepa_services *services,
                              struct cepa_services_status *ret_status);

#endif
