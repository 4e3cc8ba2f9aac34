/* Relays that keep descriptors, in virtual time. */
#include "support/custodians.h"

#include <string.h>

#include "rendezvous/descriptor_seal.h"
#include "support/test.h"

enum { ANSWER_MS = 40 };

static int draw(void *context, uint8_t *ret_bytes, size_t len)
{
    test_random_bytes(context, ret_bytes, len);
    return 0;
}

static int fail(void *context, uint8_t *ret_bytes, size_t len)
{
    (void)context;
    (void)ret_bytes;
    (void)len;
    return -1;
}

void custodians_randomness(struct custodians *net, bool is_there)
{
    net->random.fill = is_there ? draw : fail;
}

void custodians_init(struct custodians *net, size_t relays_len, uint64_t seed)
{
    struct cepa_publisher_config publisher;
    struct cepa_lookups_config lookups;
    struct cepa_identity_secret secret = {{1, 2, 3}};
    struct cepa_identity_workspace workspace;
    memset(net, 0, sizeof *net);
    CHECK(relays_len <= CUSTODIANS_RELAYS_MAX);
    net->numbers.state = seed;
    net->random = (struct cepa_random){draw, &net->numbers};
    net->network = (struct cepa_network_id){"a network of tests"};
    net->calendar = cepa_calendar_main();
    net->now.ns = 5 * CEPA_SECOND_NS;
    net->wall.unix_ms = 20411 * CEPA_CALENDAR_MAIN_DAY_MS + CEPA_CALENDAR_MAIN_DAY_MS / 2 - 77777;
    cepa_identity_expand(&net->identity, &secret, &workspace, 0);
    for (size_t i = 0; i < relays_len; i++) {
        test_random_bytes(&net->numbers, &net->relays[i].relay, sizeof net->relays[i].relay);
    }
    net->relays_len = relays_len;
    publisher = (struct cepa_publisher_config){&net->identity, net->network,    net->calendar,
                                               &net->random,   &net->workspace, 0};
    cepa_publisher_init(&net->publisher, &publisher);
    lookups = (struct cepa_lookups_config){net->network,
                                           net->calendar,
                                           &net->random,
                                           &net->workspace,
                                           net->known,
                                           sizeof net->known / sizeof net->known[0],
                                           0};
    cepa_lookups_init(&net->lookups, &lookups);
}

uint32_t custodians_today(const struct custodians *net)
{
    return cepa_calendar_day(&net->calendar, net->wall).number;
}

static struct cepa_wall skewed(const struct custodians *net, int64_t skew_ms)
{
    return (struct cepa_wall){net->wall.unix_ms + (uint64_t)skew_ms};
}

struct cepa_address_contents custodians_contents(uint32_t version)
{
    struct cepa_address_contents contents;
    struct cepa_xwing_key key;
    struct cepa_xwing_seed seed = {{7}};
    struct cepa_xwing_workspace workspace;
    memset(&contents, 0, sizeof contents);
    cepa_xwing_key_expand(&key, &seed, &workspace, 0);
    memcpy(contents.prekey, key.public_key.bytes, sizeof contents.prekey);
    contents.flags = CEPA_ADDRESS_STRANGERS;
    contents.points_len = 3;
    for (uint8_t i = 0; i < contents.points_len; i++) {
        contents.points[i].relay[0] = (uint8_t)(i + 1);
        contents.points[i].key[0] = (uint8_t)version;
    }
    return contents;
}

struct custodian *custodians_near(struct custodians *net,
                                  const struct cepa_descriptor_position *position, size_t rank)
{
    struct cepa_nearest nearest;
    cepa_nearest_init(&nearest, cepa_descriptor_position_start(position), CEPA_DESCRIPTOR_NEAREST);
    for (size_t i = 0; i < net->relays_len; i++) {
        const struct cepa_near_relay *relay = &net->relays[i].relay;
        cepa_nearest_offer(&nearest, relay->key.bytes, relay->position);
    }
    for (size_t i = 0; rank < nearest.relays_len && i < net->relays_len; i++) {
        if (memcmp(&net->relays[i].relay, &nearest.relays[rank], sizeof nearest.relays[rank]) ==
            0) {
            return &net->relays[i];
        }
    }
    return NULL;
}

void custodians_nearest(struct custodians *net, size_t count, enum custodian_manner manner)
{
    struct cepa_address_day day;
    struct cepa_directory_day today =
        cepa_calendar_day(&net->calendar, skewed(net, net->lookups_skew_ms));
    CHECK_INT(cepa_address_day_init(&day, &net->identity.address, &net->network, today), 0);
    for (size_t i = 0; i < CEPA_DESCRIPTOR_POSITIONS; i++) {
        for (size_t rank = 0; rank < count; rank++) {
            struct custodian *relay = custodians_near(net, &day.positions[i], rank);
            if (relay != NULL) {
                relay->manner = manner;
            }
        }
    }
}

/* --- what relays do --------------------------------------------------------------------------- */

static struct cepa_address_descriptor decoded(const uint8_t *bytes)
{
    struct cepa_address_descriptor descriptor;
    CHECK_INT(cepa_address_descriptor_decode(&descriptor, bytes, CEPA_ADDRESS_DESCRIPTOR_SIZE), 0);
    return descriptor;
}

static struct custodian_kept *kept_find(struct custodians *net, size_t relay,
                                        const struct cepa_address_descriptor *descriptor)
{
    for (size_t i = 0; i < CUSTODIANS_KEPT; i++) {
        struct custodian_kept *kept = &net->kept[i];
        struct cepa_address_descriptor other;
        if (!kept->is_taken || kept->relay != relay) {
            continue;
        }
        other = decoded(kept->bytes);
        if (memcmp(other.blinded_key, descriptor->blinded_key, sizeof other.blinded_key) == 0) {
            return kept;
        }
    }
    return NULL;
}

static struct custodian_kept *kept_place(struct custodians *net)
{
    size_t i = 0;
    while (i < CUSTODIANS_KEPT && net->kept[i].is_taken) {
        i++;
    }
    CHECK(i < CUSTODIANS_KEPT);
    return &net->kept[i];
}

/* Custodians forget what is of a day before yesterday, and take nothing of one after tomorrow. */
static bool is_kept_day(const struct custodians *net, uint32_t day)
{
    uint32_t today = custodians_today(net);
    return day + 1 >= today && day <= today + 1;
}

static enum cepa_custodian_answer put(struct custodians *net, size_t relay, const uint8_t *bytes,
                                      uint64_t *ret_sequence)
{
    struct cepa_address_descriptor descriptor;
    enum custodian_manner manner = net->relays[relay].manner;
    CHECK_INT(
        cepa_descriptor_verify(&descriptor, bytes, CEPA_ADDRESS_DESCRIPTOR_SIZE, &net->network), 0);
    if (manner == CUSTODIAN_REFUSING || !is_kept_day(net, descriptor.day.number)) {
        return CEPA_CUSTODIAN_REFUSED;
    }
    if (manner == CUSTODIAN_BOASTING) {
        *ret_sequence = descriptor.sequence + 5;
        return CEPA_CUSTODIAN_NEWER;
    }
    struct custodian_kept *kept = kept_find(net, relay, &descriptor);
    if (kept != NULL && manner == CUSTODIAN_STALE) {
        return CEPA_CUSTODIAN_DONE;
    }
    if (kept != NULL && memcmp(kept->bytes, bytes, sizeof kept->bytes) != 0) {
        uint64_t sequence = decoded(kept->bytes).sequence;
        if (sequence >= descriptor.sequence) {
            *ret_sequence = manner == CUSTODIAN_TELLING ? sequence : 0;
            return CEPA_CUSTODIAN_NEWER;
        }
    }
    if (manner != CUSTODIAN_FORGETFUL) {
        kept = kept == NULL ? kept_place(net) : kept;
        kept->is_taken = true;
        kept->relay = relay;
        memcpy(kept->bytes, bytes, sizeof kept->bytes);
    }
    return CEPA_CUSTODIAN_DONE;
}

/* What a relay has at a position, or NULL. */
static const uint8_t *get(struct custodians *net, size_t relay,
                          const struct cepa_descriptor_position *position)
{
    for (size_t i = 0; i < CUSTODIANS_KEPT; i++) {
        const struct custodian_kept *kept = &net->kept[i];
        if (!kept->is_taken || kept->relay != relay) {
            continue;
        }
        struct cepa_address_descriptor descriptor = decoded(kept->bytes);
        for (uint32_t k = 0; k < CEPA_DESCRIPTOR_POSITIONS; k++) {
            struct cepa_descriptor_position own;
            cepa_descriptor_position_of(&own, descriptor.blinded_key, descriptor.day, k);
            if (memcmp(&own, position, sizeof own) == 0) {
                return kept->bytes;
            }
        }
    }
    return NULL;
}

static void answer_get(struct custodians *net, size_t relay, const struct custodian_ask *ask)
{
    enum custodian_manner manner = net->relays[relay].manner;
    uint8_t bytes[CEPA_ADDRESS_DESCRIPTOR_SIZE];
    const uint8_t *kept = get(net, relay, &ask->ask.position);
    enum cepa_custodian_answer answer =
        kept == NULL || manner == CUSTODIAN_REFUSING ? CEPA_CUSTODIAN_ABSENT : CEPA_CUSTODIAN_DONE;
    memset(bytes, 0, sizeof bytes);
    if (kept != NULL) {
        memcpy(bytes, kept, sizeof bytes);
    }
    if (manner == CUSTODIAN_FORGING) {
        answer = CEPA_CUSTODIAN_DONE;
        bytes[8 + test_random_below(&net->numbers, 8000)] ^= 1;
    }
    cepa_lookups_on_answer(&net->lookups, ask->ask.number, answer, bytes, sizeof bytes, net->now);
}

static void answer(struct custodians *net, struct custodian_ask *ask)
{
    uint64_t sequence = 0;
    struct custodian *custodian = custodians_near(net, &ask->ask.position, ask->ask.rank);
    enum cepa_custodian_answer failed =
        custodian == NULL ? CEPA_CUSTODIAN_NONE : CEPA_CUSTODIAN_FAILED;
    ask->is_taken = false;
    if (custodian != NULL) {
        custodian->asked++;
    }
    if (custodian != NULL && custodian->manner == CUSTODIAN_SILENT) {
        return;
    }
    if (custodian == NULL || custodian->manner == CUSTODIAN_FAILING) {
        if (ask->publisher != NULL) {
            cepa_publisher_on_answer(ask->publisher, ask->ask.number, failed, 0, net->now);
        } else {
            cepa_lookups_on_answer(&net->lookups, ask->ask.number, failed, NULL, 0, net->now);
        }
        return;
    }
    size_t relay = (size_t)(custodian - net->relays);
    if (ask->publisher == NULL) {
        answer_get(net, relay, ask);
        return;
    }
    enum cepa_custodian_answer said = put(net, relay, ask->bytes, &sequence);
    cepa_publisher_on_answer(ask->publisher, ask->ask.number, said, sequence, net->now);
}

/* --- time ------------------------------------------------------------------------------------- */

static struct custodian_ask *ask_send(struct custodians *net, const struct cepa_custodian_ask *ask)
{
    size_t i = 0;
    while (i < CUSTODIANS_ASKS && net->asks[i].is_taken) {
        i++;
    }
    CHECK(i < CUSTODIANS_ASKS);
    struct custodian_ask *place = &net->asks[i];
    memset(place, 0, sizeof *place);
    place->is_taken = true;
    place->ask = *ask;
    place->at = cepa_time_add(net->now, ANSWER_MS * CEPA_MILLISECOND_NS);
    return place;
}

static void pump_publisher(struct custodians *net)
{
    struct cepa_custodian_ask ask;
    while (cepa_publisher_next(&net->publisher, &ask, net->now) == 0) {
        const uint8_t *bytes = cepa_publisher_descriptor(&net->publisher, ask.number);
        struct custodian_ask *sent = ask_send(net, &ask);
        CHECK(bytes != NULL);
        memcpy(sent->bytes, bytes, sizeof sent->bytes);
        sent->publisher = &net->publisher;
        net->log.puts++;
    }
}

static bool is_ours(const struct custodians *net, const struct cepa_descriptor_position *position)
{
    for (uint32_t day = custodians_today(net) - 1; day <= custodians_today(net) + 1; day++) {
        struct cepa_address_day named;
        CHECK_INT(cepa_address_day_init(&named, &net->identity.address, &net->network,
                                        (struct cepa_directory_day){day}),
                  0);
        for (size_t i = 0; i < CEPA_DESCRIPTOR_POSITIONS; i++) {
            if (memcmp(&named.positions[i], position, sizeof *position) == 0) {
                return true;
            }
        }
    }
    return false;
}

static void pump_lookups(struct custodians *net)
{
    struct cepa_lookups_effect effect;
    while (cepa_lookups_next(&net->lookups, &effect) == 0) {
        if (effect.kind == CEPA_LOOKUPS_ASK) {
            (void)ask_send(net, &effect.ask);
            net->log.gets++;
            net->log.decoys += is_ours(net, &effect.ask.position) ? 0 : 1;
            continue;
        }
        if (net->log.founds + net->log.faileds == 0) {
            net->log.found_ms = net->now.ns / CEPA_MILLISECOND_NS - net->log.found_ms;
        }
        if (effect.kind == CEPA_LOOKUPS_FOUND) {
            net->log.founds++;
            net->log.found = *effect.found;
        } else {
            net->log.faileds++;
            net->log.error = effect.error;
        }
        CHECK(effect.lookup == net->log.lookup);
    }
}

static void pump(struct custodians *net)
{
    if (!net->is_publisher_off) {
        pump_publisher(net);
    }
    pump_lookups(net);
}

static void pass(struct custodians *net, uint64_t ns)
{
    uint64_t before_ms = net->now.ns / CEPA_MILLISECOND_NS;
    net->now.ns += ns;
    net->wall.unix_ms += net->now.ns / CEPA_MILLISECOND_NS - before_ms;
}

void custodians_run(struct custodians *net, uint64_t ms)
{
    struct cepa_time end = cepa_time_add(net->now, ms * CEPA_MILLISECOND_NS);
    int idle = 0;
    pump(net);
    while (cepa_time_is_before(net->now, end)) {
        struct cepa_time next = cepa_time_earliest(end, cepa_lookups_deadline(&net->lookups));
        if (!net->is_publisher_off) {
            next = cepa_time_earliest(next, cepa_publisher_deadline(&net->publisher));
        }
        for (size_t i = 0; i < CUSTODIANS_ASKS; i++) {
            next = net->asks[i].is_taken ? cepa_time_earliest(next, net->asks[i].at) : next;
        }
        idle = cepa_time_is_before(net->now, next) ? 0 : idle + 1;
        CHECK(idle < 10); /* what is due is done */
        pass(net, cepa_time_since(next, net->now));
        for (size_t i = 0; i < CUSTODIANS_ASKS; i++) {
            if (net->asks[i].is_taken && cepa_time_is_due(net->asks[i].at, net->now)) {
                answer(net, &net->asks[i]);
            }
        }
        if (!net->is_publisher_off) {
            cepa_publisher_step(&net->publisher, net->now, skewed(net, net->publisher_skew_ms));
        }
        cepa_lookups_step(&net->lookups, net->now, skewed(net, net->lookups_skew_ms));
        for (size_t i = 0; i < CUSTODIANS_KEPT; i++) {
            struct custodian_kept *kept = &net->kept[i];
            kept->is_taken = kept->is_taken && is_kept_day(net, decoded(kept->bytes).day.number);
        }
        pump(net);
    }
}

void custodians_say(struct custodians *net, uint32_t version)
{
    struct cepa_address_contents contents = custodians_contents(version);
    cepa_publisher_set(&net->publisher, &contents, net->now, skewed(net, net->publisher_skew_ms));
}

int custodians_find(struct custodians *net, bool is_again)
{
    memset(&net->log, 0, sizeof net->log);
    net->log.found_ms = net->now.ns / CEPA_MILLISECOND_NS;
    return cepa_lookups_find(&net->lookups, &net->log.lookup, &net->identity.address, is_again,
                             net->now, skewed(net, net->lookups_skew_ms));
}

uint32_t custodians_copies(struct custodians *net, uint32_t day, uint64_t sequence_min)
{
    uint32_t count = 0;
    for (size_t i = 0; i < CUSTODIANS_KEPT; i++) {
        if (net->kept[i].is_taken) {
            struct cepa_address_descriptor descriptor = decoded(net->kept[i].bytes);
            count += descriptor.day.number == day && descriptor.sequence >= sequence_min ? 1 : 0;
        }
    }
    return count;
}
