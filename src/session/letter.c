/* Sealing and opening letters. @[SPEC 16.9] */
#include "session/letter.h"

#include <string.h>

#include "base/ct.h"
#include "base/declassify.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "session/schedule.h"

_Static_assert((int)CEPA_LETTER_KEYS_SIZE == (int)CEPA_IDENTITY_PUBLIC_SIZE, "the wire's keys");
_Static_assert((int)CEPA_LETTER_SIGNATURE_SIZE == (int)CEPA_ED25519_SIGNATURE_LEN, "its signature");
_Static_assert((int)CEPA_PQ_SIGNATURE_SIZE == (int)CEPA_MLDSA_SIGNATURE_BYTES, "likewise");
_Static_assert((int)CEPA_SEALED_TWICE_COST == (int)CEPA_LETTER_SIZE - (int)CEPA_LETTER_INNER_SIZE,
               "a letter is sealed as a knock is");

enum { DIGEST_SIZE = 64, CONTEXT_SIZE = CEPA_NETWORK_ID_SIZE + CEPA_ADDRESS_HASH_SIZE };

static const char sender_label[] = "cepa v1 letter sender";

/* What a sender signs: that it has sealed this, to whom the transcript says. Not the contents,
 * which whoever can open them could have written. */
static void sender_digest(uint8_t ret_digest[DIGEST_SIZE],
                          const struct cepa_session_schedule *schedule,
                          const struct cepa_address *sender)
{
    struct cepa_blake2b hash;
    cepa_blake2b_init(&hash, DIGEST_SIZE, NULL, 0);
    cepa_blake2b_update(&hash, sender_label, sizeof sender_label);
    cepa_blake2b_update(&hash, schedule->transcript, sizeof schedule->transcript);
    cepa_blake2b_update(&hash, sender->bytes, sizeof sender->bytes);
    cepa_blake2b_final(&hash, ret_digest, DIGEST_SIZE);
}

/* What one must know beside the Ed25519 key to find the key of a day. @[SPEC 14.4] */
static void context_of(uint8_t ret_context[CONTEXT_SIZE], const struct cepa_address *address,
                       const struct cepa_network_id *network)
{
    memcpy(ret_context, network->bytes, CEPA_NETWORK_ID_SIZE);
    memcpy(ret_context + CEPA_NETWORK_ID_SIZE, address->bytes + CEPA_ADDRESS_KEY_SIZE,
           CEPA_ADDRESS_HASH_SIZE);
}

/* Signs as the sender; what the letter points to is in the workspace. */
static int sign(struct cepa_letter *letter, struct cepa_ed25519_signature *ret_signature,
                const struct cepa_identity *sender, const struct cepa_session_schedule *schedule,
                const struct cepa_network_id *network, const struct cepa_random *random,
                struct cepa_letter_workspace *workspace, uint32_t cpu)
{
    struct cepa_ed25519_blinded_key blinded;
    uint8_t randomness[CEPA_MLDSA_RANDOM_BYTES];
    uint8_t context[CONTEXT_SIZE];
    uint8_t digest[DIGEST_SIZE];
    int error = cepa_random_fill(random, randomness, sizeof randomness);
    if (error != 0) {
        return error;
    }
    sender_digest(digest, schedule, &sender->address);
    context_of(context, &sender->address, network);
    cepa_ed25519_blind_key(&blinded, &sender->ed25519, letter->day, context, sizeof context);
    cepa_ed25519_blinded_sign(&blinded, ret_signature, digest, sizeof digest);
    cepa_ed25519_blinded_key_wipe(&blinded);
    error =
        cepa_mldsa_sign(&workspace->signature, &sender->mldsa, digest, sizeof digest, sender_label,
                        sizeof sender_label - 1, randomness, &workspace->mldsa, cpu);
    cepa_wipe(randomness, sizeof randomness);
    cepa_identity_publish(&workspace->keys, sender);
    cepa_identity_public_encode(workspace->key_bytes, &workspace->keys);
    letter->is_signed = true;
    letter->keys = workspace->key_bytes;
    letter->signature = ret_signature->bytes;
    letter->pq_signature = workspace->signature.bytes;
    return error;
}

int cepa_letter_seal(uint8_t *ret_box, const struct cepa_letter_draft *draft,
                     const struct cepa_session_addressee *addressee,
                     const struct cepa_random *random, struct cepa_letter_workspace *workspace,
                     uint32_t cpu)
{
    struct cepa_sealing sealing;
    struct cepa_ed25519_signature signature;
    struct cepa_letter letter = {
        .day = draft->day, .body = draft->body, .body_len = draft->body_len};
    uint8_t *randomness = workspace->session.randomness;
    int error = cepa_random_fill(random, randomness, 2 * CEPA_XWING_RANDOMNESS_BYTES);
    if (error != 0) {
        return error;
    }
    memcpy(letter.id, draft->id, sizeof letter.id);
    error = cepa_sealing_begin(&sealing, ret_box, CEPA_BEGINS_BY_LETTER, addressee, randomness,
                               &workspace->session, cpu);
    cepa_wipe(randomness, 2 * CEPA_XWING_RANDOMNESS_BYTES);
    if (error != 0) {
        return error;
    }
    if (draft->sender != NULL) {
        error = sign(&letter, &signature, draft->sender, &sealing.schedule, addressee->network,
                     random, workspace, cpu);
    }
    if (error != 0) {
        cepa_wipe(&sealing, sizeof sealing);
        return error;
    }
    cepa_letter_encode(ret_box + CEPA_KNOCK_INNER_OFFSET, &letter);
    cepa_sealing_finish(&sealing, ret_box, CEPA_LETTER_SIZE, cpu);
    return 0;
}

int cepa_letter_open(struct cepa_session_schedule *ret_schedule, uint8_t *ret_prekey_id,
                     uint8_t *box, const struct cepa_session_self *self,
                     struct cepa_letter_workspace *workspace, uint32_t cpu)
{
    return cepa_sealed_open(ret_schedule, ret_prekey_id, box, CEPA_LETTER_SIZE,
                            CEPA_BEGINS_BY_LETTER, self, &workspace->session, cpu);
}

/* Checks that the keys in the letter have signed, and whose address they are. */
static int check_sender(struct cepa_address *ret_sender, const struct cepa_letter *letter,
                        const struct cepa_session_schedule *schedule,
                        const struct cepa_network_id *network,
                        struct cepa_letter_workspace *workspace, uint32_t cpu)
{
    struct cepa_identity_public *keys = &workspace->keys;
    struct cepa_ed25519_blinded_public_key blinded;
    struct cepa_ed25519_signature signature;
    struct cepa_address sender;
    uint8_t context[CONTEXT_SIZE];
    uint8_t digest[DIGEST_SIZE];
    int error = cepa_identity_public_decode(keys, letter->keys, CEPA_LETTER_KEYS_SIZE);
    if (error == 0) {
        cepa_identity_public_address(&sender, keys);
        error = cepa_identity_public_check(keys, &sender);
    }
    if (error != 0) {
        return error;
    }
    sender_digest(digest, schedule, &sender);
    /* The transcript is a hash of what lay in the mailbox. */
    cepa_declassify(digest, sizeof digest);
    context_of(context, &sender, network);
    memcpy(signature.bytes, letter->signature, sizeof signature.bytes);
    memcpy(workspace->signature.bytes, letter->pq_signature, sizeof workspace->signature.bytes);
    error = cepa_ed25519_blind_public_key(&blinded, &keys->ed25519, letter->day, context,
                                          sizeof context);
    if (error == 0) {
        error = cepa_ed25519_verify(&blinded.point, &signature, digest, sizeof digest);
    }
    if (error == 0) {
        error = cepa_mldsa_verify(&workspace->signature, &keys->mldsa, digest, sizeof digest,
                                  sender_label, sizeof sender_label - 1, &workspace->mldsa, cpu);
    }
    if (error == 0) {
        *ret_sender = sender;
    }
    return error;
}

int cepa_letter_consume(struct cepa_session_schedule *schedule,
                        struct cepa_letter_opened *ret_opened, uint8_t *box,
                        const struct cepa_network_id *network, const struct cepa_xwing_key *prekey,
                        struct cepa_letter_workspace *workspace, uint32_t cpu)
{
    struct cepa_letter_opened opened;
    struct cepa_letter letter;
    struct cepa_knock_tag tag;
    const uint8_t *inner = box + CEPA_KNOCK_INNER_OFFSET;
    memset(&opened, 0, sizeof opened);
    int error = cepa_sealed_consume(schedule, &tag, box, CEPA_LETTER_SIZE, prekey,
                                    &workspace->session, cpu);
    if (error == 0) {
        /* Its sender knows all of it. */
        cepa_declassify(inner, CEPA_LETTER_INNER_SIZE);
        error = cepa_letter_decode(&letter, inner);
    }
    if (error == 0 && letter.is_signed) {
        error = check_sender(&opened.sender, &letter, schedule, network, workspace, cpu);
    }
    cepa_wipe(schedule, sizeof *schedule);
    cepa_wipe(&tag, sizeof tag);
    if (error != 0) {
        return error;
    }
    memcpy(opened.id, letter.id, sizeof opened.id);
    opened.has_sender = letter.is_signed;
    opened.body = letter.body;
    opened.body_len = letter.body_len;
    *ret_opened = opened;
    return 0;
}
