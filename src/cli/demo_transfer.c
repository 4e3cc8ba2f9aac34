/* The main job, shown. */
#define _GNU_SOURCE
#include "cli/demo_transfer.h"

#include <cjson/cJSON.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "native/host.h"
#include "native/net/clock.h"

enum {
    PIECE = 1 << 20,
    OUTPUT_MAX = 4096, /* of a command */
    LOOK_MS = 10,      /* between two looks at the file that comes */
    REACH_MS = 60000,  /* by when addresses have to be found */
    SEND_MS = 300000   /* what all of it may take */
};

/* What is under way. */
struct show {
    struct cepa_crowd *crowd;
    size_t nodes;
    size_t sender;
    size_t receiver;
    char file[2 * CEPA_CROWD_PATH_SIZE];
    char address[256];
    uint8_t hash[32]; /* of the file */
    pid_t pid;        /* of cepa send; 0: it has ended */
    int output;       /* what it says */
    const volatile sig_atomic_t *is_interrupted;
};

static void nap(void)
{
    const struct timespec pause = {0, LOOK_MS * 1000000L};
    (void)nanosleep(&pause, NULL);
}

static double seconds_since(struct cepa_time then)
{
    return (double)cepa_time_since(cepa_clock_now(), then) / (double)CEPA_SECOND_NS;
}

/* --- commands --------------------------------------------------------------------------------- */

/* Starts this program with a node's state directory; gives its process and what it prints. */
static int start_command(const struct show *show, size_t node, const char *const *words,
                         size_t words_len, pid_t *ret_pid, int *ret_output)
{
    char state[2 * CEPA_CROWD_PATH_SIZE];
    const char *arguments[16] = {"/proc/self/exe"};
    int pipes[2];
    size_t len = 1;
    (void)snprintf(state, sizeof state, "%s/%zu", show->crowd->directory, node);
    for (size_t i = 0; i < words_len; i++) {
        arguments[len++] = words[i];
    }
    arguments[len++] = "--state-directory";
    arguments[len++] = state;
    arguments[len] = NULL;
    if (show->crowd->config.program != NULL) {
        arguments[0] = show->crowd->config.program;
    }
    if (pipe2(pipes, O_CLOEXEC) != 0) {
        return CEPA_ERR_SYSTEM;
    }
    pid_t pid = fork();
    if (pid == 0) {
        /* execv changes neither the array nor the words. */
        union {
            const char **words;
            char **argv;
        } cast = {arguments};
        (void)setpgid(0, 0);
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        (void)dup2(pipes[1], STDOUT_FILENO);
        (void)dup2(pipes[1], STDERR_FILENO);
        (void)execv(arguments[0], cast.argv);
        _exit(127);
    }
    close(pipes[1]);
    if (pid < 0) {
        close(pipes[0]);
        return CEPA_ERR_SYSTEM;
    }
    *ret_pid = pid;
    *ret_output = pipes[0];
    return 0;
}

/* Reads all that a command says and waits for its end; gives its exit status, -1 if it was killed.
 */
static int end_command(pid_t pid, int output, char ret_text[OUTPUT_MAX])
{
    size_t len = 0;
    int status = 0;
    for (;;) {
        ssize_t got = read(output, ret_text + len, OUTPUT_MAX - 1 - len);
        if (got <= 0 && !(got < 0 && errno == EINTR)) {
            break;
        }
        len += got > 0 ? (size_t)got : 0;
        len = len < OUTPUT_MAX - 1 ? len : OUTPUT_MAX / 2;
    }
    ret_text[len] = '\0';
    close(output);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int run_command(const struct show *show, struct cepa_reason *ret_reason, size_t node,
                       const char *const *words, size_t words_len, char ret_text[OUTPUT_MAX])
{
    pid_t pid;
    int output;
    int status = start_command(show, node, words, words_len, &pid, &output);
    if (status == 0) {
        status = end_command(pid, output, ret_text) == 0 ? 0 : CEPA_ERR_STATE;
    }
    return status == 0 ? 0
                       : cepa_reason_fail(ret_reason, status, "cepa %s: %.300s", words[0],
                                          status == CEPA_ERR_STATE ? ret_text : strerror(errno));
}

/* Makes an identity for a node, or asks for the one it has. */
static int ask_address(const struct show *show, struct cepa_reason *ret_reason, size_t node,
                       char ret_address[256])
{
    static const char *const words[] = {"id"};
    char text[OUTPUT_MAX];
    int status = run_command(show, ret_reason, node, words, 1, text);
    const char *address = status == 0 ? strstr(text, "cepa1") : NULL;
    if (status == 0 && address == NULL) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_MALFORMED, "'cepa id' says no address");
    }
    if (status == 0) {
        (void)snprintf(ret_address, 256, "%.*s", (int)strcspn(address, " \t\r\n"), address);
    }
    return status;
}

/* Both get addresses, and the receiver knows the sender. */
static int meet(struct show *show, struct cepa_reason *ret_reason)
{
    char sender[256];
    char text[OUTPUT_MAX];
    int status = ask_address(show, ret_reason, show->sender, sender);
    if (status == 0) {
        status = ask_address(show, ret_reason, show->receiver, show->address);
    }
    const char *const words[] = {"contacts", "add", "sender", sender};
    return status == 0 ? run_command(show, ret_reason, show->receiver, words, 4, text) : status;
}

/* --- the file --------------------------------------------------------------------------------- */

static int make_file(struct show *show, struct cepa_reason *ret_reason, uint32_t megabytes)
{
    uint8_t *piece = malloc(PIECE);
    struct cepa_blake2b hash;
    (void)snprintf(show->file, sizeof show->file, "%s/file", show->crowd->directory);
    int fd = open(show->file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool is_good = piece != NULL && fd >= 0;
    cepa_blake2b_init(&hash, sizeof show->hash, NULL, 0);
    for (uint32_t i = 0; i < megabytes && is_good; i++) {
        is_good = cepa_random_fill(cepa_native_random(), piece, PIECE) == 0 &&
                  write(fd, piece, PIECE) == PIECE;
        cepa_blake2b_update(&hash, piece, PIECE);
    }
    cepa_blake2b_final(&hash, show->hash, sizeof show->hash);
    if (fd >= 0) {
        close(fd);
    }
    free(piece);
    return is_good ? 0
                   : cepa_reason_fail(ret_reason, CEPA_ERR_SYSTEM, "%s cannot be written: %s",
                                      show->file, strerror(errno));
}

/* The one file in the receiver's inbox: -1 if there is none. */
static int open_received(const struct show *show)
{
    char path[3 * CEPA_CROWD_PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/%zu/inbox", show->crowd->directory, show->receiver);
    DIR *folder = opendir(path);
    const struct dirent *entry = NULL;
    int fd = -1;
    while (folder != NULL && fd < 0 && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.') {
            fd = openat(dirfd(folder), entry->d_name, O_RDONLY | O_CLOEXEC);
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return fd;
}

static uint64_t received(int fd)
{
    struct stat facts;
    return fd >= 0 && fstat(fd, &facts) == 0 ? (uint64_t)facts.st_size : 0;
}

/* Hashes what the receiver has, and compares. */
static int verify(struct show *show, struct cepa_reason *ret_reason, int fd, char ret_hash[65])
{
    uint8_t got_hash[32];
    uint8_t *piece = malloc(PIECE);
    struct cepa_blake2b hash;
    off_t at = 0;
    ssize_t got = piece != NULL ? 1 : -1;
    cepa_blake2b_init(&hash, sizeof got_hash, NULL, 0);
    while (got > 0) {
        got = pread(fd, piece, PIECE, at);
        cepa_blake2b_update(&hash, piece, got > 0 ? (size_t)got : 0);
        at += got > 0 ? got : 0;
    }
    cepa_blake2b_final(&hash, got_hash, sizeof got_hash);
    free(piece);
    for (size_t i = 0; i < sizeof got_hash; i++) {
        (void)snprintf(ret_hash + 2 * i, 3, "%02x", got_hash[i]);
    }
    return memcmp(got_hash, show->hash, sizeof got_hash) == 0
               ? 0
               : cepa_reason_fail(ret_reason, CEPA_ERR_AUTHENTICATION,
                                  "what arrived is not what was sent");
}

/* --- the route -------------------------------------------------------------------------------- */

/* The node whose id this is; `nodes` if it is none. */
static size_t find_node(const struct show *show, const char *id)
{
    const struct cepa_control_request request = {.kind = CEPA_CONTROL_ID};
    struct cepa_reason reason;
    for (size_t i = 0; i < show->nodes; i++) {
        cJSON *answer = NULL;
        if (show->crowd->pids[i] != 0 &&
            cepa_crowd_ask(show->crowd, &answer, &reason, i, &request) == 0) {
            const char *own = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(answer, "id"));
            bool is_it = own != NULL && strcmp(own, id) == 0;
            cJSON_Delete(answer);
            if (is_it) {
                return i;
            }
        }
    }
    return show->nodes;
}

/* The circuit of a node over which most has gone. */
static size_t busiest(const struct show *show, size_t node, const char *which,
                      size_t ret_hops[CEPA_DEMO_HOPS_MAX])
{
    const struct cepa_control_request request = {.kind = CEPA_CONTROL_STATUS};
    struct cepa_reason reason;
    cJSON *answer = NULL;
    const cJSON *item;
    const cJSON *hop;
    const cJSON *best = NULL;
    double most = 0;
    size_t len = 0;
    if (cepa_crowd_ask(show->crowd, &answer, &reason, node, &request) != 0) {
        return 0;
    }
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(answer, "circuits"))
    {
        double cells = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(item, which));
        if (cells > most) {
            most = cells;
            best = item;
        }
    }
    cJSON_ArrayForEach(hop, cJSON_GetObjectItemCaseSensitive(best, "hops"))
    {
        const char *id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(hop, "node"));
        size_t number = id != NULL ? find_node(show, id) : show->nodes;
        if (len < CEPA_DEMO_HOPS_MAX && number < show->nodes) {
            ret_hops[len] = number;
            len++;
        }
    }
    cJSON_Delete(answer);
    return len;
}

/* A relay of the sender's path that is neither end: the last such one, which both ends use. */
static size_t choose_victim(const struct show *show, const struct cepa_demo_transfer *transfer)
{
    for (size_t i = transfer->out_len; i-- > 0;) {
        size_t node = transfer->out[i];
        if (node != show->sender && node != show->receiver && node != 0) {
            return node;
        }
    }
    return show->nodes;
}

static int kill_relay(struct show *show, struct cepa_reason *ret_reason,
                      struct cepa_demo_transfer *transfer)
{
    transfer->out_len = busiest(show, show->sender, "cells_sent", transfer->out);
    transfer->in_len = busiest(show, show->receiver, "cells_received", transfer->in);
    transfer->killed = choose_victim(show, transfer);
    if (transfer->killed == show->nodes) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_NOT_FOUND, "the route cannot be found out");
    }
    cepa_crowd_signal(show->crowd, transfer->killed, SIGKILL);
    return 0;
}

/* --- all of it -------------------------------------------------------------------------------- */

/* Waits till both can be reached, by asking the receiver's address for nothing. */
static int wait_reachable(const struct show *show, struct cepa_reason *ret_reason)
{
    int64_t took = cepa_crowd_wait(show->crowd, show->receiver, show->receiver + 1,
                                   "identities.reachable", 1, REACH_MS);
    return took >= 0 ? 0
                     : cepa_reason_fail(ret_reason, CEPA_ERR_TIMEOUT,
                                        "the receiver's address cannot be reached");
}

/* Whether a command is still under way. */
static bool is_running(pid_t pid)
{
    siginfo_t info;
    memset(&info, 0, sizeof info);
    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
}

/* Watches the file grow, and kills a relay at half. */
static int watch(struct show *show, struct cepa_reason *ret_reason,
                 struct cepa_demo_transfer *transfer, int *ret_fd)
{
    struct cepa_time began = cepa_clock_now();
    struct cepa_time moved = began;
    uint64_t here = 0;
    bool is_killed = false;
    int fd = -1;
    int status = 0;
    while (status == 0 && here < transfer->bytes && is_running(show->pid)) {
        if (seconds_since(began) * 1000 > SEND_MS) {
            status = cepa_reason_fail(ret_reason, CEPA_ERR_TIMEOUT, "the transfer does not end");
        }
        if (*show->is_interrupted != 0) {
            status = cepa_reason_fail(ret_reason, CEPA_ERR_STATE, "interrupted");
        }
        fd = fd < 0 ? open_received(show) : fd;
        uint64_t now_here = received(fd);
        if (now_here > here) {
            double gap = seconds_since(moved);
            transfer->stall_s = is_killed && gap > transfer->stall_s ? gap : transfer->stall_s;
            moved = cepa_clock_now();
            here = now_here;
        }
        if (status == 0 && !is_killed && here >= transfer->bytes / 2) {
            transfer->killed_at = (double)here / (double)transfer->bytes;
            status = kill_relay(show, ret_reason, transfer);
            is_killed = true;
        }
        nap();
    }
    *ret_fd = fd;
    return status;
}

static int send_file(struct show *show, struct cepa_reason *ret_reason,
                     struct cepa_demo_transfer *transfer)
{
    const char *const words[] = {"send", show->address, show->file, "--as", "me", "--json"};
    char text[OUTPUT_MAX] = "";
    int fd = -1;
    if (start_command(show, show->sender, words, 6, &show->pid, &show->output) != 0) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_SYSTEM, "'cepa send' cannot be started: %s",
                                strerror(errno));
    }
    int status = watch(show, ret_reason, transfer, &fd);
    if (status != 0) {
        (void)kill(show->pid, SIGTERM);
    }
    int ended = end_command(show->pid, show->output, text);
    cJSON *said = cJSON_Parse(text);
    transfer->seconds = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(said, "seconds"));
    cJSON_Delete(said);
    if (status == 0 && ended != 0) {
        status = cepa_reason_fail(ret_reason, CEPA_ERR_STATE, "%.300s", text);
    }
    if (status == 0) {
        status = verify(show, ret_reason, fd, transfer->hash);
    }
    if (fd >= 0) {
        close(fd);
    }
    return status;
}

int cepa_demo_transfer_run(struct cepa_demo_transfer *ret_transfer, struct cepa_reason *ret_reason,
                           struct cepa_crowd *crowd, size_t nodes, uint32_t megabytes,
                           const volatile sig_atomic_t *is_interrupted,
                           void (*say)(void *context, const char *what), void *context)
{
    struct cepa_demo_transfer transfer;
    struct show show;
    memset(&transfer, 0, sizeof transfer);
    memset(&show, 0, sizeof show);
    show.crowd = crowd;
    show.is_interrupted = is_interrupted;
    show.nodes = nodes;
    show.sender = nodes - 1;
    show.receiver = nodes - 2;
    transfer.bytes = (uint64_t)megabytes * PIECE;
    struct cepa_time began = cepa_clock_now();
    say(context, "two of them get addresses");
    int status = meet(&show, ret_reason);
    if (status == 0) {
        status = make_file(&show, ret_reason, megabytes);
    }
    if (status == 0) {
        status = wait_reachable(&show, ret_reason);
    }
    transfer.reach_s = seconds_since(began);
    if (status == 0) {
        say(context, "a file goes from one address to the other");
        status = send_file(&show, ret_reason, &transfer);
    }
    if (status == 0) {
        *ret_transfer = transfer;
    }
    return status;
}
