/* Transport addresses as values and as text. */
#include "native/net/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

size_t cepa_net_address_ip_len(const struct cepa_net_address *address)
{
    return address->family == CEPA_NET_ADDRESS_IPV4   ? 4
           : address->family == CEPA_NET_ADDRESS_IPV6 ? 16
                                                      : 0;
}

bool cepa_net_address_is_equal(const struct cepa_net_address *a, const struct cepa_net_address *b)
{
    return a->family == b->family && a->port == b->port && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

bool cepa_net_address_is_loopback(const struct cepa_net_address *address)
{
    static const uint8_t ipv6[16] = {[15] = 1};
    if (address->family == CEPA_NET_ADDRESS_IPV4) {
        return address->ip[0] == 127;
    }
    return address->family == CEPA_NET_ADDRESS_IPV6 && memcmp(address->ip, ipv6, sizeof ipv6) == 0;
}

bool cepa_net_address_is_link_local(const struct cepa_net_address *address)
{
    if (address->family == CEPA_NET_ADDRESS_IPV4) {
        return address->ip[0] == 169 && address->ip[1] == 254;
    }
    return address->family == CEPA_NET_ADDRESS_IPV6 && address->ip[0] == 0xfe &&
           (address->ip[1] & 0xc0) == 0x80;
}

int cepa_net_address_ip_decode(struct cepa_net_address *ret_address, const char *text,
                               size_t text_len)
{
    struct cepa_net_address address = {.family = CEPA_NET_ADDRESS_NONE};
    char copy[CEPA_NET_ADDRESS_TEXT_SIZE];
    if (text_len >= sizeof copy || memchr(text, '\0', text_len) != NULL) {
        return CEPA_ERR_MALFORMED;
    }
    memcpy(copy, text, text_len);
    copy[text_len] = '\0';
    if (inet_pton(AF_INET, copy, address.ip) == 1) {
        address.family = CEPA_NET_ADDRESS_IPV4;
    } else if (inet_pton(AF_INET6, copy, address.ip) == 1) {
        address.family = CEPA_NET_ADDRESS_IPV6;
    } else {
        return CEPA_ERR_MALFORMED;
    }
    *ret_address = address;
    return 0;
}

void cepa_net_address_ip_encode(char ret_text[CEPA_NET_ADDRESS_TEXT_SIZE],
                                const struct cepa_net_address *address)
{
    int family = address->family == CEPA_NET_ADDRESS_IPV4 ? AF_INET : AF_INET6;
    ret_text[0] = '\0';
    if (address->family != CEPA_NET_ADDRESS_NONE) {
        (void)inet_ntop(family, address->ip, ret_text, CEPA_NET_ADDRESS_TEXT_SIZE);
    }
}

/* Reads a port of one to five digits. */
static int decode_port(uint16_t *ret_port, const char *text, size_t text_len)
{
    uint32_t port = 0;
    if (text_len < 1 || text_len > 5) {
        return CEPA_ERR_MALFORMED;
    }
    for (size_t i = 0; i < text_len; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return CEPA_ERR_MALFORMED;
        }
        port = port * 10 + (uint32_t)(text[i] - '0');
    }
    if (port > UINT16_MAX) {
        return CEPA_ERR_MALFORMED;
    }
    *ret_port = (uint16_t)port;
    return 0;
}

int cepa_net_address_decode(struct cepa_net_address *ret_address, const char *text, size_t text_len)
{
    struct cepa_net_address address;
    size_t colon = text_len;
    while (colon > 0 && text[colon - 1] != ':') {
        colon--;
    }
    if (colon == 0) {
        return CEPA_ERR_MALFORMED;
    }
    bool has_brackets = colon >= 3 && text[0] == '[' && text[colon - 2] == ']';
    const char *ip = has_brackets ? text + 1 : text;
    size_t ip_len = has_brackets ? colon - 3 : colon - 1;
    uint16_t port;
    if (cepa_net_address_ip_decode(&address, ip, ip_len) != 0 ||
        has_brackets != (address.family == CEPA_NET_ADDRESS_IPV6) ||
        decode_port(&port, text + colon, text_len - colon) != 0) {
        return CEPA_ERR_MALFORMED;
    }
    address.port = port;
    *ret_address = address;
    return 0;
}

void cepa_net_address_encode(char ret_text[CEPA_NET_ADDRESS_TEXT_SIZE],
                             const struct cepa_net_address *address)
{
    char ip[CEPA_NET_ADDRESS_TEXT_SIZE];
    cepa_net_address_ip_encode(ip, address);
    bool is_ipv6 = address->family == CEPA_NET_ADDRESS_IPV6;
    (void)snprintf(ret_text, CEPA_NET_ADDRESS_TEXT_SIZE, "%s%.45s%s:%u", is_ipv6 ? "[" : "", ip,
                   is_ipv6 ? "]" : "", (unsigned)address->port);
}
