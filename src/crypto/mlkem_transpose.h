/* Transposition of 16 x 16 numbers in ML-KEM, with the vectors that gcc and clang have on every
 * machine. For the kernels only. */
#ifndef CEPA_CRYPTO_MLKEM_TRANSPOSE_H
#define CEPA_CRYPTO_MLKEM_TRANSPOSE_H

#include <stdint.h>

/* Eight numbers in a vector register where there is one. */
typedef int16_t cepa_mlkem_lanes __attribute__((vector_size(16)));

/* cepa_mlkem_lanes_load reads 8 numbers. */
static inline cepa_mlkem_lanes cepa_mlkem_lanes_load(const int16_t *from)
{
    cepa_mlkem_lanes value;
    __builtin_memcpy(&value, from, sizeof value);
    return value;
}

/* cepa_mlkem_lanes_store writes 8 numbers. */
static inline void cepa_mlkem_lanes_store(int16_t *to, cepa_mlkem_lanes value)
{
    __builtin_memcpy(to, &value, sizeof value);
}

/* cepa_mlkem_lanes_low interleaves the lower halves of two vectors. */
static inline cepa_mlkem_lanes cepa_mlkem_lanes_low(cepa_mlkem_lanes a, cepa_mlkem_lanes b)
{
    return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}

/* cepa_mlkem_lanes_high interleaves the upper halves of two vectors. */
static inline cepa_mlkem_lanes cepa_mlkem_lanes_high(cepa_mlkem_lanes a, cepa_mlkem_lanes b)
{
    return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

/* cepa_mlkem_transpose_8 transposes 8 x 8 numbers of a 16 x 16 matrix; `to` may be `from`.
 * Interleaving the upper with the lower half three times moves each bit of the row number into the
 * column number. */
static inline void cepa_mlkem_transpose_8(int16_t *to, const int16_t *from)
{
    cepa_mlkem_lanes a[8];
    cepa_mlkem_lanes b[8];
    for (unsigned i = 0; i < 8; i++) {
        a[i] = cepa_mlkem_lanes_load(from + 16 * i);
    }
    for (unsigned i = 0; i < 4; i++) {
        b[2 * i] = cepa_mlkem_lanes_low(a[i], a[i + 4]);
        b[2 * i + 1] = cepa_mlkem_lanes_high(a[i], a[i + 4]);
    }
    for (unsigned i = 0; i < 4; i++) {
        a[2 * i] = cepa_mlkem_lanes_low(b[i], b[i + 4]);
        a[2 * i + 1] = cepa_mlkem_lanes_high(b[i], b[i + 4]);
    }
    for (unsigned i = 0; i < 4; i++) {
        cepa_mlkem_lanes_store(to + 32 * i, cepa_mlkem_lanes_low(a[i], a[i + 4]));
        cepa_mlkem_lanes_store(to + 32 * i + 16, cepa_mlkem_lanes_high(a[i], a[i + 4]));
    }
}

/* cepa_mlkem_transpose transposes 16 x 16 numbers from one place to another. */
static inline void cepa_mlkem_transpose(int16_t *restrict to, const int16_t *restrict from)
{
    cepa_mlkem_transpose_8(to, from);
    cepa_mlkem_transpose_8(to + 8, from + 128);
    cepa_mlkem_transpose_8(to + 128, from + 8);
    cepa_mlkem_transpose_8(to + 136, from + 136);
}

/* cepa_mlkem_transpose_in_place transposes 16 x 16 numbers where they stand. */
static inline void cepa_mlkem_transpose_in_place(int16_t *at)
{
    cepa_mlkem_transpose_8(at, at);
    cepa_mlkem_transpose_8(at + 8, at + 8);
    cepa_mlkem_transpose_8(at + 128, at + 128);
    cepa_mlkem_transpose_8(at + 136, at + 136);
    for (unsigned i = 0; i < 8; i++) {
        cepa_mlkem_lanes upper = cepa_mlkem_lanes_load(at + 8 + 16 * i);
        cepa_mlkem_lanes_store(at + 8 + 16 * i, cepa_mlkem_lanes_load(at + 128 + 16 * i));
        cepa_mlkem_lanes_store(at + 128 + 16 * i, upper);
    }
}

#endif
