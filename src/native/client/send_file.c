/* Sending one file over one stream after another until it is there. */
#define _GNU_SOURCE
#include "native/client/send_file.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "application/file_sender.h"
#include "native/client/stream.h"
#include "native/host.h"
#include "native/net/clock.h"

enum {
    PIECE = 256 * 1024, /* bytes of the file that are read at a time */
    WAIT_MS = 100,      /* between two looks */
    SLOW_MS = 20,       /* while standard input has nothing */
    CUT_MAX_S = 3,      /* then a new session is tried */
    RETRY_MIN_MS = 250,
    RETRY_MAX_MS = 2000
};

/* A file on its way. */
struct transfer {
    const struct cepa_client_sending *sending;
    const struct cepa_client_file *file;
    struct cepa_file_sender sender;
    struct cepa_client_stream stream;
    struct cepa_client_sent sent;
    uint8_t *piece; /* of the file: PIECE bytes */
    size_t piece_at;
    size_t piece_len;
    uint8_t out[CEPA_STREAM_HEADER_MAX]; /* what goes between pieces */
    size_t out_at;
    size_t out_len;
    bool is_begun;          /* the receiver has wanted it */
    bool is_read;           /* bytes were read from what cannot be read again */
    bool is_waiting;        /* standard input has nothing now */
    bool is_shut;           /* all is written */
    bool is_stopped;        /* it shall not go on */
    struct cepa_time begun; /* when the receiver wanted it first */
    struct cepa_time moved; /* when something moved last */
};

/* Something has moved. */
static void move(struct transfer *transfer)
{
    struct cepa_time now = cepa_clock_now();
    uint64_t gap = cepa_time_since(now, transfer->moved);
    if (transfer->is_begun && gap > transfer->sent.stall_ns) {
        transfer->sent.stall_ns = gap;
    }
    transfer->moved = now;
}

/* Writes what goes between pieces; false if some of it waits. */
static bool flush(struct transfer *transfer)
{
    while (transfer->out_at < transfer->out_len) {
        ssize_t sent = send(transfer->stream.fd, transfer->out + transfer->out_at,
                            transfer->out_len - transfer->out_at, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        transfer->out_at += (size_t)sent;
    }
    return true;
}

/* Reads what comes next of the file. Returns 0, also with nothing for now; or an error. */
static int read_piece(struct transfer *transfer, struct cepa_reason *ret_reason)
{
    const struct cepa_client_file *file = transfer->file;
    uint64_t left = cepa_file_sender_left(&transfer->sender);
    size_t size = left < PIECE ? (size_t)left : PIECE;
    struct pollfd input = {file->fd, POLLIN, 0};
    transfer->is_waiting = !file->can_resume && poll(&input, 1, 0) == 0;
    if (size == 0 || transfer->is_waiting) {
        return 0;
    }
    ssize_t got = file->can_resume ? pread(file->fd, transfer->piece, size,
                                           (off_t)cepa_file_sender_position(&transfer->sender))
                                   : read(file->fd, transfer->piece, size);
    if (got < 0 && errno == EINTR) {
        transfer->is_waiting = true;
        return 0;
    }
    if (got < 0) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_SYSTEM, "%s cannot be read: %s", file->shown,
                                strerror(errno));
    }
    transfer->piece_at = 0;
    transfer->piece_len = (size_t)got;
    transfer->is_read = !file->can_resume && (transfer->is_read || got > 0);
    return 0;
}

/* Hashes the file's beginning, which the receiver has. */
static int hash_prefix(struct transfer *transfer)
{
    uint64_t left = cepa_file_sender_prefix_left(&transfer->sender);
    size_t size = left < PIECE ? (size_t)left : PIECE;
    ssize_t got = pread(transfer->file->fd, transfer->piece, size,
                        (off_t)cepa_file_sender_position(&transfer->sender));
    if (got <= 0) {
        cepa_file_sender_prefix_lost(&transfer->sender);
    } else {
        cepa_file_sender_prefix(&transfer->sender, transfer->piece, (size_t)got);
    }
    return 0;
}

/* All is read: the hash follows. */
static int finish(struct transfer *transfer, struct cepa_reason *ret_reason)
{
    transfer->out_at = 0;
    transfer->out_len = CEPA_FILE_HASH_SIZE;
    if (cepa_file_sender_end(&transfer->sender, transfer->out) != 0) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_STATE,
                                "%s has become shorter while it was sent", transfer->file->shown);
    }
    memcpy(transfer->sent.hash, transfer->out, sizeof transfer->sent.hash);
    transfer->sent.bytes = cepa_file_sender_position(&transfer->sender);
    return 0;
}

/* Tells how far it is, and hears whether to go on. */
static void watch(struct transfer *transfer)
{
    static const char *const words[] = {[CEPA_FILE_SENDER_OFFERED] = "offered",
                                        [CEPA_FILE_SENDER_HELD] = "waits to be accepted",
                                        [CEPA_FILE_SENDER_HASHING] =
                                            "compares what is there already",
                                        [CEPA_FILE_SENDER_ENDED] = "waits to be verified"};
    enum cepa_file_sender_state state = transfer->sender.state;
    const char *word = !transfer->stream.is_ready ? "looks for the other end"
                       : transfer->stream.is_cut  ? "looks for another way"
                       : state <= CEPA_FILE_SENDER_ENDED && words[state] != NULL ? words[state]
                                                                                 : "";
    const struct cepa_client_sending *sending = transfer->sending;
    transfer->is_stopped =
        sending->goes_on != NULL &&
        !sending->goes_on(sending->context, cepa_file_sender_position(&transfer->sender), word);
}

/* Sends as much as goes. */
static int send_pieces(struct transfer *transfer, struct cepa_reason *ret_reason)
{
    while (!transfer->is_stopped && flush(transfer)) {
        if (transfer->piece_at == transfer->piece_len) {
            transfer->piece_at = 0;
            transfer->piece_len = 0;
            int status = read_piece(transfer, ret_reason);
            if (status != 0 || transfer->is_waiting) {
                return status;
            }
            watch(transfer);
        }
        if (transfer->piece_len == 0) {
            return finish(transfer, ret_reason);
        }
        const uint8_t *data = transfer->piece + transfer->piece_at;
        ssize_t sent =
            send(transfer->stream.fd, data, transfer->piece_len - transfer->piece_at, MSG_NOSIGNAL);
        if (sent <= 0) {
            return 0;
        }
        cepa_file_sender_data(&transfer->sender, data, (size_t)sent);
        transfer->piece_at += (size_t)sent;
        transfer->sent.moved += (uint64_t)sent;
        move(transfer);
    }
    return 0;
}

/* Takes what the receiver says; true if its side of the stream is still open. */
static bool take_answers(struct transfer *transfer)
{
    uint8_t answer[CEPA_FILE_COME_SIZE];
    for (;;) {
        ssize_t got = recv(transfer->stream.fd, answer, sizeof answer, 0);
        if (got < 0) {
            return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
        }
        /* An end that comes too early is a lost stream: this transfer goes on with another. */
        if (got == 0 || cepa_file_sender_answer(&transfer->sender, answer, (size_t)got) != 0) {
            return false;
        }
        move(transfer);
    }
}

/* Does what can be done now. */
static int drive(struct transfer *transfer, struct cepa_reason *ret_reason)
{
    switch ((unsigned)transfer->sender.state) {
    case CEPA_FILE_SENDER_HASHING:
        return hash_prefix(transfer);
    case CEPA_FILE_SENDER_READY:
        if (!transfer->is_begun) {
            transfer->begun = cepa_clock_now();
            transfer->is_begun = true;
        }
        transfer->piece_at = 0;
        transfer->piece_len = 0;
        transfer->out_at = 0;
        transfer->out_len = CEPA_FILE_FROM_SIZE;
        cepa_file_sender_start(&transfer->sender, transfer->out);
        return send_pieces(transfer, ret_reason);
    case CEPA_FILE_SENDER_SENDING:
        return send_pieces(transfer, ret_reason);
    default:
        if (flush(transfer) && transfer->sender.state == CEPA_FILE_SENDER_ENDED &&
            !transfer->is_shut) {
            (void)shutdown(transfer->stream.fd, SHUT_WR);
            transfer->is_shut = true;
        }
        return 0;
    }
}

/* Whether this stream is to be given up for another one. */
static bool is_hopeless(const struct transfer *transfer)
{
    return transfer->stream.is_cut && transfer->file->can_resume &&
           cepa_time_since(cepa_clock_now(), transfer->stream.cut) > CUT_MAX_S * CEPA_SECOND_NS;
}

static bool is_impatient(const struct transfer *transfer)
{
    bool is_asked = transfer->sender.state == CEPA_FILE_SENDER_HELD && !transfer->stream.is_over;
    uint64_t patience = transfer->sending->patience_s * CEPA_SECOND_NS;
    return patience > 0 && !is_asked && !transfer->is_waiting &&
           cepa_time_since(cepa_clock_now(), transfer->moved) > patience;
}

/* Lets one stream do what it can. Returns 0 if the sender is over; CEPA_ERR_TIMEOUT with a reason
 * if another stream may do better; or an error with a reason. */
static int use_stream(struct transfer *transfer, struct cepa_reason *ret_reason)
{
    bool is_open = true;
    int status = 0;
    while (status == 0 && !transfer->is_stopped && !cepa_file_sender_is_over(&transfer->sender)) {
        if (!is_open || transfer->stream.is_over || is_hopeless(transfer) ||
            is_impatient(transfer)) {
            const char *why = transfer->stream.why.text;
            return cepa_reason_fail(ret_reason,
                                    transfer->stream.is_over && !transfer->stream.is_begun &&
                                            !transfer->is_begun
                                        ? CEPA_ERR_STATE
                                        : CEPA_ERR_TIMEOUT,
                                    "%s", why[0] != '\0' ? why : "the other end does not answer");
        }
        enum cepa_file_sender_state state = transfer->sender.state;
        bool has_more = state == CEPA_FILE_SENDER_SENDING && !transfer->is_waiting;
        bool wants_room = has_more || transfer->out_at < transfer->out_len;
        bool is_busy = state == CEPA_FILE_SENDER_HASHING || state == CEPA_FILE_SENDER_READY;
        cepa_client_stream_wait(&transfer->stream, wants_room,
                                is_busy                ? 0
                                : transfer->is_waiting ? SLOW_MS
                                                       : WAIT_MS);
        is_open = take_answers(transfer);
        if (is_open) {
            status = drive(transfer, ret_reason);
        }
        watch(transfer);
    }
    return status;
}

static int judge(const struct transfer *transfer, struct cepa_reason *ret_reason)
{
    switch ((unsigned)transfer->sender.state) {
    case CEPA_FILE_SENDER_VERIFIED:
        return 0;
    case CEPA_FILE_SENDER_REFUSED:
        return cepa_reason_fail(ret_reason, CEPA_ERR_DROPPED, "the receiver does not want it");
    case CEPA_FILE_SENDER_NO_ROOM:
        return cepa_reason_fail(ret_reason, CEPA_ERR_FULL, "the receiver has no room for it");
    case CEPA_FILE_SENDER_WRONG:
        return cepa_reason_fail(ret_reason, CEPA_ERR_AUTHENTICATION,
                                "what arrived is not what was sent; the receiver threw it away");
    default:
        return cepa_reason_fail(ret_reason, CEPA_ERR_MALFORMED,
                                "the other end does not speak as cepa does");
    }
}

/* Sends over one stream. Returns as use_stream. */
static int try_once(struct transfer *transfer, struct cepa_reason *ret_reason)
{
    const struct cepa_client_sending *sending = transfer->sending;
    int status = cepa_file_sender_init(&transfer->sender, transfer->out, &transfer->out_len,
                                       &transfer->file->header, transfer->file->can_resume);
    if (status != 0) {
        return cepa_reason_fail(ret_reason, status, "%s cannot be sent under its name",
                                transfer->file->shown);
    }
    transfer->out_at = 0;
    transfer->piece_at = 0;
    transfer->piece_len = 0;
    transfer->is_shut = false;
    status = cepa_client_stream_open(&transfer->stream, ret_reason, sending->control,
                                     sending->address, sending->as, NULL);
    if (status == CEPA_ERR_UNREACHABLE && transfer->sent.sessions > 0) {
        return CEPA_ERR_TIMEOUT; /* the daemon is away for a moment */
    }
    if (status != 0) {
        return status;
    }
    transfer->sent.sessions++;
    status = use_stream(transfer, ret_reason);
    cepa_client_stream_close(&transfer->stream);
    if (status == 0 && transfer->is_stopped) {
        return cepa_reason_fail(
            ret_reason, CEPA_ERR_DROPPED, "interrupted%s",
            transfer->file->can_resume ? "; sent again, it goes on where this has stopped" : "");
    }
    return status == 0 ? judge(transfer, ret_reason) : status;
}

bool cepa_client_pause(const struct cepa_client_sending *sending, uint32_t ms)
{
    for (uint32_t waited = 0;; waited += WAIT_MS) {
        if (sending->goes_on != NULL && !sending->goes_on(sending->context, 0, "waits")) {
            return false;
        }
        if (waited >= ms) {
            return true;
        }
        (void)poll(NULL, 0, WAIT_MS);
    }
}

/* Waits before the next try. */
static void rest(struct transfer *transfer, uint32_t ms)
{
    for (uint32_t waited = 0; waited < ms && !transfer->is_stopped; waited += WAIT_MS) {
        (void)poll(NULL, 0, WAIT_MS);
        watch(transfer);
    }
}

/* Whether it makes sense to try again. */
static bool goes_on(const struct transfer *transfer, int status)
{
    return status == CEPA_ERR_TIMEOUT && !transfer->is_read && !transfer->is_stopped &&
           !is_impatient(transfer);
}

int cepa_client_send_file(struct cepa_client_sent *ret_sent, struct cepa_reason *ret_reason,
                          const struct cepa_client_sending *sending,
                          const struct cepa_client_file *file)
{
    struct transfer transfer;
    uint32_t pause_ms = RETRY_MIN_MS;
    memset(&transfer, 0, sizeof transfer);
    transfer.sending = sending;
    transfer.file = file;
    transfer.moved = cepa_clock_now();
    transfer.piece = malloc(PIECE);
    if (transfer.piece == NULL) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_EXHAUSTED, "there is not enough memory");
    }
    int status = try_once(&transfer, ret_reason);
    while (goes_on(&transfer, status)) {
        uint64_t before = transfer.sent.moved;
        rest(&transfer, pause_ms);
        status = try_once(&transfer, ret_reason);
        pause_ms = transfer.sent.moved > before  ? RETRY_MIN_MS
                   : 2 * pause_ms < RETRY_MAX_MS ? 2 * pause_ms
                                                 : RETRY_MAX_MS;
    }
    if (status == 0) {
        transfer.sent.ns = cepa_time_since(cepa_clock_now(), transfer.begun);
        *ret_sent = transfer.sent;
    } else if (transfer.is_read && status == CEPA_ERR_TIMEOUT) {
        cepa_reason_set(ret_reason, "the session was lost for good, and what was read from a pipe "
                                    "cannot be read again");
    }
    free(transfer.piece);
    return status;
}
