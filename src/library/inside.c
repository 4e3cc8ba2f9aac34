/* A node in a thread of this process. There is one at a time: the state of usrsctp, and of what
 * lies around it, is the process's; the flag that says so is all that is global here. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "library/handle.h"
#include "native/daemon/run.h"

struct cepa_inside {
    struct cepa_config config;
    struct cepa_reason reason; /* why it has ended; read when the thread is over */
    int status;                /* likewise */
    int stop_fd;               /* readable when it is to end */
    int log_fd;
    int ready[2]; /* [1] is the thread's: a byte when it is up, the end of the file when it ends */
    pthread_t thread;
};

static atomic_flag is_running = ATOMIC_FLAG_INIT;

static void on_ready(void *context)
{
    struct cepa_inside *inside = context;
    (void)!write(inside->ready[1], "+", 1);
}

static void *run(void *context)
{
    struct cepa_inside *inside = context;
    const struct cepa_daemon_host host = {inside->stop_fd, inside->log_fd, on_ready, inside};
    inside->status = cepa_daemon_run_inside(&inside->reason, &inside->config, &host);
    close(inside->ready[1]);
    return NULL;
}

/* Starts the thread with all signals blocked: they are the program's. */
static int start(struct cepa_inside *inside)
{
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&inside->thread, NULL, run, inside);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error == 0 ? 0 : CEPA_ERR_SYSTEM;
}

static void release(struct cepa_inside *inside)
{
    const int fds[] = {inside->stop_fd, inside->log_fd, inside->ready[0]};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    free(inside);
    atomic_flag_clear(&is_running);
}

static int prepare(struct cepa_inside *inside, int log_fd)
{
    inside->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    inside->log_fd =
        log_fd > 0 ? fcntl(log_fd, F_DUPFD_CLOEXEC, 3) : open("/dev/null", O_WRONLY | O_CLOEXEC);
    inside->ready[0] = -1;
    return inside->stop_fd >= 0 && inside->log_fd >= 0 && pipe2(inside->ready, O_CLOEXEC) == 0
               ? 0
               : CEPA_ERR_SYSTEM;
}

int cepa_inside_open(struct cepa_inside **ret_inside, struct cepa_reason *ret_reason,
                     const struct cepa_config *config, int log_fd)
{
    char byte;
    ssize_t got;
    if (atomic_flag_test_and_set(&is_running)) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_IN_USE,
                                "this process has a node inside already; close that first");
    }
    struct cepa_inside *inside = calloc(1, sizeof *inside);
    if (inside == NULL) {
        atomic_flag_clear(&is_running);
        return cepa_reason_fail(ret_reason, CEPA_ERR_EXHAUSTED, "there is not enough memory");
    }
    inside->config = *config;
    int status = prepare(inside, log_fd);
    if (status == 0 && start(inside) != 0) {
        close(inside->ready[1]);
        status = CEPA_ERR_SYSTEM;
    }
    if (status != 0) {
        release(inside);
        return cepa_reason_fail(ret_reason, status, "no node can be started: %s", strerror(errno));
    }
    do {
        got = read(inside->ready[0], &byte, 1);
    } while (got < 0 && errno == EINTR);
    if (got == 1) {
        *ret_inside = inside;
        return 0;
    }
    (void)pthread_join(inside->thread, NULL);
    *ret_reason = inside->reason;
    status = inside->status != 0 ? inside->status : CEPA_ERR_SYSTEM;
    release(inside);
    return status;
}

void cepa_inside_close(struct cepa_inside *inside)
{
    const uint64_t one = 1;
    if (inside != NULL) {
        (void)!write(inside->stop_fd, &one, sizeof one);
        (void)pthread_join(inside->thread, NULL);
        release(inside);
    }
}
