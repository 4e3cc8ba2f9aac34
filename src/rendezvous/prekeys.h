/* Prekeys: what first contacts of an address are sealed to beside its lasting key. They are drawn
 * at random, take turns about once a day, and are forgotten two days after the next one came: what
 * was sealed before can then be opened by nobody, whoever takes the identity's secret. @[SPEC 14.7]
 *
 * The owner stores what cepa_prekeys_encode gives whenever cepa_prekeys_take_changed says so, in
 * place of what was stored before and durably, before a descriptor with the new key leaves. */
#ifndef CEPA_RENDEZVOUS_PREKEYS_H
#define CEPA_RENDEZVOUS_PREKEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/random.h"
#include "base/time.h"
#include "crypto/xwing.h"

enum {
    CEPA_PREKEYS_MAX = 4,    /* the current one, and those that it has replaced lately */
    CEPA_PREKEY_ID_SIZE = 8, /* names one: a hash of its public key */
    CEPA_PREKEYS_VERSION = 1,
    CEPA_PREKEYS_SIZE_MAX = 1 + 1 + 2 + CEPA_PREKEYS_MAX * (CEPA_XWING_SEED_BYTES + 8)
};

/* Names a prekey. */
struct cepa_prekey_id {
    uint8_t bytes[CEPA_PREKEY_ID_SIZE];
};

/* One prekey. */
struct cepa_prekey {
    struct cepa_xwing_seed seed; /* secret */
    struct cepa_xwing_public_key public_key;
    struct cepa_prekey_id id;
    struct cepa_wall until; /* the first one: when the next comes; others: when it is forgotten */
};

/* The prekeys of one identity; secret. */
struct cepa_prekeys {
    struct cepa_prekey keys[CEPA_PREKEYS_MAX]; /* the current one first, then the later ones */
    size_t keys_len;
    bool is_changed;
};

/* Temporaries; nothing has to be in it before, nothing secret is after. */
struct cepa_prekeys_workspace {
    struct cepa_xwing_workspace xwing;
    struct cepa_xwing_key key;
};

/* cepa_prekey_id_of gives the name of a public key (CEPA_XWING_PUBLIC_KEY_BYTES bytes). */
void cepa_prekey_id_of(struct cepa_prekey_id *ret_id, const uint8_t *public_key);

/* cepa_prekeys_init begins without any. */
void cepa_prekeys_init(struct cepa_prekeys *ret_prekeys);

/* cepa_prekeys_wipe overwrites them with zeros. */
void cepa_prekeys_wipe(struct cepa_prekeys *prekeys);

/* cepa_prekeys_step draws the next one if it is time, at once if there is none, and forgets what is
 * old; to be called at the start and once a minute or so. A clock that jumps back by more than two
 * days counts as due. Returns 0, or CEPA_ERR_RANDOM with everything as it was. About 0.1 ms if one
 * is drawn. */
CEPA_MUST_USE int cepa_prekeys_step(struct cepa_prekeys *prekeys,
                                    const struct cepa_calendar *calendar, struct cepa_wall wall,
                                    const struct cepa_random *random,
                                    struct cepa_prekeys_workspace *workspace, uint32_t cpu);

/* cepa_prekeys_take_changed says once whether there is something new to store. */
bool cepa_prekeys_take_changed(struct cepa_prekeys *prekeys);

/* cepa_prekeys_current gives the one to publish, or NULL before the first step. Lent until the next
 * step. */
const struct cepa_prekey *cepa_prekeys_current(const struct cepa_prekeys *prekeys);

/* cepa_prekeys_find gives the one with this name, or NULL. Lent until the next step. Variable time:
 * names are public. */
const struct cepa_prekey *cepa_prekeys_find(const struct cepa_prekeys *prekeys,
                                            const struct cepa_prekey_id *id);

/* cepa_prekeys_encode writes what is to be stored, at most CEPA_PREKEYS_SIZE_MAX bytes; secret.
 * Their number goes to `ret_len`. */
void cepa_prekeys_encode(uint8_t *ret_bytes, size_t *ret_len, const struct cepa_prekeys *prekeys);

/* cepa_prekeys_decode reads it back. Returns 0, CEPA_ERR_LENGTH, CEPA_ERR_VERSION or
 * CEPA_ERR_MALFORMED; then the owner begins anew with cepa_prekeys_init. */
CEPA_MUST_USE int cepa_prekeys_decode(struct cepa_prekeys *ret_prekeys, const uint8_t *bytes,
                                      size_t bytes_len, struct cepa_prekeys_workspace *workspace,
                                      uint32_t cpu);

#endif
