/* Lines on their way to the other end of a chat. */
#define _GNU_SOURCE
#include "cli/chat_outbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ct.h"
#include "native/host.h"
#include "native/net/clock.h"

enum {
    LATE_SECONDS = 3,
    PAUSE_MS = 500, /* after a failure; more after more of them */
    PAUSES_MAX = 10,
    CUT_SECONDS = 12,    /* then another session is tried */
    ANSWER_SECONDS = 30, /* for an acknowledgement over a stream that stands */
    OPEN_SECONDS = 90    /* for a stream to stand */
};

int cepa_cli_outbox_add(struct cepa_cli_outbox *outbox, const char *text, size_t text_len)
{
    struct cepa_stream_header header = {
        .kind = CEPA_STREAM_MESSAGE,
        .message = {.time = cepa_clock_wall(), .type = CEPA_MESSAGE_TEXT}};
    struct cepa_cli_line *line =
        outbox->len < CEPA_CLI_OUTBOX_MAX ? malloc(sizeof *line + text_len) : NULL;
    if (line == NULL) {
        return CEPA_ERR_FULL;
    }
    memset(line, 0, sizeof *line);
    if (cepa_random_fill(cepa_native_random(), header.message.id.bytes,
                         sizeof header.message.id.bytes) != 0 ||
        cepa_stream_header_encode(line->header, &line->header_len, &header) != 0) {
        free(line);
        return CEPA_ERR_RANDOM;
    }
    outbox->numbers++;
    line->number = outbox->numbers;
    line->since = cepa_clock_now();
    line->text_len = text_len;
    memcpy(line->text, text, text_len);
    if (outbox->first == NULL) {
        outbox->first = line;
    } else {
        outbox->last->next = line;
    }
    outbox->last = line;
    outbox->len++;
    return 0;
}

static void forget(struct cepa_cli_line *line)
{
    if (line != NULL) {
        cepa_wipe(line->text, line->text_len);
        free(line);
    }
}

static void close_stream(struct cepa_cli_outbox *outbox)
{
    if (outbox->has_stream) {
        cepa_client_stream_close(&outbox->stream);
        outbox->has_stream = false;
    }
}

void cepa_cli_outbox_close(struct cepa_cli_outbox *outbox)
{
    close_stream(outbox);
    forget(outbox->told);
    outbox->told = NULL;
    while (outbox->first != NULL) {
        struct cepa_cli_line *next = outbox->first->next;
        forget(outbox->first);
        outbox->first = next;
    }
    outbox->len = 0;
}

size_t cepa_cli_outbox_fds(const struct cepa_cli_outbox *outbox,
                           struct pollfd ret_fds[CEPA_CLI_OUTBOX_FDS])
{
    if (!outbox->has_stream) {
        return 0;
    }
    ret_fds[0] =
        (struct pollfd){outbox->stream.fd, (short)(POLLIN | (outbox->is_written ? 0 : POLLOUT)), 0};
    ret_fds[1] = (struct pollfd){outbox->stream.client.fd, POLLIN, 0};
    return 2;
}

/* Gives the stream up; the line goes over another one, after a pause. */
static void fail(struct cepa_cli_outbox *outbox, struct cepa_time now)
{
    uint32_t pauses = outbox->failures < PAUSES_MAX ? outbox->failures + 1 : PAUSES_MAX;
    close_stream(outbox);
    outbox->failures++;
    outbox->due = cepa_time_add(now, pauses * PAUSE_MS * CEPA_MILLISECOND_NS);
}

static void begin(struct cepa_cli_outbox *outbox, struct cepa_time now)
{
    if (cepa_client_stream_open(&outbox->stream, &outbox->why, outbox->control, outbox->address,
                                outbox->as, NULL) != 0) {
        fail(outbox, now);
        return;
    }
    outbox->has_stream = true;
    outbox->was_ready = false;
    outbox->at = 0;
    outbox->is_written = false;
    outbox->begun = now;
}

/* Writes what there is room for. */
static void write_some(struct cepa_cli_outbox *outbox, const struct cepa_cli_line *line)
{
    ssize_t sent = 1;
    while (sent > 0 && outbox->at < line->header_len + line->text_len) {
        bool is_header = outbox->at < line->header_len;
        const void *data = is_header ? (const void *)(line->header + outbox->at)
                                     : (const void *)(line->text + outbox->at - line->header_len);
        size_t len =
            (is_header ? line->header_len : line->header_len + line->text_len) - outbox->at;
        sent = send(outbox->stream.fd, data, len, MSG_NOSIGNAL);
        outbox->at += sent > 0 ? (size_t)sent : 0;
    }
    if (!outbox->is_written && outbox->at == line->header_len + line->text_len) {
        outbox->is_written = true;
        (void)shutdown(outbox->stream.fd, SHUT_WR);
    }
}

/* Whether nothing more is to be hoped of the stream. */
static bool is_lost(struct cepa_cli_outbox *outbox, struct cepa_time now)
{
    const struct cepa_client_stream *stream = &outbox->stream;
    if (stream->is_over) {
        if (stream->why.text[0] != '\0') {
            outbox->why = stream->why;
        } else {
            cepa_reason_set(&outbox->why, "the session has ended");
        }
        return true;
    }
    if (stream->is_cut &&
        cepa_time_is_due(cepa_time_add(stream->cut, CUT_SECONDS * CEPA_SECOND_NS), now)) {
        cepa_reason_set(&outbox->why, "no path leads to the other end now");
        return true;
    }
    uint64_t seconds = stream->is_ready ? ANSWER_SECONDS : OPEN_SECONDS;
    if (cepa_time_is_due(cepa_time_add(outbox->begun, seconds * CEPA_SECOND_NS), now)) {
        cepa_reason_set(&outbox->why, "the other end does not answer");
        return true;
    }
    return false;
}

/* Goes on with the first line; true if its verdict is here. */
static bool move(struct cepa_cli_outbox *outbox, uint8_t *ret_verdict, struct cepa_time now)
{
    cepa_client_stream_wait(&outbox->stream, false, 0);
    if (outbox->stream.is_ready && !outbox->was_ready) {
        outbox->was_ready = true;
        outbox->begun = now;
    }
    write_some(outbox, outbox->first);
    ssize_t got = recv(outbox->stream.fd, ret_verdict, 1, 0);
    if (got == 1) {
        return true;
    }
    if (got == 0) {
        cepa_reason_set(&outbox->why, "the other end has given it up");
        if (outbox->stream.why.text[0] != '\0') {
            outbox->why = outbox->stream.why;
        }
        fail(outbox, now);
    } else if ((errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) ||
               is_lost(outbox, now)) {
        fail(outbox, now);
    }
    return false;
}

/* The first line is settled: it goes out of the row. */
static void settle(struct cepa_cli_outbox *outbox)
{
    outbox->told = outbox->first;
    outbox->first = outbox->first->next;
    outbox->len--;
    outbox->failures = 0;
    outbox->why.text[0] = '\0';
    close_stream(outbox);
}

static bool say(struct cepa_cli_outbox *outbox, struct cepa_cli_outbox_said *ret_said,
                uint8_t verdict)
{
    static const char *const reasons[] = {"", "the other end does not want it",
                                          "the other end has no room for it"};
    settle(outbox);
    ret_said->event = verdict == CEPA_MESSAGE_KEPT ? CEPA_CLI_OUTBOX_KEPT : CEPA_CLI_OUTBOX_REFUSED;
    ret_said->line = outbox->told;
    ret_said->reason = reasons[verdict];
    return true;
}

bool cepa_cli_outbox_step(struct cepa_cli_outbox *outbox, struct cepa_cli_outbox_said *ret_said)
{
    struct cepa_time now = cepa_clock_now();
    uint8_t verdict = 0;
    bool was_told = outbox->told != NULL;
    forget(outbox->told);
    outbox->told = NULL;
    const struct cepa_cli_line *line = outbox->first;
    bool is_old = line != NULL &&
                  cepa_time_is_due(cepa_time_add(line->since, LATE_SECONDS * CEPA_SECOND_NS), now);
    if (outbox->is_late && was_told && line == NULL) {
        outbox->is_late = false;
        *ret_said = (struct cepa_cli_outbox_said){CEPA_CLI_OUTBOX_MENDED, NULL, ""};
        return true;
    }
    if (line == NULL) {
        return false;
    }
    if (!outbox->has_stream && (outbox->failures == 0 || cepa_time_is_due(outbox->due, now))) {
        begin(outbox, now);
    }
    if (outbox->has_stream && move(outbox, &verdict, now)) {
        if (verdict <= CEPA_MESSAGE_NO_ROOM) {
            return say(outbox, ret_said, verdict);
        }
        cepa_reason_set(&outbox->why, "the other end answers what no program says");
        fail(outbox, now);
    }
    if (is_old && !outbox->is_late) {
        outbox->is_late = true;
        *ret_said = (struct cepa_cli_outbox_said){CEPA_CLI_OUTBOX_LATE, line, outbox->why.text};
        return true;
    }
    return false;
}
