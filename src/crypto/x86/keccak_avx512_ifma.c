/* Keccak-f[1600] with the 32 registers, rotations and three-input logic of AVX-512: over four
 * states side by side, or one, which gains as much. The state stays in registers. @[FIPS202 3] */
#include <immintrin.h>

#include "base/ct.h"
#include "crypto/keccak_permute.h"

enum { XOR_3 = 0x96, CHI = 0xd2 }; /* truth tables of a ^ b ^ c and a ^ (~b & c) */

static inline __m256i xor_3(__m256i a, __m256i b, __m256i c)
{
    return _mm256_ternarylogic_epi64(a, b, c, XOR_3);
}

static inline __m256i chi(__m256i a, __m256i b, __m256i c)
{
    return _mm256_ternarylogic_epi64(a, b, c, CHI);
}

static inline __m256i column(const __m256i *a)
{
    return xor_3(xor_3(a[0], a[5], a[10]), a[15], a[20]);
}

static inline __m256i theta(__m256i left, __m256i right)
{
    return _mm256_xor_si256(left, _mm256_rol_epi64(right, 1));
}

/* keccak_round writes one round of `a` to `e`, row by row of the result; each lane of `a` is used
 * once after theta's columns, so that 32 registers suffice. */
static inline void keccak_round(__m256i *restrict e, const __m256i *restrict a, uint64_t constant)
{
    __m256i c0 = column(a), c1 = column(a + 1), c2 = column(a + 2), c3 = column(a + 3),
            c4 = column(a + 4);
    __m256i d0 = theta(c4, c1), d1 = theta(c0, c2), d2 = theta(c1, c3), d3 = theta(c2, c4),
            d4 = theta(c3, c0);
    __m256i b0, b1, b2, b3, b4;

    b0 = _mm256_xor_si256(a[0], d0);
    b1 = _mm256_rol_epi64(_mm256_xor_si256(a[6], d1), 44);
    b2 = _mm256_rol_epi64(_mm256_xor_si256(a[12], d2), 43);
    b3 = _mm256_rol_epi64(_mm256_xor_si256(a[18], d3), 21);
    b4 = _mm256_rol_epi64(_mm256_xor_si256(a[24], d4), 14);
    e[0] = _mm256_xor_si256(chi(b0, b1, b2), _mm256_set1_epi64x((long long)constant));
    e[1] = chi(b1, b2, b3);
    e[2] = chi(b2, b3, b4);
    e[3] = chi(b3, b4, b0);
    e[4] = chi(b4, b0, b1);

    b0 = _mm256_rol_epi64(_mm256_xor_si256(a[3], d3), 28);
    b1 = _mm256_rol_epi64(_mm256_xor_si256(a[9], d4), 20);
    b2 = _mm256_rol_epi64(_mm256_xor_si256(a[10], d0), 3);
    b3 = _mm256_rol_epi64(_mm256_xor_si256(a[16], d1), 45);
    b4 = _mm256_rol_epi64(_mm256_xor_si256(a[22], d2), 61);
    e[5] = chi(b0, b1, b2);
    e[6] = chi(b1, b2, b3);
    e[7] = chi(b2, b3, b4);
    e[8] = chi(b3, b4, b0);
    e[9] = chi(b4, b0, b1);

    b0 = _mm256_rol_epi64(_mm256_xor_si256(a[1], d1), 1);
    b1 = _mm256_rol_epi64(_mm256_xor_si256(a[7], d2), 6);
    b2 = _mm256_rol_epi64(_mm256_xor_si256(a[13], d3), 25);
    b3 = _mm256_rol_epi64(_mm256_xor_si256(a[19], d4), 8);
    b4 = _mm256_rol_epi64(_mm256_xor_si256(a[20], d0), 18);
    e[10] = chi(b0, b1, b2);
    e[11] = chi(b1, b2, b3);
    e[12] = chi(b2, b3, b4);
    e[13] = chi(b3, b4, b0);
    e[14] = chi(b4, b0, b1);

    b0 = _mm256_rol_epi64(_mm256_xor_si256(a[4], d4), 27);
    b1 = _mm256_rol_epi64(_mm256_xor_si256(a[5], d0), 36);
    b2 = _mm256_rol_epi64(_mm256_xor_si256(a[11], d1), 10);
    b3 = _mm256_rol_epi64(_mm256_xor_si256(a[17], d2), 15);
    b4 = _mm256_rol_epi64(_mm256_xor_si256(a[23], d3), 56);
    e[15] = chi(b0, b1, b2);
    e[16] = chi(b1, b2, b3);
    e[17] = chi(b2, b3, b4);
    e[18] = chi(b3, b4, b0);
    e[19] = chi(b4, b0, b1);

    b0 = _mm256_rol_epi64(_mm256_xor_si256(a[2], d2), 62);
    b1 = _mm256_rol_epi64(_mm256_xor_si256(a[8], d3), 55);
    b2 = _mm256_rol_epi64(_mm256_xor_si256(a[14], d4), 39);
    b3 = _mm256_rol_epi64(_mm256_xor_si256(a[15], d0), 41);
    b4 = _mm256_rol_epi64(_mm256_xor_si256(a[21], d1), 2);
    e[20] = chi(b0, b1, b2);
    e[21] = chi(b1, b2, b3);
    e[22] = chi(b2, b3, b4);
    e[23] = chi(b3, b4, b0);
    e[24] = chi(b4, b0, b1);
}

static inline void permute(__m256i state[CEPA_KECCAK_LANES])
{
    __m256i other[CEPA_KECCAK_LANES];
    for (unsigned i = 0; i < CEPA_KECCAK_ROUNDS; i += 2) {
        keccak_round(other, state, cepa_keccak_round_constants[i]);
        keccak_round(state, other, cepa_keccak_round_constants[i + 1]);
    }
}

void cepa_keccak_permute_x4_avx512(uint64_t lanes[CEPA_KECCAK_LANES][CEPA_KECCAK_WAYS])
{
    __m256i state[CEPA_KECCAK_LANES];
    for (unsigned i = 0; i < CEPA_KECCAK_LANES; i++) {
        state[i] = _mm256_loadu_si256((const __m256i *)(const void *)lanes[i]);
    }
    permute(state);
    for (unsigned i = 0; i < CEPA_KECCAK_LANES; i++) {
        _mm256_storeu_si256((__m256i *)(void *)lanes[i], state[i]);
    }
    cepa_wipe(state, sizeof state);
}

void cepa_keccak_permute_avx512(uint64_t lanes[CEPA_KECCAK_LANES])
{
    __m256i state[CEPA_KECCAK_LANES];
    for (unsigned i = 0; i < CEPA_KECCAK_LANES; i++) {
        state[i] =
            _mm256_castsi128_si256(_mm_loadl_epi64((const __m128i *)(const void *)&lanes[i]));
    }
    permute(state);
    for (unsigned i = 0; i < CEPA_KECCAK_LANES; i++) {
        _mm_storel_epi64((__m128i *)(void *)&lanes[i], _mm256_castsi256_si128(state[i]));
    }
    cepa_wipe(state, sizeof state);
}
