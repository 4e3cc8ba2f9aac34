/* Sending one message. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "cli/send_file.h"
#include "cli/stream_client.h"
#include "native/host.h"
#include "native/net/clock.h"

enum { WAIT_MS = 100, TRIES_PAUSE_MS = 500 };

/* Writes all of it; a text fits into the buffers on the way. Returns whether it did. */
static bool write_all(struct cepa_cli_stream *stream, const uint8_t *data, size_t data_len,
                      struct cepa_time until)
{
    size_t at = 0;
    while (at < data_len && !stream->is_over && cepa_time_is_before(cepa_clock_now(), until)) {
        ssize_t sent = send(stream->fd, data + at, data_len - at, MSG_NOSIGNAL);
        at += sent > 0 ? (size_t)sent : 0;
        if (at < data_len) {
            cepa_cli_stream_wait(stream, true, WAIT_MS);
        }
    }
    return at == data_len;
}

/* Waits for the receiver's verdict, 1 byte. Returns whether it came. */
static bool read_verdict(struct cepa_cli_stream *stream, uint8_t *ret_verdict,
                         struct cepa_time until)
{
    while (cepa_time_is_before(cepa_clock_now(), until)) {
        ssize_t got = recv(stream->fd, ret_verdict, 1, 0);
        if (got == 1) {
            return true;
        }
        if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) ||
            stream->is_over) {
            return false;
        }
        cepa_cli_stream_wait(stream, false, WAIT_MS);
    }
    return false;
}

int cepa_cli_send_message(struct cepa_reason *ret_reason, const struct cepa_cli_sending *sending,
                          const char *text)
{
    static const char *const verdicts[] = {"", "the receiver does not want it",
                                           "the receiver has no room for it"};
    struct cepa_stream_header header = {
        .kind = CEPA_STREAM_MESSAGE,
        .message = {.time = cepa_clock_wall(), .type = CEPA_MESSAGE_TEXT}};
    uint8_t bytes[CEPA_STREAM_HEADER_MAX];
    size_t bytes_len;
    uint8_t verdict = 0;
    struct cepa_cli_stream stream;
    struct cepa_time until = cepa_time_add(cepa_clock_now(), sending->patience_s * CEPA_SECOND_NS);
    int status = cepa_random_fill(cepa_native_random(), header.message.id.bytes,
                                  sizeof header.message.id.bytes);
    if (status != 0 || cepa_stream_header_encode(bytes, &bytes_len, &header) != 0) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_RANDOM, "there is no randomness");
    }
    /* The same message goes over another stream when one is lost: its id tells. */
    for (;;) {
        status = cepa_cli_stream_open(&stream, ret_reason, sending->control, sending->address,
                                      sending->as, NULL);
        if (status != 0) {
            return status;
        }
        bool is_written = write_all(&stream, bytes, bytes_len, until) &&
                          write_all(&stream, (const uint8_t *)text, strlen(text), until) &&
                          shutdown(stream.fd, SHUT_WR) == 0;
        bool is_answered = is_written && read_verdict(&stream, &verdict, until);
        if (stream.why.text[0] != '\0') {
            *ret_reason = stream.why;
        } else {
            cepa_reason_set(ret_reason, "the other end does not answer");
        }
        cepa_cli_stream_close(&stream);
        if (stream.is_over && !stream.is_begun) {
            return CEPA_ERR_STATE;
        }
        if (is_answered && verdict < sizeof verdicts / sizeof verdicts[0]) {
            return verdict == 0
                       ? 0
                       : cepa_reason_fail(ret_reason, CEPA_ERR_DROPPED, "%s", verdicts[verdict]);
        }
        if (!cepa_cli_send_pause(TRIES_PAUSE_MS) || !cepa_time_is_before(cepa_clock_now(), until)) {
            return CEPA_ERR_TIMEOUT;
        }
    }
}
