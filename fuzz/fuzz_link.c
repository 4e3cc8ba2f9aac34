/* A link that is up, and a peer with its keys that sends any bodies, in any order, over two
 * carriers, while its owner opens, accepts and closes circuits and sends. Whatever comes, pools
 * stay whole and no assertion fails. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "link/link.h"
#include "native/host.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

static const struct cepa_link_limits limits = {48, 8, 4, 1, 6, 20, 32};
static struct cepa_link_identity identity;
static struct cepa_link_shared shared;
static struct cepa_link victim;
static struct cepa_link_sealer peer;
static void *memory;
static uint32_t own_circuit;

static int seven_fill(void *context, uint8_t *ret_bytes, size_t len)
{
    (void)context;
    memset(ret_bytes, 7, len);
    return 0;
}
static const struct cepa_random seven_random = {seven_fill, NULL};

static struct cepa_time now;

static void take_events(void)
{
    struct cepa_link_event event;
    unsigned count = 0;
    while (cepa_link_next(&victim, &event) == 0) {
        CEPA_ASSERT(count++ < 1000);
        if (event.kind == CEPA_LINK_PACKET) {
            (void)(cepa_link_accept_circuit(&victim, event.circuit_id) == 0);
        } else if (event.kind == CEPA_LINK_CELL) {
            CEPA_ASSERT(cepa_link_event_body(&victim) == event.data);
            cepa_link_consumed(&victim, event.circuit_id, 1, now);
        }
    }
}

/* Puts a link into the state that a handshake leaves. */
static void begin(void)
{
    static const struct cepa_shaper_config shaper = {CEPA_SHAPER_OFF, 0};
    static const struct cepa_carrier carrier = {.kind = CEPA_CARRIER_SIM};
    static const struct cepa_link_secret secret = {{1}};
    static const struct cepa_wall wall = {0};
    now.ns = CEPA_SECOND_NS;
    CEPA_ASSERT(cepa_link_shared_init(&shared, memory, cepa_link_shared_size(&limits), &limits,
                                      &identity, &seven_random, 0) == 0);
    cepa_link_init(&victim, &shared, false, false, &shaper, wall, now);
    for (unsigned slot = 0; slot < 2; slot++) {
        CEPA_ASSERT(cepa_link_attach(&victim, slot, &carrier, now) == 0);
    }
    cepa_link_sealer_init(&victim.sealer, &secret);
    cepa_link_opener_init(&victim.opener, &secret);
    cepa_link_sealer_init(&peer, &secret);
    victim.parameters.credit = 32;
    victim.parameters.circuits_max = 6;
    victim.phase = CEPA_LINK_PHASE_UP;
    victim.slots[0].is_proven = true;
    CEPA_ASSERT(cepa_link_open_circuit(&victim, &own_circuit) == 0);
    CEPA_ASSERT(cepa_link_accept_circuit(&victim, 1) == 0);
}

/* The peer sends a body that begins with these bytes; short ids and numbers are likely. */
static void strike(unsigned slot, const uint8_t *data, size_t data_len)
{
    uint8_t frame[CEPA_FRAME_SIZE] = {0};
    if (data_len > CEPA_FRAME_BODY_SIZE) {
        data_len = CEPA_FRAME_BODY_SIZE;
    }
    memcpy(frame + 8, data, data_len);
    CEPA_ASSERT(cepa_link_seal(&peer, frame, sizeof frame, 0) == 0);
    cepa_link_receive(&victim, slot, frame, sizeof frame, now);
    take_events();
}

static void act(uint8_t verb)
{
    static const uint8_t bytes[CEPA_PACKET_SIZE];
    uint8_t frame[CEPA_FRAME_SIZE];
    uint32_t id = own_circuit;
    int error = 0;
    switch (verb % 16) {
    case 0:
        error = cepa_link_open_circuit(&victim, &id);
        break;
    case 1:
        cepa_link_close_circuit(&victim, verb >> 4, 1, now);
        break;
    case 2:
        error = cepa_link_send_packet(&victim, id, bytes, now);
        break;
    case 3:
        error = cepa_link_send_message(&victim, bytes, 1 + verb * 60u, now);
        break;
    case 4:
        error = cepa_link_send_relayed(&victim, verb, bytes, now);
        break;
    case 5:
        error = cepa_link_move(&victim, verb >> 7, now);
        break;
    case 6:
        cepa_link_detach(&victim, verb >> 7, now);
        break;
    case 7:
    case 8:
        now = cepa_time_add(now, (uint64_t)verb * CEPA_MILLISECOND_NS);
        cepa_link_step(&victim, now);
        break;
    case 9:
        cepa_link_close(&victim, now);
        break;
    case 10:
    case 11:
        error = cepa_link_send_cell(&victim, verb & 16 ? 1 : id, verb, bytes, now);
        break;
    default:
        if (cepa_link_pull(&victim, verb >> 7, frame, now) == 0) {
            CEPA_ASSERT(cepa_link_deadline(&victim).ns > 0);
        }
        break;
    }
    (void)error;
    take_events();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    if (memory == NULL) {
        size_t size = cepa_link_shared_size(&limits);
        memory = aligned_alloc(64, (size + 63) / 64 * 64);
        if (memory == NULL || cepa_native_init() != 0) {
            abort();
        }
    }
    begin();
    while (data_len >= 2) {
        size_t len = data[1] < data_len - 2 ? data[1] : data_len - 2;
        if (data[0] & 1) {
            strike((data[0] >> 1) & 1, data + 2, len);
            data += 2 + len;
            data_len -= 2 + len;
        } else {
            act(data[1]);
            data += 2;
            data_len -= 2;
        }
    }
    cepa_link_wipe(&victim);
    CEPA_ASSERT(shared.cell_pool.count == 0 && shared.circuit_pool.count == 0);
    CEPA_ASSERT(shared.buffer_pool.count == 0 && shared.circuit_by_id.count == 0);
    cepa_link_shared_wipe(&shared);
    return 0;
}
