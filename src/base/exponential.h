/* Exponentially distributed delays without floating point: the gaps of a Poisson process. */
#ifndef CEPA_BASE_EXPONENTIAL_H
#define CEPA_BASE_EXPONENTIAL_H

#include <stdint.h>

/* A larger mean counts as this one (4.5 years). */
#define CEPA_EXPONENTIAL_MEAN_MAX_NS (UINT64_C(1) << 57)

/* No draw is larger than this many times the mean: 64 bits of randomness reach 64 * ln 2 = 44.4. */
#define CEPA_EXPONENTIAL_TIMES_MAX 45

/* cepa_exponential_ns gives the delay that `random_bits` (64 fresh random bits) stand for, when
 * delays have the mean `mean_ns`: -ln(random_bits / 2^64) * mean_ns, to within 2e-6 * mean_ns + 1.
 * The larger the bits, the shorter the delay; it may be 0. */
uint64_t cepa_exponential_ns(uint64_t random_bits, uint64_t mean_ns);

#endif
