/* X-Wing over ML-KEM-768 and X25519. @[XWING 5] */
#include "crypto/xwing.h"

#include <string.h>

#include "base/assert.h"
#include "base/ct.h"
#include "base/declassify.h"

enum { EXPANDED_BYTES = sizeof(struct cepa_mlkem_seed) + CEPA_X25519_LEN };

_Static_assert(CEPA_XWING_PUBLIC_KEY_BYTES == 1216 && CEPA_XWING_CIPHERTEXT_BYTES == 1120,
               "the lengths of the draft");
_Static_assert(sizeof(struct cepa_mlkem_seed) == 64 && sizeof(struct cepa_xwing_combined) == 134,
               "hashed as bytes, so without padding");

static const uint8_t label[6] = {'\\', '.', '/', '/', '^', '\\'};

/* combine hashes workspace->combined, in which the two secrets already stand. @[XWING 5.3] */
static void combine(struct cepa_xwing_secret *ret_secret, struct cepa_xwing_workspace *workspace,
                    const uint8_t ciphertext[CEPA_X25519_LEN],
                    const uint8_t public_key[CEPA_X25519_LEN])
{
    struct cepa_xwing_combined *combined = &workspace->combined;
    memcpy(combined->ciphertext, ciphertext, sizeof combined->ciphertext);
    memcpy(combined->public_key, public_key, sizeof combined->public_key);
    memcpy(combined->label, label, sizeof combined->label);
    cepa_sha3_256(ret_secret->bytes, combined, sizeof *combined);
    cepa_wipe(combined, sizeof *combined);
}

void cepa_xwing_key_expand(struct cepa_xwing_key *ret_key, const struct cepa_xwing_seed *seed,
                           struct cepa_xwing_workspace *workspace, uint32_t cpu)
{
    uint8_t expanded[EXPANDED_BYTES];
    struct cepa_mlkem_seed mlkem_seed;
    uint8_t *public_key = ret_key->public_key.bytes;
    cepa_shake256(expanded, sizeof expanded, seed->bytes, sizeof seed->bytes);
    memcpy(&mlkem_seed, expanded, sizeof mlkem_seed);
    memcpy(ret_key->x25519, expanded + sizeof mlkem_seed, sizeof ret_key->x25519);
    cepa_mlkem_key_expand(&ret_key->mlkem, &workspace->public_key, &mlkem_seed, &workspace->mlkem,
                          cpu);
    memcpy(public_key, workspace->public_key.bytes, sizeof workspace->public_key.bytes);
    cepa_x25519_base(public_key + CEPA_MLKEM_PUBLIC_KEY_BYTES, ret_key->x25519, cpu);
    /* What is published may be known. */
    cepa_declassify(&ret_key->public_key, sizeof ret_key->public_key);
    cepa_wipe(expanded, sizeof expanded);
    cepa_wipe(&mlkem_seed, sizeof mlkem_seed);
}

int cepa_xwing_public_key_check(const struct cepa_xwing_public_key *public_key)
{
    struct cepa_mlkem_public_key mlkem;
    memcpy(mlkem.bytes, public_key->bytes, sizeof mlkem.bytes);
    int result = cepa_mlkem_public_key_check(&mlkem);
    return result != 0 ? result : cepa_x25519_check(public_key->bytes + sizeof mlkem.bytes);
}

/* Encapsulates for one key, given X25519's ephemeral public key and secret. */
static int encapsulate(struct cepa_xwing_ciphertext *ret_ciphertext,
                       struct cepa_xwing_secret *ret_secret,
                       const struct cepa_xwing_public_key *public_key, const uint8_t *randomness,
                       const uint8_t ephemeral[CEPA_X25519_LEN],
                       const uint8_t secret[CEPA_X25519_LEN],
                       struct cepa_xwing_workspace *workspace, uint32_t cpu)
{
    memcpy(workspace->public_key.bytes, public_key->bytes, sizeof workspace->public_key.bytes);
    int result = cepa_mlkem_encapsulate(&workspace->ciphertext, &workspace->combined.mlkem,
                                        &workspace->public_key, randomness, &workspace->mlkem, cpu);
    if (result == 0) {
        memcpy(ret_ciphertext->bytes, workspace->ciphertext.bytes,
               sizeof workspace->ciphertext.bytes);
        memcpy(ret_ciphertext->bytes + sizeof workspace->ciphertext.bytes, ephemeral,
               CEPA_X25519_LEN);
        memcpy(workspace->combined.x25519, secret, CEPA_X25519_LEN);
        combine(ret_secret, workspace, ephemeral, public_key->bytes + CEPA_MLKEM_PUBLIC_KEY_BYTES);
    }
    return result;
}

int cepa_xwing_encapsulate_batch(struct cepa_xwing_ciphertext *ret_ciphertexts,
                                 struct cepa_xwing_secret *ret_secrets,
                                 const struct cepa_xwing_public_key *const *public_keys,
                                 size_t count, const uint8_t *randomness,
                                 struct cepa_xwing_workspace *workspace, uint32_t cpu)
{
    uint8_t scalars[CEPA_XWING_BATCH_MAX][CEPA_X25519_LEN] = {{0}};
    uint8_t points[CEPA_XWING_BATCH_MAX][CEPA_X25519_LEN] = {{0}};
    uint8_t ephemerals[CEPA_XWING_BATCH_MAX][CEPA_X25519_LEN];
    uint8_t secrets[CEPA_XWING_BATCH_MAX][CEPA_X25519_LEN];
    CEPA_ASSERT(count <= CEPA_XWING_BATCH_MAX);
    for (size_t i = 0; i < count; i++) {
        memcpy(scalars[i],
               randomness + CEPA_XWING_RANDOMNESS_BYTES * i + CEPA_MLKEM_RANDOMNESS_BYTES,
               sizeof scalars[i]);
        memcpy(points[i], public_keys[i]->bytes + CEPA_MLKEM_PUBLIC_KEY_BYTES, sizeof points[i]);
    }
    int result = cepa_x25519_agree(ephemerals[0], secrets[0], scalars[0], points[0], count, cpu);
    for (size_t i = 0; i < count && result == 0; i++) {
        result = encapsulate(&ret_ciphertexts[i], &ret_secrets[i], public_keys[i],
                             randomness + CEPA_XWING_RANDOMNESS_BYTES * i, ephemerals[i],
                             secrets[i], workspace, cpu);
    }
    cepa_wipe(scalars, sizeof scalars);
    cepa_wipe(secrets, sizeof secrets);
    return result;
}

int cepa_xwing_encapsulate(struct cepa_xwing_ciphertext *ret_ciphertext,
                           struct cepa_xwing_secret *ret_secret,
                           const struct cepa_xwing_public_key *public_key,
                           const uint8_t randomness[CEPA_XWING_RANDOMNESS_BYTES],
                           struct cepa_xwing_workspace *workspace, uint32_t cpu)
{
    return cepa_xwing_encapsulate_batch(ret_ciphertext, ret_secret, &public_key, 1, randomness,
                                        workspace, cpu);
}

int cepa_xwing_decapsulate(struct cepa_xwing_secret *ret_secret, const struct cepa_xwing_key *key,
                           const struct cepa_xwing_ciphertext *ciphertext,
                           struct cepa_xwing_workspace *workspace, uint32_t cpu)
{
    const uint8_t *ephemeral = ciphertext->bytes + CEPA_MLKEM_CIPHERTEXT_BYTES;
    memcpy(workspace->ciphertext.bytes, ciphertext->bytes, sizeof workspace->ciphertext.bytes);
    cepa_mlkem_decapsulate(&workspace->combined.mlkem, &key->mlkem, &workspace->ciphertext,
                           &workspace->mlkem, cpu);
    int result = cepa_x25519(workspace->combined.x25519, key->x25519, ephemeral, cpu);
    combine(ret_secret, workspace, ephemeral, key->public_key.bytes + CEPA_MLKEM_PUBLIC_KEY_BYTES);
    return result;
}
