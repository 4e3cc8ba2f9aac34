/* X25519 on x86-64: by our own vectors where there is AVX-512 IFMA, else by the library, which has
 * AVX code of its own, and for the base point by our own integers, which need half its time. The
 * library's results are not asked for: it refuses points of low order only, which do not come here,
 * and its result is computed from the secret output, which nothing may branch on. */
#include <sodium.h>

#include "base/cpu.h"
#include "crypto/x25519_arch.h"
#include "crypto/x86/x25519_kernels.h"

/* A batch costs as much as three points alone, whether it is full or not. */
enum { BATCH_MIN = 4 };

void cepa_arch_x25519(uint8_t ret[32], const uint8_t scalar[32], const uint8_t point[32],
                      uint32_t cpu)
{
    if (cpu & CEPA_CPU_AVX512_IFMA) {
        cepa_x25519_ifma(ret, scalar, point);
        return;
    }
    int error = crypto_scalarmult_curve25519(ret, scalar, point);
    (void)error;
}

void cepa_arch_x25519_base(uint8_t ret[32], const uint8_t scalar[32], uint32_t cpu)
{
    if (cpu & CEPA_CPU_AVX512_IFMA) {
        cepa_x25519_base_ifma(ret, scalar);
    } else {
        cepa_x25519_base_integer(ret, scalar);
    }
}

void cepa_arch_x25519_batch(uint8_t *ret, const uint8_t *scalars, const uint8_t *points,
                            size_t count, uint32_t cpu)
{
    size_t i = 0;
    while ((cpu & CEPA_CPU_AVX512_IFMA) && count - i >= BATCH_MIN) {
        size_t part = count - i < X25519_LANES ? count - i : X25519_LANES;
        cepa_x25519_batch_ifma(ret + 32 * i, scalars + 32 * i, points + 32 * i, part);
        i += part;
    }
    for (; i < count; i++) {
        cepa_arch_x25519(ret + 32 * i, scalars + 32 * i, points + 32 * i, cpu);
    }
}
