/* X25519 on x86-64: by our own vectors where there is AVX-512 IFMA, else by the library, which has
 * AVX code of its own, and for the base point by our own integers, which need half its time. The
 * library's results are not asked for: it refuses points of low order only, which do not come here,
 * and its result is computed from the secret output, which nothing may branch on. */
#include <sodium.h>
#include <string.h>

#include "base/cpu.h"
#include "base/ct.h"
#include "crypto/x25519_arch.h"
#include "crypto/x86/x25519_kernels.h"

/* A batch costs as much as three points alone, or two points and two times the base point, whether
 * it is full or not. */
enum { BATCH_MIN = 4, AGREE_MIN = 3 };

enum { BASE_POINT = 9 };

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

/* Fills one batch: first with the points, then with as many base points as there is room for. The
 * base points that are left go alone. */
static void agree_in_one_batch(uint8_t *ret_publics, uint8_t *ret_secrets, const uint8_t *scalars,
                               const uint8_t *points, size_t count)
{
    uint8_t lane_scalars[X25519_LANES][32], lane_points[X25519_LANES][32] = {{0}};
    size_t room = X25519_LANES - count < count ? X25519_LANES - count : count;
    memcpy(lane_scalars, scalars, 32 * count);
    memcpy(lane_scalars[count], scalars, 32 * room);
    memcpy(lane_points, points, 32 * count);
    for (size_t i = 0; i < room; i++) {
        lane_points[count + i][0] = BASE_POINT;
    }
    cepa_x25519_batch_ifma(lane_points[0], lane_scalars[0], lane_points[0], count + room);
    memcpy(ret_secrets, lane_points, 32 * count);
    memcpy(ret_publics, lane_points[count], 32 * room);
    for (size_t i = room; i < count; i++) {
        cepa_x25519_base_ifma(ret_publics + 32 * i, scalars + 32 * i);
    }
    cepa_wipe(lane_scalars, sizeof lane_scalars);
    cepa_wipe(lane_points, sizeof lane_points);
}

void cepa_arch_x25519_agree(uint8_t *ret_publics, uint8_t *ret_secrets, const uint8_t *scalars,
                            const uint8_t *points, size_t count, uint32_t cpu)
{
    if ((cpu & CEPA_CPU_AVX512_IFMA) && count >= AGREE_MIN) {
        agree_in_one_batch(ret_publics, ret_secrets, scalars, points, count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        cepa_arch_x25519_base(ret_publics + 32 * i, scalars + 32 * i, cpu);
        cepa_arch_x25519(ret_secrets + 32 * i, scalars + 32 * i, points + 32 * i, cpu);
    }
}
