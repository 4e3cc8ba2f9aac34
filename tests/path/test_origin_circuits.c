/* An origin's circuits over a whole little network. */
#include "path/circuits.h"

#include <string.h>

#include "support/path_net.h"
#include "support/test.h"

#define SECONDS(n) ((n)*CEPA_SECOND_NS)
#define MILLISECONDS(n) ((n)*CEPA_MILLISECOND_NS)

static struct path_net *new_net(uint32_t prepared, uint64_t seed)
{
    const struct cepa_circuits_limits limits = path_net_limits(prepared);
    return path_net_new(10, seed, &limits);
}

static void end_net(struct path_net *net)
{
    path_net_check_empty(net);
    path_net_free(net);
}

/* Words go to the last hop and come back. */
static void check_talk(struct path_net *net, struct cepa_handle circuit, const char *text)
{
    size_t heard = net->heard;
    CHECK_INT(path_net_say(net, circuit, text), 0);
    path_net_run(net, MILLISECONDS(500));
    CHECK_INT(net->heard, heard + 1);
    CHECK_INT(net->last_len, strlen(text));
    CHECK_BYTES(net->last, text, strlen(text));
}

static enum cepa_circuits_state state_of(const struct path_net *net, struct cepa_handle circuit)
{
    enum cepa_circuits_state state = CEPA_CIRCUITS_CLOSED;
    (void)cepa_circuits_path(&net->circuits, circuit, &state);
    return state;
}

TEST(circuits_of_every_length_carry_data_both_ways)
{
    for (uint32_t hops = 1; hops <= CEPA_CIRCUIT_HOPS_MAX; hops++) {
        struct path_net *net = new_net(0, hops);
        struct cepa_handle circuit = path_net_open(net, hops, false);
        path_net_run(net, MILLISECONDS(500));
        CHECK_INT(path_net_count(net, circuit, CEPA_CIRCUITS_OPENED), 1);
        check_talk(net, circuit, "there and back");
        check_talk(net, circuit, "once more");
        CHECK_INT(net->nodes[path_net_hop(net, circuit, hops - 1)].heard, 2);
        cepa_circuits_close(&net->circuits, circuit, net->now);
        path_net_run(net, MILLISECONDS(500));
        CHECK_INT(path_net_count(net, circuit, CEPA_CIRCUITS_ENDED), 1);
        end_net(net);
    }
}

TEST(every_hop_gets_new_keys_soon_and_again)
{
    struct path_net *net = new_net(0, 7);
    struct cepa_handle circuit = path_net_open(net, 3, false);
    path_net_run(net, MILLISECONDS(500));
    for (int i = 0; i < 600; i++) {
        CHECK_INT(path_net_say(net, circuit, "word"), 0);
        path_net_run(net, MILLISECONDS(100));
    }
    CHECK(net->circuits.counts.renewed >= 3);
    CHECK_INT(net->heard, 600);
    for (size_t i = 0; i < 3; i++) {
        CHECK(net->nodes[path_net_hop(net, circuit, i)].table.counts.renewed >= 1);
    }
    cepa_circuits_close(&net->circuits, circuit, net->now);
    path_net_run(net, SECONDS(1));
    end_net(net);
}

/* Breaks circuits of each length at each link, sees them salvaged or rebuilt, breaks them again. */
TEST(breaks_at_every_position_heal)
{
    for (uint32_t hops = 1; hops <= CEPA_CIRCUIT_HOPS_MAX; hops++) {
        for (uint32_t at = 0; at < hops; at++) {
            struct path_net *net = new_net(0, 100 + hops * 8 + at);
            struct cepa_handle circuit = path_net_open(net, hops, true);
            path_net_run(net, MILLISECONDS(500));
            for (unsigned round = 1; round <= 3; round++) {
                size_t from = at == 0 ? PATH_NET_ORIGIN : path_net_hop(net, circuit, at - 1);
                size_t to = path_net_hop(net, circuit, at);
                path_net_cut(net, from, to);
                path_net_run(net, SECONDS(2));
                path_net_mend(net, from, to);
                CHECK_INT(path_net_count(net, circuit, CEPA_CIRCUITS_BROKEN), round);
                CHECK_INT(path_net_count(net, circuit, CEPA_CIRCUITS_REBUILT), round);
                check_talk(net, circuit, "still here");
            }
            /* A salvage, a rebuilt circuit, and a salvage of that; or, at the guard, no salvage. */
            CHECK_INT(net->circuits.counts.salvaged, at == 0 ? 0 : 2);
            CHECK_INT(net->circuits.counts.rebuilt, at == 0 ? 3 : 1);
            cepa_circuits_close(&net->circuits, circuit, net->now);
            path_net_run(net, SECONDS(20));
            end_net(net);
        }
    }
}

TEST(a_circuit_that_is_not_kept_is_salvaged_and_then_ends)
{
    struct path_net *net = new_net(0, 9);
    struct cepa_handle circuit = path_net_open(net, 3, false);
    path_net_run(net, MILLISECONDS(500));
    path_net_cut(net, path_net_hop(net, circuit, 1), path_net_hop(net, circuit, 2));
    path_net_run(net, SECONDS(1));
    check_talk(net, circuit, "salvaged");
    path_net_cut(net, path_net_hop(net, circuit, 1), path_net_hop(net, circuit, 2));
    path_net_run(net, SECONDS(1));
    CHECK_INT(path_net_count(net, circuit, CEPA_CIRCUITS_ENDED), 1);
    CHECK_INT(path_net_say(net, circuit, "gone"), CEPA_ERR_NOT_FOUND);
    path_net_run(net, SECONDS(20));
    end_net(net);
}

/* Cells wait for room on the link, those of a salvage too. */
TEST(nothing_is_sent_without_room)
{
    struct path_net *net = new_net(0, 10);
    struct cepa_handle circuit = path_net_open(net, 3, true);
    path_net_run(net, MILLISECONDS(500));
    cepa_circuits_room(&net->circuits, circuit, 0);
    CHECK_INT(path_net_say(net, circuit, "held"), CEPA_ERR_FULL);
    path_net_cut(net, path_net_hop(net, circuit, 1), path_net_hop(net, circuit, 2));
    path_net_run(net, MILLISECONDS(500));
    CHECK_INT(state_of(net, circuit), CEPA_CIRCUITS_SALVAGING);
    cepa_circuits_room(&net->circuits, circuit, 9);
    path_net_run(net, MILLISECONDS(500));
    CHECK_INT(state_of(net, circuit), CEPA_CIRCUITS_SALVAGING);
    cepa_circuits_room(&net->circuits, circuit, 8);
    path_net_run(net, MILLISECONDS(500));
    CHECK_INT(state_of(net, circuit), CEPA_CIRCUITS_OPEN);
    check_talk(net, circuit, "the last one"); /* seventeen: sixteen parts and this */
    CHECK_INT(path_net_say(net, circuit, "too many"), CEPA_ERR_FULL);
    cepa_circuits_close(&net->circuits, circuit, net->now);
    path_net_run(net, SECONDS(20));
    end_net(net);
}

TEST(a_silent_hop_is_timed_out_and_avoided)
{
    struct path_net *net = new_net(0, 11);
    struct cepa_handle circuit = path_net_open(net, 3, true);
    path_net_run(net, MILLISECONDS(1));
    net->silent = path_net_hop(net, circuit, 1);
    path_net_run(net, SECONDS(30));
    CHECK(net->circuits.counts.build_timed_out >= 1);
    CHECK_INT(path_net_count(net, circuit, CEPA_CIRCUITS_OPENED), 1);
    check_talk(net, circuit, "around it");
    cepa_circuits_close(&net->circuits, circuit, net->now);
    path_net_run(net, SECONDS(2000));
    path_net_check_empty(net);
    path_net_free(net);
}

TEST(a_build_without_keys_ends)
{
    struct path_net *net = new_net(0, 12);
    net->is_keyless = true;
    struct cepa_handle circuit = path_net_open(net, 3, false);
    path_net_run(net, SECONDS(60));
    CHECK_INT(path_net_count(net, circuit, CEPA_CIRCUITS_ENDED), 1);
    end_net(net);
}

TEST(without_guards_a_circuit_waits_and_then_ends)
{
    struct path_net *net = new_net(0, 13);
    for (size_t i = 1; i < net->nodes_len; i++) {
        path_net_cut(net, PATH_NET_ORIGIN, i);
    }
    struct cepa_handle circuit = path_net_open(net, 3, false);
    path_net_run(net, SECONDS(60));
    CHECK_INT(path_net_count(net, circuit, CEPA_CIRCUITS_ENDED), 1);
    end_net(net);
}

TEST(circuits_are_prepared_and_given_out_at_once)
{
    struct path_net *net = new_net(3, 14);
    path_net_run(net, SECONDS(1));
    CHECK_INT(net->circuits.counts.built, 3);
    CHECK_INT(net->events_len, 0);
    const struct cepa_circuits_request request = {.group = 7};
    struct cepa_handle active;
    struct cepa_handle standby;
    CHECK_INT(cepa_circuits_open(&net->circuits, &active, &request, net->now), 0);
    CHECK_INT(state_of(net, active), CEPA_CIRCUITS_OPEN);
    CHECK_INT(cepa_circuits_open(&net->circuits, &standby, &request, net->now), 0);
    path_net_run(net, SECONDS(1));
    CHECK_INT(path_net_count(net, active, CEPA_CIRCUITS_OPENED), 1);
    CHECK_INT(path_net_count(net, standby, CEPA_CIRCUITS_OPENED), 1);
    CHECK(path_net_hop(net, active, 0) != path_net_hop(net, standby, 0));
    check_talk(net, active, "active");
    check_talk(net, standby, "standby");
    CHECK(net->circuits.counts.built >= 6); /* two were asked for: one more is kept ready */
    path_net_free(net);
}

/* Three circuits of a group; counts on how many of them each node is a hop from `first` to
 * `last`. */
static void open_group(struct path_net *net, unsigned *ret_uses, bool is_hidden, size_t first,
                       size_t last)
{
    const struct cepa_circuits_request request = {
        .hops_len = 4, .is_hidden = is_hidden, .group = 9};
    struct cepa_handle circuits[3];
    memset(ret_uses, 0, (PATH_NET_RELAYS_MAX + 1) * sizeof *ret_uses);
    for (size_t i = 0; i < 3; i++) {
        CHECK_INT(cepa_circuits_open(&net->circuits, &circuits[i], &request, net->now), 0);
        path_net_run(net, MILLISECONDS(500));
        CHECK_INT(state_of(net, circuits[i]), CEPA_CIRCUITS_OPEN);
        for (size_t hop = first; hop <= last; hop++) {
            ret_uses[path_net_hop(net, circuits[i], hop)]++;
        }
    }
    CHECK(path_net_hop(net, circuits[0], 0) != path_net_hop(net, circuits[1], 0));
}

TEST(circuits_of_a_group_share_no_relay_behind_their_guards)
{
    const struct cepa_circuits_limits limits = path_net_limits(0);
    for (uint64_t seed = 0; seed < 6; seed++) {
        struct path_net *net = path_net_new(PATH_NET_RELAYS_MAX, 40 + seed, &limits);
        unsigned uses[PATH_NET_RELAYS_MAX + 1];
        bool is_hidden = seed % 2 == 1;
        open_group(net, uses, is_hidden, 1, is_hidden ? 1 : 3);
        for (size_t i = 0; i <= PATH_NET_RELAYS_MAX; i++) {
            CHECK(uses[i] <= 1);
        }
        path_net_free(net);
    }
}

/* In a network that has not so many, they share. */
TEST(a_group_is_built_though_relays_are_few)
{
    const struct cepa_circuits_limits limits = path_net_limits(0);
    struct path_net *net = path_net_new(6, 50, &limits);
    const struct cepa_circuits_request request = {.hops_len = 4, .group = 9};
    for (size_t i = 0; i < 4; i++) {
        struct cepa_handle circuit;
        CHECK_INT(cepa_circuits_open(&net->circuits, &circuit, &request, net->now), 0);
        path_net_run(net, SECONDS(1));
        CHECK_INT(state_of(net, circuit), CEPA_CIRCUITS_OPEN);
    }
    path_net_free(net);
}

/* The first circuit that there is. */
static struct cepa_handle any_circuit(const struct path_net *net)
{
    struct cepa_handle handle = {0, 0, 0};
    CHECK_INT(cepa_pool_next(&net->circuits.circuits, &handle, 0), 0);
    return handle;
}

TEST(what_breaks_before_it_is_used_is_made_anew)
{
    struct path_net *net = new_net(3, 18);
    path_net_run(net, SECONDS(1));
    struct cepa_handle circuit = any_circuit(net);
    path_net_cut(net, path_net_hop(net, circuit, 1), path_net_hop(net, circuit, 2));
    path_net_run(net, SECONDS(3));
    CHECK(net->circuits.counts.built >= 4);
    CHECK_INT(net->circuits.counts.salvaged, 0);
    CHECK_INT(net->events_len, 0);
    CHECK_INT(state_of(net, path_net_open(net, 0, true)), CEPA_CIRCUITS_OPEN);
    path_net_free(net);
}

TEST(what_fails_together_is_one_failure)
{
    struct path_net *net = new_net(3, 19);
    net->is_keyless = true;
    path_net_run(net, MILLISECONDS(500));
    CHECK(net->circuits.counts.build_failed >= 3);
    CHECK_INT(net->circuits.prepare_failures, 1);
    net->is_keyless = false;
    path_net_run(net, SECONDS(2));
    CHECK(net->circuits.counts.built >= 3);
    CHECK_INT(net->circuits.prepare_failures, 0);
    path_net_free(net);
}

TEST(relays_without_keys_are_not_chosen)
{
    struct path_net *net = new_net(0, 20);
    for (size_t i = 0; i < net->view.len; i++) {
        net->relays[i].flags |= i % 2 == 1 ? CEPA_PATH_RELAY_KEYLESS : 0;
    }
    for (unsigned i = 0; i < 10; i++) {
        struct cepa_handle circuit = path_net_open(net, 3, true);
        path_net_run(net, SECONDS(1));
        CHECK_INT(path_net_count(net, circuit, CEPA_CIRCUITS_OPENED), 1);
        for (size_t hop = 0; hop < 3; hop++) {
            CHECK_INT((path_net_hop(net, circuit, hop) - 1) % 2, 0);
        }
        cepa_circuits_close(&net->circuits, circuit, net->now);
    }
    path_net_run(net, SECONDS(20));
    end_net(net);
}

TEST(a_kept_circuit_is_replaced_before_it_closes)
{
    struct path_net *net = new_net(0, 15);
    struct cepa_handle circuit = path_net_open(net, 3, true);
    path_net_run(net, SECONDS(1));
    for (int i = 0; i < 800 && path_net_count(net, circuit, CEPA_CIRCUITS_REPLACED) == 0; i++) {
        path_net_run(net, SECONDS(1));
    }
    CHECK_INT(path_net_count(net, circuit, CEPA_CIRCUITS_REPLACED), 1);
    CHECK(cepa_time_since(net->now, (struct cepa_time){0}) >= SECONDS(480));
    struct cepa_handle next = net->events[net->events_len - 1].other;
    check_talk(net, circuit, "old");
    check_talk(net, next, "new");
    path_net_run(net, SECONDS(40));
    CHECK_INT(path_net_count(net, circuit, CEPA_CIRCUITS_ENDED), 1);
    check_talk(net, next, "newer");
    CHECK_INT(path_net_count(net, next, CEPA_CIRCUITS_OPENED), 0);
    cepa_circuits_close(&net->circuits, next, net->now);
    path_net_run(net, SECONDS(1));
    end_net(net);
}

TEST(hidden_circuits_use_second_layer_guards)
{
    for (uint64_t seed = 0; seed < 8; seed++) {
        struct path_net *net = new_net(0, 30 + seed);
        const struct cepa_circuits_request request = {.hops_len = 3, .is_hidden = true};
        struct cepa_handle circuit;
        bool is_layer2 = false;
        CHECK_INT(cepa_circuits_open(&net->circuits, &circuit, &request, net->now), 0);
        path_net_run(net, SECONDS(1));
        CHECK_INT(state_of(net, circuit), CEPA_CIRCUITS_OPEN);
        for (size_t i = 0; i < net->layer2.entries_len; i++) {
            is_layer2 |= net->layer2.entries[i].key.bytes[0] == path_net_hop(net, circuit, 1);
        }
        CHECK(is_layer2);
        path_net_free(net);
    }
}

TEST(a_path_that_is_named_is_taken)
{
    struct path_net *net = new_net(0, 50);
    struct cepa_circuits_request request = {.hops_len = 3, .is_fresh = true, .path_len = 1};
    struct cepa_handle circuit = path_net_open(net, 3, false);
    path_net_run(net, SECONDS(1));
    CHECK_INT(cepa_circuits_open(&net->circuits, &circuit, &request, net->now), CEPA_ERR_ARGUMENT);
    /* Another one over the same relays behind the guard, the other way round. */
    enum cepa_circuits_state state;
    const struct cepa_path *path = cepa_circuits_path(&net->circuits, circuit, &state);
    request.path_len = 2;
    request.path[0] = path->hops[2].key;
    request.path[1] = path->hops[1].key;
    struct cepa_handle named;
    CHECK_INT(cepa_circuits_open(&net->circuits, &named, &request, net->now), 0);
    path_net_run(net, SECONDS(1));
    CHECK_INT(state_of(net, named), CEPA_CIRCUITS_OPEN);
    CHECK_INT(path_net_hop(net, named, 1), path_net_hop(net, circuit, 2));
    CHECK_INT(path_net_hop(net, named, 2), path_net_hop(net, circuit, 1));
    check_talk(net, named, "over both");
    /* A relay that nobody knows makes no circuit. */
    memset(&request.path[0], 0xee, sizeof request.path[0]);
    CHECK_INT(cepa_circuits_open(&net->circuits, &named, &request, net->now), 0);
    path_net_run(net, SECONDS(60));
    CHECK(state_of(net, named) != CEPA_CIRCUITS_OPEN);
    path_net_free(net);
}

TEST(the_build_limit_follows_the_median)
{
    struct path_net *net = new_net(0, 16);
    CHECK_INT(cepa_circuits_build_limit_ns(&net->circuits), SECONDS(5));
    for (int i = 0; i < 5; i++) {
        struct cepa_handle circuit = path_net_open(net, 3, false);
        path_net_run(net, SECONDS(1));
        cepa_circuits_close(&net->circuits, circuit, net->now);
    }
    CHECK_INT(cepa_circuits_build_limit_ns(&net->circuits), MILLISECONDS(1500));
    net->delay_ns = MILLISECONDS(200);
    for (int i = 0; i < 32; i++) {
        struct cepa_handle circuit = path_net_open(net, 3, false);
        path_net_run(net, SECONDS(4));
        cepa_circuits_close(&net->circuits, circuit, net->now);
    }
    CHECK_INT(cepa_circuits_build_limit_ns(&net->circuits), MILLISECONDS(3600));
    path_net_free(net);
}

TEST_MAIN(RUN(circuits_of_every_length_carry_data_both_ways),
          RUN(every_hop_gets_new_keys_soon_and_again), RUN(breaks_at_every_position_heal),
          RUN(a_circuit_that_is_not_kept_is_salvaged_and_then_ends),
          RUN(nothing_is_sent_without_room), RUN(a_silent_hop_is_timed_out_and_avoided),
          RUN(a_build_without_keys_ends), RUN(without_guards_a_circuit_waits_and_then_ends),
          RUN(circuits_are_prepared_and_given_out_at_once),
          RUN(circuits_of_a_group_share_no_relay_behind_their_guards),
          RUN(a_group_is_built_though_relays_are_few),
          RUN(what_breaks_before_it_is_used_is_made_anew), RUN(what_fails_together_is_one_failure),
          RUN(relays_without_keys_are_not_chosen), RUN(a_kept_circuit_is_replaced_before_it_closes),
          RUN(hidden_circuits_use_second_layer_guards), RUN(a_path_that_is_named_is_taken),
          RUN(the_build_limit_follows_the_median))
