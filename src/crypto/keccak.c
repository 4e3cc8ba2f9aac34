/* SHA-3 and SHAKE over one state, and over four states side by side. @[FIPS202 4] */
#include "crypto/keccak.h"

#include <string.h>

#include "base/assert.h"
#include "base/ct.h"
#include "base/endian.h"
#include "crypto/keccak_permute.h"

/* xor_into adds `len` bytes to the state from byte `position` on; they fit. */
static void xor_into(uint64_t *lanes, uint32_t position, const uint8_t *data, size_t len)
{
    for (; len > 0 && (position & 7) != 0; len--, position++, data++) {
        lanes[position >> 3] ^= (uint64_t)*data << (8 * (position & 7));
    }
    for (; len >= 8; len -= 8, position += 8, data += 8) {
        lanes[position >> 3] ^= cepa_le64_load(data);
    }
    for (; len > 0; len--, position++, data++) {
        lanes[position >> 3] ^= (uint64_t)*data << (8 * (position & 7));
    }
}

/* copy_out reads `len` bytes of the state from byte `position` on. */
static void copy_out(uint8_t *ret_bytes, const uint64_t *lanes, uint32_t position, size_t len)
{
    for (; len > 0 && (position & 7) != 0; len--, position++, ret_bytes++) {
        *ret_bytes = (uint8_t)(lanes[position >> 3] >> (8 * (position & 7)));
    }
    for (; len >= 8; len -= 8, position += 8, ret_bytes += 8) {
        cepa_le64_store(ret_bytes, lanes[position >> 3]);
    }
    for (; len > 0; len--, position++, ret_bytes++) {
        *ret_bytes = (uint8_t)(lanes[position >> 3] >> (8 * (position & 7)));
    }
}

static void init(struct cepa_shake *ret_shake, uint32_t rate)
{
    memset(ret_shake, 0, sizeof *ret_shake);
    ret_shake->rate = rate;
}

static void finish(struct cepa_shake *shake, uint8_t suffix)
{
    shake->lanes[shake->position >> 3] ^= (uint64_t)suffix << (8 * (shake->position & 7));
    shake->lanes[(shake->rate >> 3) - 1] ^= (uint64_t)CEPA_KECCAK_LAST_PAD << 56;
    shake->position = shake->rate;
    shake->is_squeezing = 1;
}

void cepa_shake128_init(struct cepa_shake *ret_shake)
{
    init(ret_shake, CEPA_SHAKE128_RATE);
}

void cepa_shake256_init(struct cepa_shake *ret_shake)
{
    init(ret_shake, CEPA_SHAKE256_RATE);
}

void cepa_shake_absorb(struct cepa_shake *shake, const void *data, size_t len)
{
    const uint8_t *bytes = data;
    CEPA_ASSERT(!shake->is_squeezing);
    while (len > 0) {
        size_t take = shake->rate - shake->position;
        take = take < len ? take : len;
        xor_into(shake->lanes, shake->position, bytes, take);
        shake->position += (uint32_t)take;
        bytes += take;
        len -= take;
        /* A full block goes through at once, so that the padding always finds room. */
        if (shake->position == shake->rate) {
            cepa_keccak_permute(shake->lanes);
            shake->position = 0;
        }
    }
}

void cepa_shake_squeeze(struct cepa_shake *shake, uint8_t *ret_bytes, size_t len)
{
    if (!shake->is_squeezing) {
        finish(shake, CEPA_SHAKE_SUFFIX);
    }
    while (len > 0) {
        if (shake->position == shake->rate) {
            cepa_keccak_permute(shake->lanes);
            shake->position = 0;
        }
        size_t take = shake->rate - shake->position;
        take = take < len ? take : len;
        copy_out(ret_bytes, shake->lanes, shake->position, take);
        shake->position += (uint32_t)take;
        ret_bytes += take;
        len -= take;
    }
}

void cepa_shake_wipe(struct cepa_shake *shake)
{
    cepa_wipe(shake, sizeof *shake);
}

static void hash(uint8_t *ret_bytes, size_t ret_len, const void *data, size_t len, uint32_t rate,
                 uint8_t suffix)
{
    struct cepa_shake shake;
    init(&shake, rate);
    cepa_shake_absorb(&shake, data, len);
    finish(&shake, suffix);
    cepa_shake_squeeze(&shake, ret_bytes, ret_len);
    cepa_shake_wipe(&shake);
}

void cepa_sha3_256(uint8_t ret_digest[CEPA_SHA3_256_BYTES], const void *data, size_t len)
{
    hash(ret_digest, CEPA_SHA3_256_BYTES, data, len, CEPA_SHAKE256_RATE, CEPA_SHA3_SUFFIX);
}

void cepa_sha3_512(uint8_t ret_digest[CEPA_SHA3_512_BYTES], const void *data, size_t len)
{
    hash(ret_digest, CEPA_SHA3_512_BYTES, data, len, CEPA_SHA3_512_RATE, CEPA_SHA3_SUFFIX);
}

void cepa_shake128(uint8_t *ret_bytes, size_t ret_len, const void *data, size_t len)
{
    hash(ret_bytes, ret_len, data, len, CEPA_SHAKE128_RATE, CEPA_SHAKE_SUFFIX);
}

void cepa_shake256(uint8_t *ret_bytes, size_t ret_len, const void *data, size_t len)
{
    hash(ret_bytes, ret_len, data, len, CEPA_SHAKE256_RATE, CEPA_SHAKE_SUFFIX);
}
