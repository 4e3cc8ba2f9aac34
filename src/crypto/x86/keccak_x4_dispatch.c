/* Chooses the code for the permutation of one state and of four side by side. */
#include "base/cpu.h"
#include "crypto/keccak_permute.h"

void cepa_keccak_permute_best(uint64_t lanes[CEPA_KECCAK_LANES], uint32_t cpu)
{
    if (cpu & CEPA_CPU_AVX512_IFMA) {
        cepa_keccak_permute_avx512(lanes);
    } else {
        cepa_keccak_permute(lanes);
    }
}

void cepa_keccak_permute_x4(uint64_t lanes[CEPA_KECCAK_LANES][CEPA_KECCAK_WAYS], uint32_t cpu)
{
    if (cpu & CEPA_CPU_AVX512_IFMA) {
        cepa_keccak_permute_x4_avx512(lanes);
    } else if (cpu & CEPA_CPU_AVX2) {
        cepa_keccak_permute_x4_avx2(lanes);
    } else {
        cepa_keccak_permute_x4_portable(lanes);
    }
}
