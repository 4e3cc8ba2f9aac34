/* What the files of the mesh share: its state, and the few things that all of them do. Only files
 * behind mesh/mesh.h include this. */
#ifndef CEPA_MESH_MESH_STATE_H
#define CEPA_MESH_MESH_STATE_H

#include "base/siphash.h"
#include "mesh/custody_tables.h"
#include "mesh/mesh.h"
#include "mesh/mesh_tables.h"
#include "mesh/outbox.h"
#include "mesh/ways.h"

enum {
    CEPA_MESH_FILTERED_MIN = 3, /* networks that dialled in vain, above those that succeeded */
    CEPA_MESH_VAIN_MAX = CEPA_MESH_FILTERED_MIN + CEPA_DESCRIPTOR_RECEIPTS_MAX
};

/* A receipt that was asked for. */
struct cepa_mesh_receipt_wait {
    uint64_t link; /* 0: free */
    uint64_t nonce;
    struct cepa_time until;
};

/* A mesh. */
struct cepa_mesh {
    struct cepa_mesh_config config;
    struct cepa_siphash_key key; /* of its choices */
    uint64_t draws;
    uint64_t last_number; /* of tickets and nonces */
    struct cepa_time now; /* of the last call */
    struct cepa_time stepped_at;
    struct cepa_time expected; /* when the next step was due */
    bool was_busy;             /* when that was looked at last: deadlines are asked for often, */
    bool was_entered;          /* and facts have come since */
    struct cepa_wall wall;
    struct cepa_time wall_at; /* when it was that */
    struct cepa_directory_day today;
    struct cepa_onion_epoch epoch;

    struct cepa_mesh_peer *peers; /* limits.links_max */
    struct cepa_mesh_channel_state *channels;
    uint32_t channels_len;
    struct cepa_outbox outbox;
    uint8_t *message; /* the one that was taken last */
    uint8_t *scratch; /* CEPA_MESH_MESSAGE_SIZE_MAX bytes, of one call */
    uint8_t *seen;    /* a bit per slot of the index, of one call */
    size_t seen_len;

    struct cepa_mesh_effect_slot effects[CEPA_MESH_EFFECTS];
    struct cepa_mesh_effect_slot no_effect; /* where those go for which there is no room */
    uint64_t effects_lost;
    uint32_t effects_head;
    uint32_t effects_tail;

    struct cepa_mesh_attempt attempts[CEPA_MESH_ATTEMPTS];
    struct cepa_mesh_pull_state pulls[CEPA_MESH_PULLS];
    struct cepa_mesh_lost lost[CEPA_MESH_LOST];
    struct cepa_mesh_ban bans[CEPA_MESH_BANS];
    uint32_t bans_next;
    struct cepa_mesh_pair pairs[CEPA_MESH_PAIRS];
    uint32_t pairs_next;
    struct cepa_mesh_errand errands[CEPA_MESH_ERRANDS];
    struct cepa_mesh_dialback_state dialbacks[CEPA_MESH_DIALBACKS];
    struct cepa_mesh_parting parting;
    struct cepa_token_bucket dialback_tokens; /* of the whole node */
    struct cepa_mesh_news news[CEPA_MESH_NEWS];
    uint32_t news_len;
    struct cepa_time news_at; /* when they are pushed */

    struct cepa_relay_address contacts[CEPA_MESH_CONTACTS_MAX];
    uint32_t contacts_len;
    uint32_t contacts_oldest; /* whose place the next one takes, when there are so many */
    uint32_t contact_next;
    struct cepa_time contact_at;
    struct cepa_relay_address hints[CEPA_MESH_HINTS_MAX];
    uint32_t hints_len;
    uint32_t hints_oldest;
    uint32_t hint_next;
    uint32_t hints_tried; /* since the last one came */
    struct cepa_time hint_at;
    uint32_t contact_failures;
    bool was_joined; /* and ALONE is to be said */

    struct cepa_time sync_at;
    struct cepa_time young_until; /* a first neighbour came lately: comparisons are more frequent */
    struct cepa_time lost_at;     /* when lost neighbours are tried next */
    struct cepa_time scan_at;     /* when missing objects are looked for next */
    uint64_t blind_link;          /* whom this step asks for what nobody has spoken of */
    uint32_t scan_cursor;
    uint32_t key_cursor;
    uint32_t way_cursor;
    uint32_t missing;         /* found by the last whole scan */
    uint32_t missing_counted; /* by this one */

    struct cepa_relay_address addresses[CEPA_DESCRIPTOR_REACHES_MAX];
    size_t addresses_len;
    bool has_addresses; /* cepa_mesh_set_addresses was called */
    struct cepa_receipt receipts[CEPA_DESCRIPTOR_RECEIPTS_MAX];
    size_t receipts_len;
    struct cepa_mesh_receipt_wait receipt_waits[2];
    struct cepa_time receipt_at; /* when the next one is asked for */
    struct cepa_time enough_at;  /* since when there are as many as the profile wants */
    struct cepa_prefix vain[CEPA_MESH_VAIN_MAX]; /* from there it was dialled in vain */
    size_t vain_len;
    size_t withheld_len; /* of `addresses`, while nobody gets there and addresses_len is 0; or 0 */
    struct cepa_mesh_receipt_wait trial; /* whether somebody does, after all */
    struct cepa_time trial_at;           /* when the next one is */
    uint32_t trials;                     /* how many there were: the pause doubles */
    bool was_believable;                 /* likewise of listed probers, when the last one came */

    bool has_own; /* a record was published */
    struct cepa_index_record own_record;
    uint8_t own_credentials[CEPA_CREDENTIALS_SIZE_MAX];
    size_t own_credentials_len;
    bool is_own_kept; /* the objects have taken them */
    uint8_t own_keys[CEPA_MESH_OWN_KEYS][CEPA_KEY_RECORD_SIZE];
    struct cepa_onion_epoch own_key_epochs[CEPA_MESH_OWN_KEYS]; /* 0: none */
    bool is_own_key_kept[CEPA_MESH_OWN_KEYS];

    struct cepa_node_id introducers[CEPA_DESCRIPTOR_INTRODUCERS_MAX];
    size_t introducers_len;
    struct cepa_node_id anchors[CEPA_MESH_ANCHORS_MAX];
    struct cepa_relay_address anchor_addresses[CEPA_MESH_ANCHORS_MAX];
    size_t anchors_len;
    bool are_anchors_drawn;                              /* from many, or from before a restart */
    struct cepa_node_id restored[CEPA_MESH_ANCHORS_MAX]; /* those from before */
    size_t restored_len;
    struct cepa_time introducer_at; /* when more of them are asked */
    struct cepa_time anchors_at;

    uint32_t health;               /* 0 to 8 */
    struct cepa_time health_at;    /* when it gets better */
    struct cepa_time grace_until;  /* nobody is suspected before */
    struct cepa_time stall_window; /* when the count below began */
    uint32_t stalls;

    int64_t offset_ms;
    bool is_clock_off;
    struct cepa_time clock_at;

    struct cepa_ways ways;
    struct cepa_mesh_custody custody[CEPA_MESH_CUSTODY_MAX];
    uint32_t custody_len;
    struct cepa_time custody_at; /* when it is looked at again */
    struct cepa_mesh_visit visits[CEPA_MESH_VISITS];
    uint32_t sweep_cursor;
    struct cepa_mesh_followed followed[CEPA_MESH_FOLLOWED];
    struct cepa_mesh_named named[CEPA_MESH_NAMED];
    struct cepa_mesh_fetch fetches[CEPA_MESH_FETCHES];
    struct cepa_time buckets_at; /* when buckets are looked at again */
    uint32_t silent_fetches;     /* in a row that no circuit answered */
    bool is_keyless;             /* no circuit can be built: the keys of the guards are missing */
    struct cepa_mesh_serving servings[CEPA_MESH_SERVINGS];
    struct cepa_token_bucket serve_tokens; /* bytes for all circuits together */
    struct cepa_mesh_answer answers[CEPA_MESH_ANSWERS];
    uint32_t answers_head;
    uint32_t answers_tail;
    struct cepa_mesh_status counts;
};

/* cepa_mesh_enter begins a call that may change when the next step is due. */
static inline void cepa_mesh_enter(struct cepa_mesh *mesh, struct cepa_time now)
{
    mesh->now = now;
    mesh->was_entered = true;
}

/* cepa_mesh_draw gives 64 random bits; for choices, not for keys. */
uint64_t cepa_mesh_draw(struct cepa_mesh *mesh);

/* cepa_mesh_draw_below gives a random number below `bound` (1 or more). */
uint32_t cepa_mesh_draw_below(struct cepa_mesh *mesh, uint32_t bound);

/* cepa_mesh_number gives a new ticket or nonce, never 0. */
uint64_t cepa_mesh_number(struct cepa_mesh *mesh);

/* cepa_mesh_peer_find gives the peer of a link, NULL if it is unknown. */
struct cepa_mesh_peer *cepa_mesh_peer_find(const struct cepa_mesh *mesh, uint64_t link);

/* cepa_mesh_peer_of gives the best link to a relay, or NULL. */
struct cepa_mesh_peer *cepa_mesh_peer_of(const struct cepa_mesh *mesh,
                                         const struct cepa_node_id *node);

/* cepa_mesh_effect_add gives an effect to fill, all zeros but the kind. When too many wait it goes
 * to nowhere: everything that asks has a time limit. */
struct cepa_mesh_effect_slot *cepa_mesh_effect_add(struct cepa_mesh *mesh,
                                                   enum cepa_mesh_effect_kind kind);

/* cepa_mesh_send queues an item; false if there is no room. */
bool cepa_mesh_send(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                    const struct cepa_mesh_item *item);

/* cepa_mesh_unlink asks for the end of a link. */
void cepa_mesh_unlink(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer, int error);

/* cepa_mesh_misdeed notes what a peer did, and expels it when that is too much. */
void cepa_mesh_misdeed(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer, uint32_t points);

/* cepa_mesh_pay takes from a peer's budget; if that is spent, counts it and gives false. */
bool cepa_mesh_pay(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer, enum cepa_mesh_cost cost,
                   uint64_t count);

/* cepa_mesh_is_banned says whether this peer was expelled lately. */
bool cepa_mesh_is_banned(const struct cepa_mesh *mesh, const struct cepa_mesh_link_facts *facts);

/* cepa_mesh_is_self says whether that is this relay. */
bool cepa_mesh_is_self(const struct cepa_mesh *mesh, const struct cepa_node_id *node);

/* cepa_mesh_self_prefix gives the prefix of this relay's first address; NONE without. */
void cepa_mesh_self_prefix(const struct cepa_mesh *mesh, struct cepa_prefix *ret_prefix);

#endif
