/* The proxy's clients, from their first byte to the moment at which their connection stands: a
 * listening port, one SOCKS conversation each, and the names that they ask for. Where connections
 * come from is its owner's matter:
 *
 *     cepa_socks_server_on_ready for numbers that are ready, cepa_socks_server_step at
 *     cepa_socks_server_deadline;
 *     cepa_socks_server_next after either, until it gives nothing;
 *     cepa_socks_server_answer for each client that wants something; from the answer 0 on its
 *     socket is the owner's, who says cepa_socks_server_release when the connection is over.
 *
 * So many clients at a time, so long for each to say what it wants: then it is bounded. */
#ifndef CEPA_NATIVE_PROXY_SOCKS_SERVER_H
#define CEPA_NATIVE_PROXY_SOCKS_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "native/net/loop.h"
#include "native/proxy/names.h"
#include "native/proxy/socks.h"
#include "native/reason.h"
#include "native/store/contacts.h"

enum {
    CEPA_SOCKS_SERVER_TALK_MS = 10000, /* for a client to say what it wants */
    CEPA_SOCKS_SERVER_LINGER_MS = 1000 /* for one who is refused to read why */
};

/* The port and its clients; opaque. */
struct cepa_socks_server;

/* How to open it. */
struct cepa_socks_server_config {
    struct cepa_loop *loop; /* lent */
    uint64_t first_number;  /* in the loop: of the port; those of `clients_max` clients follow */
    uint16_t port;          /* 0: one that is free */
    uint32_t clients_max;   /* at least 1 */
    struct cepa_contacts *contacts; /* lent; NULL for none */
};

/* What a server tells its owner. */
enum cepa_socks_server_event {
    CEPA_SOCKS_SERVER_WANTED = 1, /* a client wants to be connected with `target` */
    CEPA_SOCKS_SERVER_GONE,       /* a client that wanted something has left */
    CEPA_SOCKS_SERVER_REFUSED     /* a client was told no: `reason`, for a person to read */
};

struct cepa_socks_server_said {
    enum cepa_socks_server_event event;
    uint32_t client;                              /* its number; never 0, and never another's */
    struct cepa_proxy_target target;              /* WANTED */
    uint8_t isolation[CEPA_SOCKS_ISOLATION_SIZE]; /* WANTED: clients with another one share nothing
                                                     with this one; zeros: it does not mind */
    const char *reason;                           /* REFUSED: lent until the next call */
};

/* cepa_socks_server_open listens. Returns 0, or what cepa_listener_open gives. */
CEPA_MUST_USE int cepa_socks_server_open(struct cepa_socks_server **ret_server,
                                         const struct cepa_socks_server_config *config);

/* cepa_socks_server_close lets all go but the sockets that were given away; NULL is allowed. */
void cepa_socks_server_close(struct cepa_socks_server *server);

/* cepa_socks_server_port gives the port. */
uint16_t cepa_socks_server_port(const struct cepa_socks_server *server);

/* cepa_socks_server_on_ready takes what the loop says; false if it is about something else. */
bool cepa_socks_server_on_ready(struct cepa_socks_server *server,
                                const struct cepa_loop_ready *ready, struct cepa_time now);

/* cepa_socks_server_step does what is due; cepa_socks_server_deadline says when that is. */
void cepa_socks_server_step(struct cepa_socks_server *server, struct cepa_time now);
struct cepa_time cepa_socks_server_deadline(const struct cepa_socks_server *server);

/* cepa_socks_server_next gives what was not told yet; false if there is nothing. */
bool cepa_socks_server_next(struct cepa_socks_server *server,
                            struct cepa_socks_server_said *ret_said);

/* cepa_socks_server_answer tells a client that wants something what came of it: an error, or 0, and
 * then its socket, to which the bytes of the connection may follow at once, is the caller's.
 * Returns 0, or CEPA_ERR_NOT_FOUND if the client has left. */
CEPA_MUST_USE int cepa_socks_server_answer(struct cepa_socks_server *server, int *ret_fd,
                                           uint32_t number, int error, struct cepa_time now);

/* cepa_socks_server_release says that a client whose socket was given away has its connection no
 * more; another number is ignored. */
void cepa_socks_server_release(struct cepa_socks_server *server, uint32_t number);

#endif
