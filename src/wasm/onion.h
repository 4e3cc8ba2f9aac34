/* Exports of onion packets and circuit cells. Shapes, errors and sources are those of the core's
 * function of the same name; addresses lie in the arena. The module holds one relay with its onion
 * keys, one relay's end of a circuit, and the secret of one SURB. Numbers in records are big-endian
 * and counters are records of 8 bytes, so that no 64-bit number crosses the border. */
#ifndef CEPA_WASM_ONION_H
#define CEPA_WASM_ONION_H

#include <stddef.h>
#include <stdint.h>

#include "wasm/module.h"
#include "wire/sizes.h"

enum {
    /* Of a hop: its onion key, node id, type (1), 0, delay in ms (2). */
    CEPA_WASM_HOP_SIZE = CEPA_KEM_PUBLIC_KEY_SIZE + CEPA_NODE_ID_SIZE + 4,
    /* Of what peeling found: type (1), 0, delay in ms (2), next relay, recipient, circuit seed,
     * where the content stands in the packet (4) and its length (4). What does not apply is 0. */
    CEPA_WASM_PEELED_SIZE = 4 + 2 * CEPA_NODE_ID_SIZE + 32 + 8,
    /* Of a step of a circuit: whether the cell is for this hop (1), its command (1), length (2). */
    CEPA_WASM_STEP_SIZE = 4,
    CEPA_WASM_REPLAY_CAPACITY = 2048
};

/* cepa_wasm_relay_init forgets the relay and begins anew, without a key and with nothing seen. */
CEPA_WASM_EXPORT("relay_init") int cepa_wasm_relay_init(void);

/* cepa_wasm_relay_rotate makes the key of `epoch` from an X-Wing seed and writes its public key. */
CEPA_WASM_EXPORT("relay_rotate")
int cepa_wasm_relay_rotate(uint8_t *ret_public_key, uint32_t epoch, const uint8_t *seed);

/* cepa_wasm_relay_forget empties the relay's replay caches. For measurements only: it lets the same
 * packet through again. */
CEPA_WASM_EXPORT("relay_forget") void cepa_wasm_relay_forget(void);

CEPA_WASM_EXPORT("onion_key_id")
void cepa_wasm_onion_key_id(uint8_t *ret_id, const uint8_t *public_key);

/* cepa_wasm_packet_build takes `hops_len` records of hops and draws from the host. `ret_seeds` gets
 * five circuit seeds. */
CEPA_WASM_EXPORT("packet_build")
int cepa_wasm_packet_build(uint8_t *ret_packet, uint8_t *ret_seeds, const uint8_t *hops,
                           size_t hops_len, uint32_t epoch, const uint8_t *recipient,
                           const uint8_t *content, size_t content_len);

/* cepa_wasm_packet_peel lets the relay peel a packet in place; `from_circuit` is 1 if it came
 * through a circuit, else 0. `ret_peeled` is a record. */
CEPA_WASM_EXPORT("packet_peel")
int cepa_wasm_packet_peel(uint8_t *ret_peeled, uint8_t *packet, size_t packet_len,
                          uint32_t from_circuit);

/* cepa_wasm_surb_create keeps the secret in the module, for the next cepa_wasm_surb_open. */
CEPA_WASM_EXPORT("surb_create")
int cepa_wasm_surb_create(uint8_t *ret_surb, const uint8_t *hops, size_t hops_len, uint32_t epoch,
                          const uint8_t *recipient);

CEPA_WASM_EXPORT("surb_use")
int cepa_wasm_surb_use(uint8_t *ret_packet, uint8_t *ret_first, const uint8_t *surb,
                       size_t surb_len, const uint8_t *content, size_t content_len);

/* cepa_wasm_surb_open writes where the content stands in `delta` (4) and its length (4). */
CEPA_WASM_EXPORT("surb_open")
int cepa_wasm_surb_open(uint8_t *ret_content, uint8_t *delta, size_t delta_len);

CEPA_WASM_EXPORT("circuit_init")
void cepa_wasm_circuit_init(const uint8_t *seed, uint32_t is_last);

/* cepa_wasm_circuit_forward and cepa_wasm_circuit_backward change `counter` to the one with which
 * the cell goes on. `ret_step` is a record; the data of a cell for this hop stand at offset 20. */
CEPA_WASM_EXPORT("circuit_forward")
int cepa_wasm_circuit_forward(uint8_t *ret_step, uint8_t *counter, uint8_t *body);
CEPA_WASM_EXPORT("circuit_backward")
int cepa_wasm_circuit_backward(uint8_t *counter, uint8_t *body);

CEPA_WASM_EXPORT("circuit_originate")
int cepa_wasm_circuit_originate(uint8_t *ret_counter, uint8_t *ret_body, uint32_t command,
                                const uint8_t *data, size_t data_len);

/* cepa_wasm_circuit_keys derives a hop's keys from its seed: chain, forward, backward, confirm, and
 * the four numbers; cepa_wasm_circuit_renew gives the first four after a renewal. */
CEPA_WASM_EXPORT("circuit_keys")
void cepa_wasm_circuit_keys(uint8_t *ret_keys, const uint8_t *seed);
CEPA_WASM_EXPORT("circuit_renew")
void cepa_wasm_circuit_renew(uint8_t *ret_keys, const uint8_t *chain, const uint8_t *secret,
                             const uint8_t *offer, const uint8_t *ciphertext);

/* cepa_wasm_onion_wipe and cepa_wasm_circuit_wipe wipe all that is kept here. */
CEPA_WASM_EXPORT("onion_wipe") void cepa_wasm_onion_wipe(void);
CEPA_WASM_EXPORT("circuit_wipe") void cepa_wasm_circuit_wipe(void);

#endif
