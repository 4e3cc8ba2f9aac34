/* A circuit per question costs a build, and tells the relay nothing about other questions. */
#include "end/asks.h"

#include <string.h>

#include "base/assert.h"

enum { CIRCUIT_HOPS = 3 };

/* Ends the circuit, and lets the asker have its answer. */
static void finish(struct cepa_end_asks *asks, struct cepa_end_ask *ask, int error,
                   struct cepa_time now)
{
    cepa_end_circuits_close(asks->circuits, ask->circuit, now);
    ask->circuit = 0;
    ask->answer.error = error;
    ask->is_answered = true;
}

int cepa_end_ask(struct cepa_end_asks *asks, const struct cepa_end_question *question,
                 struct cepa_time now)
{
    uint32_t place = 0;
    CEPA_ASSERT(question->body_len <= CEPA_SERVICE_BODY_MAX);
    while (place < asks->capacity && asks->asks[place].is_used) {
        place++;
    }
    if (place == asks->capacity) {
        return CEPA_ERR_FULL;
    }
    struct cepa_end_ask *ask = &asks->asks[place];
    const struct cepa_node_circuit_request request = {.hops_len = CIRCUIT_HOPS,
                                                      .is_triggered = question->is_triggered,
                                                      .last_key = question->relay};
    int error = cepa_random_fill(asks->random, ask->tag, sizeof ask->tag);
    if (error == 0) {
        error = cepa_end_circuits_open(asks->circuits, &ask->circuit, CEPA_END_USE_ASK, place,
                                       &request, now);
    }
    if (error != 0) {
        return error;
    }
    ask->answer = (struct cepa_end_answer){
        .asker = question->asker, .owner = question->owner, .ticket = question->ticket};
    ask->is_used = true;
    ask->is_answered = false;
    ask->service = question->service;
    ask->until = cepa_time_add(now, question->limit_ns);
    ask->sent = 0;
    ask->whole = (struct cepa_service_whole){0};
    ask->request_len = question->body_len;
    if (question->body_len > 0) {
        memcpy(ask->request, question->body, question->body_len);
    }
    return 0;
}

uint32_t cepa_end_asks_room(const struct cepa_end_asks *asks)
{
    uint32_t room = 0;
    for (uint32_t i = 0; i < asks->capacity; i++) {
        room += asks->asks[i].is_used ? 0 : 1;
    }
    return room;
}

int cepa_end_asks_next(struct cepa_end_asks *asks, struct cepa_end_answer *ret_answer)
{
    for (uint32_t i = 0; i < asks->capacity; i++) {
        struct cepa_end_ask *ask = &asks->asks[i];
        if (ask->is_used && ask->is_answered) {
            *ret_answer = ask->answer;
            ask->is_used = false; /* its bytes stay until the place is taken again */
            return 0;
        }
    }
    return CEPA_ERR_NOT_FOUND;
}

void cepa_end_asks_drop(struct cepa_end_asks *asks, enum cepa_end_asker asker, uint32_t owner,
                        struct cepa_time now)
{
    for (uint32_t i = 0; i < asks->capacity; i++) {
        struct cepa_end_ask *ask = &asks->asks[i];
        if (ask->is_used && ask->answer.asker == asker && ask->answer.owner == owner) {
            cepa_end_circuits_close(asks->circuits, ask->circuit, now);
            ask->circuit = 0;
            ask->is_used = false;
        }
    }
}

void cepa_end_asks_on_room(struct cepa_end_asks *asks, uint32_t owner, struct cepa_time now)
{
    struct cepa_end_ask *ask = &asks->asks[owner];
    uint8_t parts = cepa_service_parts(ask->request_len);
    while (ask->circuit != 0 && ask->sent < parts) {
        uint8_t data[CEPA_CELL_DATA_MAX];
        size_t len = cepa_service_request(data, ask->service, ask->tag, ask->sent, ask->request,
                                          ask->request_len);
        if (cepa_node_circuit_send(asks->circuits->node, ask->circuit, data, len, now) != 0) {
            return; /* its circuit says when it goes on, or that it is gone */
        }
        ask->sent++;
    }
}

void cepa_end_asks_on_data(struct cepa_end_asks *asks, uint32_t owner, const uint8_t *data,
                           size_t data_len, struct cepa_time now)
{
    struct cepa_end_ask *ask = &asks->asks[owner];
    struct cepa_service_part part;
    bool is_whole = false;
    cepa_node_circuit_consumed(asks->circuits->node, ask->circuit, 1, now);
    if (cepa_service_read_answer(&part, data, data_len) != 0 ||
        memcmp(part.tag, ask->tag, sizeof part.tag) != 0) {
        return;
    }
    int error = cepa_service_whole_add(&ask->whole, ask->body, &is_whole, &part);
    if (error != 0 || is_whole) {
        ask->answer.status = part.service;
        ask->answer.body = ask->body;
        ask->answer.body_len = ask->whole.len;
        finish(asks, ask, error, now);
    }
}

void cepa_end_asks_on_broken(struct cepa_end_asks *asks, uint32_t owner)
{
    asks->asks[owner].sent = 0;
    asks->asks[owner].whole = (struct cepa_service_whole){0};
}

void cepa_end_asks_on_closed(struct cepa_end_asks *asks, uint32_t owner, int error)
{
    struct cepa_end_ask *ask = &asks->asks[owner];
    ask->circuit = 0;
    ask->answer.error = error == 0 ? CEPA_ERR_UNREACHABLE : error;
    ask->is_answered = true;
}

void cepa_end_asks_step(struct cepa_end_asks *asks, struct cepa_time now)
{
    for (uint32_t i = 0; i < asks->capacity; i++) {
        struct cepa_end_ask *ask = &asks->asks[i];
        if (ask->is_used && !ask->is_answered && cepa_time_is_due(ask->until, now)) {
            finish(asks, ask, CEPA_ERR_TIMEOUT, now);
        }
    }
}

struct cepa_time cepa_end_asks_deadline(const struct cepa_end_asks *asks)
{
    struct cepa_time earliest = cepa_time_never();
    for (uint32_t i = 0; i < asks->capacity; i++) {
        const struct cepa_end_ask *ask = &asks->asks[i];
        if (ask->is_used && !ask->is_answered) {
            earliest = cepa_time_earliest(earliest, ask->until);
        }
    }
    return earliest;
}
