/* Who may see the dashboard: every request is checked here, before anything else looks at it.
 *
 * The address holds a token, so that other users of the machine and pages in the user's browser
 * cannot ask; the field Host must name this very server, so that a page whose name was made to lead
 * to 127.0.0.1 (DNS rebinding) cannot ask even if it learned the token; and nothing but GET without
 * a body exists, so that there is nothing to do here but look. */
#ifndef CEPA_NATIVE_DAEMON_DASHBOARD_REQUEST_H
#define CEPA_NATIVE_DAEMON_DASHBOARD_REQUEST_H

#include <stdint.h>

#include "native/http/http_server.h"

enum {
    CEPA_DASHBOARD_TOKEN_LEN = 32 /* hex digits of 16 random bytes */
};

/* What a request must know. */
struct cepa_dashboard_gate {
    char token[CEPA_DASHBOARD_TOKEN_LEN + 1];
    uint16_t port; /* that is listened on */
};

/* cepa_dashboard_check decides about a request: 200, and then `ret_name` is the part of the target
 * behind the token ("" for the page itself; lent like the request); 403 for the wrong Host or token
 * (compared in constant time), 405 for another method, 400 for a body, 414 for a target that is too
 * long. */
unsigned cepa_dashboard_check(const struct cepa_dashboard_gate *gate, const char **ret_name,
                              const struct cepa_http_request *request);

#endif
