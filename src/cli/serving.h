/* Commands that run until they are ended, beside the daemon: what comes from it, from sockets of
 * their own, and signals, in one loop. */
#ifndef CEPA_CLI_SERVING_H
#define CEPA_CLI_SERVING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "native/daemon/control_client.h"
#include "native/net/loop.h"
#include "native/reason.h"

struct cJSON;

enum { CEPA_CLI_SERVING_NUMBERS = 2 /* in the loop; those of the command begin behind them */ };

/* What a command does in its turns. */
struct cepa_cli_server {
    void *context;
    /* A line of the daemon. */
    void (*on_line)(void *context, const struct cJSON *line, struct cepa_time now);
    /* One of the command's own descriptors. */
    void (*on_ready)(void *context, const struct cepa_loop_ready *ready, struct cepa_time now);
    /* After these, and when the deadline has come. */
    void (*step)(void *context, struct cepa_time now);
    struct cepa_time (*deadline)(void *context);
    /* The daemon has ended, and with it all that it was asked for; or it is there again, and knows
     * nothing of that. */
    void (*on_daemon)(void *context, bool is_here, struct cepa_time now);
};

/* One command that serves. */
struct cepa_cli_serving {
    struct cepa_loop *loop;
    struct cepa_control_client client;
    const char *command;
    const char *path; /* of the control socket; lent */
    int signals_fd;
    bool is_here;          /* the daemon */
    bool is_broken;        /* it does not listen any more */
    bool is_over;          /* cepa_cli_serving_end was called */
    uint32_t failures;     /* to reach it again, in a row */
    struct cepa_time next; /* when the next attempt is */
};

/* cepa_cli_serving_open reaches the daemon at `path` (lent, as the name of the command, for what is
 * said on standard error). Returns 0, or an error with a reason; cepa_cli_serving_close follows in
 * either case. */
CEPA_MUST_USE int cepa_cli_serving_open(struct cepa_cli_serving *ret_serving,
                                        struct cepa_reason *ret_reason, const char *command,
                                        const char *path);
void cepa_cli_serving_close(struct cepa_cli_serving *serving);

/* cepa_cli_serving_ask sends a request to the daemon, with a socket unless that is -1. If that
 * fails, or there is no daemon now, on_daemon says so afterwards, or has. */
void cepa_cli_serving_ask(struct cepa_cli_serving *serving,
                          const struct cepa_control_request *request, int socket);

/* cepa_cli_serving_end lets cepa_cli_serving_run return. */
void cepa_cli_serving_end(struct cepa_cli_serving *serving);

/* cepa_cli_serving_run goes on till a signal or cepa_cli_serving_end ends it: then it returns 0. A
 * daemon that ends is waited for, and looked for again and again. Or an error with a reason. */
CEPA_MUST_USE int cepa_cli_serving_run(struct cepa_cli_serving *serving,
                                       struct cepa_reason *ret_reason,
                                       const struct cepa_cli_server *server);

/* cepa_cli_serving_number gives a field of a line that is a number, or `other`. */
int64_t cepa_cli_serving_number(const struct cJSON *line, const char *field, int64_t other);

/* cepa_cli_serving_text gives a field that is a text, lent, or "". */
const char *cepa_cli_serving_text(const struct cJSON *line, const char *field);

#endif
