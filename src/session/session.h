/* A session: reliable ordered streams and datagrams between two ends, over up to five paths that
 * may die at any time. Sans-I/O, and without keys: its owner seals what is pulled for a path, sends
 * it over that path's circuit, and gives in what has arrived and opened. @[SPEC 13]
 *
 *     while the circuit of a path has room and cepa_session_pull gives a packet: seal, send;
 *     cepa_session_receive for each packet that opens;
 *     cepa_session_step at cepa_session_deadline; take events with cepa_session_next.
 *
 * Invariants: what was taken by cepa_session_write is kept until the other end has acknowledged it,
 * whatever happens to paths; what is read comes in order, once; memory is bounded by the limits,
 * and a stream that is never read stops only itself. */
#ifndef CEPA_SESSION_SESSION_H
#define CEPA_SESSION_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/pool.h"
#include "base/siphash.h"
#include "base/time.h"
#include "wire/session_frame.h"

/* A session; opaque. */
struct cepa_session;

enum {
    CEPA_SESSION_PATHS_MAX = 5,
    CEPA_SESSION_STREAMS_FIRST = 32, /* that the other end may open before it hears more */
    CEPA_SESSION_WINDOW_FIRST = 16   /* segments that it may send on each, likewise */
};

/* How much a session may hold. */
struct cepa_session_limits {
    uint32_t streams;       /* that each end may have open; at least CEPA_SESSION_STREAMS_FIRST */
    uint32_t send_segments; /* of CEPA_SESSION_SEGMENT_MAX bytes, until acknowledged */
    uint32_t receive_segments; /* until read; at least 2 × streams × CEPA_SESSION_WINDOW_FIRST */
    uint32_t packets;          /* under way on one path; a power of two */
    uint32_t datagrams;        /* that wait, each way; a power of two */
};

/* Which way a path is used. */
enum cepa_session_role {
    CEPA_SESSION_ACTIVE, /* carries data */
    CEPA_SESSION_STANDBY /* carries data only while no active path is well */
};

/* What a session tells its owner. */
enum cepa_session_event_kind {
    CEPA_SESSION_OPENED = 1, /* the other end opened `stream`; `is_one_way`: it alone writes */
    CEPA_SESSION_READABLE,   /* `stream` has something to read, its end or RESET included */
    CEPA_SESSION_WRITABLE,   /* `stream` takes more, after a short write */
    CEPA_SESSION_DELIVERED,  /* all of `stream`, its end too, is at the other end */
    CEPA_SESSION_STOPPED,    /* the other end reads `stream` no more: `code` */
    CEPA_SESSION_ROOM,       /* more streams may be opened, after CEPA_ERR_FULL */
    CEPA_SESSION_SUSPECTED,  /* `path` does not answer; others carry its data now */
    CEPA_SESSION_REVIVED,    /* `path` answers again */
    CEPA_SESSION_CLOSED      /* the other end has ended the session: `code` */
};

/* A stream, as its users name it. */
struct cepa_stream {
    struct cepa_handle handle; /* all zeros: none */
};

/* One event. Fields that the kind does not name are 0. */
struct cepa_session_event {
    enum cepa_session_event_kind kind;
    struct cepa_stream stream;
    bool is_one_way;
    uint32_t path;
    uint32_t code; /* the other end's word, not judged */
};

/* What is known of a path. */
struct cepa_session_path_status {
    enum cepa_session_role role;
    bool is_suspected;
    uint32_t in_flight;    /* packets that want an acknowledgement */
    uint32_t window;       /* how many may be */
    uint64_t rtt_ns;       /* smoothed; 0 before the first measurement */
    uint64_t rtt_min_ns;   /* lately; likewise */
    uint64_t packets_sent; /* in all */
    uint64_t packets_lost; /* that were given up, rightly or not */
    uint64_t packets_received;
};

/* For status and tests. */
struct cepa_session_status {
    uint32_t streams;          /* slots in use */
    uint32_t send_segments;    /* not yet acknowledged */
    uint32_t receive_segments; /* not yet read */
    uint64_t segments_sent;    /* in all, repeats included */
    uint64_t segments_repeated;
    uint64_t segments_received; /* new ones */
    uint64_t segments_again;    /* that were here already */
};

/* cepa_session_limits_daemon gives 8 MiB each way, cepa_session_limits_tab 2 MiB. */
struct cepa_session_limits cepa_session_limits_daemon(void);
struct cepa_session_limits cepa_session_limits_tab(void);

/* cepa_session_size gives the memory that a session with these limits takes; SIZE_MAX for limits
 * out of range. Most of it is touched only when it is used. */
size_t cepa_session_size(const struct cepa_session_limits *limits);

/* cepa_session_init begins a session without paths, in memory aligned as base/block.h says and lent
 * until cepa_session_wipe. Both ends agree on who the initiator is. `key` is random. The stream
 * cepa_session_control is open from the start. Returns 0 or CEPA_ERR_ARGUMENT. */
CEPA_MUST_USE int cepa_session_init(struct cepa_session **ret_session, void *memory,
                                    size_t memory_len, const struct cepa_session_limits *limits,
                                    bool is_initiator, const struct cepa_siphash_key *key,
                                    struct cepa_time now);

/* cepa_session_wipe overwrites everything that was used. */
void cepa_session_wipe(struct cepa_session *session);

/* cepa_session_path_open adds a path under a `number` that both ends use for it and that never
 * names another one; its packets are numbered from 0. `room` is 0 at first. Returns 0,
 * CEPA_ERR_IN_USE or CEPA_ERR_FULL. */
CEPA_MUST_USE int cepa_session_path_open(struct cepa_session *session, uint32_t number,
                                         enum cepa_session_role role, struct cepa_time now);

/* cepa_session_path_room says how many packets the path's circuit takes now. */
void cepa_session_path_room(struct cepa_session *session, uint32_t number, uint32_t room);

/* cepa_session_path_role changes the role of a path. */
void cepa_session_path_role(struct cepa_session *session, uint32_t number,
                            enum cepa_session_role role);

/* cepa_session_path_broken says that a path is cut: what was under way is sent again, elsewhere or
 * after cepa_session_path_mended. */
void cepa_session_path_broken(struct cepa_session *session, uint32_t number, struct cepa_time now);
void cepa_session_path_mended(struct cepa_session *session, uint32_t number, struct cepa_time now);

/* cepa_session_path_close forgets a path; what was under way is sent again elsewhere. */
void cepa_session_path_close(struct cepa_session *session, uint32_t number, struct cepa_time now);

/* cepa_session_pull writes the plaintext of the next packet for a path, CEPA_SESSION_PLAIN_SIZE
 * bytes, and its number, if one should leave now. Takes 1 from the path's room. Returns 0, or
 * CEPA_ERR_NOT_FOUND. */
CEPA_MUST_USE int cepa_session_pull(struct cepa_session *session, uint64_t *ret_number,
                                    uint8_t *ret_plain, uint32_t number, struct cepa_time now);

/* cepa_session_receive takes the plaintext of a packet that has opened. Returns 0, or
 *   CEPA_ERR_NOT_FOUND  no such path;
 *   CEPA_ERR_REPLAY     the packet was here before, or is too old: dropped;
 *   CEPA_ERR_MALFORMED, CEPA_ERR_STATE, CEPA_ERR_TOO_LONG (beyond what was permitted)
 *                       the other end breaks the rules: end the session. */
CEPA_MUST_USE int cepa_session_receive(struct cepa_session *session, uint32_t number,
                                       uint64_t packet, const uint8_t *plain, struct cepa_time now);

/* cepa_session_step does what is due; cepa_session_deadline says when that is. After any call on a
 * session cepa_session_pull may have something for any path. */
void cepa_session_step(struct cepa_session *session, struct cepa_time now);
struct cepa_time cepa_session_deadline(const struct cepa_session *session);

/* cepa_session_next takes the next event. Returns 0 or CEPA_ERR_NOT_FOUND. */
CEPA_MUST_USE int cepa_session_next(struct cepa_session *session,
                                    struct cepa_session_event *ret_event);

/* cepa_session_control gives the stream that is there from the start, for the session's owner. */
struct cepa_stream cepa_session_control(const struct cepa_session *session);

/* cepa_session_open opens a stream. `is_one_way`: only this end writes. Returns 0, or CEPA_ERR_FULL
 * if the other end permits no more now; event ROOM follows. */
CEPA_MUST_USE int cepa_session_open(struct cepa_session *session, struct cepa_stream *ret_stream,
                                    bool is_one_way);

/* cepa_session_write takes up to `data_len` bytes (copied), and the end of the stream with the last
 * of them if `is_end`; `*ret_taken` says how many. After a short write event WRITABLE follows.
 * Returns 0; CEPA_ERR_FULL for an end without bytes that was not taken; CEPA_ERR_NOT_FOUND; or
 * CEPA_ERR_STATE after the end, a reset, or STOPPED. */
CEPA_MUST_USE int cepa_session_write(struct cepa_session *session, size_t *ret_taken,
                                     struct cepa_stream stream, const uint8_t *data,
                                     size_t data_len, bool is_end);

/* cepa_session_read copies what comes next, `*ret_len` bytes of at most `size`; `*ret_is_end` after
 * the last byte. Returns 0 (with 0 bytes if nothing is here yet), CEPA_ERR_NOT_FOUND,
 * CEPA_ERR_STATE for a stream that is not read here or was read to its end, or CEPA_ERR_DROPPED if
 * the other end has reset it. */
CEPA_MUST_USE int cepa_session_read(struct cepa_session *session, uint8_t *ret_data,
                                    size_t *ret_len, bool *ret_is_end, size_t size,
                                    struct cepa_stream stream, struct cepa_time now);

/* cepa_session_reset gives up writing a stream: what was not delivered may be lost.
 * cepa_session_stop gives up reading one. Stale streams are ignored. */
void cepa_session_reset(struct cepa_session *session, struct cepa_stream stream, uint32_t code);
void cepa_session_stop(struct cepa_session *session, struct cepa_stream stream, uint32_t code);

/* cepa_session_send_datagram queues a datagram (copied), which may get lost. Returns 0,
 * CEPA_ERR_TOO_LONG beyond CEPA_SESSION_DATAGRAM_MAX, or CEPA_ERR_FULL. */
CEPA_MUST_USE int cepa_session_send_datagram(struct cepa_session *session, const uint8_t *data,
                                             size_t data_len);

/* cepa_session_read_datagram takes the next datagram that came; `ret_data` has
 * CEPA_SESSION_DATAGRAM_MAX bytes. Returns 0 or CEPA_ERR_NOT_FOUND. */
CEPA_MUST_USE int cepa_session_read_datagram(struct cepa_session *session, uint8_t *ret_data,
                                             size_t *ret_len);

/* cepa_session_close tells the other end that it is over; pull once more on every path. */
void cepa_session_close(struct cepa_session *session, uint32_t code);

/* cepa_session_is_writable says whether cepa_session_pull would give a packet for a path now. */
bool cepa_session_is_writable(const struct cepa_session *session, uint32_t number,
                              struct cepa_time now);

/* cepa_session_path_status_get says how a path is. Returns 0 or CEPA_ERR_NOT_FOUND. */
CEPA_MUST_USE int cepa_session_path_status_get(struct cepa_session_path_status *ret_status,
                                               const struct cepa_session *session, uint32_t number);

/* cepa_session_status_get says how the session is. */
void cepa_session_status_get(struct cepa_session_status *ret_status,
                             const struct cepa_session *session);

#endif
