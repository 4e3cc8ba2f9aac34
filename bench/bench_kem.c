/* Time of ML-KEM-768 and X-Wing and of what they are made of, in portable C and with all that this
 * processor has. The anchors were taken on another machine of 2.96 GHz with the compiler's -O3 and
 * give the order of magnitude. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/cpu.h"
#include "crypto/keccak_permute.h"
#include "crypto/xwing.h"
#include "native/cpu.h"
#include "native/host.h"
#include "support/timing.h"

enum { PACKET_HOPS = 5 };

static struct {
    uint32_t cpu;
    uint64_t state[CEPA_KECCAK_LANES];
    uint64_t lanes[CEPA_KECCAK_LANES][CEPA_KECCAK_WAYS];
    struct cepa_mlkem_poly poly;
    struct cepa_mlkem_poly fields;
    struct cepa_mlkem_ntt ntt;
    struct cepa_mlkem_ntt vector[CEPA_MLKEM_K];
    struct cepa_mlkem_factor factor[CEPA_MLKEM_K];
    uint8_t bytes[CEPA_MLKEM_CIPHERTEXT_BYTES];
    struct cepa_mlkem_seed seed;
    struct cepa_mlkem_key key;
    struct cepa_mlkem_public_key public_key;
    struct cepa_mlkem_ciphertext ciphertext;
    struct cepa_mlkem_secret secret;
    struct cepa_xwing_seed xwing_seed;
    struct cepa_xwing_key xwing_keys[PACKET_HOPS];
    struct cepa_xwing_ciphertext xwing_ciphertext;
    struct cepa_xwing_secret xwing_secret;
    uint8_t randomness[CEPA_XWING_RANDOMNESS_BYTES];
    const struct cepa_xwing_public_key *batch_keys[PACKET_HOPS];
    struct cepa_xwing_ciphertext batch_ciphertexts[PACKET_HOPS];
    struct cepa_xwing_secret batch_secrets[PACKET_HOPS];
    uint8_t batch_randomness[PACKET_HOPS * CEPA_XWING_RANDOMNESS_BYTES];
    struct cepa_xwing_workspace workspace;
} work;

static void run_keccak(void *context)
{
    (void)context;
    cepa_keccak_permute_best(work.state, work.cpu);
}

static void run_keccak_x4(void *context)
{
    (void)context;
    cepa_keccak_permute_x4(work.lanes, work.cpu);
}

static void run_forward(void *context)
{
    (void)context;
    cepa_mlkem_ntt_forward(&work.ntt, &work.poly, work.cpu);
}

static void run_inverse(void *context)
{
    (void)context;
    cepa_mlkem_ntt_inverse(&work.poly, &work.ntt, work.cpu);
}

static void run_factor(void *context)
{
    (void)context;
    cepa_mlkem_ntt_factor(&work.factor[0], &work.ntt, work.cpu);
}

static void run_dot(void *context)
{
    (void)context;
    cepa_mlkem_ntt_dot(&work.ntt, work.vector, work.factor, work.cpu);
}

static void run_noise(void *context)
{
    (void)context;
    cepa_mlkem_noise(&work.poly, work.bytes, work.cpu);
}

static void run_compress(void *context)
{
    (void)context;
    cepa_mlkem_compress_10(&work.fields, &work.poly, &work.poly, work.cpu);
}

static void run_decode(void *context)
{
    (void)context;
    cepa_mlkem_decode_10(&work.fields, &work.poly, work.bytes, work.cpu);
}

static void run_matrix(void *context)
{
    (void)context;
    cepa_mlkem_sample_and_hash(&work.key.matrix, work.randomness, work.public_key.bytes,
                               &work.workspace.mlkem.secret.sampler, work.cpu);
}

static void run_expand(void *context)
{
    (void)context;
    cepa_mlkem_key_expand(&work.key, &work.public_key, &work.seed, &work.workspace.mlkem, work.cpu);
}

static void run_encapsulate(void *context)
{
    (void)context;
    CEPA_ASSERT(cepa_mlkem_encapsulate(&work.ciphertext, &work.secret, &work.public_key,
                                       work.randomness, &work.workspace.mlkem, work.cpu) == 0);
}

static void run_decapsulate(void *context)
{
    (void)context;
    cepa_mlkem_decapsulate(&work.secret, &work.key, &work.ciphertext, &work.workspace.mlkem,
                           work.cpu);
}

static void run_xwing_expand(void *context)
{
    (void)context;
    cepa_xwing_key_expand(&work.xwing_keys[0], &work.xwing_seed, &work.workspace, work.cpu);
}

static void run_xwing_encapsulate(void *context)
{
    (void)context;
    CEPA_ASSERT(cepa_xwing_encapsulate(&work.xwing_ciphertext, &work.xwing_secret,
                                       &work.xwing_keys[0].public_key, work.randomness,
                                       &work.workspace, work.cpu) == 0);
}

static void run_xwing_decapsulate(void *context)
{
    (void)context;
    CEPA_ASSERT(cepa_xwing_decapsulate(&work.xwing_secret, &work.xwing_keys[0],
                                       &work.xwing_ciphertext, &work.workspace, work.cpu) == 0);
}

static void run_packet(void *context)
{
    (void)context;
    CEPA_ASSERT(cepa_xwing_encapsulate_batch(work.batch_ciphertexts, work.batch_secrets,
                                             work.batch_keys, PACKET_HOPS, work.batch_randomness,
                                             &work.workspace, work.cpu) == 0);
}

static const struct row {
    const char *name;
    void (*run)(void *context);
    const char *anchor;
} rows[] = {
    {"Keccak-f[1600]", run_keccak, "0.39 C"},
    {"Keccak-f[1600], four states", run_keccak_x4, "0.58 AVX2"},
    {"transform", run_forward, "mlkem-native 0.71 C, 0.075 AVX2"},
    {"inverse transform", run_inverse, "mlkem-native 1.1 C, 0.079 AVX2"},
    {"factor of a product", run_factor, ""},
    {"product of vectors", run_dot, ""},
    {"noise from bytes", run_noise, ""},
    {"compression to 10 bits", run_compress, ""},
    {"decompression from 10 bits", run_decode, ""},
    {"matrix and hash of a key", run_matrix, "mlkem-native matrix alone 11.6 C, 5.8 AVX2"},
    {"ML-KEM key from its seed", run_expand, "mlkem-native 27.3 C, 12.0 AVX2"},
    {"ML-KEM encapsulation", run_encapsulate, "mlkem-native 32.5 C, 12.7 AVX2"},
    {"ML-KEM decapsulation", run_decapsulate, "mlkem-native 40.3 C, 16.4 AVX2; goals 30, 13"},
    {"X-Wing key from its seed", run_xwing_expand, ""},
    {"X-Wing encapsulation", run_xwing_encapsulate, "libsodium git 99.6; fastest parts 46.3"},
    {"X-Wing decapsulation", run_xwing_decapsulate, "libsodium git 140.6; fastest parts 42.4"},
    {"X-Wing encapsulation, 5 keys", run_packet, ""},
};

/* A time in microseconds. */
static void print_us(double ns)
{
    printf("%10.3f", ns / 1000);
}

static void prepare(void)
{
    work.cpu = cepa_native_cpu();
    for (unsigned i = 0; i < PACKET_HOPS; i++) {
        work.xwing_seed.bytes[0] = (uint8_t)i;
        cepa_xwing_key_expand(&work.xwing_keys[i], &work.xwing_seed, &work.workspace, work.cpu);
        work.batch_keys[i] = &work.xwing_keys[i].public_key;
    }
    run_expand(NULL);
    run_encapsulate(NULL);
    run_xwing_encapsulate(NULL);
}

int main(void)
{
    if (cepa_native_init() != 0) {
        return 1;
    }
    timing_header("ML-KEM-768 and X-Wing, microseconds");
    printf("%-30s%10s%10s%10s  %s\n", "", "portable", "AVX2", "this CPU", "anchor");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        prepare();
        printf("%-30s", rows[i].name);
        work.cpu = CEPA_CPU_PORTABLE;
        print_us(timing_run(rows[i].run, NULL));
        work.cpu = cepa_native_cpu() & (CEPA_CPU_AVX2 | CEPA_CPU_AESNI);
        print_us(timing_run(rows[i].run, NULL));
        work.cpu = cepa_native_cpu();
        print_us(timing_run(rows[i].run, NULL));
        printf("  %s\n", rows[i].anchor);
    }
    return 0;
}
