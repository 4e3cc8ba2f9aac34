/* Secrets come back as they were, or not at all. */
#define _GNU_SOURCE
#include "native/store/secrets.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "native/host.h"
#include "support/scratch.h"
#include "support/test.h"

enum { NOW = 1795000000, DAY = 86400 };

static bool is_same(const struct cepa_secrets *a, const struct cepa_secrets *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static void make(struct cepa_secrets *ret_secrets)
{
    memset(ret_secrets, 0, sizeof *ret_secrets);
    CHECK_INT(cepa_secrets_make(ret_secrets, NOW, cepa_native_random()), 0);
}

TEST(a_new_identity_is_whole)
{
    static const uint8_t zeros[32];
    struct cepa_secrets one;
    struct cepa_secrets two;
    struct cepa_certificate *certificate;
    make(&one);
    make(&two);
    CHECK(memcmp(one.ed25519.bytes, zeros, 32) != 0 && memcmp(one.mldsa.bytes, zeros, 32) != 0);
    CHECK(memcmp(one.dial.bytes, zeros, 16) != 0 && one.previous.text_len == 0);
    CHECK(memcmp(one.ed25519.bytes, two.ed25519.bytes, 32) != 0);
    CHECK_INT(one.current.made_s, NOW);
    CHECK_INT(one.current.expires_s, NOW + 30 * DAY);
    CHECK_INT(cepa_certificate_decode(&certificate, one.current.text, one.current.text_len), 0);
    cepa_certificate_free(certificate);
}

TEST(what_is_encoded_is_decoded)
{
    struct cepa_secrets secrets;
    struct cepa_secrets again;
    uint8_t bytes[CEPA_SECRETS_SIZE_MAX];
    size_t len;
    bool is_new;
    make(&secrets);
    CHECK_INT(cepa_secrets_renew(&secrets, &is_new, NOW + 29 * DAY, cepa_native_random()), 0);
    cepa_secrets_encode(bytes, &len, &secrets);
    memset(&again, 0, sizeof again);
    CHECK_INT(cepa_secrets_decode(&again, bytes, len), 0);
    CHECK(is_same(&secrets, &again));
}

TEST(every_change_is_noticed)
{
    struct cepa_secrets secrets;
    struct cepa_secrets untouched;
    struct cepa_secrets got;
    uint8_t bytes[CEPA_SECRETS_SIZE_MAX];
    size_t len;
    make(&secrets);
    cepa_secrets_encode(bytes, &len, &secrets);
    memset(&got, 7, sizeof got);
    untouched = got;
    for (size_t i = 0; i < len; i++) {
        bytes[i] ^= 0x20;
        int status = cepa_secrets_decode(&got, bytes, len);
        CHECK_INT(status, i < 13    ? CEPA_ERR_MALFORMED
                          : i == 13 ? CEPA_ERR_VERSION
                                    : CEPA_ERR_AUTHENTICATION);
        bytes[i] ^= 0x20;
    }
    for (size_t i = 0; i < len; i++) {
        CHECK(cepa_secrets_decode(&got, bytes, i) != 0);
    }
    CHECK(is_same(&got, &untouched));
}

TEST(certificates_are_renewed_in_time)
{
    static const struct {
        int64_t at_s;
        bool is_new;
    } moments[] = {
        {NOW, false},           {NOW + 28 * DAY, false},          {NOW + 29 * DAY - 1, false},
        {NOW + 29 * DAY, true}, {NOW + 400 * (int64_t)DAY, true}, {NOW - DAY + 1, false},
        {NOW - 2 * DAY, true}};
    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
        struct cepa_secrets secrets;
        struct cepa_secrets before;
        bool is_new = !moments[i].is_new;
        make(&secrets);
        before = secrets;
        CHECK_INT(cepa_secrets_renew(&secrets, &is_new, moments[i].at_s, cepa_native_random()), 0);
        CHECK(is_new == moments[i].is_new);
        CHECK(is_same(&secrets, &before) != is_new);
        if (is_new) {
            CHECK(memcmp(&secrets.previous, &before.current, sizeof before.current) == 0);
            CHECK_BYTES(secrets.ed25519.bytes, before.ed25519.bytes, 32);
        }
    }
}

TEST(the_file_is_read_back_and_damage_is_told)
{
    char folder[SCRATCH_PATH_SIZE];
    char path[SCRATCH_PATH_SIZE];
    uint8_t bytes[CEPA_SECRETS_SIZE_MAX];
    struct cepa_secrets secrets;
    struct cepa_secrets got;
    struct cepa_reason reason;
    scratch_make(folder);
    int fd = open(folder, O_RDONLY | O_DIRECTORY);
    CHECK_INT(cepa_secrets_load(&got, &reason, fd), CEPA_ERR_NOT_FOUND);
    make(&secrets);
    CHECK_INT(cepa_secrets_save(&secrets, &reason, fd), 0);
    memset(&got, 0, sizeof got);
    CHECK_INT(cepa_secrets_load(&got, &reason, fd), 0);
    CHECK(is_same(&secrets, &got));
    scratch_join(path, folder, "secrets");
    size_t len = scratch_read(path, bytes, sizeof bytes);
    bytes[50] ^= 1;
    scratch_write(path, bytes, len);
    CHECK_INT(cepa_secrets_load(&got, &reason, fd), CEPA_ERR_AUTHENTICATION);
    CHECK(strstr(reason.text, "damaged") != NULL);
    bytes[13] = 2;
    scratch_write(path, bytes, len);
    CHECK_INT(cepa_secrets_load(&got, &reason, fd), CEPA_ERR_VERSION);
    CHECK(strstr(reason.text, "newer") != NULL);
    close(fd);
}

static int no_bytes(void *context, uint8_t *ret_bytes, size_t len)
{
    int *left = context;
    memset(ret_bytes, 1, len);
    return (*left)-- > 0 ? 0 : -1;
}

TEST(without_randomness_there_is_no_identity)
{
    for (int i = 0; i < 3; i++) {
        int left = i;
        struct cepa_random random = {no_bytes, &left};
        struct cepa_secrets got;
        struct cepa_secrets untouched;
        memset(&got, 7, sizeof got);
        untouched = got;
        CHECK_INT(cepa_secrets_make(&got, NOW, &random), CEPA_ERR_RANDOM);
        CHECK(is_same(&got, &untouched));
    }
}

TEST_MAIN(RUN(a_new_identity_is_whole), RUN(what_is_encoded_is_decoded),
          RUN(every_change_is_noticed), RUN(certificates_are_renewed_in_time),
          RUN(the_file_is_read_back_and_damage_is_told),
          RUN(without_randomness_there_is_no_identity))
