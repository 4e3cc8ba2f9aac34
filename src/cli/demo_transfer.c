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
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/crowd_command.h"
#include "crypto/hash.h"
#include "native/host.h"
#include "native/net/clock.h"

enum {
    PIECE = 1 << 20,
    LOOK_MS = 10,     /* between two looks at the file that comes */
    REACH_MS = 60000, /* by when addresses have to be found */
    SEND_MS = 300000  /* what all of it may take */
};

/* What is under way. */
struct show {
    struct cepa_crowd *crowd;
    size_t nodes;
    size_t sender;
    size_t receiver;
    char file[2 * CEPA_CROWD_PATH_SIZE];
    char address[CEPA_CROWD_ADDRESS_SIZE];
    uint8_t hash[32];               /* of the file */
    struct cepa_crowd_command send; /* cepa send */
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

/* Both get addresses, and the receiver knows the sender. */
static int meet(struct show *show, struct cepa_reason *ret_reason)
{
    char sender[CEPA_CROWD_ADDRESS_SIZE];
    char text[CEPA_CROWD_OUTPUT_SIZE];
    int status = cepa_crowd_address(show->crowd, ret_reason, show->sender, sender);
    if (status == 0) {
        status = cepa_crowd_address(show->crowd, ret_reason, show->receiver, show->address);
    }
    const char *const words[] = {"contacts", "add", "sender", sender};
    return status == 0
               ? cepa_crowd_command_run(show->crowd, ret_reason, show->receiver, words, 4, text)
               : status;
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
    while (status == 0 && here < transfer->bytes && cepa_crowd_command_is_running(&show->send)) {
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
    char text[CEPA_CROWD_OUTPUT_SIZE] = "";
    int fd = -1;
    if (cepa_crowd_command_begin(&show->send, show->crowd, show->sender, -1, words, 6) != 0) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_SYSTEM, "'cepa send' cannot be started: %s",
                                strerror(errno));
    }
    int status = watch(show, ret_reason, transfer, &fd);
    if (status != 0) {
        (void)kill(show->send.pid, SIGTERM);
    }
    int ended = cepa_crowd_command_end(&show->send, text);
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
