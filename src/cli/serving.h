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
};

/* One command that serves. */
struct cepa_cli_serving {
    struct cepa_loop *loop;
    struct cepa_control_client client;
    int signals_fd;
    bool is_broken; /* the daemon does not listen any more */
};

/* cepa_cli_serving_open reaches the daemon at `path`. Returns 0, or an error with a reason;
 * cepa_cli_serving_close follows in either case. */
CEPA_MUST_USE int cepa_cli_serving_open(struct cepa_cli_serving *ret_serving,
                                        struct cepa_reason *ret_reason, const char *path);
void cepa_cli_serving_close(struct cepa_cli_serving *serving);

/* cepa_cli_serving_ask sends a request to the daemon, with a socket unless that is -1. A failure
 * ends cepa_cli_serving_run. */
void cepa_cli_serving_ask(struct cepa_cli_serving *serving,
                          const struct cepa_control_request *request, int socket);

/* cepa_cli_serving_run goes on till a signal ends it: then it returns 0. Or till the daemon has
 * ended: an error with a reason. */
CEPA_MUST_USE int cepa_cli_serving_run(struct cepa_cli_serving *serving,
                                       struct cepa_reason *ret_reason,
                                       const struct cepa_cli_server *server);

/* cepa_cli_serving_number gives a field of a line that is a number, or `other`. */
int64_t cepa_cli_serving_number(const struct cJSON *line, const char *field, int64_t other);

/* cepa_cli_serving_text gives a field that is a text, lent, or "". */
const char *cepa_cli_serving_text(const struct cJSON *line, const char *field);

#endif
