/* Which instruction sets the core may use. The driver finds them out once at start and passes the
 * mask down; the core never asks the processor itself. 0 means portable C everywhere, which is
 * always right; each bit only makes some kernels faster, never changes a result. */
#ifndef CEPA_BASE_CPU_H
#define CEPA_BASE_CPU_H

enum {
    CEPA_CPU_PORTABLE = 0,
    CEPA_CPU_AESNI = 1 << 0,      /* AES-NI with SSE4.1 */
    CEPA_CPU_AVX2 = 1 << 1,       /* AVX2 with BMI2 */
    CEPA_CPU_AVX512_IFMA = 1 << 2 /* AVX-512 F, VL, DQ and IFMA */
};

#endif
