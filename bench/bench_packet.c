/* Time of one hop, of its steps, and of making a packet, beside what others need for the same. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "crypto/stream.h"
#include "native/cpu.h"
#include "native/host.h"
#include "support/relays.h"
#include "support/timing.h"

struct work {
    struct test_relays *relays;
    uint32_t cpu;
    struct cepa_packet_plan plan;
    struct cepa_surb_plan surb_plan;
    uint8_t good[CEPA_PACKET_SIZE];   /* a packet for relay 0 */
    uint8_t packet[CEPA_PACKET_SIZE]; /* the copy that is worked on */
    uint8_t surb[CEPA_SURB_SIZE];
    struct cepa_surb_secret surb_secret;
    struct cepa_xwing_ciphertext alpha;
    struct cepa_xwing_secret secret;
    struct cepa_packet_keys keys;
    struct cepa_hpolyc_key payload;
    uint8_t tag[16];
    struct cepa_replay_cache cache; /* as large as a daemon's */
    void *cache_memory;
    struct cepa_replay_share share;
    struct test_random tags;
};

/* Lets relay 0 forget, so that the same packet is new again. */
static void forget(struct work *work)
{
    struct test_relay *relay = &work->relays->relay[0];
    struct cepa_onion_key *key = cepa_onion_keys_find(&relay->keys, (uint8_t)TEST_EPOCH);
    memset(key->replay.words, 0, cepa_replay_cache_size(key->replay.limits.capacity));
    key->replay.used = 0;
    memset(&relay->share, 0, sizeof relay->share);
}

static void run_copy(void *context)
{
    struct work *work = context;
    memcpy(work->packet, work->good, sizeof work->packet);
    forget(work);
}

static void run_peel(void *context)
{
    struct work *work = context;
    struct test_relay *relay = &work->relays->relay[0];
    struct cepa_packet_peeled peeled;
    run_copy(work);
    if (cepa_packet_peel(&peeled, work->packet, sizeof work->packet, &relay->keys, &relay->share,
                         CEPA_PACKET_FROM_LINK, &work->relays->peel, work->cpu) != 0) {
        abort();
    }
}

static void run_drop(void *context)
{
    struct work *work = context;
    struct test_relay *relay = &work->relays->relay[0];
    struct cepa_packet_peeled peeled;
    run_copy(work);
    work->packet[CEPA_PACKET_GAMMA_OFFSET] ^= 1;
    if (cepa_packet_peel(&peeled, work->packet, sizeof work->packet, &relay->keys, &relay->share,
                         CEPA_PACKET_FROM_LINK, &work->relays->peel,
                         work->cpu) != CEPA_ERR_DROPPED) {
        abort();
    }
}

static void run_build(void *context)
{
    struct work *work = context;
    if (cepa_packet_build(work->packet, NULL, &work->plan, &work->relays->random,
                          &work->relays->build, work->cpu) != 0) {
        abort();
    }
}

static void run_surb_create(void *context)
{
    struct work *work = context;
    if (cepa_surb_create(work->surb, &work->surb_secret, &work->surb_plan, &work->relays->random,
                         &work->relays->surb, work->cpu) != 0) {
        abort();
    }
}

static void run_surb_use(void *context)
{
    struct work *work = context;
    struct cepa_node_id first;
    if (cepa_surb_use(work->packet, &first, work->surb, sizeof work->surb, &work->plan.content,
                      work->cpu) != 0) {
        abort();
    }
}

static void run_surb_open(void *context)
{
    struct work *work = context;
    struct cepa_packet_content content;
    /* The answer is opened again and again, so only the first time it is one. */
    if (cepa_surb_open(&content, work->packet + CEPA_PACKET_HEADER_SIZE, CEPA_PACKET_PAYLOAD_SIZE,
                       &work->surb_secret, work->cpu) == CEPA_ERR_LENGTH) {
        abort();
    }
}

static void run_decapsulate(void *context)
{
    struct work *work = context;
    struct cepa_onion_key *key =
        cepa_onion_keys_find(&work->relays->relay[0].keys, (uint8_t)TEST_EPOCH);
    if (cepa_xwing_decapsulate(&work->secret, &key->key, &work->alpha, &work->relays->peel.xwing,
                               work->cpu) != 0) {
        abort();
    }
}

static void run_keys(void *context)
{
    struct work *work = context;
    cepa_packet_keys_derive(&work->keys, &work->secret, &work->relays->relay[0].key_id, work->good);
}

static void run_gamma(void *context)
{
    struct work *work = context;
    cepa_packet_keys_gamma(&work->keys, work->tag, work->good, work->cpu);
}

static void run_replay(void *context)
{
    struct work *work = context;
    struct cepa_replay_tag tag;
    test_random_bytes(&work->tags, &tag, sizeof tag);
    work->share.used = 0;
    (void)cepa_replay_cache_insert(&work->cache, &work->share, &tag,
                                   work->cache.used < 900000 ? UINT32_MAX : 0);
}

static void run_stream(void *context)
{
    struct work *work = context;
    static const uint8_t nonce[CEPA_CHACHA20_NONCE_LEN] = {0};
    cepa_chacha20_xor(work->packet, CEPA_PACKET_STREAM_SIZE, work->keys.stream, nonce, 0,
                      work->cpu);
}

static void run_payload_mac(void *context)
{
    struct work *work = context;
    cepa_packet_keys_payload_mac(&work->keys, work->tag, work->good + CEPA_PACKET_HEADER_SIZE,
                                 work->cpu);
}

static void run_payload(void *context)
{
    struct work *work = context;
    cepa_hpolyc_key_init(&work->payload, work->keys.payload, work->cpu);
    cepa_hpolyc_decrypt(&work->payload, work->packet + CEPA_PACKET_HEADER_SIZE,
                        CEPA_PACKET_PAYLOAD_SIZE, NULL, 0, work->cpu);
}

struct row {
    const char *name;
    void (*run)(void *context);
    size_t hops_len; /* of the plan; 0 if none is needed */
    int has_copy;    /* the time of run_copy is taken off */
    const char *anchor;
};

static const struct row rows[] = {
    {"one hop", run_peel, 5, 1, "Katzenpost X-Wing 237-256; Nym, classical, 163 at 16 KiB"},
    {"one hop, packet dropped", run_drop, 5, 1, "bad authenticator, found out by step 2 of 6"},
    {"  X-Wing decapsulation", run_decapsulate, 0, 0, "libsodium-git 90, best assembly 43"},
    {"  keys", run_keys, 0, 0, ""},
    {"  header authenticator", run_gamma, 0, 0, ""},
    {"  replay, 2^20 tags", run_replay, 0, 0, ""},
    {"  header stream", run_stream, 0, 0, ""},
    {"  payload authenticator", run_payload_mac, 0, 0, ""},
    {"  payload layer", run_payload, 0, 0, "LIONESS 55 at 16 KiB"},
    {"make a packet, 1 hop", run_build, 1, 0, ""},
    {"make a packet, 3 hops", run_build, 3, 0, "Nym, classical, 207 at 2 KiB"},
    {"make a packet, 5 hops", run_build, 5, 0, "Katzenpost X-Wing 920"},
    {"make a SURB, 5 hops", run_surb_create, 5, 0, ""},
    {"answer with a SURB", run_surb_use, 5, 0, ""},
    {"open the answer, 5 hops", run_surb_open, 5, 0, ""},
};

static double time_row(struct work *work, const struct row *row, uint32_t cpu)
{
    work->cpu = cpu;
    if (row->hops_len > 0) {
        work->plan = test_relays_plan(work->relays, row->hops_len, CEPA_PACKET_DELIVER,
                                      CEPA_PACKET_CONTENT_MAX);
        memcpy(work->surb_plan.hops, work->plan.hops, sizeof work->plan.hops);
        work->surb_plan.hops_len = row->hops_len;
        work->surb_plan.epoch = work->plan.epoch;
        run_build(work);
        memcpy(work->good, work->packet, sizeof work->good);
        memcpy(&work->alpha, work->good + CEPA_PACKET_ALPHA_OFFSET, sizeof work->alpha);
        run_surb_create(work);
    }
    double took = timing_run(row->run, work);
    return row->has_copy ? took - timing_run(run_copy, work) : took;
}

static void print_time(double ns, uint32_t needs, uint32_t cpu)
{
    if ((needs & ~cpu) != 0) {
        printf(" %9s", "-");
    } else {
        printf(" %9.2f", ns / 1000);
    }
}

int main(void)
{
    static const uint32_t kinds[] = {CEPA_CPU_PORTABLE, CEPA_CPU_AVX2 | CEPA_CPU_AESNI,
                                     CEPA_CPU_AVX2 | CEPA_CPU_AESNI | CEPA_CPU_AVX512_IFMA};
    static struct work work;
    struct cepa_replay_limits limits = {CEPA_REPLAY_CAPACITY_DEFAULT, CEPA_REPLAY_CAPACITY_DEFAULT};
    uint32_t cpu = cepa_native_cpu();
    size_t memory_len = cepa_replay_cache_size(limits.capacity);
    work.cache_memory = malloc(memory_len);
    if (cepa_native_init() != 0 || work.cache_memory == NULL ||
        cepa_replay_cache_init(&work.cache, work.cache_memory, memory_len, &limits) != 0) {
        return 1;
    }
    work.relays = test_relays_new(1, 1);
    timing_header("Onion packets of 16,384 bytes, 10,426 of content, up to 5 hops; us");
    printf("%-26s %9s %9s %9s   %s\n", "", "portable", "AVX2", "IFMA", "anchor");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        printf("%-26s", rows[i].name);
        for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
            int has_kind = (kinds[k] & ~cpu) == 0;
            print_time(has_kind ? time_row(&work, &rows[i], kinds[k]) : 0, kinds[k], cpu);
        }
        printf("   %s\n", rows[i].anchor);
    }
    test_relays_free(work.relays);
    free(work.cache_memory);
    return 0;
}
