/* Links that are being opened, and who could not be reached. @[SPEC 10.10] */
#include "mesh/dial.h"

#include <string.h>

#include "base/assert.h"
#include "mesh/introducer.h"
#include "wire/reach.h"

enum {
    DIRECT_MS = 8000,   /* until a link is up */
    RELAYED_MS = 12000, /* the same through an introducer */
    LOST_FIRST_S = 5,   /* until the next try, doubled each time */
    LOST_MAX_S = 120,
    LOST_NEIGHBOUR_MAX_S = 25 /* for a neighbour that was lost: heals a partition */
};

static const struct cepa_node_id NOBODY;

static struct cepa_mesh_attempt *take_place(struct cepa_mesh *mesh, uint64_t limit_ms)
{
    for (uint32_t i = 0; i < CEPA_MESH_ATTEMPTS; i++) {
        struct cepa_mesh_attempt *attempt = &mesh->attempts[i];
        if (attempt->ticket == 0) {
            memset(attempt, 0, sizeof *attempt);
            attempt->ticket = cepa_mesh_number(mesh);
            attempt->until = cepa_time_add(
                mesh->now, cepa_duration_scale(limit_ms * CEPA_MILLISECOND_NS, 1 + mesh->health));
            return attempt;
        }
    }
    return NULL;
}

struct cepa_mesh_attempt *cepa_dial_find(struct cepa_mesh *mesh, uint64_t ticket)
{
    for (uint32_t i = 0; i < CEPA_MESH_ATTEMPTS && ticket != 0; i++) {
        if (mesh->attempts[i].ticket == ticket) {
            return &mesh->attempts[i];
        }
    }
    return NULL;
}

struct cepa_mesh_attempt *cepa_dial_of(struct cepa_mesh *mesh, const struct cepa_node_id *node)
{
    for (uint32_t i = 0; i < CEPA_MESH_ATTEMPTS; i++) {
        struct cepa_mesh_attempt *attempt = &mesh->attempts[i];
        if (attempt->ticket != 0 && attempt->has_node && attempt->dialback == 0 &&
            memcmp(&attempt->node, node, sizeof *node) == 0) {
            return attempt;
        }
    }
    return NULL;
}

uint32_t cepa_dial_count(const struct cepa_mesh *mesh, enum cepa_mesh_purpose purpose)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < CEPA_MESH_ATTEMPTS; i++) {
        count += mesh->attempts[i].ticket != 0 && mesh->attempts[i].purpose == purpose ? 1 : 0;
    }
    return count;
}

bool cepa_dial_has_prefix(const struct cepa_mesh *mesh, const struct cepa_prefix *prefix)
{
    for (uint32_t i = 0; i < CEPA_MESH_ATTEMPTS; i++) {
        const struct cepa_mesh_attempt *attempt = &mesh->attempts[i];
        if (attempt->ticket != 0 && attempt->purpose == CEPA_MESH_FOR_NEIGHBOUR &&
            cepa_prefix_is_equal(&attempt->prefix, prefix)) {
            return true;
        }
    }
    return false;
}

static struct cepa_mesh_attempt *dial(struct cepa_mesh *mesh,
                                      const struct cepa_relay_address *address,
                                      enum cepa_mesh_purpose purpose, bool is_told)
{
    bool has_node = memcmp(&address->node, &NOBODY, sizeof NOBODY) != 0;
    if (has_node &&
        (cepa_mesh_is_self(mesh, &address->node) || cepa_dial_of(mesh, &address->node) != NULL)) {
        return NULL;
    }
    struct cepa_mesh_attempt *attempt = take_place(mesh, DIRECT_MS);
    if (attempt == NULL) {
        return NULL;
    }
    attempt->purpose = purpose;
    attempt->has_node = has_node;
    attempt->node = address->node;
    attempt->address = *address;
    cepa_prefix_of(&attempt->prefix, &address->reach);
    struct cepa_mesh_effect *effect = &cepa_mesh_effect_add(mesh, CEPA_MESH_LINK)->effect;
    effect->ticket = attempt->ticket;
    effect->purpose = purpose;
    effect->address = *address;
    effect->has_node = has_node;
    effect->node = address->node;
    effect->is_told = is_told;
    return attempt;
}

struct cepa_mesh_attempt *cepa_dial_address(struct cepa_mesh *mesh,
                                            const struct cepa_relay_address *address,
                                            enum cepa_mesh_purpose purpose)
{
    return dial(mesh, address, purpose, false);
}

struct cepa_mesh_attempt *cepa_dial_contact(struct cepa_mesh *mesh,
                                            const struct cepa_relay_address *address)
{
    return dial(mesh, address, CEPA_MESH_FOR_JOINING, true);
}

bool cepa_dial_name(const struct cepa_mesh *mesh, struct cepa_node_id *ret_node,
                    const struct cepa_index_entry *entry)
{
    const uint8_t *way = NULL;
    if (entry->has_node) {
        *ret_node = entry->node;
        return true;
    }
    way = cepa_ways_find(&mesh->ways, entry->record.public_key);
    if (way != NULL) {
        memcpy(ret_node->bytes, way + CEPA_WAY_NODE_OFFSET, sizeof ret_node->bytes);
    }
    return way != NULL;
}

int cepa_dial_way(const struct cepa_mesh *mesh, struct cepa_way_record *ret_way,
                  const struct cepa_node_id *node)
{
    struct cepa_credentials credentials;
    const struct cepa_descriptor *descriptor = &credentials.descriptor;
    bool has_way = cepa_ways_find_node(&mesh->ways, ret_way, node) == 0;
    if (cepa_objects_decode(mesh->config.objects, &credentials, node) != 0) {
        return has_way ? 0 : CEPA_ERR_NOT_FOUND;
    }
    if (has_way && ret_way->sequence > descriptor->sequence) {
        return 0;
    }
    memset(ret_way, 0, sizeof *ret_way);
    ret_way->address.node = *node;
    if (descriptor->reaches_len > 0) {
        ret_way->address.reach = descriptor->reaches[0];
        ret_way->address.dtls = descriptor->dtls;
        ret_way->address.secret = descriptor->secret;
        return 0;
    }
    ret_way->introducers_len = (uint8_t)descriptor->introducers_len;
    memcpy(ret_way->introducers, descriptor->introducers,
           descriptor->introducers_len * sizeof ret_way->introducers[0]);
    return descriptor->introducers_len > 0 ? 0 : CEPA_ERR_NOT_FOUND;
}

/* Takes an introducer off the list of those that are left. */
static void take_introducer(struct cepa_mesh_attempt *attempt, size_t i)
{
    attempt->introducers_len--;
    memmove(&attempt->introducers[i], &attempt->introducers[i + 1],
            (attempt->introducers_len - i) * sizeof attempt->introducers[0]);
}

/* Opens a channel through one of those left that is linked. */
static bool ask_linked(struct cepa_mesh *mesh, struct cepa_mesh_attempt *attempt)
{
    for (size_t i = 0; i < attempt->introducers_len; i++) {
        struct cepa_mesh_peer *peer = cepa_mesh_peer_of(mesh, &attempt->introducers[i]);
        if (peer != NULL && !peer->is_stalled && cepa_introducer_open(mesh, attempt, peer)) {
            take_introducer(attempt, i);
            return true;
        }
    }
    return false;
}

bool cepa_dial_next_introducer(struct cepa_mesh *mesh, struct cepa_mesh_attempt *attempt)
{
    attempt->channel_link = 0;
    attempt->waits_for = 0;
    if (ask_linked(mesh, attempt)) {
        return true;
    }
    for (size_t i = 0; i < attempt->introducers_len; i++) {
        struct cepa_mesh_attempt *first = cepa_dial_of(mesh, &attempt->introducers[i]);
        struct cepa_way_record way;
        if (first == NULL && cepa_dial_way(mesh, &way, &attempt->introducers[i]) == 0 &&
            way.introducers_len == 0) {
            first = cepa_dial_address(mesh, &way.address, CEPA_MESH_FOR_CHANNEL);
        }
        if (first != NULL) {
            attempt->waits_for = first->ticket;
            take_introducer(attempt, i);
            return true;
        }
    }
    return false;
}

struct cepa_mesh_attempt *cepa_dial_through(struct cepa_mesh *mesh, const struct cepa_node_id *node,
                                            const struct cepa_node_id *introducers,
                                            size_t introducers_len, enum cepa_mesh_purpose purpose)
{
    CEPA_ASSERT(introducers_len <= CEPA_DESCRIPTOR_INTRODUCERS_MAX);
    struct cepa_mesh_attempt *attempt = take_place(mesh, RELAYED_MS);
    if (attempt == NULL) {
        return NULL;
    }
    attempt->purpose = purpose;
    attempt->has_node = true;
    attempt->node = *node;
    memcpy(attempt->introducers, introducers, introducers_len * sizeof introducers[0]);
    attempt->introducers_len = introducers_len;
    if (!cepa_dial_next_introducer(mesh, attempt)) {
        attempt->ticket = 0;
        return NULL;
    }
    return attempt;
}

struct cepa_mesh_attempt *cepa_dial_node(struct cepa_mesh *mesh, const struct cepa_node_id *node,
                                         enum cepa_mesh_purpose purpose)
{
    struct cepa_way_record way;
    if (cepa_mesh_is_self(mesh, node) || cepa_dial_of(mesh, node) != NULL ||
        cepa_dial_way(mesh, &way, node) != 0) {
        return NULL;
    }
    if (way.introducers_len > 0) {
        return cepa_dial_through(mesh, node, way.introducers, way.introducers_len, purpose);
    }
    return cepa_dial_address(mesh, &way.address, purpose);
}

void cepa_dial_succeeded(struct cepa_mesh *mesh, struct cepa_mesh_attempt *attempt,
                         struct cepa_mesh_peer *peer)
{
    uint64_t ticket = attempt->ticket;
    if (attempt->is_asked) {
        struct cepa_mesh_effect *effect = &cepa_mesh_effect_add(mesh, CEPA_MESH_CONNECTED)->effect;
        effect->ticket = ticket;
        effect->link = peer->link;
        effect->node = attempt->node;
        effect->has_node = true;
    }
    attempt->ticket = 0;
    for (uint32_t i = 0; i < CEPA_MESH_ATTEMPTS; i++) {
        struct cepa_mesh_attempt *next = &mesh->attempts[i];
        if (next->ticket != 0 && next->waits_for == ticket) {
            next->waits_for = 0;
            if (!cepa_introducer_open(mesh, next, peer) && !cepa_dial_next_introducer(mesh, next)) {
                cepa_dial_failed(mesh, next);
            }
        }
    }
}

void cepa_dial_failed(struct cepa_mesh *mesh, struct cepa_mesh_attempt *attempt)
{
    struct cepa_mesh_attempt gone = *attempt;
    attempt->ticket = 0;
    if (gone.channel_link != 0) {
        cepa_introducer_drop(mesh, gone.channel_link, gone.channel, CEPA_MESH_CHANNEL_DONE);
    }
    if (gone.is_asked) {
        struct cepa_mesh_effect *effect =
            &cepa_mesh_effect_add(mesh, CEPA_MESH_UNREACHABLE)->effect;
        effect->ticket = gone.ticket;
        effect->node = gone.node;
        effect->has_node = true;
    }
    /* An address that somebody has told says nothing of other ways to that node. */
    if (gone.has_node && gone.dialback == 0 && gone.purpose != CEPA_MESH_FOR_JOINING) {
        cepa_dial_lost(mesh, &gone.node, false, 0);
    }
    for (uint32_t i = 0; i < CEPA_MESH_ATTEMPTS; i++) {
        struct cepa_mesh_attempt *next = &mesh->attempts[i];
        if (next->ticket != 0 && next->waits_for == gone.ticket &&
            !cepa_dial_next_introducer(mesh, next)) {
            next->until = mesh->now; /* the next step ends it */
        }
    }
}

void cepa_dial_on_peer_up(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer)
{
    if (!peer->facts.is_relay) {
        return;
    }
    cepa_dial_found(mesh, &peer->facts.node);
    for (uint32_t i = 0; i < CEPA_MESH_ATTEMPTS; i++) {
        struct cepa_mesh_attempt *attempt = &mesh->attempts[i];
        if (attempt->ticket != 0 && attempt->has_node && attempt->dialback == 0 &&
            memcmp(&attempt->node, &peer->facts.node, sizeof attempt->node) == 0 &&
            (attempt->is_asked || attempt->purpose == CEPA_MESH_FOR_CHANNEL)) {
            cepa_dial_succeeded(mesh, attempt, peer);
        }
    }
}

void cepa_dial_step(struct cepa_mesh *mesh)
{
    for (uint32_t i = 0; i < CEPA_MESH_ATTEMPTS; i++) {
        struct cepa_mesh_attempt *attempt = &mesh->attempts[i];
        if (attempt->ticket != 0 && cepa_time_is_due(attempt->until, mesh->now)) {
            cepa_dial_failed(mesh, attempt);
        }
    }
}

static struct cepa_mesh_lost *lost_find(const struct cepa_mesh *mesh,
                                        const struct cepa_node_id *node)
{
    for (uint32_t i = 0; i < CEPA_MESH_LOST; i++) {
        const struct cepa_mesh_lost *lost = &mesh->lost[i];
        if (lost->is_taken && memcmp(&lost->node, node, sizeof *node) == 0) {
            return (struct cepa_mesh_lost *)(uintptr_t)lost;
        }
    }
    return NULL;
}

/* A free place, else that of the one that was lost first, those that were no neighbours before. */
static struct cepa_mesh_lost *lost_place(struct cepa_mesh *mesh)
{
    struct cepa_mesh_lost *oldest = &mesh->lost[0];
    for (uint32_t i = 0; i < CEPA_MESH_LOST; i++) {
        struct cepa_mesh_lost *lost = &mesh->lost[i];
        if (!lost->is_taken) {
            return lost;
        }
        if ((oldest->was_neighbour && !lost->was_neighbour) ||
            (oldest->was_neighbour == lost->was_neighbour &&
             cepa_time_is_before(lost->since, oldest->since))) {
            oldest = lost;
        }
    }
    return oldest;
}

void cepa_dial_lost(struct cepa_mesh *mesh, const struct cepa_node_id *node, bool was_neighbour,
                    uint64_t wait_ns)
{
    struct cepa_mesh_lost *lost = lost_find(mesh, node);
    if (lost == NULL) {
        lost = lost_place(mesh);
        memset(lost, 0, sizeof *lost);
        lost->is_taken = true;
        lost->node = *node;
        lost->since = mesh->now;
    }
    lost->was_neighbour = lost->was_neighbour || was_neighbour;
    if (wait_ns == 0) {
        uint64_t max_s = lost->was_neighbour ? LOST_NEIGHBOUR_MAX_S : LOST_MAX_S;
        uint64_t wait_s = (uint64_t)LOST_FIRST_S << (lost->failures < 6 ? lost->failures : 6);
        lost->failures = (uint8_t)(lost->failures < 100 ? lost->failures + 1 : 100);
        wait_ns = (wait_s > max_s ? max_s : wait_s) * CEPA_SECOND_NS;
        wait_ns -= wait_ns / 4 * cepa_mesh_draw_below(mesh, 1024) / 1024;
    }
    lost->next = cepa_time_add(mesh->now, wait_ns);
}

void cepa_dial_found(struct cepa_mesh *mesh, const struct cepa_node_id *node)
{
    struct cepa_mesh_lost *lost = lost_find(mesh, node);
    if (lost != NULL) {
        lost->is_taken = false;
    }
}

bool cepa_dial_is_lost(const struct cepa_mesh *mesh, const struct cepa_node_id *node)
{
    const struct cepa_mesh_lost *lost = lost_find(mesh, node);
    return lost != NULL && !cepa_time_is_due(lost->next, mesh->now);
}

bool cepa_dial_is_unreachable(const struct cepa_mesh *mesh, const struct cepa_node_id *node)
{
    const struct cepa_mesh_lost *lost = lost_find(mesh, node);
    /* A lost neighbour is tried again and again: till that succeeds nothing has changed. */
    return lost != NULL && lost->failures > 0 &&
           (lost->was_neighbour || !cepa_time_is_due(lost->next, mesh->now));
}
