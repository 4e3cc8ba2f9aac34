/* Connecting to services, by a daemon that says what it should, or not, or dies. */
#define _GNU_SOURCE
#include <cepa/cepa.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/false_daemon.h"
#include "support/lone_daemon.h"
#include "support/scratch.h"
#include "support/test.h"

static struct cepa *cepa;
static char address[CEPA_ADDRESS_CHARS];
static char control[SCRATCH_PATH_SIZE];
static pid_t daemon_pid;
static size_t descriptors;

static void begin(false_daemon_line *on_line)
{
    char folder[SCRATCH_PATH_SIZE];
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

static int connect_within(uint32_t timeout_ms, int *ret_fd)
{
    const struct cepa_connect_options options = {.size = sizeof options, .timeout_ms = timeout_ms};
    return cepa_connect(cepa, ret_fd, NULL, address, "Web", &options);
}

/* --- what goes well --------------------------------------------------------------------------- */

static void echo(int client, const char *line, int fd)
{
    static int stream = -1;
    char byte;
    if (false_daemon_has(line, "\"do\":\"connect\"")) {
        false_daemon_say(client, false_daemon_has(line, "\"service\":\"web\"") && fd < 0
                                     ? "{\"ok\":true,\"stream\":1,\"event\":\"opening\"}"
                                     : "{\"ok\":false,\"stream\":1,\"reason\":\"strange\"}");
        false_daemon_say(client, "{\"ok\":true,\"stream\":7,\"event\":\"cut\"}");
        false_daemon_say(client, "{\"ok\":true,\"stream\":1,\"event\":\"ready\"}");
    } else if (false_daemon_has(line, "\"do\":\"take\"")) {
        stream = fd;
        false_daemon_say(client, "{\"ok\":true,\"stream\":1}");
        (void)!read(stream, &byte, 1);
        (void)!write(stream, &byte, 1);
        close(stream);
        false_daemon_say(client, "{\"ok\":true,\"stream\":1,\"event\":\"mended\"}");
        false_daemon_say(client, "{\"ok\":true,\"stream\":1,\"event\":\"delivered\"}");
        false_daemon_say(client, "{\"ok\":true,\"stream\":1,\"event\":\"ended\",\"why\":\"why\"}");
    }
}

TEST(a_stream_is_a_socket_and_has_events)
{
    static const struct {
        int kind;
        uint32_t stream;
    } wanted[] = {{CEPA_EVENT_CUT, 7},
                  {CEPA_EVENT_MENDED, 1},
                  {CEPA_EVENT_DELIVERED, 1},
                  {CEPA_EVENT_ENDED, 1}};
    struct cepa_event event = {.size = sizeof event};
    uint32_t number = 0;
    char byte = 'x';
    int fd = -1;
    begin(echo);
    CHECK_INT(cepa_event_fd(cepa), -1);
    CHECK_INT(cepa_next_event(cepa, &event, 0), CEPA_FAIL_STATE);
    CHECK_INT(cepa_connect(cepa, &fd, &number, address, "web", NULL), 0);
    CHECK_INT(number, 1);
    CHECK(cepa_event_fd(cepa) >= 0);
    CHECK_INT(write(fd, &byte, 1), 1);
    byte = 0;
    CHECK_INT(read(fd, &byte, 1), 1);
    CHECK_INT(byte, 'x');
    CHECK_INT(read(fd, &byte, 1), 0);
    close(fd);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        CHECK_INT(cepa_next_event(cepa, &event, 5000), 0);
        CHECK_INT(event.kind, wanted[i].kind);
        CHECK_INT(event.stream, wanted[i].stream);
    }
    CHECK_INT(event.failure, CEPA_FAIL_UNREACHABLE);
    CHECK(strcmp(event.reason, "why") == 0);
    CHECK_INT(cepa_next_event(cepa, &event, 0), CEPA_FAIL_AGAIN);
    CHECK_INT(cepa_next_event(cepa, &event, 50), CEPA_FAIL_AGAIN);
    end();
}

/* --- what does not ---------------------------------------------------------------------------- */

static void refuse(int client, const char *line, int fd)
{
    (void)fd;
    if (false_daemon_has(line, "connect")) {
        false_daemon_say(client, "{\"ok\":true,\"stream\":1,\"event\":\"opening\"}");
        false_daemon_say(client,
                         "{\"ok\":false,\"stream\":1,\"reason\":\"not to you\",\"error\":-10}");
    }
}

TEST(a_refusal_says_why)
{
    int fd = -1;
    begin(refuse);
    CHECK_INT(connect_within(5000, &fd), CEPA_FAIL_REFUSED);
    CHECK(strcmp(cepa_reason(cepa), "not to you") == 0);
    CHECK_INT(fd, -1);
    end();
}

TEST(what_makes_no_sense_is_not_asked)
{
    const struct cepa_connect_options options = {
        .size = sizeof options,
        .as = "123456789012345678901234567890123456789012345678901234567890123456789"};
    char wrong[CEPA_ADDRESS_CHARS];
    int fd = -1;
    begin(NULL);
    memcpy(wrong, address, sizeof wrong);
    wrong[20] = wrong[20] == 'q' ? 'p' : 'q';
    CHECK_INT(cepa_connect(cepa, &fd, NULL, wrong, "web", NULL), CEPA_FAIL_ADDRESS);
    CHECK(strstr(cepa_reason(cepa), "character 21") != NULL);
    CHECK_INT(cepa_connect(cepa, &fd, NULL, "nobody", "web", NULL), CEPA_FAIL_ADDRESS);
    CHECK_INT(cepa_connect(cepa, &fd, NULL, NULL, "web", NULL), CEPA_FAIL_ARGUMENT);
    CHECK_INT(cepa_connect(cepa, &fd, NULL, address, "a service", NULL), CEPA_FAIL_ARGUMENT);
    CHECK_INT(cepa_connect(cepa, &fd, NULL, address, "web", &options), CEPA_FAIL_ARGUMENT);
    CHECK_INT(connect_within(5000, &fd), CEPA_FAIL_NO_NODE);
    CHECK(strstr(cepa_reason(cepa), "cepa up") != NULL);
    end();
}

static void say_nothing(int client, const char *line, int fd)
{
    (void)client;
    (void)line;
    (void)fd;
}

TEST(who_does_not_answer_is_not_waited_for)
{
    int fd = -1;
    begin(say_nothing);
    CHECK_INT(connect_within(100, &fd), CEPA_FAIL_TIMEOUT);
    end();
}

/* --- daemons that die ------------------------------------------------------------------------- */

static void die_at_connect(int client, const char *line, int fd)
{
    (void)client;
    (void)line;
    (void)fd;
    _exit(0);
}

static void die_at_take(int client, const char *line, int fd)
{
    (void)fd;
    if (false_daemon_has(line, "take")) {
        _exit(0);
    }
    false_daemon_say(client, "{\"ok\":true,\"stream\":1,\"event\":\"ready\"}");
}

static void die_later(int client, const char *line, int fd)
{
    (void)fd;
    false_daemon_say(client, false_daemon_has(line, "take")
                                 ? "{\"ok\":true,\"stream\":1}\n{\"ok\":true,\"str"
                                 : "{\"ok\":true,\"stream\":1,\"event\":\"ready\"}");
    if (false_daemon_has(line, "take")) {
        _exit(0);
    }
}

static void talk_nonsense(int client, const char *line, int fd)
{
    (void)line;
    (void)fd;
    false_daemon_say(client, "{\"ok\":\"perhaps\"}");
}

TEST(a_daemon_that_dies_or_raves_is_an_error)
{
    static false_daemon_line *const ways[] = {die_at_connect, die_at_take, talk_nonsense};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct cepa_event event = {.size = sizeof event};
        int fd = -1;
        begin(ways[i]);
        CHECK_INT(connect_within(5000, &fd), CEPA_FAIL_NO_NODE);
        CHECK(cepa_reason(cepa)[0] != '\0');
        CHECK_INT(cepa_next_event(cepa, &event, 0), 0);
        CHECK_INT(event.kind, CEPA_EVENT_NODE_LOST);
        end();
    }
}

TEST(a_stream_whose_daemon_dies_ends_and_the_next_is_used)
{
    struct cepa_event event = {.size = sizeof event};
    char byte;
    int fd = -1;
    begin(die_later);
    CHECK_INT(connect_within(5000, &fd), 0);
    CHECK(read(fd, &byte, 1) <= 0);
    close(fd);
    CHECK_INT(cepa_next_event(cepa, &event, 5000), 0);
    CHECK_INT(event.kind, CEPA_EVENT_NODE_LOST);
    CHECK_INT(event.failure, CEPA_FAIL_NO_NODE);
    CHECK_INT(cepa_event_fd(cepa), -1);
    CHECK_INT(cepa_next_event(cepa, &event, -1), CEPA_FAIL_STATE);
    false_daemon_stop(daemon_pid);
    daemon_pid = false_daemon_start(control, refuse);
    CHECK_INT(connect_within(100, &fd), CEPA_FAIL_TIMEOUT); /* it speaks of stream 1, this is 2 */
    CHECK(cepa_event_fd(cepa) >= 0);
    end();
}

TEST_MAIN(RUN(a_stream_is_a_socket_and_has_events), RUN(a_refusal_says_why),
          RUN(what_makes_no_sense_is_not_asked), RUN(who_does_not_answer_is_not_waited_for),
          RUN(a_daemon_that_dies_or_raves_is_an_error),
          RUN(a_stream_whose_daemon_dies_ends_and_the_next_is_used))
