/* A circuit at its origin: sealing, opening, breaks. Renewal stands in circuit_renewal.c. @[SPEC 5]
 */
#include "onion/circuit_origin.h"

#include <string.h>

#include "base/assert.h"
#include "base/ct.h"
#include "base/declassify.h"
#include "base/endian.h"
#include "onion/circuit_window.h"

static void hop_init(struct cepa_origin_hop *ret_hop, const struct cepa_circuit_seed *seed,
                     uint32_t cpu)
{
    struct cepa_circuit_keys keys;
    cepa_circuit_keys_derive(&keys, &ret_hop->counters, seed);
    cepa_hpolyc_key_init(&ret_hop->forward, keys.forward, cpu);
    cepa_hpolyc_key_init(&ret_hop->backward, keys.backward, cpu);
    memcpy(ret_hop->chain, keys.chain, sizeof keys.chain);
    memcpy(ret_hop->confirm, keys.confirm, sizeof keys.confirm);
    cepa_replay_window_init(&ret_hop->window);
    cepa_wipe(&keys, sizeof keys);
}

void cepa_circuit_origin_init(struct cepa_circuit_origin *ret_origin,
                              const struct cepa_circuit_seed *seeds, size_t seeds_len, uint32_t cpu)
{
    CEPA_ASSERT(seeds_len >= 1 && seeds_len <= CEPA_CIRCUIT_HOPS_MAX);
    memset(ret_origin, 0, sizeof *ret_origin);
    ret_origin->state = CEPA_ORIGIN_BUILDING;
    ret_origin->hops_len = seeds_len;
    for (size_t i = 0; i < seeds_len; i++) {
        hop_init(&ret_origin->hops[i], &seeds[i], cpu);
    }
}

/* Forgets a renewal and its secrets. */
static void end_renewal(struct cepa_circuit_origin *origin)
{
    cepa_wipe(&origin->renewal, sizeof origin->renewal);
}

static void drop_old(struct cepa_circuit_origin *origin)
{
    cepa_wipe(&origin->old, sizeof origin->old);
}

/* Goes on to the keys of an answered renewal when their first counter is reached. */
static void begin_renewal(struct cepa_circuit_origin *origin, uint64_t counter, uint32_t cpu)
{
    struct cepa_origin_renewal *renewal = &origin->renewal;
    if (renewal->state != CEPA_RENEWAL_ANSWERED || counter != renewal->begin) {
        return;
    }
    struct cepa_origin_hop *hop = &origin->hops[renewal->hop];
    origin->old.is_kept = true;
    origin->old.hop = renewal->hop;
    origin->old.backward = hop->backward;
    origin->old.opened = 0;
    cepa_hpolyc_key_init(&hop->forward, renewal->keys.forward, cpu);
    cepa_hpolyc_key_init(&hop->backward, renewal->keys.backward, cpu);
    memcpy(hop->chain, renewal->keys.chain, sizeof hop->chain);
    end_renewal(origin);
}

/* Whether a cell may be sent now; an unanswered offer holds back what would need its keys. */
static int may_send(const struct cepa_circuit_origin *origin, size_t hop, uint64_t counter,
                    enum cepa_cell_command command)
{
    const struct cepa_origin_renewal *renewal = &origin->renewal;
    if (origin->state == CEPA_ORIGIN_CLOSED) {
        return CEPA_ERR_STATE;
    }
    if (hop >= origin->hops_len) {
        return CEPA_ERR_ARGUMENT;
    }
    if (origin->sent == CEPA_CIRCUIT_CELLS_MAX) {
        return CEPA_ERR_EXHAUSTED;
    }
    uint64_t reserve = command == CEPA_CELL_RENEW_OFFER ? 0 : CEPA_RENEWAL_RESERVE;
    if (renewal->state == CEPA_RENEWAL_OFFERED &&
        (int64_t)(counter + reserve - renewal->limit) >= 0) {
        return CEPA_ERR_TOO_SOON;
    }
    return 0;
}

int cepa_circuit_origin_seal(struct cepa_circuit_origin *origin, uint64_t *ret_counter,
                             uint8_t *ret_body, size_t hop, const struct cepa_cell_message *message,
                             uint32_t cpu)
{
    uint64_t first = origin->hops[0].counters.forward_start + origin->sent;
    int error = may_send(origin, hop, first, message->command);
    if (error != 0) {
        return error;
    }
    error = cepa_cell_message_encode(ret_body, message);
    if (error != 0) {
        return error;
    }
    begin_renewal(origin, first, cpu);
    uint64_t counter = first;
    for (size_t i = 0; i < hop; i++) {
        counter += origin->hops[i].counters.forward_offset;
    }
    for (size_t i = hop + 1; i-- > 0;) {
        uint8_t tweak[8];
        cepa_be64_store(tweak, counter);
        cepa_hpolyc_encrypt(&origin->hops[i].forward, ret_body, CEPA_CELL_BODY_SIZE, tweak,
                            sizeof tweak, cpu);
        counter -= i > 0 ? origin->hops[i - 1].counters.forward_offset : 0;
    }
    origin->sent++;
    *ret_counter = first;
    return 0;
}

/* The hop that sent the cell with this counter, and how many cells before it; hops_len if none. */
static size_t find_sender(const struct cepa_circuit_origin *origin, uint64_t *ret_number,
                          uint64_t counter)
{
    uint64_t offsets = 0;
    for (size_t i = 0; i < origin->hops_len; i++) {
        const struct cepa_circuit_counters *counters = &origin->hops[i].counters;
        *ret_number = counter - counters->backward_start - offsets;
        if (*ret_number < CEPA_CIRCUIT_CELLS_MAX) {
            return i;
        }
        offsets += counters->backward_offset;
    }
    return origin->hops_len;
}

/* Removes the layers of the hops 0 to `sender`, with the old key at a hop that was renewed if
 * `is_old`. Gives all ones if the cell is recognised. */
static uint32_t remove_layers(const struct cepa_circuit_origin *origin, uint8_t *body,
                              size_t sender, uint64_t counter, bool is_old, uint32_t cpu)
{
    for (size_t i = 0; i <= sender; i++) {
        const struct cepa_origin_hop *hop = &origin->hops[i];
        const struct cepa_hpolyc_key *key =
            is_old && i == origin->old.hop ? &origin->old.backward : &hop->backward;
        uint8_t tweak[8];
        counter -= i < sender ? hop->counters.backward_offset : 0;
        cepa_be64_store(tweak, counter);
        cepa_hpolyc_decrypt(key, body, CEPA_CELL_BODY_SIZE, tweak, sizeof tweak, cpu);
    }
    return cepa_cell_message_is_mine(body);
}

/* Opens a body; while the old key of a hop is kept, under either key of that hop. */
static uint32_t open_body(struct cepa_circuit_origin *origin, uint8_t *body, size_t sender,
                          uint64_t counter, uint32_t cpu)
{
    struct cepa_origin_old *old = &origin->old;
    if (!old->is_kept || old->hop > sender) {
        return remove_layers(origin, body, sender, counter, false, cpu);
    }
    uint8_t copy[CEPA_CELL_BODY_SIZE];
    memcpy(copy, body, sizeof copy);
    if (remove_layers(origin, body, sender, counter, false, cpu)) {
        old->opened++;
        if (old->opened == CEPA_RENEWAL_OVERLAP) {
            drop_old(origin);
        }
        return UINT32_MAX;
    }
    memcpy(body, copy, sizeof copy);
    return remove_layers(origin, body, sender, counter, true, cpu);
}

/* Cuts the circuit off behind `last`, whose next hop is lost. */
static void cut(struct cepa_circuit_origin *origin, size_t last)
{
    if (origin->renewal.state != CEPA_RENEWAL_NONE && origin->renewal.hop > last) {
        end_renewal(origin);
    }
    if (origin->old.is_kept && origin->old.hop > last) {
        drop_old(origin);
    }
    cepa_wipe(&origin->hops[last + 1], (CEPA_CIRCUIT_HOPS_MAX - last - 1) * sizeof origin->hops[0]);
    origin->hops_len = last + 1;
}

/* Goes to the next state; a closed circuit keeps nothing. */
static int step_state(struct cepa_circuit_origin *origin, uint32_t *ret_actions,
                      enum cepa_origin_event event)
{
    enum cepa_origin_state state;
    int error = cepa_origin_state_step(&state, ret_actions, origin->state, event);
    if (error != 0) {
        return error;
    }
    if (state == CEPA_ORIGIN_CLOSED) {
        cepa_wipe(origin, sizeof *origin);
    }
    origin->state = state;
    return 0;
}

/* Whether the proof that a hop sent is right, which is public: the circuit opens or does not. */
static bool is_confirmed(const struct cepa_origin_hop *hop, const struct cepa_cell_message *message)
{
    if (message->data_len != sizeof hop->confirm) {
        return false;
    }
    uint32_t is_right = cepa_ct_compare(message->data, hop->confirm, sizeof hop->confirm);
    cepa_declassify(&is_right, sizeof is_right);
    return is_right != 0;
}

/* Carries out what CONFIRM and BROKEN say about the circuit itself. */
static int act(struct cepa_circuit_origin *origin, struct cepa_origin_cell *cell)
{
    bool is_last = cell->hop + 1 == origin->hops_len;
    cell->actions = 0;
    if (cell->message.command == CEPA_CELL_CONFIRM) {
        if (!is_confirmed(&origin->hops[cell->hop], &cell->message)) {
            return CEPA_ERR_AUTHENTICATION;
        }
        return is_last ? step_state(origin, &cell->actions, CEPA_ORIGIN_ON_CONFIRMED)
                       : CEPA_ERR_STATE;
    }
    if (cell->message.command == CEPA_CELL_BROKEN) {
        if (cell->message.data_len != 0) {
            return CEPA_ERR_MALFORMED;
        }
        int error =
            is_last ? CEPA_ERR_STATE : step_state(origin, &cell->actions, CEPA_ORIGIN_ON_BROKEN);
        if (error == 0 && origin->state != CEPA_ORIGIN_CLOSED) {
            cut(origin, cell->hop);
        }
        return error;
    }
    return 0;
}

int cepa_circuit_origin_open(struct cepa_circuit_origin *origin, struct cepa_origin_cell *ret_cell,
                             uint8_t *body, uint64_t counter, uint32_t cpu)
{
    struct cepa_origin_cell cell;
    uint64_t number;
    if (origin->state == CEPA_ORIGIN_CLOSED) {
        return CEPA_ERR_STATE;
    }
    cell.hop = find_sender(origin, &number, counter);
    if (cell.hop == origin->hops_len ||
        cepa_replay_window_check(&origin->hops[cell.hop].window, number) != 0) {
        return CEPA_ERR_REPLAY;
    }
    if (!open_body(origin, body, cell.hop, counter, cpu)) {
        return CEPA_ERR_AUTHENTICATION;
    }
    CEPA_ASSERT(cepa_replay_window_accept(&origin->hops[cell.hop].window, number) == 0);
    int error = cepa_cell_message_decode(&cell.message, body);
    if (error == 0 && !cepa_cell_command_is_from_hop(cell.message.command)) {
        error = CEPA_ERR_MALFORMED;
    }
    if (error == 0) {
        error = act(origin, &cell);
    }
    if (error == 0) {
        *ret_cell = cell;
    }
    return error;
}

int cepa_circuit_origin_extend(struct cepa_circuit_origin *origin,
                               const struct cepa_circuit_seed *seeds, size_t seeds_len,
                               uint32_t cpu)
{
    uint32_t actions;
    if (seeds_len == 0 || seeds_len > CEPA_CIRCUIT_HOPS_MAX - origin->hops_len) {
        return CEPA_ERR_ARGUMENT;
    }
    int error = step_state(origin, &actions, CEPA_ORIGIN_ON_EXTENDED);
    if (error != 0) {
        return error;
    }
    for (size_t i = 0; i < seeds_len; i++) {
        hop_init(&origin->hops[origin->hops_len], &seeds[i], cpu);
        origin->hops_len++;
    }
    return 0;
}

int cepa_circuit_origin_close(struct cepa_circuit_origin *origin, uint32_t *ret_actions)
{
    return step_state(origin, ret_actions, CEPA_ORIGIN_ON_CLOSE);
}
