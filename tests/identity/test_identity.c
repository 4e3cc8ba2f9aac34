/* Identities: keys of a secret, and what a receiver checks of them. */
#include "identity/identity.h"

#include <string.h>

#include "native/cpu.h"
#include "support/random.h"
#include "support/test.h"

static struct cepa_identity one;
static struct cepa_identity other;
static struct cepa_identity_workspace workspace;
static struct cepa_identity_public keys;

static void make(struct cepa_identity *ret_identity, uint64_t seed, uint32_t cpu)
{
    struct test_random chance = {seed};
    struct cepa_identity_secret secret;
    test_random_bytes(&chance, secret.bytes, sizeof secret.bytes);
    cepa_identity_expand(ret_identity, &secret, &workspace, cpu);
}

TEST(one_secret_gives_one_identity)
{
    make(&one, 1, 0);
    make(&other, 1, cepa_native_cpu());
    CHECK_BYTES(one.address.bytes, other.address.bytes, sizeof one.address.bytes);
    CHECK_BYTES(one.mailbox.bytes, other.mailbox.bytes, sizeof one.mailbox.bytes);
    CHECK_BYTES(one.xwing.public_key.bytes, other.xwing.public_key.bytes,
                sizeof one.xwing.public_key.bytes);
    CHECK_BYTES(one.mldsa.public_key.bytes, other.mldsa.public_key.bytes,
                sizeof one.mldsa.public_key.bytes);
    make(&other, 2, 0);
    CHECK(memcmp(&one.address, &other.address, sizeof one.address) != 0);
    CHECK(memcmp(&one.mailbox, &other.mailbox, sizeof one.mailbox) != 0);
    CHECK(memcmp(one.ed25519.seed.bytes, one.mailbox.bytes, 32) != 0);
}

TEST(a_wiped_identity_is_zeros)
{
    static const struct cepa_identity zeros;
    make(&one, 1, 0);
    cepa_identity_wipe(&one);
    CHECK(memcmp(&one, &zeros, sizeof zeros) == 0);
}

TEST(public_keys_travel)
{
    static uint8_t bytes[CEPA_IDENTITY_PUBLIC_SIZE + 1];
    static uint8_t again[CEPA_IDENTITY_PUBLIC_SIZE];
    static struct cepa_identity_public read;
    struct cepa_address address;
    make(&one, 3, 0);
    cepa_identity_publish(&keys, &one);
    cepa_identity_public_encode(bytes, &keys);
    CHECK_INT(cepa_identity_public_decode(&read, bytes, CEPA_IDENTITY_PUBLIC_SIZE), 0);
    cepa_identity_public_encode(again, &read);
    CHECK_BYTES(again, bytes, sizeof again);
    cepa_identity_public_address(&address, &read);
    CHECK_BYTES(address.bytes, one.address.bytes, sizeof address.bytes);
    CHECK_INT(cepa_identity_public_check(&read, &one.address), 0);
    CHECK_INT(cepa_identity_public_decode(&read, bytes, 0), CEPA_ERR_LENGTH);
    CHECK_INT(cepa_identity_public_decode(&read, bytes, CEPA_IDENTITY_PUBLIC_SIZE - 1),
              CEPA_ERR_LENGTH);
    CHECK_INT(cepa_identity_public_decode(&read, bytes, sizeof bytes), CEPA_ERR_LENGTH);
}

TEST(keys_of_another_address_are_refused)
{
    make(&one, 4, 0);
    make(&other, 5, 0);
    cepa_identity_publish(&keys, &one);
    CHECK_INT(cepa_identity_public_check(&keys, &other.address), CEPA_ERR_AUTHENTICATION);
    for (size_t part = 0; part < 3; part++) {
        cepa_identity_publish(&keys, &one);
        uint8_t *const bytes[3] = {keys.ed25519.bytes, keys.mldsa.bytes, keys.xwing.bytes};
        bytes[part][7] ^= 1;
        CHECK_INT(cepa_identity_public_check(&keys, &one.address), CEPA_ERR_AUTHENTICATION);
    }
}

/* Somebody may make an address of keys that are none. */
TEST(keys_that_are_none_are_refused)
{
    struct cepa_address address;
    make(&one, 6, 0);
    cepa_identity_publish(&keys, &one);
    memset(keys.ed25519.bytes, 0, sizeof keys.ed25519.bytes);
    cepa_identity_public_address(&address, &keys);
    CHECK_INT(cepa_identity_public_check(&keys, &address), CEPA_ERR_INVALID_KEY);
    cepa_identity_publish(&keys, &one);
    memset(keys.xwing.bytes, 0xff, 3);
    cepa_identity_public_address(&address, &keys);
    CHECK_INT(cepa_identity_public_check(&keys, &address), CEPA_ERR_INVALID_KEY);
    cepa_identity_publish(&keys, &one);
    memset(keys.xwing.bytes + CEPA_MLKEM_PUBLIC_KEY_BYTES, 0, CEPA_X25519_LEN);
    cepa_identity_public_address(&address, &keys);
    CHECK_INT(cepa_identity_public_check(&keys, &address), CEPA_ERR_LOW_ORDER_POINT);
}

TEST_MAIN(RUN(one_secret_gives_one_identity), RUN(a_wiped_identity_is_zeros),
          RUN(public_keys_travel), RUN(keys_of_another_address_are_refused),
          RUN(keys_that_are_none_are_refused))
