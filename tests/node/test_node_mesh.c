/* What the mesh wants of a node: which addresses are dialled, at whose word. */
#include <stdlib.h>
#include <string.h>

#include "mesh/dial.h"
#include "node/node_commands.h"
#include "node/node_parts.h"
#include "support/relays.h"
#include "support/test.h"

static struct test_source source;
static struct cepa_random random_hook;
static struct cepa_node *node;
static void *memory;
static struct cepa_time now;

static void begin(bool is_test)
{
    struct cepa_node_config config = {.is_relay = false};
    const struct cepa_wall wall = {UINT64_C(1800000000000)};
    random_hook = test_source_init(&source, 5);
    config.random = &random_hook;
    if (is_test) {
        cepa_profile_test(&config.profile);
    } else {
        cepa_profile_main(&config.profile);
        config.profile.work_bits = 0;
    }
    cepa_node_limits_test(&config.limits);
    size_t size = cepa_node_size(&config);
    memory = aligned_alloc(64, (size + 63) / 64 * 64);
    CHECK(memory != NULL);
    now.ns = CEPA_SECOND_NS;
    CHECK_INT(cepa_node_init(&node, memory, size, &config, now, wall), 0);
    CHECK_INT(cepa_node_start(node, now, wall), 0);
}

static void end(void)
{
    cepa_node_wipe(node);
    free(memory);
}

static struct cepa_relay_address address_at(const uint8_t ip[4])
{
    struct cepa_relay_address address;
    memset(&address, 0, sizeof address);
    address.reach.family = CEPA_FAMILY_IPV4;
    memcpy(address.reach.ip, ip, 4);
    address.reach.port = 22;
    address.node.bytes[0] = 0x77;
    return address;
}

/* Lets the node do what it has to for so long; counts the dials to that port. */
static unsigned run(uint64_t ms)
{
    struct cepa_node_effect effect;
    unsigned dials = 0;
    for (uint64_t i = 0; i <= ms / 100; i++) {
        while (cepa_node_next(node, &effect, now) == 0) {
            dials += effect.kind == CEPA_NODE_DIAL && effect.address.reach.port == 22;
        }
        now = cepa_time_add(now, 100 * CEPA_MILLISECOND_NS);
        cepa_node_step(node, now, (struct cepa_wall){UINT64_C(1800000000000) + ms});
    }
    return dials;
}

/* At whose word an address is dialled. */
enum word { OWNER, NEIGHBOURHOOD, RECORD, RECORD_FOR_CHANNEL, ADVICE, DIALBACK, WORDS };

static void dial(enum word word, const struct cepa_relay_address *address)
{
    struct cepa_mesh_effect *effect;
    switch (word) {
    case OWNER:
        CHECK_INT(cepa_node_join(node, address, 1, now), 0);
        return;
    case NEIGHBOURHOOD:
        cepa_node_hint(node, address, now);
        return;
    case RECORD:
        CHECK(cepa_dial_address(node->mesh, address, CEPA_MESH_FOR_NEIGHBOUR) != NULL);
        return;
    case RECORD_FOR_CHANNEL:
        CHECK(cepa_dial_address(node->mesh, address, CEPA_MESH_FOR_CHANNEL) != NULL);
        return;
    case ADVICE: /* a relay's, in the beginning of a network */
        CHECK(cepa_dial_address(node->mesh, address, CEPA_MESH_FOR_JOINING) != NULL);
        return;
    case DIALBACK:
    case WORDS:
        effect = &cepa_mesh_effect_add(node->mesh, CEPA_MESH_DIALBACK)->effect;
        effect->ticket = 12345;
        effect->address = *address;
        effect->node = address->node;
        effect->has_node = true;
        return;
    }
}

/* Whoever publishes an address, or asks to be dialled back, could else make every node knock at any
 * door of its own machine and of its house. */
TEST(strangers_send_nobody_into_the_own_network)
{
    static const struct {
        uint8_t ip[4];
        bool is_private;
    } places[] = {{{127, 0, 0, 1}, true},
                  {{192, 168, 1, 1}, true},
                  {{10, 0, 0, 1}, true},
                  {{169, 254, 9, 9}, true},
                  {{203, 0, 113, 5}, false}};
    for (int is_test = 0; is_test < 2; is_test++) {
        for (enum word word = OWNER; word < WORDS; word++) {
            for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
                const struct cepa_relay_address address = address_at(places[i].ip);
                begin(is_test);
                (void)run(500);
                dial(word, &address);
                bool is_dialled = !places[i].is_private || is_test || word <= NEIGHBOURHOOD;
                unsigned dials = run(2500);
                if ((dials > 0) != is_dialled) {
                    test_note("%s, word %d, place %zu", is_test ? "test" : "main", (int)word, i);
                }
                CHECK_INT(dials > 0, is_dialled);
                /* What is not begun is known to have failed. */
                if (!is_dialled) {
                    CHECK(cepa_dial_of(node->mesh, &address.node) == NULL);
                }
                end();
            }
        }
    }
}

TEST_MAIN(RUN(strangers_send_nobody_into_the_own_network))
