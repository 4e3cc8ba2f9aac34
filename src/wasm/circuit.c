/* Exports of circuit cells. */
#include <string.h>

#include "base/cpu.h"
#include "base/ct.h"
#include "base/endian.h"
#include "onion/circuit_keys.h"
#include "onion/circuit_relay.h"
#include "wasm/onion.h"

static struct cepa_circuit_relay circuit;

void cepa_wasm_circuit_init(const uint8_t *seed, uint32_t is_last)
{
    cepa_circuit_relay_init(&circuit, (const struct cepa_circuit_seed *)seed, is_last != 0,
                            CEPA_CPU_PORTABLE);
}

int cepa_wasm_circuit_forward(uint8_t *ret_step, uint8_t *counter, uint8_t *body)
{
    struct cepa_circuit_step step;
    memset(&step, 0, sizeof step);
    int error = cepa_circuit_relay_forward(&circuit, &step, body, cepa_be64_load(counter),
                                           CEPA_CPU_PORTABLE);
    if (error == 0) {
        ret_step[0] = step.is_mine ? 1 : 0;
        ret_step[1] = step.is_mine ? (uint8_t)step.message.command : 0;
        cepa_be16_store(ret_step + 2, step.is_mine ? (uint16_t)step.message.data_len : 0);
        cepa_be64_store(counter, step.is_mine ? 0 : step.counter);
    }
    return error;
}

int cepa_wasm_circuit_backward(uint8_t *counter, uint8_t *body)
{
    uint64_t next = 0;
    int error = cepa_circuit_relay_backward(&circuit, &next, body, cepa_be64_load(counter),
                                            CEPA_CPU_PORTABLE);
    if (error == 0) {
        cepa_be64_store(counter, next);
    }
    return error;
}

int cepa_wasm_circuit_originate(uint8_t *ret_counter, uint8_t *ret_body, uint32_t command,
                                const uint8_t *data, size_t data_len)
{
    const struct cepa_cell_message message = {(enum cepa_cell_command)command, data, data_len};
    uint64_t counter = 0;
    int error =
        cepa_circuit_relay_originate(&circuit, &counter, ret_body, &message, CEPA_CPU_PORTABLE);
    if (error == 0) {
        cepa_be64_store(ret_counter, counter);
    }
    return error;
}

static uint8_t *write_keys(uint8_t *ret_keys, const struct cepa_circuit_keys *keys)
{
    uint8_t *at = ret_keys;
    memcpy(at, keys->chain, sizeof keys->chain);
    at += sizeof keys->chain;
    memcpy(at, keys->forward, sizeof keys->forward);
    at += sizeof keys->forward;
    memcpy(at, keys->backward, sizeof keys->backward);
    at += sizeof keys->backward;
    memcpy(at, keys->confirm, sizeof keys->confirm);
    return at + sizeof keys->confirm;
}

void cepa_wasm_circuit_keys(uint8_t *ret_keys, const uint8_t *seed)
{
    struct cepa_circuit_keys keys;
    struct cepa_circuit_counters counters;
    cepa_circuit_keys_derive(&keys, &counters, (const struct cepa_circuit_seed *)seed);
    uint8_t *at = write_keys(ret_keys, &keys);
    cepa_be64_store(at, counters.forward_start);
    cepa_be64_store(at + 8, counters.forward_offset);
    cepa_be64_store(at + 16, counters.backward_start);
    cepa_be64_store(at + 24, counters.backward_offset);
    cepa_wipe(&keys, sizeof keys);
}

void cepa_wasm_circuit_renew(uint8_t *ret_keys, const uint8_t *chain, const uint8_t *secret,
                             const uint8_t *offer, const uint8_t *ciphertext)
{
    struct cepa_circuit_keys keys;
    cepa_circuit_keys_renew(&keys, chain, (const struct cepa_xwing_secret *)secret, offer,
                            ciphertext);
    (void)write_keys(ret_keys, &keys);
    cepa_wipe(&keys, sizeof keys);
}

void cepa_wasm_circuit_wipe(void)
{
    cepa_wipe(&circuit, sizeof circuit);
}
