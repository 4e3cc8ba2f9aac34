/* Directory days and onion epochs from wall time. */
#include "base/time.h"

#include "base/assert.h"

/* The number of whole periods in `unix_ms`, as far as 32 bits go. */
static uint32_t period_number(uint64_t unix_ms, uint64_t period_len_ms)
{
    uint64_t number = unix_ms / period_len_ms;
    return number > UINT32_MAX ? UINT32_MAX : (uint32_t)number;
}

struct cepa_calendar cepa_calendar_main(void)
{
    return (struct cepa_calendar){CEPA_CALENDAR_MAIN_DAY_MS, CEPA_CALENDAR_MAIN_EPOCH_MS};
}

bool cepa_calendar_is_valid(const struct cepa_calendar *calendar)
{
    return calendar->epoch_len_ms >= 1000 && calendar->day_len_ms <= CEPA_CALENDAR_MAIN_DAY_MS &&
           calendar->day_len_ms >= calendar->epoch_len_ms &&
           calendar->day_len_ms % calendar->epoch_len_ms == 0;
}

struct cepa_directory_day cepa_calendar_day(const struct cepa_calendar *calendar,
                                            struct cepa_wall wall)
{
    CEPA_ASSERT(cepa_calendar_is_valid(calendar));
    return (struct cepa_directory_day){period_number(wall.unix_ms, calendar->day_len_ms)};
}

struct cepa_onion_epoch cepa_calendar_epoch(const struct cepa_calendar *calendar,
                                            struct cepa_wall wall)
{
    CEPA_ASSERT(cepa_calendar_is_valid(calendar));
    return (struct cepa_onion_epoch){period_number(wall.unix_ms, calendar->epoch_len_ms)};
}

struct cepa_wall cepa_calendar_day_start(const struct cepa_calendar *calendar,
                                         struct cepa_directory_day day)
{
    CEPA_ASSERT(cepa_calendar_is_valid(calendar));
    return (struct cepa_wall){day.number * calendar->day_len_ms};
}

struct cepa_wall cepa_calendar_epoch_start(const struct cepa_calendar *calendar,
                                           struct cepa_onion_epoch epoch)
{
    CEPA_ASSERT(cepa_calendar_is_valid(calendar));
    return (struct cepa_wall){epoch.number * calendar->epoch_len_ms};
}

uint32_t cepa_calendar_epochs_per_day(const struct cepa_calendar *calendar)
{
    CEPA_ASSERT(cepa_calendar_is_valid(calendar));
    return (uint32_t)(calendar->day_len_ms / calendar->epoch_len_ms);
}

struct cepa_directory_day cepa_calendar_epoch_day(const struct cepa_calendar *calendar,
                                                  struct cepa_onion_epoch epoch)
{
    return (struct cepa_directory_day){epoch.number / cepa_calendar_epochs_per_day(calendar)};
}

uint32_t cepa_calendar_epoch_of_day(const struct cepa_calendar *calendar,
                                    struct cepa_onion_epoch epoch)
{
    return epoch.number % cepa_calendar_epochs_per_day(calendar);
}
