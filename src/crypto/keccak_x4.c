/* SHAKE over four states side by side, and the portable permutation for it. @[FIPS202 4] */
#include <string.h>

#include "base/assert.h"
#include "base/ct.h"
#include "base/endian.h"
#include "crypto/keccak.h"
#include "crypto/keccak_permute.h"

void cepa_keccak_permute_x4_portable(uint64_t lanes[CEPA_KECCAK_LANES][CEPA_KECCAK_WAYS])
{
    uint64_t one[CEPA_KECCAK_LANES];
    for (unsigned way = 0; way < CEPA_KECCAK_WAYS; way++) {
        for (unsigned i = 0; i < CEPA_KECCAK_LANES; i++) {
            one[i] = lanes[i][way];
        }
        cepa_keccak_permute(one);
        for (unsigned i = 0; i < CEPA_KECCAK_LANES; i++) {
            lanes[i][way] = one[i];
        }
    }
    cepa_wipe(one, sizeof one);
}

/* xor_into adds `len` bytes of message `way` to its state from byte `position` on; they fit. */
static void xor_into(struct cepa_shake_x4 *shake, unsigned way, const uint8_t *data, size_t len)
{
    uint32_t position = shake->position;
    for (; len > 0 && (position & 7) != 0; len--, position++, data++) {
        shake->lanes[position >> 3][way] ^= (uint64_t)*data << (8 * (position & 7));
    }
    for (; len >= 8; len -= 8, position += 8, data += 8) {
        shake->lanes[position >> 3][way] ^= cepa_le64_load(data);
    }
    for (; len > 0; len--, position++, data++) {
        shake->lanes[position >> 3][way] ^= (uint64_t)*data << (8 * (position & 7));
    }
}

/* copy_out reads `len` bytes of the state of message `way` from byte `position` on. */
static void copy_out(uint8_t *ret_bytes, const struct cepa_shake_x4 *shake, unsigned way,
                     size_t len)
{
    uint32_t position = shake->position;
    for (; len > 0 && (position & 7) != 0; len--, position++, ret_bytes++) {
        *ret_bytes = (uint8_t)(shake->lanes[position >> 3][way] >> (8 * (position & 7)));
    }
    for (; len >= 8; len -= 8, position += 8, ret_bytes += 8) {
        cepa_le64_store(ret_bytes, shake->lanes[position >> 3][way]);
    }
    for (; len > 0; len--, position++, ret_bytes++) {
        *ret_bytes = (uint8_t)(shake->lanes[position >> 3][way] >> (8 * (position & 7)));
    }
}

static void init(struct cepa_shake_x4 *ret_shake, uint32_t rate)
{
    memset(ret_shake, 0, sizeof *ret_shake);
    ret_shake->rate = rate;
}

void cepa_shake128_x4_init(struct cepa_shake_x4 *ret_shake)
{
    init(ret_shake, CEPA_SHAKE128_RATE);
}

void cepa_shake256_x4_init(struct cepa_shake_x4 *ret_shake)
{
    init(ret_shake, CEPA_SHAKE256_RATE);
}

void cepa_shake_x4_absorb(struct cepa_shake_x4 *shake, const uint8_t *const data[CEPA_KECCAK_WAYS],
                          size_t len, uint32_t cpu)
{
    size_t done = 0;
    CEPA_ASSERT(!shake->is_squeezing);
    while (done < len) {
        size_t take = shake->rate - shake->position;
        take = take < len - done ? take : len - done;
        for (unsigned way = 0; way < CEPA_KECCAK_WAYS; way++) {
            xor_into(shake, way, data[way] + done, take);
        }
        shake->position += (uint32_t)take;
        done += take;
        if (shake->position == shake->rate) {
            cepa_keccak_permute_x4(shake->lanes, cpu);
            shake->position = 0;
        }
    }
}

static void finish(struct cepa_shake_x4 *shake)
{
    for (unsigned way = 0; way < CEPA_KECCAK_WAYS; way++) {
        shake->lanes[shake->position >> 3][way] ^= (uint64_t)CEPA_SHAKE_SUFFIX
                                                   << (8 * (shake->position & 7));
        shake->lanes[(shake->rate >> 3) - 1][way] ^= (uint64_t)CEPA_KECCAK_LAST_PAD << 56;
    }
    shake->position = shake->rate;
    shake->is_squeezing = 1;
}

void cepa_shake_x4_squeeze(struct cepa_shake_x4 *shake, uint8_t *const ret_bytes[CEPA_KECCAK_WAYS],
                           size_t len, uint32_t cpu)
{
    size_t done = 0;
    if (!shake->is_squeezing) {
        finish(shake);
    }
    while (done < len) {
        if (shake->position == shake->rate) {
            cepa_keccak_permute_x4(shake->lanes, cpu);
            shake->position = 0;
        }
        size_t take = shake->rate - shake->position;
        take = take < len - done ? take : len - done;
        for (unsigned way = 0; way < CEPA_KECCAK_WAYS; way++) {
            copy_out(ret_bytes[way] + done, shake, way, take);
        }
        shake->position += (uint32_t)take;
        done += take;
    }
}

void cepa_shake_x4_wipe(struct cepa_shake_x4 *shake)
{
    cepa_wipe(shake, sizeof *shake);
}
