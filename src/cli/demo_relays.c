/* Making relays, and finding one by its name as a link would. */
#include "cli/demo_relays.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/ct.h"
#include "base/random.h"
#include "native/cpu.h"
#include "native/host.h"

static struct cepa_onion_epoch current_epoch(void)
{
    struct cepa_calendar calendar = cepa_calendar_main();
    struct cepa_wall now = {(uint64_t)time(NULL) * 1000};
    return cepa_calendar_epoch(&calendar, now);
}

static int make_relay(struct cepa_demo_relay *relay, struct cepa_onion_epoch epoch,
                      uint32_t packets_max, uint32_t cpu)
{
    const struct cepa_replay_limits limits = {packets_max, packets_max};
    size_t memory_len = cepa_onion_keys_size(&limits);
    struct cepa_xwing_seed seed;
    relay->memory = malloc(memory_len);
    if (relay->memory == NULL) {
        return CEPA_ERR_FULL;
    }
    int status = cepa_onion_keys_init(&relay->keys, relay->memory, memory_len, &limits);
    if (status == 0) {
        status =
            cepa_random_fill(cepa_native_random(), relay->node.bytes, sizeof relay->node.bytes);
    }
    if (status == 0) {
        status = cepa_random_fill(cepa_native_random(), seed.bytes, sizeof seed.bytes);
    }
    if (status == 0) {
        status = cepa_onion_keys_rotate(&relay->keys, epoch, &seed, &relay->room.xwing, cpu);
    }
    cepa_wipe(&seed, sizeof seed);
    return status;
}

/* What the sender would read in the relay's key record. */
static void publish(struct cepa_demo *demo, size_t i)
{
    struct cepa_packet_hop *hop = &demo->plan.hops[i];
    const struct cepa_onion_key *key =
        cepa_onion_keys_find(&demo->relays[i].keys, (uint8_t)demo->epoch.number);
    demo->public_keys[i] = key->key.public_key;
    hop->key = &demo->public_keys[i];
    hop->node = demo->relays[i].node;
    cepa_onion_key_id_of(&hop->key_id, hop->key);
}

int cepa_demo_init(struct cepa_demo *ret_demo, uint64_t packets_max)
{
    uint32_t capacity =
        packets_max < CEPA_REPLAY_CAPACITY_MAX ? (uint32_t)packets_max : CEPA_REPLAY_CAPACITY_MAX;
    memset(ret_demo, 0, sizeof *ret_demo);
    ret_demo->cpu = cepa_native_cpu();
    ret_demo->epoch = current_epoch();
    ret_demo->plan.epoch = ret_demo->epoch;
    ret_demo->plan.hops_len = CEPA_DEMO_HOPS;
    for (size_t i = 0; i < CEPA_DEMO_HOPS; i++) {
        int status = make_relay(&ret_demo->relays[i], ret_demo->epoch, capacity, ret_demo->cpu);
        if (status != 0) {
            cepa_demo_wipe(ret_demo);
            return status;
        }
        publish(ret_demo, i);
    }
    return 0;
}

void cepa_demo_wipe(struct cepa_demo *demo)
{
    for (size_t i = 0; i < CEPA_DEMO_HOPS; i++) {
        if (demo->relays[i].memory != NULL) {
            cepa_onion_keys_wipe(&demo->relays[i].keys);
            free(demo->relays[i].memory);
        }
    }
    cepa_wipe(demo, sizeof *demo);
}

struct cepa_demo_relay *cepa_demo_find(struct cepa_demo *demo, const struct cepa_node_id *node)
{
    for (size_t i = 0; i < CEPA_DEMO_HOPS; i++) {
        if (memcmp(&demo->relays[i].node, node, sizeof *node) == 0) {
            return &demo->relays[i];
        }
    }
    return NULL;
}

int cepa_demo_peel(struct cepa_demo *demo, struct cepa_demo_relay *relay,
                   struct cepa_packet_peeled *ret_peeled)
{
    return cepa_packet_peel(ret_peeled, demo->packet, sizeof demo->packet, &relay->keys,
                            &relay->share, CEPA_PACKET_FROM_LINK, &relay->room, demo->cpu);
}
