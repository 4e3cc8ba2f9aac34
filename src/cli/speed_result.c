/* Results of measurements of speed. */
#include "cli/speed_result.h"

#include <cjson/cJSON.h>
#include <stdio.h>

/* A number of an object; 0 if it is not there. */
static double number(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

static bool is_true(const cJSON *object, const char *name)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static struct cepa_cli_speed_times times_of(const cJSON *object, const char *name)
{
    const cJSON *times = cJSON_GetObjectItemCaseSensitive(object, name);
    return (struct cepa_cli_speed_times){.sent = (uint32_t)number(times, "sent"),
                                         .answered = (uint32_t)number(times, "answered"),
                                         .median_ms = number(times, "median_us") / 1000,
                                         .p95_ms = number(times, "p95_us") / 1000,
                                         .max_ms = number(times, "max_us") / 1000};
}

bool cepa_cli_speed_read(struct cepa_cli_speed *ret_speed, const struct cJSON *answer)
{
    const cJSON *speed = cJSON_GetObjectItemCaseSensitive(answer, "speed");
    if (!cJSON_IsObject(speed)) {
        return false;
    }
    *ret_speed = (struct cepa_cli_speed){.is_running = is_true(speed, "is_running"),
                                         .is_failed = is_true(speed, "is_failed"),
                                         .is_download = is_true(speed, "is_download"),
                                         .has_same_path = is_true(speed, "has_same_path"),
                                         .bytes = number(speed, "bytes"),
                                         .seconds = number(speed, "took_us") / 1e6,
                                         .quiet = times_of(speed, "quiet"),
                                         .busy = times_of(speed, "busy")};
    return true;
}

static void print_times(const char *name, const struct cepa_cli_speed_times *times, bool is_json)
{
    static const char *const json = ", \"%s\": {\"sent\": %u, \"answered\": %u, \"median_ms\": "
                                    "%.2f, \"p95_ms\": %.2f, \"max_ms\": %.2f}";
    static const char *const text =
        "    %-8s %5u sent, %5u came back: median %7.2f ms   p95 %7.2f ms   max %7.2f ms\n";
    printf(is_json ? json : text, name, times->sent, times->answered, times->median_ms,
           times->p95_ms, times->max_ms);
}

void cepa_cli_speed_print(const struct cepa_cli_speed *speed, bool is_json)
{
    double rate = speed->seconds > 0 ? speed->bytes / speed->seconds / 1e6 : 0;
    if (is_json) {
        printf("{\"direction\": \"%s\", \"bytes\": %.0f, \"seconds\": %.3f, \"megabytes_s\": %.2f, "
               "\"same_path\": %s",
               speed->is_download ? "download" : "upload", speed->bytes, speed->seconds, rate,
               speed->has_same_path ? "true" : "false");
    } else {
        printf("%.1f MB %s in %.2f s: %.1f MB/s\nsmall messages there and back, over %s:\n",
               speed->bytes / 1e6, speed->is_download ? "received" : "sent", speed->seconds, rate,
               speed->has_same_path ? "the same relays" : "other relays in part");
    }
    print_times("alone", &speed->quiet, is_json);
    print_times("beside", &speed->busy, is_json);
    if (is_json) {
        printf("}\n");
    }
}
