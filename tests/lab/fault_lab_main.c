/* fault_lab: a crowd of daemons in two namespaces, and what befalls them: half of them are killed
 * at once; half are made silent by a packet filter; one is stopped for a while; the cable between
 * the halves is pulled. Prints what happened when, and holds it against the limits.
 *
 *   fault_lab CEPA NODES PAUSE [SCENARIO...]     PAUSE: seconds of the stop and of the partition
 *
 * Exit status 77 says why it cannot run. */
#define _GNU_SOURCE
#include <cjson/cJSON.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/crowd.h"
#include "cli/ping_result.h"
#include "lab/fault_network.h"
#include "lab/fault_view.h"
#include "native/net/clock.h"

enum {
    POLL_MS = 100,
    JOIN_MS = 60000,
    REFORM_MS = 30000, /* till the rest is one mesh again */
    BACK_MS = 5000,    /* till those are back that were killed or stopped */
    HEAL_MS = 60000,   /* till two halves are one mesh again */
    LATE = 2,          /* so many times the limit is waited, to say how late it was */
    NEIGHBOURS = 24,   /* what a daemon wants */
    ASKED = 4,         /* nodes that build circuits */
    CIRCUITS = 5,      /* each */
    HOPS = 3,
    SKIPPED = 77
};

/* All of it. */
struct lab {
    struct cepa_crowd crowd;
    struct fault_view view;
    size_t nodes;
    unsigned pause_s;
    bool has_failed;
};

static void sleep_ms(unsigned ms)
{
    struct timespec left = {ms / 1000, (long)(ms % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

static int64_t ms_since(struct cepa_time began)
{
    return (int64_t)(cepa_time_since(cepa_clock_now(), began) / CEPA_MILLISECOND_NS);
}

/* Prints a line of the table: what took how long, and whether that was in time. */
static void tell(struct lab *lab, const char *scenario, const char *what, int64_t ms,
                 int64_t limit_ms, const char *why)
{
    bool is_well = ms >= 0 && ms <= limit_ms;
    lab->has_failed |= !is_well;
    printf("%-10s %-44s %6.1f s  (limit %.0f s)%s%s\n", scenario, what, (double)ms / 1000,
           (double)limit_ms / 1000, is_well ? "" : "  FAILED ", ms < 0 ? why : "");
    (void)fflush(stdout);
}

/* How many neighbours each of so many has to have: most of those that it wants and that there are.
 */
static size_t wanted(size_t members)
{
    size_t most = members - 1 < NEIGHBOURS ? members - 1 : NEIGHBOURS;
    return most - most / 4;
}

static size_t count_of(const struct lab *lab, const bool *marks)
{
    size_t count = 0;
    for (size_t i = 0; i < lab->nodes; i++) {
        count += marks[i];
    }
    return count;
}

/* Says all that a node says of itself, where it is not what it should be. */
static void print_status(const struct lab *lab, size_t number)
{
    const struct cepa_control_request request = {.kind = CEPA_CONTROL_STATUS};
    struct cepa_reason reason;
    cJSON *answer = NULL;
    if (cepa_crowd_ask(&lab->crowd, &answer, &reason, number, &request) == 0) {
        char *text = cJSON_PrintUnformatted(answer);
        fprintf(stderr, "node %zu: %s\n", number, text == NULL ? "" : text);
        cJSON_free(text);
        cJSON_Delete(answer);
    }
}

/* Waits till those in `are_in` are one mesh. Returns the ms since `began`, or -1; `ret_dead_ms` is
 * when none of them had a circuit ready any more through somebody else. */
static int64_t wait_mesh(struct lab *lab, char ret_why[FAULT_WHY_SIZE], int64_t *ret_dead_ms,
                         const bool *are_in, struct cepa_time began, int64_t limit_ms)
{
    size_t last;
    *ret_dead_ms = 0;
    while (ms_since(began) < LATE * limit_ms) {
        fault_view_look(&lab->view, &lab->crowd, are_in);
        if (fault_view_uses_dead(&lab->view, are_in) > 0) {
            *ret_dead_ms = ms_since(began) + POLL_MS;
        }
        if (fault_view_is_mesh(&lab->view, ret_why, are_in, wanted(count_of(lab, are_in)))) {
            return ms_since(began);
        }
        sleep_ms(POLL_MS);
    }
    if (sscanf(ret_why, "node %zu", &last) == 1) {
        print_status(lab, last);
    }
    return -1;
}

/* Waits till each of those in `are_awaited` is a member of those in `are_in`, as it sees it. */
static int64_t wait_back(struct lab *lab, char ret_why[FAULT_WHY_SIZE], const bool *are_awaited,
                         const bool *are_in, struct cepa_time began, int64_t limit_ms)
{
    size_t last = 0;
    while (ms_since(began) < LATE * limit_ms) {
        const char *why = NULL;
        fault_view_look(&lab->view, &lab->crowd, are_awaited);
        for (size_t i = 0; i < lab->nodes && why == NULL; i++) {
            why = are_awaited[i]
                      ? fault_view_why_not(&lab->view, i, are_in, wanted(count_of(lab, are_in)))
                      : NULL;
            last = i;
        }
        if (why == NULL) {
            return ms_since(began);
        }
        (void)snprintf(ret_why, FAULT_WHY_SIZE, "node %zu %s", last, why);
        if (getenv("CEPA_FAULT_LOG") != NULL) {
            printf("%6lld ms  %s: keys of %lld, %zu neighbours\n", (long long)ms_since(began),
                   ret_why, (long long)lab->view.all[last].relays_here,
                   count_of(lab, lab->view.all[last].has_neighbour));
        }
        sleep_ms(POLL_MS);
    }
    print_status(lab, last);
    return -1;
}

/* Has up to ASKED of the marked nodes build circuits side by side, each of CIRCUITS one after the
 * other, and counts those that did not work. */
static uint32_t ping(struct lab *lab, const bool *are_in)
{
    struct cepa_control_request begin = {
        .kind = CEPA_CONTROL_PING, .count = CIRCUITS, .hops = HOPS};
    struct cepa_control_request more = {.kind = CEPA_CONTROL_PINGED};
    size_t asked[ASKED];
    size_t len = 0;
    uint32_t failed = 0;
    for (size_t i = 0; i < lab->nodes && len < ASKED; i++) {
        struct cepa_reason reason;
        cJSON *answer = NULL;
        if (are_in[i]) {
            bool is_asked = cepa_crowd_ask(&lab->crowd, &answer, &reason, i, &begin) == 0;
            failed += is_asked ? 0 : CIRCUITS;
            asked[len] = i;
            len += is_asked;
            cJSON_Delete(answer);
        }
    }
    for (size_t i = 0; i < len; i++) {
        struct cepa_cli_ping one = {.is_running = true};
        while (one.is_running) {
            struct cepa_reason reason;
            cJSON *answer = NULL;
            sleep_ms(POLL_MS / 5);
            if (cepa_crowd_ask(&lab->crowd, &answer, &reason, asked[i], &more) != 0 ||
                !cepa_cli_ping_read(&one, answer)) {
                one = (struct cepa_cli_ping){.failed = CIRCUITS};
            }
            cJSON_Delete(answer);
        }
        failed += one.failed;
    }
    return failed;
}

/* Waits till the mesh of the marked ones carries circuits; tells both. */
static void expect_mesh(struct lab *lab, const char *scenario, const bool *are_in,
                        struct cepa_time began, int64_t limit_ms)
{
    char why[FAULT_WHY_SIZE] = "";
    int64_t dead_ms = 0;
    uint32_t failed = ping(lab, are_in);
    int64_t asked_ms = ms_since(began);
    int64_t mesh_ms = wait_mesh(lab, why, &dead_ms, are_in, began, limit_ms);
    printf("%-10s of %d circuits at once %u failed, all over after %.1f s\n", scenario,
           ASKED * CIRCUITS, failed, (double)asked_ms / 1000);
    tell(lab, scenario, "no circuit is ready through others", dead_ms, limit_ms, "");
    tell(lab, scenario, "one mesh, full views, neighbours", mesh_ms, limit_ms, why);
    while ((failed = ping(lab, are_in)) > 0 && ms_since(began) < LATE * limit_ms) {
        printf("%-10s %u of %d circuits failed\n", scenario, failed, ASKED * CIRCUITS);
    }
    (void)snprintf(why, sizeof why, "%u circuits failed", failed);
    tell(lab, scenario, "all of 20 circuits work", failed == 0 ? ms_since(began) : -1, limit_ms,
         why);
}

static void expect_back(struct lab *lab, const char *scenario, const bool *are_awaited,
                        const bool *are_in, struct cepa_time began)
{
    char why[FAULT_WHY_SIZE] = "";
    int64_t ms = wait_back(lab, why, are_awaited, are_in, began, BACK_MS);
    tell(lab, scenario, "they are back", ms, BACK_MS, why);
    uint32_t failed = ping(lab, are_awaited);
    /* Others learn of their new keys meanwhile. */
    while (failed > 0 && ms_since(began) < 2 * BACK_MS) {
        printf("%-10s %u of %d circuits of theirs failed\n", scenario, failed, ASKED * CIRCUITS);
        failed = ping(lab, are_awaited);
    }
    (void)snprintf(why, sizeof why, "%u circuits of theirs failed", failed);
    tell(lab, scenario, "their circuits work", failed == 0 ? ms_since(began) : -1, 2 * BACK_MS,
         why);
}

/* Marks every other pair of nodes, so that half of each namespace is struck, the first node, who
 * invited all, among them. */
static void choose_victims(const struct lab *lab, bool *ret_victims, bool *ret_rest)
{
    for (size_t i = 0; i < CEPA_CROWD_MAX; i++) {
        ret_victims[i] = i < lab->nodes && i / 2 % 2 == 0;
        ret_rest[i] = i < lab->nodes && !ret_victims[i];
    }
}

static void mark_all(const struct lab *lab, bool *ret_marks)
{
    for (size_t i = 0; i < CEPA_CROWD_MAX; i++) {
        ret_marks[i] = i < lab->nodes;
    }
}

static void scenario_kill(struct lab *lab)
{
    bool victims[CEPA_CROWD_MAX];
    bool rest[CEPA_CROWD_MAX];
    bool all[CEPA_CROWD_MAX];
    struct cepa_reason reason;
    choose_victims(lab, victims, rest);
    mark_all(lab, all);
    struct cepa_time began = cepa_clock_now();
    for (size_t i = 0; i < lab->nodes; i++) {
        if (victims[i]) {
            cepa_crowd_signal(&lab->crowd, i, SIGKILL);
        }
    }
    expect_mesh(lab, "kill", rest, began, REFORM_MS);
    began = cepa_clock_now();
    for (size_t i = 0; i < lab->nodes; i++) {
        if (victims[i] && cepa_crowd_start(&lab->crowd, &reason, i) != 0) {
            tell(lab, "kill", "started again", -1, 0, reason.text);
        }
    }
    expect_back(lab, "restart", victims, all, began);
    expect_mesh(lab, "restart", all, began, REFORM_MS);
}

static void scenario_blackhole(struct lab *lab)
{
    bool victims[CEPA_CROWD_MAX];
    bool rest[CEPA_CROWD_MAX];
    bool all[CEPA_CROWD_MAX];
    choose_victims(lab, victims, rest);
    mark_all(lab, all);
    struct cepa_time began = cepa_clock_now();
    if (!fault_network_silence(victims, lab->nodes)) {
        tell(lab, "blackhole", "filtered", -1, 0, "no rules could be set");
    }
    expect_mesh(lab, "blackhole", rest, began, REFORM_MS);
    memset(victims, 0, sizeof victims);
    began = cepa_clock_now();
    if (!fault_network_silence(victims, lab->nodes)) {
        tell(lab, "blackhole", "passing again", -1, 0, "no rules could be set");
    }
    expect_mesh(lab, "unfiltered", all, began, HEAL_MS);
}

static void scenario_suspend(struct lab *lab)
{
    bool victims[CEPA_CROWD_MAX] = {false};
    bool all[CEPA_CROWD_MAX];
    size_t victim = lab->nodes / 2;
    victims[victim] = true;
    mark_all(lab, all);
    fault_view_look(&lab->view, &lab->crowd, all);
    int64_t suspicions = lab->view.all[victim].suspicions;
    cepa_crowd_signal(&lab->crowd, victim, SIGSTOP);
    sleep_ms(lab->pause_s * 1000);
    struct cepa_time began = cepa_clock_now();
    cepa_crowd_signal(&lab->crowd, victim, SIGCONT);
    expect_back(lab, "suspend", victims, all, began);
    sleep_ms(BACK_MS);
    fault_view_look(&lab->view, &lab->crowd, all);
    bool has_accused = lab->view.all[victim].suspicions != suspicions;
    tell(lab, "suspend", "it has accused nobody", has_accused ? -1 : 0, 0, "it has");
}

static void scenario_partition(struct lab *lab)
{
    bool all[CEPA_CROWD_MAX];
    mark_all(lab, all);
    bool is_cut = fault_network_pull(true);
    sleep_ms(lab->pause_s * 1000);
    fault_view_look(&lab->view, &lab->crowd, all);
    size_t over = 0;
    for (size_t i = 0; i < lab->nodes; i++) {
        for (size_t j = 1 - i % 2; j < lab->nodes; j += 2) {
            over += lab->view.all[i].has_neighbour[j];
        }
    }
    tell(lab, "partition", "no neighbours over the cable", over == 0 ? 0 : -1, 0, "there are");
    struct cepa_time began = cepa_clock_now();
    if (!is_cut || !fault_network_pull(false)) {
        tell(lab, "partition", "the cable", -1, 0, "cannot be pulled");
    }
    expect_mesh(lab, "partition", all, began, HEAL_MS);
}

/* Starts all nodes and waits for one mesh. */
static bool begin(struct lab *lab)
{
    bool all[CEPA_CROWD_MAX];
    char why[FAULT_WHY_SIZE] = "";
    int64_t dead_ms;
    struct cepa_reason reason;
    struct cepa_time began = cepa_clock_now();
    mark_all(lab, all);
    for (size_t i = 0; i < lab->nodes; i++) {
        if (cepa_crowd_start(&lab->crowd, &reason, i) != 0) {
            printf("FAILED %s\n", reason.text);
            return false;
        }
    }
    int64_t ms = wait_mesh(lab, why, &dead_ms, all, began, JOIN_MS);
    tell(lab, "begin", "one mesh, full views, neighbours", ms, JOIN_MS, why);
    return ms >= 0;
}

static void act(struct lab *lab, const char *const *scenarios, size_t len)
{
    static const struct {
        const char *name;
        void (*act)(struct lab *lab);
    } known[] = {{"kill", scenario_kill},
                 {"suspend", scenario_suspend},
                 {"blackhole", scenario_blackhole},
                 {"partition", scenario_partition}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        bool is_wanted = len == 0;
        for (size_t j = 0; j < len; j++) {
            is_wanted |= strcmp(scenarios[j], known[i].name) == 0;
        }
        if (is_wanted) {
            known[i].act(lab);
        }
    }
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
    size_t nodes = argc > 3 ? strtoul(argv[2], NULL, 10) : 0;
    if (nodes < 8 || nodes > CEPA_CROWD_MAX) {
        fputs("Usage: fault_lab CEPA NODES PAUSE [SCENARIO...]\n", stderr);
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
    lab->nodes = nodes;
    lab->view.nodes = nodes;
    lab->pause_s = (unsigned)strtoul(argv[3], NULL, 10);
    if (cepa_crowd_begin(&lab->crowd, &reason, &config) != 0) {
        puts(reason.text);
        lab->has_failed = true;
    } else {
        /* execv's words are not changed. */
        if (begin(lab)) {
            act(lab, (const char *const *)argv + 4, (size_t)argc - 4);
        }
        lab->has_failed |= !cepa_crowd_end(&lab->crowd, true);
    }
    bool has_failed = lab->has_failed;
    free(lab);
    return has_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
