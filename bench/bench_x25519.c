/* What X25519 costs: the library, each implementation of ours, and each item of a batch. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/cpu.h"
#include "crypto/x25519.h"
#include "native/cpu.h"
#include "native/host.h"
#include "support/timing.h"

/* Arguments of the measured calls; each result is the next point, so that no call can be left
 * out. */
struct job {
    uint8_t scalars[CEPA_X25519_BATCH_MAX][32];
    uint8_t points[CEPA_X25519_BATCH_MAX][32];
    size_t count;
    uint32_t cpu;
};

static void run_library(void *context)
{
    struct job *job = context;
    int error = crypto_scalarmult_curve25519(job->points[0], job->scalars[0], job->points[0]);
    (void)error;
}

static void run_library_base(void *context)
{
    struct job *job = context;
    int error = crypto_scalarmult_curve25519_base(job->points[0], job->scalars[0]);
    (void)error;
}

static void run_one(void *context)
{
    struct job *job = context;
    int error = cepa_x25519(job->points[0], job->scalars[0], job->points[0], job->cpu);
    (void)error;
}

static void run_base(void *context)
{
    struct job *job = context;
    cepa_x25519_base(job->scalars[0], job->scalars[0], job->cpu);
}

static void run_batch(void *context)
{
    struct job *job = context;
    int error =
        cepa_x25519_batch(job->points[0], job->scalars[0], job->points[0], job->count, job->cpu);
    (void)error;
}

static void run_agree(void *context)
{
    struct job *job = context;
    uint8_t publics[CEPA_X25519_AGREE_MAX][32], secrets[CEPA_X25519_AGREE_MAX][32];
    int error = cepa_x25519_agree(publics[0], secrets[0], job->scalars[0], job->points[0],
                                  job->count, job->cpu);
    (void)error;
    memcpy(job->points, secrets, 32 * job->count);
}

static void print_row(const char *name, void (*run)(void *context), struct job *job)
{
    double ns = timing_run(run, job);
    printf("%-36s %8.2f us", name, ns / 1000);
    if (job->count > 1) {
        printf(" %8.2f us each", ns / 1000 / (double)job->count);
    }
    printf("\n");
}

int main(void)
{
    static struct job job = {.count = 1};
    static const struct {
        const char *name;
        uint32_t mask;
    } cpus[] = {{"portable", CEPA_CPU_PORTABLE},
                {"AVX2", CEPA_CPU_AVX2},
                {"all of this machine", UINT32_MAX}};
    if (cepa_native_init() != 0) {
        return 1;
    }
    memset(job.scalars, 0x5a, sizeof job.scalars);
    memset(job.points, 0x11, sizeof job.points);
    timing_header("X25519");
    print_row("library", run_library, &job);
    print_row("library, base point", run_library_base, &job);
    for (size_t i = 0; i < sizeof cpus / sizeof cpus[0]; i++) {
        job.cpu = cpus[i].mask & cepa_native_cpu();
        printf("\n%s\n", cpus[i].name);
        job.count = 1;
        print_row("  one", run_one, &job);
        print_row("  one, base point", run_base, &job);
        for (size_t count = 4; count <= CEPA_X25519_BATCH_MAX; count += count == 8 ? 2 : 1) {
            char name[32];
            snprintf(name, sizeof name, "  batch of %zu", count);
            job.count = count;
            if (count == 4 || count == 5 || count == 8 || count == 10 || count == 16) {
                print_row(name, run_batch, &job);
            }
            if (count == 5) {
                print_row("  5 ephemeral keys and secrets", run_agree, &job);
            }
        }
    }
    return 0;
}
