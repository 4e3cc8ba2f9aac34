/* What a daemon says of a measurement of speed: read from JSON, and printed. */
#ifndef CEPA_CLI_SPEED_RESULT_H
#define CEPA_CLI_SPEED_RESULT_H

#include <stdbool.h>
#include <stdint.h>

struct cJSON;

/* Small messages there and back, in ms; 0 where none was answered. */
struct cepa_cli_speed_times {
    uint32_t sent, answered;
    double median_ms, p95_ms, max_ms;
};

/* A measurement. */
struct cepa_cli_speed {
    bool is_running;
    bool is_failed;
    bool is_download;
    bool has_same_path; /* the small messages went over the same relays */
    double bytes;       /* that were moved */
    double seconds;     /* that it took; 0 before the end */
    struct cepa_cli_speed_times quiet;
    struct cepa_cli_speed_times busy;
};

/* cepa_cli_speed_read reads the answer to speed or speed_result; false if it says nothing of one.
 */
bool cepa_cli_speed_read(struct cepa_cli_speed *ret_speed, const struct cJSON *answer);

/* cepa_cli_speed_print prints it, for people or as an object of JSON, with a final newline. */
void cepa_cli_speed_print(const struct cepa_cli_speed *speed, bool is_json);

#endif
