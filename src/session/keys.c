/* Keys of paths, and packets under them. @[SPEC 16.4] */
#include "session/keys.h"

#include <string.h>

#include "base/assert.h"
#include "base/ct.h"
#include "base/endian.h"
#include "crypto/aead.h"
#include "crypto/kdf.h"
#include "session/keys_parts.h"

enum { NUMBER_SIZE = 8, NUMBER_BITS = 61 };

#define PART_BIT (UINT64_C(1) << 63)

_Static_assert(NUMBER_SIZE + CEPA_SESSION_PLAIN_SIZE + CEPA_AEAD_TAG_LEN ==
                   CEPA_SESSION_PACKET_SIZE,
               "number, frames, tag");

/* The keys of a path in the generation of `slot`, both ways. */
static void derive(struct cepa_session_path_keys *path, const struct cepa_session_keys *keys,
                   unsigned slot)
{
    for (uint8_t direction = 0; direction < 2; direction++) {
        struct cepa_kdf kdf;
        uint8_t which[5];
        cepa_be32_store(which, path->number);
        which[4] = direction;
        cepa_kdf_init(&kdf, "session path");
        cepa_kdf_input(&kdf, keys->roots[slot], sizeof keys->roots[slot]);
        cepa_kdf_input(&kdf, which, sizeof which);
        cepa_kdf_output(&kdf, path->keys[slot][direction], sizeof path->keys[slot][direction]);
        cepa_kdf_wipe(&kdf);
    }
}

void cepa_session_generation_add(struct cepa_session_keys *keys, unsigned slot, const uint8_t *root)
{
    memcpy(keys->roots[slot], root, sizeof keys->roots[slot]);
    keys->live |= (uint8_t)(1u << slot);
    for (size_t i = 0; i < CEPA_SESSION_PATHS_MAX; i++) {
        if (keys->paths[i].is_open) {
            derive(&keys->paths[i], keys, slot);
        }
    }
}

void cepa_session_generation_drop(struct cepa_session_keys *keys, unsigned slot)
{
    cepa_wipe(keys->roots[slot], sizeof keys->roots[slot]);
    keys->live &= (uint8_t) ~(1u << slot);
    for (size_t i = 0; i < CEPA_SESSION_PATHS_MAX; i++) {
        cepa_wipe(keys->paths[i].keys[slot], sizeof keys->paths[i].keys[slot]);
    }
}

void cepa_session_keys_init(struct cepa_session_keys *ret_keys, const uint8_t *root,
                            bool is_initiator, struct cepa_time now)
{
    memset(ret_keys, 0, sizeof *ret_keys);
    ret_keys->is_initiator = is_initiator;
    ret_keys->is_confirmed = true;
    ret_keys->began = now;
    ret_keys->previous_until = cepa_time_never();
    cepa_replay_window_init(&ret_keys->numbers);
    cepa_session_generation_add(ret_keys, 0, root);
}

void cepa_session_keys_wipe(struct cepa_session_keys *keys)
{
    cepa_wipe(keys, sizeof *keys);
}

static struct cepa_session_path_keys *find(struct cepa_session_keys *keys, uint32_t number)
{
    for (size_t i = 0; i < CEPA_SESSION_PATHS_MAX; i++) {
        if (keys->paths[i].is_open && keys->paths[i].number == number) {
            return &keys->paths[i];
        }
    }
    return NULL;
}

static struct cepa_session_path_keys *find_free(struct cepa_session_keys *keys)
{
    for (size_t i = 0; i < CEPA_SESSION_PATHS_MAX; i++) {
        if (!keys->paths[i].is_open) {
            return &keys->paths[i];
        }
    }
    return NULL;
}

int cepa_session_keys_path_open(struct cepa_session_keys *keys, uint32_t number)
{
    struct cepa_session_path_keys *path = find_free(keys);
    if (cepa_replay_window_check(&keys->numbers, number) != 0) {
        return CEPA_ERR_IN_USE;
    }
    if (path == NULL) {
        return CEPA_ERR_FULL;
    }
    int error = cepa_replay_window_accept(&keys->numbers, number);
    CEPA_ASSERT(error == 0);
    path->is_open = true;
    path->number = number;
    path->next = 0;
    for (unsigned slot = 0; slot < CEPA_SESSION_GENERATIONS; slot++) {
        if (cepa_session_generation_is_live(keys, slot)) {
            derive(path, keys, slot);
        }
    }
    return 0;
}

void cepa_session_keys_path_close(struct cepa_session_keys *keys, uint32_t number)
{
    struct cepa_session_path_keys *path = find(keys, number);
    if (path != NULL) {
        cepa_wipe(path, sizeof *path);
    }
}

/* The number field is the nonce: a key serves one path, one direction and one generation. */
static void nonce_of(uint8_t ret_nonce[CEPA_AEAD_NONCE_LEN], const uint8_t *bytes)
{
    memset(ret_nonce, 0, CEPA_AEAD_NONCE_LEN - NUMBER_SIZE);
    memcpy(ret_nonce + CEPA_AEAD_NONCE_LEN - NUMBER_SIZE, bytes, NUMBER_SIZE);
}

int cepa_session_keys_seal(struct cepa_session_keys *keys, uint8_t *bytes, uint32_t number,
                           uint64_t packet, uint32_t cpu)
{
    struct cepa_session_path_keys *path = find(keys, number);
    uint8_t nonce[CEPA_AEAD_NONCE_LEN];
    unsigned slot = cepa_session_generation_slot(keys->generation);
    if (path == NULL) {
        return CEPA_ERR_NOT_FOUND;
    }
    if (packet < path->next || packet >= CEPA_SESSION_NUMBER_END) {
        return CEPA_ERR_ARGUMENT;
    }
    path->next = packet + 1;
    keys->packets++;
    cepa_be64_store(bytes, (uint64_t)slot << NUMBER_BITS | packet);
    nonce_of(nonce, bytes);
    cepa_aead_seal(bytes + NUMBER_SIZE, CEPA_SESSION_PLAIN_SIZE,
                   bytes + NUMBER_SIZE + CEPA_SESSION_PLAIN_SIZE, NULL, 0, nonce,
                   path->keys[slot][keys->is_initiator ? 0 : 1], cpu);
    return 0;
}

int cepa_session_keys_open(struct cepa_session_keys *keys, uint64_t *ret_packet, uint8_t *bytes,
                           uint32_t number, struct cepa_time now, uint32_t cpu)
{
    struct cepa_session_path_keys *path = find(keys, number);
    uint8_t nonce[CEPA_AEAD_NONCE_LEN];
    uint64_t field = cepa_be64_load(bytes);
    if (path == NULL) {
        return CEPA_ERR_NOT_FOUND;
    }
    if ((field & PART_BIT) != 0) {
        return CEPA_ERR_MALFORMED;
    }
    cepa_session_keys_step(keys, now);
    unsigned slot = (unsigned)(field >> NUMBER_BITS);
    if (!cepa_session_generation_is_live(keys, slot)) {
        return CEPA_ERR_AUTHENTICATION;
    }
    nonce_of(nonce, bytes);
    int error = cepa_aead_open(bytes + NUMBER_SIZE, CEPA_SESSION_PLAIN_SIZE,
                               bytes + NUMBER_SIZE + CEPA_SESSION_PLAIN_SIZE, NULL, 0, nonce,
                               path->keys[slot][keys->is_initiator ? 1 : 0], cpu);
    if (error != 0) {
        return error;
    }
    *ret_packet = field & (CEPA_SESSION_NUMBER_END - 1);
    keys->packets++;
    keys->is_proven = true;
    cepa_session_generation_seen(keys, slot, now);
    return 0;
}

bool cepa_session_keys_is_proven(const struct cepa_session_keys *keys)
{
    return keys->is_proven;
}
