/* Channels, seen from a relay among strangers: what it carries, for whom, how much, and how it
 * ends; and who may introduce somebody to it. @[SPEC 10.11] */
#include "mesh/introducer.h"

#include <string.h>

#include "mesh/mesh.h"
#include "support/mesh_net.h"
#include "support/test.h"
#include "wire/mesh_message.h"

enum { PEERS = 4, SENT_MAX = 256 };

#define TOP (UINT32_C(1) << 31)

/* An item that was sent to a stranger. */
struct sent {
    uint64_t link;
    struct cepa_mesh_item item;
};

static struct mesh_net_node *node;
static struct cepa_mesh *mesh;
static uint64_t links[PEERS]; /* of relays; the last one's is a client's */
static struct cepa_time now;
static struct sent sent[SENT_MAX];
static size_t sent_len;
static size_t channels; /* CHANNEL effects */
static struct cepa_mesh_effect last_channel;
static uint64_t unlinked; /* the last that was to be closed */

static struct cepa_node_id name_of(size_t peer)
{
    struct cepa_node_id name = {{0xee, (uint8_t)(peer + 1)}};
    return name;
}

/* Notes what is said of channels. */
static void note(const struct cepa_mesh_effect *effect)
{
    struct cepa_reader reader;
    struct cepa_mesh_item item;
    cepa_reader_init(&reader, effect->data, effect->data_len);
    while (cepa_mesh_item_decode(&item, &reader) == 1) {
        if (item.type >= CEPA_MESH_ITEM_CHANNEL_OPEN && item.type <= CEPA_MESH_ITEM_CHANNEL_CLOSE) {
            CHECK(sent_len < SENT_MAX);
            sent[sent_len++] = (struct sent){effect->link, item};
        }
    }
}

static void take_effects(void)
{
    struct cepa_mesh_effect effect;
    sent_len = 0;
    channels = 0;
    while (cepa_mesh_next(mesh, &effect, now) == 0) {
        if (effect.kind == CEPA_MESH_SEND) {
            note(&effect);
        } else if (effect.kind == CEPA_MESH_CHANNEL) {
            channels++;
            last_channel = effect;
        } else if (effect.kind == CEPA_MESH_UNLINK) {
            unlinked = effect.link;
        }
    }
}

static void link_up(size_t peer)
{
    struct cepa_mesh_link_facts facts;
    memset(&facts, 0, sizeof facts);
    facts.prefix.family = CEPA_FAMILY_IPV4;
    facts.prefix.bytes[0] = 77;
    facts.prefix.bytes[1] = (uint8_t)peer;
    facts.is_relay = peer + 1 < PEERS;
    if (facts.is_relay) {
        facts.node = name_of(peer);
        facts.public_key[0] = (uint8_t)(peer + 1);
    }
    facts.peer_wall.unix_ms = MESH_NET_DAY * UINT64_C(86400000);
    links[peer] = 1000 + peer;
    cepa_mesh_on_link_up(mesh, links[peer], &facts, now);
}

static void pass(uint64_t ms)
{
    for (uint64_t i = 0; i < ms / 100; i++) {
        now = cepa_time_add(now, 100 * CEPA_MILLISECOND_NS);
        cepa_mesh_step(mesh, now, (struct cepa_wall){MESH_NET_DAY * UINT64_C(86400000)});
    }
    take_effects();
}

/* A relay to which three relays and a client have opened links: they number with the top bit. */
static void begin(void)
{
    mesh_net_reset(3);
    unlinked = 0;
    node = mesh_net_add(false);
    mesh = node->mesh;
    now = mesh_net_now();
    for (size_t i = 0; i < PEERS; i++) {
        link_up(i);
    }
    pass(1000);
}

/* A peer says something of a channel. */
static void say(size_t peer, enum cepa_mesh_item_type type, uint32_t channel, const void *name,
                enum cepa_mesh_channel_reason reason)
{
    uint8_t bytes[256];
    struct cepa_writer writer;
    struct cepa_mesh_item item;
    memset(&item, 0, sizeof item);
    item.type = type;
    item.as.channel.channel = channel;
    item.as.channel.reason = reason;
    if (name != NULL) {
        item.as.channel.has_node = true;
        memcpy(&item.as.channel.node, name, sizeof item.as.channel.node);
    }
    cepa_writer_init(&writer, bytes, sizeof bytes);
    cepa_mesh_item_encode(&writer, &item);
    CHECK(!writer.failed);
    cepa_mesh_on_message(mesh, links[peer], bytes, writer.len, now);
    take_effects();
}

static void ask_for(size_t peer, uint32_t channel, size_t target)
{
    const struct cepa_node_id name = name_of(target);
    say(peer, CEPA_MESH_ITEM_CHANNEL_OPEN, channel, &name, 0);
}

static void check_said(size_t peer, enum cepa_mesh_item_type type, uint32_t channel)
{
    CHECK_INT(sent_len, 1);
    CHECK_INT(sent[0].link, links[peer]);
    CHECK_INT(sent[0].item.type, type);
    CHECK_INT(sent[0].item.as.channel.channel, channel);
}

/* Peer 0 and peer 1 are joined; gives peer 1's number. */
static uint32_t join_two(uint32_t channel)
{
    ask_for(0, channel, 1);
    CHECK_INT(sent_len, 1);
    CHECK_INT(sent[0].link, links[1]);
    CHECK_INT(sent[0].item.type, CEPA_MESH_ITEM_CHANNEL_INCOMING);
    const struct cepa_node_id name = name_of(0);
    CHECK(sent[0].item.as.channel.has_node);
    CHECK_BYTES(&sent[0].item.as.channel.node, &name, sizeof name);
    uint32_t other = sent[0].item.as.channel.channel;
    CHECK((other & TOP) == 0); /* the peer is the link's initiator, so this side has no top bit */
    say(1, CEPA_MESH_ITEM_CHANNEL_OPENED, other, NULL, 0);
    check_said(0, CEPA_MESH_ITEM_CHANNEL_OPENED, channel);
    return other;
}

static bool is_expelled(size_t peer)
{
    pass(1200); /* until it has taken a step */
    return unlinked == links[peer];
}

TEST(two_are_joined_and_frames_pass_both_ways)
{
    uint64_t link = 0;
    uint32_t channel = 0;
    begin();
    uint32_t other = join_two(TOP | 5);
    CHECK_INT(cepa_mesh_forward(mesh, &link, &channel, links[0], TOP | 5, 1128, now), 1);
    CHECK_INT(link, links[1]);
    CHECK_INT(channel, other);
    CHECK_INT(cepa_mesh_forward(mesh, &link, &channel, links[1], other, 1128, now), 1);
    CHECK_INT(link, links[0]);
    CHECK_INT(channel, TOP | 5);
    /* Neither number is good on another link. */
    CHECK_INT(cepa_mesh_forward(mesh, &link, &channel, links[2], TOP | 5, 9, now),
              CEPA_ERR_NOT_FOUND);
    CHECK_INT(cepa_mesh_forward(mesh, &link, &channel, links[0], other, 9, now),
              CEPA_ERR_NOT_FOUND);
    CHECK(cepa_introducer_uses(mesh, links[0]) && cepa_introducer_uses(mesh, links[1]));
    CHECK(!cepa_introducer_uses(mesh, links[2]));
}

TEST(frames_pass_only_when_the_other_side_has_opened)
{
    uint64_t link = 0;
    uint32_t channel = 0;
    begin();
    ask_for(0, TOP | 1, 1);
    uint32_t other = sent[0].item.as.channel.channel;
    CHECK_INT(cepa_mesh_forward(mesh, &link, &channel, links[0], TOP | 1, 9, now),
              CEPA_ERR_NOT_FOUND);
    /* Who has asked cannot open it himself. */
    say(0, CEPA_MESH_ITEM_CHANNEL_OPENED, TOP | 1, NULL, 0);
    CHECK_INT(sent_len, 0);
    CHECK_INT(cepa_mesh_forward(mesh, &link, &channel, links[1], other, 9, now),
              CEPA_ERR_NOT_FOUND);
    /* Nor a third one. */
    say(2, CEPA_MESH_ITEM_CHANNEL_OPENED, other, NULL, 0);
    CHECK_INT(sent_len, 0);
    /* Nobody has, for a while: both are told. */
    pass(11000);
    CHECK_INT(sent_len, 2);
    for (size_t i = 0; i < 2; i++) {
        CHECK_INT(sent[i].item.type, CEPA_MESH_ITEM_CHANNEL_CLOSE);
        CHECK_INT(sent[i].item.as.channel.reason, CEPA_MESH_CHANNEL_LOST);
    }
    CHECK(sent[0].link != sent[1].link);
    CHECK(!cepa_introducer_uses(mesh, links[0]));
}

TEST(an_open_channel_lasts_until_one_side_or_its_link_ends)
{
    begin();
    uint32_t other = join_two(TOP | 1);
    pass(60000);
    CHECK(cepa_introducer_uses(mesh, links[0]));
    say(1, CEPA_MESH_ITEM_CHANNEL_CLOSE, other, NULL, CEPA_MESH_CHANNEL_DONE);
    check_said(0, CEPA_MESH_ITEM_CHANNEL_CLOSE, TOP | 1);
    CHECK_INT(sent[0].item.as.channel.reason, CEPA_MESH_CHANNEL_DONE);
    say(1, CEPA_MESH_ITEM_CHANNEL_CLOSE, other, NULL, CEPA_MESH_CHANNEL_DONE); /* again */
    CHECK_INT(sent_len, 0);
    for (size_t ends = 0; ends < 2; ends++) {
        begin();
        other = join_two(TOP | 1);
        cepa_mesh_on_link_down(mesh, links[ends], CEPA_ERR_UNREACHABLE, now);
        take_effects();
        check_said(1 - ends, CEPA_MESH_ITEM_CHANNEL_CLOSE, ends == 0 ? other : TOP | 1);
        CHECK_INT(sent[0].item.as.channel.reason, CEPA_MESH_CHANNEL_LOST);
        CHECK(!cepa_introducer_uses(mesh, links[1 - ends]));
    }
}

TEST(who_cannot_be_joined)
{
    begin();
    ask_for(0, TOP | 1, 0); /* oneself */
    check_said(0, CEPA_MESH_ITEM_CHANNEL_CLOSE, TOP | 1);
    CHECK_INT(sent[0].item.as.channel.reason, CEPA_MESH_CHANNEL_UNKNOWN);
    ask_for(0, TOP | 1, 9); /* somebody who is not here */
    CHECK_INT(sent[0].item.as.channel.reason, CEPA_MESH_CHANNEL_UNKNOWN);
    cepa_mesh_on_link_stalled(mesh, links[1], now);
    ask_for(0, TOP | 1, 1); /* somebody who does not answer */
    CHECK_INT(sent[0].item.as.channel.reason, CEPA_MESH_CHANNEL_UNKNOWN);
    /* A client may ask, and is not named. */
    ask_for(3, TOP | 1, 2);
    CHECK_INT(sent_len, 1);
    CHECK_INT(sent[0].item.type, CEPA_MESH_ITEM_CHANNEL_INCOMING);
    CHECK(!sent[0].item.as.channel.has_node);
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
    const struct cepa_node_id name = name_of(2);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin();
        if (rows[i].is_joined) {
            (void)join_two(TOP | 1);
        }
        /* Three make an end. */
        for (int k = 0; k < 3; k++) {
            say(0, rows[i].type, rows[i].channel, &name, 0);
            CHECK_INT(sent_len, 0);
            CHECK_INT(channels, 0);
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
        joined += sent_len == 1 && sent[0].item.type == CEPA_MESH_ITEM_CHANNEL_INCOMING;
    }
    CHECK_INT(joined, 16);
    check_said(0, CEPA_MESH_ITEM_CHANNEL_CLOSE, TOP | 20);
    CHECK_INT(sent[0].item.as.channel.reason, CEPA_MESH_CHANNEL_REFUSED);
    /* Another peer has its own. */
    ask_for(2, TOP | 1, 1);
    CHECK_INT(sent[0].item.type, CEPA_MESH_ITEM_CHANNEL_INCOMING);
    begin();
    uint32_t other = join_two(TOP | 1);
    size_t passed = 0;
    size_t per_s = mesh->config.limits.channel_bytes_per_s;
    now = cepa_time_add(now, 10 * CEPA_SECOND_NS);
    while (cepa_mesh_forward(mesh, &link, &channel, links[0], TOP | 1, 1000, now) == 1) {
        passed += 1000;
        CHECK(passed <= per_s);
    }
    CHECK(passed > per_s / 2 - 1000);
    CHECK_INT(cepa_mesh_forward(mesh, &link, &channel, links[0], TOP | 1, 1000, now),
              CEPA_ERR_TOO_SOON);
    /* Each pays for what it sends itself. */
    CHECK_INT(cepa_mesh_forward(mesh, &link, &channel, links[1], other, 1000, now), 1);
}

static unsigned come_in(size_t peer, uint32_t count)
{
    unsigned opened = 0;
    for (uint32_t i = 0; i < count; i++) {
        say(peer, CEPA_MESH_ITEM_CHANNEL_INCOMING, TOP | (i + 1), NULL, 0);
        CHECK_INT(sent_len, 1);
        CHECK_INT(sent[0].link, links[peer]);
        CHECK_INT(channels, sent[0].item.type == CEPA_MESH_ITEM_CHANNEL_OPENED ? 1 : 0);
        opened += (unsigned)channels;
        if (channels == 0) {
            CHECK_INT(sent[0].item.type, CEPA_MESH_ITEM_CHANNEL_CLOSE);
            CHECK_INT(sent[0].item.as.channel.reason, CEPA_MESH_CHANNEL_REFUSED);
        } else {
            CHECK_INT(last_channel.link, links[peer]);
            CHECK_INT(last_channel.channel, TOP | (i + 1));
            CHECK(!last_channel.is_initiator);
        }
    }
    return opened;
}

TEST(only_who_was_asked_to_introduces_and_so_many)
{
    begin();
    CHECK_INT(come_in(0, 3), 0);
    CHECK_INT(come_in(3, 3), 0); /* nor a client */
    begin();
    for (size_t i = 0; i < 3; i++) {
        cepa_mesh_peer_find(mesh, links[i])->introduces = true;
    }
    CHECK_INT(come_in(0, 20), 10);
    CHECK_INT(come_in(1, 20), 10);
    CHECK_INT(come_in(2, 20), 4);
    /* There is room for what this node opens itself. */
    struct cepa_mesh_attempt attempt = {.ticket = 99, .node = name_of(7)};
    unsigned own = 0;
    while (cepa_introducer_open(mesh, &attempt, cepa_mesh_peer_find(mesh, links[0]))) {
        own++;
        CHECK(own <= 8);
    }
    CHECK_INT(own, 8);
    /* What ends makes room. */
    cepa_mesh_close_channel(mesh, links[0], TOP | 1, now);
    now = cepa_time_add(now, 20 * CEPA_SECOND_NS);
    take_effects();
    say(0, CEPA_MESH_ITEM_CHANNEL_INCOMING, TOP | 50, NULL, 0);
    CHECK_INT(channels, 1);
}

TEST_MAIN(RUN(two_are_joined_and_frames_pass_both_ways),
          RUN(frames_pass_only_when_the_other_side_has_opened),
          RUN(an_open_channel_lasts_until_one_side_or_its_link_ends), RUN(who_cannot_be_joined),
          RUN(numbers_of_the_other_side_or_in_use_are_forged),
          RUN(a_peer_has_so_many_channels_and_so_many_bytes),
          RUN(only_who_was_asked_to_introduces_and_so_many))
