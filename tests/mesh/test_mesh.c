/* Whole meshes in virtual time: they begin, grow, lose half, part and mend. */
#include "mesh/mesh.h"

#include <string.h>

#include "support/mesh_net.h"
#include "support/test.h"

static bool all_joined(void)
{
    return mesh_net_knows_all() && mesh_net_is_connected();
}

static void found(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct mesh_net_node *node = mesh_net_add(false);
        for (uint32_t j = 0; j < i && j < 2; j++) {
            mesh_net_join(node, mesh_net_node(j));
        }
    }
}

TEST(three_founders_certify_each_other)
{
    mesh_net_reset(1);
    found(3);
    bool is_so = mesh_net_run_until(all_joined, 10000);
    test_note("after %llu ms", (unsigned long long)(mesh_net_now().ns / 1000000 - 1000));
    CHECK(is_so);
}

/* The first relay alone could not dial so many back, nor keep them all as neighbours. */
TEST(sixty_begin_a_network_from_one)
{
    mesh_net_reset(4);
    struct mesh_net_node *first = mesh_net_add(false);
    for (uint32_t i = 1; i < 60; i++) {
        mesh_net_join(mesh_net_add(false), first);
    }
    uint64_t began = mesh_net_now().ns;
    bool is_so = mesh_net_run_until(all_joined, 15000);
    test_note("after %llu ms, at least %u neighbours",
              (unsigned long long)((mesh_net_now().ns - began) / 1000000),
              mesh_net_neighbours_min());
    CHECK(is_so);
}

/* Who cannot be dialled and does not know it never gets a receipt; nobody waits for him. */
TEST(those_who_cannot_be_dialled_do_not_keep_founders_apart)
{
    for (uint64_t seed = 40; seed < 44; seed++) {
        struct mesh_net_node *hidden[4];
        mesh_net_reset(seed);
        struct mesh_net_node *first = mesh_net_add(false);
        for (size_t i = 0; i < 4; i++) {
            hidden[i] = mesh_net_add(false);
            hidden[i]->is_natted = true;
            mesh_net_join(hidden[i], first);
            mesh_net_join(mesh_net_add(false), first);
        }
        mesh_net_run(20000);
        for (size_t i = 0; i < 4; i++) {
            mesh_net_kill(hidden[i], false);
        }
        CHECK(mesh_net_run_until(all_joined, 1000));
    }
}

TEST(an_address_of_hearsay_that_fails_is_no_fact_about_the_node)
{
    uint64_t ticket;
    mesh_net_reset(50);
    struct mesh_net_node *node = mesh_net_add(false);
    struct mesh_net_node *hidden = mesh_net_add(true);
    mesh_net_join(node, hidden);
    for (int i = 0; i < 20; i++) {
        mesh_net_run(1000); /* it is dialled again and again */
        int error = cepa_mesh_connect(node->mesh, &ticket, &hidden->address.node, mesh_net_now());
        CHECK(error != CEPA_ERR_UNREACHABLE);
    }
}

TEST(thirty_join_from_one)
{
    mesh_net_reset(2);
    found(3);
    mesh_net_run(5000);
    uint64_t began = mesh_net_now().ns;
    for (uint32_t i = 3; i < 33; i++) {
        mesh_net_join(mesh_net_add(false), mesh_net_node(0));
    }
    bool is_so = mesh_net_run_until(all_joined, 20000);
    test_note("after %llu ms, at least %u neighbours",
              (unsigned long long)((mesh_net_now().ns - began) / 1000000),
              mesh_net_neighbours_min());
    CHECK(is_so);
    for (uint32_t i = 0; i < 33; i++) {
        CHECK_INT(mesh_net_node(i)->suspected, 0);
    }
}

/* Goes on with the network of the test before. */
static bool views_are_full(void)
{
    return mesh_net_is_connected() && mesh_net_neighbours_min() >= 12;
}

TEST(half_vanish_and_the_rest_goes_on)
{
    CHECK_INT(mesh_net_count(), 33);
    mesh_net_run(30000);
    for (uint32_t i = 0; i < 33; i += 2) {
        mesh_net_kill(mesh_net_node(i), false);
    }
    uint64_t began = mesh_net_now().ns;
    mesh_net_run(3000); /* by then all have noticed */
    bool is_so = mesh_net_run_until(views_are_full, 27000);
    test_note("after %llu ms", (unsigned long long)((mesh_net_now().ns - began) / 1000000));
    CHECK(is_so);
}

TEST(idle_nodes_say_little)
{
    uint64_t frames = 0;
    uint32_t living = 0;
    enum { SECONDS = 150 }; /* an epoch */
    mesh_net_reset(3);
    found(60);
    CHECK(mesh_net_run_until(all_joined, 60000));
    mesh_net_run(210000); /* surplus neighbours have parted by then */
    ;
    for (uint32_t i = 0; i < mesh_net_count(); i++) {
        mesh_net_node(i)->frames = 0;
    }
    mesh_net_run(SECONDS * 1000);
    for (uint32_t i = 0; i < mesh_net_count(); i++) {
        frames += mesh_net_node(i)->frames;
        living++;
    }
    double bytes_per_s = (double)frames * 1128 / SECONDS / living;
    test_note("%.0f bytes/s per node both ways, at least %u neighbours", bytes_per_s,
              mesh_net_neighbours_min());
    CHECK(bytes_per_s < 2500);
}

/* Goes on with the network of the test before. */
TEST(surplus_neighbours_part)
{
    struct cepa_mesh_status status;
    struct cepa_mesh_limits limits;
    uint32_t count = mesh_net_count();
    uint32_t sum = 0;
    uint32_t most = 0;
    cepa_mesh_limits_daemon(&limits);
    for (uint32_t i = 0; i < count; i++) {
        cepa_mesh_status_get(&status, mesh_net_node(i)->mesh);
        sum += status.neighbours;
        most = status.neighbours > most ? status.neighbours : most;
        CHECK(status.neighbours_outbound >= limits.neighbours / 2);
    }
    test_note("%u neighbours wanted; at least %u, at most %u, on average %.1f", limits.neighbours,
              mesh_net_neighbours_min(), most, (double)sum / count);
    CHECK(mesh_net_neighbours_min() >= limits.neighbours);
    CHECK(sum <= (limits.neighbours + 6) * count); /* 36 without */
    CHECK(mesh_net_is_connected());
}

/* Likewise. The first two are known to all from the beginning, and are not everybody's anchors. */
TEST(anchors_are_spread)
{
    struct cepa_relay_address anchors[CEPA_MESH_ANCHORS_MAX];
    uint32_t count = mesh_net_count();
    uint32_t anchored[MESH_NET_NODES_MAX] = {0};
    uint32_t sum = 0;
    uint32_t most = 0;
    for (uint32_t i = 0; i < count; i++) {
        size_t len = cepa_mesh_anchors(mesh_net_node(i)->mesh, anchors);
        CHECK_INT(len, CEPA_MESH_ANCHORS_MAX);
        for (size_t j = 0; j < len; j++) {
            for (uint32_t k = 0; k < count; k++) {
                anchored[k] += memcmp(&mesh_net_node(k)->identity.node, &anchors[j].node,
                                      sizeof anchors[j].node) == 0;
            }
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        sum += anchored[i];
        most = anchored[i] > most ? anchored[i] : most;
    }
    test_note("%.1f have a relay as anchor on average, %u at most, %u and %u the first two",
              (double)sum / count, most, anchored[0], anchored[1]);
    CHECK(most * count <= 7 * sum);
    for (uint32_t i = 0; i < 2; i++) {
        CHECK(anchored[i] * count <= 2 * sum); /* 38 of 60 when the oldest were taken */
    }
}

TEST(a_parted_network_heals)
{
    mesh_net_reset(4);
    found(24);
    CHECK(mesh_net_run_until(all_joined, 60000));
    for (uint32_t i = 0; i < 24; i++) {
        mesh_net_node(i)->island = i % 2;
    }
    mesh_net_run(60000);
    CHECK(!mesh_net_is_connected());
    for (uint32_t i = 0; i < 24; i++) {
        mesh_net_node(i)->island = 0;
    }
    uint64_t began = mesh_net_now().ns;
    bool is_so = mesh_net_run_until(all_joined, 60000);
    test_note("after %llu ms", (unsigned long long)((mesh_net_now().ns - began) / 1000000));
    CHECK(is_so);
}

TEST(a_suspended_node_accuses_nobody)
{
    mesh_net_reset(5);
    found(12);
    CHECK(mesh_net_run_until(all_joined, 60000));
    struct mesh_net_node *sleeper = mesh_net_node(5);
    sleeper->is_suspended = true;
    mesh_net_run(60000);
    sleeper->is_suspended = false;
    uint64_t began = mesh_net_now().ns;
    struct cepa_mesh_status status;
    do {
        mesh_net_run(100);
        cepa_mesh_status_get(&status, sleeper->mesh);
    } while ((status.neighbours < 8 || !mesh_net_is_connected()) &&
             mesh_net_now().ns - began < 20 * CEPA_SECOND_NS);
    test_note("back after %llu ms", (unsigned long long)((mesh_net_now().ns - began) / 1000000));
    CHECK(mesh_net_now().ns - began <= 5 * CEPA_SECOND_NS);
    CHECK_INT(sleeper->suspected, 0);
    CHECK(status.suspends >= 1);
}

TEST(relays_behind_nat_are_introduced)
{
    mesh_net_reset(6);
    found(6);
    CHECK(mesh_net_run_until(all_joined, 60000));
    struct mesh_net_node *a = mesh_net_add(true);
    struct mesh_net_node *b = mesh_net_add(true);
    mesh_net_join(a, mesh_net_node(0));
    mesh_net_join(b, mesh_net_node(1));
    CHECK(mesh_net_run_until(all_joined, 60000));
    uint64_t link = cepa_mesh_link_of(a->mesh, &b->identity.node);
    if (link == 0) {
        uint64_t ticket = 0;
        CHECK_INT(cepa_mesh_connect(a->mesh, &ticket, &b->identity.node, mesh_net_now()), 0);
        mesh_net_run(2000);
        CHECK_INT(a->last_connected, ticket);
        link = cepa_mesh_link_of(a->mesh, &b->identity.node);
    }
    CHECK(link != 0);
    mesh_net_run(1000);
    CHECK(a->offers + b->offers >= 1);
    CHECK(a->signals + b->signals >= 1);
}

TEST(a_wrong_clock_is_reported)
{
    mesh_net_reset(7);
    found(4);
    mesh_net_run(3000);
    struct mesh_net_node *node = mesh_net_add(false);
    node->clock_ms = 700000;
    mesh_net_join(node, mesh_net_node(0));
    mesh_net_run(5000);
    CHECK_INT(node->clock_reports, 1);
    CHECK(!node->is_published);
    CHECK_INT(mesh_net_node(0)->clock_reports, 0);
}

TEST_MAIN(RUN(three_founders_certify_each_other),
          RUN(an_address_of_hearsay_that_fails_is_no_fact_about_the_node),
          RUN(sixty_begin_a_network_from_one),
          RUN(those_who_cannot_be_dialled_do_not_keep_founders_apart), RUN(thirty_join_from_one),
          RUN(half_vanish_and_the_rest_goes_on), RUN(idle_nodes_say_little),
          RUN(surplus_neighbours_part), RUN(anchors_are_spread), RUN(a_parted_network_heals),
          RUN(a_suspended_node_accuses_nobody), RUN(relays_behind_nat_are_introduced),
          RUN(a_wrong_clock_is_reported))
