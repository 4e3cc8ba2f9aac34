/* The daemon's loop. */
#define _GNU_SOURCE
#include "native/daemon/run.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "native/cpu.h"
#include "native/daemon/answers.h"
#include "native/daemon/control.h"
#include "native/daemon/engine.h"
#include "native/daemon/log.h"
#include "native/daemon/notify.h"
#include "native/daemon/pages.h"
#include "native/daemon/programs.h"
#include "native/daemon/state.h"
#include "native/host.h"
#include "native/net/clock.h"
#include "native/net/loop.h"

/* Numbers in the loop. */
enum {
    NUMBER_SIGNALS,
    NUMBER_ENGINE,
    NUMBER_PAGES,
    NUMBER_CONTROL = NUMBER_PAGES + CEPA_PAGES_NUMBERS /* and CEPA_CONTROL_CLIENTS_MAX more */
};

/* All that runs. */
struct daemon {
    const struct cepa_config *config;
    struct cepa_log log;
    struct cepa_state state;
    bool has_state;
    struct cepa_loop *loop;
    int signals_fd;
    const struct cepa_daemon_host *host; /* NULL: the process is the daemon's own */
    struct cepa_engine *engine;
    struct cepa_control *control;
    struct cepa_pages pages;
    struct cepa_answers answers;
    uint64_t watchdog_ms;      /* how often the service manager is told; 0: never */
    struct cepa_time watchdog; /* when next */
    bool is_stopping;
};

static int open_signals(struct daemon *daemon, struct cepa_reason *ret_reason)
{
    if (daemon->host != NULL) {
        return cepa_loop_add(daemon->loop, daemon->host->stop_fd, NUMBER_SIGNALS, CEPA_LOOP_READ) ==
                       0
                   ? 0
                   : cepa_reason_fail(ret_reason, CEPA_ERR_SYSTEM, "the loop takes no descriptor");
    }
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGHUP);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* a full disk, as it were */
    daemon->signals_fd = sigprocmask(SIG_BLOCK, &set, NULL) == 0
                             ? signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC)
                             : -1;
    if (daemon->signals_fd < 0 ||
        cepa_loop_add(daemon->loop, daemon->signals_fd, NUMBER_SIGNALS, CEPA_LOOP_READ) != 0) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_SYSTEM, "signals cannot be watched: %s",
                                strerror(errno));
    }
    return 0;
}

static int open_engine(struct daemon *daemon, struct cepa_reason *ret_reason)
{
    const struct cepa_engine_config config = {
        daemon->config,    &daemon->state,
        &daemon->log,      cepa_native_random(),
        cepa_native_cpu(), {daemon->control, cepa_programs_is_here, cepa_programs_tell}};
    int status = cepa_engine_open(&daemon->engine, ret_reason, &config);
    if (status == 0 && cepa_loop_add(daemon->loop, cepa_engine_descriptor(daemon->engine),
                                     NUMBER_ENGINE, CEPA_LOOP_READ) != 0) {
        status = cepa_reason_fail(ret_reason, CEPA_ERR_SYSTEM, "the sockets cannot be watched");
    }
    return status;
}

static int open_all(struct daemon *daemon, struct cepa_reason *ret_reason)
{
    int status = cepa_native_init();
    if (status == 0) {
        status = cepa_loop_open(&daemon->loop);
    }
    if (status != 0) {
        return cepa_reason_fail(ret_reason, status, "%s", cepa_error_text(status));
    }
    status = open_signals(daemon, ret_reason);
    if (status == 0) {
        status = cepa_state_open(&daemon->state, ret_reason, daemon->config->state_directory,
                                 cepa_clock_wall(), cepa_native_random(), cepa_native_cpu());
        daemon->has_state = status == 0;
    }
    if (status == 0) {
        status = cepa_control_open(&daemon->control, ret_reason, daemon->config->control,
                                   daemon->loop, NUMBER_CONTROL);
    }
    if (status == 0) {
        status = cepa_pages_open(&daemon->pages, ret_reason, daemon->config, daemon->loop,
                                 NUMBER_PAGES, cepa_native_random());
    }
    return status == 0 ? open_engine(daemon, ret_reason) : status;
}

static int close_all(struct daemon *daemon)
{
    int status = 0;
    cepa_pages_close(&daemon->pages);
    cepa_engine_close(daemon->engine);
    cepa_control_close(daemon->control);
    if (daemon->has_state) {
        status = cepa_state_close(&daemon->state);
    }
    if (daemon->signals_fd >= 0) {
        close(daemon->signals_fd);
    }
    cepa_loop_close(daemon->loop);
    return status;
}

static void take_signals(struct daemon *daemon)
{
    struct signalfd_siginfo signal;
    daemon->is_stopping = daemon->is_stopping || daemon->host != NULL;
    while (daemon->host == NULL &&
           read(daemon->signals_fd, &signal, sizeof signal) == (ssize_t)sizeof signal) {
        if (signal.ssi_signo == SIGHUP) {
            cepa_log_say(&daemon->log, CEPA_CONFIG_LEVEL_INFO,
                         "SIGHUP does nothing; restart for a new configuration");
        } else {
            daemon->is_stopping = true;
        }
    }
}

static void answer_requests(struct daemon *daemon, struct cepa_time now)
{
    struct cepa_control_asked asked;
    while (cepa_control_next_asked(daemon->control, &asked, now)) {
        if (cepa_answers_give(&daemon->answers, daemon->control, &asked)) {
            daemon->is_stopping = true;
        }
    }
}

/* When something is to be done though nothing comes. */
static struct cepa_time deadline_of(const struct daemon *daemon)
{
    struct cepa_time deadline = cepa_control_deadline(daemon->control);
    deadline = cepa_time_earliest(deadline, cepa_store_deadline(daemon->state.store));
    deadline = cepa_time_earliest(deadline, daemon->watchdog);
    return cepa_time_earliest(deadline, cepa_pages_deadline(&daemon->pages));
}

static void tell_manager(const struct daemon *daemon, const char *state)
{
    if (daemon->host == NULL) {
        (void)cepa_notify(state);
    }
}

/* Waits for something, and does it. */
static int turn(struct daemon *daemon)
{
    struct cepa_loop_ready ready;
    if (cepa_engine_prepare(daemon->engine) != 0 ||
        cepa_loop_wait(daemon->loop, deadline_of(daemon)) < 0) {
        return CEPA_ERR_SYSTEM;
    }
    struct cepa_time now = cepa_clock_now();
    bool is_asked = cepa_time_is_due(cepa_pages_deadline(&daemon->pages), now);
    int status = 0;
    while (cepa_loop_next(daemon->loop, &ready)) {
        if (ready.number == NUMBER_SIGNALS) {
            take_signals(daemon);
        } else if (ready.number == NUMBER_ENGINE) {
            status = cepa_engine_turn(daemon->engine);
        } else if (ready.number >= NUMBER_CONTROL) {
            (void)cepa_control_on_ready(daemon->control, &ready, now);
        } else {
            is_asked = true;
        }
    }
    answer_requests(daemon, now);
    if (is_asked) {
        cepa_pages_step(&daemon->pages, &daemon->answers, now);
    }
    if (cepa_store_step(daemon->state.store, now) != 0) {
        struct cepa_log_field why = cepa_log_text("why", cepa_store_reason(daemon->state.store));
        cepa_log_write(&daemon->log, CEPA_CONFIG_LEVEL_ERROR, "state cannot be kept", &why, 1);
    }
    if (cepa_time_is_due(daemon->watchdog, now)) {
        tell_manager(daemon, "WATCHDOG=1");
        daemon->watchdog = cepa_time_add(now, daemon->watchdog_ms * CEPA_MILLISECOND_NS);
    }
    return status;
}

static void say_ready(struct daemon *daemon)
{
    const struct cepa_log_field fields[] = {
        cepa_log_text("version", CEPA_VERSION), cepa_log_text("profile", daemon->config->profile),
        cepa_log_number("port", cepa_engine_port(daemon->engine)),
        cepa_log_text("state", daemon->config->state_directory)};
    if (daemon->state.is_new) {
        cepa_log_say(&daemon->log, CEPA_CONFIG_LEVEL_INFO, "a new identity was made");
    }
    cepa_log_write(&daemon->log, CEPA_CONFIG_LEVEL_INFO, "the node is up", fields, 4);
    if (daemon->state.is_new && daemon->config->invitations_len == 0) {
        cepa_log_say(
            &daemon->log, CEPA_CONFIG_LEVEL_INFO,
            "it knows nobody yet: 'cepa join' takes an invitation, 'cepa invite' makes one "
            "for others");
    }
    tell_manager(daemon, "READY=1");
}

/* Runs from the start to the end. */
static int run(struct daemon *daemon, struct cepa_reason *ret_reason,
               void (*on_ready)(void *context), void *context)
{
    int status = open_all(daemon, ret_reason);
    if (status == 0) {
        cepa_answers_init(&daemon->answers, daemon->config, &daemon->state, daemon->engine,
                          daemon->pages.dashboard);
        if (on_ready != NULL) {
            on_ready(context);
        }
        say_ready(daemon);
    }
    while (status == 0 && !daemon->is_stopping) {
        status = turn(daemon);
        if (status != 0) {
            cepa_reason_set(ret_reason, "the system refused to wait: %s", strerror(errno));
        }
    }
    if (daemon->is_stopping) {
        tell_manager(daemon, "STOPPING=1");
        cepa_log_say(&daemon->log, CEPA_CONFIG_LEVEL_INFO, "the node stops");
    }
    if (close_all(daemon) != 0 && status == 0) {
        status = cepa_reason_fail(ret_reason, CEPA_ERR_SYSTEM,
                                  "the last of the state could not be written");
    }
    return status;
}

int cepa_daemon_run(struct cepa_reason *ret_reason, const struct cepa_config *config,
                    void (*on_ready)(void *context), void *context)
{
    struct daemon daemon;
    const struct rlimit no_core = {0, 0};
    memset(&daemon, 0, sizeof daemon);
    daemon.config = config;
    daemon.signals_fd = -1;
    (void)umask(077);
    /* What a core would hold is not for a disk. */
    (void)setrlimit(RLIMIT_CORE, &no_core);
    /* Tables are made for the worst day and hardly used: no 2 MiB for the first byte of each. */
    (void)prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    cepa_log_init(&daemon.log, STDERR_FILENO, config);
    daemon.watchdog_ms = cepa_notify_watchdog_ms();
    daemon.watchdog =
        daemon.watchdog_ms == 0
            ? cepa_time_never()
            : cepa_time_add(cepa_clock_now(), daemon.watchdog_ms * CEPA_MILLISECOND_NS);
    return run(&daemon, ret_reason, on_ready, context);
}

int cepa_daemon_run_inside(struct cepa_reason *ret_reason, const struct cepa_config *config,
                           const struct cepa_daemon_host *host)
{
    struct daemon daemon;
    memset(&daemon, 0, sizeof daemon);
    daemon.config = config;
    daemon.signals_fd = -1;
    daemon.host = host;
    daemon.watchdog = cepa_time_never();
    /* So that the mask under which the control socket is made is this thread's alone. Where that is
     * forbidden, the mask is another for an instant in all threads. */
    (void)unshare(CLONE_FS);
    cepa_log_init(&daemon.log, host->log_fd, config);
    return run(&daemon, ret_reason, host->on_ready, host->context);
}
