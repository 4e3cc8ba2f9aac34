/* The judge of captures: what can be counted and measured in a window of a link's datagrams, and a
 * classifier that learns from some windows what another class's are like and is tried on others:
 * boosted decision stumps with logistic loss. */
#ifndef CEPA_TESTS_LAB_WIRE_JUDGE_H
#define CEPA_TESTS_LAB_WIRE_JUDGE_H

#include <stddef.h>
#include <stdint.h>

#include "lab/wire_capture.h"

enum { WIRE_FEATURES_EACH = 18, WIRE_FEATURES = 2 * WIRE_FEATURES_EACH };

/* What a node did while a window was open. */
enum wire_class { WIRE_IDLE, WIRE_CHAT, WIRE_BULK, WIRE_CLASSES };

/* A window. */
struct wire_window {
    uint8_t class;  /* enum wire_class */
    uint32_t block; /* windows of one block were recorded in a row */
    float features[WIRE_FEATURES];
};

/* Windows in memory of their own. */
struct wire_windows {
    struct wire_window *windows;
    size_t len;
};

/* How well two classes were told apart on windows that were not learned from. */
struct wire_verdict {
    double auc;
    double low, high; /* 90 % of resampled blocks lie between */
};

/* wire_features measures a window from `begin_ns`, `len_ns` long, of the datagrams between two
 * addresses; `near` is the one whose sending is "out". */
void wire_features(float ret_features[WIRE_FEATURES], const struct wire_datagram *datagrams,
                   size_t len, uint32_t near, uint32_t far, uint64_t begin_ns, uint64_t len_ns);

/* wire_judge learns two classes from `train` and is tried on `test`; for each pair of classes, and
 * in the last place their mean. */
void wire_judge(struct wire_verdict ret_verdicts[WIRE_CLASSES + 1],
                const struct wire_windows *train, const struct wire_windows *test);

#endif
