/* Compares the field Host. */
#include "native/http/http_host.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

bool cepa_http_host_is_ours(const char *host, uint16_t port)
{
    static const char *const names[] = {"127.0.0.1", "localhost"};
    for (size_t i = 0; host != NULL && i < sizeof names / sizeof names[0]; i++) {
        char wanted[32];
        snprintf(wanted, sizeof wanted, "%s:%u", names[i], (unsigned)port);
        if (strcmp(host, wanted) == 0) {
            return true;
        }
    }
    return false;
}
