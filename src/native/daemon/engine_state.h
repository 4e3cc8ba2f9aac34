/* What engine.h is made of; only its own files include this. */
#ifndef CEPA_NATIVE_DAEMON_ENGINE_STATE_H
#define CEPA_NATIVE_DAEMON_ENGINE_STATE_H

#include "end/end.h"
#include "native/daemon/carriers.h"
#include "native/daemon/engine.h"
#include "native/daemon/lan_discovery.h"
#include "native/daemon/link_watch.h"
#include "native/daemon/ping.h"
#include "native/daemon/probe.h"
#include "native/daemon/reachability.h"
#include "native/daemon/speed.h"
#include "native/daemon/talk.h"
#include "native/net/loop.h"
#include "native/streams/reception.h"
#include "native/streams/streams.h"
#include "native/webrtc/webrtc.h"
#include "node/node.h"

enum {
    CEPA_ENGINE_OWN_MAX = 16,    /* identities that can be reached at one time */
    CEPA_ENGINE_LETTERS_MAX = 16 /* that are being left at one time */
};

/* An identity of the user that can be reached, or is to be. */
struct cepa_engine_own {
    struct cepa_identity_secret secret;
    struct cepa_address address;
    struct cepa_end_identity identity;
    bool is_published; /* others find it */
};

/* A letter that a program leaves. */
struct cepa_engine_leaving {
    bool is_used;
    struct cepa_end_letter letter;
    uint64_t client;
    uint32_t stream; /* the program's own number */
};

/* The end beside the node. */
struct cepa_engine_ends {
    void *memory;
    size_t memory_len;
    struct cepa_end *end;
    struct cepa_streams *streams;
    struct cepa_reception *reception;
    struct cepa_inbox *inbox;
    struct cepa_contacts *contacts;
    struct cepa_engine_own own[CEPA_ENGINE_OWN_MAX];
    size_t own_len;
    struct cepa_engine_leaving leavings[CEPA_ENGINE_LETTERS_MAX];
};

struct cepa_engine {
    struct cepa_engine_config config;
    struct cepa_loop *loop;
    struct cepa_webrtc *webrtc;
    struct cepa_reachability *reachability;
    struct cepa_lan_discovery lan;
    void *memory; /* of the node */
    size_t memory_len;
    struct cepa_node *node;
    uint32_t receipts_min; /* of the profile */
    struct cepa_carriers *carriers;
    struct cepa_engine_ends ends;
    struct cepa_time certificate_due; /* when the listening certificate is looked at again */
    struct cepa_ping ping;
    struct cepa_speed speed;
    struct cepa_talk talk;
    struct cepa_link_watch link_watch;
    struct cepa_probe probe;
    bool has_more;           /* a turn ended so that others have theirs */
    unsigned tries;          /* turns since everything was looked at */
    uint64_t store_failures; /* values that could not be kept */
};

/* cepa_engine_make_node makes the node as it is configured, with what it has kept. Returns 0, or an
 * error with a reason. */
CEPA_MUST_USE int cepa_engine_make_node(struct cepa_engine *engine, struct cepa_reason *ret_reason);

/* cepa_engine_hashes gives the hashes of the listening certificate and of the one before; zeros for
 * none. */
void cepa_engine_hashes(const struct cepa_engine *engine, struct cepa_dtls_hash ret_hashes[2]);

/* cepa_engine_is_relay says whether this node carries the traffic of others, or would. */
bool cepa_engine_is_relay(const struct cepa_engine *engine);

/* cepa_engine_own_address gives what a relay tells the local network: all but its IP. */
struct cepa_relay_address cepa_engine_own_address(const struct cepa_engine *engine);

/* cepa_engine_restore_table gives a table to `restore`, and removes what that does not take any
 * more. Returns 0 or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_engine_restore_table(struct cepa_engine *engine, enum cepa_store_table table,
                                            int (*restore)(struct cepa_engine *engine,
                                                           enum cepa_store_table table,
                                                           const struct cepa_store_entry *entry));

/* cepa_engine_keep does what a STORE effect says. */
void cepa_engine_keep(struct cepa_engine *engine, const struct cepa_node_effect *effect);

/* cepa_engine_make_end makes the end beside the node, with what it has kept and the user's
 * identities, and streams with numbers from `first_number` in the engine's loop;
 * cepa_engine_free_end takes it away. Returns 0, or an error with a reason. */
CEPA_MUST_USE int cepa_engine_make_end(struct cepa_engine *engine, struct cepa_reason *ret_reason,
                                       uint64_t first_number);
void cepa_engine_free_end(struct cepa_engine *engine);

/* cepa_engine_reload_end takes what a command has changed of the user's: identities, contacts, the
 * inbox. */
void cepa_engine_reload_end(struct cepa_engine *engine, struct cepa_time now);

/* cepa_engine_settle_end does what the end wants; true if it wanted anything. */
bool cepa_engine_settle_end(struct cepa_engine *engine, struct cepa_time now);

/* cepa_engine_step_end does what is due; cepa_engine_end_deadline says when that is. */
void cepa_engine_step_end(struct cepa_engine *engine, struct cepa_time now);
struct cepa_time cepa_engine_end_deadline(const struct cepa_engine *engine);

/* cepa_engine_find_own gives the identity of the user's that the end calls so; NULL if there is
 * none. cepa_engine_find_identity finds the one called `name`, or the default for "". Returns 0, or
 * an error with a reason. */
struct cepa_engine_own *cepa_engine_find_own(struct cepa_engine_ends *ends,
                                             struct cepa_end_identity identity);
CEPA_MUST_USE int cepa_engine_find_identity(const struct cepa_engine_own **ret_own,
                                            struct cepa_reason *ret_reason,
                                            const struct cepa_engine *engine, const char *name);

/* cepa_engine_take_letter takes an effect of the end that is about letters; false for others. */
bool cepa_engine_take_letter(struct cepa_engine *engine, const struct cepa_end_effect *effect,
                             struct cepa_time now);

/* cepa_engine_tell writes an EVENT effect into the log. */
void cepa_engine_tell(struct cepa_engine *engine, const struct cepa_node_effect *effect);

#endif
