/* The permutation Keccak-f[1600] under SHA-3: one state, or four side by side. For the hash
 * functions of this room and for callers that arrange their own blocks. @[FIPS202 3] */
#ifndef CEPA_CRYPTO_KECCAK_PERMUTE_H
#define CEPA_CRYPTO_KECCAK_PERMUTE_H

#include <stdint.h>

#include "crypto/keccak.h"

enum { CEPA_KECCAK_ROUNDS = 24 };

/* cepa_keccak_round_constants are iota's, one per round. @[FIPS202 3.2.5] */
extern const uint64_t cepa_keccak_round_constants[CEPA_KECCAK_ROUNDS];

/* cepa_keccak_permute applies the 24 rounds to the state. Lane x + 5 y is `lanes[x + 5 * y]`. */
void cepa_keccak_permute(uint64_t lanes[CEPA_KECCAK_LANES]);

/* cepa_keccak_permute_best does the same with the best code that `cpu` allows. */
void cepa_keccak_permute_best(uint64_t lanes[CEPA_KECCAK_LANES], uint32_t cpu);

/* cepa_keccak_permute_x4 applies the 24 rounds to each of four states, with the best code that
 * `cpu` allows. */
void cepa_keccak_permute_x4(uint64_t lanes[CEPA_KECCAK_LANES][CEPA_KECCAK_WAYS], uint32_t cpu);

/* cepa_keccak_permute_x4_portable does the same in portable C. */
void cepa_keccak_permute_x4_portable(uint64_t lanes[CEPA_KECCAK_LANES][CEPA_KECCAK_WAYS]);

/* cepa_keccak_permute_x4_avx2 does the same with AVX2; present in x86 builds only. */
void cepa_keccak_permute_x4_avx2(uint64_t lanes[CEPA_KECCAK_LANES][CEPA_KECCAK_WAYS]);

/* cepa_keccak_permute_avx512 and cepa_keccak_permute_x4_avx512 do the same with AVX-512's vectors
 * of 256 bits; present in x86 builds only. */
void cepa_keccak_permute_avx512(uint64_t lanes[CEPA_KECCAK_LANES]);
void cepa_keccak_permute_x4_avx512(uint64_t lanes[CEPA_KECCAK_LANES][CEPA_KECCAK_WAYS]);

#endif
