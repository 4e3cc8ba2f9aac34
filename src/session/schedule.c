/* Transcript, chain, and messages of two seals. @[SPEC 16.2] */
#include "session/schedule.h"

#include <string.h>

#include "base/ct.h"
#include "base/declassify.h"
#include "crypto/hash.h"

/* Each key here seals one message. */
static const uint8_t nonce_zero[CEPA_AEAD_NONCE_LEN];

void cepa_schedule_init(struct cepa_session_schedule *ret_schedule, uint8_t begins_by,
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
    if (begins_by != CEPA_BEGINS_BY_RESUME) {
        cepa_blake2b_update(&hash, address->bytes, sizeof address->bytes);
        cepa_blake2b_update(&hash, identity->bytes, sizeof identity->bytes);
    }
    cepa_blake2b_final(&hash, ret_schedule->transcript, sizeof ret_schedule->transcript);
}

void cepa_schedule_say(struct cepa_session_schedule *schedule, const uint8_t *first,
                       size_t first_len, const uint8_t *second, size_t second_len)
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

void cepa_schedule_agree(struct cepa_kdf *kdf, struct cepa_session_schedule *schedule,
                         uint8_t ret_key[CEPA_AEAD_KEY_LEN], const uint8_t *secret)
{
    cepa_kdf_input(kdf, schedule->chain, sizeof schedule->chain);
    cepa_kdf_input(kdf, secret, CEPA_XWING_SECRET_BYTES);
    cepa_kdf_input(kdf, schedule->transcript, sizeof schedule->transcript);
    cepa_kdf_output(kdf, schedule->chain, sizeof schedule->chain);
    cepa_kdf_output(kdf, ret_key, CEPA_AEAD_KEY_LEN);
}

void cepa_schedule_seal(const struct cepa_session_schedule *schedule, uint8_t *data, size_t len,
                        uint8_t key[CEPA_AEAD_KEY_LEN], uint32_t cpu)
{
    cepa_aead_seal(data, len, data + len, schedule->transcript, sizeof schedule->transcript,
                   nonce_zero, key, cpu);
    cepa_wipe(key, CEPA_AEAD_KEY_LEN);
}

int cepa_schedule_open(const struct cepa_session_schedule *schedule, uint8_t *data, size_t len,
                       uint8_t key[CEPA_AEAD_KEY_LEN], uint32_t cpu)
{
    int error = cepa_aead_open(data, len, data + len, schedule->transcript,
                               sizeof schedule->transcript, nonce_zero, key, cpu);
    cepa_wipe(key, CEPA_AEAD_KEY_LEN);
    return error;
}

int cepa_schedule_encapsulate(uint8_t *ret_ciphertext, struct cepa_xwing_secret *ret_secret,
                              const struct cepa_xwing_public_key *public_key,
                              const uint8_t *randomness, struct cepa_session_workspace *workspace,
                              uint32_t cpu)
{
    int error = cepa_xwing_encapsulate(&workspace->ciphertext, ret_secret, public_key, randomness,
                                       &workspace->xwing, cpu);
    if (error == 0) {
        memcpy(ret_ciphertext, workspace->ciphertext.bytes, sizeof workspace->ciphertext.bytes);
    }
    return error;
}

int cepa_schedule_decapsulate(struct cepa_xwing_secret *ret_secret,
                              const struct cepa_xwing_key *key, const uint8_t *ciphertext,
                              struct cepa_session_workspace *workspace, uint32_t cpu)
{
    memcpy(workspace->ciphertext.bytes, ciphertext, sizeof workspace->ciphertext.bytes);
    int error =
        cepa_xwing_decapsulate(ret_secret, key, &workspace->ciphertext, &workspace->xwing, cpu);
    if (error != 0) {
        cepa_wipe(ret_secret, sizeof *ret_secret);
    }
    return error == 0 ? 0 : CEPA_ERR_AUTHENTICATION;
}

/* --- two seals -------------------------------------------------------------------------------- */

/* The key of the outer seal, from the first ciphertext. */
static void outer_key(struct cepa_session_schedule *schedule, uint8_t ret_key[CEPA_AEAD_KEY_LEN],
                      const uint8_t *message, const struct cepa_xwing_secret *secret)
{
    struct cepa_kdf kdf;
    cepa_schedule_say(schedule, message + CEPA_KNOCK_FIRST_OFFSET, CEPA_KEM_CIPHERTEXT_SIZE, NULL,
                      0);
    cepa_kdf_init(&kdf, "session knock");
    cepa_schedule_agree(&kdf, schedule, ret_key, secret->bytes);
    cepa_kdf_wipe(&kdf);
}

/* The key of the inner seal, from the prekey's name, the second ciphertext and the prekey. */
static void inner_key(struct cepa_session_schedule *schedule, uint8_t ret_key[CEPA_AEAD_KEY_LEN],
                      struct cepa_knock_tag *ret_tag, const uint8_t *message,
                      const struct cepa_xwing_public_key *prekey,
                      const struct cepa_xwing_secret *secret)
{
    struct cepa_kdf kdf;
    cepa_schedule_say(schedule, message + CEPA_KNOCK_OUTER_OFFSET,
                      CEPA_KNOCK_PREKEY_SIZE + CEPA_KEM_CIPHERTEXT_SIZE, prekey->bytes,
                      sizeof prekey->bytes);
    cepa_kdf_init(&kdf, "session prekey");
    cepa_schedule_agree(&kdf, schedule, ret_key, secret->bytes);
    cepa_kdf_output(&kdf, ret_tag->bytes, sizeof ret_tag->bytes);
    cepa_kdf_wipe(&kdf);
}

int cepa_sealing_begin(struct cepa_sealing *ret_sealing, uint8_t *message, uint8_t begins_by,
                       const struct cepa_session_addressee *addressee, const uint8_t *randomness,
                       struct cepa_session_workspace *workspace, uint32_t cpu)
{
    struct cepa_xwing_secret first;
    struct cepa_xwing_secret second;
    struct cepa_knock_tag tag;
    memset(message, 0, CEPA_KNOCK_FIRST_OFFSET);
    message[0] = CEPA_SESSION_VERSION;
    memcpy(message + CEPA_KNOCK_OUTER_OFFSET, addressee->prekey_id, CEPA_KNOCK_PREKEY_SIZE);
    int error = cepa_schedule_encapsulate(message + CEPA_KNOCK_FIRST_OFFSET, &first,
                                          addressee->identity, randomness, workspace, cpu);
    if (error != 0) {
        return error;
    }
    error =
        cepa_schedule_encapsulate(message + CEPA_KNOCK_SECOND_OFFSET, &second, addressee->prekey,
                                  randomness + CEPA_XWING_RANDOMNESS_BYTES, workspace, cpu);
    if (error == 0) {
        struct cepa_session_schedule *schedule = &ret_sealing->schedule;
        cepa_schedule_init(schedule, begins_by, addressee->network, addressee->address,
                           addressee->identity);
        outer_key(schedule, ret_sealing->keys[0], message, &first);
        ret_sealing->outer = *schedule;
        inner_key(schedule, ret_sealing->keys[1], &tag, message, addressee->prekey, &second);
        cepa_wipe(&tag, sizeof tag);
    }
    cepa_wipe(&first, sizeof first);
    cepa_wipe(&second, sizeof second);
    return error;
}

void cepa_sealing_finish(struct cepa_sealing *sealing, uint8_t *message, size_t message_len,
                         uint32_t cpu)
{
    cepa_schedule_seal(&sealing->schedule, message + CEPA_KNOCK_INNER_OFFSET,
                       message_len - CEPA_SEALED_TWICE_COST, sealing->keys[1], cpu);
    cepa_schedule_seal(&sealing->outer, message + CEPA_KNOCK_OUTER_OFFSET,
                       message_len - CEPA_KNOCK_OUTER_OFFSET - CEPA_TAG_SIZE, sealing->keys[0],
                       cpu);
    cepa_wipe(sealing, sizeof *sealing);
}

int cepa_sealed_open(struct cepa_session_schedule *ret_schedule, uint8_t *ret_prekey_id,
                     uint8_t *message, size_t message_len, uint8_t begins_by,
                     const struct cepa_session_self *self, struct cepa_session_workspace *workspace,
                     uint32_t cpu)
{
    static const uint8_t zeros[CEPA_KNOCK_WORK_OFFSET - 1];
    size_t outer_len = message_len - CEPA_KNOCK_OUTER_OFFSET - CEPA_TAG_SIZE;
    struct cepa_session_schedule schedule;
    struct cepa_xwing_secret secret;
    uint8_t key[CEPA_AEAD_KEY_LEN];
    if (message[0] != CEPA_SESSION_VERSION) {
        return CEPA_ERR_VERSION;
    }
    if (memcmp(message + 1, zeros, sizeof zeros) != 0) {
        return CEPA_ERR_MALFORMED;
    }
    int error = cepa_schedule_decapsulate(&secret, self->identity,
                                          message + CEPA_KNOCK_FIRST_OFFSET, workspace, cpu);
    if (error != 0) {
        return error;
    }
    cepa_schedule_init(&schedule, begins_by, self->network, self->address,
                       &self->identity->public_key);
    outer_key(&schedule, key, message, &secret);
    cepa_wipe(&secret, sizeof secret);
    error = cepa_schedule_open(&schedule, message + CEPA_KNOCK_OUTER_OFFSET, outer_len, key, cpu);
    if (error == 0) {
        /* Its sender knows them, and what is done with them shows which prekey it chose. */
        cepa_declassify(message + CEPA_KNOCK_OUTER_OFFSET, outer_len);
        memcpy(ret_prekey_id, message + CEPA_KNOCK_OUTER_OFFSET, CEPA_KNOCK_PREKEY_SIZE);
        *ret_schedule = schedule;
    }
    cepa_wipe(&schedule, sizeof schedule);
    return error;
}

int cepa_sealed_consume(struct cepa_session_schedule *schedule, struct cepa_knock_tag *ret_tag,
                        uint8_t *message, size_t message_len, const struct cepa_xwing_key *prekey,
                        struct cepa_session_workspace *workspace, uint32_t cpu)
{
    struct cepa_xwing_secret secret;
    uint8_t key[CEPA_AEAD_KEY_LEN];
    int error = cepa_schedule_decapsulate(&secret, prekey, message + CEPA_KNOCK_SECOND_OFFSET,
                                          workspace, cpu);
    if (error == 0) {
        inner_key(schedule, key, ret_tag, message, &prekey->public_key, &secret);
        cepa_wipe(&secret, sizeof secret);
        error = cepa_schedule_open(schedule, message + CEPA_KNOCK_INNER_OFFSET,
                                   message_len - CEPA_SEALED_TWICE_COST, key, cpu);
    }
    return error;
}
