/* The control socket, from both ends: a daemon in a child process, and clients good and bad. */
#define _GNU_SOURCE
#include "native/daemon/control.h"

#include <cjson/cJSON.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "native/daemon/control_client.h"
#include "native/net/clock.h"
#include "support/scratch.h"
#include "support/test.h"

enum { FIRST = 100 };

static char folder[SCRATCH_PATH_SIZE];
static char path[SCRATCH_PATH_SIZE];
static struct cepa_reason reason;
static pid_t child;

static void answer(struct cepa_control *control, const struct cepa_control_asked *asked)
{
    cJSON *object = cJSON_CreateObject();
    char *large = NULL;
    switch (asked->request.kind) {
    case CEPA_CONTROL_STATUS:
        cJSON_AddNumberToObject(object, "links", 3);
        break;
    case CEPA_CONTROL_JOIN:
        cJSON_AddStringToObject(object, "echo", asked->request.invitation);
        break;
    case CEPA_CONTROL_METRICS:
        large = calloc(1, 700000);
        memset(large, 'x', 600000);
        cJSON_AddStringToObject(object, "metrics", large);
        break;
    case CEPA_CONTROL_STOP:
        _exit(0);
    case CEPA_CONTROL_INVITE:
        cepa_control_refuse(control, asked->client, "there is nobody to name");
        cJSON_Delete(object);
        return;
    case CEPA_CONTROL_WATCH:
    case CEPA_CONTROL_ID:
    case CEPA_CONTROL_PING:
    case CEPA_CONTROL_PINGED:
    case CEPA_CONTROL_SPEED:
    case CEPA_CONTROL_SPEED_RESULT:
    case CEPA_CONTROL_TALK:
    case CEPA_CONTROL_LINK:
    case CEPA_CONTROL_LINKED:
    case CEPA_CONTROL_PROBE:
    case CEPA_CONTROL_PROBED:
    case CEPA_CONTROL_RELOAD:
    case CEPA_CONTROL_REFUSE:
    case CEPA_CONTROL_LEAVE:
        break;
    case CEPA_CONTROL_CONNECT:
    case CEPA_CONTROL_TAKE:
        /* What is told comes beside the answer. */
        cJSON_AddNumberToObject(object, "stream", asked->request.stream);
        cepa_control_tell(control, asked->serial, object);
        cepa_control_tell(control, asked->serial + 1, object);
        (void)!write(asked->socket, "hello", 5);
        close(asked->socket);
        break;
    case CEPA_CONTROL_LISTEN:
        cJSON_AddBoolToObject(object, "here", cepa_control_is_here(control, asked->serial));
        cJSON_AddBoolToObject(object, "other", cepa_control_is_here(control, asked->serial + 1));
        break;
    }
    cepa_control_answer(control, asked->client, object);
    cJSON_Delete(object);
    free(large);
}

static void serve(void)
{
    struct cepa_control *control;
    struct cepa_loop *loop;
    struct cepa_loop_ready ready;
    struct cepa_control_asked asked;
    if (cepa_loop_open(&loop) != 0 ||
        cepa_control_open(&control, &reason, path, loop, FIRST) != 0) {
        _exit(1);
    }
    for (;;) {
        if (cepa_loop_wait(loop, cepa_control_deadline(control)) < 0) {
            _exit(2);
        }
        struct cepa_time now = cepa_clock_now();
        while (cepa_loop_next(loop, &ready)) {
            if (!cepa_control_on_ready(control, &ready, now)) {
                _exit(3);
            }
        }
        while (cepa_control_next_asked(control, &asked, now)) {
            answer(control, &asked);
        }
    }
}

static void stop(void)
{
    if (child > 0) {
        (void)kill(child, SIGKILL);
        (void)waitpid(child, NULL, 0);
        child = 0;
    }
}

static void start(void)
{
    struct cepa_control_client client;
    stop();
    scratch_make(folder);
    scratch_join(path, folder, "control");
    child = fork();
    if (child == 0) {
        serve();
    }
    for (int i = 0; i < 500; i++) {
        if (cepa_control_client_open(&client, &reason, path) == 0) {
            cepa_control_client_close(&client);
            return;
        }
        usleep(10000);
    }
    bool has_started = false;
    CHECK(has_started);
}

static cJSON *ask(enum cepa_control_kind kind)
{
    struct cepa_control_request request = {
        .kind = kind, .every_ms = 1000, .invitation = "cepa:abc"};
    cJSON *got = NULL;
    CHECK_INT(cepa_control_ask(&got, &reason, path, &request), 0);
    return got;
}

TEST(requests_are_answered)
{
    struct cepa_control_request invite = {.kind = CEPA_CONTROL_INVITE};
    struct stat facts;
    cJSON *got = NULL;
    start();
    CHECK(stat(path, &facts) == 0 && (facts.st_mode & 0777) == 0600);
    got = ask(CEPA_CONTROL_STATUS);
    CHECK_INT(cJSON_GetObjectItem(got, "links")->valueint, 3);
    cJSON_Delete(got);
    got = ask(CEPA_CONTROL_JOIN);
    CHECK(strcmp(cJSON_GetObjectItem(got, "echo")->valuestring, "cepa:abc") == 0);
    cJSON_Delete(got);
    got = ask(CEPA_CONTROL_METRICS);
    CHECK_INT(strlen(cJSON_GetObjectItem(got, "metrics")->valuestring), 600000);
    cJSON_Delete(got);
    CHECK_INT(cepa_control_ask(&got, &reason, path, &invite), CEPA_ERR_STATE);
    CHECK(strcmp(reason.text, "there is nobody to name") == 0);
    stop();
}

TEST(watching_goes_on)
{
    struct cepa_control_request request = {.kind = CEPA_CONTROL_WATCH, .every_ms = 100};
    struct cepa_control_client client;
    start();
    CHECK_INT(cepa_control_client_open(&client, &reason, path), 0);
    CHECK_INT(cepa_control_client_send(&client, &reason, &request), 0);
    struct cepa_time begin = cepa_clock_now();
    for (int i = 0; i < 4; i++) {
        cJSON *got = NULL;
        CHECK_INT(cepa_control_client_receive(&client, &got, &reason, 3000), 0);
        cJSON_Delete(got);
    }
    CHECK(cepa_time_since(cepa_clock_now(), begin) >= 290 * CEPA_MILLISECOND_NS);
    stop();
    cJSON *got = NULL;
    int status = 0;
    while (status == 0) {
        status = cepa_control_client_receive(&client, &got, &reason, 3000);
        cJSON_Delete(status == 0 ? got : NULL);
    }
    CHECK_INT(status, CEPA_ERR_SYSTEM);
    CHECK(strstr(reason.text, "has ended") != NULL);
    cepa_control_client_close(&client);
}

TEST(sockets_come_with_requests)
{
    struct cepa_control_request request = {
        .kind = CEPA_CONTROL_CONNECT, .stream = 9, .address = "cepa1x"};
    struct cepa_control_client client;
    cJSON *got = NULL;
    int pair[2];
    int pipes[2];
    char text[8];
    start();
    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    CHECK_INT(pipe(pipes), 0);
    CHECK_INT(cepa_control_client_open(&client, &reason, path), 0);
    CHECK_INT(cepa_control_client_send_socket(&client, &reason, &request, pair[1]), 0);
    close(pair[1]);
    CHECK_INT(recv(pair[0], text, sizeof text, MSG_WAITALL), 5);
    CHECK(memcmp(text, "hello", 5) == 0);
    close(pair[0]);
    CHECK_INT(cepa_control_client_receive(&client, &got, &reason, 3000), CEPA_ERR_MALFORMED);
    CHECK_INT(cepa_control_client_receive(&client, &got, &reason, 3000), 0);
    CHECK_INT(cJSON_GetObjectItem(got, "stream")->valueint, 9);
    cJSON_Delete(got);
    /* Without one, and with one that is none. */
    CHECK_INT(cepa_control_client_send(&client, &reason, &request), 0);
    CHECK_INT(cepa_control_client_receive(&client, &got, &reason, 3000), CEPA_ERR_STATE);
    CHECK(strstr(reason.text, "without a socket") != NULL);
    CHECK_INT(cepa_control_client_send_socket(&client, &reason, &request, pipes[0]), 0);
    CHECK_INT(cepa_control_client_receive(&client, &got, &reason, 3000), CEPA_ERR_STATE);
    CHECK(strstr(reason.text, "no stream socket") != NULL);
    CHECK(!cepa_control_client_has_line(&client));
    cepa_control_client_close(&client);
    close(pipes[0]);
    close(pipes[1]);
    stop();
}

TEST(who_sends_sockets_that_nobody_asks_for_is_dropped)
{
    struct cepa_control_request request = {.kind = CEPA_CONTROL_STATUS};
    struct cepa_control_client client;
    cJSON *got = NULL;
    int pair[2];
    int status = 0;
    start();
    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    CHECK_INT(cepa_control_client_open(&client, &reason, path), 0);
    for (int i = 0; i <= CEPA_CONTROL_SOCKETS_MAX && status == 0; i++) {
        status = cepa_control_client_send_socket(&client, &reason, &request, pair[1]);
        status = status == 0 ? cepa_control_client_receive(&client, &got, &reason, 3000) : status;
        cJSON_Delete(got);
        got = NULL;
        CHECK(status == 0 || i == CEPA_CONTROL_SOCKETS_MAX);
    }
    CHECK_INT(status, CEPA_ERR_SYSTEM);
    cepa_control_client_close(&client);
    /* All of them were closed there. */
    close(pair[1]);
    char byte;
    CHECK_INT(recv(pair[0], &byte, 1, 0), 0);
    close(pair[0]);
    request.kind = CEPA_CONTROL_LISTEN;
    memcpy(request.service, "web", 4);
    CHECK_INT(cepa_control_ask(&got, &reason, path, &request), 0);
    CHECK(cJSON_IsTrue(cJSON_GetObjectItem(got, "here")));
    CHECK(cJSON_IsFalse(cJSON_GetObjectItem(got, "other")));
    cJSON_Delete(got);
    stop();
}

static int connect_raw(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%.100s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(connect(fd, (struct sockaddr *)(void *)&address, sizeof address) == 0);
    return fd;
}

/* Sends, ends its side, and gives what comes till the other side ends. */
static size_t exchange(char *ret_text, size_t capacity, const char *data, size_t data_len)
{
    int fd = connect_raw();
    size_t len = 0;
    (void)send(fd, data, data_len, MSG_NOSIGNAL);
    (void)shutdown(fd, SHUT_WR);
    for (;;) {
        ssize_t got = recv(fd, ret_text + len, capacity - 1 - len, 0);
        if (got <= 0) {
            break;
        }
        len += (size_t)got;
    }
    close(fd);
    ret_text[len] = '\0';
    return len;
}

TEST(lines_are_told_apart)
{
    static const char two[] =
        "{\"do\":\"status\"}\n{\"do\":\"frob\"}\n{\"do\":\"status\"}\n{\"do\"";
    char text[4096];
    start();
    (void)exchange(text, sizeof text, two, sizeof two - 1);
    CHECK(strcmp(text, "{\"ok\":true,\"links\":3}\n"
                       "{\"ok\":false,\"reason\":\"there is no such thing to do\"}\n"
                       "{\"ok\":true,\"links\":3}\n") == 0);
    stop();
}

TEST(what_is_no_line_is_refused)
{
    static char flood[100000];
    char text[4096];
    start();
    memset(flood, '{', sizeof flood);
    (void)exchange(text, sizeof text, flood, sizeof flood);
    CHECK(text[0] == '\0' || strstr(text, "too long") != NULL);
    memset(flood, '\n', sizeof flood);
    int fd = connect_raw();
    (void)send(fd, flood, sizeof flood, MSG_NOSIGNAL);
    close(fd);
    cJSON_Delete(ask(CEPA_CONTROL_STATUS));
    stop();
}

TEST(clients_are_bounded_and_who_does_not_read_is_dropped)
{
    /* Sent at once, since whoever is dropped can send no more. */
    static const char questions[] = "{\"do\":\"metrics\"}\n{\"do\":\"metrics\"}\n"
                                    "{\"do\":\"metrics\"}\n{\"do\":\"metrics\"}\n";
    int fds[CEPA_CONTROL_CLIENTS_MAX];
    char byte;
    start();
    for (int i = 0; i < CEPA_CONTROL_CLIENTS_MAX; i++) {
        fds[i] = connect_raw();
        CHECK(send(fds[i], questions, sizeof questions - 1, MSG_NOSIGNAL) > 0);
    }
    /* They were all dropped: each would have more unread than one may. */
    int status = -1;
    for (int i = 0; i < 100 && status != 0; i++) {
        struct cepa_control_request request = {.kind = CEPA_CONTROL_STATUS};
        cJSON *got = NULL;
        status = cepa_control_ask(&got, &reason, path, &request);
        cJSON_Delete(status == 0 ? got : NULL);
        usleep(20000);
    }
    CHECK_INT(status, 0);
    for (int i = 0; i < CEPA_CONTROL_CLIENTS_MAX; i++) {
        close(fds[i]);
    }
    for (int i = 0; i < CEPA_CONTROL_CLIENTS_MAX; i++) {
        fds[i] = connect_raw();
    }
    /* The daemon may still be busy with those who have left. */
    bool is_refused = false;
    for (int i = 0; i < 50 && !is_refused; i++) {
        const struct timeval patience = {0, 100000};
        int late = connect_raw();
        CHECK_INT(setsockopt(late, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
        is_refused = recv(late, &byte, 1, 0) == 0;
        close(late);
    }
    CHECK(is_refused);
    for (int i = 0; i < CEPA_CONTROL_CLIENTS_MAX; i++) {
        close(fds[i]);
    }
    stop();
}

/* Takes what is ready and answers it with `len` bytes; returns how many requests there were. */
static int take_all(struct cepa_control *control, struct cepa_loop *loop, struct cepa_time now,
                    size_t len)
{
    struct cepa_loop_ready ready;
    struct cepa_control_asked asked;
    int count = 0;
    char *text = calloc(1, len + 1);
    CHECK(text != NULL);
    memset(text, 'x', len);
    CHECK(cepa_loop_wait(loop, cepa_time_never()) >= 0);
    while (cepa_loop_next(loop, &ready)) {
        CHECK(cepa_control_on_ready(control, &ready, now));
    }
    while (cepa_control_next_asked(control, &asked, now)) {
        cJSON *object = cJSON_CreateObject();
        cJSON_AddStringToObject(object, "text", text);
        cepa_control_answer(control, asked.client, object);
        cJSON_Delete(object);
        count++;
    }
    free(text);
    return count;
}

static bool has_ended(int fd)
{
    static char bytes[65536];
    ssize_t got = 1;
    while (got > 0) {
        got = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    }
    return got == 0;
}

/* Answers that nobody reads, of a question and of a watch, neither keep a client for ever nor the
 * daemon awake. Time is ours. */
TEST(who_leaves_answers_unread_is_dropped_in_time)
{
    static const char *const questions[] = {"{\"do\":\"status\"}\n",
                                            "{\"do\":\"watch\",\"every_ms\":3600000}\n"};
    struct cepa_time now = {1000 * CEPA_SECOND_NS};
    struct cepa_control *control;
    struct cepa_control_asked asked;
    struct cepa_loop *loop;
    for (size_t i = 0; i < 2; i++) {
        scratch_make(folder);
        scratch_join(path, folder, "control");
        CHECK_INT(cepa_loop_open(&loop), 0);
        CHECK_INT(cepa_control_open(&control, &reason, path, loop, FIRST), 0);
        int fd = connect_raw();
        CHECK_INT(take_all(control, loop, now, 0), 0);
        CHECK(send(fd, questions[i], strlen(questions[i]), MSG_NOSIGNAL) > 0);
        CHECK_INT(take_all(control, loop, now, CEPA_CONTROL_UNSENT_MAX - 100), 1);
        struct cepa_time due = cepa_control_deadline(control);
        CHECK_INT(cepa_time_since(due, now), (CEPA_CONTROL_IDLE_SECONDS + 1) * CEPA_SECOND_NS);
        now = cepa_time_add(now, CEPA_CONTROL_IDLE_SECONDS * CEPA_SECOND_NS);
        CHECK(!cepa_control_next_asked(control, &asked, now));
        CHECK(!cepa_time_is_never(cepa_control_deadline(control)));
        CHECK(!cepa_control_next_asked(control, &asked, due));
        CHECK(cepa_time_is_never(cepa_control_deadline(control)));
        CHECK(has_ended(fd));
        close(fd);
        cepa_control_close(control);
        cepa_loop_close(loop);
    }
}

/* Who reads, however slowly, is left alone. */
TEST(who_reads_slowly_is_waited_for)
{
    static char bytes[300000];
    static const char question[] = "{\"do\":\"status\"}\n";
    struct cepa_time now = {1000 * CEPA_SECOND_NS};
    struct cepa_control *control;
    struct cepa_control_asked asked;
    struct cepa_loop *loop;
    size_t got = 0;
    scratch_make(folder);
    scratch_join(path, folder, "control");
    CHECK_INT(cepa_loop_open(&loop), 0);
    CHECK_INT(cepa_control_open(&control, &reason, path, loop, FIRST), 0);
    int fd = connect_raw();
    CHECK_INT(take_all(control, loop, now, 0), 0);
    CHECK(send(fd, question, sizeof question - 1, MSG_NOSIGNAL) > 0);
    CHECK_INT(take_all(control, loop, now, CEPA_CONTROL_UNSENT_MAX - 100), 1);
    while (got < CEPA_CONTROL_UNSENT_MAX - 100) {
        ssize_t len = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
        CHECK(len > 0);
        got += (size_t)len;
        now = cepa_time_add(now, (CEPA_CONTROL_IDLE_SECONDS - 1) * CEPA_SECOND_NS);
        if (got < CEPA_CONTROL_UNSENT_MAX - 100) {
            CHECK_INT(take_all(control, loop, now, 0), 0);
        }
    }
    CHECK(!cepa_control_next_asked(control, &asked, now));
    CHECK(!has_ended(fd));
    close(fd);
    cepa_control_close(control);
    cepa_loop_close(loop);
}

TEST(a_socket_that_was_left_behind_is_replaced)
{
    struct cepa_control *control;
    struct cepa_loop *loop;
    struct cepa_control_client client;
    CHECK_INT(cepa_loop_open(&loop), 0);
    start();
    CHECK_INT(cepa_control_open(&control, &reason, path, loop, FIRST), CEPA_ERR_IN_USE);
    stop();
    CHECK_INT(cepa_control_client_open(&client, &reason, path), CEPA_ERR_UNREACHABLE);
    CHECK(strstr(reason.text, "no daemon is running here") != NULL);
    CHECK(strstr(reason.text, "cepa up") != NULL);
    CHECK_INT(cepa_control_open(&control, &reason, path, loop, FIRST), 0);
    cepa_control_close(control);
    CHECK(access(path, F_OK) != 0);
    scratch_write(path, "words", 5);
    CHECK_INT(cepa_control_open(&control, &reason, path, loop, FIRST), CEPA_ERR_IN_USE);
    CHECK(access(path, F_OK) == 0);
    CHECK_INT(cepa_control_client_open(&client, &reason, "/nowhere/control"), CEPA_ERR_UNREACHABLE);
    cepa_control_close(NULL);
    cepa_loop_close(loop);
}

TEST_MAIN(RUN(requests_are_answered), RUN(watching_goes_on), RUN(sockets_come_with_requests),
          RUN(who_sends_sockets_that_nobody_asks_for_is_dropped), RUN(lines_are_told_apart),
          RUN(what_is_no_line_is_refused),
          RUN(clients_are_bounded_and_who_does_not_read_is_dropped),
          RUN(who_leaves_answers_unread_is_dropped_in_time), RUN(who_reads_slowly_is_waited_for),
          RUN(a_socket_that_was_left_behind_is_replaced))
