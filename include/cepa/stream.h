/* Streams between a program here and one at an address. Part of cepa/cepa.h; libcepa(3).
 *
 * A stream is a connected socket of this machine: it is read, written and polled like any other,
 * blocks unless the program says otherwise (O_NONBLOCK), and belongs to the program, which closes
 * it. shutdown(SHUT_WR) ends this side of it; the end of the file is the end of the other's. What
 * is written arrives whole and in order, or the stream breaks: reading gives ECONNRESET or the end
 * of the file, and an event says why. It outlives the death of relays. */
#ifndef CEPA_STREAM_H
#define CEPA_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include <cepa/node.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How to connect; NULL for none of it. */
struct cepa_connect_options {
    size_t size;         /* sizeof of this structure */
    const char *as;      /* the identity that the other end learns, proven; NULL: nobody */
    const char *isolate; /* streams of different words share no session, so that nobody sees that
                            they are of one user; up to 64 bytes, NULL: none */
    uint32_t timeout_ms; /* how long to try; 0: a minute */
    uint32_t reserved;   /* 0 */
};

/* What happens to streams that were made by cepa_connect. */
enum cepa_event_kind {
    CEPA_EVENT_CUT = 1,   /* no way leads to the other end for now; nothing is lost */
    CEPA_EVENT_MENDED,    /* one does again */
    CEPA_EVENT_DELIVERED, /* all that was written is at the other end; left out before ENDED */
    CEPA_EVENT_ENDED,     /* it is over; `failure` says whether well */
    CEPA_EVENT_NODE_LOST  /* the node has ended, and all streams with it; `stream` is 0 */
};

/* An event. */
struct cepa_event {
    size_t size;      /* sizeof of this structure */
    int kind;         /* enum cepa_event_kind */
    uint32_t stream;  /* as cepa_connect has numbered it */
    int failure;      /* ENDED, NODE_LOST: enum cepa_failure, or 0 if it ended well */
    char reason[256]; /* ENDED, NODE_LOST: why, for people; empty if it ended well */
};

/* Streams to a service that others open; opaque. */
struct cepa_listening;

/* cepa_connect makes a stream to the service `service` (1 to 63 letters, digits and hyphens; for
 * those of `cepa expose PORT` the digits of the port) of who has the address `address`. Waits until
 * it stands. Gives its descriptor, which the program closes, and its number for events, unless
 * `ret_stream` is NULL. Returns 0, CEPA_FAIL_ADDRESS (the reason shows where it is mistyped),
 * CEPA_FAIL_NOT_FOUND, CEPA_FAIL_TIMEOUT, CEPA_FAIL_UNREACHABLE, CEPA_FAIL_REFUSED,
 * CEPA_FAIL_NO_NODE, CEPA_FAIL_ARGUMENT, CEPA_FAIL_STATE or CEPA_FAIL_SYSTEM. */
int cepa_connect(struct cepa *cepa, int *ret_fd, uint32_t *ret_stream, const char *address,
                 const char *service, const struct cepa_connect_options *options);

/* cepa_next_event gives what has happened to streams of this handle, and waits `timeout_ms` for it;
 * 0: not at all, -1: as long as it takes. Returns 0, CEPA_FAIL_AGAIN, or CEPA_FAIL_STATE if there
 * can be no event because nothing was connected. A program with streams takes their events, or
 * closes the handle: who leaves thousands of them unread is dropped by the daemon (NODE_LOST). */
int cepa_next_event(struct cepa *cepa, struct cepa_event *ret_event, int timeout_ms);

/* cepa_event_fd gives a descriptor that is readable when cepa_next_event has something, to be
 * polled and nothing else; -1 before the first connection and after NODE_LOST. After each
 * cepa_connect, take what is there already before polling. */
int cepa_event_fd(const struct cepa *cepa);

/* CEPA_LISTEN_CONTACTS: only accepted contacts who say who they are. */
#define CEPA_LISTEN_CONTACTS 1u

/* cepa_listen offers the service `service` at the identity called `identity`, or at the default one
 * for NULL; it must be there. Whom the user has blocked is refused. `flags` is 0 or
 * CEPA_LISTEN_CONTACTS. It stands until cepa_listening_close, which comes before cepa_close.
 * Returns 0, CEPA_FAIL_ARGUMENT, CEPA_FAIL_NO_NODE, CEPA_FAIL_STATE (no such identity, or another
 * program offers it), CEPA_FAIL_MEMORY or CEPA_FAIL_SYSTEM. */
int cepa_listen(struct cepa *cepa, struct cepa_listening **ret_listening, const char *identity,
                const char *service, uint32_t flags);

/* cepa_accept waits for a stream that somebody opens and gives its descriptor, which the program
 * closes, and the address of who did, empty if that is not said; `ret_from` may be NULL. Waits as
 * cepa_next_event. Returns 0, CEPA_FAIL_AGAIN, CEPA_FAIL_NO_NODE if the node has ended (then it is
 * closed, and offered anew), or CEPA_FAIL_SYSTEM. */
int cepa_accept(struct cepa_listening *listening, int *ret_fd, char ret_from[CEPA_ADDRESS_CHARS],
                int timeout_ms);

/* cepa_listening_fd gives a descriptor that is readable when cepa_accept may have something. */
int cepa_listening_fd(const struct cepa_listening *listening);

/* cepa_listening_address gives the address at which it is offered; lent for its life. */
const char *cepa_listening_address(const struct cepa_listening *listening);

/* cepa_listening_close offers it no more; NULL is allowed. Streams that were accepted go on. */
void cepa_listening_close(struct cepa_listening *listening);

#ifdef __cplusplus
}
#endif

#endif
