/* The number-theoretic transform of ML-KEM and products of transforms, in portable C that compilers
 * turn into vector code: every inner loop runs along a row of 16. @[FIPS203 4.3]
 *
 * Why nothing overflows: a butterfly adds a product, |product| <= q / 2 + |x| / 39, so seven layers
 * bring |x| <= q to less than 5 q, and 2^15 is more than 9 q. The inverse doubles sums instead: it
 * starts from reduced numbers, reaches 4 q after three layers, and reduces sums in the fourth. */
#include "crypto/mlkem_kernels.h"
#include "crypto/mlkem_transpose.h"

void cepa_mlkem_ntt_arrange_portable(struct cepa_mlkem_ntt *ret_ntt,
                                     const int16_t ordered[CEPA_MLKEM_N])
{
    cepa_mlkem_transpose((int16_t *)(void *)ret_ntt, ordered);
}

void cepa_mlkem_ntt_order(struct cepa_mlkem_poly *ret_ordered, const struct cepa_mlkem_ntt *ntt)
{
    cepa_mlkem_transpose(ret_ordered->at, (const int16_t *)(const void *)ntt);
}

/* forward_step replaces (x, y) by (x + zeta y, x - zeta y). */
static inline void forward_step(int16_t *x, int16_t *y, int16_t zeta, int16_t zeta_low)
{
    int16_t product = cepa_mlkem_multiply(*y, zeta, zeta_low);
    *y = (int16_t)(*x - product);
    *x = (int16_t)(*x + product);
}

/* inverse_step replaces (x, y) by (x + y, (x - y) zeta). */
static inline void inverse_step(int16_t *x, int16_t *y, int16_t zeta, int16_t zeta_low)
{
    int16_t difference = (int16_t)(*x - *y);
    *x = (int16_t)(*x + *y);
    *y = cepa_mlkem_multiply(difference, zeta, zeta_low);
}

/* forward_first_layers does the layers of distance 128 and 64, from one place to another. */
static void forward_first_layers(int16_t *restrict to, const int16_t *restrict from)
{
    const int16_t *z = cepa_mlkem_forward_twiddles.scalar;
    const int16_t *z_low = cepa_mlkem_forward_twiddles.scalar_low;
    for (unsigned j = 0; j < 64; j++) {
        int16_t a = from[j], b = from[j + 64], c = from[j + 128], d = from[j + 192];
        forward_step(&a, &c, z[1], z_low[1]);
        forward_step(&b, &d, z[1], z_low[1]);
        forward_step(&a, &b, z[2], z_low[2]);
        forward_step(&c, &d, z[3], z_low[3]);
        to[j] = a, to[j + 64] = b, to[j + 128] = c, to[j + 192] = d;
    }
}

/* forward_middle_layers does the layers of distance 32 and 16 on block `i` of four. */
static void forward_middle_layers(int16_t (*row)[16], unsigned i)
{
    const int16_t *z = cepa_mlkem_forward_twiddles.scalar;
    const int16_t *z_low = cepa_mlkem_forward_twiddles.scalar_low;
    for (unsigned j = 0; j < 16; j++) {
        int16_t a = row[0][j], b = row[1][j], c = row[2][j], d = row[3][j];
        forward_step(&a, &c, z[4 + i], z_low[4 + i]);
        forward_step(&b, &d, z[4 + i], z_low[4 + i]);
        forward_step(&a, &b, z[8 + 2 * i], z_low[8 + 2 * i]);
        forward_step(&c, &d, z[9 + 2 * i], z_low[9 + 2 * i]);
        row[0][j] = a, row[1][j] = b, row[2][j] = c, row[3][j] = d;
    }
}

/* forward_last_layers does the three layers after the transposition, on the even or the odd rows.
 */
static void forward_last_layers(int16_t (*row)[16])
{
    const int16_t(*z)[16] = cepa_mlkem_forward_twiddles.lanes;
    const int16_t(*z_low)[16] = cepa_mlkem_forward_twiddles.lanes_low;
    for (unsigned j = 0; j < 16; j++) {
        int16_t a = row[0][j], b = row[2][j], c = row[4][j], d = row[6][j];
        int16_t e = row[8][j], f = row[10][j], g = row[12][j], h = row[14][j];
        forward_step(&a, &e, z[0][j], z_low[0][j]);
        forward_step(&b, &f, z[0][j], z_low[0][j]);
        forward_step(&c, &g, z[0][j], z_low[0][j]);
        forward_step(&d, &h, z[0][j], z_low[0][j]);
        forward_step(&a, &c, z[1][j], z_low[1][j]);
        forward_step(&b, &d, z[1][j], z_low[1][j]);
        forward_step(&e, &g, z[2][j], z_low[2][j]);
        forward_step(&f, &h, z[2][j], z_low[2][j]);
        forward_step(&a, &b, z[3][j], z_low[3][j]);
        forward_step(&c, &d, z[4][j], z_low[4][j]);
        forward_step(&e, &f, z[5][j], z_low[5][j]);
        forward_step(&g, &h, z[6][j], z_low[6][j]);
        row[0][j] = a, row[2][j] = b, row[4][j] = c, row[6][j] = d;
        row[8][j] = e, row[10][j] = f, row[12][j] = g, row[14][j] = h;
    }
}

void cepa_mlkem_ntt_forward_portable(struct cepa_mlkem_ntt *ret_ntt,
                                     const struct cepa_mlkem_poly *poly)
{
    int16_t *all = (int16_t *)(void *)ret_ntt;
    forward_first_layers(all, poly->at);
    for (unsigned i = 0; i < 4; i++) {
        forward_middle_layers(ret_ntt->row + 4 * i, i);
    }
    cepa_mlkem_transpose_in_place(all);
    forward_last_layers(ret_ntt->row);
    forward_last_layers(ret_ntt->row + 1);
}

/* inverse_first_layers undoes forward_last_layers, from one place to another. Any numbers may come
 * in; |x| <= 4 q goes out. */
static void inverse_first_layers(int16_t (*restrict to)[16], const int16_t (*restrict from)[16])
{
    const int16_t(*z)[16] = cepa_mlkem_inverse_twiddles.lanes;
    const int16_t(*z_low)[16] = cepa_mlkem_inverse_twiddles.lanes_low;
    for (unsigned j = 0; j < 16; j++) {
        int16_t a = cepa_mlkem_reduce(from[0][j]), b = cepa_mlkem_reduce(from[2][j]);
        int16_t c = cepa_mlkem_reduce(from[4][j]), d = cepa_mlkem_reduce(from[6][j]);
        int16_t e = cepa_mlkem_reduce(from[8][j]), f = cepa_mlkem_reduce(from[10][j]);
        int16_t g = cepa_mlkem_reduce(from[12][j]), h = cepa_mlkem_reduce(from[14][j]);
        inverse_step(&a, &b, z[3][j], z_low[3][j]);
        inverse_step(&c, &d, z[4][j], z_low[4][j]);
        inverse_step(&e, &f, z[5][j], z_low[5][j]);
        inverse_step(&g, &h, z[6][j], z_low[6][j]);
        inverse_step(&a, &c, z[1][j], z_low[1][j]);
        inverse_step(&b, &d, z[1][j], z_low[1][j]);
        inverse_step(&e, &g, z[2][j], z_low[2][j]);
        inverse_step(&f, &h, z[2][j], z_low[2][j]);
        inverse_step(&a, &e, z[0][j], z_low[0][j]);
        inverse_step(&b, &f, z[0][j], z_low[0][j]);
        inverse_step(&c, &g, z[0][j], z_low[0][j]);
        inverse_step(&d, &h, z[0][j], z_low[0][j]);
        to[0][j] = a, to[2][j] = b, to[4][j] = c, to[6][j] = d;
        to[8][j] = e, to[10][j] = f, to[12][j] = g, to[14][j] = h;
    }
}

/* inverse_middle_layers undoes forward_middle_layers, from |x| <= 4 q to |x| <= 2 q. */
static void inverse_middle_layers(int16_t (*row)[16], unsigned i)
{
    const int16_t *z = cepa_mlkem_inverse_twiddles.scalar;
    const int16_t *z_low = cepa_mlkem_inverse_twiddles.scalar_low;
    for (unsigned j = 0; j < 16; j++) {
        int16_t a = row[0][j], b = row[1][j], c = row[2][j], d = row[3][j];
        inverse_step(&a, &b, z[8 + 2 * i], z_low[8 + 2 * i]);
        inverse_step(&c, &d, z[9 + 2 * i], z_low[9 + 2 * i]);
        a = cepa_mlkem_reduce(a);
        c = cepa_mlkem_reduce(c);
        inverse_step(&a, &c, z[4 + i], z_low[4 + i]);
        inverse_step(&b, &d, z[4 + i], z_low[4 + i]);
        row[0][j] = a, row[1][j] = b, row[2][j] = c, row[3][j] = d;
    }
}

/* inverse_last_layers undoes forward_first_layers and multiplies by 2^16 / 128 / 2^16, the
 * constants being scaled so. From |x| <= 2 q to |x| <= q. */
static void inverse_last_layers(int16_t *at)
{
    const int16_t *z = cepa_mlkem_inverse_twiddles.scalar;
    const int16_t *z_low = cepa_mlkem_inverse_twiddles.scalar_low;
    for (unsigned j = 0; j < 64; j++) {
        int16_t a = at[j], b = at[j + 64], c = at[j + 128], d = at[j + 192];
        inverse_step(&a, &b, z[2], z_low[2]);
        inverse_step(&c, &d, z[3], z_low[3]);
        inverse_step(&a, &c, z[1], z_low[1]);
        inverse_step(&b, &d, z[1], z_low[1]);
        at[j] = cepa_mlkem_multiply(a, z[0], z_low[0]);
        at[j + 64] = cepa_mlkem_multiply(b, z[0], z_low[0]);
        at[j + 128] = c, at[j + 192] = d;
    }
}

void cepa_mlkem_ntt_inverse_portable(struct cepa_mlkem_poly *ret_poly,
                                     const struct cepa_mlkem_ntt *ntt)
{
    int16_t(*row)[16] = (int16_t(*)[16])(void *)ret_poly->at;
    inverse_first_layers(row, ntt->row);
    inverse_first_layers(row + 1, ntt->row + 1);
    cepa_mlkem_transpose_in_place(ret_poly->at);
    for (unsigned i = 0; i < 4; i++) {
        inverse_middle_layers(row + 4 * i, i);
    }
    inverse_last_layers(ret_poly->at);
}

void cepa_mlkem_ntt_factor_portable(struct cepa_mlkem_factor *restrict ret_factor,
                                    const struct cepa_mlkem_ntt *restrict ntt)
{
    const struct cepa_mlkem_twiddles *twiddles = &cepa_mlkem_forward_twiddles;
    for (unsigned k = 0; k < 8; k++) {
        /* gamma is zeta[64 + n / 2] for even n and its negative for odd n, n = 8 r + k. */
        const int16_t *z = twiddles->lanes[3 + k / 2];
        const int16_t *z_low = twiddles->lanes_low[3 + k / 2];
        int16_t sign = (int16_t)(1 - 2 * (int)(k & 1));
        for (unsigned j = 0; j < 16; j++) {
            int16_t even = cepa_mlkem_reduce(ntt->row[2 * k][j]);
            int16_t odd = cepa_mlkem_reduce(ntt->row[2 * k + 1][j]);
            int16_t odd_gamma = (int16_t)(sign * cepa_mlkem_multiply(odd, z[j], z_low[j]));
            ret_factor->even[k][j] = even;
            ret_factor->even_low[k][j] = cepa_mlkem_low(even);
            ret_factor->odd[k][j] = odd;
            ret_factor->odd_low[k][j] = cepa_mlkem_low(odd);
            ret_factor->odd_gamma[k][j] = odd_gamma;
            ret_factor->odd_gamma_low[k][j] = cepa_mlkem_low(odd_gamma);
        }
    }
}

/* dot_rows adds up the products of one pair of rows: (a0 + a1 X)(b0 + b1 X) modulo X^2 - gamma. */
static void dot_rows(int16_t *restrict even, int16_t *restrict odd,
                     const struct cepa_mlkem_ntt *restrict a,
                     const struct cepa_mlkem_factor *restrict b, unsigned k)
{
    for (unsigned j = 0; j < 16; j++) {
        int16_t sum_even = 0;
        int16_t sum_odd = 0;
        for (unsigned i = 0; i < CEPA_MLKEM_K; i++) {
            int16_t a0 = a[i].row[2 * k][j];
            int16_t a1 = a[i].row[2 * k + 1][j];
            sum_even =
                (int16_t)(sum_even + cepa_mlkem_multiply(a0, b[i].even[k][j], b[i].even_low[k][j]) +
                          cepa_mlkem_multiply(a1, b[i].odd_gamma[k][j], b[i].odd_gamma_low[k][j]));
            sum_odd =
                (int16_t)(sum_odd + cepa_mlkem_multiply(a0, b[i].odd[k][j], b[i].odd_low[k][j]) +
                          cepa_mlkem_multiply(a1, b[i].even[k][j], b[i].even_low[k][j]));
        }
        even[j] = sum_even;
        odd[j] = sum_odd;
    }
}

void cepa_mlkem_ntt_dot_portable(struct cepa_mlkem_ntt *restrict ret_ntt,
                                 const struct cepa_mlkem_ntt a[restrict CEPA_MLKEM_K],
                                 const struct cepa_mlkem_factor b[restrict CEPA_MLKEM_K])
{
    for (unsigned k = 0; k < 8; k++) {
        dot_rows(ret_ntt->row[2 * k], ret_ntt->row[2 * k + 1], a, b, k);
    }
}
