/* Where descriptors of addresses lie: two positions a day, each with the relays that are nearest to
 * it on the ring of positions (10.2). @[SPEC 14.5] */
#ifndef CEPA_RENDEZVOUS_POSITIONS_H
#define CEPA_RENDEZVOUS_POSITIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"
#include "crypto/ed25519.h"

enum {
    CEPA_DESCRIPTOR_POSITION_SIZE = 32,
    CEPA_DESCRIPTOR_POSITIONS = 2,  /* of one descriptor */
    CEPA_DESCRIPTOR_CUSTODIANS = 4, /* of one position: those that are given it */
    CEPA_DESCRIPTOR_NEAREST = 8     /* those that take it: views of who is nearest differ */
};

/* Where a descriptor lies: the name under which custodians are asked for it. */
struct cepa_descriptor_position {
    uint8_t bytes[CEPA_DESCRIPTOR_POSITION_SIZE];
};

/* cepa_descriptor_position_of gives position `number` (below CEPA_DESCRIPTOR_POSITIONS) of what is
 * signed with `blinded_key` (CEPA_SIGNING_KEY_SIZE bytes) for `day`. */
void cepa_descriptor_position_of(struct cepa_descriptor_position *ret_position,
                                 const uint8_t *blinded_key, struct cepa_directory_day day,
                                 uint32_t number);

/* cepa_descriptor_position_start gives its place on the ring: the first 8 bytes, as of the
 * positions of relays. */
uint64_t cepa_descriptor_position_start(const struct cepa_descriptor_position *position);

/* One relay near a place. */
struct cepa_near_relay {
    struct cepa_ed25519_public_key key; /* its name in the index */
    uint64_t position;                  /* the first 8 bytes of its position */
};

/* The relays nearest to a place, the nearest first. Of two equally near ones the lower key comes
 * first, so that the order of offers does not matter. */
struct cepa_nearest {
    uint64_t place;
    struct cepa_near_relay relays[CEPA_DESCRIPTOR_NEAREST];
    size_t relays_len;
    size_t relays_max; /* at most CEPA_DESCRIPTOR_NEAREST */
};

/* cepa_nearest_init begins without relays; it will keep the nearest `max` ones, at most
 * CEPA_DESCRIPTOR_NEAREST (asserted). */
void cepa_nearest_init(struct cepa_nearest *ret_nearest, uint64_t place, size_t max);

/* cepa_nearest_offer takes a relay (its key, CEPA_SIGNING_KEY_SIZE bytes, and its position) if it
 * is near enough. To be called for each eligible relay of the index once. */
void cepa_nearest_offer(struct cepa_nearest *nearest, const uint8_t *key, uint64_t position);

/* cepa_nearest_has says whether a relay is among the nearest. */
bool cepa_nearest_has(const struct cepa_nearest *nearest, const uint8_t *key);

#endif
