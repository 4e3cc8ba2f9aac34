/* The handshake of sessions: transcript, chain, what is sealed under which key. @[SPEC 16.2]
 * @[SPEC 16.3] */
#include "session/handshake.h"

#include <string.h>

#include "base/ct.h"
#include "base/declassify.h"
#include "crypto/kdf.h"
#include "session/schedule.h"

/* The key of a resuming message, from its nonce. */
static void resume_key(struct cepa_session_schedule *schedule, uint8_t ret_key[CEPA_AEAD_KEY_LEN],
                       const uint8_t *message, const struct cepa_resumption_secret *secret)
{
    struct cepa_kdf kdf;
    cepa_schedule_say(schedule, message, CEPA_RESUME_NONCE_SIZE, NULL, 0);
    cepa_kdf_init(&kdf, "session resume");
    cepa_schedule_agree(&kdf, schedule, ret_key, secret->bytes);
    cepa_kdf_wipe(&kdf);
}

/* The key of an answer, from its ciphertext. */
static void answer_key(struct cepa_session_schedule *schedule, uint8_t ret_key[CEPA_AEAD_KEY_LEN],
                       const uint8_t *message, const struct cepa_xwing_secret *secret)
{
    struct cepa_kdf kdf;
    cepa_schedule_say(schedule, message, CEPA_KEM_CIPHERTEXT_SIZE, NULL, 0);
    cepa_kdf_init(&kdf, "session answer");
    cepa_schedule_agree(&kdf, schedule, ret_key, secret->bytes);
    cepa_kdf_wipe(&kdf);
}

/* What both ends have in the end. */
static void derive_secrets(const struct cepa_session_schedule *schedule,
                           struct cepa_session_secrets *ret_secrets)
{
    struct cepa_kdf kdf;
    cepa_kdf_init(&kdf, "session secrets");
    cepa_kdf_input(&kdf, schedule->chain, sizeof schedule->chain);
    cepa_kdf_input(&kdf, schedule->transcript, sizeof schedule->transcript);
    cepa_kdf_output(&kdf, ret_secrets->root, sizeof ret_secrets->root);
    cepa_kdf_output(&kdf, ret_secrets->meeting, sizeof ret_secrets->meeting);
    cepa_kdf_output(&kdf, ret_secrets->proof, sizeof ret_secrets->proof);
    cepa_kdf_output(&kdf, ret_secrets->resumption.bytes, sizeof ret_secrets->resumption.bytes);
    cepa_kdf_output(&kdf, ret_secrets->id, sizeof ret_secrets->id);
    cepa_kdf_wipe(&kdf);
}

/* Makes the fresh key of `seed`; its public part is then in the workspace, the rest is not. */
static void expand_public(const struct cepa_xwing_seed *seed,
                          struct cepa_session_workspace *workspace, uint32_t cpu)
{
    cepa_xwing_key_expand(&workspace->key, seed, &workspace->xwing, cpu);
    cepa_wipe(&workspace->key.mlkem, sizeof workspace->key.mlkem);
    cepa_wipe(workspace->key.x25519, sizeof workspace->key.x25519);
}

int cepa_knock_create(struct cepa_session_initiator *ret_initiator, uint8_t *ret_message,
                      const struct cepa_knock *knock,
                      const struct cepa_session_addressee *addressee,
                      const struct cepa_random *random, struct cepa_session_workspace *workspace,
                      uint32_t cpu)
{
    struct cepa_session_initiator initiator;
    struct cepa_sealing sealing;
    uint8_t *inner = ret_message + CEPA_KNOCK_INNER_OFFSET;
    uint8_t *randomness = workspace->randomness;
    int error = cepa_random_fill(random, randomness, sizeof workspace->randomness);
    if (error != 0) {
        return error;
    }
    memcpy(initiator.fresh.bytes, randomness, sizeof initiator.fresh.bytes);
    expand_public(&initiator.fresh, workspace, cpu);
    cepa_knock_encode(inner, knock, workspace->key.public_key.bytes);
    error = cepa_sealing_begin(&sealing, ret_message, CEPA_BEGINS_BY_KNOCK, addressee,
                               randomness + CEPA_XWING_SEED_BYTES, workspace, cpu);
    cepa_wipe(randomness, sizeof workspace->randomness);
    if (error == 0) {
        initiator.schedule = sealing.schedule;
        cepa_schedule_say(&initiator.schedule, inner, CEPA_KNOCK_INNER_SIZE, NULL, 0);
        cepa_sealing_finish(&sealing, ret_message, CEPA_KNOCK_SIZE, cpu);
        *ret_initiator = initiator;
    }
    cepa_wipe(&initiator, sizeof initiator);
    return error;
}

int cepa_knock_open(struct cepa_session_responder *ret_responder, uint8_t *ret_prekey_id,
                    uint8_t *message, size_t message_len, const struct cepa_session_self *self,
                    struct cepa_session_workspace *workspace, uint32_t cpu)
{
    return message_len != CEPA_KNOCK_SIZE
               ? CEPA_ERR_LENGTH
               : cepa_sealed_open(&ret_responder->schedule, ret_prekey_id, message, message_len,
                                  CEPA_BEGINS_BY_KNOCK, self, workspace, cpu);
}

/* Reads the opened contents of a knock. */
static int take_knock(struct cepa_session_responder *responder, struct cepa_knock *ret_knock,
                      const uint8_t *inner)
{
    const uint8_t *fresh;
    /* Its sender knows them, and sees by the answer that does not come what was wrong in them. */
    cepa_declassify(inner, CEPA_KNOCK_INNER_SIZE);
    int error = cepa_knock_decode(ret_knock, &fresh, inner);
    if (error == 0) {
        memcpy(responder->fresh.bytes, fresh, sizeof responder->fresh.bytes);
        error = cepa_xwing_public_key_check(&responder->fresh);
    }
    return error;
}

int cepa_knock_consume(struct cepa_session_responder *responder, struct cepa_knock *ret_knock,
                       struct cepa_knock_tag *ret_tag, uint8_t *message,
                       const struct cepa_xwing_key *prekey,
                       struct cepa_session_workspace *workspace, uint32_t cpu)
{
    struct cepa_knock_tag tag;
    struct cepa_knock knock;
    uint8_t *inner = message + CEPA_KNOCK_INNER_OFFSET;
    int error = cepa_sealed_consume(&responder->schedule, &tag, message, CEPA_KNOCK_SIZE, prekey,
                                    workspace, cpu);
    if (error == 0) {
        cepa_schedule_say(&responder->schedule, inner, CEPA_KNOCK_INNER_SIZE, NULL, 0);
        error = take_knock(responder, &knock, inner);
    }
    if (error != 0) {
        cepa_wipe(responder, sizeof *responder);
        return error;
    }
    *ret_knock = knock;
    *ret_tag = tag;
    return 0;
}

int cepa_resume_create(struct cepa_session_initiator *ret_initiator, uint8_t *ret_message,
                       const struct cepa_session_terms *terms,
                       const struct cepa_resumption_secret *secret,
                       const struct cepa_network_id *network, const struct cepa_random *random,
                       struct cepa_session_workspace *workspace, uint32_t cpu)
{
    struct cepa_session_schedule before;
    uint8_t key[CEPA_AEAD_KEY_LEN];
    uint8_t *randomness = workspace->randomness;
    uint8_t *sealed = ret_message + CEPA_RESUME_NONCE_SIZE;
    int error =
        cepa_random_fill(random, randomness, CEPA_XWING_SEED_BYTES + CEPA_RESUME_NONCE_SIZE);
    if (error != 0) {
        return error;
    }
    memcpy(ret_initiator->fresh.bytes, randomness, sizeof ret_initiator->fresh.bytes);
    memcpy(ret_message, randomness + CEPA_XWING_SEED_BYTES, CEPA_RESUME_NONCE_SIZE);
    cepa_wipe(randomness, sizeof workspace->randomness);
    expand_public(&ret_initiator->fresh, workspace, cpu);
    memcpy(sealed, workspace->key.public_key.bytes, CEPA_KEM_PUBLIC_KEY_SIZE);
    cepa_session_terms_encode(sealed + CEPA_KEM_PUBLIC_KEY_SIZE,
                              CEPA_RESUME_SEALED_SIZE - CEPA_KEM_PUBLIC_KEY_SIZE, terms);
    cepa_schedule_init(&ret_initiator->schedule, CEPA_BEGINS_BY_RESUME, network, NULL, NULL);
    resume_key(&ret_initiator->schedule, key, ret_message, secret);
    before = ret_initiator->schedule;
    cepa_schedule_say(&ret_initiator->schedule, sealed, CEPA_RESUME_SEALED_SIZE, NULL, 0);
    cepa_schedule_seal(&before, sealed, CEPA_RESUME_SEALED_SIZE, key, cpu);
    cepa_wipe(&before, sizeof before);
    return 0;
}

int cepa_resume_consume(struct cepa_session_responder *ret_responder,
                        struct cepa_session_terms *ret_terms, uint8_t *message,
                        const struct cepa_resumption_secret *secret,
                        const struct cepa_network_id *network, uint32_t cpu)
{
    struct cepa_session_schedule *schedule = &ret_responder->schedule;
    struct cepa_session_terms terms;
    uint8_t key[CEPA_AEAD_KEY_LEN];
    uint8_t *sealed = message + CEPA_RESUME_NONCE_SIZE;
    cepa_schedule_init(schedule, CEPA_BEGINS_BY_RESUME, network, NULL, NULL);
    resume_key(schedule, key, message, secret);
    int error = cepa_schedule_open(schedule, sealed, CEPA_RESUME_SEALED_SIZE, key, cpu);
    if (error == 0) {
        cepa_schedule_say(schedule, sealed, CEPA_RESUME_SEALED_SIZE, NULL, 0);
        /* As of a knock: its sender knows them. */
        cepa_declassify(sealed, CEPA_RESUME_SEALED_SIZE);
        memcpy(ret_responder->fresh.bytes, sealed, sizeof ret_responder->fresh.bytes);
        error = cepa_session_terms_decode(&terms, sealed + CEPA_KEM_PUBLIC_KEY_SIZE,
                                          CEPA_RESUME_SEALED_SIZE - CEPA_KEM_PUBLIC_KEY_SIZE);
    }
    if (error == 0) {
        error = cepa_xwing_public_key_check(&ret_responder->fresh);
    }
    if (error != 0) {
        cepa_wipe(ret_responder, sizeof *ret_responder);
        return error;
    }
    *ret_terms = terms;
    return 0;
}

int cepa_answer_create(struct cepa_session_responder *responder, uint8_t *ret_message,
                       struct cepa_session_secrets *ret_secrets,
                       const struct cepa_session_terms *terms, const struct cepa_random *random,
                       struct cepa_session_workspace *workspace, uint32_t cpu)
{
    struct cepa_session_schedule *schedule = &responder->schedule;
    struct cepa_session_schedule before;
    struct cepa_xwing_secret secret;
    uint8_t key[CEPA_AEAD_KEY_LEN];
    uint8_t *sealed = ret_message + CEPA_KEM_CIPHERTEXT_SIZE;
    int error = cepa_random_fill(random, workspace->randomness, CEPA_XWING_RANDOMNESS_BYTES);
    if (error == 0) {
        error = cepa_schedule_encapsulate(ret_message, &secret, &responder->fresh,
                                          workspace->randomness, workspace, cpu);
        cepa_wipe(workspace->randomness, sizeof workspace->randomness);
    }
    if (error == 0) {
        answer_key(schedule, key, ret_message, &secret);
        cepa_wipe(&secret, sizeof secret);
        cepa_session_terms_encode(sealed, CEPA_ANSWER_SEALED_SIZE, terms);
        before = *schedule;
        cepa_schedule_say(schedule, sealed, CEPA_ANSWER_SEALED_SIZE, NULL, 0);
        cepa_schedule_seal(&before, sealed, CEPA_ANSWER_SEALED_SIZE, key, cpu);
        derive_secrets(schedule, ret_secrets);
        cepa_wipe(&before, sizeof before);
    }
    cepa_wipe(responder, sizeof *responder);
    return error;
}

int cepa_answer_consume(struct cepa_session_initiator *initiator,
                        struct cepa_session_terms *ret_terms,
                        struct cepa_session_secrets *ret_secrets, uint8_t *message,
                        struct cepa_session_workspace *workspace, uint32_t cpu)
{
    struct cepa_session_schedule schedule = initiator->schedule;
    struct cepa_session_terms terms;
    struct cepa_xwing_secret secret;
    uint8_t key[CEPA_AEAD_KEY_LEN];
    uint8_t *sealed = message + CEPA_KEM_CIPHERTEXT_SIZE;
    cepa_xwing_key_expand(&workspace->key, &initiator->fresh, &workspace->xwing, cpu);
    int error = cepa_schedule_decapsulate(&secret, &workspace->key, message, workspace, cpu);
    cepa_wipe(&workspace->key, sizeof workspace->key);
    if (error == 0) {
        answer_key(&schedule, key, message, &secret);
        cepa_wipe(&secret, sizeof secret);
        error = cepa_schedule_open(&schedule, sealed, CEPA_ANSWER_SEALED_SIZE, key, cpu);
    }
    if (error == 0) {
        cepa_schedule_say(&schedule, sealed, CEPA_ANSWER_SEALED_SIZE, NULL, 0);
        /* Whether a responder keeps to the format is no secret of the initiator. */
        cepa_declassify(sealed, CEPA_ANSWER_SEALED_SIZE);
        error = cepa_session_terms_decode(&terms, sealed, CEPA_ANSWER_SEALED_SIZE);
    }
    if (error == 0) {
        derive_secrets(&schedule, ret_secrets);
        *ret_terms = terms;
        cepa_wipe(initiator, sizeof *initiator);
    }
    cepa_wipe(&schedule, sizeof schedule);
    return error;
}
