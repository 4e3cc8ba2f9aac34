/* Positions of descriptors, and who is near them. @[SPEC 14.5] */
#include "rendezvous/positions.h"

#include <string.h>

#include "base/assert.h"
#include "base/endian.h"
#include "crypto/hash.h"

static const char position_label[] = "cepa v1 descriptor position";

void cepa_descriptor_position_of(struct cepa_descriptor_position *ret_position,
                                 const uint8_t *blinded_key, struct cepa_directory_day day,
                                 uint32_t number)
{
    uint8_t tail[5];
    struct cepa_blake2b hash;
    CEPA_ASSERT(number < CEPA_DESCRIPTOR_POSITIONS);
    cepa_be32_store(tail, day.number);
    tail[4] = (uint8_t)number;
    cepa_blake2b_init(&hash, CEPA_DESCRIPTOR_POSITION_SIZE, NULL, 0);
    cepa_blake2b_update(&hash, position_label, sizeof position_label);
    cepa_blake2b_update(&hash, blinded_key, CEPA_ED25519_PUBLIC_KEY_LEN);
    cepa_blake2b_update(&hash, tail, sizeof tail);
    cepa_blake2b_final(&hash, ret_position->bytes, sizeof ret_position->bytes);
}

uint64_t cepa_descriptor_position_start(const struct cepa_descriptor_position *position)
{
    return cepa_be64_load(position->bytes);
}

void cepa_nearest_init(struct cepa_nearest *ret_nearest, uint64_t place, size_t max)
{
    CEPA_ASSERT(max <= CEPA_DESCRIPTOR_NEAREST);
    memset(ret_nearest, 0, sizeof *ret_nearest);
    ret_nearest->place = place;
    ret_nearest->relays_max = max;
}

/* Either way around the ring. */
static uint64_t distance(uint64_t a, uint64_t b)
{
    return a - b < b - a ? a - b : b - a;
}

static bool is_nearer(const struct cepa_nearest *nearest, const uint8_t *key, uint64_t position,
                      const struct cepa_near_relay *than)
{
    uint64_t own = distance(position, nearest->place);
    uint64_t other = distance(than->position, nearest->place);
    return own != other ? own < other : memcmp(key, than->key.bytes, sizeof than->key.bytes) < 0;
}

void cepa_nearest_offer(struct cepa_nearest *nearest, const uint8_t *key, uint64_t position)
{
    size_t at = nearest->relays_len;
    while (at > 0 && is_nearer(nearest, key, position, &nearest->relays[at - 1])) {
        at--;
    }
    if (at == nearest->relays_max) {
        return;
    }
    if (nearest->relays_len < nearest->relays_max) {
        nearest->relays_len++;
    }
    memmove(&nearest->relays[at + 1], &nearest->relays[at],
            (nearest->relays_len - at - 1) * sizeof nearest->relays[0]);
    memcpy(nearest->relays[at].key.bytes, key, sizeof nearest->relays[at].key.bytes);
    nearest->relays[at].position = position;
}

bool cepa_nearest_has(const struct cepa_nearest *nearest, const uint8_t *key)
{
    for (size_t i = 0; i < nearest->relays_len; i++) {
        if (memcmp(nearest->relays[i].key.bytes, key, sizeof nearest->relays[i].key.bytes) == 0) {
            return true;
        }
    }
    return false;
}
