/* Noise, compression and byte encodings of ML-KEM's polynomials with AVX2, 16 coefficients at a
 * time. The same numbers as crypto/mlkem_poly.c, mostly by other ways. @[FIPS203 4.2] */
#include <immintrin.h>

#include "base/endian.h"
#include "crypto/mlkem_kernels.h"

typedef __m256i row;

static inline row load(const int16_t *from)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)from);
}

static inline void store(int16_t *to, row value)
{
    _mm256_storeu_si256((__m256i *)(void *)to, value);
}

static inline __m128i load_16_bytes(const uint8_t *from)
{
    return _mm_loadu_si128((const __m128i *)(const void *)from);
}

static inline row all(int value)
{
    return _mm256_set1_epi16((int16_t)value);
}

/* canonical is cepa_mlkem_canonical on a row. */
static inline row canonical(row a)
{
    row quotient = _mm256_mulhi_epi16(a, all(CEPA_MLKEM_BARRETT));
    quotient = _mm256_mulhrs_epi16(quotient, all(1 << 5));
    row reduced = _mm256_sub_epi16(a, _mm256_mullo_epi16(quotient, all(CEPA_MLKEM_Q)));
    row correction = _mm256_and_si256(_mm256_srai_epi16(reduced, 15), all(CEPA_MLKEM_Q));
    return _mm256_add_epi16(reduced, correction);
}

/* unpack_12 spreads 24 bytes to 16 numbers of 12 bits. The upper 12 bytes are loaded with the 4
 * before them, so that nothing is read past the end. */
static inline row unpack_12(const uint8_t bytes[24])
{
    const row places = _mm256_setr_epi8(0, 1, 1, 2, 3, 4, 4, 5, 6, 7, 7, 8, 9, 10, 10, 11, /* */
                                        4, 5, 5, 6, 7, 8, 8, 9, 10, 11, 11, 12, 13, 14, 14, 15);
    row both = _mm256_inserti128_si256(_mm256_castsi128_si256(load_16_bytes(bytes)),
                                       load_16_bytes(bytes + 8), 1);
    both = _mm256_shuffle_epi8(both, places);
    row odd = _mm256_srli_epi16(both, 4);
    row even = _mm256_and_si256(both, all(0xfff));
    return _mm256_blend_epi16(even, odd, 0xaa);
}

/* A nibble of accepted numbers: where each set bit's number goes in a row of four. */
static inline __m128i gather_four(__m128i numbers, unsigned mask)
{
    static const uint64_t places[16] = {
        UINT64_C(0xffffffffffffffff), UINT64_C(0xffffffffffff0100), UINT64_C(0xffffffffffff0302),
        UINT64_C(0xffffffff03020100), UINT64_C(0xffffffffffff0504), UINT64_C(0xffffffff05040100),
        UINT64_C(0xffffffff05040302), UINT64_C(0xffff050403020100), UINT64_C(0xffffffffffff0706),
        UINT64_C(0xffffffff07060100), UINT64_C(0xffffffff07060302), UINT64_C(0xffff070603020100),
        UINT64_C(0xffffffff07060504), UINT64_C(0xffff070605040100), UINT64_C(0xffff070605040302),
        UINT64_C(0x0706050403020100)};
    return _mm_shuffle_epi8(numbers, _mm_cvtsi64_si128((long long)places[mask]));
}

/* bits_in counts the set bits of a nibble. */
static inline unsigned bits_in(unsigned mask)
{
    return (unsigned)(UINT64_C(0x4332322132212110) >> (4 * mask)) & 15;
}

/* append_eight appends the numbers whose bits are set in `mask`; it may write 4 numbers more. */
static inline unsigned append_eight(int16_t *to, unsigned count, __m128i numbers, unsigned mask)
{
    _mm_storel_epi64((__m128i *)(void *)(to + count), gather_four(numbers, mask & 15));
    count += bits_in(mask & 15);
    _mm_storel_epi64((__m128i *)(void *)(to + count),
                     gather_four(_mm_unpackhi_epi64(numbers, numbers), mask >> 4 & 15));
    return count + bits_in(mask >> 4 & 15);
}

unsigned cepa_mlkem_reject_avx2(int16_t ret_ordered[CEPA_MLKEM_N + CEPA_MLKEM_REJECT_SLACK],
                                unsigned count, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len && count < CEPA_MLKEM_N; i += 24) {
        row numbers = unpack_12(bytes + i);
        row good = _mm256_cmpgt_epi16(all(CEPA_MLKEM_Q), numbers);
        unsigned mask = (unsigned)_mm256_movemask_epi8(_mm256_packs_epi16(good, good));
        count = append_eight(ret_ordered, count, _mm256_castsi256_si128(numbers), mask & 0xff);
        /* At most 263 now, so that the other eight fit into the slack. */
        count = append_eight(ret_ordered, count, _mm256_extracti128_si256(numbers, 1), mask >> 24);
    }
    return count < CEPA_MLKEM_N ? count : CEPA_MLKEM_N;
}

uint32_t cepa_mlkem_decode_12_avx2(struct cepa_mlkem_poly *ret_poly,
                                   const uint8_t bytes[CEPA_MLKEM_POLY_BYTES])
{
    row too_big = all(0);
    for (unsigned i = 0; i < CEPA_MLKEM_N / 16; i++) {
        row numbers = unpack_12(bytes + 24 * (size_t)i);
        too_big = _mm256_or_si256(too_big, _mm256_cmpgt_epi16(numbers, all(CEPA_MLKEM_Q - 1)));
        store(ret_poly->at + 16 * i, numbers);
    }
    return (uint32_t)_mm256_movemask_epi8(too_big);
}

/* store_bytes widens 32 small signed bytes, whose order is that of two interleavings, to
 * coefficients. */
static inline void store_bytes(int16_t *to, row low, row high)
{
    row first = _mm256_permute2x128_si256(low, high, 0x20);
    row second = _mm256_permute2x128_si256(low, high, 0x31);
    store(to, _mm256_cvtepi8_epi16(_mm256_castsi256_si128(first)));
    store(to + 16, _mm256_cvtepi8_epi16(_mm256_extracti128_si256(first, 1)));
    store(to + 32, _mm256_cvtepi8_epi16(_mm256_castsi256_si128(second)));
    store(to + 48, _mm256_cvtepi8_epi16(_mm256_extracti128_si256(second, 1)));
}

/* spread_nibbles writes the 64 nibbles of 32 bytes, each less `offset`. */
static inline void spread_nibbles(int16_t *to, row bytes, int offset)
{
    const row nibble = _mm256_set1_epi8(15);
    const row shift = _mm256_set1_epi8((int8_t)offset);
    row even = _mm256_sub_epi8(_mm256_and_si256(bytes, nibble), shift);
    row odd = _mm256_sub_epi8(_mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble), shift);
    store_bytes(to, _mm256_unpacklo_epi8(even, odd), _mm256_unpackhi_epi8(even, odd));
}

void cepa_mlkem_noise_avx2(struct cepa_mlkem_poly *ret_poly,
                           const uint8_t bytes[CEPA_MLKEM_NOISE_BYTES])
{
    const row bit = _mm256_set1_epi8(0x55);
    const row pair = _mm256_set1_epi8(0x33);
    for (unsigned i = 0; i < CEPA_MLKEM_NOISE_BYTES / 32; i++) {
        row x = _mm256_loadu_si256((const __m256i *)(const void *)(bytes + 32 * (size_t)i));
        row sums = _mm256_add_epi8(_mm256_and_si256(x, bit),
                                   _mm256_and_si256(_mm256_srli_epi16(x, 1), bit));
        row plus = _mm256_and_si256(sums, pair);
        row minus = _mm256_and_si256(_mm256_srli_epi16(sums, 2), pair);
        /* 3 more in every nibble, so that none borrows from the next. */
        spread_nibbles(ret_poly->at + 64 * i, _mm256_sub_epi8(_mm256_add_epi8(plus, pair), minus),
                       3);
    }
}

void cepa_mlkem_compress_10_avx2(struct cepa_mlkem_poly *ret_fields,
                                 const struct cepa_mlkem_poly *a, const struct cepa_mlkem_poly *b)
{
    for (unsigned i = 0; i < CEPA_MLKEM_N; i += 16) {
        row x = canonical(_mm256_add_epi16(load(a->at + i), load(b->at + i)));
        row estimate = _mm256_mulhi_epi16(_mm256_slli_epi16(x, 3), all(CEPA_MLKEM_BARRETT));
        estimate = _mm256_srli_epi16(_mm256_add_epi16(estimate, all(3)), 3);
        row rest = _mm256_sub_epi16(_mm256_slli_epi16(x, 10),
                                    _mm256_mullo_epi16(estimate, all(CEPA_MLKEM_Q)));
        row correction = _mm256_cmpgt_epi16(rest, all((CEPA_MLKEM_Q - 1) / 2));
        store(ret_fields->at + i,
              _mm256_and_si256(_mm256_sub_epi16(estimate, correction), all(1023)));
    }
}

void cepa_mlkem_compress_4_avx2(struct cepa_mlkem_poly *ret_fields, const struct cepa_mlkem_poly *a,
                                const struct cepa_mlkem_poly *b,
                                const uint8_t message[CEPA_MLKEM_MESSAGE_BYTES])
{
    const row bits = _mm256_setr_epi16(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096,
                                       8192, 16384, INT16_MIN);
    for (unsigned i = 0; i < CEPA_MLKEM_N; i += 16) {
        row sum = _mm256_add_epi16(load(a->at + i), load(b->at + i));
        row chosen = _mm256_and_si256(all((int16_t)cepa_le16_load(message + i / 8)), bits);
        row halves =
            _mm256_and_si256(_mm256_cmpeq_epi16(chosen, bits), all((CEPA_MLKEM_Q + 1) / 2));
        row x = canonical(_mm256_add_epi16(sum, halves));
        row scaled = _mm256_mulhi_epi16(x, all(CEPA_MLKEM_BARRETT));
        row rounded = _mm256_srli_epi16(_mm256_add_epi16(scaled, all(32)), 6);
        store(ret_fields->at + i, _mm256_and_si256(rounded, all(15)));
    }
}

void cepa_mlkem_decode_10_avx2(struct cepa_mlkem_poly *ret_fields, struct cepa_mlkem_poly *ret_poly,
                               const uint8_t bytes[CEPA_MLKEM_POLY_10_BYTES])
{
    /* Each field with the byte that it ends in; the upper half lies 6 bytes further in its load. */
    const row places = _mm256_setr_epi8(0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 6, 7, 7, 8, 8, 9, /* */
                                        6, 7, 7, 8, 8, 9, 9, 10, 11, 12, 12, 13, 13, 14, 14, 15);
    const row shifts = _mm256_setr_epi16(64, 16, 4, 1, 64, 16, 4, 1, 64, 16, 4, 1, 64, 16, 4, 1);
    for (unsigned i = 0; i < CEPA_MLKEM_N / 16; i++) {
        const uint8_t *at = bytes + 20 * (size_t)i;
        row both = _mm256_inserti128_si256(_mm256_castsi128_si256(load_16_bytes(at)),
                                           load_16_bytes(at + 4), 1);
        both = _mm256_shuffle_epi8(both, places);
        row fields = _mm256_srli_epi16(_mm256_mullo_epi16(both, shifts), 6);
        store(ret_fields->at + 16 * i, fields);
        store(ret_poly->at + 16 * i,
              _mm256_mulhrs_epi16(_mm256_slli_epi16(fields, 5), all(CEPA_MLKEM_Q)));
    }
}

void cepa_mlkem_decode_4_avx2(struct cepa_mlkem_poly *ret_fields,
                              const uint8_t bytes[CEPA_MLKEM_POLY_4_BYTES])
{
    for (unsigned i = 0; i < CEPA_MLKEM_POLY_4_BYTES / 32; i++) {
        row x = _mm256_loadu_si256((const __m256i *)(const void *)(bytes + 32 * (size_t)i));
        spread_nibbles(ret_fields->at + 64 * i, x, 0);
    }
}

/* message_row gives all ones where fields less noise lie nearer to q / 2 than to 0. */
static inline row message_row(const struct cepa_mlkem_poly *fields,
                              const struct cepa_mlkem_poly *noisy, unsigned i)
{
    row value = _mm256_mulhrs_epi16(_mm256_slli_epi16(load(fields->at + i), 11), all(CEPA_MLKEM_Q));
    row x = canonical(_mm256_sub_epi16(value, load(noisy->at + i)));
    return _mm256_and_si256(_mm256_cmpgt_epi16(x, all((CEPA_MLKEM_Q - 1) / 4)),
                            _mm256_cmpgt_epi16(all((3 * CEPA_MLKEM_Q + 1) / 4), x));
}

void cepa_mlkem_message_avx2(uint8_t ret_message[CEPA_MLKEM_MESSAGE_BYTES],
                             const struct cepa_mlkem_poly *fields,
                             const struct cepa_mlkem_poly *noisy)
{
    for (unsigned i = 0; i < CEPA_MLKEM_N; i += 32) {
        row packed =
            _mm256_packs_epi16(message_row(fields, noisy, i), message_row(fields, noisy, i + 16));
        packed = _mm256_permute4x64_epi64(packed, 0xd8);
        cepa_le32_store(ret_message + i / 8, (uint32_t)_mm256_movemask_epi8(packed));
    }
}

/* store_ten writes the lower 10 bytes. */
static inline void store_ten(uint8_t *to, __m128i value)
{
    _mm_storel_epi64((__m128i *)(void *)to, value);
    cepa_le16_store(to + 8, (uint16_t)_mm_extract_epi16(value, 4));
}

void cepa_mlkem_encode_10_avx2(uint8_t ret_bytes[CEPA_MLKEM_POLY_10_BYTES],
                               const struct cepa_mlkem_poly *fields)
{
    const row places = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 1, 2, 3, 4, 8, 9, 10, 11, 12, -1, -1, -1, -1, -1, -1));
    for (unsigned i = 0; i < CEPA_MLKEM_N / 16; i++) {
        uint8_t *to = ret_bytes + 20 * (size_t)i;
        /* Two fields side by side in 20 bits, the lower pair moved up to the higher, then 40 bits
         * moved down. */
        row pairs = _mm256_madd_epi16(load(fields->at + 16 * i), _mm256_set1_epi32(1 << 26 | 1));
        row fours = _mm256_sllv_epi32(pairs, _mm256_set1_epi64x(12));
        fours = _mm256_srli_epi64(fours, 12);
        row packed = _mm256_shuffle_epi8(fours, places);
        store_ten(to, _mm256_castsi256_si128(packed));
        store_ten(to + 10, _mm256_extracti128_si256(packed, 1));
    }
}

void cepa_mlkem_encode_4_avx2(uint8_t ret_bytes[CEPA_MLKEM_POLY_4_BYTES],
                              const struct cepa_mlkem_poly *fields)
{
    for (unsigned i = 0; i < CEPA_MLKEM_POLY_4_BYTES / 16; i++) {
        /* x0 + 16 x1 in every 32 bits, then every fourth byte of two registers. */
        row low = _mm256_madd_epi16(load(fields->at + 32 * i), _mm256_set1_epi32(16 << 16 | 1));
        row high =
            _mm256_madd_epi16(load(fields->at + 32 * i + 16), _mm256_set1_epi32(16 << 16 | 1));
        row packed = _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xd8);
        _mm_storeu_si128(
            (__m128i *)(void *)(ret_bytes + 16 * (size_t)i),
            _mm_packus_epi16(_mm256_castsi256_si128(packed), _mm256_extracti128_si256(packed, 1)));
    }
}
