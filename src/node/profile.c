/* The named profiles, and the id of their networks. @[SPEC 12.1] */
#include "node/profile.h"

#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "crypto/hash.h"

#define SECOND_MS UINT64_C(1000)

static void set_name(struct cepa_profile *profile, const char *name, size_t name_len)
{
    CEPA_ASSERT(name_len < sizeof profile->name);
    memcpy(profile->name, name, name_len);
}

void cepa_profile_main(struct cepa_profile *ret_profile)
{
    *ret_profile = (struct cepa_profile){
        .calendar = {CEPA_CALENDAR_MAIN_DAY_MS, CEPA_CALENDAR_MAIN_EPOCH_MS},
        .certificate_days = 90,
        .record_days = 2,
        .days_ahead = 1,
        .receipt_days = 2,
        .receipts_min = 2,
        .work_bits = 20,
        .admission_daily_min = 20,
        .admission_daily_permille = 10,
        .admission_prefix_max = 4,
        .guard_age_days = 7,
        .clock_error_max_ms = 10 * 60 * SECOND_MS,
        .custody_relays = 256,
        .bucket_relays = 32,
        .custodians = 8,
    };
    set_name(ret_profile, "main", 4);
}

void cepa_profile_test(struct cepa_profile *ret_profile)
{
    cepa_profile_main(ret_profile);
    memset(ret_profile->name, 0, sizeof ret_profile->name);
    set_name(ret_profile, "test", 4);
    ret_profile->calendar = (struct cepa_calendar){3600 * SECOND_MS, 150 * SECOND_MS};
    ret_profile->work_bits = 8;
    ret_profile->admission_daily_min = 1000;
    ret_profile->admission_prefix_max = 1000;
    ret_profile->guard_age_days = 0;
}

int cepa_profile_find(struct cepa_profile *ret_profile, const char *name)
{
    struct cepa_profile profiles[2];
    cepa_profile_main(&profiles[0]);
    cepa_profile_test(&profiles[1]);
    for (size_t i = 0; i < 2; i++) {
        size_t len = 0;
        while (profiles[i].name[len] != '\0' && name[len] == profiles[i].name[len]) {
            len++;
        }
        if (profiles[i].name[len] == '\0' && name[len] == '\0') {
            *ret_profile = profiles[i];
            return 0;
        }
    }
    return CEPA_ERR_NOT_FOUND;
}

bool cepa_profile_has_private(const struct cepa_profile *profile)
{
    static const char test[CEPA_PROFILE_NAME_SIZE] = "test";
    return memcmp(profile->name, test, sizeof test) == 0;
}

void cepa_profile_encode(uint8_t *ret_bytes, const struct cepa_profile *profile)
{
    struct cepa_writer writer;
    cepa_writer_init(&writer, ret_bytes, CEPA_PROFILE_ENCODED_SIZE);
    cepa_writer_u8(&writer, CEPA_PROFILE_VERSION);
    cepa_writer_bytes(&writer, profile->name, sizeof profile->name);
    cepa_writer_u64(&writer, profile->calendar.day_len_ms);
    cepa_writer_u64(&writer, profile->calendar.epoch_len_ms);
    const uint32_t numbers[] = {profile->certificate_days,     profile->record_days,
                                profile->days_ahead,           profile->receipt_days,
                                profile->receipts_min,         profile->work_bits,
                                profile->admission_daily_min,  profile->admission_daily_permille,
                                profile->admission_prefix_max, profile->guard_age_days,
                                profile->clock_error_max_ms,   profile->custody_relays,
                                profile->bucket_relays,        profile->custodians};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        cepa_writer_u32(&writer, numbers[i]);
    }
    size_t len = 0;
    int error = cepa_writer_end(&writer, &len);
    CEPA_ASSERT(error == 0 && len == CEPA_PROFILE_ENCODED_SIZE);
}

void cepa_profile_network(struct cepa_network_id *ret_network, const struct cepa_profile *profile)
{
    static const uint8_t label[] = "cepa v1 network"; /* with its final zero */
    uint8_t bytes[CEPA_PROFILE_ENCODED_SIZE];
    cepa_profile_encode(bytes, profile);
    struct cepa_blake2b hash;
    cepa_blake2b_init(&hash, sizeof ret_network->bytes, NULL, 0);
    cepa_blake2b_update(&hash, label, sizeof label);
    cepa_blake2b_update(&hash, bytes, sizeof bytes);
    cepa_blake2b_final(&hash, ret_network->bytes, sizeof ret_network->bytes);
}
