/* Publishing the descriptor of an address. @[SPEC 14.8] */
#include "rendezvous/publisher.h"

#include <string.h>

#include "base/assert.h"
#include "base/ct.h"
#include "base/draw.h"

enum {
    ASK_S = 120,         /* that an answer may take */
    REMAKE_S = 10,       /* between two descriptors of a day, in the long run */
    REMAKES = 3,         /* that may follow each other more quickly, */
    REMAKE_MIN_S = 1,    /* but not more quickly than that */
    RETRY_S = 5,         /* after refusals, doubled each time */
    RETRY_DOUBLINGS = 8, /* to 21 minutes */
    LOOK_MAX_S = 600,    /* the wall clock may be set at any time */
    PUSHED_MAX = 8       /* claims of higher sequences that are believed in a round */
};

#define REMAKE_NS (REMAKE_S * CEPA_SECOND_NS)
#define SEQUENCE_GRAIN_MS UINT64_C(600000)

/* A number below `bound`; for spreading only, so that without randomness half of it will do. */
static uint64_t spread(const struct cepa_publisher *publisher, uint64_t bound)
{
    uint64_t bits = UINT64_C(1) << 63;
    (void)!cepa_draw_u64(&bits, publisher->config.random);
    return cepa_draw_scale(bits, bound);
}

static uint64_t day_ms(const struct cepa_publisher *publisher)
{
    return publisher->config.calendar.day_len_ms;
}

void cepa_publisher_init(struct cepa_publisher *ret_publisher,
                         const struct cepa_publisher_config *config)
{
    memset(ret_publisher, 0, sizeof *ret_publisher);
    ret_publisher->config = *config;
    ret_publisher->look_at = cepa_time_never();
}

void cepa_publisher_wipe(struct cepa_publisher *publisher)
{
    cepa_wipe(publisher, sizeof *publisher);
}

/* --- days ------------------------------------------------------------------------------------- */

static struct cepa_publisher_day *day_find(struct cepa_publisher *publisher,
                                           struct cepa_directory_day number)
{
    for (size_t i = 0; i < CEPA_PUBLISHER_DAYS; i++) {
        struct cepa_publisher_day *day = &publisher->days[i];
        if (day->is_taken && day->address.day.number == number.number) {
            return day;
        }
    }
    return NULL;
}

static void day_begin(struct cepa_publisher *publisher, struct cepa_directory_day number,
                      struct cepa_time now)
{
    struct cepa_publisher_day *day = NULL;
    if (day_find(publisher, number) != NULL) {
        return;
    }
    for (size_t i = 0; i < CEPA_PUBLISHER_DAYS; i++) {
        day = publisher->days[i].is_taken ? day : &publisher->days[i];
    }
    CEPA_ASSERT(day != NULL);
    memset(day, 0, sizeof *day);
    int error = cepa_address_day_init(&day->address, &publisher->config.identity->address,
                                      &publisher->config.network, number);
    CEPA_ASSERT(error == 0); /* it is our own address */
    day->is_taken = true;
    day->make_at = now;
    day->round_at = cepa_time_never();
    day->retry_at = cepa_time_never();
}

/* The days that somebody whose clock is off by some hours may take for today. */
struct day_window {
    uint32_t first;
    uint32_t last;
    uint64_t change_ms; /* when the next change of these comes, from now */
};

/* Tomorrow's descriptor comes a quarter to half a day early, at a moment of its own each day. */
static void window_of(struct day_window *ret_window, struct cepa_publisher *publisher,
                      struct cepa_wall wall)
{
    const struct cepa_calendar *calendar = &publisher->config.calendar;
    struct cepa_directory_day today = cepa_calendar_day(calendar, wall);
    uint64_t passed = cepa_wall_since(wall, cepa_calendar_day_start(calendar, today));
    uint64_t quarter = day_ms(publisher) / 4;
    if (publisher->ahead.number != today.number + 1) {
        publisher->ahead.number = today.number + 1;
        publisher->ahead_ms = quarter + spread(publisher, quarter);
    }
    uint64_t ahead_from = day_ms(publisher) - publisher->ahead_ms;
    publisher->today = today;
    ret_window->first = passed < quarter && today.number > 0 ? today.number - 1 : today.number;
    bool has_next = passed >= ahead_from && today.number < UINT32_MAX;
    ret_window->last = has_next ? today.number + 1 : today.number;
    uint64_t change = passed < quarter      ? quarter
                      : passed < ahead_from ? ahead_from
                                            : day_ms(publisher);
    ret_window->change_ms = change > passed ? change - passed : 0;
}

static void look_at_wall(struct cepa_publisher *publisher, struct cepa_time now,
                         struct cepa_wall wall)
{
    struct day_window window;
    window_of(&window, publisher, wall);
    publisher->wall = wall;
    uint64_t wait_ms =
        window.change_ms < LOOK_MAX_S * 1000u ? window.change_ms + 1 : LOOK_MAX_S * 1000u;
    publisher->look_at = cepa_time_add(now, wait_ms * CEPA_MILLISECOND_NS);
    for (size_t i = 0; i < CEPA_PUBLISHER_DAYS; i++) {
        struct cepa_publisher_day *day = &publisher->days[i];
        uint32_t number = day->address.day.number;
        if (day->is_taken && (number < window.first || number > window.last)) {
            day->is_taken = false;
        }
    }
    day_begin(publisher, (struct cepa_directory_day){window.first}, now);
    day_begin(publisher, (struct cepa_directory_day){window.last}, now);
}

/* --- descriptors ------------------------------------------------------------------------------ */

static void round_begin(struct cepa_publisher *publisher, struct cepa_publisher_day *day,
                        struct cepa_time now)
{
    uint64_t twelfth = day_ms(publisher) / 12;
    uint64_t wait_ms = twelfth + spread(publisher, twelfth);
    day->round_at = cepa_time_add(now, wait_ms * CEPA_MILLISECOND_NS);
    day->retry_at = cepa_time_never();
    day->failures = 0;
    for (size_t i = 0; i < CEPA_PUBLISHER_COPIES; i++) {
        day->copies[i].state = CEPA_PUBLISHER_OPEN;
    }
}

/* Makes a day's descriptor; what was under way with the old one is of no use any more. */
static void make(struct cepa_publisher *publisher, struct cepa_publisher_day *day,
                 struct cepa_time now)
{
    const struct cepa_publisher_config *config = &publisher->config;
    uint64_t rounded = publisher->wall.unix_ms - publisher->wall.unix_ms % SEQUENCE_GRAIN_MS;
    uint64_t sequence = day->sequence >= rounded ? day->sequence + 1 : rounded;
    int error = cepa_address_descriptor_make(day->bytes, config->identity, &day->address, sequence,
                                             &publisher->contents, config->random,
                                             config->workspace, config->cpu);
    if (error != 0) {
        day->is_made = false; /* half of it may be written */
        day->make_at = cepa_time_add(now, CEPA_SECOND_NS);
        return;
    }
    day->is_made = true;
    day->sequence = sequence;
    day->made_at = now;
    day->paid_until = cepa_time_add(cepa_time_latest(day->paid_until, now), REMAKE_NS);
    day->make_at = cepa_time_never();
    round_begin(publisher, day, now);
}

/* A new one is needed: soon, but not as often as somebody likes. Who loses its introduction points
 * cannot be reached before the next one is there. */
static void make_soon(struct cepa_publisher_day *day, struct cepa_time now)
{
    struct cepa_time earliest = now;
    if (day->is_made) {
        struct cepa_time rest = cepa_time_add(day->made_at, REMAKE_MIN_S * CEPA_SECOND_NS);
        uint64_t debt_ns = cepa_time_since(day->paid_until, now);
        uint64_t most_ns = (REMAKES - 1) * REMAKE_NS;
        earliest = cepa_time_add(now, debt_ns > most_ns ? debt_ns - most_ns : 0);
        earliest = cepa_time_latest(earliest, rest);
    }
    day->make_at = cepa_time_earliest(day->make_at, earliest);
}

void cepa_publisher_set(struct cepa_publisher *publisher,
                        const struct cepa_address_contents *contents, struct cepa_time now,
                        struct cepa_wall wall)
{
    if (memcmp(&publisher->contents, contents, sizeof *contents) != 0) {
        publisher->contents = *contents;
        publisher->is_speaking = contents->points_len > 0 || contents->places_len > 0;
        for (size_t i = 0; i < CEPA_PUBLISHER_DAYS; i++) {
            make_soon(&publisher->days[i], now);
        }
    }
    publisher->look_at = now;
    cepa_publisher_step(publisher, now, wall);
}

void cepa_publisher_again(struct cepa_publisher *publisher, struct cepa_time now)
{
    for (size_t i = 0; i < CEPA_PUBLISHER_DAYS; i++) {
        struct cepa_publisher_day *day = &publisher->days[i];
        if (day->is_taken && day->is_made) {
            struct cepa_time soon = cepa_time_add(now, spread(publisher, CEPA_SECOND_NS));
            day->round_at = cepa_time_earliest(day->round_at, soon);
        }
    }
}

/* --- copies ----------------------------------------------------------------------------------- */

/* The copies of a position. */
struct copy_count {
    uint32_t live;                    /* there or under way */
    uint32_t asked;                   /* under way */
    uint32_t refused;                 /* to be tried again later */
    struct cepa_publisher_copy *open; /* the nearest relay that was not asked, or NULL */
    uint8_t open_rank;
};

static void copies_count(struct copy_count *ret_count, struct cepa_publisher_day *day,
                         size_t position)
{
    struct cepa_publisher_copy *copies = &day->copies[position * CEPA_DESCRIPTOR_NEAREST];
    memset(ret_count, 0, sizeof *ret_count);
    for (uint8_t rank = CEPA_DESCRIPTOR_NEAREST; rank > 0; rank--) {
        struct cepa_publisher_copy *copy = &copies[rank - 1];
        ret_count->asked += copy->state == CEPA_PUBLISHER_ASKED ? 1 : 0;
        ret_count->live +=
            copy->state == CEPA_PUBLISHER_ASKED || copy->state == CEPA_PUBLISHER_STORED ? 1 : 0;
        ret_count->refused += copy->state == CEPA_PUBLISHER_REFUSED ? 1 : 0;
        if (copy->state == CEPA_PUBLISHER_OPEN) {
            ret_count->open = copy;
            ret_count->open_rank = (uint8_t)(rank - 1);
        }
    }
}

/* When all relays of a position were asked and copies are missing, they are asked again later. */
static void plan_retry(struct cepa_publisher *publisher, struct cepa_publisher_day *day,
                       struct cepa_time now)
{
    bool is_missing = false;
    for (size_t i = 0; i < CEPA_DESCRIPTOR_POSITIONS; i++) {
        struct copy_count count;
        copies_count(&count, day, i);
        is_missing |= count.live < CEPA_DESCRIPTOR_CUSTODIANS && count.open == NULL;
    }
    if (is_missing && cepa_time_is_never(day->retry_at)) {
        uint64_t wait_ns = (RETRY_S * CEPA_SECOND_NS) << day->failures;
        wait_ns = wait_ns / 4 * 3 + spread(publisher, wait_ns / 2);
        day->retry_at = cepa_time_add(now, wait_ns);
    }
}

static void retry(struct cepa_publisher_day *day)
{
    day->retry_at = cepa_time_never();
    if (day->failures < RETRY_DOUBLINGS) {
        day->failures++;
    }
    for (size_t i = 0; i < CEPA_PUBLISHER_COPIES; i++) {
        if (day->copies[i].state == CEPA_PUBLISHER_REFUSED) {
            day->copies[i].state = CEPA_PUBLISHER_OPEN;
        }
    }
}

static void copies_step(struct cepa_publisher *publisher, struct cepa_publisher_day *day,
                        struct cepa_time now)
{
    if (cepa_time_is_due(day->round_at, now)) {
        day->pushed = 0;
        round_begin(publisher, day, now);
    }
    if (cepa_time_is_due(day->retry_at, now)) {
        retry(day);
    }
    for (size_t i = 0; i < CEPA_PUBLISHER_COPIES; i++) {
        struct cepa_publisher_copy *copy = &day->copies[i];
        if (copy->state == CEPA_PUBLISHER_ASKED && cepa_time_is_due(copy->until, now)) {
            copy->state = CEPA_PUBLISHER_REFUSED;
        }
    }
    plan_retry(publisher, day, now);
}

void cepa_publisher_step(struct cepa_publisher *publisher, struct cepa_time now,
                         struct cepa_wall wall)
{
    publisher->wall = wall;
    if (!publisher->is_speaking) {
        for (size_t i = 0; i < CEPA_PUBLISHER_DAYS; i++) {
            publisher->days[i].is_taken = false;
        }
        publisher->look_at = cepa_time_never();
        return;
    }
    look_at_wall(publisher, now, wall);
    for (size_t i = 0; i < CEPA_PUBLISHER_DAYS; i++) {
        struct cepa_publisher_day *day = &publisher->days[i];
        if (day->is_taken && cepa_time_is_due(day->make_at, now)) {
            make(publisher, day, now);
        }
        if (day->is_taken && day->is_made) {
            copies_step(publisher, day, now);
        }
    }
}

struct cepa_time cepa_publisher_deadline(const struct cepa_publisher *publisher)
{
    struct cepa_time deadline = publisher->look_at;
    for (size_t i = 0; i < CEPA_PUBLISHER_DAYS; i++) {
        const struct cepa_publisher_day *day = &publisher->days[i];
        if (!day->is_taken) {
            continue;
        }
        deadline = cepa_time_earliest(deadline, day->make_at);
        deadline = cepa_time_earliest(deadline, day->round_at);
        deadline = cepa_time_earliest(deadline, day->retry_at);
        for (size_t k = 0; k < CEPA_PUBLISHER_COPIES; k++) {
            const struct cepa_publisher_copy *copy = &day->copies[k];
            if (copy->state == CEPA_PUBLISHER_ASKED) {
                deadline = cepa_time_earliest(deadline, copy->until);
            }
        }
    }
    return deadline;
}

/* --- questions -------------------------------------------------------------------------------- */

/* The copy that is to be put next: today's before its neighbour's, and of the position with fewer
 * copies. */
static struct cepa_publisher_copy *choose(struct cepa_custodian_ask *ask,
                                          struct cepa_publisher *publisher)
{
    struct cepa_publisher_copy *chosen = NULL;
    uint32_t least = UINT32_MAX;
    uint32_t asked = 0;
    for (size_t i = 0; i < CEPA_PUBLISHER_DAYS; i++) {
        struct cepa_publisher_day *day = &publisher->days[i];
        bool is_today = day->address.day.number == publisher->today.number;
        for (size_t k = 0; day->is_taken && day->is_made && k < CEPA_DESCRIPTOR_POSITIONS; k++) {
            struct copy_count count;
            copies_count(&count, day, k);
            asked += count.asked;
            uint32_t order = count.live + (is_today ? 0 : CEPA_DESCRIPTOR_CUSTODIANS);
            if (count.live < CEPA_DESCRIPTOR_CUSTODIANS && count.open != NULL && order < least) {
                least = order;
                chosen = count.open;
                ask->position = day->address.positions[k];
                ask->rank = count.open_rank;
            }
        }
    }
    return asked < CEPA_PUBLISHER_ASKS ? chosen : NULL;
}

int cepa_publisher_next(struct cepa_publisher *publisher, struct cepa_custodian_ask *ret_ask,
                        struct cepa_time now)
{
    struct cepa_custodian_ask ask;
    struct cepa_publisher_copy *copy = choose(&ask, publisher);
    if (copy == NULL) {
        return CEPA_ERR_NOT_FOUND;
    }
    ask.number = ++publisher->asks;
    copy->state = CEPA_PUBLISHER_ASKED;
    copy->ask = ask.number;
    copy->until = cepa_time_add(now, ASK_S * CEPA_SECOND_NS);
    *ret_ask = ask;
    return 0;
}

/* The day and the copy that a question is about; NULL if it is over. */
static const struct cepa_publisher_copy *find(const struct cepa_publisher *publisher,
                                              const struct cepa_publisher_day **ret_day,
                                              uint64_t ask)
{
    for (size_t i = 0; i < CEPA_PUBLISHER_DAYS; i++) {
        const struct cepa_publisher_day *day = &publisher->days[i];
        for (size_t k = 0; k < CEPA_PUBLISHER_COPIES; k++) {
            const struct cepa_publisher_copy *copy = &day->copies[k];
            if (day->is_taken && copy->state == CEPA_PUBLISHER_ASKED && copy->ask == ask) {
                *ret_day = day;
                return copy;
            }
        }
    }
    return NULL;
}

const uint8_t *cepa_publisher_descriptor(const struct cepa_publisher *publisher, uint64_t ask)
{
    const struct cepa_publisher_day *day = NULL;
    return find(publisher, &day, ask) == NULL ? NULL : day->bytes;
}

/* A custodian has a later descriptor of ours: of a clock that was ahead, of a run before this one.
 * Where it does not say how late it is, steps that double find out. It may lie, so it is believed
 * within limits. */
static void push(struct cepa_publisher *publisher, struct cepa_publisher_day *day, uint64_t claimed,
                 struct cepa_time now)
{
    struct cepa_directory_day after = {day->address.day.number + 2};
    uint64_t highest = cepa_calendar_day_start(&publisher->config.calendar, after).unix_ms;
    uint64_t step = day->pushed == 0 ? 0 : SEQUENCE_GRAIN_MS << (day->pushed - 1);
    uint64_t target = claimed == 0 ? day->sequence + step : claimed;
    bool is_pending = !cepa_time_is_never(day->make_at);
    if (day->pushed == PUSHED_MAX || target < day->sequence || target >= highest ||
        (is_pending && (claimed == 0 || target == day->sequence))) {
        return;
    }
    day->pushed++;
    day->sequence = target;
    make_soon(day, now);
}

void cepa_publisher_on_answer(struct cepa_publisher *publisher, uint64_t ask,
                              enum cepa_custodian_answer answer, uint64_t sequence,
                              struct cepa_time now)
{
    const struct cepa_publisher_day *found = NULL;
    const struct cepa_publisher_copy *found_copy = find(publisher, &found, ask);
    if (found_copy == NULL) {
        return;
    }
    struct cepa_publisher_day *day = &publisher->days[found - publisher->days];
    struct cepa_publisher_copy *copy = &day->copies[found_copy - found->copies];
    bool is_stored = answer == CEPA_CUSTODIAN_DONE;
    copy->state = is_stored ? CEPA_PUBLISHER_STORED : CEPA_PUBLISHER_REFUSED;
    copy->sequence = is_stored ? day->sequence : 0;
    if (answer == CEPA_CUSTODIAN_NEWER) {
        push(publisher, day, sequence, now);
    }
    plan_retry(publisher, day, now);
}

void cepa_publisher_status_get(struct cepa_publisher_status *ret_status,
                               const struct cepa_publisher *publisher)
{
    memset(ret_status, 0, sizeof *ret_status);
    for (size_t i = 0; i < CEPA_PUBLISHER_DAYS; i++) {
        const struct cepa_publisher_day *day = &publisher->days[i];
        if (!day->is_taken || !day->is_made || day->address.day.number != publisher->today.number) {
            continue;
        }
        ret_status->sequence = day->sequence;
        ret_status->is_changing = !cepa_time_is_never(day->make_at);
        for (size_t k = 0; k < CEPA_PUBLISHER_COPIES; k++) {
            bool is_there = day->copies[k].sequence == day->sequence;
            ret_status->copies[k / CEPA_DESCRIPTOR_NEAREST] += is_there ? 1 : 0;
        }
    }
}
