/* A crowd: many daemons of this machine as processes of their own, each on a loopback address and
 * in a state directory of its own, asked over their control sockets. For the demonstration, and for
 * tests and measurements of the mesh.
 *
 * Every process was started here and is ended here, by its number; they end with their parent, too.
 * Node n (from 0) has the address 127.(n + 1).0.1, so that no two share a prefix (or another first
 * byte); the port follows from the number of this process, so that crowds may run side by side. */
#ifndef CEPA_CLI_CROWD_H
#define CEPA_CLI_CROWD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "native/daemon/control_request.h"
#include "native/reason.h"

struct cJSON;

enum {
    CEPA_CROWD_MAX = 100,
    CEPA_CROWD_PATH_SIZE = 96, /* short enough for the address of a Unix socket */
    CEPA_CROWD_OPTIONS_MAX = 12
};

/* What all nodes of a crowd have in common. */
struct cepa_crowd_config {
    const char *program;        /* the program `cepa`; NULL: this one */
    const char *const *options; /* more options of `cepa up`, at most CEPA_CROWD_OPTIONS_MAX */
    size_t options_len;
    const char *run_before; /* a command (one word) to be run with the daemon as its
                             * arguments behind the node's number, or NULL */
    uint8_t network;        /* the first byte of all addresses; 0: 127 */
};

/* The processes. */
struct cepa_crowd {
    struct cepa_crowd_config config;
    char directory[CEPA_CROWD_PATH_SIZE];         /* of all state; removed at the end */
    pid_t pids[CEPA_CROWD_MAX];                   /* 0: not running */
    char invitation[CEPA_CONFIG_INVITATION_SIZE]; /* of the first node; empty before it has one */
};

/* cepa_crowd_begin makes the directory. Returns 0 or CEPA_ERR_SYSTEM with a reason. */
CEPA_MUST_USE int cepa_crowd_begin(struct cepa_crowd *ret_crowd, struct cepa_reason *ret_reason,
                                   const struct cepa_crowd_config *config);

/* cepa_crowd_end ends all processes, waits for them and removes the directory, unless one ended
 * badly before and `is_kept` says to keep it then; gives whether all had ended well. */
bool cepa_crowd_end(struct cepa_crowd *crowd, bool is_kept);

/* cepa_crowd_start starts node `number` (0 to CEPA_CROWD_MAX - 1), or starts it again with the
 * state that it had. All but node 0 join by the invitation, which is asked of node 0 at the first
 * need. Does not wait. Returns 0, CEPA_ERR_SYSTEM, or CEPA_ERR_TIMEOUT with a reason. */
CEPA_MUST_USE int cepa_crowd_start(struct cepa_crowd *crowd, struct cepa_reason *ret_reason,
                                   size_t number);

/* cepa_crowd_signal sends a signal to a node; after SIGKILL it is waited for. */
void cepa_crowd_signal(struct cepa_crowd *crowd, size_t number, int signal);

/* cepa_crowd_ask asks a node; the answer is the caller's to delete. Returns as cepa_control_ask. */
CEPA_MUST_USE int cepa_crowd_ask(const struct cepa_crowd *crowd, struct cJSON **ret_answer,
                                 struct cepa_reason *ret_reason, size_t number,
                                 const struct cepa_control_request *request);

/* cepa_crowd_number asks a node for its status and gives a field of it, which may stand in objects
 * ("anonymity.relays"); -1 if it does not answer or there is no such number. True counts as 1. */
int64_t cepa_crowd_number(const struct cepa_crowd *crowd, size_t number, const char *field);

/* cepa_crowd_wait waits till `field` of all running nodes from `from` to `to` - 1 is at least
 * `least`, for `wait_ms` at most. Returns the ms that it took, or -1. */
int64_t cepa_crowd_wait(const struct cepa_crowd *crowd, size_t from, size_t to, const char *field,
                        int64_t least, uint64_t wait_ms);

#endif
