/* The daemon's loop in a process of its own: what holds in it, what the service manager hears, how
 * it ends, and that a start that fails lets everything go. */
#define _GNU_SOURCE
#include "native/daemon/run.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/lone_daemon.h"
#include "support/loopback.h"
#include "support/test.h"

static struct lone_daemon one;
static pid_t child;
static int ready_fds[2];
static int notify_fd;

/* --- a daemon in a child ---------------------------------------------------------------------- */

/* Says what holds when it is ready: a byte for each thing that does. */
static void on_ready(void *context)
{
    struct rlimit core;
    char facts[2] = "";
    mode_t mask = umask(077);
    (void)context;
    facts[0] = mask == 077 ? 'u' : '-';
    facts[1] = getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max == 0 ? 'c' : '-';
    (void)!write(ready_fds[1], facts, sizeof facts);
}

static void listen_to_states(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%.90s/notify", one.folder);
    notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    CHECK(bind(notify_fd, (struct sockaddr *)(void *)&address, sizeof address) == 0);
    CHECK(setenv("NOTIFY_SOCKET", address.sun_path, 1) == 0);
}

static void finish_config(void)
{
    snprintf(one.config.control, sizeof one.config.control, "%.90s/control", one.folder);
    one.config.has_dashboard = false;
}

/* Its standard error is the log. */
static void start(void)
{
    CHECK_INT(pipe(ready_fds), 0);
    fflush(stdout);
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        struct cepa_reason reason = {""};
        (void)dup2(one.log.fd, STDERR_FILENO);
        _exit(cepa_daemon_run(&reason, &one.config, on_ready, NULL) == 0 ? 0 : 1);
    }
    (void)close(ready_fds[1]);
}

/* The exit status of the child, or -1 if it does not end. */
static int end_of_child(void)
{
    int status = -1;
    for (int i = 0; i < 500; i++) {
        if (waitpid(child, &status, WNOHANG) == child) {
            return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        }
        (void)poll(NULL, 0, 10);
    }
    (void)kill(child, SIGKILL);
    (void)waitpid(child, &status, 0);
    return -1;
}

/* Whether the next state that the service manager hears is this one. */
static bool hears(const char *state)
{
    char got[64] = "";
    return loopback_wait(notify_fd, 5000) && recv(notify_fd, got, sizeof got - 1, 0) > 0 &&
           strcmp(got, state) == 0;
}

static void wait_for_line(const char *text)
{
    for (int i = 0; i < 500 && lone_daemon_logged(&one, text) == 0; i++) {
        (void)poll(NULL, 0, 10);
    }
    CHECK_INT(lone_daemon_logged(&one, text), 1);
}

/* --- tests ------------------------------------------------------------------------------------ */

TEST(a_life_with_a_service_manager)
{
    char facts[2] = "";
    lone_daemon_init(&one);
    finish_config();
    listen_to_states();
    CHECK(setenv("WATCHDOG_USEC", "100000", 1) == 0);
    start();
    CHECK_INT(read(ready_fds[0], facts, sizeof facts), sizeof facts);
    CHECK_BYTES(facts, "uc", 2);
    CHECK(hears("READY=1"));
    CHECK(hears("WATCHDOG=1"));
    CHECK(hears("WATCHDOG=1"));
    CHECK_INT(kill(child, SIGHUP), 0); /* does nothing, and says so */
    wait_for_line("SIGHUP does nothing");
    CHECK(hears("WATCHDOG=1"));
    CHECK_INT(kill(child, SIGTERM), 0);
    bool is_stopping = false;
    for (int i = 0; i < 100 && !is_stopping; i++) {
        is_stopping = hears("STOPPING=1"); /* behind what it has said before */
    }
    CHECK(is_stopping);
    CHECK_INT(end_of_child(), 0);
    CHECK_INT(lone_daemon_logged(&one, "the node stops"), 1);
    CHECK_INT(lone_daemon_logged(&one, "a new identity was made"), 1);
    CHECK_INT(lone_daemon_logged(&one, "it knows nobody yet"), 1);
    CHECK(unsetenv("NOTIFY_SOCKET") == 0 && unsetenv("WATCHDOG_USEC") == 0);
    (void)close(notify_fd);
    (void)close(ready_fds[0]);
    lone_daemon_end(&one);
}

/* Each start that fails says why, and the next one finds everything free again. */
TEST(a_start_that_fails_lets_everything_go)
{
    static struct lone_daemon other;
    struct cepa_reason reason;
    char path[SCRATCH_PATH_SIZE];
    struct stat status;
    lone_daemon_init(&one);
    lone_daemon_init(&other);
    CHECK_INT(lone_daemon_open(&other), 0);
    finish_config();
    scratch_join(path, one.folder, "control");
    size_t before = lone_daemon_descriptors();
    for (int i = 0; i < 4; i++) {
        const char *want = NULL;
        struct cepa_config config = one.config;
        switch (i) {
        case 0: /* a port that is somebody's */
            config.port = cepa_engine_port(other.engine);
            want = "in use";
            break;
        case 1: /* the state of another daemon */
            memcpy(config.state_directory, other.folder, sizeof other.folder);
            want = "in use by the daemon";
            break;
        case 2: /* a socket where there is no folder */
            snprintf(config.control, sizeof config.control, "%.80s/nowhere/control", one.folder);
            want = "nowhere/control";
            break;
        default:
            memcpy(config.invitations[0], "cepa:x", 7);
            config.invitations_len = 1;
            want = "invitation";
            break;
        }
        reason.text[0] = '\0';
        CHECK(cepa_daemon_run(&reason, &config, NULL, NULL) != 0);
        test_note("%s", reason.text);
        CHECK(strstr(reason.text, want) != NULL);
        CHECK_INT(lone_daemon_descriptors(), before);
        CHECK(stat(path, &status) != 0); /* no socket is left behind */
    }
    lone_daemon_end(&other);
    char facts[2];
    start();
    CHECK_INT(read(ready_fds[0], facts, sizeof facts), sizeof facts);
    CHECK_INT(kill(child, SIGINT), 0);
    CHECK_INT(end_of_child(), 0);
    CHECK_INT(lone_daemon_logged(&one, "it knows nobody yet"), 0); /* it may: it is not new */
    CHECK(stat(path, &status) != 0);
    (void)close(ready_fds[0]);
    lone_daemon_end(&one);
}

TEST_MAIN(RUN(a_life_with_a_service_manager), RUN(a_start_that_fails_lets_everything_go))
