/* The one place where the core draws random bytes. */
#include "base/random.h"

#include "base/ct.h"

int cepa_random_fill(const struct cepa_random *random, uint8_t *ret_bytes, size_t len)
{
    if (random->fill(random->context, ret_bytes, len) != 0) {
        cepa_wipe(ret_bytes, len);
        return CEPA_ERR_RANDOM;
    }
    return 0;
}
