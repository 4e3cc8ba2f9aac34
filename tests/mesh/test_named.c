/* Relays that are wanted by name: the sweep spares them, and a guard is asked for its own objects,
 * one at a time. The test stands where the guard would be: it answers, lies, or floods. */
#include "mesh/named.h"

#include <string.h>

#include "base/endian.h"
#include "mesh/buckets.h"
#include "mesh/custody.h"
#include "mesh/gossip.h"
#include "support/mesh_net.h"
#include "support/test.h"

enum { NODES = 6, GUARD = 2, OTHER = 3 };

static struct mesh_net_node *node; /* who asks */
static struct cepa_mesh *mesh;
static struct cepa_time now;
static uint8_t message[CEPA_MESH_MESSAGE_SIZE_MAX];

static const uint8_t *key_of(uint32_t number)
{
    return mesh_net_node(number)->identity.signing_key.public_key.bytes;
}

static const struct cepa_index_entry *entry_of(uint32_t number)
{
    return cepa_index_find(&node->index, key_of(number));
}

static bool has_credentials(uint32_t number)
{
    size_t len = 0;
    return cepa_objects_credentials(&node->objects, &len, &entry_of(number)->record.commitment) !=
           NULL;
}

static bool has_key(uint32_t number)
{
    return cepa_gossip_key_of(mesh, entry_of(number), mesh->epoch.number) != NULL;
}

static void drop(uint32_t number)
{
    for (uint32_t slot = 0; slot < node->objects.limits.credentials_max; slot++) {
        if (cepa_objects_is_of(&node->objects, slot, key_of(number))) {
            cepa_objects_drop(&node->objects, slot);
        }
    }
}

/* Without credentials nobody finds the key records; this takes them away, too. */
static void drop_keys(void)
{
    const struct cepa_onion_epoch later = {mesh->epoch.number + 2};
    const struct cepa_onion_epoch before = {mesh->epoch.number - 1};
    cepa_objects_begin_epoch(&node->objects, later);
    cepa_objects_set_back(&node->objects, before);
}

/* A small network becomes a large one, in which a node keeps nothing for others. */
static void make(void)
{
    mesh_net_reset(6);
    for (uint32_t i = 0; i < NODES; i++) {
        struct mesh_net_node *added = mesh_net_add(false);
        if (i > 0) {
            mesh_net_join(added, mesh_net_node(0));
        }
    }
    mesh_net_run(15000);
    node = mesh_net_node(1);
    mesh = node->mesh;
    now = mesh_net_now();
    mesh->config.limits.custody_relays = 2;
    mesh->config.limits.bucket_relays = NODES;
    mesh->custody_at = cepa_time_never();
    CHECK(has_credentials(GUARD) && has_key(GUARD));
}

static void lose_guard(void)
{
    make();
    drop(GUARD);
    drop_keys();
    CHECK(!has_credentials(GUARD) && !has_key(GUARD));
    cepa_mesh_want(mesh, key_of(GUARD), now);
}

static void pass(uint64_t ms)
{
    now = cepa_time_add(now, ms * CEPA_MILLISECOND_NS);
    mesh->now = now;
}

/* What the guard is asked for; 0: nothing. */
static enum cepa_mesh_table asked(void)
{
    uint8_t request[CEPA_MESH_GUARD_REQUEST_SIZE];
    struct cepa_reader reader;
    struct cepa_mesh_item item;
    size_t len = cepa_mesh_ask_guard(mesh, request, key_of(GUARD), now);
    if (len == 0) {
        return 0;
    }
    cepa_reader_init(&reader, request, len);
    CHECK_INT(cepa_mesh_item_decode(&item, &reader), 1);
    CHECK_INT(cepa_reader_end(&reader), 0);
    CHECK_INT(item.type, CEPA_MESH_ITEM_PULL);
    CHECK_INT(item.as.pull.positions_len, 1);
    CHECK(cepa_be64_load(item.as.pull.positions) == entry_of(GUARD)->position);
    CHECK_INT(item.as.pull.epoch,
              item.as.pull.table == CEPA_MESH_TABLE_KEYS ? mesh->epoch.number : 0);
    return item.as.pull.table;
}

/* Appends an object of a relay, as its owner has it, to the message. */
static size_t append(size_t len, enum cepa_mesh_table table, uint32_t number)
{
    const struct cepa_mesh *owner = mesh_net_node(number)->mesh;
    const struct cepa_index_entry *entry =
        cepa_index_find(owner->config.index, owner->config.public_key);
    struct cepa_writer writer;
    struct cepa_mesh_item item;
    size_t item_len = 0;
    memset(&item, 0, sizeof item);
    item.as.objects.count = 1;
    if (table == CEPA_MESH_TABLE_CREDENTIALS) {
        item.type = CEPA_MESH_ITEM_CREDENTIALS;
        item.as.objects.bytes = owner->own_credentials;
        item.as.objects.bytes_len = owner->own_credentials_len;
    } else {
        item.type = CEPA_MESH_ITEM_KEYS;
        item.as.objects.bytes = cepa_gossip_key_of(owner, entry, mesh->epoch.number);
        item.as.objects.bytes_len = CEPA_KEY_RECORD_SIZE;
    }
    cepa_writer_init(&writer, message + len, sizeof message - len);
    cepa_mesh_item_encode(&writer, &item);
    CHECK_INT(cepa_writer_end(&writer, &item_len), 0);
    return len + item_len;
}

static void say(size_t len)
{
    cepa_mesh_on_guard_message(mesh, message, len, key_of(GUARD), now);
}

TEST(a_guard_gives_what_is_missing_of_it)
{
    lose_guard();
    CHECK_INT(asked(), CEPA_MESH_TABLE_CREDENTIALS);
    CHECK_INT(asked(), 0); /* once */
    say(append(0, CEPA_MESH_TABLE_CREDENTIALS, GUARD));
    CHECK(has_credentials(GUARD));
    CHECK_INT(asked(), CEPA_MESH_TABLE_KEYS);
    say(append(0, CEPA_MESH_TABLE_KEYS, GUARD));
    CHECK(has_key(GUARD));
    pass(60000);
    CHECK_INT(asked(), 0);
}

TEST(nobody_is_asked_who_is_not_wanted_or_in_a_small_network)
{
    make();
    drop(GUARD);
    CHECK_INT(asked(), 0);
    cepa_mesh_want(mesh, key_of(GUARD), now);
    mesh->config.limits.custody_relays = NODES + 1; /* all is kept by all */
    CHECK_INT(asked(), 0);
    mesh->config.limits.custody_relays = 2;
    CHECK_INT(asked(), CEPA_MESH_TABLE_CREDENTIALS);
    const uint8_t stranger[CEPA_SIGNING_KEY_SIZE] = {77};
    cepa_mesh_want(mesh, stranger, now);
    CHECK_INT(cepa_mesh_ask_guard(mesh, message, stranger, now), 0);
    say(append(0, CEPA_MESH_TABLE_CREDENTIALS, GUARD));
    CHECK(has_credentials(GUARD));
    drop(GUARD);
    mesh->named[0].until = now;
    CHECK_INT(asked(), 0); /* wanted no longer */
}

/* It answers with other relays' objects, with forged ones, unasked, or with keys first. */
TEST(what_was_not_asked_for_is_not_taken)
{
    lose_guard();
    drop(OTHER);
    say(append(0, CEPA_MESH_TABLE_CREDENTIALS, GUARD));
    CHECK(!has_credentials(GUARD)); /* nothing was asked */
    CHECK_INT(asked(), CEPA_MESH_TABLE_CREDENTIALS);
    say(append(0, CEPA_MESH_TABLE_CREDENTIALS, OTHER));
    CHECK(!has_credentials(OTHER));
    say(append(0, CEPA_MESH_TABLE_KEYS, GUARD));
    CHECK(!has_key(GUARD));
    size_t len = append(0, CEPA_MESH_TABLE_CREDENTIALS, GUARD);
    message[len - 1] ^= 1; /* of another commitment */
    say(len);
    CHECK(!has_credentials(GUARD));
    cepa_mesh_on_guard_message(mesh, message, append(0, CEPA_MESH_TABLE_CREDENTIALS, GUARD),
                               key_of(OTHER), now);
    CHECK(!has_credentials(GUARD)); /* it came from somebody else */
    len = append(0, CEPA_MESH_TABLE_KEYS, OTHER);
    say(append(len, CEPA_MESH_TABLE_CREDENTIALS, GUARD)); /* behind something else */
    CHECK(has_credentials(GUARD) && !has_credentials(OTHER));
    CHECK_INT(asked(), CEPA_MESH_TABLE_KEYS);
    say(append(0, CEPA_MESH_TABLE_KEYS, OTHER));
    CHECK(!has_key(GUARD));
    pass(6000); /* too late */
    say(append(0, CEPA_MESH_TABLE_KEYS, GUARD));
    CHECK(!has_key(GUARD));
}

/* One verification for one request; the next comes later and later, whatever the guard sends. */
TEST(a_lying_guard_is_asked_more_and_more_seldom)
{
    lose_guard();
    CHECK_INT(asked(), CEPA_MESH_TABLE_CREDENTIALS);
    say(append(0, CEPA_MESH_TABLE_CREDENTIALS, GUARD));
    uint32_t requests = 0;
    for (uint32_t s = 0; s < 600; s++) {
        if (asked() == CEPA_MESH_TABLE_KEYS) {
            requests++;
            size_t len = append(0, CEPA_MESH_TABLE_KEYS, GUARD);
            message[len - 1] ^= 1;
            say(len);
            say(append(0, CEPA_MESH_TABLE_KEYS, GUARD)); /* not looked at */
        }
        CHECK(!has_key(GUARD));
        pass(1000);
    }
    CHECK(requests >= 6 && requests <= 9);
}

/* Also where it is this node that cannot use the answer: it costs as much to find that out. */
TEST(an_answer_of_no_use_here_is_looked_at_once)
{
    lose_guard();
    CHECK_INT(asked(), CEPA_MESH_TABLE_CREDENTIALS);
    uint8_t receipts_min = node->index.rules.receipts_min;
    node->index.rules.receipts_min = 100;
    say(append(0, CEPA_MESH_TABLE_CREDENTIALS, GUARD));
    CHECK(!has_credentials(GUARD));
    node->index.rules.receipts_min = receipts_min;
    say(append(0, CEPA_MESH_TABLE_CREDENTIALS, GUARD));
    CHECK(!has_credentials(GUARD));
    CHECK_INT(asked(), 0);
    pass(5000);
    CHECK_INT(asked(), CEPA_MESH_TABLE_CREDENTIALS);
    say(append(0, CEPA_MESH_TABLE_CREDENTIALS, GUARD));
    CHECK(has_credentials(GUARD));
}

TEST(bytes_that_are_no_items_do_nothing)
{
    lose_guard();
    CHECK_INT(asked(), CEPA_MESH_TABLE_CREDENTIALS);
    size_t len = append(0, CEPA_MESH_TABLE_CREDENTIALS, GUARD);
    for (size_t cut = 0; cut < len; cut += 1 + cut / 8) {
        say(cut);
        CHECK(!has_credentials(GUARD));
    }
    message[3] = 99; /* a version that there is not */
    say(len);
    CHECK(!has_credentials(GUARD));
    memset(message, 200, sizeof message);
    say(sizeof message);
    cepa_mesh_on_guard_message(mesh, message, sizeof message + 1, key_of(GUARD), now);
    CHECK(!has_credentials(GUARD));
}

/* At the beginning of an epoch paths still use the keys before: there is time, and not everybody
 * asks at once. */
TEST(who_has_an_older_key_asks_within_a_tenth_of_the_epoch)
{
    make();
    cepa_mesh_want(mesh, key_of(GUARD), now);
    CHECK_INT(asked(), 0);
    mesh->epoch.number++;
    if (has_key(GUARD)) {
        mesh->epoch.number++; /* known ahead */
    }
    CHECK(!has_key(GUARD));
    uint64_t tenth_ms = mesh->config.calendar.epoch_len_ms / 10;
    uint64_t waited_ms = 0;
    while (asked() == 0 && waited_ms <= tenth_ms) {
        pass(100);
        waited_ms += 100;
    }
    CHECK(waited_ms > 0 && waited_ms <= tenth_ms);
}

/* As many as can be are wanted; those that were wanted last stay. */
TEST(the_table_is_bounded)
{
    make();
    for (uint32_t i = 0; i < 3 * CEPA_MESH_NAMED; i++) {
        cepa_named_add(mesh, 1000 + i, cepa_time_add(now, (1 + i) * CEPA_SECOND_NS));
        cepa_named_add(mesh, 7, cepa_time_add(now, 1000 * CEPA_SECOND_NS));
        CHECK(cepa_named_has(mesh, 1000 + i) && cepa_named_has(mesh, 7));
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < 3 * CEPA_MESH_NAMED; i++) {
        count += cepa_named_has(mesh, 1000 + i);
    }
    CHECK_INT(count, CEPA_MESH_NAMED - 1);
    pass(1000 * 1000);
    CHECK(!cepa_named_has(mesh, 7));
}

/* Neither kept nor followed, the objects of guards and anchors stay, the others go. */
TEST(the_sweep_spares_who_is_wanted)
{
    make();
    mesh->anchors_len = 0;
    memset(mesh->followed, 0, sizeof mesh->followed);
    mesh->followed[0].is_taken = true; /* a bucket that is here, of nobody */
    mesh->followed[0].is_here = true;
    mesh->followed[0].bits = 8;
    bool is_free = false;
    for (uint32_t bucket = 0; bucket < 256 && !is_free; bucket++) {
        mesh->followed[0].number = bucket;
        is_free = cepa_custody_next(mesh, 8, bucket, NULL) == NULL;
    }
    cepa_named_add(mesh, entry_of(GUARD)->position, cepa_time_add(now, CEPA_SECOND_NS));
    mesh->anchors[0] = mesh_net_node(OTHER)->identity.node;
    mesh->anchors_len = 1;
    mesh->config.limits.custody_relays = NODES; /* 6 and no eighth more */
    for (uint32_t i = 0; i < node->objects.limits.credentials_max; i++) {
        cepa_custody_step(mesh);
    }
    CHECK(has_credentials(GUARD) && has_key(GUARD) && has_credentials(OTHER));
    CHECK(has_credentials(1)); /* its own */
    CHECK(!has_credentials(0) && !has_credentials(4) && !has_credentials(5));
    pass(1000);
    mesh->anchors_len = 0;
    for (uint32_t i = 0; i < node->objects.limits.credentials_max; i++) {
        cepa_custody_step(mesh);
    }
    CHECK(!has_credentials(GUARD) && !has_credentials(OTHER));
}

/* How many items of a type a neighbour gets when it pulls an object from the node. */
static uint32_t pulled(enum cepa_mesh_table table, uint32_t number, enum cepa_mesh_item_type type)
{
    uint8_t position[CEPA_MESH_POSITION_SIZE];
    struct cepa_mesh_item item;
    struct cepa_mesh_effect effect;
    struct cepa_writer writer;
    struct cepa_reader reader;
    uint64_t link = 0;
    uint32_t count = 0;
    size_t len = 0;
    for (uint32_t i = 0; i < mesh->config.limits.links_max && link == 0; i++) {
        link = mesh->peers[i].link;
    }
    int error = 0;
    while (error == 0) {
        error = cepa_mesh_next(mesh, &effect, now); /* what waited before */
    }
    memset(&item, 0, sizeof item);
    item.type = CEPA_MESH_ITEM_PULL;
    item.as.pull.table = table;
    item.as.pull.epoch = table == CEPA_MESH_TABLE_KEYS ? mesh->epoch.number : 0;
    item.as.pull.positions = position;
    item.as.pull.positions_len = 1;
    cepa_be64_store(position, entry_of(number)->position);
    cepa_writer_init(&writer, message, sizeof message);
    cepa_mesh_item_encode(&writer, &item);
    CHECK_INT(cepa_writer_end(&writer, &len), 0);
    cepa_mesh_on_message(mesh, link, message, len, now);
    while (cepa_mesh_next(mesh, &effect, now) == 0) {
        cepa_reader_init(&reader, effect.data, effect.data_len);
        while (effect.kind == CEPA_MESH_SEND && effect.link == link &&
               cepa_mesh_item_decode(&item, &reader) == 1) {
            count += item.type == type;
        }
    }
    return count;
}

/* Whom a node wants shows in what it has: it speaks of its own objects and of those it keeps for
 * all. */
TEST(a_neighbour_does_not_learn_what_is_here_for_paths)
{
    make();
    cepa_mesh_want(mesh, key_of(GUARD), now);
    CHECK(cepa_buckets_is_followed(mesh, entry_of(GUARD)->position));
    CHECK_INT(pulled(CEPA_MESH_TABLE_CREDENTIALS, GUARD, CEPA_MESH_ITEM_ABSENT), 1);
    CHECK_INT(pulled(CEPA_MESH_TABLE_CREDENTIALS, GUARD, CEPA_MESH_ITEM_CREDENTIALS), 0);
    CHECK_INT(pulled(CEPA_MESH_TABLE_KEYS, GUARD, CEPA_MESH_ITEM_KEYS), 0);
    CHECK_INT(pulled(CEPA_MESH_TABLE_CREDENTIALS, 1, CEPA_MESH_ITEM_CREDENTIALS), 1);
    CHECK_INT(pulled(CEPA_MESH_TABLE_KEYS, 1, CEPA_MESH_ITEM_KEYS), 1);
    mesh->config.limits.custody_relays = NODES + 1;
    CHECK_INT(pulled(CEPA_MESH_TABLE_CREDENTIALS, GUARD, CEPA_MESH_ITEM_CREDENTIALS), 1);
    CHECK_INT(pulled(CEPA_MESH_TABLE_KEYS, GUARD, CEPA_MESH_ITEM_KEYS), 1);
}

TEST_MAIN(RUN(a_guard_gives_what_is_missing_of_it),
          RUN(nobody_is_asked_who_is_not_wanted_or_in_a_small_network),
          RUN(what_was_not_asked_for_is_not_taken),
          RUN(a_lying_guard_is_asked_more_and_more_seldom),
          RUN(an_answer_of_no_use_here_is_looked_at_once), RUN(bytes_that_are_no_items_do_nothing),
          RUN(who_has_an_older_key_asks_within_a_tenth_of_the_epoch), RUN(the_table_is_bounded),
          RUN(the_sweep_spares_who_is_wanted),
          RUN(a_neighbour_does_not_learn_what_is_here_for_paths))
