/* Where the parts of an end meet: the node's circuits, questions, identities and sessions. */
#include "end/end.h"

#include <string.h>

#include "base/assert.h"
#include "base/block.h"
#include "base/ct.h"
#include "end/end_parts.h"

enum {
    PLACES_MAX = 4096, /* of any table */
    EVENTS_SPARE = 64,
    EVENTS_EACH = 4,     /* of a session or an identity, between two calls of cepa_end_next */
    WORK_PER_STEP = 4096 /* hashes: about 1 ms */
};

/* --- memory ----------------------------------------------------------------------------------- */

void cepa_end_limits_daemon(struct cepa_end_limits *ret_limits)
{
    *ret_limits = (struct cepa_end_limits){.identities = 16,
                                           .sessions = 64,
                                           .asks = 32,
                                           .letters = 16,
                                           .session = cepa_session_limits_daemon()};
}

void cepa_end_limits_tab(struct cepa_end_limits *ret_limits)
{
    *ret_limits = (struct cepa_end_limits){.identities = 2,
                                           .sessions = 4,
                                           .asks = 12,
                                           .letters = 2,
                                           .session = cepa_session_limits_tab()};
}

void cepa_end_limits_test(struct cepa_end_limits *ret_limits)
{
    *ret_limits = (struct cepa_end_limits){.identities = 2,
                                           .sessions = 4,
                                           .asks = 16,
                                           .letters = 2,
                                           .session = cepa_session_limits_tab()};
}

static uint32_t circuits_of(const struct cepa_end_limits *limits)
{
    return limits->asks + limits->identities * CEPA_END_POINTS + limits->sessions * CEPA_END_PATHS;
}

static uint32_t power_of_two(uint32_t least)
{
    uint32_t power = 1;
    while (power < least) {
        power *= 2;
    }
    return power;
}

static uint32_t events_of(const struct cepa_end_limits *limits)
{
    return power_of_two(EVENTS_SPARE + EVENTS_EACH * (limits->sessions + limits->identities) +
                        limits->letters);
}

enum part {
    PART_ENDPOINT,
    PART_WORKSPACE,
    PART_NUMBERS,
    PART_CIRCUITS,
    PART_ASKS,
    PART_KNOWN,
    PART_KNOCKS,
    PART_PEOPLE,
    PART_TALKS,
    PART_LEAVINGS,
    PART_SESSIONS,
    PART_DIRTY,
    PART_EVENTS,
    PART_RESTORED,
    PARTS
};

static bool is_valid(const struct cepa_end_limits *limits)
{
    return limits->identities > 0 && limits->identities <= PLACES_MAX && limits->sessions > 0 &&
           limits->sessions <= PLACES_MAX && limits->asks > 0 && limits->asks <= PLACES_MAX &&
           limits->letters > 0 && limits->letters <= PLACES_MAX &&
           cepa_session_size(&limits->session) < SIZE_MAX;
}

static void sizes_of(size_t ret_sizes[PARTS], const struct cepa_end_limits *limits)
{
    uint32_t circuits = circuits_of(limits);
    ret_sizes[PART_ENDPOINT] = sizeof(struct cepa_end);
    ret_sizes[PART_WORKSPACE] = sizeof(struct cepa_end_workspace);
    ret_sizes[PART_NUMBERS] = cepa_block_array_size(circuits, sizeof(uint64_t));
    ret_sizes[PART_CIRCUITS] = cepa_block_array_size(circuits, sizeof(struct cepa_end_circuit));
    ret_sizes[PART_ASKS] = cepa_block_array_size(limits->asks, sizeof(struct cepa_end_ask));
    ret_sizes[PART_KNOWN] = cepa_block_array_size(CEPA_END_KNOWN, sizeof(struct cepa_lookup_known));
    ret_sizes[PART_KNOCKS] = cepa_knocks_size(CEPA_END_KNOCKS);
    ret_sizes[PART_PEOPLE] = cepa_pool_size(limits->identities, sizeof(struct cepa_end_person));
    ret_sizes[PART_TALKS] = cepa_pool_size(limits->sessions, sizeof(struct cepa_end_talk));
    ret_sizes[PART_LEAVINGS] = cepa_pool_size(limits->letters, sizeof(struct cepa_end_leaving));
    ret_sizes[PART_SESSIONS] = cepa_block_array_size(
        limits->sessions, cepa_block_round(cepa_session_size(&limits->session)));
    ret_sizes[PART_DIRTY] =
        cepa_ring_size(power_of_two(limits->sessions), sizeof(struct cepa_handle));
    ret_sizes[PART_EVENTS] = cepa_ring_size(events_of(limits), sizeof(struct cepa_end_effect));
    ret_sizes[PART_RESTORED] =
        cepa_block_array_size(limits->identities, sizeof(struct cepa_end_restored));
}

size_t cepa_end_size(const struct cepa_end_limits *limits)
{
    size_t sizes[PARTS];
    size_t sum = 0;
    if (!is_valid(limits)) {
        return SIZE_MAX;
    }
    sizes_of(sizes, limits);
    for (size_t i = 0; i < PARTS; i++) {
        sum = cepa_block_sum(sum, cepa_block_round(sizes[i]));
    }
    return sum;
}

static void init_tables(struct cepa_end *end, void *const parts[PARTS], const size_t sizes[PARTS],
                        const struct cepa_siphash_key *key)
{
    const struct cepa_end_limits *limits = &end->config.limits;
    cepa_block_zero(parts[PART_NUMBERS], sizes[PART_NUMBERS]);
    cepa_block_zero(parts[PART_ASKS], sizes[PART_ASKS]);
    cepa_block_zero(parts[PART_RESTORED], sizes[PART_RESTORED]);
    end->restored = parts[PART_RESTORED];
    end->circuits = (struct cepa_end_circuits){.node = end->config.node,
                                               .numbers = parts[PART_NUMBERS],
                                               .circuits = parts[PART_CIRCUITS],
                                               .capacity = circuits_of(limits)};
    end->asks = (struct cepa_end_asks){.circuits = &end->circuits,
                                       .random = end->config.random,
                                       .asks = parts[PART_ASKS],
                                       .capacity = limits->asks};
    const struct cepa_lookups_config lookups = {.network = end->network,
                                                .calendar = end->config.profile.calendar,
                                                .random = end->config.random,
                                                .workspace = &end->workspace->descriptor,
                                                .known = parts[PART_KNOWN],
                                                .known_len = CEPA_END_KNOWN,
                                                .cpu = end->config.cpu};
    cepa_lookups_init(&end->lookups, &lookups);
    cepa_knocks_init(&end->knocks, parts[PART_KNOCKS], sizes[PART_KNOCKS], CEPA_END_KNOCKS, key,
                     end->wall);
    cepa_pool_init(&end->people, parts[PART_PEOPLE], sizes[PART_PEOPLE], limits->identities,
                   sizeof(struct cepa_end_person));
    cepa_pool_init(&end->talks, parts[PART_TALKS], sizes[PART_TALKS], limits->sessions,
                   sizeof(struct cepa_end_talk));
    cepa_pool_init(&end->leavings, parts[PART_LEAVINGS], sizes[PART_LEAVINGS], limits->letters,
                   sizeof(struct cepa_end_leaving));
    end->session_memory = parts[PART_SESSIONS];
    end->session_size = cepa_block_round(cepa_session_size(&limits->session));
    cepa_ring_init(&end->dirty, parts[PART_DIRTY], sizes[PART_DIRTY],
                   power_of_two(limits->sessions), sizeof(struct cepa_handle));
    cepa_ring_init(&end->events, parts[PART_EVENTS], sizes[PART_EVENTS], events_of(limits),
                   sizeof(struct cepa_end_effect));
}

int cepa_end_init(struct cepa_end **ret_endpoint, void *memory, size_t memory_len,
                  const struct cepa_end_config *config, struct cepa_time now, struct cepa_wall wall)
{
    size_t sizes[PARTS];
    void *parts[PARTS];
    struct cepa_block block;
    struct cepa_siphash_key key;
    if (!is_valid(&config->limits)) {
        return CEPA_ERR_ARGUMENT;
    }
    sizes_of(sizes, &config->limits);
    cepa_block_init(&block, memory, memory_len);
    for (size_t i = 0; i < PARTS; i++) {
        parts[i] = cepa_block_carve(&block, sizes[i]);
    }
    int error = cepa_block_end(&block) != 0 ? CEPA_ERR_ARGUMENT : 0;
    if (error == 0) {
        error = cepa_random_fill(config->random, key.bytes, sizeof key.bytes);
    }
    if (error != 0) {
        return error;
    }
    struct cepa_end *end = parts[PART_ENDPOINT];
    memset(end, 0, sizeof *end);
    end->config = *config;
    end->workspace = parts[PART_WORKSPACE];
    end->wall = wall;
    end->wall_at = now;
    cepa_profile_network(&end->network, &config->profile);
    init_tables(end, parts, sizes, &key);
    cepa_wipe(&key, sizeof key);
    *ret_endpoint = end;
    return 0;
}

void cepa_end_wipe(struct cepa_end *end)
{
    for (uint32_t i = 0; i < end->config.limits.sessions; i++) {
        struct cepa_end_talk *talk = cepa_end_talk_at(end, i);
        if (talk != NULL && talk->has_secrets) {
            cepa_session_wipe(talk->streams);
        }
    }
    cepa_pool_wipe(&end->talks);
    cepa_pool_wipe(&end->people);
    cepa_pool_wipe(&end->leavings);
    cepa_knocks_wipe(&end->knocks);
    cepa_lookups_wipe(&end->lookups);
    cepa_block_zero(end->asks.asks, end->asks.capacity * sizeof *end->asks.asks);
    cepa_wipe(end->restored, end->config.limits.identities * sizeof *end->restored);
    cepa_wipe(end->workspace, sizeof *end->workspace);
    cepa_wipe(end, sizeof *end);
}

/* --- time, events ----------------------------------------------------------------------------- */

struct cepa_wall cepa_end_wall(const struct cepa_end *end, struct cepa_time now)
{
    return cepa_wall_add(end->wall, cepa_time_since(now, end->wall_at) / CEPA_MILLISECOND_NS);
}

void cepa_end_tell(struct cepa_end *end, const struct cepa_end_effect *effect)
{
    int error = cepa_ring_push(&end->events, effect);
    /* There are a few for each identity and session, and they are taken at once; who asks for
     * sessions without taking any is refused. */
    CEPA_ASSERT(error == 0);
}

bool cepa_end_has_events(const struct cepa_end *end)
{
    return cepa_ring_count(&end->events) < events_of(&end->config.limits) / 4;
}

bool cepa_end_pay(struct cepa_time *bucket, uint64_t interval_ns, uint32_t burst,
                  struct cepa_time now)
{
    if (cepa_time_since(*bucket, now) > (burst - 1) * interval_ns) {
        return false;
    }
    *bucket = cepa_time_add(cepa_time_latest(*bucket, now), interval_ns);
    return true;
}

/* Hands answers to those who asked, and lets look-ups ask. */
static void settle(struct cepa_end *end, struct cepa_time now)
{
    struct cepa_end_answer answer;
    while (cepa_end_asks_next(&end->asks, &answer) == 0) {
        struct cepa_end_talk *talk;
        struct cepa_end_person *person;
        struct cepa_end_leaving *leaving;
        switch (answer.asker) {
        case CEPA_END_ASKER_PUBLISHER:
            person = cepa_end_person_at(end, answer.owner);
            if (person != NULL) {
                cepa_end_person_on_answer(end, person, &answer, now);
            }
            break;
        case CEPA_END_ASKER_LOOKUP:
            cepa_lookups_on_answer(&end->lookups, answer.ticket,
                                   answer.error != 0                       ? CEPA_CUSTODIAN_FAILED
                                   : answer.status == CEPA_SERVICE_OK      ? CEPA_CUSTODIAN_DONE
                                   : answer.status == CEPA_SERVICE_UNKNOWN ? CEPA_CUSTODIAN_ABSENT
                                                                           : CEPA_CUSTODIAN_REFUSED,
                                   answer.body, answer.body_len, now);
            break;
        case CEPA_END_ASKER_KNOCK:
            talk = cepa_end_talk_at(end, answer.owner);
            if (talk != NULL) {
                cepa_end_on_knock_answer(end, talk, &answer, now);
            }
            break;
        case CEPA_END_ASKER_MAIL:
            person = cepa_end_person_at(end, answer.owner);
            if (person != NULL) {
                cepa_end_mail_on_answer(end, person, &answer, now);
            }
            break;
        case CEPA_END_ASKER_LETTER:
            leaving = cepa_end_leaving_at(end, answer.owner);
            if (leaving != NULL) {
                cepa_end_leaving_on_answer(end, leaving, &answer, now);
            }
            break;
        }
    }
    cepa_end_on_lookups(end, now);
}

void cepa_end_step(struct cepa_end *end, struct cepa_time now, struct cepa_wall wall)
{
    end->wall = wall;
    end->wall_at = now;
    end->work_left = WORK_PER_STEP;
    cepa_end_asks_step(&end->asks, now);
    if (cepa_time_is_due(cepa_lookups_deadline(&end->lookups), now)) {
        cepa_lookups_step(&end->lookups, now, wall);
    }
    settle(end, now);
    for (uint32_t i = 0; i < end->config.limits.identities; i++) {
        struct cepa_end_person *person = cepa_end_person_at(end, i);
        if (person != NULL && cepa_time_is_due(cepa_end_person_deadline(person), now)) {
            cepa_end_person_step(end, person, now);
        }
    }
    for (uint32_t i = 0; i < end->config.limits.sessions; i++) {
        struct cepa_end_talk *talk = cepa_end_talk_at(end, i);
        if (talk != NULL && cepa_time_is_due(cepa_end_talk_deadline(talk), now)) {
            cepa_end_talk_step(end, talk, now);
        }
    }
    for (uint32_t i = 0; i < end->config.limits.letters; i++) {
        struct cepa_end_leaving *leaving = cepa_end_leaving_at(end, i);
        if (leaving != NULL && cepa_time_is_due(leaving->again, now)) {
            cepa_end_leaving_step(end, leaving, now);
        }
    }
}

struct cepa_time cepa_end_deadline(const struct cepa_end *end)
{
    struct cepa_time earliest = cepa_end_asks_deadline(&end->asks);
    earliest = cepa_time_earliest(earliest, cepa_lookups_deadline(&end->lookups));
    struct cepa_handle handle;
    for (uint32_t i = 0; cepa_pool_next(&end->people, &handle, i) == 0; i = handle.index + 1) {
        earliest = cepa_time_earliest(
            earliest, cepa_end_person_deadline(cepa_pool_find(&end->people, handle)));
    }
    for (uint32_t i = 0; cepa_pool_next(&end->talks, &handle, i) == 0; i = handle.index + 1) {
        earliest = cepa_time_earliest(earliest,
                                      cepa_end_talk_deadline(cepa_pool_find(&end->talks, handle)));
    }
    for (uint32_t i = 0; cepa_pool_next(&end->leavings, &handle, i) == 0; i = handle.index + 1) {
        const struct cepa_end_leaving *leaving = cepa_pool_find(&end->leavings, handle);
        earliest = cepa_time_earliest(earliest, leaving->again);
    }
    return earliest;
}

int cepa_end_next(struct cepa_end *end, struct cepa_end_effect *ret_effect, struct cepa_time now)
{
    struct cepa_handle handle;
    cepa_wipe(end->stored, end->stored_len);
    end->stored_len = 0;
    settle(end, now);
    for (uint32_t i = 0; i < end->config.limits.identities; i++) {
        struct cepa_end_person *person = cepa_end_person_at(end, i);
        if (person != NULL && (cepa_end_person_next(end, person, ret_effect) ||
                               cepa_end_mail_next(end, person, ret_effect))) {
            return 0;
        }
    }
    while (cepa_ring_pop(&end->events, ret_effect) != 0) {
        if (cepa_ring_pop(&end->dirty, &handle) != 0) {
            return CEPA_ERR_NOT_FOUND;
        }
        struct cepa_end_talk *talk = cepa_pool_find(&end->talks, handle);
        if (talk == NULL) {
            continue;
        }
        talk->is_dirty = false;
        if (cepa_end_talk_next(end, talk, ret_effect, now)) {
            return 0;
        }
    }
    return 0;
}

/* --- the node's circuits ---------------------------------------------------------------------- */

static void on_ready(struct cepa_end *end, enum cepa_end_use use, uint32_t owner,
                     struct cepa_time now)
{
    if (use == CEPA_END_USE_ASK) {
        cepa_end_asks_on_room(&end->asks, owner, now);
    } else if (use == CEPA_END_USE_INTRODUCTION) {
        cepa_end_point_on_ready(end, owner, now);
    } else {
        cepa_end_meeting_on_ready(end, owner, now);
    }
}

static void on_data(struct cepa_end *end, enum cepa_end_use use, uint32_t owner,
                    const struct cepa_node_effect *effect, struct cepa_time now)
{
    if (use == CEPA_END_USE_ASK) {
        cepa_end_asks_on_data(&end->asks, owner, effect->data, effect->data_len, now);
    } else if (use == CEPA_END_USE_INTRODUCTION) {
        cepa_end_point_on_data(end, owner, effect->data, effect->data_len, now);
    } else {
        cepa_end_meeting_on_data(end, owner, effect->data, effect->data_len, now);
    }
}

static void on_window(struct cepa_end *end, enum cepa_end_use use, uint32_t owner,
                      struct cepa_time now)
{
    if (use == CEPA_END_USE_ASK) {
        cepa_end_asks_on_room(&end->asks, owner, now);
    } else if (use == CEPA_END_USE_PATH) {
        cepa_end_meeting_on_room(end, owner, now);
    }
}

static void on_broken(struct cepa_end *end, enum cepa_end_use use, uint32_t owner,
                      struct cepa_time now)
{
    if (use == CEPA_END_USE_ASK) {
        cepa_end_asks_on_broken(&end->asks, owner);
    } else if (use == CEPA_END_USE_PATH) {
        cepa_end_meeting_on_broken(end, owner, now);
    }
}

static void on_closed(struct cepa_end *end, enum cepa_end_use use, uint32_t owner, int error,
                      struct cepa_time now)
{
    if (use == CEPA_END_USE_ASK) {
        cepa_end_asks_on_closed(&end->asks, owner, error);
    } else if (use == CEPA_END_USE_INTRODUCTION) {
        cepa_end_point_on_closed(end, owner, now);
    } else {
        cepa_end_meeting_on_closed(end, owner, now);
    }
}

bool cepa_end_on_node(struct cepa_end *end, const struct cepa_node_effect *effect,
                      struct cepa_time now)
{
    struct cepa_end_circuit *circuit = effect->kind == CEPA_NODE_EVENT && effect->circuit != 0
                                           ? cepa_end_circuits_find(&end->circuits, effect->circuit)
                                           : NULL;
    if (circuit == NULL) {
        return false;
    }
    enum cepa_end_use use = circuit->use;
    uint32_t owner = circuit->owner;
    if (effect->event == CEPA_EVENT_CIRCUIT_READY) {
        circuit->is_ready = true;
        on_ready(end, use, owner, now);
    } else if (effect->event == CEPA_EVENT_CIRCUIT_DATA) {
        on_data(end, use, owner, effect, now);
    } else if (effect->event == CEPA_EVENT_CIRCUIT_WINDOW) {
        on_window(end, use, owner, now);
    } else if (effect->event == CEPA_EVENT_CIRCUIT_BROKEN) {
        circuit->is_ready = false;
        on_broken(end, use, owner, now);
    } else if (effect->event == CEPA_EVENT_CIRCUIT_CLOSED) {
        cepa_end_circuits_forget(&end->circuits, effect->circuit);
        on_closed(end, use, owner, effect->error, now);
    }
    return true;
}

/* --- commands --------------------------------------------------------------------------------- */

static bool is_here_twice(const struct cepa_end *end, const struct cepa_end_person *person)
{
    for (uint32_t i = 0; i < end->config.limits.identities; i++) {
        const struct cepa_end_person *other = cepa_end_person_at(end, i);
        if (other != NULL && other != person &&
            memcmp(&other->identity.address, &person->identity.address,
                   sizeof other->identity.address) == 0) {
            return true;
        }
    }
    return false;
}

int cepa_end_identity_add(struct cepa_end *end, struct cepa_end_identity *ret_identity,
                          const struct cepa_identity_secret *secret,
                          const struct cepa_end_policy *policy, struct cepa_time now)
{
    struct cepa_handle handle;
    int error = cepa_pool_alloc(&end->people, &handle);
    if (error != 0) {
        return error;
    }
    struct cepa_end_person *person = cepa_pool_find(&end->people, handle);
    person->self.handle = handle;
    person->policy = *policy;
    person->look = now;
    person->prekeys_at = now;
    cepa_end_person_init(end, person, secret);
    if (is_here_twice(end, person)) {
        cepa_end_person_end(end, person, now);
        error = cepa_pool_free(&end->people, handle);
        CEPA_ASSERT(error == 0);
        return CEPA_ERR_IN_USE;
    }
    ret_identity->handle = handle;
    return 0;
}

/* Ends what is being opened as an identity, or to it. */
static void end_begun(struct cepa_end *end, struct cepa_end_identity identity, struct cepa_time now)
{
    for (uint32_t i = 0; i < end->config.limits.sessions; i++) {
        struct cepa_end_talk *talk = cepa_end_talk_at(end, i);
        if (talk != NULL && talk->stage < CEPA_STAGE_OPEN &&
            cepa_handle_is_equal(talk->identity.handle, identity.handle)) {
            cepa_end_talk_end(end, talk, CEPA_ERR_NOT_FOUND, 0, now);
        }
    }
}

void cepa_end_identity_remove(struct cepa_end *end, struct cepa_end_identity identity,
                              struct cepa_time now)
{
    struct cepa_end_person *person = cepa_pool_find(&end->people, identity.handle);
    if (person != NULL) {
        end_begun(end, identity, now);
        cepa_end_person_end(end, person, now);
        int error = cepa_pool_free(&end->people, identity.handle);
        CEPA_ASSERT(error == 0);
    }
}

/* Whether a session with somebody has lost all its paths: who was started again has gone from where
 * it was reached, so what is remembered of it is compared with what it says now. */
static bool is_cut_from(const struct cepa_end *end, const struct cepa_address *address)
{
    for (uint32_t i = 0; i < end->config.limits.sessions; i++) {
        const struct cepa_end_talk *talk = cepa_end_talk_at(end, i);
        if (talk != NULL && talk->is_cut && talk->has_address &&
            memcmp(talk->address.bytes, address->bytes, sizeof address->bytes) == 0) {
            return true;
        }
    }
    return false;
}

int cepa_end_connect(struct cepa_end *end, struct cepa_end_session *ret_session,
                     const struct cepa_address *address, struct cepa_end_identity as,
                     struct cepa_time now)
{
    bool is_named = !cepa_handle_is_none(as.handle);
    if (is_named && cepa_pool_find(&end->people, as.handle) == NULL) {
        return CEPA_ERR_NOT_FOUND;
    }
    struct cepa_end_talk *talk = cepa_end_has_events(end) ? cepa_end_talk_new(end, now) : NULL;
    if (talk == NULL) {
        return CEPA_ERR_FULL;
    }
    talk->is_initiator = true;
    talk->stage = CEPA_STAGE_LOOKUP;
    talk->address = *address;
    talk->identity = as;
    talk->is_compared = is_cut_from(end, address);
    int error = cepa_lookups_find(&end->lookups, &talk->lookup, address, talk->is_compared, now,
                                  cepa_end_wall(end, now));
    if (error != 0) {
        int freed = cepa_pool_free(&end->talks, talk->self.handle);
        CEPA_ASSERT(freed == 0);
        return error;
    }
    *ret_session = talk->self;
    return 0;
}

struct cepa_session *cepa_end_streams(struct cepa_end *end, struct cepa_end_session session)
{
    const struct cepa_end_talk *talk = cepa_end_talk_find(end, session);
    return talk != NULL && talk->stage == CEPA_STAGE_OPEN ? talk->streams : NULL;
}

void cepa_end_touch(struct cepa_end *end, struct cepa_end_session session)
{
    struct cepa_end_talk *talk = cepa_end_talk_find(end, session);
    if (talk != NULL) {
        cepa_end_talk_touch(end, talk);
    }
}

void cepa_end_close(struct cepa_end *end, struct cepa_end_session session, uint32_t code,
                    struct cepa_time now)
{
    struct cepa_end_talk *talk = cepa_end_talk_find(end, session);
    if (talk == NULL || talk->stage == CEPA_STAGE_CLOSING) {
        return;
    }
    if (!talk->has_secrets) {
        cepa_end_talk_end(end, talk, 0, code, now);
        return;
    }
    cepa_session_close(talk->streams, code);
    talk->stage = CEPA_STAGE_CLOSING;
    talk->until = cepa_time_add(now, CEPA_SECOND_NS);
    cepa_end_talk_touch(end, talk);
}
