/* The handshake's transcript and key schedule. @[SPEC 7.3] */
#include "link/handshake_keys.h"

#include <string.h>

#include "base/assert.h"
#include "base/ct.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/kdf.h"

enum { FIRST_SEALED_OFFSET = CEPA_HANDSHAKE_FIRST_CLEAR_SIZE };

/* Each key here seals one message. */
static const uint8_t nonce_zero[CEPA_AEAD_NONCE_LEN];

void cepa_link_key_hint(uint8_t ret_hint[CEPA_LINK_HINT_SIZE],
                        const struct cepa_xwing_public_key *link_key)
{
    static const char label[] = "cepa v1 link key";
    struct cepa_blake2b hash;
    uint8_t digest[32];
    cepa_blake2b_init(&hash, sizeof digest, NULL, 0);
    cepa_blake2b_update(&hash, label, sizeof label);
    cepa_blake2b_update(&hash, link_key->bytes, sizeof link_key->bytes);
    cepa_blake2b_final(&hash, digest, sizeof digest);
    memcpy(ret_hint, digest, CEPA_LINK_HINT_SIZE);
}

void cepa_link_schedule_init(struct cepa_link_schedule *ret_schedule,
                             const struct cepa_link_prologue *prologue)
{
    static const char label[] = "cepa v1 link prologue";
    static const uint8_t version = CEPA_LINK_VERSION;
    struct cepa_blake2b hash;
    memset(ret_schedule->chain, 0, sizeof ret_schedule->chain);
    cepa_blake2b_init(&hash, sizeof ret_schedule->transcript, NULL, 0);
    cepa_blake2b_update(&hash, label, sizeof label);
    cepa_blake2b_update(&hash, &version, 1);
    cepa_blake2b_update(&hash, prologue->network_id, CEPA_NETWORK_ID_SIZE);
    cepa_blake2b_update(&hash, &prologue->carrier_kind, 1);
    cepa_blake2b_update(&hash, prologue->binding, CEPA_LINK_BINDING_SIZE);
    cepa_blake2b_update(&hash, prologue->responder->bytes, sizeof prologue->responder->bytes);
    cepa_blake2b_update(&hash, prologue->responder_key->bytes,
                        sizeof prologue->responder_key->bytes);
    cepa_blake2b_final(&hash, ret_schedule->transcript, sizeof ret_schedule->transcript);
}

/* Takes what was said into the transcript. */
static void mix_transcript(struct cepa_link_schedule *schedule, const uint8_t *data, size_t len)
{
    static const char label[] = "cepa v1 link transcript";
    struct cepa_blake2b hash;
    cepa_blake2b_init(&hash, sizeof schedule->transcript, NULL, 0);
    cepa_blake2b_update(&hash, label, sizeof label);
    cepa_blake2b_update(&hash, schedule->transcript, sizeof schedule->transcript);
    cepa_blake2b_update(&hash, data, len);
    cepa_blake2b_final(&hash, schedule->transcript, sizeof schedule->transcript);
}

/* Takes an agreed secret into the chain and gives the key of what is sealed next. */
static void mix_secret(struct cepa_kdf *kdf, struct cepa_link_schedule *schedule,
                       uint8_t ret_key[CEPA_LINK_KEY_SIZE], const struct cepa_xwing_secret *secret)
{
    cepa_kdf_input(kdf, schedule->chain, sizeof schedule->chain);
    cepa_kdf_input(kdf, secret->bytes, sizeof secret->bytes);
    cepa_kdf_input(kdf, schedule->transcript, sizeof schedule->transcript);
    cepa_kdf_output(kdf, schedule->chain, sizeof schedule->chain);
    cepa_kdf_output(kdf, ret_key, CEPA_LINK_KEY_SIZE);
    cepa_kdf_wipe(kdf);
}

/* The key of the first message's sealed rest. */
static void first_key(struct cepa_link_schedule *schedule, uint8_t ret_key[CEPA_LINK_KEY_SIZE],
                      const uint8_t *message, const struct cepa_xwing_secret *secret)
{
    struct cepa_kdf kdf;
    mix_transcript(schedule, message, CEPA_HANDSHAKE_FIRST_CLEAR_SIZE);
    cepa_kdf_init(&kdf, "link first");
    mix_secret(&kdf, schedule, ret_key, secret);
}

/* The key of the second message's sealed rest. */
static void second_key(struct cepa_link_schedule *schedule, uint8_t ret_key[CEPA_LINK_KEY_SIZE],
                       const uint8_t *message, const struct cepa_xwing_secret *secret)
{
    struct cepa_kdf kdf;
    mix_transcript(schedule, message, CEPA_KEM_CIPHERTEXT_SIZE);
    cepa_kdf_init(&kdf, "link second");
    mix_secret(&kdf, schedule, ret_key, secret);
}

/* The keys of the link; `secret` is NULL where the initiator is anonymous. */
static void derive_keys(struct cepa_link_schedule *schedule, struct cepa_link_keys *ret_keys,
                        const struct cepa_xwing_secret *secret)
{
    struct cepa_kdf kdf;
    cepa_kdf_init(&kdf, "link keys");
    cepa_kdf_input(&kdf, schedule->chain, sizeof schedule->chain);
    cepa_kdf_input(&kdf, secret == NULL ? NULL : secret->bytes,
                   secret == NULL ? 0 : sizeof secret->bytes);
    cepa_kdf_input(&kdf, schedule->transcript, sizeof schedule->transcript);
    cepa_kdf_output(&kdf, ret_keys->from_initiator.bytes, CEPA_LINK_SECRET_SIZE);
    cepa_kdf_output(&kdf, ret_keys->from_responder.bytes, CEPA_LINK_SECRET_SIZE);
    cepa_kdf_output(&kdf, ret_keys->proof, CEPA_LINK_KEY_SIZE);
    cepa_kdf_wipe(&kdf);
    cepa_wipe(schedule, sizeof *schedule);
}

int cepa_handshake_first_create(struct cepa_link_schedule *schedule, uint8_t *ret_message,
                                size_t *ret_len, struct cepa_xwing_seed *ret_fresh,
                                const struct cepa_link_prologue *prologue,
                                const struct cepa_handshake_rest *rest, const uint8_t *randomness,
                                struct cepa_xwing_key *fresh_key,
                                struct cepa_xwing_workspace *workspace, uint32_t cpu)
{
    struct cepa_xwing_ciphertext ciphertext;
    struct cepa_xwing_secret secret;
    uint8_t hint[CEPA_LINK_HINT_SIZE];
    uint8_t key[CEPA_LINK_KEY_SIZE];
    CEPA_ASSERT(rest->credentials_len <= CEPA_LINK_CREDENTIALS_MAX);
    int error = cepa_xwing_encapsulate(&ciphertext, &secret, prologue->responder_key,
                                       randomness + CEPA_XWING_SEED_BYTES, workspace, cpu);
    if (error != 0) {
        return error;
    }
    memcpy(ret_fresh->bytes, randomness, sizeof ret_fresh->bytes);
    cepa_xwing_key_expand(fresh_key, ret_fresh, workspace, cpu);
    cepa_link_key_hint(hint, prologue->responder_key);
    const struct cepa_handshake_first first = {CEPA_LINK_VERSION, prologue->network_id, hint,
                                               ciphertext.bytes, fresh_key->public_key.bytes};
    cepa_handshake_first_encode(ret_message, &first);
    cepa_wipe(fresh_key, sizeof *fresh_key);

    cepa_link_schedule_init(schedule, prologue);
    first_key(schedule, key, ret_message, &secret);
    cepa_wipe(&secret, sizeof secret);
    uint8_t *sealed = ret_message + FIRST_SEALED_OFFSET;
    size_t len = CEPA_LINK_PARAMETERS_SIZE + rest->credentials_len;
    cepa_link_parameters_encode(sealed, &rest->parameters);
    if (rest->credentials_len > 0) {
        memcpy(sealed + CEPA_LINK_PARAMETERS_SIZE, rest->credentials, rest->credentials_len);
    }
    cepa_aead_seal(sealed, len, sealed + len, schedule->transcript, sizeof schedule->transcript,
                   nonce_zero, key, cpu);
    cepa_wipe(key, sizeof key);
    mix_transcript(schedule, sealed, len + CEPA_TAG_SIZE);
    *ret_len = FIRST_SEALED_OFFSET + len + CEPA_TAG_SIZE;
    return 0;
}

int cepa_handshake_first_consume(struct cepa_link_schedule *schedule,
                                 struct cepa_handshake_rest *ret_rest, uint8_t *message,
                                 size_t message_len, const struct cepa_xwing_key *link_key,
                                 struct cepa_xwing_workspace *workspace, uint32_t cpu)
{
    struct cepa_handshake_first first;
    struct cepa_xwing_ciphertext ciphertext;
    struct cepa_xwing_secret secret;
    uint8_t key[CEPA_LINK_KEY_SIZE];
    int error = cepa_handshake_first_decode(&first, message, message_len);
    if (error != 0) {
        return error;
    }
    memcpy(ciphertext.bytes, first.ciphertext, sizeof ciphertext.bytes);
    if (cepa_xwing_decapsulate(&secret, link_key, &ciphertext, workspace, cpu) != 0) {
        cepa_wipe(&secret, sizeof secret);
        return CEPA_ERR_AUTHENTICATION;
    }
    first_key(schedule, key, message, &secret);
    cepa_wipe(&secret, sizeof secret);
    uint8_t *sealed = message + FIRST_SEALED_OFFSET;
    size_t len = message_len - FIRST_SEALED_OFFSET - CEPA_TAG_SIZE;
    struct cepa_link_schedule after = *schedule;
    mix_transcript(&after, sealed, len + CEPA_TAG_SIZE);
    error = cepa_aead_open(sealed, len, sealed + len, schedule->transcript,
                           sizeof schedule->transcript, nonce_zero, key, cpu);
    cepa_wipe(key, sizeof key);
    *schedule = after;
    cepa_wipe(&after, sizeof after);
    if (error != 0) {
        return error;
    }
    ret_rest->credentials_len = len - CEPA_LINK_PARAMETERS_SIZE;
    ret_rest->credentials =
        ret_rest->credentials_len > 0 ? sealed + CEPA_LINK_PARAMETERS_SIZE : NULL;
    return cepa_link_parameters_decode(&ret_rest->parameters, sealed);
}

/* Makes the ciphertexts: to the fresh key at the message's start, and to the initiator's link key
 * where the sealed rest begins. */
static int encapsulate(uint8_t *ret_message, struct cepa_xwing_secret secrets[2],
                       const struct cepa_xwing_public_key *fresh,
                       const struct cepa_xwing_public_key *initiator_key, const uint8_t *randomness,
                       struct cepa_xwing_workspace *workspace, uint32_t cpu)
{
    struct cepa_xwing_ciphertext ciphertext;
    int error = cepa_xwing_encapsulate(&ciphertext, &secrets[0], fresh, randomness, workspace, cpu);
    if (error != 0) {
        return error;
    }
    memcpy(ret_message, ciphertext.bytes, sizeof ciphertext.bytes);
    if (initiator_key == NULL) {
        return 0;
    }
    error = cepa_xwing_encapsulate(&ciphertext, &secrets[1], initiator_key,
                                   randomness + CEPA_XWING_RANDOMNESS_BYTES, workspace, cpu);
    if (error == 0) {
        memcpy(ret_message + CEPA_KEM_CIPHERTEXT_SIZE, ciphertext.bytes, sizeof ciphertext.bytes);
    }
    return error;
}

int cepa_handshake_second_create(struct cepa_link_schedule *schedule, uint8_t *ret_message,
                                 size_t *ret_len, struct cepa_link_keys *ret_keys,
                                 const struct cepa_xwing_public_key *fresh,
                                 const struct cepa_xwing_public_key *initiator_key_or_null,
                                 const struct cepa_link_parameters *parameters,
                                 const uint8_t *randomness, struct cepa_xwing_workspace *workspace,
                                 uint32_t cpu)
{
    struct cepa_xwing_secret secrets[2];
    uint8_t key[CEPA_LINK_KEY_SIZE];
    size_t len = initiator_key_or_null == NULL ? 0 : CEPA_KEM_CIPHERTEXT_SIZE;
    int error =
        encapsulate(ret_message, secrets, fresh, initiator_key_or_null, randomness, workspace, cpu);
    if (error != 0) {
        cepa_wipe(secrets, sizeof secrets);
        return error;
    }
    second_key(schedule, key, ret_message, &secrets[0]);
    uint8_t *sealed = ret_message + CEPA_KEM_CIPHERTEXT_SIZE;
    cepa_link_parameters_encode(sealed + len, parameters);
    len += CEPA_LINK_PARAMETERS_SIZE;
    cepa_aead_seal(sealed, len, sealed + len, schedule->transcript, sizeof schedule->transcript,
                   nonce_zero, key, cpu);
    cepa_wipe(key, sizeof key);
    mix_transcript(schedule, sealed, len + CEPA_TAG_SIZE);
    derive_keys(schedule, ret_keys, initiator_key_or_null == NULL ? NULL : &secrets[1]);
    cepa_wipe(secrets, sizeof secrets);
    *ret_len = CEPA_KEM_CIPHERTEXT_SIZE + len + CEPA_TAG_SIZE;
    return 0;
}

/* Opens the sealed rest of a second message; `after` is the schedule that follows from it. */
static int open_second(struct cepa_link_schedule *after, uint8_t *message, size_t message_len,
                       const struct cepa_xwing_key *fresh, struct cepa_xwing_workspace *workspace,
                       uint32_t cpu)
{
    struct cepa_xwing_ciphertext ciphertext;
    struct cepa_xwing_secret secret;
    uint8_t key[CEPA_LINK_KEY_SIZE];
    uint8_t ad[CEPA_LINK_TRANSCRIPT_SIZE];
    memcpy(ciphertext.bytes, message, sizeof ciphertext.bytes);
    int error = cepa_xwing_decapsulate(&secret, fresh, &ciphertext, workspace, cpu);
    if (error == 0) {
        uint8_t *sealed = message + CEPA_KEM_CIPHERTEXT_SIZE;
        size_t len = message_len - CEPA_KEM_CIPHERTEXT_SIZE - CEPA_TAG_SIZE;
        second_key(after, key, message, &secret);
        memcpy(ad, after->transcript, sizeof ad);
        mix_transcript(after, sealed, len + CEPA_TAG_SIZE);
        error = cepa_aead_open(sealed, len, sealed + len, ad, sizeof ad, nonce_zero, key, cpu);
        cepa_wipe(key, sizeof key);
    }
    cepa_wipe(&secret, sizeof secret);
    return error == 0 ? 0 : CEPA_ERR_AUTHENTICATION;
}

int cepa_handshake_second_consume(struct cepa_link_schedule *schedule,
                                  struct cepa_link_keys *ret_keys,
                                  struct cepa_link_parameters *ret_parameters, uint8_t *message,
                                  size_t message_len, const struct cepa_xwing_key *fresh,
                                  const struct cepa_xwing_key *link_key_or_null,
                                  struct cepa_xwing_workspace *workspace, uint32_t cpu)
{
    struct cepa_link_schedule after = *schedule;
    struct cepa_xwing_ciphertext ciphertext;
    struct cepa_xwing_secret secret;
    struct cepa_link_parameters parameters;
    const uint8_t *rest = message + CEPA_KEM_CIPHERTEXT_SIZE;
    if (message_len !=
        (link_key_or_null == NULL ? CEPA_HANDSHAKE_SECOND_MIN : CEPA_HANDSHAKE_SECOND_MAX)) {
        return CEPA_ERR_LENGTH;
    }
    int error = open_second(&after, message, message_len, fresh, workspace, cpu);
    if (error == 0 && link_key_or_null != NULL) {
        memcpy(ciphertext.bytes, rest, sizeof ciphertext.bytes);
        rest += CEPA_KEM_CIPHERTEXT_SIZE;
        error = cepa_xwing_decapsulate(&secret, link_key_or_null, &ciphertext, workspace, cpu);
    }
    if (error == 0) {
        error = cepa_link_parameters_decode(&parameters, rest);
    }
    if (error == 0) {
        derive_keys(&after, ret_keys, link_key_or_null == NULL ? NULL : &secret);
        cepa_wipe(schedule, sizeof *schedule);
        *ret_parameters = parameters;
    }
    cepa_wipe(&secret, sizeof secret);
    cepa_wipe(&after, sizeof after);
    return error;
}

void cepa_link_carrier_proof(uint8_t *ret_proof, const uint8_t proof_key[CEPA_LINK_KEY_SIZE],
                             uint8_t is_initiator, uint8_t carrier_kind, const uint8_t *binding,
                             const uint8_t *nonce)
{
    struct cepa_kdf kdf;
    cepa_kdf_init(&kdf, "link carrier");
    cepa_kdf_input(&kdf, proof_key, CEPA_LINK_KEY_SIZE);
    cepa_kdf_input(&kdf, &is_initiator, 1);
    cepa_kdf_input(&kdf, &carrier_kind, 1);
    cepa_kdf_input(&kdf, binding, CEPA_LINK_BINDING_SIZE);
    cepa_kdf_input(&kdf, nonce, CEPA_LINK_NONCE_SIZE);
    cepa_kdf_output(&kdf, ret_proof, CEPA_LINK_PROOF_SIZE);
    cepa_kdf_wipe(&kdf);
}
