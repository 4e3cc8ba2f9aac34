/* A transport address: IPv4 or IPv6 and a port, as a value that can be compared, hashed, written
 * and read. Sockets turn it into what the system wants; nothing else knows about sockaddr. */
#ifndef CEPA_NATIVE_NET_ADDRESS_H
#define CEPA_NATIVE_NET_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
    CEPA_NET_ADDRESS_NONE = 0,
    CEPA_NET_ADDRESS_IPV4 = 4,
    CEPA_NET_ADDRESS_IPV6 = 6,
    CEPA_NET_ADDRESS_TEXT_SIZE = 56 /* "[", 45 characters, "]:", five digits, the final zero */
};

/* An address. All bytes that the family does not use are zero, so that equal addresses are equal
 * bytes. */
struct cepa_net_address {
    uint8_t family; /* CEPA_ADDRESS_* */
    uint8_t ip[16]; /* in network order; 4 or 16 bytes are used */
    uint16_t port;  /* in host order */
};

/* cepa_net_address_ip_len gives how many bytes of `ip` the family uses: 0, 4 or 16. */
size_t cepa_net_address_ip_len(const struct cepa_net_address *address);

/* cepa_net_address_is_equal says whether family, IP and port are the same. */
bool cepa_net_address_is_equal(const struct cepa_net_address *a, const struct cepa_net_address *b);

/* cepa_net_address_is_loopback says whether the IP is in 127.0.0.0/8 or is ::1. */
bool cepa_net_address_is_loopback(const struct cepa_net_address *address);

/* cepa_net_address_is_link_local says whether the IP is in 169.254.0.0/16 or fe80::/10. */
bool cepa_net_address_is_link_local(const struct cepa_net_address *address);

/* cepa_net_address_ip_decode reads an IP without port, such as "192.0.2.1" or "2001:db8::1", of
 * `text_len` characters; the port becomes 0. Returns 0 or CEPA_ERR_MALFORMED. */
CEPA_MUST_USE int cepa_net_address_ip_decode(struct cepa_net_address *ret_address, const char *text,
                                             size_t text_len);

/* cepa_net_address_ip_encode writes the IP without port and a final zero. @[RFC5952 4] */
void cepa_net_address_ip_encode(char ret_text[CEPA_NET_ADDRESS_TEXT_SIZE],
                                const struct cepa_net_address *address);

/* cepa_net_address_decode reads "192.0.2.1:5000" or "[2001:db8::1]:5000". Returns 0 or
 * CEPA_ERR_MALFORMED. */
CEPA_MUST_USE int cepa_net_address_decode(struct cepa_net_address *ret_address, const char *text,
                                          size_t text_len);

/* cepa_net_address_encode writes the same form and a final zero. */
void cepa_net_address_encode(char ret_text[CEPA_NET_ADDRESS_TEXT_SIZE],
                             const struct cepa_net_address *address);

#endif
