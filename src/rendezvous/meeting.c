/* Meeting places of a secret. @[SPEC 16.7] */
#include "rendezvous/meeting.h"

#include "base/endian.h"
#include "crypto/kdf.h"

void cepa_meeting_at(struct cepa_meeting *ret_meeting, const struct cepa_meeting_secret *secret,
                     struct cepa_directory_day day, uint32_t number)
{
    struct cepa_kdf kdf;
    uint8_t which[8];
    cepa_be32_store(which, day.number);
    cepa_be32_store(which + 4, number);
    cepa_kdf_init(&kdf, "session meeting");
    cepa_kdf_input(&kdf, secret->bytes, sizeof secret->bytes);
    cepa_kdf_input(&kdf, which, sizeof which);
    cepa_kdf_output(&kdf, ret_meeting->position, sizeof ret_meeting->position);
    cepa_kdf_output(&kdf, ret_meeting->cookie, sizeof ret_meeting->cookie);
    cepa_kdf_wipe(&kdf);
}

uint64_t cepa_meeting_place(const struct cepa_meeting *meeting)
{
    return cepa_be64_load(meeting->position);
}
