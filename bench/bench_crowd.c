#define _GNU_SOURCE
/* Many daemons on this machine, from one invitation: how soon all know all, and what a node costs
 * that does nothing but take part.
 *
 *     bench_crowd [--nodes N] [--seconds N] [--settle N] [--neighbours N] [--json] [SHAPER...]
 *
 * 60 nodes with 24 neighbours each, 30 s of rest after 30 s of settling, without a shaper and with
 * the default one. Every process is a node with real links on a loopback address of a network of
 * its own. Processor time and memory are the kernel's figures of each process. Bytes are those of
 * frames as the nodes count them, with padding; and, over all nodes, as the loopback interface
 * counts them, with everything that carries them (DTLS, SCTP, UDP, IP, acknowledgements, checks).
 * Figures are right only where nothing else runs. Not pinned to a core: so many processes want
 * all. */
#include <cjson/cJSON.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/crowd.h"
#include "measure/process.h"
#include "native/net/clock.h"

enum {
    NODES = 60,
    NODES_MIN = 6,
    NEIGHBOURS = 24,
    REST_S = 30,
    SETTLE_S = 30,
    JOIN_MS = 120000,
    SHAPERS_MAX = 4
};

/* What is measured. */
struct wish {
    size_t nodes;
    unsigned neighbours;
    unsigned seconds;
    unsigned settle;
    bool is_json;
};

/* A node's counters at a moment. */
struct sample {
    struct bench_process process;
    double links;
    double neighbours;
    double bytes_in;
    double bytes_out;
    double padding_out;
};

/* How soon, in ms behind the start of the last process; -1: never. */
struct speed {
    int64_t started_ms; /* behind the first's */
    int64_t joined_ms;
    int64_t known_ms; /* everybody has all relays and their keys */
    int64_t linked_ms;
    int64_t ready_ms;
};

/* Costs of a node per second. */
struct cost {
    double rss_mb[CEPA_CROWD_MAX];
    double cpu_percent[CEPA_CROWD_MAX];
    double in_kb[CEPA_CROWD_MAX];
    double out_kb[CEPA_CROWD_MAX];
    double both_kb[CEPA_CROWD_MAX];
    double padding_kb[CEPA_CROWD_MAX];
    double links[CEPA_CROWD_MAX];
    double neighbours[CEPA_CROWD_MAX];
    double lines_kb; /* both ways, of the mean node, as the interface counts */
};

static void sleep_s(unsigned seconds)
{
    const struct timespec time = {seconds, 0};
    (void)nanosleep(&time, NULL);
}

static int64_t ms_since(struct cepa_time began)
{
    return (int64_t)(cepa_time_since(cepa_clock_now(), began) / CEPA_MILLISECOND_NS);
}

/* Bytes that the loopback interface has carried; each is counted once. */
static double interface_bytes(void)
{
    char line[512];
    unsigned long long bytes = 0;
    FILE *file = fopen("/proc/net/dev", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, " lo: %llu", &bytes) == 1) {
            break;
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return (double)bytes;
}

static double number_of(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

static bool take(struct sample *ret_sample, const struct cepa_crowd *crowd, size_t number)
{
    const struct cepa_control_request request = {.kind = CEPA_CONTROL_STATUS};
    struct cepa_reason reason;
    struct cJSON *answer = NULL;
    if (cepa_crowd_ask(crowd, &answer, &reason, number, &request) != 0) {
        fprintf(stderr, "node %zu: %s\n", number, reason.text);
        return false;
    }
    const cJSON *network = cJSON_GetObjectItemCaseSensitive(answer, "network");
    ret_sample->links = number_of(network, "links");
    ret_sample->neighbours = number_of(network, "neighbours");
    ret_sample->bytes_in = number_of(network, "bytes_in");
    ret_sample->bytes_out = number_of(network, "bytes_out");
    ret_sample->padding_out = number_of(network, "padding_out");
    cJSON_Delete(answer);
    ret_sample->process = bench_process_read(crowd->pids[number]);
    return true;
}

static bool measure(struct cost *ret_cost, const struct cepa_crowd *crowd, const struct wish *wish)
{
    static struct sample before[CEPA_CROWD_MAX];
    struct sample after;
    bool is_well = true;
    for (size_t i = 0; i < wish->nodes && is_well; i++) {
        is_well = take(&before[i], crowd, i);
    }
    for (size_t i = 0; i < wish->nodes; i++) { /* what asking has cost is not theirs */
        before[i].process = bench_process_read(crowd->pids[i]);
    }
    struct cepa_time began = cepa_clock_now();
    double lines = interface_bytes();
    sleep_s(wish->seconds);
    double elapsed = (double)cepa_time_since(cepa_clock_now(), began) / 1e9;
    ret_cost->lines_kb = 2 * (interface_bytes() - lines) / elapsed / 1e3 / (double)wish->nodes;
    for (size_t i = 0; i < wish->nodes; i++) {
        after.process = bench_process_read(crowd->pids[i]);
        ret_cost->cpu_percent[i] = 100 * (after.process.cpu_s - before[i].process.cpu_s) / elapsed;
        ret_cost->rss_mb[i] = after.process.rss_mb;
    }
    for (size_t i = 0; i < wish->nodes && is_well; i++) {
        is_well = take(&after, crowd, i);
        ret_cost->in_kb[i] = (after.bytes_in - before[i].bytes_in) / elapsed / 1e3;
        ret_cost->out_kb[i] = (after.bytes_out - before[i].bytes_out) / elapsed / 1e3;
        ret_cost->both_kb[i] = ret_cost->in_kb[i] + ret_cost->out_kb[i];
        ret_cost->padding_kb[i] = (after.padding_out - before[i].padding_out) / elapsed / 1e3;
        ret_cost->links[i] = after.links;
        ret_cost->neighbours[i] = after.neighbours;
    }
    return is_well;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

static void print_row(const struct wish *wish, const char *name, const char *key, double *values)
{
    qsort(values, wish->nodes, sizeof values[0], compare);
    double median = values[wish->nodes / 2];
    double worst = values[wish->nodes - 1];
    if (wish->is_json) {
        printf(", \"%s_median\": %.3f, \"%s_worst\": %.3f", key, median, key, worst);
    } else {
        printf("    %-44s %9.2f %9.2f\n", name, median, worst);
    }
}

static void print(const struct wish *wish, const char *shaper, const struct speed *speed,
                  struct cost *cost)
{
    if (wish->is_json) {
        printf("{\"shaper\": \"%s\", \"nodes\": %zu, \"started_ms\": %lld, \"joined_ms\": %lld, "
               "\"known_ms\": %lld, \"linked_ms\": %lld, \"ready_ms\": %lld",
               shaper, wish->nodes, (long long)speed->started_ms, (long long)speed->joined_ms,
               (long long)speed->known_ms, (long long)speed->linked_ms, (long long)speed->ready_ms);
    } else {
        printf("%zu nodes, shaper %s; all processes started after %.1f s; behind the last of them\n"
               "    all have joined after %.1f s, know all relays and their keys after %.1f s,\n"
               "    have %u neighbours after %.1f s and circuits ready after %.1f s\n"
               "  at rest, %u s:                                   median     worst\n",
               wish->nodes, shaper, (double)speed->started_ms / 1e3, (double)speed->joined_ms / 1e3,
               (double)speed->known_ms / 1e3, wish->neighbours, (double)speed->linked_ms / 1e3,
               (double)speed->ready_ms / 1e3, wish->seconds);
    }
    print_row(wish, "links", "links", cost->links);
    print_row(wish, "neighbours among them", "neighbours", cost->neighbours);
    print_row(wish, "memory, MB", "rss_mb", cost->rss_mb);
    print_row(wish, "% of a core", "cpu_percent", cost->cpu_percent);
    print_row(wish, "kB/s of frames in", "in_kb", cost->in_kb);
    print_row(wish, "kB/s of frames out", "out_kb", cost->out_kb);
    print_row(wish, "kB/s of frames, both ways", "both_kb", cost->both_kb);
    print_row(wish, "kB/s of padding out", "padding_kb", cost->padding_kb);
    if (wish->is_json) {
        printf(", \"lines_kb_mean\": %.3f}\n", cost->lines_kb);
    } else {
        printf("    %-44s %9.2f (mean)\n", "kB/s on the lines, both ways, all headers",
               cost->lines_kb);
    }
    (void)fflush(stdout);
}

/* Starts all and waits for them. */
static bool gather(struct speed *ret_speed, struct cepa_crowd *crowd, const struct wish *wish)
{
    struct cepa_reason reason;
    struct cepa_time began = cepa_clock_now();
    for (size_t i = 0; i < wish->nodes; i++) {
        if (cepa_crowd_start(crowd, &reason, i) != 0) {
            fprintf(stderr, "%s\n", reason.text);
            return false;
        }
    }
    ret_speed->started_ms = ms_since(began);
    began = cepa_clock_now();
    const struct {
        const char *field;
        int64_t least;
        int64_t *ret_ms;
    } stages[] = {
        {"network.joined", 1, &ret_speed->joined_ms},
        {"network.relays_here", (int64_t)wish->nodes, &ret_speed->known_ms},
        {"network.neighbours", wish->neighbours, &ret_speed->linked_ms},
        {"network.circuits_ready_ahead", 1, &ret_speed->ready_ms},
    };
    for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++) {
        int64_t waited =
            cepa_crowd_wait(crowd, 0, wish->nodes, stages[i].field, stages[i].least, JOIN_MS);
        *stages[i].ret_ms = waited < 0 ? -1 : ms_since(began);
        if (waited < 0) {
            fprintf(stderr, "%s stayed below %lld\n", stages[i].field, (long long)stages[i].least);
            return false;
        }
    }
    return true;
}

static bool run(const struct wish *wish, const char *program, const char *shaper)
{
    static struct cepa_crowd crowd;
    static struct cost cost;
    char neighbours[16];
    const char *options[] = {"--log-level", "warning",      "--shaper",
                             shaper,        "--neighbours", neighbours};
    const struct cepa_crowd_config config = {
        .program = program, .options = options, .options_len = sizeof options / sizeof options[0]};
    struct cepa_reason reason;
    struct speed speed;
    (void)snprintf(neighbours, sizeof neighbours, "%u", wish->neighbours);
    if (cepa_crowd_begin(&crowd, &reason, &config) != 0) {
        fprintf(stderr, "%s\n", reason.text);
        return false;
    }
    bool is_well = gather(&speed, &crowd, wish);
    if (is_well) {
        sleep_s(wish->settle);
        is_well = measure(&cost, &crowd, wish);
    }
    if (is_well) {
        print(wish, shaper, &speed, &cost);
    }
    return cepa_crowd_end(&crowd, false) && is_well;
}

/* Reads an option's number; false if it is none. */
static bool read_number(unsigned *ret_number, const char *text, unsigned least, unsigned most)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    if (*text == 0 || *end != 0 || number < least || number > most) {
        return false;
    }
    *ret_number = (unsigned)number;
    return true;
}

int main(int argc, char **argv)
{
    static const char *const defaults[] = {"off", "stepped"};
    struct wish wish = {NODES, NEIGHBOURS, REST_S, SETTLE_S, false};
    const char *shapers[SHAPERS_MAX];
    size_t shapers_len = 0;
    bool is_well = true;
    for (int i = 1; i < argc && is_well; i++) {
        unsigned number = 0;
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--json") == 0) {
            wish.is_json = true;
        } else if (strcmp(argv[i], "--nodes") == 0) {
            is_well = read_number(&number, value, NODES_MIN, CEPA_CROWD_MAX);
            wish.nodes = number;
            i++;
        } else if (strcmp(argv[i], "--neighbours") == 0) {
            is_well = read_number(&wish.neighbours, value, 2, 50);
            i++;
        } else if (strcmp(argv[i], "--seconds") == 0) {
            is_well = read_number(&wish.seconds, value, 1, 3600);
            i++;
        } else if (strcmp(argv[i], "--settle") == 0) {
            is_well = read_number(&wish.settle, value, 0, 3600);
            i++;
        } else {
            is_well = argv[i][0] != '-' && shapers_len < SHAPERS_MAX;
            if (is_well) {
                shapers[shapers_len++] = argv[i];
            }
        }
    }
    if (!is_well) {
        fprintf(stderr, "usage: bench_crowd [--nodes N] [--seconds N] [--settle N] "
                        "[--neighbours N] [--json] [SHAPER...]\n");
        return 2;
    }
    char program[PATH_MAX] = "";
    ssize_t len = readlink("/proc/self/exe", program, sizeof program - 8);
    if (len <= 0) {
        return 1;
    }
    program[len] = 0;
    (void)memcpy(strrchr(program, '/'), "/cepa", sizeof "/cepa");
    for (size_t i = 0; i < (shapers_len > 0 ? shapers_len : 2); i++) {
        is_well = run(&wish, program, shapers_len > 0 ? shapers[i] : defaults[i]) && is_well;
    }
    return is_well ? 0 : 1;
}
