/* A daemon from its start to its end: state, transport, control socket, signals, one loop. */
#ifndef CEPA_NATIVE_DAEMON_RUN_H
#define CEPA_NATIVE_DAEMON_RUN_H

#include "base/error.h"
#include "native/daemon/config.h"
#include "native/reason.h"

/* cepa_daemon_run runs until it is told to stop by SIGINT, SIGTERM or the control socket. When it
 * is ready it calls `on_ready` (NULL: nobody wants to know). Log lines go to standard error.
 * Returns 0 after a clean shutdown, else an error with a reason. It blocks those signals and
 * ignores SIGPIPE. */
CEPA_MUST_USE int cepa_daemon_run(struct cepa_reason *ret_reason, const struct cepa_config *config,
                                  void (*on_ready)(void *context), void *context);

/* What a program gives that has a node inside. */
struct cepa_daemon_host {
    int stop_fd; /* readable when the node is to end; stays the program's */
    int log_fd;  /* where log lines go; likewise */
    void (*on_ready)(void *context);
    void *context;
};

/* cepa_daemon_run_inside does the same in a thread of another program, of which it changes nothing:
 * no signal, no limit, no umask, no word to a service manager. All signals are blocked in that
 * thread by its maker. One at a time in a process: usrsctp's state is the process's. Returns
 * likewise. */
CEPA_MUST_USE int cepa_daemon_run_inside(struct cepa_reason *ret_reason,
                                         const struct cepa_config *config,
                                         const struct cepa_daemon_host *host);

#endif
