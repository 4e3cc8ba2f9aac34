/* Signing with ML-DSA-65. @[FIPS204 6.2]
 *
 * An attempt commits to masks y, derives a challenge, and is rejected unless the answer hides the
 * key. What an observer of time may learn is declassified by two functions here, publish_challenge
 * and publish_decision, and of an accepted attempt the signature itself. */
#include <string.h>

#include "base/ct.h"
#include "base/declassify.h"
#include "crypto/mldsa.h"
#include "crypto/mldsa_digest.h"
#include "crypto/mldsa_pack.h"
#include "crypto/mldsa_round.h"
#include "crypto/mldsa_sample.h"

enum { ATTEMPTS_MAX = 814 }; /* @[FIPS204 C] */

/* One signature under way. */
struct signing {
    const struct cepa_mldsa_key *key;              /* lent by the caller */
    struct cepa_mldsa_workspace *workspace;        /* lent by the caller */
    uint8_t mu[CEPA_MLDSA_REPRESENTATIVE_BYTES];   /* digest of the message */
    uint8_t seed[CEPA_MLDSA_REPRESENTATIVE_BYTES]; /* of the masks: secret */
    uint8_t challenge[CEPA_MLDSA_CHALLENGE_BYTES]; /* digest of the attempt */
    uint32_t masks_used;                           /* by attempts before this one */
    uint32_t masks_made;                           /* by now, a multiple of four */
    uint32_t cpu;                                  /* kernels that may be used */
};

/* publish_decision makes known whether an attempt is rejected, and by which of its three checks. A
 * rejected attempt is thrown away. The checks fail with probabilities that do not depend on the
 * key, and each looks at all coefficients before it answers. */
static uint32_t publish_decision(uint32_t is_rejected)
{
    cepa_declassify(&is_rejected, sizeof is_rejected);
    return is_rejected;
}

/* publish_challenge makes known the challenge of an attempt, also of one that is going to be
 * rejected: its sampling takes a time that depends on it. It is SHAKE256 of the message's digest
 * and the high part of w, which has far more than 256 bits of entropy from the masks, so that
 * neither it nor the masks can be found from the challenge. */
static void publish_challenge(struct signing *signing)
{
    cepa_declassify(signing->challenge, sizeof signing->challenge);
}

/* mask gives polynomial `i` of this attempt's y. */
static struct cepa_mldsa_poly *mask(const struct signing *signing, unsigned i)
{
    return &signing->workspace->masks[(signing->masks_used + i) & (CEPA_MLDSA_MASKS - 1)];
}

/* make_masks samples four masks at a time until this attempt has its five; the rest is for the
 * next attempt. Masks are numbered through all attempts, and each has a place by its number. */
static void make_masks(struct signing *signing)
{
    struct cepa_mldsa_workspace *workspace = signing->workspace;
    while (signing->masks_made < signing->masks_used + CEPA_MLDSA_COLUMNS) {
        unsigned place = signing->masks_made & (CEPA_MLDSA_MASKS - 1);
        cepa_mldsa_sample_masks(&workspace->masks[place], signing->seed, signing->masks_made,
                                workspace, signing->cpu);
        signing->masks_made += CEPA_KECCAK_WAYS;
    }
}

/* commit computes w = A * y, splits it, and derives the challenge of its high part. */
static void commit(struct signing *signing)
{
    struct cepa_mldsa_workspace *workspace = signing->workspace;
    make_masks(signing);
    for (unsigned i = 0; i < CEPA_MLDSA_COLUMNS; i++) {
        workspace->vector[i] = *mask(signing, i);
        cepa_mldsa_ntt(&workspace->vector[i], signing->cpu);
    }
    for (unsigned row = 0; row < CEPA_MLDSA_ROWS; row++) {
        struct cepa_mldsa_poly *w = &workspace->high[row];
        cepa_mldsa_multiply_row(w, signing->key->matrix + row * CEPA_MLDSA_COLUMNS,
                                workspace->vector, signing->cpu);
        cepa_mldsa_ntt_inverse(w, signing->cpu);
        cepa_mldsa_poly_decompose(w, &workspace->low[row], w);
    }
    cepa_mldsa_challenge_digest(signing->challenge, signing->mu, workspace->high);
    publish_challenge(signing);
    cepa_mldsa_sample_challenge(&workspace->challenge, signing->challenge);
    cepa_mldsa_ntt(&workspace->challenge, signing->cpu);
}

/* multiply_challenge gives the challenge times one secret polynomial. */
static const struct cepa_mldsa_poly *multiply_challenge(struct signing *signing,
                                                        const struct cepa_mldsa_poly *secret)
{
    struct cepa_mldsa_poly *product = &signing->workspace->product;
    cepa_mldsa_multiply(product, secret, &signing->workspace->challenge, signing->cpu);
    cepa_mldsa_ntt_inverse(product, signing->cpu);
    return product;
}

/* low_exceeds subtracts c * s2 from the low part of w and checks that it stays a low part. This
 * check comes first because it rejects most. */
static uint32_t low_exceeds(struct signing *signing)
{
    uint32_t exceeds = 0;
    for (unsigned row = 0; row < CEPA_MLDSA_ROWS; row++) {
        struct cepa_mldsa_poly *low = &signing->workspace->low[row];
        cepa_mldsa_poly_subtract_reduce(low, multiply_challenge(signing, &signing->key->s2[row]));
        exceeds |= cepa_mldsa_poly_exceeds(low, CEPA_MLDSA_GAMMA2 - CEPA_MLDSA_BETA);
    }
    return exceeds;
}

/* answer_exceeds computes z = y + c * s1 and checks that it hides c * s1. */
static uint32_t answer_exceeds(struct signing *signing)
{
    uint32_t exceeds = 0;
    for (unsigned i = 0; i < CEPA_MLDSA_COLUMNS; i++) {
        struct cepa_mldsa_poly *z = &signing->workspace->vector[i];
        *z = *mask(signing, i);
        cepa_mldsa_poly_add_reduce(z, multiply_challenge(signing, &signing->key->s1[i]));
        exceeds |= cepa_mldsa_poly_exceeds(z, CEPA_MLDSA_GAMMA1 - CEPA_MLDSA_BETA);
    }
    return exceeds;
}

/* hint_exceeds makes the hint and checks c * t0 and the number of ones. */
static uint32_t hint_exceeds(struct signing *signing)
{
    uint32_t exceeds = 0;
    uint32_t ones = 0;
    for (unsigned row = 0; row < CEPA_MLDSA_ROWS; row++) {
        struct cepa_mldsa_poly *low = &signing->workspace->low[row];
        struct cepa_mldsa_poly *product = &signing->workspace->product;
        (void)multiply_challenge(signing, &signing->key->t0[row]);
        cepa_mldsa_poly_reduce(product);
        cepa_mldsa_poly_add_reduce(low, product);
        exceeds |= cepa_mldsa_poly_exceeds(product, CEPA_MLDSA_GAMMA2);
        ones += cepa_mldsa_poly_make_hint(&signing->workspace->hint[row], low,
                                          &signing->workspace->high[row]);
    }
    return exceeds | ((uint32_t)0 - ((CEPA_MLDSA_HINTS_MAX - ones) >> 31));
}

static uint32_t is_rejected(struct signing *signing)
{
    return publish_decision(low_exceeds(signing)) || publish_decision(answer_exceeds(signing)) ||
           publish_decision(hint_exceeds(signing));
}

/* pack writes the signature, which is public, and so the hint in it: packing depends on it. */
static void pack(struct cepa_mldsa_signature *ret_signature, struct signing *signing)
{
    struct cepa_mldsa_workspace *workspace = signing->workspace;
    uint8_t *bytes = ret_signature->bytes;
    memcpy(bytes, signing->challenge, CEPA_MLDSA_CHALLENGE_BYTES);
    bytes += CEPA_MLDSA_CHALLENGE_BYTES;
    for (unsigned i = 0; i < CEPA_MLDSA_COLUMNS; i++) {
        cepa_mldsa_pack_z(bytes, &workspace->vector[i]);
        bytes += CEPA_MLDSA_Z_BYTES;
    }
    cepa_declassify(workspace->hint, sizeof workspace->hint);
    cepa_mldsa_pack_hint(bytes, workspace->hint);
    cepa_declassify(ret_signature, sizeof *ret_signature);
}

/* start derives the message's digest and the seed of the masks. */
static void start(struct signing *signing, const uint8_t randomness[CEPA_MLDSA_RANDOM_BYTES])
{
    struct cepa_shake shake;
    cepa_shake256_init(&shake);
    cepa_shake_absorb(&shake, signing->key->k, sizeof signing->key->k);
    cepa_shake_absorb(&shake, randomness, CEPA_MLDSA_RANDOM_BYTES);
    cepa_shake_absorb(&shake, signing->mu, sizeof signing->mu);
    cepa_shake_squeeze(&shake, signing->seed, sizeof signing->seed);
    cepa_shake_wipe(&shake);
}

int cepa_mldsa_sign(struct cepa_mldsa_signature *ret_signature, const struct cepa_mldsa_key *key,
                    const void *message, size_t message_len, const void *context,
                    size_t context_len, const uint8_t randomness[CEPA_MLDSA_RANDOM_BYTES],
                    struct cepa_mldsa_workspace *workspace, uint32_t cpu)
{
    struct signing signing = {.key = key, .workspace = workspace, .cpu = cpu};
    int result = CEPA_ERR_EXHAUSTED;
    if (context_len > CEPA_MLDSA_CONTEXT_MAX) {
        return CEPA_ERR_ARGUMENT;
    }
    cepa_mldsa_message_digest(signing.mu, key->tr, message, message_len, context, context_len);
    start(&signing, randomness);
    for (unsigned attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        commit(&signing);
        if (!is_rejected(&signing)) {
            pack(ret_signature, &signing);
            result = 0;
            break;
        }
        signing.masks_used += CEPA_MLDSA_COLUMNS;
    }
    cepa_wipe(&signing, sizeof signing);
    cepa_wipe(workspace, sizeof *workspace);
    return result;
}
