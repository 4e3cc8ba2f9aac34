/* Places and their coarse networks. @[SPEC 10.1] */
#include "wire/reach.h"

#include <string.h>

#include "base/assert.h"

static size_t ip_len(uint8_t family)
{
    return family == CEPA_FAMILY_IPV4 ? 4 : family == CEPA_FAMILY_IPV6 ? 16 : 0;
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < len; i++) {
        sum |= bytes[i];
    }
    return sum == 0;
}

/* 224.0.0.0/4 is multicast, 240.0.0.0/4 reserved with the broadcast address at its end. */
static bool is_ipv4_host(const uint8_t *ip)
{
    return ip[0] != 0 && ip[0] < 224;
}

static bool is_ipv6_host(const uint8_t *ip)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return ip[0] != 0xff && !is_zero(ip, 16) && memcmp(ip, mapped, sizeof mapped) != 0;
}

bool cepa_reach_is_valid(const struct cepa_reach *reach)
{
    size_t len = ip_len(reach->family);
    if (len == 0 || reach->port == 0 || !is_zero(reach->ip + len, 16 - len)) {
        return false;
    }
    return len == 4 ? is_ipv4_host(reach->ip) : is_ipv6_host(reach->ip);
}

bool cepa_reach_is_private(const struct cepa_reach *reach)
{
    const uint8_t *ip = reach->ip;
    if (reach->family == CEPA_FAMILY_IPV4) {
        return ip[0] == 0 || ip[0] == 10 || ip[0] == 127 || ip[0] >= 224 ||
               (ip[0] == 100 && (ip[1] & 0xc0) == 64) || (ip[0] == 169 && ip[1] == 254) ||
               (ip[0] == 172 && (ip[1] & 0xf0) == 16) || (ip[0] == 192 && ip[1] == 168) ||
               (ip[0] == 192 && ip[1] == 0 && ip[2] == 0) || (ip[0] == 198 && (ip[1] & 0xfe) == 18);
    }
    /* Of IPv6 only 2000::/3 is given to the internet. */
    return reach->family != CEPA_FAMILY_IPV6 || (ip[0] & 0xe0) != 0x20;
}

void cepa_reach_encode(struct cepa_writer *writer, const struct cepa_reach *reach)
{
    cepa_writer_u8(writer, reach->family);
    cepa_writer_bytes(writer, reach->ip, ip_len(reach->family));
    cepa_writer_u16(writer, reach->port);
}

int cepa_reach_decode(struct cepa_reach *ret_reach, struct cepa_reader *reader)
{
    struct cepa_reach reach;
    memset(&reach, 0, sizeof reach);
    reach.family = cepa_reader_u8(reader);
    cepa_reader_bytes(reader, reach.ip, ip_len(reach.family));
    reach.port = cepa_reader_u16(reader);
    if (!cepa_reach_is_valid(&reach)) {
        return CEPA_ERR_MALFORMED;
    }
    *ret_reach = reach;
    return 0;
}

/* How many bytes of a prefix a family uses. */
static size_t prefix_len(uint8_t family)
{
    return family == CEPA_FAMILY_IPV4 ? 2 : family == CEPA_FAMILY_IPV6 ? 4 : 0;
}

void cepa_prefix_of(struct cepa_prefix *ret_prefix, const struct cepa_reach *reach)
{
    size_t len = prefix_len(reach->family);
    memset(ret_prefix, 0, sizeof *ret_prefix);
    if (len > 0) {
        ret_prefix->family = reach->family;
        memcpy(ret_prefix->bytes, reach->ip, len);
    }
}

bool cepa_prefix_is_equal(const struct cepa_prefix *a, const struct cepa_prefix *b)
{
    return a->family != CEPA_FAMILY_NONE && a->family == b->family &&
           memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

void cepa_prefix_encode(struct cepa_writer *writer, const struct cepa_prefix *prefix)
{
    cepa_writer_u8(writer, prefix->family);
    cepa_writer_bytes(writer, prefix->bytes, sizeof prefix->bytes);
}

int cepa_prefix_decode(struct cepa_prefix *ret_prefix, struct cepa_reader *reader)
{
    struct cepa_prefix prefix;
    size_t left = cepa_reader_left(reader);
    prefix.family = cepa_reader_u8(reader);
    cepa_reader_bytes(reader, prefix.bytes, sizeof prefix.bytes);
    size_t len = prefix_len(prefix.family);
    if (left < CEPA_PREFIX_SIZE || (len == 0 && prefix.family != CEPA_FAMILY_NONE) ||
        !is_zero(prefix.bytes + len, sizeof prefix.bytes - len)) {
        return CEPA_ERR_MALFORMED;
    }
    *ret_prefix = prefix;
    return 0;
}
