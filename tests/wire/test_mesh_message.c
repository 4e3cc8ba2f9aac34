/* Items of messages: both ways, cut at every byte, and what does not decode. */
#include "wire/mesh_message.h"

#include <string.h>

#include "support/random.h"
#include "support/test.h"

static uint8_t bytes[CEPA_MESH_MESSAGE_SIZE_MAX];
static uint8_t payload[CEPA_MESH_MESSAGE_SIZE_MAX];

static struct cepa_mesh_item item_of(enum cepa_mesh_item_type type)
{
    struct cepa_mesh_item item;
    memset(&item, 0, sizeof item);
    item.type = type;
    return item;
}

/* Encodes, decodes, encodes again. Returns the length. */
static size_t round_trip(const struct cepa_mesh_item *item)
{
    static uint8_t again[CEPA_MESH_MESSAGE_SIZE_MAX];
    struct cepa_mesh_item decoded;
    struct cepa_writer writer;
    struct cepa_reader reader;
    size_t len = 0;
    size_t again_len = 0;
    cepa_writer_init(&writer, bytes, sizeof bytes);
    cepa_mesh_item_encode(&writer, item);
    CHECK_INT(cepa_writer_end(&writer, &len), 0);
    cepa_reader_init(&reader, bytes, len);
    CHECK_INT(cepa_mesh_item_decode(&decoded, &reader), 1);
    CHECK_INT(decoded.type, item->type);
    CHECK_INT(cepa_mesh_item_decode(&decoded, &reader), 0);
    cepa_reader_init(&reader, bytes, len);
    CHECK_INT(cepa_mesh_item_decode(&decoded, &reader), 1);
    cepa_writer_init(&writer, again, sizeof again);
    cepa_mesh_item_encode(&writer, &decoded);
    CHECK_INT(cepa_writer_end(&writer, &again_len), 0);
    CHECK_INT(again_len, len);
    CHECK_BYTES(again, bytes, len);
    for (size_t cut = 1; cut < len && cut < 300; cut++) {
        cepa_reader_init(&reader, bytes, cut);
        CHECK(cepa_mesh_item_decode(&decoded, &reader) < 0);
    }
    return len;
}

TEST(gossip_both_ways)
{
    struct test_random random = {5};
    test_random_bytes(&random, payload, sizeof payload);
    struct cepa_mesh_item item = item_of(CEPA_MESH_ITEM_ROOTS);
    item.as.roots.len = 3;
    item.as.roots.roots[0].table = CEPA_MESH_TABLE_INDEX;
    item.as.roots.roots[1].table = CEPA_MESH_TABLE_KEYS;
    item.as.roots.roots[1].epoch = 7;
    item.as.roots.roots[2].table = CEPA_MESH_TABLE_KEYS;
    item.as.roots.roots[2].epoch = 8;
    CHECK_INT(round_trip(&item), 3 + 3 * 21);
    item = item_of(CEPA_MESH_ITEM_LIST);
    item.as.list.table = CEPA_MESH_TABLE_INDEX;
    item.as.list.last_bucket = 255;
    item.as.list.entries = payload;
    item.as.list.entries_len = 9;
    CHECK_INT(round_trip(&item), 3 + 7 + 9 * 16);
    item = item_of(CEPA_MESH_ITEM_PULL);
    item.as.pull.table = CEPA_MESH_TABLE_CREDENTIALS;
    item.as.pull.positions = payload;
    item.as.pull.positions_len = 3;
    CHECK_INT(round_trip(&item), 3 + 5 + 24);
    static const struct {
        enum cepa_mesh_item_type type;
        size_t len;
    } objects[] = {{CEPA_MESH_ITEM_RECORDS, 3 * CEPA_INDEX_RECORD_SIZE},
                   {CEPA_MESH_ITEM_CREDENTIALS, 10000},
                   {CEPA_MESH_ITEM_KEYS, 2 * CEPA_KEY_RECORD_SIZE},
                   {CEPA_MESH_ITEM_WAYS, 3 * CEPA_WAY_RECORD_SIZE},
                   {CEPA_MESH_ITEM_DIGESTS, CEPA_MESH_DIGESTS_SIZE}};
    for (size_t i = 0; i < sizeof objects / sizeof objects[0]; i++) {
        item = item_of(objects[i].type);
        item.as.objects.bytes = payload;
        item.as.objects.bytes_len = objects[i].len;
        CHECK_INT(round_trip(&item), 3 + objects[i].len);
    }
}

TEST(the_others_both_ways)
{
    struct cepa_mesh_item item = item_of(CEPA_MESH_ITEM_NEIGHBOUR);
    item.as.neighbour.operation = CEPA_MESH_NEIGHBOUR_ASK;
    item.as.neighbour.flags = CEPA_MESH_NEIGHBOUR_ISOLATED;
    CHECK_INT(round_trip(&item), 5);
    item.as.neighbour.operation = CEPA_MESH_NEIGHBOUR_PART;
    item.as.neighbour.flags = CEPA_MESH_NEIGHBOUR_CROWDED;
    CHECK_INT(round_trip(&item), 5);
    item = item_of(CEPA_MESH_ITEM_DIALBACK);
    item.as.dialback.address.reach.family = CEPA_FAMILY_IPV4;
    item.as.dialback.address.reach.ip[0] = 9;
    item.as.dialback.address.reach.port = 9;
    CHECK_INT(round_trip(&item), 3 + 9 + 87);
    item = item_of(CEPA_MESH_ITEM_DIALBACK);
    item.as.dialback.how = CEPA_RECEIPT_INTRODUCED;
    item.as.dialback.introducers_len = 2;
    CHECK_INT(round_trip(&item), 3 + 9 + 64);
    item = item_of(CEPA_MESH_ITEM_RECEIPT);
    CHECK_INT(round_trip(&item), 3 + 8);
    for (int type = CEPA_MESH_ITEM_PROBE; type <= CEPA_MESH_ITEM_PONG; type++) {
        item = item_of((enum cepa_mesh_item_type)type);
        item.as.probe.nonce = 77;
        (void)round_trip(&item);
    }
    for (int type = CEPA_MESH_ITEM_CHANNEL_OPEN; type <= CEPA_MESH_ITEM_CHANNEL_CLOSE; type++) {
        item = item_of((enum cepa_mesh_item_type)type);
        item.as.channel.channel = 5;
        item.as.channel.has_node = true;
        item.as.channel.node.bytes[0] = 1;
        item.as.channel.reason = CEPA_MESH_CHANNEL_LOST;
        (void)round_trip(&item);
    }
    item = item_of(CEPA_MESH_ITEM_SIGNAL);
    item.as.signal.signal = 1;
    item.as.signal.data = payload;
    item.as.signal.data_len = CEPA_MESH_SIGNAL_SIZE_MAX;
    CHECK_INT(round_trip(&item), 3 + 5 + 200);
    item = item_of(CEPA_MESH_ITEM_BUCKET_GET);
    item.as.bucket.kind = 2;
    item.as.bucket.bits = 3;
    item.as.bucket.number = 7;
    item.as.bucket.epoch = 9;
    item.as.bucket.ticket = 77;
    item.as.bucket.may_ask = true;
    CHECK_INT(round_trip(&item), 3 + 23);
    item.type = CEPA_MESH_ITEM_BUCKET;
    item.as.bucket.may_ask = false;
    item.as.bucket.bytes = payload;
    item.as.bucket.bytes_len = CEPA_MESH_BUCKET_BYTES_MAX;
    CHECK_INT(round_trip(&item), CEPA_MESH_BUCKET_ANSWER_SIZE);
}

TEST(what_is_out_of_range_does_not_decode)
{
    static const struct {
        const char *name;
        uint8_t bytes[32];
        size_t len;
        int error;
    } cases[] = {
        {"unknown type", {99, 0, 0}, 3, CEPA_ERR_UNSUPPORTED},
        {"no roots", {1, 0, 0}, 3, CEPA_ERR_LENGTH},
        {"roots of credentials", {1, 0, 21, 2}, 24, CEPA_ERR_MALFORMED},
        {"index of an epoch", {1, 0, 21, 1, 0, 0, 0, 1}, 24, CEPA_ERR_MALFORMED},
        {"last bucket before first", {3, 0, 7, 1, 0, 0, 0, 0, 2, 1}, 10, CEPA_ERR_MALFORMED},
        {"entry of another bucket", {3, 0, 23, 1, 0, 0, 0, 0, 2, 2, 3}, 26, CEPA_ERR_MALFORMED},
        {"half an entry", {3, 0, 8, 1, 0, 0, 0, 0, 2, 2, 2}, 11, CEPA_ERR_LENGTH},
        {"no positions", {4, 0, 5, 1}, 8, CEPA_ERR_LENGTH},
        {"unknown table", {4, 0, 13, 9}, 16, CEPA_ERR_MALFORMED},
        {"half a record", {6, 0, 9}, 12, CEPA_ERR_LENGTH},
        {"no credentials", {7, 0, 0}, 3, CEPA_ERR_LENGTH},
        {"unknown operation", {9, 0, 2, 6, 0}, 5, CEPA_ERR_MALFORMED},
        {"parting, with a flag of others", {9, 0, 2, 5, 2}, 5, CEPA_ERR_MALFORMED},
        {"flags in leave", {9, 0, 2, 4, 1}, 5, CEPA_ERR_MALFORMED},
        {"alive twice", {13, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 2}, 12, CEPA_ERR_MALFORMED},
        {"channel 0", {18, 0, 4, 0, 0, 0, 0}, 7, CEPA_ERR_MALFORMED},
        {"unknown reason", {19, 0, 5, 0, 0, 0, 1, 5}, 8, CEPA_ERR_MALFORMED},
        {"failed with bytes", {20, 0, 6, 0, 0, 0, 1, 4, 1}, 9, CEPA_ERR_MALFORMED},
        {"empty offer", {20, 0, 5, 0, 0, 0, 1, 1}, 8, CEPA_ERR_MALFORMED},
        {"number beyond bits",
         {21, 0, 23, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 2},
         26,
         CEPA_ERR_MALFORMED},
        {"too many bits", {21, 0, 23, 0, 0, 0, 0, 0, 1, 33}, 26, CEPA_ERR_MALFORMED},
        {"asking twice", {21, 0, 23, 0, 0, 0, 0, 2, 1, 1}, 26, CEPA_ERR_MALFORMED},
        {"an answer that asks", {22, 0, 23, 0, 0, 0, 0, 1, 1, 1}, 26, CEPA_ERR_MALFORMED},
        {"a request with bytes", {21, 0, 24, 0, 0, 0, 0, 0, 1, 1}, 27, CEPA_ERR_LENGTH},
        {"half a way", {24, 0, 9}, 12, CEPA_ERR_LENGTH},
        {"roots of ways", {1, 0, 21, 4}, 24, CEPA_ERR_MALFORMED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cepa_mesh_item item;
        struct cepa_reader reader;
        cepa_reader_init(&reader, cases[i].bytes, cases[i].len);
        int error = cepa_mesh_item_decode(&item, &reader);
        if (error != cases[i].error) {
            test_note("%s", cases[i].name);
        }
        CHECK_INT(error, cases[i].error);
    }
}

TEST_MAIN(RUN(gossip_both_ways), RUN(the_others_both_ways),
          RUN(what_is_out_of_range_does_not_decode))
