/* Sending one message. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "native/client/send_file.h"
#include "native/client/send_letter.h"
#include "native/client/stream.h"
#include "native/host.h"
#include "native/net/clock.h"
#include "wire/letter.h"

enum {
    WAIT_MS = 100,
    TRIES_PAUSE_MS = 500,
    VAIN_SECONDS = 15 /* a session that broke on the way stands again sooner */
};

/* How long one try may take. */
struct patience {
    const struct cepa_client_sending *sending;
    struct cepa_time until;
    struct cepa_time vain;  /* once bytes could flow: when it seems that nobody is there */
    bool has_begun_to_wait; /* `vain` is set */
};

/* Whether the try goes on. A session may stand whose other end has gone without a word. */
static bool goes_on(struct patience *patience, const struct cepa_client_stream *stream)
{
    struct cepa_time now = cepa_clock_now();
    if (stream->is_ready && !patience->has_begun_to_wait) {
        patience->has_begun_to_wait = true;
        patience->vain = cepa_time_add(now, VAIN_SECONDS * CEPA_SECOND_NS);
    }
    return !stream->is_over && cepa_client_pause(patience->sending, 0) &&
           cepa_time_is_before(now, patience->until) &&
           (!patience->has_begun_to_wait || cepa_time_is_before(now, patience->vain));
}

/* Writes all of it; a text fits into the buffers on the way. Returns whether it did. */
static bool write_all(struct cepa_client_stream *stream, const uint8_t *data, size_t data_len,
                      struct patience *patience)
{
    size_t at = 0;
    while (at < data_len && goes_on(patience, stream)) {
        ssize_t sent = send(stream->fd, data + at, data_len - at, MSG_NOSIGNAL);
        at += sent > 0 ? (size_t)sent : 0;
        if (at < data_len) {
            cepa_client_stream_wait(stream, true, WAIT_MS);
        }
    }
    return at == data_len;
}

/* Waits for the receiver's verdict, 1 byte. Returns whether it came. */
static bool read_verdict(struct cepa_client_stream *stream, uint8_t *ret_verdict,
                         struct patience *patience)
{
    for (;;) {
        ssize_t got = recv(stream->fd, ret_verdict, 1, 0);
        if (got == 1) {
            return true;
        }
        if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) ||
            !goes_on(patience, stream)) {
            return false;
        }
        cepa_client_stream_wait(stream, false, WAIT_MS);
    }
}

/* Leaves the message, with the header that it has, in mailboxes. */
static int leave(struct cepa_client_left *ret_left, struct cepa_reason *ret_reason,
                 const struct cepa_client_sending *sending, const uint8_t *header,
                 size_t header_len, const char *text)
{
    uint8_t body[CEPA_LETTER_BODY_MAX];
    size_t text_len = strlen(text);
    if (text_len > sizeof body - header_len) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_TOO_LONG,
                                "the other end is away, and a message of more than %zu bytes "
                                "cannot wait for it in mailboxes",
                                sizeof body - header_len);
    }
    memcpy(body, header, header_len);
    memcpy(body + header_len, text, text_len);
    return cepa_client_leave(ret_left, ret_reason, sending, body, header_len + text_len);
}

int cepa_client_send_message(struct cepa_client_left *ret_left, struct cepa_reason *ret_reason,
                             const struct cepa_client_sending *sending, const char *text)
{
    static const char *const verdicts[] = {"", "the receiver does not want it",
                                           "the receiver has no room for it"};
    struct cepa_stream_header header = {
        .kind = CEPA_STREAM_MESSAGE,
        .message = {.time = cepa_clock_wall(), .type = CEPA_MESSAGE_TEXT}};
    uint8_t bytes[CEPA_STREAM_HEADER_MAX];
    size_t bytes_len;
    uint8_t verdict = 0;
    struct cepa_client_stream stream;
    struct cepa_reason unleft;
    struct cepa_time until = cepa_time_add(cepa_clock_now(), sending->patience_s * CEPA_SECOND_NS);
    int status = cepa_random_fill(cepa_native_random(), header.message.id.bytes,
                                  sizeof header.message.id.bytes);
    if (status != 0 || cepa_stream_header_encode(bytes, &bytes_len, &header) != 0) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_RANDOM, "there is no randomness");
    }
    *ret_left = (struct cepa_client_left){0};
    /* The same message goes over another stream when one is lost, or is left: its id tells. */
    for (;;) {
        struct patience patience = {.sending = sending, .until = until};
        status = cepa_client_stream_open(&stream, ret_reason, sending->control, sending->address,
                                         sending->as, NULL);
        if (status != 0) {
            return status;
        }
        bool is_written = write_all(&stream, bytes, bytes_len, &patience) &&
                          write_all(&stream, (const uint8_t *)text, strlen(text), &patience) &&
                          shutdown(stream.fd, SHUT_WR) == 0;
        bool is_answered = is_written && read_verdict(&stream, &verdict, &patience);
        if (stream.why.text[0] != '\0') {
            *ret_reason = stream.why;
        } else {
            cepa_reason_set(ret_reason, "the other end does not answer");
        }
        cepa_client_stream_close(&stream);
        if (is_answered && verdict < sizeof verdicts / sizeof verdicts[0]) {
            return verdict == 0
                       ? 0
                       : cepa_reason_fail(ret_reason, CEPA_ERR_DROPPED, "%s", verdicts[verdict]);
        }
        status = sending->is_live || !cepa_client_pause(sending, 0)
                     ? CEPA_ERR_STATE
                     : leave(ret_left, &unleft, sending, bytes, bytes_len, text);
        if (status == 0) {
            return 0;
        }
        if (status == CEPA_ERR_TOO_LONG) {
            *ret_reason = unleft; /* should it not be delivered in the end */
        }
        if (stream.is_over && !stream.is_begun) {
            return CEPA_ERR_STATE;
        }
        if (!cepa_client_pause(sending, TRIES_PAUSE_MS) ||
            !cepa_time_is_before(cepa_clock_now(), until)) {
            return CEPA_ERR_TIMEOUT;
        }
    }
}
