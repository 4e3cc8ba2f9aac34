/* Channels, seen from a relay among strangers: what it carries, for whom, how much, and how it
 * ends; and who may introduce somebody to it. @[SPEC 10.11] */
#include "mesh/introducer.h"

#include "support/strangers.h"
#include "support/test.h"

enum { RELAYS = 3 };

#define TOP (UINT32_C(1) << 31)

static struct cepa_mesh *mesh;

/* A relay to which three relays and a client have opened links: they number with the top bit. */
static void begin(void)
{
    strangers_begin(RELAYS);
    mesh = strangers_mesh();
}

/* A peer says something of a channel. */
static void say(size_t peer, enum cepa_mesh_item_type type, uint32_t channel,
                const struct cepa_node_id *name, enum cepa_mesh_channel_reason reason)
{
    struct cepa_mesh_item item = strangers_item(type);
    item.as.channel.channel = channel;
    item.as.channel.reason = reason;
    if (name != NULL) {
        item.as.channel.has_node = true;
        item.as.channel.node = *name;
    }
    strangers_say(peer, &item);
}

/* How many items about channels were said to anybody; gives one of them. */
static size_t said(struct cepa_mesh_channel *ret_channel, enum cepa_mesh_item_type *ret_type,
                   size_t *ret_peer)
{
    size_t count = 0;
    for (int type = CEPA_MESH_ITEM_CHANNEL_OPEN; type <= CEPA_MESH_ITEM_CHANNEL_CLOSE; type++) {
        const struct cepa_mesh_item *item;
        for (size_t i = 0; (item = strangers_heard(SIZE_MAX, (enum cepa_mesh_item_type)type, i,
                                                   ret_peer)) != NULL;
             i++) {
            *ret_channel = item->as.channel;
            *ret_type = item->type;
            count++;
        }
    }
    return count;
}

static void check_nothing_said(void)
{
    struct cepa_mesh_channel channel;
    enum cepa_mesh_item_type type;
    size_t peer;
    CHECK_INT(said(&channel, &type, &peer), 0);
}

/* Just this was said, to a peer; gives it. */
static struct cepa_mesh_channel check_type(size_t peer, enum cepa_mesh_item_type type)
{
    struct cepa_mesh_channel channel;
    enum cepa_mesh_item_type its = type;
    size_t to = peer;
    CHECK_INT(said(&channel, &its, &to), 1);
    CHECK_INT(to, peer);
    CHECK_INT(its, type);
    return channel;
}

static void check_said(size_t peer, enum cepa_mesh_item_type type, uint32_t channel)
{
    CHECK_INT(check_type(peer, type).channel, channel);
}

static void check_refused(size_t peer, uint32_t channel, enum cepa_mesh_channel_reason reason)
{
    const struct cepa_mesh_channel closed = check_type(peer, CEPA_MESH_ITEM_CHANNEL_CLOSE);
    CHECK_INT(closed.channel, channel);
    CHECK_INT(closed.reason, reason);
}

static void ask_for(size_t peer, uint32_t channel, size_t target)
{
    const struct cepa_node_id name = strangers_name(target);
    say(peer, CEPA_MESH_ITEM_CHANNEL_OPEN, channel, &name, 0);
}

/* Peer 0 and peer 1 are joined; gives peer 1's number. */
static uint32_t join_two(uint32_t channel)
{
    const struct cepa_node_id name = strangers_name(0);
    ask_for(0, channel, 1);
    const struct cepa_mesh_channel incoming = check_type(1, CEPA_MESH_ITEM_CHANNEL_INCOMING);
    CHECK(incoming.has_node);
    CHECK_BYTES(&incoming.node, &name, sizeof name);
    /* The peer is the link's initiator, so this side has no top bit. */
    CHECK((incoming.channel & TOP) == 0);
    say(1, CEPA_MESH_ITEM_CHANNEL_OPENED, incoming.channel, NULL, 0);
    check_said(0, CEPA_MESH_ITEM_CHANNEL_OPENED, channel);
    return incoming.channel;
}

/* How many channels that end here were begun. */
static size_t begun(void)
{
    size_t count = 0;
    while (strangers_wanted(CEPA_MESH_CHANNEL, count) != NULL) {
        count++;
    }
    return count;
}

static bool is_expelled(size_t peer)
{
    const struct cepa_mesh_effect *effect = strangers_wanted(CEPA_MESH_UNLINK, 0);
    if (effect == NULL) {
        strangers_pass(1200); /* until it has taken a step */
        effect = strangers_wanted(CEPA_MESH_UNLINK, 0);
    }
    return effect != NULL && effect->link == strangers_link(peer);
}

TEST(two_are_joined_and_frames_pass_both_ways)
{
    uint64_t link = 0;
    uint32_t channel = 0;
    begin();
    uint32_t other = join_two(TOP | 5);
    CHECK_INT(
        cepa_mesh_forward(mesh, &link, &channel, strangers_link(0), TOP | 5, 1128, strangers_now()),
        1);
    CHECK_INT(link, strangers_link(1));
    CHECK_INT(channel, other);
    CHECK_INT(
        cepa_mesh_forward(mesh, &link, &channel, strangers_link(1), other, 1128, strangers_now()),
        1);
    CHECK_INT(link, strangers_link(0));
    CHECK_INT(channel, TOP | 5);
    /* Neither number is good on another link. */
    CHECK_INT(
        cepa_mesh_forward(mesh, &link, &channel, strangers_link(2), TOP | 5, 9, strangers_now()),
        CEPA_ERR_NOT_FOUND);
    CHECK_INT(
        cepa_mesh_forward(mesh, &link, &channel, strangers_link(0), other, 9, strangers_now()),
        CEPA_ERR_NOT_FOUND);
    CHECK(cepa_introducer_uses(mesh, strangers_link(0)) &&
          cepa_introducer_uses(mesh, strangers_link(1)));
    CHECK(!cepa_introducer_uses(mesh, strangers_link(2)));
}

TEST(frames_pass_only_when_the_other_side_has_opened)
{
    uint64_t link = 0;
    uint32_t channel = 0;
    begin();
    ask_for(0, TOP | 1, 1);
    uint32_t other = check_type(1, CEPA_MESH_ITEM_CHANNEL_INCOMING).channel;
    CHECK_INT(
        cepa_mesh_forward(mesh, &link, &channel, strangers_link(0), TOP | 1, 9, strangers_now()),
        CEPA_ERR_NOT_FOUND);
    /* Who has asked cannot open it himself. */
    say(0, CEPA_MESH_ITEM_CHANNEL_OPENED, TOP | 1, NULL, 0);
    check_nothing_said();
    CHECK_INT(
        cepa_mesh_forward(mesh, &link, &channel, strangers_link(1), other, 9, strangers_now()),
        CEPA_ERR_NOT_FOUND);
    /* Nor a third one. */
    say(2, CEPA_MESH_ITEM_CHANNEL_OPENED, other, NULL, 0);
    check_nothing_said();
    /* Nobody has, for a while: both are told. */
    strangers_pass(11000);
    for (size_t i = 0; i < 2; i++) {
        CHECK_INT(strangers_count(i, CEPA_MESH_ITEM_CHANNEL_CLOSE), 1);
        const struct cepa_mesh_item *item =
            strangers_heard(i, CEPA_MESH_ITEM_CHANNEL_CLOSE, 0, NULL);
        CHECK_INT(item->as.channel.reason, CEPA_MESH_CHANNEL_LOST);
    }
    CHECK(!cepa_introducer_uses(mesh, strangers_link(0)));
}

TEST(an_open_channel_lasts_until_one_side_or_its_link_ends)
{
    begin();
    uint32_t other = join_two(TOP | 1);
    strangers_pass(60000);
    CHECK(cepa_introducer_uses(mesh, strangers_link(0)));
    say(1, CEPA_MESH_ITEM_CHANNEL_CLOSE, other, NULL, CEPA_MESH_CHANNEL_DONE);
    check_refused(0, TOP | 1, CEPA_MESH_CHANNEL_DONE);
    say(1, CEPA_MESH_ITEM_CHANNEL_CLOSE, other, NULL, CEPA_MESH_CHANNEL_DONE); /* again */
    check_nothing_said();
    for (size_t ends = 0; ends < 2; ends++) {
        begin();
        other = join_two(TOP | 1);
        cepa_mesh_on_link_down(mesh, strangers_link(ends), CEPA_ERR_UNREACHABLE, strangers_now());
        strangers_note();
        check_refused(1 - ends, ends == 0 ? other : TOP | 1, CEPA_MESH_CHANNEL_LOST);
        CHECK(!cepa_introducer_uses(mesh, strangers_link(1 - ends)));
    }
}

TEST(who_cannot_be_joined)
{
    begin();
    ask_for(0, TOP | 1, 0); /* oneself */
    check_refused(0, TOP | 1, CEPA_MESH_CHANNEL_UNKNOWN);
    ask_for(0, TOP | 1, 9); /* somebody who is not here */
    check_refused(0, TOP | 1, CEPA_MESH_CHANNEL_UNKNOWN);
    cepa_mesh_on_link_stalled(mesh, strangers_link(1), strangers_now());
    ask_for(0, TOP | 1, 1); /* somebody who does not answer */
    check_refused(0, TOP | 1, CEPA_MESH_CHANNEL_UNKNOWN);
    /* A client may ask, and is not named. */
    ask_for(STRANGERS_CLIENT, TOP | 1, 2);
    CHECK(!check_type(2, CEPA_MESH_ITEM_CHANNEL_INCOMING).has_node);
}

TEST(numbers_of_the_other_side_or_in_use_are_forged)
{
    static const struct {
        enum cepa_mesh_item_type type;
        uint32_t channel;
        bool is_joined; /* before, under number TOP | 1 */
    } rows[] = {
        {CEPA_MESH_ITEM_CHANNEL_OPEN, 1, false}, /* without the top bit it is this side's */
        {CEPA_MESH_ITEM_CHANNEL_OPEN, TOP | 1, true},
        {CEPA_MESH_ITEM_CHANNEL_INCOMING, 7, false},
        {CEPA_MESH_ITEM_CHANNEL_INCOMING, TOP | 1, true},
    };
    const struct cepa_node_id name = strangers_name(2);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin();
        if (rows[i].is_joined) {
            (void)join_two(TOP | 1);
        }
        /* Three make an end. */
        for (int k = 0; k < 3; k++) {
            say(0, rows[i].type, rows[i].channel, &name, 0);
            check_nothing_said();
            CHECK_INT(begun(), 0);
        }
        CHECK(is_expelled(0));
    }
}

TEST(a_peer_has_so_many_channels_and_so_many_bytes)
{
    uint64_t link = 0;
    uint32_t channel = 0;
    unsigned joined = 0;
    begin();
    for (uint32_t i = 0; i < 20; i++) {
        ask_for(0, TOP | (i + 1), 1);
        joined += (unsigned)strangers_count(1, CEPA_MESH_ITEM_CHANNEL_INCOMING);
    }
    CHECK_INT(joined, 16);
    check_refused(0, TOP | 20, CEPA_MESH_CHANNEL_REFUSED);
    /* Another peer has its own. */
    ask_for(2, TOP | 1, 1);
    (void)check_type(1, CEPA_MESH_ITEM_CHANNEL_INCOMING);
    begin();
    uint32_t other = join_two(TOP | 1);
    size_t passed = 0;
    size_t per_s = mesh->config.limits.channel_bytes_per_s;
    strangers_wait(10000);
    while (cepa_mesh_forward(mesh, &link, &channel, strangers_link(0), TOP | 1, 1000,
                             strangers_now()) == 1) {
        passed += 1000;
        CHECK(passed <= per_s);
    }
    CHECK(passed > per_s / 2 - 1000);
    CHECK_INT(
        cepa_mesh_forward(mesh, &link, &channel, strangers_link(0), TOP | 1, 1000, strangers_now()),
        CEPA_ERR_TOO_SOON);
    /* Each pays for what it sends itself. */
    CHECK_INT(
        cepa_mesh_forward(mesh, &link, &channel, strangers_link(1), other, 1000, strangers_now()),
        1);
}

static unsigned come_in(size_t peer, uint32_t count)
{
    unsigned opened = 0;
    for (uint32_t i = 0; i < count; i++) {
        say(peer, CEPA_MESH_ITEM_CHANNEL_INCOMING, TOP | (i + 1), NULL, 0);
        const struct cepa_mesh_effect *channel = strangers_wanted(CEPA_MESH_CHANNEL, 0);
        if (channel == NULL) {
            check_refused(peer, TOP | (i + 1), CEPA_MESH_CHANNEL_REFUSED);
            continue;
        }
        opened++;
        check_said(peer, CEPA_MESH_ITEM_CHANNEL_OPENED, TOP | (i + 1));
        CHECK_INT(channel->link, strangers_link(peer));
        CHECK_INT(channel->channel, TOP | (i + 1));
        CHECK(!channel->is_initiator);
    }
    return opened;
}

TEST(only_who_was_asked_to_introduces_and_so_many)
{
    begin();
    CHECK_INT(come_in(0, 3), 0);
    CHECK_INT(come_in(STRANGERS_CLIENT, 3), 0); /* nor a client */
    begin();
    for (size_t i = 0; i < 3; i++) {
        cepa_mesh_peer_find(mesh, strangers_link(i))->introduces = true;
    }
    CHECK_INT(come_in(0, 20), 10);
    CHECK_INT(come_in(1, 20), 10);
    CHECK_INT(come_in(2, 20), 4);
    /* There is room for what this node opens itself. */
    struct cepa_mesh_attempt attempt = {.ticket = 99, .node = strangers_name(7)};
    unsigned own = 0;
    while (cepa_introducer_open(mesh, &attempt, cepa_mesh_peer_find(mesh, strangers_link(0)))) {
        own++;
        CHECK(own <= 8);
    }
    CHECK_INT(own, 8);
    /* What ends makes room. */
    cepa_mesh_close_channel(mesh, strangers_link(0), TOP | 1, strangers_now());
    strangers_wait(20000);
    say(0, CEPA_MESH_ITEM_CHANNEL_INCOMING, TOP | 50, NULL, 0);
    CHECK_INT(begun(), 1);
}

TEST_MAIN(RUN(two_are_joined_and_frames_pass_both_ways),
          RUN(frames_pass_only_when_the_other_side_has_opened),
          RUN(an_open_channel_lasts_until_one_side_or_its_link_ends), RUN(who_cannot_be_joined),
          RUN(numbers_of_the_other_side_or_in_use_are_forged),
          RUN(a_peer_has_so_many_channels_and_so_many_bytes),
          RUN(only_who_was_asked_to_introduces_and_so_many))
