/* ChaCha20 by AVX-512, in two shapes that can run together: sixteen blocks, word i of all of them
 * in register i, bound by how much the processor can do at once; and four blocks, row i of all of
 * them in register i, bound by how long one round takes. A cell and a frame are a little longer
 * than sixteen blocks, so the second shape runs in the gaps of the first and costs next to nothing.
 */
#include <immintrin.h>

#include "base/ct.h"
#include "base/endian.h"
#include "crypto/stream_kernels.h"

enum { BLOCK = 64, WIDE = 16 * BLOCK, ROWS = 4 * BLOCK, DOUBLE_ROUNDS = 10 };

/* One quarter round on sixteen columns. @[RFC8439 2.1] */
static inline void quarter_round(__m512i *a, __m512i *b, __m512i *c, __m512i *d)
{
    *a = _mm512_add_epi32(*a, *b);
    *d = _mm512_rol_epi32(_mm512_xor_si512(*d, *a), 16);
    *c = _mm512_add_epi32(*c, *d);
    *b = _mm512_rol_epi32(_mm512_xor_si512(*b, *c), 12);
    *a = _mm512_add_epi32(*a, *b);
    *d = _mm512_rol_epi32(_mm512_xor_si512(*d, *a), 8);
    *c = _mm512_add_epi32(*c, *d);
    *b = _mm512_rol_epi32(_mm512_xor_si512(*b, *c), 7);
}

static inline void wide_round(__m512i x[16])
{
    quarter_round(&x[0], &x[4], &x[8], &x[12]);
    quarter_round(&x[1], &x[5], &x[9], &x[13]);
    quarter_round(&x[2], &x[6], &x[10], &x[14]);
    quarter_round(&x[3], &x[7], &x[11], &x[15]);
    quarter_round(&x[0], &x[5], &x[10], &x[15]);
    quarter_round(&x[1], &x[6], &x[11], &x[12]);
    quarter_round(&x[2], &x[7], &x[8], &x[13]);
    quarter_round(&x[3], &x[4], &x[9], &x[14]);
}

static inline void rows_round(__m512i x[4])
{
    quarter_round(&x[0], &x[1], &x[2], &x[3]);
    x[1] = _mm512_shuffle_epi32(x[1], _MM_PERM_ADCB);
    x[2] = _mm512_shuffle_epi32(x[2], _MM_PERM_BADC);
    x[3] = _mm512_shuffle_epi32(x[3], _MM_PERM_CBAD);
    quarter_round(&x[0], &x[1], &x[2], &x[3]);
    x[1] = _mm512_shuffle_epi32(x[1], _MM_PERM_CBAD);
    x[2] = _mm512_shuffle_epi32(x[2], _MM_PERM_BADC);
    x[3] = _mm512_shuffle_epi32(x[3], _MM_PERM_ADCB);
}

/* transpose_words: in each quarter of the registers, a 4 x 4 matrix of words. transpose_quarters:
 * the 4 x 4 matrix of the registers' quarters. */
static inline void transpose_words(__m512i x[4])
{
    __m512i a = _mm512_unpacklo_epi32(x[0], x[1]);
    __m512i b = _mm512_unpackhi_epi32(x[0], x[1]);
    __m512i c = _mm512_unpacklo_epi32(x[2], x[3]);
    __m512i d = _mm512_unpackhi_epi32(x[2], x[3]);
    x[0] = _mm512_unpacklo_epi64(a, c);
    x[1] = _mm512_unpackhi_epi64(a, c);
    x[2] = _mm512_unpacklo_epi64(b, d);
    x[3] = _mm512_unpackhi_epi64(b, d);
}

static inline void transpose_quarters(__m512i *a, __m512i *b, __m512i *c, __m512i *d)
{
    __m512i e = _mm512_shuffle_i32x4(*a, *b, 0x44);
    __m512i f = _mm512_shuffle_i32x4(*c, *d, 0x44);
    __m512i g = _mm512_shuffle_i32x4(*a, *b, 0xee);
    __m512i h = _mm512_shuffle_i32x4(*c, *d, 0xee);
    *a = _mm512_shuffle_i32x4(e, f, 0x88);
    *b = _mm512_shuffle_i32x4(e, f, 0xdd);
    *c = _mm512_shuffle_i32x4(g, h, 0x88);
    *d = _mm512_shuffle_i32x4(g, h, 0xdd);
}

static inline void xor_block(uint8_t *data, __m512i stream)
{
    _mm512_storeu_si512(data, _mm512_xor_si512(_mm512_loadu_si512(data), stream));
}

static inline void wide_begin(__m512i x[16], const uint32_t input[16])
{
    const __m512i count = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    for (int i = 0; i < 16; i++) {
        x[i] = _mm512_set1_epi32((int)input[i]);
    }
    x[12] = _mm512_add_epi32(x[12], count);
}

/* wide_end adds sixteen blocks of keystream to the data. */
static inline void wide_end(uint8_t *data, __m512i x[16], const uint32_t input[16])
{
    __m512i start[16];
    wide_begin(start, input);
    for (int i = 0; i < 16; i++) {
        x[i] = _mm512_add_epi32(x[i], start[i]);
    }
    for (int i = 0; i < 16; i += 4) {
        transpose_words(x + i);
    }
    for (int i = 0; i < 4; i++) {
        transpose_quarters(&x[i], &x[i + 4], &x[i + 8], &x[i + 12]);
        for (int j = 0; j < 4; j++) {
            xor_block(data + BLOCK * (4 * j + i), x[4 * j + i]);
        }
    }
}

/* rows_begin: the four blocks that begin `ahead` blocks behind the input's. */
static inline void rows_begin(__m512i x[4], const uint32_t input[16], int ahead)
{
    const __m512i count = _mm512_set_epi32(0, 0, 0, ahead + 3, 0, 0, 0, ahead + 2, 0, 0, 0,
                                           ahead + 1, 0, 0, 0, ahead);
    for (int i = 0; i < 4; i++) {
        x[i] =
            _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(const void *)(input + 4 * i)));
    }
    x[3] = _mm512_add_epi32(x[3], count);
}

/* rows_end adds up to four blocks of keystream to the data. */
static inline void rows_end(uint8_t *data, size_t len, __m512i x[4], const uint32_t input[16],
                            int ahead)
{
    uint8_t stream[ROWS];
    __m512i start[4];
    rows_begin(start, input, ahead);
    for (int i = 0; i < 4; i++) {
        x[i] = _mm512_add_epi32(x[i], start[i]);
    }
    transpose_quarters(&x[0], &x[1], &x[2], &x[3]);
    for (int i = 0; i < 4; i++) {
        _mm512_storeu_si512(stream + BLOCK * i, x[i]);
    }
    for (size_t i = 0; i < len; i++) {
        data[i] ^= stream[i];
    }
    cepa_wipe(stream, sizeof stream);
}

static void xor_wide(uint8_t *data, const uint32_t input[16])
{
    __m512i x[16];
    wide_begin(x, input);
    for (int i = 0; i < DOUBLE_ROUNDS; i++) {
        wide_round(x);
    }
    wide_end(data, x, input);
}

static void xor_rows(uint8_t *data, size_t len, const uint32_t input[16])
{
    __m512i x[4];
    rows_begin(x, input, 0);
    for (int i = 0; i < DOUBLE_ROUNDS; i++) {
        rows_round(x);
    }
    rows_end(data, len, x, input, 0);
}

/* xor_both does sixteen blocks and `len` - WIDE more bytes, at most four blocks. */
static void xor_both(uint8_t *data, size_t len, const uint32_t input[16])
{
    __m512i x[16];
    __m512i y[4];
    wide_begin(x, input);
    rows_begin(y, input, WIDE / BLOCK);
    for (int i = 0; i < DOUBLE_ROUNDS; i++) {
        wide_round(x);
        rows_round(y);
    }
    wide_end(data, x, input);
    rows_end(data + WIDE, len - WIDE, y, input, WIDE / BLOCK);
}

static void load_words(uint32_t *ret_words, const uint8_t *bytes, int count)
{
    for (int i = 0; i < count; i++) {
        ret_words[i] = cepa_le32_load(bytes + 4 * i);
    }
}

void cepa_chacha20_xor_ifma(uint8_t *data, size_t len, const uint8_t key[CEPA_CHACHA20_KEY_LEN],
                            const uint8_t nonce[CEPA_CHACHA20_NONCE_LEN], uint32_t block)
{
    /* "expand 32-byte k", then the key. */
    uint32_t input[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    load_words(input + 4, key, 8);
    input[12] = block;
    load_words(input + 13, nonce, 3);
    while (len > WIDE + ROWS || len == WIDE) {
        xor_wide(data, input);
        input[12] += WIDE / BLOCK;
        data += WIDE;
        len -= WIDE;
    }
    if (len > WIDE) {
        xor_both(data, len, input);
        len = 0;
    }
    while (len > 0) {
        size_t take = len < ROWS ? len : ROWS;
        xor_rows(data, take, input);
        input[12] += ROWS / BLOCK;
        data += take;
        len -= take;
    }
    cepa_wipe(input, sizeof input);
}
