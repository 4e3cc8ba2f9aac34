/* Descriptors of addresses: who has the address opens them, and nothing else opens. */
#include <string.h>

#include "rendezvous/descriptor.h"
#include "rendezvous/descriptor_seal.h"
#include "support/custodians.h"
#include "support/test.h"

static struct custodians net;
static uint8_t bytes[CEPA_ADDRESS_DESCRIPTOR_SIZE];
static struct cepa_address_day today;
static struct cepa_address_found found;

/* A descriptor of version 1 and sequence 9. */
static void make(void)
{
    struct cepa_address_contents contents = custodians_contents(1);
    struct cepa_directory_day day = {20411};
    custodians_init(&net, 0, 1);
    CHECK_INT(cepa_address_day_init(&today, &net.identity.address, &net.network, day), 0);
    CHECK_INT(cepa_address_descriptor_make(bytes, &net.identity, &today, 9, &contents, &net.random,
                                           &net.workspace, 0),
              0);
}

static int open_with(const struct cepa_address_day *day, uint64_t sequence_min)
{
    return cepa_address_descriptor_open(&found, day, sequence_min, bytes, sizeof bytes,
                                        &net.workspace, 0);
}

TEST(a_descriptor_says_what_its_owner_said)
{
    struct cepa_address_contents contents = custodians_contents(1);
    struct cepa_identity_public keys;
    make();
    CHECK_INT(open_with(&today, 0), 0);
    CHECK(found.sequence == 9);
    CHECK_BYTES(&found.contents, &contents, sizeof contents);
    cepa_identity_publish(&keys, &net.identity);
    CHECK_BYTES(&found.keys, &keys, sizeof keys);
    CHECK_INT(open_with(&today, 9), 0);
    CHECK_INT(open_with(&today, 10), CEPA_ERR_REPLAY);
}

TEST(two_of_one_sequence_have_nothing_in_common)
{
    static uint8_t first[CEPA_ADDRESS_DESCRIPTOR_SIZE];
    struct cepa_address_contents contents = custodians_contents(1);
    size_t same = 0;
    make();
    memcpy(first, bytes, sizeof first);
    CHECK_INT(cepa_address_descriptor_make(bytes, &net.identity, &today, 9, &contents, &net.random,
                                           &net.workspace, 0),
              0);
    CHECK_BYTES(bytes, first, 48); /* all before the salt */
    for (size_t i = 48; i < sizeof bytes; i++) {
        same += bytes[i] == first[i] ? 1 : 0;
    }
    CHECK(same < 150); /* 64 are expected */
}

TEST(other_days_addresses_and_networks_do_not_open_it)
{
    static const struct cepa_network_id other_network = {"another network"};
    struct cepa_address_day other;
    struct cepa_address address;
    make();
    CHECK_INT(cepa_address_day_init(&other, &net.identity.address, &net.network,
                                    (struct cepa_directory_day){20412}),
              0);
    CHECK_INT(open_with(&other, 0), CEPA_ERR_EPOCH);
    CHECK_INT(cepa_address_day_init(&other, &net.identity.address, &other_network, today.day), 0);
    CHECK_INT(open_with(&other, 0), CEPA_ERR_EPOCH);
    address = net.identity.address;
    address.bytes[CEPA_ADDRESS_SIZE - 1] ^= 1;
    CHECK_INT(cepa_address_day_init(&other, &address, &net.network, today.day), 0);
    CHECK_INT(open_with(&other, 0), CEPA_ERR_EPOCH);
    other.key = today.key; /* even if it had the key, the contents stay closed */
    CHECK_INT(open_with(&other, 0), CEPA_ERR_AUTHENTICATION);
    other = today;
    other.network = other_network;
    CHECK_INT(open_with(&other, 0), CEPA_ERR_AUTHENTICATION);
    memset(address.bytes, 0, sizeof address.bytes);
    CHECK_INT(cepa_address_day_init(&other, &address, &net.network, today.day),
              CEPA_ERR_INVALID_KEY);
}

TEST(a_changed_descriptor_does_not_open)
{
    make();
    for (size_t i = 0; i < sizeof bytes; i += i < 70 ? 1 : 911) {
        bytes[i] ^= 0x40;
        CHECK(open_with(&today, 0) != 0);
        bytes[i] ^= 0x40;
    }
    CHECK_INT(open_with(&today, 0), 0);
    CHECK_INT(cepa_address_descriptor_open(&found, &today, 0, bytes, 100, &net.workspace, 0),
              CEPA_ERR_LENGTH);
}

/* Signs again what stands in `bytes`, as somebody can who has broken Ed25519. */
static void sign_again(void)
{
    struct cepa_ed25519_blinded_key key;
    uint8_t context[48];
    memcpy(context, net.network.bytes, 32);
    memcpy(context + 32, net.identity.address.bytes + 32, 16);
    cepa_ed25519_blind_key(&key, &net.identity.ed25519, today.day, context, sizeof context);
    CHECK_BYTES(&key.public_key, &today.key, sizeof today.key);
    cepa_descriptor_sign(bytes, &key, &net.network);
}

TEST(the_day_s_key_alone_says_nothing)
{
    static struct cepa_identity other;
    struct cepa_identity_secret secret = {{99}};
    struct cepa_identity_workspace workspace;
    struct cepa_address_contents contents = custodians_contents(2);
    make();
    bytes[100] ^= 1;
    sign_again();
    CHECK_INT(open_with(&today, 0), CEPA_ERR_AUTHENTICATION); /* the tag */

    /* All of it made anew, with another ML-DSA key under the same address. */
    cepa_identity_expand(&other, &secret, &workspace, 0);
    other.address = net.identity.address;
    other.ed25519 = net.identity.ed25519;
    CHECK_INT(cepa_address_descriptor_make(bytes, &other, &today, 10, &contents, &net.random,
                                           &net.workspace, 0),
              0);
    CHECK_INT(open_with(&today, 0), CEPA_ERR_AUTHENTICATION);

    /* The right public keys, signed with another one. */
    other.xwing.public_key = net.identity.xwing.public_key;
    other.mldsa.public_key = net.identity.mldsa.public_key;
    CHECK_INT(cepa_address_descriptor_make(bytes, &other, &today, 10, &contents, &net.random,
                                           &net.workspace, 0),
              0);
    CHECK_INT(open_with(&today, 0), CEPA_ERR_AUTHENTICATION);
}

TEST(a_prekey_that_is_none_is_refused)
{
    struct cepa_address_contents contents = custodians_contents(1);
    make();
    memset(contents.prekey, 0xff, sizeof contents.prekey);
    CHECK_INT(cepa_address_descriptor_make(bytes, &net.identity, &today, 9, &contents, &net.random,
                                           &net.workspace, 0),
              0);
    memset(&found, 0x11, sizeof found);
    CHECK_INT(open_with(&today, 0), CEPA_ERR_INVALID_KEY);
    CHECK(found.sequence == UINT64_C(0x1111111111111111)); /* untouched */
}

static int fail_later(void *context, uint8_t *ret_bytes, size_t len)
{
    int *left = context;
    memset(ret_bytes, 1, len);
    return (*left)-- > 0 ? 0 : -1;
}

TEST(without_randomness_none_is_made)
{
    struct cepa_address_contents contents = custodians_contents(1);
    make();
    for (int good = 0; good < 3; good++) {
        int left = good;
        struct cepa_random random = {fail_later, &left};
        CHECK_INT(cepa_address_descriptor_make(bytes, &net.identity, &today, 9, &contents, &random,
                                               &net.workspace, 0),
                  good < 2 ? CEPA_ERR_RANDOM : 0);
    }
}

TEST_MAIN(RUN(a_descriptor_says_what_its_owner_said),
          RUN(two_of_one_sequence_have_nothing_in_common),
          RUN(other_days_addresses_and_networks_do_not_open_it),
          RUN(a_changed_descriptor_does_not_open), RUN(the_day_s_key_alone_says_nothing),
          RUN(a_prekey_that_is_none_is_refused), RUN(without_randomness_none_is_made))
