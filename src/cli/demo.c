/* cepa demo: the command line of the demonstration, and its report. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/demo_relays.h"
#include "cli/demo_run.h"
#include "cli/json.h"
#include "cli/options.h"
#include "native/host.h"

static const char own_program[] = "/proc/self/exe";

/* Everything that is reported. */
struct report {
    const char *path;
    struct cepa_demo_report packets;
    struct cepa_demo_report cells;
    bool is_verified;
};

static double us(uint64_t ns)
{
    return (double)ns / 1000;
}

/* Bytes per ns are GB/s. */
static double rate(uint64_t bytes, uint64_t ns)
{
    return ns > 0 ? 1000 * (double)bytes / (double)ns : 0;
}

static uint64_t total_ns(const struct cepa_demo_report *report)
{
    uint64_t total = 0;
    for (size_t i = 0; i < CEPA_DEMO_PLACES; i++) {
        total += report->place_ns[i];
    }
    return total;
}

static void print_digest(const uint8_t *digest)
{
    for (size_t i = 0; i < CEPA_DEMO_DIGEST_SIZE; i++) {
        printf("%02x", digest[i]);
    }
}

static void print_places(const struct cepa_demo_report *report)
{
    printf("    %-8s %-20s %12s %10s %10s %8s\n", "place", "does", "bytes", "us each", "us best",
           "MB/s");
    for (size_t i = 0; i < CEPA_DEMO_PLACES; i++) {
        char place[32];
        snprintf(place, sizeof place, "hop %zu", i);
        printf("    %-8s %-20s %12llu %10.2f %10.2f %8.0f\n", i == 0 ? "sender" : place,
               report->what_at[i], (unsigned long long)report->data_at[i],
               us(report->place_ns[i]) / (double)report->messages, us(report->best_ns[i]),
               rate(report->data_at[i], report->place_ns[i]));
    }
    printf("    received ");
    print_digest(report->received);
    printf("\n    %s; the file went through at %.1f MB/s, all hops on one core\n\n",
           report->is_verified ? "verified" : "NOT what was sent",
           rate(report->bytes, total_ns(report)));
}

static void print_text(const struct report *report)
{
    const struct cepa_demo_report *packets = &report->packets;
    const struct cepa_demo_report *cells = &report->cells;
    printf("%s, %llu bytes, through %d hops inside this process\n",
           report->path == own_program ? "this program" : report->path,
           (unsigned long long)packets->bytes, CEPA_DEMO_HOPS);
    printf("    BLAKE2b  ");
    print_digest(packets->sent);
    printf("\n\nas onion packets: %llu of %zu bytes, up to %zu of the file in each\n",
           (unsigned long long)packets->messages, packets->message_size, packets->data_max);
    print_places(packets);
    printf("as cells: one packet built the circuit in %.2f ms, then %llu cells of %zu bytes,\n"
           "up to %zu of the file in each\n",
           us(cells->setup_ns) / 1000, (unsigned long long)cells->messages, cells->message_size,
           cells->data_max);
    print_places(cells);
}

static void print_json_part(const char *name, const struct cepa_demo_report *report)
{
    printf(", \"%s\": {\"messages\": %llu, \"message_bytes\": %zu, \"data_max\": %zu, "
           "\"setup_us\": %.3f, \"places\": [",
           name, (unsigned long long)report->messages, report->message_size, report->data_max,
           us(report->setup_ns));
    for (size_t i = 0; i < CEPA_DEMO_PLACES; i++) {
        printf("%s{\"hop\": %zu, \"does\": ", i > 0 ? ", " : "", i);
        cepa_cli_json_string(report->what_at[i]);
        printf(", \"bytes\": %llu, \"us_each\": %.3f, \"us_best\": %.3f}",
               (unsigned long long)report->data_at[i],
               us(report->place_ns[i]) / (double)report->messages, us(report->best_ns[i]));
    }
    printf("], \"received\": \"");
    print_digest(report->received);
    printf("\", \"verified\": %s}", report->is_verified ? "true" : "false");
}

static void print_json(const struct report *report)
{
    printf("{\"file\": ");
    cepa_cli_json_string(report->path);
    printf(", \"bytes\": %llu, \"blake2b\": \"", (unsigned long long)report->packets.bytes);
    print_digest(report->packets.sent);
    printf("\"");
    print_json_part("packets", &report->packets);
    print_json_part("cells", &report->cells);
    printf(", \"verified\": %s}\n", report->is_verified ? "true" : "false");
}

/* Gives the length of a file that can be read twice, or -1. */
static long long length_of(FILE *file)
{
    long long len = -1;
    if (fseek(file, 0, SEEK_END) == 0) {
        len = ftell(file);
    }
    /* A folder can be opened and has a length; only reading shows what it is. */
    if (len < 0 || fseek(file, 0, SEEK_SET) != 0 || (fgetc(file) == EOF && ferror(file))) {
        return -1;
    }
    return fseek(file, 0, SEEK_SET) == 0 ? len : -1;
}

static int fail(const char *path, const char *why)
{
    fprintf(stderr, "cepa demo: %s: %s\n", path, why);
    return CEPA_CLI_FAILED;
}

/* Sends an open file both ways. */
static int send(struct report *report, struct cepa_demo *demo, FILE *file, uint64_t len)
{
    int status = cepa_native_init();
    if (status == 0) {
        status = cepa_demo_init(demo, len / CEPA_PACKET_CONTENT_MAX + 2);
    }
    if (status == 0) {
        status = cepa_demo_packets(demo, file, &report->packets);
        if (status == 0 && fseek(file, 0, SEEK_SET) == 0) {
            status = cepa_demo_cells(demo, file, &report->cells);
        }
        cepa_demo_wipe(demo);
    }
    report->is_verified =
        report->packets.is_verified && report->cells.is_verified &&
        memcmp(report->packets.received, report->cells.received, CEPA_DEMO_DIGEST_SIZE) == 0;
    return status;
}

static int demonstrate(const char *path, bool is_json)
{
    struct report report;
    memset(&report, 0, sizeof report);
    report.path = path;
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return fail(path, strerror(errno));
    }
    long long len = length_of(file);
    struct cepa_demo *demo = malloc(sizeof *demo);
    int result = CEPA_CLI_FAILED;
    if (len < 0 || demo == NULL) {
        result = fail(path, demo == NULL ? "there is not enough memory" : strerror(errno));
    } else {
        int status = send(&report, demo, file, (uint64_t)len);
        if (status != 0) {
            result = fail(path, ferror(file) ? strerror(errno) : cepa_error_text(status));
        } else {
            (is_json ? print_json : print_text)(&report);
            result =
                report.is_verified ? CEPA_CLI_OK : fail(path, "what came out is not what went in");
        }
    }
    free(demo);
    fclose(file);
    return result;
}

int cepa_cli_demo(int argc, char **argv)
{
    bool is_json = false;
    const struct cepa_cli_option options[] = {
        {'j', "json", NULL, "print JSON", &is_json, NULL},
    };
    const struct cepa_cli_syntax syntax = {
        "cepa demo [--json] [FILE]",
        "Sends FILE through five hops as onion packets and then through a circuit as cells, all\n"
        "inside this process, compares what comes out with what went in, and prints the sizes\n"
        "and times of every hop. Without FILE it sends this program itself.\n",
        options, 1, 1};
    struct cepa_cli_arguments arguments;
    int status = cepa_cli_parse(&arguments, &syntax, argc, argv);
    if (status != CEPA_CLI_PROCEED) {
        return status;
    }
    return demonstrate(arguments.len > 0 ? arguments.values[0] : own_program, is_json);
}
