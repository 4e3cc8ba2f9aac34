/* Serves the dashboard to a browser under test: prints its address, and shows the state that stands
 * in the last line of standard input, one of JSON. Ends with standard input. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "native/daemon/dashboard.h"
#include "native/host.h"
#include "native/net/clock.h"
#include "native/net/loop.h"

enum { NUMBER_INPUT, NUMBER_DASHBOARD };

/* The input so far, from the line that is shown on. */
struct input {
    char *bytes;
    size_t len;
    size_t line_len; /* of the first line; 0: none is complete */
};

/* Keeps the last complete line and what follows it. */
static void find_line(struct input *input)
{
    char *newline;
    char *from = input->bytes + (input->line_len > 0 ? input->line_len + 1 : 0);
    while ((newline = memchr(from, '\n', input->len - (size_t)(from - input->bytes))) != NULL) {
        input->line_len = (size_t)(newline - from);
        input->len -= (size_t)(from - input->bytes);
        memmove(input->bytes, from, input->len);
        from = input->bytes + input->line_len + 1;
    }
}

/* Reads what is there; false at the end. */
static bool read_input(struct input *input)
{
    char *bytes = realloc(input->bytes, input->len + 65536);
    if (bytes == NULL) {
        return false;
    }
    input->bytes = bytes;
    ssize_t got = read(STDIN_FILENO, bytes + input->len, 65536);
    if (got <= 0) {
        return false;
    }
    input->len += (size_t)got;
    find_line(input);
    return true;
}

static int serve(struct cepa_loop *loop, struct cepa_dashboard *dashboard, struct input *input)
{
    struct cepa_loop_ready ready;
    for (;;) {
        if (cepa_loop_wait(loop, cepa_dashboard_deadline(dashboard)) < 0) {
            return 1;
        }
        while (cepa_loop_next(loop, &ready)) {
            if (ready.number == NUMBER_INPUT && !read_input(input)) {
                return 0;
            }
        }
        cepa_dashboard_step(dashboard, cepa_clock_now());
        if (input->line_len > 0 && cepa_dashboard_wants_status(dashboard) &&
            cepa_dashboard_set_status(dashboard, input->bytes, input->line_len) != 0) {
            return 1;
        }
    }
}

int main(int argc, char **argv)
{
    struct cepa_loop *loop = NULL;
    struct cepa_dashboard *dashboard = NULL;
    struct input input = {NULL, 0, 0};
    char url[CEPA_DASHBOARD_URL_SIZE];
    uint16_t port = argc > 1 ? (uint16_t)strtoul(argv[1], NULL, 10) : 0;
    if (cepa_native_init() != 0 || cepa_loop_open(&loop) != 0 ||
        cepa_dashboard_open(&dashboard, port, cepa_native_random()) != 0 ||
        cepa_loop_add(loop, STDIN_FILENO, NUMBER_INPUT, CEPA_LOOP_READ) != 0 ||
        cepa_loop_add(loop, cepa_dashboard_descriptor(dashboard), NUMBER_DASHBOARD,
                      CEPA_LOOP_READ) != 0) {
        fputs("dashboard_server: cannot listen\n", stderr);
        return 1;
    }
    cepa_dashboard_url(dashboard, url);
    puts(url);
    fflush(stdout);
    int status = serve(loop, dashboard, &input);
    cepa_dashboard_close(dashboard);
    cepa_loop_close(loop);
    free(input.bytes);
    return status;
}
