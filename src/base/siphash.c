/* SipHash with 2 rounds for every 8 bytes and 4 at the end. */
#include "base/siphash.h"

#include "base/endian.h"

struct state {
    uint64_t v0;
    uint64_t v1;
    uint64_t v2;
    uint64_t v3;
};

static inline uint64_t rotate(uint64_t value, unsigned bits)
{
    return (value << bits) | (value >> (64 - bits));
}

static inline void mix(struct state *state)
{
    state->v0 += state->v1;
    state->v1 = rotate(state->v1, 13) ^ state->v0;
    state->v0 = rotate(state->v0, 32);
    state->v2 += state->v3;
    state->v3 = rotate(state->v3, 16) ^ state->v2;
    state->v0 += state->v3;
    state->v3 = rotate(state->v3, 21) ^ state->v0;
    state->v2 += state->v1;
    state->v1 = rotate(state->v1, 17) ^ state->v2;
    state->v2 = rotate(state->v2, 32);
}

static inline void absorb(struct state *state, uint64_t word)
{
    state->v3 ^= word;
    mix(state);
    mix(state);
    state->v0 ^= word;
}

/* The last word: what is left of the data, and its length in the top byte. */
static uint64_t last_word(const uint8_t *rest, size_t len)
{
    uint64_t word = (uint64_t)len << 56;
    for (size_t i = 0; i < len % 8; i++) {
        word |= (uint64_t)rest[i] << (8 * i);
    }
    return word;
}

uint64_t cepa_siphash(const struct cepa_siphash_key *key, const void *data, size_t len)
{
    const uint8_t *bytes = data;
    uint64_t k0 = cepa_le64_load(key->bytes);
    uint64_t k1 = cepa_le64_load(key->bytes + 8);
    /* "somepseudorandomlygeneratedbytes" */
    struct state state = {k0 ^ UINT64_C(0x736f6d6570736575), k1 ^ UINT64_C(0x646f72616e646f6d),
                          k0 ^ UINT64_C(0x6c7967656e657261), k1 ^ UINT64_C(0x7465646279746573)};
    for (size_t i = 0; i < len / 8; i++) {
        absorb(&state, cepa_le64_load(bytes + 8 * i));
    }
    absorb(&state, last_word(len % 8 > 0 ? bytes + (len - len % 8) : bytes, len));
    state.v2 ^= 0xff;
    for (unsigned i = 0; i < 4; i++) {
        mix(&state);
    }
    return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}
