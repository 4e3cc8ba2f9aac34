/* Generations of keys, for session/keys.c and session/ratchet.c alone. A generation lies in the
 * slot of its number mod 4. Live are the one that this end seals with, perhaps the one before, and
 * at a responder that has answered an offer, the next one. @[SPEC 16.5] */
#ifndef CEPA_SESSION_KEYS_PARTS_H
#define CEPA_SESSION_KEYS_PARTS_H

#include "session/keys.h"

/* cepa_session_generation_slot gives the slot of a generation. */
static inline unsigned cepa_session_generation_slot(uint32_t generation)
{
    return generation % CEPA_SESSION_GENERATIONS;
}

/* cepa_session_generation_is_live says whether there is one in a slot. */
static inline bool cepa_session_generation_is_live(const struct cepa_session_keys *keys,
                                                   unsigned slot)
{
    return (keys->live >> slot & 1u) != 0;
}

/* cepa_session_generation_add puts a root into a slot and makes its keys for all paths.
 * cepa_session_generation_drop wipes them. */
void cepa_session_generation_add(struct cepa_session_keys *keys, unsigned slot,
                                 const uint8_t *root);
void cepa_session_generation_drop(struct cepa_session_keys *keys, unsigned slot);

/* cepa_session_generation_seen takes note that a packet of a slot has opened. */
void cepa_session_generation_seen(struct cepa_session_keys *keys, unsigned slot,
                                  struct cepa_time now);

#endif
