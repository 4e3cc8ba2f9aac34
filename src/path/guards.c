/* Guards: sampling, order, what is known of each, keeping them. @[SPEC 11.2] */
#include "path/guards.h"

#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/draw.h"
#include "path/select.h"

enum { VERSION = 1, FLAG_CONFIRMED = 1, DOUBLINGS_MAX = 20 };

void cepa_guards_init(struct cepa_guards *ret_guards)
{
    memset(ret_guards, 0, sizeof *ret_guards);
}

void cepa_guards_encode(uint8_t *ret_bytes, size_t *ret_len, const struct cepa_guards *guards)
{
    struct cepa_writer writer;
    cepa_writer_init(&writer, ret_bytes, CEPA_GUARDS_SIZE_MAX);
    cepa_writer_u8(&writer, VERSION);
    cepa_writer_u8(&writer, (uint8_t)guards->entries_len);
    cepa_writer_u8(&writer, (uint8_t)guards->sampled_len);
    cepa_writer_u8(&writer, 0);
    cepa_writer_u64(&writer, guards->clock.last.unix_ms);
    cepa_writer_u64(&writer, guards->clock.counted_ms);
    for (size_t i = 0; i < guards->entries_len; i++) {
        const struct cepa_guard *guard = &guards->entries[i];
        cepa_writer_bytes(&writer, guard->key.bytes, sizeof guard->key.bytes);
        cepa_writer_u8(&writer, guard->prefix.family);
        cepa_writer_bytes(&writer, guard->prefix.bytes, sizeof guard->prefix.bytes);
        cepa_writer_u8(&writer, guard->is_confirmed ? FLAG_CONFIRMED : 0);
        cepa_writer_zeros(&writer, 2);
        cepa_writer_u64(&writer, guard->ends_ms);
        cepa_writer_u64(&writer, guard->unlisted_ms);
    }
    for (size_t i = 0; i < guards->sampled_len; i++) {
        cepa_writer_u64(&writer, guards->sampled_ms[i]);
    }
    CEPA_ASSERT(cepa_writer_end(&writer, ret_len) == 0);
}

static bool is_family_known(uint8_t family)
{
    return family == CEPA_FAMILY_NONE || family == CEPA_FAMILY_IPV4 || family == CEPA_FAMILY_IPV6;
}

/* Reads one entry and says whether its fields are in their ranges. */
static bool read_guard(struct cepa_guards *guards, size_t place, struct cepa_reader *reader)
{
    struct cepa_guard *guard = &guards->entries[place];
    cepa_reader_bytes(reader, guard->key.bytes, sizeof guard->key.bytes);
    guard->prefix.family = cepa_reader_u8(reader);
    cepa_reader_bytes(reader, guard->prefix.bytes, sizeof guard->prefix.bytes);
    uint8_t flags = cepa_reader_u8(reader);
    uint16_t zeros = cepa_reader_u16(reader);
    guard->is_confirmed = flags == FLAG_CONFIRMED;
    guard->ends_ms = cepa_reader_u64(reader);
    guard->unlisted_ms = cepa_reader_u64(reader);
    for (size_t i = 0; i < place; i++) {
        if (cepa_path_relay_is(&guards->entries[i].key, &guard->key)) {
            return false;
        }
    }
    return is_family_known(guard->prefix.family) && flags <= FLAG_CONFIRMED && zeros == 0 &&
           guard->ends_ms <= guards->clock.counted_ms + CEPA_GUARDS_LIFE_MAX_MS &&
           guard->unlisted_ms <= guards->clock.counted_ms + 1;
}

int cepa_guards_decode(struct cepa_guards *ret_guards, const uint8_t *bytes, size_t bytes_len)
{
    struct cepa_guards guards;
    struct cepa_reader reader;
    cepa_guards_init(&guards);
    cepa_reader_init(&reader, bytes, bytes_len);
    unsigned version = cepa_reader_u8(&reader);
    guards.entries_len = cepa_reader_u8(&reader);
    guards.sampled_len = cepa_reader_u8(&reader);
    bool is_right = cepa_reader_u8(&reader) == 0;
    guards.clock.last.unix_ms = cepa_reader_u64(&reader);
    guards.clock.counted_ms = cepa_reader_u64(&reader);
    if (bytes_len > 0 && version != VERSION) {
        return CEPA_ERR_VERSION;
    }
    if (guards.entries_len > CEPA_GUARDS_MAX || guards.sampled_len > CEPA_GUARDS_MAX ||
        guards.clock.counted_ms > CEPA_PATH_COUNTED_MAX_MS) {
        return CEPA_ERR_MALFORMED;
    }
    for (size_t i = 0; i < guards.entries_len; i++) {
        is_right = read_guard(&guards, i, &reader) && is_right;
    }
    for (size_t i = 0; i < guards.sampled_len; i++) {
        guards.sampled_ms[i] = cepa_reader_u64(&reader);
        is_right = is_right && guards.sampled_ms[i] <= guards.clock.counted_ms &&
                   (i == 0 || guards.sampled_ms[i - 1] <= guards.sampled_ms[i]);
    }
    int error = cepa_reader_end(&reader);
    if (error == 0 && !is_right) {
        error = CEPA_ERR_MALFORMED;
    }
    if (error == 0) {
        *ret_guards = guards;
    }
    return error;
}

static struct cepa_guard *find_guard(struct cepa_guards *guards,
                                     const struct cepa_ed25519_public_key *key)
{
    for (size_t i = 0; i < guards->entries_len; i++) {
        if (cepa_path_relay_is(&guards->entries[i].key, key)) {
            return &guards->entries[i];
        }
    }
    return NULL;
}

static bool is_guard_capable(const struct cepa_path_relay *relay)
{
    return (relay->flags & CEPA_PATH_RELAY_GUARD) != 0 &&
           (relay->flags & (CEPA_PATH_RELAY_INTRODUCED | CEPA_PATH_RELAY_OWN)) == 0;
}

/* Notes who is in the index. An empty index says nothing: it has not been read yet. */
static void note_listed(struct cepa_guards *guards, const struct cepa_path_relays *relays,
                        uint64_t now_ms)
{
    for (size_t i = 0; i < guards->entries_len; i++) {
        guards->entries[i].is_listed = false;
    }
    for (size_t i = 0; i < relays->len; i++) {
        struct cepa_guard *guard = find_guard(guards, &relays->items[i].key);
        if (guard != NULL) {
            guard->is_listed = is_guard_capable(&relays->items[i]);
        }
    }
    for (size_t i = 0; i < guards->entries_len && relays->len > 0; i++) {
        struct cepa_guard *guard = &guards->entries[i];
        if (guard->is_listed == (guard->unlisted_ms != 0)) {
            guard->unlisted_ms = guard->is_listed ? 0 : now_ms + 1;
            guards->is_changed = true;
        }
    }
}

static bool is_over(const struct cepa_guard *guard, uint64_t now_ms)
{
    return now_ms >= guard->ends_ms ||
           (guard->unlisted_ms != 0 && now_ms >= guard->unlisted_ms + CEPA_GUARDS_UNLISTED_MAX_MS);
}

static void drop_over(struct cepa_guards *guards, uint64_t now_ms)
{
    size_t kept = 0;
    for (size_t i = 0; i < guards->entries_len; i++) {
        if (!is_over(&guards->entries[i], now_ms)) {
            guards->entries[kept++] = guards->entries[i];
        }
    }
    guards->is_changed |= kept != guards->entries_len;
    guards->entries_len = kept;
    size_t old = 0;
    while (old < guards->sampled_len &&
           now_ms - guards->sampled_ms[old] >= CEPA_GUARDS_SAMPLE_PERIOD_MS) {
        old++;
    }
    guards->sampled_len -= old;
    memmove(guards->sampled_ms, guards->sampled_ms + old,
            guards->sampled_len * sizeof guards->sampled_ms[0]);
}

/* Samples one more. Returns CEPA_ERR_NOT_FOUND if there is none that fits beside the others. */
static int sample(struct cepa_guards *guards, const struct cepa_path_relays *relays,
                  const struct cepa_path_relay *own, uint64_t now_ms,
                  const struct cepa_random *random)
{
    struct cepa_path_relay members[CEPA_GUARDS_MAX];
    uint64_t life;
    size_t index;
    memset(members, 0, sizeof members);
    for (size_t i = 0; i < guards->entries_len; i++) {
        const struct cepa_path_relay *relay =
            cepa_path_relays_find(relays, &guards->entries[i].key);
        if (relay != NULL) {
            members[i] = *relay;
        }
        members[i].key = guards->entries[i].key;
        members[i].prefix = guards->entries[i].prefix;
    }
    const struct cepa_select_bounds bounds = {
        .members = members,
        .members_len = guards->entries_len,
        .own = own,
        .flags_all = CEPA_PATH_RELAY_GUARD,
        .flags_none = CEPA_PATH_RELAY_INTRODUCED,
    };
    int error = cepa_select_draw(&index, relays, &bounds, random);
    if (error == 0) {
        error = cepa_draw_u64(&life, random);
    }
    if (error != 0) {
        return error;
    }
    struct cepa_guard *guard = &guards->entries[guards->entries_len++];
    memset(guard, 0, sizeof *guard);
    guard->key = relays->items[index].key;
    guard->prefix = relays->items[index].prefix;
    guard->is_listed = true;
    guard->ends_ms = now_ms + CEPA_GUARDS_LIFE_MIN_MS +
                     cepa_draw_scale(life, CEPA_GUARDS_LIFE_MAX_MS - CEPA_GUARDS_LIFE_MIN_MS + 1);
    guards->sampled_ms[guards->sampled_len++] = now_ms;
    guards->is_changed = true;
    return 0;
}

int cepa_guards_update(struct cepa_guards *guards, const struct cepa_path_relays *relays,
                       const struct cepa_path_relay *own, struct cepa_wall wall,
                       const struct cepa_random *random)
{
    uint64_t now_ms = cepa_path_clock_advance(&guards->clock, wall);
    int error = 0;
    note_listed(guards, relays, now_ms);
    drop_over(guards, now_ms);
    while (error == 0 && guards->entries_len < CEPA_GUARDS_MAX &&
           guards->sampled_len < CEPA_GUARDS_MAX) {
        error = sample(guards, relays, own, now_ms, random);
    }
    return error == CEPA_ERR_NOT_FOUND ? 0 : error;
}

void cepa_guards_on_online(struct cepa_guards *guards, bool is_online, struct cepa_wall wall)
{
    cepa_path_clock_advance(&guards->clock, wall);
    if (guards->is_online == is_online) {
        return;
    }
    guards->is_online = is_online;
    for (size_t i = 0; i < guards->entries_len; i++) {
        struct cepa_guard *guard = &guards->entries[i];
        if (guard->state == CEPA_GUARD_UNREACHABLE) {
            guard->state = CEPA_GUARD_UNTRIED;
        }
        guard->failures = 0;
        guard->retry_ms = 0;
    }
}

void cepa_guards_on_reached(struct cepa_guards *guards, const struct cepa_ed25519_public_key *key,
                            struct cepa_wall wall)
{
    struct cepa_guard *guard = find_guard(guards, key);
    cepa_path_clock_advance(&guards->clock, wall);
    if (guard == NULL) {
        return;
    }
    guard->state = CEPA_GUARD_REACHED;
    guard->failures = 0;
    guard->retry_ms = 0;
    guards->is_changed |= !guard->is_confirmed;
    guard->is_confirmed = true;
}

/* How long to wait after so many failures in a row. */
static uint64_t retry_wait_ms(unsigned failures)
{
    unsigned doublings = failures < DOUBLINGS_MAX ? failures : DOUBLINGS_MAX;
    uint64_t wait_ms = CEPA_GUARDS_RETRY_MIN_MS << (doublings - 1);
    return wait_ms < CEPA_GUARDS_RETRY_MAX_MS ? wait_ms : CEPA_GUARDS_RETRY_MAX_MS;
}

void cepa_guards_on_failed(struct cepa_guards *guards, const struct cepa_ed25519_public_key *key,
                           struct cepa_wall wall)
{
    struct cepa_guard *guard = find_guard(guards, key);
    uint64_t now_ms = cepa_path_clock_advance(&guards->clock, wall);
    if (guard == NULL) {
        return;
    }
    if (guard->state == CEPA_GUARD_REACHED) {
        guard->state = CEPA_GUARD_UNTRIED; /* a lost link is dialled once before it counts */
        return;
    }
    guard->failures = (uint8_t)(guard->failures + (guard->failures < UINT8_MAX));
    if (guards->is_online) {
        guard->state = CEPA_GUARD_UNREACHABLE;
        guard->retry_ms = now_ms + retry_wait_ms(guard->failures);
    } else {
        guard->retry_ms = now_ms + CEPA_GUARDS_RETRY_MIN_MS;
    }
}

size_t cepa_guards_wanted(struct cepa_guards *guards, struct cepa_ed25519_public_key *ret_keys,
                          struct cepa_wall wall)
{
    uint64_t now_ms = cepa_path_clock_advance(&guards->clock, wall);
    size_t wanted = 0;
    size_t hoped = 0;
    for (size_t i = 0; i < guards->entries_len && hoped < CEPA_GUARDS_IN_USE; i++) {
        const struct cepa_guard *guard = &guards->entries[i];
        if (!guard->is_listed) {
            continue;
        }
        hoped += guard->state != CEPA_GUARD_UNREACHABLE;
        if (guard->state == CEPA_GUARD_REACHED || now_ms >= guard->retry_ms) {
            ret_keys[wanted++] = guard->key;
        }
    }
    return wanted;
}

size_t cepa_guards_in_use(const struct cepa_guards *guards,
                          const struct cepa_guard *ret_entries[CEPA_GUARDS_IN_USE])
{
    size_t found = 0;
    for (size_t i = 0; i < guards->entries_len && found < CEPA_GUARDS_IN_USE; i++) {
        if (guards->entries[i].is_listed && guards->entries[i].state == CEPA_GUARD_REACHED) {
            ret_entries[found++] = &guards->entries[i];
        }
    }
    return found;
}

bool cepa_guards_take_changed(struct cepa_guards *guards)
{
    bool is_changed = guards->is_changed;
    guards->is_changed = false;
    return is_changed;
}
