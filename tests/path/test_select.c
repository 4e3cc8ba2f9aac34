/* Choice of relays: weights, and who may stand beside whom. */
#include "path/select.h"

#include <string.h>

#include "support/relays.h"
#include "support/test.h"

enum { RELAYS = 400, DRAWS = 200000 };

static struct cepa_path_relay relays[RELAYS];
static const struct cepa_path_relays view = {relays, RELAYS};
static struct test_source source;

/* Relays with prefixes of their own, a quarter of each class. */
static struct cepa_random begin(uint64_t seed)
{
    memset(relays, 0, sizeof relays);
    for (size_t i = 0; i < RELAYS; i++) {
        relays[i].key.bytes[0] = (uint8_t)i;
        relays[i].key.bytes[1] = (uint8_t)(i >> 8);
        relays[i].prefix =
            (struct cepa_prefix){CEPA_FAMILY_IPV4, {(uint8_t)(1 + i / 256), (uint8_t)i, 0, 0}};
        relays[i].capacity_class = (uint8_t)(i % 4);
        relays[i].flags = CEPA_PATH_RELAY_GUARD;
    }
    return test_source_init(&source, seed);
}

/* Draws often and compares how often each relay came with its weight: chi square over all. */
static double chi_square(const struct cepa_select_bounds *bounds, const struct cepa_random *random,
                         size_t first, size_t last)
{
    static double counts[RELAYS];
    double total = 0;
    double chi = 0;
    memset(counts, 0, sizeof counts);
    for (int i = 0; i < DRAWS; i++) {
        size_t index;
        CHECK_INT(cepa_select_draw(&index, &view, bounds, random), 0);
        CHECK(index >= first && index < last);
        counts[index]++;
    }
    for (size_t i = first; i < last; i++) {
        total += cepa_select_weight(&relays[i]);
    }
    for (size_t i = first; i < last; i++) {
        double expected = DRAWS * (double)cepa_select_weight(&relays[i]) / total;
        chi += (counts[i] - expected) * (counts[i] - expected) / expected;
    }
    return chi;
}

/* With n - 1 = 399 degrees of freedom chi square has the mean 399 and the deviation 28; the bound
 * is five deviations. Weights that were off by a tenth would give some 600 more. */
TEST(draws_agree_with_the_weights)
{
    const struct cepa_random random = begin(1);
    const struct cepa_select_bounds bounds = {.members = NULL};
    CHECK(chi_square(&bounds, &random, 0, RELAYS) < 540);
}

/* Only the first eight are fit: mostly found by walking. Seven degrees of freedom. */
TEST(draws_among_few_agree_with_the_weights)
{
    const struct cepa_random random = begin(2);
    const struct cepa_select_bounds bounds = {.flags_none = CEPA_PATH_RELAY_INTRODUCED};
    for (size_t i = 8; i < RELAYS; i++) {
        relays[i].flags |= CEPA_PATH_RELAY_INTRODUCED;
    }
    CHECK(chi_square(&bounds, &random, 0, 8) < 30);
}

TEST(weights_are_one_to_four)
{
    static const uint8_t classes[] = {0, 1, 2, 3, 4, 255};
    static const uint32_t weights[] = {1, 2, 3, 4, 4, 4};
    for (size_t i = 0; i < sizeof classes; i++) {
        const struct cepa_path_relay relay = {.capacity_class = classes[i]};
        CHECK_INT(cepa_select_weight(&relay), weights[i]);
    }
}

TEST(relays_conflict)
{
    const struct cepa_prefix here = {CEPA_FAMILY_IPV4, {1, 2, 0, 0}};
    const struct cepa_prefix there = {CEPA_FAMILY_IPV4, {1, 3, 0, 0}};
    const struct cepa_prefix six = {CEPA_FAMILY_IPV6, {1, 2, 0, 0}};
    const struct cepa_path_relay cases[][2] = {
        {{.key = {{1}}, .prefix = here}, {.key = {{2}}, .prefix = there}},
        {{.key = {{1}}}, {.key = {{2}}}},
        {{.key = {{1}}, .prefix = here}, {.key = {{2}}, .prefix = six}},
        {{.key = {{1}}, .family = {{1}}}, {.key = {{2}}, .family = {{2}}}},
        {{.key = {{1}}, .prefix = here}, {.key = {{2}}, .introducer_prefixes = {here}}},
        /* From here on they do. */
        {{.key = {{1}}, .prefix = here}, {.key = {{1}}, .prefix = there}},
        {{.key = {{1}}, .prefix = here}, {.key = {{2}}, .prefix = here}},
        {{.key = {{1}}, .family = {{1}}}, {.key = {{2}}, .family = {{1}}}},
        {{.key = {{1}}, .prefix = here},
         {.key = {{2}}, .introducer_prefixes = {there, here}, .introducers_len = 2}},
        {{.key = {{1}}, .introducer_prefixes = {here}, .introducers_len = 1},
         {.key = {{2}}, .introducer_prefixes = {there, here}, .introducers_len = 2}},
        {{.key = {{1}}, .introducer_prefixes = {there, there, here}, .introducers_len = 255},
         {.key = {{2}}, .prefix = here}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK_INT(cepa_path_relays_conflict(&cases[i][0], &cases[i][1]), i >= 5);
        CHECK_INT(cepa_path_relays_conflict(&cases[i][1], &cases[i][0]), i >= 5);
    }
}

TEST(paths_hold_the_rules)
{
    const struct cepa_random random = begin(3);
    struct cepa_ed25519_public_key avoid = relays[5].key;
    for (size_t i = 0; i < RELAYS; i++) {
        relays[i].prefix.bytes[0] = 9;
        relays[i].prefix.bytes[1] = (uint8_t)(i % 9); /* few prefixes: conflicts are common */
        relays[i].family.bytes[0] = (uint8_t)(i % 50);
    }
    relays[7].flags |= CEPA_PATH_RELAY_SUSPECT;
    relays[8].flags |= CEPA_PATH_RELAY_OWN;
    for (int i = 0; i < 2000; i++) {
        struct cepa_path path;
        const struct cepa_select_request request = {.hops_len = 1 + (size_t)i % 5,
                                                    .fixed = {&relays[(size_t)i % RELAYS]},
                                                    .own = &relays[8],
                                                    .avoid = &avoid,
                                                    .avoid_len = 1};
        CHECK_INT(cepa_select_path(&path, &view, &request, &random), 0);
        CHECK_INT(path.hops_len, request.hops_len);
        CHECK_INT(cepa_select_check(&path), 0);
        CHECK(cepa_path_relay_is(&path.hops[0].key, &request.fixed[0]->key));
        for (size_t j = 1; j < path.hops_len; j++) {
            CHECK(!cepa_path_relay_is(&path.hops[j].key, &avoid));
            CHECK(!cepa_path_relays_conflict(&path.hops[j], &relays[8]));
            CHECK((path.hops[j].flags & CEPA_PATH_RELAY_SUSPECT) == 0);
        }
    }
}

TEST(impossible_paths_are_refused)
{
    const struct cepa_random random = begin(4);
    const struct cepa_path_relays few = {relays, 2};
    const struct cepa_path_relays none = {NULL, 0};
    struct cepa_path path;
    struct cepa_select_request request = {.hops_len = 3};
    CHECK_INT(cepa_select_path(&path, &few, &request, &random), CEPA_ERR_NOT_FOUND);
    CHECK_INT(cepa_select_path(&path, &none, &request, &random), CEPA_ERR_NOT_FOUND);
    request.hops_len = 0;
    CHECK_INT(cepa_select_path(&path, &view, &request, &random), CEPA_ERR_ARGUMENT);
    request.hops_len = 6;
    CHECK_INT(cepa_select_path(&path, &view, &request, &random), CEPA_ERR_ARGUMENT);
    request.hops_len = 3;
    request.fixed[0] = request.fixed[2] = &relays[0];
    CHECK_INT(cepa_select_path(&path, &view, &request, &random), CEPA_ERR_ARGUMENT);
}

TEST(equal_draws_give_equal_paths_and_failing_ones_none)
{
    struct cepa_random random = begin(5);
    struct cepa_path first;
    struct cepa_path second;
    const struct cepa_select_request request = {.hops_len = 5};
    memset(&first, 0, sizeof first);
    memset(&second, 0, sizeof second);
    CHECK_INT(cepa_select_path(&first, &view, &request, &random), 0);
    int draws = source.draws;
    random = begin(5);
    CHECK_INT(cepa_select_path(&second, &view, &request, &random), 0);
    for (size_t i = 0; i < 5; i++) {
        CHECK(cepa_path_relay_is(&first.hops[i].key, &second.hops[i].key));
    }
    for (int fail_at = 1; fail_at <= draws; fail_at++) {
        random = begin(5);
        source.fail_at = fail_at;
        CHECK_INT(cepa_select_path(&second, &view, &request, &random), CEPA_ERR_RANDOM);
    }
}

TEST_MAIN(RUN(draws_agree_with_the_weights), RUN(draws_among_few_agree_with_the_weights),
          RUN(weights_are_one_to_four), RUN(relays_conflict), RUN(paths_hold_the_rules),
          RUN(impossible_paths_are_refused),
          RUN(equal_draws_give_equal_paths_and_failing_ones_none))
