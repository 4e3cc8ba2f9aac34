/* ML-DSA-65: expanding a key, signing, verifying, and the transforms under them, beside the numbers
 * of liboqs on the same machine. A signature's number of attempts varies, so its time is the mean
 * over a fixed set of signatures, each measured by itself. */
#include <stdio.h>
#include <string.h>

#include "base/cpu.h"
#include "crypto/mldsa.h"
#include "native/cpu.h"
#include "support/timing.h"

enum { SIGNATURES = 64 };

struct bench {
    struct cepa_mldsa_seed seed;
    struct cepa_mldsa_key key;
    struct cepa_mldsa_signature signature;
    struct cepa_mldsa_workspace workspace;
    struct cepa_mldsa_poly poly;
    uint8_t message[64];
    uint32_t cpu;
    uint8_t randomness[CEPA_MLDSA_RANDOM_BYTES];
    int failures;
};

static void expand(void *context)
{
    struct bench *bench = context;
    cepa_mldsa_key_expand(&bench->key, &bench->seed, &bench->workspace, bench->cpu);
}

static void sign(void *context)
{
    struct bench *bench = context;
    bench->failures +=
        cepa_mldsa_sign(&bench->signature, &bench->key, bench->message, sizeof bench->message, NULL,
                        0, bench->randomness, &bench->workspace, bench->cpu) != 0;
}

static void verify(void *context)
{
    struct bench *bench = context;
    bench->failures +=
        cepa_mldsa_verify(&bench->signature, &bench->key.public_key, bench->message,
                          sizeof bench->message, NULL, 0, &bench->workspace, bench->cpu) != 0;
}

static void transform(void *context)
{
    struct bench *bench = context;
    memset(&bench->poly, 1, sizeof bench->poly);
    cepa_mldsa_ntt(&bench->poly, bench->cpu);
}

static void transform_back(void *context)
{
    struct bench *bench = context;
    memset(&bench->poly, 0, sizeof bench->poly);
    cepa_mldsa_ntt_inverse(&bench->poly, bench->cpu);
}

static const struct row {
    const char *name;       /* what is measured */
    void (*run)(void *);    /* one call */
    unsigned calls;         /* with as many different values of `randomness` */
    const char *anchors[2]; /* liboqs: generic C, AVX2; us */
} rows[] = {
    {"expand a key", expand, 1, {"161", "33-41"}},
    {"sign", sign, SIGNATURES, {"513", "122-156"}},
    {"verify", verify, 1, {"130", "35"}},
    {"transform", transform, 1, {"-", "-"}},
    {"transform back", transform_back, 1, {"-", "-"}},
};

static double measure_us(struct bench *bench, const struct row *row, uint32_t cpu)
{
    double sum = 0;
    bench->cpu = cpu;
    for (unsigned i = 0; i < row->calls; i++) {
        bench->randomness[0] = (uint8_t)i;
        sum += timing_run(row->run, bench);
    }
    return sum / 1000 / row->calls;
}

int main(void)
{
    static struct bench bench;
    timing_header("ML-DSA-65");
    printf("| %-14s | portable us | liboqs generic us | this cpu us | liboqs AVX2 us |\n", "");
    printf("|----------------|-------------|-------------------|-------------|----------------|\n");
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double portable = measure_us(&bench, &rows[i], CEPA_CPU_PORTABLE);
        double native = measure_us(&bench, &rows[i], cepa_native_cpu());
        printf("| %-14s | %11.2f | %17s | %11.2f | %14s |\n", rows[i].name, portable,
               rows[i].anchors[0], native, rows[i].anchors[1]);
    }
    return bench.failures == 0 ? 0 : 1;
}
