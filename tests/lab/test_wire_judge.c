/* The judge of captures: it sees what is there, and nothing where there is nothing. */
#define _GNU_SOURCE
#include "lab/wire_judge.h"

#include <stdlib.h>
#include <string.h>

#include "support/test.h"

enum { BLOCKS = 120, BLOCK_WINDOWS = 3, WINDOWS = BLOCKS * BLOCK_WINDOWS };

static struct wire_window train_windows[WINDOWS];
static struct wire_window test_windows[WINDOWS];

/* Fills windows with noise; `shift` moves one measure of one class. */
static struct wire_windows make(struct wire_window *windows, unsigned seed, float shift)
{
    srandom(seed);
    for (unsigned i = 0; i < WINDOWS; i++) {
        windows[i].block = i / BLOCK_WINDOWS;
        windows[i].class = (uint8_t)(windows[i].block % WIRE_CLASSES);
        for (unsigned f = 0; f < WIRE_FEATURES; f++) {
            windows[i].features[f] = (float)(random() % 10000) / 10000;
        }
        windows[i].features[7] += windows[i].class == WIRE_BULK ? shift : 0;
    }
    return (struct wire_windows){windows, WINDOWS};
}

TEST(a_difference_is_seen)
{
    struct wire_verdict verdicts[WIRE_CLASSES + 1];
    const struct wire_windows train = make(train_windows, 1, 0.7F);
    const struct wire_windows test = make(test_windows, 2, 0.7F);
    wire_judge(verdicts, &train, &test);
    CHECK(verdicts[1].auc > 0.9 && verdicts[2].auc > 0.9);
    CHECK(verdicts[0].auc < 0.65 && verdicts[0].low < 0.5);
    CHECK(verdicts[1].low <= verdicts[1].auc && verdicts[1].auc <= verdicts[1].high);
}

TEST(noise_is_not)
{
    struct wire_verdict verdicts[WIRE_CLASSES + 1];
    const struct wire_windows train = make(train_windows, 3, 0);
    const struct wire_windows test = make(test_windows, 4, 0);
    wire_judge(verdicts, &train, &test);
    CHECK(verdicts[WIRE_CLASSES].low < 0.5 && verdicts[WIRE_CLASSES].high > 0.5);
}

TEST(measures_are_of_the_window_and_the_link)
{
    enum { NEAR = 1, FAR = 2, LEN_NS = 1000000 };
    const struct wire_datagram datagrams[] = {
        {900000, NEAR, FAR, 1193, 23}, {1000000, NEAR, FAR, 1193, 23},
        {1200000, FAR, NEAR, 65, 23},  {1300000, NEAR, FAR, 1193, 23},
        {1400000, NEAR, 3, 1193, 23},  {2000000, FAR, NEAR, 65, 23}};
    float features[WIRE_FEATURES];
    wire_features(features, datagrams, sizeof datagrams / sizeof datagrams[0], NEAR, FAR, 1000000,
                  LEN_NS);
    CHECK_INT(features[0], 2);                         /* large ones that left */
    CHECK_INT(features[2], 2386);                      /* their bytes */
    CHECK_INT(features[4], 300);                       /* the gap between them, µs */
    CHECK_INT(features[WIRE_FEATURES_EACH + 1], 1);    /* small ones that came */
    CHECK_INT(features[WIRE_FEATURES_EACH + 15], 200); /* after the last large one that left, µs */
}

TEST_MAIN(RUN(a_difference_is_seen), RUN(noise_is_not),
          RUN(measures_are_of_the_window_and_the_link))
