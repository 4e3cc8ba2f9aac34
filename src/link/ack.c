/* Cumulative acknowledgement: the round trip, holes, and the silence of a peer. @[SPEC 7.6] */
#include <string.h>

#include "link/link_internal.h"

#define FIRST_TIMEOUT_NS (500 * CEPA_MILLISECOND_NS)
#define TIMEOUT_MAX_NS (500 * CEPA_MILLISECOND_NS)
#define VARIANCE_MIN_NS (2500 * CEPA_MICROSECOND_NS)
#define STALL_MIN_NS (300 * CEPA_MILLISECOND_NS)
#define STALL_MAX_NS (1500 * CEPA_MILLISECOND_NS)
#define REFRESH_GAP_NS (50 * CEPA_MILLISECOND_NS)
#define REORDER_NS (5 * CEPA_MILLISECOND_NS)

/* A shaped peer that was quiet may take so long for a word; nobody is granted more. */
#define SHAPED_DELAY_NS CEPA_SECOND_NS
#define QUIET_NS (2 * CEPA_SECOND_NS)

void cepa_link_ack_init(struct cepa_link_ack *ret_ack, struct cepa_time now)
{
    memset(ret_ack, 0, sizeof *ret_ack);
    ret_ack->owed_since = cepa_time_never();
    ret_ack->sample_at = cepa_time_never();
    ret_ack->probe = cepa_time_never();
    ret_ack->refresh = cepa_time_never();
    ret_ack->refreshed = now;
    ret_ack->progress = now;
    ret_ack->highest_at = now;
    ret_ack->delay_ns = CEPA_LINK_WORD_DELAY_NS;
}

uint64_t cepa_link_ack_timeout_ns(const struct cepa_link_ack *ack)
{
    /* Where words are held back for long the round trip is not what takes the time. */
    uint64_t more_ns = ack->delay_ns > TIMEOUT_MAX_NS ? ack->delay_ns : 0;
    if (ack->smoothed_ns == 0) {
        return FIRST_TIMEOUT_NS + more_ns;
    }
    uint64_t variance = ack->variance_ns > VARIANCE_MIN_NS ? ack->variance_ns : VARIANCE_MIN_NS;
    uint64_t timeout = ack->smoothed_ns + 4 * variance + ack->delay_ns;
    return timeout < TIMEOUT_MAX_NS + more_ns ? timeout : TIMEOUT_MAX_NS + more_ns;
}

static uint64_t stall_ns(const struct cepa_link_ack *ack)
{
    uint64_t limit = 3 * cepa_link_ack_timeout_ns(ack);
    uint64_t max = ack->delay_ns > TIMEOUT_MAX_NS ? 2 * STALL_MAX_NS : STALL_MAX_NS;
    return limit < STALL_MIN_NS ? STALL_MIN_NS : limit > max ? max : limit;
}

static bool is_outstanding(const struct cepa_link_ack *ack)
{
    return ack->wanting > ack->acked;
}

void cepa_link_ack_on_received(struct cepa_link *link, uint64_t counter, bool is_wanting,
                               struct cepa_time now)
{
    struct cepa_link_ack *ack = &link->ack;
    ack->received++;
    if (counter + 1 == link->opener.window.next) {
        ack->highest_at = now;
    }
    if (is_wanting) {
        ack->owed++;
        if (cepa_time_is_never(ack->owed_since)) {
            ack->owed_since = now;
            cepa_shaper_wait(&link->shaper, CEPA_SHAPER_WORD, now);
        }
    }
}

void cepa_link_ack_on_sent(struct cepa_link *link, uint64_t counter, bool is_wanting,
                           struct cepa_time now)
{
    struct cepa_link_ack *ack = &link->ack;
    if (!is_wanting) {
        return;
    }
    if (!is_outstanding(ack)) {
        bool is_slow = link->parameters.shaper != CEPA_SHAPER_OFF &&
                       cepa_time_since(now, ack->progress) >= QUIET_NS;
        ack->delay_ns = is_slow ? SHAPED_DELAY_NS : ack->delay_ns;
        ack->progress = now;
        ack->probe = cepa_time_add(now, cepa_link_ack_timeout_ns(ack));
    }
    ack->wanting = counter + 1;
    if (cepa_time_is_never(ack->sample_at)) {
        ack->sample = counter;
        ack->sample_at = now;
    }
}

/* Takes a measurement of the round trip, without the time that the peer held its word back.
 * @[RFC6298 2] */
static void measure(struct cepa_link_ack *ack, uint64_t delay_ns, struct cepa_time now)
{
    uint64_t round_trip_ns = cepa_time_since(now, ack->sample_at);
    ack->sample_at = cepa_time_never();
    ack->delay_ns -= ack->delay_ns / 8;
    if (delay_ns > ack->delay_ns && delay_ns <= round_trip_ns) {
        ack->delay_ns = delay_ns < SHAPED_DELAY_NS ? delay_ns : SHAPED_DELAY_NS;
    }
    round_trip_ns = delay_ns < round_trip_ns ? round_trip_ns - delay_ns : round_trip_ns;
    round_trip_ns += round_trip_ns == 0;
    if (ack->smoothed_ns == 0) {
        ack->smoothed_ns = round_trip_ns;
        ack->variance_ns = round_trip_ns / 2;
        return;
    }
    uint64_t distance = round_trip_ns > ack->smoothed_ns ? round_trip_ns - ack->smoothed_ns
                                                         : ack->smoothed_ns - round_trip_ns;
    ack->variance_ns = ack->variance_ns - ack->variance_ns / 4 + distance / 4;
    ack->smoothed_ns = ack->smoothed_ns - ack->smoothed_ns / 8 + round_trip_ns / 8;
}

/* Looks for holes in what the peer has. Reordering makes them too, so repeating waits a little and
 * is not done often. */
static void look_for_holes(struct cepa_link_ack *ack, struct cepa_time now)
{
    uint64_t holes = ack->acked - ack->acked_count;
    if (holes <= ack->lost) {
        ack->lost = holes;
        ack->refresh = cepa_time_never();
    } else if (cepa_time_is_never(ack->refresh)) {
        ack->refresh = cepa_time_latest(cepa_time_add(now, REORDER_NS),
                                        cepa_time_add(ack->refreshed, REFRESH_GAP_NS));
    }
}

int cepa_link_ack_on_header(struct cepa_link *link, const struct cepa_link_control_header *header,
                            struct cepa_time now)
{
    struct cepa_link_ack *ack = &link->ack;
    if (header->next > link->sealer.counter) {
        return CEPA_ERR_MALFORMED;
    }
    if (header->next < ack->acked || header->received < ack->acked_count ||
        (header->next == ack->acked && header->received == ack->acked_count)) {
        return 0; /* an older word, or the same again */
    }
    bool has_new_holes = header->next - header->received > ack->acked - ack->acked_count;
    ack->acked = header->next;
    ack->acked_count = header->received;
    ack->progress = now;
    if (has_new_holes) {
        ack->sample_at = cepa_time_never(); /* what was measured may be what was lost */
    } else if (!cepa_time_is_never(ack->sample_at) && ack->acked > ack->sample) {
        measure(ack, (uint64_t)header->delay_us * 1000, now);
    }
    ack->probe =
        is_outstanding(ack) ? cepa_time_add(now, cepa_link_ack_timeout_ns(ack)) : cepa_time_never();
    look_for_holes(ack, now);
    if (ack->is_stalled) {
        ack->is_stalled = false;
        cepa_link_tell(link, CEPA_LINK_RECOVERED);
    }
    return 0;
}

void cepa_link_ack_header(struct cepa_link_control_header *ret_header, const struct cepa_link *link,
                          struct cepa_time now)
{
    uint64_t delay_us = cepa_time_since(now, link->ack.highest_at) / 1000;
    ret_header->next = link->opener.window.next;
    ret_header->received = link->ack.received;
    ret_header->delay_us = delay_us < UINT32_MAX ? (uint32_t)delay_us : UINT32_MAX;
}

void cepa_link_ack_step(struct cepa_link *link, struct cepa_time now)
{
    struct cepa_link_ack *ack = &link->ack;
    if (cepa_time_is_due(ack->refresh, now)) {
        ack->lost = ack->acked - ack->acked_count;
        ack->refreshed = now;
        ack->refresh = cepa_time_never();
        cepa_link_circuits_refresh(link, now);
    }
    if (!is_outstanding(ack)) {
        return;
    }
    if (cepa_time_is_due(ack->probe, now)) {
        ack->is_probe_due = true;
        ack->sample_at = cepa_time_never();
        cepa_shaper_wait(&link->shaper, CEPA_SHAPER_WORD, now);
        ack->probe =
            cepa_time_add(now, ack->is_stalled ? CEPA_SECOND_NS : cepa_link_ack_timeout_ns(ack));
    }
    if (!ack->is_stalled && cepa_time_since(now, ack->progress) >= stall_ns(ack)) {
        ack->is_stalled = true;
        cepa_link_tell(link, CEPA_LINK_STALLED);
    }
}

struct cepa_time cepa_link_ack_deadline(const struct cepa_link *link)
{
    const struct cepa_link_ack *ack = &link->ack;
    struct cepa_time deadline = ack->refresh;
    if (is_outstanding(ack)) {
        deadline = cepa_time_earliest(deadline, ack->probe);
        if (!ack->is_stalled) {
            deadline = cepa_time_earliest(deadline, cepa_time_add(ack->progress, stall_ns(ack)));
        }
    }
    return deadline;
}
