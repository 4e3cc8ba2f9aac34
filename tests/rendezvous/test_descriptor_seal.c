/* Custodians take what the day's key has signed, and nothing else. */
#include <string.h>

#include "rendezvous/descriptor_seal.h"
#include "support/test.h"

static const struct cepa_network_id network = {"a network of tests"};
static const struct cepa_network_id other_network = {"another network"};
static uint8_t bytes[CEPA_ADDRESS_DESCRIPTOR_SIZE];

/* Signs a descriptor of `day` with the key of the day after `late` days. */
static void make(uint32_t day, uint32_t late)
{
    struct cepa_address_descriptor descriptor = {{day}, 7, {0}, {0}, bytes, bytes};
    struct cepa_ed25519_seed seed = {{1}};
    struct cepa_directory_day signed_day = {day + late};
    struct cepa_ed25519_key key;
    struct cepa_ed25519_blinded_key blinded;
    cepa_ed25519_key_init(&key, &seed);
    memset(bytes, 3, sizeof bytes);
    descriptor.sealed = bytes + CEPA_ADDRESS_DESCRIPTOR_HEAD_SIZE;
    descriptor.signature = bytes + CEPA_ADDRESS_DESCRIPTOR_SIGNED_SIZE;
    cepa_ed25519_blind_key(&blinded, &key, descriptor.day, "context", 7);
    memcpy(descriptor.blinded_key, blinded.public_key.point.bytes, sizeof descriptor.blinded_key);
    cepa_ed25519_blind_key(&blinded, &key, signed_day, "context", 7);
    cepa_address_descriptor_encode(bytes, &descriptor);
    cepa_descriptor_sign(bytes, &blinded, &network);
}

TEST(a_signed_descriptor_verifies)
{
    struct cepa_address_descriptor descriptor;
    make(20411, 0);
    CHECK_INT(cepa_descriptor_verify(&descriptor, bytes, sizeof bytes, &network), 0);
    CHECK_INT(descriptor.day.number, 20411);
    CHECK(descriptor.sequence == 7);
}

TEST(a_changed_one_does_not)
{
    struct cepa_address_descriptor descriptor;
    make(20411, 0);
    for (size_t i = 4; i < sizeof bytes; i += i < 64 ? 1 : 1021) {
        bytes[i] ^= 1;
        CHECK_INT(cepa_descriptor_verify(&descriptor, bytes, sizeof bytes, &network),
                  CEPA_ERR_AUTHENTICATION);
        bytes[i] ^= 1;
    }
    bytes[1] ^= 1;
    CHECK_INT(cepa_descriptor_verify(&descriptor, bytes, sizeof bytes, &network),
              CEPA_ERR_MALFORMED);
    CHECK_INT(cepa_descriptor_verify(&descriptor, bytes, sizeof bytes - 1, &network),
              CEPA_ERR_LENGTH);
}

TEST(keys_of_other_days_and_other_networks_do_not_sign_it)
{
    struct cepa_address_descriptor descriptor;
    make(20411, 1);
    CHECK_INT(cepa_descriptor_verify(&descriptor, bytes, sizeof bytes, &network),
              CEPA_ERR_AUTHENTICATION);
    make(20411, 0);
    CHECK_INT(cepa_descriptor_verify(&descriptor, bytes, sizeof bytes, &other_network),
              CEPA_ERR_AUTHENTICATION);
}

TEST_MAIN(RUN(a_signed_descriptor_verifies), RUN(a_changed_one_does_not),
          RUN(keys_of_other_days_and_other_networks_do_not_sign_it))
