/* Sessions between two addresses, both hidden, through real daemons on this machine: what streams
 * carry, what that costs all processes together, and how long one waits.
 *
 *     bench_session_speed [--nodes N] [--seconds N] [--runs N] [--shaper NAME] [--megabytes N]
 *                         [--pause N] [--only WORD] PROGRAM
 *
 * PROGRAM is `cepa`. Ten nodes by default, as in `cepa demo`; the last one's user runs `cepa
 * proxy`, the one's before it `cepa expose`. Streams go from programs of this machine through the
 * proxy, three relays of each side and the place where both meet, to a server behind the other
 * daemon and back: what bench/tor/run measures of an onion service, with the same requests.
 * Processor time is that of all daemons, those on no path too. --only names a row's first word, for
 * profiles. */
#define _GNU_SOURCE
#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/crowd.h"
#include "measure/process.h"
#include "measure/traffic.h"
#include "measure/values.h"
#include "native/net/clock.h"

enum {
    NODES = 10,
    NODES_MIN = 8,
    SECONDS = 3,
    RUNS = 3,
    MEGABYTES = 64,
    JOIN_MS = 60000,
    WARM_UP_MS = 1000,
    DRAIN_MS = 500, /* for what is under way when a run ends */
    REST_MS = 100,  /* between requests */
    PATIENCE_S = 30,
    AT_ONCE = 8,
    OPENINGS = 12,
    REQUESTS = 20,
    SMALL = 1024,
    MESSAGE = 1000,
    IN_FLIGHT = 256,
    ECHOES = 20000,
    ONE_WAY = 40000,
    PING_PONGS = 500,
    LINE_MAX_LEN = 4096,
    PIECE = 1 << 18
};

/* What to do, and with what. */
struct bench {
    const char *program;
    const char *shaper;
    const char *only; /* NULL: everything */
    size_t nodes;
    unsigned seconds;
    unsigned runs;
    unsigned megabytes;
    unsigned pause_s;
    struct cepa_crowd crowd;
    struct bench_server server;
    struct bench_proxy proxy;
    char address[LINE_MAX_LEN];
    char host[LINE_MAX_LEN];
    pid_t commands[2]; /* expose, proxy */
    uint8_t piece[PIECE];
};

/* A child process and where it speaks. */
struct command {
    pid_t pid;
    FILE *output;
};

static double seconds_since(struct cepa_time then)
{
    return (double)cepa_time_since(cepa_clock_now(), then) / (double)CEPA_SECOND_NS;
}

static void rest_ms(unsigned ms)
{
    const struct timespec time = {ms / 1000, (long)(ms % 1000) * 1000000};
    (void)nanosleep(&time, NULL);
}

/* --- processes -------------------------------------------------------------------------------- */

/* Starts the program with a node's state directory. */
static bool start(struct bench *bench, struct command *ret_command, size_t node,
                  const char *const *words)
{
    char state[2 * CEPA_CROWD_PATH_SIZE];
    const char *arguments[16] = {bench->program};
    size_t len = 1;
    int pipes[2];
    (void)snprintf(state, sizeof state, "%s/%zu", bench->crowd.directory, node);
    for (; words[len - 1] != NULL && len < 13; len++) {
        arguments[len] = words[len - 1];
    }
    arguments[len] = "--state-directory";
    arguments[len + 1] = state;
    if (pipe2(pipes, O_CLOEXEC) != 0) {
        return false;
    }
    pid_t pid = fork();
    if (pid == 0) {
        /* execv changes neither the array nor the words. */
        union {
            const char **words;
            char **argv;
        } cast = {arguments};
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        (void)dup2(pipes[1], STDOUT_FILENO);
        (void)execv(arguments[0], cast.argv);
        _exit(127);
    }
    (void)close(pipes[1]);
    ret_command->pid = pid;
    ret_command->output = fdopen(pipes[0], "r");
    return pid > 0 && ret_command->output != NULL;
}

/* Gives a string out of the command's next line, JSON. */
static bool hear(const struct command *command, const char *field, char ret_text[LINE_MAX_LEN])
{
    char line[LINE_MAX_LEN];
    bool is_good = fgets(line, sizeof line, command->output) != NULL;
    cJSON *said = is_good ? cJSON_Parse(line) : NULL;
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(said, field));
    is_good = text != NULL && strlen(text) < LINE_MAX_LEN;
    if (is_good) {
        memcpy(ret_text, text, strlen(text) + 1);
    }
    cJSON_Delete(said);
    return is_good;
}

/* Gives an address of a node's user, which is made if there is none. */
static bool ask_address(struct bench *bench, size_t node, char ret_address[LINE_MAX_LEN])
{
    static const char *const words[] = {"id", NULL};
    char text[LINE_MAX_LEN];
    struct command command;
    if (!start(bench, &command, node, words)) {
        return false;
    }
    size_t len = fread(text, 1, sizeof text - 1, command.output);
    text[len] = '\0';
    (void)fclose(command.output);
    (void)waitpid(command.pid, NULL, 0);
    const char *address = strstr(text, "cepa1");
    if (address != NULL) {
        (void)snprintf(ret_address, LINE_MAX_LEN, "%.*s", (int)strcspn(address, " \t\r\n"),
                       address);
    }
    return address != NULL;
}

static double cpu_of_all(const struct bench *bench)
{
    double sum = 0;
    for (size_t i = 0; i < bench->nodes; i++) {
        sum += bench_process_read(bench->crowd.pids[i]).cpu_s;
    }
    return sum;
}

static void print_memory(const struct bench *bench, const char *when)
{
    char name[80];
    struct bench_values relays = {.len = 0};
    struct bench_values ends = {.len = 0};
    for (size_t i = 0; i < bench->nodes; i++) {
        double rss_mb = bench_process_read(bench->crowd.pids[i]).rss_mb;
        bench_values_add(i + 2 < bench->nodes ? &relays : &ends, rss_mb);
    }
    (void)snprintf(name, sizeof name, "memory of a relay %s, MB", when);
    bench_values_print(name, &relays);
    (void)snprintf(name, sizeof name, "memory of an end (a relay too) %s, MB", when);
    bench_values_print(name, &ends);
}

/* --- waiting ---------------------------------------------------------------------------------- */

/* New sessions: till the proxy says that the stream stands. */
static void measure_openings(struct bench *bench)
{
    struct bench_values first = {.len = 0};
    struct bench_values again = {.len = 0};
    for (unsigned i = 0; i < OPENINGS; i++) {
        char who[32];
        (void)snprintf(who, sizeof who, "stranger%u", i);
        struct cepa_time began = cepa_clock_now();
        int fd = bench_stream_open(&bench->proxy, who, "echo");
        if (fd >= 0) {
            bench_values_add(i == 0 ? &first : &again, seconds_since(began) * 1000);
            (void)close(fd);
        }
        rest_ms(REST_MS);
    }
    bench_values_print("session open, descriptor not known, ms", &first);
    bench_values_print("session open, ms", &again);
}

/* A request of 1 KiB on a session that stands: the stream is opened for it. */
static void measure_requests(struct bench *bench)
{
    struct bench_values delays = {.len = 0};
    char request[32];
    uint8_t byte;
    (void)snprintf(request, sizeof request, "get %d", SMALL);
    for (unsigned i = 0; i <= REQUESTS; i++) {
        struct cepa_time began = cepa_clock_now();
        int fd = bench_stream_open(&bench->proxy, "friend", request);
        if (fd >= 0 && bench_stream_read(fd, &byte, 1) && i > 0) {
            bench_values_add(&delays, seconds_since(began) * 1000);
        }
        if (fd >= 0) {
            (void)close(fd);
        }
        rest_ms(REST_MS);
    }
    bench_values_print("1 KiB, session ready, ms to first byte", &delays);
}

/* --- messages --------------------------------------------------------------------------------- */

/* So many messages of 1,000 bytes there and back, of which so many are under way: how many in a
 * second. */
static double echo(struct bench *bench, unsigned count, unsigned in_flight)
{
    int fd = bench_stream_open(&bench->proxy, "friend", "echo");
    bool is_good = fd >= 0;
    rest_ms(REST_MS);
    struct cepa_time began = cepa_clock_now();
    for (unsigned i = 0; i < in_flight && is_good; i++) {
        is_good = bench_stream_write(fd, bench->piece, MESSAGE);
    }
    for (unsigned i = 0; i < count && is_good; i++) {
        is_good = bench_stream_read(fd, bench->piece, MESSAGE) &&
                  (i + in_flight >= count || bench_stream_write(fd, bench->piece, MESSAGE));
    }
    double seconds = seconds_since(began);
    if (fd >= 0) {
        (void)close(fd);
    }
    return is_good ? count / seconds : 0;
}

/* One way, till the other end says that it has all. */
static double one_way(struct bench *bench)
{
    uint8_t last;
    int fd = bench_stream_open(&bench->proxy, "friend", "put");
    bool is_good = fd >= 0;
    struct cepa_time began = cepa_clock_now();
    for (unsigned i = 0; i < ONE_WAY && is_good; i++) {
        is_good = bench_stream_write(fd, bench->piece, MESSAGE);
    }
    is_good = is_good && shutdown(fd, SHUT_WR) == 0 && bench_stream_read(fd, &last, 1);
    double seconds = seconds_since(began);
    if (fd >= 0) {
        (void)close(fd);
    }
    return is_good ? ONE_WAY / seconds : 0;
}

static void measure_messages(struct bench *bench)
{
    struct bench_values ping_pong = {.len = 0};
    struct bench_values echoes = {.len = 0};
    struct bench_values ways = {.len = 0};
    for (unsigned i = 0; i < bench->runs; i++) {
        bench_values_add(&ping_pong, echo(bench, PING_PONGS, 1));
        bench_values_add(&echoes, echo(bench, ECHOES, IN_FLIGHT));
        bench_values_add(&ways, one_way(bench));
    }
    bench_values_print("messages of 1,000 bytes: ping-pong, per s", &ping_pong);
    bench_values_print("  there and back, 256 under way, per s", &echoes);
    bench_values_print("  one way, per s", &ways);
}

/* --- bytes ------------------------------------------------------------------------------------ */

/* Moves bytes on all streams for a while; gives how many came, or 0 if one stands still. */
static uint64_t move(struct bench *bench, const int *fds, size_t count, bool is_upload, double s)
{
    struct pollfd polls[AT_ONCE];
    struct cepa_time began = cepa_clock_now();
    const uint64_t before = *bench->server.swallowed;
    uint64_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        polls[i] = (struct pollfd){.fd = fds[i], .events = is_upload ? POLLOUT : POLLIN};
    }
    while (seconds_since(began) < s) {
        if (poll(polls, (nfds_t)count, 1000 * PATIENCE_S) <= 0) {
            return 0;
        }
        for (size_t i = 0; i < count; i++) {
            ssize_t moved = 0;
            if (polls[i].revents != 0) {
                moved = is_upload ? send(fds[i], bench->piece, PIECE, MSG_DONTWAIT | MSG_NOSIGNAL)
                                  : recv(fds[i], bench->piece, PIECE, MSG_DONTWAIT);
            }
            if (moved < 0 && errno != EAGAIN && errno != EINTR) {
                return 0;
            }
            bytes += moved > 0 ? (uint64_t)moved : 0;
        }
    }
    return is_upload ? *bench->server.swallowed - before : bytes;
}

/* One run on fresh streams: MB/s, and CPU seconds per GB of all daemons. */
static void run_streams(struct bench *bench, struct bench_values *rates, struct bench_values *costs,
                        size_t count, size_t sessions, bool is_upload)
{
    int fds[AT_ONCE];
    bool is_good = true;
    for (size_t i = 0; i < count; i++) {
        char who[32] = "friend";
        if (sessions > 1) {
            (void)snprintf(who, sizeof who, "friend%zu", i % sessions);
        }
        fds[i] = bench_stream_open(&bench->proxy, who, is_upload ? "put" : "get 1000000000000");
        is_good = is_good && fds[i] >= 0;
    }
    if (is_good && move(bench, fds, count, is_upload, WARM_UP_MS / 1e3) > 0) {
        double cpu = cpu_of_all(bench);
        struct cepa_time began = cepa_clock_now();
        uint64_t bytes = move(bench, fds, count, is_upload, bench->seconds);
        double seconds = seconds_since(began);
        if (bytes > 0) {
            bench_values_add(rates, (double)bytes / seconds / 1e6);
            bench_values_add(costs, (cpu_of_all(bench) - cpu) / (double)bytes * 1e9);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (fds[i] >= 0) {
            (void)close(fds[i]);
        }
    }
    rest_ms(DRAIN_MS);
}

static void measure_streams(struct bench *bench, const char *name, size_t count, size_t sessions,
                            bool is_upload)
{
    char title[80];
    struct bench_values rates = {.len = 0};
    struct bench_values costs = {.len = 0};
    if (bench->only != NULL && strncmp(name, bench->only, strlen(bench->only)) != 0) {
        return;
    }
    for (unsigned i = 0; i < bench->runs; i++) {
        run_streams(bench, &rates, &costs, count, sessions, is_upload);
    }
    (void)snprintf(title, sizeof title, "%s, MB/s", name);
    bench_values_print(title, &rates);
    bench_values_print("  CPU s/GB of all processes", &costs);
}

/* A file as users send it: the other end has it on its disk and has compared the hash. */
static bool send_one(struct bench *bench, struct bench_values *rates, struct bench_values *costs,
                     unsigned turn)
{
    char path[2 * CEPA_CROWD_PATH_SIZE];
    const char *const words[] = {"send", bench->address, path, "--as", "me", "--json", NULL};
    char line[LINE_MAX_LEN] = "";
    struct command command;
    struct rusage used;
    (void)snprintf(path, sizeof path, "%s/file%u", bench->crowd.directory, turn);
    FILE *file = fopen(path, "we");
    for (unsigned i = 0; i < bench->megabytes && file != NULL; i++) {
        memset(bench->piece, (int)(i + turn), PIECE);
        for (unsigned k = 0; k < 4; k++) {
            (void)fwrite(bench->piece, 1, 250000, file);
        }
    }
    if (file == NULL || fclose(file) != 0) {
        return false;
    }
    double cpu = cpu_of_all(bench);
    struct cepa_time began = cepa_clock_now();
    if (!start(bench, &command, bench->nodes - 1, words)) {
        return false;
    }
    while (fgets(line, sizeof line, command.output) != NULL) {
    }
    (void)fclose(command.output);
    int status = 0;
    (void)wait4(command.pid, &status, 0, &used);
    double seconds = seconds_since(began);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "cepa send: %s\n", line);
        return false;
    }
    cpu = cpu_of_all(bench) - cpu + (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
          (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    bench_values_add(rates, bench->megabytes / seconds);
    bench_values_add(costs, cpu / bench->megabytes * 1e3);
    return true;
}

static void measure_file(struct bench *bench)
{
    char title[80];
    struct bench_values rates = {.len = 0};
    struct bench_values costs = {.len = 0};
    if (bench->only != NULL && strcmp(bench->only, "file") != 0) {
        return;
    }
    for (unsigned i = 0; i < bench->runs; i++) {
        (void)send_one(bench, &rates, &costs, i);
    }
    (void)snprintf(title, sizeof title, "cepa send, %u MB and its session, MB/s", bench->megabytes);
    bench_values_print(title, &rates);
    bench_values_print("  CPU s/GB of all processes", &costs);
}

/* --- all of it -------------------------------------------------------------------------------- */

/* The last node's user asks for what the one's before it offers. */
static bool begin_service(struct bench *bench)
{
    char port[16];
    char text[LINE_MAX_LEN];
    char me[LINE_MAX_LEN];
    const char *const expose[] = {"expose", port, "--json", NULL};
    const char *const proxy[] = {"proxy", "--port", "0", "--json", NULL};
    const char *const know[] = {"contacts", "add", "sender", me, NULL};
    size_t client = bench->nodes - 1;
    struct command command;
    if (!ask_address(bench, client, me) || !ask_address(bench, client - 1, bench->address) ||
        !start(bench, &command, client - 1, know)) {
        return false;
    }
    (void)waitpid(command.pid, NULL, 0);
    (void)snprintf(port, sizeof port, "%u", (unsigned)bench->server.port);
    if (!start(bench, &command, client - 1, expose) || !hear(&command, "host", bench->host)) {
        return false;
    }
    bench->commands[0] = command.pid;
    if (!start(bench, &command, client, proxy) || !hear(&command, "socks", text)) {
        return false;
    }
    bench->commands[1] = command.pid;
    bench->proxy = (struct bench_proxy){.port = (uint16_t)strtoul(strrchr(text, ':') + 1, NULL, 10),
                                        .host = bench->host,
                                        .service = bench->server.port,
                                        .patience_s = PATIENCE_S};
    return cepa_crowd_wait(&bench->crowd, client - 1, client, "identities.reachable", 1, JOIN_MS) >=
           0;
}

static bool join(struct bench *bench, struct cepa_reason *ret_reason)
{
    for (size_t i = 0; i < bench->nodes; i++) {
        if (cepa_crowd_start(&bench->crowd, ret_reason, i) != 0) {
            return false;
        }
    }
    (void)snprintf(ret_reason->text, sizeof ret_reason->text, "the nodes do not find each other");
    return cepa_crowd_wait(&bench->crowd, 0, bench->nodes, "network.relays_here",
                           (int64_t)bench->nodes, JOIN_MS) >= 0 &&
           cepa_crowd_wait(&bench->crowd, 0, bench->nodes, "network.circuits_ready_ahead", 1,
                           JOIN_MS) >= 0;
}

static void measure(struct bench *bench)
{
    printf("sessions between two addresses, both hidden; %zu processes on this machine, shaper %s\n"
           "median (least to greatest) of %u runs of %u s\n",
           bench->nodes, bench->shaper, bench->runs, bench->seconds);
    if (bench->only == NULL) {
        print_memory(bench, "idle");
        measure_openings(bench);
        measure_requests(bench);
        measure_messages(bench);
    }
    measure_streams(bench, "download", 1, 1, false);
    measure_streams(bench, "upload", 1, 1, true);
    measure_streams(bench, "8 downloads, one session", AT_ONCE, 1, false);
    measure_streams(bench, "8 downloads, a session each", AT_ONCE, AT_ONCE, false);
    measure_file(bench);
    if (bench->only == NULL) {
        print_memory(bench, "behind all that");
    }
}

static bool run(struct bench *bench, struct cepa_reason *ret_reason)
{
    if (!bench_server_start(&bench->server)) {
        (void)snprintf(ret_reason->text, sizeof ret_reason->text, "no server can be started");
        return false;
    }
    bool is_good = join(bench, ret_reason);
    if (is_good && !begin_service(bench)) {
        (void)snprintf(ret_reason->text, sizeof ret_reason->text, "the service is not offered");
        is_good = false;
    }
    if (is_good) {
        for (size_t i = 0; i < bench->nodes && bench->pause_s > 0; i++) {
            printf("node %zu is process %d\n", i, (int)bench->crowd.pids[i]);
        }
        (void)fflush(stdout);
        (void)sleep(bench->pause_s);
        measure(bench);
    }
    for (size_t i = 0; i < 2; i++) {
        if (bench->commands[i] > 0) {
            (void)kill(bench->commands[i], SIGTERM);
            (void)waitpid(bench->commands[i], NULL, 0);
        }
    }
    bench_server_stop(&bench->server);
    return is_good;
}

static bool read_wish(struct bench *bench, int argc, char **argv)
{
    bench->shaper = "off";
    bench->nodes = NODES;
    bench->seconds = SECONDS;
    bench->runs = RUNS;
    bench->megabytes = MEGABYTES;
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        unsigned number = (unsigned)strtoul(value, NULL, 10);
        if (strcmp(argv[i], "--nodes") == 0) {
            bench->nodes = number;
        } else if (strcmp(argv[i], "--seconds") == 0) {
            bench->seconds = number;
        } else if (strcmp(argv[i], "--runs") == 0) {
            bench->runs = number;
        } else if (strcmp(argv[i], "--megabytes") == 0) {
            bench->megabytes = number;
        } else if (strcmp(argv[i], "--shaper") == 0) {
            bench->shaper = value;
        } else if (strcmp(argv[i], "--pause") == 0) {
            bench->pause_s = number;
        } else if (strcmp(argv[i], "--only") == 0) {
            bench->only = value;
        } else {
            bench->program = argv[i];
            continue;
        }
        i++;
    }
    return bench->program != NULL && bench->nodes >= NODES_MIN && bench->nodes <= CEPA_CROWD_MAX &&
           bench->seconds > 0 && bench->runs > 0 && bench->runs <= BENCH_VALUES_MAX &&
           bench->megabytes > 0;
}

int main(int argc, char **argv)
{
    static struct bench bench;
    struct cepa_reason reason = {""};
    if (!read_wish(&bench, argc, argv)) {
        fprintf(stderr, "Usage: bench_session_speed [--nodes N] [--seconds N] [--runs N] [--shaper "
                        "NAME] [--megabytes N]\n"
                        "                           [--pause N] [--only WORD] PROGRAM\n");
        return 2;
    }
    const char *const options[] = {"--log-level", "warning", "--shaper", bench.shaper};
    const struct cepa_crowd_config config = {
        .program = bench.program, .options = options, .options_len = 4};
    bool is_good = cepa_crowd_begin(&bench.crowd, &reason, &config) == 0;
    if (is_good) {
        is_good = run(&bench, &reason);
        if (!cepa_crowd_end(&bench.crowd, false) && is_good) {
            (void)snprintf(reason.text, sizeof reason.text, "not every node ended well");
            is_good = false;
        }
    }
    if (!is_good) {
        fprintf(stderr, "bench_session_speed: %s\n", reason.text);
    }
    return is_good ? 0 : 1;
}
