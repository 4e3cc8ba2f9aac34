/* cepa demo: a network of real nodes on this machine, from one invitation. */
#define _GNU_SOURCE
#include <cjson/cJSON.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/crowd.h"
#include "cli/demo_transfer.h"
#include "cli/json.h"
#include "cli/options.h"
#include "cli/ping_result.h"
#include "native/net/clock.h"

enum {
    NODES_DEFAULT = 10,
    NODES_MIN = 6,          /* three hops, none of them the node itself, from different networks */
    TRANSFER_NODES_MIN = 8, /* two ends, and two paths when a relay is gone */
    MEGABYTES_DEFAULT = 64,
    MEGABYTES_MAX = 1000,
    CIRCUITS_DEFAULT = 1000,
    CIRCUITS_MAX = 100000,
    HOPS = 3,
    JOIN_MS = 30000, /* by when everybody has to know everybody */
    PING_POLL_MS = 50,
    PING_MS = 300000 /* what all circuits together may take */
};

/* What was asked for. */
struct wish {
    uint32_t nodes;
    uint32_t circuits;
    uint32_t megabytes; /* of the file; 0: none */
    bool is_json;
};

/* What came of it. */
struct outcome {
    int64_t joined_ms;   /* till every node knew every relay, */
    int64_t linked_ms;   /* had its neighbours, */
    int64_t ready_ms;    /* and circuits ready */
    uint32_t circuits;   /* built, from all nodes in turn */
    uint32_t failed;     /* of these */
    double build_ms;     /* the median of the nodes' medians */
    double build_p95_ms; /* likewise of their 95 % */
    double echo_ms;      /* likewise, there and back */
};

static volatile sig_atomic_t is_interrupted;

static void on_interrupt(int number)
{
    (void)number;
    is_interrupted = 1;
}

static void say(const struct wish *wish, const char *text)
{
    if (!wish->is_json) {
        fputs(text, stdout);
        (void)fflush(stdout);
    }
}

/* Starts all nodes. Returns 0, or an error with a reason. */
static int start(struct cepa_crowd *crowd, struct cepa_reason *ret_reason, const struct wish *wish)
{
    for (size_t i = 0; i < wish->nodes && !is_interrupted; i++) {
        int status = cepa_crowd_start(crowd, ret_reason, i);
        if (status != 0) {
            return status;
        }
        if (i == 1 && !wish->is_json) {
            printf("node 1 invites the others: %.60s...\n", crowd->invitation);
        }
    }
    return 0;
}

/* Waits till a figure of all nodes is what it should be; `ret_ms` counts from `began`. */
static int wait_for(const struct cepa_crowd *crowd, struct cepa_reason *ret_reason, int64_t *ret_ms,
                    const struct wish *wish, struct cepa_time began, const char *field,
                    int64_t least)
{
    if (is_interrupted || cepa_crowd_wait(crowd, 0, wish->nodes, field, least, JOIN_MS) < 0) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_TIMEOUT,
                                is_interrupted ? "interrupted"
                                               : "%s of some node stayed below %lld; its log is in "
                                                 "%s",
                                field, (long long)least, crowd->directory);
    }
    *ret_ms = (int64_t)(cepa_time_since(cepa_clock_now(), began) / CEPA_MILLISECOND_NS);
    return 0;
}

static int join(const struct cepa_crowd *crowd, struct cepa_reason *ret_reason,
                struct outcome *outcome, const struct wish *wish, struct cepa_time began)
{
    int64_t neighbours = wish->nodes / 2;
    int status = wait_for(crowd, ret_reason, &outcome->joined_ms, wish, began,
                          "network.relays_here", wish->nodes);
    if (status == 0) {
        status = wait_for(crowd, ret_reason, &outcome->linked_ms, wish, began, "network.neighbours",
                          neighbours);
    }
    if (status == 0) {
        status = wait_for(crowd, ret_reason, &outcome->ready_ms, wish, began,
                          "network.circuits_ready_ahead", 1);
    }
    if (status == 0 && !wish->is_json) {
        printf("after %.1f s every node knows all %u relays, after %.1f s each has %lld neighbours "
               "or more,\nafter %.1f s circuits that wait to be used\n",
               (double)outcome->joined_ms / 1000, wish->nodes, (double)outcome->linked_ms / 1000,
               (long long)neighbours, (double)outcome->ready_ms / 1000);
    }
    return status;
}

/* Has one node build its circuits. Returns 0, or an error with a reason. */
static int ping(const struct cepa_crowd *crowd, struct cepa_reason *ret_reason,
                struct cepa_cli_ping *ret_ping, size_t number, uint32_t count)
{
    struct cepa_control_request request = {.kind = CEPA_CONTROL_PING, .count = count, .hops = HOPS};
    const struct timespec pause = {0, PING_POLL_MS * 1000000L};
    struct cepa_time deadline = cepa_time_add(cepa_clock_now(), PING_MS * CEPA_MILLISECOND_NS);
    struct cepa_cli_ping ping = {.is_running = true};
    int status = 0;
    while (status == 0 && ping.is_running && !is_interrupted) {
        struct cJSON *answer = NULL;
        status = cepa_crowd_ask(crowd, &answer, ret_reason, number, &request);
        if (status == 0 &&
            (!cepa_cli_ping_read(&ping, answer) || cepa_time_is_due(deadline, cepa_clock_now()))) {
            status = cepa_reason_fail(ret_reason, CEPA_ERR_TIMEOUT, "the circuits take too long");
        }
        cJSON_Delete(answer);
        request = (struct cepa_control_request){.kind = CEPA_CONTROL_PINGED};
        (void)nanosleep(&pause, NULL);
    }
    if (status == 0 && is_interrupted) {
        status = cepa_reason_fail(ret_reason, CEPA_ERR_STATE, "interrupted");
    }
    *ret_ping = ping;
    return status;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median(double *values, size_t len)
{
    qsort(values, len, sizeof values[0], compare);
    return values[len / 2];
}

/* Has all nodes build circuits, one node after the other. */
static int build(const struct cepa_crowd *crowd, struct cepa_reason *ret_reason,
                 struct outcome *outcome, const struct wish *wish)
{
    double build_ms[CEPA_CROWD_MAX];
    double build_p95_ms[CEPA_CROWD_MAX];
    double echo_ms[CEPA_CROWD_MAX];
    uint32_t each = wish->circuits / wish->nodes;
    for (size_t i = 0; i < wish->nodes; i++) {
        struct cepa_cli_ping one;
        uint32_t count = i == 0 ? wish->circuits - each * (wish->nodes - 1) : each;
        int status = ping(crowd, ret_reason, &one, i, count);
        if (status != 0) {
            return status;
        }
        outcome->circuits += one.done;
        outcome->failed += one.failed;
        build_ms[i] = one.build_ms_median;
        build_p95_ms[i] = one.build_ms_p95;
        echo_ms[i] = one.echo_ms_median;
        if (!wish->is_json && isatty(STDOUT_FILENO) == 1) {
            printf("\r%u circuits of %u", outcome->circuits, wish->circuits);
            (void)fflush(stdout);
        }
    }
    outcome->build_ms = median(build_ms, wish->nodes);
    outcome->build_p95_ms = median(build_p95_ms, wish->nodes);
    outcome->echo_ms = median(echo_ms, wish->nodes);
    return 0;
}

static void say_step(void *context, const char *what)
{
    const struct wish *wish = context;
    say(wish, what);
    say(wish, "\n");
}

/* Prints the way between the two addresses, which nobody in it knows all of. */
static void print_route(const struct cepa_demo_transfer *transfer)
{
    printf("    route: sender");
    for (size_t i = 0; i < transfer->out_len; i++) {
        printf(" - %zu", transfer->out[i] + 1);
    }
    printf(" (they meet here)");
    for (size_t i = transfer->in_len; i-- > 0;) {
        if (i + 1 < transfer->in_len || transfer->out_len == 0 ||
            transfer->in[i] != transfer->out[transfer->out_len - 1]) {
            printf(" - %zu", transfer->in[i] + 1);
        }
    }
    printf(" - receiver\n");
}

/* A file goes from one address to another, and a relay dies on the way. */
static int transfer(struct cepa_crowd *crowd, struct cepa_reason *ret_reason, struct wish *wish,
                    struct cepa_demo_transfer *ret_transfer)
{
    int status = cepa_demo_transfer_run(ret_transfer, ret_reason, crowd, wish->nodes,
                                        wish->megabytes, &is_interrupted, say_step, wish);
    if (status == 0 && !wish->is_json) {
        print_route(ret_transfer);
        printf("    killed node %zu at %.0f %%; longest stall after that %.2f s\n"
               "    %u MiB in %.1f s, verified %.16s\n",
               ret_transfer->killed + 1, 100 * ret_transfer->killed_at, ret_transfer->stall_s,
               wish->megabytes, ret_transfer->seconds, ret_transfer->hash);
    }
    return status;
}

static void print(const struct outcome *outcome, const struct wish *wish)
{
    double success = 100.0 * (outcome->circuits - outcome->failed) / outcome->circuits;
    if (wish->is_json) {
        printf("{\"nodes\": %u, \"joined_ms\": %lld, \"linked_ms\": %lld, \"ready_ms\": %lld, "
               "\"circuits\": %u, \"failed\": %u, \"build_ms_median\": %.2f, \"build_ms_p95\": "
               "%.2f, \"echo_ms_median\": %.2f",
               wish->nodes, (long long)outcome->joined_ms, (long long)outcome->linked_ms,
               (long long)outcome->ready_ms, outcome->circuits, outcome->failed, outcome->build_ms,
               outcome->build_p95_ms, outcome->echo_ms);
    } else {
        printf("\r%u circuits of three hops, from all nodes in turn: %.2f %% worked; links are not "
               "shaped\n"
               "    built in %.1f ms (median; 95 %% within %.1f), a message there and back in %.1f "
               "ms\n",
               outcome->circuits, success, outcome->build_ms, outcome->build_p95_ms,
               outcome->echo_ms);
    }
}

/* Does all of it. Returns 0, or an error with a reason. */
static int run(struct cepa_crowd *crowd, struct cepa_reason *ret_reason, struct wish *wish)
{
    struct outcome outcome = {0};
    struct cepa_time began = cepa_clock_now();
    int status = start(crowd, ret_reason, wish);
    if (status == 0) {
        status = join(crowd, ret_reason, &outcome, wish, began);
    }
    if (status == 0) {
        status = build(crowd, ret_reason, &outcome, wish);
    }
    if (status == 0) {
        print(&outcome, wish);
        if (outcome.failed * 100 > outcome.circuits) {
            status = cepa_reason_fail(ret_reason, CEPA_ERR_STATE,
                                      "more than one circuit of a hundred failed");
        }
    }
    if (status == 0 && wish->megabytes > 0) {
        struct cepa_demo_transfer sent;
        status = transfer(crowd, ret_reason, wish, &sent);
        if (status == 0 && wish->is_json) {
            printf(", \"megabytes\": %u, \"reach_s\": %.2f, \"seconds\": %.2f, \"stall_s\": %.3f, "
                   "\"verified\": \"%s\"",
                   wish->megabytes, sent.reach_s, sent.seconds, sent.stall_s, sent.hash);
        }
    }
    if (wish->is_json) {
        printf("}\n");
    }
    return status;
}

static int demonstrate(struct wish *wish, const char *command)
{
    static const char *const options[] = {"--log-level", "warning", "--shaper", "off"};
    const struct cepa_crowd_config config = {.options = options,
                                             .options_len = sizeof options / sizeof options[0]};
    const struct sigaction action = {.sa_handler = on_interrupt};
    struct cepa_reason reason;
    struct cepa_crowd *crowd = calloc(1, sizeof *crowd);
    int status = crowd == NULL
                     ? cepa_reason_fail(&reason, CEPA_ERR_EXHAUSTED, "there is not enough memory")
                     : cepa_crowd_begin(crowd, &reason, &config);
    if (status == 0) {
        (void)sigaction(SIGINT, &action, NULL);
        (void)sigaction(SIGTERM, &action, NULL);
        say(wish,
            "nodes, each a process of its own, on loopback addresses of different networks\n");
        status = run(crowd, &reason, wish);
        if (!cepa_crowd_end(crowd, true) && status == 0) {
            status = cepa_reason_fail(&reason, CEPA_ERR_STATE, "not every node ended as it should");
        }
    }
    free(crowd);
    if (status != 0) {
        fprintf(stderr, "cepa %s: %s\n", command, reason.text);
        return CEPA_CLI_FAILED;
    }
    return CEPA_CLI_OK;
}

int cepa_cli_demo(int argc, char **argv)
{
    struct wish wish = {NODES_DEFAULT, CIRCUITS_DEFAULT, MEGABYTES_DEFAULT, false};
    const char *nodes = NULL;
    const char *circuits = NULL;
    const char *megabytes = NULL;
    const struct cepa_cli_option options[] = {
        {'j', "json", NULL, "print the result as JSON", &wish.is_json, NULL},
        {'n', "nodes", "N", "how many nodes, 6 to 100; 10", NULL, &nodes},
        {'c', "circuits", "N", "how many circuits are built; 1000", NULL, &circuits},
        {'m', "megabytes", "N", "how large the file is; 64; 0: no file", NULL, &megabytes}};
    const struct cepa_cli_syntax syntax = {
        "cepa demo [--nodes N] [--circuits N] [--megabytes N] [--json]",
        "Starts a network on this machine: nodes that are processes of their own, with real links\n"
        "between them. They join from one invitation, find each other, prove that they can be\n"
        "reached, and build circuits through one another. Then a file goes from the address of "
        "one\n"
        "to that of another, through relays that know neither, and one of the relays that carry "
        "it\n"
        "is killed at half. Everything ends with the command, and nothing of it stays.\n",
        options, sizeof options / sizeof options[0], 0};
    struct cepa_cli_arguments arguments;
    int status = cepa_cli_parse(&arguments, &syntax, argc, argv);
    if (status != CEPA_CLI_PROCEED) {
        return status;
    }
    if (!cepa_cli_read_number(&wish.nodes, nodes, NODES_MIN, CEPA_CROWD_MAX) ||
        !cepa_cli_read_number(&wish.circuits, circuits, wish.nodes, CIRCUITS_MAX) ||
        !cepa_cli_read_number(&wish.megabytes, megabytes, 0, MEGABYTES_MAX)) {
        fprintf(stderr,
                "cepa demo: --nodes takes %d to %d, --circuits at least one of each node, "
                "--megabytes up to %d\n"
                "Usage: %s\n",
                NODES_MIN, CEPA_CROWD_MAX, MEGABYTES_MAX, syntax.usage);
        return CEPA_CLI_USAGE;
    }
    if (wish.megabytes > 0 && wish.nodes < TRANSFER_NODES_MIN) {
        fprintf(
            stderr,
            "cepa demo: a file that outlives a relay needs %d nodes or more; or --megabytes 0\n",
            TRANSFER_NODES_MIN);
        return CEPA_CLI_USAGE;
    }
    return demonstrate(&wish, argv[0]);
}
