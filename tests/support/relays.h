/* A handful of relays with real keys, and packets along them, for tests, fuzz targets and
 * benchmarks of onion packets. Everything comes from one seed. */
#ifndef CEPA_TESTS_SUPPORT_RELAYS_H
#define CEPA_TESTS_SUPPORT_RELAYS_H

#include <stddef.h>
#include <stdint.h>

#include "base/random.h"
#include "onion/onion_keys.h"
#include "onion/packet_build.h"
#include "onion/packet_peel.h"
#include "onion/surb.h"
#include "support/random.h"

enum { TEST_EPOCH = 0x0a0b0c };

/* A source of randomness that gives a fixed series and can be told to fail. */
struct test_source {
    struct test_random series;
    int draws;   /* how often it was asked */
    int fail_at; /* the draw that fails, counted from 1; 0 for none */
};

/* One relay as it sees itself and as others see it. */
struct test_relay {
    struct cepa_onion_keys keys;
    void *memory; /* of its caches */
    struct cepa_onion_share share;
    struct cepa_node_id node;
    struct cepa_xwing_public_key public_key; /* of the newest epoch */
    struct cepa_onion_key_id key_id;
};

/* Five relays, room to work in, and a packet. */
struct test_relays {
    struct test_relay relay[CEPA_PACKET_HOPS_MAX];
    struct test_random seeds; /* of onion keys */
    struct test_source source;
    struct cepa_random random; /* draws from the source */
    uint32_t cpu;
    struct cepa_packet_build_workspace build;
    struct cepa_packet_peel_workspace peel;
    struct cepa_surb_workspace surb;
    struct cepa_packet_circuit_seeds seeds_made; /* of the last packet */
    uint8_t packet[CEPA_PACKET_SIZE];
    uint8_t content[CEPA_PACKET_CONTENT_MAX];
};

/* test_source_init makes `source` give a series that depends on `seed`, and never fail. */
struct cepa_random test_source_init(struct test_source *source, uint64_t seed);

/* test_relays_new makes five relays that live in epoch TEST_EPOCH, each with a cache of `capacity`
 * tags and one share for all. Never NULL. */
struct test_relays *test_relays_new(uint32_t capacity, uint64_t seed);

/* test_relay_rotate gives a relay a key for `epoch` and publishes it. */
void test_relay_rotate(struct test_relays *relays, size_t which, uint32_t epoch);

/* test_relay_restart makes a relay forget everything and come back in `epoch` with a new key. */
void test_relay_restart(struct test_relays *relays, size_t which, uint32_t epoch);

/* test_relays_free frees relays and memory. */
void test_relays_free(struct test_relays *relays);

/* test_relays_plan plans a packet over relays 0 to hops_len - 1 with FORWARD everywhere and `last`
 * at the end, carrying the first `content_len` bytes of relays->content. */
struct cepa_packet_plan test_relays_plan(const struct test_relays *relays, size_t hops_len,
                                         enum cepa_packet_type last, size_t content_len);

/* test_relays_build makes the packet of a plan in relays->packet; stops the program if it cannot.
 */
void test_relays_build(struct test_relays *relays, const struct cepa_packet_plan *plan);

/* test_relays_peel lets relay `which` peel relays->packet as if it came over its one link. */
int test_relays_peel(struct test_relays *relays, size_t which,
                     struct cepa_packet_peeled *ret_peeled);

/* test_relay_digest hashes all that a relay keeps: keys, caches, counts. */
void test_relay_digest(const struct test_relay *relay, uint8_t ret_digest[32]);

#endif
