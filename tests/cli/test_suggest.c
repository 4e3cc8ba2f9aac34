/* Slips of the fingers lead to the name that was meant, other words to none. */
#include <string.h>

#include "cli/suggest.h"
#include "support/test.h"

TEST(long_words_are_cut)
{
    char word[200];
    memset(word, 'x', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    CHECK(cepa_cli_suggest_command(word) == NULL);
}

TEST(commands_are_suggested)
{
    static const struct {
        const char *typed;
        const char *name;
    } pairs[] = {{"dmeo", "demo"},        {"verison", "version"}, {"hlep", "help"},
                 {"versions", "version"}, {"frobnicate", NULL},   {"", NULL},
                 {"frobnicate", NULL}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        const char *got = cepa_cli_suggest_command(pairs[i].typed);
        CHECK((got == NULL) == (pairs[i].name == NULL));
        CHECK(got == NULL || strcmp(got, pairs[i].name) == 0);
    }
}

TEST_MAIN(RUN(long_words_are_cut), RUN(commands_are_suggested))
