/* Lines on their way to the other end of a chat: one after another, each a message of its own. One
 * that is not acknowledged goes again over the next stream, with the same id, so that the other end
 * has it once. @[SPEC 17.2] */
#ifndef CEPA_CLI_CHAT_OUTBOX_H
#define CEPA_CLI_CHAT_OUTBOX_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "application/stream_header.h"
#include "base/error.h"
#include "base/time.h"
#include "native/client/stream.h"
#include "native/reason.h"

enum {
    CEPA_CLI_OUTBOX_MAX = 256, /* lines at one time */
    CEPA_CLI_OUTBOX_FDS = 2
};

/* A line. */
struct cepa_cli_line {
    struct cepa_cli_line *next;
    uint64_t number;                        /* from 1, in their order */
    struct cepa_time since;                 /* when it was added */
    uint8_t header[CEPA_STREAM_HEADER_MAX]; /* the same in each attempt */
    size_t header_len;
    size_t text_len;
    char text[];
};

/* All that are on their way. */
struct cepa_cli_outbox {
    const char *control; /* the daemon's socket; lent, as all texts here */
    const char *address;
    const char *as;
    struct cepa_cli_line *first; /* the one that is being sent */
    struct cepa_cli_line *last;
    struct cepa_cli_line *told; /* acknowledged or refused; goes with the next step */
    uint32_t len;
    uint64_t numbers; /* that were given */
    bool has_stream;
    struct cepa_client_stream stream;
    size_t at;              /* how much of the header and the text was written */
    bool is_written;        /* and the end */
    struct cepa_time begun; /* when the stream was opened, or became ready */
    bool was_ready;
    struct cepa_time due;   /* without a stream: when the next attempt is */
    uint32_t failures;      /* in a row */
    bool is_late;           /* it was told that lines wait */
    struct cepa_reason why; /* the last failure */
};

/* What became of a line. */
enum cepa_cli_outbox_event {
    CEPA_CLI_OUTBOX_KEPT = 1, /* the other end has it */
    CEPA_CLI_OUTBOX_REFUSED,  /* it does not want it, or has no room: `reason`; it is not sent again
                               */
    CEPA_CLI_OUTBOX_LATE,     /* it was not acknowledged for a while, nor were those after it */
    CEPA_CLI_OUTBOX_MENDED    /* after that: it was, and so on */
};

struct cepa_cli_outbox_said {
    enum cepa_cli_outbox_event event;
    const struct cepa_cli_line *line; /* lent until the next step */
    const char *reason;               /* REFUSED, LATE; may be empty */
};

/* cepa_cli_outbox_add takes a line of 1 to CEPA_MESSAGE_TEXT_MAX bytes of UTF-8. Returns 0, or
 * CEPA_ERR_FULL or CEPA_ERR_RANDOM. */
CEPA_MUST_USE int cepa_cli_outbox_add(struct cepa_cli_outbox *outbox, const char *text,
                                      size_t text_len);

/* cepa_cli_outbox_fds writes what to wait for, and gives how many these are. */
size_t cepa_cli_outbox_fds(const struct cepa_cli_outbox *outbox,
                           struct pollfd ret_fds[CEPA_CLI_OUTBOX_FDS]);

/* cepa_cli_outbox_step goes on; true if there is something to be told, and then again. It never
 * waits. */
bool cepa_cli_outbox_step(struct cepa_cli_outbox *outbox, struct cepa_cli_outbox_said *ret_said);

/* cepa_cli_outbox_close forgets all lines. */
void cepa_cli_outbox_close(struct cepa_cli_outbox *outbox);

#endif
