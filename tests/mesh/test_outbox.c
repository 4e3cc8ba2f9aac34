#include "mesh/outbox.h"

#include <string.h>

#include "support/test.h"

static _Alignas(16) uint8_t memory[4096];
static uint8_t message[CEPA_MESH_MESSAGE_SIZE_MAX];

static struct cepa_mesh_item ping(uint64_t nonce)
{
    struct cepa_mesh_item item;
    memset(&item, 0, sizeof item);
    item.type = CEPA_MESH_ITEM_PING;
    item.as.probe.nonce = nonce;
    return item;
}

TEST(items_of_a_link_leave_together_in_order)
{
    struct cepa_outbox outbox;
    struct cepa_reader reader;
    struct cepa_mesh_item item;
    uint64_t link = 0;
    cepa_outbox_init(&outbox, memory, sizeof memory);
    for (uint64_t i = 0; i < 6; i++) {
        item = ping(i);
        CHECK(cepa_outbox_add(&outbox, 1 + i % 2, &item));
    }
    size_t len = cepa_outbox_take(&outbox, &link, message);
    CHECK_INT(link, 1);
    cepa_reader_init(&reader, message, len);
    for (uint64_t i = 0; i < 6; i += 2) {
        CHECK_INT(cepa_mesh_item_decode(&item, &reader), 1);
        CHECK_INT(item.as.probe.nonce, i);
    }
    CHECK_INT(cepa_reader_left(&reader), 0);
    cepa_outbox_forget(&outbox, 2);
    CHECK_INT(cepa_outbox_take(&outbox, &link, message), 0);
}

TEST(a_full_outbox_drops_and_recovers)
{
    struct cepa_outbox outbox;
    uint64_t link = 0;
    cepa_outbox_init(&outbox, memory, sizeof memory);
    for (int round = 0; round < 100; round++) {
        uint32_t added = 0;
        struct cepa_mesh_item item = ping((uint64_t)round);
        while (cepa_outbox_add(&outbox, 1 + added % 3, &item)) {
            added++;
        }
        CHECK(added >= 40);
        CHECK(cepa_outbox_take(&outbox, &link, message) > 0);
        CHECK(cepa_outbox_take(&outbox, &link, message) > 0);
        CHECK(cepa_outbox_take(&outbox, &link, message) > 0);
        CHECK_INT(cepa_outbox_take(&outbox, &link, message), 0);
    }
    CHECK_INT(outbox.dropped, 100);
}

TEST_MAIN(RUN(items_of_a_link_leave_together_in_order), RUN(a_full_outbox_drops_and_recovers))
