/* Packets at a hop, behind the authenticators. The input describes a packet and what is changed at
 * one of its hops; the harness owns that hop's key, so it makes the authenticators right again and
 * every change reaches the code that interprets. What peeling gives must fit what was done.
 *
 * Input: hops (1), content length (2), for each of 5 hops type and delay (1 + 2), target hop (1),
 * what to repair (1), source (1), then changes until the end: place in the packet (2), XOR (1).
 * With a first byte of 0xff the rest is the packet itself. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "support/forge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

enum { REPAIR_PAYLOAD_MAC = 1, REPAIR_GAMMA = 2, RAW = 0xff };

/* What the input asks for. */
struct wish {
    struct cepa_packet_plan plan;
    size_t target;
    uint8_t repair;
    enum cepa_packet_source source;
};

static struct test_relays *relays;

static void demand(int is_true)
{
    if (!is_true) {
        abort();
    }
}

/* The relays forget what they have seen, so that each input runs like the first. */
static void forget(void)
{
    if (relays == NULL) {
        relays = test_relays_new(4, 1);
    }
    relays->random = test_source_init(&relays->source, 7);
    for (size_t i = 0; i < CEPA_PACKET_HOPS_MAX; i++) {
        struct test_relay *relay = &relays->relay[i];
        struct cepa_onion_key *key = cepa_onion_keys_find(&relay->keys, (uint8_t)TEST_EPOCH);
        memset(key->replay.words, 0, cepa_replay_cache_size(key->replay.limits.capacity));
        key->replay.used = 0;
        memset(&relay->share, 0, sizeof relay->share);
    }
}

static int is_wiped(void)
{
    static const uint8_t zeros[CEPA_PACKET_SIZE];
    return memcmp(relays->packet, zeros, sizeof zeros) == 0;
}

/* Whatever was peeled makes sense. */
static void check_peeled(const struct cepa_packet_peeled *peeled, enum cepa_packet_source source)
{
    const uint8_t *delta = relays->packet + CEPA_PACKET_HEADER_SIZE;
    demand(cepa_packet_type_is_known((uint8_t)peeled->type));
    demand((peeled->type == CEPA_PACKET_EXTEND) == (source == CEPA_PACKET_FROM_CIRCUIT));
    demand(peeled->delay_ms <= CEPA_PACKET_DELAY_MS_MAX);
    demand(peeled->delay_ms == 0 || cepa_packet_type_may_delay(peeled->type));
    if (peeled->content.data != NULL) {
        demand(!cepa_packet_type_is_slot(peeled->type) && peeled->content.data >= delta);
        demand(peeled->content.data + peeled->content.data_len <= delta + CEPA_PACKET_PAYLOAD_SIZE);
    }
}

static int peel(size_t which, enum cepa_packet_source source)
{
    struct test_relay *relay = &relays->relay[which];
    static uint8_t before[CEPA_PACKET_SIZE];
    struct cepa_packet_peeled peeled, untouched;
    memset(&peeled, 0x3c, sizeof peeled);
    untouched = peeled;
    memcpy(before, relays->packet, sizeof before);
    int status = cepa_packet_peel(&peeled, relays->packet, sizeof relays->packet, &relay->keys,
                                  &relay->share, source, &relays->peel, relays->cpu);
    if (status == 0) {
        check_peeled(&peeled, source);
    } else {
        demand(memcmp(&peeled, &untouched, sizeof peeled) == 0);
        demand(status == CEPA_ERR_DROPPED ? is_wiped()
                                          : memcmp(relays->packet, before, sizeof before) == 0);
    }
    return status;
}

static void try_raw(const uint8_t *data, size_t data_len)
{
    memset(relays->packet, 0, sizeof relays->packet);
    memcpy(relays->packet, data, data_len < CEPA_PACKET_SIZE ? data_len : CEPA_PACKET_SIZE);
    if (data_len >= 4 && relays->packet[2] % 2 == 0) {
        cepa_packet_prefix_encode(relays->packet, TEST_EPOCH);
    }
    demand(peel(0, CEPA_PACKET_FROM_LINK) != 0);
}

static void read_wish(struct wish *ret_wish, struct cepa_reader *reader)
{
    size_t hops_len = 1 + cepa_reader_u8(reader) % CEPA_PACKET_HOPS_MAX;
    size_t content_len = cepa_reader_u16(reader);
    ret_wish->plan = test_relays_plan(relays, hops_len, CEPA_PACKET_DELIVER, content_len);
    for (size_t i = 0; i < CEPA_PACKET_HOPS_MAX; i++) {
        uint8_t type = cepa_reader_u8(reader);
        uint16_t delay_ms = cepa_reader_u16(reader);
        if (i < hops_len) {
            ret_wish->plan.types[i] = (enum cepa_packet_type)type;
            ret_wish->plan.hops[i].delay_ms = delay_ms;
        }
    }
    ret_wish->target = cepa_reader_u8(reader) % hops_len;
    ret_wish->repair = cepa_reader_u8(reader);
    ret_wish->source =
        cepa_reader_u8(reader) % 2 == 0 ? CEPA_PACKET_FROM_LINK : CEPA_PACKET_FROM_CIRCUIT;
}

/* Makes the changes at the target hop. Gives 1 if anything is different afterwards. */
static int change(const struct wish *wish, struct cepa_reader *reader)
{
    static uint8_t before[CEPA_PACKET_SIZE];
    struct cepa_packet_keys keys;
    memcpy(before, relays->packet, sizeof before);
    test_forge_open(relays, wish->target, &keys);
    while (cepa_reader_left(reader) >= 3) {
        size_t at = cepa_reader_u16(reader) % CEPA_PACKET_SIZE;
        uint8_t with = cepa_reader_u8(reader);
        /* Prefix and alpha are what the keys came from. */
        if (at >= CEPA_PACKET_GAMMA_OFFSET) {
            relays->packet[at] ^= with;
        }
    }
    if ((wish->repair & REPAIR_PAYLOAD_MAC) != 0) {
        test_forge_payload_mac(relays, &keys);
    }
    uint8_t gamma[CEPA_TAG_SIZE];
    memcpy(gamma, relays->packet + CEPA_PACKET_GAMMA_OFFSET, sizeof gamma);
    test_forge_close(relays, &keys);
    if ((wish->repair & REPAIR_GAMMA) == 0) {
        memcpy(relays->packet + CEPA_PACKET_GAMMA_OFFSET, gamma, sizeof gamma);
    }
    return memcmp(relays->packet, before, sizeof before) != 0;
}

static void try_wish(struct cepa_reader *reader)
{
    struct wish wish;
    read_wish(&wish, reader);
    if (cepa_packet_build(relays->packet, &relays->seeds_made, &wish.plan, &relays->random,
                          &relays->build, relays->cpu) != 0) {
        return;
    }
    for (size_t i = 0; i < wish.target; i++) {
        int is_extend = wish.plan.types[i] == CEPA_PACKET_EXTEND;
        demand(peel(i, is_extend ? CEPA_PACKET_FROM_CIRCUIT : CEPA_PACKET_FROM_LINK) == 0);
    }
    int is_changed = change(&wish, reader);
    int is_right_way = (wish.plan.types[wish.target] == CEPA_PACKET_EXTEND) ==
                       (wish.source == CEPA_PACKET_FROM_CIRCUIT);
    int status = peel(wish.target, wish.source);
    if (!is_changed) {
        demand(status == (is_right_way ? 0 : CEPA_ERR_DROPPED));
    } else if ((wish.repair & REPAIR_GAMMA) == 0) {
        demand(status == CEPA_ERR_DROPPED);
    }
    if (status == 0 && wish.target + 1 < wish.plan.hops_len) {
        /* The next hop meets something that may be wrong in any way. */
        (void)peel(wish.target + 1, CEPA_PACKET_FROM_LINK);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    struct cepa_reader reader;
    forget();
    if (data_len > 0 && data[0] == RAW) {
        try_raw(data + 1, data_len - 1);
    } else {
        cepa_reader_init(&reader, data, data_len);
        try_wish(&reader);
    }
    return 0;
}
