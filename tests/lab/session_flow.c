/* Feeding, looking, verifying. */
#define _GNU_SOURCE
#include "lab/session_flow.h"

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

#include "native/host.h"
#include "native/net/clock.h"

enum {
    PATTERN = 1048573, /* bytes: a prime, so that no segment stands in a wrong place unseen */
    TURN_US = 1000,
    FEED_MAX = 65536 /* at a time */
};

static void nap(void)
{
    const struct timespec pause = {0, TURN_US * 1000L};
    (void)nanosleep(&pause, NULL);
}

static uint64_t ms_since(struct cepa_time then)
{
    return cepa_time_since(cepa_clock_now(), then) / CEPA_MILLISECOND_NS;
}

int session_flow_init(struct session_flow *ret_flow, struct cepa_reason *ret_reason,
                      struct cepa_crowd *crowd, size_t sender, size_t receiver)
{
    char own[CEPA_CROWD_ADDRESS_SIZE];
    char text[CEPA_CROWD_OUTPUT_SIZE];
    memset(ret_flow, 0, sizeof *ret_flow);
    ret_flow->crowd = crowd;
    ret_flow->sender = sender;
    ret_flow->receiver = receiver;
    ret_flow->input = -1;
    ret_flow->file = -1;
    ret_flow->pattern = malloc(PATTERN);
    if (ret_flow->pattern == NULL ||
        cepa_random_fill(cepa_native_random(), ret_flow->pattern, PATTERN) != 0) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_EXHAUSTED, "no memory, or no randomness");
    }
    int status = cepa_crowd_address(crowd, ret_reason, sender, own);
    if (status == 0) {
        status = cepa_crowd_address(crowd, ret_reason, receiver, ret_flow->address);
    }
    const char *const words[] = {"contacts", "add", "sender", own};
    return status == 0 ? cepa_crowd_command_run(crowd, ret_reason, receiver, words, 4, text)
                       : status;
}

void session_flow_free(struct session_flow *flow)
{
    free(flow->pattern);
    flow->pattern = NULL;
}

static int start(struct session_flow *flow, struct cepa_reason *ret_reason, const char *source,
                 int input)
{
    const char *const words[] = {"send", flow->address, source, "--as", "me", "--name", "stream"};
    flow->file = -1;
    flow->written = 0;
    flow->here = 0;
    flow->began = cepa_clock_now();
    session_flow_watch(flow);
    int status =
        cepa_crowd_command_begin(&flow->command, flow->crowd, flow->sender, input, words, 7);
    return status == 0 ? 0
                       : cepa_reason_fail(ret_reason, status, "'cepa send' cannot be started: %s",
                                          strerror(errno));
}

int session_flow_begin(struct session_flow *flow, struct cepa_reason *ret_reason, uint64_t rate)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_SYSTEM, "no pipe: %s", strerror(errno));
    }
    (void)fcntl(ends[1], F_SETFL, O_NONBLOCK);
    int status = start(flow, ret_reason, "-", ends[0]);
    close(ends[0]);
    flow->input = ends[1];
    flow->rate = rate;
    return status;
}

int session_flow_begin_file(struct session_flow *flow, struct cepa_reason *ret_reason,
                            uint64_t bytes)
{
    char path[2 * CEPA_CROWD_PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/source", flow->crowd->directory);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool is_good = fd >= 0;
    for (uint64_t at = 0; is_good && at < bytes;) {
        size_t from = (size_t)(at % PATTERN);
        size_t len = PATTERN - from < bytes - at ? PATTERN - from : (size_t)(bytes - at);
        ssize_t put = write(fd, flow->pattern + from, len);
        is_good = put > 0;
        at += is_good ? (uint64_t)put : 0;
    }
    if (fd >= 0) {
        close(fd);
    }
    if (!is_good) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_SYSTEM, "%s: %s", path, strerror(errno));
    }
    flow->input = -1;
    int status = start(flow, ret_reason, path, -1);
    flow->written = bytes;
    return status;
}

/* Gives the command what is due by now. */
static void feed(struct session_flow *flow)
{
    uint64_t elapsed_us = cepa_time_since(cepa_clock_now(), flow->began) / CEPA_MICROSECOND_NS;
    uint64_t due = flow->rate == 0 ? UINT64_MAX : flow->rate * elapsed_us / 1000000;
    while (flow->input >= 0 && flow->written < due) {
        size_t from = (size_t)(flow->written % PATTERN);
        size_t len = PATTERN - from < FEED_MAX ? PATTERN - from : FEED_MAX;
        len = due - flow->written < len ? (size_t)(due - flow->written) : len;
        ssize_t put = write(flow->input, flow->pattern + from, len);
        if (put <= 0) {
            return; /* the pipe is full, or the command has gone: its end shows that */
        }
        flow->written += (uint64_t)put;
    }
}

/* The receiver's one file. */
static DIR *inbox(const struct session_flow *flow, struct dirent **ret_entry)
{
    char path[2 * CEPA_CROWD_PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/%zu/inbox", flow->crowd->directory, flow->receiver);
    DIR *folder = opendir(path);
    do {
        *ret_entry = folder != NULL ? readdir(folder) : NULL;
    } while (*ret_entry != NULL && (*ret_entry)->d_name[0] == '.');
    return folder;
}

static void look(struct session_flow *flow)
{
    struct stat facts;
    if (flow->file < 0) {
        struct dirent *entry;
        DIR *folder = inbox(flow, &entry);
        if (entry != NULL) {
            flow->file = openat(dirfd(folder), entry->d_name, O_RDONLY | O_CLOEXEC);
        }
        if (folder != NULL) {
            closedir(folder);
        }
    }
    if (flow->file >= 0 && fstat(flow->file, &facts) == 0 && (uint64_t)facts.st_size > flow->here) {
        struct cepa_time now = cepa_clock_now();
        uint64_t gap = cepa_time_since(now, flow->moved);
        flow->stall_ns = gap > flow->stall_ns ? gap : flow->stall_ns;
        flow->moved = now;
        flow->here = (uint64_t)facts.st_size;
    }
}

void session_flow_watch(struct session_flow *flow)
{
    flow->moved = cepa_clock_now();
    flow->stall_ns = 0;
}

bool session_flow_turn(struct session_flow *flow)
{
    feed(flow);
    look(flow);
    nap();
    return cepa_crowd_command_is_running(&flow->command);
}

bool session_flow_run(struct session_flow *flow, uint64_t ms, uint64_t here)
{
    struct cepa_time began = cepa_clock_now();
    bool is_running = true;
    while (is_running && ms_since(began) < ms && flow->here < here) {
        is_running = session_flow_turn(flow);
    }
    return is_running;
}

/* Whether what came is what was written, all of it. */
static bool is_whole(const struct session_flow *flow)
{
    uint8_t piece[16384];
    uint64_t at = 0;
    ssize_t got;
    while ((got = pread(flow->file, piece, sizeof piece, (off_t)at)) > 0) {
        for (size_t done = 0; done < (size_t)got;) {
            size_t from = (size_t)((at + done) % PATTERN);
            size_t len = (size_t)got - done;
            len = PATTERN - from < len ? PATTERN - from : len;
            if (memcmp(piece + done, flow->pattern + from, len) != 0) {
                return false;
            }
            done += len;
        }
        at += (uint64_t)got;
    }
    return at == flow->written;
}

static int delete_file(const struct session_flow *flow, struct cepa_reason *ret_reason)
{
    char text[CEPA_CROWD_OUTPUT_SIZE];
    char id[64] = "";
    struct dirent *entry;
    DIR *folder = inbox(flow, &entry);
    if (entry != NULL) {
        (void)snprintf(id, sizeof id, "%.*s", (int)strcspn(entry->d_name, "."), entry->d_name);
    }
    if (folder != NULL) {
        closedir(folder);
    }
    const char *const words[] = {"inbox", "delete", id};
    return cepa_crowd_command_run(flow->crowd, ret_reason, flow->receiver, words, 3, text);
}

int session_flow_end(struct session_flow *flow, struct cepa_reason *ret_reason, uint64_t ms)
{
    char text[CEPA_CROWD_OUTPUT_SIZE] = "";
    if (flow->input >= 0) {
        close(flow->input);
        flow->input = -1;
    }
    bool is_late = session_flow_run(flow, ms, UINT64_MAX);
    if (is_late) {
        (void)kill(flow->command.pid, SIGTERM);
    }
    int ended = cepa_crowd_command_end(&flow->command, text);
    bool is_same = ended == 0 && flow->file >= 0 && is_whole(flow);
    if (flow->file >= 0) {
        close(flow->file);
        flow->file = -1;
    }
    if (ended != 0 || is_late) {
        return cepa_reason_fail(
            ret_reason, CEPA_ERR_STATE, "%s, with %llu of %llu bytes at the receiver: %.300s",
            is_late ? "too late" : "the stream broke", (unsigned long long)flow->here,
            (unsigned long long)flow->written, text);
    }
    if (!is_same) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_AUTHENTICATION,
                                "what arrived is not what was sent");
    }
    return delete_file(flow, ret_reason);
}
