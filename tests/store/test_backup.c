/* Backups: the passphrase opens them, damage and a wrong passphrase are told apart, and two of them
 * show nothing that they share. */
#include "native/store/backup.h"

#include <string.h>

#include "base/endian.h"
#include "crypto/hash.h"
#include "native/host.h"
#include "support/test.h"

static const struct cepa_backup_cost cheap = {1, CEPA_BACKUP_MEMORY_MIN_KIB};
static struct cepa_reason reason;

static struct cepa_named_identity make(const char *name)
{
    struct cepa_named_identity identity;
    memset(&identity, 0, sizeof identity);
    CHECK_INT(cepa_random_fill(cepa_native_random(), identity.secret.bytes, 32), 0);
    CHECK_INT(cepa_name_read(&identity.name, name, strlen(name)), 0);
    return identity;
}

static void seal(uint8_t ret_bytes[CEPA_BACKUP_SIZE], const struct cepa_named_identity *identity)
{
    CHECK_INT(cepa_backup_seal(ret_bytes, &reason, identity, "open sesame", 11, cheap,
                               cepa_native_random()),
              0);
}

static int open_with(struct cepa_named_identity *ret_identity, const uint8_t *bytes,
                     const char *passphrase)
{
    return cepa_backup_open(ret_identity, &reason, bytes, CEPA_BACKUP_SIZE, passphrase,
                            strlen(passphrase));
}

/* Makes the last field right again. */
static void sum(uint8_t *bytes)
{
    cepa_blake2b(bytes + CEPA_BACKUP_SIZE - 16, 16, bytes, CEPA_BACKUP_SIZE - 16, NULL, 0);
}

TEST(the_passphrase_opens_it)
{
    static const char *const names[] = {
        "a", "Zoë", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct cepa_named_identity identity = make(names[i]);
        struct cepa_named_identity again;
        uint8_t bytes[CEPA_BACKUP_SIZE];
        seal(bytes, &identity);
        CHECK_INT(cepa_backup_check(&reason, bytes, sizeof bytes), 0);
        CHECK_INT(open_with(&again, bytes, "open sesame"), 0);
        CHECK(memcmp(&again, &identity, sizeof again) == 0);
    }
}

TEST(no_other_passphrase_does)
{
    static const char *const others[] = {"", "open sesam", "open sesame ", "Open sesame"};
    struct cepa_named_identity identity = make("me");
    struct cepa_named_identity again = {{{7}}, {"x"}};
    uint8_t bytes[CEPA_BACKUP_SIZE];
    seal(bytes, &identity);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        CHECK_INT(open_with(&again, bytes, others[i]), CEPA_ERR_STATE);
        CHECK(strstr(reason.text, "not the passphrase") != NULL);
        CHECK_INT(again.secret.bytes[0], 7);
    }
}

TEST(damage_is_told)
{
    struct cepa_named_identity identity = make("me");
    uint8_t bytes[CEPA_BACKUP_SIZE + 1] = {0};
    seal(bytes, &identity);
    for (size_t i = 0; i < CEPA_BACKUP_SIZE; i++) {
        bytes[i] ^= 0x40;
        CHECK_INT(cepa_backup_check(&reason, bytes, CEPA_BACKUP_SIZE),
                  i < 12    ? CEPA_ERR_MALFORMED
                  : i == 12 ? CEPA_ERR_VERSION
                            : CEPA_ERR_AUTHENTICATION);
        CHECK_INT(open_with(&identity, bytes, "open sesame"),
                  cepa_backup_check(&reason, bytes, CEPA_BACKUP_SIZE));
        bytes[i] ^= 0x40;
        CHECK_INT(cepa_backup_check(&reason, bytes, i),
                  i <= 12 ? CEPA_ERR_MALFORMED : CEPA_ERR_LENGTH);
    }
    CHECK_INT(cepa_backup_check(&reason, bytes, sizeof bytes), CEPA_ERR_LENGTH);
}

/* Whoever changes the sum too is found by the seal; and no file makes its reader work for long. */
TEST(what_was_forged_does_not_open)
{
    static const size_t places[] = {13 + 8, 13 + 8 + 16, 13 + 8 + 16 + 97};
    struct cepa_named_identity identity = make("me");
    uint8_t bytes[CEPA_BACKUP_SIZE];
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        seal(bytes, &identity);
        bytes[places[i]] ^= 1;
        sum(bytes);
        CHECK_INT(open_with(&identity, bytes, "open sesame"), CEPA_ERR_STATE);
    }
    static const uint32_t costs[][2] = {{0, 8}, {17, 8}, {1, 7}, {1, (1 << 20) + 1}, {1, 0}};
    for (size_t i = 0; i < sizeof costs / sizeof costs[0]; i++) {
        seal(bytes, &identity);
        cepa_be32_store(bytes + 13, costs[i][0]);
        cepa_be32_store(bytes + 17, costs[i][1]);
        sum(bytes);
        CHECK_INT(open_with(&identity, bytes, "open sesame"), CEPA_ERR_MALFORMED);
        struct cepa_backup_cost cost = {costs[i][0], costs[i][1]};
        CHECK_INT(cepa_backup_seal(bytes, &reason, &identity, "x", 1, cost, cepa_native_random()),
                  CEPA_ERR_ARGUMENT);
    }
    seal(bytes, &identity);
    cepa_be32_store(bytes + 13, 2);
    sum(bytes);
    CHECK_INT(open_with(&identity, bytes, "open sesame"), CEPA_ERR_STATE);
}

/* Backups of one person's identities, under one passphrase. */
TEST(backups_share_nothing)
{
    struct cepa_named_identity one = make("me");
    struct cepa_named_identity other = make("work");
    uint8_t bytes[3][CEPA_BACKUP_SIZE];
    seal(bytes[0], &one);
    seal(bytes[1], &other);
    seal(bytes[2], &one);
    for (size_t i = 0; i < 3; i++) {
        const uint8_t *a = bytes[i];
        const uint8_t *b = bytes[(i + 1) % 3];
        for (size_t at = 21; at + 4 <= CEPA_BACKUP_SIZE; at++) {
            CHECK(memcmp(a + at, b + at, 4) != 0);
        }
    }
}

TEST(a_costly_one_opens)
{
    struct cepa_named_identity identity = make("me");
    struct cepa_named_identity again;
    uint8_t bytes[CEPA_BACKUP_SIZE];
    struct cepa_backup_cost cost = cepa_backup_cost_default();
    CHECK_INT(cepa_backup_seal(bytes, &reason, &identity, "p", 1, cost, cepa_native_random()), 0);
    CHECK_INT(open_with(&again, bytes, "p"), 0);
    CHECK(memcmp(&again, &identity, sizeof again) == 0);
}

TEST_MAIN(RUN(the_passphrase_opens_it), RUN(no_other_passphrase_does), RUN(damage_is_told),
          RUN(what_was_forged_does_not_open), RUN(backups_share_nothing), RUN(a_costly_one_opens))
