/* Sessions that streams of local programs share: one for each pair of who asks and who is asked,
 * and for each word by which a program keeps things apart. It stays a while after its last stream,
 * so that the next one finds it open. */
#ifndef CEPA_NATIVE_STREAMS_SHARED_SESSIONS_H
#define CEPA_NATIVE_STREAMS_SHARED_SESSIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "end/end.h"
#include "identity/address.h"

enum {
    CEPA_SHARED_SESSIONS_MAX = 64,
    CEPA_SHARED_ISOLATE_SIZE = 64,    /* a word that keeps apart, with its final zero */
    CEPA_SHARED_LINGER_SECONDS = 600, /* after the last stream of one that we asked for */
    CEPA_SHARED_CUT_SECONDS = 2       /* then new streams try another session */
};

/* One session; a free place if `is_used` is false. */
struct cepa_shared_session {
    bool is_used;
    bool is_ours;     /* we asked for it */
    bool is_ready;    /* streams can be opened */
    bool is_cut;      /* no path lives */
    bool has_peer;    /* `peer` is who the other end is */
    uint32_t streams; /* of local programs */
    struct cepa_end_session session;
    struct cepa_end_identity own; /* who we are there; none: nobody knows */
    struct cepa_address peer;
    char isolate[CEPA_SHARED_ISOLATE_SIZE];
    struct cepa_time cut;  /* since when, if it is */
    struct cepa_time idle; /* since when it has no stream, if it has none */
};

/* All of them. */
struct cepa_shared_sessions {
    struct cepa_end *end; /* lent */
    struct cepa_shared_session entries[CEPA_SHARED_SESSIONS_MAX];
};

/* cepa_shared_sessions_init begins without any. */
void cepa_shared_sessions_init(struct cepa_shared_sessions *ret_sessions, struct cepa_end *end);

/* cepa_shared_sessions_want gives the place of a session with `peer`, which may still have to come
 * to stand, and counts a stream more there. Returns 0, CEPA_ERR_FULL, or what cepa_end_connect
 * gives. */
CEPA_MUST_USE int cepa_shared_sessions_want(struct cepa_shared_sessions *sessions,
                                            uint32_t *ret_place, const struct cepa_address *peer,
                                            struct cepa_end_identity own, const char *isolate,
                                            struct cepa_time now);

/* cepa_shared_sessions_hold counts a stream more at a place, cepa_shared_sessions_drop one less. */
void cepa_shared_sessions_hold(struct cepa_shared_sessions *sessions, uint32_t place);
void cepa_shared_sessions_drop(struct cepa_shared_sessions *sessions, uint32_t place,
                               struct cepa_time now);

/* cepa_shared_sessions_on_end follows an effect of the end. Returns the place of its session; -1 if
 * there is none. After CEPA_END_FAILED and CEPA_END_CLOSED the place is free, with what stood there
 * still to be read. A session that comes in while no place is free is closed. */
int cepa_shared_sessions_on_end(struct cepa_shared_sessions *sessions,
                                const struct cepa_end_effect *effect, struct cepa_time now);

/* cepa_shared_sessions_step closes those that have been idle for long;
 * cepa_shared_sessions_deadline says when there is one. */
void cepa_shared_sessions_step(struct cepa_shared_sessions *sessions, struct cepa_time now);
struct cepa_time cepa_shared_sessions_deadline(const struct cepa_shared_sessions *sessions);

/* cepa_shared_sessions_leave ends all of them, politely: their CLOSED follows within a second. */
void cepa_shared_sessions_leave(struct cepa_shared_sessions *sessions, struct cepa_time now);

/* cepa_shared_sessions_streams gives the streams of the session at a place; NULL if it is not
 * ready. */
struct cepa_session *cepa_shared_sessions_streams(const struct cepa_shared_sessions *sessions,
                                                  uint32_t place);

#endif
