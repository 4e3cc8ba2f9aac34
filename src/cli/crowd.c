/* Starting, asking and ending daemons. */
#define _GNU_SOURCE
#include "cli/crowd.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "native/daemon/control_client.h"
#include "native/net/clock.h"

enum {
    ARGUMENTS_MAX = CEPA_CROWD_OPTIONS_MAX + 24,
    ANSWER_MS = 10000,   /* by when a node has to answer for the first time */
    POLL_MS = 20,        /* between two questions */
    END_SECONDS = 10,    /* by when a node has to have ended */
    FIELD_DEPTH_MAX = 4, /* objects within objects */
    LOOPBACK = 127,
    PORT_FIRST = 12000, /* below those that systems give out by themselves */
    PORTS = 20000
};

static void sleep_ms(unsigned ms)
{
    struct timespec time = {ms / 1000, (long)(ms % 1000) * 1000000};
    while (nanosleep(&time, &time) != 0 && errno == EINTR) {
    }
}

/* The path of a file of a node. */
static void path_of(const struct cepa_crowd *crowd, char ret_path[2 * CEPA_CROWD_PATH_SIZE],
                    size_t number, const char *name)
{
    (void)snprintf(ret_path, (size_t)2 * CEPA_CROWD_PATH_SIZE, "%s/%zu%s", crowd->directory, number,
                   name);
}

int cepa_crowd_begin(struct cepa_crowd *ret_crowd, struct cepa_reason *ret_reason,
                     const struct cepa_crowd_config *config)
{
    const char *parent = getenv("TMPDIR");
    memset(ret_crowd, 0, sizeof *ret_crowd);
    ret_crowd->config = *config;
    int len = snprintf(ret_crowd->directory, sizeof ret_crowd->directory, "%s/cepa-XXXXXX",
                       parent != NULL && strlen(parent) < 60 ? parent : "/tmp");
    if (len < 0 || mkdtemp(ret_crowd->directory) == NULL) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_SYSTEM, "no directory can be made in %s: %s",
                                ret_crowd->directory, strerror(errno));
    }
    return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status;
    (void)type;
    (void)where;
    return remove(path);
}

/* Waits for a node to end, and kills it if it does not. True if it ended as it should. */
static bool reap(struct cepa_crowd *crowd, size_t number, bool was_killed)
{
    int status = 0;
    struct cepa_time deadline = cepa_time_add(cepa_clock_now(), END_SECONDS * CEPA_SECOND_NS);
    pid_t pid;
    while ((pid = waitpid(crowd->pids[number], &status, WNOHANG)) == 0 &&
           cepa_time_is_before(cepa_clock_now(), deadline)) {
        sleep_ms(POLL_MS / 4);
    }
    if (pid == 0) {
        (void)kill(crowd->pids[number], SIGKILL);
        (void)waitpid(crowd->pids[number], &status, 0);
    }
    crowd->pids[number] = 0;
    return was_killed || (WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

bool cepa_crowd_end(struct cepa_crowd *crowd, bool is_kept)
{
    bool is_well = true;
    for (size_t i = 0; i < CEPA_CROWD_MAX; i++) {
        if (crowd->pids[i] != 0) {
            (void)kill(crowd->pids[i], SIGCONT);
            (void)kill(crowd->pids[i], SIGTERM);
        }
    }
    for (size_t i = 0; i < CEPA_CROWD_MAX; i++) {
        if (crowd->pids[i] != 0 && !reap(crowd, i, false)) {
            fprintf(stderr, "node %zu did not end as it should; see %s/%zu.log\n", i,
                    crowd->directory, i);
            is_well = false;
        }
    }
    if (is_well || !is_kept) {
        (void)nftw(crowd->directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    }
    return is_well;
}

/* Becomes the daemon; does not return. */
static _Noreturn void become(const struct cepa_crowd *crowd, size_t number, pid_t parent)
{
    char state[2 * CEPA_CROWD_PATH_SIZE];
    char log[2 * CEPA_CROWD_PATH_SIZE];
    char address[32];
    char word[24];
    char port[8];
    const char *arguments[ARGUMENTS_MAX];
    size_t len = 0;
    path_of(crowd, state, number, "");
    path_of(crowd, log, number, ".log");
    unsigned network = crowd->config.network != 0 ? crowd->config.network : LOOPBACK;
    (void)snprintf(address, sizeof address, "%u.%zu.0.1", network, number + 1);
    (void)snprintf(word, sizeof word, "%zu", number);
    (void)snprintf(port, sizeof port, "%d", PORT_FIRST + (int)parent % PORTS);
    if (crowd->config.run_before != NULL) {
        arguments[len++] = crowd->config.run_before;
        arguments[len++] = word;
    }
    const char *program = crowd->config.program != NULL ? crowd->config.program : "/proc/self/exe";
    const char *const all[] = {
        program, "up",     "--profile", "test",   "--listen", address, "--state-directory",
        state,   "--port", port,        "--role", "relay"};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        arguments[len++] = all[i];
    }
    for (size_t i = 0; i < crowd->config.options_len && i < CEPA_CROWD_OPTIONS_MAX; i++) {
        arguments[len++] = crowd->config.options[i];
    }
    if (number > 0) {
        arguments[len++] = "--invitation";
        arguments[len++] = crowd->invitation;
    }
    arguments[len] = NULL;
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    (void)setpgid(0, 0); /* what is typed at the terminal is for whoever started us */
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (fd >= 0 && null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(fd, STDOUT_FILENO) >= 0 &&
        dup2(fd, STDERR_FILENO) >= 0 && getppid() == parent) {
        /* execv changes neither the array nor the words. */
        union {
            const char **words;
            char **argv;
        } cast = {arguments};
        (void)execv(arguments[0], cast.argv);
    }
    _exit(127);
}

/* Asks node 0 for an invitation, as soon as it answers. */
static int invite(struct cepa_crowd *crowd, struct cepa_reason *ret_reason)
{
    const struct cepa_control_request request = {.kind = CEPA_CONTROL_INVITE};
    struct cepa_time deadline = cepa_time_add(cepa_clock_now(), ANSWER_MS * CEPA_MILLISECOND_NS);
    while (cepa_time_is_before(cepa_clock_now(), deadline)) {
        struct cJSON *answer = NULL;
        if (cepa_crowd_ask(crowd, &answer, ret_reason, 0, &request) == 0) {
            const cJSON *text = cJSON_GetObjectItemCaseSensitive(answer, "invitation");
            if (cJSON_IsString(text) && strlen(text->valuestring) < sizeof crowd->invitation) {
                memcpy(crowd->invitation, text->valuestring, strlen(text->valuestring) + 1);
            }
            cJSON_Delete(answer);
            if (crowd->invitation[0] != 0) {
                return 0;
            }
        }
        sleep_ms(POLL_MS);
    }
    char why[sizeof ret_reason->text];
    memcpy(why, ret_reason->text, sizeof why);
    return cepa_reason_fail(ret_reason, CEPA_ERR_TIMEOUT,
                            "the first node gives no invitation: %.400s; see %s/0.log", why,
                            crowd->directory);
}

int cepa_crowd_start(struct cepa_crowd *crowd, struct cepa_reason *ret_reason, size_t number)
{
    int status = number > 0 && crowd->invitation[0] == 0 ? invite(crowd, ret_reason) : 0;
    if (status != 0) {
        return status;
    }
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid < 0) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_SYSTEM, "no process can be started: %s",
                                strerror(errno));
    }
    if (pid == 0) {
        become(crowd, number, parent);
    }
    crowd->pids[number] = pid;
    return 0;
}

void cepa_crowd_signal(struct cepa_crowd *crowd, size_t number, int signal)
{
    if (crowd->pids[number] != 0) {
        (void)kill(crowd->pids[number], signal);
        if (signal == SIGKILL) {
            (void)reap(crowd, number, true);
        }
    }
}

int cepa_crowd_ask(const struct cepa_crowd *crowd, struct cJSON **ret_answer,
                   struct cepa_reason *ret_reason, size_t number,
                   const struct cepa_control_request *request)
{
    char path[2 * CEPA_CROWD_PATH_SIZE];
    path_of(crowd, path, number, "/control");
    return cepa_control_ask(ret_answer, ret_reason, path, request);
}

/* A field of an object, which may stand in objects of it. */
static const cJSON *find(const cJSON *object, const char *field)
{
    char name[64];
    for (unsigned depth = 0; depth < FIELD_DEPTH_MAX && object != NULL; depth++) {
        size_t len = strcspn(field, ".");
        (void)snprintf(name, sizeof name, "%.*s", (int)len, field);
        object = cJSON_GetObjectItemCaseSensitive(object, name);
        if (field[len] == 0) {
            return object;
        }
        field += len + 1;
    }
    return NULL;
}

int64_t cepa_crowd_number(const struct cepa_crowd *crowd, size_t number, const char *field)
{
    const struct cepa_control_request request = {.kind = CEPA_CONTROL_STATUS};
    struct cepa_reason reason;
    struct cJSON *answer = NULL;
    int64_t value = -1;
    if (crowd->pids[number] != 0 &&
        cepa_crowd_ask(crowd, &answer, &reason, number, &request) == 0) {
        const cJSON *item = find(answer, field);
        if (cJSON_IsNumber(item)) {
            value = (int64_t)item->valuedouble;
        } else if (cJSON_IsBool(item)) {
            value = cJSON_IsTrue(item);
        }
        cJSON_Delete(answer);
    }
    return value;
}

int64_t cepa_crowd_wait(const struct cepa_crowd *crowd, size_t from, size_t to, const char *field,
                        int64_t least, uint64_t wait_ms)
{
    struct cepa_time began = cepa_clock_now();
    struct cepa_time deadline = cepa_time_add(began, wait_ms * CEPA_MILLISECOND_NS);
    size_t next = from;
    for (;;) {
        while (next < to &&
               (crowd->pids[next] == 0 || cepa_crowd_number(crowd, next, field) >= least)) {
            next++;
        }
        if (next == to) {
            return (int64_t)(cepa_time_since(cepa_clock_now(), began) / CEPA_MILLISECOND_NS);
        }
        if (!cepa_time_is_before(cepa_clock_now(), deadline)) {
            return -1;
        }
        sleep_ms(POLL_MS);
    }
}
