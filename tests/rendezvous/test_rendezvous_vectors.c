/* Vectors of chapter 14 from section 14.4 on: a descriptor of an address, its day, its positions.
 * CEPA_WRITE_VECTORS=1 writes docs/spec/vectors/address-descriptor.txt anew instead of comparing.
 */
#include <string.h>

#include "rendezvous/descriptor.h"
#include "rendezvous/prekeys.h"
#include "support/random.h"
#include "support/test.h"
#include "support/vector_lines.h"

static struct cepa_identity identity;
static struct cepa_identity_workspace identity_workspace;
static struct cepa_descriptor_workspace workspace;
static struct cepa_prekeys_workspace prekeys_workspace;
static uint8_t bytes[CEPA_ADDRESS_DESCRIPTOR_SIZE];
static struct test_random numbers = {14};

static int draw(void *context, uint8_t *ret_bytes, size_t len)
{
    test_random_bytes(context, ret_bytes, len);
    return 0;
}

static const struct cepa_random source = {draw, &numbers};

static void fill_contents(struct cepa_address_contents *ret_contents)
{
    struct cepa_prekeys prekeys;
    struct cepa_calendar calendar = cepa_calendar_main();
    struct cepa_wall wall = {20411 * CEPA_CALENDAR_MAIN_DAY_MS};
    memset(ret_contents, 0, sizeof *ret_contents);
    cepa_prekeys_init(&prekeys);
    CHECK_INT(cepa_prekeys_step(&prekeys, &calendar, wall, &source, &prekeys_workspace, 0), 0);
    memcpy(ret_contents->prekey, prekeys.keys[0].public_key.bytes, sizeof ret_contents->prekey);
    ret_contents->flags = CEPA_ADDRESS_STRANGERS;
    ret_contents->points_len = 3;
    ret_contents->places_len = 1;
    test_random_bytes(&numbers, ret_contents->points, 3 * sizeof ret_contents->points[0]);
    test_random_bytes(&numbers, ret_contents->places, sizeof ret_contents->places[0]);
    vector_lines_bytes("prekey_name", -1, prekeys.keys[0].id.bytes, CEPA_PREKEY_ID_SIZE);
}

TEST(descriptors_of_addresses)
{
    struct cepa_identity_secret secret = {{14, 4}};
    struct cepa_network_id network = {"a network of tests"};
    struct cepa_address_contents contents;
    struct cepa_address_day day;
    vector_lines_open("address-descriptor.txt");
    vector_lines_text("# A descriptor of an address, and what can be read in it. @[SPEC 14.4]");
    vector_lines_text("");
    vector_lines_bytes("secret", -1, secret.bytes, sizeof secret.bytes);
    cepa_identity_expand(&identity, &secret, &identity_workspace, 0);
    CHECK_INT(cepa_address_day_init(&day, &identity.address, &network,
                                    (struct cepa_directory_day){20411}),
              0);
    vector_lines_bytes("network", -1, network.bytes, sizeof network.bytes);
    vector_lines_number("day", -1, day.day.number, 4);
    vector_lines_bytes("address", -1, identity.address.bytes, sizeof identity.address.bytes);
    vector_lines_bytes("blinded_key", -1, day.key.point.bytes, sizeof day.key.point.bytes);
    vector_lines_bytes("position_0", -1, day.positions[0].bytes, CEPA_DESCRIPTOR_POSITION_SIZE);
    vector_lines_bytes("position_1", -1, day.positions[1].bytes, CEPA_DESCRIPTOR_POSITION_SIZE);
    fill_contents(&contents);
    vector_lines_number("flags", -1, contents.flags, 1);
    vector_lines_number("points_count", -1, contents.points_len, 1);
    vector_lines_number("places_count", -1, contents.places_len, 1);
    vector_lines_bytes("prekey", -1, contents.prekey, sizeof contents.prekey);
    vector_lines_bytes("points", -1, contents.points, 3 * sizeof contents.points[0]);
    vector_lines_bytes("places", -1, contents.places, sizeof contents.places[0]);
    uint64_t sequence = 20411 * CEPA_CALENDAR_MAIN_DAY_MS;
    vector_lines_number("sequence", -1, sequence, 8);
    CHECK_INT(cepa_address_descriptor_make(bytes, &identity, &day, sequence, &contents, &source,
                                           &workspace, 0),
              0);
    vector_lines_bytes("descriptor", -1, bytes, sizeof bytes);
    vector_lines_close();
}

TEST_MAIN(RUN(descriptors_of_addresses))
