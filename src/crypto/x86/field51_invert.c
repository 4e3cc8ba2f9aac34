/* Inversion modulo p = 2^255 - 19 by division steps, in constant time. @[SAFEGCD]
 *
 * Of f = p and g = z a step makes, with the counter delta that begins at 1/2,
 *
 *     (1 - delta, g, (g - f) / 2)   if delta > 0 and g is odd,
 *     (1 + delta, f, (g + f) / 2)   if delta <= 0 and g is odd,
 *     (1 + delta, f, g / 2)         if g is even.
 *
 * After 590 steps, enough for all f and g below 2^256, g is 0 and f is 1 or -1. Meanwhile d and e
 * go through the same steps modulo p, from 0 and 1, so that f = d z and g = e z throughout; at the
 * end d is the inverse or its negative. For z = 0 it is 0.
 *
 * Steps look at the lowest bits of f and g only. So 59 of them are made on single words and give a
 * matrix, which is applied to the long numbers once. The matrix is kept 2^3 times as large, so that
 * a limb's 62 bits, no more and no fewer, leave the long numbers on the right.
 *
 * Bounds. Entries of a row of the matrix satisfy |u| + |v| <= 2^62. f and g stay within (-p, p],
 * since a step halves a sum of two; d and e within (-2p, p): see advance_de. Long numbers have four
 * limbs of 62 bits and a signed one on top. A column of two products and one more for p is below
 * 2^126. */
#include "crypto/x86/field51.h"

#include "base/ct.h"

enum { ROUNDS = 10, STEPS = 59, FIRST_STEPS = 30, LIMBS = 5 };

#define LIMB_MASK (((uint64_t)1 << 62) - 1)

/* The inverse of p, and so of -19, modulo 2^62. */
#define P_INVERSE UINT64_C(0x39435e50d79435e5)

__extension__ typedef __int128 signed_wide;

/* The sum of limb[i] * 2^(62 i), of which only the last limb may be negative. */
struct long_number {
    int64_t limb[LIMBS];
};

/* 2^62 (f, g) = (u f + v g, q f + r g) for the new f and g on the left. */
struct matrix {
    int64_t u, v, q, r;
};

/* What steps go on with: delta as -(delta + 1/2), and the lowest words of f and g. */
struct words {
    uint64_t minus_delta, f, g;
};

/* Makes at most 30 steps and gives their matrix, 2^steps times as large as they are. Rows of two
 * entries, each within 2^30, are kept in one word, u + 2^32 v: sums, negatives and doubles of words
 * are those of the rows. */
static struct matrix make_steps(struct words *words, unsigned steps)
{
    uint64_t counter = words->minus_delta, f = words->f, g = words->g;
    uint64_t uv = 1, qr = (uint64_t)1 << 32;
    for (unsigned i = 0; i < steps; i++) {
        uint64_t positive = (uint64_t)((int64_t)counter >> 63);
        uint64_t odd = 0 - (g & 1);
        /* Hidden, lest the compiler make branches of masks. */
        __asm__("" : "+r"(positive), "+r"(odd));
        g += ((f ^ positive) - positive) & odd;
        qr += ((uv ^ positive) - positive) & odd;
        positive &= odd;
        counter = (counter ^ positive) - 1;
        f += g & positive;
        uv += qr & positive;
        g >>= 1;
        uv <<= 1;
    }
    *words = (struct words){counter, f, g};
    int64_t u = (int32_t)uv, q = (int32_t)qr;
    return (struct matrix){u, (int64_t)(uv - (uint64_t)u) >> 32, q,
                           (int64_t)(qr - (uint64_t)q) >> 32};
}

/* Makes 59 steps; their matrix is 2^62 times as large as they are, for which it begins as 8. */
static struct matrix make_round(struct words *words)
{
    struct matrix a = make_steps(words, FIRST_STEPS), b = make_steps(words, STEPS - FIRST_STEPS);
    return (struct matrix){(b.u * a.u + b.v * a.q) * 8, (b.u * a.v + b.v * a.r) * 8,
                           (b.q * a.u + b.r * a.q) * 8, (b.q * a.v + b.r * a.r) * 8};
}

static inline signed_wide row(int64_t a, int64_t x, int64_t b, int64_t y)
{
    return (signed_wide)a * x + (signed_wide)b * y;
}

static void advance_fg(struct long_number *f, struct long_number *g, const struct matrix *t)
{
    signed_wide sum_f = row(t->u, f->limb[0], t->v, g->limb[0]) >> 62;
    signed_wide sum_g = row(t->q, f->limb[0], t->r, g->limb[0]) >> 62;
    for (unsigned i = 1; i < LIMBS; i++) {
        sum_f += row(t->u, f->limb[i], t->v, g->limb[i]);
        sum_g += row(t->q, f->limb[i], t->r, g->limb[i]);
        f->limb[i - 1] = (int64_t)((uint64_t)sum_f & LIMB_MASK);
        g->limb[i - 1] = (int64_t)((uint64_t)sum_g & LIMB_MASK);
        sum_f >>= 62;
        sum_g >>= 62;
    }
    f->limb[LIMBS - 1] = (int64_t)sum_f;
    g->limb[LIMBS - 1] = (int64_t)sum_g;
}

/* Divides modulo p: adds such a multiple of p that the lowest 62 bits are 0. First p is added to d
 * and e where they are negative, which brings them from (-2p, p) into (-p, p), so a row is within
 * (-2^62 p, 2^62 p); then less than 2^62 times p is subtracted. So the results are in (-2p, p). */
static void advance_de(struct long_number *d, struct long_number *e, const struct matrix *t)
{
    int64_t d_negative = d->limb[4] >> 63, e_negative = e->limb[4] >> 63;
    int64_t times_d = (t->u & d_negative) + (t->v & e_negative);
    int64_t times_e = (t->q & d_negative) + (t->r & e_negative);
    signed_wide sum_d = row(t->u, d->limb[0], t->v, e->limb[0]);
    signed_wide sum_e = row(t->q, d->limb[0], t->r, e->limb[0]);
    times_d -= (int64_t)((P_INVERSE * (uint64_t)sum_d + (uint64_t)times_d) & LIMB_MASK);
    times_e -= (int64_t)((P_INVERSE * (uint64_t)sum_e + (uint64_t)times_e) & LIMB_MASK);
    sum_d = (sum_d - (signed_wide)times_d * 19) >> 62;
    sum_e = (sum_e - (signed_wide)times_e * 19) >> 62;
    for (unsigned i = 1; i < LIMBS; i++) {
        sum_d += row(t->u, d->limb[i], t->v, e->limb[i]);
        sum_e += row(t->q, d->limb[i], t->r, e->limb[i]);
        if (i == LIMBS - 1) {
            /* 2^255 is 2^7 in the last limb. */
            sum_d += (signed_wide)times_d * 128;
            sum_e += (signed_wide)times_e * 128;
        }
        d->limb[i - 1] = (int64_t)((uint64_t)sum_d & LIMB_MASK);
        e->limb[i - 1] = (int64_t)((uint64_t)sum_e & LIMB_MASK);
        sum_d >>= 62;
        sum_e >>= 62;
    }
    d->limb[LIMBS - 1] = (int64_t)sum_d;
    e->limb[LIMBS - 1] = (int64_t)sum_e;
}

/* a := (a or, by `negate`, -a) + (p if `add_p`); masks are all ones or 0. */
static void adjust(struct long_number *a, int64_t negate, int64_t add_p)
{
    int64_t carry = 0;
    for (unsigned i = 0; i < LIMBS; i++) {
        int64_t limb = ((a->limb[i] ^ negate) - negate) + carry;
        limb += i == 0 ? -19 & add_p : 0;
        limb += i == LIMBS - 1 ? 128 & add_p : 0;
        carry = limb >> 62;
        a->limb[i] = i == LIMBS - 1 ? limb : (int64_t)((uint64_t)limb & LIMB_MASK);
    }
}

static void from_words(struct long_number *ret, const uint64_t w[4])
{
    ret->limb[0] = (int64_t)(w[0] & LIMB_MASK);
    ret->limb[1] = (int64_t)((w[0] >> 62 | w[1] << 2) & LIMB_MASK);
    ret->limb[2] = (int64_t)((w[1] >> 60 | w[2] << 4) & LIMB_MASK);
    ret->limb[3] = (int64_t)((w[2] >> 58 | w[3] << 6) & LIMB_MASK);
    ret->limb[4] = (int64_t)(w[3] >> 56);
}

static void to_words(uint64_t ret_words[4], const struct long_number *a)
{
    ret_words[0] = (uint64_t)a->limb[0] | (uint64_t)a->limb[1] << 62;
    ret_words[1] = (uint64_t)a->limb[1] >> 2 | (uint64_t)a->limb[2] << 60;
    ret_words[2] = (uint64_t)a->limb[2] >> 4 | (uint64_t)a->limb[3] << 58;
    ret_words[3] = (uint64_t)a->limb[3] >> 6 | (uint64_t)a->limb[4] << 56;
}

void cepa_field51_invert(struct field51 *ret, const struct field51 *z)
{
    uint64_t words[4];
    uint8_t bytes[32];
    struct matrix matrix;
    struct long_number d = {{0}}, e = {{1}}, f, g;
    f = (struct long_number){{(int64_t)(LIMB_MASK - 18), (int64_t)LIMB_MASK, (int64_t)LIMB_MASK,
                              (int64_t)LIMB_MASK, 127}};
    field51_to_bytes(bytes, z);
    memcpy(words, bytes, sizeof words);
    from_words(&g, words);
    struct words low = {.minus_delta = UINT64_MAX};
    for (unsigned i = 0; i < ROUNDS; i++) {
        low.f = (uint64_t)f.limb[0];
        low.g = (uint64_t)g.limb[0];
        matrix = make_round(&low);
        advance_de(&d, &e, &matrix);
        advance_fg(&f, &g, &matrix);
    }
    /* From (-2p, p) to (-p, p), the sign of f, then to [0, p). */
    adjust(&d, 0, d.limb[4] >> 63);
    adjust(&d, f.limb[4] >> 63, 0);
    adjust(&d, 0, d.limb[4] >> 63);
    to_words(words, &d);
    memcpy(bytes, words, sizeof bytes);
    field51_from_bytes(ret, bytes);
    cepa_wipe(bytes, sizeof bytes);
    cepa_wipe(words, sizeof words);
    cepa_wipe(&matrix, sizeof matrix);
    cepa_wipe(&d, sizeof d);
    cepa_wipe(&e, sizeof e);
    cepa_wipe(&f, sizeof f);
    cepa_wipe(&g, sizeof g);
}
