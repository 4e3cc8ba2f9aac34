/* Handles, identities, the inbox, and a node inside this process. */
#define _GNU_SOURCE
#include <cepa/cepa.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "native/host.h"
#include "native/store/inbox.h"
#include "support/lone_daemon.h"
#include "support/scratch.h"
#include "support/test.h"

TEST(every_failure_has_a_text)
{
    for (int failure = CEPA_FAIL_SYSTEM; failure <= 0; failure++) {
        for (int other = CEPA_FAIL_SYSTEM; other < failure; other++) {
            CHECK(strcmp(cepa_failure_text(failure), cepa_failure_text(other)) != 0);
        }
    }
    CHECK(strcmp(cepa_failure_text(1), cepa_failure_text(-99)) == 0);
    CHECK_INT(cepa_api_version(), CEPA_API_VERSION);
    CHECK(cepa_reason(NULL)[0] != '\0');
    cepa_close(NULL);
    cepa_free(NULL);
}

TEST(without_a_daemon_what_needs_none_works)
{
    char folder[SCRATCH_PATH_SIZE];
    char first[CEPA_ADDRESS_CHARS];
    char other[CEPA_ADDRESS_CHARS];
    struct cepa_identity_info identity = {.size = sizeof identity};
    struct cepa_entry entry = {.size = sizeof entry};
    struct cepa *cepa;
    char *text = NULL;
    uint64_t at = 0;
    scratch_make(folder);
    CHECK_INT(cepa_attach(&cepa, folder), 0);
    CHECK_INT(cepa_status(cepa, &text), CEPA_FAIL_NO_NODE);
    CHECK_INT(cepa_invite(cepa, &text), CEPA_FAIL_NO_NODE);
    CHECK_INT(cepa_join(cepa, "cepa:..."), CEPA_FAIL_NO_NODE);
    CHECK_INT(cepa_join(cepa, NULL), CEPA_FAIL_ARGUMENT);
    CHECK_INT(cepa_identity_get(cepa, first, NULL), CEPA_FAIL_NOT_FOUND);
    CHECK_INT(cepa_identity_make(cepa, first, "me"), 0);
    CHECK_INT(cepa_identity_make(cepa, other, "me"), CEPA_FAIL_IN_USE);
    CHECK_INT(cepa_identity_make(cepa, other, ""), CEPA_FAIL_ARGUMENT);
    CHECK_INT(cepa_identity_make(cepa, other, "work"), 0);
    CHECK_INT(cepa_identity_get(cepa, other, NULL), 0);
    CHECK(strcmp(first, other) == 0);
    CHECK_INT(cepa_identity_next(cepa, &identity, &at), 0);
    CHECK(strcmp(identity.name, "me") == 0 && identity.is_default == 1);
    CHECK(strcmp(identity.address, first) == 0);
    CHECK_INT(cepa_identity_next(cepa, &identity, &at), 0);
    CHECK(strcmp(identity.name, "work") == 0 && identity.is_default == 0);
    CHECK_INT(cepa_identity_next(cepa, &identity, &at), CEPA_FAIL_NOT_FOUND);
    at = 0;
    CHECK_INT(cepa_entry_next(cepa, &entry, &at, 50), CEPA_FAIL_AGAIN);
    CHECK_INT(cepa_entry_get(cepa, &entry, "x", 0), CEPA_FAIL_ARGUMENT);
    CHECK_INT(cepa_entry_remove(cepa, "aaaaaaaaaaaaaaaaaaaaaaaaaa"), CEPA_FAIL_NOT_FOUND);
    CHECK(text == NULL);
    cepa_close(cepa);
}

TEST(a_wrong_place_is_an_error_with_a_handle)
{
    char folder[SCRATCH_PATH_SIZE];
    char long_path[400];
    char address[CEPA_ADDRESS_CHARS];
    struct cepa *cepa;
    memset(long_path, 'x', sizeof long_path - 1);
    long_path[0] = '/';
    long_path[sizeof long_path - 1] = '\0';
    CHECK_INT(cepa_attach(&cepa, long_path), CEPA_FAIL_ARGUMENT);
    CHECK(cepa_reason(cepa)[0] != '\0');
    cepa_close(cepa);
    scratch_make(folder);
    CHECK_INT(chmod(folder, 0755), 0);
    CHECK_INT(cepa_attach(&cepa, folder), 0);
    CHECK_INT(cepa_identity_make(cepa, address, "me"), CEPA_FAIL_ARGUMENT);
    cepa_close(cepa);
}

/* --- the inbox -------------------------------------------------------------------------------- */

static void put_message(const char *folder, const char *text, enum cepa_inbox_state state)
{
    struct cepa_inbox_entry entry;
    struct cepa_inbox_id id;
    struct cepa_reason reason;
    struct cepa_inbox *inbox;
    memset(&entry, 0, sizeof entry);
    entry.kind = CEPA_INBOX_MESSAGE;
    entry.state = state;
    entry.transfer.bytes[0] = (uint8_t)text[0];
    CHECK_INT(cepa_inbox_open(&inbox, &reason, folder), 0);
    CHECK_INT(cepa_inbox_add_message(inbox, &id, &entry, text, strlen(text), cepa_native_random()),
              0);
    cepa_inbox_close(inbox);
}

TEST(what_came_is_read_and_decided_about)
{
    char folder[SCRATCH_PATH_SIZE];
    struct cepa_entry entry = {.size = sizeof entry};
    struct cepa *cepa;
    char *text = NULL;
    uint64_t at = 0;
    int fd = -1;
    scratch_make(folder);
    put_message(folder, "one", CEPA_INBOX_HERE);
    put_message(folder, "two", CEPA_INBOX_WAITING);
    CHECK_INT(cepa_attach(&cepa, folder), 0);
    CHECK_INT(cepa_entry_next(cepa, &entry, &at, 0), 0);
    CHECK_INT(entry.kind, CEPA_ENTRY_MESSAGE);
    CHECK_INT(entry.state, CEPA_ENTRY_HERE);
    CHECK(entry.from[0] == '\0');
    CHECK_INT(cepa_entry_text(cepa, &text, entry.id), 0);
    CHECK(strcmp(text, "one") == 0);
    cepa_free(text);
    CHECK_INT(cepa_entry_open(cepa, &fd, entry.id), CEPA_FAIL_STATE);
    CHECK_INT(cepa_entry_refuse(cepa, entry.id), CEPA_FAIL_STATE);
    CHECK_INT(cepa_entry_remove(cepa, entry.id), 0);
    CHECK_INT(cepa_entry_get(cepa, &entry, entry.id, 0), CEPA_FAIL_NOT_FOUND);
    CHECK_INT(cepa_entry_next(cepa, &entry, &at, 0), 0);
    CHECK_INT(entry.state, CEPA_ENTRY_WAITING);
    CHECK_INT(cepa_entry_accept(cepa, entry.id), 0);
    CHECK_INT(cepa_entry_get(cepa, &entry, entry.id, -1), 0);
    CHECK_INT(entry.state, CEPA_ENTRY_HERE);
    CHECK_INT(cepa_entry_next(cepa, &entry, &at, 0), CEPA_FAIL_AGAIN);
    cepa_close(cepa);
}

/* A program that was compiled with a shorter structure gets no more than it has room for. */
TEST(an_older_structure_is_not_written_beyond_its_end)
{
    char folder[SCRATCH_PATH_SIZE];
    struct cepa *cepa;
    uint64_t at = 0;
    union {
        struct cepa_entry entry;
        uint8_t bytes[sizeof(struct cepa_entry)];
    } older;
    scratch_make(folder);
    put_message(folder, "one", CEPA_INBOX_HERE);
    memset(&older, 0xaa, sizeof older);
    older.entry.size = offsetof(struct cepa_entry, to);
    CHECK_INT(cepa_attach(&cepa, folder), 0);
    CHECK_INT(cepa_entry_next(cepa, &older.entry, &at, 0), 0);
    CHECK_INT(strlen(older.entry.id), CEPA_ENTRY_ID_CHARS - 1);
    for (size_t i = offsetof(struct cepa_entry, to); i < sizeof older; i++) {
        CHECK_INT(older.bytes[i], 0xaa);
    }
    cepa_close(cepa);
}

/* --- a node inside ---------------------------------------------------------------------------- */

static int open_node(struct cepa **ret_cepa, const char *folder, const char *setting)
{
    const char *const settings[] = {
        "profile=test", "listen=127.0.0.1", "port=0", "lan-discovery=off", setting, NULL};
    const struct cepa_open_options options = {
        .size = sizeof options, .state_directory = folder, .settings = settings};
    return cepa_open(ret_cepa, &options);
}

TEST(a_node_lives_inside_a_program)
{
    char folder[SCRATCH_PATH_SIZE];
    struct sigaction action;
    sigset_t blocked;
    struct cepa *cepa;
    struct cepa *other;
    char *status = NULL;
    mode_t mask = umask(022);
    scratch_make(folder);
    size_t descriptors = lone_daemon_descriptors();
    for (int round = 0; round < 2; round++) {
        CHECK_INT(open_node(&cepa, folder, "role=client"), 0);
        CHECK_INT(open_node(&other, folder, NULL), CEPA_FAIL_IN_USE);
        cepa_close(other);
        CHECK_INT(cepa_status(cepa, &status), 0);
        CHECK(status[0] == '{' && strstr(status, "\"ok\"") == NULL);
        cepa_free(status);
        CHECK_INT(cepa_attach(&other, folder), 0);
        CHECK_INT(cepa_status(other, &status), 0);
        cepa_free(status);
        cepa_close(cepa);
        CHECK_INT(cepa_status(other, &status), CEPA_FAIL_NO_NODE);
        cepa_close(other);
        CHECK_INT(lone_daemon_descriptors(), descriptors);
    }
    CHECK_INT(umask(mask), 022);
    CHECK_INT(sigaction(SIGTERM, NULL, &action), 0);
    CHECK(action.sa_handler == SIG_DFL);
    CHECK_INT(sigprocmask(SIG_BLOCK, NULL, &blocked), 0);
    CHECK_INT(sigismember(&blocked, SIGTERM), 0);
}

TEST(a_node_that_cannot_start_says_why)
{
    static const char *const wrong[] = {"role=king", "nothing=1", "no setting", "role"};
    const struct cepa_open_options nowhere = {.size = sizeof nowhere};
    char folder[SCRATCH_PATH_SIZE];
    struct cepa *cepa;
    scratch_make(folder);
    size_t descriptors = lone_daemon_descriptors();
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        CHECK_INT(open_node(&cepa, folder, wrong[i]), CEPA_FAIL_ARGUMENT);
        CHECK(cepa_reason(cepa)[0] != '\0');
        cepa_close(cepa);
    }
    CHECK_INT(cepa_open(&cepa, &nowhere), CEPA_FAIL_ARGUMENT);
    cepa_close(cepa);
    CHECK_INT(cepa_open(&cepa, NULL), CEPA_FAIL_ARGUMENT);
    cepa_close(cepa);
    CHECK_INT(chmod(folder, 0755), 0);
    CHECK_INT(open_node(&cepa, folder, NULL), CEPA_FAIL_ARGUMENT);
    CHECK(cepa_reason(cepa)[0] != '\0');
    cepa_close(cepa);
    CHECK_INT(lone_daemon_descriptors(), descriptors);
}

TEST_MAIN(RUN(every_failure_has_a_text), RUN(without_a_daemon_what_needs_none_works),
          RUN(a_wrong_place_is_an_error_with_a_handle), RUN(what_came_is_read_and_decided_about),
          RUN(an_older_structure_is_not_written_beyond_its_end), RUN(a_node_lives_inside_a_program),
          RUN(a_node_that_cannot_start_says_why))
