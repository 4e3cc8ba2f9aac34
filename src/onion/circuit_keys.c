/* The key schedule of circuits. @[SPEC 5.2], @[SPEC 5.7] */
#include "onion/circuit_keys.h"

#include <assert.h>

#include "base/ct.h"
#include "base/declassify.h"
#include "base/endian.h"
#include "crypto/hash.h"
#include "crypto/kdf.h"

static_assert((int)CEPA_RENEWAL_CONFIRM_SIZE == (int)CEPA_CIRCUIT_CONFIRM_SIZE,
              "one kind of proof");

void cepa_circuit_keys_derive(struct cepa_circuit_keys *ret_keys,
                              struct cepa_circuit_counters *ret_counters,
                              const struct cepa_circuit_seed *seed)
{
    struct cepa_kdf kdf;
    uint8_t numbers[4 * 8];
    cepa_kdf_init(&kdf, "circuit");
    cepa_kdf_input(&kdf, seed->bytes, sizeof seed->bytes);
    cepa_kdf_output(&kdf, ret_keys->chain, sizeof ret_keys->chain);
    cepa_kdf_output(&kdf, ret_keys->forward, sizeof ret_keys->forward);
    cepa_kdf_output(&kdf, ret_keys->backward, sizeof ret_keys->backward);
    cepa_kdf_output(&kdf, ret_keys->confirm, sizeof ret_keys->confirm);
    cepa_kdf_output(&kdf, numbers, sizeof numbers);
    cepa_kdf_wipe(&kdf);
    ret_counters->forward_start = cepa_be64_load(numbers);
    ret_counters->forward_offset = cepa_be64_load(numbers + 8);
    ret_counters->backward_start = cepa_be64_load(numbers + 16);
    ret_counters->backward_offset = cepa_be64_load(numbers + 24);
    cepa_wipe(numbers, sizeof numbers);
    /* The sums of these numbers travel in cells, and what the comparing of counters takes tells no
     * more than the order of cells. */
    cepa_declassify(ret_counters, sizeof *ret_counters);
}

void cepa_circuit_keys_renew(struct cepa_circuit_keys *ret_keys,
                             const uint8_t chain[CEPA_CIRCUIT_KEY_SIZE],
                             const struct cepa_xwing_secret *secret,
                             const uint8_t offer[CEPA_RENEWAL_OFFER_SIZE],
                             const uint8_t ciphertext[CEPA_KEM_CIPHERTEXT_SIZE])
{
    struct cepa_blake2b hash;
    uint8_t transcript[32];
    cepa_blake2b_init(&hash, sizeof transcript, NULL, 0);
    cepa_blake2b_update(&hash, offer, CEPA_RENEWAL_OFFER_SIZE);
    cepa_blake2b_update(&hash, ciphertext, CEPA_KEM_CIPHERTEXT_SIZE);
    cepa_blake2b_final(&hash, transcript, sizeof transcript);

    struct cepa_kdf kdf;
    cepa_kdf_init(&kdf, "renewal");
    cepa_kdf_input(&kdf, chain, CEPA_CIRCUIT_KEY_SIZE);
    cepa_kdf_input(&kdf, secret->bytes, sizeof secret->bytes);
    cepa_kdf_input(&kdf, transcript, sizeof transcript);
    cepa_kdf_output(&kdf, ret_keys->chain, sizeof ret_keys->chain);
    cepa_kdf_output(&kdf, ret_keys->forward, sizeof ret_keys->forward);
    cepa_kdf_output(&kdf, ret_keys->backward, sizeof ret_keys->backward);
    cepa_kdf_output(&kdf, ret_keys->confirm, sizeof ret_keys->confirm);
    cepa_kdf_wipe(&kdf);
}
