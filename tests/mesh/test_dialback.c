/* Dial-backs: for whom this node dials and how often, what it certifies, and which receipts about
 * itself it believes. @[SPEC 10.13] */
#include "mesh/dialback.h"

#include <string.h>

#include "mesh/credentials.h"
#include "support/strangers.h"
#include "support/test.h"
#include "wire/reach.h"

enum { RELAYS = 12 };

static struct cepa_mesh *mesh;

static void begin(void)
{
    strangers_begin(RELAYS);
    mesh = strangers_mesh();
    strangers_pass(1000);
}

static struct cepa_relay_address address_of(size_t stranger)
{
    struct cepa_relay_address address;
    memset(&address, 0, sizeof address);
    address.reach.family = CEPA_FAMILY_IPV4;
    address.reach.ip[0] = 77;
    address.reach.ip[1] = (uint8_t)stranger;
    address.reach.ip[3] = 1;
    address.reach.port = 443;
    address.node = strangers_name(stranger);
    return address;
}

/* A relay asks to be dialled at its address, by its own name or another's. */
static void ask_as(size_t stranger, size_t name, uint64_t nonce)
{
    struct cepa_mesh_item item = strangers_item(CEPA_MESH_ITEM_DIALBACK);
    item.as.dialback.nonce = nonce;
    item.as.dialback.how = CEPA_RECEIPT_DIALLED;
    item.as.dialback.address = address_of(name);
    strangers_say(stranger, &item);
}

static void ask(size_t stranger, uint64_t nonce)
{
    ask_as(stranger, stranger, nonce);
}

/* The answer to a stranger; NULL if there is none. */
static const struct cepa_mesh_receipt *answer_to(size_t stranger)
{
    const struct cepa_mesh_item *item = strangers_heard(stranger, CEPA_MESH_ITEM_RECEIPT, 0, NULL);
    return item != NULL ? &item->as.receipt : NULL;
}

static bool is_refused(size_t stranger, uint64_t nonce)
{
    const struct cepa_mesh_receipt *receipt = answer_to(stranger);
    return receipt != NULL && !receipt->was_reached && receipt->nonce == nonce &&
           strangers_wanted(CEPA_MESH_DIALBACK, 0) == NULL;
}

TEST(who_was_reached_gets_a_receipt_that_holds)
{
    const struct cepa_node_id name = strangers_name(1);
    const struct cepa_node_id other = strangers_name(2);
    const struct cepa_relay_address address = address_of(1);
    struct cepa_prefix reached;
    begin();
    ask(1, 55);
    const struct cepa_mesh_effect *dial = strangers_wanted(CEPA_MESH_DIALBACK, 0);
    CHECK(dial != NULL && answer_to(1) == NULL);
    CHECK_BYTES(&dial->address.reach, &address.reach, sizeof address.reach);
    CHECK_BYTES(&dial->node, &name, sizeof name);
    uint64_t ticket = dial->ticket;
    cepa_mesh_on_dialback(mesh, ticket, true, strangers_now());
    strangers_note();
    const struct cepa_mesh_receipt *answer = answer_to(1);
    CHECK(answer != NULL && answer->was_reached && answer->nonce == 55);
    const struct cepa_receipt receipt = answer->receipt;
    const struct cepa_network_id *network = &strangers_node()->index.rules.network;
    CHECK_INT(cepa_receipt_verify(&receipt, network, &name), 0);
    CHECK(cepa_receipt_verify(&receipt, network, &other) != 0);
    cepa_prefix_of(&reached, &address.reach);
    CHECK(cepa_prefix_is_equal(&receipt.reached, &reached));
    CHECK_INT(receipt.how, CEPA_RECEIPT_DIALLED);
    CHECK_INT(receipt.day.number, MESH_NET_DAY);
    /* Once. */
    cepa_mesh_on_dialback(mesh, ticket, true, strangers_now());
    strangers_note();
    CHECK(answer_to(1) == NULL);
}

TEST(who_was_not_reached_or_not_in_time_gets_none)
{
    begin();
    ask(1, 7);
    cepa_mesh_on_dialback(mesh, strangers_wanted(CEPA_MESH_DIALBACK, 0)->ticket, false,
                          strangers_now());
    strangers_note();
    CHECK(is_refused(1, 7));
    ask(2, 8);
    uint64_t ticket = strangers_wanted(CEPA_MESH_DIALBACK, 0)->ticket;
    strangers_pass(11900);
    CHECK(answer_to(2) == NULL);
    strangers_pass(200);
    CHECK(answer_to(2) != NULL && !answer_to(2)->was_reached);
    cepa_mesh_on_dialback(mesh, ticket, true, strangers_now());
    strangers_note();
    CHECK(answer_to(2) == NULL);
}

TEST(a_dial_is_for_who_asks_alone)
{
    begin();
    for (uint64_t i = 0; i < 3; i++) {
        ask_as(1, 2, i); /* to somebody else's name; the third time is the last */
        CHECK(i == 2 || is_refused(1, i));
        CHECK(strangers_wanted(CEPA_MESH_DIALBACK, 0) == NULL);
    }
    const struct cepa_mesh_effect *unlink = strangers_wanted(CEPA_MESH_UNLINK, 0);
    if (unlink == NULL) {
        strangers_pass(1200);
        unlink = strangers_wanted(CEPA_MESH_UNLINK, 0);
    }
    CHECK(unlink != NULL && unlink->link == strangers_link(1));
    /* Nor for a client, who is nobody that could be dialled. */
    ask_as(STRANGERS_CLIENT, 3, 9);
    CHECK(is_refused(STRANGERS_CLIENT, 9));
}

TEST(so_many_dials_for_one_and_for_all)
{
    unsigned dials = 0;
    begin();
    for (uint64_t i = 0; i < 10; i++) {
        ask(1, i);
        dials += strangers_wanted(CEPA_MESH_DIALBACK, 0) != NULL;
        CHECK(strangers_wanted(CEPA_MESH_DIALBACK, 0) != NULL || is_refused(1, i));
    }
    CHECK(dials >= 1 && dials <= 6);
    dials = 0;
    begin();
    strangers_pass(10000);
    for (uint64_t round = 0; round < 4; round++) {
        for (size_t i = 0; i < RELAYS; i++) {
            ask(i, round);
            dials += strangers_wanted(CEPA_MESH_DIALBACK, 0) != NULL;
        }
    }
    CHECK_INT(dials, 6); /* at once, whoever asks */
    strangers_pass(5000);
    dials = 0;
    for (size_t i = 0; i < RELAYS; i++) {
        ask(i, 99);
        dials += strangers_wanted(CEPA_MESH_DIALBACK, 0) != NULL;
    }
    CHECK_INT(dials, 6);
}

/* --- about this node ------------------------------------------------------------------------- */

/* How a receipt is false. */
enum lie {
    TRUTH,
    FOR_ANOTHER,
    OF_ANOTHER_NETWORK,
    ANOTHERS,
    OF_ANOTHER_PREFIX,
    AS_IF_INTRODUCED,
    UNSIGNED,
    LIES
};

/* The stranger that this node has asked, and with which nonce. */
static size_t asked(uint64_t *ret_nonce)
{
    size_t prober = SIZE_MAX;
    for (int i = 0; i < 30 && prober == SIZE_MAX; i++) {
        const struct cepa_mesh_item *item =
            strangers_heard(SIZE_MAX, CEPA_MESH_ITEM_DIALBACK, 0, &prober);
        if (item != NULL) {
            *ret_nonce = item->as.dialback.nonce;
            CHECK_INT(item->as.dialback.how, CEPA_RECEIPT_DIALLED);
            CHECK_BYTES(&item->as.dialback.address.reach, &strangers_node()->address.reach,
                        sizeof(struct cepa_reach));
        } else {
            strangers_pass(STRANGERS_STEP_MS);
        }
    }
    CHECK(prober < RELAYS);
    return prober;
}

static void certify(size_t prober, uint64_t nonce, enum lie lie)
{
    struct cepa_mesh_item item = strangers_item(CEPA_MESH_ITEM_RECEIPT);
    struct cepa_receipt *receipt = &item.as.receipt.receipt;
    struct cepa_network_id network = strangers_node()->index.rules.network;
    struct cepa_node_id subject = strangers_node()->identity.node;
    struct cepa_ed25519_key key;
    strangers_key(&key, lie == ANOTHERS ? (prober + 1) % RELAYS : prober);
    network.bytes[0] ^= lie == OF_ANOTHER_NETWORK;
    subject.bytes[0] ^= lie == FOR_ANOTHER;
    item.as.receipt.nonce = nonce;
    item.as.receipt.was_reached = true;
    receipt->prober_prefix.family = CEPA_FAMILY_IPV4;
    receipt->prober_prefix.bytes[0] = 77;
    receipt->prober_prefix.bytes[1] = (uint8_t)prober;
    receipt->day.number = MESH_NET_DAY;
    receipt->how = lie == AS_IF_INTRODUCED ? CEPA_RECEIPT_INTRODUCED : CEPA_RECEIPT_DIALLED;
    if (receipt->how == CEPA_RECEIPT_DIALLED) {
        cepa_prefix_of(&receipt->reached, &strangers_node()->address.reach);
        receipt->reached.bytes[1] ^= lie == OF_ANOTHER_PREFIX;
    }
    cepa_receipt_sign(receipt, &key, &network, &subject);
    receipt->signature[5] ^= lie == UNSIGNED;
    strangers_say(prober, &item);
}

static size_t receipts(void)
{
    struct cepa_receipt all[CEPA_DESCRIPTOR_RECEIPTS_MAX];
    size_t len = 0;
    (void)cepa_mesh_receipts(mesh, all, &len);
    return len;
}

TEST(only_a_true_receipt_counts)
{
    for (enum lie lie = TRUTH; lie < LIES; lie++) {
        uint64_t nonce = 0;
        strangers_begin(RELAYS);
        mesh = strangers_mesh();
        size_t prober = asked(&nonce);
        certify(prober, nonce, lie);
        if (receipts() != (lie == TRUTH ? 1U : 0U)) {
            test_note("lie %d", (int)lie);
        }
        CHECK_INT(receipts(), lie == TRUTH ? 1 : 0);
        certify(prober, nonce, TRUTH); /* asked once, answered once */
        CHECK_INT(receipts(), lie == TRUTH ? 1 : 0);
    }
}

TEST(who_was_not_asked_certifies_nothing)
{
    uint64_t nonce = 0;
    strangers_begin(RELAYS);
    mesh = strangers_mesh();
    size_t prober = asked(&nonce);
    certify((prober + 1) % RELAYS, nonce, TRUTH); /* another one, who knows the nonce */
    certify(prober, nonce + 1, TRUTH);            /* to another question */
    CHECK_INT(receipts(), 0);
    certify(prober, nonce, TRUTH);
    CHECK_INT(receipts(), 1);
}

TEST(two_of_different_probers_are_enough)
{
    uint64_t nonce = 0;
    struct cepa_receipt all[CEPA_DESCRIPTOR_RECEIPTS_MAX];
    size_t len = 0;
    strangers_begin(RELAYS);
    mesh = strangers_mesh();
    size_t first = asked(&nonce);
    certify(first, nonce, TRUTH);
    CHECK(!cepa_mesh_receipts(mesh, all, &len));
    CHECK(strangers_wanted(CEPA_MESH_RECEIPTS, 0) == NULL);
    size_t second = first;
    for (int i = 0; i < 20 && second == first; i++) {
        strangers_pass(STRANGERS_STEP_MS);
        if (strangers_count(SIZE_MAX, CEPA_MESH_ITEM_DIALBACK) > 0) {
            second = asked(&nonce);
        }
    }
    CHECK(second != first);
    certify(second, nonce, TRUTH);
    CHECK(strangers_wanted(CEPA_MESH_RECEIPTS, 0) != NULL);
    CHECK(cepa_mesh_receipts(mesh, all, &len));
    CHECK_INT(len, 2);
    /* With another address they are worth nothing. */
    struct cepa_relay_address moved = strangers_node()->address;
    moved.reach.ip[0] = 199;
    cepa_mesh_set_addresses(mesh, &moved, 1, strangers_now());
    CHECK(!cepa_mesh_receipts(mesh, all, &len));
    CHECK_INT(len, 0);
}

TEST_MAIN(RUN(who_was_reached_gets_a_receipt_that_holds),
          RUN(who_was_not_reached_or_not_in_time_gets_none), RUN(a_dial_is_for_who_asks_alone),
          RUN(so_many_dials_for_one_and_for_all), RUN(only_a_true_receipt_counts),
          RUN(who_was_not_asked_certifies_nothing), RUN(two_of_different_probers_are_enough))
