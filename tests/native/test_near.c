/* Slips of the fingers are near, other words are not. */
#include "native/near.h"

#include <string.h>

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
        CHECK_INT(cepa_near_distance(pairs[i].a, pairs[i].b), pairs[i].distance);
        CHECK_INT(cepa_near_distance(pairs[i].b, pairs[i].a), pairs[i].distance);
    }
}

TEST(long_words_are_cut)
{
    char word[200];
    memset(word, 'x', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    CHECK_INT(cepa_near_distance(word, ""), 31);
    CHECK_INT(cepa_near_distance(word, word), 0);
}

TEST(a_third_of_the_letters_may_be_wrong)
{
    CHECK(cepa_near_is("prot", "port") && cepa_near_is("por", "port"));
    CHECK(cepa_near_is("state-directori", "state-directory") && !cepa_near_is("role", "port"));
    CHECK(cepa_near_is("u", "up") && !cepa_near_is("", "up"));
}

TEST_MAIN(RUN(distances_count_single_slips), RUN(long_words_are_cut),
          RUN(a_third_of_the_letters_may_be_wrong))
