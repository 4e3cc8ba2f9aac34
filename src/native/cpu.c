/* Processor features by the compiler's own detection, which also asks the operating system whether
 * it keeps the wide registers. */
#include "native/cpu.h"

#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"

#if defined(__x86_64__)
static uint32_t detect(void)
{
    uint32_t cpu = CEPA_CPU_PORTABLE;
    __builtin_cpu_init();
    if (__builtin_cpu_supports("aes") && __builtin_cpu_supports("sse4.1")) {
        cpu |= CEPA_CPU_AESNI;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2")) {
        cpu |= CEPA_CPU_AVX2;
    }
    if ((cpu & CEPA_CPU_AVX2) && __builtin_cpu_supports("avx512f") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512ifma")) {
        cpu |= CEPA_CPU_AVX512_IFMA;
    }
    return cpu;
}
#else
static uint32_t detect(void)
{
    return CEPA_CPU_PORTABLE;
}
#endif

uint32_t cepa_native_cpu(void)
{
    const char *limit = getenv("CEPA_CPU");
    uint32_t cpu = detect();
    if (limit != NULL && strcmp(limit, "portable") == 0) {
        return CEPA_CPU_PORTABLE;
    }
    if (limit != NULL && strcmp(limit, "avx2") == 0) {
        return cpu & (CEPA_CPU_AVX2 | CEPA_CPU_AESNI);
    }
    return cpu;
}
