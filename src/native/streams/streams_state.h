/* What streams.h is made of; only its own files include this. */
#ifndef CEPA_NATIVE_STREAMS_STREAMS_STATE_H
#define CEPA_NATIVE_STREAMS_STREAMS_STATE_H

#include "native/proxy/pipe.h"
#include "native/streams/shared_sessions.h"
#include "native/streams/streams.h"

enum { CEPA_STREAMS_SERVICE_SIZE = CEPA_CONNECT_NAME_MAX + 1 };

/* Where a stream stands. */
enum cepa_streams_stage {
    CEPA_STREAMS_AT_WAIT = 1, /* ours: for its session, or for room in it */
    CEPA_STREAMS_AT_HEADER,   /* theirs: its header is not whole */
    CEPA_STREAMS_AT_VERDICT,  /* ours: its service is asked for at the other end */
    CEPA_STREAMS_AT_OFFER,    /* a program was told, and has not taken it */
    CEPA_STREAMS_AT_PIPE,     /* with a socket */
    CEPA_STREAMS_AT_USER      /* theirs: it is the user's */
};

/* One stream. */
struct cepa_streams_one {
    enum cepa_streams_stage stage;
    uint32_t place; /* of its session */
    bool has_stream;
    struct cepa_stream stream;
    uint64_t client; /* who asked for it, or was told of it */
    uint64_t number; /* what it calls it */
    int fd;          /* WAITS: what it will be joined with; else -1 */
    struct cepa_pipe *pipe;
    bool is_ended;        /* without a pipe: our end was written */
    bool is_heard;        /* theirs was read */
    struct cepa_time due; /* HEADER, VERDICT, OFFER: then it has taken too long */
    bool is_ours;         /* OFFER: opened to a service of the other end, not come in for ours */
    char service[CEPA_STREAMS_SERVICE_SIZE]; /* ours: what is asked for; "" for none */
    struct cepa_streams *streams;            /* all of them, for the pipe */
    struct cepa_stream_header_parser parser; /* HEADING */
};

/* A program that listens. */
struct cepa_streams_listener {
    bool is_used;
    uint64_t client;
    struct cepa_end_identity own;
    char service[CEPA_STREAMS_SERVICE_SIZE];
};

struct cepa_streams {
    struct cepa_streams_config config;
    struct cepa_shared_sessions sessions;
    struct cepa_streams_one *slots[CEPA_STREAMS_MAX]; /* NULL: free */
    uint32_t used;                                    /* slots from here on are free */
    /* Slot + 1 of the stream with an index in the session at a place. */
    uint16_t (*by_index)[CEPA_SHARED_SESSIONS_MAX];
    uint32_t indices; /* that a session's streams may have */
    struct cepa_streams_listener listeners[CEPA_STREAMS_LISTENERS_MAX];
    uint64_t bytes_out; /* of pipes that are closed */
    uint64_t bytes_in;
    uint64_t next_number; /* of what comes in */
    struct cepa_time now; /* of the call that is under way, for pipes */
};

/* streams.c */
/* A free slot with a stream that stands in it; NULL if there is none. */
struct cepa_streams_one *cepa_streams_add(struct cepa_streams *streams, uint32_t *ret_slot);
void cepa_streams_name(struct cepa_streams *streams, uint32_t slot, struct cepa_stream stream);
/* Gives up what is not at its end, and forgets the stream. */
void cepa_streams_remove(struct cepa_streams *streams, uint32_t slot, struct cepa_time now);
struct cepa_session *cepa_streams_session(const struct cepa_streams *streams,
                                          const struct cepa_streams_one *one);
void cepa_streams_touch(struct cepa_streams *streams, const struct cepa_streams_one *one);
void cepa_streams_tell(struct cepa_streams *streams, const struct cepa_streams_one *one,
                       enum cepa_streams_event event, int error);
/* Joins it with a socket. Returns 0 or CEPA_ERR_FULL; `fd` is taken either way. */
CEPA_MUST_USE int cepa_streams_join(struct cepa_streams *streams, uint32_t slot, int fd,
                                    struct cepa_time now);

/* After anything has moved: a pipe that has come to its end goes. */
void cepa_streams_look_at(struct cepa_streams *streams, uint32_t slot, struct cepa_time now);

/* services.c: connections to services, at both ends. */
/* Asks for the service of a stream that was opened just now. */
void cepa_streams_ask(struct cepa_streams *streams, uint32_t slot, struct cepa_time now);
/* Reads what came of it. */
void cepa_streams_read_verdict(struct cepa_streams *streams, uint32_t slot, struct cepa_time now);
/* Tells the program that it comes to nothing, and forgets the stream. */
void cepa_streams_fail(struct cepa_streams *streams, uint32_t slot, int error, bool is_silent,
                       struct cepa_time now);
/* Refuses the other end, and forgets the stream. */
void cepa_streams_refuse_service(struct cepa_streams *streams, uint32_t slot,
                                 enum cepa_connect_verdict verdict, struct cepa_time now);
/* Tells the other end that its connection stands. Returns 0, or an error if it cannot be told. */
CEPA_MUST_USE int cepa_streams_grant_service(struct cepa_streams *streams, uint32_t slot);

/* incoming.c: what others open. */
void cepa_streams_come(struct cepa_streams *streams, uint32_t place, struct cepa_stream stream,
                       struct cepa_time now);
void cepa_streams_read_header(struct cepa_streams *streams, uint32_t slot, struct cepa_time now);

#endif
