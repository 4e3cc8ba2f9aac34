/* What commands ask a daemon: one JSON object in one line. This never leaves
 * the machine.
 *
 *     {"do": "status"}                            how things are
 *     {"do": "watch", "every_ms": 1000}           that again and again
 *     {"do": "invite"}                            an invitation
 *     {"do": "join", "invitation": "cepa:..."}    take one
 *     {"do": "id"}                                who this node is
 *     {"do": "metrics"}                           figures for Prometheus, as one string
 *     {"do": "ping", "count": 10, "hops": 3}      build circuits and time them; does not wait
 *     {"do": "pinged"}                            how far that is
 *     {"do": "speed", "megabytes": 100, "hops": 3, "download": true}   measure; does not wait
 *     {"do": "speed_result"}                      how far that is
 *     {"do": "talk", "hops": 3, "every_ms": 250, "for_ms": 5000}
 *                                                 messages over a circuit; at least 0 ms apart
 *     {"do": "link", "node": "ID", "fresh": true} open a link to a relay and time it; does not wait
 *     {"do": "linked"}                            how that is
 *     {"do": "probe", "path": ["ID", ...], "count": 100, "every_us": 1000}
 *                                                 send messages through one circuit over the guard
 *                                                 and these relays; does not wait
 *     {"do": "probed"}                            how far that is
 *     {"do": "reload"}                            read 'identities' again: a command has changed it
 *     {"do": "connect", "stream": 1, "address": "cepa1...", "as": "NAME", "isolate": "WORD"}
 *                                                 a stream to an address, joined with the socket
 *                                                 that comes with the line (SCM_RIGHTS, with its
 *                                                 first byte); without "as" the other end does not
 *                                                 learn who asks; streams with different words
 *                                                 share no session. Told: "opening", "ready",
 *                                                 "cut", "mended", "delivered", "ended"
 *                                                 With a "service" no socket comes, and "ready"
 *                                                 means: take it
 *     {"do": "listen", "service": "NAME", "identity": "NAME"}
 *                                                 be told of streams to a service ("incoming")
 *     {"do": "take", "stream": 1}                 one of either, joined with the socket that comes
 *     {"do": "refuse", "stream": 1, "denied": true}
 *                                                 one of those is not wanted, or not any more;
 *                                                 "denied", if it is there: not by who asks, who
 *                                                 does not learn that there is such a service
 *     {"do": "leave", "stream": 1, "address": "cepa1...", "as": "NAME"}
 *                                                 a letter for somebody who is away: all of it
 *                                                 stands in the socket that comes with the line,
 *                                                 and its end behind it. Told: "left", with in how
 *                                                 many "mailboxes", and for how many "days"
 *     {"do": "stop"}                              end the daemon
 *
 * An ID has 64 hexadecimal digits. link and probe are for measuring: a fresh link is one that takes
 * the place of that which there may be; without, such a one is a reason to refuse.
 *
 * Each is answered by one line, watch by many: {"ok": true, ...} or {"ok": false, "reason": "..."}.
 * What is told of a stream comes in lines of its own: {"ok": true, "stream": 1, "event": "ready"},
 * or {"ok": false, "stream": 1, "reason": "...", "error": -43}, one of base/error.h, and then that
 * is all.
 */
#ifndef CEPA_NATIVE_DAEMON_CONTROL_REQUEST_H
#define CEPA_NATIVE_DAEMON_CONTROL_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "application/stream_header.h"
#include "base/error.h"
#include "identity/address.h"
#include "identity/name.h"
#include "native/daemon/config.h"
#include "native/daemon/ping.h"
#include "native/daemon/probe.h"
#include "native/daemon/speed.h"
#include "native/reason.h"
#include "native/streams/shared_sessions.h"

enum {
    CEPA_CONTROL_LINE_MAX = 4096, /* bytes of a request, without its newline */
    CEPA_CONTROL_EVERY_MIN_MS = 100,
    CEPA_CONTROL_EVERY_MAX_MS = 3600000
};

enum cepa_control_kind {
    CEPA_CONTROL_STATUS,
    CEPA_CONTROL_WATCH,
    CEPA_CONTROL_INVITE,
    CEPA_CONTROL_JOIN,
    CEPA_CONTROL_ID,
    CEPA_CONTROL_METRICS,
    CEPA_CONTROL_PING,
    CEPA_CONTROL_PINGED,
    CEPA_CONTROL_SPEED,
    CEPA_CONTROL_SPEED_RESULT,
    CEPA_CONTROL_TALK,
    CEPA_CONTROL_LINK,
    CEPA_CONTROL_LINKED,
    CEPA_CONTROL_PROBE,
    CEPA_CONTROL_PROBED,
    CEPA_CONTROL_RELOAD,
    CEPA_CONTROL_CONNECT,
    CEPA_CONTROL_LISTEN,
    CEPA_CONTROL_TAKE,
    CEPA_CONTROL_REFUSE,
    CEPA_CONTROL_LEAVE,
    CEPA_CONTROL_STOP
};

/* A request. */
struct cepa_control_request {
    enum cepa_control_kind kind;
    uint32_t every_ms;                            /* WATCH, TALK */
    uint32_t for_ms;                              /* TALK */
    char invitation[CEPA_CONFIG_INVITATION_SIZE]; /* JOIN */
    uint32_t count;                               /* PING: 1 to CEPA_PING_COUNT_MAX circuits */
    uint32_t hops;                                /* PING, SPEED, TALK: 1 to CEPA_PING_HOPS_MAX */
    uint32_t megabytes;                           /* SPEED: 1 to CEPA_SPEED_MEGABYTES_MAX */
    bool is_download;                             /* SPEED: the bytes come, else they go */
    struct cepa_node_id node;                     /* LINK */
    bool is_fresh;                                /* LINK */
    struct cepa_probe_request probe;              /* PROBE */
    uint32_t stream;                              /* CONNECT, TAKE, REFUSE, LEAVE */
    char address[CEPA_ADDRESS_TEXT_SIZE];         /* CONNECT, LEAVE */
    char identity[CEPA_NAME_MAX + 1];             /* CONNECT, LEAVE ("as"), LISTEN; "" for none */
    char isolate[CEPA_SHARED_ISOLATE_SIZE];       /* CONNECT; likewise */
    char service[CEPA_CONNECT_NAME_MAX + 1];      /* LISTEN; CONNECT, "" for none */
    bool is_denied;                               /* REFUSE */
};

/* cepa_control_request_has_socket says whether a request comes with a socket. */
bool cepa_control_request_has_socket(const struct cepa_control_request *request);

/* cepa_control_request_decode reads one line. Nothing but the fields above is allowed, each once.
 * Returns 0, or CEPA_ERR_MALFORMED with a reason. */
CEPA_MUST_USE int cepa_control_request_decode(struct cepa_control_request *ret_request,
                                              struct cepa_reason *ret_reason, const char *line,
                                              size_t line_len);

/* cepa_control_request_encode writes the line, with its newline and a final zero. Returns 0 or
 * CEPA_ERR_TOO_LONG. */
CEPA_MUST_USE int cepa_control_request_encode(char *ret_line, size_t capacity,
                                              const struct cepa_control_request *request);

#endif
