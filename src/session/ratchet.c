/* The ratchet: fresh X-Wing keys make the next generation's root. @[SPEC 16.5] */
#include <string.h>

#include "base/bytes.h"
#include "base/ct.h"
#include "base/endian.h"
#include "crypto/kdf.h"
#include "session/keys_parts.h"

enum { GENERATION_SIZE = 4 };

/* The next root: of the one before, what was agreed, and both messages. */
static void next_root(uint8_t ret_root[CEPA_SESSION_SECRET_SIZE],
                      const struct cepa_session_keys *keys, const struct cepa_xwing_secret *secret,
                      const uint8_t *offer, const uint8_t *answer)
{
    struct cepa_kdf kdf;
    unsigned slot = cepa_session_generation_slot(keys->generation);
    cepa_kdf_init(&kdf, "session ratchet");
    cepa_kdf_input(&kdf, keys->roots[slot], sizeof keys->roots[slot]);
    cepa_kdf_input(&kdf, secret->bytes, sizeof secret->bytes);
    cepa_kdf_input(&kdf, offer, CEPA_CONTROL_OFFER_SIZE);
    cepa_kdf_input(&kdf, answer, CEPA_CONTROL_ANSWER_SIZE);
    cepa_kdf_output(&kdf, ret_root, CEPA_SESSION_SECRET_SIZE);
    cepa_kdf_wipe(&kdf);
}

/* Seals with the next generation from now on; the one before the present is dropped. */
static void advance(struct cepa_session_keys *keys, struct cepa_time previous_until,
                    struct cepa_time now)
{
    cepa_session_generation_drop(keys, cepa_session_generation_slot(keys->generation - 1));
    keys->generation++;
    keys->packets = 0;
    keys->began = now;
    keys->previous_until = previous_until;
}

void cepa_session_generation_seen(struct cepa_session_keys *keys, unsigned slot,
                                  struct cepa_time now)
{
    struct cepa_time until = cepa_time_add(now, CEPA_SESSION_GENERATION_KEPT_NS);
    if (slot == cepa_session_generation_slot(keys->generation + 1)) {
        advance(keys, until, now); /* a responder: the initiator has the answer */
    } else if (slot == cepa_session_generation_slot(keys->generation) && !keys->is_confirmed) {
        keys->is_confirmed = true;
        keys->previous_until = until;
    }
}

void cepa_session_keys_step(struct cepa_session_keys *keys, struct cepa_time now)
{
    if (cepa_time_is_due(keys->previous_until, now)) {
        cepa_session_generation_drop(keys, cepa_session_generation_slot(keys->generation - 1));
        keys->previous_until = cepa_time_never();
    }
}

static bool may_offer(const struct cepa_session_keys *keys)
{
    return keys->is_initiator && keys->is_confirmed && !keys->is_offering;
}

struct cepa_time cepa_session_keys_deadline(const struct cepa_session_keys *keys)
{
    return may_offer(keys) ? cepa_time_earliest(keys->previous_until,
                                                cepa_time_add(keys->began, CEPA_SESSION_RATCHET_NS))
                           : keys->previous_until;
}

bool cepa_session_ratchet_is_due(const struct cepa_session_keys *keys, struct cepa_time now)
{
    return may_offer(keys) &&
           (keys->packets >= CEPA_SESSION_RATCHET_PACKETS ||
            cepa_time_is_due(cepa_time_add(keys->began, CEPA_SESSION_RATCHET_NS), now));
}

/* Writes an offer; the expanded key of its seed is then in the workspace. */
static void make_offer(const struct cepa_session_keys *keys, uint8_t *ret_body,
                       const struct cepa_xwing_seed *seed, struct cepa_session_workspace *workspace,
                       uint32_t cpu)
{
    cepa_xwing_key_expand(&workspace->key, seed, &workspace->xwing, cpu);
    cepa_be32_store(ret_body, keys->generation + 1);
    memcpy(ret_body + GENERATION_SIZE, workspace->key.public_key.bytes, CEPA_KEM_PUBLIC_KEY_SIZE);
}

int cepa_session_ratchet_offer(struct cepa_session_keys *keys, uint8_t *ret_body,
                               const struct cepa_random *random,
                               struct cepa_session_workspace *workspace, uint32_t cpu)
{
    if (!may_offer(keys)) {
        return CEPA_ERR_ARGUMENT;
    }
    int error = cepa_random_fill(random, keys->offered.bytes, sizeof keys->offered.bytes);
    if (error != 0) {
        return error;
    }
    keys->is_offering = true;
    make_offer(keys, ret_body, &keys->offered, workspace, cpu);
    cepa_wipe(&workspace->key, sizeof workspace->key);
    return 0;
}

int cepa_session_ratchet_answer(struct cepa_session_keys *keys, uint8_t *ret_body,
                                const uint8_t *offer, const struct cepa_random *random,
                                struct cepa_session_workspace *workspace, uint32_t cpu)
{
    struct cepa_xwing_secret secret;
    uint8_t root[CEPA_SESSION_SECRET_SIZE];
    unsigned slot = cepa_session_generation_slot(keys->generation + 1);
    if (keys->is_initiator || cepa_session_generation_is_live(keys, slot) ||
        cepa_be32_load(offer) != keys->generation + 1) {
        return CEPA_ERR_STATE;
    }
    memcpy(workspace->key.public_key.bytes, offer + GENERATION_SIZE, CEPA_KEM_PUBLIC_KEY_SIZE);
    int error = cepa_random_fill(random, workspace->randomness, CEPA_XWING_RANDOMNESS_BYTES);
    if (error == 0) {
        error = cepa_xwing_encapsulate(&workspace->ciphertext, &secret, &workspace->key.public_key,
                                       workspace->randomness, &workspace->xwing, cpu);
        cepa_wipe(workspace->randomness, CEPA_XWING_RANDOMNESS_BYTES);
    }
    if (error != 0) {
        return error;
    }
    cepa_be32_store(ret_body, keys->generation + 1);
    memcpy(ret_body + GENERATION_SIZE, workspace->ciphertext.bytes, CEPA_KEM_CIPHERTEXT_SIZE);
    next_root(root, keys, &secret, offer, ret_body);
    cepa_session_generation_add(keys, slot, root);
    cepa_wipe(&secret, sizeof secret);
    cepa_wipe(root, sizeof root);
    return 0;
}

int cepa_session_ratchet_finish(struct cepa_session_keys *keys, const uint8_t *answer,
                                struct cepa_time now, struct cepa_session_workspace *workspace,
                                uint32_t cpu)
{
    struct cepa_xwing_secret secret;
    uint8_t offer[CEPA_CONTROL_OFFER_SIZE];
    uint8_t root[CEPA_SESSION_SECRET_SIZE];
    if (!keys->is_offering || cepa_be32_load(answer) != keys->generation + 1) {
        return CEPA_ERR_STATE;
    }
    make_offer(keys, offer, &keys->offered, workspace, cpu);
    memcpy(workspace->ciphertext.bytes, answer + GENERATION_SIZE, CEPA_KEM_CIPHERTEXT_SIZE);
    int error = cepa_xwing_decapsulate(&secret, &workspace->key, &workspace->ciphertext,
                                       &workspace->xwing, cpu);
    if (error == 0) {
        next_root(root, keys, &secret, offer, answer);
        advance(keys, cepa_time_never(), now);
        cepa_session_generation_add(keys, cepa_session_generation_slot(keys->generation), root);
        keys->is_confirmed = false;
        keys->is_offering = false;
        cepa_wipe(&keys->offered, sizeof keys->offered);
    }
    cepa_wipe(&workspace->key, sizeof workspace->key);
    cepa_wipe(&secret, sizeof secret);
    cepa_wipe(root, sizeof root);
    return error;
}
