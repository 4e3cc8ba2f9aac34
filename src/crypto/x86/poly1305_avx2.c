/* Poly1305's polynomial by AVX2.
 *
 * Four blocks stand in the four lanes of a register. With A for the four accumulators, each step of
 * eight blocks is A = A r^8 + M r^4 + M', with one pass of carries; at the end the lanes are
 * multiplied by r^4, r^3, r^2, r and added up. Bounds: limbs are below 2^26 + 2^7 after the
 * carries, plus 2^26 of message; a limb of the product is at most ten times 2^27.1 * 5 * 2^26,
 * below 2^59. */
#include <immintrin.h>
#include <string.h>

#include "base/ct.h"
#include "base/endian.h"
#include "crypto/mac_kernels.h"

enum { BLOCK = 16, LIMBS = 5, POWERS = 5, LIMB_BITS = 26, LIMB_MASK = (1 << LIMB_BITS) - 1 };

/* Which power stands where in the array of powers. */
enum { POWER_1, POWER_2, POWER_3, POWER_4, POWER_8 };

/* Fewer blocks than this are multiplied one at a time. */
enum { BULK_BLOCKS = 8 };

/* The state of one message: numbers modulo 2^130 - 5 in five limbs of 26 bits. */
struct state {
    uint32_t powers[POWERS][LIMBS]; /* r, r^2, r^3, r^4, r^8 */
    uint32_t accumulator[LIMBS];
    uint32_t rest_len;   /* bytes that wait for a whole block, 0..15 */
    uint8_t rest[BLOCK]; /* those bytes */
    uint8_t s[BLOCK];    /* the key's second half, added at the end */
};
_Static_assert(sizeof(struct state) <= sizeof(((struct cepa_poly1305 *)0)->opaque), "size");

/* Four numbers side by side: limb i of each, in 64 bits. */
struct lanes {
    __m256i a, b, c, d, e;
};

/* A factor: its limbs, and five times its limbs b to e, which is what 2^130 of them are worth. */
struct factor {
    struct lanes limbs;
    __m256i b5, c5, d5, e5;
};

static inline __m256i product(__m256i x, __m256i y)
{
    return _mm256_mul_epu32(x, y);
}

static inline __m256i sum(__m256i x, __m256i y)
{
    return _mm256_add_epi64(x, y);
}

static inline __m256i sum5(__m256i v, __m256i w, __m256i x, __m256i y, __m256i z)
{
    return sum(sum(sum(v, w), sum(x, y)), z);
}

static inline struct lanes add(struct lanes x, struct lanes y)
{
    return (struct lanes){sum(x.a, y.a), sum(x.b, y.b), sum(x.c, y.c), sum(x.d, y.d),
                          sum(x.e, y.e)};
}

/* multiply leaves the carries to the caller. */
static inline struct lanes multiply(struct lanes x, const struct factor *y)
{
    const struct lanes *r = &y->limbs;
    struct lanes z;
    z.a = sum5(product(x.a, r->a), product(x.b, y->e5), product(x.c, y->d5), product(x.d, y->c5),
               product(x.e, y->b5));
    z.b = sum5(product(x.a, r->b), product(x.b, r->a), product(x.c, y->e5), product(x.d, y->d5),
               product(x.e, y->c5));
    z.c = sum5(product(x.a, r->c), product(x.b, r->b), product(x.c, r->a), product(x.d, y->e5),
               product(x.e, y->d5));
    z.d = sum5(product(x.a, r->d), product(x.b, r->c), product(x.c, r->b), product(x.d, r->a),
               product(x.e, y->e5));
    z.e = sum5(product(x.a, r->e), product(x.b, r->d), product(x.c, r->c), product(x.d, r->b),
               product(x.e, r->a));
    return z;
}

/* carry brings the limbs below 2^26 + 2^7. Two chains run side by side. */
static inline struct lanes carry(struct lanes x)
{
    const __m256i mask = _mm256_set1_epi64x(LIMB_MASK);
    __m256i over_a = _mm256_srli_epi64(x.a, LIMB_BITS);
    __m256i over_d = _mm256_srli_epi64(x.d, LIMB_BITS);
    x.a = _mm256_and_si256(x.a, mask);
    x.d = _mm256_and_si256(x.d, mask);
    x.b = sum(x.b, over_a);
    x.e = sum(x.e, over_d);
    __m256i over_b = _mm256_srli_epi64(x.b, LIMB_BITS);
    __m256i over_e = _mm256_srli_epi64(x.e, LIMB_BITS);
    x.b = _mm256_and_si256(x.b, mask);
    x.e = _mm256_and_si256(x.e, mask);
    x.c = sum(x.c, over_b);
    x.a = sum(x.a, sum(over_e, _mm256_slli_epi64(over_e, 2)));
    __m256i over_c = _mm256_srli_epi64(x.c, LIMB_BITS);
    over_a = _mm256_srli_epi64(x.a, LIMB_BITS);
    x.c = _mm256_and_si256(x.c, mask);
    x.a = _mm256_and_si256(x.a, mask);
    x.d = sum(x.d, over_c);
    x.b = sum(x.b, over_a);
    over_d = _mm256_srli_epi64(x.d, LIMB_BITS);
    x.d = _mm256_and_si256(x.d, mask);
    x.e = sum(x.e, over_d);
    return x;
}

/* load_blocks cuts four blocks into limbs and sets bit 128 of each. The lanes hold the blocks 0, 2,
 * 1, 3, because the halves of a register are unpacked apart. */
static inline struct lanes load_blocks(const uint8_t *data)
{
    const __m256i mask = _mm256_set1_epi64x(LIMB_MASK);
    const __m256i *from = (const __m256i *)(const void *)data;
    __m256i first = _mm256_loadu_si256(from);
    __m256i second = _mm256_loadu_si256(from + 1);
    __m256i low = _mm256_unpacklo_epi64(first, second);
    __m256i high = _mm256_unpackhi_epi64(first, second);
    __m256i middle = _mm256_or_si256(_mm256_srli_epi64(low, 52), _mm256_slli_epi64(high, 12));
    return (struct lanes){
        _mm256_and_si256(low, mask), _mm256_and_si256(_mm256_srli_epi64(low, 26), mask),
        _mm256_and_si256(middle, mask), _mm256_and_si256(_mm256_srli_epi64(high, 14), mask),
        _mm256_or_si256(_mm256_srli_epi64(high, 40), _mm256_set1_epi64x(1 << 24))};
}

static inline void set_multiples(struct factor *factor)
{
    struct lanes *limbs = &factor->limbs;
    factor->b5 = sum(limbs->b, _mm256_slli_epi64(limbs->b, 2));
    factor->c5 = sum(limbs->c, _mm256_slli_epi64(limbs->c, 2));
    factor->d5 = sum(limbs->d, _mm256_slli_epi64(limbs->d, 2));
    factor->e5 = sum(limbs->e, _mm256_slli_epi64(limbs->e, 2));
}

/* set_factor puts one power into all lanes; set_last_factor r^4, r^2, r^3, r into the lanes of the
 * blocks 0, 2, 1, 3. */
static inline void set_factor(struct factor *ret_factor, const uint32_t power[LIMBS])
{
    ret_factor->limbs = (struct lanes){_mm256_set1_epi64x(power[0]), _mm256_set1_epi64x(power[1]),
                                       _mm256_set1_epi64x(power[2]), _mm256_set1_epi64x(power[3]),
                                       _mm256_set1_epi64x(power[4])};
    set_multiples(ret_factor);
}

static inline __m256i last_limb(const struct state *state, int i)
{
    return _mm256_set_epi64x(state->powers[POWER_1][i], state->powers[POWER_3][i],
                             state->powers[POWER_2][i], state->powers[POWER_4][i]);
}

static inline void set_last_factor(struct factor *ret_factor, const struct state *state)
{
    ret_factor->limbs =
        (struct lanes){last_limb(state, 0), last_limb(state, 1), last_limb(state, 2),
                       last_limb(state, 3), last_limb(state, 4)};
    set_multiples(ret_factor);
}

static inline uint64_t sum_lanes(__m256i x)
{
    __m128i half = _mm_add_epi64(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
    return (uint64_t)_mm_cvtsi128_si64(_mm_add_epi64(half, _mm_unpackhi_epi64(half, half)));
}

/* carry_limbs brings five wide limbs below 2^26 + 2^7. */
static void carry_limbs(uint32_t ret_limbs[LIMBS], uint64_t x[LIMBS])
{
    for (int i = 0; i < 4; i++) {
        x[i + 1] += x[i] >> LIMB_BITS;
        x[i] &= LIMB_MASK;
    }
    x[0] += 5 * (x[4] >> LIMB_BITS);
    x[4] &= LIMB_MASK;
    x[1] += x[0] >> LIMB_BITS;
    x[0] &= LIMB_MASK;
    for (int i = 0; i < LIMBS; i++) {
        ret_limbs[i] = (uint32_t)x[i];
    }
}

/* multiply_limbs: x = x y, for one number at a time. */
static void multiply_limbs(uint32_t x[LIMBS], const uint32_t y[LIMBS])
{
    uint64_t b5 = 5 * (uint64_t)y[1];
    uint64_t c5 = 5 * (uint64_t)y[2];
    uint64_t d5 = 5 * (uint64_t)y[3];
    uint64_t e5 = 5 * (uint64_t)y[4];
    uint64_t a = x[0];
    uint64_t b = x[1];
    uint64_t c = x[2];
    uint64_t d = x[3];
    uint64_t e = x[4];
    uint64_t z[LIMBS] = {
        a * y[0] + b * e5 + c * d5 + d * c5 + e * b5,
        a * y[1] + b * y[0] + c * e5 + d * d5 + e * c5,
        a * y[2] + b * y[1] + c * y[0] + d * e5 + e * d5,
        a * y[3] + b * y[2] + c * y[1] + d * y[0] + e * e5,
        a * y[4] + b * y[3] + c * y[2] + d * y[1] + e * y[0],
    };
    carry_limbs(x, z);
}

static void add_block(uint32_t x[LIMBS], const uint8_t block[BLOCK], uint32_t bit_128)
{
    uint64_t low = cepa_le64_load(block);
    uint64_t high = cepa_le64_load(block + 8);
    x[0] += (uint32_t)low & LIMB_MASK;
    x[1] += (uint32_t)(low >> 26) & LIMB_MASK;
    x[2] += (uint32_t)(low >> 52 | high << 12) & LIMB_MASK;
    x[3] += (uint32_t)(high >> 14) & LIMB_MASK;
    x[4] += (uint32_t)(high >> 40) | bit_128 << 24;
}

/* set_powers clamps the 16 bytes of r and computes its powers. @[RFC8439 2.5] */
static void set_powers(uint32_t ret_powers[POWERS][LIMBS], const uint8_t r[BLOCK])
{
    uint8_t clamped[BLOCK];
    memcpy(clamped, r, BLOCK);
    for (int i = 3; i < BLOCK; i += 4) {
        clamped[i] &= 15;
    }
    for (int i = 4; i < BLOCK; i += 4) {
        clamped[i] &= 252;
    }
    memset(ret_powers[POWER_1], 0, sizeof ret_powers[POWER_1]);
    add_block(ret_powers[POWER_1], clamped, 0);
    for (int i = POWER_2; i <= POWER_4; i++) {
        memcpy(ret_powers[i], ret_powers[i - 1], sizeof ret_powers[i]);
        multiply_limbs(ret_powers[i], ret_powers[POWER_1]);
    }
    memcpy(ret_powers[POWER_8], ret_powers[POWER_4], sizeof ret_powers[POWER_8]);
    multiply_limbs(ret_powers[POWER_8], ret_powers[POWER_4]);
    cepa_wipe(clamped, sizeof clamped);
}

/* four_at_a_time takes 4 * `groups` blocks, groups > 0. */
static void four_at_a_time(struct state *state, const uint8_t *data, size_t groups)
{
    struct {
        struct factor power_4, power_8;
    } factors;
    const struct lanes start = {_mm256_set_epi64x(0, 0, 0, state->accumulator[0]),
                                _mm256_set_epi64x(0, 0, 0, state->accumulator[1]),
                                _mm256_set_epi64x(0, 0, 0, state->accumulator[2]),
                                _mm256_set_epi64x(0, 0, 0, state->accumulator[3]),
                                _mm256_set_epi64x(0, 0, 0, state->accumulator[4])};
    struct lanes x = add(start, load_blocks(data));
    set_factor(&factors.power_4, state->powers[POWER_4]);
    set_factor(&factors.power_8, state->powers[POWER_8]);
    if ((groups & 1) == 0) {
        data += 4 * BLOCK;
        x = add(carry(multiply(x, &factors.power_4)), load_blocks(data));
    }
    for (size_t i = (groups - 1) / 2; i > 0; i--) {
        struct lanes next = multiply(load_blocks(data + 4 * BLOCK), &factors.power_4);
        x = carry(add(multiply(x, &factors.power_8), next));
        data += 8 * BLOCK;
        x = add(x, load_blocks(data));
    }
    set_last_factor(&factors.power_4, state);
    x = carry(multiply(x, &factors.power_4));
    uint64_t total[LIMBS] = {sum_lanes(x.a), sum_lanes(x.b), sum_lanes(x.c), sum_lanes(x.d),
                             sum_lanes(x.e)};
    carry_limbs(state->accumulator, total);
    cepa_wipe(&factors, sizeof factors);
    cepa_wipe(total, sizeof total);
}

static void take_blocks(struct state *state, const uint8_t *data, size_t blocks)
{
    if (blocks >= BULK_BLOCKS) {
        size_t groups = blocks >> 2;
        four_at_a_time(state, data, groups);
        data += 4 * BLOCK * groups;
        blocks &= 3;
    }
    for (; blocks > 0; blocks--) {
        add_block(state->accumulator, data, 1);
        multiply_limbs(state->accumulator, state->powers[POWER_1]);
        data += BLOCK;
    }
}

/* take_end takes in the bytes that make no whole block, behind which a one stands. */
static void take_end(struct state *state)
{
    if (state->rest_len > 0) {
        memset(state->rest + state->rest_len, 0, BLOCK - state->rest_len);
        state->rest[state->rest_len] = 1;
        add_block(state->accumulator, state->rest, 0);
        multiply_limbs(state->accumulator, state->powers[POWER_1]);
    }
}

/* reduce brings the accumulator below p = 2^130 - 5. Twice through the carries leaves it below
 * 2^130; it is p or more exactly if adding 5 carries out of bit 130, and then that sum without the
 * bit is wanted. Bits from 128 on do not matter, so that the carry out of the top limb may stay. */
static void reduce(uint32_t x[LIMBS])
{
    uint64_t wide[LIMBS];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < LIMBS; i++) {
            wide[i] = x[i];
        }
        carry_limbs(x, wide);
    }
    uint32_t over = 5;
    for (int i = 0; i < LIMBS; i++) {
        over = (x[i] + over) >> LIMB_BITS;
    }
    x[0] += 5 * over;
    for (int i = 0; i < LIMBS - 1; i++) {
        x[i + 1] += x[i] >> LIMB_BITS;
        x[i] &= LIMB_MASK;
    }
    cepa_wipe(wide, sizeof wide);
}

static struct state *state_of(struct cepa_poly1305 *mac)
{
    return (struct state *)(void *)mac->opaque;
}

void cepa_poly1305_init_avx2(struct cepa_poly1305 *ret_mac,
                             const uint8_t key[CEPA_POLY1305_KEY_LEN])
{
    struct state *state = state_of(ret_mac);
    ret_mac->is_avx2 = 1;
    set_powers(state->powers, key);
    memset(state->accumulator, 0, sizeof state->accumulator);
    memcpy(state->s, key + BLOCK, BLOCK);
    state->rest_len = 0;
}

void cepa_poly1305_update_avx2(struct cepa_poly1305 *mac, const void *data, size_t len)
{
    struct state *state = state_of(mac);
    const uint8_t *bytes = data;
    if (len == 0) {
        return;
    }
    if (state->rest_len > 0) {
        size_t take = BLOCK - state->rest_len;
        take = take < len ? take : len;
        memcpy(state->rest + state->rest_len, bytes, take);
        state->rest_len += (uint32_t)take;
        bytes += take;
        len -= take;
        if (state->rest_len < BLOCK) {
            return;
        }
        take_blocks(state, state->rest, 1);
        state->rest_len = 0;
    }
    take_blocks(state, bytes, len / BLOCK);
    state->rest_len = (uint32_t)(len % BLOCK);
    memcpy(state->rest, bytes + (len - state->rest_len), state->rest_len);
}

void cepa_poly1305_final_avx2(struct cepa_poly1305 *mac, uint8_t ret_tag[CEPA_POLY1305_TAG_LEN])
{
    struct state *state = state_of(mac);
    uint32_t *x = state->accumulator;
    take_end(state);
    reduce(x);
    uint64_t low = (uint64_t)x[0] | (uint64_t)x[1] << 26 | (uint64_t)x[2] << 52;
    uint64_t high = (uint64_t)x[2] >> 12 | (uint64_t)x[3] << 14 | (uint64_t)x[4] << 40;
    uint64_t s_low = cepa_le64_load(state->s);
    uint64_t sum_low = low + s_low;
    uint64_t carry_out = ((low & s_low) | ((low | s_low) & ~sum_low)) >> 63;
    cepa_le64_store(ret_tag, sum_low);
    cepa_le64_store(ret_tag + 8, high + cepa_le64_load(state->s + 8) + carry_out);
}
