/* Descriptors of addresses: what decodes encodes to the same bytes, outside and inside; and
 * look-ups and a publisher whose custodians, clocks and owner do what the input says. Short inputs
 * count as if zeros followed. */
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "rendezvous/descriptor_seal.h"
#include "rendezvous/lookup.h"
#include "rendezvous/prekeys.h"
#include "rendezvous/publisher.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

enum { DAY = 20411, KNOWN = CEPA_LOOKUPS_MAX + 1, OPEN_MAX = 64 };

static uint8_t bytes[CEPA_ADDRESS_DESCRIPTOR_SIZE];
static uint8_t again[CEPA_ADDRESS_DESCRIPTOR_SIZE];
static struct cepa_identity identity;
static struct cepa_descriptor_workspace workspace;
static struct cepa_prekeys_workspace prekeys_workspace;
static struct cepa_lookup_known known[KNOWN];
static struct cepa_lookups lookups;
static struct cepa_publisher publisher;
static uint8_t real[CEPA_ADDRESS_DESCRIPTOR_SIZE]; /* a good one */
static struct cepa_address_contents contents;      /* what it says, then what the publisher says */
static const struct cepa_network_id network = {"a network of tests"};
static uint64_t numbers;
static uint64_t open_asks[OPEN_MAX]; /* questions that were given out, the last ones */
static uint32_t open_len;
static struct cepa_time now;
static struct cepa_wall wall;

static int draw(void *context, uint8_t *ret_bytes, size_t len)
{
    uint64_t *state = context;
    for (size_t i = 0; i < len; i++) {
        *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407u;
        ret_bytes[i] = (uint8_t)(*state >> 56);
    }
    return 0;
}

static const struct cepa_random source = {draw, &numbers};

static void pad(const uint8_t *data, size_t data_len)
{
    memset(bytes, 0, sizeof bytes);
    memcpy(bytes, data, data_len < sizeof bytes ? data_len : sizeof bytes);
}

static void try_outer(const uint8_t *data, size_t data_len)
{
    struct cepa_address_descriptor descriptor;
    (void)!cepa_address_descriptor_decode(&descriptor, data, data_len);
    pad(data, data_len);
    if (cepa_address_descriptor_decode(&descriptor, bytes, sizeof bytes) == 0) {
        cepa_address_descriptor_encode(again, &descriptor);
        CEPA_ASSERT(memcmp(again, bytes, sizeof bytes) == 0);
    }
    (void)!cepa_descriptor_verify(&descriptor, bytes, sizeof bytes, &network);
}

static void try_inner(const uint8_t *data, size_t data_len)
{
    struct cepa_address_contents decoded;
    const uint8_t *keys = NULL;
    pad(data, data_len);
    if (cepa_address_contents_decode(&decoded, &keys, bytes, CEPA_ADDRESS_CONTENTS_SIZE) == 0) {
        cepa_address_contents_encode(again, &decoded, keys);
        CEPA_ASSERT(memcmp(again, bytes, CEPA_ADDRESS_CONTENTS_SIGNED_SIZE) == 0);
    }
}

static void try_prekeys(const uint8_t *data, size_t data_len)
{
    struct cepa_prekeys prekeys;
    size_t len = 0;
    if (cepa_prekeys_decode(&prekeys, data, data_len, &prekeys_workspace, 0) == 0) {
        cepa_prekeys_encode(again, &len, &prekeys);
        CEPA_ASSERT(len == data_len && memcmp(again, data, len) == 0);
    }
}

static void prepare(void)
{
    static const struct cepa_identity_secret secret = {{1}};
    static struct cepa_identity_workspace expanding;
    struct cepa_prekeys prekeys;
    struct cepa_address_day day;
    struct cepa_calendar calendar = cepa_calendar_main();
    cepa_identity_expand(&identity, &secret, &expanding, 0);
    cepa_prekeys_init(&prekeys);
    wall.unix_ms = DAY * CEPA_CALENDAR_MAIN_DAY_MS;
    int error = cepa_prekeys_step(&prekeys, &calendar, wall, &source, &prekeys_workspace, 0);
    CEPA_ASSERT(error == 0);
    memcpy(contents.prekey, prekeys.keys[0].public_key.bytes, sizeof contents.prekey);
    contents.points_len = 1;
    error =
        cepa_address_day_init(&day, &identity.address, &network, (struct cepa_directory_day){DAY});
    CEPA_ASSERT(error == 0);
    error =
        cepa_address_descriptor_make(real, &identity, &day, 5, &contents, &source, &workspace, 0);
    CEPA_ASSERT(error == 0);
}

/* Takes all that there is to take. */
static void pump(void)
{
    struct cepa_lookups_effect effect;
    struct cepa_custodian_ask ask;
    for (int i = 0; cepa_lookups_next(&lookups, &effect) == 0; i++) {
        CEPA_ASSERT(i < 1000);
        if (effect.kind == CEPA_LOOKUPS_ASK) {
            CEPA_ASSERT(effect.ask.rank < CEPA_DESCRIPTOR_NEAREST);
            open_asks[open_len++ % OPEN_MAX] = effect.ask.number;
        }
    }
    for (int i = 0; cepa_publisher_next(&publisher, &ask, now) == 0; i++) {
        CEPA_ASSERT(i < CEPA_PUBLISHER_ASKS);
        CEPA_ASSERT(cepa_publisher_descriptor(&publisher, ask.number) != NULL);
        open_asks[open_len++ % OPEN_MAX] = ask.number;
    }
}

/* What is due is done: stepping to the deadline and no further ends somewhere. */
static void settle(void)
{
    for (int i = 0; i < 1000; i++) {
        struct cepa_time next = cepa_time_earliest(cepa_lookups_deadline(&lookups),
                                                   cepa_publisher_deadline(&publisher));
        if (cepa_time_is_before(now, next)) {
            return;
        }
        cepa_lookups_step(&lookups, now, wall);
        cepa_publisher_step(&publisher, now, wall);
        pump();
    }
    CEPA_ASSERT(false);
}

static void act(struct cepa_reader *reader)
{
    uint64_t lookup = 0;
    struct cepa_address address = identity.address;
    uint8_t choice = cepa_reader_u8(reader);
    uint8_t value = cepa_reader_u8(reader);
    switch (choice % 8) {
    case 0:
        address.bytes[CEPA_ADDRESS_SIZE - 1] ^= value & 31;
        (void)!cepa_lookups_find(&lookups, &lookup, &address, choice >= 128, now, wall);
        break;
    case 1:
        cepa_lookups_on_answer(&lookups, open_asks[value % OPEN_MAX], choice / 8 % 8, bytes,
                               choice >= 128 ? sizeof bytes : value, now);
        break;
    case 2:
        cepa_lookups_on_answer(&lookups, open_asks[value % OPEN_MAX], CEPA_CUSTODIAN_DONE, real,
                               sizeof real, now);
        break;
    case 3:
        cepa_publisher_on_answer(&publisher, open_asks[value % OPEN_MAX], choice / 8 % 8,
                                 publisher.days[0].sequence + value, now);
        break;
    case 4:
        contents.flags = value & 3;
        contents.points_len = value & 4 ? 1 : 0;
        cepa_publisher_set(&publisher, &contents, now, wall);
        break;
    case 5:
        cepa_lookups_cancel(&lookups, value, now);
        cepa_publisher_again(&publisher, now);
        break;
    case 6:
        wall.unix_ms += (uint64_t)value << (choice / 8);
        wall.unix_ms -= choice >= 128 ? CEPA_CALENDAR_MAIN_DAY_MS / 4 : 0;
        break;
    default:
        now = cepa_time_add(now, ((uint64_t)value << (choice / 8 % 24)) * CEPA_MILLISECOND_NS);
        wall.unix_ms += (uint64_t)value << (choice / 8 % 24);
        break;
    }
}

static void try_machines(const uint8_t *data, size_t data_len)
{
    struct cepa_lookups_config looking = {
        network, cepa_calendar_main(), &source, &workspace, known, KNOWN, 0};
    struct cepa_publisher_config publishing = {&identity, network,    cepa_calendar_main(),
                                               &source,   &workspace, 0};
    struct cepa_reader reader;
    numbers = 1;
    now.ns = 1;
    wall.unix_ms = DAY * CEPA_CALENDAR_MAIN_DAY_MS + CEPA_CALENDAR_MAIN_DAY_MS / 3;
    open_len = 0;
    memset(open_asks, 0, sizeof open_asks);
    memset(bytes, 7, sizeof bytes);
    cepa_lookups_init(&lookups, &looking);
    cepa_publisher_init(&publisher, &publishing);
    cepa_reader_init(&reader, data, data_len);
    for (int i = 0; i < 60 && cepa_reader_left(&reader) > 0; i++) {
        act(&reader);
        pump();
        settle();
    }
    cepa_lookups_wipe(&lookups);
    cepa_publisher_wipe(&publisher);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    static bool is_prepared;
    if (!is_prepared) {
        prepare();
        is_prepared = true;
    }
    if (data_len == 0) {
        return 0;
    }
    switch (data[0] % 4) {
    case 0:
        try_outer(data + 1, data_len - 1);
        break;
    case 1:
        try_inner(data + 1, data_len - 1);
        break;
    case 2:
        try_prekeys(data + 1, data_len - 1);
        break;
    default:
        try_machines(data + 1, data_len - 1);
        break;
    }
    return 0;
}
