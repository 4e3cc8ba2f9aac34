/* A circuit at a relay: layers, replay, renewal. @[SPEC 5] */
#include "onion/circuit_relay.h"

#include <string.h>

#include "base/ct.h"
#include "base/endian.h"

/* Whether `counter` is at or after `mark`, in the sense of counters that wrap around. */
static bool is_reached(uint64_t counter, uint64_t mark)
{
    return (int64_t)(counter - mark) >= 0;
}

static void drop_old(struct cepa_circuit_relay *relay)
{
    cepa_wipe(relay->forward_old, sizeof relay->forward_old);
    relay->has_old = false;
    relay->oldest = relay->begin;
    relay->has_oldest = relay->is_renewed;
}

static void drop_pending(struct cepa_circuit_relay *relay)
{
    cepa_wipe(&relay->pending, sizeof relay->pending);
    relay->has_pending = false;
}

/* Takes the renewed keys into use: the origin has shown that it has them too. The offer has made
 * room for the old key. */
static void begin_pending(struct cepa_circuit_relay *relay, uint32_t cpu)
{
    memcpy(relay->forward_old, relay->forward.stream_key, sizeof relay->forward_old);
    relay->has_old = true;
    relay->begin = relay->pending_begin;
    relay->is_renewed = true;
    cepa_hpolyc_key_init(&relay->forward, relay->pending.forward, cpu);
    cepa_hpolyc_key_init(&relay->backward, relay->pending.backward, cpu);
    memcpy(relay->chain, relay->pending.chain, sizeof relay->chain);
    drop_pending(relay);
}

void cepa_circuit_relay_init(struct cepa_circuit_relay *ret_relay,
                             const struct cepa_circuit_seed *seed, bool is_last, uint32_t cpu)
{
    struct cepa_circuit_keys keys;
    memset(ret_relay, 0, sizeof *ret_relay);
    cepa_circuit_keys_derive(&keys, &ret_relay->counters, seed);
    ret_relay->state = is_last ? CEPA_RELAY_LAST : CEPA_RELAY_MIDDLE;
    cepa_hpolyc_key_init(&ret_relay->forward, keys.forward, cpu);
    cepa_hpolyc_key_init(&ret_relay->backward, keys.backward, cpu);
    memcpy(ret_relay->chain, keys.chain, sizeof keys.chain);
    memcpy(ret_relay->confirm, keys.confirm, sizeof keys.confirm);
    cepa_wipe(&keys, sizeof keys);
}

/* Whether a cell with this counter is under the keys of the renewal that was answered. */
static bool is_of_pending(const struct cepa_circuit_relay *relay, uint64_t counter)
{
    return relay->has_pending && is_reached(counter, relay->pending_begin);
}

/* Removes the layer under the key that holds at `counter`. That of the next cells is kept ready;
 * for the few around a renewal one is made, so that a circuit is smaller. */
static void remove_layer(const struct cepa_circuit_relay *relay, uint8_t *body, uint64_t counter,
                         uint32_t cpu)
{
    bool is_pending = is_of_pending(relay, counter);
    struct cepa_hpolyc_key key;
    uint8_t tweak[8];
    cepa_be64_store(tweak, counter);
    if (!is_pending && (!relay->is_renewed || is_reached(counter, relay->begin))) {
        cepa_hpolyc_decrypt(&relay->forward, body, CEPA_CELL_BODY_SIZE, tweak, sizeof tweak, cpu);
        return;
    }
    cepa_hpolyc_key_init(&key, is_pending ? relay->pending.forward : relay->forward_old, cpu);
    cepa_hpolyc_decrypt(&key, body, CEPA_CELL_BODY_SIZE, tweak, sizeof tweak, cpu);
    cepa_hpolyc_key_wipe(&key);
}

/* Notes a cell that was taken or goes on, and what its counter says about the keys. */
static void accept(struct cepa_circuit_relay *relay, uint64_t counter, uint32_t cpu)
{
    cepa_circuit_window_accept(&relay->forward_window, counter);
    if (is_of_pending(relay, counter)) {
        begin_pending(relay, cpu);
    }
    if (relay->has_old && is_reached(counter, relay->begin + CEPA_REPLAY_WINDOW_REACH)) {
        drop_old(relay);
    }
}

/* Decides about a cell whose layer is off. */
static int route(const struct cepa_circuit_relay *relay, struct cepa_circuit_step *ret_step,
                 const uint8_t *body, uint64_t counter)
{
    if (cepa_cell_message_is_mine(body)) {
        struct cepa_cell_message message;
        int error = cepa_cell_message_decode(&message, body);
        if (error == 0 && !cepa_cell_command_is_from_origin(message.command)) {
            error = CEPA_ERR_MALFORMED;
        }
        if (error == 0) {
            ret_step->is_mine = true;
            ret_step->counter = counter;
            ret_step->message = message;
        }
        return error;
    }
    if (relay->state == CEPA_RELAY_LAST) {
        return CEPA_ERR_AUTHENTICATION;
    }
    /* What was sealed for hops that are lost is noise to those in their place. */
    bool is_for_lost = relay->is_extended && !is_reached(counter, relay->extended);
    if (relay->state == CEPA_RELAY_CUT || is_for_lost) {
        return CEPA_ERR_STATE;
    }
    ret_step->is_mine = false;
    ret_step->counter = counter + relay->counters.forward_offset;
    return 0;
}

int cepa_circuit_relay_forward(struct cepa_circuit_relay *relay, struct cepa_circuit_step *ret_step,
                               uint8_t *body, uint64_t counter, uint32_t cpu)
{
    if (relay->state == CEPA_RELAY_CLOSED) {
        return CEPA_ERR_STATE;
    }
    struct cepa_circuit_window *window =
        cepa_circuit_window_find(&relay->forward_window, 1, counter);
    bool is_too_old = relay->has_oldest && !is_reached(counter, relay->oldest);
    if (window == NULL || cepa_circuit_window_check(window, counter) != 0 || is_too_old) {
        return CEPA_ERR_REPLAY;
    }
    remove_layer(relay, body, counter, cpu);
    int error = route(relay, ret_step, body, counter);
    if (error == 0) {
        accept(relay, counter, cpu);
    }
    return error;
}

static void add_layer(const struct cepa_circuit_relay *relay, uint8_t *body, uint64_t counter,
                      uint32_t cpu)
{
    uint8_t tweak[8];
    cepa_be64_store(tweak, counter);
    cepa_hpolyc_encrypt(&relay->backward, body, CEPA_CELL_BODY_SIZE, tweak, sizeof tweak, cpu);
}

int cepa_circuit_relay_backward(struct cepa_circuit_relay *relay, uint64_t *ret_counter,
                                uint8_t *body, uint64_t counter, uint32_t cpu)
{
    if (relay->state != CEPA_RELAY_MIDDLE) {
        return CEPA_ERR_STATE;
    }
    /* Whoever sits on both sides could else have a guess encrypted like a cell of this hop's. */
    if (counter - relay->counters.backward_start < CEPA_CIRCUIT_CELLS_MAX) {
        return CEPA_ERR_REPLAY;
    }
    struct cepa_circuit_window *window =
        cepa_circuit_window_find(relay->backward_windows, CEPA_CIRCUIT_SENDERS_MAX, counter);
    if (window == NULL) {
        return CEPA_ERR_FULL;
    }
    int error = cepa_circuit_window_check(window, counter);
    if (error != 0) {
        return error;
    }
    add_layer(relay, body, counter, cpu);
    cepa_circuit_window_accept(window, counter);
    *ret_counter = counter + relay->counters.backward_offset;
    return 0;
}

int cepa_circuit_relay_originate(struct cepa_circuit_relay *relay, uint64_t *ret_counter,
                                 uint8_t *ret_body, const struct cepa_cell_message *message,
                                 uint32_t cpu)
{
    if (relay->state == CEPA_RELAY_CLOSED) {
        return CEPA_ERR_STATE;
    }
    if (relay->originated == CEPA_CIRCUIT_CELLS_MAX) {
        return CEPA_ERR_EXHAUSTED;
    }
    int error = cepa_cell_message_encode(ret_body, message);
    if (error != 0) {
        return error;
    }
    uint64_t counter = relay->counters.backward_start + relay->originated;
    add_layer(relay, ret_body, counter, cpu);
    relay->originated++;
    *ret_counter = counter;
    return 0;
}

int cepa_circuit_relay_confirm(struct cepa_circuit_relay *relay, uint64_t *ret_counter,
                               uint8_t *ret_body, uint32_t cpu)
{
    const struct cepa_cell_message message = {CEPA_CELL_CONFIRM, relay->confirm,
                                              sizeof relay->confirm};
    if (relay->state != CEPA_RELAY_LAST || relay->originated != 0) {
        return CEPA_ERR_STATE;
    }
    return cepa_circuit_relay_originate(relay, ret_counter, ret_body, &message, cpu);
}

/* Where forward counters go on: behind the highest one that came. */
static uint64_t next_forward(const struct cepa_circuit_relay *relay)
{
    return relay->forward_window.start + relay->forward_window.seen.next;
}

/* A new key must begin ahead of everything that the origin has sent, within one window's range, and
 * later than what was offered before: of two offers the later one holds, in any order of arrival.
 */
static bool is_ahead(const struct cepa_circuit_relay *relay, uint64_t begin)
{
    bool is_late = relay->has_pending && !is_reached(begin, relay->pending_begin + 1);
    return relay->forward_window.is_used && !is_late &&
           begin - next_forward(relay) < CEPA_CIRCUIT_CELLS_MAX;
}

int cepa_circuit_relay_renew(struct cepa_circuit_relay *relay, uint8_t *ret_answer,
                             const uint8_t *offer, size_t offer_len,
                             const struct cepa_random *random,
                             struct cepa_xwing_workspace *workspace, uint32_t cpu)
{
    struct cepa_renewal_offer fields;
    struct cepa_xwing_public_key public_key;
    struct cepa_xwing_ciphertext ciphertext;
    struct cepa_xwing_secret secret;
    uint8_t randomness[64];
    if (relay->state == CEPA_RELAY_CLOSED) {
        return CEPA_ERR_STATE;
    }
    int error = cepa_renewal_offer_decode(&fields, offer, offer_len);
    if (error != 0) {
        return error;
    }
    if (!is_ahead(relay, fields.begin)) {
        return CEPA_ERR_MALFORMED;
    }
    memcpy(public_key.bytes, fields.public_key, sizeof public_key.bytes);
    error = cepa_random_fill(random, randomness, sizeof randomness);
    if (error == 0) {
        error =
            cepa_xwing_encapsulate(&ciphertext, &secret, &public_key, randomness, workspace, cpu);
    }
    if (error == 0) {
        cepa_circuit_keys_renew(&relay->pending, relay->chain, &secret, offer, ciphertext.bytes);
        relay->has_pending = true;
        relay->pending_begin = fields.begin;
        drop_old(relay);
        const struct cepa_renewal_answer answer = {ciphertext.bytes, relay->pending.confirm};
        cepa_renewal_answer_encode(ret_answer, &answer);
    }
    cepa_wipe(randomness, sizeof randomness);
    cepa_wipe(&secret, sizeof secret);
    return error;
}

int cepa_circuit_relay_on(struct cepa_circuit_relay *relay, uint32_t *ret_actions,
                          enum cepa_relay_event event)
{
    enum cepa_relay_state state;
    int error = cepa_relay_state_step(&state, ret_actions, relay->state, event);
    if (error != 0) {
        return error;
    }
    if (state == CEPA_RELAY_CLOSED) {
        cepa_wipe(relay, sizeof *relay);
    } else if (event == CEPA_RELAY_ON_EXTENDED) {
        relay->is_extended = relay->forward_window.is_used;
        relay->extended = next_forward(relay);
    }
    relay->state = state;
    return 0;
}
