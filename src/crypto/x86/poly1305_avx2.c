/* Poly1305 by AVX2.
 *
 * Numbers modulo p = 2^130 - 5 stand in three limbs of 44, 44 and 42 bits where blocks come one by
 * one. Where many come, they stand in five limbs of 26 bits, four of them side by side in the lanes
 * of a register: with A for the four accumulators, each step of eight blocks is A = A r^8 + M r^4 +
 * M', with one pass of carries; at the end the lanes are multiplied by r^4, r^3, r^2, r and added
 * up. Bounds there: limbs are below 2^26 + 2^7 after the carries, plus 2^26 of message; a limb of
 * the product is at most ten times 2^27.1 * 5 * 2^26, below 2^59. */
#include <immintrin.h>
#include <string.h>

#include "base/ct.h"
#include "base/endian.h"
#include "crypto/mac_kernels.h"

enum { BLOCK = 16, LIMBS = 5, LIMB_BITS = 26, LIMB_MASK = (1 << LIMB_BITS) - 1 };

/* Which power stands where in the array of powers. */
enum { POWER_1, POWER_2, POWER_3, POWER_4, POWER_8, POWERS };

/* Fewer blocks than this are multiplied one at a time. */
enum { BULK_BLOCKS = 12 };

#define MASK_44 ((UINT64_C(1) << 44) - 1)
#define MASK_42 ((UINT64_C(1) << 42) - 1)

__extension__ typedef unsigned __int128 wide;

/* A number in three limbs of 44, 44 and 42 bits; the second may be a little above that. */
struct number {
    uint64_t a, b, c;
};

/* The state of one message. */
struct state {
    struct number r;
    struct number accumulator;
    uint32_t powers[POWERS][LIMBS]; /* of r, in limbs of 26 bits, once has_powers */
    uint32_t has_powers;
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

/* multiply_numbers: 2^132, the weight that follows the third limb, is worth 4 * 5. */
static inline struct number multiply_numbers(struct number x, struct number y)
{
    uint64_t b20 = 20 * y.b;
    uint64_t c20 = 20 * y.c;
    wide a = (wide)x.a * y.a + (wide)x.b * c20 + (wide)x.c * b20;
    wide b = (wide)x.a * y.b + (wide)x.b * y.a + (wide)x.c * c20;
    wide c = (wide)x.a * y.c + (wide)x.b * y.b + (wide)x.c * y.a;
    b += (uint64_t)(a >> 44);
    c += (uint64_t)(b >> 44);
    uint64_t low = ((uint64_t)a & MASK_44) + 5 * (uint64_t)(c >> 42);
    return (struct number){low & MASK_44, ((uint64_t)b & MASK_44) + (low >> 44),
                           (uint64_t)c & MASK_42};
}

static inline struct number load_number(const uint8_t bytes[BLOCK], uint64_t bit_128)
{
    uint64_t low = cepa_le64_load(bytes);
    uint64_t high = cepa_le64_load(bytes + 8);
    return (struct number){low & MASK_44, (low >> 44 | high << 20) & MASK_44,
                           high >> 24 | bit_128 << 40};
}

static inline struct number add_numbers(struct number x, struct number y)
{
    return (struct number){x.a + y.a, x.b + y.b, x.c + y.c};
}

/* carry_number leaves all limbs within their bits, but for the second after a carry around. */
static inline struct number carry_number(struct number x)
{
    x.b += x.a >> 44;
    x.c += x.b >> 44;
    uint64_t low = (x.a & MASK_44) + 5 * (x.c >> 42);
    return (struct number){low & MASK_44, (x.b & MASK_44) + (low >> 44), x.c & MASK_42};
}

/* to_limbs cuts a number into limbs of 26 bits; what the second limb has above 44 bits goes on into
 * the third. */
static void to_limbs(uint32_t ret_limbs[LIMBS], struct number x)
{
    x.c += x.b >> 44;
    x.b &= MASK_44;
    ret_limbs[0] = (uint32_t)x.a & LIMB_MASK;
    ret_limbs[1] = (uint32_t)(x.a >> 26 | x.b << 18) & LIMB_MASK;
    ret_limbs[2] = (uint32_t)(x.b >> 8) & LIMB_MASK;
    ret_limbs[3] = (uint32_t)(x.b >> 34 | x.c << 10) & LIMB_MASK;
    ret_limbs[4] = (uint32_t)(x.c >> 16);
}

/* from_limbs takes limbs of up to 32 bits, as they are after the lanes are added up. */
static struct number from_limbs(const uint64_t limbs[LIMBS])
{
    struct number x = {limbs[0] + ((limbs[1] << 26) & MASK_44), (limbs[1] >> 18) + (limbs[2] << 8),
                       limbs[4] << 16};
    x.b += (limbs[3] << 34) & MASK_44;
    x.c += limbs[3] >> 10;
    return carry_number(x);
}

static void set_powers(struct state *state)
{
    struct number power_2 = multiply_numbers(state->r, state->r);
    struct number power_4 = multiply_numbers(power_2, power_2);
    to_limbs(state->powers[POWER_1], state->r);
    to_limbs(state->powers[POWER_2], power_2);
    to_limbs(state->powers[POWER_3], multiply_numbers(power_2, state->r));
    to_limbs(state->powers[POWER_4], power_4);
    to_limbs(state->powers[POWER_8], multiply_numbers(power_4, power_4));
    state->has_powers = 1;
}

/* four_at_a_time takes 4 * `groups` blocks, groups > 0. */
static void four_at_a_time(struct state *state, const uint8_t *data, size_t groups)
{
    struct {
        struct factor power_4, power_8;
        uint32_t limbs[LIMBS];
        uint64_t total[LIMBS];
    } secret;
    uint32_t *limbs = secret.limbs;
    to_limbs(limbs, state->accumulator);
    const struct lanes start = {
        _mm256_set_epi64x(0, 0, 0, limbs[0]), _mm256_set_epi64x(0, 0, 0, limbs[1]),
        _mm256_set_epi64x(0, 0, 0, limbs[2]), _mm256_set_epi64x(0, 0, 0, limbs[3]),
        _mm256_set_epi64x(0, 0, 0, limbs[4])};
    struct lanes x = add(start, load_blocks(data));
    set_factor(&secret.power_4, state->powers[POWER_4]);
    set_factor(&secret.power_8, state->powers[POWER_8]);
    if ((groups & 1) == 0) {
        data += 4 * BLOCK;
        x = add(carry(multiply(x, &secret.power_4)), load_blocks(data));
    }
    for (size_t i = (groups - 1) / 2; i > 0; i--) {
        struct lanes next = multiply(load_blocks(data + 4 * BLOCK), &secret.power_4);
        x = carry(add(multiply(x, &secret.power_8), next));
        data += 8 * BLOCK;
        x = add(x, load_blocks(data));
    }
    set_last_factor(&secret.power_4, state);
    x = carry(multiply(x, &secret.power_4));
    secret.total[0] = sum_lanes(x.a);
    secret.total[1] = sum_lanes(x.b);
    secret.total[2] = sum_lanes(x.c);
    secret.total[3] = sum_lanes(x.d);
    secret.total[4] = sum_lanes(x.e);
    state->accumulator = from_limbs(secret.total);
    cepa_wipe(&secret, sizeof secret);
}

static void take_block(struct state *state, const uint8_t block[BLOCK], uint64_t bit_128)
{
    struct number sum_number = add_numbers(state->accumulator, load_number(block, bit_128));
    state->accumulator = multiply_numbers(sum_number, state->r);
}

static void take_blocks(struct state *state, const uint8_t *data, size_t blocks)
{
    if (blocks >= BULK_BLOCKS) {
        size_t groups = blocks >> 2;
        if (state->has_powers == 0) {
            set_powers(state);
        }
        four_at_a_time(state, data, groups);
        data += 4 * BLOCK * groups;
        blocks &= 3;
    }
    for (; blocks > 0; blocks--) {
        take_block(state, data, 1);
        data += BLOCK;
    }
}

/* reduced gives the one form below p. Twice through the carries leaves x below 2^130; it is p or
 * more exactly if x + 5 reaches 2^130, and then x + 5 - 2^130 is wanted. */
static struct number reduced(struct number x)
{
    x = carry_number(carry_number(x));
    uint64_t over = (x.a + 5) >> 44;
    over = (x.b + over) >> 44;
    over = (x.c + over) >> 42;
    x.a += 5 * over;
    x.b += x.a >> 44;
    x.c += x.b >> 44;
    return (struct number){x.a & MASK_44, x.b & MASK_44, x.c & MASK_42};
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
    /* r's clamp: the top four bits of its four words and the lowest two of the last three. */
    state->r = load_number(key, 0);
    state->r.a &= UINT64_C(0xffc0fffffff);
    state->r.b &= UINT64_C(0xfffffc0ffff);
    state->r.c &= UINT64_C(0x00ffffffc0f);
    state->accumulator = (struct number){0, 0, 0};
    state->has_powers = 0;
    state->rest_len = 0;
    memcpy(state->s, key + BLOCK, BLOCK);
}

void cepa_poly1305_prepare_avx2(struct cepa_poly1305 *mac)
{
    set_powers(state_of(mac));
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
    if (state->rest_len > 0) {
        memset(state->rest + state->rest_len, 0, BLOCK - state->rest_len);
        state->rest[state->rest_len] = 1;
        take_block(state, state->rest, 0);
    }
    struct number x = reduced(state->accumulator);
    uint64_t low = x.a | x.b << 44;
    uint64_t high = x.b >> 20 | x.c << 24;
    uint64_t s_low = cepa_le64_load(state->s);
    uint64_t sum_low = low + s_low;
    uint64_t carry_out = ((low & s_low) | ((low | s_low) & ~sum_low)) >> 63;
    cepa_le64_store(ret_tag, sum_low);
    cepa_le64_store(ret_tag + 8, high + cepa_le64_load(state->s + 8) + carry_out);
}
