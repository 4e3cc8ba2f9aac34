/* Relays and packets between them. */
#include "support/relays.h"

#include <stdlib.h>
#include <string.h>

#include "base/ct.h"
#include "crypto/hash.h"
#include "native/cpu.h"

static int fill(void *context, uint8_t *ret_bytes, size_t len)
{
    struct test_source *source = context;
    source->draws++;
    if (source->draws == source->fail_at) {
        memset(ret_bytes, 0xfa, len);
        return -1;
    }
    test_random_bytes(&source->series, ret_bytes, len);
    return 0;
}

struct cepa_random test_source_init(struct test_source *source, uint64_t seed)
{
    struct cepa_random random = {fill, source};
    memset(source, 0, sizeof *source);
    source->series.state = seed;
    return random;
}

static void demand(int is_true)
{
    if (!is_true) {
        abort();
    }
}

static void begin(struct test_relay *relay, const struct cepa_replay_limits *limits)
{
    size_t memory_len = cepa_onion_keys_size(limits);
    demand(cepa_onion_keys_init(&relay->keys, relay->memory, memory_len, limits) == 0);
    memset(&relay->share, 0, sizeof relay->share);
}

void test_relay_rotate(struct test_relays *relays, size_t which, uint32_t epoch)
{
    struct test_relay *relay = &relays->relay[which];
    struct cepa_onion_epoch now = {epoch};
    struct cepa_xwing_seed seed;
    test_random_bytes(&relays->seeds, &seed, sizeof seed);
    demand(cepa_onion_keys_rotate(&relay->keys, now, &seed, &relays->peel.xwing, relays->cpu) == 0);
    const struct cepa_onion_key *key = cepa_onion_keys_find(&relay->keys, (uint8_t)epoch);
    demand(key != NULL);
    relay->public_key = key->key.public_key;
    relay->key_id = key->id;
}

void test_relay_restart(struct test_relays *relays, size_t which, uint32_t epoch)
{
    struct cepa_replay_limits limits = relays->relay[which].keys.limits;
    cepa_onion_keys_wipe(&relays->relay[which].keys);
    begin(&relays->relay[which], &limits);
    test_relay_rotate(relays, which, epoch);
}

struct test_relays *test_relays_new(uint32_t capacity, uint64_t seed)
{
    struct cepa_replay_limits limits = {capacity, capacity};
    struct test_relays *relays = calloc(1, sizeof *relays);
    demand(relays != NULL);
    relays->cpu = cepa_native_cpu();
    relays->seeds.state = seed;
    relays->random = test_source_init(&relays->source, seed + 1);
    test_random_bytes(&relays->seeds, relays->content, sizeof relays->content);
    for (size_t i = 0; i < CEPA_PACKET_HOPS_MAX; i++) {
        struct test_relay *relay = &relays->relay[i];
        relay->memory = malloc(cepa_onion_keys_size(&limits));
        demand(relay->memory != NULL);
        test_random_bytes(&relays->seeds, &relay->node, sizeof relay->node);
        begin(relay, &limits);
        test_relay_rotate(relays, i, TEST_EPOCH);
    }
    return relays;
}

void test_relays_free(struct test_relays *relays)
{
    for (size_t i = 0; i < CEPA_PACKET_HOPS_MAX; i++) {
        cepa_onion_keys_wipe(&relays->relay[i].keys);
        free(relays->relay[i].memory);
    }
    free(relays);
}

struct cepa_packet_plan test_relays_plan(const struct test_relays *relays, size_t hops_len,
                                         enum cepa_packet_type last, size_t content_len)
{
    struct cepa_packet_plan plan;
    memset(&plan, 0, sizeof plan);
    plan.hops_len = hops_len;
    plan.epoch.number = TEST_EPOCH;
    plan.content.data = relays->content;
    plan.content.data_len = content_len;
    memset(plan.recipient.bytes, 0x5e, sizeof plan.recipient.bytes);
    for (size_t i = 0; i < hops_len; i++) {
        plan.hops[i].key = &relays->relay[i].public_key;
        plan.hops[i].key_id = relays->relay[i].key_id;
        plan.hops[i].node = relays->relay[i].node;
        plan.types[i] = i + 1 == hops_len ? last : CEPA_PACKET_FORWARD;
    }
    return plan;
}

void test_relays_build(struct test_relays *relays, const struct cepa_packet_plan *plan)
{
    demand(cepa_packet_build(relays->packet, &relays->seeds_made, plan, &relays->random,
                             &relays->build, relays->cpu) == 0);
}

int test_relays_peel(struct test_relays *relays, size_t which,
                     struct cepa_packet_peeled *ret_peeled)
{
    struct test_relay *relay = &relays->relay[which];
    return cepa_packet_peel(ret_peeled, relays->packet, sizeof relays->packet, &relay->keys,
                            &relay->share, CEPA_PACKET_FROM_LINK, &relays->peel, relays->cpu);
}

void test_relay_digest(const struct test_relay *relay, uint8_t ret_digest[32])
{
    struct cepa_blake2b hash;
    cepa_blake2b_init(&hash, 32, NULL, 0);
    cepa_blake2b_update(&hash, &relay->keys, sizeof relay->keys);
    cepa_blake2b_update(&hash, relay->memory, cepa_onion_keys_size(&relay->keys.limits));
    cepa_blake2b_update(&hash, &relay->share, sizeof relay->share);
    cepa_blake2b_final(&hash, ret_digest, 32);
}
