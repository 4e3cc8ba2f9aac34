/* Host names below `.cepa`, as a browser, curl or ssh hand them to the proxy: whom they mean, and
 * which of that one's services. @[SPEC 14.2]
 *
 *     first 63 symbols "." other 21 symbols ".cepa"    an address, as a host name
 *     "cepa1..." ".cepa"                               an address, as people copy it
 *     contact ".cepa"                                  whom the user calls so
 *
 * and before each of these, if wanted, the name of a service and a dot. Case does not matter. There
 * are no exits: other names and IP addresses lead nowhere. */
#ifndef CEPA_NATIVE_PROXY_NAMES_H
#define CEPA_NATIVE_PROXY_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "identity/address.h"
#include "native/reason.h"
#include "native/store/contacts.h"

enum { CEPA_PROXY_SERVICE_MAX = 63 };

/* The name of a service: small letters, digits and hyphens, none at its ends; with a final zero. A
 * service that was given no name is called by the digits of its port. */
struct cepa_proxy_service {
    char text[CEPA_PROXY_SERVICE_MAX + 1];
};

/* Where a connection is to lead. */
struct cepa_proxy_target {
    struct cepa_address address;
    struct cepa_proxy_service service;
};

/* cepa_proxy_service_read reads a name in whatever case. Returns 0, CEPA_ERR_TOO_LONG, or
 * CEPA_ERR_MALFORMED for none and for what is no such name. */
CEPA_MUST_USE int cepa_proxy_service_read(struct cepa_proxy_service *ret_service, const char *text,
                                          size_t text_len);

/* cepa_proxy_service_of_port gives the name of a service that has none but its port. */
void cepa_proxy_service_of_port(struct cepa_proxy_service *ret_service, uint16_t port);

/* cepa_proxy_target_read finds whom a host name means, with or without a dot at its end, and which
 * service: the one in the name, else that of `port`. `contacts` may be NULL for none. Returns 0, or
 * with a reason
 *   CEPA_ERR_UNSUPPORTED    it does not end with ".cepa";
 *   CEPA_ERR_MALFORMED      it has labels or characters that no such name has;
 *   CEPA_ERR_NOT_FOUND      no contact is called so, or several are but for the case;
 *   CEPA_ERR_LENGTH         it is an address that lacks characters or has too many;
 *   CEPA_ERR_AUTHENTICATION it is an address that is mistyped;
 *   CEPA_ERR_VERSION        it is an address of a later version;
 *   or an error of `contacts`.
 * `ret_slips`, which may be NULL, is written in every case: where a mistyped address is wrong, as
 * cepa_address_read says, counted in `host`. */
CEPA_MUST_USE int cepa_proxy_target_read(struct cepa_proxy_target *ret_target,
                                         struct cepa_address_slips *ret_slips,
                                         struct cepa_reason *ret_reason,
                                         struct cepa_contacts *contacts, const char *host,
                                         size_t host_len, uint16_t port);

#endif
