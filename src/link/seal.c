/* Sealing frames and changing keys. @[SPEC 7.4] */
#include "link/seal.h"

#include <stdbool.h>
#include <string.h>

#include "base/ct.h"
#include "base/endian.h"
#include "crypto/aead.h"
#include "crypto/kdf.h"
#include "wire/sizes.h"

enum { BODY_OFFSET = 8 };

/* Gives the key of the generation whose secret `secret` is, and makes that the next one's. */
static void next_key(struct cepa_link_secret *secret, uint8_t ret_key[CEPA_LINK_KEY_SIZE])
{
    struct cepa_kdf kdf;
    cepa_kdf_init(&kdf, "link frame");
    cepa_kdf_input(&kdf, secret->bytes, sizeof secret->bytes);
    cepa_kdf_output(&kdf, secret->bytes, sizeof secret->bytes);
    cepa_kdf_output(&kdf, ret_key, CEPA_LINK_KEY_SIZE);
    cepa_kdf_wipe(&kdf);
}

static void nonce_of(uint8_t ret_nonce[CEPA_AEAD_NONCE_LEN], uint64_t counter)
{
    memset(ret_nonce, 0, 4);
    cepa_be64_store(ret_nonce + 4, counter);
}

void cepa_link_sealer_init(struct cepa_link_sealer *ret_sealer,
                           const struct cepa_link_secret *secret)
{
    ret_sealer->next = *secret;
    ret_sealer->counter = 0;
    next_key(&ret_sealer->next, ret_sealer->key);
}

int cepa_link_seal(struct cepa_link_sealer *sealer, uint8_t *frame, size_t frame_len, uint32_t cpu)
{
    uint8_t nonce[CEPA_AEAD_NONCE_LEN];
    const uint64_t mask = (UINT64_C(1) << CEPA_LINK_GENERATION_BITS) - 1;
    if (sealer->counter >= CEPA_LINK_COUNTER_END) {
        return CEPA_ERR_EXHAUSTED;
    }
    if (sealer->counter != 0 && (sealer->counter & mask) == 0) {
        next_key(&sealer->next, sealer->key);
    }
    cepa_be64_store(frame, sealer->counter);
    nonce_of(nonce, sealer->counter);
    size_t body_len = frame_len - CEPA_FRAME_SEAL_SIZE;
    cepa_aead_seal(frame + BODY_OFFSET, body_len, frame + BODY_OFFSET + body_len, NULL, 0, nonce,
                   sealer->key, cpu);
    sealer->counter++;
    return 0;
}

void cepa_link_opener_init(struct cepa_link_opener *ret_opener,
                           const struct cepa_link_secret *secret)
{
    memset(ret_opener, 0, sizeof *ret_opener);
    ret_opener->next = *secret;
    next_key(&ret_opener->next, ret_opener->key);
    cepa_replay_window_init(&ret_opener->window);
}

/* Opens with a key that is known. */
static int open_with(const uint8_t key[CEPA_LINK_KEY_SIZE], uint64_t counter, uint8_t *frame,
                     size_t frame_len, uint32_t cpu)
{
    uint8_t nonce[CEPA_AEAD_NONCE_LEN];
    size_t body_len = frame_len - CEPA_FRAME_SEAL_SIZE;
    nonce_of(nonce, counter);
    return cepa_aead_open(frame + BODY_OFFSET, body_len, frame + BODY_OFFSET + body_len, NULL, 0,
                          nonce, key, cpu);
}

/* Opens with the next generation's key, and takes it if that succeeds. */
static int open_next(struct cepa_link_opener *opener, uint64_t counter, uint8_t *frame,
                     size_t frame_len, uint32_t cpu)
{
    struct cepa_link_secret next = opener->next;
    uint8_t key[CEPA_LINK_KEY_SIZE];
    next_key(&next, key);
    int error = open_with(key, counter, frame, frame_len, cpu);
    if (error == 0) {
        memcpy(opener->previous, opener->key, sizeof opener->previous);
        memcpy(opener->key, key, sizeof opener->key);
        opener->next = next;
        opener->generation++;
    }
    cepa_wipe(key, sizeof key);
    cepa_wipe(&next, sizeof next);
    return error;
}

int cepa_link_open(struct cepa_link_opener *opener, uint64_t *ret_counter, uint8_t *frame,
                   size_t frame_len, uint32_t cpu)
{
    if (frame_len <= CEPA_FRAME_SEAL_SIZE) {
        return CEPA_ERR_LENGTH;
    }
    uint64_t counter = cepa_be64_load(frame);
    uint64_t generation = counter >> CEPA_LINK_GENERATION_BITS;
    int error;
    if (counter >= CEPA_LINK_COUNTER_END || generation > opener->generation + 1 ||
        generation + 1 < opener->generation ||
        cepa_replay_window_check(&opener->window, counter) != 0) {
        return CEPA_ERR_REPLAY;
    }
    if (generation == opener->generation) {
        error = open_with(opener->key, counter, frame, frame_len, cpu);
    } else if (generation > opener->generation) {
        error = open_next(opener, counter, frame, frame_len, cpu);
    } else {
        error = open_with(opener->previous, counter, frame, frame_len, cpu);
    }
    if (error != 0) {
        return error;
    }
    *ret_counter = counter;
    return cepa_replay_window_accept(&opener->window, counter);
}
