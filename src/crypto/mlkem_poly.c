/* Noise, compression and byte encodings of ML-KEM's polynomials, in portable C; the loops are
 * written so that compilers vectorise what can be. @[FIPS203 4.2] */
#include "base/ct.h"
#include "base/endian.h"
#include "crypto/mlkem_kernels.h"

unsigned cepa_mlkem_reject_portable(int16_t ret_ordered[CEPA_MLKEM_N + CEPA_MLKEM_REJECT_SLACK],
                                    unsigned count, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len && count < CEPA_MLKEM_N; i += 3) {
        uint32_t pair = bytes[i] | (uint32_t)bytes[i + 1] << 8 | (uint32_t)bytes[i + 2] << 16;
        int16_t first = (int16_t)(pair & 0xfff);
        int16_t second = (int16_t)(pair >> 12);
        ret_ordered[count] = first;
        count += first < CEPA_MLKEM_Q;
        ret_ordered[count] = second;
        count += second < CEPA_MLKEM_Q;
    }
    return count < CEPA_MLKEM_N ? count : CEPA_MLKEM_N;
}

/* Each nibble gives the sum of its two low bits less the sum of its two high bits. */
void cepa_mlkem_noise_portable(struct cepa_mlkem_poly *restrict ret_poly,
                               const uint8_t bytes[restrict CEPA_MLKEM_NOISE_BYTES])
{
    for (unsigned i = 0; i < CEPA_MLKEM_NOISE_BYTES; i++) {
        int pairs = (bytes[i] & 0x55) + ((bytes[i] >> 1) & 0x55);
        ret_poly->at[2 * i] = (int16_t)((pairs & 3) - ((pairs >> 2) & 3));
        ret_poly->at[2 * i + 1] = (int16_t)(((pairs >> 4) & 3) - (pairs >> 6));
    }
}

void cepa_mlkem_compress_10_portable(struct cepa_mlkem_poly *restrict ret_fields,
                                     const struct cepa_mlkem_poly *restrict a,
                                     const struct cepa_mlkem_poly *restrict b)
{
    for (unsigned i = 0; i < CEPA_MLKEM_N; i++) {
        int16_t sum = cepa_mlkem_canonical((int16_t)(a->at[i] + b->at[i]));
        ret_fields->at[i] = cepa_mlkem_compress_to_10(sum);
    }
}

void cepa_mlkem_compress_4_portable(struct cepa_mlkem_poly *restrict ret_fields,
                                    const struct cepa_mlkem_poly *restrict a,
                                    const struct cepa_mlkem_poly *restrict b,
                                    const uint8_t message[restrict CEPA_MLKEM_MESSAGE_BYTES])
{
    int16_t spread[CEPA_MLKEM_N];
    /* The barrier keeps compilers from seeing a choice, which they could make a branch. */
    int half = (int)cepa_ct_barrier((CEPA_MLKEM_Q + 1) / 2);
    for (unsigned i = 0; i < CEPA_MLKEM_MESSAGE_BYTES; i++) {
        for (unsigned j = 0; j < 8; j++) {
            spread[8 * i + j] = (int16_t)(half & -((message[i] >> j) & 1));
        }
    }
    for (unsigned i = 0; i < CEPA_MLKEM_N; i++) {
        int16_t sum = cepa_mlkem_canonical((int16_t)(a->at[i] + b->at[i] + spread[i]));
        ret_fields->at[i] = cepa_mlkem_compress_to_4(sum);
    }
    cepa_wipe(spread, sizeof spread);
}

void cepa_mlkem_decode_10_portable(struct cepa_mlkem_poly *restrict ret_fields,
                                   struct cepa_mlkem_poly *restrict ret_poly,
                                   const uint8_t bytes[restrict CEPA_MLKEM_POLY_10_BYTES])
{
    for (unsigned i = 0; i < CEPA_MLKEM_N / 4; i++) {
        uint64_t four = cepa_le32_load(bytes + 5 * i) | (uint64_t)bytes[5 * i + 4] << 32;
        ret_fields->at[4 * i] = (int16_t)(four & 1023);
        ret_fields->at[4 * i + 1] = (int16_t)((four >> 10) & 1023);
        ret_fields->at[4 * i + 2] = (int16_t)((four >> 20) & 1023);
        ret_fields->at[4 * i + 3] = (int16_t)(four >> 30);
    }
    for (unsigned i = 0; i < CEPA_MLKEM_N; i++) {
        ret_poly->at[i] = cepa_mlkem_decompress_from_10(ret_fields->at[i]);
    }
}

void cepa_mlkem_decode_4_portable(struct cepa_mlkem_poly *restrict ret_fields,
                                  const uint8_t bytes[restrict CEPA_MLKEM_POLY_4_BYTES])
{
    for (unsigned i = 0; i < CEPA_MLKEM_POLY_4_BYTES; i++) {
        ret_fields->at[2 * i] = bytes[i] & 15;
        ret_fields->at[2 * i + 1] = bytes[i] >> 4;
    }
}

void cepa_mlkem_message_portable(uint8_t ret_message[restrict CEPA_MLKEM_MESSAGE_BYTES],
                                 const struct cepa_mlkem_poly *restrict fields,
                                 const struct cepa_mlkem_poly *restrict noisy)
{
    int16_t bit[CEPA_MLKEM_N];
    for (unsigned i = 0; i < CEPA_MLKEM_N; i++) {
        int16_t value = (int16_t)((fields->at[i] * CEPA_MLKEM_Q + 8) >> 4);
        bit[i] = cepa_mlkem_compress_to_1(cepa_mlkem_canonical((int16_t)(value - noisy->at[i])));
    }
    for (unsigned i = 0; i < CEPA_MLKEM_MESSAGE_BYTES; i++) {
        uint32_t byte = 0;
        for (unsigned j = 0; j < 8; j++) {
            byte |= (uint32_t)bit[8 * i + j] << j;
        }
        ret_message[i] = (uint8_t)byte;
    }
    cepa_wipe(bit, sizeof bit);
}

void cepa_mlkem_encode_10_portable(uint8_t ret_bytes[restrict CEPA_MLKEM_POLY_10_BYTES],
                                   const struct cepa_mlkem_poly *restrict fields)
{
    for (unsigned i = 0; i < CEPA_MLKEM_N / 4; i++) {
        const int16_t *four = fields->at + 4 * i;
        cepa_le32_store(ret_bytes + 5 * i, (uint32_t)four[0] | (uint32_t)four[1] << 10 |
                                               (uint32_t)four[2] << 20 | (uint32_t)four[3] << 30);
        ret_bytes[5 * i + 4] = (uint8_t)(four[3] >> 2);
    }
}

void cepa_mlkem_encode_4_portable(uint8_t ret_bytes[restrict CEPA_MLKEM_POLY_4_BYTES],
                                  const struct cepa_mlkem_poly *restrict fields)
{
    for (unsigned i = 0; i < CEPA_MLKEM_POLY_4_BYTES; i++) {
        ret_bytes[i] = (uint8_t)(fields->at[2 * i] | fields->at[2 * i + 1] << 4);
    }
}

uint32_t cepa_mlkem_difference(const struct cepa_mlkem_poly *a, const struct cepa_mlkem_poly *b)
{
    const uint8_t *x = (const uint8_t *)a;
    const uint8_t *y = (const uint8_t *)b;
    uint64_t difference = 0;
    for (size_t i = 0; i < sizeof *a; i += 8) {
        difference |= cepa_le64_load(x + i) ^ cepa_le64_load(y + i);
    }
    return (uint32_t)(difference | difference >> 32);
}

void cepa_mlkem_encode_12(uint8_t ret_bytes[restrict CEPA_MLKEM_POLY_BYTES],
                          const struct cepa_mlkem_poly *restrict poly)
{
    for (unsigned i = 0; i < CEPA_MLKEM_N / 2; i++) {
        uint32_t first = (uint32_t)cepa_mlkem_canonical(poly->at[2 * i]);
        uint32_t second = (uint32_t)cepa_mlkem_canonical(poly->at[2 * i + 1]);
        ret_bytes[3 * i] = (uint8_t)first;
        ret_bytes[3 * i + 1] = (uint8_t)(first >> 8 | second << 4);
        ret_bytes[3 * i + 2] = (uint8_t)(second >> 4);
    }
}

uint32_t cepa_mlkem_decode_12_portable(struct cepa_mlkem_poly *restrict ret_poly,
                                       const uint8_t bytes[restrict CEPA_MLKEM_POLY_BYTES])
{
    uint16_t too_big = 0;
    for (unsigned i = 0; i < CEPA_MLKEM_N / 2; i++) {
        ret_poly->at[2 * i] = (int16_t)(bytes[3 * i] | (bytes[3 * i + 1] & 15) << 8);
        ret_poly->at[2 * i + 1] = (int16_t)(bytes[3 * i + 1] >> 4 | bytes[3 * i + 2] << 4);
    }
    for (unsigned i = 0; i < CEPA_MLKEM_N; i++) {
        too_big = (uint16_t)(too_big | (uint16_t)(CEPA_MLKEM_Q - 1 - ret_poly->at[i]));
    }
    return too_big >> 15;
}
