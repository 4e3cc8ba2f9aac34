/* A bucket of answers, kept as the time up to which they are paid for. */
#include "native/webrtc/sack_hold.h"

#include <string.h>

enum {
    COMMON_HEADER = 12,
    SACK = 3, /* the type of the chunk */
    COUNTS_OFFSET = 24,
    COUNTS_SIZE = 4 /* of gap blocks, of duplicates */
};

#define INTERVAL_NS (CEPA_SACK_HOLD_INTERVAL_MS * CEPA_MILLISECOND_NS)
#define AHEAD_NS ((CEPA_SACK_HOLD_BURST - 1) * INTERVAL_NS)

_Static_assert(COUNTS_OFFSET + COUNTS_SIZE == CEPA_SACK_HOLD_SIZE, "the counts end a plain SACK");

static bool is_plain(const uint8_t *packet, size_t packet_len)
{
    static const uint8_t none[COUNTS_SIZE];
    return packet_len == CEPA_SACK_HOLD_SIZE && packet[COMMON_HEADER] == SACK &&
           memcmp(packet + COUNTS_OFFSET, none, sizeof none) == 0;
}

static bool may_leave(const struct cepa_sack_hold *hold, struct cepa_time now)
{
    return cepa_time_since(hold->paid, now) <= AHEAD_NS;
}

static void leave(struct cepa_sack_hold *hold, struct cepa_time now)
{
    hold->paid = cepa_time_add(cepa_time_latest(hold->paid, now), INTERVAL_NS);
    hold->count = 0;
}

bool cepa_sack_hold_takes(struct cepa_sack_hold *hold, const uint8_t *packet, size_t packet_len,
                          struct cepa_time now)
{
    if (!is_plain(packet, packet_len)) {
        return false;
    }
    if (may_leave(hold, now)) {
        leave(hold, now);
        return false;
    }
    if (hold->count + 1 >= CEPA_SACK_HOLD_COUNT) {
        hold->count = 0; /* not for the bucket, which would never fill again */
        return false;
    }
    memcpy(hold->packet, packet, packet_len);
    hold->count++;
    return true;
}

const uint8_t *cepa_sack_hold_next(struct cepa_sack_hold *hold, struct cepa_time now)
{
    if (hold->count == 0 || !may_leave(hold, now)) {
        return NULL;
    }
    leave(hold, now);
    return hold->packet;
}

struct cepa_time cepa_sack_hold_deadline(const struct cepa_sack_hold *hold)
{
    if (hold->count == 0) {
        return cepa_time_never();
    }
    struct cepa_time due = {hold->paid.ns - AHEAD_NS}; /* it could not leave before */
    return due;
}
