/* An end: identities of this node that others can reach by their addresses, and sessions with
 * others, over circuits of a node. Sans-I/O like the node beneath it, which it is lent and whose
 * commands it uses; a driver has both:
 *
 *     hand every event CIRCUIT_* of the node to cepa_end_on_node first;
 *     cepa_end_step when cepa_end_deadline has come;
 *     after any of these, and after commands, take effects with cepa_end_next until there is
 *     none: that also lets packets leave; then take the node's.
 *
 * What is open is used through session/session.h: cepa_end_streams gives the session, and
 * cepa_end_touch says that something was written, read or opened there. The control stream is
 * the end's own. @[SPEC 16] */
#ifndef CEPA_END_END_H
#define CEPA_END_END_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/pool.h"
#include "base/random.h"
#include "base/time.h"
#include "identity/identity.h"
#include "node/node.h"
#include "session/session.h"

/* An end; opaque. */
struct cepa_end;

/* Names of its parts; all zeros name nothing. */
struct cepa_end_identity {
    struct cepa_handle handle;
};
struct cepa_end_session {
    struct cepa_handle handle;
};
struct cepa_end_letter {
    struct cepa_handle handle;
};

/* How much an end may take; its whole memory follows from this. */
struct cepa_end_limits {
    uint32_t identities; /* at one time */
    uint32_t sessions;   /* at one time, with those that are being opened */
    uint32_t asks;       /* requests to relays under way, 34 kB each */
    uint32_t letters;    /* that are being left at one time, 24 kB each */
    struct cepa_session_limits session;
};

/* cepa_end_limits_daemon, _tab and _test give what suits a daemon, a browser tab, a test. */
void cepa_end_limits_daemon(struct cepa_end_limits *ret_limits);
void cepa_end_limits_tab(struct cepa_end_limits *ret_limits);
void cepa_end_limits_test(struct cepa_end_limits *ret_limits);

/* What an end is made of. */
struct cepa_end_config {
    struct cepa_end_limits limits;
    struct cepa_profile profile;      /* the node's */
    struct cepa_node *node;           /* lent */
    const struct cepa_random *random; /* lent */
    uint32_t cpu;
};

/* How an identity is to be reached. */
struct cepa_end_policy {
    bool is_listening;         /* its descriptor is published, and introductions are taken */
    bool accepts_anonymous;    /* also from those who do not say who they are */
    uint32_t first_per_minute; /* introductions that are answered, at most; 1 to 6,000, and what
                                * is beyond counts as the nearest of these */
    bool wants_work;           /* of those who knock or write: 0.1 s of a processor each */
    bool has_mailbox;          /* relays keep letters for it while it is away; if it listens */
};

/* What an end tells its owner. */
enum cepa_end_event {
    CEPA_END_PUBLISHED = 1, /* `identity` can be reached from now on */
    CEPA_END_HIDDEN,        /* it cannot: no introduction circuit or no custodian is left */
    CEPA_END_INCOMING,      /* `session` for `identity`: ready; `address` if has_address */
    CEPA_END_READY,         /* `session`, asked for by cepa_end_connect */
    CEPA_END_FAILED,        /* likewise: `error`; it is gone */
    CEPA_END_STREAM,        /* `session`: `stream` says what */
    CEPA_END_CUT,           /* `session`: no path lives, new ones are being sought */
    CEPA_END_MENDED,        /* and one lives again */
    CEPA_END_CLOSED,        /* `session` is gone: `error`, and `code` of the other end */
    CEPA_END_LEFT,          /* `letter` lies in `code` mailboxes */
    CEPA_END_NOT_LEFT,      /* it does not: `error`; it is gone */
    CEPA_END_LETTER         /* for `identity`, from `address` if has_address, who has proven that he
                             * has sealed it: `data`; cepa_end_letter_done follows */
};

/* An effect: an event, or (event 0) something to keep over restarts, as CEPA_NODE_STORE. */
struct cepa_end_effect {
    enum cepa_end_event event; /* 0: STORE */
    struct cepa_end_identity identity;
    struct cepa_end_session session;
    struct cepa_end_letter letter;
    struct cepa_session_event stream;
    struct cepa_address address;
    bool has_address;
    uint32_t code;
    int error;
    enum cepa_store_table table; /* STORE */
    uint8_t key[CEPA_STORE_KEY_MAX];
    size_t key_len;
    bool is_gone;
    const uint8_t *data; /* STORE, LETTER: lent until the next call */
    size_t data_len;
};

/* cepa_end_size gives the memory that an end takes; SIZE_MAX for limits out of range. Most is
 * touched only when it is used. */
size_t cepa_end_size(const struct cepa_end_limits *limits);

/* cepa_end_init makes an end in `memory_len` bytes, aligned as base/block.h says and lent
 * until cepa_end_wipe. Returns 0, CEPA_ERR_ARGUMENT or CEPA_ERR_RANDOM. */
CEPA_MUST_USE int cepa_end_init(struct cepa_end **ret_endpoint, void *memory, size_t memory_len,
                                const struct cepa_end_config *config, struct cepa_time now,
                                struct cepa_wall wall);

/* cepa_end_restore gives back what a STORE effect of a former run said, after cepa_end_init, and
 * before or after cepa_end_identity_add of the identity that it is about, but before the next
 * cepa_end_step. What comes before its identity waits for it: of config.limits.identities at
 * most. Then people who looked the identity up before reach it still, and it publishes what it did.
 * A driver forgets what it keeps when the user gives an identity up for good. Returns 0;
 * CEPA_ERR_ARGUMENT for a table or key of something else; CEPA_ERR_STATE if the identity has begun
 * anew already; CEPA_ERR_FULL; or CEPA_ERR_LENGTH, CEPA_ERR_VERSION or CEPA_ERR_MALFORMED for what
 * is damaged: the identity begins anew, also if this is found only when it comes. */
CEPA_MUST_USE int cepa_end_restore(struct cepa_end *end, enum cepa_store_table table,
                                   const uint8_t *key, size_t key_len, const uint8_t *data,
                                   size_t data_len);

/* cepa_end_wipe overwrites everything. The node lives on. */
void cepa_end_wipe(struct cepa_end *end);

/* cepa_end_on_node takes an effect of the node; true if it was about this end's circuits, and
 * nobody else's business. */
bool cepa_end_on_node(struct cepa_end *end, const struct cepa_node_effect *effect,
                      struct cepa_time now);

/* cepa_end_step does what is due; cepa_end_deadline says when that is. */
void cepa_end_step(struct cepa_end *end, struct cepa_time now, struct cepa_wall wall);
struct cepa_time cepa_end_deadline(const struct cepa_end *end);

/* cepa_end_next takes the next effect, and lets packets leave. Returns 0 or
 * CEPA_ERR_NOT_FOUND. */
CEPA_MUST_USE int cepa_end_next(struct cepa_end *end, struct cepa_end_effect *ret_effect,
                                struct cepa_time now);

/* cepa_end_identity_add takes an identity (copied). Returns 0, CEPA_ERR_FULL, CEPA_ERR_IN_USE
 * if it is here already, or CEPA_ERR_RANDOM. */
CEPA_MUST_USE int cepa_end_identity_add(struct cepa_end *end,
                                        struct cepa_end_identity *ret_identity,
                                        const struct cepa_identity_secret *secret,
                                        const struct cepa_end_policy *policy, struct cepa_time now);

/* cepa_end_identity_remove withdraws an identity and wipes it. Its sessions go on; what is being
 * opened as it fails with CEPA_ERR_NOT_FOUND. */
void cepa_end_identity_remove(struct cepa_end *end, struct cepa_end_identity identity,
                              struct cepa_time now);

/* cepa_end_mailboxes gives how many mailboxes the published descriptor of an identity names: others
 * can leave letters in them. 0 while a change is being published. */
uint32_t cepa_end_mailboxes(const struct cepa_end *end, struct cepa_end_identity identity);

/* cepa_end_connect opens a session to an address: READY or FAILED follows. `as`: the identity
 * that the other end learns, none: it learns nothing. Returns 0, CEPA_ERR_FULL (also while too many
 * events wait to be taken), CEPA_ERR_NOT_FOUND for an unknown identity, or as cepa_lookups_find. */
CEPA_MUST_USE int cepa_end_connect(struct cepa_end *end, struct cepa_end_session *ret_session,
                                   const struct cepa_address *address, struct cepa_end_identity as,
                                   struct cepa_time now);

/* cepa_end_streams gives the streams of a session that is open, lent until CLOSED; NULL if it
 * is not. */
struct cepa_session *cepa_end_streams(struct cepa_end *end, struct cepa_end_session session);

/* cepa_end_touch says that its streams were used. */
void cepa_end_touch(struct cepa_end *end, struct cepa_end_session session);

/* cepa_end_close ends a session; CLOSED follows when the other end was told, or soon; FAILED if it
 * was not open yet. Nothing is said of its streams from now on. */
void cepa_end_close(struct cepa_end *end, struct cepa_end_session session, uint32_t code,
                    struct cepa_time now);

/* cepa_end_leave leaves a letter for somebody who is away, in mailboxes that the address's
 * descriptor names: LEFT or NOT_LEFT follows, the latter with CEPA_ERR_UNSUPPORTED if it names
 * none. `body` (copied) has up to CEPA_LETTER_BODY_MAX bytes; `as` is the identity that the
 * receiver learns, none: it learns nothing. Returns 0, CEPA_ERR_TOO_LONG, CEPA_ERR_FULL,
 * CEPA_ERR_NOT_FOUND for an unknown identity, or as cepa_lookups_find. @[SPEC 16.9] */
CEPA_MUST_USE int cepa_end_leave(struct cepa_end *end, struct cepa_end_letter *ret_letter,
                                 const struct cepa_address *address, struct cepa_end_identity as,
                                 const uint8_t *body, size_t body_len, struct cepa_time now);

/* cepa_end_letter_done says what has become of the LETTER that an identity was told: kept durably,
 * or not wanted at all, and then relays may delete it; or not kept for now (`is_kept` false): it is
 * told again some minutes later. The next letter of that identity comes after that. A letter that a
 * relay keeps for a second time, or that was told before a restart, may come again: its contents
 * tell. */
void cepa_end_letter_done(struct cepa_end *end, struct cepa_end_identity identity, bool is_kept,
                          struct cepa_time now);

#endif
