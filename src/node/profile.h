/* Network profiles: the constants that all nodes of a network share. Their hash is the network's
 * id, which stands in every record, handshake and invitation; so nodes of different profiles refuse
 * each other, and no rule has an off switch. @[SPEC 12.1] */
#ifndef CEPA_NODE_PROFILE_H
#define CEPA_NODE_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "wire/ids.h"

enum {
    CEPA_PROFILE_VERSION = 1,
    CEPA_PROFILE_NAME_SIZE = 16, /* with at least one final zero */
    /* version, name, calendar, fourteen numbers of 32 bits */
    CEPA_PROFILE_ENCODED_SIZE = 1 + CEPA_PROFILE_NAME_SIZE + 8 + 8 + 14 * 4
};

/* A profile. A day has 24 epochs in each of them. */
struct cepa_profile {
    char name[CEPA_PROFILE_NAME_SIZE]; /* padded with zeros */
    struct cepa_calendar calendar;
    uint32_t certificate_days;    /* how long a certificate is made for, and its longest life */
    uint32_t record_days;         /* a record of day d counts on days below d + this */
    uint32_t days_ahead;          /* how many days a peer's day may be before ours */
    uint32_t receipt_days;        /* a receipt of day d counts for descriptors up to d + this */
    uint32_t receipts_min;        /* dial-backs from different prefixes that a relay needs */
    uint32_t work_bits;           /* leading zero bits of an identity's proof of work */
    uint32_t admission_daily_min; /* new relays that come into use per day, at least */
    uint32_t admission_daily_permille; /* of those in use already */
    uint32_t admission_prefix_max;     /* per day from one prefix */
    uint32_t guard_age_days;           /* a relay is a guard when it was known for so many days */
    uint32_t clock_error_max_ms;       /* a clock further off than this publishes nothing */
    uint32_t custody_relays;           /* below so many relays everybody holds all objects */
    uint32_t bucket_relays;            /* from there on: at least so many in a bucket */
    uint32_t custodians;               /* and so many relays keep it, up to 8 */
};

/* cepa_profile_main gives the profile `main`: days of 24 hours, epochs of 60 minutes. */
void cepa_profile_main(struct cepa_profile *ret_profile);

/* cepa_profile_test gives the profile `test`: days of 1 hour, epochs of 150 seconds, no ages. */
void cepa_profile_test(struct cepa_profile *ret_profile);

/* cepa_profile_find gives the profile of that name (ended by a zero). Returns 0 or
 * CEPA_ERR_NOT_FOUND. */
CEPA_MUST_USE int cepa_profile_find(struct cepa_profile *ret_profile, const char *name);

/* cepa_profile_has_private says whether nodes of this network may be sent to private addresses by
 * what others tell: in `test` alone, whose networks are inside a machine or a building. */
bool cepa_profile_has_private(const struct cepa_profile *profile);

/* cepa_profile_encode writes CEPA_PROFILE_ENCODED_SIZE bytes: what is hashed. */
void cepa_profile_encode(uint8_t *ret_bytes, const struct cepa_profile *profile);

/* cepa_profile_network gives the id of the profile's network. */
void cepa_profile_network(struct cepa_network_id *ret_network, const struct cepa_profile *profile);

#endif
