/* A path of a session: a circuit of this end to a relay, where it meets one of the other end.
 * Either circuit may break and be built anew, by the same cookie, while the other one waits.
 * @[SPEC 15.2]
 */
#include <string.h>

#include "base/assert.h"
#include "end/end_parts.h"

enum { HOPS_INITIATOR = 3, HOPS_RESPONDER = 4 };
#define PATIENCE_NS (4 * CEPA_SECOND_NS)   /* for a circuit, and for the other end */
#define REST_NS (20 * CEPA_MILLISECOND_NS) /* before one that failed is built anew */

struct cepa_end_meeting *cepa_end_meeting_free(struct cepa_end_talk *talk)
{
    for (size_t i = 0; i < CEPA_END_PATHS; i++) {
        if (talk->paths[i].state == CEPA_MEETING_FREE) {
            memset(&talk->paths[i], 0, sizeof talk->paths[i]);
            return &talk->paths[i];
        }
    }
    return NULL;
}

struct cepa_end_meeting *cepa_end_meeting_find(struct cepa_end_talk *talk, uint32_t number)
{
    for (size_t i = 0; i < CEPA_END_PATHS; i++) {
        if (talk->paths[i].state != CEPA_MEETING_FREE && talk->paths[i].number == number) {
            return &talk->paths[i];
        }
    }
    return NULL;
}

/* The circuits of a session are there for each other. */
static uint64_t group_of(const struct cepa_end_talk *talk)
{
    return talk->self.handle.generation << 16 | (talk->self.handle.index + UINT64_C(1));
}

int cepa_end_meeting_build(struct cepa_end *end, struct cepa_end_talk *talk,
                           struct cepa_end_meeting *meeting, struct cepa_time now)
{
    /* The first circuit of an initiator is its own idea; all others a hostile peer can cause. */
    const struct cepa_node_circuit_request request = {
        .hops_len = talk->is_initiator ? HOPS_INITIATOR : HOPS_RESPONDER,
        .is_triggered = meeting->has_relay,
        .last_key = meeting->has_relay ? &meeting->relay : NULL,
        .group = group_of(talk)};
    uint32_t owner = talk->self.handle.index * CEPA_END_PATHS + (uint32_t)(meeting - talk->paths);
    cepa_end_circuits_close(&end->circuits, meeting->circuit, now);
    meeting->circuit = 0;
    meeting->is_greeted = false;
    meeting->state = CEPA_MEETING_BUILDS;
    meeting->until = cepa_time_add(now, PATIENCE_NS);
    return cepa_end_circuits_open(&end->circuits, &meeting->circuit, CEPA_END_USE_PATH, owner,
                                  &request, now);
}

void cepa_end_meeting_close(struct cepa_end *end, struct cepa_end_talk *talk,
                            struct cepa_end_meeting *meeting, struct cepa_time now)
{
    if (meeting->is_open) {
        cepa_session_path_close(talk->streams, meeting->number, now);
        cepa_session_keys_path_close(&talk->keys, meeting->number);
    }
    cepa_end_circuits_close(&end->circuits, meeting->circuit, now);
    memset(meeting, 0, sizeof *meeting);
    cepa_end_talk_touch(end, talk);
}

/* What a number of a circuit's user names. */
static struct cepa_end_meeting *meeting_of(struct cepa_end *end, uint32_t owner,
                                           struct cepa_end_talk **ret_talk)
{
    *ret_talk = cepa_end_talk_at(end, owner / CEPA_END_PATHS);
    CEPA_ASSERT(*ret_talk != NULL);
    return &(*ret_talk)->paths[owner % CEPA_END_PATHS];
}

static void greet(struct cepa_end *end, struct cepa_end_meeting *meeting, struct cepa_time now)
{
    uint8_t body[CEPA_MEET_SIZE];
    uint8_t data[CEPA_CELL_DATA_MAX];
    memcpy(body, meeting->cookie, sizeof meeting->cookie);
    memcpy(body + CEPA_SERVICE_COOKIE_SIZE, meeting->end, sizeof meeting->end);
    size_t len = cepa_service_request(data, CEPA_SERVICE_MEET, meeting->tag, 0, body, sizeof body);
    meeting->is_greeted =
        cepa_node_circuit_send(end->config.node, meeting->circuit, data, len, now) == 0;
}

void cepa_end_meeting_on_ready(struct cepa_end *end, uint32_t owner, struct cepa_time now)
{
    struct cepa_end_talk *talk;
    struct cepa_end_meeting *meeting = meeting_of(end, owner, &talk);
    if (!meeting->has_relay) {
        if (cepa_node_circuit_last(end->config.node, meeting->circuit, &meeting->relay) != 0) {
            return;
        }
        meeting->has_relay = true;
        struct cepa_end_session self = talk->self;
        cepa_end_on_drawn(end, talk, now);
        if (cepa_end_talk_find(end, self) == NULL) {
            return;
        }
    }
    if (meeting->state == CEPA_MEETING_BUILDS) {
        greet(end, meeting, now);
    }
}

void cepa_end_meeting_on_room(struct cepa_end *end, uint32_t owner, struct cepa_time now)
{
    struct cepa_end_talk *talk;
    struct cepa_end_meeting *meeting = meeting_of(end, owner, &talk);
    if (meeting->state == CEPA_MEETING_BUILDS && !meeting->is_greeted) {
        greet(end, meeting, now);
    }
    cepa_end_talk_touch(end, talk);
}

/* Nothing goes through for now. */
static void fall(struct cepa_end *end, struct cepa_end_talk *talk, struct cepa_end_meeting *meeting,
                 struct cepa_time now)
{
    if (meeting->is_open) {
        cepa_session_path_broken(talk->streams, meeting->number, now);
    }
    meeting->is_held = false; /* the session sends again what was in it */
    meeting->until = cepa_time_add(now, PATIENCE_NS);
    cepa_end_talk_touch(end, talk);
}

static void stand(struct cepa_end *end, struct cepa_end_talk *talk,
                  struct cepa_end_meeting *meeting, struct cepa_time now)
{
    if (meeting->state == CEPA_MEETING_STANDS || meeting->state == CEPA_MEETING_LEAVING) {
        return;
    }
    meeting->state = CEPA_MEETING_STANDS;
    meeting->since = now;
    if (talk->has_secrets) {
        cepa_end_paths_on_stands(end, talk, meeting, now);
    }
    cepa_end_on_first_stands(end, talk, now);
}

static void on_word(struct cepa_end *end, struct cepa_end_talk *talk,
                    struct cepa_end_meeting *meeting, uint8_t status, struct cepa_time now)
{
    switch (status) {
    case CEPA_SERVICE_OK:
        stand(end, talk, meeting, now);
        break;
    case CEPA_SERVICE_WAITING:
        meeting->state = CEPA_MEETING_WAITS;
        break;
    case CEPA_SERVICE_PARTED:
        meeting->state = CEPA_MEETING_WAITS;
        fall(end, talk, meeting, now);
        break;
    default:
        meeting->until = cepa_time_add(now, REST_NS); /* another relay */
        cepa_end_talk_touch(end, talk);
        break;
    }
}

static void on_packet(struct cepa_end *end, struct cepa_end_talk *talk,
                      struct cepa_end_meeting *meeting, const uint8_t *data, struct cepa_time now)
{
    uint8_t *bytes = end->workspace->packet;
    uint64_t number;
    memcpy(bytes, data, CEPA_SESSION_PACKET_SIZE);
    if (!talk->has_secrets || cepa_session_keys_open(&talk->keys, &number, bytes, meeting->number,
                                                     now, end->config.cpu) != 0) {
        return; /* whoever is at the relay can send anything */
    }
    int error = cepa_session_receive(
        talk->streams, meeting->number, number,
        bytes + CEPA_SESSION_PACKET_SIZE - CEPA_SESSION_PLAIN_SIZE - CEPA_TAG_SIZE, now);
    if (error == CEPA_ERR_MALFORMED || error == CEPA_ERR_STATE || error == CEPA_ERR_TOO_LONG) {
        cepa_end_talk_end(end, talk, error, 0, now);
        return;
    }
    cepa_end_talk_proven(end, talk, now);
    cepa_end_talk_touch(end, talk);
}

void cepa_end_meeting_on_data(struct cepa_end *end, uint32_t owner, const uint8_t *data,
                              size_t data_len, struct cepa_time now)
{
    struct cepa_end_talk *talk;
    struct cepa_end_meeting *meeting = meeting_of(end, owner, &talk);
    struct cepa_service_part part;
    /* Windows of streams bound what is kept of it, so its place is free at once. */
    cepa_node_circuit_consumed(end->config.node, meeting->circuit, 1, now);
    if (data_len == CEPA_SESSION_PACKET_SIZE) {
        stand(end, talk, meeting, now); /* cells overtake each other: the OK is on its way */
        if (meeting->state == CEPA_MEETING_FREE) {
            return; /* a path of this number has stood before */
        }
        if (cepa_start_is_part(data)) {
            cepa_end_on_start_part(end, talk, data, now);
        } else {
            on_packet(end, talk, meeting, data, now);
        }
    } else if (cepa_service_read_answer(&part, data, data_len) == 0 &&
               memcmp(part.tag, meeting->tag, sizeof part.tag) == 0) {
        on_word(end, talk, meeting, part.service, now);
    }
}

void cepa_end_meeting_on_broken(struct cepa_end *end, uint32_t owner, struct cepa_time now)
{
    struct cepa_end_talk *talk;
    struct cepa_end_meeting *meeting = meeting_of(end, owner, &talk);
    fall(end, talk, meeting, now);
    if (meeting->state == CEPA_MEETING_LEAVING) {
        cepa_end_meeting_close(end, talk, meeting, now); /* the other end has left */
        return;
    }
    meeting->state = CEPA_MEETING_BUILDS;
    meeting->is_greeted = false;
}

void cepa_end_meeting_on_closed(struct cepa_end *end, uint32_t owner, struct cepa_time now)
{
    struct cepa_end_talk *talk;
    struct cepa_end_meeting *meeting = meeting_of(end, owner, &talk);
    bool was_here = meeting->state == CEPA_MEETING_STANDS || meeting->state == CEPA_MEETING_WAITS;
    meeting->circuit = 0;
    fall(end, talk, meeting, now);
    if (meeting->state == CEPA_MEETING_LEAVING) {
        cepa_end_meeting_close(end, talk, meeting, now);
    } else if (!was_here || !meeting->has_relay ||
               cepa_end_meeting_build(end, talk, meeting, now) != 0) {
        meeting->state = CEPA_MEETING_BUILDS;
        meeting->until = cepa_time_add(now, REST_NS);
    }
}

/* Sends a sealed packet; one that the circuit does not take is kept for later. */
static bool send_sealed(struct cepa_end *end, struct cepa_end_meeting *meeting,
                        const uint8_t *bytes, struct cepa_time now)
{
    int error = cepa_node_circuit_send(end->config.node, meeting->circuit, bytes,
                                       CEPA_SESSION_PACKET_SIZE, now);
    if (error == CEPA_ERR_FULL && bytes != meeting->held) {
        memcpy(meeting->held, bytes, CEPA_SESSION_PACKET_SIZE);
        meeting->is_held = true;
    }
    return error == 0;
}

void cepa_end_meeting_pump(struct cepa_end *end, struct cepa_end_talk *talk,
                           struct cepa_end_meeting *meeting, struct cepa_time now)
{
    uint8_t *bytes = end->workspace->packet;
    uint64_t number;
    if (!meeting->is_open ||
        (meeting->state != CEPA_MEETING_STANDS && meeting->state != CEPA_MEETING_LEAVING)) {
        return;
    }
    if (meeting->is_held) {
        if (!send_sealed(end, meeting, meeting->held, now)) {
            cepa_session_path_room(talk->streams, meeting->number, 0);
            return;
        }
        meeting->is_held = false;
    }
    cepa_session_path_room(talk->streams, meeting->number,
                           cepa_node_circuit_room(end->config.node, meeting->circuit));
    while (cepa_session_pull(talk->streams, &number, bytes + 8, meeting->number, now) == 0) {
        int error =
            cepa_session_keys_seal(&talk->keys, bytes, meeting->number, number, end->config.cpu);
        CEPA_ASSERT(error == 0); /* numbers of a path rise, and never so high */
        if (!send_sealed(end, meeting, bytes, now)) {
            cepa_session_path_room(talk->streams, meeting->number, 0);
            return;
        }
    }
}
