/* AES-256, bitsliced: constant-time C without tables. @[FIPS197 5]
 *
 * Plane b holds bit b of every byte; byte i of the block (row i % 4, column i / 4) is bit i of each
 * plane. A plane has 16 bits and stands twice in its 32-bit word, so that a rotation of the word is
 * a rotation of the plane.
 *
 * The S-box inverts in a tower of fields, GF(4) = GF(2)[w]/(w^2 + w + 1), GF(16) = GF(4)[y]/(y^2 +
 * y + w + 1), GF(256) = GF(16)[z]/(z^2 + z + M) with M = w y + w + 1, where an inverse costs three
 * products in the field below. The tower and its isomorphism with the field of FIPS 197 (x goes to
 * the element 89) were chosen by a search for the fewest operations in the four linear maps. */
#include <string.h>

#include "base/ct.h"
#include "base/endian.h"
#include "crypto/aes256_kernels.h"

enum { PLANES = 8 };

struct gf4 {
    uint32_t low, high;
};

struct gf16 {
    struct gf4 low, high;
};

static struct gf4 gf4_add(struct gf4 a, struct gf4 b)
{
    return (struct gf4){a.low ^ b.low, a.high ^ b.high};
}

static struct gf4 gf4_multiply(struct gf4 a, struct gf4 b)
{
    uint32_t low = a.low & b.low;
    return (struct gf4){low ^ (a.high & b.high), low ^ ((a.low ^ a.high) & (b.low ^ b.high))};
}

/* In GF(4) the inverse is the square. */
static struct gf4 gf4_square(struct gf4 a)
{
    return (struct gf4){a.low ^ a.high, a.high};
}

/* gf4_scale multiplies by w + 1, the constant of GF(16)'s polynomial. */
static struct gf4 gf4_scale(struct gf4 a)
{
    return (struct gf4){a.low ^ a.high, a.low};
}

static struct gf16 gf16_add(struct gf16 a, struct gf16 b)
{
    return (struct gf16){gf4_add(a.low, b.low), gf4_add(a.high, b.high)};
}

static struct gf16 gf16_multiply(struct gf16 a, struct gf16 b)
{
    struct gf4 low = gf4_multiply(a.low, b.low);
    struct gf4 high = gf4_multiply(a.high, b.high);
    struct gf4 cross = gf4_multiply(gf4_add(a.low, a.high), gf4_add(b.low, b.high));
    return (struct gf16){gf4_add(low, gf4_scale(high)), gf4_add(low, cross)};
}

/* gf16_invert divides the conjugate by the norm; 0 goes to 0. */
static struct gf16 gf16_invert(struct gf16 a)
{
    struct gf4 sum = gf4_add(a.low, a.high);
    struct gf4 norm = gf4_add(gf4_multiply(a.low, sum), gf4_scale(gf4_square(a.high)));
    struct gf4 inverse = gf4_square(norm);
    return (struct gf16){gf4_multiply(sum, inverse), gf4_multiply(a.high, inverse)};
}

/* gf16_square_scale gives M a^2, M the constant of GF(256)'s polynomial. */
static struct gf16 gf16_square_scale(struct gf16 a)
{
    uint32_t even = a.low.low ^ a.high.low;
    return (struct gf16){{even, even ^ a.low.high ^ a.high.high}, {a.low.high, a.low.low}};
}

/* invert replaces the bytes, in the basis of the tower, by their inverses in GF(256). */
static void invert(uint32_t x[PLANES])
{
    struct gf16 low = {{x[0], x[1]}, {x[2], x[3]}};
    struct gf16 high = {{x[4], x[5]}, {x[6], x[7]}};
    struct gf16 sum = gf16_add(low, high);
    struct gf16 norm = gf16_add(gf16_multiply(low, sum), gf16_square_scale(high));
    struct gf16 inverse = gf16_invert(norm);
    low = gf16_multiply(sum, inverse);
    high = gf16_multiply(high, inverse);
    x[0] = low.low.low;
    x[1] = low.low.high;
    x[2] = low.high.low;
    x[3] = low.high.high;
    x[4] = high.low.low;
    x[5] = high.low.high;
    x[6] = high.high.low;
    x[7] = high.high.high;
}

static void to_tower(uint32_t y[PLANES], const uint32_t x[PLANES])
{
    uint32_t t0 = x[2] ^ x[5];
    uint32_t t1 = x[3] ^ x[7];
    uint32_t t2 = x[1] ^ x[6];
    uint32_t t3 = t1 ^ t2;
    uint32_t t4 = x[3] ^ t0;
    y[0] = x[0] ^ x[2] ^ t3;
    y[1] = t4;
    y[2] = t0;
    y[3] = t3;
    y[4] = x[1];
    y[5] = t0 ^ t1;
    y[6] = x[4] ^ t2 ^ t4;
    y[7] = x[5] ^ x[7];
}

/* from_tower_affine goes back to the field of FIPS 197 and on through the affine map of the S-box,
 * whose constant 0x63 is the four complements. @[FIPS197 5.1.1] */
static void from_tower_affine(uint32_t y[PLANES], const uint32_t x[PLANES])
{
    uint32_t t0 = x[4] ^ x[6];
    uint32_t t1 = x[2] ^ t0;
    uint32_t t2 = x[0] ^ x[5];
    uint32_t t3 = x[3] ^ t1;
    uint32_t t4 = x[0] ^ x[1];
    y[0] = ~(t2 ^ t3);
    y[1] = ~t4;
    y[2] = x[2] ^ t4;
    y[3] = x[2] ^ x[3] ^ x[4] ^ t2;
    y[4] = t0 ^ t2;
    y[5] = ~(x[5] ^ t3);
    y[6] = ~t0;
    y[7] = x[7] ^ t1;
}

/* affine_to_tower undoes the linear part of the affine map; from_tower the step into the tower. */
static void affine_to_tower(uint32_t y[PLANES], const uint32_t x[PLANES])
{
    uint32_t t0 = x[0] ^ x[5];
    uint32_t t1 = x[1] ^ x[2];
    uint32_t t2 = x[0] ^ x[3];
    y[0] = t0;
    y[1] = x[1] ^ t0;
    y[2] = t1;
    y[3] = x[0] ^ x[4] ^ t1;
    y[4] = x[6] ^ t2;
    y[5] = x[4] ^ x[6] ^ t0;
    y[6] = t2;
    y[7] = x[6] ^ x[7] ^ t1;
}

static void from_tower(uint32_t y[PLANES], const uint32_t x[PLANES])
{
    uint32_t t0 = x[1] ^ x[5];
    uint32_t t1 = x[7] ^ t0;
    uint32_t t2 = x[2] ^ x[3];
    y[0] = x[0] ^ t1 ^ t2;
    y[1] = x[4];
    y[2] = x[2] ^ t1;
    y[3] = x[1] ^ x[2];
    y[4] = x[6] ^ t0 ^ t2;
    y[5] = t1;
    y[6] = x[4] ^ x[5] ^ t2;
    y[7] = t0;
}

static void sub_bytes(uint32_t state[PLANES])
{
    uint32_t tower[PLANES];
    to_tower(tower, state);
    invert(tower);
    from_tower_affine(state, tower);
}

static void inverse_sub_bytes(uint32_t state[PLANES])
{
    uint32_t tower[PLANES];
    state[0] = ~state[0];
    state[1] = ~state[1];
    state[5] = ~state[5];
    state[6] = ~state[6];
    affine_to_tower(tower, state);
    invert(tower);
    from_tower(state, tower);
}

static uint32_t rotate_right(uint32_t x, unsigned bits)
{
    return x >> bits | x << (32 - bits);
}

/* Row r is the bits 4c + r: shifting it by r columns is a rotation by 4r. @[FIPS197 5.1.2] */
static void shift_rows(uint32_t state[PLANES])
{
    for (int i = 0; i < PLANES; i++) {
        uint32_t x = state[i];
        state[i] = (x & 0x11111111) | (rotate_right(x, 4) & 0x22222222) |
                   (rotate_right(x, 8) & 0x44444444) | (rotate_right(x, 12) & 0x88888888);
    }
}

static void inverse_shift_rows(uint32_t state[PLANES])
{
    for (int i = 0; i < PLANES; i++) {
        uint32_t x = state[i];
        state[i] = (x & 0x11111111) | (rotate_right(x, 12) & 0x22222222) |
                   (rotate_right(x, 8) & 0x44444444) | (rotate_right(x, 4) & 0x88888888);
    }
}

/* next_row brings, within each column, row r + 1 to row r; row_after_next row r + 2. */
static uint32_t next_row(uint32_t x)
{
    return (x >> 1 & 0x77777777) | (x << 3 & 0x88888888);
}

static uint32_t row_after_next(uint32_t x)
{
    return (x >> 2 & 0x33333333) | (x << 2 & 0xcccccccc);
}

/* times_x multiplies every byte by x modulo x^8 + x^4 + x^3 + x + 1. @[FIPS197 4.2] */
static void times_x(uint32_t y[PLANES], const uint32_t x[PLANES])
{
    uint32_t top = x[7];
    y[7] = x[6];
    y[6] = x[5];
    y[5] = x[4];
    y[4] = x[3] ^ top;
    y[3] = x[2] ^ top;
    y[2] = x[1];
    y[1] = x[0] ^ top;
    y[0] = top;
}

/* mix_columns: row r becomes 2(a[r] + a[r+1]) + a[r+1] + (a[r+2] + a[r+3]). @[FIPS197 5.1.3] */
static void mix_columns(uint32_t state[PLANES])
{
    uint32_t next[PLANES];
    uint32_t sum[PLANES];
    uint32_t twice[PLANES];
    for (int i = 0; i < PLANES; i++) {
        next[i] = next_row(state[i]);
        sum[i] = state[i] ^ next[i];
    }
    times_x(twice, sum);
    for (int i = 0; i < PLANES; i++) {
        state[i] = twice[i] ^ next[i] ^ row_after_next(sum[i]);
    }
}

/* inverse_mix_columns: its matrix is that of mix_columns times 5 + 4 x^2, so that adding
 * 4(a[r] + a[r+2]) first makes the forward step do. @[FIPS197 5.3.3] */
static void inverse_mix_columns(uint32_t state[PLANES])
{
    uint32_t sum[PLANES];
    uint32_t twice[PLANES];
    for (int i = 0; i < PLANES; i++) {
        sum[i] = state[i] ^ row_after_next(state[i]);
    }
    times_x(twice, sum);
    times_x(sum, twice);
    for (int i = 0; i < PLANES; i++) {
        state[i] ^= sum[i];
    }
    mix_columns(state);
}

/* transpose turns an 8 x 8 matrix of bits, one row per byte. It is its own inverse. */
static uint64_t transpose(uint64_t x)
{
    uint64_t swap = (x ^ x >> 7) & 0x00aa00aa00aa00aa;
    x ^= swap ^ swap << 7;
    swap = (x ^ x >> 14) & 0x0000cccc0000cccc;
    x ^= swap ^ swap << 14;
    swap = (x ^ x >> 28) & 0x00000000f0f0f0f0;
    return x ^ swap ^ swap << 28;
}

static void slice(uint32_t ret_planes[PLANES], const uint8_t block[CEPA_AES256_BLOCK_LEN])
{
    uint64_t low = transpose(cepa_le64_load(block));
    uint64_t high = transpose(cepa_le64_load(block + 8));
    for (int i = 0; i < PLANES; i++) {
        uint32_t plane = (uint32_t)(low >> (8 * i) & 0xff) | (uint32_t)(high >> (8 * i) & 0xff)
                                                                 << 8;
        ret_planes[i] = plane | plane << 16;
    }
}

static void unslice(uint8_t ret_block[CEPA_AES256_BLOCK_LEN], const uint32_t planes[PLANES])
{
    uint64_t low = 0;
    uint64_t high = 0;
    for (int i = 0; i < PLANES; i++) {
        low |= (uint64_t)(planes[i] & 0xff) << (8 * i);
        high |= (uint64_t)(planes[i] >> 8 & 0xff) << (8 * i);
    }
    cepa_le64_store(ret_block, transpose(low));
    cepa_le64_store(ret_block + 8, transpose(high));
}

static void add_round_key(uint32_t state[PLANES], const struct cepa_aes256_key *key, int round)
{
    const uint8_t *planes = key->round_keys + CEPA_AES256_BLOCK_LEN * round;
    for (int i = 0; i < PLANES; i++) {
        uint32_t plane = cepa_le16_load(planes + 2 * i);
        state[i] ^= plane | plane << 16;
    }
}

static void sub_word(uint8_t word[4])
{
    uint8_t block[CEPA_AES256_BLOCK_LEN] = {0};
    uint32_t planes[PLANES];
    memcpy(block, word, 4);
    slice(planes, block);
    sub_bytes(planes);
    unslice(block, planes);
    memcpy(word, block, 4);
    cepa_wipe(block, sizeof block);
    cepa_wipe(planes, sizeof planes);
}

/* expand writes the 60 words of the key schedule. @[FIPS197 5.2] */
static void expand(uint8_t *ret_words, const uint8_t key[CEPA_AES256_KEY_LEN])
{
    uint8_t constant = 1;
    uint8_t word[4];
    memcpy(ret_words, key, CEPA_AES256_KEY_LEN);
    memcpy(word, key + CEPA_AES256_KEY_LEN - 4, 4);
    for (int i = 8; i < 4 * (CEPA_AES256_ROUNDS + 1); i++) {
        if ((i & 7) == 0) {
            uint8_t first = word[0];
            memmove(word, word + 1, 3);
            word[3] = first;
            sub_word(word);
            word[0] ^= constant;
            constant = (uint8_t)(constant << 1);
        } else if ((i & 3) == 0) {
            sub_word(word);
        }
        for (int j = 0; j < 4; j++) {
            word[j] ^= ret_words[4 * (i - 8) + j];
            ret_words[4 * i + j] = word[j];
        }
    }
    cepa_wipe(word, sizeof word);
}

void cepa_aes256_key_init_bitsliced(struct cepa_aes256_key *ret_key,
                                    const uint8_t key[CEPA_AES256_KEY_LEN])
{
    uint32_t planes[PLANES];
    expand(ret_key->round_keys, key);
    for (int round = 0; round <= CEPA_AES256_ROUNDS; round++) {
        uint8_t *at = ret_key->round_keys + CEPA_AES256_BLOCK_LEN * round;
        slice(planes, at);
        for (int i = 0; i < PLANES; i++) {
            cepa_le16_store(at + 2 * i, (uint16_t)planes[i]);
        }
    }
    ret_key->is_bitsliced = 1;
    cepa_wipe(planes, sizeof planes);
}

void cepa_aes256_encrypt_bitsliced(const struct cepa_aes256_key *key,
                                   uint8_t block[CEPA_AES256_BLOCK_LEN])
{
    uint32_t state[PLANES];
    slice(state, block);
    add_round_key(state, key, 0);
    for (int round = 1; round < CEPA_AES256_ROUNDS; round++) {
        sub_bytes(state);
        shift_rows(state);
        mix_columns(state);
        add_round_key(state, key, round);
    }
    sub_bytes(state);
    shift_rows(state);
    add_round_key(state, key, CEPA_AES256_ROUNDS);
    unslice(block, state);
    cepa_wipe(state, sizeof state);
}

void cepa_aes256_decrypt_bitsliced(const struct cepa_aes256_key *key,
                                   uint8_t block[CEPA_AES256_BLOCK_LEN])
{
    uint32_t state[PLANES];
    slice(state, block);
    add_round_key(state, key, CEPA_AES256_ROUNDS);
    for (int round = CEPA_AES256_ROUNDS - 1; round > 0; round--) {
        inverse_shift_rows(state);
        inverse_sub_bytes(state);
        add_round_key(state, key, round);
        inverse_mix_columns(state);
    }
    inverse_shift_rows(state);
    inverse_sub_bytes(state);
    add_round_key(state, key, 0);
    unslice(block, state);
    cepa_wipe(state, sizeof state);
}
