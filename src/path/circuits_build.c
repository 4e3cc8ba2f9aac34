/* Choosing the path of a circuit, and making the packet that builds or extends it.
 * @[SPEC 11.5], @[SPEC 11.6] */
#include <string.h>

#include "base/assert.h"
#include "base/ct.h"
#include "base/draw.h"
#include "path/circuits_parts.h"

enum {
    FAILURES_AVOIDED = 3, /* a relay with so many is not drawn */
    GROUP_HOPS_MAX = 24   /* of the others of a group, that are avoided */
};

#define FAILURE_RECENT_NS (30 * CEPA_SECOND_NS) /* nor is one that failed just now */
#define FAILURE_HALF_NS (600 * CEPA_SECOND_NS)

/* Lets failures fade: half of them for every ten minutes. */
static void fade(struct cepa_circuits_failed *failed, struct cepa_time now)
{
    while (failed->count > 0 && cepa_time_since(now, failed->last) >= FAILURE_HALF_NS) {
        failed->count /= 2;
        failed->last = cepa_time_add(failed->last, FAILURE_HALF_NS);
    }
}

void cepa_circuits_blame(struct cepa_circuits *circuits, const struct cepa_path_relay *relay,
                         struct cepa_time now)
{
    struct cepa_circuits_failed *place = &circuits->failed[0];
    for (size_t i = 0; i < CEPA_CIRCUITS_FAILED_MAX; i++) {
        struct cepa_circuits_failed *failed = &circuits->failed[i];
        fade(failed, now);
        if (failed->count > 0 && cepa_path_relay_is(&failed->key, &relay->key)) {
            failed->count++;
            failed->last = now;
            return;
        }
        if (failed->count < place->count) {
            place = failed;
        }
    }
    place->key = relay->key;
    place->count = 1;
    place->last = now;
}

/* How many circuits begin at a relay. */
static uint32_t load_of(const struct cepa_circuits *circuits,
                        const struct cepa_ed25519_public_key *key)
{
    struct cepa_handle handle = {0, 0, 0};
    uint32_t load = 0;
    for (uint32_t i = 0; cepa_pool_next(&circuits->circuits, &handle, i) == 0;
         i = handle.index + 1) {
        const struct cepa_circuits_one *one = cepa_pool_find(&circuits->circuits, handle);
        load += one->is_linked && cepa_path_relay_is(&one->path.hops[0].key, key);
    }
    return load;
}

/* The next circuit with a path that is of the same group as `one`; NULL after the last. `*cursor`
 * is 0 at first. */
static const struct cepa_circuits_one *next_of_group(const struct cepa_circuits *circuits,
                                                     uint32_t *cursor, uint64_t group,
                                                     const struct cepa_circuits_one *but)
{
    struct cepa_handle handle = {0, 0, 0};
    while (group != 0 && cepa_pool_next(&circuits->circuits, &handle, *cursor) == 0) {
        const struct cepa_circuits_one *other = cepa_pool_find(&circuits->circuits, handle);
        *cursor = handle.index + 1;
        if (other != but && other->request.group == group && other->path.hops_len > 0 &&
            other->state != CEPA_CIRCUITS_CLOSED) {
            return other;
        }
    }
    return NULL;
}

uint32_t cepa_circuits_group_uses(const struct cepa_circuits *circuits, uint64_t group,
                                  const struct cepa_circuits_one *but,
                                  const struct cepa_ed25519_public_key *key)
{
    const struct cepa_circuits_one *other;
    uint32_t cursor = 0;
    uint32_t count = 0;
    while ((other = next_of_group(circuits, &cursor, group, but)) != NULL) {
        bool stands = false;
        for (size_t i = 0; i < other->path.hops_len; i++) {
            stands |= cepa_path_relay_is(&other->path.hops[i].key, key);
        }
        count += stands;
    }
    return count;
}

/* The guard for a circuit: of those in use that are fit beside the last hop, the one with fewer
 * circuits of the same group, then of all. NULL if there is none now. */
static const struct cepa_path_relay *choose_guard(const struct cepa_circuits *circuits,
                                                  const struct cepa_circuits_one *one,
                                                  const struct cepa_path_relay *last,
                                                  const struct cepa_path_relays *relays)
{
    const struct cepa_guard *guards[CEPA_GUARDS_IN_USE];
    const struct cepa_path_relay *best = NULL;
    size_t guards_len = cepa_guards_in_use(circuits->guards, guards);
    uint32_t best_load = UINT32_MAX;
    uint32_t best_uses = UINT32_MAX;
    for (size_t i = 0; i < guards_len; i++) {
        const struct cepa_path_relay *guard = cepa_path_relays_find(relays, &guards[i]->key);
        if (guard == NULL || (guard->flags & CEPA_PATH_RELAY_KEYLESS) != 0 ||
            (last != NULL && cepa_path_relays_conflict(guard, last))) {
            continue;
        }
        uint32_t load = load_of(circuits, &guard->key);
        uint32_t uses = cepa_circuits_group_uses(circuits, one->request.group, one, &guard->key);
        if (uses < best_uses || (uses == best_uses && load < best_load)) {
            best = guard;
            best_load = load;
            best_uses = uses;
        }
    }
    return best;
}

/* One of the second-layer guards that fits beside the given hops, at random among those that failed
 * least often in a row; that one stands on a circuit of the group counts as two failures, so that
 * not all of them hang on the one that has never failed. NULL if none fits. */
static const struct cepa_path_relay *choose_layer2(struct cepa_circuits *circuits,
                                                   const struct cepa_circuits_one *one,
                                                   const struct cepa_path_relay *guard,
                                                   const struct cepa_path_relay *last,
                                                   const struct cepa_path_relays *relays)
{
    const struct cepa_path_relay *fit[CEPA_LAYER2_MAX];
    size_t fit_len = 0;
    uint64_t least = UINT64_MAX;
    uint64_t bits;
    for (size_t i = 0; i < circuits->layer2->entries_len; i++) {
        const struct cepa_layer2_entry *entry = &circuits->layer2->entries[i];
        const struct cepa_path_relay *relay = cepa_path_relays_find(relays, &entry->key);
        if (relay == NULL || cepa_path_relays_conflict(relay, guard)) {
            cepa_layer2_on_refused(circuits->layer2, &entry->key); /* suspected, or a guard now */
        } else if (last == NULL || !cepa_path_relays_conflict(relay, last)) {
            uint64_t cost = (uint64_t)entry->failures +
                            (uint64_t)2 * cepa_circuits_group_uses(circuits, one->request.group,
                                                                   one, &entry->key);
            fit_len = cost < least ? 0 : fit_len;
            least = cost < least ? cost : least;
            if (cost == least) {
                fit[fit_len++] = relay;
            }
        }
    }
    if (fit_len == 0 || cepa_draw_u64(&bits, circuits->random) != 0) {
        return NULL;
    }
    return fit[cepa_draw_scale(bits, fit_len)];
}

/* This node among the relays, or NULL. */
static const struct cepa_path_relay *find_own(const struct cepa_path_relays *relays)
{
    for (size_t i = 0; i < relays->len; i++) {
        if (relays->items[i].flags & CEPA_PATH_RELAY_OWN) {
            return &relays->items[i];
        }
    }
    return NULL;
}

/* Relays that failed lately. */
static size_t failed_of(struct cepa_circuits *circuits, struct cepa_ed25519_public_key *ret_keys)
{
    size_t len = 0;
    for (size_t i = 0; i < CEPA_CIRCUITS_FAILED_MAX; i++) {
        fade(&circuits->failed[i], circuits->stepped_at);
        bool is_recent =
            circuits->failed[i].count > 0 &&
            cepa_time_since(circuits->stepped_at, circuits->failed[i].last) < FAILURE_RECENT_NS;
        if (is_recent || circuits->failed[i].count >= FAILURES_AVOIDED) {
            ret_keys[len++] = circuits->failed[i].key;
        }
    }
    return len;
}

/* Relays on the other circuits of the group. */
static size_t hops_of_group(const struct cepa_circuits *circuits,
                            struct cepa_ed25519_public_key *ret_keys,
                            const struct cepa_circuits_one *one)
{
    const struct cepa_circuits_one *other;
    uint32_t cursor = 0;
    size_t len = 0;
    while ((other = next_of_group(circuits, &cursor, one->request.group, one)) != NULL) {
        for (size_t i = 0; i < other->path.hops_len && len < GROUP_HOPS_MAX; i++) {
            ret_keys[len++] = other->path.hops[i].key;
        }
    }
    return len;
}

/* Draws what is not fixed, avoiding relays that failed lately and those of the same group's other
 * circuits, then only the former, then nobody, as long as there are others. */
static int draw_path(struct cepa_circuits *circuits, struct cepa_path *ret_path,
                     const struct cepa_circuits_one *one, const struct cepa_path_relays *relays,
                     struct cepa_select_request *request)
{
    struct cepa_ed25519_public_key avoid[CEPA_CIRCUITS_FAILED_MAX + GROUP_HOPS_MAX];
    size_t failed_len = failed_of(circuits, avoid);
    const size_t lens[] = {failed_len + hops_of_group(circuits, avoid + failed_len, one),
                           failed_len, 0};
    int error = CEPA_ERR_NOT_FOUND;
    request->avoid = avoid;
    for (size_t i = 0; i < sizeof lens / sizeof lens[0] && error == CEPA_ERR_NOT_FOUND; i++) {
        if (i == 0 || lens[i] != lens[i - 1]) {
            request->avoid_len = lens[i];
            error = cepa_select_path(ret_path, relays, request, circuits->random);
        }
    }
    request->avoid = NULL;
    request->avoid_len = 0;
    return error;
}

/* Takes the relays that were asked for behind the guard, if that is none of them. */
static int take_path(const struct cepa_circuits *circuits, struct cepa_circuits_one *one,
                     const struct cepa_path_relays *relays)
{
    const struct cepa_circuits_request *wish = &one->request;
    struct cepa_path path = {.hops_len = wish->hops_len};
    const struct cepa_path_relay *guard =
        one->live_len > 0 ? &one->path.hops[0] : choose_guard(circuits, one, NULL, relays);
    if (guard == NULL) {
        return CEPA_ERR_NOT_FOUND;
    }
    path.hops[0] = *guard;
    for (size_t i = 1; i < path.hops_len; i++) {
        const struct cepa_path_relay *hop = cepa_path_relays_find(relays, &wish->path[i - 1]);
        if (hop == NULL || cepa_path_relay_is(&hop->key, &guard->key)) {
            return CEPA_ERR_NOT_FOUND;
        }
        path.hops[i] = *hop;
    }
    one->path = path;
    return 0;
}

int cepa_circuits_choose(struct cepa_circuits *circuits, struct cepa_circuits_one *one,
                         const struct cepa_path_relays *relays)
{
    const struct cepa_circuits_request *wish = &one->request;
    struct cepa_select_request request = {.hops_len = wish->hops_len, .own = find_own(relays)};
    const struct cepa_path_relay *last = NULL;
    struct cepa_path path;
    if (wish->path_len > 0) {
        return take_path(circuits, one, relays);
    }
    if (wish->has_last) {
        last = cepa_path_relays_find(relays, &wish->last);
        request.fixed[wish->hops_len - 1] = last;
        if (last == NULL) {
            return CEPA_ERR_NOT_FOUND;
        }
    }
    for (size_t i = 0; i < one->live_len; i++) {
        request.fixed[i] = &one->path.hops[i];
    }
    if (request.fixed[0] == NULL) {
        request.fixed[0] = choose_guard(circuits, one, last, relays);
        if (request.fixed[0] == NULL) {
            return CEPA_ERR_NOT_FOUND;
        }
    }
    if (wish->is_hidden && wish->hops_len > 1 && request.fixed[1] == NULL) {
        request.fixed[1] = choose_layer2(circuits, one, request.fixed[0], last, relays);
        if (request.fixed[1] == NULL) {
            return CEPA_ERR_NOT_FOUND;
        }
    }
    int error = draw_path(circuits, &path, one, relays, &request);
    if (error == 0) {
        one->path = path;
    }
    return error;
}

/* Takes over what is known of the hops now that their credentials are here. */
static int learn(struct cepa_circuits_one *one, const struct cepa_circuits_hop_keys *keys,
                 size_t first, size_t keys_len)
{
    for (size_t i = 0; i < keys_len; i++) {
        struct cepa_path_relay *hop = &one->path.hops[first + i];
        hop->node = keys[i].node;
        hop->family = keys[i].family;
        memcpy(hop->introducer_prefixes, keys[i].introducer_prefixes,
               sizeof hop->introducer_prefixes);
        hop->introducers_len = keys[i].introducers_len;
    }
    return one->request.path_len > 0 ? 0 : cepa_select_check(&one->path);
}

/* What the packet says to each hop. */
static void fill_plan(struct cepa_packet_plan *ret_plan, const struct cepa_circuits_one *one,
                      const struct cepa_circuits_hop_keys *keys, size_t keys_len,
                      struct cepa_onion_epoch epoch)
{
    memset(ret_plan, 0, sizeof *ret_plan);
    for (size_t i = 0; i < keys_len; i++) {
        ret_plan->hops[i].key = keys[i].key;
        ret_plan->hops[i].key_id = keys[i].key_id;
        ret_plan->hops[i].node = keys[i].node;
        ret_plan->types[i] = i + 1 < keys_len ? CEPA_PACKET_CREATE : CEPA_PACKET_CREATE_LAST;
    }
    if (one->live_len > 0) {
        ret_plan->types[0] = CEPA_PACKET_EXTEND;
    }
    ret_plan->hops_len = keys_len;
    ret_plan->epoch = epoch;
    ret_plan->recipient = one->request.recipient;
    ret_plan->content.data = one->early;
    ret_plan->content.data_len = one->request.early_len;
}

static int build_new(struct cepa_circuits *circuits, struct cepa_circuits_one *one,
                     uint8_t *ret_packet, const struct cepa_packet_plan *plan)
{
    struct cepa_packet_circuit_seeds seeds;
    int error = cepa_packet_build(ret_packet, &seeds, plan, circuits->random,
                                  &circuits->workspace->build, circuits->cpu);
    if (error == 0) {
        cepa_circuit_origin_init(&one->origin, seeds.of_hop, plan->hops_len, circuits->cpu);
        one->state = CEPA_CIRCUITS_BUILDING;
        one->is_linked = true;
    }
    cepa_wipe(&seeds, sizeof seeds);
    return error;
}

static int build_extension(struct cepa_circuits *circuits, struct cepa_circuits_one *one,
                           const struct cepa_packet_plan *plan)
{
    struct cepa_packet_circuit_seeds seeds;
    int error = cepa_pool_alloc(&circuits->packets, &one->packet);
    if (error != 0) {
        return error;
    }
    error = cepa_packet_build(cepa_pool_find(&circuits->packets, one->packet), &seeds, plan,
                              circuits->random, &circuits->workspace->build, circuits->cpu);
    if (error == 0) {
        one->state = CEPA_CIRCUITS_SALVAGING;
        one->part = 0;
        one->sequence++;
        error = cepa_circuit_origin_extend(&one->origin, seeds.of_hop + 1, plan->hops_len - 1,
                                           circuits->cpu);
    }
    cepa_wipe(&seeds, sizeof seeds);
    if (error != 0) {
        CEPA_ASSERT(cepa_pool_free(&circuits->packets, one->packet) == 0);
        memset(&one->packet, 0, sizeof one->packet);
        return error;
    }
    cepa_circuits_tell(circuits, one, CEPA_CIRCUITS_TELL_PACKET);
    return 0;
}

int cepa_circuits_build(struct cepa_circuits *circuits, struct cepa_handle circuit,
                        uint8_t *ret_packet, bool *ret_is_packet,
                        const struct cepa_circuits_hop_keys *keys, size_t keys_len,
                        struct cepa_onion_epoch epoch, struct cepa_time now)
{
    struct cepa_circuits_one *one = cepa_pool_find(&circuits->circuits, circuit);
    struct cepa_packet_plan plan;
    circuits->deadline.ns = 0;
    if (one == NULL || !one->has_path ||
        (one->state != CEPA_CIRCUITS_PLANNED && one->state != CEPA_CIRCUITS_CUT)) {
        return CEPA_ERR_NOT_FOUND;
    }
    size_t first = one->live_len > 0 ? one->live_len - 1 : 0;
    if (keys_len != one->path.hops_len - first) {
        return CEPA_ERR_NOT_FOUND;
    }
    bool is_new = one->state == CEPA_CIRCUITS_PLANNED;
    int error = learn(one, keys, first, keys_len);
    if (error == 0) {
        fill_plan(&plan, one, keys, keys_len, epoch);
        error = is_new ? build_new(circuits, one, ret_packet, &plan)
                       : build_extension(circuits, one, &plan);
    }
    if (error != 0) {
        cepa_circuits_fail(circuits, one, error, now);
        return error;
    }
    one->made_at = now;
    one->mark_at = now;
    one->mark_sent = one->origin.sent;
    one->deadline = cepa_time_add(now, cepa_circuits_build_limit_ns(circuits));
    *ret_is_packet = is_new;
    return 0;
}

void cepa_circuits_no_keys(struct cepa_circuits *circuits, struct cepa_handle circuit,
                           size_t missing, struct cepa_time now)
{
    struct cepa_circuits_one *one = cepa_pool_find(&circuits->circuits, circuit);
    circuits->deadline.ns = 0;
    if (one == NULL || !one->has_path ||
        (one->state != CEPA_CIRCUITS_PLANNED && one->state != CEPA_CIRCUITS_CUT)) {
        return;
    }
    size_t first = one->live_len > 0 ? one->live_len - 1 : 0;
    if (first + missing < one->path.hops_len) {
        cepa_circuits_blame(circuits, &one->path.hops[first + missing], now);
    }
    if (one->request.is_hidden && first + missing == 1) {
        cepa_layer2_on_failed(circuits->layer2, &one->path.hops[1].key);
    }
    cepa_circuits_fail(circuits, one, CEPA_ERR_UNREACHABLE, now);
}
