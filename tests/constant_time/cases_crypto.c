/* Operations of src/crypto on secrets. Keys that others may know are made of a constant seed, so
 * that the number of instructions, which depends on them, does not vary. */
#include <string.h>

#include "constant_time/cases.h"
#include "crypto/aead.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "crypto/hpolyc.h"
#include "crypto/kdf.h"
#include "crypto/mac.h"
#include "crypto/mldsa.h"
#include "crypto/mlkem.h"
#include "crypto/seed_chain.h"
#include "crypto/x25519.h"
#include "crypto/xwing.h"
#include "identity/identity.h"

enum { CELL_LEN = 1056, PAYLOAD_LEN = 10444, MESSAGE_LEN = 200 };

static volatile int result; /* so that nothing is left out */

/* ML-KEM-768 */

static struct {
    struct cepa_mlkem_seed seed;
    struct cepa_mlkem_key key;
    struct cepa_mlkem_public_key public_key;
    struct cepa_mlkem_ciphertext ciphertext;
    struct cepa_mlkem_secret secret;
    uint8_t randomness[CEPA_MLKEM_RANDOMNESS_BYTES];
    struct cepa_mlkem_workspace workspace;
} mlkem;

static void mlkem_expand_prepare(struct test_random *random, uint32_t cpu)
{
    (void)cpu;
    ct_random_secret(random, &mlkem.seed, sizeof mlkem.seed);
}

static void mlkem_expand(uint32_t cpu)
{
    cepa_mlkem_key_expand(&mlkem.key, &mlkem.public_key, &mlkem.seed, &mlkem.workspace, cpu);
}

static void mlkem_encapsulate_prepare(struct test_random *random, uint32_t cpu)
{
    memset(&mlkem.seed, 1, sizeof mlkem.seed);
    mlkem_expand(cpu);
    ct_random_secret(random, mlkem.randomness, sizeof mlkem.randomness);
}

static void mlkem_encapsulate(uint32_t cpu)
{
    result = cepa_mlkem_encapsulate(&mlkem.ciphertext, &mlkem.secret, &mlkem.public_key,
                                    mlkem.randomness, &mlkem.workspace, cpu);
}

static void mlkem_decapsulate_prepare(struct test_random *random, uint32_t cpu)
{
    test_random_bytes(random, &mlkem.seed, sizeof mlkem.seed);
    test_random_bytes(random, mlkem.randomness, sizeof mlkem.randomness);
    mlkem_expand(cpu);
    mlkem_encapsulate(cpu);
    ct_public(&mlkem.ciphertext, sizeof mlkem.ciphertext);
    ct_secret(mlkem.key.s, sizeof mlkem.key.s);
    ct_secret(mlkem.key.z, sizeof mlkem.key.z);
}

static void mlkem_reject_prepare(struct test_random *random, uint32_t cpu)
{
    mlkem_decapsulate_prepare(random, cpu);
    mlkem.ciphertext.bytes[test_random_below(random, sizeof mlkem.ciphertext)] ^= 1;
}

static void mlkem_decapsulate(uint32_t cpu)
{
    cepa_mlkem_decapsulate(&mlkem.secret, &mlkem.key, &mlkem.ciphertext, &mlkem.workspace, cpu);
}

/* X-Wing */

static struct {
    struct cepa_xwing_seed seed;
    struct cepa_xwing_key key;
    struct cepa_xwing_public_key public_key;
    struct cepa_xwing_ciphertext ciphertext;
    struct cepa_xwing_secret secret;
    uint8_t randomness[CEPA_XWING_RANDOMNESS_BYTES];
    struct cepa_xwing_workspace workspace;
} xwing;

static void xwing_expand_prepare(struct test_random *random, uint32_t cpu)
{
    (void)cpu;
    ct_random_secret(random, &xwing.seed, sizeof xwing.seed);
}

static void xwing_expand(uint32_t cpu)
{
    cepa_xwing_key_expand(&xwing.key, &xwing.seed, &xwing.workspace, cpu);
}

static void xwing_encapsulate_prepare(struct test_random *random, uint32_t cpu)
{
    memset(&xwing.seed, 1, sizeof xwing.seed);
    xwing_expand(cpu);
    xwing.public_key = xwing.key.public_key;
    ct_random_secret(random, xwing.randomness, sizeof xwing.randomness);
}

static void xwing_encapsulate(uint32_t cpu)
{
    result = cepa_xwing_encapsulate(&xwing.ciphertext, &xwing.secret, &xwing.public_key,
                                    xwing.randomness, &xwing.workspace, cpu);
}

static void xwing_decapsulate_prepare(struct test_random *random, uint32_t cpu)
{
    test_random_bytes(random, &xwing.seed, sizeof xwing.seed);
    test_random_bytes(random, xwing.randomness, sizeof xwing.randomness);
    xwing_expand(cpu);
    xwing.public_key = xwing.key.public_key;
    xwing_encapsulate(cpu);
    ct_public(&xwing.ciphertext, sizeof xwing.ciphertext);
    ct_secret(xwing.key.mlkem.s, sizeof xwing.key.mlkem.s);
    ct_secret(xwing.key.mlkem.z, sizeof xwing.key.mlkem.z);
    ct_secret(xwing.key.x25519, sizeof xwing.key.x25519);
}

static void xwing_low_order_prepare(struct test_random *random, uint32_t cpu)
{
    xwing_decapsulate_prepare(random, cpu);
    memset(xwing.ciphertext.bytes + CEPA_MLKEM_CIPHERTEXT_BYTES, 0, CEPA_X25519_LEN);
}

static void xwing_decapsulate(uint32_t cpu)
{
    result =
        cepa_xwing_decapsulate(&xwing.secret, &xwing.key, &xwing.ciphertext, &xwing.workspace, cpu);
}

/* ML-DSA-65 */

static struct {
    struct cepa_mldsa_seed seed;
    struct cepa_mldsa_key key;
    struct cepa_mldsa_signature signature;
    uint8_t message[MESSAGE_LEN];
    uint8_t randomness[CEPA_MLDSA_RANDOM_BYTES];
    struct cepa_mldsa_workspace workspace;
} mldsa;

static void mldsa_expand_prepare(struct test_random *random, uint32_t cpu)
{
    (void)cpu;
    ct_random_secret(random, &mldsa.seed, sizeof mldsa.seed);
}

static void mldsa_expand(uint32_t cpu)
{
    cepa_mldsa_key_expand(&mldsa.key, &mldsa.seed, &mldsa.workspace, cpu);
}

/* Of the key, only the public key and A are known. */
static void mldsa_sign_prepare(struct test_random *random, uint32_t cpu)
{
    test_random_bytes(random, &mldsa.seed, sizeof mldsa.seed);
    mldsa_expand(cpu);
    ct_secret(mldsa.key.k, sizeof mldsa.key.k);
    ct_secret(mldsa.key.s1, sizeof mldsa.key.s1);
    ct_secret(mldsa.key.s2, sizeof mldsa.key.s2);
    ct_secret(mldsa.key.t0, sizeof mldsa.key.t0);
    ct_random_secret(random, mldsa.message, sizeof mldsa.message);
    ct_random_secret(random, mldsa.randomness, sizeof mldsa.randomness);
}

static void mldsa_sign(uint32_t cpu)
{
    result = cepa_mldsa_sign(&mldsa.signature, &mldsa.key, mldsa.message, sizeof mldsa.message,
                             "context", 7, mldsa.randomness, &mldsa.workspace, cpu);
}

/* HPolyC */

static struct {
    uint8_t key_bytes[CEPA_HPOLYC_KEY_LEN];
    uint8_t data[PAYLOAD_LEN];
    uint8_t tweak[8];
    struct cepa_hpolyc_key key;
} hpolyc;

static void hpolyc_prepare(struct test_random *random, uint32_t cpu)
{
    (void)cpu;
    ct_random_secret(random, hpolyc.key_bytes, sizeof hpolyc.key_bytes);
    ct_random_secret(random, hpolyc.data, sizeof hpolyc.data);
    ct_random_secret(random, hpolyc.tweak, sizeof hpolyc.tweak);
}

static void hpolyc_encrypt(uint32_t cpu)
{
    cepa_hpolyc_key_init(&hpolyc.key, hpolyc.key_bytes, cpu);
    cepa_hpolyc_encrypt(&hpolyc.key, hpolyc.data, CELL_LEN, hpolyc.tweak, 8, cpu);
}

static void hpolyc_decrypt(uint32_t cpu)
{
    cepa_hpolyc_key_init(&hpolyc.key, hpolyc.key_bytes, cpu);
    cepa_hpolyc_decrypt(&hpolyc.key, hpolyc.data, PAYLOAD_LEN, NULL, 0, cpu);
}

/* X25519 */

static struct {
    uint8_t scalar[CEPA_X25519_LEN];
    uint8_t point[CEPA_X25519_LEN];
    uint8_t product[CEPA_X25519_LEN];
} x25519;

static void x25519_prepare(struct test_random *random, uint32_t cpu)
{
    (void)cpu;
    ct_random_secret(random, x25519.scalar, sizeof x25519.scalar);
    ct_random_secret(random, x25519.point, sizeof x25519.point);
}

static void x25519_low_order_prepare(struct test_random *random, uint32_t cpu)
{
    x25519_prepare(random, cpu);
    memset(x25519.point, 0, sizeof x25519.point);
    ct_secret(x25519.point, sizeof x25519.point);
}

static void x25519_multiply(uint32_t cpu)
{
    result = cepa_x25519(x25519.product, x25519.scalar, x25519.point, cpu);
}

static void x25519_base(uint32_t cpu)
{
    cepa_x25519_base(x25519.product, x25519.scalar, cpu);
}

enum { AGREED = 5 };

static struct {
    uint8_t scalars[AGREED][CEPA_X25519_LEN];
    uint8_t points[AGREED][CEPA_X25519_LEN];
    uint8_t publics[AGREED][CEPA_X25519_LEN];
    uint8_t secrets[AGREED][CEPA_X25519_LEN];
} agreement;

static void agree_prepare(struct test_random *random, uint32_t cpu)
{
    (void)cpu;
    ct_random_secret(random, agreement.scalars, sizeof agreement.scalars);
    ct_random_secret(random, agreement.points, sizeof agreement.points);
}

static void agree_low_order_prepare(struct test_random *random, uint32_t cpu)
{
    agree_prepare(random, cpu);
    memset(agreement.points[1], 0, sizeof agreement.points[1]);
    ct_secret(agreement.points[1], sizeof agreement.points[1]);
}

static void agree(uint32_t cpu)
{
    result = cepa_x25519_agree(agreement.publics[0], agreement.secrets[0], agreement.scalars[0],
                               agreement.points[0], AGREED, cpu);
}

/* Symmetric names over libsodium, and our key derivation */

static struct {
    uint8_t key[32];
    uint8_t nonce[12];
    uint8_t tag[16];
    uint8_t data[CELL_LEN];
    uint8_t other[64];
} symmetric;

static void symmetric_prepare(struct test_random *random, uint32_t cpu)
{
    (void)cpu;
    ct_random_secret(random, symmetric.key, sizeof symmetric.key);
    ct_random_secret(random, symmetric.data, sizeof symmetric.data);
}

static void aead_seal(uint32_t cpu)
{
    cepa_aead_seal(symmetric.data, sizeof symmetric.data, symmetric.tag, "ad", 2, symmetric.nonce,
                   symmetric.key, cpu);
}

static void aead_open_prepare(struct test_random *random, uint32_t cpu)
{
    symmetric_prepare(random, cpu);
    aead_seal(cpu);
    ct_public(symmetric.data, sizeof symmetric.data);
    ct_public(symmetric.tag, sizeof symmetric.tag);
}

static void aead_refuse_prepare(struct test_random *random, uint32_t cpu)
{
    aead_open_prepare(random, cpu);
    symmetric.tag[test_random_below(random, sizeof symmetric.tag)] ^= 1;
}

static void aead_open(uint32_t cpu)
{
    result = cepa_aead_open(symmetric.data, sizeof symmetric.data, symmetric.tag, "ad", 2,
                            symmetric.nonce, symmetric.key, cpu);
}

static void poly1305_verify(uint32_t cpu)
{
    result = cepa_poly1305_verify(symmetric.tag, symmetric.data, sizeof symmetric.data,
                                  symmetric.key, cpu);
}

static void blake2b(uint32_t cpu)
{
    (void)cpu;
    cepa_blake2b(symmetric.other, 32, symmetric.data, sizeof symmetric.data, symmetric.key,
                 sizeof symmetric.key);
}

static void kdf(uint32_t cpu)
{
    struct cepa_kdf derivation;
    (void)cpu;
    cepa_kdf_init(&derivation, "constant time");
    cepa_kdf_input(&derivation, symmetric.data, sizeof symmetric.data);
    cepa_kdf_input(&derivation, symmetric.key, sizeof symmetric.key);
    cepa_kdf_output(&derivation, symmetric.other, sizeof symmetric.other);
    cepa_kdf_wipe(&derivation);
}

/* The seed chain */

static struct {
    uint8_t root[CEPA_SEED_CHAIN_ROOT_LEN];
    struct cepa_seed_chain chain;
    struct cepa_xwing_seed seed;
} seeds;

static void seed_chain_prepare(struct test_random *random, uint32_t cpu)
{
    (void)cpu;
    ct_random_secret(random, seeds.root, sizeof seeds.root);
}

static void seed_chain(uint32_t cpu)
{
    const struct cepa_directory_day day = {20000};
    (void)cpu;
    cepa_seed_chain_init(&seeds.chain, CEPA_SEED_CHAIN_EPOCHS, day, 4, seeds.root);
    result = cepa_seed_chain_next(&seeds.chain, &seeds.seed);
    result = cepa_seed_chain_skip(&seeds.chain, 2);
    result = cepa_seed_chain_next(&seeds.chain, &seeds.seed);
}

/* Identities: all keys of one secret */

static struct {
    struct cepa_identity_secret secret;
    struct cepa_identity expanded;
    struct cepa_identity_workspace workspace;
} identity;

static void identity_prepare(struct test_random *random, uint32_t cpu)
{
    (void)cpu;
    ct_random_secret(random, &identity.secret, sizeof identity.secret);
}

static void identity_expand(uint32_t cpu)
{
    cepa_identity_expand(&identity.expanded, &identity.secret, &identity.workspace, cpu);
}

/* Ed25519 and its blinding */

static struct {
    struct cepa_ed25519_seed seed;
    struct cepa_ed25519_key key;
    struct cepa_ed25519_blinded_key blinded;
    struct cepa_ed25519_signature signature;
    uint8_t message[MESSAGE_LEN];
} ed25519;

static void ed25519_prepare(struct test_random *random, uint32_t cpu)
{
    (void)cpu;
    ct_random_secret(random, &ed25519.seed, sizeof ed25519.seed);
    ct_random_secret(random, ed25519.message, sizeof ed25519.message);
}

static void ed25519_init(uint32_t cpu)
{
    (void)cpu;
    cepa_ed25519_key_init(&ed25519.key, &ed25519.seed);
}

static void ed25519_key_prepare(struct test_random *random, uint32_t cpu)
{
    test_random_bytes(random, &ed25519.seed, sizeof ed25519.seed);
    ed25519_init(cpu);
    ct_secret(&ed25519.key.seed, sizeof ed25519.key.seed);
    ct_random_secret(random, ed25519.message, sizeof ed25519.message);
}

static void ed25519_sign(uint32_t cpu)
{
    (void)cpu;
    cepa_ed25519_sign(&ed25519.key, &ed25519.signature, ed25519.message, sizeof ed25519.message);
}

static void ed25519_blind(uint32_t cpu)
{
    const struct cepa_directory_day day = {20000};
    (void)cpu;
    cepa_ed25519_blind_key(&ed25519.blinded, &ed25519.key, day, "context", 7);
}

static void ed25519_blinded_prepare(struct test_random *random, uint32_t cpu)
{
    ed25519_key_prepare(random, cpu);
    ct_public(&ed25519.key, sizeof ed25519.key);
    ed25519_blind(cpu);
    ct_public(&ed25519.blinded, sizeof ed25519.blinded);
    ct_secret(ed25519.blinded.scalar, sizeof ed25519.blinded.scalar);
    ct_secret(ed25519.blinded.nonce_prefix, sizeof ed25519.blinded.nonce_prefix);
}

static void ed25519_blinded_sign(uint32_t cpu)
{
    (void)cpu;
    cepa_ed25519_blinded_sign(&ed25519.blinded, &ed25519.signature, ed25519.message,
                              sizeof ed25519.message);
}

const struct ct_case ct_crypto_cases[] = {
    {"mlkem: expand", NULL, mlkem_expand_prepare, mlkem_expand, 0},
    {"mlkem: encapsulate", "mlkem: encapsulate", mlkem_encapsulate_prepare, mlkem_encapsulate, 0},
    {"mlkem: decapsulate", "mlkem: decapsulate", mlkem_decapsulate_prepare, mlkem_decapsulate, 0},
    {"mlkem: reject", "mlkem: decapsulate", mlkem_reject_prepare, mlkem_decapsulate, 0},
    {"xwing: expand", NULL, xwing_expand_prepare, xwing_expand, 0},
    {"xwing: encapsulate", "xwing: encapsulate", xwing_encapsulate_prepare, xwing_encapsulate, 0},
    {"xwing: decapsulate", "xwing: decapsulate", xwing_decapsulate_prepare, xwing_decapsulate, 0},
    {"xwing: low order", "xwing: decapsulate", xwing_low_order_prepare, xwing_decapsulate, 0},
    {"mldsa: expand", NULL, mldsa_expand_prepare, mldsa_expand, 0},
    {"mldsa: sign", NULL, mldsa_sign_prepare, mldsa_sign, 0},
    {"hpolyc: encrypt", "hpolyc: encrypt", hpolyc_prepare, hpolyc_encrypt, 0},
    {"hpolyc: decrypt", "hpolyc: decrypt", hpolyc_prepare, hpolyc_decrypt, 0},
    {"x25519: multiply", "x25519: multiply", x25519_prepare, x25519_multiply, 0},
    {"x25519: low order", "x25519: multiply", x25519_low_order_prepare, x25519_multiply, 0},
    {"x25519: base", "x25519: base", x25519_prepare, x25519_base, 0},
    {"x25519: agree", "x25519: agree", agree_prepare, agree, 0},
    {"x25519: agree low order", "x25519: agree", agree_low_order_prepare, agree, 0},
    {"aead: seal", "aead: seal", symmetric_prepare, aead_seal, 0},
    {"aead: open", "aead: open", aead_open_prepare, aead_open, 0},
    {"aead: refuse", "aead: refuse", aead_refuse_prepare, aead_open, 0},
    {"poly1305: verify", "poly1305: verify", symmetric_prepare, poly1305_verify, 0},
    {"blake2b: keyed", "blake2b: keyed", symmetric_prepare, blake2b, 0},
    {"kdf", "kdf", symmetric_prepare, kdf, 0},
    {"seed chain", "seed chain", seed_chain_prepare, seed_chain, 0},
    {"identity: expand", NULL, identity_prepare, identity_expand, 0},
    {"ed25519: key", "ed25519: key", ed25519_prepare, ed25519_init, 0},
    {"ed25519: sign", "ed25519: sign", ed25519_key_prepare, ed25519_sign, 0},
    {"ed25519: blind", "ed25519: blind", ed25519_key_prepare, ed25519_blind, 0},
    {"ed25519: blinded sign", "ed25519: blinded sign", ed25519_blinded_prepare,
     ed25519_blinded_sign, 0},
};
const size_t ct_crypto_cases_len = sizeof ct_crypto_cases / sizeof ct_crypto_cases[0];
