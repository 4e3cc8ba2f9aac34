/* Sampling by rejection of SHAKE's output, four polynomials side by side where there are many.
 * @[FIPS204 7.3] */
#include "crypto/mldsa_sample.h"

#include <string.h>

#include "base/ct.h"
#include "base/declassify.h"
#include "base/endian.h"
#include "crypto/mldsa_pack.h"

enum {
    MATRIX_BLOCKS = 5 * CEPA_SHAKE128_RATE, /* 280 candidates: nearly always enough for 256 */
    SECRET_BLOCKS = 2 * CEPA_SHAKE256_RATE, /* 544 candidates, 9 of 16 taken: the same */
    SECRETS = CEPA_MLDSA_COLUMNS + CEPA_MLDSA_ROWS,
};

_Static_assert((int)MATRIX_BLOCKS + 4 <= (int)CEPA_MLDSA_SQUEEZED, "the workspace holds a squeeze");
_Static_assert(CEPA_MLDSA_Z_BYTES <= CEPA_MLDSA_SQUEEZED, "the workspace holds a mask");

/* absorb_seeds begins four samplings, of the same seed and four numbers below 2^16 each. The number
 * goes in little-endian: low byte, high byte. */
static void absorb_seeds(struct cepa_shake_x4 *shake, const uint8_t *seed, size_t seed_len,
                         const uint32_t numbers[CEPA_KECCAK_WAYS], uint32_t cpu)
{
    uint8_t suffixes[CEPA_KECCAK_WAYS][2];
    const uint8_t *seeds[CEPA_KECCAK_WAYS];
    const uint8_t *ends[CEPA_KECCAK_WAYS];
    for (unsigned way = 0; way < CEPA_KECCAK_WAYS; way++) {
        cepa_le16_store(suffixes[way], (uint16_t)numbers[way]);
        seeds[way] = seed;
        ends[way] = suffixes[way];
    }
    cepa_shake_x4_absorb(shake, seeds, seed_len, cpu);
    cepa_shake_x4_absorb(shake, ends, sizeof suffixes[0], cpu);
}

static void squeeze(struct cepa_mldsa_workspace *workspace, size_t len, uint32_t cpu)
{
    uint8_t *ret_bytes[CEPA_KECCAK_WAYS];
    for (unsigned way = 0; way < CEPA_KECCAK_WAYS; way++) {
        ret_bytes[way] = workspace->squeezed[way];
    }
    cepa_shake_x4_squeeze(&workspace->shake_x4, ret_bytes, len, cpu);
}

unsigned cepa_mldsa_take_uniform_portable(struct cepa_mldsa_poly *poly, unsigned count,
                                          const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len && count < CEPA_MLDSA_DEGREE; i += 3) {
        int32_t candidate = bytes[i] | bytes[i + 1] << 8 | (bytes[i + 2] & 0x7f) << 16;
        poly->coefficients[count] = candidate;
        count += candidate < CEPA_MLDSA_Q;
    }
    return count;
}

/* take_half_byte writes the secret coefficient that `half_byte` stands for, and gives whether it
 * stands for one.
 *
 * Which half bytes are passed over is declassified, here only: they are independent outputs of
 * SHAKE, those below 9 are taken, and that tells nothing about which of the nine values they are.
 */
static unsigned take_half_byte(int32_t *ret_coefficient, uint32_t half_byte)
{
    uint32_t is_taken = (half_byte - 9) >> 31;
    *ret_coefficient = CEPA_MLDSA_ETA - (int32_t)half_byte;
    cepa_declassify(&is_taken, sizeof is_taken);
    return is_taken;
}

/* take_small appends the secret coefficients within +-4 that `bytes` stand for to the `count` that
 * there are. Gives the new count. */
static unsigned take_small(struct cepa_mldsa_poly *poly, unsigned count, const uint8_t *bytes,
                           size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (count < CEPA_MLDSA_DEGREE) {
            count += take_half_byte(&poly->coefficients[count], bytes[i] & 15u);
        }
        if (count < CEPA_MLDSA_DEGREE) {
            count += take_half_byte(&poly->coefficients[count], bytes[i] >> 4);
        }
    }
    return count;
}

/* fill_uniform completes up to four polynomials of the samplings that absorb_seeds began. */
static void fill_uniform(struct cepa_mldsa_poly *ret_polys, unsigned polys_len,
                         struct cepa_mldsa_workspace *workspace, uint32_t cpu)
{
    unsigned counts[CEPA_KECCAK_WAYS] = {0};
    unsigned complete = 0;
    for (size_t len = MATRIX_BLOCKS; complete < polys_len; len = CEPA_SHAKE128_RATE) {
        squeeze(workspace, len, cpu);
        complete = 0;
        for (unsigned way = 0; way < polys_len; way++) {
            counts[way] = cepa_mldsa_take_uniform(&ret_polys[way], counts[way],
                                                  workspace->squeezed[way], len, cpu);
            complete += counts[way] == CEPA_MLDSA_DEGREE;
        }
    }
}

/* fill_small is fill_uniform for secret polynomials at four places. */
static void fill_small(struct cepa_mldsa_poly *const ret_polys[CEPA_KECCAK_WAYS],
                       unsigned polys_len, struct cepa_mldsa_workspace *workspace, uint32_t cpu)
{
    unsigned counts[CEPA_KECCAK_WAYS] = {0};
    unsigned complete = 0;
    for (size_t len = SECRET_BLOCKS; complete < polys_len; len = CEPA_SHAKE256_RATE) {
        squeeze(workspace, len, cpu);
        complete = 0;
        for (unsigned way = 0; way < polys_len; way++) {
            counts[way] = take_small(ret_polys[way], counts[way], workspace->squeezed[way], len);
            complete += counts[way] == CEPA_MLDSA_DEGREE;
        }
    }
}

void cepa_mldsa_sample_matrix(struct cepa_mldsa_poly ret_matrix[CEPA_MLDSA_MATRIX],
                              const uint8_t rho[CEPA_MLDSA_RHO_BYTES],
                              struct cepa_mldsa_workspace *workspace, uint32_t cpu)
{
    uint32_t row = 0;
    uint32_t column = 0;
    for (unsigned done = 0; done < CEPA_MLDSA_MATRIX; done += CEPA_KECCAK_WAYS) {
        unsigned left = CEPA_MLDSA_MATRIX - done;
        uint32_t numbers[CEPA_KECCAK_WAYS];
        for (unsigned way = 0; way < CEPA_KECCAK_WAYS; way++) {
            numbers[way] = column | row << 8;
            column++;
            if (column == CEPA_MLDSA_COLUMNS) {
                column = 0;
                row++;
            }
        }
        cepa_shake128_x4_init(&workspace->shake_x4);
        absorb_seeds(&workspace->shake_x4, rho, CEPA_MLDSA_RHO_BYTES, numbers, cpu);
        fill_uniform(ret_matrix + done, left < CEPA_KECCAK_WAYS ? left : CEPA_KECCAK_WAYS,
                     workspace, cpu);
    }
}

void cepa_mldsa_sample_secrets(struct cepa_mldsa_poly ret_s1[CEPA_MLDSA_COLUMNS],
                               struct cepa_mldsa_poly ret_s2[CEPA_MLDSA_ROWS],
                               const uint8_t seed[CEPA_MLDSA_REPRESENTATIVE_BYTES],
                               struct cepa_mldsa_workspace *workspace, uint32_t cpu)
{
    for (uint32_t done = 0; done < SECRETS; done += CEPA_KECCAK_WAYS) {
        uint32_t numbers[CEPA_KECCAK_WAYS];
        struct cepa_mldsa_poly *polys[CEPA_KECCAK_WAYS] = {0};
        unsigned polys_len = 0;
        for (uint32_t way = 0; way < CEPA_KECCAK_WAYS; way++) {
            uint32_t number = done + way;
            numbers[way] = number;
            if (number < SECRETS) {
                polys[way] = number < CEPA_MLDSA_COLUMNS ? &ret_s1[number]
                                                         : &ret_s2[number - CEPA_MLDSA_COLUMNS];
                polys_len++;
            }
        }
        cepa_shake256_x4_init(&workspace->shake_x4);
        absorb_seeds(&workspace->shake_x4, seed, CEPA_MLDSA_REPRESENTATIVE_BYTES, numbers, cpu);
        fill_small(polys, polys_len, workspace, cpu);
    }
}

void cepa_mldsa_sample_masks(struct cepa_mldsa_poly ret_masks[CEPA_KECCAK_WAYS],
                             const uint8_t seed[CEPA_MLDSA_REPRESENTATIVE_BYTES], uint32_t first,
                             struct cepa_mldsa_workspace *workspace, uint32_t cpu)
{
    const uint32_t numbers[CEPA_KECCAK_WAYS] = {first, first + 1, first + 2, first + 3};
    cepa_shake256_x4_init(&workspace->shake_x4);
    absorb_seeds(&workspace->shake_x4, seed, CEPA_MLDSA_REPRESENTATIVE_BYTES, numbers, cpu);
    squeeze(workspace, CEPA_MLDSA_Z_BYTES, cpu);
    for (unsigned way = 0; way < CEPA_KECCAK_WAYS; way++) {
        cepa_mldsa_unpack_z(&ret_masks[way], workspace->squeezed[way]);
    }
}

void cepa_mldsa_sample_challenge(struct cepa_mldsa_poly *ret_challenge,
                                 const uint8_t digest[CEPA_MLDSA_CHALLENGE_BYTES])
{
    struct cepa_shake shake;
    uint8_t bytes[8];
    cepa_shake256_init(&shake);
    cepa_shake_absorb(&shake, digest, CEPA_MLDSA_CHALLENGE_BYTES);
    cepa_shake_squeeze(&shake, bytes, sizeof bytes);
    uint64_t signs = cepa_le64_load(bytes);
    memset(ret_challenge, 0, sizeof *ret_challenge);
    for (unsigned i = CEPA_MLDSA_DEGREE - CEPA_MLDSA_TAU; i < CEPA_MLDSA_DEGREE; i++) {
        do {
            cepa_shake_squeeze(&shake, bytes, 1);
        } while (bytes[0] > i);
        ret_challenge->coefficients[i] = ret_challenge->coefficients[bytes[0]];
        ret_challenge->coefficients[bytes[0]] = 1 - 2 * (int32_t)(signs & 1);
        signs >>= 1;
    }
}
