/* Exports of onion packets. */
#include "wasm/onion.h"

#include <string.h>

#include "base/cpu.h"
#include "base/ct.h"
#include "base/endian.h"
#include "onion/onion_keys.h"
#include "onion/packet_build.h"
#include "onion/packet_peel.h"
#include "onion/surb.h"

enum { REPLAY_MEMORY_SIZE = 128 * 1024 };

static struct {
    struct cepa_onion_keys keys;
    struct cepa_onion_share share;
    _Alignas(64) uint8_t replay[REPLAY_MEMORY_SIZE];
} relay;
static struct cepa_surb_secret surb_secret;
static union {
    struct cepa_packet_build_workspace build;
    struct cepa_packet_peel_workspace peel;
    struct cepa_surb_workspace surb;
    struct cepa_xwing_workspace xwing;
} workspace;

int cepa_wasm_relay_init(void)
{
    const struct cepa_replay_limits limits = {CEPA_WASM_REPLAY_CAPACITY, CEPA_WASM_REPLAY_CAPACITY};
    memset(&relay.share, 0, sizeof relay.share);
    return cepa_onion_keys_init(&relay.keys, relay.replay, sizeof relay.replay, &limits);
}

int cepa_wasm_relay_rotate(uint8_t *ret_public_key, uint32_t epoch, const uint8_t *seed)
{
    const struct cepa_onion_epoch now = {epoch};
    int error = cepa_onion_keys_rotate(&relay.keys, now, (const struct cepa_xwing_seed *)seed,
                                       &workspace.xwing, CEPA_CPU_PORTABLE);
    if (error != 0) {
        return error;
    }
    const struct cepa_onion_key *key = cepa_onion_keys_find(&relay.keys, (uint8_t)epoch);
    memcpy(ret_public_key, key->key.public_key.bytes, sizeof key->key.public_key.bytes);
    return 0;
}

void cepa_wasm_relay_forget(void)
{
    memset(&relay.share, 0, sizeof relay.share);
    for (size_t i = 0; i < CEPA_ONION_KEYS_LIVE_MAX; i++) {
        struct cepa_replay_cache *cache = &relay.keys.keys[i].replay;
        if (relay.keys.keys[i].is_live) {
            memset(cache->words, 0, cepa_replay_cache_size(cache->limits.capacity));
            cache->used = 0;
        }
    }
}

void cepa_wasm_onion_key_id(uint8_t *ret_id, const uint8_t *public_key)
{
    struct cepa_onion_key_id id;
    cepa_onion_key_id_of(&id, (const struct cepa_xwing_public_key *)public_key);
    memcpy(ret_id, id.bytes, sizeof id.bytes);
}

/* Reads a record of a hop; the key stays where it is. Gives the hop's type. */
static enum cepa_packet_type read_hop(struct cepa_packet_hop *ret_hop, const uint8_t *record)
{
    ret_hop->key = (const struct cepa_xwing_public_key *)record;
    cepa_onion_key_id_of(&ret_hop->key_id, ret_hop->key);
    record += CEPA_KEM_PUBLIC_KEY_SIZE;
    memcpy(ret_hop->node.bytes, record, CEPA_NODE_ID_SIZE);
    record += CEPA_NODE_ID_SIZE;
    ret_hop->delay_ms = cepa_be16_load(record + 2);
    return (enum cepa_packet_type)record[0];
}

int cepa_wasm_packet_build(uint8_t *ret_packet, uint8_t *ret_seeds, const uint8_t *hops,
                           size_t hops_len, uint32_t epoch, const uint8_t *recipient,
                           const uint8_t *content, size_t content_len)
{
    struct cepa_packet_plan plan = {.hops_len = hops_len, .epoch = {epoch}};
    struct cepa_packet_circuit_seeds seeds;
    if (hops_len > CEPA_PACKET_HOPS_MAX) {
        return CEPA_ERR_ARGUMENT;
    }
    for (size_t i = 0; i < hops_len; i++) {
        plan.types[i] = read_hop(&plan.hops[i], hops + i * CEPA_WASM_HOP_SIZE);
    }
    memcpy(plan.recipient.bytes, recipient, sizeof plan.recipient.bytes);
    plan.content.data = content;
    plan.content.data_len = content_len;
    int error = cepa_packet_build(ret_packet, &seeds, &plan, cepa_wasm_random(), &workspace.build,
                                  CEPA_CPU_PORTABLE);
    if (error == 0) {
        memcpy(ret_seeds, &seeds, sizeof seeds);
        cepa_wipe(&seeds, sizeof seeds);
    }
    return error;
}

static void write_content(uint8_t *ret_record, const struct cepa_packet_content *content,
                          const uint8_t *base)
{
    uint32_t offset = content->data != NULL ? (uint32_t)(content->data - base) : 0;
    cepa_be32_store(ret_record, offset);
    cepa_be32_store(ret_record + 4, content->data != NULL ? (uint32_t)content->data_len : 0);
}

int cepa_wasm_packet_peel(uint8_t *ret_peeled, uint8_t *packet, size_t packet_len,
                          uint32_t from_circuit)
{
    struct cepa_packet_peeled peeled;
    memset(&peeled, 0, sizeof peeled);
    int error = cepa_packet_peel(&peeled, packet, packet_len, &relay.keys, &relay.share,
                                 from_circuit ? CEPA_PACKET_FROM_CIRCUIT : CEPA_PACKET_FROM_LINK,
                                 &workspace.peel, CEPA_CPU_PORTABLE);
    if (error != 0) {
        return error;
    }
    uint8_t *at = ret_peeled;
    at[0] = (uint8_t)peeled.type;
    at[1] = 0;
    cepa_be16_store(at + 2, peeled.delay_ms);
    at += 4;
    memcpy(at, peeled.next.bytes, sizeof peeled.next.bytes);
    at += sizeof peeled.next.bytes;
    memcpy(at, peeled.recipient.bytes, sizeof peeled.recipient.bytes);
    at += sizeof peeled.recipient.bytes;
    memcpy(at, peeled.circuit.bytes, sizeof peeled.circuit.bytes);
    write_content(at + sizeof peeled.circuit.bytes, &peeled.content, packet);
    cepa_wipe(&peeled, sizeof peeled);
    return 0;
}

int cepa_wasm_surb_create(uint8_t *ret_surb, const uint8_t *hops, size_t hops_len, uint32_t epoch,
                          const uint8_t *recipient)
{
    struct cepa_surb_plan plan = {.hops_len = hops_len, .epoch = {epoch}};
    if (hops_len > CEPA_PACKET_HOPS_MAX) {
        return CEPA_ERR_ARGUMENT;
    }
    for (size_t i = 0; i < hops_len; i++) {
        (void)read_hop(&plan.hops[i], hops + i * CEPA_WASM_HOP_SIZE);
    }
    memcpy(plan.recipient.bytes, recipient, sizeof plan.recipient.bytes);
    return cepa_surb_create(ret_surb, &surb_secret, &plan, cepa_wasm_random(), &workspace.surb,
                            CEPA_CPU_PORTABLE);
}

int cepa_wasm_surb_use(uint8_t *ret_packet, uint8_t *ret_first, const uint8_t *surb,
                       size_t surb_len, const uint8_t *content, size_t content_len)
{
    const struct cepa_packet_content what = {content, content_len};
    return cepa_surb_use(ret_packet, (struct cepa_node_id *)ret_first, surb, surb_len, &what,
                         CEPA_CPU_PORTABLE);
}

int cepa_wasm_surb_open(uint8_t *ret_content, uint8_t *delta, size_t delta_len)
{
    struct cepa_packet_content content;
    int error = cepa_surb_open(&content, delta, delta_len, &surb_secret, CEPA_CPU_PORTABLE);
    if (error == 0) {
        write_content(ret_content, &content, delta);
    }
    return error;
}

void cepa_wasm_onion_wipe(void)
{
    cepa_wipe(&relay, sizeof relay);
    cepa_wipe(&workspace, sizeof workspace);
    cepa_surb_secret_wipe(&surb_secret);
}
