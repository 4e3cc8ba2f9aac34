/* Slips of the fingers lead to the name that was meant, other words to none. */
#include <string.h>

#include "cli/suggest.h"
#include "support/test.h"

TEST(distances_count_single_slips)
{
    static const struct {
        const char *a;
        const char *b;
        unsigned distance;
    } pairs[] = {
        {"", "", 0},          {"", "demo", 4},     {"demo", "demo", 0},       {"dem", "demo", 1},
        {"demmo", "demo", 1}, {"deno", "demo", 1}, {"edmo", "demo", 1},       {"odem", "demo", 2},
        {"help", "demo", 3},  {"ab", "ba", 1},     {"version", "verison", 1},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        CHECK_INT(cepa_cli_distance(pairs[i].a, pairs[i].b), pairs[i].distance);
        CHECK_INT(cepa_cli_distance(pairs[i].b, pairs[i].a), pairs[i].distance);
    }
}

TEST(long_words_are_cut)
{
    char word[200];
    memset(word, 'x', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    CHECK_INT(cepa_cli_distance(word, ""), 31);
    CHECK_INT(cepa_cli_distance(word, word), 0);
    CHECK(cepa_cli_suggest_command(word) == NULL);
}

TEST(commands_are_suggested)
{
    static const struct {
        const char *typed;
        const char *name;
    } pairs[] = {{"dmeo", "demo"},        {"verison", "version"}, {"hlep", "help"},
                 {"versions", "version"}, {"frobnicate", NULL},   {"", NULL},
                 {"send", NULL}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        const char *got = cepa_cli_suggest_command(pairs[i].typed);
        CHECK((got == NULL) == (pairs[i].name == NULL));
        CHECK(got == NULL || strcmp(got, pairs[i].name) == 0);
    }
}

TEST_MAIN(RUN(distances_count_single_slips), RUN(long_words_are_cut), RUN(commands_are_suggested))
