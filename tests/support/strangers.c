/* Links without links. */
#include "support/strangers.h"

#include <string.h>

#include "support/test.h"

enum { HEARD_MAX = 512, WANTED_MAX = 512, FIRST_LINK = 1000 };

/* What was said to somebody. */
struct heard {
    size_t stranger;
    struct cepa_mesh_item item;
};

static struct mesh_net_node *node;
static struct cepa_time now;
static struct heard heard[HEARD_MAX];
static size_t heard_len;
static struct cepa_mesh_effect wanted[WANTED_MAX];
static size_t wanted_len;

struct cepa_mesh *strangers_mesh(void)
{
    return node->mesh;
}

struct mesh_net_node *strangers_node(void)
{
    return node;
}

struct cepa_time strangers_now(void)
{
    return now;
}

uint64_t strangers_link(size_t stranger)
{
    return FIRST_LINK + stranger;
}

struct cepa_node_id strangers_name(size_t stranger)
{
    struct cepa_node_id name = {{0xee, (uint8_t)(stranger + 1)}};
    return name;
}

void strangers_key(struct cepa_ed25519_key *ret_key, size_t stranger)
{
    const struct cepa_ed25519_seed seed = {{0xee, (uint8_t)(stranger + 1)}};
    cepa_ed25519_key_init(ret_key, &seed);
}

static struct cepa_wall wall(void)
{
    return (struct cepa_wall){MESH_NET_DAY * UINT64_C(3600000) + now.ns / CEPA_MILLISECOND_NS};
}

static void hear(const struct cepa_mesh_effect *effect)
{
    struct cepa_reader reader;
    struct cepa_mesh_item item;
    cepa_reader_init(&reader, effect->data, effect->data_len);
    while (cepa_mesh_item_decode(&item, &reader) == 1) {
        CHECK(heard_len < HEARD_MAX && effect->link >= FIRST_LINK);
        heard[heard_len++] = (struct heard){(size_t)(effect->link - FIRST_LINK), item};
    }
}

static void take_effects(void)
{
    struct cepa_mesh_effect effect;
    while (cepa_mesh_next(node->mesh, &effect, now) == 0) {
        if (effect.kind == CEPA_MESH_SEND) {
            hear(&effect);
        } else {
            CHECK(wanted_len < WANTED_MAX);
            wanted[wanted_len++] = effect;
        }
    }
}

void strangers_note(void)
{
    heard_len = wanted_len = 0;
    take_effects();
}

static void link_up(size_t stranger)
{
    struct cepa_mesh_link_facts facts;
    struct cepa_ed25519_key key;
    memset(&facts, 0, sizeof facts);
    facts.prefix.family = CEPA_FAMILY_IPV4;
    facts.prefix.bytes[0] = 77;
    facts.prefix.bytes[1] = (uint8_t)stranger;
    facts.is_relay = stranger < STRANGERS_RELAYS_MAX;
    if (facts.is_relay) {
        facts.node = strangers_name(stranger);
        strangers_key(&key, stranger);
        memcpy(facts.public_key, key.public_key.bytes, sizeof facts.public_key);
    }
    facts.peer_wall = wall();
    cepa_mesh_on_link_up(node->mesh, strangers_link(stranger), &facts, now);
}

void strangers_begin(size_t relays)
{
    CHECK(relays <= STRANGERS_RELAYS_MAX);
    mesh_net_reset(3);
    node = mesh_net_add(false);
    now = mesh_net_now();
    for (size_t i = 0; i < relays; i++) {
        link_up(i);
    }
    link_up(STRANGERS_CLIENT);
    strangers_pass(1000);
}

void strangers_pass(uint64_t ms)
{
    heard_len = wanted_len = 0;
    for (uint64_t i = 0; i < ms / STRANGERS_STEP_MS; i++) {
        now = cepa_time_add(now, STRANGERS_STEP_MS * CEPA_MILLISECOND_NS);
        cepa_mesh_step(node->mesh, now, wall());
        take_effects();
    }
}

void strangers_wait(uint64_t ms)
{
    now = cepa_time_add(now, ms * CEPA_MILLISECOND_NS);
    strangers_note();
}

struct cepa_mesh_item strangers_item(enum cepa_mesh_item_type type)
{
    struct cepa_mesh_item item;
    memset(&item, 0, sizeof item);
    item.type = type;
    return item;
}

void strangers_say(size_t stranger, const struct cepa_mesh_item *item)
{
    static uint8_t bytes[CEPA_MESH_MESSAGE_SIZE_MAX];
    struct cepa_writer writer;
    cepa_writer_init(&writer, bytes, sizeof bytes);
    cepa_mesh_item_encode(&writer, item);
    CHECK(!writer.failed);
    cepa_mesh_on_message(node->mesh, strangers_link(stranger), bytes, writer.len, now);
    strangers_note();
}

const struct cepa_mesh_item *strangers_heard(size_t stranger, enum cepa_mesh_item_type type,
                                             size_t nth, size_t *ret_stranger)
{
    for (size_t i = 0; i < heard_len; i++) {
        if ((stranger == SIZE_MAX || heard[i].stranger == stranger) && heard[i].item.type == type &&
            nth-- == 0) {
            if (ret_stranger != NULL) {
                *ret_stranger = heard[i].stranger;
            }
            return &heard[i].item;
        }
    }
    return NULL;
}

size_t strangers_count(size_t stranger, enum cepa_mesh_item_type type)
{
    size_t count = 0;
    while (strangers_heard(stranger, type, count, NULL) != NULL) {
        count++;
    }
    return count;
}

const struct cepa_mesh_effect *strangers_wanted(enum cepa_mesh_effect_kind kind, size_t nth)
{
    for (size_t i = 0; i < wanted_len; i++) {
        if (wanted[i].kind == kind && nth-- == 0) {
            return &wanted[i];
        }
    }
    return NULL;
}
