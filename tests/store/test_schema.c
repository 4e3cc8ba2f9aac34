/* State files go forward by version, whole steps only, and never back. */
#include "native/store/schema.h"

#include <sqlite3.h>
#include <string.h>

#include "support/test.h"

static sqlite3 *memory(void)
{
    sqlite3 *database = NULL;
    CHECK(sqlite3_open(":memory:", &database) == SQLITE_OK);
    return database;
}

static int number(sqlite3 *database, const char *question)
{
    sqlite3_stmt *statement = NULL;
    CHECK(sqlite3_prepare_v2(database, question, -1, &statement, NULL) == SQLITE_OK);
    CHECK(sqlite3_step(statement) == SQLITE_ROW);
    int got = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    return got;
}

/* What version 1 looked like, with an entry in it. It never changes. */
static const char version_1[] =
    "CREATE TABLE entries (kind INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL,"
    " PRIMARY KEY (kind, key)) WITHOUT ROWID;"
    "CREATE TABLE facts (name TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;"
    "INSERT INTO entries VALUES (4, x'01', x'abcdef');"
    "INSERT INTO facts VALUES ('owner', zeroblob(32));"
    "PRAGMA user_version = 1";

TEST(an_empty_file_comes_to_the_current_version)
{
    struct cepa_reason reason;
    size_t len;
    const char *const *steps = cepa_schema_steps(&len);
    sqlite3 *database = memory();
    CHECK_INT(cepa_schema_migrate(&reason, database, "state.db", steps, len), 0);
    CHECK_INT(number(database, "PRAGMA user_version"), (int)len);
    CHECK_INT(cepa_schema_migrate(&reason, database, "state.db", steps, len), 0);
    sqlite3_close(database);
}

TEST(version_1_comes_to_the_current_version_with_all_it_has)
{
    struct cepa_reason reason;
    size_t len;
    const char *const *steps = cepa_schema_steps(&len);
    sqlite3 *database = memory();
    CHECK(sqlite3_exec(database, version_1, NULL, NULL, NULL) == SQLITE_OK);
    CHECK_INT(cepa_schema_migrate(&reason, database, "state.db", steps, len), 0);
    CHECK_INT(number(database, "PRAGMA user_version"), (int)len);
    CHECK_INT(number(database, "SELECT count(*) FROM entries WHERE value = x'abcdef'"), 1);
    sqlite3_close(database);
}

TEST(a_newer_file_is_refused)
{
    struct cepa_reason reason;
    size_t len;
    const char *const *steps = cepa_schema_steps(&len);
    sqlite3 *database = memory();
    CHECK(sqlite3_exec(database, "PRAGMA user_version = 99", NULL, NULL, NULL) == SQLITE_OK);
    CHECK_INT(cepa_schema_migrate(&reason, database, "state.db", steps, len), CEPA_ERR_VERSION);
    CHECK(strstr(reason.text, "version 99") != NULL);
    CHECK_INT(number(database, "PRAGMA user_version"), 99);
    sqlite3_close(database);
}

TEST(a_step_that_fails_changes_nothing)
{
    static const char *const steps[] = {
        "CREATE TABLE a (x)",
        "ALTER TABLE a ADD COLUMN y; INSERT INTO a VALUES (1, 2); INSERT INTO b VALUES (3)",
    };
    static const char *const mended[] = {
        "CREATE TABLE a (x)",
        "ALTER TABLE a ADD COLUMN y; INSERT INTO a VALUES (1, 2)",
    };
    struct cepa_reason reason;
    sqlite3 *database = memory();
    CHECK_INT(cepa_schema_migrate(&reason, database, "state.db", steps, 2), CEPA_ERR_SYSTEM);
    CHECK(strstr(reason.text, "from version 1 to 2") != NULL);
    CHECK_INT(number(database, "PRAGMA user_version"), 1);
    CHECK_INT(number(database, "SELECT count(*) FROM a"), 0);
    CHECK_INT(number(database, "SELECT count(*) FROM pragma_table_info('a')"), 1);
    CHECK_INT(cepa_schema_migrate(&reason, database, "state.db", mended, 2), 0);
    CHECK_INT(number(database, "SELECT y FROM a"), 2);
    sqlite3_close(database);
}

TEST_MAIN(RUN(an_empty_file_comes_to_the_current_version),
          RUN(version_1_comes_to_the_current_version_with_all_it_has), RUN(a_newer_file_is_refused),
          RUN(a_step_that_fails_changes_nothing))
