/* Chooses the code for four permutations side by side: here there is only the portable one. */
#include "crypto/keccak_permute.h"

void cepa_keccak_permute_best(uint64_t lanes[CEPA_KECCAK_LANES], uint32_t cpu)
{
    (void)cpu;
    cepa_keccak_permute(lanes);
}

void cepa_keccak_permute_x4(uint64_t lanes[CEPA_KECCAK_LANES][CEPA_KECCAK_WAYS], uint32_t cpu)
{
    (void)cpu;
    cepa_keccak_permute_x4_portable(lanes);
}
