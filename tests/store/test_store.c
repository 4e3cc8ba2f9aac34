/* State comes back; what is damaged or somebody else's is refused, never replaced. */
#define _GNU_SOURCE
#include "native/store/store.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/scratch.h"
#include "support/test.h"

enum { TABLES = 9, ANCHORS = 1, INDEX = 2, GUARDS = 3, ONION = 4, OWN = 5 };

static const uint8_t owner[32] = {1, 2, 3};
static char folder[SCRATCH_PATH_SIZE];
static struct cepa_reason reason;

static struct cepa_store *reopen(void)
{
    struct cepa_store *store = NULL;
    CHECK_INT(cepa_store_open(&store, &reason, folder, owner), 0);
    return store;
}

static int get_len(struct cepa_store *store, uint32_t table, const char *key)
{
    uint8_t value[64];
    size_t len = 0;
    int status = cepa_store_get(store, value, &len, sizeof value, table, key, strlen(key));
    return status == 0 ? (int)len : status;
}

static void put(struct cepa_store *store, uint32_t table, const char *key, const char *value)
{
    unsigned how = table == GUARDS  ? CEPA_STATE_NOW
                   : table == ONION ? CEPA_STATE_SECRET
                                    : CEPA_STATE_LATER;
    CHECK_INT(cepa_store_put(store, table, key, strlen(key), value, strlen(value), how), 0);
}

TEST(what_is_put_comes_back)
{
    uint8_t value[8];
    size_t len = 99;
    scratch_make(folder);
    struct cepa_store *store = reopen();
    for (uint32_t i = 0; i < TABLES; i++) {
        CHECK_INT(get_len(store, i, "k"), CEPA_ERR_NOT_FOUND);
        put(store, i, "k", "value");
        put(store, i, "k", "other");
        put(store, i, "gone", "x");
        put(store, i, "", "");
        CHECK_INT(cepa_store_delete(store, i, "gone", 4, CEPA_STATE_LATER), 0);
        CHECK_INT(cepa_store_delete(store, i, "never", 5, CEPA_STATE_LATER), 0);
    }
    CHECK_INT(cepa_store_close(store), 0);
    store = reopen();
    for (uint32_t i = 0; i < TABLES; i++) {
        CHECK_INT(get_len(store, i, "k"), 5);
        CHECK_INT(get_len(store, i, ""), 0);
        CHECK_INT(get_len(store, i, "gone"), CEPA_ERR_NOT_FOUND);
    }
    CHECK_INT(cepa_store_get(store, value, &len, 4, INDEX, "k", 1), CEPA_ERR_TOO_LONG);
    CHECK_INT(len, 99);
    CHECK_INT(cepa_store_get(store, value, &len, 5, INDEX, "k", 1), 0);
    CHECK_BYTES(value, "other", 5);
    CHECK_INT(cepa_store_close(store), 0);
}

TEST(a_table_is_read_in_order)
{
    static const char *const keys[] = {"b", "a", "c", "ab"};
    static const char *const sorted[] = {"a", "ab", "b", "c"};
    struct cepa_store_entry entry;
    size_t count = 0;
    scratch_make(folder);
    struct cepa_store *store = reopen();
    for (size_t i = 0; i < 4; i++) {
        put(store, ANCHORS, keys[i], keys[i]);
    }
    put(store, INDEX, "x", "elsewhere");
    cepa_store_each(store, ANCHORS);
    while (cepa_store_next(store, &entry)) {
        CHECK(count < 4 && entry.key_len == strlen(sorted[count]));
        CHECK_BYTES(entry.key, sorted[count], entry.key_len);
        CHECK_BYTES(entry.value, sorted[count], entry.value_len);
        count++;
    }
    CHECK_INT(cepa_store_end(store), 0);
    CHECK_INT(count, 4);
    CHECK(!cepa_store_next(store, &entry));
    CHECK_INT(cepa_store_close(store), 0);
}

/* What a program that dies now would leave, seen by another connection. */
static bool is_on_disk(const char *key)
{
    char path[SCRATCH_PATH_SIZE];
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    scratch_join(path, folder, "state.db");
    CHECK(sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK);
    CHECK(sqlite3_prepare_v2(database, "SELECT count(*) FROM entries WHERE key = CAST(? AS BLOB)",
                             -1, &statement, NULL) == SQLITE_OK);
    CHECK(sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC) == SQLITE_OK);
    CHECK(sqlite3_step(statement) == SQLITE_ROW);
    bool is_there = sqlite3_column_int(statement, 0) > 0;
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return is_there;
}

TEST(changes_wait_for_a_while_but_some_do_not)
{
    struct cepa_time now = {5 * CEPA_SECOND_NS};
    scratch_make(folder);
    struct cepa_store *store = reopen();
    CHECK(cepa_time_is_never(cepa_store_deadline(store)));
    put(store, INDEX, "news", "x");
    CHECK_INT(cepa_store_step(store, now), 0);
    CHECK_INT(cepa_time_since(cepa_store_deadline(store), now), 2 * CEPA_SECOND_NS);
    CHECK(!is_on_disk("news"));
    CHECK_INT(cepa_store_step(store, cepa_time_add(now, CEPA_SECOND_NS)), 0);
    CHECK(!is_on_disk("news"));
    CHECK_INT(cepa_store_step(store, cepa_time_add(now, 2 * CEPA_SECOND_NS)), 0);
    CHECK(is_on_disk("news") && cepa_time_is_never(cepa_store_deadline(store)));
    put(store, INDEX, "later", "x");
    put(store, GUARDS, "guards", "x");
    CHECK(is_on_disk("guards") && is_on_disk("later"));
    CHECK_INT(cepa_store_close(store), 0);
}

static bool has_bytes(const char *name, const char *bytes)
{
    static char data[1 << 20];
    char path[SCRATCH_PATH_SIZE];
    scratch_join(path, folder, name);
    size_t len = access(path, F_OK) == 0 ? scratch_read(path, data, sizeof data) : 0;
    return memmem(data, len, bytes, strlen(bytes)) != NULL;
}

TEST(used_seeds_are_gone_from_the_files)
{
    scratch_make(folder);
    struct cepa_store *store = reopen();
    put(store, ONION, "chain", "the state of the first hour");
    CHECK(has_bytes("state.db", "the state of the first hour"));
    put(store, ONION, "chain", "the state of another hour!!");
    CHECK(!has_bytes("state.db", "the state of the first hour"));
    CHECK(!has_bytes("state.db-wal", "the state of the first hour"));
    CHECK_INT(cepa_store_delete(store, ONION, "chain", 5, CEPA_STATE_SECRET), 0);
    CHECK(!has_bytes("state.db", "the state of another hour"));
    CHECK(!has_bytes("state.db-wal", "the state of another hour"));
    CHECK_INT(cepa_store_close(store), 0);
}

TEST(files_are_private)
{
    static const char *const names[] = {"state.db", "state.db-wal", "state.db-shm"};
    scratch_make(folder);
    mode_t before = umask(0);
    struct cepa_store *store = reopen();
    put(store, GUARDS, "k", "x");
    (void)umask(before);
    for (size_t i = 0; i < 3; i++) {
        char path[SCRATCH_PATH_SIZE];
        struct stat facts;
        scratch_join(path, folder, names[i]);
        CHECK(stat(path, &facts) == 0 && (facts.st_mode & 07777) == 0600);
    }
    CHECK_INT(cepa_store_close(store), 0);
}

TEST(limits_hold)
{
    static uint8_t long_value[CEPA_STATE_VALUE_MAX + 1];
    static uint8_t got[CEPA_STATE_VALUE_MAX];
    uint8_t key[CEPA_STATE_KEY_MAX + 1] = {0};
    size_t len = 0;
    scratch_make(folder);
    struct cepa_store *store = reopen();
    CHECK_INT(cepa_store_put(store, OWN, key, sizeof key, "x", 1, CEPA_STATE_LATER),
              CEPA_ERR_TOO_LONG);
    CHECK_INT(cepa_store_put(store, OWN, key, 1, long_value, sizeof long_value, CEPA_STATE_LATER),
              CEPA_ERR_TOO_LONG);
    CHECK(strlen(cepa_store_reason(store)) > 0);
    CHECK_INT(cepa_store_put(store, OWN, key, sizeof key - 1, long_value, CEPA_STATE_VALUE_MAX,
                             CEPA_STATE_LATER),
              0);
    CHECK_INT(cepa_store_get(store, got, &len, sizeof got, OWN, key, sizeof key - 1), 0);
    CHECK_INT(len, CEPA_STATE_VALUE_MAX);
    CHECK_INT(cepa_store_get(store, got, &len, sizeof got, OWN, key, sizeof key),
              CEPA_ERR_NOT_FOUND);
    CHECK_INT(cepa_store_delete(store, OWN, key, sizeof key, CEPA_STATE_LATER), 0);
    CHECK_INT(cepa_store_close(store), 0);
}

TEST(another_nodes_state_is_refused)
{
    static const uint8_t other[32] = {9};
    struct cepa_store *store = reopen();
    CHECK_INT(cepa_store_close(store), 0);
    CHECK_INT(cepa_store_open(&store, &reason, folder, other), CEPA_ERR_STATE);
    CHECK(strstr(reason.text, "another node") != NULL);
}

TEST(damage_is_told_and_left_alone)
{
    static uint8_t data[1 << 20];
    char path[SCRATCH_PATH_SIZE];
    char value[2000];
    scratch_make(folder);
    struct cepa_store *store = reopen();
    memset(value, 'v', sizeof value);
    for (uint8_t i = 0; i < 200; i++) {
        CHECK_INT(cepa_store_put(store, INDEX, &i, 1, value, sizeof value, CEPA_STATE_LATER), 0);
    }
    CHECK_INT(cepa_store_close(store), 0);
    scratch_join(path, folder, "state.db");
    size_t len = scratch_read(path, data, sizeof data);
    CHECK(len > 40 * 4096);
    static const struct {
        size_t from;
        size_t count;
    } holes[] = {{0, 100}, {100, 3000}, {4096, 4096}, {5 * 4096, 4096}, {20 * 4096, 4096}};
    for (size_t i = 0; i < sizeof holes / sizeof holes[0]; i++) {
        static uint8_t damaged[sizeof data];
        static uint8_t after[sizeof data];
        memcpy(damaged, data, len);
        memset(damaged + holes[i].from, 0xa5, holes[i].count);
        scratch_write(path, damaged, len);
        store = NULL;
        CHECK_INT(cepa_store_open(&store, &reason, folder, owner), CEPA_ERR_MALFORMED);
        CHECK(strstr(reason.text, "damaged") != NULL && strstr(reason.text, "move it away"));
        CHECK_INT(scratch_read(path, after, sizeof after), len);
        CHECK_BYTES(after, damaged, len);
    }
    scratch_write(path, "this is no state file at all, but long enough to be one, is it not?", 67);
    CHECK_INT(cepa_store_open(&store, &reason, folder, owner), CEPA_ERR_MALFORMED);
    scratch_write(path, data, len / 2);
    CHECK_INT(cepa_store_open(&store, &reason, folder, owner), CEPA_ERR_MALFORMED);
    scratch_write(path, data, len);
    store = reopen();
    CHECK_INT(cepa_store_close(store), 0);
}

/* What cannot be its file is refused before anything is made beside it. */
TEST(a_file_that_others_reach_is_refused)
{
    char path[SCRATCH_PATH_SIZE];
    char elsewhere[SCRATCH_PATH_SIZE];
    char beside[SCRATCH_PATH_SIZE];
    struct stat facts;
    scratch_make(folder);
    scratch_join(path, folder, "state.db");
    scratch_join(elsewhere, folder, "elsewhere");
    scratch_join(beside, folder, "state.db-shm");
    struct cepa_store *store = reopen();
    CHECK_INT(cepa_store_close(store), 0);
    CHECK(chmod(path, 0640) == 0);
    CHECK_INT(cepa_store_open(&store, &reason, folder, owner), CEPA_ERR_ARGUMENT);
    CHECK(strstr(reason.text, "mode 0640") != NULL);
    CHECK(chmod(path, 0600) == 0 && rename(path, elsewhere) == 0);
    CHECK(symlink(elsewhere, path) == 0);
    CHECK_INT(cepa_store_open(&store, &reason, folder, owner), CEPA_ERR_SYSTEM);
    CHECK(strstr(reason.text, path) != NULL);
    CHECK(unlink(path) == 0 && mkdir(path, 0700) == 0);
    CHECK_INT(cepa_store_open(&store, &reason, folder, owner), CEPA_ERR_SYSTEM);
    CHECK(stat(beside, &facts) != 0);
    CHECK(rmdir(path) == 0 && rename(elsewhere, path) == 0);
    store = reopen();
    CHECK_INT(cepa_store_close(store), 0);
}

TEST(a_newer_file_is_refused)
{
    char path[SCRATCH_PATH_SIZE];
    sqlite3 *database = NULL;
    scratch_make(folder);
    struct cepa_store *store = reopen();
    CHECK_INT(cepa_store_close(store), 0);
    scratch_join(path, folder, "state.db");
    CHECK(sqlite3_open(path, &database) == SQLITE_OK);
    CHECK(sqlite3_exec(database, "PRAGMA user_version = 2000", NULL, NULL, NULL) == SQLITE_OK);
    sqlite3_close(database);
    CHECK_INT(cepa_store_open(&store, &reason, folder, owner), CEPA_ERR_VERSION);
    CHECK(strstr(reason.text, "2000") != NULL);
}

TEST(a_file_is_seen_to_exist)
{
    scratch_make(folder);
    int fd = open(folder, O_RDONLY | O_DIRECTORY);
    CHECK(!cepa_store_exists(fd));
    CHECK_INT(cepa_store_close(reopen()), 0);
    CHECK(cepa_store_exists(fd));
    close(fd);
    CHECK_INT(cepa_store_close(NULL), 0);
    struct cepa_store *store = NULL;
    CHECK(cepa_store_open(&store, &reason, "/nowhere/at/all", owner) != 0);
}

TEST_MAIN(RUN(what_is_put_comes_back), RUN(a_table_is_read_in_order),
          RUN(changes_wait_for_a_while_but_some_do_not), RUN(used_seeds_are_gone_from_the_files),
          RUN(files_are_private), RUN(limits_hold), RUN(another_nodes_state_is_refused),
          RUN(damage_is_told_and_left_alone), RUN(a_file_that_others_reach_is_refused),
          RUN(a_newer_file_is_refused), RUN(a_file_is_seen_to_exist))
