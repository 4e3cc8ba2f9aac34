/* What upnp.c and the process that it starts agree on; for them alone. One socket of whole messages
 * is between them, the process's standard input: a request goes in, an answer comes out. When the
 * owner closes its side for writing, the answer is not wanted any more. */
#ifndef CEPA_NATIVE_NET_UPNP_PROCESS_H
#define CEPA_NATIVE_NET_UPNP_PROCESS_H

#include <stdint.h>

#include "native/net/upnp.h"

/* What the process is called, and how it knows what it is. */
#define UPNP_PROCESS_NAME "cepa-port-mapping"

/* An answer. The owner believes none of it: a router may have got hold of the process. */
struct upnp_answer {
    int32_t result;
    uint8_t ip[4];
    uint16_t udp_external;
    uint16_t tcp_external;
    uint8_t is_permanent;
    struct cepa_upnp_control control;
};

/* upnp_process_serve does one request, within limits that it sets for the whole process. Returns
 * the exit status. */
int upnp_process_serve(int fd);

#endif
