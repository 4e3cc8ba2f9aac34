/* Keccak-f[1600] over four states for WebAssembly: two at a time, since a vector holds two lanes.
 * It takes as long as one and a half alone. @[FIPS202 3] */
#include "base/ct.h"
#include "crypto/keccak_permute.h"

typedef uint64_t pair __attribute__((vector_size(16)));

static inline pair rotate(pair value, int by)
{
    return value << by | value >> (64 - by);
}

/* keccak_round writes one round of `a` to `e`, row by row of the result. */
static inline void keccak_round(pair *restrict e, const pair *restrict a, uint64_t constant)
{
    pair c0 = a[0] ^ a[5] ^ a[10] ^ a[15] ^ a[20];
    pair c1 = a[1] ^ a[6] ^ a[11] ^ a[16] ^ a[21];
    pair c2 = a[2] ^ a[7] ^ a[12] ^ a[17] ^ a[22];
    pair c3 = a[3] ^ a[8] ^ a[13] ^ a[18] ^ a[23];
    pair c4 = a[4] ^ a[9] ^ a[14] ^ a[19] ^ a[24];
    pair d0 = c4 ^ rotate(c1, 1), d1 = c0 ^ rotate(c2, 1), d2 = c1 ^ rotate(c3, 1);
    pair d3 = c2 ^ rotate(c4, 1), d4 = c3 ^ rotate(c0, 1);
    pair b0, b1, b2, b3, b4;

    b0 = a[0] ^ d0;
    b1 = rotate(a[6] ^ d1, 44);
    b2 = rotate(a[12] ^ d2, 43);
    b3 = rotate(a[18] ^ d3, 21);
    b4 = rotate(a[24] ^ d4, 14);
    e[0] = b0 ^ (~b1 & b2) ^ (pair) { constant, constant };
    e[1] = b1 ^ (~b2 & b3);
    e[2] = b2 ^ (~b3 & b4);
    e[3] = b3 ^ (~b4 & b0);
    e[4] = b4 ^ (~b0 & b1);

    b0 = rotate(a[3] ^ d3, 28);
    b1 = rotate(a[9] ^ d4, 20);
    b2 = rotate(a[10] ^ d0, 3);
    b3 = rotate(a[16] ^ d1, 45);
    b4 = rotate(a[22] ^ d2, 61);
    e[5] = b0 ^ (~b1 & b2);
    e[6] = b1 ^ (~b2 & b3);
    e[7] = b2 ^ (~b3 & b4);
    e[8] = b3 ^ (~b4 & b0);
    e[9] = b4 ^ (~b0 & b1);

    b0 = rotate(a[1] ^ d1, 1);
    b1 = rotate(a[7] ^ d2, 6);
    b2 = rotate(a[13] ^ d3, 25);
    b3 = rotate(a[19] ^ d4, 8);
    b4 = rotate(a[20] ^ d0, 18);
    e[10] = b0 ^ (~b1 & b2);
    e[11] = b1 ^ (~b2 & b3);
    e[12] = b2 ^ (~b3 & b4);
    e[13] = b3 ^ (~b4 & b0);
    e[14] = b4 ^ (~b0 & b1);

    b0 = rotate(a[4] ^ d4, 27);
    b1 = rotate(a[5] ^ d0, 36);
    b2 = rotate(a[11] ^ d1, 10);
    b3 = rotate(a[17] ^ d2, 15);
    b4 = rotate(a[23] ^ d3, 56);
    e[15] = b0 ^ (~b1 & b2);
    e[16] = b1 ^ (~b2 & b3);
    e[17] = b2 ^ (~b3 & b4);
    e[18] = b3 ^ (~b4 & b0);
    e[19] = b4 ^ (~b0 & b1);

    b0 = rotate(a[2] ^ d2, 62);
    b1 = rotate(a[8] ^ d3, 55);
    b2 = rotate(a[14] ^ d4, 39);
    b3 = rotate(a[15] ^ d0, 41);
    b4 = rotate(a[21] ^ d1, 2);
    e[20] = b0 ^ (~b1 & b2);
    e[21] = b1 ^ (~b2 & b3);
    e[22] = b2 ^ (~b3 & b4);
    e[23] = b3 ^ (~b4 & b0);
    e[24] = b4 ^ (~b0 & b1);
}

/* permute_two takes ways `first` and `first` + 1 through the 24 rounds. */
static void permute_two(uint64_t lanes[CEPA_KECCAK_LANES][CEPA_KECCAK_WAYS], unsigned first)
{
    pair state[CEPA_KECCAK_LANES];
    pair other[CEPA_KECCAK_LANES];
    for (unsigned i = 0; i < CEPA_KECCAK_LANES; i++) {
        state[i] = (pair){lanes[i][first], lanes[i][first + 1]};
    }
    for (unsigned i = 0; i < CEPA_KECCAK_ROUNDS; i += 2) {
        keccak_round(other, state, cepa_keccak_round_constants[i]);
        keccak_round(state, other, cepa_keccak_round_constants[i + 1]);
    }
    for (unsigned i = 0; i < CEPA_KECCAK_LANES; i++) {
        lanes[i][first] = state[i][0];
        lanes[i][first + 1] = state[i][1];
    }
    cepa_wipe(state, sizeof state);
    cepa_wipe(other, sizeof other);
}

void cepa_keccak_permute_best(uint64_t lanes[CEPA_KECCAK_LANES], uint32_t cpu)
{
    (void)cpu;
    cepa_keccak_permute(lanes);
}

void cepa_keccak_permute_x4(uint64_t lanes[CEPA_KECCAK_LANES][CEPA_KECCAK_WAYS], uint32_t cpu)
{
    (void)cpu;
    permute_two(lanes, 0);
    permute_two(lanes, 2);
}
