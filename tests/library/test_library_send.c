/* Sending: to a daemon that is the receiver itself, that dies, and that is stopped. */
#define _GNU_SOURCE
#include <cepa/cepa.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/false_daemon.h"
#include "support/lone_daemon.h"
#include "support/scratch.h"
#include "support/test.h"

static struct cepa *cepa;
static char address[CEPA_ADDRESS_CHARS];
static pid_t daemon_pid;
static size_t descriptors;

static void begin(false_daemon_line *on_line)
{
    char folder[SCRATCH_PATH_SIZE];
    char control[SCRATCH_PATH_SIZE];
    scratch_make(folder);
    scratch_join(control, folder, "control");
    descriptors = lone_daemon_descriptors();
    CHECK_INT(cepa_attach(&cepa, folder), 0);
    CHECK_INT(cepa_identity_make(cepa, address, "me"), 0);
    daemon_pid = on_line != NULL ? false_daemon_start(control, on_line) : 0;
}

static void end(void)
{
    cepa_close(cepa);
    if (daemon_pid != 0) {
        false_daemon_stop(daemon_pid);
    }
    CHECK_INT(lone_daemon_descriptors(), descriptors);
}

/* Reads all of a stream, and keeps the message. */
static void keep_message(int client, const char *line, int fd)
{
    char piece[4096];
    if (!false_daemon_has(line, "connect")) {
        return;
    }
    false_daemon_say(client, "{\"ok\":true,\"stream\":1,\"event\":\"opening\"}");
    false_daemon_say(client, "{\"ok\":true,\"stream\":1,\"event\":\"ready\"}");
    while (read(fd, piece, sizeof piece) > 0) {
    }
    (void)!write(fd, "", 1);
    close(fd);
}

TEST(a_message_is_sent)
{
    struct cepa_sent sent = {.size = sizeof sent};
    begin(keep_message);
    CHECK_INT(cepa_send_message(cepa, &sent, address, "good morning", NULL), 0);
    CHECK_INT(sent.bytes, 12);
    CHECK_INT(sent.mailboxes, 0);
    CHECK_INT(cepa_send_message(cepa, NULL, address, "again", NULL), 0);
    end();
}

static void refuse_message(int client, const char *line, int fd)
{
    char piece[4096];
    if (false_daemon_has(line, "connect")) {
        false_daemon_say(client, "{\"ok\":true,\"stream\":1,\"event\":\"opening\"}");
        while (read(fd, piece, sizeof piece) > 0) {
        }
        (void)!write(fd, "\1", 1);
        close(fd);
    }
}

TEST(a_refusal_is_told)
{
    begin(refuse_message);
    CHECK_INT(cepa_send_message(cepa, NULL, address, "good morning", NULL), CEPA_FAIL_REFUSED);
    end();
}

TEST(what_makes_no_sense_is_not_sent)
{
    const struct cepa_send_options options = {.size = sizeof options, .flags = 64};
    begin(NULL);
    CHECK_INT(cepa_send_message(cepa, NULL, address, "", NULL), CEPA_FAIL_ARGUMENT);
    CHECK_INT(cepa_send_message(cepa, NULL, address, "\xff", NULL), CEPA_FAIL_ARGUMENT);
    CHECK_INT(cepa_send_message(cepa, NULL, address, NULL, NULL), CEPA_FAIL_ARGUMENT);
    CHECK_INT(cepa_send_message(cepa, NULL, "nobody", "text", NULL), CEPA_FAIL_ADDRESS);
    CHECK_INT(cepa_send_message(cepa, NULL, address, "text", &options), CEPA_FAIL_ARGUMENT);
    CHECK_INT(cepa_send_message(cepa, NULL, address, "text", NULL), CEPA_FAIL_NO_NODE);
    CHECK_INT(cepa_send_file(cepa, NULL, address, "/nothing/there", NULL), CEPA_FAIL_NOT_FOUND);
    CHECK_INT(cepa_send_file(cepa, NULL, address, "/", NULL), CEPA_FAIL_ARGUMENT);
    CHECK_INT(cepa_send_file(cepa, NULL, address, NULL, NULL), CEPA_FAIL_ARGUMENT);
    end();
}

/* Accepts a file from its start, reads a little, and dies. */
static void die_in_a_file(int client, const char *line, int fd)
{
    char piece[4096];
    if (false_daemon_has(line, "connect")) {
        false_daemon_say(client, "{\"ok\":true,\"stream\":1,\"event\":\"opening\"}");
        false_daemon_say(client, "{\"ok\":true,\"stream\":1,\"event\":\"ready\"}");
        (void)!read(fd, piece, sizeof piece);
        _exit(0);
    }
}

/* A pipe with something in it. */
static int make_pipe(int ret_ends[2])
{
    return pipe(ret_ends) == 0 && write(ret_ends[1], "some bytes", 10) == 10 ? 0 : -1;
}

TEST(a_daemon_that_dies_in_the_middle_is_an_error)
{
    const struct cepa_send_options options = {
        .size = sizeof options, .name = "a/b", .patience_s = 1};
    int ends[2];
    begin(die_in_a_file);
    CHECK_INT(make_pipe(ends), 0);
    int result = cepa_send_fd(cepa, NULL, address, ends[0], &options);
    CHECK(result == CEPA_FAIL_TIMEOUT || result == CEPA_FAIL_NO_NODE);
    CHECK(cepa_reason(cepa)[0] != '\0');
    close(ends[0]);
    close(ends[1]);
    end();
}

static int stop_soon(void *context, uint64_t bytes, uint64_t size, const char *waits_for)
{
    int *calls = context;
    (void)bytes;
    (void)waits_for;
    (*calls)++;
    return size == CEPA_SIZE_UNKNOWN && *calls > 3;
}

static void open_only(int client, const char *line, int fd)
{
    (void)fd;
    if (false_daemon_has(line, "connect")) {
        false_daemon_say(client, "{\"ok\":true,\"stream\":1,\"event\":\"opening\"}");
    }
}

TEST(a_program_stops_what_it_sends)
{
    int calls = 0;
    const struct cepa_send_options options = {
        .size = sizeof options, .progress = stop_soon, .context = &calls};
    int ends[2];
    begin(open_only);
    CHECK_INT(make_pipe(ends), 0);
    CHECK_INT(cepa_send_fd(cepa, NULL, address, ends[0], &options), CEPA_FAIL_STOPPED);
    CHECK(calls >= 4);
    close(ends[0]);
    close(ends[1]);
    end();
}

TEST_MAIN(RUN(a_message_is_sent), RUN(a_refusal_is_told), RUN(what_makes_no_sense_is_not_sent),
          RUN(a_daemon_that_dies_in_the_middle_is_an_error), RUN(a_program_stops_what_it_sends))
