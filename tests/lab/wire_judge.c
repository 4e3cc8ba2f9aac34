/* Features, boosted stumps, and the area under the curve with its interval. */
#define _GNU_SOURCE
#include "lab/wire_judge.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    LARGE = 600, /* bytes from which on a datagram carries a frame */
    GAPS_MAX = 1 << 15,
    BINS = 25,    /* of a window, to see bursts */
    ROUNDS = 120, /* of boosting */
    RESAMPLES = 1000,
    CUTS = 24 /* places where a stump may cut, of each feature */
};
#define CLOSE_NS 150000 /* datagrams that leave together */
#define SHRINKAGE 0.15

/* --- features ------------------------------------------------------------------------------- */

/* What is gathered of one direction. */
struct direction {
    double gaps[GAPS_MAX]; /* between large ones, µs */
    size_t gaps_len;
    double large, small, bytes, close;
    double bins[BINS];
    double delay_sum, delay_squares, delays; /* from the other side's last large one to a small */
    double echo_sum, echo_squares, echoes;   /* likewise to a large one */
    uint64_t last_large;
    uint32_t sizes; /* one bit for each of some sizes: how varied they are */
};

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

static void take(struct direction *own, const struct direction *other,
                 const struct wire_datagram *datagram, uint64_t begin_ns, uint64_t len_ns)
{
    uint64_t at = datagram->at_ns;
    double since = other->last_large != 0 ? (double)(at - other->last_large) / 1000 : 0;
    own->bytes += datagram->len;
    own->sizes |= (uint32_t)1 << datagram->len % 31;
    own->bins[(at - begin_ns) * BINS / len_ns]++;
    if (datagram->len < LARGE) {
        own->small++;
        own->delay_sum += since;
        own->delay_squares += since * since;
        own->delays += other->last_large != 0;
        return;
    }
    own->large++;
    own->echo_sum += since;
    own->echo_squares += since * since;
    own->echoes += other->last_large != 0;
    if (own->last_large != 0 && own->gaps_len < GAPS_MAX) {
        own->gaps[own->gaps_len++] = (double)(at - own->last_large) / 1000;
        own->close += at - own->last_large < CLOSE_NS;
    }
    own->last_large = at;
}

static double spread(double sum, double squares, double count)
{
    double mean = count > 0 ? sum / count : 0;
    double square = count > 0 ? squares / count - mean * mean : 0;
    return square > 0 ? sqrt(square) : 0;
}

static void finish(float *ret_features, struct direction *direction)
{
    double sum = 0;
    double squares = 0;
    double most = 0;
    double bins = 0;
    double bin_squares = 0;
    size_t len = direction->gaps_len;
    for (size_t i = 0; i < len; i++) {
        sum += direction->gaps[i];
        squares += direction->gaps[i] * direction->gaps[i];
    }
    for (size_t i = 0; i < BINS; i++) {
        most = direction->bins[i] > most ? direction->bins[i] : most;
        bins += direction->bins[i];
        bin_squares += direction->bins[i] * direction->bins[i];
    }
    qsort(direction->gaps, len, sizeof direction->gaps[0], compare);
    uint32_t sizes = direction->sizes;
    unsigned kinds = 0;
    for (; sizes != 0; sizes &= sizes - 1) {
        kinds++;
    }
    const double values[WIRE_FEATURES_EACH] = {
        direction->large,
        direction->small,
        direction->bytes,
        kinds,
        len > 0 ? sum / (double)len : 0,
        spread(sum, squares, (double)len),
        len > 0 ? direction->gaps[0] : 0,
        len > 0 ? direction->gaps[len / 10] : 0,
        len > 0 ? direction->gaps[len / 4] : 0,
        len > 0 ? direction->gaps[len / 2] : 0,
        len > 0 ? direction->gaps[len * 9 / 10] : 0,
        len > 0 ? direction->gaps[len - 1] : 0,
        direction->close,
        most,
        spread(bins, bin_squares, BINS),
        direction->delays > 0 ? direction->delay_sum / direction->delays : 0,
        spread(direction->delay_sum, direction->delay_squares, direction->delays),
        spread(direction->echo_sum, direction->echo_squares, direction->echoes)};
    for (size_t i = 0; i < WIRE_FEATURES_EACH; i++) {
        ret_features[i] = (float)values[i];
    }
}

void wire_features(float ret_features[WIRE_FEATURES], const struct wire_datagram *datagrams,
                   size_t len, uint32_t near, uint32_t far, uint64_t begin_ns, uint64_t len_ns)
{
    static struct direction directions[2];
    memset(directions, 0, sizeof directions);
    for (size_t i = 0; i < len; i++) {
        const struct wire_datagram *datagram = &datagrams[i];
        if (datagram->at_ns < begin_ns || datagram->at_ns - begin_ns >= len_ns) {
            continue;
        }
        if (datagram->from == near && datagram->to == far) {
            take(&directions[0], &directions[1], datagram, begin_ns, len_ns);
        } else if (datagram->from == far && datagram->to == near) {
            take(&directions[1], &directions[0], datagram, begin_ns, len_ns);
        }
    }
    finish(ret_features, &directions[0]);
    finish(ret_features + WIRE_FEATURES_EACH, &directions[1]);
}

/* --- the classifier -------------------------------------------------------------------------- */

/* One question, and what each answer to it says. */
struct stump {
    size_t feature;
    float cut;
    double below, above;
};

/* Sums of a side of a cut. */
struct side {
    double gradient, weight;
};

static double gain_of(struct side side)
{
    return side.gradient * side.gradient / (side.weight + 1);
}

/* Looks for the best cut of one feature. `order` has the windows by that feature. */
static double best_cut(struct stump *ret_stump, size_t feature,
                       const struct wire_window *const *set, size_t len, const double *gradients,
                       const double *weights, const float *cuts)
{
    double best = 0;
    for (size_t c = 0; c < CUTS; c++) {
        struct side below = {0, 0};
        struct side above = {0, 0};
        for (size_t i = 0; i < len; i++) {
            struct side *side = set[i]->features[feature] < cuts[c] ? &below : &above;
            side->gradient += gradients[i];
            side->weight += weights[i];
        }
        double gain = gain_of(below) + gain_of(above);
        if (gain > best) {
            best = gain;
            ret_stump->feature = feature;
            ret_stump->cut = cuts[c];
            ret_stump->below = SHRINKAGE * below.gradient / (below.weight + 1);
            ret_stump->above = SHRINKAGE * above.gradient / (above.weight + 1);
        }
    }
    return best;
}

static int compare_floats(const void *a, const void *b)
{
    float left = *(const float *)a;
    float right = *(const float *)b;
    return (left > right) - (left < right);
}

/* Places to cut: the feature's quantiles. */
static void find_cuts(float cuts[WIRE_FEATURES][CUTS], const struct wire_window *const *set,
                      size_t len)
{
    float *values = malloc(len * sizeof values[0]);
    if (values == NULL) {
        abort();
    }
    for (size_t f = 0; f < WIRE_FEATURES; f++) {
        for (size_t i = 0; i < len; i++) {
            values[i] = set[i]->features[f];
        }
        qsort(values, len, sizeof values[0], compare_floats);
        for (size_t c = 0; c < CUTS; c++) {
            cuts[f][c] = values[(c + 1) * len / (CUTS + 1)];
        }
    }
    free(values);
}

static double answer(const struct stump *stump, const struct wire_window *window)
{
    return window->features[stump->feature] < stump->cut ? stump->below : stump->above;
}

/* Learns to tell `positive` from the others in the set. */
static void learn(struct stump stumps[ROUNDS], const struct wire_window *const *set, size_t len,
                  enum wire_class positive)
{
    static float cuts[WIRE_FEATURES][CUTS];
    double *scores = calloc(3 * len + 1, sizeof scores[0]);
    if (scores == NULL) {
        abort();
    }
    double *gradients = scores + len;
    double *weights = gradients + len;
    find_cuts(cuts, set, len);
    for (size_t r = 0; r < ROUNDS; r++) {
        double best = 0;
        for (size_t i = 0; i < len; i++) {
            double p = 1 / (1 + exp(-scores[i]));
            gradients[i] = (set[i]->class == positive) - p;
            weights[i] = p * (1 - p);
        }
        memset(&stumps[r], 0, sizeof stumps[r]);
        for (size_t f = 0; f < WIRE_FEATURES; f++) {
            struct stump stump;
            double gain = best_cut(&stump, f, set, len, gradients, weights, cuts[f]);
            if (gain > best) {
                best = gain;
                stumps[r] = stump;
            }
        }
        for (size_t i = 0; i < len; i++) {
            scores[i] += answer(&stumps[r], set[i]);
        }
    }
    free(scores);
}

/* --- judging --------------------------------------------------------------------------------- */

/* A window of the test and what the classifier says of it. */
struct judged {
    double score;
    uint32_t block;
    bool is_positive;
};

static int compare_judged(const void *a, const void *b)
{
    const struct judged *left = a;
    const struct judged *right = b;
    return (left->score > right->score) - (left->score < right->score);
}

/* The probability that a positive one scores higher than another, ties being half of it. They are
 * ordered by score; `counts` says how often each block is in the sample, or NULL: once. */
static double area(const struct judged *judged, size_t len, const uint32_t *counts)
{
    double higher = 0;
    double positives = 0;
    double others = 0;
    for (size_t i = 0; i < len;) {
        double positives_here = 0;
        double others_here = 0;
        double score = judged[i].score;
        for (; i < len && judged[i].score <= score; i++) {
            double weight = counts != NULL ? counts[judged[i].block] : 1;
            positives_here += judged[i].is_positive ? weight : 0;
            others_here += judged[i].is_positive ? 0 : weight;
        }
        higher += positives_here * (others + others_here / 2);
        positives += positives_here;
        others += others_here;
    }
    return positives * others > 0 ? higher / (positives * others) : 0.5;
}

/* The windows of two classes. */
static size_t choose(const struct wire_window **ret_set, const struct wire_windows *windows,
                     enum wire_class a, enum wire_class b)
{
    size_t len = 0;
    for (size_t i = 0; i < windows->len; i++) {
        if (windows->windows[i].class == a || windows->windows[i].class == b) {
            ret_set[len++] = &windows->windows[i];
        }
    }
    return len;
}

static size_t judge_pair(struct judged *ret_judged, const struct wire_windows *train,
                         const struct wire_windows *test, enum wire_class a, enum wire_class b)
{
    static struct stump stumps[ROUNDS];
    size_t most = train->len > test->len ? train->len : test->len;
    const struct wire_window **set = calloc(most + 1, sizeof(const struct wire_window *));
    if (set == NULL) {
        abort();
    }
    learn(stumps, set, choose(set, train, a, b), b);
    size_t len = choose(set, test, a, b);
    for (size_t i = 0; i < len; i++) {
        ret_judged[i] = (struct judged){0, set[i]->block, set[i]->class == b};
        for (size_t r = 0; r < ROUNDS; r++) {
            ret_judged[i].score += answer(&stumps[r], set[i]);
        }
    }
    free(set);
    qsort(ret_judged, len, sizeof ret_judged[0], compare_judged);
    return len;
}

static struct wire_verdict sum_up(double auc, double *resampled)
{
    qsort(resampled, RESAMPLES, sizeof resampled[0], compare);
    return (struct wire_verdict){auc, resampled[RESAMPLES / 20], resampled[RESAMPLES * 19 / 20]};
}

void wire_judge(struct wire_verdict ret_verdicts[WIRE_CLASSES + 1],
                const struct wire_windows *train, const struct wire_windows *test)
{
    static double resampled[WIRE_CLASSES + 1][RESAMPLES];
    struct judged *judged[WIRE_CLASSES];
    size_t lens[WIRE_CLASSES];
    uint32_t blocks = 0;
    double mean = 0;
    for (size_t i = 0; i < test->len; i++) {
        blocks = test->windows[i].block >= blocks ? test->windows[i].block + 1 : blocks;
    }
    uint32_t *counts = calloc(blocks + 1, sizeof counts[0]);
    for (unsigned pair = 0; pair < WIRE_CLASSES; pair++) {
        enum wire_class a = pair == 2 ? WIRE_CHAT : WIRE_IDLE;
        enum wire_class b = pair == 0 ? WIRE_CHAT : WIRE_BULK;
        judged[pair] = calloc(test->len + 1, sizeof judged[pair][0]);
        if (counts == NULL || judged[pair] == NULL) {
            abort();
        }
        lens[pair] = judge_pair(judged[pair], train, test, a, b);
    }
    srandom(1);
    for (size_t r = 0; r < RESAMPLES; r++) {
        memset(counts, 0, blocks * sizeof counts[0]);
        for (uint32_t i = 0; i < blocks; i++) {
            counts[(uint32_t)random() % blocks]++;
        }
        resampled[WIRE_CLASSES][r] = 0;
        for (unsigned pair = 0; pair < WIRE_CLASSES; pair++) {
            resampled[pair][r] = area(judged[pair], lens[pair], counts);
            resampled[WIRE_CLASSES][r] += resampled[pair][r] / WIRE_CLASSES;
        }
    }
    for (unsigned pair = 0; pair < WIRE_CLASSES; pair++) {
        double auc = area(judged[pair], lens[pair], NULL);
        mean += auc / WIRE_CLASSES;
        ret_verdicts[pair] = sum_up(auc, resampled[pair]);
        free(judged[pair]);
    }
    ret_verdicts[WIRE_CLASSES] = sum_up(mean, resampled[WIRE_CLASSES]);
    free(counts);
}
