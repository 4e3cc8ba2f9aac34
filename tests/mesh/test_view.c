/* First contacts: those that the owner has told, and those that anybody may have made up. */
#include "mesh/view.h"

#include <string.h>

#include "mesh/mesh.h"
#include "support/mesh_net.h"
#include "support/test.h"

enum { STEP_MS = 100, DIALS_MAX = 4096 };

/* A dial that was wanted. */
struct dial {
    struct cepa_time at;
    uint64_t ticket;
    struct cepa_relay_address address;
};

static struct dial dials[DIALS_MAX];
static size_t dials_len;
static struct cepa_mesh *mesh;
static struct cepa_time now;

static void start(void)
{
    mesh_net_reset(7);
    mesh = mesh_net_add(false)->mesh;
    now = mesh_net_now();
    dials_len = 0;
}

/* Address `place` of the relay that is called `name`. */
static struct cepa_relay_address address_of(uint32_t name, uint8_t place)
{
    struct cepa_relay_address address;
    memset(&address, 0, sizeof address);
    address.reach.family = CEPA_FAMILY_IPV4;
    address.reach.ip[0] = 203;
    address.reach.ip[1] = place;
    address.reach.ip[3] = 1;
    address.reach.port = 443;
    memset(&address.node, 0xcc, sizeof address.node);
    memcpy(address.node.bytes, &name, sizeof name);
    return address;
}

static void take_effects(void)
{
    struct cepa_mesh_effect effect;
    while (cepa_mesh_next(mesh, &effect, now) == 0) {
        if (effect.kind == CEPA_MESH_LINK) {
            CHECK(dials_len < DIALS_MAX);
            dials[dials_len++] = (struct dial){now, effect.ticket, effect.address};
        }
    }
}

/* Goes on for so long; nobody can be reached. */
static void run(uint64_t ms)
{
    for (uint64_t i = 0; i < ms / STEP_MS; i++) {
        now = cepa_time_add(now, STEP_MS * CEPA_MILLISECOND_NS);
        cepa_mesh_step(mesh, now, (struct cepa_wall){MESH_NET_DAY * UINT64_C(3600000)});
        take_effects();
    }
}

static size_t dials_to(uint32_t name, uint8_t place)
{
    const struct cepa_relay_address address = address_of(name, place);
    size_t count = 0;
    for (size_t i = 0; i < dials_len; i++) {
        const struct cepa_relay_address *dialled = &dials[i].address;
        count += memcmp(&dialled->node, &address.node, sizeof address.node) == 0 &&
                 memcmp(dialled->reach.ip, address.reach.ip, sizeof address.reach.ip) == 0;
    }
    return count;
}

TEST(contacts_are_tried_in_turn_and_ever_more_seldom)
{
    start();
    for (uint32_t i = 0; i < 4; i++) {
        const struct cepa_relay_address contact = address_of(i, 1);
        cepa_mesh_join(mesh, &contact);
    }
    run(20000);
    for (uint32_t i = 0; i < 4; i++) {
        CHECK(dials_to(i, 1) >= 1);
    }
    size_t before = dials_len;
    run(600 * 1000);
    /* Half a minute to a little more between two times, three at once. */
    CHECK(dials_len - before >= 600 / 38 * 3 - 3);
    CHECK(dials_len - before <= 600 / 30 * 3 + 3);
}

TEST(the_seventeenth_takes_the_place_of_the_first)
{
    start();
    for (uint32_t i = 0; i <= CEPA_MESH_CONTACTS_MAX; i++) {
        const struct cepa_relay_address contact = address_of(i, 1);
        cepa_mesh_join(mesh, &contact);
    }
    run(300 * 1000);
    CHECK_INT(dials_to(0, 1), 0);
    for (uint32_t i = 1; i <= CEPA_MESH_CONTACTS_MAX; i++) {
        CHECK(dials_to(i, 1) >= 1);
    }
    /* One that is known already has its place. */
    const struct cepa_relay_address moved = address_of(5, 2);
    cepa_mesh_join(mesh, &moved);
    dials_len = 0;
    run(300 * 1000);
    CHECK(dials_to(5, 2) >= 1);
    CHECK_INT(dials_to(5, 1), 0);
    CHECK(dials_to(4, 1) >= 1);
}

TEST(a_hint_is_dialled_at_once)
{
    start();
    const struct cepa_relay_address hint = address_of(1, 1);
    cepa_mesh_hint(mesh, &hint);
    run(STEP_MS);
    CHECK_INT(dials_to(1, 1), 1);
    run(60 * 1000);
    CHECK(dials_to(1, 1) >= 2);
    /* Told anew, it is tried sooner again. */
    run(600 * 1000);
    dials_len = 0;
    const struct cepa_relay_address other = address_of(2, 1);
    cepa_mesh_hint(mesh, &other);
    run(40 * 1000);
    CHECK(dials_to(2, 1) >= 1);
}

TEST(made_up_relays_cost_a_dial_a_second)
{
    start();
    for (uint32_t i = 0; i < 600; i++) {
        const struct cepa_relay_address hint = address_of(i, 1);
        cepa_mesh_hint(mesh, &hint);
        run(STEP_MS);
    }
    CHECK(dials_len >= 30);
    CHECK(dials_len <= 61);
    /* And none when nothing new is said, but the last few. */
    dials_len = 0;
    run(3600 * 1000);
    for (size_t i = 0; i < dials_len; i++) {
        uint32_t name;
        memcpy(&name, dials[i].address.node.bytes, sizeof name);
        CHECK(name >= 600 - CEPA_MESH_HINTS_MAX);
    }
    CHECK(dials_len <= 3600 / 30 + 5 * CEPA_MESH_HINTS_MAX);
}

TEST(made_up_relays_do_not_keep_the_owner_from_joining)
{
    start();
    const struct cepa_relay_address contact = address_of(1000000, 1);
    cepa_mesh_join(mesh, &contact);
    for (uint32_t i = 0; i < 3000; i++) {
        const struct cepa_relay_address hint = address_of(i, 1);
        cepa_mesh_hint(mesh, &hint);
        run(STEP_MS);
    }
    /* As often as if nobody had said anything: doubling from 1 s to 30 s. */
    CHECK(dials_to(1000000, 1) >= 10);
    dials_len = 0;
    const struct cepa_relay_address other = address_of(1000001, 1);
    cepa_mesh_join(mesh, &other);
    run(2 * STEP_MS);
    CHECK_INT(dials_to(1000001, 1), 1);
}

TEST(a_false_address_does_not_take_the_place_of_the_true_one)
{
    const struct cepa_relay_address contact = address_of(1, 1);
    const struct cepa_relay_address liar = address_of(1, 2);
    start();
    cepa_mesh_join(mesh, &contact);
    for (uint32_t i = 0; i < 3000; i++) {
        cepa_mesh_hint(mesh, &liar);
        run(STEP_MS);
    }
    CHECK(dials_to(1, 1) >= 10);
    CHECK(dials_to(1, 2) >= 10); /* it may have moved, after all */
    CHECK_INT(dials_to(1, 1) + dials_to(1, 2), dials_len);
}

TEST_MAIN(RUN(contacts_are_tried_in_turn_and_ever_more_seldom),
          RUN(the_seventeenth_takes_the_place_of_the_first), RUN(a_hint_is_dialled_at_once),
          RUN(made_up_relays_cost_a_dial_a_second),
          RUN(made_up_relays_do_not_keep_the_owner_from_joining),
          RUN(a_false_address_does_not_take_the_place_of_the_true_one))
