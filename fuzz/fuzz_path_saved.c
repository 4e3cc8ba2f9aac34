/* What a node has kept of its guards and second-layer guards, as its file may come back. Whatever
 * is accepted is encoded to the same bytes, and can be lived with for a year. The first byte
 * chooses which of the two it is. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "path/guards.h"
#include "path/layer2.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

enum { RELAYS = 8, MONTHS = 12 };

static int fill(void *context, uint8_t *ret_bytes, size_t len)
{
    uint8_t *state = context;
    for (size_t i = 0; i < len; i++) {
        *state = (uint8_t)(*state * 5 + 1);
        ret_bytes[i] = *state;
    }
    return 0;
}

static void live_guards(struct cepa_guards *guards, const struct cepa_path_relays *relays,
                        const struct cepa_random *random)
{
    struct cepa_ed25519_public_key wanted[CEPA_GUARDS_MAX];
    const struct cepa_guard *in_use[CEPA_GUARDS_IN_USE];
    for (unsigned i = 0; i < MONTHS; i++) {
        struct cepa_wall wall =
            cepa_wall_add(guards->clock.last, (i % 3) * CEPA_PATH_STEP_MAX_MS / 2);
        CEPA_ASSERT(cepa_guards_update(guards, relays, NULL, wall, random) == 0);
        CEPA_ASSERT(guards->entries_len <= CEPA_GUARDS_MAX);
        size_t len = cepa_guards_wanted(guards, wanted, wall);
        CEPA_ASSERT(len <= guards->entries_len);
        for (size_t j = 0; j < len; j++) {
            if ((i + j) % 2) {
                cepa_guards_on_reached(guards, &wanted[j], wall);
            } else {
                cepa_guards_on_failed(guards, &wanted[j], wall);
            }
        }
        CEPA_ASSERT(cepa_guards_in_use(guards, in_use) <= CEPA_GUARDS_IN_USE);
        cepa_guards_on_online(guards, i % 4 != 0, wall);
    }
}

static void check_guards(const uint8_t *data, size_t data_len,
                         const struct cepa_path_relays *relays, const struct cepa_random *random)
{
    uint8_t bytes[CEPA_GUARDS_SIZE_MAX];
    struct cepa_guards guards;
    size_t len;
    if (cepa_guards_decode(&guards, data, data_len) == 0) {
        cepa_guards_encode(bytes, &len, &guards);
        CEPA_ASSERT(len == data_len && memcmp(bytes, data, len) == 0);
        live_guards(&guards, relays, random);
        cepa_guards_encode(bytes, &len, &guards);
        CEPA_ASSERT(cepa_guards_decode(&guards, bytes, len) == 0);
    }
}

static void check_layer2(const uint8_t *data, size_t data_len,
                         const struct cepa_path_relays *relays, const struct cepa_random *random)
{
    uint8_t bytes[CEPA_LAYER2_SIZE_MAX];
    struct cepa_layer2 layer2;
    size_t len;
    if (cepa_layer2_decode(&layer2, data, data_len) == 0) {
        cepa_layer2_encode(bytes, &len, &layer2);
        CEPA_ASSERT(len == data_len && memcmp(bytes, data, len) == 0);
        for (unsigned i = 0; i < MONTHS; i++) {
            struct cepa_wall wall =
                cepa_wall_add(layer2.clock.last, (i % 3) * CEPA_PATH_STEP_MAX_MS / 2);
            CEPA_ASSERT(cepa_layer2_update(&layer2, relays, NULL, wall, random) == 0);
            CEPA_ASSERT(layer2.entries_len == CEPA_LAYER2_MAX);
        }
        cepa_layer2_encode(bytes, &len, &layer2);
        CEPA_ASSERT(cepa_layer2_decode(&layer2, bytes, len) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    static struct cepa_path_relay items[RELAYS];
    uint8_t state = 7;
    const struct cepa_random random = {fill, &state};
    const struct cepa_path_relays relays = {items, RELAYS};
    for (size_t i = 0; i < RELAYS; i++) {
        items[i].key.bytes[0] = (uint8_t)(i + 1);
        items[i].flags = CEPA_PATH_RELAY_GUARD;
    }
    if (data_len == 0) {
        return 0;
    }
    if (data[0] & 1) {
        check_layer2(data + 1, data_len - 1, &relays, &random);
    } else {
        check_guards(data + 1, data_len - 1, &relays, &random);
    }
    return 0;
}
