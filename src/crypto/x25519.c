/* X25519 with the check for points of low order.
 *
 * The library and other fast implementations return early when they meet a point of low order. The
 * check stands here instead: such a point is replaced by the base point under a mask, one
 * multiplication is made in any case, and the mask clears the result. */
#include "crypto/x25519.h"

#include <stddef.h>
#include <string.h>

#include "base/assert.h"
#include "base/ct.h"
#include "crypto/x25519_arch.h"

enum { LOW_ORDER_COUNT = 7 };

/* Every encoding below 2^255 of a point whose order divides 8, on the curve or on its twist: any
 * clamped scalar, a multiple of 8, takes these to zero and takes no other point there. */
static const uint8_t low_order[LOW_ORDER_COUNT][32] = {
    /* 0, of order 2 */
    {0},
    /* 1, of order 4 */
    {1},
    /* two points of order 8 */
    {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3,
     0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32,
     0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
    {0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1,
     0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c,
     0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57},
    /* p - 1, of order 4 on the twist */
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    /* p, which is 0 again */
    {0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    /* p + 1, which is 1 again */
    {0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
};

static const uint8_t base_point[32] = {9};
static const uint8_t zeros[32] = {0};

/* Gives all ones if the point, without its high bit, stands in the table, else 0. */
static uint32_t low_order_mask(const uint8_t point[32])
{
    uint32_t mask = 0;
    for (size_t i = 0; i < LOW_ORDER_COUNT; i++) {
        uint32_t difference = (uint32_t)((point[31] & 0x7f) ^ low_order[i][31]);
        for (size_t j = 0; j < 31; j++) {
            difference |= (uint32_t)(point[j] ^ low_order[i][j]);
        }
        mask |= cepa_ct_mask_if_zero(difference);
    }
    return mask;
}

/* Gives 0 for an empty mask and CEPA_ERR_LOW_ORDER_POINT for a full one, without a branch. */
static int low_order_error(uint32_t mask)
{
    return (int)(cepa_ct_barrier(mask) & 1) * CEPA_ERR_LOW_ORDER_POINT;
}

/* Copies a point, or the base point in place of one of low order; gives the mask. */
static uint32_t replace_low_order(uint8_t ret_point[32], const uint8_t point[32])
{
    uint32_t mask = low_order_mask(point);
    memcpy(ret_point, point, 32);
    cepa_ct_copy(ret_point, base_point, 32, mask);
    return mask;
}

int cepa_x25519(uint8_t ret[32], const uint8_t scalar[32], const uint8_t point[32], uint32_t cpu)
{
    uint8_t safe_point[32];
    uint32_t mask = replace_low_order(safe_point, point);
    cepa_arch_x25519(ret, scalar, safe_point, cpu);
    cepa_ct_copy(ret, zeros, sizeof zeros, mask);
    cepa_wipe(safe_point, sizeof safe_point);
    return low_order_error(mask);
}

void cepa_x25519_base(uint8_t ret[32], const uint8_t scalar[32], uint32_t cpu)
{
    cepa_arch_x25519_base(ret, scalar, cpu);
}

int cepa_x25519_check(const uint8_t point[32])
{
    return low_order_error(low_order_mask(point));
}

/* Puts zeros for the results of points of low order; gives the error if there are any. */
static int clear_low_order(uint8_t *results, const uint32_t *masks, size_t count)
{
    uint32_t any_mask = 0;
    for (size_t i = 0; i < count; i++) {
        cepa_ct_copy(results + 32 * i, zeros, sizeof zeros, masks[i]);
        any_mask |= masks[i];
    }
    return low_order_error(any_mask);
}

int cepa_x25519_batch(uint8_t *ret, const uint8_t *scalars, const uint8_t *points, size_t count,
                      uint32_t cpu)
{
    uint8_t safe_points[CEPA_X25519_BATCH_MAX][32] = {{0}};
    uint32_t masks[CEPA_X25519_BATCH_MAX];
    CEPA_ASSERT(count <= CEPA_X25519_BATCH_MAX);
    for (size_t i = 0; i < count; i++) {
        masks[i] = replace_low_order(safe_points[i], points + 32 * i);
    }
    cepa_arch_x25519_batch(ret, scalars, safe_points[0], count, cpu);
    cepa_wipe(safe_points, sizeof safe_points);
    return clear_low_order(ret, masks, count);
}

int cepa_x25519_agree(uint8_t *ret_publics, uint8_t *ret_secrets, const uint8_t *scalars,
                      const uint8_t *points, size_t count, uint32_t cpu)
{
    uint8_t safe_points[CEPA_X25519_AGREE_MAX][32] = {{0}};
    uint32_t masks[CEPA_X25519_AGREE_MAX];
    CEPA_ASSERT(count <= CEPA_X25519_AGREE_MAX);
    for (size_t i = 0; i < count; i++) {
        masks[i] = replace_low_order(safe_points[i], points + 32 * i);
    }
    cepa_arch_x25519_agree(ret_publics, ret_secrets, scalars, safe_points[0], count, cpu);
    cepa_wipe(safe_points, sizeof safe_points);
    return clear_low_order(ret_secrets, masks, count);
}
