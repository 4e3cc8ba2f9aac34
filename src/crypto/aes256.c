/* AES-256, bitsliced: constant-time C without tables. @[FIPS197 5]
 *
 * Plane b holds bit b of every byte; byte i of the block (row i % 4, column i / 4) is bit i of each
 * plane. The linear steps work on four planes of 16 bits in one word; the S-box takes the planes
 * apart, each with the planes above it as harmless company, and puts them together again.
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
    uint64_t low, high;
};

struct gf16 {
    struct gf4 low, high;
};

static inline struct gf4 gf4_add(struct gf4 a, struct gf4 b)
{
    return (struct gf4){a.low ^ b.low, a.high ^ b.high};
}

static inline struct gf4 gf4_multiply(struct gf4 a, struct gf4 b)
{
    uint64_t low = a.low & b.low;
    return (struct gf4){low ^ (a.high & b.high), low ^ ((a.low ^ a.high) & (b.low ^ b.high))};
}

/* In GF(4) the inverse is the square. */
static inline struct gf4 gf4_square(struct gf4 a)
{
    return (struct gf4){a.low ^ a.high, a.high};
}

/* gf4_scale multiplies by w + 1, the constant of GF(16)'s polynomial. */
static inline struct gf4 gf4_scale(struct gf4 a)
{
    return (struct gf4){a.low ^ a.high, a.low};
}

static inline struct gf16 gf16_add(struct gf16 a, struct gf16 b)
{
    return (struct gf16){gf4_add(a.low, b.low), gf4_add(a.high, b.high)};
}

static inline struct gf16 gf16_multiply(struct gf16 a, struct gf16 b)
{
    struct gf4 low = gf4_multiply(a.low, b.low);
    struct gf4 high = gf4_multiply(a.high, b.high);
    struct gf4 cross = gf4_multiply(gf4_add(a.low, a.high), gf4_add(b.low, b.high));
    return (struct gf16){gf4_add(low, gf4_scale(high)), gf4_add(low, cross)};
}

/* gf16_invert divides the conjugate by the norm; 0 goes to 0. */
static inline struct gf16 gf16_invert(struct gf16 a)
{
    struct gf4 sum = gf4_add(a.low, a.high);
    struct gf4 norm = gf4_add(gf4_multiply(a.low, sum), gf4_scale(gf4_square(a.high)));
    struct gf4 inverse = gf4_square(norm);
    return (struct gf16){gf4_multiply(sum, inverse), gf4_multiply(a.high, inverse)};
}

/* gf16_square_scale gives M a^2, M the constant of GF(256)'s polynomial. */
static inline struct gf16 gf16_square_scale(struct gf16 a)
{
    uint64_t even = a.low.low ^ a.high.low;
    return (struct gf16){{even, even ^ a.low.high ^ a.high.high}, {a.low.high, a.low.low}};
}

/* invert replaces the bytes, in the basis of the tower, by their inverses in GF(256). */
static inline void invert(uint64_t x[PLANES])
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

static inline void to_tower(uint64_t y[PLANES], const uint64_t x[PLANES])
{
    uint64_t t0 = x[2] ^ x[5];
    uint64_t t1 = x[3] ^ x[7];
    uint64_t t2 = x[1] ^ x[6];
    uint64_t t3 = t1 ^ t2;
    uint64_t t4 = x[3] ^ t0;
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
static inline void from_tower_affine(uint64_t y[PLANES], const uint64_t x[PLANES])
{
    uint64_t t0 = x[4] ^ x[6];
    uint64_t t1 = x[2] ^ t0;
    uint64_t t2 = x[0] ^ x[5];
    uint64_t t3 = x[3] ^ t1;
    uint64_t t4 = x[0] ^ x[1];
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
static inline void affine_to_tower(uint64_t y[PLANES], const uint64_t x[PLANES])
{
    uint64_t t0 = x[0] ^ x[5];
    uint64_t t1 = x[1] ^ x[2];
    uint64_t t2 = x[0] ^ x[3];
    y[0] = t0;
    y[1] = x[1] ^ t0;
    y[2] = t1;
    y[3] = x[0] ^ x[4] ^ t1;
    y[4] = x[6] ^ t2;
    y[5] = x[4] ^ x[6] ^ t0;
    y[6] = t2;
    y[7] = x[6] ^ x[7] ^ t1;
}

static inline void from_tower(uint64_t y[PLANES], const uint64_t x[PLANES])
{
    uint64_t t0 = x[1] ^ x[5];
    uint64_t t1 = x[7] ^ t0;
    uint64_t t2 = x[2] ^ x[3];
    y[0] = x[0] ^ t1 ^ t2;
    y[1] = x[4];
    y[2] = x[2] ^ t1;
    y[3] = x[1] ^ x[2];
    y[4] = x[6] ^ t0 ^ t2;
    y[5] = t1;
    y[6] = x[4] ^ x[5] ^ t2;
    y[7] = t0;
}

/* A block: planes 0 to 3 in `low`, planes 4 to 7 in `high`, the first one lowest. */
struct block {
    uint64_t low, high;
};

static inline void take_apart(uint64_t ret_planes[PLANES], const struct block *block)
{
    ret_planes[0] = block->low;
    ret_planes[1] = block->low >> 16;
    ret_planes[2] = block->low >> 32;
    ret_planes[3] = block->low >> 48;
    ret_planes[4] = block->high;
    ret_planes[5] = block->high >> 16;
    ret_planes[6] = block->high >> 32;
    ret_planes[7] = block->high >> 48;
}

static inline uint64_t join(const uint64_t planes[4])
{
    return (planes[0] & 0xffff) | (planes[1] & 0xffff) << 16 | (planes[2] & 0xffff) << 32 |
           planes[3] << 48;
}

static inline void put_together(struct block *ret_block, const uint64_t planes[PLANES])
{
    ret_block->low = join(planes);
    ret_block->high = join(planes + 4);
}

static void sub_bytes(struct block *block)
{
    uint64_t planes[PLANES];
    uint64_t tower[PLANES];
    take_apart(planes, block);
    to_tower(tower, planes);
    invert(tower);
    from_tower_affine(planes, tower);
    put_together(block, planes);
}

static void inverse_sub_bytes(struct block *block)
{
    uint64_t planes[PLANES];
    uint64_t tower[PLANES];
    take_apart(planes, block);
    planes[0] = ~planes[0];
    planes[1] = ~planes[1];
    planes[5] = ~planes[5];
    planes[6] = ~planes[6];
    affine_to_tower(tower, planes);
    invert(tower);
    from_tower(planes, tower);
    put_together(block, planes);
}

/* every_plane repeats 16 bits in all four planes of a word. */
static inline uint64_t every_plane(uint64_t bits)
{
    return bits * UINT64_C(0x0001000100010001);
}

/* Row r is the bits 4c + r: shifting it by r columns rotates it by 4r bits. @[FIPS197 5.1.2] */
static inline uint64_t shift_rows(uint64_t x)
{
    return (x & every_plane(0x1111)) | (x >> 4 & every_plane(0x0222)) |
           (x << 12 & every_plane(0x2000)) | (x >> 8 & every_plane(0x0044)) |
           (x << 8 & every_plane(0x4400)) | (x >> 12 & every_plane(0x0008)) |
           (x << 4 & every_plane(0x8880));
}

static inline uint64_t inverse_shift_rows(uint64_t x)
{
    return (x & every_plane(0x1111)) | (x << 4 & every_plane(0x2220)) |
           (x >> 12 & every_plane(0x0002)) | (x << 8 & every_plane(0x4400)) |
           (x >> 8 & every_plane(0x0044)) | (x << 12 & every_plane(0x8000)) |
           (x >> 4 & every_plane(0x0888));
}

/* next_row brings, within each column, row r + 1 to row r; row_after_next row r + 2. */
static inline uint64_t next_row(uint64_t x)
{
    return (x >> 1 & every_plane(0x7777)) | (x << 3 & every_plane(0x8888));
}

static inline uint64_t row_after_next(uint64_t x)
{
    return (x >> 2 & every_plane(0x3333)) | (x << 2 & every_plane(0xcccc));
}

/* times_x multiplies every byte by x modulo x^8 + x^4 + x^3 + x + 1: each plane becomes the next
 * one, and the last is added to the planes 0, 1, 3 and 4. @[FIPS197 4.2] */
static inline struct block times_x(struct block x)
{
    uint64_t top = x.high >> 48;
    return (struct block){x.low << 16 ^ top ^ top << 16 ^ top << 48,
                          (x.high << 16 | x.low >> 48) ^ top};
}

/* mix_columns: row r becomes 2(a[r] + a[r+1]) + a[r+1] + (a[r+2] + a[r+3]). @[FIPS197 5.1.3] */
static void mix_columns(struct block *block)
{
    struct block next = {next_row(block->low), next_row(block->high)};
    struct block sum = {block->low ^ next.low, block->high ^ next.high};
    struct block twice = times_x(sum);
    block->low = twice.low ^ next.low ^ row_after_next(sum.low);
    block->high = twice.high ^ next.high ^ row_after_next(sum.high);
}

/* inverse_mix_columns: its matrix is that of mix_columns times 5 + 4 x^2, so that adding
 * 4(a[r] + a[r+2]) first makes the forward step do. @[FIPS197 5.3.3] */
static void inverse_mix_columns(struct block *block)
{
    struct block sum = {block->low ^ row_after_next(block->low),
                        block->high ^ row_after_next(block->high)};
    struct block four_times = times_x(times_x(sum));
    block->low ^= four_times.low;
    block->high ^= four_times.high;
    mix_columns(block);
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

/* spread puts the lower four bytes of x into the even bytes of the result. */
static uint64_t spread(uint64_t x)
{
    x &= 0xffffffff;
    x = (x | x << 16) & 0x0000ffff0000ffff;
    return (x | x << 8) & 0x00ff00ff00ff00ff;
}

/* gather is its inverse, and does not look at the odd bytes. */
static uint64_t gather(uint64_t x)
{
    x &= 0x00ff00ff00ff00ff;
    x = (x | x >> 8) & 0x0000ffff0000ffff;
    return (x | x >> 16) & 0xffffffff;
}

static void slice(struct block *ret_block, const uint8_t bytes[CEPA_AES256_BLOCK_LEN])
{
    uint64_t first = transpose(cepa_le64_load(bytes));
    uint64_t second = transpose(cepa_le64_load(bytes + 8));
    ret_block->low = spread(first) | spread(second) << 8;
    ret_block->high = spread(first >> 32) | spread(second >> 32) << 8;
}

static void unslice(uint8_t ret_bytes[CEPA_AES256_BLOCK_LEN], const struct block *block)
{
    uint64_t first = gather(block->low) | gather(block->high) << 32;
    uint64_t second = gather(block->low >> 8) | gather(block->high >> 8) << 32;
    cepa_le64_store(ret_bytes, transpose(first));
    cepa_le64_store(ret_bytes + 8, transpose(second));
}

static void add_round_key(struct block *block, const struct cepa_aes256_key *key, int round)
{
    const uint8_t *from = key->round_keys + CEPA_AES256_BLOCK_LEN * round;
    block->low ^= cepa_le64_load(from);
    block->high ^= cepa_le64_load(from + 8);
}

/* sub_word needs four bytes of a block only, so its planes stay the eight bytes of one word. */
static uint32_t sub_word(uint32_t word)
{
    uint64_t planes[PLANES];
    uint64_t tower[PLANES];
    uint64_t bits = transpose(word);
    for (int i = 0; i < PLANES; i++) {
        planes[i] = bits >> (8 * i);
    }
    to_tower(tower, planes);
    invert(tower);
    from_tower_affine(planes, tower);
    bits = 0;
    for (int i = 0; i < PLANES; i++) {
        bits |= (planes[i] & 0xff) << (8 * i);
    }
    cepa_wipe(planes, sizeof planes);
    cepa_wipe(tower, sizeof tower);
    return (uint32_t)transpose(bits);
}

/* expand writes the 60 words of the key schedule. @[FIPS197 5.2] */
static void expand(uint8_t *ret_words, const uint8_t key[CEPA_AES256_KEY_LEN])
{
    uint32_t constant = 1;
    uint32_t word = cepa_le32_load(key + CEPA_AES256_KEY_LEN - 4);
    memcpy(ret_words, key, CEPA_AES256_KEY_LEN);
    for (int i = 8; i < 4 * (CEPA_AES256_ROUNDS + 1); i++) {
        if ((i & 7) == 0) {
            word = sub_word(word >> 8 | word << 24) ^ constant;
            constant <<= 1;
        } else if ((i & 3) == 0) {
            word = sub_word(word);
        }
        word ^= cepa_le32_load(ret_words + 4 * (i - 8));
        cepa_le32_store(ret_words + 4 * i, word);
    }
}

void cepa_aes256_key_init_bitsliced(struct cepa_aes256_key *ret_key,
                                    const uint8_t key[CEPA_AES256_KEY_LEN])
{
    struct block block;
    expand(ret_key->round_keys, key);
    for (int round = 0; round <= CEPA_AES256_ROUNDS; round++) {
        uint8_t *at = ret_key->round_keys + CEPA_AES256_BLOCK_LEN * round;
        slice(&block, at);
        cepa_le64_store(at, block.low);
        cepa_le64_store(at + 8, block.high);
    }
    ret_key->is_bitsliced = 1;
    cepa_wipe(&block, sizeof block);
}

void cepa_aes256_encrypt_bitsliced(const struct cepa_aes256_key *key,
                                   uint8_t block[CEPA_AES256_BLOCK_LEN])
{
    struct block state;
    slice(&state, block);
    add_round_key(&state, key, 0);
    for (int round = 1; round <= CEPA_AES256_ROUNDS; round++) {
        sub_bytes(&state);
        state.low = shift_rows(state.low);
        state.high = shift_rows(state.high);
        if (round < CEPA_AES256_ROUNDS) {
            mix_columns(&state);
        }
        add_round_key(&state, key, round);
    }
    unslice(block, &state);
    cepa_wipe(&state, sizeof state);
}

void cepa_aes256_decrypt_bitsliced(const struct cepa_aes256_key *key,
                                   uint8_t block[CEPA_AES256_BLOCK_LEN])
{
    struct block state;
    slice(&state, block);
    for (int round = CEPA_AES256_ROUNDS; round > 0; round--) {
        add_round_key(&state, key, round);
        if (round < CEPA_AES256_ROUNDS) {
            inverse_mix_columns(&state);
        }
        state.low = inverse_shift_rows(state.low);
        state.high = inverse_shift_rows(state.high);
        inverse_sub_bytes(&state);
    }
    add_round_key(&state, key, 0);
    unslice(block, &state);
    cepa_wipe(&state, sizeof state);
}
