/* Noise, compression and byte encodings of ML-KEM's polynomials for WebAssembly, 8 or 16
 * coefficients at a time. @[FIPS203 4.2] */
#include "base/endian.h"
#include "crypto/wasm/mlkem_simd128.h"

typedef uint64_t u64x2 __attribute__((vector_size(16)));
typedef int8_t i8x8 __attribute__((vector_size(8)));

static inline cepa_u8x16 load_bytes(const uint8_t *from)
{
    cepa_u8x16 value;
    __builtin_memcpy(&value, from, sizeof value);
    return value;
}

/* byte_all gives one byte 16 times. */
static inline cepa_u8x16 byte_all(uint8_t x)
{
    return (cepa_u8x16){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x};
}

/* down shifts in 16-bit numbers, which is one instruction; the caller masks what comes over. */
static inline cepa_u8x16 down(cepa_u8x16 bytes, int by)
{
    return (cepa_u8x16)((cepa_u16x8)bytes >> by);
}

/* unpack_12 takes 8 numbers of 12 bits, each with the two bytes that it lies in by now. */
static inline cepa_i16x8 unpack_12(cepa_u8x16 pairs)
{
    cepa_u16x8 x = (cepa_u16x8)pairs;
    const cepa_u16x8 is_even = {0xffff, 0, 0xffff, 0, 0xffff, 0, 0xffff, 0};
    return (cepa_i16x8)((x & is_even & 0xfff) | (x >> 4 & ~is_even));
}

static inline cepa_i16x8 unpack_first_12(const uint8_t bytes[16])
{
    cepa_u8x16 x = load_bytes(bytes);
    return unpack_12(
        __builtin_shufflevector(x, x, 0, 1, 1, 2, 3, 4, 4, 5, 6, 7, 7, 8, 9, 10, 10, 11));
}

/* unpack_last_12 does the same for the last 12 of 16 bytes, so that nothing is read past an end. */
static inline cepa_i16x8 unpack_last_12(const uint8_t bytes[16])
{
    cepa_u8x16 x = load_bytes(bytes);
    return unpack_12(
        __builtin_shufflevector(x, x, 4, 5, 5, 6, 7, 8, 8, 9, 10, 11, 11, 12, 13, 14, 14, 15));
}

/* append_four appends those of four numbers whose bits are set in `mask`; it may write 8. */
static inline unsigned append_four(int16_t *to, unsigned count, cepa_u8x16 numbers, unsigned mask)
{
    static const uint8_t places[16][8] = {{255, 255, 255, 255, 255, 255, 255, 255},
                                          {0, 1, 255, 255, 255, 255, 255, 255},
                                          {2, 3, 255, 255, 255, 255, 255, 255},
                                          {0, 1, 2, 3, 255, 255, 255, 255},
                                          {4, 5, 255, 255, 255, 255, 255, 255},
                                          {0, 1, 4, 5, 255, 255, 255, 255},
                                          {2, 3, 4, 5, 255, 255, 255, 255},
                                          {0, 1, 2, 3, 4, 5, 255, 255},
                                          {6, 7, 255, 255, 255, 255, 255, 255},
                                          {0, 1, 6, 7, 255, 255, 255, 255},
                                          {2, 3, 6, 7, 255, 255, 255, 255},
                                          {0, 1, 2, 3, 6, 7, 255, 255},
                                          {4, 5, 6, 7, 255, 255, 255, 255},
                                          {0, 1, 4, 5, 6, 7, 255, 255},
                                          {2, 3, 4, 5, 6, 7, 255, 255},
                                          {0, 1, 2, 3, 4, 5, 6, 7}};
    uint64_t chosen = cepa_le64_load(places[mask]);
    u64x2 picked = (u64x2)cepa_u8x16_pick(numbers, (cepa_u8x16)(u64x2){chosen, chosen});
    cepa_le64_store((uint8_t *)(to + count), picked[0]);
    return count + ((unsigned)(UINT64_C(0x4332322132212110) >> (4 * mask)) & 15);
}

static inline unsigned append_eight(int16_t *to, unsigned count, cepa_i16x8 numbers, unsigned mask)
{
    cepa_u8x16 low = (cepa_u8x16)numbers;
    u64x2 halves = (u64x2)numbers;
    cepa_u8x16 high = (cepa_u8x16)(u64x2){halves[1], halves[1]};
    count = append_four(to, count, low, mask & 15);
    return append_four(to, count, high, mask >> 4 & 15);
}

unsigned cepa_mlkem_reject_simd128(int16_t ret_ordered[CEPA_MLKEM_N + CEPA_MLKEM_REJECT_SLACK],
                                   unsigned count, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len && count < CEPA_MLKEM_N; i += 24) {
        cepa_i16x8 low = unpack_first_12(bytes + i);
        cepa_i16x8 high = unpack_last_12(bytes + i + 8);
        /* Numbers below q are negative after q is taken away. */
        unsigned mask = cepa_i16x8_signs(cepa_i16x8_subtract(low, cepa_i16x8_all(CEPA_MLKEM_Q)),
                                         cepa_i16x8_subtract(high, cepa_i16x8_all(CEPA_MLKEM_Q)));
        count = append_eight(ret_ordered, count, low, mask);
        count = append_eight(ret_ordered, count, high, mask >> 8);
    }
    return count < CEPA_MLKEM_N ? count : CEPA_MLKEM_N;
}

uint32_t cepa_mlkem_decode_12_simd128(struct cepa_mlkem_poly *ret_poly,
                                      const uint8_t bytes[CEPA_MLKEM_POLY_BYTES])
{
    cepa_i16x8 too_big = cepa_i16x8_all(0);
    for (unsigned i = 0; i < CEPA_MLKEM_N / 16; i++) {
        cepa_i16x8 low = unpack_first_12(bytes + 24 * i);
        cepa_i16x8 high = unpack_last_12(bytes + 24 * i + 8);
        too_big |= cepa_i16x8_subtract(cepa_i16x8_all(CEPA_MLKEM_Q - 1), low);
        too_big |= cepa_i16x8_subtract(cepa_i16x8_all(CEPA_MLKEM_Q - 1), high);
        cepa_i16x8_store(ret_poly->at + 16 * i, low);
        cepa_i16x8_store(ret_poly->at + 16 * i + 8, high);
    }
    return cepa_i16x8_signs(too_big, too_big);
}

/* store_eight widens the lower 8 signed bytes. */
static inline void store_eight(int16_t *to, cepa_i8x16 x)
{
    i8x8 low = __builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7);
    cepa_i16x8_store(to, __builtin_convertvector(low, cepa_i16x8));
}

/* spread_nibbles writes the 32 nibbles of 16 bytes, each less `offset`. */
static inline void spread_nibbles(int16_t *to, cepa_u8x16 bytes, uint8_t offset)
{
    cepa_u8x16 even = (bytes & 15) - byte_all(offset);
    cepa_u8x16 odd = (down(bytes, 4) & 15) - byte_all(offset);
    cepa_i8x16 low = (cepa_i8x16)__builtin_shufflevector(even, odd, 0, 16, 1, 17, 2, 18, 3, 19, 4,
                                                         20, 5, 21, 6, 22, 7, 23);
    cepa_i8x16 high = (cepa_i8x16)__builtin_shufflevector(even, odd, 8, 24, 9, 25, 10, 26, 11, 27,
                                                          12, 28, 13, 29, 14, 30, 15, 31);
    store_eight(to, low);
    store_eight(to + 8, __builtin_shufflevector(low, low, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3,
                                                4, 5, 6, 7));
    store_eight(to + 16, high);
    store_eight(to + 24, __builtin_shufflevector(high, high, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2,
                                                 3, 4, 5, 6, 7));
}

void cepa_mlkem_noise_simd128(struct cepa_mlkem_poly *ret_poly,
                              const uint8_t bytes[CEPA_MLKEM_NOISE_BYTES])
{
    for (unsigned i = 0; i < CEPA_MLKEM_NOISE_BYTES; i += 16) {
        cepa_u8x16 x = load_bytes(bytes + i);
        cepa_u8x16 sums = (x & 0x55) + (down(x, 1) & 0x55);
        /* 3 more in every nibble, so that none borrows from the next. */
        cepa_u8x16 plus = (sums & 0x33) + 0x33;
        spread_nibbles(ret_poly->at + 2 * i, plus - (down(sums, 2) & 0x33), 3);
    }
}

/* compress rounds 2^bits / q x: an estimate that is never too high and at most 1 too low, put right
 * by what remains. `factor` is 2^bits 2^15 / q, a little less. */
static inline cepa_i16x8 compress(cepa_i16x8 x, int bits, int factor)
{
    cepa_i16x8 estimate = cepa_i16x8_multiply_high(x, cepa_i16x8_all(factor));
    cepa_i16x8 rest =
        cepa_i16x8_subtract((cepa_i16x8)((cepa_u16x8)x << bits),
                            cepa_i16x8_multiply(estimate, cepa_i16x8_all(CEPA_MLKEM_Q)));
    cepa_i16x8 is_low = cepa_i16x8_subtract(cepa_i16x8_all((CEPA_MLKEM_Q - 1) / 2), rest) >> 15;
    return cepa_i16x8_subtract(estimate, is_low) & cepa_i16x8_all((1 << bits) - 1);
}

void cepa_mlkem_compress_10_simd128(struct cepa_mlkem_poly *ret_fields,
                                    const struct cepa_mlkem_poly *a,
                                    const struct cepa_mlkem_poly *b)
{
    for (unsigned i = 0; i < CEPA_MLKEM_N; i += 8) {
        cepa_i16x8 sum = cepa_i16x8_add(cepa_i16x8_load(a->at + i), cepa_i16x8_load(b->at + i));
        cepa_i16x8_store(ret_fields->at + i,
                         compress(cepa_mlkem_simd128_canonical(sum), 10, 10079));
    }
}

void cepa_mlkem_compress_4_simd128(struct cepa_mlkem_poly *ret_fields,
                                   const struct cepa_mlkem_poly *a, const struct cepa_mlkem_poly *b,
                                   const uint8_t message[CEPA_MLKEM_MESSAGE_BYTES])
{
    const cepa_i16x8 bits = {1, 2, 4, 8, 16, 32, 64, 128};
    for (unsigned i = 0; i < CEPA_MLKEM_N; i += 8) {
        cepa_i16x8 sum = cepa_i16x8_add(cepa_i16x8_load(a->at + i), cepa_i16x8_load(b->at + i));
        cepa_i16x8 is_set = (cepa_i16x8)((cepa_i16x8_all(message[i / 8]) & bits) == bits);
        sum = cepa_i16x8_add(sum, is_set & cepa_i16x8_all((CEPA_MLKEM_Q + 1) / 2));
        cepa_i16x8_store(ret_fields->at + i, compress(cepa_mlkem_simd128_canonical(sum), 4, 157));
    }
}

/* decode_eight takes 8 fields of 10 bits, each with the two bytes that it lies in by now. */
static inline void decode_eight(int16_t *to_fields, int16_t *to_poly, cepa_u8x16 pairs)
{
    const cepa_u16x8 shifts = {64, 16, 4, 1, 64, 16, 4, 1};
    cepa_i16x8 fields = (cepa_i16x8)((cepa_u16x8)pairs * shifts >> 6);
    cepa_i16x8_store(to_fields, fields);
    /* x 2^5 q / 2^15 is x q / 2^10. */
    cepa_i16x8_store(to_poly, cepa_i16x8_multiply_high(fields << 5, cepa_i16x8_all(CEPA_MLKEM_Q)));
}

void cepa_mlkem_decode_10_simd128(struct cepa_mlkem_poly *ret_fields,
                                  struct cepa_mlkem_poly *ret_poly,
                                  const uint8_t bytes[CEPA_MLKEM_POLY_10_BYTES])
{
    for (unsigned i = 0; i < CEPA_MLKEM_N / 16; i++) {
        cepa_u8x16 first = load_bytes(bytes + 20 * i);
        cepa_u8x16 second = load_bytes(bytes + 20 * i + 4);
        decode_eight(
            ret_fields->at + 16 * i, ret_poly->at + 16 * i,
            __builtin_shufflevector(first, first, 0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 6, 7, 7, 8, 8, 9));
        decode_eight(ret_fields->at + 16 * i + 8, ret_poly->at + 16 * i + 8,
                     __builtin_shufflevector(second, second, 6, 7, 7, 8, 8, 9, 9, 10, 11, 12, 12,
                                             13, 13, 14, 14, 15));
    }
}

void cepa_mlkem_decode_4_simd128(struct cepa_mlkem_poly *ret_fields,
                                 const uint8_t bytes[CEPA_MLKEM_POLY_4_BYTES])
{
    for (unsigned i = 0; i < CEPA_MLKEM_POLY_4_BYTES; i += 16) {
        spread_nibbles(ret_fields->at + 2 * i, load_bytes(bytes + i), 0);
    }
}

/* message_signs is negative where fields less noise lie nearer to q / 2 than to 0. */
static inline cepa_i16x8 message_signs(const struct cepa_mlkem_poly *fields,
                                       const struct cepa_mlkem_poly *noisy, unsigned i)
{
    cepa_i16x8 value = cepa_i16x8_multiply_high(cepa_i16x8_load(fields->at + i) << 11,
                                                cepa_i16x8_all(CEPA_MLKEM_Q));
    cepa_i16x8 x =
        cepa_mlkem_simd128_canonical(cepa_i16x8_subtract(value, cepa_i16x8_load(noisy->at + i)));
    return cepa_i16x8_subtract(cepa_i16x8_all((CEPA_MLKEM_Q - 1) / 4), x) &
           cepa_i16x8_subtract(x, cepa_i16x8_all((3 * CEPA_MLKEM_Q + 1) / 4));
}

void cepa_mlkem_message_simd128(uint8_t ret_message[CEPA_MLKEM_MESSAGE_BYTES],
                                const struct cepa_mlkem_poly *fields,
                                const struct cepa_mlkem_poly *noisy)
{
    for (unsigned i = 0; i < CEPA_MLKEM_N; i += 16) {
        uint32_t bits =
            cepa_i16x8_signs(message_signs(fields, noisy, i), message_signs(fields, noisy, i + 8));
        cepa_le16_store(ret_message + i / 8, (uint16_t)bits);
    }
}

void cepa_mlkem_encode_10_simd128(uint8_t ret_bytes[CEPA_MLKEM_POLY_10_BYTES],
                                  const struct cepa_mlkem_poly *fields)
{
    const cepa_i16x8 join = {1, 1 << 10, 1, 1 << 10, 1, 1 << 10, 1, 1 << 10};
    const u64x2 low = {0xfffff, 0xfffff};
    for (unsigned i = 0; i < CEPA_MLKEM_N / 8; i++) {
        /* Two fields in 20 bits of every 32, then four in 40 bits of every 64. */
        u64x2 pairs = (u64x2)cepa_i16x8_dot(cepa_i16x8_load(fields->at + 8 * i), join);
        u64x2 fours = (pairs & low) | (pairs >> 12 & ~low);
        cepa_le32_store(ret_bytes + 10 * i, (uint32_t)fours[0]);
        cepa_le32_store(ret_bytes + 10 * i + 4,
                        (uint32_t)(fours[0] >> 32) | (uint32_t)(fours[1] << 8));
        cepa_le16_store(ret_bytes + 10 * i + 8, (uint16_t)(fours[1] >> 24));
    }
}

void cepa_mlkem_encode_4_simd128(uint8_t ret_bytes[CEPA_MLKEM_POLY_4_BYTES],
                                 const struct cepa_mlkem_poly *fields)
{
    for (unsigned i = 0; i < CEPA_MLKEM_POLY_4_BYTES / 4; i++) {
        uint64_t pairs[2];
        __builtin_memcpy(pairs, fields->at + 8 * i, sizeof pairs);
        /* Fields stand in every 16 bits; their nibbles move together in two steps. */
        for (unsigned j = 0; j < 2; j++) {
            uint64_t bytes = (pairs[j] | pairs[j] >> 12) & UINT64_C(0x000000ff000000ff);
            cepa_le16_store(ret_bytes + 4 * i + 2 * j, (uint16_t)(bytes | bytes >> 24));
        }
    }
}
