/* Meeting places: the same for both ends, others for every day, number and secret. @[SPEC 16.7] */
#include "rendezvous/meeting.h"

#include <string.h>

#include "base/endian.h"
#include "support/test.h"

TEST(every_meeting_is_another)
{
    struct cepa_meeting meetings[27];
    size_t len = 0;
    for (uint8_t secret = 0; secret < 3; secret++) {
        for (uint32_t day = 20000; day < 20003; day++) {
            for (uint32_t number = 0; number < 3; number++) {
                struct cepa_meeting_secret of = {{secret}};
                struct cepa_meeting again;
                struct cepa_directory_day at = {day};
                cepa_meeting_at(&meetings[len], &of, at, number);
                cepa_meeting_at(&again, &of, at, number);
                CHECK_BYTES(&again, &meetings[len], sizeof again);
                CHECK(memcmp(again.position, again.cookie, sizeof again.cookie) != 0);
                CHECK(cepa_meeting_place(&again) == cepa_be64_load(again.position));
                for (size_t i = 0; i < len; i++) {
                    CHECK(memcmp(meetings[i].position, again.position, 8) != 0);
                    CHECK(memcmp(meetings[i].cookie, again.cookie, 8) != 0);
                }
                len++;
            }
        }
    }
}

TEST_MAIN(RUN(every_meeting_is_another))
