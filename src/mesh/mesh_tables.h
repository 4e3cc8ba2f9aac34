/* The tables of the mesh: links and their peers, what was asked of whom, who is away. Only files
 * behind mesh/mesh.h include this. */
#ifndef CEPA_MESH_MESH_TABLES_H
#define CEPA_MESH_MESH_TABLES_H

#include "mesh/budget.h"
#include "mesh/mesh.h"
#include "wire/mesh_message.h"

/* Sizes of tables that do not depend on limits. */
enum {
    CEPA_MESH_EFFECTS = 256,  /* that wait to be taken; a power of two */
    CEPA_MESH_ATTEMPTS = 64,  /* links that are being opened */
    CEPA_MESH_PULLS = 192,    /* objects that were asked for */
    CEPA_MESH_LOST = 192,     /* relays that could not be reached */
    CEPA_MESH_BANS = 32,      /* who was expelled lately */
    CEPA_MESH_ERRANDS = 32,   /* pings for others */
    CEPA_MESH_DIALBACKS = 16, /* dial-backs for others */
    CEPA_MESH_PAIRS = 64,     /* relays to which no direct way was found */
    CEPA_MESH_NEWS = 128,     /* records that wait to be pushed */
    CEPA_MESH_OWN_KEYS = 2,
    CEPA_MESH_BUCKET_BITS_MAX = 16,
    CEPA_MESH_CUSTODY_MAX = 9, /* buckets that one relay keeps */
    CEPA_MESH_VISITS = 16,     /* links to relays whose objects a custodian lacks */
    CEPA_MESH_FOLLOWED = 40,   /* buckets that this node keeps for its own paths */
    CEPA_MESH_NAMED = 32,      /* relays that its paths want by name: guards and such */
    CEPA_MESH_FETCHES = 3,     /* buckets that are being fetched */
    CEPA_MESH_SERVINGS = 64,   /* requests that custodians are asked for */
    CEPA_MESH_ANSWERS = 4      /* answers that wait to go into circuits */
};

/* How far a link is with being a neighbour's. */
enum cepa_mesh_bond {
    CEPA_MESH_BOND_NONE = 0,
    CEPA_MESH_BOND_ASKED,     /* this node has asked */
    CEPA_MESH_BOND_NEIGHBOUR, /* both have agreed */
    CEPA_MESH_BOND_REFUSED    /* the peer did not want */
};

/* A neighbour that was asked to part, and one that has asked and is crowded. */
struct cepa_mesh_parting {
    uint64_t link;               /* 0: nobody was */
    bool is_outbound;            /* this node had chosen it */
    struct cepa_time until;      /* then it stays */
    struct cepa_time next;       /* not before is another one asked */
    uint8_t refusals;            /* in a row */
    uint64_t crowded_link;       /* for which this node looks for another one; 0: none */
    struct cepa_time crowded_at; /* since when */
};

/* A link and its peer. */
struct cepa_mesh_peer {
    uint64_t link; /* 0: the place is free */
    struct cepa_mesh_link_facts facts;
    struct cepa_mesh_budget budget;
    struct cepa_time up_at;
    struct cepa_time heard_at;  /* the last message */
    struct cepa_time bonded_at; /* since when it is a neighbour */
    struct cepa_time took_at;   /* when another one had to leave for it; 0: never */
    struct cepa_time part_at;   /* not before is it asked to part */
    uint8_t stays;              /* how often it was, and has stayed */
    enum cepa_mesh_bond bond;
    bool is_outbound;                       /* this node chose it */
    bool is_closing;                        /* UNLINK was asked for */
    bool is_released;                       /* the mesh has no use for it */
    bool introduces;                        /* it introduces this node */
    bool was_dialled_back;                  /* this node has dialled it, and it was there */
    uint32_t solicited;                     /* index records that it was asked for */
    uint8_t owed[CEPA_MESH_TABLE_WAYS + 1]; /* objects of each table, at the last step */
    struct cepa_time dialback_at; /* before it is not asked for a dial-back: it has no time */
    bool is_stalled;              /* nothing is acknowledged */
    bool is_suspected;            /* and nobody else reaches it */
    bool is_reached_by_others;    /* a helper does */
    bool has_helper;              /* any helper has answered */
    struct cepa_time stalled_at;
    struct cepa_time probe_until; /* never: no probe is on its way */
    uint64_t probe_nonce;
    struct cepa_time ping_until; /* never: no ping is on its way */
    uint32_t attempt;            /* to go direct; 0: none is on its way */
    uint32_t attempts_failed;
    struct cepa_time attempt_at; /* when the next one begins or this one ends; never: not at all */
    uint64_t channel_link;       /* of a relayed link */
    uint32_t channel;
    uint32_t last_channel; /* the last one that this node numbered on this link */
};

/* A link that is being opened. */
struct cepa_mesh_attempt {
    uint64_t ticket; /* 0: free */
    enum cepa_mesh_purpose purpose;
    bool is_asked; /* cepa_mesh_connect wants to know */
    bool is_hint;  /* its address is one that nobody vouches for */
    bool has_node;
    struct cepa_node_id node;
    struct cepa_prefix prefix; /* of what is dialled */
    struct cepa_relay_address address;
    uint64_t waits_for;    /* ticket of the link to an introducer, or 0 */
    uint64_t channel_link; /* then the channel through it */
    uint32_t channel;
    struct cepa_node_id introducers[CEPA_DESCRIPTOR_INTRODUCERS_MAX]; /* not tried yet */
    size_t introducers_len;
    uint64_t dialback; /* nonce of the errand that it is for, or 0 */
    struct cepa_time until;
};

/* A channel. Own: it ends here, and only the first half is used. */
struct cepa_mesh_channel_state {
    bool is_taken;
    bool is_own;
    bool is_open;
    bool is_incoming; /* own: somebody else has opened it */
    uint64_t links[2];
    uint32_t channels[2];
    uint64_t ticket;    /* own */
    uint64_t peer_link; /* own: the link over it, or 0 */
    struct cepa_time since;
};

/* An object that was asked for, or is to be asked for. */
struct cepa_mesh_pull_state {
    enum cepa_mesh_table table; /* 0: free */
    uint32_t epoch;
    uint64_t position;
    uint64_t link; /* who was asked; 0: nobody yet */
    uint64_t hint; /* who probably has it, or 0 */
    bool is_blind; /* nobody has spoken of it */
    bool is_fresh; /* not yet sent to `link` */
    uint8_t tries;
    struct cepa_time at; /* when to ask (link 0), or until when an answer may come */
};

/* A relay that could not be reached. */
struct cepa_mesh_lost {
    struct cepa_node_id node;
    bool is_taken;
    bool was_neighbour; /* to be tried again even if there are enough */
    uint8_t failures;
    struct cepa_time since;
    struct cepa_time next;
};

struct cepa_mesh_ban {
    struct cepa_node_id node;  /* a relay */
    struct cepa_prefix prefix; /* a client */
    bool is_relay;
    struct cepa_time until;
};

/* A ping for somebody else. */
struct cepa_mesh_errand {
    uint64_t asker; /* 0: free */
    uint64_t target;
    uint64_t nonce;      /* the asker's */
    uint64_t ping_nonce; /* ours */
    struct cepa_time until;
};

/* A dial-back for somebody else. */
struct cepa_mesh_dialback_state {
    uint64_t asker; /* 0: free */
    uint64_t nonce;
    uint64_t ticket;
    struct cepa_node_id node;
    enum cepa_receipt_how how;
    struct cepa_prefix reached;
    struct cepa_time until;
};

/* A relay to which no direct way was found. */
struct cepa_mesh_pair {
    struct cepa_node_id node;
    uint8_t failures; /* 0: free */
    struct cepa_time next;
};

/* A record that waits to be pushed. */
struct cepa_mesh_news {
    uint64_t position;
    uint64_t source; /* the link that it came on, or 0 */
    bool is_key;     /* the key record of this epoch, not the index record */
};

/* An effect with its bytes. */
struct cepa_mesh_effect_slot {
    struct cepa_mesh_effect effect;
    uint8_t bytes[CEPA_MESH_SIGNAL_MAX];
};

#endif
