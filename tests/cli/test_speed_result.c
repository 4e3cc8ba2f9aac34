/* What daemons say of measurements of speed is read, whatever it is. */
#include "cli/speed_result.h"

#include <cjson/cJSON.h>

#include "support/test.h"

static bool read(struct cepa_cli_speed *ret_speed, const char *text)
{
    cJSON *answer = cJSON_Parse(text);
    CHECK(answer != NULL);
    bool is_read = cepa_cli_speed_read(ret_speed, answer);
    cJSON_Delete(answer);
    return is_read;
}

TEST(an_answer_is_read)
{
    struct cepa_cli_speed speed;
    CHECK(read(&speed, "{\"ok\":true,\"speed\":{\"is_running\":true,\"is_failed\":false,"
                       "\"is_download\":true,\"has_same_path\":true,\"bytes\":5000000,"
                       "\"took_us\":250000,\"quiet\":{\"sent\":100,\"answered\":99,\"median_us\":"
                       "500,\"p95_us\":1500,\"max_us\":2500},\"busy\":{\"sent\":7}}}"));
    CHECK(speed.is_running && !speed.is_failed && speed.is_download && speed.has_same_path);
    CHECK(speed.bytes == 5000000 && speed.seconds == 0.25);
    CHECK(speed.quiet.sent == 100 && speed.quiet.answered == 99 && speed.quiet.median_ms == 0.5);
    CHECK(speed.quiet.p95_ms == 1.5 && speed.quiet.max_ms == 2.5);
    CHECK(speed.busy.sent == 7 && speed.busy.answered == 0 && speed.busy.p95_ms == 0);
}

TEST(what_is_missing_counts_as_nothing)
{
    struct cepa_cli_speed speed;
    CHECK(read(&speed, "{\"speed\":{\"bytes\":\"ten\",\"is_running\":1,\"quiet\":3}}"));
    CHECK(!speed.is_running && speed.bytes == 0 && speed.quiet.sent == 0);
    CHECK(!read(&speed, "{\"ok\":true}"));
    CHECK(!read(&speed, "{\"speed\":3}"));
    CHECK(!read(&speed, "[]"));
}

TEST_MAIN(RUN(an_answer_is_read), RUN(what_is_missing_counts_as_nothing))
