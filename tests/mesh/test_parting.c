/* Neighbours part where both have more than they want, and nowhere else. */
#include "mesh/parting.h"

#include <string.h>

#include "support/mesh_net.h"
#include "support/test.h"

enum { NODES = 6 };

static struct mesh_net_node *node;
static uint64_t link;

static void say(enum cepa_mesh_neighbour_operation operation, uint8_t flags)
{
    uint8_t bytes[16];
    struct cepa_writer writer;
    struct cepa_mesh_item item;
    memset(&item, 0, sizeof item);
    item.type = CEPA_MESH_ITEM_NEIGHBOUR;
    item.as.neighbour.operation = operation;
    item.as.neighbour.flags = flags;
    cepa_writer_init(&writer, bytes, sizeof bytes);
    cepa_mesh_item_encode(&writer, &item);
    cepa_mesh_on_message(node->mesh, link, bytes, writer.len, mesh_net_now());
}

static bool all_joined(void)
{
    return mesh_net_knows_all() && mesh_net_is_connected();
}

/* A network of six, which all want more neighbours than there are; a stranger is one of node 0. */
static void begin(bool is_relay)
{
    static const struct cepa_node_id stranger = {{0xee, 1}};
    static const uint8_t key[CEPA_SIGNING_KEY_SIZE] = {0xee, 2};
    mesh_net_reset(12);
    for (uint32_t i = 0; i < NODES; i++) {
        struct mesh_net_node *one = mesh_net_add(false);
        for (uint32_t j = 0; j < i && j < 2; j++) {
            mesh_net_join(one, mesh_net_node(j));
        }
    }
    CHECK(mesh_net_run_until(all_joined, 30000));
    node = mesh_net_node(0);
    link = mesh_net_link(node, is_relay ? &stranger : NULL, key);
    say(CEPA_MESH_NEIGHBOUR_ASK, 0);
    CHECK(cepa_mesh_is_neighbour(node->mesh, link));
}

static uint32_t neighbours(void)
{
    struct cepa_mesh_status status;
    cepa_mesh_status_get(&status, node->mesh);
    return status.neighbours;
}

TEST(who_has_not_enough_stays)
{
    begin(true);
    say(CEPA_MESH_NEIGHBOUR_PART, 0);
    CHECK(cepa_mesh_is_neighbour(node->mesh, link));
    CHECK(node->mesh->parting.crowded_link == 0);
    CHECK(cepa_parting_wanted(node->mesh) == node->mesh->config.limits.neighbours);
    /* For a crowded one it looks for another one, for a minute. */
    say(CEPA_MESH_NEIGHBOUR_PART, CEPA_MESH_NEIGHBOUR_CROWDED);
    CHECK(cepa_mesh_is_neighbour(node->mesh, link));
    CHECK(cepa_parting_wanted(node->mesh) == node->mesh->config.limits.neighbours + 1);
    mesh_net_run(62000);
    CHECK(cepa_parting_wanted(node->mesh) == node->mesh->config.limits.neighbours);
}

TEST(who_has_more_than_it_wants_leaves)
{
    begin(true);
    node->mesh->config.limits.neighbours = NODES;
    say(CEPA_MESH_NEIGHBOUR_PART, 0);
    CHECK(cepa_mesh_is_neighbour(node->mesh, link));
    node->mesh->config.limits.neighbours = NODES - 1;
    say(CEPA_MESH_NEIGHBOUR_PART, 0);
    CHECK(!cepa_mesh_is_neighbour(node->mesh, link));
    say(CEPA_MESH_NEIGHBOUR_PART, 0); /* of no effect any more */
    CHECK_INT(neighbours(), NODES - 1);
}

/* What the stranger is to this node; -1 if their link is gone. */
static int stranger_bond(void)
{
    for (uint32_t i = 0; i < node->mesh->config.limits.links_max; i++) {
        if (node->mesh->peers[i].link == link) {
            return (int)node->mesh->peers[i].bond;
        }
    }
    return -1;
}

TEST(who_has_parted_is_asked_again_when_nobody_else_is_left)
{
    begin(true);
    node->mesh->config.limits.neighbours = NODES - 1;
    say(CEPA_MESH_NEIGHBOUR_PART, 0);
    CHECK_INT(stranger_bond(), CEPA_MESH_BOND_REFUSED);
    /* Something comes over its link, and so it stays. */
    for (unsigned i = 0; i < 3; i++) {
        mesh_net_run(5000);
        say(CEPA_MESH_NEIGHBOUR_PART, 0);
    }
    CHECK_INT(stranger_bond(), CEPA_MESH_BOND_REFUSED);
    node->mesh->config.limits.neighbours = NODES;
    mesh_net_run(2000);
    CHECK_INT(stranger_bond(), CEPA_MESH_BOND_ASKED);
    /* Who has no room is left alone for a while. */
    say(CEPA_MESH_NEIGHBOUR_REFUSE, 0);
    mesh_net_run(5000);
    CHECK_INT(stranger_bond(), CEPA_MESH_BOND_REFUSED);
    mesh_net_run(8000);
    CHECK_INT(stranger_bond(), CEPA_MESH_BOND_ASKED);
}

TEST(a_client_may_always_go)
{
    begin(false);
    say(CEPA_MESH_NEIGHBOUR_PART, 0);
    CHECK(!cepa_mesh_is_neighbour(node->mesh, link));
}

TEST(nobody_is_left_who_has_not_enough)
{
    begin(true);
    node->mesh->config.limits.neighbours = 3;
    bool was_asked = false;
    for (unsigned i = 0; i < 400 && !was_asked; i++) {
        mesh_net_run(100);
        was_asked = node->mesh->parting.link == link;
    }
    /* The others, which want 24, have stayed; the stranger has not. */
    CHECK(was_asked);
    CHECK_INT(neighbours(), NODES);
    say(CEPA_MESH_NEIGHBOUR_LEAVE, 0);
    CHECK(!cepa_mesh_is_neighbour(node->mesh, link));
    CHECK(node->mesh->parting.link == 0);
    mesh_net_run(60000);
    CHECK_INT(neighbours(), NODES - 1);
}

TEST(who_does_not_answer_stays)
{
    begin(true);
    node->mesh->config.limits.neighbours = 3;
    mesh_net_run(120000);
    CHECK(cepa_mesh_is_neighbour(node->mesh, link));
    CHECK(node->mesh->parting.refusals > 0);
}

TEST_MAIN(RUN(who_has_not_enough_stays), RUN(who_has_more_than_it_wants_leaves),
          RUN(who_has_parted_is_asked_again_when_nobody_else_is_left), RUN(a_client_may_always_go),
          RUN(nobody_is_left_who_has_not_enough), RUN(who_does_not_answer_stays))
