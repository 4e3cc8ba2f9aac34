/* What a daemon says of a series of pings: read from JSON, and printed. */
#ifndef CEPA_CLI_PING_RESULT_H
#define CEPA_CLI_PING_RESULT_H

#include <stdbool.h>
#include <stdint.h>

struct cJSON;

/* A series; times in ms, 0 where nothing was timed. */
struct cepa_cli_ping {
    bool is_running;
    uint32_t count;  /* how many circuits are wanted */
    uint32_t done;   /* how many of them are over */
    uint32_t failed; /* and of those, how many did not work */
    double build_ms_median, build_ms_p95, build_ms_max;
    double echo_ms_median, echo_ms_p95, echo_ms_max;
};

/* cepa_cli_ping_read reads the answer to ping or pinged; false if it says nothing of a series. */
bool cepa_cli_ping_read(struct cepa_cli_ping *ret_ping, const struct cJSON *answer);

/* cepa_cli_ping_print prints it, for people or as an object of JSON, with a final newline. */
void cepa_cli_ping_print(const struct cepa_cli_ping *ping, bool is_json);

#endif
