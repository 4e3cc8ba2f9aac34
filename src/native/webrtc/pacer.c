/* A packet may leave when the time has come that the packets before it have used up; pauses save up
 * a burst. */
#include "native/webrtc/pacer.h"

#include <stdlib.h>
#include <string.h>

#include "base/endian.h"

enum { LEN_SIZE = 2, CAPACITY_FIRST = 32 * 1024 };

/* How long `len` bytes take at the rate. */
static uint64_t duration_ns(const struct cepa_pacer *pacer, size_t len)
{
    return (uint64_t)len * CEPA_SECOND_NS / pacer->rate;
}

void cepa_pacer_set(struct cepa_pacer *pacer, size_t window, uint64_t rtt_ns)
{
    if (rtt_ns < CEPA_PACER_SHORT_MS * CEPA_MILLISECOND_NS || window == 0) {
        pacer->rate = 0;
        return;
    }
    /* Twice the window per round trip: it can double within one, and acknowledgements come in
     * clumps. */
    pacer->rate = 2 * (uint64_t)window * (CEPA_SECOND_NS / 1024) / (rtt_ns / 1024);
}

/* Counts a packet that leaves. */
static void count(struct cepa_pacer *pacer, size_t len, struct cepa_time now)
{
    uint64_t burst_ns = duration_ns(pacer, (size_t)CEPA_PACER_BURST * CEPA_PACER_PACKET);
    if (cepa_time_since(now, pacer->next_at) > burst_ns) {
        pacer->next_at.ns = now.ns - burst_ns;
    }
    pacer->next_at = cepa_time_add(pacer->next_at, duration_ns(pacer, len));
}

static bool is_empty(const struct cepa_pacer *pacer)
{
    return pacer->first == pacer->end;
}

bool cepa_pacer_pass(struct cepa_pacer *pacer, size_t len, struct cepa_time now)
{
    if (!is_empty(pacer)) {
        return false;
    }
    if (pacer->rate == 0) {
        return true;
    }
    if (cepa_time_is_before(now, pacer->next_at)) {
        return false;
    }
    count(pacer, len, now);
    return true;
}

/* Makes room behind the last packet. */
static int make_room(struct cepa_pacer *pacer, size_t len)
{
    size_t used = pacer->end - pacer->first;
    if (pacer->first > 0) {
        memmove(pacer->bytes, pacer->bytes + pacer->first, used);
        pacer->first = 0;
        pacer->end = used;
    }
    size_t capacity = pacer->capacity == 0 ? CAPACITY_FIRST : pacer->capacity;
    while (capacity < used + len) {
        capacity *= 2;
    }
    if (capacity > CEPA_PACER_CAPACITY) {
        return CEPA_ERR_FULL;
    }
    uint8_t *bytes = capacity == pacer->capacity ? pacer->bytes : realloc(pacer->bytes, capacity);
    if (bytes == NULL) {
        return CEPA_ERR_FULL;
    }
    pacer->bytes = bytes;
    pacer->capacity = capacity;
    return 0;
}

int cepa_pacer_hold(struct cepa_pacer *pacer, const uint8_t *packet, size_t len)
{
    if (pacer->capacity - pacer->end < LEN_SIZE + len && make_room(pacer, LEN_SIZE + len) != 0) {
        return CEPA_ERR_FULL;
    }
    cepa_be16_store(pacer->bytes + pacer->end, (uint16_t)len);
    memcpy(pacer->bytes + pacer->end + LEN_SIZE, packet, len);
    pacer->end += LEN_SIZE + len;
    return 0;
}

const uint8_t *cepa_pacer_next(struct cepa_pacer *pacer, size_t *ret_len, struct cepa_time now)
{
    if (is_empty(pacer)) {
        return NULL;
    }
    if (pacer->rate != 0 && cepa_time_is_before(now, pacer->next_at)) {
        return NULL;
    }
    const uint8_t *packet = pacer->bytes + pacer->first + LEN_SIZE;
    *ret_len = cepa_be16_load(pacer->bytes + pacer->first);
    pacer->first += LEN_SIZE + *ret_len;
    if (pacer->rate != 0) {
        count(pacer, *ret_len, now);
    }
    if (is_empty(pacer)) {
        pacer->first = 0;
        pacer->end = 0;
    }
    return packet;
}

struct cepa_time cepa_pacer_deadline(const struct cepa_pacer *pacer)
{
    size_t waiting = pacer->end - pacer->first;
    size_t batch = (size_t)(CEPA_PACER_BATCH - 1) * CEPA_PACER_PACKET;
    if (waiting == 0) {
        return cepa_time_never();
    }
    return pacer->rate == 0 ? pacer->next_at
                            : cepa_time_add(pacer->next_at,
                                            duration_ns(pacer, waiting < batch ? waiting : batch));
}

void cepa_pacer_wipe(struct cepa_pacer *pacer)
{
    free(pacer->bytes);
    memset(pacer, 0, sizeof *pacer);
}
