/* Cover traffic must look like traffic. An ML-KEM ciphertext is easily told from random bytes by
 * counting rounded numbers, so cover packets carry real ones: a classifier that is fitted on half
 * of what it sees learns nothing about the other half, and the same classifier is shown to work on
 * random bytes. */
#include <stdlib.h>
#include <string.h>

#include "support/chance.h"
#include "support/relays.h"
#include "support/test.h"

enum { ALPHAS = 10000 };

static struct test_relays *relays;
static int real[ALPHAS];
static int again[ALPHAS];
static int cover[ALPHAS];
static int noise[ALPHAS];

/* The feature of the alphas that two hops see, half of them each. */
static void collect(int *ret_features, enum cepa_packet_type type)
{
    for (size_t i = 0; i < ALPHAS; i++) {
        struct cepa_packet_peeled peeled;
        struct cepa_packet_plan plan = test_relays_plan(relays, 1 + i % 2, type, 100);
        test_relays_build(relays, &plan);
        if (i % 2 == 1) {
            CHECK_INT(test_relays_peel(relays, 0, &peeled), 0);
        }
        ret_features[i] = chance_four_preimages(relays->packet + CEPA_PACKET_ALPHA_OFFSET);
    }
}

static void setup(void)
{
    struct test_random random = {31};
    if (relays != NULL) {
        return;
    }
    relays = test_relays_new(3 * ALPHAS, 31);
    collect(real, CEPA_PACKET_DELIVER);
    collect(again, CEPA_PACKET_DELIVER);
    collect(cover, CEPA_PACKET_DROP);
    for (size_t i = 0; i < ALPHAS; i++) {
        uint8_t bytes[CHANCE_FOUR_PREIMAGES_BYTES];
        test_random_bytes(&random, bytes, sizeof bytes);
        noise[i] = chance_four_preimages(bytes);
    }
}

static double mean(const int *features)
{
    double sum = 0;
    for (size_t i = 0; i < ALPHAS; i++) {
        sum += features[i];
    }
    return sum / ALPHAS;
}

TEST(cover_and_real_packets_cannot_be_told_apart)
{
    setup();
    double share = chance_classify(real, cover, ALPHAS);
    test_note("right on unseen packets: %.2f %%, among real ones %.2f %%", 100 * share,
              100 * chance_classify(real, again, ALPHAS));
    CHECK(share <= 0.52);
}

TEST(random_bytes_are_told_apart)
{
    setup();
    double share = chance_classify(real, noise, ALPHAS);
    test_note("right on unseen bytes: %.2f %%", 100 * share);
    CHECK(share > 0.90);
    CHECK(chance_classify(cover, noise, ALPHAS) > 0.90);
}

TEST(the_feature_has_the_mean_that_arithmetic_gives_it)
{
    setup();
    /* 257 of 1,024 rounded numbers have four pre-images: 4 * 257 of 3,329 numbers. */
    CHECK(mean(real) > 237.2 - 1 && mean(real) < 237.2 + 1);
    CHECK(mean(cover) > 237.2 - 1 && mean(cover) < 237.2 + 1);
    CHECK(mean(noise) > 192.75 - 1 && mean(noise) < 192.75 + 1);
}

TEST_MAIN(RUN(cover_and_real_packets_cannot_be_told_apart), RUN(random_bytes_are_told_apart),
          RUN(the_feature_has_the_mean_that_arithmetic_gives_it))
