/* A mesh alone among strangers: links to relays, and one to a client, whose other ends are the
 * test's own. What the mesh says to them and wants of its owner is noted; time is the test's. */
#ifndef CEPA_TESTS_SUPPORT_STRANGERS_H
#define CEPA_TESTS_SUPPORT_STRANGERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/ed25519.h"
#include "mesh/mesh.h"
#include "support/mesh_net.h"
#include "wire/mesh_message.h"

enum {
    STRANGERS_RELAYS_MAX = 30,
    STRANGERS_CLIENT = STRANGERS_RELAYS_MAX, /* the client, as a number of a stranger */
    STRANGERS_STEP_MS = 100
};

/* strangers_begin makes a relay that can be dialled, to which so many relays, each in a network of
 * its own, and a client have opened links. One second has passed. */
void strangers_begin(size_t relays);

/* strangers_mesh gives the mesh, strangers_node who it is, strangers_now the time. */
struct cepa_mesh *strangers_mesh(void);
struct mesh_net_node *strangers_node(void);
struct cepa_time strangers_now(void);

/* strangers_link gives the number of a stranger's link, strangers_name how a relay is called. */
uint64_t strangers_link(size_t stranger);
struct cepa_node_id strangers_name(size_t stranger);

/* strangers_key gives a relay's key for signatures; its node id is nobody's hash. */
void strangers_key(struct cepa_ed25519_key *ret_key, size_t stranger);

/* strangers_pass lets time go by in steps, and notes what was wanted meanwhile; strangers_wait does
 * so without a step. What was noted before is forgotten. */
void strangers_pass(uint64_t ms);
void strangers_wait(uint64_t ms);

/* strangers_say has a stranger say an item, and notes what that brings about, and no more. */
void strangers_say(size_t stranger, const struct cepa_mesh_item *item);

/* strangers_item makes an item of a kind, zeros else. */
struct cepa_mesh_item strangers_item(enum cepa_mesh_item_type type);

/* strangers_note notes what is wanted now, and no more: after a call on the mesh. */
void strangers_note(void);

/* strangers_heard gives the `nth` noted item of a kind that was said to a stranger, or to anybody
 * (SIZE_MAX), or NULL; `ret_stranger`, unless NULL, who that was. Its pointers lead nowhere. */
const struct cepa_mesh_item *strangers_heard(size_t stranger, enum cepa_mesh_item_type type,
                                             size_t nth, size_t *ret_stranger);

/* strangers_count says how many noted items of a kind there are for a stranger, or all. */
size_t strangers_count(size_t stranger, enum cepa_mesh_item_type type);

/* strangers_wanted gives the `nth` noted effect of a kind, or NULL. */
const struct cepa_mesh_effect *strangers_wanted(enum cepa_mesh_effect_kind kind, size_t nth);

#endif
