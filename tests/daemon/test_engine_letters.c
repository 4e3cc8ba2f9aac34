/* Letters of programs: what is not all there, too long or for nobody is refused, with its socket
 * closed; what came of one is told to who is still there. Letters for the user are in the inbox. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "native/daemon/engine_state.h"
#include "native/net/clock.h"
#include "support/lone_daemon.h"
#include "support/test.h"
#include "wire/letter.h"

enum { CLIENT = 5 };

static struct lone_daemon one;
static struct cepa_control_request request;

static void begin(void)
{
    static const char *const names[] = {"bob"};
    lone_daemon_init(&one);
    CHECK_INT(lone_daemon_open(&one), 0);
    CHECK_INT(lone_daemon_add(&one, names, 1), 0);
    memset(&request, 0, sizeof request);
    request.kind = CEPA_CONTROL_LEAVE;
    request.stream = 7;
    cepa_address_write(request.address, &one.engine->ends.own[0].address);
}

/* A socket in which a body of `len` bytes stands, and its end if it `is_whole`. */
static int socket_with(size_t len, bool is_whole)
{
    static uint8_t body[CEPA_LETTER_BODY_MAX + 1];
    static int unfinished = -1;
    int pair[2];
    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    CHECK_INT(send(pair[0], body, len, 0), (long)len);
    if (unfinished >= 0) {
        close(unfinished);
    }
    unfinished = is_whole ? -1 : pair[0];
    if (is_whole) {
        close(pair[0]);
    }
    return pair[1];
}

static int leave(size_t len, bool is_whole)
{
    int fd = socket_with(len, is_whole);
    char byte;
    int status = cepa_engine_leave(one.engine, &one.reason, CLIENT, &request, fd);
    CHECK(recv(fd, &byte, 1, MSG_DONTWAIT) < 0); /* it is closed in any case */
    return status;
}

TEST(what_cannot_be_left_is_refused)
{
    begin();
    CHECK_INT(leave(0, true), CEPA_ERR_MALFORMED);
    CHECK_INT(leave(5, false), CEPA_ERR_MALFORMED);
    CHECK_INT(leave(CEPA_LETTER_BODY_MAX + 1, true), CEPA_ERR_TOO_LONG);
    CHECK(strstr(one.reason.text, "at most 7431 bytes") != NULL);
    strcpy(request.identity, "nobody");
    CHECK_INT(leave(5, true), CEPA_ERR_NOT_FOUND);
    request.identity[0] = '\0';
    strcpy(request.address, "bob.example");
    CHECK_INT(leave(5, true), CEPA_ERR_ARGUMENT);
    CHECK(strstr(one.reason.text, "no address") != NULL);
    CHECK_INT(one.told, 0);
    lone_daemon_end(&one);
}

TEST(what_came_of_it_is_told_to_who_is_there)
{
    begin();
    strcpy(request.identity, "bob");
    CHECK_INT(leave(CEPA_LETTER_BODY_MAX, true), 0);
    const struct cepa_end_letter letter = one.engine->ends.leavings[0].letter;
    struct cepa_end_effect effect = {.event = CEPA_END_LEFT, .letter = letter, .code = 3};
    CHECK(cepa_engine_take_letter(one.engine, &effect, cepa_clock_now()));
    CHECK_INT(one.told, 1);
    CHECK_INT(one.last.event, CEPA_STREAMS_LEFT);
    CHECK(one.last.client == CLIENT && one.last.stream == 7 && one.last.mailboxes == 3);
    CHECK(cepa_engine_take_letter(one.engine, &effect, cepa_clock_now())); /* it is over */
    CHECK_INT(one.told, 1);
    lone_daemon_end(&one);

    begin();
    CHECK_INT(leave(1, true), 0);
    effect.event = CEPA_END_NOT_LEFT;
    effect.letter = one.engine->ends.leavings[0].letter;
    effect.error = CEPA_ERR_UNSUPPORTED;
    one.has_programs = false;
    CHECK(cepa_engine_take_letter(one.engine, &effect, cepa_clock_now()));
    CHECK_INT(one.told, 0);
    effect.event = CEPA_END_PUBLISHED;
    CHECK(!cepa_engine_take_letter(one.engine, &effect, cepa_clock_now()));
    lone_daemon_end(&one);
}

TEST(letters_for_the_user_are_in_the_inbox)
{
    struct cepa_stream_header header = {
        .kind = CEPA_STREAM_MESSAGE,
        .message = {.id = {{1}}, .time = {1700000000000}, .type = CEPA_MESSAGE_TEXT}};
    uint8_t body[CEPA_STREAM_HEADER_MAX + 5];
    size_t len;
    struct cepa_inbox_usage usage;
    begin();
    CHECK_INT(cepa_stream_header_encode(body, &len, &header), 0);
    memcpy(body + len, "hello", 5);
    struct cepa_end_effect effect = {.event = CEPA_END_LETTER,
                                     .identity = one.engine->ends.own[0].identity,
                                     .data = body,
                                     .data_len = len + 5};
    CHECK(cepa_engine_take_letter(one.engine, &effect, cepa_clock_now()));
    CHECK_INT(cepa_inbox_usage(one.engine->ends.inbox, &usage), 0);
    CHECK_INT(usage.waiting, 1);
    CHECK(cepa_engine_take_letter(one.engine, &effect, cepa_clock_now()));
    effect.identity = (struct cepa_end_identity){0}; /* of one that was removed meanwhile */
    CHECK(cepa_engine_take_letter(one.engine, &effect, cepa_clock_now()));
    CHECK_INT(cepa_inbox_usage(one.engine->ends.inbox, &usage), 0);
    CHECK_INT(usage.entries, 1);
    CHECK_INT(lone_daemon_logged(&one, "a letter was fetched"), 3);
    lone_daemon_end(&one);
}

TEST_MAIN(RUN(what_cannot_be_left_is_refused), RUN(what_came_of_it_is_told_to_who_is_there),
          RUN(letters_for_the_user_are_in_the_inbox))
