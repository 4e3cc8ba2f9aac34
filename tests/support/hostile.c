/* One hostile host among honest ones. */
#include "support/hostile.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "link/handshake_keys.h"
#include "link/link_internal.h"
#include "mesh/mesh_state.h"
#include "support/test.h"

#define TICK_NS (5 * CEPA_MILLISECOND_NS)
#define BUILD_NS (10 * CEPA_SECOND_NS)
#define ECHO_NS (2 * CEPA_SECOND_NS)

enum { PEACE = 40 };

struct cepa_node *hostile_node(const struct hostile_net *net, uint32_t host)
{
    return sim_node(net->sim, host);
}

static double cpu_now(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

/* --- the network ------------------------------------------------------------------------------ */

void hostile_begin(struct hostile_net *net, uint64_t seed, bool has_node)
{
    struct sim_config config = sim_config_default(seed);
    struct sim_host_config relay = sim_host_config_relay();
    memset(net, 0, sizeof *net);
    config.on_event = sim_watch_on_event;
    config.context = &net->watch;
    net->sim = sim_network(&config, HOSTILE_HONEST + has_node);
    net->culprit = has_node ? HOSTILE_HONEST : sim_add(net->sim, &relay);
    net->victim = 1;
    CHECK(sim_run_until(net->sim, sim_is_whole, NULL, 100 * CEPA_MILLISECOND_NS,
                        30 * CEPA_SECOND_NS));
    hostile_run(net, 2000);
    CHECK(!has_node || hostile_connect(net));
}

/* Pools never hold more than they were made for; this says how far they were filled. */
static void check_tables(const struct hostile_net *net)
{
    const struct cepa_node *node = hostile_node(net, net->victim);
    const struct cepa_link_shared *shared = &node->shared;
    test_note("victim: %u of %u links, %u/%u handshakes, %u/%u buffers, %u/%u cells, %u/%u records",
              node->links.count, node->config.limits.links, shared->handshake_pool.count,
              shared->limits.handshakes, shared->buffer_pool.count, shared->limits.buffers,
              shared->cell_pool.count, shared->limits.cells, cepa_index_count(&node->index),
              node->config.limits.index_records);
    CHECK(node->links.count <= node->config.limits.links / 2);
    CHECK(shared->handshake_pool.count <= shared->limits.handshakes / 2);
    CHECK(shared->buffer_pool.count <= shared->limits.buffers / 2);
    CHECK(shared->cell_pool.count <= shared->limits.cells / 2);
    CHECK(cepa_index_count(&node->index) <= node->config.limits.index_records);
    CHECK_INT(node->counts.effects_lost, 0);
}

/* Whether `host` has anything against another honest one. */
static void check_peace(const struct hostile_net *net, uint32_t host)
{
    const struct cepa_mesh *mesh = hostile_node(net, host)->mesh;
    const struct cepa_node *culprit = hostile_node(net, net->culprit);
    for (uint32_t i = 0; i < mesh->config.limits.links_max; i++) {
        const struct cepa_mesh_peer *peer = &mesh->peers[i];
        bool is_culprit = culprit != NULL && memcmp(&peer->facts.node, &culprit->own.identity.node,
                                                    sizeof peer->facts.node) == 0;
        if (peer->link != 0 && peer->facts.is_relay && !is_culprit) {
            CHECK_INT(peer->budget.score, 0);
            CHECK(!peer->is_suspected);
        }
    }
    CHECK_INT(mesh->counts.suspicions, 0);
}

void hostile_end(struct hostile_net *net)
{
    check_tables(net);
    for (uint32_t host = 0; host < HOSTILE_HONEST; host++) {
        check_peace(net, host);
        CHECK(sim_status(net->sim, host).neighbours >= 6);
    }
    sim_free(net->sim);
}

/* --- what the culprit can do ------------------------------------------------------------------ */

struct cepa_node_link *hostile_link(struct hostile_net *net)
{
    struct cepa_node *node = hostile_node(net, net->culprit);
    const struct cepa_node_id *victim = &hostile_node(net, net->victim)->own.identity.node;
    uint32_t cursor = 0;
    struct cepa_node_link *link;
    while (node != NULL && (link = cepa_node_link_next(node, &cursor)) != NULL) {
        if (link->state == CEPA_NODE_LINK_UP && !link->is_private &&
            memcmp(&link->target, victim, sizeof *victim) == 0) {
            return link;
        }
    }
    return NULL;
}

bool hostile_connect(struct hostile_net *net)
{
    struct cepa_node *node = hostile_node(net, net->culprit);
    uint64_t ticket;
    if (hostile_link(net) == NULL &&
        cepa_mesh_connect(node->mesh, &ticket, &hostile_node(net, net->victim)->own.identity.node,
                          sim_now(net->sim)) == 0) {
        sim_poke(net->sim, net->culprit);
        hostile_run(net, 1000);
    }
    return hostile_link(net) != NULL;
}

static void sent(struct hostile_net *net, struct cepa_node_link *link)
{
    cepa_node_touch(hostile_node(net, net->culprit), link);
    sim_poke(net->sim, net->culprit);
}

bool hostile_say(struct hostile_net *net, const uint8_t *bytes, size_t len)
{
    struct cepa_node_link *link = hostile_link(net);
    if (link == NULL || cepa_link_send_message(&link->link, bytes, len, sim_now(net->sim)) != 0) {
        return false;
    }
    sent(net, link);
    return true;
}

bool hostile_tell(struct hostile_net *net, const struct cepa_mesh_item *item)
{
    static uint8_t bytes[CEPA_MESH_MESSAGE_SIZE_MAX];
    struct cepa_writer writer;
    cepa_writer_init(&writer, bytes, sizeof bytes);
    cepa_mesh_item_encode(&writer, item);
    CHECK(!writer.failed);
    return hostile_say(net, bytes, writer.len);
}

bool hostile_send_packet(struct hostile_net *net, const uint8_t *packet)
{
    struct cepa_node_link *link = hostile_link(net);
    uint32_t circuit;
    if (link == NULL || link->link.packets.count > 0 ||
        cepa_link_open_circuit(&link->link, &circuit) != 0 ||
        cepa_link_send_packet(&link->link, circuit, packet, sim_now(net->sim)) != 0) {
        return false;
    }
    sent(net, link);
    return true;
}

uint32_t hostile_dial_raw(struct hostile_net *net)
{
    struct cepa_relay_address address;
    CHECK_INT(cepa_node_own_address(hostile_node(net, net->victim), &address), 0);
    uint32_t line = net->sim->lines_len;
    sim_dial(net->sim, net->culprit, (UINT64_C(1) << 62) + ++net->dials, &address);
    return line;
}

void hostile_frame(struct hostile_net *net, uint32_t line, const uint8_t *frame, size_t len,
                   uint64_t delay_ns)
{
    uint8_t side = net->sim->lines[line].hosts[0] == net->victim ? 0 : 1;
    uint8_t *copy = malloc(len);
    CHECK(copy != NULL);
    memcpy(copy, frame, len);
    sim_after(net->sim, delay_ns,
              (struct sim_event){.kind = SIM_EVENT_FRAME,
                                 .host = net->victim,
                                 .carrier = line,
                                 .side = side,
                                 .data = copy,
                                 .data_len = len});
}

size_t hostile_first(struct hostile_net *net, uint8_t ret_frames[][CEPA_FRAME_SIZE])
{
    const struct cepa_node *victim = hostile_node(net, net->victim);
    /* Any node has what a link needs: a host's that is not in this, with its pools. */
    struct cepa_node *other = hostile_node(net, 0);
    const struct cepa_carrier carrier = {.kind = CEPA_CARRIER_SIM, .binding = {1}};
    static struct cepa_link link;
    size_t frames = 0;
    cepa_link_init(&link, &other->shared, true, true, &other->config.shaper, sim_wall(net->sim, 0),
                   sim_now(net->sim));
    CHECK_INT(cepa_link_attach(&link, 0, &carrier, sim_now(net->sim)), 0);
    CHECK_INT(cepa_link_dial(&link, &victim->own.identity.node,
                             &victim->link_identity.link_keys[0]->public_key, sim_now(net->sim)),
              0);
    while (frames < HOSTILE_FRAMES_MAX &&
           cepa_link_pull(&link, 0, ret_frames[frames], sim_now(net->sim)) > 0) {
        frames++;
    }
    cepa_link_wipe(&link);
    return frames;
}

/* --- circuits under attack -------------------------------------------------------------------- */

void hostile_run(struct hostile_net *net, uint64_t ms)
{
    for (uint64_t past_ns = 0; past_ns < ms * CEPA_MILLISECOND_NS; past_ns += TICK_NS) {
        if (net->attack != NULL) {
            net->attack(net);
        }
        sim_run(net->sim, TICK_NS);
    }
}

static bool build(struct hostile_net *net, uint32_t host, const struct cepa_node_id *last)
{
    const struct cepa_node_circuit_request request = {
        .hops_len = 3, .is_fresh = true, .last = last};
    net->watch = (struct sim_watch){.host = host};
    if (cepa_node_circuit_open(hostile_node(net, host), &net->watch.circuit, &request,
                               sim_now(net->sim)) != 0) {
        return false;
    }
    sim_poke(net->sim, host);
    for (uint64_t past_ns = 0; past_ns < BUILD_NS; past_ns += TICK_NS) {
        if (net->watch.ready > 0 || net->watch.is_closed) {
            break;
        }
        hostile_run(net, TICK_NS / CEPA_MILLISECOND_NS);
    }
    return net->watch.ready > 0;
}

static bool echo(struct hostile_net *net)
{
    static const uint8_t message[100] = {CEPA_NODE_SERVICE_ECHO};
    int error = cepa_node_circuit_send(hostile_node(net, net->watch.host), net->watch.circuit,
                                       message, sizeof message, sim_now(net->sim));
    sim_poke(net->sim, net->watch.host);
    for (uint64_t past_ns = 0; past_ns < ECHO_NS && net->watch.data == 0; past_ns += TICK_NS) {
        hostile_run(net, TICK_NS / CEPA_MILLISECOND_NS);
    }
    return error == 0 && net->watch.data > 0;
}

struct hostile_circuits hostile_try(struct hostile_net *net, uint32_t count)
{
    struct hostile_circuits circuits = {.tried = count};
    double cpu = cpu_now();
    uint64_t began_ns = sim_now(net->sim).ns;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t host = (net->victim + 1 + i % (HOSTILE_HONEST - 1)) % HOSTILE_HONEST;
        bool is_at_victim = i % 2 == 0;
        circuits.worked +=
            build(net, host,
                  is_at_victim ? &hostile_node(net, net->victim)->own.identity.node : NULL) &&
            echo(net);
        sim_unbuild(net->sim, &net->watch);
        hostile_run(net, 50);
    }
    uint64_t took_ns = sim_now(net->sim).ns - began_ns;
    circuits.cpu_s = (cpu_now() - cpu) / ((double)took_ns / (double)CEPA_SECOND_NS);
    return circuits;
}

void hostile_attack(struct hostile_net *net, const char *name,
                    void (*attack)(struct hostile_net *net), uint32_t count)
{
    struct hostile_circuits peace = hostile_try(net, PEACE);
    uint64_t refused = sim_status(net->sim, net->victim).refused_budget;
    net->attack = attack;
    struct hostile_circuits war = hostile_try(net, count);
    net->attack = NULL;
    refused = sim_status(net->sim, net->victim).refused_budget - refused;
    test_note("%s: %u of %u circuits (in peace %u of %u); CPU %.3f s per second, in peace %.3f; "
              "%llu refused",
              name, war.worked, war.tried, peace.worked, peace.tried, war.cpu_s, peace.cpu_s,
              (unsigned long long)refused);
    CHECK(peace.worked * 10 >= peace.tried * 9);
    CHECK(war.worked * 10 >= war.tried * 9);
    /* The whole network of eleven in one thread, and the culprit's own work with it. */
    CHECK(war.cpu_s < 20 * peace.cpu_s + 0.5);
}

void hostile_check_paid(struct hostile_net *net, bool is_expelled)
{
    struct cepa_mesh_status status;
    hostile_run(net, 2000);
    cepa_mesh_status_get(&status, hostile_node(net, net->victim)->mesh);
    CHECK_INT(status.expelled > 0, is_expelled);
    if (is_expelled) {
        CHECK(!hostile_connect(net)); /* and does not come back */
    }
}

struct cepa_mesh_item hostile_item(enum cepa_mesh_item_type type)
{
    struct cepa_mesh_item item;
    memset(&item, 0, sizeof item);
    item.type = type;
    return item;
}
