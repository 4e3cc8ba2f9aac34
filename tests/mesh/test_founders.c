/* The first relays of a network: whom a node tells of whom, and whose advice it follows.
 * @[SPEC 10.13] */
#include "mesh/founders.h"

#include <string.h>

#include "support/strangers.h"
#include "support/test.h"

enum { RELAYS = 6 };

static struct cepa_mesh *mesh;

static void begin(void)
{
    strangers_begin(RELAYS);
    mesh = strangers_mesh();
}

static struct cepa_mesh_peer *peer_of(size_t stranger)
{
    return cepa_mesh_peer_find(mesh, strangers_link(stranger));
}

static struct cepa_relay_address address_of(size_t relay)
{
    struct cepa_relay_address address;
    memset(&address, 0, sizeof address);
    address.reach.family = CEPA_FAMILY_IPV4;
    address.reach.ip[0] = 203;
    address.reach.ip[3] = (uint8_t)relay;
    address.reach.port = 443;
    address.node = strangers_name(relay);
    return address;
}

/* A stranger advises to dial a relay; says whether that is done. */
static bool advise(size_t stranger, const struct cepa_relay_address *address)
{
    struct cepa_mesh_item item = strangers_item(CEPA_MESH_ITEM_RELAY);
    item.as.relay = *address;
    strangers_say(stranger, &item);
    const struct cepa_mesh_effect *dial = strangers_wanted(CEPA_MESH_LINK, 0);
    if (dial != NULL) {
        CHECK_BYTES(&dial->address.reach, &address->reach, sizeof address->reach);
        CHECK_INT(dial->purpose, CEPA_MESH_FOR_JOINING);
        CHECK(!dial->is_told); /* it is a stranger's word */
    }
    return dial != NULL;
}

TEST(advice_is_taken_from_those_that_were_asked_something)
{
    static const struct {
        enum cepa_mesh_bond bond;
        bool is_taken;
    } rows[] = {{CEPA_MESH_BOND_NONE, false},
                {CEPA_MESH_BOND_ASKED, true},
                {CEPA_MESH_BOND_REFUSED, true},
                {CEPA_MESH_BOND_NEIGHBOUR, false}};
    const struct cepa_relay_address address = address_of(20);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin();
        memset(mesh->receipt_waits, 0, sizeof mesh->receipt_waits);
        peer_of(0)->bond = rows[i].bond;
        CHECK_INT(advise(0, &address), rows[i].is_taken);
        CHECK(!advise(STRANGERS_CLIENT, &address));
    }
    /* Nor for what this node wants a receipt of, of anybody else. */
    begin();
    memset(mesh->receipt_waits, 0, sizeof mesh->receipt_waits);
    mesh->receipt_waits[0].link = strangers_link(1);
    CHECK(!advise(0, &address));
    CHECK(advise(1, &address));
}

TEST(advice_that_leads_nowhere_is_not_taken)
{
    struct cepa_relay_address self = address_of(20);
    const struct cepa_relay_address linked = address_of(3);
    const struct cepa_relay_address other = address_of(20);
    begin();
    self.node = strangers_node()->identity.node;
    peer_of(0)->bond = CEPA_MESH_BOND_REFUSED;
    CHECK(!advise(0, &self));
    CHECK(!advise(0, &linked));
    CHECK(advise(0, &other));
    CHECK(!advise(0, &other)); /* it is being dialled */
}

TEST(so_much_advice_at_once_and_no_more)
{
    unsigned taken = 0;
    begin();
    peer_of(0)->bond = CEPA_MESH_BOND_REFUSED;
    for (size_t i = 0; i < 100; i++) {
        struct cepa_relay_address address = address_of(i);
        memset(&address.node, 0x99, sizeof address.node);
        address.node.bytes[0] = (uint8_t)i;
        taken += advise(0, &address);
    }
    CHECK_INT(taken, 8);
}

/* Relay 0 asks for a dial-back, and is told of others. */
static size_t ask(void)
{
    struct cepa_mesh_item item = strangers_item(CEPA_MESH_ITEM_DIALBACK);
    item.as.dialback.nonce = 1;
    item.as.dialback.how = CEPA_RECEIPT_DIALLED;
    item.as.dialback.address = address_of(0);
    strangers_say(0, &item);
    return strangers_count(0, CEPA_MESH_ITEM_RELAY);
}

TEST(who_asks_is_told_of_three_whom_this_node_has_dialled_itself)
{
    begin();
    CHECK_INT(ask(), 0); /* where the others can be dialled is not known */
    for (size_t known = 1; known < RELAYS; known++) {
        begin();
        for (size_t i = 1; i <= known; i++) {
            peer_of(i)->facts.address = address_of(i);
        }
        peer_of(0)->facts.address = address_of(0); /* nobody is told of itself */
        CHECK_INT(ask(), known < 3 ? known : 3);
        for (size_t i = 0; i < strangers_count(0, CEPA_MESH_ITEM_RELAY); i++) {
            const struct cepa_node_id self = strangers_name(0);
            const struct cepa_mesh_item *item = strangers_heard(0, CEPA_MESH_ITEM_RELAY, i, NULL);
            CHECK(memcmp(&item->as.relay.node, &self, sizeof self) != 0);
        }
        CHECK_INT(strangers_count(SIZE_MAX, CEPA_MESH_ITEM_RELAY), known < 3 ? known : 3);
    }
}

TEST(nobody_is_told_of_guards_or_of_who_is_silent)
{
    begin();
    for (size_t i = 1; i < 4; i++) {
        peer_of(i)->facts.address = address_of(i);
    }
    peer_of(1)->facts.is_guard = true;
    peer_of(2)->is_stalled = true;
    CHECK_INT(ask(), 1);
    const struct cepa_node_id third = strangers_name(3);
    CHECK_BYTES(&strangers_heard(0, CEPA_MESH_ITEM_RELAY, 0, NULL)->as.relay.node, &third,
                sizeof third);
}

TEST_MAIN(RUN(advice_is_taken_from_those_that_were_asked_something),
          RUN(advice_that_leads_nowhere_is_not_taken), RUN(so_much_advice_at_once_and_no_more),
          RUN(who_asks_is_told_of_three_whom_this_node_has_dialled_itself),
          RUN(nobody_is_told_of_guards_or_of_who_is_silent))
