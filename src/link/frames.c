/* Frames on their way: which one leaves next, and what one that arrived means. @[SPEC 7.5] */
#include <string.h>

#include "base/assert.h"
#include "link/link_internal.h"

enum { BODY_OFFSET = 8, SEALED_MASK = 0x80 };

/* --- queues --------------------------------------------------------------------------------- */

static int check_sendable(const struct cepa_link *link, const struct cepa_link_queue *queue,
                          uint32_t frames)
{
    const struct cepa_link_shared *shared = link->shared;
    if (link->phase != CEPA_LINK_PHASE_UP) {
        return CEPA_ERR_STATE;
    }
    return queue->count + frames > shared->limits.queue_max ||
                   shared->cell_pool.capacity - shared->cell_pool.count < frames
               ? CEPA_ERR_FULL
               : 0;
}

int cepa_link_send_packet(struct cepa_link *link, uint32_t circuit_id, const uint8_t *packet,
                          struct cepa_time now)
{
    int error = check_sendable(link, &link->packets, CEPA_PACKET_PARTS);
    if (error != 0) {
        return error;
    }
    for (unsigned i = 0; i < CEPA_PACKET_PARTS; i++) {
        const struct cepa_frame_packet_part part = {circuit_id, link->packet_sequence, (uint8_t)i,
                                                    packet + (size_t)i * CEPA_PACKET_PART_SIZE};
        struct cepa_link_cell *cell = cepa_link_queue_push(link->shared, &link->packets, 0);
        CEPA_ASSERT(cell != NULL);
        cepa_frame_packet_part_encode(cell->body, &part);
        cell->len = CEPA_LINK_PACKET_HEADER_SIZE + CEPA_PACKET_PART_SIZE;
    }
    link->packet_sequence++;
    cepa_shaper_wait(&link->shaper, CEPA_SHAPER_PACKET, now);
    return 0;
}

int cepa_link_send_message(struct cepa_link *link, const uint8_t *data, size_t data_len,
                           struct cepa_time now)
{
    if (data_len == 0 || data_len > CEPA_LINK_MESSAGE_MAX) {
        return CEPA_ERR_TOO_LONG;
    }
    unsigned count = 1;
    for (size_t end = CEPA_LINK_MESSAGE_PART_SIZE; end < data_len;
         end += CEPA_LINK_MESSAGE_PART_SIZE) {
        count++;
    }
    int error = check_sendable(link, &link->messages, count);
    if (error != 0) {
        return error;
    }
    for (unsigned i = 0; i < count; i++) {
        size_t offset = (size_t)i * CEPA_LINK_MESSAGE_PART_SIZE;
        size_t left = data_len - offset;
        const struct cepa_frame_message_part part = {
            link->message_number, (uint8_t)i, (uint8_t)count, data + offset,
            left < CEPA_LINK_MESSAGE_PART_SIZE ? left : CEPA_LINK_MESSAGE_PART_SIZE};
        struct cepa_link_cell *cell = cepa_link_queue_push(link->shared, &link->messages, 0);
        CEPA_ASSERT(cell != NULL);
        cepa_frame_message_part_encode(cell->body, &part);
        cell->len = (uint32_t)(CEPA_LINK_MESSAGE_HEADER_SIZE + part.data_len);
    }
    link->message_number++;
    cepa_shaper_wait(&link->shaper, CEPA_SHAPER_MESSAGE, now);
    return 0;
}

static bool is_relayed(const struct cepa_link *link)
{
    return link->slots[link->active].carrier.kind == CEPA_CARRIER_RELAYED;
}

int cepa_link_send_relayed(struct cepa_link *link, uint32_t channel, const uint8_t *inner,
                           struct cepa_time now)
{
    const struct cepa_frame_relayed relayed = {channel, inner};
    int error = is_relayed(link) ? CEPA_ERR_STATE : check_sendable(link, &link->relayed, 1);
    if (error != 0) {
        return error;
    }
    struct cepa_link_cell *cell = cepa_link_queue_push(link->shared, &link->relayed, 0);
    CEPA_ASSERT(cell != NULL);
    cepa_frame_relayed_encode(cell->body, &relayed);
    cell->len = CEPA_RELAYED_HEADER_SIZE + CEPA_RELAYED_FRAME_SIZE;
    cepa_shaper_wait(&link->shaper, CEPA_SHAPER_RELAYED, now);
    return 0;
}

uint32_t cepa_link_relayed_room(const struct cepa_link *link)
{
    uint32_t max = link->shared->limits.queue_max;
    return link->phase != CEPA_LINK_PHASE_UP || is_relayed(link) || link->relayed.count >= max
               ? 0
               : max - link->relayed.count;
}

/* --- leaving -------------------------------------------------------------------------------- */

/* Whether the peer is to be told something about frames and circuits now. */
static bool is_control_due(const struct cepa_link *link, struct cepa_time now)
{
    const struct cepa_link_ack *ack = &link->ack;
    return ack->is_probe_due || link->closes_due > 0 || link->consumed >= CEPA_LINK_WORD_FRAMES ||
           ack->owed >= CEPA_LINK_WORD_FRAMES ||
           cepa_time_is_due(cepa_time_add(ack->owed_since, CEPA_LINK_WORD_DELAY_NS), now);
}

static bool has_queued(const struct cepa_link *link)
{
    return link->messages.count > 0 || link->packets.count > 0 ||
           (link->relayed.count > 0 && !is_relayed(link)) || cepa_link_circuits_has_cell(link);
}

/* Writes a CONTROL frame. Says whether it wants an answer. */
static bool write_control(struct cepa_link *link, unsigned slot, uint8_t *body, size_t body_len,
                          struct cepa_time now)
{
    static const struct cepa_link_control_record ping = {.type = CEPA_LINK_CONTROL_PING};
    static const struct cepa_link_control_record goodbye = {.type = CEPA_LINK_CONTROL_GOODBYE};
    struct cepa_link_ack *ack = &link->ack;
    struct cepa_link_control_header header;
    struct cepa_writer writer;
    cepa_link_ack_header(&header, link, now);
    cepa_link_control_begin(&writer, body, body_len, &header);
    bool is_wanting = cepa_link_slot_write(link, slot, &writer);
    if (ack->is_probe_due) {
        is_wanting |= cepa_link_control_append(&writer, &ping) == 0;
        ack->is_probe_due = false;
    }
    if (link->phase == CEPA_LINK_PHASE_CLOSING) {
        CEPA_ASSERT(cepa_link_control_append(&writer, &goodbye) == 0);
    }
    ack->owed = 0;
    ack->owed_since = cepa_time_never();
    is_wanting |= cepa_link_circuits_write(link, &writer);
    if (cepa_link_circuits_is_owing(link)) {
        ack->owed_since = now; /* it did not fit */
    }
    cepa_link_control_finish(&writer);
    return is_wanting;
}

/* Copies the head of a queue into a body and frees it. */
static void write_queued(struct cepa_link *link, struct cepa_link_queue *queue, uint8_t *body)
{
    const struct cepa_link_cell *cell = cepa_link_queue_head(link->shared, queue);
    memcpy(body, cell->body, cell->len);
    cepa_link_queue_pop(link->shared, queue);
}

/* Writes what comes first: messages, packets, then cells and relayed frames by turns. */
static bool write_frame(struct cepa_link *link, uint8_t *body, size_t body_len)
{
    memset(body, 0, body_len);
    if (link->messages.count > 0) {
        write_queued(link, &link->messages, body);
        return true;
    }
    if (link->packets.count > 0) {
        write_queued(link, &link->packets, body);
        return true;
    }
    bool has_relayed = link->relayed.count > 0 && !is_relayed(link);
    if (has_relayed && (link->is_relayed_next || !cepa_link_circuits_has_cell(link))) {
        write_queued(link, &link->relayed, body);
        link->is_relayed_next = false;
        return true;
    }
    link->is_relayed_next = true;
    return cepa_link_circuits_pull(link, body);
}

/* Fills the frame, whatever leaves: the one way for real frames and padding. */
static bool write_body(struct cepa_link *link, unsigned slot, enum cepa_departure departure,
                       uint8_t *body, size_t body_len, struct cepa_time now)
{
    if (departure == CEPA_DEPARTURE_REAL) {
        if (is_control_due(link, now) || !has_queued(link)) {
            return write_control(link, slot, body, body_len, now);
        }
        if (write_frame(link, body, body_len)) {
            return true;
        }
    }
    memset(body, 0, body_len);
    link->padding_sent++;
    return false;
}

static bool has_some(const struct cepa_link *link, struct cepa_time now)
{
    return has_queued(link) || is_control_due(link, now);
}

/* Tells the shaper what waits and what does not. */
static void tell_shaper(struct cepa_link *link, struct cepa_time now)
{
    const bool waits[CEPA_SHAPER_CLASSES] = {
        [CEPA_SHAPER_WORD] = link->ack.is_probe_due || !cepa_time_is_never(link->ack.owed_since),
        [CEPA_SHAPER_MESSAGE] = link->messages.count > 0,
        [CEPA_SHAPER_RELAYED] = link->relayed.count > 0 && !is_relayed(link),
        [CEPA_SHAPER_PACKET] = link->packets.count > 0 || link->closes_due > 0 ||
                               link->consumed >= CEPA_LINK_WORD_FRAMES,
        [CEPA_SHAPER_CELL] = cepa_link_circuits_has_cell(link)};
    for (unsigned i = 0; i < CEPA_SHAPER_CLASSES; i++) {
        if (waits[i]) {
            cepa_shaper_wait(&link->shaper, (enum cepa_shaper_class)i, now);
        } else {
            cepa_shaper_rest(&link->shaper, (enum cepa_shaper_class)i);
        }
    }
}

/* Seals a frame whose body is written. */
static size_t seal(struct cepa_link *link, uint8_t *frame, size_t frame_len, bool is_wanting,
                   struct cepa_time now)
{
    uint64_t counter = link->sealer.counter;
    if (cepa_link_seal(&link->sealer, frame, frame_len, link->shared->cpu) != 0) {
        cepa_link_fail(link, CEPA_ERR_EXHAUSTED);
        return 0;
    }
    cepa_link_ack_on_sent(link, counter, is_wanting, now);
    return frame_len;
}

size_t cepa_link_pull(struct cepa_link *link, unsigned slot, uint8_t *ret_frame,
                      struct cepa_time now)
{
    link->now = now;
    if (slot >= CEPA_LINK_SLOTS || !link->slots[slot].is_attached ||
        link->phase == CEPA_LINK_PHASE_ENDED) {
        return 0;
    }
    size_t frame_len = cepa_carrier_frame_len(link->slots[slot].carrier.kind);
    uint8_t *body = ret_frame + BODY_OFFSET;
    size_t body_len = frame_len - CEPA_FRAME_SEAL_SIZE;
    if (link->phase < CEPA_LINK_PHASE_UP) {
        return slot == link->active ? cepa_link_handshake_pull(link, ret_frame, frame_len) : 0;
    }
    if (link->phase == CEPA_LINK_PHASE_CLOSING) {
        bool is_wanting = write_control(link, slot, body, body_len, now);
        link->phase = CEPA_LINK_PHASE_ENDED;
        return seal(link, ret_frame, frame_len, is_wanting, now);
    }
    if (cepa_link_slot_is_writable(link, slot)) {
        bool is_wanting = write_control(link, slot, body, body_len, now);
        return seal(link, ret_frame, frame_len, is_wanting, now);
    }
    if (slot != link->active) {
        return 0;
    }
    tell_shaper(link, now);
    enum cepa_departure departure =
        cepa_shaper_depart(&link->shaper, has_some(link, now), !link->shared->is_padding_withheld,
                           link->shared->random, now);
    if (departure == CEPA_DEPARTURE_NONE) {
        return 0;
    }
    bool is_wanting = write_body(link, slot, departure, body, body_len, now);
    tell_shaper(link, now);
    return seal(link, ret_frame, frame_len, is_wanting, now);
}

bool cepa_link_is_writable(const struct cepa_link *link, unsigned slot, struct cepa_time now)
{
    if (slot >= CEPA_LINK_SLOTS || !link->slots[slot].is_attached ||
        link->phase == CEPA_LINK_PHASE_ENDED) {
        return false;
    }
    if (link->phase < CEPA_LINK_PHASE_UP) {
        return slot == link->active && cepa_link_handshake_is_writable(link);
    }
    return link->phase == CEPA_LINK_PHASE_CLOSING || cepa_link_slot_is_writable(link, slot) ||
           (slot == link->active && cepa_shaper_is_due(&link->shaper, has_some(link, now), now));
}

struct cepa_time cepa_link_send_deadline(const struct cepa_link *link)
{
    /* What may leave at once is no deadline: the driver pulls it when its carrier has room. */
    bool is_wanted = has_some(link, link->now);
    struct cepa_time deadline = cepa_shaper_deadline(&link->shaper, is_wanted);
    if (deadline.ns <= link->now.ns) {
        deadline = cepa_time_never();
    }
    if (!is_wanted) {
        deadline = cepa_time_earliest(deadline,
                                      cepa_time_add(link->ack.owed_since, CEPA_LINK_WORD_DELAY_NS));
    }
    return deadline;
}

/* --- arriving ------------------------------------------------------------------------------- */

static int on_control(struct cepa_link *link, unsigned slot, const uint8_t *body, size_t body_len,
                      bool *ret_is_wanting, struct cepa_time now)
{
    struct cepa_link_control_header header;
    struct cepa_link_control_record record;
    struct cepa_reader reader;
    int error = cepa_link_control_decode(&header, &reader, body, body_len);
    if (error == 0) {
        error = cepa_link_ack_on_header(link, &header, now);
    }
    while (error == 0) {
        int result = cepa_link_control_next(&record, &reader);
        if (result <= 0) {
            return result;
        }
        *ret_is_wanting = true;
        switch (record.type) {
        case CEPA_LINK_CONTROL_CREDIT:
        case CEPA_LINK_CONTROL_CLOSED:
            error = cepa_link_circuits_on_record(link, &record, now);
            break;
        case CEPA_LINK_CONTROL_CHALLENGE:
        case CEPA_LINK_CONTROL_PROOF:
        case CEPA_LINK_CONTROL_MOVE:
        case CEPA_LINK_CONTROL_MOVED:
            cepa_link_slot_on_record(link, slot, &record, now);
            break;
        case CEPA_LINK_CONTROL_PING:
            link->ack.owed += CEPA_LINK_WORD_FRAMES; /* wants its answer soon */
            break;
        case CEPA_LINK_CONTROL_GOODBYE:
            cepa_link_fail(link, CEPA_ERR_UNREACHABLE);
            return 0;
        case CEPA_LINK_CONTROL_END:
            break;
        }
    }
    return error;
}

static int on_cell(struct cepa_link *link, uint8_t *body, size_t body_len)
{
    struct cepa_frame_cell cell;
    int error = cepa_frame_cell_decode(&cell, body, body_len);
    if (error == 0) {
        error = cepa_link_circuits_receive(link, &cell);
    }
    if (error == 0) {
        link->lent_kind = CEPA_LINK_CELL + 1;
        link->lent_id = cell.circuit_id;
        link->lent_counter = cell.counter;
        link->lent_data = body + (cell.body - body);
        link->lent_len = CEPA_CELL_BODY_SIZE;
    }
    return error;
}

static int on_relayed(struct cepa_link *link, uint8_t *body, size_t body_len)
{
    struct cepa_frame_relayed relayed;
    int error = cepa_frame_relayed_decode(&relayed, body, body_len);
    if (error == 0) {
        link->lent_kind = CEPA_LINK_RELAYED + 1;
        link->lent_id = relayed.channel;
        link->lent_data = body + (relayed.inner - body);
        link->lent_len = CEPA_RELAYED_FRAME_SIZE;
    }
    return error;
}

/* Takes the body of a frame that opened. Returns 0, CEPA_ERR_NOT_FOUND, FULL or REPLAY for one that
 * is dropped, or what ends the link. */
static int dispatch(struct cepa_link *link, unsigned slot, uint8_t *body, size_t body_len,
                    bool *ret_is_wanting, struct cepa_time now)
{
    struct cepa_frame_packet_part packet_part;
    struct cepa_frame_message_part message_part;
    int error;
    *ret_is_wanting = body[0] != CEPA_FRAME_PADDING && body[0] != CEPA_FRAME_CONTROL;
    switch (body[0]) {
    case CEPA_FRAME_PADDING:
        return cepa_frame_padding_decode(body, body_len);
    case CEPA_FRAME_CELL:
        return on_cell(link, body, body_len);
    case CEPA_FRAME_PACKET_PART:
        error = cepa_frame_packet_part_decode(&packet_part, body, body_len);
        return error != 0 ? error : cepa_link_assembly_packet(link, &packet_part, now);
    case CEPA_FRAME_MESSAGE_PART:
        error = cepa_frame_message_part_decode(&message_part, body, body_len);
        return error != 0 ? error
                          : cepa_link_assembly_message(link, &message_part,
                                                       body + (message_part.data - body), now);
    case CEPA_FRAME_CONTROL:
        return on_control(link, slot, body, body_len, ret_is_wanting, now);
    case CEPA_FRAME_RELAYED:
        return on_relayed(link, body, body_len);
    default:
        return CEPA_ERR_MALFORMED;
    }
}

static void receive_sealed(struct cepa_link *link, unsigned slot, uint8_t *frame, size_t frame_len,
                           struct cepa_time now)
{
    uint64_t counter;
    bool is_wanting = false;
    if (cepa_link_open(&link->opener, &counter, frame, frame_len, link->shared->cpu) != 0) {
        link->frames_dropped++;
        return;
    }
    link->heard = now;
    if (link->phase == CEPA_LINK_PHASE_CONFIRMING) {
        cepa_link_handshake_confirm(link);
    }
    int error = dispatch(link, slot, frame + BODY_OFFSET, frame_len - CEPA_FRAME_SEAL_SIZE,
                         &is_wanting, now);
    cepa_link_ack_on_received(link, counter, is_wanting, now);
    if (error == CEPA_ERR_NOT_FOUND || error == CEPA_ERR_FULL || error == CEPA_ERR_REPLAY) {
        link->frames_dropped++;
    } else if (error != 0) {
        cepa_link_fail(link, error);
    }
}

void cepa_link_receive(struct cepa_link *link, unsigned slot, uint8_t *frame, size_t frame_len,
                       struct cepa_time now)
{
    link->now = now;
    link->lent_kind = 0; /* an event that nobody took */
    cepa_link_release_buffer(link);
    if (slot >= CEPA_LINK_SLOTS || !link->slots[slot].is_attached ||
        frame_len != cepa_carrier_frame_len(link->slots[slot].carrier.kind)) {
        link->frames_dropped++;
    } else if (frame[0] & SEALED_MASK) {
        if (link->phase < CEPA_LINK_PHASE_UP && slot == link->active) {
            cepa_link_handshake_receive(link, frame, frame_len, now);
        }
    } else if (link->phase == CEPA_LINK_PHASE_UP || link->phase == CEPA_LINK_PHASE_CONFIRMING) {
        receive_sealed(link, slot, frame, frame_len, now);
    } else {
        link->frames_dropped++;
    }
}
