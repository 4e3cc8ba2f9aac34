/* wire_lab: what somebody who taps a link learns from sizes and times alone. Clients of a small
 * network of daemons do nothing, talk a little, or send as much as they can, in random order; the
 * link to the guard that carries it is captured; a classifier learns from one network what that
 * looks like, and is tried on another network.
 *
 *   wire_lab CEPA SHAPER [ROUNDS [PAIRS]]   ROUNDS: blocks of each class and client; PAIRS of
 *                                           networks, one after the other
 *
 * Prints the areas under the curve, and the sizes of datagrams. Exit status 77 says why it cannot
 * run. Needs root: each network is in a namespace of its own. */
#define _GNU_SOURCE
#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/crowd.h"
#include "lab/wire_capture.h"
#include "lab/wire_judge.h"
#include "native/net/clock.h"

enum {
    RELAYS = 5,
    CLIENTS = 4,
    NODES = RELAYS + CLIENTS,
    HOPS = 3,
    JOIN_MS = 30000,
    CHAT_EVERY_MS = 200,
    BLOCK_MS = 2000,
    SETTLE_MS = 500, /* of a block that are not looked at */
    WINDOW_MS = 500,
    BLOCK_WINDOWS = (BLOCK_MS - SETTLE_MS) / WINDOW_MS,
    ROUNDS_DEFAULT = 3,
    ROUNDS_MAX = 1000,
    SIZES = 2048,
    DATA_RECORD = 23, /* DTLS: what carries data, or an acknowledgement */
    SKIPPED = 77
};

/* What a network gives to the process that judges; the windows follow. */
struct record {
    uint32_t blocks; /* recorded so far */
    uint32_t dropped;
    uint32_t cells;
    uint32_t windows;
    uint32_t sizes[SIZES]; /* of datagrams of data, by their length */
};

/* A network under way. */
struct lab {
    struct cepa_crowd crowd;
    struct wire_capture capture;
    uint32_t guards[CLIENTS]; /* addresses */
    uint8_t classes[CLIENTS][WIRE_CLASSES * ROUNDS_MAX];
    uint64_t begins[WIRE_CLASSES * ROUNDS_MAX]; /* of blocks, wall clock */
    unsigned rounds;
    uint32_t cells; /* sent by clients over the circuits that they had in the end */
};

static uint64_t wall_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void sleep_until(uint64_t wall)
{
    uint64_t now = wall_ns();
    struct timespec left = {0, 0};
    if (wall > now) {
        left = (struct timespec){(time_t)((wall - now) / 1000000000),
                                 (long)((wall - now) % 1000000000)};
    }
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

static uint32_t address_of(size_t node)
{
    return (uint32_t)127 << 24 | (uint32_t)(node + 1) << 16 | 1;
}

/* Goes to a namespace of its own and brings its loopback device up, on which datagrams pass one by
 * one as on a cable, not in trains as the programs hand them over. */
static bool enter_namespace(void)
{
    int status = 1;
    pid_t pid = unshare(CLONE_NEWNET) == 0 ? fork() : -1;
    if (pid == 0) {
        (void)execlp("ip", "ip", "link", "set", "dev", "lo", "up", "gso_max_segs", "1",
                     (char *)NULL);
        _exit(127);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static bool start(struct lab *lab, struct cepa_reason *reason)
{
    for (size_t i = 0; i < NODES; i++) {
        /* The last word on the role holds. */
        lab->crowd.config.options_len = i < RELAYS ? 6 : 8;
        if (cepa_crowd_start(&lab->crowd, reason, i) != 0) {
            return false;
        }
    }
    if (cepa_crowd_wait(&lab->crowd, 0, NODES, "network.relays_here", RELAYS, JOIN_MS) < 0 ||
        cepa_crowd_wait(&lab->crowd, RELAYS, NODES, "network.circuits_ready_ahead", 1, JOIN_MS) <
            0) {
        cepa_reason_set(reason, "the network does not come up");
        return false;
    }
    return true;
}

/* Lets a client talk. */
static bool talk(const struct lab *lab, struct cepa_reason *reason, size_t client, uint32_t every,
                 uint32_t lasting)
{
    const struct cepa_control_request request = {
        .kind = CEPA_CONTROL_TALK, .hops = HOPS, .every_ms = every, .for_ms = lasting};
    struct cJSON *answer = NULL;
    bool is_done = cepa_crowd_ask(&lab->crowd, &answer, reason, RELAYS + client, &request) == 0;
    cJSON_Delete(answer);
    return is_done;
}

/* The circuit that a client talks over: its first hop as text, empty if there is none, and how many
 * cells it has sent. */
static double look_at_circuit(const struct lab *lab, char ret_hop[80], size_t client)
{
    const struct cepa_control_request request = {.kind = CEPA_CONTROL_STATUS};
    struct cepa_reason reason;
    struct cJSON *answer = NULL;
    const cJSON *circuit;
    double cells = 0;
    ret_hop[0] = 0;
    if (cepa_crowd_ask(&lab->crowd, &answer, &reason, RELAYS + client, &request) != 0) {
        return 0;
    }
    cJSON_ArrayForEach(circuit, cJSON_GetObjectItemCaseSensitive(answer, "circuits"))
    {
        const cJSON *hop = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(circuit, "hops"), 0);
        const cJSON *id = cJSON_GetObjectItemCaseSensitive(hop, "node");
        if (cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(circuit, "ahead")) &&
            cJSON_IsString(id)) {
            (void)snprintf(ret_hop, 80, "%s", id->valuestring);
            cells = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(circuit, "cells_sent"));
        }
    }
    cJSON_Delete(answer);
    return cells;
}

/* Finds which relay each client talks through. */
static bool find_guards(struct lab *lab, struct cepa_reason *reason)
{
    const struct cepa_control_request request = {.kind = CEPA_CONTROL_ID};
    for (size_t i = 0; i < CLIENTS; i++) {
        if (!talk(lab, reason, i, CHAT_EVERY_MS, SETTLE_MS)) {
            return false;
        }
    }
    sleep_until(wall_ns() + (uint64_t)2 * BLOCK_MS * 1000000);
    for (size_t i = 0; i < CLIENTS; i++) {
        char id[80];
        (void)look_at_circuit(lab, id, i);
        for (size_t relay = 0; relay < RELAYS; relay++) {
            struct cJSON *answer = NULL;
            if (cepa_crowd_ask(&lab->crowd, &answer, reason, relay, &request) == 0 &&
                strcmp(cJSON_GetObjectItemCaseSensitive(answer, "id")->valuestring, id) == 0) {
                lab->guards[i] = address_of(relay);
            }
            cJSON_Delete(answer);
        }
        if (lab->guards[i] == 0) {
            cepa_reason_set(reason, "a client has no circuit");
            return false;
        }
    }
    return true;
}

/* Puts each class as often into each client's order, at random. */
static void draw_order(struct lab *lab, unsigned seed)
{
    srandom(seed);
    for (size_t i = 0; i < CLIENTS; i++) {
        unsigned len = WIRE_CLASSES * lab->rounds;
        for (unsigned k = 0; k < len; k++) {
            unsigned from = (unsigned)random() % (k + 1);
            lab->classes[i][k] = lab->classes[i][from];
            lab->classes[i][from] = (uint8_t)(k % WIRE_CLASSES);
        }
    }
}

static bool record(struct lab *lab, struct cepa_reason *reason)
{
    uint64_t begin = wall_ns();
    for (unsigned k = 0; k < WIRE_CLASSES * lab->rounds; k++) {
        lab->begins[k] = begin;
        for (size_t i = 0; i < CLIENTS; i++) {
            enum wire_class class = (enum wire_class)lab->classes[i][k];
            if (!talk(lab, reason, i, class == WIRE_CHAT ? CHAT_EVERY_MS : 0,
                      class == WIRE_IDLE ? 0 : BLOCK_MS)) {
                return false;
            }
        }
        begin += (uint64_t)BLOCK_MS * 1000000;
        sleep_until(begin);
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        char hop[80];
        lab->cells += (uint32_t)look_at_circuit(lab, hop, i);
    }
    return true;
}

/* The first datagram from a time on. */
static size_t seek(const struct wire_capture *capture, uint64_t at_ns)
{
    size_t low = 0;
    size_t high = capture->len;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (capture->datagrams[middle].at_ns < at_ns) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Makes windows of what was recorded and writes them. */
static bool give(const struct lab *lab, int to)
{
    static struct record result;
    const struct wire_capture *capture = &lab->capture;
    unsigned blocks = WIRE_CLASSES * lab->rounds;
    result.blocks = blocks * CLIENTS;
    result.windows = result.blocks * BLOCK_WINDOWS;
    result.dropped = capture->dropped;
    result.cells = lab->cells;
    for (size_t i = seek(capture, lab->begins[0]); i < capture->len; i++) {
        const struct wire_datagram *datagram = &capture->datagrams[i];
        result.sizes[datagram->len < SIZES ? datagram->len : SIZES - 1] +=
            datagram->type == DATA_RECORD;
    }
    bool is_given = write(to, &result, sizeof result) == (ssize_t)sizeof result;
    for (unsigned i = 0; i < CLIENTS * blocks * BLOCK_WINDOWS && is_given; i++) {
        unsigned client = i / BLOCK_WINDOWS % CLIENTS;
        unsigned block = i / BLOCK_WINDOWS / CLIENTS;
        uint64_t begin = lab->begins[block] + (uint64_t)SETTLE_MS * 1000000 +
                         (uint64_t)(i % BLOCK_WINDOWS) * WINDOW_MS * 1000000;
        uint64_t len_ns = (uint64_t)WINDOW_MS * 1000000;
        struct wire_window window = {.class = lab->classes[client][block],
                                     .block = block * CLIENTS + client};
        size_t from = seek(capture, begin);
        wire_features(window.features, capture->datagrams + from,
                      seek(capture, begin + len_ns) - from, address_of(RELAYS + client),
                      lab->guards[client], begin, len_ns);
        is_given = write(to, &window, sizeof window) == (ssize_t)sizeof window;
    }
    return is_given;
}

/* A network from its beginning to its end; becomes the process. */
static _Noreturn void run_network(const char *program, const char *shaper, unsigned rounds,
                                  unsigned seed, int to)
{
    const char *const options[] = {"--log-level",  "warning", "--shaper", shaper,
                                   "--neighbours", "4",       "--role",   "client"};
    const struct cepa_crowd_config config = {.program = program, .options = options};
    struct cepa_reason reason = {""};
    struct lab *lab = calloc(1, sizeof *lab);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (lab == NULL || !enter_namespace() ||
        !wire_capture_begin(&lab->capture, address_of(RELAYS))) {
        puts("network namespaces and packet sockets are not allowed here; they need root");
        (void)fflush(stdout);
        _exit(SKIPPED);
    }
    lab->rounds = rounds;
    draw_order(lab, seed);
    bool is_well = cepa_crowd_begin(&lab->crowd, &reason, &config) == 0;
    if (is_well) {
        is_well = start(lab, &reason) && find_guards(lab, &reason) && record(lab, &reason);
        is_well = cepa_crowd_end(&lab->crowd, false) && is_well;
    }
    wire_capture_end(&lab->capture);
    if (!is_well || !give(lab, to)) {
        printf("a network fails: %s\n", reason.text);
        (void)fflush(stdout);
        _exit(1);
    }
    _exit(0);
}

/* Begins a network in a process of its own; gives where its windows come from. */
static int begin_network(pid_t *ret_pid, const char *program, const char *shaper, unsigned rounds,
                         unsigned seed)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        abort();
    }
    *ret_pid = fork();
    if (*ret_pid == 0) {
        (void)close(ends[0]);
        run_network(program, shaper, rounds, seed, ends[1]);
    }
    (void)close(ends[1]);
    return ends[0];
}

static bool read_all(int from, void *ret_bytes, size_t len)
{
    for (size_t done = 0; done < len;) {
        ssize_t got = read(from, (char *)ret_bytes + done, len - done);
        if (got <= 0 && errno != EINTR) {
            return false;
        }
        done += got > 0 ? (size_t)got : 0;
    }
    return true;
}

/* Adds a network's windows to others. Gives the exit status of the network. */
static int gather(struct wire_windows *windows, struct record *sum, pid_t pid, int from)
{
    static struct record result;
    int status = 0;
    if (read_all(from, &result, sizeof result)) {
        windows->windows =
            realloc(windows->windows, (windows->len + result.windows) * sizeof windows->windows[0]);
        if (windows->windows == NULL) {
            abort();
        }
        struct wire_window *first = windows->windows + windows->len;
        if (read_all(from, first, result.windows * sizeof *first)) {
            for (uint32_t i = 0; i < result.windows; i++) {
                first[i].block += sum->blocks;
            }
            windows->len += result.windows;
            sum->blocks += result.blocks;
            sum->dropped += result.dropped;
            sum->cells += result.cells;
            for (size_t i = 0; i < SIZES; i++) {
                sum->sizes[i] += result.sizes[i];
            }
        }
    }
    (void)close(from);
    (void)waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* Prints which sizes there were, and how many of those that can carry a frame. */
static void print_sizes(const struct record *sum)
{
    unsigned kinds = 0;
    printf("sizes of datagrams with data or acknowledgements:");
    for (size_t i = 0; i < SIZES; i++) {
        if (sum->sizes[i] > 0) {
            printf(" %zu (%u)", i, sum->sizes[i]);
            kinds += i > 600;
        }
    }
    printf("\nthat carry frames: %u size%s\n", kinds, kinds == 1 ? "" : "s");
}

static void print_verdicts(const struct wire_verdict *verdicts, const struct wire_windows *train,
                           const struct wire_windows *test)
{
    static const char *const names[] = {"idle or chat", "idle or bulk", "chat or bulk", "mean"};
    printf("%zu windows of %d ms learned from, %zu tried\n", train->len, (int)WINDOW_MS, test->len);
    for (size_t i = 0; i <= WIRE_CLASSES; i++) {
        printf("%-14s AUC %.3f  90 %% of resampled blocks %.3f to %.3f\n", names[i],
               verdicts[i].auc, verdicts[i].low, verdicts[i].high);
    }
}

/* Runs pairs of networks, the two of a pair at once. */
static int run_pairs(const char *program, const char *shaper, unsigned rounds, unsigned pairs)
{
    struct wire_windows windows[2] = {{NULL, 0}, {NULL, 0}};
    static struct record sums[2];
    static struct wire_verdict verdicts[WIRE_CLASSES + 1];
    int status = 0;
    for (unsigned pair = 0; pair < pairs && status == 0; pair++) {
        pid_t pids[2];
        int from[2];
        for (unsigned i = 0; i < 2; i++) {
            from[i] = begin_network(&pids[i], program, shaper, rounds, 2 * pair + i + 1);
        }
        for (unsigned i = 0; i < 2; i++) {
            int ended = gather(&windows[i], &sums[i], pids[i], from[i]);
            status = status == 0 ? ended : status;
        }
    }
    if (status == 0) {
        wire_judge(verdicts, &windows[0], &windows[1]);
        print_verdicts(verdicts, &windows[0], &windows[1]);
        print_sizes(&sums[1]);
        printf("cells sent in a block of bulk: %.0f\n",
               (double)sums[1].cells * WIRE_CLASSES / sums[1].blocks);
        printf("datagrams not captured: %u\n", sums[0].dropped + sums[1].dropped);
    }
    free(windows[0].windows);
    free(windows[1].windows);
    return status;
}

int main(int argc, char **argv)
{
    long rounds = argc > 3 ? strtol(argv[3], NULL, 10) : ROUNDS_DEFAULT;
    long pairs = argc > 4 ? strtol(argv[4], NULL, 10) : 1;
    if (argc < 3 || argc > 5 || rounds < 1 || rounds > ROUNDS_MAX || pairs < 1 || pairs > 1000) {
        fputs("Usage: wire_lab CEPA SHAPER [ROUNDS [PAIRS]]\n", stderr);
        return 2;
    }
    return run_pairs(argv[1], argv[2], (unsigned)rounds, (unsigned)pairs);
}
