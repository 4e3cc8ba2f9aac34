/* What a session consists of, for the files of this room only. */
#ifndef CEPA_SESSION_SESSION_STATE_H
#define CEPA_SESSION_SESSION_STATE_H

#include "base/map.h"
#include "base/replay.h"
#include "base/ring.h"
#include "session/session.h"

/* No element of a pool. */
#define CEPA_SESSION_NONE UINT32_MAX

enum {
    CEPA_SESSION_REFS = 6,      /* things in one packet that are told again if it is lost */
    CEPA_SESSION_KEEP_FREE = 16 /* send segments that only the control stream takes */
};

/* Where a segment that is being sent stands. */
enum cepa_segment_state {
    CEPA_SEGMENT_WAITS,  /* in its stream's queue, never sent */
    CEPA_SEGMENT_FLIES,  /* in a packet without an answer */
    CEPA_SEGMENT_REPEAT, /* in the session's queue of those to send again */
    CEPA_SEGMENT_DONE    /* acknowledged, or of no use; still in that queue */
};

/* A piece of a stream, on its way out or in. */
struct cepa_segment {
    uint32_t stream; /* its slot */
    uint32_t number; /* from 0 */
    uint32_t next;   /* behind it in its queue */
    uint32_t path;   /* FLIES: by which path it went last */
    uint64_t packet; /* FLIES: and in which packet */
    uint16_t len;    /* bytes */
    bool is_end;     /* the last of its stream */
    bool is_repeat;  /* was sent before */
    uint8_t state;   /* enum cepa_segment_state */
    uint8_t data[CEPA_SESSION_SEGMENT_MAX];
};

/* A queue of segments, by index. */
struct cepa_segment_queue {
    uint32_t head, tail;
};

/* In which lists a stream is. */
enum {
    CEPA_STREAM_READY,   /* has segments that may be sent */
    CEPA_STREAM_OWING,   /* has a WINDOW, RESET or STOP to send */
    CEPA_STREAM_TOLD,    /* has an event */
    CEPA_STREAM_WANTING, /* waits for room to write */
    CEPA_STREAM_LISTS
};

/* A list of streams by slot. */
struct cepa_stream_list {
    uint32_t head, tail;
};

/* Events of a stream that are still to be taken, and frames that are still to be sent. */
enum {
    CEPA_TELL_OPENED = 1,
    CEPA_TELL_READABLE = 2,
    CEPA_TELL_WRITABLE = 4,
    CEPA_TELL_DELIVERED = 8,
    CEPA_TELL_STOPPED = 16
};
enum { CEPA_OWE_WINDOW = 1, CEPA_OWE_RESET = 2, CEPA_OWE_STOP = 4 };

/* How far one direction of a stream has come. */
enum cepa_stream_side {
    CEPA_SIDE_OPEN,    /* more may come */
    CEPA_SIDE_ENDED,   /* sending: the end is written; receiving: the end is read */
    CEPA_SIDE_RESET,   /* sending: given up, to be told; receiving: the other end gave up */
    CEPA_SIDE_STOPPED, /* receiving: not read any more, to be told */
    CEPA_SIDE_OVER     /* nothing is left to do */
};

/* A stream. */
struct cepa_stream_slot {
    uint32_t id;                         /* as on the wire */
    bool is_mine;                        /* this end opened it */
    bool is_known;                       /* false: only streams after it were heard of */
    uint8_t tell;                        /* CEPA_TELL_ bits */
    uint8_t owe;                         /* CEPA_OWE_ bits */
    uint8_t is_in[CEPA_STREAM_LISTS];    /* whether it is in that list */
    uint32_t next_in[CEPA_STREAM_LISTS]; /* behind it there */
    /* sending */
    enum cepa_stream_side sending;
    struct cepa_segment_queue queue; /* never sent */
    uint32_t written;                /* segments made */
    uint32_t live;                   /* of these, not yet acknowledged or dropped */
    uint32_t permitted;              /* the first that may not be sent */
    uint32_t reset_code;
    bool is_reset_told;    /* the other end knows, or need not */
    uint32_t stopped_code; /* the other end's */
    /* receiving */
    enum cepa_stream_side receiving;
    uint32_t next;    /* to be read */
    uint32_t highest; /* the first behind all that came */
    uint32_t end;     /* the first behind the stream's last; UINT32_MAX: not known */
    uint32_t granted; /* what the other end was told, or will be */
    uint32_t window;  /* how far ahead of `next` it may send */
    uint16_t read;    /* bytes of the segment `next` that were read */
    uint32_t stop_code;
    uint32_t round_end;           /* when `next` comes here a window's worth was read */
    struct cepa_time round_start; /* and this is when that began */
};

/* What a packet carried that is told again if it is lost. */
enum cepa_session_ref_kind {
    CEPA_REF_SEGMENT, /* index: of the segment */
    CEPA_REF_WINDOW,  /* index: the stream's slot; likewise below */
    CEPA_REF_RESET,
    CEPA_REF_STOP,
    CEPA_REF_STREAMS,
    CEPA_REF_CLOSE
};
struct cepa_session_ref {
    uint64_t generation; /* of the pool's element */
    uint32_t index;
    uint32_t kind; /* enum cepa_session_ref_kind */
};

/* A packet that wants an acknowledgement. */
struct cepa_session_sent {
    struct cepa_time at;
    uint64_t number;
    bool is_used; /* something stands here */
    bool is_open; /* neither acknowledged nor given up */
    uint8_t refs_len;
    struct cepa_session_ref refs[CEPA_SESSION_REFS];
};

/* A path. */
struct cepa_session_path {
    bool is_used;
    bool is_broken;    /* cut; nothing is sent */
    bool is_suspected; /* does not answer; only probes are sent */
    enum cepa_session_role role;
    uint32_t number;
    uint32_t room;                  /* that its circuit has */
    uint64_t next;                  /* number of the next packet */
    uint64_t first;                 /* no open packet below it */
    uint64_t answered;              /* 1 + the highest acknowledged */
    uint32_t in_flight;             /* open packets */
    struct cepa_session_sent *sent; /* `limits.packets` of them, by number */
    /* times */
    uint64_t smoothed_ns; /* round trip; 0: none yet */
    uint64_t variance_ns;
    uint64_t base_ns;          /* least round trip of this period */
    uint64_t base_last_ns;     /* of the one before */
    struct cepa_time base_at;  /* when the period began */
    struct cepa_time progress; /* when the last open packet was acknowledged, or the first sent */
    struct cepa_time probe;    /* when to probe */
    struct cepa_time lost_at;  /* when the oldest hole counts as lost */
    struct cepa_time used;     /* when something was sent last that wants an answer */
    struct cepa_time heard;    /* when data came last; never: it is known why no more came */
    uint32_t probes;           /* without an answer */
    bool is_probe_due;
    /* window */
    uint32_t window;       /* packets that may be open */
    uint64_t round_end;    /* when this packet is answered a round is over */
    uint64_t round_min_ns; /* the least round trip in it */
    bool is_slow_start;
    bool is_limited; /* the window was full in this round */
    /* receiving */
    struct cepa_replay_window received;
    uint32_t owed;        /* packets that wait for an acknowledgement */
    uint64_t lowest_owed; /* of all that came since the last acknowledgement */
    struct cepa_time owed_since;
    struct cepa_time largest_at;
    uint64_t packets_received;
    uint64_t packets_lost;
};

/* A datagram in a ring. */
struct cepa_session_datagram {
    uint16_t len;
    uint8_t data[CEPA_SESSION_DATAGRAM_MAX];
};

struct cepa_session {
    struct cepa_session_limits limits;
    bool is_initiator;
    struct cepa_pool send_pool;    /* of struct cepa_segment */
    struct cepa_pool receive_pool; /* likewise */
    struct cepa_pool stream_pool;  /* of struct cepa_stream_slot */
    struct cepa_map received;      /* (slot's generation, number) to index in receive_pool */
    struct cepa_map streams;       /* id without its kind bit to slot */
    struct cepa_ring datagrams_out;
    struct cepa_ring datagrams_in;
    struct cepa_stream_list lists[CEPA_STREAM_LISTS];
    struct cepa_segment_queue repeat; /* segments to be sent again */
    struct cepa_session_path paths[CEPA_SESSION_PATHS_MAX];
    struct cepa_stream control;
    uint32_t own;               /* open streams that this end opened */
    uint32_t opened;            /* streams that this end opened */
    uint32_t streams_permitted; /* how many it may */
    uint32_t peer_opened;       /* streams that the other end opened */
    uint32_t peer_permitted;    /* how many it was told, or will be */
    uint32_t window_spare;      /* segments that windows may still grow by */
    uint32_t waiting;           /* segments that were never sent */
    bool owes_streams;
    bool owes_close;
    bool wants_streams; /* CEPA_ERR_FULL was given */
    bool tells_room;
    bool tells_closed;
    bool is_closed; /* by either end */
    uint32_t close_code;
    uint8_t path_events[CEPA_SESSION_PATHS_MAX]; /* 0, or enum cepa_session_event_kind */
    uint64_t segments_sent, segments_repeated, segments_received, segments_again;
};

#endif
