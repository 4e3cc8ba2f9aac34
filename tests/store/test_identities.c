/* The file of identities: what is written is read, or nothing; names and the default hold. */
#define _GNU_SOURCE
#include "native/store/identities.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "native/host.h"
#include "support/scratch.h"
#include "support/test.h"

static struct cepa_identities all;
static struct cepa_reason reason;

static struct cepa_name name_of(const char *text)
{
    struct cepa_name name;
    CHECK_INT(cepa_name_read(&name, text, strlen(text)), 0);
    return name;
}

static int make(const char *text)
{
    struct cepa_name name = name_of(text);
    return cepa_identities_make(&all, &reason, &name, cepa_native_random());
}

static void make_three(void)
{
    memset(&all, 0, sizeof all);
    CHECK_INT(make("me"), 0);
    CHECK_INT(make("work"), 0);
    CHECK_INT(make("Zoë"), 0);
}

TEST(the_first_is_the_default)
{
    size_t at = 9;
    memset(&all, 0, sizeof all);
    CHECK_INT(cepa_identities_find(&at, &reason, &all, NULL), CEPA_ERR_NOT_FOUND);
    CHECK(strstr(reason.text, "cepa id new") != NULL);
    CHECK_INT(at, 9);
    make_three();
    CHECK_INT(cepa_identities_find(&at, &reason, &all, NULL), 0);
    CHECK_INT(at, 0);
    CHECK_INT(cepa_identities_find(&at, &reason, &all, "Zoë"), 0);
    CHECK_INT(at, 2);
    CHECK_INT(cepa_identities_find(&at, &reason, &all, "zoë"), CEPA_ERR_NOT_FOUND);
}

TEST(secrets_have_nothing_in_common)
{
    struct cepa_address addresses[2];
    make_three();
    CHECK(memcmp(&all.entries[0].secret, &all.entries[1].secret, 32) != 0);
    CHECK_INT(cepa_identities_address(&addresses[0], &all.entries[0].secret, 0), 0);
    CHECK_INT(cepa_identities_address(&addresses[1], &all.entries[1].secret, 0), 0);
    CHECK(memcmp(&addresses[0], &addresses[1], sizeof addresses[0]) != 0);
}

TEST(names_and_identities_are_there_once)
{
    struct cepa_name name = name_of("me");
    struct cepa_named_identity again;
    make_three();
    CHECK_INT(make("work"), CEPA_ERR_IN_USE);
    CHECK_INT(cepa_identities_rename(&all, &reason, 1, &name), CEPA_ERR_IN_USE);
    name = name_of("office");
    CHECK_INT(cepa_identities_rename(&all, &reason, 1, &name), 0);
    CHECK(strcmp(all.entries[1].name.text, "office") == 0);
    again = all.entries[1];
    again.name = name_of("other");
    CHECK_INT(cepa_identities_add(&all, &reason, &again), CEPA_ERR_IN_USE);
    CHECK(strstr(reason.text, "'office'") != NULL);
    CHECK_INT(all.len, 3);
}

TEST(the_default_is_deleted_last)
{
    static const struct cepa_named_identity zeros;
    make_three();
    CHECK_INT(cepa_identities_delete(&all, &reason, 0), CEPA_ERR_STATE);
    all.chosen = 2;
    CHECK_INT(cepa_identities_delete(&all, &reason, 0), 0);
    CHECK_INT(all.len, 2);
    CHECK_INT(all.chosen, 1);
    CHECK(strcmp(all.entries[1].name.text, "Zoë") == 0);
    CHECK(memcmp(&all.entries[2], &zeros, sizeof zeros) == 0);
    CHECK_INT(cepa_identities_delete(&all, &reason, 0), 0);
    CHECK_INT(cepa_identities_delete(&all, &reason, 0), 0);
    CHECK_INT(all.len + all.chosen, 0);
}

TEST(there_is_an_end)
{
    char text[16];
    memset(&all, 0, sizeof all);
    for (unsigned i = 0; i < CEPA_IDENTITIES_MAX; i++) {
        snprintf(text, sizeof text, "%u", i);
        CHECK_INT(make(text), 0);
    }
    CHECK_INT(make("one more"), CEPA_ERR_FULL);
}

TEST(every_change_of_the_file_is_noticed)
{
    static struct cepa_identities again;
    uint8_t bytes[CEPA_IDENTITIES_SIZE_MAX];
    size_t len;
    make_three();
    all.chosen = 1;
    cepa_identities_encode(bytes, &len, &all);
    CHECK_INT(cepa_identities_decode(&again, bytes, len), 0);
    CHECK(memcmp(&again, &all, sizeof all) == 0);
    memset(&again, 0, sizeof again);
    for (size_t i = 0; i < len; i++) {
        bytes[i] ^= 1;
        CHECK(cepa_identities_decode(&again, bytes, len) != 0);
        bytes[i] ^= 1;
        CHECK(cepa_identities_decode(&again, bytes, i) != 0);
    }
    bytes[len] = 0;
    CHECK_INT(cepa_identities_decode(&again, bytes, len + 1), CEPA_ERR_AUTHENTICATION);
    bytes[16] = 2;
    CHECK_INT(cepa_identities_decode(&again, bytes, len), CEPA_ERR_VERSION);
    CHECK_INT(again.len, 0);
}

/* Files with a right sum that no program of ours writes. */
TEST(nonsense_is_refused)
{
    static struct cepa_identities again;
    uint8_t bytes[CEPA_IDENTITIES_SIZE_MAX];
    size_t len;
    make_three();
    all.chosen = 3;
    cepa_identities_encode(bytes, &len, &all);
    CHECK_INT(cepa_identities_decode(&again, bytes, len), CEPA_ERR_MALFORMED);
    make_three();
    all.entries[2].name = all.entries[0].name;
    cepa_identities_encode(bytes, &len, &all);
    CHECK_INT(cepa_identities_decode(&again, bytes, len), CEPA_ERR_MALFORMED);
    make_three();
    all.entries[2].secret = all.entries[0].secret;
    cepa_identities_encode(bytes, &len, &all);
    CHECK_INT(cepa_identities_decode(&again, bytes, len), CEPA_ERR_MALFORMED);
    make_three();
    all.entries[2].name.text[0] = '\n';
    cepa_identities_encode(bytes, &len, &all);
    CHECK_INT(cepa_identities_decode(&again, bytes, len), CEPA_ERR_MALFORMED);
}

TEST(the_file_is_private)
{
    static struct cepa_identities again;
    char path[SCRATCH_PATH_SIZE];
    struct stat facts;
    scratch_make(path);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CHECK_INT(cepa_identities_load(&again, &reason, fd), 0);
    CHECK_INT(again.len, 0);
    make_three();
    CHECK_INT(cepa_identities_save(&all, &reason, fd), 0);
    CHECK(fstatat(fd, "identities", &facts, 0) == 0 && (facts.st_mode & 07777) == 0600);
    CHECK_INT(cepa_identities_load(&again, &reason, fd), 0);
    CHECK(memcmp(&again, &all, sizeof all) == 0);
    CHECK(fchmodat(fd, "identities", 0640, 0) == 0);
    CHECK_INT(cepa_identities_load(&again, &reason, fd), CEPA_ERR_ARGUMENT);
    CHECK(fchmodat(fd, "identities", 0600, 0) == 0);
    int file = openat(fd, "identities", O_WRONLY | O_CLOEXEC);
    CHECK(pwrite(file, "x", 1, 40) == 1);
    close(file);
    CHECK_INT(cepa_identities_load(&again, &reason, fd), CEPA_ERR_AUTHENTICATION);
    CHECK(strstr(reason.text, "cepa id restore") != NULL);
    close(fd);
}

TEST_MAIN(RUN(the_first_is_the_default), RUN(secrets_have_nothing_in_common),
          RUN(names_and_identities_are_there_once), RUN(the_default_is_deleted_last),
          RUN(there_is_an_end), RUN(every_change_of_the_file_is_noticed), RUN(nonsense_is_refused),
          RUN(the_file_is_private))
