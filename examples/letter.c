/* A letter through three relays. Each relay has its own key and its own state; the sender knows
 * their public keys only. Run it: build/dev/letter "any text" */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "native/cpu.h"
#include "native/host.h"
#include "onion/onion_keys.h"
#include "onion/packet_build.h"
#include "onion/packet_peel.h"

enum { RELAYS = 3, CACHE_TAGS = 64, EPOCH = 495000 };

/* What one relay has. */
struct relay {
    struct cepa_node_id node;
    struct cepa_onion_keys keys;
    struct cepa_onion_share share; /* of the one link that it has here */
    void *memory;                  /* of its replay caches */
};

static struct relay relays[RELAYS];
static struct cepa_xwing_workspace xwing;
static struct cepa_packet_build_workspace build;
static struct cepa_packet_peel_workspace peel;

static void want(int error, const char *what)
{
    if (error != 0) {
        fprintf(stderr, "%s: %s\n", what, cepa_error_text(error));
        exit(1);
    }
}

/* Gives a relay a name and an onion key for the epoch. */
static void start(struct relay *relay, uint8_t name, uint32_t cpu)
{
    const struct cepa_replay_limits limits = {CACHE_TAGS, CACHE_TAGS};
    const struct cepa_onion_epoch epoch = {EPOCH};
    struct cepa_xwing_seed seed;
    size_t size = cepa_onion_keys_size(&limits);
    memset(&relay->node, name, sizeof relay->node);
    relay->memory = malloc(size);
    want(relay->memory == NULL ? CEPA_ERR_FULL : 0, "memory");
    want(cepa_onion_keys_init(&relay->keys, relay->memory, size, &limits), "replay caches");
    want(cepa_random_fill(cepa_native_random(), seed.bytes, sizeof seed.bytes), "a seed");
    want(cepa_onion_keys_rotate(&relay->keys, epoch, &seed, &xwing, cpu), "an onion key");
}

/* Makes the packet that leads through all relays to the last one. */
static void send(uint8_t packet[CEPA_PACKET_SIZE], const char *letter, uint32_t cpu)
{
    struct cepa_packet_plan plan = {.hops_len = RELAYS, .epoch = {EPOCH}};
    for (size_t i = 0; i < RELAYS; i++) {
        const struct cepa_onion_key *key = cepa_onion_keys_find(&relays[i].keys, (uint8_t)EPOCH);
        plan.hops[i].key = &key->key.public_key;
        plan.hops[i].key_id = key->id;
        plan.hops[i].node = relays[i].node;
        plan.types[i] = i + 1 < RELAYS ? CEPA_PACKET_FORWARD : CEPA_PACKET_DELIVER;
    }
    plan.content.data = (const uint8_t *)letter;
    plan.content.data_len = strlen(letter);
    want(cepa_packet_build(packet, NULL, &plan, cepa_native_random(), &build, cpu), "the packet");
}

/* Lets a relay open its layer. Gives true when the letter is delivered there. */
static bool open_layer(struct relay *relay, uint8_t packet[CEPA_PACKET_SIZE], uint32_t cpu)
{
    struct cepa_packet_peeled peeled;
    want(cepa_packet_peel(&peeled, packet, CEPA_PACKET_SIZE, &relay->keys, &relay->share,
                          CEPA_PACKET_FROM_LINK, &peel, cpu),
         "a layer");
    if (peeled.type == CEPA_PACKET_FORWARD) {
        printf("relay %c sends it on to %c\n", relay->node.bytes[0], peeled.next.bytes[0]);
        return false;
    }
    printf("relay %c delivers: %.*s\n", relay->node.bytes[0], (int)peeled.content.data_len,
           (const char *)peeled.content.data);
    return true;
}

int main(int argc, char **argv)
{
    static uint8_t packet[CEPA_PACKET_SIZE];
    uint32_t cpu = cepa_native_cpu();
    bool is_delivered = false;
    want(cepa_native_init(), "the machine");
    for (size_t i = 0; i < RELAYS; i++) {
        start(&relays[i], (uint8_t)('A' + i), cpu);
    }
    send(packet, argc > 1 ? argv[1] : "hello", cpu);
    for (size_t i = 0; i < RELAYS; i++) {
        is_delivered = open_layer(&relays[i], packet, cpu);
    }
    for (size_t i = 0; i < RELAYS; i++) {
        cepa_onion_keys_wipe(&relays[i].keys);
        free(relays[i].memory);
    }
    return is_delivered ? 0 : 1;
}
