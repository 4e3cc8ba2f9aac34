/* What an end consists of, for the files of this room only. */
#ifndef CEPA_END_END_STATE_H
#define CEPA_END_END_STATE_H

#include "base/ring.h"
#include "end/asks.h"
#include "end/end.h"
#include "end/mail_state.h"
#include "node/node_ends.h"
#include "rendezvous/lookup.h"
#include "rendezvous/meeting.h"
#include "rendezvous/prekeys.h"
#include "rendezvous/publisher.h"
#include "service/introduction.h"
#include "session/keys.h"
#include "session/knocks.h"
#include "session/proof.h"
#include "wire/session_start.h"

enum {
    CEPA_END_POINTS = 3,    /* introduction circuits of an identity */
    CEPA_END_PATHS = 8,     /* meetings of a session at one time, open or not */
    CEPA_END_OPENED = 64,   /* numbers of paths that are remembered */
    CEPA_END_KNOWN = 24,    /* addresses that are remembered */
    CEPA_END_KNOCKS = 4096, /* introductions within an hour */
    CEPA_END_BURST = 8      /* introductions that are answered at once */
};

/* --- meetings.c: one path of a session, from its circuit up to where packets flow. --------------
 */

enum cepa_end_meeting_state {
    CEPA_MEETING_FREE,   /* there is none */
    CEPA_MEETING_BUILDS, /* its circuit */
    CEPA_MEETING_WAITS,  /* the relay knows of it; the other end is not there */
    CEPA_MEETING_STANDS, /* packets go through */
    CEPA_MEETING_LEAVING /* it is being retired; packets still come */
};

struct cepa_end_meeting {
    enum cepa_end_meeting_state state;
    uint32_t number;  /* of the path */
    uint32_t rank;    /* how near the relay is, among those near the place */
    bool is_open;     /* the session knows the path: it has stood before */
    bool is_greeted;  /* MEET was sent on this circuit */
    bool has_relay;   /* else the circuit's last hop is drawn, and then it has */
    uint64_t circuit; /* 0: none */
    struct cepa_ed25519_public_key relay;
    uint8_t cookie[CEPA_SERVICE_COOKIE_SIZE];
    uint8_t end[CEPA_SERVICE_END_SIZE];
    uint8_t tag[CEPA_SERVICE_TAG_SIZE];
    struct cepa_time until; /* BUILDS, WAITS: then another relay is tried; LEAVING: it is closed */
    struct cepa_time since; /* when it came to stand */
    struct cepa_time replace; /* when another takes its place */
    bool is_suspected;
    bool is_doubted; /* for so long that others are sought in its place */
    struct cepa_time suspected;
    bool is_held; /* a packet was sealed that the circuit did not take */
    uint8_t held[CEPA_SESSION_PACKET_SIZE];
};

/* --- sessions -----------------------------------------------------------------------------------
 */

enum cepa_end_stage {
    CEPA_STAGE_LOOKUP,    /* initiator: the other's descriptor is being looked for */
    CEPA_STAGE_MEETING,   /* initiator: a circuit to where to meet is being built */
    CEPA_STAGE_WORKING,   /* initiator: work is being done for the knock */
    CEPA_STAGE_KNOCKING,  /* initiator: the other end was told, or is being told */
    CEPA_STAGE_ANSWERING, /* responder: has answered, nothing has opened yet */
    CEPA_STAGE_OPEN,      /* streams live */
    CEPA_STAGE_CLOSING    /* the other end is being told that it is over */
};

struct cepa_end_talk {
    struct cepa_end_session self;
    enum cepa_end_stage stage;
    bool is_initiator;
    bool is_dirty;     /* stands in the ring of those with something to do */
    bool is_told;      /* its owner knows of it: INCOMING or READY was said */
    bool is_cut;       /* its owner knows that no path lives */
    bool has_address;  /* `address` is who the other end is; proven, or looked up */
    bool is_named;     /* responder: the other end will say who it is */
    bool has_identity; /* IDENTITY came; the proof is awaited */
    struct cepa_address address;
    struct cepa_end_identity identity; /* initiator: as whom, or none; responder: whose */
    struct cepa_time until;            /* not yet OPEN: then it has failed; CLOSING: it is gone */
    struct cepa_time again;            /* when to say again what was not answered */
    struct cepa_time cut_at;           /* when the last path fell */
    uint64_t lookup;
    uint32_t tries;  /* introductions so far, since the last look-up or pause */
    uint32_t pauses; /* since all introduction points had failed, so far */
    bool is_looked_up_again;
    bool is_compared;     /* LOOKUP: what is remembered serves if there is nothing newer */
    uint32_t last_number; /* the highest path number used or heard of */
    uint32_t opened[CEPA_END_OPENED]; /* the last that stood */
    uint32_t opened_next;
    struct cepa_time look;   /* when its paths are looked at again */
    struct cepa_time called; /* a bucket: how often the other end may ask for new paths */
    uint64_t nonce;          /* WORKING: the next one to be tried */
    struct cepa_ed25519_public_key point;                     /* at which it knocks */
    uint8_t knock[CEPA_INTRODUCE_KEY_SIZE + CEPA_KNOCK_SIZE]; /* WORKING: what waits for it */
    struct cepa_session_initiator initiator;
    struct cepa_session_secrets secrets;
    struct cepa_session_keys keys;
    struct cepa_session_challenge challenge;
    bool has_secrets; /* `keys` and `streams` mean something */
    struct cepa_session *streams;
    struct cepa_start_whole start;
    uint8_t
        start_bytes[CEPA_START_SIZE]; /* initiator: the answer as it comes; responder: its own */
    struct cepa_end_meeting paths[CEPA_END_PATHS];
    struct cepa_control_reader control;
    size_t say_len; /* of control messages that the stream has not taken yet */
    uint8_t say[3 * CEPA_CONTROL_SIZE_MAX];
};

/* --- identities ---------------------------------------------------------------------------------
 */

struct cepa_end_point {
    uint64_t circuit; /* 0: none */
    bool has_relay;   /* its circuit was ready once: who the last hop is */
    bool is_placed;   /* the relay hands introductions over */
    struct cepa_ed25519_public_key relay;
    struct cepa_ed25519_key key;
    uint8_t tag[CEPA_SERVICE_TAG_SIZE];
    struct cepa_time until;          /* then it is asked again, or another one is tried */
    struct cepa_time handed;         /* a bucket: how many knocks are looked at */
    struct cepa_service_whole whole; /* of a knock */
    uint8_t knock_tag[CEPA_SERVICE_TAG_SIZE];
    uint8_t knock[CEPA_SERVICE_BODY_MAX];
};

struct cepa_end_person {
    struct cepa_end_identity self;
    struct cepa_end_policy policy;
    struct cepa_identity identity;
    struct cepa_prekeys prekeys;
    struct cepa_publisher publisher;
    struct cepa_end_point points[CEPA_END_POINTS];
    struct cepa_time answered;   /* a bucket: how many knocks are answered */
    bool is_published;           /* its owner was told */
    struct cepa_time prekeys_at; /* when prekeys are looked at again */
    struct cepa_time look;       /* when its points and prekeys are looked at again */
    struct cepa_end_mail mail;
};

/* What cepa_end_restore gave for an identity that is not here yet. */
struct cepa_end_restored {
    bool is_used;
    uint8_t key[CEPA_STORE_KEY_MAX];
    size_t prekeys_len;
    uint8_t prekeys[CEPA_PREKEYS_SIZE_MAX];
    size_t places_len;
    uint8_t places[CEPA_PLACES_SIZE_MAX];
};

/* Temporaries, within one call. */
struct cepa_end_workspace {
    struct cepa_identity_workspace identity;
    union {
        struct cepa_descriptor_workspace descriptor;
        struct cepa_letter_workspace letter;
    };
    struct cepa_prekeys_workspace prekeys;
    struct cepa_session_workspace session;
    struct cepa_xwing_key prekey;
    uint8_t knock[CEPA_INTRODUCE_KEY_SIZE + CEPA_KNOCK_SIZE];
    uint8_t box[CEPA_MAILBOX_BOX_SIZE];
    uint8_t packet[CEPA_SESSION_PACKET_SIZE];
    uint8_t body[CEPA_CONTROL_BODY_MAX];
    struct cepa_identity_public keys;
};

struct cepa_end {
    struct cepa_end_config config;
    struct cepa_network_id network;
    struct cepa_wall wall; /* at wall_at */
    struct cepa_time wall_at;
    struct cepa_siphash_key key;
    struct cepa_end_circuits circuits;
    struct cepa_end_asks asks;
    struct cepa_lookups lookups;
    struct cepa_knocks knocks;
    struct cepa_pool people;   /* of struct cepa_end_person */
    struct cepa_pool talks;    /* of struct cepa_end_talk */
    struct cepa_pool leavings; /* of struct cepa_end_leaving */
    uint8_t *session_memory;   /* of each talk by its place */
    size_t session_size;
    struct cepa_ring dirty;              /* handles of talks, each at most once */
    struct cepa_ring events;             /* struct cepa_end_effect, without bytes */
    uint32_t work_left;                  /* hashes, in this step */
    struct cepa_end_restored *restored;  /* as many as identities */
    size_t stored_len;                   /* of what the last STORE effect lent */
    uint8_t stored[CEPA_END_STORED_MAX]; /* secret */
    struct cepa_end_workspace *workspace;
};

#endif
