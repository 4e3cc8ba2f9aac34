/* The native core's part of the differential test: runs rounds of one primitive and prints a digest
 * per block of rounds, or every output of one round. rounds.mjs says what a round is; here stands
 * the same in C.
 *
 *     differential PRIMITIVE FIRST COUNT BLOCK
 *     differential PRIMITIVE FIRST show
 *     differential cpu
 *
 * The environment's CEPA_CPU chooses the kernels (native/cpu.h): portable, avx2, or full for all
 * that the processor has. The last form prints which of these differ on this processor. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/endian.h"
#include "crypto/aead.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "crypto/hpolyc.h"
#include "crypto/keccak.h"
#include "crypto/mldsa.h"
#include "crypto/mlkem.h"
#include "crypto/x25519.h"
#include "crypto/xwing.h"
#include "native/cpu.h"
#include "native/host.h"

static const char label[] = "cepa differential 1";

enum { DIGEST_LEN = 32, MESSAGE_MAX = 4096 };

/* One round: its inputs, where its outputs go, and what the core may use. */
struct round {
    struct cepa_shake inputs;
    struct cepa_shake *digest;
    uint64_t number;
    uint32_t cpu;
    int show;
};

static void take(struct round *round, uint8_t *ret_bytes, size_t len)
{
    cepa_shake_squeeze(&round->inputs, ret_bytes, len);
}

/* A number of 0 to `max`. */
static size_t take_number(struct round *round, size_t max)
{
    uint8_t bytes[2];
    take(round, bytes, sizeof bytes);
    return (size_t)cepa_be16_load(bytes) % (max + 1);
}

static size_t take_message(struct round *round, uint8_t *ret_message, size_t max)
{
    size_t len = take_number(round, max);
    take(round, ret_message, len);
    return len;
}

static void emit(struct round *round, const char *name, const void *bytes, size_t len)
{
    uint8_t len_bytes[4];
    cepa_be32_store(len_bytes, (uint32_t)len);
    cepa_shake_absorb(round->digest, len_bytes, sizeof len_bytes);
    cepa_shake_absorb(round->digest, bytes, len);
    if (round->show) {
        printf("%s = ", name);
        for (size_t i = 0; i < len; i++) {
            printf("%02x", ((const uint8_t *)bytes)[i]);
        }
        printf("\n");
    }
}

static void emit_flag(struct round *round, const char *name, int is_true)
{
    uint8_t flag = is_true ? 1 : 0;
    emit(round, name, &flag, 1);
}

/* Changes one byte of `bytes`. */
static void corrupt(struct round *round, uint8_t *bytes, size_t len)
{
    uint8_t change;
    size_t at = take_number(round, len - 1);
    take(round, &change, 1);
    bytes[at] ^= change | 1;
}

static void round_keccak(struct round *round)
{
    static uint8_t data[CEPA_KECCAK_WAYS][MESSAGE_MAX];
    static uint8_t bytes[CEPA_KECCAK_WAYS][MESSAGE_MAX];
    struct cepa_shake_x4 side_by_side;
    size_t data_len = take_message(round, data[0], 600);
    size_t len = take_number(round, 400);
    cepa_sha3_256(bytes[0], data[0], data_len);
    emit(round, "sha3_256", bytes[0], CEPA_SHA3_256_BYTES);
    cepa_sha3_512(bytes[0], data[0], data_len);
    emit(round, "sha3_512", bytes[0], CEPA_SHA3_512_BYTES);
    cepa_shake128(bytes[0], len, data[0], data_len);
    emit(round, "shake128", bytes[0], len);
    cepa_shake256(bytes[0], len, data[0], data_len);
    emit(round, "shake256", bytes[0], len);

    data_len = take_number(round, 400);
    for (size_t way = 0; way < CEPA_KECCAK_WAYS; way++) {
        take(round, data[way], data_len);
    }
    const uint8_t *const from[] = {data[0], data[1], data[2], data[3]};
    uint8_t *const to[] = {bytes[0], bytes[1], bytes[2], bytes[3]};
    cepa_shake256_x4_init(&side_by_side);
    cepa_shake_x4_absorb(&side_by_side, from, data_len, round->cpu);
    cepa_shake_x4_squeeze(&side_by_side, to, len, round->cpu);
    for (size_t way = 0; way < CEPA_KECCAK_WAYS; way++) {
        emit(round, "side_by_side", bytes[way], len);
    }
}

static void round_blake2b(struct round *round)
{
    static uint8_t data[MESSAGE_MAX];
    uint8_t key[CEPA_BLAKE2B_KEY_LEN_MAX];
    uint8_t hash[CEPA_BLAKE2B_LEN_MAX];
    size_t len = take_message(round, data, 1000);
    size_t key_len = take_message(round, key, sizeof key);
    size_t hash_len = 1 + take_number(round, sizeof hash - 1);
    cepa_blake2b(hash, hash_len, data, len, key_len > 0 ? key : NULL, key_len);
    emit(round, "hash", hash, hash_len);
}

static void round_aead(struct round *round)
{
    static uint8_t sealed[MESSAGE_MAX];
    static uint8_t opened[MESSAGE_MAX];
    uint8_t ad[64];
    uint8_t nonce[CEPA_AEAD_NONCE_LEN];
    uint8_t key[CEPA_AEAD_KEY_LEN];
    size_t len = take_message(round, sealed, 2000);
    size_t ad_len = take_message(round, ad, sizeof ad);
    uint8_t *tag = sealed + len;
    take(round, nonce, sizeof nonce);
    take(round, key, sizeof key);
    cepa_aead_seal(sealed, len, tag, ad, ad_len, nonce, key, round->cpu);
    emit(round, "sealed", sealed, len + CEPA_AEAD_TAG_LEN);
    memcpy(opened, sealed, len);
    int error = cepa_aead_open(opened, len, tag, ad, ad_len, nonce, key, round->cpu);
    emit(round, "opened", opened, error == 0 ? len : 0);
    corrupt(round, sealed, len + CEPA_AEAD_TAG_LEN);
    error = cepa_aead_open(sealed, len, tag, ad, ad_len, nonce, key, round->cpu);
    emit_flag(round, "refused", error == CEPA_ERR_AUTHENTICATION);
}

static void round_hpolyc(struct round *round)
{
    static uint8_t data[MESSAGE_MAX];
    struct cepa_hpolyc_key expanded;
    uint8_t tweak[64];
    uint8_t key[CEPA_HPOLYC_KEY_LEN];
    size_t len = CEPA_HPOLYC_DATA_LEN_MIN + take_number(round, 2000);
    take(round, data, len);
    size_t tweak_len = take_message(round, tweak, sizeof tweak);
    take(round, key, sizeof key);
    cepa_hpolyc_key_init(&expanded, key, round->cpu);
    cepa_hpolyc_encrypt(&expanded, data, len, tweak, tweak_len, round->cpu);
    emit(round, "encrypted", data, len);
    corrupt(round, data, len);
    cepa_hpolyc_decrypt(&expanded, data, len, tweak, tweak_len, round->cpu);
    emit(round, "decrypted", data, len);
}

/* One round in four has a point near the ends of the range. */
static void round_x25519(struct round *round)
{
    uint8_t scalar[CEPA_X25519_LEN];
    uint8_t point[CEPA_X25519_LEN];
    uint8_t secret[CEPA_X25519_LEN];
    take(round, scalar, sizeof scalar);
    cepa_x25519_base(point, scalar, round->cpu);
    emit(round, "base", point, sizeof point);
    take(round, point, sizeof point);
    if (round->number % 4 == 0) {
        size_t from = take_number(round, sizeof point - 1);
        memset(point + from, round->number % 8 == 0 ? 255 : 0, sizeof point - from);
    }
    int error = cepa_x25519(secret, scalar, point, round->cpu);
    emit(round, "secret", secret, error == 0 ? sizeof secret : 0);
}

static void round_ed25519(struct round *round)
{
    uint8_t message[300];
    struct cepa_ed25519_seed seed;
    struct cepa_ed25519_key key;
    struct cepa_ed25519_signature signature;
    take(round, seed.bytes, sizeof seed.bytes);
    size_t len = take_message(round, message, sizeof message);
    cepa_ed25519_key_init(&key, &seed);
    cepa_ed25519_sign(&key, &signature, message, len);
    emit(round, "public_key", key.public_key.bytes, sizeof key.public_key.bytes);
    emit(round, "signature", signature.bytes, sizeof signature.bytes);
    int error = cepa_ed25519_verify(&key.public_key, &signature, message, len);
    emit_flag(round, "verified", error == 0);
    if (round->number % 4 == 0) {
        corrupt(round, signature.bytes, sizeof signature.bytes);
        error = cepa_ed25519_verify(&key.public_key, &signature, message, len);
        emit_flag(round, "refused", error != 0);
    }
}

static void round_mlkem(struct round *round)
{
    static struct cepa_mlkem_workspace workspace;
    static struct cepa_mlkem_key key;
    struct cepa_mlkem_seed seed;
    struct cepa_mlkem_public_key public_key;
    struct cepa_mlkem_ciphertext ciphertext;
    struct cepa_mlkem_secret secret;
    uint8_t randomness[CEPA_MLKEM_RANDOMNESS_BYTES];
    take(round, (uint8_t *)&seed, sizeof seed);
    take(round, randomness, sizeof randomness);
    cepa_mlkem_key_expand(&key, &public_key, &seed, &workspace, round->cpu);
    int error = cepa_mlkem_encapsulate(&ciphertext, &secret, &public_key, randomness, &workspace,
                                       round->cpu);
    emit(round, "public_key", public_key.bytes, sizeof public_key.bytes);
    emit(round, "ciphertext", ciphertext.bytes, error == 0 ? sizeof ciphertext.bytes : 0);
    emit(round, "secret", secret.bytes, sizeof secret.bytes);
    cepa_mlkem_decapsulate(&secret, &key, &ciphertext, &workspace, round->cpu);
    emit(round, "decapsulated", secret.bytes, sizeof secret.bytes);
    corrupt(round, ciphertext.bytes, sizeof ciphertext.bytes);
    cepa_mlkem_decapsulate(&secret, &key, &ciphertext, &workspace, round->cpu);
    emit(round, "rejected", secret.bytes, sizeof secret.bytes);
}

static void round_xwing(struct round *round)
{
    static struct cepa_xwing_workspace workspace;
    static struct cepa_xwing_key key;
    struct cepa_xwing_seed seed;
    struct cepa_xwing_ciphertext ciphertext;
    struct cepa_xwing_secret secret;
    uint8_t randomness[CEPA_XWING_RANDOMNESS_BYTES];
    take(round, seed.bytes, sizeof seed.bytes);
    take(round, randomness, sizeof randomness);
    cepa_xwing_key_expand(&key, &seed, &workspace, round->cpu);
    int error = cepa_xwing_encapsulate(&ciphertext, &secret, &key.public_key, randomness,
                                       &workspace, round->cpu);
    emit(round, "public_key", key.public_key.bytes, sizeof key.public_key.bytes);
    emit(round, "ciphertext", ciphertext.bytes, error == 0 ? sizeof ciphertext.bytes : 0);
    emit(round, "secret", secret.bytes, sizeof secret.bytes);
    error = cepa_xwing_decapsulate(&secret, &key, &ciphertext, &workspace, round->cpu);
    emit(round, "decapsulated", secret.bytes, error == 0 ? sizeof secret.bytes : 0);
    corrupt(round, ciphertext.bytes, sizeof ciphertext.bytes);
    error = cepa_xwing_decapsulate(&secret, &key, &ciphertext, &workspace, round->cpu);
    emit(round, "other", secret.bytes, error == 0 ? sizeof secret.bytes : 0);
}

/* Signing alternates between the deterministic and the hedged variant. One round in four looks at a
 * corrupted signature. */
static void round_mldsa(struct round *round)
{
    static struct cepa_mldsa_workspace workspace;
    static struct cepa_mldsa_key key;
    struct cepa_mldsa_seed seed;
    struct cepa_mldsa_signature signature;
    uint8_t message[300];
    uint8_t context[255];
    uint8_t hedge[CEPA_MLDSA_RANDOM_BYTES];
    take(round, seed.bytes, sizeof seed.bytes);
    cepa_mldsa_key_expand(&key, &seed, &workspace, round->cpu);
    size_t len = take_message(round, message, sizeof message);
    size_t context_len = take_message(round, context, sizeof context);
    take(round, hedge, sizeof hedge);
    if (round->number % 2 == 0) {
        memset(hedge, 0, sizeof hedge);
    }
    int error = cepa_mldsa_sign(&signature, &key, message, len, context, context_len, hedge,
                                &workspace, round->cpu);
    emit(round, "public_key", key.public_key.bytes, sizeof key.public_key.bytes);
    emit(round, "signature", signature.bytes, error == 0 ? sizeof signature.bytes : 0);
    error = cepa_mldsa_verify(&signature, &key.public_key, message, len, context, context_len,
                              &workspace, round->cpu);
    emit_flag(round, "verified", error == 0);
    if (round->number % 4 == 0) {
        corrupt(round, signature.bytes, sizeof signature.bytes);
        error = cepa_mldsa_verify(&signature, &key.public_key, message, len, context, context_len,
                                  &workspace, round->cpu);
        emit_flag(round, "refused", error != 0);
    }
}

static const struct {
    const char *name;
    void (*run)(struct round *round);
} primitives[] = {
    {"keccak", round_keccak}, {"blake2b", round_blake2b}, {"aead", round_aead},
    {"hpolyc", round_hpolyc}, {"x25519", round_x25519},   {"ed25519", round_ed25519},
    {"mlkem", round_mlkem},   {"xwing", round_xwing},     {"mldsa", round_mldsa},
};

static void begin_round(struct round *round, const char *primitive)
{
    uint8_t number[8];
    cepa_be64_store(number, round->number);
    cepa_shake256_init(&round->inputs);
    cepa_shake_absorb(&round->inputs, label, sizeof label);
    cepa_shake_absorb(&round->inputs, primitive, strlen(primitive) + 1);
    cepa_shake_absorb(&round->inputs, number, sizeof number);
}

static void run_block(size_t primitive, uint64_t first, uint64_t end, int show)
{
    struct cepa_shake digest;
    struct round round = {.digest = &digest, .cpu = cepa_native_cpu(), .show = show};
    uint8_t bytes[DIGEST_LEN];
    cepa_shake256_init(&digest);
    for (round.number = first; round.number < end; round.number++) {
        begin_round(&round, primitives[primitive].name);
        primitives[primitive].run(&round);
    }
    cepa_shake_squeeze(&digest, bytes, sizeof bytes);
    if (show) {
        return;
    }
    printf("%s %llu ", primitives[primitive].name, (unsigned long long)first);
    for (size_t i = 0; i < sizeof bytes; i++) {
        printf("%02x", bytes[i]);
    }
    printf("\n");
}

static int print_cpu(void)
{
    uint32_t cpu = cepa_native_cpu();
    uint32_t avx2 = CEPA_CPU_AVX2 | CEPA_CPU_AESNI;
    printf("portable%s%s\n", (cpu & CEPA_CPU_AVX2) != 0 ? " avx2" : "",
           (cpu & ~avx2) != 0 ? " full" : "");
    return 0;
}

int main(int argc, char **argv)
{
    size_t count = sizeof primitives / sizeof primitives[0];
    size_t primitive = 0;
    int show = argc == 4 && strcmp(argv[3], "show") == 0;
    if (argc == 2 && strcmp(argv[1], "cpu") == 0) {
        return print_cpu();
    }
    if ((argc != 5 && !show) || cepa_native_init() != 0) {
        fprintf(stderr, "differential PRIMITIVE FIRST COUNT BLOCK, or PRIMITIVE ROUND show\n");
        return 2;
    }
    while (primitive < count && strcmp(primitives[primitive].name, argv[1]) != 0) {
        primitive++;
    }
    if (primitive == count) {
        fprintf(stderr, "differential: no primitive %s\n", argv[1]);
        return 2;
    }
    uint64_t first = strtoull(argv[2], NULL, 10);
    uint64_t end = first + (show ? 1 : strtoull(argv[3], NULL, 10));
    uint64_t block = show ? 1 : strtoull(argv[4], NULL, 10);
    for (uint64_t begin = first; begin < end && block > 0; begin += block) {
        run_block(primitive, begin, end - begin < block ? end : begin + block, show);
    }
    return 0;
}
