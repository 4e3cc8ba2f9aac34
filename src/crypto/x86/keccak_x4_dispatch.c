/* Chooses the code for four permutations side by side. */
#include "base/cpu.h"
#include "crypto/keccak_permute.h"

void cepa_keccak_permute_x4(uint64_t lanes[CEPA_KECCAK_LANES][CEPA_KECCAK_WAYS], uint32_t cpu)
{
    if (cpu & CEPA_CPU_AVX2) {
        cepa_keccak_permute_x4_avx2(lanes);
    } else {
        cepa_keccak_permute_x4_portable(lanes);
    }
}
