/* Keccak-f[1600] over one state, in portable C. @[FIPS202 3]
 *
 * A round reads one array and writes another, so that rho and pi cost no moves, and two rounds make
 * a turn of the loop. Chi needs a NOT per lane; instead the lanes in `complement` are kept inverted
 * between rounds, which turns most of them into a choice between AND and OR (De Morgan). Which
 * lanes these are, and where the five NOTs stay, follows from tracing the inversions through theta,
 * rho and pi; the set is the one published by Keccak's authors. */
#include "crypto/keccak_permute.h"

#include "base/ct.h"

const uint64_t cepa_keccak_round_constants[CEPA_KECCAK_ROUNDS] = {
    UINT64_C(0x0000000000000001), UINT64_C(0x0000000000008082), UINT64_C(0x800000000000808a),
    UINT64_C(0x8000000080008000), UINT64_C(0x000000000000808b), UINT64_C(0x0000000080000001),
    UINT64_C(0x8000000080008081), UINT64_C(0x8000000000008009), UINT64_C(0x000000000000008a),
    UINT64_C(0x0000000000000088), UINT64_C(0x0000000080008009), UINT64_C(0x000000008000000a),
    UINT64_C(0x000000008000808b), UINT64_C(0x800000000000008b), UINT64_C(0x8000000000008089),
    UINT64_C(0x8000000000008003), UINT64_C(0x8000000000008002), UINT64_C(0x8000000000000080),
    UINT64_C(0x000000000000800a), UINT64_C(0x800000008000000a), UINT64_C(0x8000000080008081),
    UINT64_C(0x8000000000008080), UINT64_C(0x0000000080000001), UINT64_C(0x8000000080008008)};

static inline uint64_t rotate(uint64_t value, unsigned by)
{
    return value << by | value >> (64 - by);
}

/* keccak_round writes one round of `a` to `e`; theta's column sums first, then row by row of the
 * result: theta, rho and pi give the five lanes b, chi mixes them, iota touches the first. */
static inline void keccak_round(uint64_t *restrict e, const uint64_t *restrict a, uint64_t constant)
{
    uint64_t c0 = a[0] ^ a[5] ^ a[10] ^ a[15] ^ a[20];
    uint64_t c1 = a[1] ^ a[6] ^ a[11] ^ a[16] ^ a[21];
    uint64_t c2 = a[2] ^ a[7] ^ a[12] ^ a[17] ^ a[22];
    uint64_t c3 = a[3] ^ a[8] ^ a[13] ^ a[18] ^ a[23];
    uint64_t c4 = a[4] ^ a[9] ^ a[14] ^ a[19] ^ a[24];
    uint64_t d0 = c4 ^ rotate(c1, 1);
    uint64_t d1 = c0 ^ rotate(c2, 1);
    uint64_t d2 = c1 ^ rotate(c3, 1);
    uint64_t d3 = c2 ^ rotate(c4, 1);
    uint64_t d4 = c3 ^ rotate(c0, 1);
    uint64_t b0, b1, b2, b3, b4;

    b0 = a[0] ^ d0;
    b1 = rotate(a[6] ^ d1, 44);
    b2 = rotate(a[12] ^ d2, 43);
    b3 = rotate(a[18] ^ d3, 21);
    b4 = rotate(a[24] ^ d4, 14);
    e[0] = b0 ^ (b1 | b2) ^ constant;
    e[1] = b1 ^ (~b2 | b3);
    e[2] = b2 ^ (b3 & b4);
    e[3] = b3 ^ (b4 | b0);
    e[4] = b4 ^ (b0 & b1);

    b0 = rotate(a[3] ^ d3, 28);
    b1 = rotate(a[9] ^ d4, 20);
    b2 = rotate(a[10] ^ d0, 3);
    b3 = rotate(a[16] ^ d1, 45);
    b4 = rotate(a[22] ^ d2, 61);
    e[5] = b0 ^ (b1 | b2);
    e[6] = b1 ^ (b2 & b3);
    e[7] = b2 ^ (b3 | ~b4);
    e[8] = b3 ^ (b4 | b0);
    e[9] = b4 ^ (b0 & b1);

    b0 = rotate(a[1] ^ d1, 1);
    b1 = rotate(a[7] ^ d2, 6);
    b2 = rotate(a[13] ^ d3, 25);
    b3 = rotate(a[19] ^ d4, 8);
    b4 = rotate(a[20] ^ d0, 18);
    e[10] = b0 ^ (b1 | b2);
    e[11] = b1 ^ (b2 & b3);
    e[12] = b2 ^ (~b3 & b4);
    e[13] = ~b3 ^ (b4 | b0);
    e[14] = b4 ^ (b0 & b1);

    b0 = rotate(a[4] ^ d4, 27);
    b1 = rotate(a[5] ^ d0, 36);
    b2 = rotate(a[11] ^ d1, 10);
    b3 = rotate(a[17] ^ d2, 15);
    b4 = rotate(a[23] ^ d3, 56);
    e[15] = b0 ^ (b1 & b2);
    e[16] = b1 ^ (b2 | b3);
    e[17] = b2 ^ (~b3 | b4);
    e[18] = ~b3 ^ (b4 & b0);
    e[19] = b4 ^ (b0 | b1);

    b0 = rotate(a[2] ^ d2, 62);
    b1 = rotate(a[8] ^ d3, 55);
    b2 = rotate(a[14] ^ d4, 39);
    b3 = rotate(a[15] ^ d0, 41);
    b4 = rotate(a[21] ^ d1, 2);
    e[20] = b0 ^ (~b1 & b2);
    e[21] = ~b1 ^ (b2 | b3);
    e[22] = b2 ^ (b3 & b4);
    e[23] = b3 ^ (b4 | b0);
    e[24] = b4 ^ (b0 & b1);
}

static void complement(uint64_t *lanes)
{
    lanes[1] = ~lanes[1];
    lanes[2] = ~lanes[2];
    lanes[8] = ~lanes[8];
    lanes[12] = ~lanes[12];
    lanes[17] = ~lanes[17];
    lanes[20] = ~lanes[20];
}

void cepa_keccak_permute(uint64_t lanes[CEPA_KECCAK_LANES])
{
    uint64_t other[CEPA_KECCAK_LANES];
    complement(lanes);
    for (unsigned i = 0; i < CEPA_KECCAK_ROUNDS; i += 2) {
        keccak_round(other, lanes, cepa_keccak_round_constants[i]);
        keccak_round(lanes, other, cepa_keccak_round_constants[i + 1]);
    }
    complement(lanes);
    cepa_wipe(other, sizeof other);
}
