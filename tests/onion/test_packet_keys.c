/* The keys of a hop: where they come from, what they depend on, what the authenticators cover. */
#include "onion/packet_keys.h"

#include <string.h>

#include "crypto/hash.h"
#include "crypto/kdf.h"
#include "crypto/mac.h"
#include "native/cpu.h"
#include "support/random.h"
#include "support/test.h"

static struct cepa_xwing_secret secret;
static struct cepa_onion_key_id key_id;
static uint8_t prefix[CEPA_PACKET_PREFIX_SIZE];

static void setup(void)
{
    struct test_random random = {5};
    test_random_bytes(&random, &secret, sizeof secret);
    test_random_bytes(&random, &key_id, sizeof key_id);
    test_random_bytes(&random, prefix, sizeof prefix);
}

TEST(the_keys_are_cut_from_one_kdf_in_the_order_of_the_specification)
{
    struct cepa_packet_keys keys;
    struct cepa_kdf kdf;
    uint8_t want[176];
    setup();
    cepa_kdf_init(&kdf, "packet");
    cepa_kdf_input(&kdf, &secret, 32);
    cepa_kdf_input(&kdf, &key_id, 32);
    cepa_kdf_input(&kdf, prefix, 4);
    cepa_kdf_output(&kdf, want, sizeof want);
    cepa_packet_keys_derive(&keys, &secret, &key_id, prefix);
    CHECK_BYTES(keys.mac, want, 32);
    CHECK_BYTES(keys.stream, want + 32, 32);
    CHECK_BYTES(keys.payload, want + 64, 32);
    CHECK_BYTES(keys.payload_mac, want + 96, 32);
    CHECK_BYTES(keys.replay.bytes, want + 128, 16);
    CHECK_BYTES(keys.circuit.bytes, want + 144, 32);
}

/* How many bytes of two runs are equal; of 176 independent bytes less than one is expected. */
static int equal_bytes(const void *a, const void *b, size_t len)
{
    int equal = 0;
    for (size_t i = 0; i < len; i++) {
        equal += ((const uint8_t *)a)[i] == ((const uint8_t *)b)[i];
    }
    return equal;
}

TEST(every_bit_that_goes_in_changes_all_keys)
{
    static const struct {
        void *bytes;
        size_t len;
    } inputs[] = {{&secret, sizeof secret}, {&key_id, sizeof key_id}, {prefix, sizeof prefix}};
    struct cepa_packet_keys keys, changed;
    setup();
    cepa_packet_keys_derive(&keys, &secret, &key_id, prefix);
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
        for (size_t bit = 0; bit < 8 * inputs[i].len; bit++) {
            uint8_t *byte = (uint8_t *)inputs[i].bytes + bit / 8;
            *byte ^= (uint8_t)(1u << (bit % 8));
            cepa_packet_keys_derive(&changed, &secret, &key_id, prefix);
            CHECK(equal_bytes(&keys, &changed, sizeof keys) < 12);
            *byte ^= (uint8_t)(1u << (bit % 8));
        }
    }
}

TEST(a_key_id_is_a_labelled_hash_of_the_public_key)
{
    static struct cepa_xwing_public_key key;
    static uint8_t labelled[18 + sizeof key];
    struct test_random random = {6};
    struct cepa_onion_key_id id;
    uint8_t want[32];
    test_random_bytes(&random, &key, sizeof key);
    memcpy(labelled, "cepa v1 onion key", 18);
    memcpy(labelled + 18, &key, sizeof key);
    cepa_blake2b(want, sizeof want, labelled, sizeof labelled, NULL, 0);
    cepa_onion_key_id_of(&id, &key);
    CHECK_BYTES(id.bytes, want, sizeof want);
}

TEST(gamma_covers_all_of_the_header_but_its_own_place)
{
    static uint8_t header[CEPA_PACKET_HEADER_SIZE];
    static uint8_t without[CEPA_PACKET_HEADER_SIZE - CEPA_TAG_SIZE];
    struct test_random random = {7};
    struct cepa_packet_keys keys;
    uint8_t gamma[CEPA_TAG_SIZE], want[CEPA_TAG_SIZE];
    setup();
    cepa_packet_keys_derive(&keys, &secret, &key_id, prefix);
    test_random_bytes(&random, header, sizeof header);
    memcpy(without, header, 1124);
    memcpy(without + 1124, header + 1140, sizeof without - 1124);
    cepa_poly1305(want, without, sizeof without, keys.mac, cepa_native_cpu());
    cepa_packet_keys_gamma(&keys, gamma, header, cepa_native_cpu());
    CHECK_BYTES(gamma, want, sizeof want);
    for (size_t at = 0; at < sizeof header; at++) {
        header[at] ^= 0x10;
        cepa_packet_keys_gamma(&keys, gamma, header, cepa_native_cpu());
        CHECK((memcmp(gamma, want, sizeof want) == 0) == (at >= 1124 && at < 1140));
        header[at] ^= 0x10;
    }
}

TEST(a_payload_mac_is_the_beginning_of_a_tag_over_delta)
{
    static uint8_t delta[CEPA_PACKET_PAYLOAD_SIZE];
    struct test_random random = {8};
    struct cepa_packet_keys keys;
    uint8_t mac[CEPA_PACKET_PAYLOAD_MAC_SIZE], want[CEPA_TAG_SIZE];
    setup();
    cepa_packet_keys_derive(&keys, &secret, &key_id, prefix);
    test_random_bytes(&random, delta, sizeof delta);
    cepa_poly1305(want, delta, sizeof delta, keys.payload_mac, cepa_native_cpu());
    cepa_packet_keys_payload_mac(&keys, mac, delta, cepa_native_cpu());
    CHECK_BYTES(mac, want, sizeof mac);
    for (size_t at = 0; at < sizeof delta; at++) {
        delta[at] ^= 0x10;
        cepa_packet_keys_payload_mac(&keys, mac, delta, cepa_native_cpu());
        CHECK(memcmp(mac, want, sizeof mac) != 0);
        delta[at] ^= 0x10;
    }
}

TEST_MAIN(RUN(the_keys_are_cut_from_one_kdf_in_the_order_of_the_specification),
          RUN(every_bit_that_goes_in_changes_all_keys),
          RUN(a_key_id_is_a_labelled_hash_of_the_public_key),
          RUN(gamma_covers_all_of_the_header_but_its_own_place),
          RUN(a_payload_mac_is_the_beginning_of_a_tag_over_delta))
