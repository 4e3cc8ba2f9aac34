/* How many new relays a node lets into use per day. A record that is merged is known, kept and
 * passed on; but until its relay is *admitted* nobody here puts it on a path. So a flood of new
 * relays takes weeks to matter, whatever its size. Local policy: no two nodes need agree.
 * @[SPEC 10.6] */
#ifndef CEPA_MESH_ADMISSION_H
#define CEPA_MESH_ADMISSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/siphash.h"
#include "base/time.h"
#include "wire/ids.h"

enum { CEPA_ADMISSION_PREFIXES = 1024 };

/* The share: constants of the profile. */
struct cepa_admission_limits {
    uint32_t daily_min;      /* places per day, at least; 20 */
    uint32_t daily_permille; /* of the relays that are admitted already; 10 */
    uint16_t per_prefix_max; /* places per day for one prefix */
};

/* The places of today. */
struct cepa_admission {
    struct cepa_admission_limits limits;
    struct cepa_siphash_key key;             /* of the prefixes' counts; random */
    struct cepa_directory_day first;         /* when this node began */
    struct cepa_directory_day day;           /* today */
    bool is_new_here;                        /* knew nobody before `first`: everybody is admitted */
    uint32_t places;                         /* left today */
    uint16_t taken[CEPA_ADMISSION_PREFIXES]; /* today, by prefix; two may share a count */
};

/* cepa_admission_init begins on `today`, knowing nobody: the relays of the first day, and of the
 * next, are those that the network has, and all are admitted. */
void cepa_admission_init(struct cepa_admission *admission,
                         const struct cepa_admission_limits *limits,
                         struct cepa_directory_day today, const struct cepa_siphash_key *key);

/* cepa_admission_begin_day gives the places of a later day, with `admitted` relays in use; a day
 * that is not later changes nothing. */
void cepa_admission_begin_day(struct cepa_admission *admission, struct cepa_directory_day day,
                              uint32_t admitted);

/* cepa_admission_set_back: it is an earlier day after all. No place comes back by that. When the
 * later day was a jump of more than a day, by which others were forgotten, all begins anew. */
void cepa_admission_set_back(struct cepa_admission *admission, struct cepa_directory_day day);

/* cepa_admission_remember says that `admitted` relays are known from earlier days (a restart): this
 * node is not new here. */
void cepa_admission_remember(struct cepa_admission *admission, uint32_t admitted);

/* cepa_admission_has_place says whether cepa_admission_take would give a place. */
bool cepa_admission_has_place(const struct cepa_admission *admission,
                              const struct cepa_prefix *prefix);

/* cepa_admission_take takes a place for a relay of that prefix; false if there is none today. */
bool cepa_admission_take(struct cepa_admission *admission, const struct cepa_prefix *prefix);

#endif
