/* Rows of a table: what was measured several times. */
#ifndef CEPA_BENCH_MEASURE_VALUES_H
#define CEPA_BENCH_MEASURE_VALUES_H

#include <stddef.h>

enum { BENCH_VALUES_MAX = 64 };

/* Numbers of one row, in any order; none to begin with. */
struct bench_values {
    double value[BENCH_VALUES_MAX];
    size_t len;
};

/* bench_values_add adds one; those beyond BENCH_VALUES_MAX are dropped. */
void bench_values_add(struct bench_values *values, double value);

/* bench_values_print prints a row: median (least to greatest), or that there is nothing; sorts. */
void bench_values_print(const char *name, struct bench_values *values);

#endif
