/* Maps: random use against a plain list at every key length, full, no slowing down with age, and
 * keys chosen to collide that do not collide under another hash key. */
#include "base/map.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/block.h"
#include "base/endian.h"
#include "support/panic.h"
#include "support/random.h"
#include "support/test.h"

static alignas(CEPA_BLOCK_ALIGNMENT) uint8_t memory[1 << 18];
static const struct cepa_siphash_key hash_key = {"sixteen bytes..."};

static void init(struct cepa_map *map, uint32_t capacity, size_t key_len, size_t value_len)
{
    memset(memory, 0xa5, sizeof memory);
    cepa_map_init(map, memory, sizeof memory, capacity, key_len, value_len, &hash_key);
}

/* A key of the map's length that stands for `number`. */
static const uint8_t *key_of(uint64_t number, uint8_t buffer[CEPA_MAP_KEY_LEN_MAX])
{
    memset(buffer, 0x3c, CEPA_MAP_KEY_LEN_MAX);
    cepa_be64_store(buffer, number);
    return buffer;
}

/* How far each entry stands from home: the longest way, and all ways together. Checks on the way
 * that no free place lies between. */
static uint32_t displacement(const struct cepa_map *map, uint64_t *ret_sum)
{
    uint32_t longest = 0;
    uint32_t count = 0;
    *ret_sum = 0;
    for (uint32_t place = 0; place <= map->place_mask; place++) {
        if (map->marks[place] == 0) {
            continue;
        }
        uint32_t way = (place - map->marks[place]) & map->place_mask;
        for (uint32_t i = 0; i < way; i++) {
            CHECK(map->marks[(place - 1 - i) & map->place_mask] != 0);
        }
        longest = way > longest ? way : longest;
        *ret_sum += way;
        count++;
    }
    CHECK(count == map->count);
    return longest;
}

TEST(put_find_replace_remove)
{
    struct cepa_map map;
    uint8_t key[CEPA_MAP_KEY_LEN_MAX];
    uint32_t value = 7;
    init(&map, 10, 8, sizeof value);
    CHECK(cepa_map_find(&map, key_of(1, key)) == NULL);
    CHECK_INT(cepa_map_remove(&map, key), CEPA_ERR_NOT_FOUND);
    CHECK_INT(cepa_map_put(&map, key, &value), 0);
    uint32_t *found = cepa_map_find(&map, key);
    CHECK(found != NULL && *found == 7 && (uintptr_t)found % 8 == 0);
    *found = 8;
    value = 9;
    CHECK(*(uint32_t *)cepa_map_find(&map, key) == 8);
    CHECK_INT(cepa_map_put(&map, key, &value), 0);
    CHECK(map.count == 1 && *(uint32_t *)cepa_map_find(&map, key) == 9);
    CHECK(cepa_map_find(&map, key_of(2, key)) == NULL);
    CHECK_INT(cepa_map_remove(&map, key_of(1, key)), 0);
    CHECK(map.count == 0 && cepa_map_find(&map, key) == NULL);
}

TEST(every_byte_of_a_key_counts)
{
    for (size_t key_len = CEPA_MAP_KEY_LEN_MIN; key_len <= CEPA_MAP_KEY_LEN_MAX; key_len++) {
        struct cepa_map map;
        uint8_t key[CEPA_MAP_KEY_LEN_MAX];
        init(&map, 4, key_len, 0);
        CHECK_INT(cepa_map_put(&map, key_of(1, key), NULL), 0);
        for (size_t i = 0; i < CEPA_MAP_KEY_LEN_MAX; i++) {
            key[i] ^= 1;
            CHECK((cepa_map_find(&map, key) == NULL) == (i < key_len));
            key[i] ^= 1;
        }
        CHECK(cepa_map_find(&map, key) != NULL);
    }
}

TEST(a_full_map_refuses_new_keys_and_evicts_none)
{
    for (uint32_t capacity = 1; capacity < 200; capacity++) {
        struct cepa_map map;
        uint8_t key[CEPA_MAP_KEY_LEN_MAX];
        init(&map, capacity, 12, 8);
        for (uint64_t i = 0; i < capacity; i++) {
            CHECK_INT(cepa_map_put(&map, key_of(i, key), &i), 0);
        }
        uint64_t other = 1000;
        CHECK_INT(cepa_map_put(&map, key_of(1000, key), &other), CEPA_ERR_FULL);
        CHECK(cepa_map_find(&map, key) == NULL && map.count == capacity);
        CHECK_INT(cepa_map_put(&map, key_of(0, key), &other), 0);
        for (uint64_t i = 1; i < capacity; i++) {
            const uint64_t *value = cepa_map_find(&map, key_of(i, key));
            CHECK(value != NULL && *value == i);
        }
        CHECK_INT(cepa_map_remove(&map, key_of(0, key)), 0);
        CHECK_INT(cepa_map_put(&map, key_of(1000, key), &other), 0);
    }
}

#define NUMBERS 96

/* One random step, in the map and in the plain list (present[n], values[n]). */
static void random_step(struct cepa_map *map, struct test_random *random, uint8_t *present,
                        uint64_t *values, unsigned lean)
{
    uint8_t key[CEPA_MAP_KEY_LEN_MAX];
    uint64_t number = test_random_below(random, NUMBERS);
    uint64_t value = test_random_u64(random);
    key_of(number, key);
    if (test_random_below(random, 100) < lean) {
        int want = !present[number] && map->count == map->capacity ? CEPA_ERR_FULL : 0;
        CHECK_INT(cepa_map_put(map, key, &value), want);
        if (want == 0) {
            present[number] = 1;
            values[number] = value;
        }
    } else {
        CHECK_INT(cepa_map_remove(map, key), present[number] ? 0 : CEPA_ERR_NOT_FOUND);
        present[number] = 0;
    }
}

static void check_all(const struct cepa_map *map, const uint8_t *present, const uint64_t *values)
{
    uint64_t sum = 0;
    uint32_t count = 0;
    (void)displacement(map, &sum);
    for (uint64_t number = 0; number < NUMBERS; number++) {
        uint8_t key[CEPA_MAP_KEY_LEN_MAX];
        const uint64_t *value = cepa_map_find(map, key_of(number, key));
        CHECK((value != NULL) == (present[number] != 0));
        CHECK(value == NULL || *value == values[number]);
        count += present[number];
    }
    CHECK(map->count == count);
}

TEST(random_use_agrees_with_a_plain_list)
{
    const uint32_t capacities[] = {1, 3, 6, 12, 47, 48, NUMBERS};
    for (size_t i = 0; i < 7 * 6; i++) {
        struct test_random random = {i};
        struct cepa_map map;
        uint8_t present[NUMBERS] = {0};
        uint64_t values[NUMBERS] = {0};
        init(&map, capacities[i % 7], 8 + i % 25, sizeof values[0]);
        for (unsigned step = 0; step < 4000; step++) {
            random_step(&map, &random, present, values, (step / 500) % 2 ? 30 : 70);
            if (step % 20 == 0) {
                check_all(&map, present, values);
            }
        }
        check_all(&map, present, values);
    }
}

#define MANY 3072 /* three quarters of 4,096 places */

TEST(a_map_does_not_grow_slower_with_age)
{
    struct cepa_map map;
    uint8_t key[CEPA_MAP_KEY_LEN_MAX];
    uint64_t fresh = 0;
    uint64_t old = 0;
    init(&map, MANY, 32, 16);
    for (uint64_t i = 0; i < MANY; i++) {
        CHECK_INT(cepa_map_put(&map, key_of(i, key), key), 0);
    }
    uint32_t fresh_longest = displacement(&map, &fresh);
    for (uint64_t i = MANY; i < 300000; i++) {
        CHECK_INT(cepa_map_remove(&map, key_of(i - MANY, key)), 0);
        CHECK_INT(cepa_map_put(&map, key_of(i, key), key), 0);
    }
    uint32_t old_longest = displacement(&map, &old);
    test_note("ways from home: fresh %.2f, longest %u; old %.2f, longest %u", (double)fresh / MANY,
              fresh_longest, (double)old / MANY, old_longest);
    /* Expected 1.5 places at a load of three quarters. */
    CHECK(old < 3 * MANY && old_longest < 200);
}

/* Finds `len` numbers whose keys have one home under `hash_key` among 4,096 places. */
static void find_colliding(uint64_t *ret_numbers, size_t len)
{
    uint8_t key[CEPA_MAP_KEY_LEN_MAX];
    size_t found = 0;
    for (uint64_t number = 0; found < len; number++) {
        if ((cepa_siphash(&hash_key, key_of(number, key), 8) & 4095) == 5) {
            ret_numbers[found++] = number;
        }
    }
}

TEST(chosen_keys_collide_only_for_who_knows_the_hash_key)
{
    static uint64_t numbers[256];
    struct cepa_map map;
    uint64_t sum = 0;
    uint8_t key[CEPA_MAP_KEY_LEN_MAX];
    const struct cepa_siphash_key other_key = {"sixteen others.."};
    find_colliding(numbers, 256);
    init(&map, MANY, 8, 0);
    for (size_t i = 0; i < 256; i++) {
        CHECK_INT(cepa_map_put(&map, key_of(numbers[i], key), NULL), 0);
    }
    CHECK_INT(displacement(&map, &sum), 255);
    cepa_map_init(&map, memory, sizeof memory, MANY, 8, 0, &other_key);
    for (size_t i = 0; i < 256; i++) {
        CHECK_INT(cepa_map_put(&map, key_of(numbers[i], key), NULL), 0);
    }
    CHECK(displacement(&map, &sum) <= 4);
}

#define SEARCHED (1 << 18)

struct searched {
    uint32_t mark; /* the bits of the hash that a map keeps */
    uint32_t number;
};

static int compare_marks(const void *a, const void *b)
{
    const struct searched *x = a;
    const struct searched *y = b;
    return (x->mark > y->mark) - (x->mark < y->mark);
}

/* Key number `number`: differs from the others in its last bytes only. */
static const uint8_t *late_key_of(uint32_t number, uint8_t buffer[16])
{
    memset(buffer, 0x3c, 16);
    cepa_be32_store(buffer + 12, number);
    return buffer;
}

/* Among 2^18 keys about 16 pairs agree in all 31 bits, and only the keys tell them apart. */
TEST(keys_whose_hashes_agree_are_kept_apart)
{
    static struct searched searched[SEARCHED];
    unsigned pairs = 0;
    uint8_t a[16];
    uint8_t b[16];
    for (uint32_t i = 0; i < SEARCHED; i++) {
        searched[i].mark = (uint32_t)cepa_siphash(&hash_key, late_key_of(i, a), 16) << 1;
        searched[i].number = i;
    }
    qsort(searched, SEARCHED, sizeof searched[0], compare_marks);
    for (uint32_t i = 1; i < SEARCHED; i++) {
        struct cepa_map map;
        if (searched[i].mark != searched[i - 1].mark) {
            continue;
        }
        init(&map, 10, 16, 0);
        late_key_of(searched[i - 1].number, a);
        late_key_of(searched[i].number, b);
        CHECK_INT(cepa_map_put(&map, a, NULL), 0);
        CHECK(cepa_map_find(&map, b) == NULL);
        CHECK_INT(cepa_map_put(&map, b, NULL), 0);
        CHECK_INT(cepa_map_remove(&map, a), 0);
        CHECK(map.count == 1 && cepa_map_find(&map, b) != NULL && cepa_map_find(&map, a) == NULL);
        pairs++;
    }
    CHECK(pairs > 0);
}

TEST(clearing_and_wiping_leave_nothing)
{
    struct cepa_map map;
    uint8_t key[CEPA_MAP_KEY_LEN_MAX];
    init(&map, 10, 32, 8);
    CHECK_INT(cepa_map_put(&map, key_of(1, key), key), 0);
    CHECK_INT(cepa_map_put(&map, key_of(2, key), key), 0);
    cepa_map_clear(&map);
    CHECK(map.count == 0 && cepa_map_find(&map, key) == NULL);
    CHECK_INT(cepa_map_put(&map, key, key), 0);
    uint8_t *value = cepa_map_find(&map, key);
    cepa_map_wipe(&map);
    CHECK(value[7] == 0 && *(value - 1) == 0 && map.key.bytes[0] == 0);
}

static void init_with_short_keys(void)
{
    struct cepa_map map;
    init(&map, 10, CEPA_MAP_KEY_LEN_MIN - 1, 0);
}

static void init_with_long_keys(void)
{
    struct cepa_map map;
    init(&map, 10, CEPA_MAP_KEY_LEN_MAX + 1, 0);
}

static void init_in_too_little(void)
{
    struct cepa_map map;
    cepa_map_init(&map, memory, cepa_map_size(10, 8, 8) - 1, 10, 8, 8, &hash_key);
}

static void init_with_none(void)
{
    struct cepa_map map;
    init(&map, 0, 8, 0);
}

TEST(a_wrong_shape_is_our_own_mistake)
{
    CHECK(cepa_map_size(3, 9, 1) == 4 * 4 + 4 * 24);
    CHECK(cepa_map_size(4, 8, 0) == 8 * 4 + 8 * 8);
    CHECK(cepa_map_size(CEPA_MAP_CAPACITY_MAX + 1, 8, 0) == SIZE_MAX);
    CHECK(cepa_map_size(3, 8, SIZE_MAX) == SIZE_MAX);
    CHECK(test_panics(init_with_short_keys));
    CHECK(test_panics(init_with_long_keys));
    CHECK(test_panics(init_in_too_little));
    CHECK(test_panics(init_with_none));
}

TEST_MAIN(RUN(put_find_replace_remove), RUN(every_byte_of_a_key_counts),
          RUN(a_full_map_refuses_new_keys_and_evicts_none),
          RUN(random_use_agrees_with_a_plain_list), RUN(a_map_does_not_grow_slower_with_age),
          RUN(chosen_keys_collide_only_for_who_knows_the_hash_key),
          RUN(keys_whose_hashes_agree_are_kept_apart), RUN(clearing_and_wiping_leave_nothing),
          RUN(a_wrong_shape_is_our_own_mistake))
