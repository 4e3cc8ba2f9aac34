/* What this relay does for ends as the last hop of their circuits: the services of src/service,
 * their circuits, and who is near a place. @[SPEC 15] */
#include "node/node_ends.h"

#include <string.h>

#include "base/endian.h"
#include "node/node_parts.h"
#include "service/mailbox.h"

#define SOURCE_IS_LINK (UINT64_C(1) << 63)
enum { REQUESTS = 16, CREDIT_ALL = 1 << 16, ELIGIBLE_DAYS = 3, ELIGIBLE_MIN = 16 };

struct cepa_services_limits cepa_node_services_limits(const struct cepa_node_config *config,
                                                      uint32_t circuits)
{
    return (struct cepa_services_limits){.circuits = circuits,
                                         .roles = config->limits.service_circuits,
                                         .requests = REQUESTS,
                                         .descriptors = config->limits.address_descriptors,
                                         .mailboxes = config->limits.mailboxes,
                                         .boxes = config->limits.boxes};
}

int cepa_node_self(const struct cepa_node *node, struct cepa_ed25519_public_key *ret_key)
{
    if (!node->config.is_relay) {
        return CEPA_ERR_NOT_FOUND;
    }
    *ret_key = node->own.identity.signing_key.public_key;
    return 0;
}

bool cepa_node_is_self(const struct cepa_node *node, const struct cepa_ed25519_public_key *key)
{
    return node->config.is_relay &&
           cepa_path_relay_is(&node->own.identity.signing_key.public_key, key);
}

int cepa_node_circuit_last(const struct cepa_node *node, uint64_t circuit,
                           struct cepa_ed25519_public_key *ret_key)
{
    enum cepa_circuits_state state;
    const struct cepa_path *path =
        cepa_circuits_path(&node->circuits, cepa_node_circuit_handle(circuit), &state);
    if (path == NULL || path->hops_len == 0) {
        return CEPA_ERR_NOT_FOUND;
    }
    *ret_key = path->hops[path->hops_len - 1].key;
    return 0;
}

static bool is_known_long(const struct cepa_node *node, const struct cepa_index_entry *entry)
{
    return node->index.today.number >= entry->first_seen.number + ELIGIBLE_DAYS;
}

/* Whether relays are asked for their age: the profile knows ages, and there are enough of them. */
static bool asks_for_age(const struct cepa_node *node)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < cepa_index_count(&node->index) && count < ELIGIBLE_MIN; i++) {
        const struct cepa_index_entry *entry = cepa_index_at(&node->index, i);
        count += cepa_index_is_usable(entry) && is_known_long(node, entry);
    }
    return node->config.profile.guard_age_days > 0 && count == ELIGIBLE_MIN;
}

/* `is_asked`: this relay is asked to keep something; its own age is no matter then, since it may
 * have lost its index, and nobody asks who is too young for him. */
static void nearest(const struct cepa_node *node, struct cepa_nearest *nearest, bool is_asked)
{
    bool with_age = asks_for_age(node);
    for (uint32_t i = 0; i < cepa_index_count(&node->index); i++) {
        const struct cepa_index_entry *entry = cepa_index_at(&node->index, i);
        bool is_own = is_asked && memcmp(entry->record.public_key,
                                         node->own.identity.signing_key.public_key.bytes,
                                         sizeof entry->record.public_key) == 0;
        if (cepa_index_is_usable(entry) && (is_own || !with_age || is_known_long(node, entry))) {
            cepa_nearest_offer(nearest, entry->record.public_key, entry->position);
        }
    }
}

size_t cepa_node_nearest(const struct cepa_node *node, struct cepa_ed25519_public_key *ret_keys,
                         size_t max, uint64_t place)
{
    struct cepa_nearest found;
    cepa_nearest_init(&found, place, max);
    nearest(node, &found, false);
    for (size_t i = 0; i < found.relays_len; i++) {
        ret_keys[i] = found.relays[i].key;
    }
    return found.relays_len;
}

static bool is_near(void *context, const struct cepa_descriptor_position *position)
{
    const struct cepa_node *node = context;
    struct cepa_nearest found;
    cepa_nearest_init(&found, cepa_descriptor_position_start(position), CEPA_DESCRIPTOR_NEAREST);
    nearest(node, &found, true);
    return cepa_nearest_has(&found, node->own.identity.signing_key.public_key.bytes);
}

int cepa_node_services_init(struct cepa_node *node, void *memory, size_t memory_len,
                            uint32_t circuits, const struct cepa_siphash_key *key)
{
    struct cepa_services_config config = {.limits =
                                              cepa_node_services_limits(&node->config, circuits),
                                          .network = node->network,
                                          .relay = node->own.identity.signing_key.public_key,
                                          .key = *key,
                                          .is_near = is_near,
                                          .context = node};
    return cepa_services_init(&node->services, memory, memory_len, &config);
}

static struct cepa_directory_day today(const struct cepa_node *node, struct cepa_time now)
{
    return cepa_calendar_day(&node->config.profile.calendar, cepa_node_wall_now(node, now));
}

/* Carries out what the services want; true if they wanted anything. */
static bool settle(struct cepa_node *node, struct cepa_time now)
{
    struct cepa_service_effect effect;
    bool has_some = false;
    while (cepa_services_next(node->services, &effect) == 0) {
        has_some = true;
        if (effect.kind == CEPA_SERVICE_CLOSE) {
            cepa_circuit_table_close(&node->table, effect.circuit, now);
        } else {
            /* What finds no room is lost; who asked asks again. */
            (void)cepa_node_send_back(node, effect.circuit, effect.data, effect.data_len, now);
        }
    }
    return has_some;
}

/* Gives credit back for cells that came on a circuit and went on over the one it was joined to. */
static void give_back(struct cepa_node *node, struct cepa_handle circuit, uint32_t count,
                      struct cepa_time now)
{
    uint64_t link;
    uint32_t circuit_id;
    if (cepa_circuit_ends_origin(&node->table, circuit, &link, &circuit_id) == 0) {
        cepa_node_credit(node, link, circuit_id, count, now);
    }
}

/* The network that a link comes from, as a number; a link from nowhere is a network of its own. */
static uint64_t source_of(const struct cepa_node *node, const struct cepa_node_link *link)
{
    const struct cepa_prefix prefix = cepa_node_link_source(node, link);
    return prefix.family == CEPA_FAMILY_NONE
               ? SOURCE_IS_LINK | cepa_node_link_number(link)
               : (uint64_t)prefix.family << 32 | cepa_be32_load(prefix.bytes);
}

bool cepa_node_ends_serve(struct cepa_node *node, const struct cepa_node_link *link,
                          const struct cepa_circuit_outcome *outcome, bool *ret_is_held,
                          struct cepa_time now)
{
    const struct cepa_cell_message *message = &outcome->message;
    *ret_is_held = false;
    if (node->services == NULL) {
        return false;
    }
    struct cepa_handle other = cepa_services_other(node->services, outcome->circuit);
    if (!cepa_handle_is_none(other)) {
        *ret_is_held = message->data_len == CEPA_CELL_DATA_MAX &&
                       cepa_node_send_back(node, other, message->data, message->data_len, now);
        return true;
    }
    if (message->data_len == 0 || message->data[0] < CEPA_SERVICE_MEET ||
        message->data[0] > CEPA_SERVICE_MAILBOX_DELETE) {
        return false;
    }
    const struct cepa_service_origin origin = {outcome->circuit, cepa_node_link_number(link),
                                               source_of(node, link)};
    const struct cepa_service_turn turn = {
        .now = now,
        .today = today(node, now),
        .minute = cepa_mailbox_minute(cepa_node_wall_now(node, now)),
        .is_sparing = cepa_node_budget_withheld(&node->budget, now) >= CEPA_BUDGET_CIRCUITS};
    cepa_services_on_request(node->services, &origin, message->data, message->data_len, &turn);
    (void)settle(node, now);
    return true;
}

bool cepa_node_ends_window(struct cepa_node *node, struct cepa_handle circuit, uint32_t count,
                           struct cepa_time now)
{
    struct cepa_handle other = {0};
    if (node->services != NULL) {
        other = cepa_services_other(node->services, circuit);
    }
    if (cepa_handle_is_none(other)) {
        return false;
    }
    give_back(node, other, count, now);
    return true;
}

void cepa_node_ends_on_ended(struct cepa_node *node, struct cepa_handle circuit,
                             struct cepa_time now)
{
    if (node->services == NULL) {
        return;
    }
    struct cepa_handle other = cepa_services_other(node->services, circuit);
    cepa_services_on_ended(node->services, circuit, now);
    (void)settle(node, now);
    if (!cepa_handle_is_none(other)) {
        give_back(node, other, CREDIT_ALL, now); /* what was under way is lost */
    }
}

void cepa_node_ends_tick(struct cepa_node *node, struct cepa_time now)
{
    bool has_more = node->services != NULL;
    while (has_more) { /* one step ends a few circuits at most */
        cepa_services_step(node->services, today(node, now), now);
        has_more = settle(node, now);
    }
}

void cepa_node_services_status(const struct cepa_node *node,
                               struct cepa_services_status *ret_status)
{
    *ret_status = (struct cepa_services_status){0};
    if (node->services != NULL) {
        cepa_services_status_get(node->services, ret_status);
    }
}
