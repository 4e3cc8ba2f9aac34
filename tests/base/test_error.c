/* The list of errors: names and values are unique, blame goes with the range of the value, every
 * error has a text, and the specification has the same list. */
#include "base/error.h"

#include <stdio.h>
#include <string.h>

#include "support/test.h"

static const struct row {
    const char *name;
    int value;
    enum cepa_blame blame;
    const char *blame_name;
    const char *text;
} rows[] = {
#define ROW(name, value, blame, text) {#name, value, CEPA_BLAME_##blame, #blame, text},
    CEPA_ERROR_LIST(ROW)
#undef ROW
};

#define ROWS (sizeof rows / sizeof rows[0])

TEST(names_values_and_texts_are_unique)
{
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t j = 0; j < i; j++) {
            CHECK(rows[i].value != rows[j].value);
            CHECK(strcmp(rows[i].name, rows[j].name) != 0);
            CHECK(strcmp(rows[i].text, rows[j].text) != 0);
        }
    }
}

TEST(blame_goes_with_the_range_of_the_value)
{
    const struct {
        int first, last;
    } ranges[] = {[CEPA_BLAME_PEER] = {-19, -1},
                  [CEPA_BLAME_LOCAL] = {-39, -20},
                  [CEPA_BLAME_LIMIT] = {-59, -40}};
    for (size_t i = 0; i < ROWS; i++) {
        CHECK(rows[i].value >= ranges[rows[i].blame].first);
        CHECK(rows[i].value <= ranges[rows[i].blame].last);
        CHECK(cepa_error_blame(rows[i].value) == rows[i].blame);
    }
}

TEST(names_and_texts_are_those_of_the_list)
{
    for (size_t i = 0; i < ROWS; i++) {
        char name[64];
        snprintf(name, sizeof name, "CEPA_ERR_%s", rows[i].name);
        CHECK(strcmp(cepa_error_name(rows[i].value), name) == 0);
        CHECK(strcmp(cepa_error_text(rows[i].value), rows[i].text) == 0);
        CHECK(strlen(rows[i].text) > 10 && strlen(rows[i].text) < 80);
    }
}

TEST(values_outside_the_list_have_a_name_too)
{
    const int unknown[] = {1, -19, -59, -1000, 2147483647, -2147483647 - 1};
    CHECK(strcmp(cepa_error_name(0), "CEPA_OK") == 0);
    CHECK(strcmp(cepa_error_text(0), "success") == 0);
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        CHECK(strcmp(cepa_error_name(unknown[i]), "CEPA_ERR_UNKNOWN") == 0);
        CHECK(strlen(cepa_error_text(unknown[i])) > 0);
        CHECK(cepa_error_blame(unknown[i]) == CEPA_BLAME_LOCAL);
    }
}

/* The table of section 8.3 is the list, line for line. */
TEST(the_specification_has_the_same_list)
{
    char line[512];
    char want[512];
    size_t found = 0;
    FILE *file = fopen(CEPA_SOURCE_DIR "/docs/spec/08-errors.md", "r");
    CHECK(file != NULL);
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "| `", 3) != 0) {
            continue;
        }
        CHECK(found < ROWS);
        const struct row *row = &rows[found++];
        snprintf(want, sizeof want, "| `%s` | %d | %s | %s |\n", row->name, row->value,
                 row->blame_name, row->text);
        if (strcmp(line, want) != 0) {
            test_note("the list has      %s", want);
            test_note("the document has  %s", line);
        }
        CHECK(strcmp(line, want) == 0);
    }
    fclose(file);
    CHECK_INT(found, ROWS);
}

TEST_MAIN(RUN(names_values_and_texts_are_unique), RUN(blame_goes_with_the_range_of_the_value),
          RUN(names_and_texts_are_those_of_the_list), RUN(values_outside_the_list_have_a_name_too),
          RUN(the_specification_has_the_same_list))
