/* X25519 of the base point on the birationally equivalent curve edwards25519, where multiples of a
 * fixed point can be computed beforehand. @[RFC7748 4.1]
 *
 * The scalar is 64 signed digits d[k] of base 16. With k = 8 i + j the result is
 *
 *     sum over j of 16^j (sum over i of d[8 i + j] 2^(32 i) B),
 *
 * by Horner's rule over j: 28 doublings and 64 additions of entries (|d|) 2^(32 i) B. Each addition
 * reads all eight entries of its row and keeps one by masks, so that no address depends on a digit,
 * and the formulas hold for all points, the neutral one included.
 *
 * Bounds: products have limbs below 2^51 + 2^18, sums of two of them are below 2^52 + 2^19, and a
 * difference, to which 2 p is added, of such a sum and a product below 2^53 + 2^19; all may be
 * factors. */
#include "crypto/x86/x25519_kernels.h"

#include <stddef.h>

#include "base/ct.h"
#include "crypto/x25519_arch.h"
#include "crypto/x86/field51.h"
#include "crypto/x86/x25519_base_table.h"

/* (X/Z, Y/Z) with T = X Y / Z */
struct point {
    struct field51 x, y, z, t;
};

/* A point (x, y) of the table: y - x, y + x and 2 d x y. */
struct entry {
    struct field51 difference, sum, product;
};

/* What remains of a sum or a double before its last four products. */
struct halfway {
    struct field51 e, f, g, h;
};

static inline struct field51 add(const struct field51 *a, const struct field51 *b)
{
    return (struct field51){{a->limb[0] + b->limb[0], a->limb[1] + b->limb[1],
                             a->limb[2] + b->limb[2], a->limb[3] + b->limb[3],
                             a->limb[4] + b->limb[4]}};
}

/* a - b + 2 p, where b is a product. */
static inline struct field51 subtract(const struct field51 *a, const struct field51 *b)
{
    const uint64_t first = 2 * (FIELD51_MASK - 18), other = 2 * FIELD51_MASK;
    return (struct field51){{a->limb[0] + first - b->limb[0], a->limb[1] + other - b->limb[1],
                             a->limb[2] + other - b->limb[2], a->limb[3] + other - b->limb[3],
                             a->limb[4] + other - b->limb[4]}};
}

static void finish(struct point *ret, const struct halfway *half)
{
    field51_mul(&ret->x, &half->e, &half->f);
    field51_mul(&ret->y, &half->g, &half->h);
    field51_mul(&ret->z, &half->f, &half->g);
    field51_mul(&ret->t, &half->e, &half->h);
}

static void double_point(struct point *p)
{
    struct field51 a, b, c, s = add(&p->x, &p->y);
    struct halfway half;
    field51_square(&a, &p->x);
    field51_square(&b, &p->y);
    field51_square(&c, &p->z);
    field51_square(&s, &s);
    c = add(&c, &c);
    half.h = add(&a, &b);
    half.e = subtract(&half.h, &s);
    half.g = subtract(&a, &b);
    half.f = add(&c, &half.g);
    finish(p, &half);
}

static void add_entry(struct point *p, const struct entry *entry)
{
    struct field51 a = subtract(&p->y, &p->x), b = add(&p->y, &p->x), c, d = add(&p->z, &p->z);
    struct halfway half;
    field51_mul(&a, &a, &entry->difference);
    field51_mul(&b, &b, &entry->sum);
    field51_mul(&c, &p->t, &entry->product);
    half.e = subtract(&b, &a);
    half.f = subtract(&d, &c);
    half.g = add(&d, &c);
    half.h = add(&b, &a);
    finish(p, &half);
}

/* Writes digit times 2^(32 row) B; the neutral point for 0. */
static void take_entry(struct entry *ret, size_t row, int8_t digit)
{
    uint32_t negative = (uint32_t)0 - ((uint8_t)digit >> 7);
    uint32_t magnitude = ((uint32_t)digit ^ negative) - negative;
    struct x25519_base_entry taken = {{{1, 1, 0}}};
    for (uint32_t j = 0; j < 8; j++) {
        uint64_t mask = cepa_ct_mask_if_equal(magnitude, j + 1);
        mask |= mask << 32;
        for (size_t k = 0; k < 5; k++) {
            const uint64_t *limb = cepa_x25519_base_table[row][j].limb[k];
            taken.limb[k][0] ^= mask & (taken.limb[k][0] ^ limb[0]);
            taken.limb[k][1] ^= mask & (taken.limb[k][1] ^ limb[1]);
            taken.limb[k][2] ^= mask & (taken.limb[k][2] ^ limb[2]);
        }
    }
    /* The negative of (x, y) is (-x, y). */
    uint64_t mask = cepa_ct_barrier(negative);
    mask |= mask << 32;
    for (size_t k = 0; k < 5; k++) {
        uint64_t swapped = mask & (taken.limb[k][0] ^ taken.limb[k][1]);
        uint64_t twice_p = 2 * (k == 0 ? FIELD51_MASK - 18 : FIELD51_MASK);
        ret->difference.limb[k] = taken.limb[k][0] ^ swapped;
        ret->sum.limb[k] = taken.limb[k][1] ^ swapped;
        ret->product.limb[k] = (taken.limb[k][2] ^ mask) + (mask & (twice_p + 1));
    }
    cepa_wipe(&taken, sizeof taken);
}

void cepa_x25519_digits(int8_t ret_digits[X25519_DIGITS], const uint8_t scalar[32])
{
    uint8_t clamped[32];
    x25519_clamp(clamped, scalar);
    int carry = 0;
    for (size_t i = 0; i < 32; i++) {
        int low = (clamped[i] & 15) + carry;
        carry = (low + 8) >> 4;
        ret_digits[2 * i] = (int8_t)(low - 16 * carry);
        int high = (clamped[i] >> 4) + carry;
        carry = i < 31 ? (high + 8) >> 4 : 0;
        ret_digits[2 * i + 1] = (int8_t)(high - 16 * carry);
    }
    cepa_wipe(clamped, sizeof clamped);
}

void cepa_x25519_base_integer(uint8_t ret[32], const uint8_t scalar[32])
{
    int8_t digits[X25519_DIGITS];
    struct entry entry;
    struct point p = {.y = {{1}}, .z = {{1}}};
    cepa_x25519_digits(digits, scalar);
    for (size_t j = 8; j-- > 0;) {
        for (size_t i = 0; i < 8; i++) {
            take_entry(&entry, i, digits[8 * i + j]);
            add_entry(&p, &entry);
        }
        for (size_t i = 0; i < 4 && j > 0; i++) {
            double_point(&p);
        }
    }
    /* u = (1 + y) / (1 - y); y is not 1, for no clamped scalar is a multiple of the order of B. */
    struct field51 numerator = add(&p.z, &p.y), denominator = subtract(&p.z, &p.y);
    cepa_field51_invert(&denominator, &denominator);
    field51_mul(&numerator, &numerator, &denominator);
    field51_to_bytes(ret, &numerator);
    cepa_wipe(digits, sizeof digits);
    cepa_wipe(&entry, sizeof entry);
    cepa_wipe(&p, sizeof p);
    cepa_wipe(&numerator, sizeof numerator);
    cepa_wipe(&denominator, sizeof denominator);
}
