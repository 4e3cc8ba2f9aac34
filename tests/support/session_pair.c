#include "support/session_pair.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

uint32_t session_pair_random(struct session_pair *pair, uint32_t bound)
{
    pair->random ^= pair->random << 13;
    pair->random ^= pair->random >> 7;
    pair->random ^= pair->random << 17;
    return (uint32_t)(pair->random >> 32) % bound;
}

static void *reserve(size_t size)
{
    void *memory = aligned_alloc(16, (size + 15) / 16 * 16);
    CEPA_ASSERT(memory != NULL);
    return memory;
}

void session_pair_init(struct session_pair *pair, const struct cepa_session_limits *limits,
                       uint64_t seed)
{
    memset(pair, 0, sizeof *pair);
    pair->random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    pair->now.ns = CEPA_SECOND_NS;
    pair->flights = reserve(SESSION_PAIR_PACKETS * sizeof *pair->flights);
    pair->heap = reserve(SESSION_PAIR_PACKETS * sizeof *pair->heap);
    pair->free = reserve(SESSION_PAIR_PACKETS * sizeof *pair->free);
    for (uint32_t i = 0; i < SESSION_PAIR_PACKETS; i++) {
        pair->free[pair->free_len++] = i;
    }
    for (unsigned end = 0; end < 2; end++) {
        struct cepa_siphash_key key = {{(uint8_t)seed, (uint8_t)end}};
        size_t size = cepa_session_size(limits);
        pair->memory[end] = reserve(size);
        int error = cepa_session_init(&pair->ends[end], pair->memory[end], size, limits, end == 0,
                                      &key, pair->now);
        CEPA_ASSERT(error == 0);
    }
}

void session_pair_free(struct session_pair *pair)
{
    for (unsigned end = 0; end < 2; end++) {
        cepa_session_wipe(pair->ends[end]);
        free(pair->memory[end]);
    }
    free(pair->flights);
    free(pair->heap);
    free(pair->free);
}

void session_pair_open(struct session_pair *pair, uint32_t path, enum cepa_session_role role,
                       const struct session_line *line)
{
    pair->lines[path] = *line;
    pair->lines[path].is_open = true;
    for (unsigned end = 0; end < 2; end++) {
        int error = cepa_session_path_open(pair->ends[end], path, role, pair->now);
        CEPA_ASSERT(error == 0);
    }
}

void session_pair_close(struct session_pair *pair, uint32_t path)
{
    pair->lines[path].is_open = false;
    for (unsigned end = 0; end < 2; end++) {
        cepa_session_path_close(pair->ends[end], path, pair->now);
    }
}

/* --- flights -------------------------------------------------------------------------------- */

static bool is_before(const struct session_pair *pair, uint32_t a, uint32_t b)
{
    const struct session_flight *first = &pair->flights[a];
    const struct session_flight *second = &pair->flights[b];
    return first->at_ns != second->at_ns ? first->at_ns < second->at_ns
                                         : first->order < second->order;
}

static void swap(struct session_pair *pair, uint32_t a, uint32_t b)
{
    uint32_t flight = pair->heap[a];
    pair->heap[a] = pair->heap[b];
    pair->heap[b] = flight;
}

static void push(struct session_pair *pair, uint32_t flight)
{
    uint32_t place = pair->heap_len++;
    pair->heap[place] = flight;
    while (place > 0 && is_before(pair, pair->heap[place], pair->heap[(place - 1) / 2])) {
        swap(pair, place, (place - 1) / 2);
        place = (place - 1) / 2;
    }
}

static uint32_t pop(struct session_pair *pair)
{
    uint32_t first = pair->heap[0];
    uint32_t place = 0;
    pair->heap[0] = pair->heap[--pair->heap_len];
    for (;;) {
        uint32_t child = 2 * place + 1;
        if (child >= pair->heap_len) {
            return first;
        }
        if (child + 1 < pair->heap_len &&
            is_before(pair, pair->heap[child + 1], pair->heap[child])) {
            child++;
        }
        if (!is_before(pair, pair->heap[child], pair->heap[place])) {
            return first;
        }
        swap(pair, child, place);
        place = child;
    }
}

static uint32_t room(const struct session_pair *pair, const struct session_line *line, unsigned end)
{
    uint64_t busy_ns = line->free_ns[end] > pair->now.ns ? line->free_ns[end] - pair->now.ns : 0;
    uint64_t queued = line->interval_ns == 0 ? 0 : busy_ns / line->interval_ns;
    uint32_t left = queued < SESSION_PAIR_QUEUE ? SESSION_PAIR_QUEUE - (uint32_t)queued : 0;
    return left < pair->free_len / 2 ? left : pair->free_len / 2;
}

static void send(struct session_pair *pair, unsigned end, uint32_t path)
{
    struct session_line *line = &pair->lines[path];
    cepa_session_path_room(pair->ends[end], path, room(pair, line, end));
    while (pair->free_len > 0) {
        uint32_t index = pair->free[pair->free_len - 1];
        struct session_flight *flight = &pair->flights[index];
        if (cepa_session_pull(pair->ends[end], &flight->number, flight->plain, path, pair->now) !=
            0) {
            return;
        }
        uint64_t start_ns = line->free_ns[end] > pair->now.ns ? line->free_ns[end] : pair->now.ns;
        line->free_ns[end] = start_ns + line->interval_ns;
        if (line->is_silent || session_pair_random(pair, 1000) < line->loss_thousandths) {
            continue;
        }
        uint64_t jitter_ns =
            line->jitter_ns == 0 ? 0 : session_pair_random(pair, (uint32_t)line->jitter_ns);
        flight->at_ns = line->free_ns[end] + line->delay_ns + jitter_ns;
        flight->order = pair->order++;
        flight->path = path;
        flight->to = 1 - end;
        pair->free_len--;
        push(pair, index);
    }
}

/* --- time ----------------------------------------------------------------------------------- */

static void arrive(struct session_pair *pair)
{
    while (pair->heap_len > 0 && pair->flights[pair->heap[0]].at_ns <= pair->now.ns) {
        uint32_t index = pop(pair);
        struct session_flight *flight = &pair->flights[index];
        pair->free[pair->free_len++] = index;
        if (!pair->lines[flight->path].is_open || pair->lines[flight->path].is_silent) {
            continue;
        }
        pair->lines[flight->path].arrived++;
        int error = cepa_session_receive(pair->ends[flight->to], flight->path, flight->number,
                                         flight->plain, pair->now);
        if (error != 0 && error != CEPA_ERR_REPLAY && pair->error == 0) {
            pair->error = error;
        }
    }
}

bool session_pair_step(struct session_pair *pair, uint64_t until_ns)
{
    uint64_t next_ns = until_ns;
    for (unsigned end = 0; end < 2; end++) {
        for (uint32_t path = 0; path < CEPA_SESSION_PATHS_MAX; path++) {
            const struct session_line *line = &pair->lines[path];
            if (!line->is_open) {
                continue;
            }
            send(pair, end, path);
            if (room(pair, line, end) < SESSION_PAIR_QUEUE / 2 &&
                pair->now.ns + line->interval_ns < next_ns) {
                next_ns = pair->now.ns + line->interval_ns;
            }
        }
        struct cepa_time deadline = cepa_session_deadline(pair->ends[end]);
        uint64_t due_ns = deadline.ns > pair->now.ns ? deadline.ns : pair->now.ns + 100000;
        next_ns = due_ns < next_ns ? due_ns : next_ns;
    }
    if (pair->heap_len > 0 && pair->flights[pair->heap[0]].at_ns < next_ns) {
        next_ns = pair->flights[pair->heap[0]].at_ns;
    }
    pair->now.ns = next_ns;
    arrive(pair);
    for (unsigned end = 0; end < 2; end++) {
        cepa_session_step(pair->ends[end], pair->now);
    }
    return next_ns < until_ns;
}
