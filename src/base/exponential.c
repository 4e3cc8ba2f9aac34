/* A table of the binary logarithm with linear interpolation, in fixed point. */
#include "base/exponential.h"

#include "base/log2_table.h"

#define FRACTION_BITS 31              /* of the table */
#define LN2_BITS 26                   /* so that 64 * 2^31 * ln 2 * 2^26 fits */
#define LN2_SCALED UINT64_C(46516320) /* ln 2 in units of 2^-26, rounded */
#define FRACTION_MASK (((uint64_t)1 << FRACTION_BITS) - 1)

/* log2(1 + fraction / 2^63) in units of 2^-31: the top 8 of the 63 bits choose the table's
 * interval, the next 32 the place in it. */
static uint64_t log2_of(uint64_t fraction)
{
    uint64_t interval = fraction >> 55;
    uint64_t rest = (fraction >> 23) & UINT32_MAX;
    uint64_t low = log2_table[interval];
    uint64_t high = log2_table[interval + 1];
    return low + (((high - low) * rest) >> 32);
}

/* -ln(bits / 2^64) in units of 2^-31, at most 64 * ln 2; bits of 0 count as 1. */
static uint64_t negative_ln(uint64_t bits)
{
    if (bits == 0) {
        bits = 1;
    }
    unsigned leading = (unsigned)__builtin_clzll(bits);
    uint64_t fraction = (bits << leading) & (UINT64_MAX >> 1);
    uint64_t log2_negative = ((uint64_t)(leading + 1) << FRACTION_BITS) - log2_of(fraction);
    return (log2_negative * LN2_SCALED) >> LN2_BITS;
}

uint64_t cepa_exponential_ns(uint64_t random_bits, uint64_t mean_ns)
{
    if (mean_ns > CEPA_EXPONENTIAL_MEAN_MAX_NS) {
        mean_ns = CEPA_EXPONENTIAL_MEAN_MAX_NS;
    }
    uint64_t factor = negative_ln(random_bits);
    uint64_t whole = factor >> FRACTION_BITS;
    uint64_t part = factor & FRACTION_MASK;
    /* mean * part in two halves, because it may have 57 + 31 bits. */
    uint64_t high = ((mean_ns >> 32) * part) << (32 - FRACTION_BITS);
    uint64_t low = ((mean_ns & UINT32_MAX) * part) >> FRACTION_BITS;
    return mean_ns * whole + high + low;
}
