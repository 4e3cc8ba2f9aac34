/* Whose name a request calls this server by. A page whose name was made to lead to 127.0.0.1 (DNS
 * rebinding) asks under that name, so only the machine's own names are answered. */
#ifndef CEPA_NATIVE_HTTP_HTTP_HOST_H
#define CEPA_NATIVE_HTTP_HTTP_HOST_H

#include <stdbool.h>
#include <stdint.h>

/* cepa_http_host_is_ours says whether the field Host (NULL for none) names 127.0.0.1 or localhost
 * with this port. */
bool cepa_http_host_is_ours(const char *host, uint16_t port);

#endif
