/* A command's end of the control socket, before others than a daemon of cepa. */
#define _GNU_SOURCE
#include "native/daemon/control_client.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "native/daemon/control.h"
#include "support/scratch.h"
#include "support/test.h"

static struct cepa_control_client client;
static struct cepa_reason reason;

/* Connects the client with the end that is returned. */
static int begin(void)
{
    int ends[2];
    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    client = (struct cepa_control_client){.fd = ends[0]};
    return ends[1];
}

static void say(int fd, const char *text)
{
    CHECK_INT(write(fd, text, strlen(text)), strlen(text));
}

static int receive(void)
{
    cJSON *answer = NULL;
    int status = cepa_control_client_receive(&client, &answer, &reason, 20);
    CHECK((answer != NULL) == (status == 0));
    cJSON_Delete(answer);
    return status;
}

TEST(answers_are_believed_only_as_a_daemon_gives_them)
{
    static const struct {
        const char *text;
        int status;
        const char *reason; /* or NULL */
    } cases[] = {{"{\"ok\":true}\n", 0, NULL},
                 {"{\"ok\":false,\"reason\":\"no\"}\n", CEPA_ERR_STATE, "no"},
                 {"{\"ok\":false,\"reason\":\"%s%n\"}\n", CEPA_ERR_STATE, "%s%n"},
                 {"{\"ok\":false}\n", CEPA_ERR_MALFORMED, NULL},
                 {"{\"ok\":false,\"reason\":5}\n", CEPA_ERR_MALFORMED, NULL},
                 {"{\"ok\":1}\n", CEPA_ERR_MALFORMED, NULL},
                 {"[true]\n", CEPA_ERR_MALFORMED, NULL},
                 {"HTTP/1.1 400 Bad Request\r\n", CEPA_ERR_MALFORMED, NULL},
                 {"\n", CEPA_ERR_MALFORMED, NULL},
                 {"{\"ok\":true}", CEPA_ERR_TIMEOUT, NULL},
                 {"", CEPA_ERR_TIMEOUT, NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int daemon = begin();
        say(daemon, cases[i].text);
        CHECK_INT(receive(), cases[i].status);
        if (cases[i].reason != NULL) {
            CHECK(strcmp(reason.text, cases[i].reason) == 0);
        }
        cepa_control_client_close(&client);
        close(daemon);
    }
}

TEST(several_answers_come_one_by_one_and_in_pieces)
{
    int daemon = begin();
    say(daemon, "{\"ok\":true}\n{\"ok\":false,\"reason\":\"b\"}\n{\"ok\"");
    CHECK_INT(receive(), 0);
    CHECK_INT(receive(), CEPA_ERR_STATE);
    CHECK_INT(receive(), CEPA_ERR_TIMEOUT);
    say(daemon, ":true}\n");
    CHECK_INT(receive(), 0);
    close(daemon);
    CHECK_INT(receive(), CEPA_ERR_SYSTEM);
    cepa_control_client_close(&client);
}

TEST(an_answer_without_end_is_left)
{
    int daemon = begin();
    static char piece[1 << 16];
    int status = CEPA_ERR_TIMEOUT;
    size_t sent = 0;
    memset(piece, 'x', sizeof piece);
    while (status == CEPA_ERR_TIMEOUT && sent < 8 * (size_t)CEPA_CONTROL_UNSENT_MAX) {
        ssize_t len = send(daemon, piece, sizeof piece, MSG_DONTWAIT);
        sent += len > 0 ? (size_t)len : 0;
        status = receive();
    }
    CHECK_INT(status, CEPA_ERR_SYSTEM);
    CHECK(strstr(reason.text, "too long") != NULL);
    cepa_control_client_close(&client);
    close(daemon);
}

TEST(who_has_gone_is_not_asked)
{
    const struct cepa_control_request request = {.kind = CEPA_CONTROL_STATUS};
    int daemon = begin();
    close(daemon);
    CHECK_INT(cepa_control_client_send(&client, &reason, &request), CEPA_ERR_SYSTEM);
    cepa_control_client_close(&client);
}

TEST(paths_without_a_daemon_say_what_to_do)
{
    char folder[SCRATCH_PATH_SIZE];
    char path[2 * SCRATCH_PATH_SIZE];
    const struct cepa_control_request request = {.kind = CEPA_CONTROL_STATUS};
    cJSON *answer = NULL;
    scratch_make(folder);
    (void)snprintf(path, sizeof path, "%s/none", folder);
    CHECK_INT(cepa_control_ask(&answer, &reason, path, &request), CEPA_ERR_UNREACHABLE);
    CHECK(strstr(reason.text, "cepa up") != NULL);
    CHECK_INT(cepa_control_ask(&answer, &reason, "/dev/null/x", &request), CEPA_ERR_UNREACHABLE);
    memset(path, 'a', 200);
    path[200] = '\0';
    CHECK_INT(cepa_control_ask(&answer, &reason, path, &request), CEPA_ERR_SYSTEM);
    CHECK(answer == NULL);
}

TEST_MAIN(RUN(answers_are_believed_only_as_a_daemon_gives_them),
          RUN(several_answers_come_one_by_one_and_in_pieces), RUN(an_answer_without_end_is_left),
          RUN(who_has_gone_is_not_asked), RUN(paths_without_a_daemon_say_what_to_do))
