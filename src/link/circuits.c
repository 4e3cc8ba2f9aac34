/* Circuits on a link: their queues, taking turns, and credit. @[SPEC 7.7] */
#include <string.h>

#include "base/assert.h"
#include "base/endian.h"
#include "link/link_internal.h"

enum { KEY_LEN = 8, RESERVE_SHIFT = 3 };

#define SIDE_BIT (UINT32_C(1) << 31)
#define ROUND_SLACK_NS (30 * CEPA_MILLISECOND_NS)

static struct cepa_link_circuit *circuit_at(const struct cepa_link *link, uint32_t index)
{
    return &link->shared->circuits[index];
}

static void key_of(uint8_t ret_key[KEY_LEN], const struct cepa_link *link, uint32_t circuit_id)
{
    cepa_be32_store(ret_key, link->number);
    cepa_be32_store(ret_key + 4, circuit_id);
}

/* The index of an open circuit, or CEPA_LINK_NONE. */
static uint32_t find(const struct cepa_link *link, uint32_t circuit_id)
{
    uint8_t key[KEY_LEN];
    uint64_t index;
    key_of(key, link, circuit_id);
    const void *value = cepa_map_find(&link->shared->circuit_by_id, key);
    if (value == NULL) {
        return CEPA_LINK_NONE;
    }
    memcpy(&index, value, sizeof index);
    return (uint32_t)index;
}

/* --- lists ---------------------------------------------------------------------------------- */

static void add(struct cepa_link *link, unsigned which, uint32_t index)
{
    struct cepa_link_list *list = &link->lists[which];
    struct cepa_link_circuit *circuit = circuit_at(link, index);
    if (circuit->is_in[which]) {
        return;
    }
    circuit->is_in[which] = true;
    circuit->next_in[which] = CEPA_LINK_NONE;
    if (list->head == CEPA_LINK_NONE) {
        list->head = index;
    } else {
        circuit_at(link, list->tail)->next_in[which] = index;
    }
    list->tail = index;
}

/* Frees a circuit that is closed and in no list any more. */
static void free_if_unlisted(struct cepa_link *link, uint32_t index)
{
    const struct cepa_link_circuit *circuit = circuit_at(link, index);
    bool is_listed = false;
    for (unsigned which = 0; which < CEPA_LISTS; which++) {
        is_listed |= circuit->is_in[which];
    }
    if (circuit->is_gone && !is_listed) {
        link->circuits--;
        cepa_link_pool_give(&link->shared->circuit_pool, index);
    }
}

/* Takes the first circuit out of a list; those that are gone may be freed by it unless they are
 * still to be told of. Gives CEPA_LINK_NONE when there is none. */
static uint32_t take(struct cepa_link *link, unsigned which)
{
    struct cepa_link_list *list = &link->lists[which];
    while (list->head != CEPA_LINK_NONE) {
        uint32_t index = list->head;
        struct cepa_link_circuit *circuit = circuit_at(link, index);
        list->head = circuit->next_in[which];
        circuit->is_in[which] = false;
        if (!circuit->is_gone || (which == CEPA_LIST_TOLD && circuit->is_closed_by_peer)) {
            return index;
        }
        free_if_unlisted(link, index);
    }
    return CEPA_LINK_NONE;
}

/* --- opening and closing -------------------------------------------------------------------- */

void cepa_link_circuits_init(struct cepa_link *link)
{
    link->circuits_head = CEPA_LINK_NONE;
    for (unsigned which = 0; which < CEPA_LISTS; which++) {
        link->lists[which].head = CEPA_LINK_NONE;
    }
}

static int create(struct cepa_link *link, uint32_t circuit_id)
{
    struct cepa_link_shared *shared = link->shared;
    uint8_t key[KEY_LEN];
    uint64_t value;
    if (link->circuits >= link->parameters.circuits_max) {
        return CEPA_ERR_FULL;
    }
    uint32_t index = cepa_link_pool_take(&shared->circuit_pool);
    if (index == CEPA_LINK_NONE) {
        return CEPA_ERR_FULL;
    }
    key_of(key, link, circuit_id);
    value = index;
    if (cepa_map_put(&shared->circuit_by_id, key, &value) != 0) {
        cepa_link_pool_give(&shared->circuit_pool, index);
        return CEPA_ERR_FULL;
    }
    struct cepa_link_circuit *circuit = circuit_at(link, index);
    memset(circuit, 0, sizeof *circuit);
    circuit->id = circuit_id;
    circuit->permitted = link->parameters.credit;
    circuit->granted = link->parameters.credit;
    circuit->window = link->parameters.credit;
    circuit->round_end = link->parameters.credit;
    circuit->round_start = link->heard;
    circuit->previous = CEPA_LINK_NONE;
    circuit->next = link->circuits_head;
    if (circuit->next != CEPA_LINK_NONE) {
        circuit_at(link, circuit->next)->previous = index;
    }
    link->circuits_head = index;
    link->circuits++;
    return 0;
}

/* Sets the window of a circuit, and counts the circuits whose window has grown. */
static void set_window(struct cepa_link *link, struct cepa_link_circuit *circuit, uint32_t window)
{
    uint32_t base = link->parameters.credit;
    link->shared->grown -= circuit->window > base;
    circuit->window = window > base ? window : base;
    link->shared->grown += circuit->window > base;
}

/* Closes a circuit; what is left of it waits in lists at most. */
static void close(struct cepa_link *link, uint32_t index)
{
    struct cepa_link_circuit *circuit = circuit_at(link, index);
    uint8_t key[KEY_LEN];
    key_of(key, link, circuit->id);
    CEPA_ASSERT(cepa_map_remove(&link->shared->circuit_by_id, key) == 0);
    set_window(link, circuit, 0);
    link->cells_queued -= circuit->queue.count;
    cepa_link_queue_clear(link->shared, &circuit->queue);
    if (circuit->previous == CEPA_LINK_NONE) {
        link->circuits_head = circuit->next;
    } else {
        circuit_at(link, circuit->previous)->next = circuit->next;
    }
    if (circuit->next != CEPA_LINK_NONE) {
        circuit_at(link, circuit->next)->previous = circuit->previous;
    }
    circuit->is_gone = true;
}

void cepa_link_circuits_wipe(struct cepa_link *link)
{
    while (link->circuits_head != CEPA_LINK_NONE) {
        uint32_t index = link->circuits_head;
        close(link, index);
        free_if_unlisted(link, index);
    }
    for (unsigned which = 0; which < CEPA_LISTS; which++) {
        uint32_t index;
        while ((index = take(link, which)) != CEPA_LINK_NONE) {
            free_if_unlisted(link, index);
        }
    }
}

int cepa_link_open_circuit(struct cepa_link *link, uint32_t *ret_circuit_id)
{
    if (link->phase != CEPA_LINK_PHASE_UP) {
        return CEPA_ERR_STATE;
    }
    if (link->next_circuit_id == SIDE_BIT) {
        return CEPA_ERR_FULL;
    }
    uint32_t circuit_id = link->next_circuit_id | (link->is_initiator ? 0 : SIDE_BIT);
    int error = create(link, circuit_id);
    if (error == 0) {
        link->next_circuit_id++;
        *ret_circuit_id = circuit_id;
    }
    return error;
}

int cepa_link_accept_circuit(struct cepa_link *link, uint32_t circuit_id)
{
    if (link->phase != CEPA_LINK_PHASE_UP) {
        return CEPA_ERR_STATE;
    }
    bool is_of_initiator = (circuit_id & SIDE_BIT) == 0;
    if (is_of_initiator == link->is_initiator || (circuit_id & ~SIDE_BIT) == 0) {
        return CEPA_ERR_ARGUMENT;
    }
    return find(link, circuit_id) != CEPA_LINK_NONE ? CEPA_ERR_IN_USE : create(link, circuit_id);
}

/* Makes the peer wait no longer than usual for what is owed to it. */
static void owe(struct cepa_link *link, struct cepa_time now)
{
    if (cepa_time_is_never(link->ack.owed_since)) {
        link->ack.owed_since = now;
        cepa_shaper_wait(&link->shaper, CEPA_SHAPER_WORD, now);
    }
}

void cepa_link_close_circuit(struct cepa_link *link, uint32_t circuit_id, uint8_t reason,
                             struct cepa_time now)
{
    uint32_t index = find(link, circuit_id);
    if (index != CEPA_LINK_NONE) {
        close(link, index);
        free_if_unlisted(link, index);
    }
    if (link->phase == CEPA_LINK_PHASE_UP) {
        const struct cepa_link_close told = {circuit_id, reason, true};
        link->closes_due += !link->closes[link->close_next].is_due;
        link->closes[link->close_next] = told;
        link->close_next = (uint8_t)((link->close_next + 1) % CEPA_LINK_CLOSES);
        cepa_shaper_wait(&link->shaper, CEPA_SHAPER_PACKET, now);
    }
}

void cepa_link_close_circuits(struct cepa_link *link, uint8_t reason, struct cepa_time now)
{
    while (link->circuits_head != CEPA_LINK_NONE) {
        cepa_link_close_circuit(link, circuit_at(link, link->circuits_head)->id, reason, now);
    }
}

/* --- sending -------------------------------------------------------------------------------- */

static uint32_t credit_of(const struct cepa_link_circuit *circuit)
{
    int32_t credit = (int32_t)(circuit->permitted - circuit->sent);
    return credit > 0 ? (uint32_t)credit : 0;
}

static void make_ready(struct cepa_link *link, uint32_t index)
{
    const struct cepa_link_circuit *circuit = circuit_at(link, index);
    if (circuit->queue.count > 0 && credit_of(circuit) > 0) {
        add(link, CEPA_LIST_READY, index);
    }
}

int cepa_link_send_cell(struct cepa_link *link, uint32_t circuit_id, uint64_t counter,
                        const uint8_t *body, struct cepa_time now)
{
    struct cepa_link_shared *shared = link->shared;
    const struct cepa_frame_cell cell = {circuit_id, counter, 0, body};
    uint32_t index = find(link, circuit_id);
    if (index == CEPA_LINK_NONE) {
        return CEPA_ERR_NOT_FOUND;
    }
    struct cepa_link_circuit *circuit = circuit_at(link, index);
    if (circuit->queue.count >= 2 * shared->limits.window_max) {
        return CEPA_ERR_FULL;
    }
    /* A link whose peer takes nothing may fill as much as it leaves free, no more. */
    struct cepa_link_cell *element = cepa_link_queue_push(
        shared, &circuit->queue, (shared->limits.cells >> RESERVE_SHIFT) + link->cells_queued);
    if (element == NULL) {
        return CEPA_ERR_FULL;
    }
    cepa_frame_cell_encode(element->body, &cell);
    element->len = CEPA_LINK_CELL_HEADER_SIZE + CEPA_CELL_BODY_SIZE;
    link->cells_queued++;
    if (credit_of(circuit) > 0) {
        add(link, CEPA_LIST_READY, index);
        cepa_shaper_wait(&link->shaper, CEPA_SHAPER_CELL, now);
    }
    return 0;
}

uint32_t cepa_link_circuit_room(const struct cepa_link *link, uint32_t circuit_id)
{
    uint32_t index = find(link, circuit_id);
    if (index == CEPA_LINK_NONE) {
        return 0;
    }
    const struct cepa_link_circuit *circuit = circuit_at(link, index);
    uint32_t credit = credit_of(circuit);
    return credit > circuit->queue.count ? credit - circuit->queue.count : 0;
}

bool cepa_link_circuits_has_cell(const struct cepa_link *link)
{
    return link->lists[CEPA_LIST_READY].head != CEPA_LINK_NONE;
}

bool cepa_link_circuits_pull(struct cepa_link *link, uint8_t *ret_body)
{
    uint32_t index = take(link, CEPA_LIST_READY);
    if (index == CEPA_LINK_NONE) {
        return false; /* those that were ready were closed since */
    }
    struct cepa_link_circuit *circuit = circuit_at(link, index);
    const struct cepa_link_cell *element = cepa_link_queue_head(link->shared, &circuit->queue);
    memcpy(ret_body, element->body, element->len);
    cepa_frame_cell_set_number(ret_body, (uint16_t)circuit->sent);
    cepa_link_queue_pop(link->shared, &circuit->queue);
    link->cells_queued--;
    circuit->sent++;
    circuit->left++;
    make_ready(link, index);
    add(link, CEPA_LIST_TOLD, index);
    return true;
}

/* --- receiving ------------------------------------------------------------------------------ */

int cepa_link_circuits_receive(struct cepa_link *link, const struct cepa_frame_cell *cell)
{
    uint32_t index = find(link, cell->circuit_id);
    if (index == CEPA_LINK_NONE) {
        return CEPA_ERR_NOT_FOUND;
    }
    struct cepa_link_circuit *circuit = circuit_at(link, index);
    /* 16 bits tell how far ahead of `seen` it is, or behind. */
    int32_t distance = (int16_t)(uint16_t)(cell->number - (uint16_t)circuit->seen);
    uint32_t number = circuit->seen + (uint32_t)distance;
    if ((int32_t)(number - circuit->granted) >= 0 ||
        circuit->held >= 2 * link->shared->limits.window_max) {
        return CEPA_ERR_STATE;
    }
    if (distance >= 0) {
        circuit->seen = number + 1;
    }
    circuit->held++;
    return 0;
}

/* At the end of a round: a peer that used its window in about a round trip, while we kept up, gets
 * a larger one, but never more than its share of what one link may fill. */
static void grow(struct cepa_link *link, struct cepa_link_circuit *circuit, struct cepa_time now)
{
    const struct cepa_link_shared *shared = link->shared;
    if ((int32_t)(circuit->seen - circuit->round_end) < 0) {
        return;
    }
    uint64_t round_ns = cepa_time_since(now, circuit->round_start);
    uint32_t share = shared->limits.cells / 8 * 3 / (shared->grown + 1);
    share = share < shared->limits.window_max ? share : shared->limits.window_max;
    uint32_t window = circuit->window;
    if (round_ns <= 2 * link->ack.smoothed_ns + ROUND_SLACK_NS && circuit->held <= window / 2) {
        window *= 2;
    } else if (round_ns > CEPA_SECOND_NS) {
        window /= 2;
    }
    set_window(link, circuit, window < share ? window : share);
    circuit->round_end = circuit->seen - circuit->held + circuit->window;
    circuit->round_start = now;
}

void cepa_link_consumed(struct cepa_link *link, uint32_t circuit_id, uint32_t count,
                        struct cepa_time now)
{
    uint32_t index = find(link, circuit_id);
    if (index == CEPA_LINK_NONE) {
        return;
    }
    struct cepa_link_circuit *circuit = circuit_at(link, index);
    circuit->held -= count < circuit->held ? count : circuit->held;
    grow(link, circuit, now);
    if ((int32_t)(circuit->seen - circuit->held + circuit->window - circuit->granted) > 0) {
        add(link, CEPA_LIST_OWED, index);
        link->consumed += count;
        owe(link, now);
        if (link->consumed >= CEPA_LINK_WORD_FRAMES) {
            cepa_shaper_wait(&link->shaper, CEPA_SHAPER_PACKET, now);
        }
    }
}

static int on_credit(struct cepa_link *link, const struct cepa_link_control_record *record,
                     struct cepa_time now)
{
    uint32_t index = find(link, record->id);
    if (index == CEPA_LINK_NONE) {
        return 0; /* just closed */
    }
    struct cepa_link_circuit *circuit = circuit_at(link, index);
    if ((int32_t)(record->sent - circuit->granted) > 0) {
        return CEPA_ERR_STATE;
    }
    if ((int32_t)(record->sent - circuit->seen) > 0) {
        /* What is missing was lost; it needs no room any more. */
        circuit->seen = record->sent;
        add(link, CEPA_LIST_OWED, index);
        owe(link, now);
    }
    uint32_t ahead = record->granted - circuit->sent;
    if ((int32_t)(record->granted - circuit->permitted) > 0 && (int32_t)ahead > 0) {
        circuit->permitted =
            circuit->sent + (ahead < CEPA_LINK_WINDOW_END ? ahead : (uint32_t)CEPA_LINK_WINDOW_END);
        make_ready(link, index);
        if (circuit->queue.count > 0) {
            cepa_shaper_wait(&link->shaper, CEPA_SHAPER_CELL, now);
        }
        add(link, CEPA_LIST_TOLD, index);
    }
    return 0;
}

int cepa_link_circuits_on_record(struct cepa_link *link,
                                 const struct cepa_link_control_record *record,
                                 struct cepa_time now)
{
    if (record->type == CEPA_LINK_CONTROL_CREDIT) {
        return on_credit(link, record, now);
    }
    uint32_t index = find(link, record->id);
    if (index != CEPA_LINK_NONE) {
        struct cepa_link_circuit *circuit = circuit_at(link, index);
        circuit->is_closed_by_peer = true;
        circuit->close_reason = record->reason;
        add(link, CEPA_LIST_TOLD, index);
        close(link, index);
    }
    return 0;
}

/* --- what the peer is told ------------------------------------------------------------------ */

bool cepa_link_circuits_is_owing(const struct cepa_link *link)
{
    return link->lists[CEPA_LIST_OWED].head != CEPA_LINK_NONE;
}

/* Appends closes that are due. Gives false when the frame is full. */
static bool write_closes(struct cepa_link *link, struct cepa_writer *writer)
{
    for (unsigned i = 0; i < CEPA_LINK_CLOSES && link->closes_due > 0; i++) {
        struct cepa_link_close *told = &link->closes[i];
        const struct cepa_link_control_record record = {
            .type = CEPA_LINK_CONTROL_CLOSED, .id = told->circuit_id, .reason = told->reason};
        if (!told->is_due) {
            continue;
        }
        if (cepa_link_control_append(writer, &record) != 0) {
            return false;
        }
        told->is_due = false;
        link->closes_due--;
    }
    return true;
}

bool cepa_link_circuits_write(struct cepa_link *link, struct cepa_writer *writer)
{
    size_t before = writer->len;
    bool has_room = write_closes(link, writer);
    while (has_room) {
        uint32_t index = take(link, CEPA_LIST_OWED);
        if (index == CEPA_LINK_NONE) {
            break;
        }
        struct cepa_link_circuit *circuit = circuit_at(link, index);
        uint32_t granted = circuit->seen - circuit->held + circuit->window;
        if ((int32_t)(granted - circuit->granted) < 0) {
            granted = circuit->granted;
        }
        const struct cepa_link_control_record record = {.type = CEPA_LINK_CONTROL_CREDIT,
                                                        .id = circuit->id,
                                                        .granted = granted,
                                                        .sent = circuit->sent};
        if (cepa_link_control_append(writer, &record) != 0) {
            add(link, CEPA_LIST_OWED, index);
            break;
        }
        circuit->granted = granted;
    }
    link->consumed = 0;
    return writer->len > before;
}

void cepa_link_circuits_refresh(struct cepa_link *link, struct cepa_time now)
{
    for (uint32_t index = link->circuits_head; index != CEPA_LINK_NONE;
         index = circuit_at(link, index)->next) {
        add(link, CEPA_LIST_OWED, index);
    }
    link->closes_due = 0;
    for (unsigned i = 0; i < CEPA_LINK_CLOSES; i++) {
        link->closes[i].is_due = link->closes[i].circuit_id != 0;
        link->closes_due += link->closes[i].is_due;
    }
    owe(link, now);
}

bool cepa_link_circuits_next(struct cepa_link *link, struct cepa_link_event *ret_event)
{
    uint32_t index = take(link, CEPA_LIST_TOLD);
    if (index == CEPA_LINK_NONE) {
        return false;
    }
    struct cepa_link_circuit *circuit = circuit_at(link, index);
    ret_event->circuit_id = circuit->id;
    if (circuit->is_closed_by_peer) {
        ret_event->kind = CEPA_LINK_CIRCUIT_CLOSED;
        ret_event->close_reason = circuit->close_reason;
        circuit->is_closed_by_peer = false;
        free_if_unlisted(link, index);
        return true;
    }
    ret_event->kind = CEPA_LINK_WINDOW;
    ret_event->count = circuit->left;
    uint32_t credit = credit_of(circuit);
    ret_event->room = credit > circuit->queue.count ? credit - circuit->queue.count : 0;
    circuit->left = 0;
    return true;
}
