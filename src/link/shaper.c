/* The times of departures. @[SPEC 7.9] */
#include "link/shaper.h"

#include "base/assert.h"
#include "base/endian.h"
#include "base/exponential.h"

enum {
    RUNGS = 6,
    RUNG_UNLIMITED = RUNGS - 1,
    HOLD_SECONDS = 30,
    BURST_NS = 10000000,
    ALLOWANCE = 256 /* frames of padding at a rung, on average, beside one for each real one */
};

/* Frames per second of the rungs; the last one stands for a process that is always due. */
static const uint32_t rates[RUNGS] = {1, 8, 64, 512, 4096, 32768};

/* How long each class waits at a rung before the next one, and to which it goes at most: what only
 * keeps the mesh together has time, and is not worth much padding. */
static const struct {
    uint32_t wait_ms;
    uint8_t rung_max;
} classes[CEPA_SHAPER_CLASSES] = {
    [CEPA_SHAPER_WORD] = {500, 1},
    [CEPA_SHAPER_MESSAGE] = {250, 2},
    [CEPA_SHAPER_RELAYED] = {100, RUNG_UNLIMITED},
    [CEPA_SHAPER_PACKET] = {5, 3},
    [CEPA_SHAPER_CELL] = {5, RUNG_UNLIMITED},
};

/* 64 bits whose exponential draw is the mean: 2^64 / e. */
#define BITS_OF_MEAN UINT64_C(0x5e2d58d8b3bcdf1a)

static bool is_padded(const struct cepa_shaper *shaper)
{
    return shaper->config.mode != CEPA_SHAPER_OFF &&
           !(shaper->config.mode == CEPA_SHAPER_STEPPED && shaper->rung == RUNG_UNLIMITED);
}

uint32_t cepa_shaper_rate(const struct cepa_shaper *shaper)
{
    if (!is_padded(shaper)) {
        return 0;
    }
    return shaper->config.mode == CEPA_SHAPER_STEPPED ? rates[shaper->rung] : shaper->config.rate;
}

void cepa_shaper_init(struct cepa_shaper *ret_shaper, const struct cepa_shaper_config *config,
                      struct cepa_time now)
{
    ret_shaper->config = *config;
    if (ret_shaper->config.rate == 0) {
        ret_shaper->config.rate = 1;
    } else if (ret_shaper->config.rate > CEPA_SHAPER_RATE_MAX) {
        ret_shaper->config.rate = CEPA_SHAPER_RATE_MAX;
    }
    ret_shaper->rung = 0;
    ret_shaper->real_frames = 0;
    ret_shaper->allowance = ALLOWANCE;
    ret_shaper->next = now;
    for (unsigned i = 0; i < CEPA_SHAPER_CLASSES; i++) {
        ret_shaper->waits[i] = cepa_time_never();
    }
    ret_shaper->hold = cepa_time_add(now, HOLD_SECONDS * CEPA_SECOND_NS);
}

void cepa_shaper_wait(struct cepa_shaper *shaper, enum cepa_shaper_class of, struct cepa_time now)
{
    if (cepa_time_is_never(shaper->waits[of])) {
        shaper->waits[of] = now;
    }
}

void cepa_shaper_rest(struct cepa_shaper *shaper, enum cepa_shaper_class of)
{
    shaper->waits[of] = cepa_time_never();
}

/* When it goes up, if nothing leaves before. */
static struct cepa_time climb_time(const struct cepa_shaper *shaper)
{
    struct cepa_time time = cepa_time_never();
    if (shaper->config.mode != CEPA_SHAPER_STEPPED) {
        return time;
    }
    for (unsigned i = 0; i < CEPA_SHAPER_CLASSES; i++) {
        if (shaper->rung < classes[i].rung_max) {
            uint64_t wait_ns = (uint64_t)classes[i].wait_ms * CEPA_MILLISECOND_NS;
            time = cepa_time_earliest(time, cepa_time_add(shaper->waits[i], wait_ns));
        }
    }
    return time;
}

static bool is_climb_due(const struct cepa_shaper *shaper, struct cepa_time now)
{
    return cepa_time_is_due(climb_time(shaper), now);
}

bool cepa_shaper_is_due(const struct cepa_shaper *shaper, bool has_some, struct cepa_time now)
{
    if (!is_padded(shaper)) {
        return has_some;
    }
    return cepa_time_is_due(shaper->next, now) || is_climb_due(shaper, now);
}

/* An exponential draw with that mean; the mean itself without randomness. */
static uint64_t draw(const struct cepa_random *random, uint64_t mean)
{
    uint8_t bytes[8];
    uint64_t bits = BITS_OF_MEAN;
    if (cepa_random_fill(random, bytes, sizeof bytes) == 0) {
        bits = cepa_be64_load(bytes);
    }
    return cepa_exponential_ns(bits, mean);
}

/* The gap to the next departure. */
static uint64_t draw_gap_ns(const struct cepa_shaper *shaper, const struct cepa_random *random)
{
    uint64_t mean_ns = CEPA_SECOND_NS / cepa_shaper_rate(shaper);
    return shaper->config.mode == CEPA_SHAPER_CONSTANT ? mean_ns : draw(random, mean_ns);
}

/* Begins with a rung. Its allowance is drawn: how long it lasts does not say how much of it was
 * real. */
static void enter(struct cepa_shaper *shaper, const struct cepa_random *random,
                  struct cepa_time now)
{
    shaper->real_frames = 0;
    shaper->allowance = (uint32_t)draw(random, ALLOWANCE);
    shaper->hold = cepa_time_add(now, HOLD_SECONDS * CEPA_SECOND_NS);
}

/* Goes up one rung. Waits begin anew, so that a rung has its chance before the next. */
static void climb(struct cepa_shaper *shaper, const struct cepa_random *random,
                  struct cepa_time now)
{
    shaper->rung++;
    enter(shaper, random, now);
    for (unsigned i = 0; i < CEPA_SHAPER_CLASSES; i++) {
        if (!cepa_time_is_never(shaper->waits[i])) {
            shaper->waits[i] = now;
        }
    }
    shaper->next = is_padded(shaper) ? cepa_time_add(now, draw_gap_ns(shaper, random)) : now;
}

/* Goes down one rung if the one below would have sufficed since the last time. */
static void descend(struct cepa_shaper *shaper, const struct cepa_random *random,
                    struct cepa_time now)
{
    uint64_t passed_s = cepa_time_since(now, shaper->hold) / CEPA_SECOND_NS + HOLD_SECONDS;
    bool was_padded = is_padded(shaper);
    while (shaper->rung > 0 && passed_s >= HOLD_SECONDS &&
           shaper->real_frames <= rates[shaper->rung - 1] * HOLD_SECONDS) {
        shaper->rung--;
        passed_s -= HOLD_SECONDS; /* a machine that slept goes down as many as it missed */
    }
    enter(shaper, random, now);
    if (!was_padded && is_padded(shaper)) {
        shaper->next = cepa_time_add(now, draw_gap_ns(shaper, random));
    }
}

/* Counts padding that leaves, and goes down a rung when the allowance is spent: at most one frame
 * of padding for each real one, and the allowance, leave at a rung but the lowest. */
static void count_padding(struct cepa_shaper *shaper, const struct cepa_random *random,
                          struct cepa_time now)
{
    if (shaper->config.mode != CEPA_SHAPER_STEPPED || shaper->rung == 0) {
        return;
    }
    if (shaper->allowance > 0) {
        shaper->allowance--;
        return;
    }
    shaper->rung--;
    enter(shaper, random, now);
}

/* Sets the departure after this one. A driver that wakes up late makes up for 10 ms of gaps, no
 * more. */
static void advance(struct cepa_shaper *shaper, const struct cepa_random *random,
                    struct cepa_time now)
{
    shaper->next = cepa_time_add(shaper->next, draw_gap_ns(shaper, random));
    if (cepa_time_since(now, shaper->next) > BURST_NS) {
        shaper->next = now;
    }
}

enum cepa_departure cepa_shaper_depart(struct cepa_shaper *shaper, bool has_some, bool may_pad,
                                       const struct cepa_random *random, struct cepa_time now)
{
    if (shaper->config.mode == CEPA_SHAPER_STEPPED) {
        if (cepa_time_is_due(shaper->hold, now)) {
            descend(shaper, random, now);
        }
        if (is_climb_due(shaper, now)) {
            climb(shaper, random, now);
        }
    }
    if (is_padded(shaper)) {
        if (!cepa_time_is_due(shaper->next, now)) {
            return CEPA_DEPARTURE_NONE;
        }
        advance(shaper, random, now);
    } else if (!has_some) {
        return CEPA_DEPARTURE_NONE;
    }
    if (has_some) {
        shaper->real_frames += shaper->real_frames < UINT32_MAX;
        shaper->allowance += shaper->allowance < UINT32_MAX;
        return CEPA_DEPARTURE_REAL;
    }
    count_padding(shaper, random, now);
    return may_pad ? CEPA_DEPARTURE_PADDING : CEPA_DEPARTURE_NONE;
}

struct cepa_time cepa_shaper_deadline(const struct cepa_shaper *shaper, bool has_some)
{
    struct cepa_time deadline = climb_time(shaper);
    if (is_padded(shaper)) {
        deadline = cepa_time_earliest(deadline, shaper->next);
    } else if (has_some) {
        deadline.ns = 0; /* now */
    }
    return deadline;
}
