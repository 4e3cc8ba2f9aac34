/* Rejection sampling of the matrix of ML-DSA with AVX2, eight candidates at a time. Nearly all are
 * taken, so that eight are mostly stored as they are. Everything here is public.
 * @[FIPS204 7.3] */
#include <immintrin.h>

#include "crypto/mldsa_sample.h"

enum { CANDIDATES = 8, CANDIDATES_BYTES = 3 * CANDIDATES };

/* load_candidates gives the eight 23-bit numbers at `bytes`; it reads four bytes more. */
static inline __m256i load_candidates(const uint8_t *bytes)
{
    const __m256i spread = _mm256_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1, 0,
                                            1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1);
    __m128i low = _mm_loadu_si128((const __m128i *)(const void *)bytes);
    __m128i high = _mm_loadu_si128((const __m128i *)(const void *)(bytes + CANDIDATES_BYTES / 2));
    __m256i both = _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
    return _mm256_and_si256(_mm256_shuffle_epi8(both, spread), _mm256_set1_epi32(0x7fffff));
}

unsigned cepa_mldsa_take_uniform_avx2(struct cepa_mldsa_poly *poly, unsigned count,
                                      const uint8_t *bytes, size_t len)
{
    const __m256i q = _mm256_set1_epi32(CEPA_MLDSA_Q);
    size_t i = 0;
    for (; i + CANDIDATES_BYTES <= len && count + CANDIDATES <= CEPA_MLDSA_DEGREE;
         i += CANDIDATES_BYTES) {
        __m256i candidates = load_candidates(bytes + i);
        int taken = _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpgt_epi32(q, candidates)));
        if (taken == 0xff) {
            _mm256_storeu_si256((__m256i *)(void *)(poly->coefficients + count), candidates);
            count += CANDIDATES;
        } else {
            count = cepa_mldsa_take_uniform_portable(poly, count, bytes + i, CANDIDATES_BYTES);
        }
    }
    return cepa_mldsa_take_uniform_portable(poly, count, bytes + i, len - i);
}
