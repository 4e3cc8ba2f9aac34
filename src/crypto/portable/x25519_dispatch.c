/* X25519 by the library. Its results are not asked for: it refuses points of low order
 * only, which do not come here, and its result is computed from the secret output, which nothing
 * may branch on. */
#include <sodium.h>

#include "crypto/x25519_arch.h"

void cepa_arch_x25519(uint8_t ret[32], const uint8_t scalar[32], const uint8_t point[32],
                      uint32_t cpu)
{
    (void)cpu;
    int error = crypto_scalarmult_curve25519(ret, scalar, point);
    (void)error;
}

void cepa_arch_x25519_base(uint8_t ret[32], const uint8_t scalar[32], uint32_t cpu)
{
    (void)cpu;
    int error = crypto_scalarmult_curve25519_base(ret, scalar);
    (void)error;
}

void cepa_arch_x25519_batch(uint8_t *ret, const uint8_t *scalars, const uint8_t *points,
                            size_t count, uint32_t cpu)
{
    for (size_t i = 0; i < count; i++) {
        cepa_arch_x25519(ret + 32 * i, scalars + 32 * i, points + 32 * i, cpu);
    }
}

void cepa_arch_x25519_agree(uint8_t *ret_publics, uint8_t *ret_secrets, const uint8_t *scalars,
                            const uint8_t *points, size_t count, uint32_t cpu)
{
    for (size_t i = 0; i < count; i++) {
        cepa_arch_x25519_base(ret_publics + 32 * i, scalars + 32 * i, cpu);
        cepa_arch_x25519(ret_secrets + 32 * i, scalars + 32 * i, points + 32 * i, cpu);
    }
}
