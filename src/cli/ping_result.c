/* Results of pings. */
#include "cli/ping_result.h"

#include <cjson/cJSON.h>
#include <stdio.h>

/* A number of an object; 0 if it is not there. */
static double number(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

bool cepa_cli_ping_read(struct cepa_cli_ping *ret_ping, const struct cJSON *answer)
{
    const cJSON *ping = cJSON_GetObjectItemCaseSensitive(answer, "ping");
    if (!cJSON_IsObject(ping)) {
        return false;
    }
    ret_ping->is_running = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(ping, "is_running"));
    ret_ping->count = (uint32_t)number(ping, "count");
    ret_ping->done = (uint32_t)number(ping, "done");
    ret_ping->failed = (uint32_t)number(ping, "failed");
    ret_ping->build_ms_median = number(ping, "build_us_median") / 1000;
    ret_ping->build_ms_p95 = number(ping, "build_us_p95") / 1000;
    ret_ping->build_ms_max = number(ping, "build_us_max") / 1000;
    ret_ping->echo_ms_median = number(ping, "echo_us_median") / 1000;
    ret_ping->echo_ms_p95 = number(ping, "echo_us_p95") / 1000;
    ret_ping->echo_ms_max = number(ping, "echo_us_max") / 1000;
    return true;
}

void cepa_cli_ping_print(const struct cepa_cli_ping *ping, bool is_json)
{
    static const char *const json =
        "{\"circuits\": %u, \"failed\": %u, \"build_ms\": {\"median\": %.2f, \"p95\": %.2f, "
        "\"max\": %.2f}, \"echo_ms\": {\"median\": %.2f, \"p95\": %.2f, \"max\": %.2f}}\n";
    static const char *const text =
        "%u circuits, %u failed\n"
        "    built in      median %7.2f ms   p95 %7.2f ms   max %7.2f ms\n"
        "    there and back       %7.2f          %7.2f          %7.2f\n";
    printf(is_json ? json : text, ping->done, ping->failed, ping->build_ms_median,
           ping->build_ms_p95, ping->build_ms_max, ping->echo_ms_median, ping->echo_ms_p95,
           ping->echo_ms_max);
}
