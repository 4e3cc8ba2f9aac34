/* What bytes look like to somebody who knows nothing: the few statistics that tests of
 * indistinguishability need. */
#ifndef CEPA_TESTS_SUPPORT_CHANCE_H
#define CEPA_TESTS_SUPPORT_CHANCE_H

#include <stddef.h>
#include <stdint.h>

enum { CHANCE_FOUR_PREIMAGES_BYTES = 960 }; /* the part of a ciphertext with 10-bit numbers */

/* How often each value of a byte was seen. */
struct chance_bytes {
    double counts[256];
    double total;
};

/* chance_add counts `len` bytes. */
void chance_add(struct chance_bytes *bytes, const uint8_t *data, size_t len);

/* chance_uniform compares with the uniform distribution: the number of standard deviations by
 * which chi square (255 degrees of freedom) exceeds its mean. Random bytes stay below 6. */
double chance_uniform(const struct chance_bytes *bytes);

/* chance_same compares two counts with each other in the same way. */
double chance_same(const struct chance_bytes *a, const struct chance_bytes *b);

/* chance_longest_run gives the length of the longest run of `value` in `len` bytes. */
size_t chance_longest_run(const uint8_t *data, size_t len, uint8_t value);

/* chance_four_preimages counts, among the 768 numbers of 10 bits at the start of an ML-KEM-768
 * ciphertext, those onto which four numbers below q are rounded; onto all others it is three. In a
 * real ciphertext 237 are expected, in random bytes 193. @[FIPS203 4.2.1] */
int chance_four_preimages(const uint8_t ciphertext[CHANCE_FOUR_PREIMAGES_BYTES]);

/* chance_classify fits a threshold that tells the values `a` from the values `b`, `len` each, on
 * the first half of both, and gives the share of the second half that it gets right. */
double chance_classify(const int *a, const int *b, size_t len);

#endif
