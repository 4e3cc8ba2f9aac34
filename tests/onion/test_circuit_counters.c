/* What two relays of one circuit write into their logs does not let them find each other: over many
 * circuits, the counters that one relay saw say nothing about those that another saw. */
#include <stdlib.h>
#include <string.h>

#include "support/circuit_net.h"
#include "support/test.h"

enum { CIRCUITS = 2000, HOPS = 3, CELLS = 3 };

static struct circuit_net net;
static uint64_t forward_log[CIRCUITS][HOPS];  /* a counter of each circuit at each relay */
static uint64_t backward_log[CIRCUITS][HOPS]; /* the same for cells of the last hop */

static void write_logs(void)
{
    for (uint32_t i = 0; i < CIRCUITS; i++) {
        net_init(&net, 1000 + i, HOPS, 0);
        for (unsigned n = 0; n < CELLS; n++) {
            net_say(&net, HOPS - 1, "x");
        }
        memcpy(forward_log[i], net.seen, sizeof forward_log[i]);
        uint64_t counter = net.relays[HOPS - 1].counters.backward_start;
        for (size_t hop = HOPS; hop-- > 0;) {
            backward_log[i][hop] = counter;
            counter += hop > 0 ? net.relays[hop - 1].counters.backward_offset : 0;
        }
    }
}

/* Pearson's chi-square of bytes against the uniform distribution; 255 degrees of freedom, 99.99 %
 * of honest samples stay below 347. */
static int is_uniform(const uint64_t *values, unsigned shift)
{
    unsigned counts[256] = {0};
    unsigned long long sum = 0;
    for (size_t i = 0; i < CIRCUITS; i++) {
        counts[(values[i] >> shift) & 255]++;
    }
    for (size_t i = 0; i < 256; i++) {
        sum += (unsigned long long)counts[i] * counts[i];
    }
    /* chi = 256 / n * sum - n */
    return 256 * sum < (unsigned long long)CIRCUITS * (CIRCUITS + 347);
}

static void check_pair(uint64_t log[CIRCUITS][HOPS], size_t a, size_t b)
{
    static uint64_t differences[CIRCUITS];
    unsigned nearest_right = 0;
    for (size_t i = 0; i < CIRCUITS; i++) {
        differences[i] = log[i][b] - log[i][a];
        CHECK(differences[i] != 0);
    }
    for (unsigned shift = 0; shift < 64; shift += 8) {
        CHECK(is_uniform(differences, shift));
    }
    /* The best guess of a matcher, the nearest counter, is right about once in all circuits. */
    for (size_t i = 0; i < CIRCUITS; i++) {
        size_t best = 0;
        for (size_t j = 1; j < CIRCUITS; j++) {
            if (log[j][b] - log[i][a] < log[best][b] - log[i][a]) {
                best = j;
            }
        }
        nearest_right += best == i;
    }
    CHECK(nearest_right <= 8);
}

TEST(logs_of_two_relays_do_not_match)
{
    write_logs();
    for (size_t a = 0; a < HOPS; a++) {
        for (size_t b = 0; b < HOPS; b++) {
            if (a != b) {
                check_pair(forward_log, a, b);
                check_pair(backward_log, a, b);
            }
        }
    }
}

TEST(the_same_test_sees_counters_without_offsets)
{
    static uint64_t plain[CIRCUITS];
    for (size_t i = 0; i < CIRCUITS; i++) {
        plain[i] = i % 7; /* a hop that forwarded c + (small number) */
    }
    CHECK(!is_uniform(plain, 0));
    CHECK(!is_uniform(plain, 8));
}

TEST_MAIN(RUN(logs_of_two_relays_do_not_match), RUN(the_same_test_sees_counters_without_offsets))
