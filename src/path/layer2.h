/* Second-layer guards: the second hops of circuits that a remote party can make this node build.
 * Four, each for 1 to 12 days: long enough that such a party cannot soon draw a hop of its own next
 * to a guard, short enough that taking one over is of little use. @[SPEC 11.3] */
#ifndef CEPA_PATH_LAYER2_H
#define CEPA_PATH_LAYER2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/random.h"
#include "base/time.h"
#include "path/clock.h"
#include "path/relays.h"

enum {
    CEPA_LAYER2_MAX = 4,
    CEPA_LAYER2_REFUSED = 5,      /* times in a row after which one counts as dead */
    CEPA_LAYER2_REPLACED_MAX = 4, /* within a day, because all are dead */
    CEPA_LAYER2_ENTRY_SIZE = 32 + 8,
    CEPA_LAYER2_SIZE_MAX = 1 + 1 + 16 + CEPA_LAYER2_MAX * CEPA_LAYER2_ENTRY_SIZE
};

#define CEPA_LAYER2_LIFE_MIN_MS CEPA_PATH_DAY_MS
#define CEPA_LAYER2_LIFE_MAX_MS (12 * CEPA_PATH_DAY_MS)
#define CEPA_LAYER2_UNLISTED_MAX_MS CEPA_PATH_DAY_MS

/* One of them. */
struct cepa_layer2_entry {
    struct cepa_ed25519_public_key key;
    uint64_t ends_ms;     /* counted ms: when its life is over */
    uint64_t unlisted_ms; /* since when the index lacks it; 0: it does not; not persisted */
    uint32_t failures;    /* builds by it in a row that came to nothing; not persisted */
    uint32_t refused;     /* how often in a row it could not be had; not persisted */
};

/* All of them. */
struct cepa_layer2 {
    struct cepa_path_clock clock;
    struct cepa_layer2_entry entries[CEPA_LAYER2_MAX];
    size_t entries_len;
    uint32_t replaced;    /* since then, because all failed; not persisted */
    uint64_t replaced_ms; /* counted ms */
    bool is_changed;      /* to be persisted */
};

/* cepa_layer2_init begins without any. */
void cepa_layer2_init(struct cepa_layer2 *ret_layer2);

/* cepa_layer2_encode and cepa_layer2_decode: as for guards; at most CEPA_LAYER2_SIZE_MAX bytes.
 * Errors: CEPA_ERR_VERSION, CEPA_ERR_LENGTH, CEPA_ERR_MALFORMED. */
void cepa_layer2_encode(uint8_t *ret_bytes, size_t *ret_len, const struct cepa_layer2 *layer2);
CEPA_MUST_USE int cepa_layer2_decode(struct cepa_layer2 *ret_layer2, const uint8_t *bytes,
                                     size_t bytes_len);

/* cepa_layer2_life_ms gives the life that two draws of 64 bits stand for: the later of two moments
 * that are uniform between 1 and 12 days. */
uint64_t cepa_layer2_life_ms(uint64_t first, uint64_t second);

/* cepa_layer2_update drops whose life is over or who left the index a day ago, and draws others in
 * their place, by the weights of path/select.h, with distinct prefixes, never relays that are only
 * introduced. Returns 0 or CEPA_ERR_RANDOM. O(relays). */
CEPA_MUST_USE int cepa_layer2_update(struct cepa_layer2 *layer2,
                                     const struct cepa_path_relays *relays,
                                     const struct cepa_path_relay *own, struct cepa_wall wall,
                                     const struct cepa_random *random);

/* cepa_layer2_on_built and cepa_layer2_on_failed tell that a circuit by one of them was built, or
 * came to nothing. cepa_layer2_on_refused: a guard says that it does not reach it, or it is
 * suspected or has become a guard; nobody at the far end of a circuit can bring this about. */
void cepa_layer2_on_built(struct cepa_layer2 *layer2, const struct cepa_ed25519_public_key *key);
void cepa_layer2_on_failed(struct cepa_layer2 *layer2, const struct cepa_ed25519_public_key *key);
void cepa_layer2_on_refused(struct cepa_layer2 *layer2, const struct cepa_ed25519_public_key *key);

/* cepa_layer2_drop_dead drops one of them if all are dead, so that the next cepa_layer2_update
 * draws another; true if it did. At most CEPA_LAYER2_REPLACED_MAX in a day. To be called every
 * second or so; `is_online`: this node reaches others; while it does not, nothing counts. */
bool cepa_layer2_drop_dead(struct cepa_layer2 *layer2, struct cepa_wall wall, bool is_online);

/* cepa_layer2_take_changed says once whether there is something new to persist. */
bool cepa_layer2_take_changed(struct cepa_layer2 *layer2);

#endif
