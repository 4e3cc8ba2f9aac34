/* The handshake of sessions: transcript, chain, what is sealed under which key. @[SPEC 16.2]
 * @[SPEC 16.3] */
#include "session/handshake.h"

#include <string.h>

#include "base/ct.h"
#include "base/declassify.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/kdf.h"

/* How a handshake begins. */
enum { BEGINS_BY_KNOCK = 1, BEGINS_BY_RESUME = 2 };

/* Each key here seals one message. */
static const uint8_t nonce_zero[CEPA_AEAD_NONCE_LEN];

/* A transcript begins with what both ends know. */
static void schedule_init(struct cepa_session_schedule *ret_schedule, uint8_t begins_by,
                          const struct cepa_network_id *network, const struct cepa_address *address,
                          const struct cepa_xwing_public_key *identity)
{
    static const char label[] = "cepa v1 session prologue";
    static const uint8_t version = CEPA_SESSION_VERSION;
    struct cepa_blake2b hash;
    memset(ret_schedule->chain, 0, sizeof ret_schedule->chain);
    cepa_blake2b_init(&hash, sizeof ret_schedule->transcript, NULL, 0);
    cepa_blake2b_update(&hash, label, sizeof label);
    cepa_blake2b_update(&hash, &version, 1);
    cepa_blake2b_update(&hash, &begins_by, 1);
    cepa_blake2b_update(&hash, network->bytes, sizeof network->bytes);
    if (begins_by == BEGINS_BY_KNOCK) {
        cepa_blake2b_update(&hash, address->bytes, sizeof address->bytes);
        cepa_blake2b_update(&hash, identity->bytes, sizeof identity->bytes);
    }
    cepa_blake2b_final(&hash, ret_schedule->transcript, sizeof ret_schedule->transcript);
}

/* Takes what was said, or is known now, into the transcript: two pieces of fixed lengths. */
static void say(struct cepa_session_schedule *schedule, const uint8_t *first, size_t first_len,
                const uint8_t *second, size_t second_len)
{
    static const char label[] = "cepa v1 session transcript";
    struct cepa_blake2b hash;
    cepa_blake2b_init(&hash, sizeof schedule->transcript, NULL, 0);
    cepa_blake2b_update(&hash, label, sizeof label);
    cepa_blake2b_update(&hash, schedule->transcript, sizeof schedule->transcript);
    cepa_blake2b_update(&hash, first, first_len);
    if (second_len > 0) {
        cepa_blake2b_update(&hash, second, second_len);
    }
    cepa_blake2b_final(&hash, schedule->transcript, sizeof schedule->transcript);
}

/* Takes an agreed secret into the chain and gives the key of what is sealed next. `kdf` was begun
 * with its label and is left for further outputs. */
static void agree(struct cepa_kdf *kdf, struct cepa_session_schedule *schedule,
                  uint8_t ret_key[CEPA_AEAD_KEY_LEN], const uint8_t *secret)
{
    cepa_kdf_input(kdf, schedule->chain, sizeof schedule->chain);
    cepa_kdf_input(kdf, secret, CEPA_XWING_SECRET_BYTES);
    cepa_kdf_input(kdf, schedule->transcript, sizeof schedule->transcript);
    cepa_kdf_output(kdf, schedule->chain, sizeof schedule->chain);
    cepa_kdf_output(kdf, ret_key, CEPA_AEAD_KEY_LEN);
}

/* Seals `len` bytes in place, tag behind them, bound to all that was said. The key is wiped. */
static void seal(const struct cepa_session_schedule *schedule, uint8_t *data, size_t len,
                 uint8_t key[CEPA_AEAD_KEY_LEN], uint32_t cpu)
{
    cepa_aead_seal(data, len, data + len, schedule->transcript, sizeof schedule->transcript,
                   nonce_zero, key, cpu);
    cepa_wipe(key, CEPA_AEAD_KEY_LEN);
}

/* Opens them; likewise. */
static int open_sealed(const struct cepa_session_schedule *schedule, uint8_t *data, size_t len,
                       uint8_t key[CEPA_AEAD_KEY_LEN], uint32_t cpu)
{
    int error = cepa_aead_open(data, len, data + len, schedule->transcript,
                               sizeof schedule->transcript, nonce_zero, key, cpu);
    cepa_wipe(key, CEPA_AEAD_KEY_LEN);
    return error;
}

/* The key of a knock's outer seal, from its first ciphertext. */
static void outer_key(struct cepa_session_schedule *schedule, uint8_t ret_key[CEPA_AEAD_KEY_LEN],
                      const uint8_t *message, const struct cepa_xwing_secret *secret)
{
    struct cepa_kdf kdf;
    say(schedule, message + CEPA_KNOCK_FIRST_OFFSET, CEPA_KEM_CIPHERTEXT_SIZE, NULL, 0);
    cepa_kdf_init(&kdf, "session knock");
    agree(&kdf, schedule, ret_key, secret->bytes);
    cepa_kdf_wipe(&kdf);
}

/* The key of its inner seal, from the prekey's name, the second ciphertext and the prekey. */
static void inner_key(struct cepa_session_schedule *schedule, uint8_t ret_key[CEPA_AEAD_KEY_LEN],
                      struct cepa_knock_tag *ret_tag, const uint8_t *message,
                      const struct cepa_xwing_public_key *prekey,
                      const struct cepa_xwing_secret *secret)
{
    struct cepa_kdf kdf;
    say(schedule, message + CEPA_KNOCK_OUTER_OFFSET,
        CEPA_KNOCK_PREKEY_SIZE + CEPA_KEM_CIPHERTEXT_SIZE, prekey->bytes, sizeof prekey->bytes);
    cepa_kdf_init(&kdf, "session prekey");
    agree(&kdf, schedule, ret_key, secret->bytes);
    cepa_kdf_output(&kdf, ret_tag->bytes, sizeof ret_tag->bytes);
    cepa_kdf_wipe(&kdf);
}

/* The key of a resuming message, from its nonce. */
static void resume_key(struct cepa_session_schedule *schedule, uint8_t ret_key[CEPA_AEAD_KEY_LEN],
                       const uint8_t *message, const struct cepa_resumption_secret *secret)
{
    struct cepa_kdf kdf;
    say(schedule, message, CEPA_RESUME_NONCE_SIZE, NULL, 0);
    cepa_kdf_init(&kdf, "session resume");
    agree(&kdf, schedule, ret_key, secret->bytes);
    cepa_kdf_wipe(&kdf);
}

/* The key of an answer, from its ciphertext. */
static void answer_key(struct cepa_session_schedule *schedule, uint8_t ret_key[CEPA_AEAD_KEY_LEN],
                       const uint8_t *message, const struct cepa_xwing_secret *secret)
{
    struct cepa_kdf kdf;
    say(schedule, message, CEPA_KEM_CIPHERTEXT_SIZE, NULL, 0);
    cepa_kdf_init(&kdf, "session answer");
    agree(&kdf, schedule, ret_key, secret->bytes);
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

/* Encapsulates for `public_key` and writes the ciphertext where it belongs. */
static int encapsulate(uint8_t *ret_ciphertext, struct cepa_xwing_secret *ret_secret,
                       const struct cepa_xwing_public_key *public_key, const uint8_t *randomness,
                       struct cepa_session_workspace *workspace, uint32_t cpu)
{
    int error = cepa_xwing_encapsulate(&workspace->ciphertext, ret_secret, public_key, randomness,
                                       &workspace->xwing, cpu);
    if (error == 0) {
        memcpy(ret_ciphertext, workspace->ciphertext.bytes, sizeof workspace->ciphertext.bytes);
    }
    return error;
}

/* Decapsulates what stands at `ciphertext`. A point of low order is nobody's message. */
static int decapsulate(struct cepa_xwing_secret *ret_secret, const struct cepa_xwing_key *key,
                       const uint8_t *ciphertext, struct cepa_session_workspace *workspace,
                       uint32_t cpu)
{
    memcpy(workspace->ciphertext.bytes, ciphertext, sizeof workspace->ciphertext.bytes);
    int error =
        cepa_xwing_decapsulate(ret_secret, key, &workspace->ciphertext, &workspace->xwing, cpu);
    if (error != 0) {
        cepa_wipe(ret_secret, sizeof *ret_secret);
    }
    return error == 0 ? 0 : CEPA_ERR_AUTHENTICATION;
}

/* Makes the fresh key of `seed`; its public part is then in the workspace, the rest is not. */
static void expand_public(const struct cepa_xwing_seed *seed,
                          struct cepa_session_workspace *workspace, uint32_t cpu)
{
    cepa_xwing_key_expand(&workspace->key, seed, &workspace->xwing, cpu);
    cepa_wipe(&workspace->key.mlkem, sizeof workspace->key.mlkem);
    cepa_wipe(workspace->key.x25519, sizeof workspace->key.x25519);
}

/* Writes both ciphertexts and seals what stands in the message already. */
static int seal_knock(struct cepa_session_schedule *schedule, uint8_t *message,
                      const struct cepa_session_addressee *addressee, const uint8_t *randomness,
                      struct cepa_session_workspace *workspace, uint32_t cpu)
{
    struct cepa_xwing_secret first;
    struct cepa_xwing_secret second;
    struct cepa_knock_tag tag;
    uint8_t keys[2][CEPA_AEAD_KEY_LEN];
    int error = encapsulate(message + CEPA_KNOCK_FIRST_OFFSET, &first, addressee->identity,
                            randomness, workspace, cpu);
    if (error != 0) {
        return error;
    }
    error = encapsulate(message + CEPA_KNOCK_SECOND_OFFSET, &second, addressee->prekey,
                        randomness + CEPA_XWING_RANDOMNESS_BYTES, workspace, cpu);
    if (error == 0) {
        struct cepa_session_schedule outer;
        uint8_t *inner = message + CEPA_KNOCK_INNER_OFFSET;
        outer_key(schedule, keys[0], message, &first);
        outer = *schedule;
        inner_key(schedule, keys[1], &tag, message, addressee->prekey, &second);
        struct cepa_session_schedule before = *schedule;
        say(schedule, inner, CEPA_KNOCK_INNER_SIZE, NULL, 0);
        seal(&before, inner, CEPA_KNOCK_INNER_SIZE, keys[1], cpu);
        seal(&outer, message + CEPA_KNOCK_OUTER_OFFSET, CEPA_KNOCK_OUTER_SIZE, keys[0], cpu);
        cepa_wipe(&outer, sizeof outer);
        cepa_wipe(&before, sizeof before);
        cepa_wipe(&tag, sizeof tag);
    }
    cepa_wipe(&first, sizeof first);
    cepa_wipe(&second, sizeof second);
    return error;
}

int cepa_knock_create(struct cepa_session_initiator *ret_initiator, uint8_t *ret_message,
                      const struct cepa_knock *knock,
                      const struct cepa_session_addressee *addressee,
                      const struct cepa_random *random, struct cepa_session_workspace *workspace,
                      uint32_t cpu)
{
    struct cepa_session_initiator initiator;
    uint8_t *randomness = workspace->randomness;
    int error = cepa_random_fill(random, randomness, sizeof workspace->randomness);
    if (error != 0) {
        return error;
    }
    memcpy(initiator.fresh.bytes, randomness, sizeof initiator.fresh.bytes);
    expand_public(&initiator.fresh, workspace, cpu);
    memset(ret_message, 0, CEPA_KNOCK_FIRST_OFFSET);
    ret_message[0] = CEPA_SESSION_VERSION;
    memcpy(ret_message + CEPA_KNOCK_OUTER_OFFSET, addressee->prekey_id, CEPA_KNOCK_PREKEY_SIZE);
    cepa_knock_encode(ret_message + CEPA_KNOCK_INNER_OFFSET, knock,
                      workspace->key.public_key.bytes);
    schedule_init(&initiator.schedule, BEGINS_BY_KNOCK, addressee->network, addressee->address,
                  addressee->identity);
    error = seal_knock(&initiator.schedule, ret_message, addressee,
                       randomness + CEPA_XWING_SEED_BYTES, workspace, cpu);
    cepa_wipe(randomness, sizeof workspace->randomness);
    if (error == 0) {
        *ret_initiator = initiator;
    }
    cepa_wipe(&initiator, sizeof initiator);
    return error;
}

int cepa_knock_open(struct cepa_session_responder *ret_responder, uint8_t *ret_prekey_id,
                    uint8_t *message, size_t message_len, const struct cepa_session_self *self,
                    struct cepa_session_workspace *workspace, uint32_t cpu)
{
    static const uint8_t zeros[CEPA_KNOCK_WORK_OFFSET - 1];
    struct cepa_session_schedule schedule;
    struct cepa_xwing_secret secret;
    uint8_t key[CEPA_AEAD_KEY_LEN];
    if (message_len != CEPA_KNOCK_SIZE) {
        return CEPA_ERR_LENGTH;
    }
    if (message[0] != CEPA_SESSION_VERSION) {
        return CEPA_ERR_VERSION;
    }
    if (memcmp(message + 1, zeros, sizeof zeros) != 0) {
        return CEPA_ERR_MALFORMED;
    }
    int error =
        decapsulate(&secret, self->identity, message + CEPA_KNOCK_FIRST_OFFSET, workspace, cpu);
    if (error != 0) {
        return error;
    }
    schedule_init(&schedule, BEGINS_BY_KNOCK, self->network, self->address,
                  &self->identity->public_key);
    outer_key(&schedule, key, message, &secret);
    cepa_wipe(&secret, sizeof secret);
    error =
        open_sealed(&schedule, message + CEPA_KNOCK_OUTER_OFFSET, CEPA_KNOCK_OUTER_SIZE, key, cpu);
    if (error == 0) {
        /* Its sender knows them, and what is done with them shows which prekey it chose. */
        cepa_declassify(message + CEPA_KNOCK_OUTER_OFFSET, CEPA_KNOCK_OUTER_SIZE);
        memcpy(ret_prekey_id, message + CEPA_KNOCK_OUTER_OFFSET, CEPA_KNOCK_PREKEY_SIZE);
        ret_responder->schedule = schedule;
    }
    cepa_wipe(&schedule, sizeof schedule);
    return error;
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
    struct cepa_xwing_secret secret;
    struct cepa_knock_tag tag;
    struct cepa_knock knock;
    uint8_t key[CEPA_AEAD_KEY_LEN];
    uint8_t *inner = message + CEPA_KNOCK_INNER_OFFSET;
    int error = decapsulate(&secret, prekey, message + CEPA_KNOCK_SECOND_OFFSET, workspace, cpu);
    if (error == 0) {
        inner_key(&responder->schedule, key, &tag, message, &prekey->public_key, &secret);
        cepa_wipe(&secret, sizeof secret);
        error = open_sealed(&responder->schedule, inner, CEPA_KNOCK_INNER_SIZE, key, cpu);
    }
    if (error == 0) {
        say(&responder->schedule, inner, CEPA_KNOCK_INNER_SIZE, NULL, 0);
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
    schedule_init(&ret_initiator->schedule, BEGINS_BY_RESUME, network, NULL, NULL);
    resume_key(&ret_initiator->schedule, key, ret_message, secret);
    before = ret_initiator->schedule;
    say(&ret_initiator->schedule, sealed, CEPA_RESUME_SEALED_SIZE, NULL, 0);
    seal(&before, sealed, CEPA_RESUME_SEALED_SIZE, key, cpu);
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
    schedule_init(schedule, BEGINS_BY_RESUME, network, NULL, NULL);
    resume_key(schedule, key, message, secret);
    int error = open_sealed(schedule, sealed, CEPA_RESUME_SEALED_SIZE, key, cpu);
    if (error == 0) {
        say(schedule, sealed, CEPA_RESUME_SEALED_SIZE, NULL, 0);
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
        error = encapsulate(ret_message, &secret, &responder->fresh, workspace->randomness,
                            workspace, cpu);
        cepa_wipe(workspace->randomness, sizeof workspace->randomness);
    }
    if (error == 0) {
        answer_key(schedule, key, ret_message, &secret);
        cepa_wipe(&secret, sizeof secret);
        cepa_session_terms_encode(sealed, CEPA_ANSWER_SEALED_SIZE, terms);
        before = *schedule;
        say(schedule, sealed, CEPA_ANSWER_SEALED_SIZE, NULL, 0);
        seal(&before, sealed, CEPA_ANSWER_SEALED_SIZE, key, cpu);
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
    int error = decapsulate(&secret, &workspace->key, message, workspace, cpu);
    cepa_wipe(&workspace->key, sizeof workspace->key);
    if (error == 0) {
        answer_key(&schedule, key, message, &secret);
        cepa_wipe(&secret, sizeof secret);
        error = open_sealed(&schedule, sealed, CEPA_ANSWER_SEALED_SIZE, key, cpu);
    }
    if (error == 0) {
        say(&schedule, sealed, CEPA_ANSWER_SEALED_SIZE, NULL, 0);
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
