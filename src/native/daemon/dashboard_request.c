/* Checks requests for the dashboard. */
#include "native/daemon/dashboard_request.h"

#include <string.h>

#include "base/ct.h"
#include "native/http/http_host.h"

unsigned cepa_dashboard_check(const struct cepa_dashboard_gate *gate, const char **ret_name,
                              const struct cepa_http_request *request)
{
    const char *target = request->target;
    if (!cepa_http_host_is_ours(request->host, gate->port)) {
        return 403;
    }
    if (strcmp(request->method, "GET") != 0) {
        return 405;
    }
    if (request->has_body) {
        return 400;
    }
    if (target[0] == '\0') {
        return 414;
    }
    /* "/TOKEN/name" */
    if (strlen(target) < 1 + CEPA_DASHBOARD_TOKEN_LEN + 1 || target[0] != '/' ||
        target[1 + CEPA_DASHBOARD_TOKEN_LEN] != '/' ||
        cepa_ct_compare(target + 1, gate->token, CEPA_DASHBOARD_TOKEN_LEN) == 0) {
        return 403;
    }
    *ret_name = target + 1 + CEPA_DASHBOARD_TOKEN_LEN + 1;
    return 200;
}
