/* Second-layer guards. @[SPEC 11.3] */
#include "path/layer2.h"

#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/draw.h"
#include "path/select.h"

enum { VERSION = 1 };

void cepa_layer2_init(struct cepa_layer2 *ret_layer2)
{
    memset(ret_layer2, 0, sizeof *ret_layer2);
}

void cepa_layer2_encode(uint8_t *ret_bytes, size_t *ret_len, const struct cepa_layer2 *layer2)
{
    struct cepa_writer writer;
    cepa_writer_init(&writer, ret_bytes, CEPA_LAYER2_SIZE_MAX);
    cepa_writer_u8(&writer, VERSION);
    cepa_writer_u8(&writer, (uint8_t)layer2->entries_len);
    cepa_writer_u64(&writer, layer2->clock.last.unix_ms);
    cepa_writer_u64(&writer, layer2->clock.counted_ms);
    for (size_t i = 0; i < layer2->entries_len; i++) {
        cepa_writer_bytes(&writer, layer2->entries[i].key.bytes,
                          sizeof layer2->entries[i].key.bytes);
        cepa_writer_u64(&writer, layer2->entries[i].ends_ms);
    }
    CEPA_ASSERT(cepa_writer_end(&writer, ret_len) == 0);
}

static bool read_entry(struct cepa_layer2 *layer2, size_t place, struct cepa_reader *reader)
{
    struct cepa_layer2_entry *entry = &layer2->entries[place];
    cepa_reader_bytes(reader, entry->key.bytes, sizeof entry->key.bytes);
    entry->ends_ms = cepa_reader_u64(reader);
    for (size_t i = 0; i < place; i++) {
        if (cepa_path_relay_is(&layer2->entries[i].key, &entry->key)) {
            return false;
        }
    }
    return entry->ends_ms <= layer2->clock.counted_ms + CEPA_LAYER2_LIFE_MAX_MS;
}

int cepa_layer2_decode(struct cepa_layer2 *ret_layer2, const uint8_t *bytes, size_t bytes_len)
{
    struct cepa_layer2 layer2;
    struct cepa_reader reader;
    bool is_right = true;
    cepa_layer2_init(&layer2);
    cepa_reader_init(&reader, bytes, bytes_len);
    unsigned version = cepa_reader_u8(&reader);
    layer2.entries_len = cepa_reader_u8(&reader);
    layer2.clock.last.unix_ms = cepa_reader_u64(&reader);
    layer2.clock.counted_ms = cepa_reader_u64(&reader);
    if (bytes_len > 0 && version != VERSION) {
        return CEPA_ERR_VERSION;
    }
    if (layer2.entries_len > CEPA_LAYER2_MAX ||
        layer2.clock.counted_ms > CEPA_PATH_COUNTED_MAX_MS) {
        return CEPA_ERR_MALFORMED;
    }
    for (size_t i = 0; i < layer2.entries_len; i++) {
        is_right = read_entry(&layer2, i, &reader) && is_right;
    }
    int error = cepa_reader_end(&reader);
    if (error == 0 && !is_right) {
        error = CEPA_ERR_MALFORMED;
    }
    if (error == 0) {
        *ret_layer2 = layer2;
    }
    return error;
}

uint64_t cepa_layer2_life_ms(uint64_t first, uint64_t second)
{
    uint64_t later = first > second ? first : second;
    return CEPA_LAYER2_LIFE_MIN_MS +
           cepa_draw_scale(later, CEPA_LAYER2_LIFE_MAX_MS - CEPA_LAYER2_LIFE_MIN_MS + 1);
}

/* Notes who is in the index and drops whose time is over. An empty index says nothing. */
static void drop_over(struct cepa_layer2 *layer2, const struct cepa_path_relays *relays,
                      uint64_t now_ms)
{
    size_t kept = 0;
    for (size_t i = 0; i < layer2->entries_len; i++) {
        struct cepa_layer2_entry *entry = &layer2->entries[i];
        if (relays->len > 0 && cepa_path_relays_find(relays, &entry->key) != NULL) {
            entry->unlisted_ms = 0;
        } else if (relays->len > 0 && entry->unlisted_ms == 0) {
            entry->unlisted_ms = now_ms + 1;
        }
        bool is_gone =
            entry->unlisted_ms != 0 && now_ms >= entry->unlisted_ms + CEPA_LAYER2_UNLISTED_MAX_MS;
        if (now_ms < entry->ends_ms && !is_gone) {
            layer2->entries[kept++] = *entry;
        }
    }
    layer2->is_changed |= kept != layer2->entries_len;
    layer2->entries_len = kept;
}

static int draw_one(struct cepa_layer2 *layer2, const struct cepa_path_relays *relays,
                    const struct cepa_path_relay *own, uint64_t now_ms,
                    const struct cepa_random *random)
{
    struct cepa_path_relay members[CEPA_LAYER2_MAX];
    uint64_t life[2];
    size_t index;
    memset(members, 0, sizeof members);
    for (size_t i = 0; i < layer2->entries_len; i++) {
        const struct cepa_path_relay *relay =
            cepa_path_relays_find(relays, &layer2->entries[i].key);
        if (relay != NULL) {
            members[i] = *relay;
        }
        members[i].key = layer2->entries[i].key;
    }
    const struct cepa_select_bounds bounds = {
        .members = members,
        .members_len = layer2->entries_len,
        .own = own,
        .flags_none = CEPA_PATH_RELAY_INTRODUCED,
    };
    int error = cepa_select_draw(&index, relays, &bounds, random);
    for (size_t i = 0; error == 0 && i < 2; i++) {
        error = cepa_draw_u64(&life[i], random);
    }
    if (error == 0) {
        struct cepa_layer2_entry *entry = &layer2->entries[layer2->entries_len++];
        entry->key = relays->items[index].key;
        entry->ends_ms = now_ms + cepa_layer2_life_ms(life[0], life[1]);
        entry->unlisted_ms = 0;
        entry->failures = 0;
        entry->refused = 0;
        layer2->is_changed = true;
    }
    return error;
}

int cepa_layer2_update(struct cepa_layer2 *layer2, const struct cepa_path_relays *relays,
                       const struct cepa_path_relay *own, struct cepa_wall wall,
                       const struct cepa_random *random)
{
    uint64_t now_ms = cepa_path_clock_advance(&layer2->clock, wall);
    int error = 0;
    drop_over(layer2, relays, now_ms);
    while (error == 0 && layer2->entries_len < CEPA_LAYER2_MAX) {
        error = draw_one(layer2, relays, own, now_ms, random);
    }
    return error == CEPA_ERR_NOT_FOUND ? 0 : error;
}

static struct cepa_layer2_entry *find(struct cepa_layer2 *layer2,
                                      const struct cepa_ed25519_public_key *key)
{
    for (size_t i = 0; i < layer2->entries_len; i++) {
        if (cepa_path_relay_is(&layer2->entries[i].key, key)) {
            return &layer2->entries[i];
        }
    }
    return NULL;
}

void cepa_layer2_on_built(struct cepa_layer2 *layer2, const struct cepa_ed25519_public_key *key)
{
    struct cepa_layer2_entry *entry = find(layer2, key);
    if (entry != NULL) {
        entry->failures = 0;
        entry->refused = 0;
    }
}

void cepa_layer2_on_failed(struct cepa_layer2 *layer2, const struct cepa_ed25519_public_key *key)
{
    struct cepa_layer2_entry *entry = find(layer2, key);
    if (entry != NULL && entry->failures < UINT32_MAX) {
        entry->failures++;
    }
}

void cepa_layer2_on_refused(struct cepa_layer2 *layer2, const struct cepa_ed25519_public_key *key)
{
    struct cepa_layer2_entry *entry = find(layer2, key);
    if (entry != NULL && entry->refused < UINT32_MAX) {
        entry->refused++;
    }
    cepa_layer2_on_failed(layer2, key);
}

/* Whether all are dead, and which one is so most of all. */
static bool find_worst(size_t *ret_worst, const struct cepa_layer2 *layer2)
{
    size_t worst = 0;
    for (size_t i = 0; i < layer2->entries_len; i++) {
        if (layer2->entries[i].refused < CEPA_LAYER2_REFUSED) {
            return false;
        }
        worst = layer2->entries[i].refused > layer2->entries[worst].refused ? i : worst;
    }
    *ret_worst = worst;
    return layer2->entries_len > 0;
}

bool cepa_layer2_drop_dead(struct cepa_layer2 *layer2, struct cepa_wall wall, bool is_online)
{
    uint64_t now_ms = cepa_path_clock_advance(&layer2->clock, wall);
    size_t worst = 0;
    for (size_t i = 0; i < layer2->entries_len && !is_online; i++) {
        layer2->entries[i].refused = 0;
    }
    if (layer2->replaced == 0 || now_ms - layer2->replaced_ms >= CEPA_PATH_DAY_MS) {
        layer2->replaced = 0;
        layer2->replaced_ms = now_ms;
    }
    if (!find_worst(&worst, layer2) || layer2->replaced == CEPA_LAYER2_REPLACED_MAX) {
        return false;
    }
    layer2->replaced++;
    layer2->entries_len--;
    memmove(&layer2->entries[worst], &layer2->entries[worst + 1],
            (layer2->entries_len - worst) * sizeof layer2->entries[0]);
    layer2->is_changed = true;
    return true;
}

bool cepa_layer2_take_changed(struct cepa_layer2 *layer2)
{
    bool is_changed = layer2->is_changed;
    layer2->is_changed = false;
    return is_changed;
}
