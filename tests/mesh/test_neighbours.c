/* Who becomes a neighbour, how many there are, and how one stops being one. @[SPEC 10.10] */
#include "mesh/neighbours.h"

#include "support/strangers.h"
#include "support/test.h"

static struct cepa_mesh *mesh;
static struct cepa_mesh_limits *limits;

static void begin(size_t relays)
{
    strangers_begin(relays);
    mesh = strangers_mesh();
    limits = &mesh->config.limits;
    limits->neighbours = 4;
    limits->neighbours_max = 8;
}

static void say(size_t stranger, enum cepa_mesh_neighbour_operation operation, uint8_t flags)
{
    struct cepa_mesh_item item = strangers_item(CEPA_MESH_ITEM_NEIGHBOUR);
    item.as.neighbour.operation = operation;
    item.as.neighbour.flags = flags;
    strangers_say(stranger, &item);
}

/* What was said to a stranger; 0: nothing. */
static unsigned said(size_t stranger)
{
    const struct cepa_mesh_item *item =
        strangers_heard(stranger, CEPA_MESH_ITEM_NEIGHBOUR, 0, NULL);
    return item != NULL ? item->as.neighbour.operation : 0;
}

static bool is_neighbour(size_t stranger)
{
    return cepa_mesh_peer_find(mesh, strangers_link(stranger))->bond == CEPA_MESH_BOND_NEIGHBOUR;
}

static uint32_t count(void)
{
    uint32_t outbound = 0;
    return cepa_neighbours_count(mesh, &outbound);
}

/* How many relays that asked may be neighbours: half of what is wanted is for chosen ones. */
static uint32_t room(void)
{
    return limits->neighbours_max - limits->neighbours / 2;
}

/* So many relays ask, and are taken. */
static void fill(uint32_t relays)
{
    for (size_t i = 0; i < relays; i++) {
        say(i, CEPA_MESH_NEIGHBOUR_ASK, 0);
        CHECK_INT(said(i), CEPA_MESH_NEIGHBOUR_ACCEPT);
    }
    CHECK_INT(count(), relays);
}

TEST(who_asks_is_taken_while_there_is_room)
{
    begin(8);
    fill(room());
    say(room(), CEPA_MESH_NEIGHBOUR_ASK, 0);
    CHECK_INT(said(room()), CEPA_MESH_NEIGHBOUR_REFUSE);
    CHECK(!is_neighbour(room()));
    /* One that is a neighbour already is one still. */
    say(0, CEPA_MESH_NEIGHBOUR_ASK, 0);
    CHECK_INT(said(0), CEPA_MESH_NEIGHBOUR_ACCEPT);
    CHECK_INT(count(), room());
    /* A client takes no relay's place. */
    say(STRANGERS_CLIENT, CEPA_MESH_NEIGHBOUR_ASK, 0);
    CHECK_INT(said(STRANGERS_CLIENT), CEPA_MESH_NEIGHBOUR_ACCEPT);
    CHECK_INT(count(), room());
}

/* How many of the first ones were told to leave. */
static unsigned left(uint32_t of)
{
    unsigned sum = 0;
    for (size_t i = 0; i < of; i++) {
        bool is_told = said(i) == CEPA_MESH_NEIGHBOUR_LEAVE;
        CHECK(is_told == !is_neighbour(i));
        sum += is_told;
    }
    return sum;
}

TEST(who_has_nobody_takes_the_place_of_any)
{
    begin(8);
    fill(room());
    say(room(), CEPA_MESH_NEIGHBOUR_ASK, CEPA_MESH_NEIGHBOUR_ISOLATED);
    CHECK_INT(said(room()), CEPA_MESH_NEIGHBOUR_ACCEPT);
    CHECK_INT(left(room()), 1);
    CHECK_INT(count(), room());
}

TEST(who_comes_and_goes_drives_nobody_away)
{
    unsigned driven = 0;
    begin(8);
    fill(room());
    for (int i = 0; i < 20; i++) {
        say(room(), CEPA_MESH_NEIGHBOUR_ASK, CEPA_MESH_NEIGHBOUR_ISOLATED);
        driven += left(room());
        say(room(), CEPA_MESH_NEIGHBOUR_LEAVE, 0);
        /* Whoever had to leave comes back into the place that is free. */
        for (size_t k = 0; k < room(); k++) {
            if (!is_neighbour(k)) {
                say(k, CEPA_MESH_NEIGHBOUR_ASK, 0);
                CHECK_INT(said(k), CEPA_MESH_NEIGHBOUR_ACCEPT);
            }
        }
        CHECK_INT(count(), room());
    }
    CHECK_INT(driven, 1);
    /* Where there is room it may come back. */
    say(0, CEPA_MESH_NEIGHBOUR_LEAVE, 0);
    say(room(), CEPA_MESH_NEIGHBOUR_ASK, 0);
    CHECK_INT(said(room()), CEPA_MESH_NEIGHBOUR_ACCEPT);
}

TEST(those_that_this_node_has_chosen_leave_for_nobody)
{
    begin(8);
    fill(room());
    for (size_t i = 0; i < room(); i++) {
        cepa_mesh_peer_find(mesh, strangers_link(i))->is_outbound = true;
    }
    /* They do not count among those that asked: there is room for as many. */
    say(room(), CEPA_MESH_NEIGHBOUR_ASK, CEPA_MESH_NEIGHBOUR_ISOLATED);
    CHECK_INT(said(room()), CEPA_MESH_NEIGHBOUR_ACCEPT);
    CHECK_INT(left(room()), 0);
}

TEST(a_prefix_is_refused_a_second_time)
{
    begin(3);
    cepa_mesh_peer_find(mesh, strangers_link(1))->facts.prefix =
        cepa_mesh_peer_find(mesh, strangers_link(0))->facts.prefix;
    say(0, CEPA_MESH_NEIGHBOUR_ASK, 0);
    say(1, CEPA_MESH_NEIGHBOUR_ASK, CEPA_MESH_NEIGHBOUR_ISOLATED);
    CHECK_INT(said(1), CEPA_MESH_NEIGHBOUR_REFUSE);
    CHECK(is_neighbour(0) && !is_neighbour(1));
    /* When the first is gone the second may come. */
    cepa_mesh_on_link_down(mesh, strangers_link(0), 0, strangers_now());
    strangers_note();
    say(1, CEPA_MESH_NEIGHBOUR_ASK, 0);
    CHECK_INT(said(1), CEPA_MESH_NEIGHBOUR_ACCEPT);
}

TEST(nobody_becomes_a_neighbour_by_his_own_word)
{
    static const enum cepa_mesh_neighbour_operation words[] = {
        CEPA_MESH_NEIGHBOUR_ACCEPT, CEPA_MESH_NEIGHBOUR_REFUSE, CEPA_MESH_NEIGHBOUR_LEAVE,
        CEPA_MESH_NEIGHBOUR_PART};
    begin(2);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        say(0, words[i], CEPA_MESH_NEIGHBOUR_INTRODUCE);
        CHECK(!is_neighbour(0));
        CHECK_INT(said(0), 0);
        CHECK(!cepa_mesh_peer_find(mesh, strangers_link(0))->introduces);
    }
    CHECK(strangers_wanted(CEPA_MESH_JOINED, 0) == NULL);
}

TEST(who_is_asked_answers)
{
    begin(2);
    struct cepa_mesh_peer *peer = cepa_mesh_peer_find(mesh, strangers_link(0));
    cepa_neighbours_ask(mesh, peer);
    strangers_note();
    const struct cepa_mesh_item *item = strangers_heard(0, CEPA_MESH_ITEM_NEIGHBOUR, 0, NULL);
    CHECK(item != NULL && item->as.neighbour.operation == CEPA_MESH_NEIGHBOUR_ASK);
    CHECK_INT(item->as.neighbour.flags, CEPA_MESH_NEIGHBOUR_ISOLATED); /* it can be dialled */
    CHECK(!is_neighbour(0));
    say(1, CEPA_MESH_NEIGHBOUR_ACCEPT, 0); /* somebody else */
    CHECK(!is_neighbour(0) && !is_neighbour(1));
    say(0, CEPA_MESH_NEIGHBOUR_ACCEPT, CEPA_MESH_NEIGHBOUR_INTRODUCE);
    CHECK(is_neighbour(0) && peer->is_outbound && peer->introduces);
    CHECK(strangers_wanted(CEPA_MESH_JOINED, 0) != NULL);
    /* And may leave; then he introduces nobody either. */
    say(0, CEPA_MESH_NEIGHBOUR_LEAVE, 0);
    CHECK(!is_neighbour(0) && !peer->introduces);
    say(0, CEPA_MESH_NEIGHBOUR_ACCEPT, 0);
    CHECK(!is_neighbour(0));
}

TEST(the_first_is_joining_and_the_last_is_being_alone)
{
    begin(3);
    say(STRANGERS_CLIENT, CEPA_MESH_NEIGHBOUR_ASK, 0);
    CHECK(strangers_wanted(CEPA_MESH_JOINED, 0) == NULL); /* a client is no network */
    say(0, CEPA_MESH_NEIGHBOUR_ASK, 0);
    CHECK(strangers_wanted(CEPA_MESH_JOINED, 0) != NULL);
    say(1, CEPA_MESH_NEIGHBOUR_ASK, 0);
    CHECK(strangers_wanted(CEPA_MESH_JOINED, 0) == NULL);
    for (size_t i = 0; i < 2; i++) {
        cepa_mesh_on_link_down(mesh, strangers_link(i), CEPA_ERR_UNREACHABLE, strangers_now());
        strangers_pass(1200);
        CHECK((strangers_wanted(CEPA_MESH_ALONE, 0) != NULL) == (i == 1));
    }
    strangers_pass(1200);
    CHECK(strangers_wanted(CEPA_MESH_ALONE, 0) == NULL); /* once */
}

TEST(a_node_is_introduced_only_by_who_can_be_dialled)
{
    begin(2);
    say(0, CEPA_MESH_NEIGHBOUR_ASK, CEPA_MESH_NEIGHBOUR_INTRODUCE);
    const struct cepa_mesh_item *item = strangers_heard(0, CEPA_MESH_ITEM_NEIGHBOUR, 0, NULL);
    CHECK_INT(item->as.neighbour.flags, CEPA_MESH_NEIGHBOUR_INTRODUCE);
    say(1, CEPA_MESH_NEIGHBOUR_ASK, 0);
    CHECK_INT(strangers_heard(1, CEPA_MESH_ITEM_NEIGHBOUR, 0, NULL)->as.neighbour.flags, 0);
    cepa_mesh_set_addresses(mesh, NULL, 0, strangers_now());
    say(0, CEPA_MESH_NEIGHBOUR_ASK, CEPA_MESH_NEIGHBOUR_INTRODUCE);
    CHECK_INT(strangers_heard(0, CEPA_MESH_ITEM_NEIGHBOUR, 0, NULL)->as.neighbour.flags, 0);
}

TEST_MAIN(RUN(who_asks_is_taken_while_there_is_room), RUN(who_has_nobody_takes_the_place_of_any),
          RUN(who_comes_and_goes_drives_nobody_away),
          RUN(those_that_this_node_has_chosen_leave_for_nobody),
          RUN(a_prefix_is_refused_a_second_time), RUN(nobody_becomes_a_neighbour_by_his_own_word),
          RUN(who_is_asked_answers), RUN(the_first_is_joining_and_the_last_is_being_alone),
          RUN(a_node_is_introduced_only_by_who_can_be_dialled))
