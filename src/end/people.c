/* Identities of this end: their prekeys, the circuits at which others knock, and the descriptors
 * that say where those are. @[SPEC 14.8] @[SPEC 15.3] */
#include <string.h>

#include "base/assert.h"
#include "base/ct.h"
#include "end/end_parts.h"

enum { HOPS = 3, PLACED_MIN = 3 /* copies: the descriptor will be found */ };
#define LOOK_NS (1 * CEPA_SECOND_NS)
#define PREKEYS_NS (60 * CEPA_SECOND_NS)
#define POINT_NS (10 * CEPA_SECOND_NS) /* for a circuit, and for the relay's word */
#define ALIVE_NS (20 * CEPA_SECOND_NS) /* between two words to the relay */
#define PUT_NS (15 * CEPA_SECOND_NS)
enum { PER_MINUTE_MAX = 6000 /* that a relay takes, @[SPEC 15.3] */ };

struct cepa_end_person *cepa_end_person_at(const struct cepa_end *end, uint32_t place)
{
    struct cepa_handle handle;
    if (cepa_pool_next(&end->people, &handle, place) != 0 || handle.index != place) {
        return NULL;
    }
    return cepa_pool_find(&end->people, handle);
}

/* What was stored under a key and has not found its identity, or a free place (`key` NULL). */
static struct cepa_end_restored *find_restored(struct cepa_end *end, const uint8_t *key)
{
    for (uint32_t i = 0; i < end->config.limits.identities; i++) {
        struct cepa_end_restored *restored = &end->restored[i];
        if (key == NULL
                ? !restored->is_used
                : restored->is_used && memcmp(restored->key, key, sizeof restored->key) == 0) {
            return restored;
        }
    }
    return NULL;
}

static int restore_prekeys(struct cepa_end *end, struct cepa_end_person *person,
                           const uint8_t *data, size_t data_len)
{
    if (cepa_prekeys_current(&person->prekeys) != NULL) {
        return CEPA_ERR_STATE; /* others may be published already */
    }
    return cepa_prekeys_decode(&person->prekeys, data, data_len, &end->workspace->prekeys,
                               end->config.cpu);
}

static uint32_t clamp(uint32_t value, uint32_t least, uint32_t most)
{
    return value < least ? least : value > most ? most : value;
}

void cepa_end_person_init(struct cepa_end *end, struct cepa_end_person *person,
                          const struct cepa_identity_secret *secret)
{
    cepa_identity_expand(&person->identity, secret, &end->workspace->identity, end->config.cpu);
    cepa_prekeys_init(&person->prekeys);
    person->policy.first_per_minute = clamp(person->policy.first_per_minute, 1, PER_MINUTE_MAX);
    const struct cepa_publisher_config config = {.identity = &person->identity,
                                                 .network = end->network,
                                                 .calendar = end->config.profile.calendar,
                                                 .random = end->config.random,
                                                 .workspace = &end->workspace->descriptor,
                                                 .cpu = end->config.cpu};
    cepa_publisher_init(&person->publisher, &config);
    struct cepa_end_restored *restored = find_restored(end, person->identity.address.bytes);
    if (restored != NULL) {
        /* What is damaged is replaced by what is new. */
        int error = restored->prekeys_len == 0
                        ? 0
                        : restore_prekeys(end, person, restored->prekeys, restored->prekeys_len);
        error |= restored->places_len == 0
                     ? 0
                     : cepa_end_mail_restore(end, person, restored->places, restored->places_len);
        (void)error;
        cepa_wipe(restored, sizeof *restored);
    }
}

/* --- introduction circuits -------------------------------------------------------------------- */

static struct cepa_end_point *point_of(struct cepa_end *end, uint32_t owner,
                                       struct cepa_end_person **ret_person)
{
    *ret_person = cepa_end_person_at(end, owner / CEPA_END_POINTS);
    CEPA_ASSERT(*ret_person != NULL);
    return &(*ret_person)->points[owner % CEPA_END_POINTS];
}

static void open_point(struct cepa_end *end, const struct cepa_end_person *person,
                       struct cepa_end_point *point, struct cepa_time now)
{
    const struct cepa_node_circuit_request request = {.hops_len = HOPS, .is_triggered = true};
    uint32_t owner =
        person->self.handle.index * CEPA_END_POINTS + (uint32_t)(point - person->points);
    memset(point, 0, sizeof *point);
    point->until = cepa_time_add(now, POINT_NS);
    if (cepa_end_circuits_open(&end->circuits, &point->circuit, CEPA_END_USE_INTRODUCTION, owner,
                               &request, now) != 0) {
        point->circuit = 0;
        point->until = cepa_time_add(now, LOOK_NS);
    }
}

static void close_point(struct cepa_end *end, struct cepa_end_point *point, struct cepa_time now)
{
    cepa_end_circuits_close(&end->circuits, point->circuit, now);
    cepa_ed25519_key_wipe(&point->key);
    memset(point, 0, sizeof *point);
    point->until = now;
}

/* Asks the relay to hand introductions over, or tells it that this end is still here. */
static void ask_point(struct cepa_end *end, const struct cepa_end_person *person,
                      struct cepa_end_point *point, struct cepa_time now)
{
    struct cepa_introduction introduction;
    uint8_t body[CEPA_INTRODUCTION_SIZE];
    uint8_t data[CEPA_CELL_DATA_MAX];
    struct cepa_directory_day today =
        cepa_calendar_day(&end->config.profile.calendar, cepa_end_wall(end, now));
    cepa_introduction_make(&introduction, &point->key, (uint16_t)person->policy.first_per_minute,
                           today, &end->network, &point->relay);
    cepa_introduction_encode(body, &introduction);
    size_t len =
        cepa_service_request(data, CEPA_SERVICE_INTRODUCTION, point->tag, 0, body, sizeof body);
    int error = cepa_node_circuit_send(end->config.node, point->circuit, data, len, now);
    (void)error; /* without an answer another circuit is built */
    point->until = cepa_time_add(now, POINT_NS);
}

static bool is_taken(const struct cepa_end_person *person, const struct cepa_end_point *point)
{
    for (size_t i = 0; i < CEPA_END_POINTS; i++) {
        const struct cepa_end_point *other = &person->points[i];
        if (other != point && other->has_relay &&
            memcmp(&other->relay, &point->relay, sizeof point->relay) == 0) {
            return true;
        }
    }
    return false;
}

void cepa_end_point_on_ready(struct cepa_end *end, uint32_t owner, struct cepa_time now)
{
    struct cepa_end_person *person;
    struct cepa_end_point *point = point_of(end, owner, &person);
    struct cepa_ed25519_seed seed;
    if (point->has_relay) {
        point->is_placed = false; /* it was mended: the relay does not know this circuit */
        ask_point(end, person, point, now);
        return;
    }
    if (cepa_node_circuit_last(end->config.node, point->circuit, &point->relay) != 0 ||
        is_taken(person, point) ||
        cepa_random_fill(end->config.random, seed.bytes, sizeof seed.bytes) != 0 ||
        cepa_random_fill(end->config.random, point->tag, sizeof point->tag) != 0) {
        close_point(end, point, now);
        point->until = cepa_time_add(now, LOOK_NS); /* where relays are few, the next may be too */
        return;
    }
    point->has_relay = true;
    cepa_ed25519_key_init(&point->key, &seed);
    cepa_wipe(&seed, sizeof seed);
    ask_point(end, person, point, now);
}

void cepa_end_point_on_data(struct cepa_end *end, uint32_t owner, const uint8_t *data,
                            size_t data_len, struct cepa_time now)
{
    struct cepa_end_person *person;
    struct cepa_end_point *point = point_of(end, owner, &person);
    struct cepa_service_part part;
    bool is_whole = false;
    cepa_node_circuit_consumed(end->config.node, point->circuit, 1, now);
    if (cepa_service_read_answer(&part, data, data_len) != 0) {
        return;
    }
    if (part.service != CEPA_SERVICE_KNOCK) {
        if (memcmp(part.tag, point->tag, sizeof part.tag) == 0) {
            point->is_placed = part.service == CEPA_SERVICE_OK;
            point->until = cepa_time_add(now, point->is_placed ? ALIVE_NS : LOOK_NS);
            person->look = now;
        }
        return;
    }
    if (memcmp(part.tag, point->knock_tag, sizeof part.tag) != 0) {
        memcpy(point->knock_tag, part.tag, sizeof part.tag); /* the next who knocks */
        point->whole = (struct cepa_service_whole){0};
    }
    if (cepa_service_whole_add(&point->whole, point->knock, &is_whole, &part) == 0 && is_whole) {
        size_t len = point->whole.len;
        point->whole = (struct cepa_service_whole){0};
        /* The relay hands over no more on average; if it does, only what it brings is lost. */
        if (cepa_end_pay(&point->handed, cepa_end_knock_interval_ns(person), 2 * CEPA_END_BURST,
                         now)) {
            cepa_end_on_knock(end, person, point->knock, len, now);
        }
    }
}

uint64_t cepa_end_knock_interval_ns(const struct cepa_end_person *person)
{
    return 60 * CEPA_SECOND_NS / person->policy.first_per_minute;
}

void cepa_end_point_on_closed(struct cepa_end *end, uint32_t owner, struct cepa_time now)
{
    struct cepa_end_person *person;
    struct cepa_end_point *point = point_of(end, owner, &person);
    point->circuit = 0;
    close_point(end, point, now);
    point->until = cepa_time_add(now, LOOK_NS);
    person->look = now;
}

static void look_after_point(struct cepa_end *end, const struct cepa_end_person *person,
                             struct cepa_end_point *point, struct cepa_time now)
{
    if (!cepa_time_is_due(point->until, now)) {
        return;
    }
    if (point->circuit != 0 && point->is_placed) {
        point->is_placed = false; /* until it answers; what is published stays */
        ask_point(end, person, point, now);
    } else {
        close_point(end, point, now);
        open_point(end, person, point, now);
    }
}

/* --- descriptors ------------------------------------------------------------------------------ */

bool cepa_end_person_next(struct cepa_end *end, struct cepa_end_person *person,
                          struct cepa_end_effect *ret_effect)
{
    if (!cepa_prekeys_take_changed(&person->prekeys)) {
        return false;
    }
    *ret_effect = (struct cepa_end_effect){.identity = person->self,
                                           .table = CEPA_STORE_PREKEYS,
                                           .key_len = CEPA_STORE_KEY_MAX,
                                           .data = end->stored};
    memcpy(ret_effect->key, person->identity.address.bytes, sizeof ret_effect->key);
    cepa_prekeys_encode(end->stored, &end->stored_len, &person->prekeys);
    ret_effect->data_len = end->stored_len;
    return true;
}

int cepa_end_restore(struct cepa_end *end, enum cepa_store_table table, const uint8_t *key,
                     size_t key_len, const uint8_t *data, size_t data_len)
{
    bool is_places = table == CEPA_STORE_PLACES;
    if ((table != CEPA_STORE_PREKEYS && !is_places) || key_len != CEPA_STORE_KEY_MAX) {
        return CEPA_ERR_ARGUMENT;
    }
    for (uint32_t i = 0; i < end->config.limits.identities; i++) {
        struct cepa_end_person *person = cepa_end_person_at(end, i);
        if (person != NULL && memcmp(person->identity.address.bytes, key, key_len) == 0) {
            return is_places ? cepa_end_mail_restore(end, person, data, data_len)
                             : restore_prekeys(end, person, data, data_len);
        }
    }
    if (data_len > (size_t)(is_places ? CEPA_PLACES_SIZE_MAX : CEPA_PREKEYS_SIZE_MAX)) {
        return CEPA_ERR_LENGTH;
    }
    struct cepa_end_restored *restored = find_restored(end, key);
    restored = restored == NULL ? find_restored(end, NULL) : restored;
    if (restored == NULL) {
        return CEPA_ERR_FULL;
    }
    restored->is_used = true;
    memcpy(restored->key, key, key_len);
    *(is_places ? &restored->places_len : &restored->prekeys_len) = data_len;
    memcpy(is_places ? restored->places : restored->prekeys, data, data_len);
    return 0;
}

static void say_contents(struct cepa_end *end, struct cepa_end_person *person, struct cepa_time now)
{
    struct cepa_address_contents contents;
    const struct cepa_prekey *prekey = cepa_prekeys_current(&person->prekeys);
    memset(&contents, 0, sizeof contents);
    for (size_t i = 0; prekey != NULL && i < CEPA_END_POINTS; i++) {
        const struct cepa_end_point *point = &person->points[i];
        if (point->has_relay) {
            struct cepa_introduction_point *said = &contents.points[contents.points_len++];
            memcpy(said->relay, point->relay.bytes, sizeof said->relay);
            memcpy(said->key, point->key.public_key.bytes, sizeof said->key);
        }
    }
    if (contents.points_len < 2) {
        return; /* what is published may still serve */
    }
    memcpy(contents.prekey, prekey->public_key.bytes, sizeof contents.prekey);
    contents.flags =
        (uint8_t)(CEPA_ADDRESS_STRANGERS | (person->policy.wants_work ? CEPA_ADDRESS_WORK : 0));
    cepa_end_mail_say(end, person, &contents, now);
    cepa_publisher_set(&person->publisher, &contents, now, cepa_end_wall(end, now));
}

static void ask_custodians(struct cepa_end *end, struct cepa_end_person *person,
                           struct cepa_time now)
{
    struct cepa_custodian_ask ask;
    /* What nobody waits for leaves room to those who want to reach somebody. */
    while (cepa_end_asks_room(&end->asks) > end->asks.capacity / 2 &&
           cepa_publisher_next(&person->publisher, &ask, now) == 0) {
        struct cepa_ed25519_public_key near[CEPA_DESCRIPTOR_NEAREST];
        size_t len = cepa_node_nearest(end->config.node, near, CEPA_DESCRIPTOR_NEAREST,
                                       cepa_descriptor_position_start(&ask.position));
        const uint8_t *bytes = cepa_publisher_descriptor(&person->publisher, ask.number);
        int error = CEPA_ERR_NOT_FOUND;
        if (bytes != NULL && ask.rank < len &&
            !cepa_node_is_self(end->config.node, &near[ask.rank])) {
            const struct cepa_end_question question = {.asker = CEPA_END_ASKER_PUBLISHER,
                                                       .owner = person->self.handle.index,
                                                       .ticket = ask.number,
                                                       .relay = &near[ask.rank],
                                                       .service = CEPA_SERVICE_DESCRIPTOR_PUT,
                                                       .is_triggered = true,
                                                       .limit_ns = PUT_NS,
                                                       .body = bytes,
                                                       .body_len = CEPA_ADDRESS_DESCRIPTOR_SIZE};
            error = cepa_end_ask(&end->asks, &question, now);
        }
        if (error != 0) {
            cepa_publisher_on_answer(&person->publisher, ask.number,
                                     ask.rank >= len ? CEPA_CUSTODIAN_NONE : CEPA_CUSTODIAN_FAILED,
                                     0, now);
        }
    }
}

void cepa_end_person_on_answer(struct cepa_end *end, struct cepa_end_person *person,
                               const struct cepa_end_answer *answer, struct cepa_time now)
{
    enum cepa_custodian_answer said = CEPA_CUSTODIAN_REFUSED;
    uint64_t sequence = 0;
    (void)end;
    if (answer->error != 0) {
        said = CEPA_CUSTODIAN_FAILED;
    } else if (answer->status == CEPA_SERVICE_OK) {
        said = CEPA_CUSTODIAN_DONE;
    } else if (answer->status == CEPA_SERVICE_NEWER && answer->body_len == sizeof sequence) {
        struct cepa_reader reader;
        cepa_reader_init(&reader, answer->body, answer->body_len);
        sequence = cepa_reader_u64(&reader);
        said = CEPA_CUSTODIAN_NEWER;
    }
    cepa_publisher_on_answer(&person->publisher, answer->ticket, said, sequence, now);
    person->look = now;
}

static void tell_reachable(struct cepa_end *end, struct cepa_end_person *person)
{
    struct cepa_publisher_status status;
    cepa_publisher_status_get(&status, &person->publisher);
    uint32_t copies = 0;
    uint32_t placed = 0;
    for (size_t i = 0; i < CEPA_DESCRIPTOR_POSITIONS; i++) {
        copies += status.copies[i];
    }
    for (size_t i = 0; i < CEPA_END_POINTS; i++) {
        placed += person->points[i].has_relay;
    }
    bool is_published = copies >= PLACED_MIN && placed > 0;
    if (is_published != person->is_published && (is_published || placed == 0)) {
        const struct cepa_end_effect effect = {.event = is_published ? CEPA_END_PUBLISHED
                                                                     : CEPA_END_HIDDEN,
                                               .identity = person->self,
                                               .address = person->identity.address,
                                               .has_address = true};
        person->is_published = is_published;
        cepa_end_tell(end, &effect);
    }
}

void cepa_end_person_step(struct cepa_end *end, struct cepa_end_person *person,
                          struct cepa_time now)
{
    if (!person->policy.is_listening) {
        person->look = cepa_time_never();
        return;
    }
    if (cepa_time_is_due(person->prekeys_at, now)) {
        int error = cepa_prekeys_step(&person->prekeys, &end->config.profile.calendar,
                                      cepa_end_wall(end, now), end->config.random,
                                      &end->workspace->prekeys, end->config.cpu);
        person->prekeys_at = cepa_time_add(now, error == 0 ? PREKEYS_NS : LOOK_NS);
    }
    for (size_t i = 0; i < CEPA_END_POINTS; i++) {
        look_after_point(end, person, &person->points[i], now);
    }
    cepa_end_mail_step(end, person, now);
    say_contents(end, person, now);
    cepa_publisher_step(&person->publisher, now, cepa_end_wall(end, now));
    ask_custodians(end, person, now);
    tell_reachable(end, person);
    person->look = cepa_time_add(now, LOOK_NS);
}

struct cepa_time cepa_end_person_deadline(const struct cepa_end_person *person)
{
    return person->look;
}

void cepa_end_person_end(struct cepa_end *end, struct cepa_end_person *person, struct cepa_time now)
{
    for (size_t i = 0; i < CEPA_END_POINTS; i++) {
        close_point(end, &person->points[i], now);
    }
    cepa_end_asks_drop(&end->asks, CEPA_END_ASKER_PUBLISHER, person->self.handle.index, now);
    cepa_end_mail_end(end, person, now);
    cepa_publisher_wipe(&person->publisher);
    cepa_prekeys_wipe(&person->prekeys);
    cepa_identity_wipe(&person->identity);
}
