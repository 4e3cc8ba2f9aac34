/* Time. The core has no clock; `now` is an argument, sampled once per step by the driver.
 *
 * Two clocks, two types, and nothing converts one into the other: monotonic time (struct cepa_time)
 * drives every deadline; wall time (struct cepa_wall) only names directory days and onion epochs
 * (@[SPEC 1.5]), which are two more types. Arithmetic saturates: the far end of the monotonic clock
 * is never, a deadline that does not come, and no sum wraps around into the past. */
#ifndef CEPA_BASE_TIME_H
#define CEPA_BASE_TIME_H

#include <stdbool.h>
#include <stdint.h>

/* Durations are plain uint64_t with their unit in the name. */
#define CEPA_MICROSECOND_NS UINT64_C(1000)
#define CEPA_MILLISECOND_NS UINT64_C(1000000)
#define CEPA_SECOND_NS UINT64_C(1000000000)
#define CEPA_DURATION_MAX_NS UINT64_MAX

/* A moment on the monotonic clock, which never goes back, counts while the machine is suspended,
 * and starts anywhere. */
struct cepa_time {
    uint64_t ns; /* since the clock's start; UINT64_MAX means never */
};

/* A moment in the world's time, as the machine's owner has set it: it may jump both ways. */
struct cepa_wall {
    uint64_t unix_ms; /* since 1970-01-01 00:00 UTC, without leap seconds */
};

/* A directory day: descriptors live in it. */
struct cepa_directory_day {
    uint32_t number; /* whole days since 1970-01-01 */
};

/* An onion epoch: onion keys live in it. */
struct cepa_onion_epoch {
    uint32_t number; /* whole epochs since 1970-01-01 00:00 UTC */
};

/* How long days and epochs are: constants of the network profile. A day is a whole number of
 * epochs. */
struct cepa_calendar {
    uint64_t day_len_ms;
    uint64_t epoch_len_ms;
};

/* The calendar of the profile `main`: 24 hours and 60 minutes. */
#define CEPA_CALENDAR_MAIN_DAY_MS UINT64_C(86400000)
#define CEPA_CALENDAR_MAIN_EPOCH_MS UINT64_C(3600000)

/* cepa_time_never is the deadline that does not come. */
static inline struct cepa_time cepa_time_never(void)
{
    struct cepa_time never = {UINT64_MAX};
    return never;
}

/* cepa_time_is_never says whether `time` is the deadline that does not come. */
static inline bool cepa_time_is_never(struct cepa_time time)
{
    return time.ns == UINT64_MAX;
}

/* cepa_time_is_before says whether `a` comes before `b`. */
static inline bool cepa_time_is_before(struct cepa_time a, struct cepa_time b)
{
    return a.ns < b.ns;
}

/* cepa_time_is_due says whether `deadline` has come at `now`; never is not due at any time. */
static inline bool cepa_time_is_due(struct cepa_time deadline, struct cepa_time now)
{
    return !cepa_time_is_never(deadline) && deadline.ns <= now.ns;
}

/* cepa_time_add gives the moment `duration_ns` after `time`, or never if there is none. */
static inline struct cepa_time cepa_time_add(struct cepa_time time, uint64_t duration_ns)
{
    time.ns = duration_ns > UINT64_MAX - time.ns ? UINT64_MAX : time.ns + duration_ns;
    return time;
}

/* cepa_time_since gives the ns from `earlier` to `later`: 0 if `later` comes first, and
 * CEPA_DURATION_MAX_NS if `later` is never. */
static inline uint64_t cepa_time_since(struct cepa_time later, struct cepa_time earlier)
{
    if (cepa_time_is_never(later)) {
        return CEPA_DURATION_MAX_NS;
    }
    return later.ns > earlier.ns ? later.ns - earlier.ns : 0;
}

/* cepa_time_earliest gives the one that comes first. */
static inline struct cepa_time cepa_time_earliest(struct cepa_time a, struct cepa_time b)
{
    return a.ns < b.ns ? a : b;
}

/* cepa_time_latest gives the one that comes last. */
static inline struct cepa_time cepa_time_latest(struct cepa_time a, struct cepa_time b)
{
    return a.ns > b.ns ? a : b;
}

/* cepa_duration_scale gives duration_ns * times, or CEPA_DURATION_MAX_NS if that is too large. */
static inline uint64_t cepa_duration_scale(uint64_t duration_ns, uint32_t times)
{
    uint64_t low = (duration_ns & UINT32_MAX) * times;
    uint64_t high = (duration_ns >> 32) * times + (low >> 32);
    return high > UINT32_MAX ? CEPA_DURATION_MAX_NS : (high << 32) | (low & UINT32_MAX);
}

/* cepa_wall_add gives the moment `duration_ms` after `wall`, or the last one there is. */
static inline struct cepa_wall cepa_wall_add(struct cepa_wall wall, uint64_t duration_ms)
{
    wall.unix_ms =
        duration_ms > UINT64_MAX - wall.unix_ms ? UINT64_MAX : wall.unix_ms + duration_ms;
    return wall;
}

/* cepa_wall_since gives the ms from `earlier` to `later`, 0 if `later` comes first. */
static inline uint64_t cepa_wall_since(struct cepa_wall later, struct cepa_wall earlier)
{
    return later.unix_ms > earlier.unix_ms ? later.unix_ms - earlier.unix_ms : 0;
}

/* cepa_calendar_main gives the calendar of the profile `main`. */
struct cepa_calendar cepa_calendar_main(void);

/* cepa_calendar_is_valid says whether both lengths are at least one second and a day is a whole
 * number of epochs. The functions below take valid calendars only. */
bool cepa_calendar_is_valid(const struct cepa_calendar *calendar);

/* cepa_calendar_day gives the directory day that `wall` lies in (the last one there is, if its
 * number does not fit in 32 bits). */
struct cepa_directory_day cepa_calendar_day(const struct cepa_calendar *calendar,
                                            struct cepa_wall wall);

/* cepa_calendar_epoch gives the onion epoch that `wall` lies in (the last one there is, if its
 * number does not fit in 32 bits). */
struct cepa_onion_epoch cepa_calendar_epoch(const struct cepa_calendar *calendar,
                                            struct cepa_wall wall);

/* cepa_calendar_day_start gives the first moment of `day`. */
struct cepa_wall cepa_calendar_day_start(const struct cepa_calendar *calendar,
                                         struct cepa_directory_day day);

/* cepa_calendar_epoch_start gives the first moment of `epoch`. */
struct cepa_wall cepa_calendar_epoch_start(const struct cepa_calendar *calendar,
                                           struct cepa_onion_epoch epoch);

/* cepa_calendar_epochs_per_day gives how many onion epochs a directory day has. */
uint32_t cepa_calendar_epochs_per_day(const struct cepa_calendar *calendar);

/* cepa_calendar_epoch_day gives the directory day that `epoch` lies in. */
struct cepa_directory_day cepa_calendar_epoch_day(const struct cepa_calendar *calendar,
                                                  struct cepa_onion_epoch epoch);

/* cepa_calendar_epoch_of_day gives which epoch of its day `epoch` is, counted from 0. */
uint32_t cepa_calendar_epoch_of_day(const struct cepa_calendar *calendar,
                                    struct cepa_onion_epoch epoch);

#endif
