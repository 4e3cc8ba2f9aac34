/* Finds out which instruction sets this processor has. */
#ifndef CEPA_NATIVE_CPU_H
#define CEPA_NATIVE_CPU_H

#include <stdint.h>

/* cepa_native_cpu gives the mask of CEPA_CPU_* bits that the core may use on this machine. The
 * environment variable CEPA_CPU ("portable", "avx2") lowers it, for tests and benchmarks. */
uint32_t cepa_native_cpu(void);

#endif
