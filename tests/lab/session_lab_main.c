/* session_lab: a crowd of daemons in two namespaces, a stream from the address of one to that of
 * another, and what befalls it. Prints how long it stalled, and holds what came against what was
 * sent. Times are told, never judged.
 *
 *   session_lab CEPA NODES RATE SECONDS SCENARIO[:RUNS]...
 *
 * RATE is in KiB/s (0: as much as goes), SECONDS how long the stream is watched after the fault.
 *
 *   calm       nothing happens: what a stall is without a fault
 *   relay      a random relay of the busiest path dies: killed, or silent, by turns
 *   third      30 % of all relays at once, likewise; `half`: 50 %
 *   meetings   all relays at which the ends meet, at once, likewise
 *   receiver   the receiver's daemon is killed and started again while a file comes
 *   sender     the sender's daemon likewise
 *
 * Exit status 77 says why it cannot run. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lab/fault_network.h"
#include "lab/fault_view.h"
#include "lab/session_flow.h"
#include "lab/session_route.h"
#include "native/host.h"
#include "native/net/clock.h"

enum {
    POLL_MS = 50,
    JOIN_MS = 60000,
    REACH_MS = 60000,
    BEGIN_MS = 30000,   /* till a stream has begun */
    RANDOM_MS = 1000,   /* and goes on for up to so long before the fault */
    LOOK_MS = 200,      /* by which the busiest path shows */
    RATHER_MS = 1500,   /* at least */
    DELIVER_MS = 10000, /* by when what was accepted before the fault has to be there */
    END_MS = 120000,
    AWAY_MS = 1000, /* a daemon that is started again */
    FILE_KIB = 24576,
    RUNS_MAX = 1000,
    SKIPPED = 77
};

/* What a fault did. */
struct result {
    bool is_silent;   /* else killed */
    double stall_ms;  /* of the stream */
    double delivered; /* share of what was accepted before, after DELIVER_MS */
};

struct lab {
    struct cepa_crowd crowd;
    struct fault_view view;
    struct session_flow flow;
    size_t nodes;
    uint64_t rate;
    uint64_t watch_ms;
    bool has_failed;
    bool are_down[CEPA_CROWD_MAX];
    struct result results[RUNS_MAX];
};

static void sleep_ms(unsigned ms)
{
    struct timespec left = {ms / 1000, (long)(ms % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

static uint64_t ms_since(struct cepa_time then)
{
    return cepa_time_since(cepa_clock_now(), then) / CEPA_MILLISECOND_NS;
}

static size_t draw(size_t below)
{
    uint32_t number = 0;
    if (cepa_random_fill(cepa_native_random(), (uint8_t *)&number, sizeof number) != 0) {
        abort();
    }
    return number % below;
}

static void fail(struct lab *lab, const char *scenario, const char *why)
{
    lab->has_failed = true;
    printf("%-9s FAILED  %s\n", scenario, why);
    (void)fflush(stdout);
}

/* --- the mesh --------------------------------------------------------------------------------- */

/* Waits till all are one mesh, in which both ends can be reached. */
static bool wait_mesh(struct lab *lab)
{
    bool all[CEPA_CROWD_MAX] = {false};
    char why[FAULT_WHY_SIZE] = "";
    struct cepa_time began = cepa_clock_now();
    for (size_t i = 0; i < lab->nodes; i++) {
        all[i] = true;
    }
    while (ms_since(began) < JOIN_MS) {
        fault_view_look(&lab->view, &lab->crowd, all);
        if (fault_view_is_mesh(&lab->view, why, all, lab->nodes / 2)) {
            return true;
        }
        sleep_ms(POLL_MS);
    }
    fail(lab, "begin", why);
    return false;
}

static bool wait_reachable(struct lab *lab)
{
    size_t receiver = lab->flow.receiver;
    bool is_reached = cepa_crowd_wait(&lab->crowd, receiver, receiver + 1, "identities.reachable",
                                      1, REACH_MS) >= 0;
    if (!is_reached) {
        fail(lab, "begin", "the receiver's address cannot be reached");
    }
    return is_reached;
}

static bool begin(struct lab *lab)
{
    struct cepa_reason reason;
    for (size_t i = 0; i < lab->nodes; i++) {
        if (cepa_crowd_start(&lab->crowd, &reason, i) != 0) {
            fail(lab, "begin", reason.text);
            return false;
        }
    }
    if (!wait_mesh(lab)) {
        return false;
    }
    if (session_flow_init(&lab->flow, &reason, &lab->crowd, lab->nodes - 1, lab->nodes - 2) != 0) {
        fail(lab, "begin", reason.text);
        return false;
    }
    return wait_reachable(lab);
}

/* Those marked die, or fall silent. */
static void strike(struct lab *lab, const bool *victims, bool is_silent)
{
    memcpy(lab->are_down, victims, sizeof lab->are_down);
    if (is_silent) {
        lab->has_failed |= !fault_network_silence(victims, lab->nodes);
    }
    for (size_t i = 0; i < lab->nodes && !is_silent; i++) {
        if (victims[i]) {
            (void)kill(lab->crowd.pids[i], SIGKILL); /* all first, and then they are waited for */
        }
    }
    for (size_t i = 0; i < lab->nodes && !is_silent; i++) {
        if (victims[i]) {
            cepa_crowd_signal(&lab->crowd, i, SIGKILL);
        }
    }
}

/* All that were struck come back. */
static bool heal(struct lab *lab)
{
    static const bool nobody[CEPA_CROWD_MAX];
    struct cepa_reason reason;
    lab->has_failed |= !fault_network_silence(nobody, lab->nodes);
    for (size_t i = 0; i < lab->nodes; i++) {
        if (lab->crowd.pids[i] == 0 && cepa_crowd_start(&lab->crowd, &reason, i) != 0) {
            fail(lab, "heal", reason.text);
            return false;
        }
    }
    memset(lab->are_down, 0, sizeof lab->are_down);
    return wait_mesh(lab) && wait_reachable(lab);
}

/* --- faults ----------------------------------------------------------------------------------- */

static void print_hops(const struct session_path *path)
{
    for (size_t i = 0; i < path->out_len; i++) {
        printf("%s%zu", i > 0 ? "-" : "", path->out[i]);
    }
    for (size_t i = path->in_len - 1; i-- > 0;) { /* the last is where they meet */
        printf("-%zu", path->in[i]);
    }
}

static bool is_end(const struct lab *lab, size_t node)
{
    return node == lab->flow.sender || node == lab->flow.receiver;
}

/* A random relay of the busiest path. */
static bool choose_relay(struct lab *lab, const struct session_route *route, bool *ret_victims)
{
    size_t fit[CEPA_CROWD_MAX];
    size_t len = 0;
    for (size_t i = 0; i < lab->nodes && route->len > 0; i++) {
        if (!is_end(lab, i) && session_route_has(&route->paths[0], i)) {
            fit[len++] = i;
        }
    }
    if (len == 0) {
        return false;
    }
    size_t victim = fit[draw(len)];
    ret_victims[victim] = true;
    printf("  relay %zu, on %zu of the paths ", victim, session_route_count(route, victim));
    for (size_t i = 0; i < route->len; i++) {
        print_hops(&route->paths[i]);
        printf(" (%.0f) ", route->paths[i].sent);
    }
    puts("");
    return true;
}

/* So many of a hundred relays that are no ends. */
static bool choose_share(struct lab *lab, size_t percent, bool *ret_victims)
{
    size_t count = (lab->nodes - 2) * percent / 100;
    while (count > 0) {
        size_t node = draw(lab->nodes);
        if (!is_end(lab, node) && !ret_victims[node]) {
            ret_victims[node] = true;
            count--;
        }
    }
    return true;
}

static bool choose_meetings(struct lab *lab, const struct session_route *route, bool *ret_victims)
{
    size_t count = 0;
    for (size_t i = 0; i < route->len; i++) {
        const struct session_path *path = &route->paths[i];
        size_t node = path->out[path->out_len - 1];
        if (!is_end(lab, node) && !ret_victims[node]) {
            ret_victims[node] = true;
            count++;
        }
    }
    printf("  %zu relays at which they meet\n", count);
    return count > 0;
}

static bool choose(struct lab *lab, const char *scenario, bool *ret_victims)
{
    static struct session_look looks[2];
    struct session_route route;
    for (size_t i = 0; i < 2; i++) {
        session_route_look(&looks[i], &lab->view, &lab->crowd, lab->flow.sender,
                           lab->flow.receiver);
        (void)session_flow_run(&lab->flow, i == 0 ? LOOK_MS : 0, UINT64_MAX);
    }
    session_route_find(&route, &looks[0], &looks[1]);
    return strcmp(scenario, "calm") == 0    ? true
           : strcmp(scenario, "relay") == 0 ? choose_relay(lab, &route, ret_victims)
           : strcmp(scenario, "third") == 0 ? choose_share(lab, 30, ret_victims)
           : strcmp(scenario, "half") == 0  ? choose_share(lab, 50, ret_victims)
                                            : choose_meetings(lab, &route, ret_victims);
}

/* Feeds and watches a stream through a fault. */
static bool live_through(struct lab *lab, const char *scenario, struct result *result)
{
    struct session_flow *flow = &lab->flow;
    bool victims[CEPA_CROWD_MAX] = {false};
    if (!session_flow_run(flow, BEGIN_MS, 1) || flow->here == 0 ||
        !session_flow_run(flow, RATHER_MS + draw(RANDOM_MS), UINT64_MAX) ||
        !choose(lab, scenario, victims)) {
        fail(lab, scenario, "no stream, or no route");
        return false;
    }
    (void)session_flow_turn(flow);
    uint64_t accepted = flow->written;
    struct cepa_time struck = cepa_clock_now();
    session_flow_watch(flow);
    strike(lab, victims, result->is_silent);
    bool is_alive = true;
    while (is_alive && ms_since(struck) < lab->watch_ms) {
        is_alive = session_flow_turn(flow);
        if (ms_since(struck) <= DELIVER_MS) {
            result->delivered = accepted <= flow->here ? 1 : (double)flow->here / (double)accepted;
        }
    }
    uint64_t last = cepa_time_since(cepa_clock_now(), flow->moved);
    flow->stall_ns = last > flow->stall_ns ? last : flow->stall_ns;
    result->stall_ms = (double)flow->stall_ns / CEPA_MILLISECOND_NS;
    return true;
}

static void run_fault(struct lab *lab, const char *scenario, struct result *result)
{
    struct cepa_reason reason;
    bool is_run = session_flow_begin(&lab->flow, &reason, lab->rate) == 0;
    if (!is_run) {
        fail(lab, scenario, reason.text);
        return;
    }
    is_run = live_through(lab, scenario, result);
    if (session_flow_end(&lab->flow, &reason, END_MS) != 0) {
        fail(lab, scenario, reason.text);
    } else if (is_run) {
        printf(
            "%-9s %-7s stall %6.0f ms, %7.3f %% of what was accepted after 10 s, %.1f MB whole\n",
            scenario, result->is_silent ? "silent" : "killed", result->stall_ms,
            100 * result->delivered, (double)lab->flow.written / 1e6);
    }
    (void)fflush(stdout);
}

/* A daemon of one of the ends is killed, and started again. */
static void run_restart(struct lab *lab, const char *scenario, struct result *result)
{
    struct session_flow *flow = &lab->flow;
    struct cepa_reason reason;
    size_t node = strcmp(scenario, "sender") == 0 ? flow->sender : flow->receiver;
    uint64_t bytes = (uint64_t)FILE_KIB * 1024;
    if (session_flow_begin_file(flow, &reason, bytes) != 0) {
        fail(lab, scenario, reason.text);
        return;
    }
    if (!session_flow_run(flow, BEGIN_MS, bytes / 4) || flow->here < bytes / 4) {
        fail(lab, scenario, "no stream");
    }
    uint64_t before = flow->here;
    cepa_crowd_signal(&lab->crowd, node, SIGKILL);
    (void)session_flow_run(flow, AWAY_MS, UINT64_MAX);
    if (cepa_crowd_start(&lab->crowd, &reason, node) != 0) {
        fail(lab, scenario, reason.text);
    }
    struct cepa_time again = cepa_clock_now();
    uint64_t here = flow->here;
    (void)session_flow_run(flow, END_MS, here + 1);
    result->stall_ms = (double)ms_since(again);
    if (session_flow_end(flow, &reason, END_MS) != 0) {
        fail(lab, scenario, reason.text);
    } else {
        printf("%-9s killed  at %.1f of %.1f MB, goes on %.0f ms after its start\n", scenario,
               (double)before / 1e6, (double)bytes / 1e6, result->stall_ms);
    }
    (void)fflush(stdout);
}

/* --- the table -------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

enum { KILLED = 1, SILENT = 2 };

/* Sums up the runs that were killed, silent, or both. */
static void sum_up(const struct lab *lab, const char *scenario, size_t runs, int kinds)
{
    double stalls[RUNS_MAX];
    double least = 1;
    size_t len = 0;
    for (size_t i = 0; i < runs; i++) {
        const struct result *result = &lab->results[i];
        if ((kinds & (result->is_silent ? SILENT : KILLED)) != 0) {
            stalls[len++] = result->stall_ms;
            least = result->delivered < least ? result->delivered : least;
        }
    }
    if (len == 0) {
        return;
    }
    qsort(stalls, len, sizeof stalls[0], compare);
    printf(
        "= %-9s %-7s %3zu runs: stall p50 %.0f, p95 %.0f, most %.0f ms; least delivered %.3f %%\n",
        scenario,
        kinds == KILLED   ? "killed"
        : kinds == SILENT ? "silent"
                          : "all",
        len, stalls[len / 2], stalls[(len * 95 + 99) / 100 - 1], stalls[len - 1], 100 * least);
}

static void act(struct lab *lab, const char *word)
{
    char scenario[16];
    size_t runs = 1;
    (void)snprintf(scenario, sizeof scenario, "%.*s", (int)strcspn(word, ":"), word);
    if (strchr(word, ':') != NULL) {
        runs = strtoul(strchr(word, ':') + 1, NULL, 10);
    }
    runs = runs < RUNS_MAX ? runs : RUNS_MAX;
    bool is_restart = strcmp(scenario, "receiver") == 0 || strcmp(scenario, "sender") == 0;
    for (size_t i = 0; i < runs; i++) {
        struct result *result = &lab->results[i];
        *result = (struct result){.is_silent = i % 2 == 1 && !is_restart, .delivered = 1};
        if (is_restart) {
            run_restart(lab, scenario, result);
        } else {
            run_fault(lab, scenario, result);
        }
        if (!heal(lab)) {
            return;
        }
    }
    sum_up(lab, scenario, runs, KILLED);
    if (!is_restart) {
        sum_up(lab, scenario, runs, SILENT);
        sum_up(lab, scenario, runs, KILLED | SILENT);
    }
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    const char *level = getenv("CEPA_FAULT_LOG");
    const char *const options[] = {"--log-level", level == NULL ? "warning" : level, "--shaper",
                                   "off"};
    if (argc > 2 && argv[1][0] >= '0' && argv[1][0] <= '9') {
        fault_network_enter(argv);
        return EXIT_FAILURE;
    }
    size_t nodes = argc > 5 ? strtoul(argv[2], NULL, 10) : 0;
    if (nodes < 8 || nodes > CEPA_CROWD_MAX) {
        fputs("Usage: session_lab CEPA NODES RATE SECONDS SCENARIO[:RUNS]...\n", stderr);
        return 2;
    }
    const struct cepa_crowd_config config = {.program = argv[1],
                                             .options = options,
                                             .options_len = sizeof options / sizeof options[0],
                                             .run_before = "/proc/self/exe",
                                             .network = FAULT_NETWORK};
    struct cepa_reason reason;
    struct lab *lab = calloc(1, sizeof *lab);
    if (lab == NULL || fault_network_make(nodes) != 0) {
        free(lab);
        return SKIPPED;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    lab->nodes = nodes;
    lab->view.nodes = nodes;
    lab->rate = strtoul(argv[3], NULL, 10) * 1024;
    lab->watch_ms = strtoul(argv[4], NULL, 10) * 1000;
    if (cepa_crowd_begin(&lab->crowd, &reason, &config) != 0) {
        puts(reason.text);
        lab->has_failed = true;
    } else {
        if (begin(lab)) {
            for (int i = 5; i < argc; i++) {
                act(lab, argv[i]);
            }
        }
        lab->has_failed |= !cepa_crowd_end(&lab->crowd, true);
    }
    bool has_failed = lab->has_failed;
    session_flow_free(&lab->flow);
    free(lab);
    return has_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
