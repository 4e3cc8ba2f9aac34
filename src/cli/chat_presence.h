/* Whether the other end of a chat has its chat open too: each offers a service to the other alone,
 * asks for the other's, and holds the connection. @[SPEC 17.8] Beside that it is the connection
 * with the daemon, and comes back when that does. */
#ifndef CEPA_CLI_CHAT_PRESENCE_H
#define CEPA_CLI_CHAT_PRESENCE_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "native/daemon/control_client.h"
#include "native/reason.h"

enum { CEPA_CLI_PRESENCE_FDS = 3 };

/* A connection that is held. */
struct cepa_cli_held {
    int fd;          /* -1: there is none */
    uint32_t stream; /* what the daemon and we call it; 0 for none */
    bool is_cut;     /* no path leads there now */
};

/* What is known. */
struct cepa_cli_presence {
    const char *control;                     /* the daemon's socket; lent, as all texts here */
    const char *peer;                        /* the address */
    const char *as;                          /* the name of our identity */
    char offered[CEPA_CONNECT_NAME_MAX + 1]; /* our service */
    char wanted[CEPA_CONNECT_NAME_MAX + 1];  /* theirs */
    struct cepa_control_client client;
    bool is_open;              /* the daemon is there */
    bool is_refused;           /* it has refused: `why` */
    struct cepa_reason why;    /* why it is gone, or has refused */
    struct cepa_time due;      /* when to look for the daemon, or for the other end, again */
    uint32_t asked;            /* connections that we asked for, ever */
    uint32_t failures;         /* in a row */
    struct cepa_cli_held ours; /* the one that we asked for */
    struct cepa_cli_held theirs;
    bool is_away;  /* the other end has said that there is no chat */
    bool was_open; /* what was told last */
    bool was_cut;
    int told_here; /* 1 here, -1 away, 0 neither */
};

/* What has changed. */
enum cepa_cli_presence_event {
    CEPA_CLI_PRESENCE_NOTHING,
    CEPA_CLI_PRESENCE_GONE,   /* the daemon has ended */
    CEPA_CLI_PRESENCE_BACK,   /* and is there again */
    CEPA_CLI_PRESENCE_HERE,   /* the other end has its chat open */
    CEPA_CLI_PRESENCE_AWAY,   /* it has not */
    CEPA_CLI_PRESENCE_CUT,    /* no path leads there */
    CEPA_CLI_PRESENCE_MENDED, /* one does again */
    CEPA_CLI_PRESENCE_REFUSED /* the daemon refuses: `why`; it is over */
};

/* cepa_cli_presence_open reaches the daemon. `own` is the address of the identity `as`. Returns 0,
 * or an error with a reason. */
CEPA_MUST_USE int cepa_cli_presence_open(struct cepa_cli_presence *ret_presence,
                                         struct cepa_reason *ret_reason, const char *control,
                                         const char *peer, const char *as, const char *own);

/* cepa_cli_presence_close ends it. */
void cepa_cli_presence_close(struct cepa_cli_presence *presence);

/* cepa_cli_presence_fds writes what to wait for, and gives how many these are. */
size_t cepa_cli_presence_fds(const struct cepa_cli_presence *presence,
                             struct pollfd ret_fds[CEPA_CLI_PRESENCE_FDS]);

/* cepa_cli_presence_step goes on, and gives one change after another, then NOTHING. It never
 * waits. */
enum cepa_cli_presence_event cepa_cli_presence_step(struct cepa_cli_presence *presence);

/* cepa_cli_presence_hurry asks now what is not known of the other end, since it was reached. */
void cepa_cli_presence_hurry(struct cepa_cli_presence *presence);

/* cepa_cli_presence_is_here tells whether the other end has its chat open. */
bool cepa_cli_presence_is_here(const struct cepa_cli_presence *presence);

#endif
