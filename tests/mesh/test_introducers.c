/* Introducers that refuse, and offers that are made again. */
#include "mesh/dial.h"

#include <string.h>

#include "mesh/introducer.h"
#include "support/mesh_net.h"
#include "support/test.h"

static bool all_joined(void)
{
    return mesh_net_knows_all() && mesh_net_is_connected();
}

/* Six relays that can be dialled and one that is introduced. */
static struct mesh_net_node *make(void)
{
    mesh_net_reset(61);
    for (uint32_t i = 0; i < 6; i++) {
        struct mesh_net_node *node = mesh_net_add(false);
        for (uint32_t j = 0; j < i && j < 2; j++) {
            mesh_net_join(node, mesh_net_node(j));
        }
    }
    CHECK(mesh_net_run_until(all_joined, 60000));
    struct mesh_net_node *hidden = mesh_net_add(true);
    mesh_net_join(hidden, mesh_net_node(0));
    CHECK(mesh_net_run_until(all_joined, 60000));
    mesh_net_run(15000);
    return hidden;
}

static struct cepa_mesh_channel_state *channel_of(struct cepa_mesh *mesh, uint64_t ticket)
{
    struct cepa_mesh_channel_state *channel = cepa_introducer_find(mesh, ticket);
    CHECK(channel != NULL);
    return channel;
}

static void refuse(struct cepa_mesh *mesh, uint64_t link, uint32_t number)
{
    const struct cepa_mesh_channel item = {.channel = number, .reason = CEPA_MESH_CHANNEL_REFUSED};
    cepa_introducer_on_item(mesh, cepa_mesh_peer_find(mesh, link), CEPA_MESH_ITEM_CHANNEL_CLOSE,
                            &item);
}

TEST(each_introducer_is_asked_once)
{
    struct mesh_net_node *hidden = make();
    struct cepa_mesh *mesh = mesh_net_node(1)->mesh;
    struct cepa_node_id introducers[3];
    uint64_t asked[3] = {0};
    size_t len = 0;
    for (uint32_t i = 0; i < 6 && len < 3; i++) {
        if (cepa_mesh_peer_of(mesh, &mesh_net_node(i)->identity.node) != NULL) {
            introducers[len++] = mesh_net_node(i)->identity.node;
        }
    }
    CHECK_INT(len, 3);
    struct cepa_mesh_attempt *attempt =
        cepa_dial_through(mesh, &hidden->identity.node, introducers, len, CEPA_MESH_FOR_CHANNEL);
    CHECK(attempt != NULL);
    if (attempt == NULL) {
        return;
    }
    uint64_t ticket = attempt->ticket;
    for (size_t i = 0; i < 3; i++) {
        attempt = cepa_dial_find(mesh, ticket);
        CHECK(attempt != NULL);
        CHECK_INT(attempt->introducers_len, 2 - i);
        asked[i] = attempt->channel_link;
        CHECK(asked[i] != 0);
        CHECK(i == 0 || asked[i] != asked[i - 1]);
        CHECK(i < 2 || asked[i] != asked[0]);
        CHECK(channel_of(mesh, ticket)->links[0] == asked[i]);
        refuse(mesh, asked[i], attempt->channel);
    }
    CHECK(cepa_dial_find(mesh, ticket) == NULL);
    CHECK(cepa_introducer_find(mesh, ticket) == NULL);
}

TEST(a_silent_introducer_leaves_time_for_the_next)
{
    struct mesh_net_node *hidden = make();
    struct cepa_mesh *mesh = mesh_net_node(1)->mesh;
    const struct cepa_node_id introducers[2] = {mesh_net_node(0)->identity.node,
                                                mesh_net_node(2)->identity.node};
    struct cepa_mesh_attempt *attempt =
        cepa_dial_through(mesh, &hidden->identity.node, introducers, 2, CEPA_MESH_FOR_CHANNEL);
    CHECK(attempt != NULL);
    if (attempt == NULL) {
        return;
    }
    uint64_t ticket = attempt->ticket;
    uint64_t first = attempt->channel_link;
    mesh->now = cepa_time_add(mesh->now, 3 * CEPA_SECOND_NS);
    cepa_introducer_step(mesh);
    CHECK(attempt->channel_link == first);
    mesh->now = cepa_time_add(mesh->now, 2 * CEPA_SECOND_NS);
    cepa_introducer_step(mesh);
    CHECK(cepa_dial_find(mesh, ticket) == attempt);
    CHECK(attempt->channel_link != first || attempt->waits_for != 0);
    CHECK_INT(attempt->introducers_len, 0);
}

/* What failed is put off for long, unless this node is elsewhere now. */
TEST(offers_are_made_again_after_an_address_changes)
{
    struct mesh_net_node *hidden = make();
    struct mesh_net_node *other = mesh_net_node(1);
    struct cepa_mesh_peer *peer = cepa_mesh_peer_of(other->mesh, &hidden->identity.node);
    CHECK(peer != NULL);
    if (peer == NULL) {
        return;
    }
    for (int round = 0; round < 3; round++) {
        peer->facts.is_relayed = true;
        peer->facts.is_initiator = true;
        peer->attempt = 0;
        peer->attempts_failed = 5;
        peer->attempt_at = cepa_time_add(mesh_net_now(), 900 * CEPA_SECOND_NS);
        uint32_t offers = other->offers;
        struct cepa_relay_address address = other->address;
        if (round == 1) {
            address.reach.port++;
        }
        if (round == 2) {
            cepa_mesh_on_moved(other->mesh, mesh_net_now());
        } else {
            cepa_mesh_set_addresses(other->mesh, &address, 1, mesh_net_now());
        }
        mesh_net_run(1500);
        CHECK_INT(other->offers - offers, round == 0 ? 0 : 1);
        CHECK_INT(peer->attempts_failed, round == 0 ? 5 : 0);
        other->address = address;
    }
}

TEST_MAIN(RUN(each_introducer_is_asked_once), RUN(a_silent_introducer_leaves_time_for_the_next),
          RUN(offers_are_made_again_after_an_address_changes))
