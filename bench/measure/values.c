/* Medians. */
#include "measure/values.h"

#include <stdio.h>
#include <stdlib.h>

void bench_values_add(struct bench_values *values, double value)
{
    if (values->len < BENCH_VALUES_MAX) {
        values->value[values->len] = value;
        values->len++;
    }
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

void bench_values_print(const char *name, struct bench_values *values)
{
    if (values->len == 0) {
        printf("  %-46s    failed\n", name);
        return;
    }
    qsort(values->value, values->len, sizeof values->value[0], compare);
    double middle = values->value[(values->len - 1) / 2];
    int digits = middle < 10 ? 2 : middle < 1000 ? 1 : 0;
    printf("  %-46s %9.*f (%.*f to %.*f)\n", name, digits, middle, digits, values->value[0], digits,
           values->value[values->len - 1]);
    (void)fflush(stdout);
}
