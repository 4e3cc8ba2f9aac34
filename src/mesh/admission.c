/* The places of a day. @[SPEC 10.6] */
#include "mesh/admission.h"

#include <string.h>

static uint32_t places_for(const struct cepa_admission_limits *limits, uint32_t admitted)
{
    uint64_t share = (uint64_t)admitted * limits->daily_permille / 1000;
    return share > limits->daily_min ? (uint32_t)share : limits->daily_min;
}

void cepa_admission_init(struct cepa_admission *admission,
                         const struct cepa_admission_limits *limits,
                         struct cepa_directory_day today, const struct cepa_siphash_key *key)
{
    memset(admission, 0, sizeof *admission);
    admission->limits = *limits;
    admission->key = *key;
    admission->first = today;
    admission->day = today;
    admission->is_new_here = true;
    admission->places = places_for(limits, 0);
}

void cepa_admission_begin_day(struct cepa_admission *admission, struct cepa_directory_day day,
                              uint32_t admitted)
{
    if (day.number <= admission->day.number) {
        return;
    }
    admission->day = day;
    admission->places = places_for(&admission->limits, admitted);
    memset(admission->taken, 0, sizeof admission->taken);
    /* The first day may have had a minute left; so a whole one follows it. */
    if (day.number - admission->first.number > 1) {
        admission->is_new_here = false;
    }
}

void cepa_admission_set_back(struct cepa_admission *admission, struct cepa_directory_day day)
{
    if (admission->day.number > day.number + 1) {
        admission->first = day;
        admission->is_new_here = true;
    }
    admission->day = day;
}

void cepa_admission_remember(struct cepa_admission *admission, uint32_t admitted)
{
    admission->is_new_here = false;
    admission->places = places_for(&admission->limits, admitted);
}

/* The count of a prefix. Which prefixes share one nobody outside can know. */
static uint32_t count_of(const struct cepa_admission *admission, const struct cepa_prefix *prefix)
{
    uint8_t bytes[CEPA_PREFIX_SIZE];
    bytes[0] = prefix->family;
    memcpy(bytes + 1, prefix->bytes, sizeof prefix->bytes);
    return (uint32_t)cepa_siphash(&admission->key, bytes, sizeof bytes) &
           (CEPA_ADMISSION_PREFIXES - 1);
}

bool cepa_admission_has_place(const struct cepa_admission *admission,
                              const struct cepa_prefix *prefix)
{
    return admission->is_new_here ||
           (admission->places > 0 &&
            admission->taken[count_of(admission, prefix)] < admission->limits.per_prefix_max);
}

bool cepa_admission_take(struct cepa_admission *admission, const struct cepa_prefix *prefix)
{
    if (!cepa_admission_has_place(admission, prefix)) {
        return false;
    }
    if (!admission->is_new_here) {
        admission->places--;
        admission->taken[count_of(admission, prefix)]++;
    }
    return true;
}
