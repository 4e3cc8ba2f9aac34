/* Chi square, runs, rounded numbers, one threshold. */
#include "support/chance.h"

#include <math.h>
#include <stdbool.h>

enum { Q = 3329, FEATURE_MAX = 1024 };

void chance_add(struct chance_bytes *bytes, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bytes->counts[data[i]] += 1;
    }
    bytes->total += (double)len;
}

/* Chi square has the mean 255 and the variance 2 * 255. */
static double deviations(double chi_square)
{
    return (chi_square - 255) / sqrt(510);
}

double chance_uniform(const struct chance_bytes *bytes)
{
    double expected = bytes->total / 256;
    double chi_square = 0;
    for (size_t i = 0; i < 256; i++) {
        double difference = bytes->counts[i] - expected;
        chi_square += difference * difference / expected;
    }
    return deviations(chi_square);
}

double chance_same(const struct chance_bytes *a, const struct chance_bytes *b)
{
    double chi_square = 0;
    for (size_t i = 0; i < 256; i++) {
        double both = a->counts[i] + b->counts[i];
        double difference =
            a->counts[i] * sqrt(b->total / a->total) - b->counts[i] * sqrt(a->total / b->total);
        chi_square += both > 0 ? difference * difference / both : 0;
    }
    return deviations(chi_square);
}

size_t chance_longest_run(const uint8_t *data, size_t len, uint8_t value)
{
    size_t longest = 0;
    size_t run = 0;
    for (size_t i = 0; i < len; i++) {
        run = data[i] == value ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    return longest;
}

static bool has_four_preimages(unsigned rounded)
{
    static uint8_t preimages[1024];
    if (preimages[0] == 0) {
        for (unsigned x = 0; x < Q; x++) {
            preimages[(1024 * x + Q / 2) / Q % 1024]++;
        }
    }
    return preimages[rounded] == 4;
}

int chance_four_preimages(const uint8_t ciphertext[CHANCE_FOUR_PREIMAGES_BYTES])
{
    int count = 0;
    for (size_t i = 0; i < 768; i++) {
        size_t bit = 10 * i;
        unsigned pair = ciphertext[bit / 8] | (unsigned)ciphertext[bit / 8 + 1] << 8;
        count += has_four_preimages(pair >> (bit % 8) & 1023);
    }
    return count;
}

/* How many of the values from `first` to `end` a threshold gets right, if `a` is above it. */
static size_t rights(const int *a, const int *b, size_t first, size_t end, int threshold)
{
    size_t count = 0;
    for (size_t i = first; i < end; i++) {
        count += (a[i] > threshold ? 1u : 0u) + (b[i] <= threshold ? 1u : 0u);
    }
    return count;
}

double chance_classify(const int *a, const int *b, size_t len)
{
    size_t half = len / 2;
    size_t best = 0;
    int best_threshold = 0;
    bool is_above = true;
    for (int threshold = -1; threshold <= FEATURE_MAX; threshold++) {
        size_t count = rights(a, b, 0, half, threshold);
        size_t other = 2 * half - count;
        if (count > best || other > best) {
            is_above = count >= other;
            best = is_above ? count : other;
            best_threshold = threshold;
        }
    }
    double share = (double)rights(a, b, half, 2 * half, best_threshold) / (double)(2 * half);
    return is_above ? share : 1 - share;
}
