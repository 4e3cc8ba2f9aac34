/* The control socket: a Unix socket, mode 0600, on which commands of the same user (or root) ask
 * the daemon and are answered, a line of JSON each. A few clients at a time; whoever does not read
 * what was sent, or sends what makes no sense, is dropped.
 *
 *     cepa_control_open(&control, &reason, path, loop, first_number);
 *     ... when the loop has a number of cepa_control_numbers: cepa_control_on_ready(control, ...)
 *     while (cepa_control_next_asked(control, &asked, now)) {
 *         cepa_control_answer(control, asked.client, object);
 *     } */
#ifndef CEPA_NATIVE_DAEMON_CONTROL_H
#define CEPA_NATIVE_DAEMON_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "native/daemon/control_request.h"
#include "native/net/loop.h"
#include "native/reason.h"

struct cJSON;

enum {
    CEPA_CONTROL_CLIENTS_MAX = 64,
    CEPA_CONTROL_SOCKETS_MAX = 8,      /* that came from one client and were not asked for yet */
    CEPA_CONTROL_UNSENT_MAX = 1 << 20, /* bytes of answers that one client may leave unread */
    /* How long a client may stay silent that is told nothing, or read nothing of what waits for it.
     */
    CEPA_CONTROL_IDLE_SECONDS = 60
};

/* The socket and its clients; opaque. */
struct cepa_control;

/* What somebody asked. */
struct cepa_control_asked {
    uint32_t client; /* who; to be answered before the next is fetched */
    uint64_t serial; /* likewise, and of nobody else ever: for what is told later */
    struct cepa_control_request request;
    int socket; /* of the request, connected and not blocking; whoever takes the request owns it;
                   -1: none */
};

/* cepa_control_open listens at `path` and watches it in `loop`, which it is lent, under the
 * numbers from `first_number` to first_number + CEPA_CONTROL_CLIENTS_MAX. A socket that a daemon
 * left behind is replaced. Returns 0, CEPA_ERR_IN_USE if somebody answers there,
 * CEPA_ERR_EXHAUSTED or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_control_open(struct cepa_control **ret_control,
                                    struct cepa_reason *ret_reason, const char *path,
                                    struct cepa_loop *loop, uint64_t first_number);

/* cepa_control_close drops all clients and removes the socket; NULL is allowed. */
void cepa_control_close(struct cepa_control *control);

/* cepa_control_on_ready says that a descriptor of ours is ready. True if the number is ours. */
bool cepa_control_on_ready(struct cepa_control *control, const struct cepa_loop_ready *ready,
                           struct cepa_time now);

/* cepa_control_next_asked gives the next request; false when there is none for now. What is no
 * request is answered here. A client that watches asks for the status again and again. */
bool cepa_control_next_asked(struct cepa_control *control, struct cepa_control_asked *ret_asked,
                             struct cepa_time now);

/* cepa_control_answer answers: `object` becomes a line with "ok": true before it. It stays the
 * caller's. NULL is lack of memory, and drops the client. */
void cepa_control_answer(struct cepa_control *control, uint32_t client, struct cJSON *object);

/* cepa_control_refuse answers with "ok": false and a reason. */
void cepa_control_refuse(struct cepa_control *control, uint32_t client, const char *reason);

/* cepa_control_tell writes a line to a client who asked for it: `object` as it is. It stays the
 * caller's. A client who is gone is not told. */
void cepa_control_tell(struct cepa_control *control, uint64_t serial, const struct cJSON *object);

/* cepa_control_is_here says whether a client is still there. */
bool cepa_control_is_here(const struct cepa_control *control, uint64_t serial);

/* cepa_control_deadline gives when cepa_control_next_asked has something to do by itself. */
struct cepa_time cepa_control_deadline(const struct cepa_control *control);

#endif
