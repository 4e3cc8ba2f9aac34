/* Guards: the few relays that this node uses as first hops, for months. Sampled once, kept in
 * order, persisted. The first two that can be reached are in use; later ones only while earlier
 * ones fail, and those come back.
 *
 * Invariants: at most CEPA_GUARDS_MAX entries; no two share a prefix; at most as many new ones in
 * CEPA_GUARDS_SAMPLE_PERIOD; what happens while the network is down costs no guard its place.
 * @[SPEC 11.2] */
#ifndef CEPA_PATH_GUARDS_H
#define CEPA_PATH_GUARDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/random.h"
#include "base/time.h"
#include "path/clock.h"
#include "path/relays.h"

enum {
    CEPA_GUARDS_MAX = 20,
    CEPA_GUARDS_IN_USE = 2,
    CEPA_GUARD_ENTRY_SIZE = 32 + 5 + 1 + 2 + 8 + 8, /* key, prefix, flags, zeros, ends, unlisted */
    CEPA_GUARDS_SIZE_MAX =
        1 + 1 + 1 + 1 + 16 + CEPA_GUARDS_MAX * (CEPA_GUARD_ENTRY_SIZE + 8) /* version … entries */
};

#define CEPA_GUARDS_SAMPLE_PERIOD_MS (60 * CEPA_PATH_DAY_MS)
#define CEPA_GUARDS_LIFE_MIN_MS (60 * CEPA_PATH_DAY_MS)
#define CEPA_GUARDS_LIFE_MAX_MS (120 * CEPA_PATH_DAY_MS)
#define CEPA_GUARDS_UNLISTED_MAX_MS (20 * CEPA_PATH_DAY_MS)
#define CEPA_GUARDS_RETRY_MIN_MS UINT64_C(10000)
#define CEPA_GUARDS_RETRY_MAX_MS CEPA_PATH_HOUR_MS

/* Whether a guard answers. Not persisted. */
enum cepa_guard_state {
    CEPA_GUARD_UNTRIED,    /* nothing is known since the start, or it may be tried again */
    CEPA_GUARD_REACHED,    /* there is a link to it */
    CEPA_GUARD_UNREACHABLE /* it failed while others could be reached */
};

/* One guard. Times are counted ms (path/clock.h). */
struct cepa_guard {
    struct cepa_ed25519_public_key key;
    struct cepa_prefix prefix;   /* as it was when sampled */
    bool is_confirmed;           /* a link to it has been up at some time */
    bool is_listed;              /* the index has it, fit to be a guard; not persisted */
    uint64_t ends_ms;            /* when its life is over */
    uint64_t unlisted_ms;        /* since when the index lacks it; 0: it does not */
    enum cepa_guard_state state; /* not persisted */
    uint8_t failures;            /* in a row; not persisted */
    uint64_t retry_ms;           /* when it may be tried again; not persisted */
};

/* All guards of this node. */
struct cepa_guards {
    struct cepa_path_clock clock;
    struct cepa_guard entries[CEPA_GUARDS_MAX]; /* in the order of preference */
    size_t entries_len;
    uint64_t sampled_ms[CEPA_GUARDS_MAX]; /* when the last ones were sampled, oldest first */
    size_t sampled_len;
    bool is_online;  /* the owner has a live link to somebody */
    bool is_changed; /* since the last cepa_guards_take_changed: to be persisted */
};

/* cepa_guards_init begins without guards. */
void cepa_guards_init(struct cepa_guards *ret_guards);

/* cepa_guards_encode writes what is to be kept over restarts: at most CEPA_GUARDS_SIZE_MAX bytes;
 * their number goes to `ret_len`. */
void cepa_guards_encode(uint8_t *ret_bytes, size_t *ret_len, const struct cepa_guards *guards);

/* cepa_guards_decode reads it back. Returns 0, CEPA_ERR_VERSION, CEPA_ERR_LENGTH, or
 * CEPA_ERR_MALFORMED; then the owner begins anew with cepa_guards_init. */
CEPA_MUST_USE int cepa_guards_decode(struct cepa_guards *ret_guards, const uint8_t *bytes,
                                     size_t bytes_len);

/* cepa_guards_update compares with the index: notes who is listed, drops whose life is over or who
 * was not listed for long, samples new ones where there is room and budget. `own` is this node's
 * entry (its prefix and family exclude guards), or NULL. To be called at the start, when the index
 * has changed, and every minute. Returns 0, or CEPA_ERR_RANDOM (all but the sampling is done).
 * O(relays). */
CEPA_MUST_USE int cepa_guards_update(struct cepa_guards *guards,
                                     const struct cepa_path_relays *relays,
                                     const struct cepa_path_relay *own, struct cepa_wall wall,
                                     const struct cepa_random *random);

/* cepa_guards_on_online tells whether there is a live link to anybody. While there is none,
 * failures say nothing about a guard; when the network is back, all may be tried again. */
void cepa_guards_on_online(struct cepa_guards *guards, bool is_online, struct cepa_wall wall);

/* cepa_guards_on_reached tells that a link to a relay is up; relays that are no guards are
 * ignored. */
void cepa_guards_on_reached(struct cepa_guards *guards, const struct cepa_ed25519_public_key *key,
                            struct cepa_wall wall);

/* cepa_guards_on_failed tells that a dial to a relay failed, or that its link was lost. */
void cepa_guards_on_failed(struct cepa_guards *guards, const struct cepa_ed25519_public_key *key,
                           struct cepa_wall wall);

/* cepa_guards_wanted gives, in order, the guards that the owner should hold a link with or dial
 * now (at most CEPA_GUARDS_MAX): the first two that are not known to be unreachable, and earlier
 * ones whose time to be tried again has come. Returns how many. The keys are copied to
 * `ret_keys`. */
size_t cepa_guards_wanted(struct cepa_guards *guards, struct cepa_ed25519_public_key *ret_keys,
                          struct cepa_wall wall);

/* cepa_guards_in_use gives the entries of the first two that are reached, in order, lent until the
 * next update; returns how many there are. A new circuit begins at one of these. */
size_t cepa_guards_in_use(const struct cepa_guards *guards,
                          const struct cepa_guard *ret_entries[CEPA_GUARDS_IN_USE]);

/* cepa_guards_take_changed says once whether there is something new to persist. */
bool cepa_guards_take_changed(struct cepa_guards *guards);

#endif
