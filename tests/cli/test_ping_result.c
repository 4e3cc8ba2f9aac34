/* What daemons say of pings is read, whatever it is. */
#include "cli/ping_result.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "support/test.h"

static bool read(struct cepa_cli_ping *ret_ping, const char *text)
{
    cJSON *answer = cJSON_Parse(text);
    CHECK(answer != NULL);
    bool is_read = cepa_cli_ping_read(ret_ping, answer);
    cJSON_Delete(answer);
    return is_read;
}

TEST(an_answer_is_read)
{
    struct cepa_cli_ping ping;
    CHECK(read(&ping, "{\"ok\":true,\"ping\":{\"is_running\":true,\"count\":10,\"done\":7,"
                      "\"failed\":1,\"build_us_median\":1500,\"build_us_p95\":2500,"
                      "\"build_us_max\":3000,\"echo_us_median\":500,\"echo_us_p95\":600,"
                      "\"echo_us_max\":700}}"));
    CHECK(ping.is_running && ping.count == 10 && ping.done == 7 && ping.failed == 1);
    CHECK(ping.build_ms_median == 1.5 && ping.build_ms_p95 == 2.5 && ping.build_ms_max == 3);
    CHECK(ping.echo_ms_median == 0.5 && ping.echo_ms_p95 == 0.6 && ping.echo_ms_max == 0.7);
}

TEST(what_is_missing_counts_as_nothing)
{
    struct cepa_cli_ping ping;
    CHECK(read(&ping, "{\"ping\":{\"count\":\"ten\",\"is_running\":1}}"));
    CHECK(!ping.is_running && ping.count == 0 && ping.build_ms_median == 0);
    CHECK(!read(&ping, "{\"ok\":true}"));
    CHECK(!read(&ping, "{\"ping\":3}"));
    CHECK(!read(&ping, "[]"));
}

TEST_MAIN(RUN(an_answer_is_read), RUN(what_is_missing_counts_as_nothing))
