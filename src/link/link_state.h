/* What a link consists of; its owner gives the memory and looks at nothing in here. */
#ifndef CEPA_LINK_LINK_STATE_H
#define CEPA_LINK_LINK_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "link/handshake_keys.h"
#include "link/seal.h"
#include "link/shaper.h"
#include "link/shared.h"
#include "wire/handshake.h"
#include "wire/ids.h"
#include "wire/link_sizes.h"
#include "wire/part.h"

/* No element of a pool. */
#define CEPA_LINK_NONE UINT32_MAX

enum {
    CEPA_LINK_SLOTS = 2,
    CEPA_LINK_PARTIAL_MAX = 4, /* packets on their way in, and as many messages */
    CEPA_LINK_CLOSES = 16,     /* circuits closed last, of which the peer is told again */
    CEPA_LINK_BUFFER_SIZE = 16384
};

/* Kinds of carriers; 3 and 4 are reserved. */
enum cepa_carrier_kind {
    CEPA_CARRIER_WEBRTC = 1,  /* a data channel */
    CEPA_CARRIER_RELAYED = 2, /* through an introducer, in shorter frames */
    CEPA_CARRIER_SIM = 5      /* a simulator's */
};

/* What a link knows of a carrier. */
struct cepa_carrier {
    uint8_t kind;                            /* enum cepa_carrier_kind */
    uint8_t binding[CEPA_LINK_BINDING_SIZE]; /* the same at both ends, and nowhere else */
};

/* cepa_carrier_frame_len gives the length of every frame on a carrier of this kind. */
static inline size_t cepa_carrier_frame_len(uint8_t kind)
{
    return kind == CEPA_CARRIER_RELAYED ? CEPA_RELAYED_FRAME_SIZE : CEPA_FRAME_SIZE;
}

/* A frame's body that waits to be sent. */
struct cepa_link_cell {
    uint32_t next;                      /* behind it in its queue */
    uint32_t len;                       /* bytes; zeros follow in the frame */
    uint8_t body[CEPA_FRAME_BODY_SIZE]; /* from the kind on */
};

/* A queue of such, by index. */
struct cepa_link_queue {
    uint32_t head, tail, count;
};

/* A list of circuits by index; each kind of list has its own link field in them. */
struct cepa_link_list {
    uint32_t head, tail;
};

/* In which lists a circuit is. */
enum { CEPA_LIST_READY, CEPA_LIST_TOLD, CEPA_LIST_OWED, CEPA_LISTS };

/* A circuit on a link. Numbers of cells are counted mod 2^32 from the circuit's start. */
struct cepa_link_circuit {
    uint32_t id;
    uint32_t next; /* of the link's circuits */
    uint32_t previous;
    uint32_t next_in[CEPA_LISTS]; /* behind it in a list */
    uint8_t is_in[CEPA_LISTS];    /* whether it is in that list */
    bool is_gone;                 /* closed; kept while it is in a list */
    bool is_closed_by_peer;       /* and the owner is still to hear it */
    uint8_t close_reason;         /* the peer's */
    struct cepa_link_queue queue; /* cells that wait */
    uint32_t left;                /* cells sent since the last WINDOW event */
    uint32_t sent;                /* cells sent */
    uint32_t permitted;           /* the number of the first cell that may not be sent */
    uint32_t seen;                /* 1 + the highest number that came */
    uint32_t held;                /* cells that came and are not consumed */
    uint32_t window;              /* how many the peer may send ahead */
    uint32_t granted;             /* what it was told: seen - held + window, never less */
    uint32_t round_end;           /* when this number is seen, a round is over */
    struct cepa_time round_start;
};

/* Where a handshake is. Secret. */
struct cepa_link_course {
    struct cepa_link_schedule schedule;
    struct cepa_xwing_seed fresh;          /* initiator: its fresh key */
    uint8_t own_hint[CEPA_LINK_HINT_SIZE]; /* initiator: of its link key in its credentials */
    uint64_t repeat_ns;                    /* how long until the next repeat but one */
    uint32_t in_parts;                     /* bits: which parts are here */
    uint16_t in_len;                       /* of the message; 0 before a first part */
    uint16_t out_len;                      /* of the message that is sent */
    uint16_t credentials_offset;           /* the peer's, in `in` */
    uint16_t credentials_len;
    uint8_t in_kind; /* enum cepa_handshake_kind */
    uint8_t out_kind;
    uint8_t out_next;  /* the part that leaves next */
    uint8_t out_count; /* its parts; out_next == out_count: all left */
    uint8_t answers;   /* answers given, or tried */
};

/* A handshake on its way: the messages that are received, and sent and repeated. */
struct cepa_link_handshake {
    struct cepa_link_course course;
    uint8_t in[CEPA_LINK_BUFFER_SIZE];
    uint8_t out[CEPA_LINK_BUFFER_SIZE];
};

/* A carrier and the proof that it ends at the peer. */
struct cepa_link_slot {
    struct cepa_carrier carrier;
    bool is_attached;
    bool is_proven;                           /* the peer's proof was right */
    bool is_refused;                          /* it was wrong */
    bool is_challenge_due;                    /* a challenge is to be sent */
    bool is_proof_due;                        /* the answer to the peer's challenge is to be sent */
    bool is_moved_due;                        /* the answer to the peer's MOVE */
    bool is_told_proven;                      /* the event PROVEN waits */
    bool is_told_refused;                     /* the event REFUSED waits */
    struct cepa_time repeat;                  /* of the challenge */
    uint8_t nonce[CEPA_LINK_NONCE_SIZE];      /* of my challenge */
    uint8_t peer_nonce[CEPA_LINK_NONCE_SIZE]; /* of the peer's */
};

/* A packet or message on its way in. */
struct cepa_link_partial {
    uint32_t buffer;        /* index, or CEPA_LINK_NONE: free */
    uint32_t circuit_id;    /* packet */
    uint16_t number;        /* message: its number; packet: its sequence */
    uint32_t parts;         /* bits: which are here */
    uint8_t count;          /* how many there are */
    uint16_t last_len;      /* message: bytes of its last part */
    struct cepa_time until; /* then it is dropped */
};

/* What is acknowledged, both ways. */
struct cepa_link_ack {
    uint64_t received;           /* frames that opened */
    uint32_t owed;               /* of these: since my last word, and that want one */
    struct cepa_time owed_since; /* never if none */
    struct cepa_time highest_at; /* when the highest counter came */
    uint64_t wanting;            /* 1 + the counter of my last frame that wants a word */
    uint64_t acked;              /* 1 + the highest counter that the peer has */
    uint64_t acked_count;        /* how many frames it has */
    uint64_t lost;               /* acked - acked_count, the largest that was refreshed for */
    uint64_t sample;             /* the counter whose way back is measured */
    struct cepa_time sample_at;  /* when it left; never if none */
    uint64_t smoothed_ns;        /* round trip; 0 before the first */
    uint64_t variance_ns;
    uint64_t delay_ns;          /* by which the peer holds its words back, at most */
    struct cepa_time progress;  /* when the peer said something new, or began to owe it */
    struct cepa_time probe;     /* when to ask; never if nothing is unanswered */
    struct cepa_time refresh;   /* not before: repeat credit and closes */
    struct cepa_time refreshed; /* when that was done last */
    bool is_probe_due;
    bool is_stalled;
};

/* Where a link is. */
enum cepa_link_phase {
    CEPA_LINK_PHASE_START,      /* initiator: nothing was said; responder: waits */
    CEPA_LINK_PHASE_ASKING,     /* initiator: wants the peer's credentials */
    CEPA_LINK_PHASE_ALLOWING,   /* responder: a first message is here, the owner decides */
    CEPA_LINK_PHASE_VERIFYING,  /* the peer's credentials are with the owner */
    CEPA_LINK_PHASE_DIALLING,   /* initiator: the first message is out */
    CEPA_LINK_PHASE_CONFIRMING, /* responder: the second message is out */
    CEPA_LINK_PHASE_UP,
    CEPA_LINK_PHASE_CLOSING, /* the last word is still to be sent */
    CEPA_LINK_PHASE_ENDED
};

/* A circuit that was closed here. */
struct cepa_link_close {
    uint32_t circuit_id; /* 0: none */
    uint8_t reason;
    bool is_due;
};

/* A link. */
struct cepa_link {
    struct cepa_link_shared *shared;
    uint32_t number; /* which of the node's links, for the map of circuits */
    enum cepa_link_phase phase;
    bool is_initiator;
    bool is_anonymous;
    bool is_peer_known;
    bool is_relayed_next; /* turn of relayed frames before cells */
    uint8_t active;       /* slot */
    uint32_t told;        /* bits by kind: events that are to be taken */
    int error;            /* of FAILED */
    struct cepa_node_id peer;
    struct cepa_link_parameters parameters; /* agreed; roles and clock are the peer's */
    struct cepa_wall wall;                  /* told to the peer */
    struct cepa_time repeat;                /* of a handshake message */
    struct cepa_time until;                 /* time limit of the phase */
    uint32_t handshake;                     /* index, or CEPA_LINK_NONE */
    struct cepa_link_sealer sealer;
    struct cepa_link_opener opener;
    uint8_t proof_key[CEPA_LINK_KEY_SIZE];
    struct cepa_link_slot slots[CEPA_LINK_SLOTS];
    uint32_t move_number;  /* of the last move */
    uint64_t move_counter; /* of my first frame over the new carrier */
    uint64_t peer_counter; /* of the peer's; 0 while it is not known */
    bool is_drained;       /* nothing of the peer's is missing from the old one */
    bool is_peer_drained;  /* nor of mine, it says */
    bool has_told_drained; /* my last MOVE said so */
    bool is_moving;        /* MOVE is being repeated */
    bool is_move_due;      /* now */
    bool is_draining;      /* MOVED is still to be told */
    struct cepa_time move_repeat;
    struct cepa_time drain_until;
    struct cepa_link_ack ack;
    struct cepa_shaper shaper;
    struct cepa_link_queue messages;
    struct cepa_link_queue packets;
    struct cepa_link_queue relayed;
    struct cepa_link_list lists[CEPA_LISTS];
    uint32_t circuits_head; /* all open ones */
    uint32_t circuits;
    uint32_t next_circuit_id;
    uint32_t cells_queued;
    uint32_t consumed; /* cells since my last word */
    struct cepa_link_close closes[CEPA_LINK_CLOSES];
    uint8_t close_next;
    uint8_t closes_due;
    uint8_t packet_sequence;
    uint16_t message_number;
    struct cepa_link_partial partial_packets[CEPA_LINK_PARTIAL_MAX];
    struct cepa_link_partial partial_messages[CEPA_LINK_PARTIAL_MAX];
    uint32_t lent_buffer; /* of the last event */
    uint8_t lent_kind;    /* the event that the last frame gave; 0 none, else 1 + kind */
    uint32_t lent_id;     /* its circuit or channel */
    uint64_t lent_counter;
    uint8_t *lent_data;
    size_t lent_len;
    uint8_t *event_body; /* of the CELL event taken last */
    struct cepa_time heard;
    struct cepa_time now; /* of the last call */
    uint64_t padding_sent;
    uint64_t frames_dropped;
};

#endif
