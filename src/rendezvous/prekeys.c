/* Prekeys. @[SPEC 14.7] */
#include "rendezvous/prekeys.h"

#include <string.h>

#include "base/bytes.h"
#include "base/ct.h"
#include "base/endian.h"
#include "crypto/hash.h"

enum { KEEP_DAYS = 2 }; /* after the next one came; and how far back a clock may jump */

static const char prekey_label[] = "cepa v1 prekey";

void cepa_prekey_id_of(struct cepa_prekey_id *ret_id, const uint8_t *public_key)
{
    struct cepa_blake2b hash;
    cepa_blake2b_init(&hash, CEPA_PREKEY_ID_SIZE, NULL, 0);
    cepa_blake2b_update(&hash, prekey_label, sizeof prekey_label);
    cepa_blake2b_update(&hash, public_key, CEPA_XWING_PUBLIC_KEY_BYTES);
    cepa_blake2b_final(&hash, ret_id->bytes, sizeof ret_id->bytes);
}

void cepa_prekeys_init(struct cepa_prekeys *ret_prekeys)
{
    memset(ret_prekeys, 0, sizeof *ret_prekeys);
}

void cepa_prekeys_wipe(struct cepa_prekeys *prekeys)
{
    cepa_wipe(prekeys, sizeof *prekeys);
}

/* Computes what follows from the seed. */
static void expand(struct cepa_prekey *prekey, struct cepa_prekeys_workspace *workspace,
                   uint32_t cpu)
{
    cepa_xwing_key_expand(&workspace->key, &prekey->seed, &workspace->xwing, cpu);
    prekey->public_key = workspace->key.public_key;
    cepa_wipe(&workspace->key, sizeof workspace->key);
    cepa_prekey_id_of(&prekey->id, prekey->public_key.bytes);
}

/* Whether a moment of the wall clock has come; one that is further off than it can be, too. */
static bool has_come(struct cepa_wall until, struct cepa_wall wall, uint64_t day_ms)
{
    return cepa_wall_since(until, wall) == 0 ||
           cepa_wall_since(until, wall) > (KEEP_DAYS + 2) * day_ms;
}

static void forget(struct cepa_prekeys *prekeys, struct cepa_wall wall, uint64_t day_ms)
{
    for (size_t i = prekeys->keys_len; i > 1; i--) {
        if (has_come(prekeys->keys[i - 1].until, wall, day_ms)) {
            prekeys->keys_len--;
            memmove(&prekeys->keys[i - 1], &prekeys->keys[i],
                    (prekeys->keys_len - (i - 1)) * sizeof prekeys->keys[0]);
            cepa_wipe(&prekeys->keys[prekeys->keys_len], sizeof prekeys->keys[0]);
            prekeys->is_changed = true;
        }
    }
}

int cepa_prekeys_step(struct cepa_prekeys *prekeys, const struct cepa_calendar *calendar,
                      struct cepa_wall wall, const struct cepa_random *random,
                      struct cepa_prekeys_workspace *workspace, uint32_t cpu)
{
    uint64_t day_ms = calendar->day_len_ms;
    uint8_t drawn[CEPA_XWING_SEED_BYTES + 4];
    if (prekeys->keys_len == 0 || has_come(prekeys->keys[0].until, wall, day_ms)) {
        int error = cepa_random_fill(random, drawn, sizeof drawn);
        if (error != 0) {
            return error;
        }
        /* Somewhere within half a day, so that not everybody's changes at one time. */
        uint64_t part = day_ms / 2 * (cepa_be32_load(drawn + CEPA_XWING_SEED_BYTES) >> 16) >> 16;
        prekeys->keys_len += prekeys->keys_len < CEPA_PREKEYS_MAX ? 1 : 0;
        memmove(&prekeys->keys[1], &prekeys->keys[0],
                (CEPA_PREKEYS_MAX - 1) * sizeof prekeys->keys[0]);
        if (prekeys->keys_len > 1) {
            prekeys->keys[1].until = cepa_wall_add(wall, KEEP_DAYS * day_ms);
        }
        memcpy(prekeys->keys[0].seed.bytes, drawn, CEPA_XWING_SEED_BYTES);
        prekeys->keys[0].until = cepa_wall_add(wall, day_ms / 4 * 3 + part);
        expand(&prekeys->keys[0], workspace, cpu);
        cepa_wipe(drawn, sizeof drawn);
        prekeys->is_changed = true;
    }
    forget(prekeys, wall, day_ms);
    return 0;
}

bool cepa_prekeys_take_changed(struct cepa_prekeys *prekeys)
{
    bool is_changed = prekeys->is_changed;
    prekeys->is_changed = false;
    return is_changed;
}

const struct cepa_prekey *cepa_prekeys_current(const struct cepa_prekeys *prekeys)
{
    return prekeys->keys_len > 0 ? &prekeys->keys[0] : NULL;
}

const struct cepa_prekey *cepa_prekeys_find(const struct cepa_prekeys *prekeys,
                                            const struct cepa_prekey_id *id)
{
    for (size_t i = 0; i < prekeys->keys_len; i++) {
        if (memcmp(&prekeys->keys[i].id, id, sizeof *id) == 0) {
            return &prekeys->keys[i];
        }
    }
    return NULL;
}

void cepa_prekeys_encode(uint8_t *ret_bytes, size_t *ret_len, const struct cepa_prekeys *prekeys)
{
    struct cepa_writer writer;
    cepa_writer_init(&writer, ret_bytes, CEPA_PREKEYS_SIZE_MAX);
    cepa_writer_u8(&writer, CEPA_PREKEYS_VERSION);
    cepa_writer_u8(&writer, (uint8_t)prekeys->keys_len);
    cepa_writer_zeros(&writer, 2);
    for (size_t i = 0; i < prekeys->keys_len; i++) {
        cepa_writer_bytes(&writer, prekeys->keys[i].seed.bytes, CEPA_XWING_SEED_BYTES);
        cepa_writer_u64(&writer, prekeys->keys[i].until.unix_ms);
    }
    *ret_len = writer.len;
}

int cepa_prekeys_decode(struct cepa_prekeys *ret_prekeys, const uint8_t *bytes, size_t bytes_len,
                        struct cepa_prekeys_workspace *workspace, uint32_t cpu)
{
    struct cepa_reader reader;
    if (bytes_len < 4) {
        return CEPA_ERR_LENGTH;
    }
    if (bytes[0] != CEPA_PREKEYS_VERSION) {
        return CEPA_ERR_VERSION;
    }
    size_t keys_len = bytes[1];
    if (keys_len > CEPA_PREKEYS_MAX || bytes[2] != 0 || bytes[3] != 0) {
        return CEPA_ERR_MALFORMED;
    }
    if (bytes_len != 4 + keys_len * (CEPA_XWING_SEED_BYTES + 8)) {
        return CEPA_ERR_LENGTH;
    }
    cepa_prekeys_init(ret_prekeys);
    cepa_reader_init(&reader, bytes + 4, bytes_len - 4);
    for (size_t i = 0; i < keys_len; i++) {
        cepa_reader_bytes(&reader, ret_prekeys->keys[i].seed.bytes, CEPA_XWING_SEED_BYTES);
        ret_prekeys->keys[i].until.unix_ms = cepa_reader_u64(&reader);
        expand(&ret_prekeys->keys[i], workspace, cpu);
    }
    ret_prekeys->keys_len = keys_len;
    return 0;
}
