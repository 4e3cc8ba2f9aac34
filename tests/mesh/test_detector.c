/* Who is alive: what a stalled link brings about, whom its owner believes, and what it does for
 * others who ask. @[SPEC 10.12] */
#include "mesh/detector.h"

#include <string.h>

#include "support/strangers.h"
#include "support/test.h"

enum { RELAYS = 6 };

static struct cepa_mesh *mesh;

/* A relay with so many neighbours among the strangers. */
static void begin(size_t neighbours)
{
    strangers_begin(RELAYS);
    mesh = strangers_mesh();
    for (size_t i = 0; i < neighbours; i++) {
        struct cepa_mesh_item ask = strangers_item(CEPA_MESH_ITEM_NEIGHBOUR);
        ask.as.neighbour.operation = CEPA_MESH_NEIGHBOUR_ASK;
        strangers_say(i, &ask);
        const struct cepa_mesh_item *answer = strangers_heard(i, CEPA_MESH_ITEM_NEIGHBOUR, 0, NULL);
        CHECK(answer != NULL && answer->as.neighbour.operation == CEPA_MESH_NEIGHBOUR_ACCEPT);
    }
}

static struct cepa_mesh_item probe_of(size_t whom, uint64_t nonce)
{
    struct cepa_mesh_item item = strangers_item(CEPA_MESH_ITEM_PROBE);
    item.as.probe.nonce = nonce;
    item.as.probe.node = strangers_name(whom);
    return item;
}

static void answer_probe(size_t helper, uint64_t nonce, bool is_alive)
{
    struct cepa_mesh_item item = strangers_item(CEPA_MESH_ITEM_PROBED);
    item.as.probe.nonce = nonce;
    item.as.probe.is_alive = is_alive;
    strangers_say(helper, &item);
}

/* Relay 0 stalls; gives the nonce that helpers were asked with. */
static uint64_t stall(size_t wanted_helpers)
{
    const struct cepa_node_id name = strangers_name(0);
    uint64_t nonce = 0;
    cepa_mesh_on_link_stalled(mesh, strangers_link(0), strangers_now());
    strangers_note();
    CHECK_INT(strangers_count(SIZE_MAX, CEPA_MESH_ITEM_PROBE), wanted_helpers);
    for (size_t i = 0; i < wanted_helpers; i++) {
        size_t helper = 0;
        const struct cepa_mesh_item *item =
            strangers_heard(SIZE_MAX, CEPA_MESH_ITEM_PROBE, i, &helper);
        CHECK(helper != 0);
        CHECK_INT(strangers_count(helper, CEPA_MESH_ITEM_PROBE), 1); /* three different ones */
        CHECK_BYTES(&item->as.probe.node, &name, sizeof name);
        nonce = item->as.probe.nonce;
    }
    return nonce;
}

/* Whether a stranger's link was to be closed, for its silence. */
static bool is_given_up(size_t stranger)
{
    const struct cepa_mesh_effect *effect;
    for (size_t i = 0; (effect = strangers_wanted(CEPA_MESH_UNLINK, i)) != NULL; i++) {
        if (effect->link == strangers_link(stranger) && effect->error == CEPA_ERR_TIMEOUT) {
            return true;
        }
    }
    return false;
}

TEST(three_neighbours_are_asked_or_as_many_as_there_are)
{
    static const size_t rows[][2] = {{0, 0}, {1, 0}, {2, 1}, {3, 2}, {4, 3}, {6, 3}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin(rows[i][0]);
        (void)stall(rows[i][1]);
        cepa_mesh_on_link_stalled(mesh, strangers_link(0), strangers_now());
        strangers_note();
        CHECK_INT(strangers_count(SIZE_MAX, CEPA_MESH_ITEM_PROBE), 0); /* once */
    }
}

TEST(one_who_says_that_it_lives_is_believed_against_all)
{
    static const struct {
        int answers[3]; /* 1 alive, 0 not, -1 none */
        bool is_suspected;
    } rows[] = {
        {{0, 0, 0}, true},  {{0, -1, -1}, true}, {{1, 0, 0}, false},
        {{0, 0, 1}, false}, {{1, 1, 1}, false},  {{-1, -1, -1}, false}, /* the trouble is here */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin(4);
        uint64_t nonce = stall(3);
        for (size_t k = 0; k < 3; k++) {
            if (rows[i].answers[k] >= 0) {
                answer_probe(k + 1, nonce, rows[i].answers[k]);
            }
        }
        strangers_pass(1700);
        const struct cepa_mesh_effect *suspect = strangers_wanted(CEPA_MESH_SUSPECT, 0);
        if ((suspect != NULL) != rows[i].is_suspected) {
            test_note("row %zu", i);
        }
        CHECK_INT(suspect != NULL, rows[i].is_suspected);
        CHECK(suspect == NULL || suspect->link == strangers_link(0));
        /* The link is given up all the same. */
        strangers_pass(8000);
        CHECK(is_given_up(0));
        CHECK(strangers_wanted(CEPA_MESH_SUSPECT, 0) == NULL); /* once */
    }
}

TEST(a_guessed_nonce_counts_for_nothing)
{
    begin(4);
    uint64_t nonce = stall(3);
    answer_probe(5, nonce + 1, false);
    answer_probe(5, 0, false);
    strangers_pass(1700);
    CHECK(strangers_wanted(CEPA_MESH_SUSPECT, 0) == NULL);
}

TEST(a_link_that_recovers_is_left_alone)
{
    begin(4);
    uint64_t nonce = stall(3);
    answer_probe(1, nonce, false);
    cepa_mesh_on_link_recovered(mesh, strangers_link(0), strangers_now());
    answer_probe(2, nonce, false);
    strangers_pass(8000);
    CHECK(strangers_wanted(CEPA_MESH_SUSPECT, 0) == NULL);
    CHECK(!is_given_up(0));
}

TEST(after_a_suspend_nobody_is_suspected)
{
    begin(4);
    cepa_mesh_on_moved(mesh, strangers_now());
    strangers_note();
    CHECK_INT(strangers_count(0, CEPA_MESH_ITEM_PING), 1); /* each is to show that it lives */
    CHECK_INT(strangers_count(3, CEPA_MESH_ITEM_PING), 1);
    (void)stall(0);
    strangers_pass(1400);
    CHECK(strangers_wanted(CEPA_MESH_SUSPECT, 0) == NULL);
    CHECK(!is_given_up(1));
    strangers_pass(300); /* who has not is given up */
    CHECK(is_given_up(1));
}

/* --- for others ------------------------------------------------------------------------------ */

TEST(who_was_heard_just_now_need_not_be_pinged)
{
    const struct cepa_mesh_item probe = probe_of(1, 77);
    begin(2);
    strangers_say(0, &probe);
    const struct cepa_mesh_item *item = strangers_heard(0, CEPA_MESH_ITEM_PROBED, 0, NULL);
    CHECK(item != NULL && item->as.probe.is_alive && item->as.probe.nonce == 77);
    CHECK_INT(strangers_count(1, CEPA_MESH_ITEM_PING), 0);
}

TEST(one_ping_answers_all_who_ask)
{
    struct cepa_mesh_item pong = strangers_item(CEPA_MESH_ITEM_PONG);
    begin(4);
    strangers_wait(1100);
    struct cepa_mesh_item probe = probe_of(1, 70);
    strangers_say(0, &probe);
    CHECK_INT(strangers_count(1, CEPA_MESH_ITEM_PING), 1);
    pong.as.probe.nonce = strangers_heard(1, CEPA_MESH_ITEM_PING, 0, NULL)->as.probe.nonce;
    for (size_t i = 2; i < 4; i++) {
        probe = probe_of(1, 70 + i);
        strangers_say(i, &probe);
        CHECK_INT(strangers_count(SIZE_MAX, CEPA_MESH_ITEM_PING), 0);
        CHECK_INT(strangers_count(SIZE_MAX, CEPA_MESH_ITEM_PROBED), 0);
    }
    strangers_say(3, &pong); /* of another one: nothing */
    CHECK_INT(strangers_count(SIZE_MAX, CEPA_MESH_ITEM_PROBED), 0);
    strangers_say(1, &pong);
    CHECK_INT(strangers_count(SIZE_MAX, CEPA_MESH_ITEM_PROBED), 3);
    static const size_t askers[] = {0, 2, 3};
    for (size_t i = 0; i < 3; i++) {
        const struct cepa_mesh_item *item =
            strangers_heard(askers[i], CEPA_MESH_ITEM_PROBED, 0, NULL);
        CHECK(item != NULL && item->as.probe.is_alive);
        CHECK_INT(item->as.probe.nonce, 70 + askers[i]);
    }
    strangers_say(1, &pong);
    CHECK_INT(strangers_count(SIZE_MAX, CEPA_MESH_ITEM_PROBED), 0);
}

TEST(no_pong_is_no_life)
{
    static const enum { SILENT, DOWN, UNKNOWN, SELF, STALLED, CASES } first = SILENT;
    for (int what = first; what < CASES; what++) {
        begin(2);
        strangers_wait(1100);
        if (what == STALLED) {
            cepa_mesh_on_link_stalled(mesh, strangers_link(1), strangers_now());
            strangers_note();
        }
        struct cepa_mesh_item probe = probe_of(what == UNKNOWN ? 20 : what == SELF ? 0 : 1, 5);
        strangers_say(0, &probe);
        bool is_at_once = what >= UNKNOWN;
        CHECK_INT(strangers_count(0, CEPA_MESH_ITEM_PROBED), is_at_once ? 1 : 0);
        if (what == DOWN) {
            cepa_mesh_on_link_down(mesh, strangers_link(1), 0, strangers_now());
            strangers_note();
        } else if (!is_at_once) {
            strangers_pass(1200);
        }
        const struct cepa_mesh_item *item = strangers_heard(0, CEPA_MESH_ITEM_PROBED, 0, NULL);
        CHECK(item != NULL && !item->as.probe.is_alive && item->as.probe.nonce == 5);
    }
}

TEST(a_ping_is_answered_within_its_budget)
{
    struct cepa_mesh_item ping = strangers_item(CEPA_MESH_ITEM_PING);
    size_t answered = 0;
    begin(0);
    for (uint64_t i = 1; i <= 100; i++) {
        ping.as.probe.nonce = i;
        strangers_say(STRANGERS_CLIENT, &ping);
        const struct cepa_mesh_item *pong =
            strangers_heard(STRANGERS_CLIENT, CEPA_MESH_ITEM_PONG, 0, NULL);
        CHECK(pong == NULL || pong->as.probe.nonce == i);
        answered += pong != NULL;
    }
    CHECK(answered >= 2 && answered <= 34); /* two a second, 32 at once */
}

TEST_MAIN(RUN(three_neighbours_are_asked_or_as_many_as_there_are),
          RUN(one_who_says_that_it_lives_is_believed_against_all),
          RUN(a_guessed_nonce_counts_for_nothing), RUN(a_link_that_recovers_is_left_alone),
          RUN(after_a_suspend_nobody_is_suspected), RUN(who_was_heard_just_now_need_not_be_pinged),
          RUN(one_ping_answers_all_who_ask), RUN(no_pong_is_no_life),
          RUN(a_ping_is_answered_within_its_budget))
