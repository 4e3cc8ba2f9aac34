/* A table of slots against a plain search, through many additions and removals. */
#include "mesh/slot_table.h"

#include <stdbool.h>
#include <string.h>

#include "support/random.h"
#include "support/test.h"

enum { CAPACITY = 96 };

struct thing {
    uint32_t other;
    uint8_t key[CEPA_SLOT_KEY_LEN];
};

TEST(it_finds_what_a_search_finds)
{
    static struct thing things[CAPACITY];
    static uint32_t memory[256];
    static const struct cepa_siphash_key key = {{1}};
    bool is_in[CAPACITY] = {false};
    struct cepa_slot_table table;
    struct test_random random = {42};
    CHECK_INT(cepa_slot_table_size(CAPACITY), 128 * 4);
    cepa_slot_table_init(&table, memory, CAPACITY, things[0].key, sizeof things[0], &key);
    for (uint32_t i = 0; i < CAPACITY; i++) {
        memset(things[i].key, 7, sizeof things[i].key);
        things[i].key[9] = (uint8_t)i;
    }
    for (unsigned round = 0; round < 20000; round++) {
        uint32_t slot = (uint32_t)test_random_below(&random, CAPACITY);
        if (is_in[slot]) {
            cepa_slot_table_remove(&table, slot);
        } else {
            cepa_slot_table_add(&table, slot);
        }
        is_in[slot] = !is_in[slot];
        slot = (uint32_t)test_random_below(&random, CAPACITY);
        CHECK_INT(cepa_slot_table_find(&table, things[slot].key),
                  is_in[slot] ? slot : CEPA_SLOT_NONE);
    }
}

TEST_MAIN(RUN(it_finds_what_a_search_finds))
