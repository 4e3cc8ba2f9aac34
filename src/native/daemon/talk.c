/* Messages over a circuit. */
#include "native/daemon/talk.h"

#include "node/node_commands.h"

/* Goes to the last hop, which sends it back. */
static const uint8_t message[] = {CEPA_NODE_SERVICE_ECHO, 't', 'a', 'l', 'k'};

void cepa_talk_begin(struct cepa_talk *talk, uint32_t every_ms, uint32_t for_ms, uint8_t hops,
                     struct cepa_time now)
{
    talk->hops = hops;
    talk->every_ns = every_ms * CEPA_MILLISECOND_NS;
    talk->until = cepa_time_add(now, for_ms * CEPA_MILLISECOND_NS);
    talk->next = now;
}

/* Whether there is something to send, or will be. */
static bool is_talking(const struct cepa_talk *talk, struct cepa_time now)
{
    return cepa_time_is_before(now, talk->until);
}

static bool has_room(const struct cepa_talk *talk)
{
    return talk->is_ready && talk->unanswered < CEPA_TALK_UNANSWERED_MAX;
}

static void open_circuit(struct cepa_talk *talk, struct cepa_node *node, struct cepa_time now)
{
    const struct cepa_node_circuit_request request = {.hops_len = talk->hops};
    if (cepa_node_circuit_open(node, &talk->circuit, &request, now) != 0) {
        talk->circuit = 0;
        talk->next = cepa_time_add(now, CEPA_TALK_RETRY_MS * CEPA_MILLISECOND_NS);
    }
}

void cepa_talk_step(struct cepa_talk *talk, struct cepa_node *node, struct cepa_time now)
{
    if (talk->hops == 0 || !is_talking(talk, now) || !cepa_time_is_due(talk->next, now)) {
        return;
    }
    if (talk->circuit == 0) {
        open_circuit(talk, node, now);
        return;
    }
    while (has_room(talk) && cepa_time_is_due(talk->next, now) &&
           cepa_node_circuit_send(node, talk->circuit, message, sizeof message, now) == 0) {
        talk->unanswered++;
        talk->next = talk->every_ns == 0 ? now : cepa_time_add(now, talk->every_ns);
    }
}

struct cepa_time cepa_talk_deadline(const struct cepa_talk *talk)
{
    bool is_waiting = talk->hops == 0 || !cepa_time_is_before(talk->next, talk->until) ||
                      (talk->circuit != 0 && (!has_room(talk) || talk->every_ns == 0));
    return is_waiting ? cepa_time_never() : talk->next;
}

bool cepa_talk_on_event(struct cepa_talk *talk, struct cepa_node *node,
                        const struct cepa_node_effect *effect, struct cepa_time now)
{
    if (talk->circuit == 0 || effect->circuit != talk->circuit) {
        return false;
    }
    if (effect->event == CEPA_EVENT_CIRCUIT_READY) {
        talk->is_ready = true;
    } else if (effect->event == CEPA_EVENT_CIRCUIT_DATA) {
        cepa_node_circuit_consumed(node, talk->circuit, 1, now);
        talk->unanswered -= talk->unanswered > 0;
    } else if (effect->event == CEPA_EVENT_CIRCUIT_CLOSED) {
        talk->circuit = 0;
        talk->is_ready = false;
        talk->unanswered = 0;
        talk->next = cepa_time_add(now, CEPA_TALK_RETRY_MS * CEPA_MILLISECOND_NS);
    } else if (effect->event == CEPA_EVENT_CIRCUIT_BROKEN) {
        talk->is_ready = false;
        talk->unanswered = 0; /* what was under way may be lost */
    }
    return true;
}
