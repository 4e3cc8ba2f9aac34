/* What the core takes from its host: the panic hook and a source of randomness. */
#ifndef CEPA_NATIVE_HOST_H
#define CEPA_NATIVE_HOST_H

#include "base/random.h"

/* cepa_native_init prepares libsodium; call it once before any other use of the core. Returns 0, or
 * CEPA_ERR_RANDOM when the kernel gives no randomness. */
CEPA_MUST_USE int cepa_native_init(void);

/* cepa_native_random is the kernel's random source; static storage. */
const struct cepa_random *cepa_native_random(void);

#endif
