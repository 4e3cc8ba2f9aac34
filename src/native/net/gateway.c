/* Reading the kernel's routing tables as text: a line a route, numbers in hexadecimal. */
#define _GNU_SOURCE
#include "native/net/gateway.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    FLAG_UP = 1,
    FLAG_GATEWAY = 2,
    FLAG_REJECT = 0x200,
    TABLE_SIZE = 65536, /* characters that are read; default routes stand first or nearly so */
    LINE_SIZE = 256
};

/* Copies the next line without its end; false at the end of the text. */
static bool next_line(const char **text, size_t *text_len, char ret_line[LINE_SIZE])
{
    if (*text_len == 0) {
        return false;
    }
    const char *end = memchr(*text, '\n', *text_len);
    size_t len = end != NULL ? (size_t)(end - *text) : *text_len;
    size_t kept = len < LINE_SIZE - 1 ? len : LINE_SIZE - 1;
    memcpy(ret_line, *text, kept);
    ret_line[kept] = 0;
    len += end != NULL ? 1 : 0;
    *text += len;
    *text_len -= len;
    return true;
}

static bool is_usable(unsigned flags)
{
    return (flags & (FLAG_UP | FLAG_GATEWAY | FLAG_REJECT)) == (FLAG_UP | FLAG_GATEWAY);
}

/* Cuts a line at its spaces. Returns how many fields it has, `max` at most. */
static size_t split(char *line, char *ret_fields[], size_t max)
{
    static const char spaces[] = " \t";
    size_t len = 0;
    char *at = line + strspn(line, spaces);
    while (*at != 0 && len < max) {
        ret_fields[len++] = at;
        at += strcspn(at, spaces);
        if (*at != 0) {
            *at++ = 0;
            at += strspn(at, spaces);
        }
    }
    return len;
}

/* Reads a whole field as a number of at most 32 bits; false if it is none. */
static bool read_number(uint32_t *ret_number, const char *field, int base)
{
    char *end;
    errno = 0;
    unsigned long number = strtoul(field, &end, base);
    if (end == field || *end != 0 || errno != 0 || number > UINT32_MAX || field[0] == '-') {
        return false;
    }
    *ret_number = (uint32_t)number;
    return true;
}

/* Keeps the name of an interface. */
static bool copy_name(char ret_name[16], const char *field)
{
    size_t len = strlen(field);
    if (len >= 16) {
        return false;
    }
    memcpy(ret_name, field, len + 1);
    return true;
}

int cepa_gateway_read_ipv4(struct cepa_gateway *ret_gateway, char ret_name[16], const char *text,
                           size_t text_len)
{
    enum { NAME, DESTINATION, GATEWAY, FLAGS, METRIC = 6, MASK, FIELDS };
    char line[LINE_SIZE];
    char *fields[FIELDS];
    uint32_t best = 0;
    bool is_found = false;
    while (next_line(&text, &text_len, line)) {
        uint32_t destination;
        uint32_t gateway;
        uint32_t flags;
        uint32_t metric;
        uint32_t mask;
        if (split(line, fields, FIELDS) != FIELDS ||
            !read_number(&destination, fields[DESTINATION], 16) ||
            !read_number(&gateway, fields[GATEWAY], 16) ||
            !read_number(&flags, fields[FLAGS], 16) || !read_number(&metric, fields[METRIC], 10) ||
            !read_number(&mask, fields[MASK], 16) || destination != 0 || mask != 0 ||
            gateway == 0 || !is_usable(flags) || (is_found && metric >= best) ||
            !copy_name(ret_name, fields[NAME])) {
            continue;
        }
        is_found = true;
        best = metric;
        memset(ret_gateway, 0, sizeof *ret_gateway);
        ret_gateway->address.family = CEPA_NET_ADDRESS_IPV4;
        /* The number is printed as the machine has it; its bytes stand in network order. */
        memcpy(ret_gateway->address.ip, &gateway, 4);
    }
    return is_found ? 0 : CEPA_ERR_NOT_FOUND;
}

/* Reads 32 hexadecimal digits. */
static bool read_ip(uint8_t ret_ip[16], const char *digits)
{
    if (strlen(digits) != 32) {
        return false;
    }
    for (size_t i = 0; i < 16; i++) {
        const char byte[3] = {digits[2 * i], digits[2 * i + 1], 0};
        uint32_t number;
        if (!read_number(&number, byte, 16)) {
            return false;
        }
        ret_ip[i] = (uint8_t)number;
    }
    return true;
}

int cepa_gateway_read_ipv6(struct cepa_gateway *ret_gateway, char ret_name[16], const char *text,
                           size_t text_len)
{
    enum { DESTINATION, PREFIX_LEN, GATEWAY = 4, METRIC, FLAGS = 8, NAME, FIELDS };
    static const uint8_t any[16];
    char line[LINE_SIZE];
    char *fields[FIELDS];
    uint32_t best = 0;
    bool is_found = false;
    while (next_line(&text, &text_len, line)) {
        uint8_t destination[16];
        uint8_t gateway[16];
        uint32_t prefix_len;
        uint32_t metric;
        uint32_t flags;
        if (split(line, fields, FIELDS) != FIELDS || !read_ip(destination, fields[DESTINATION]) ||
            !read_number(&prefix_len, fields[PREFIX_LEN], 16) ||
            !read_ip(gateway, fields[GATEWAY]) || !read_number(&metric, fields[METRIC], 16) ||
            !read_number(&flags, fields[FLAGS], 16) || prefix_len != 0 ||
            memcmp(destination, any, sizeof any) != 0 || memcmp(gateway, any, sizeof any) == 0 ||
            !is_usable(flags) || (is_found && metric >= best) ||
            !copy_name(ret_name, fields[NAME])) {
            continue;
        }
        is_found = true;
        best = metric;
        memset(ret_gateway, 0, sizeof *ret_gateway);
        ret_gateway->address.family = CEPA_NET_ADDRESS_IPV6;
        memcpy(ret_gateway->address.ip, gateway, sizeof gateway);
    }
    return is_found ? 0 : CEPA_ERR_NOT_FOUND;
}

/* Reads as much as fits. */
static int read_table(const char *path, char *ret_text, size_t *ret_len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t len = 0;
    ssize_t got = fd >= 0 ? 1 : -1;
    while (got > 0 && len < TABLE_SIZE) {
        got = read(fd, ret_text + len, TABLE_SIZE - len);
        len += got > 0 ? (size_t)got : 0;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    *ret_len = len;
    return got < 0 ? CEPA_ERR_SYSTEM : 0;
}

int cepa_gateway_find(struct cepa_gateway *ret_gateway, uint8_t family)
{
    char text[TABLE_SIZE];
    char name[16];
    size_t len;
    struct cepa_gateway gateway;
    bool is_ipv4 = family == CEPA_NET_ADDRESS_IPV4;
    const char *path = is_ipv4 ? "/proc/thread-self/net/route" : "/proc/thread-self/net/ipv6_route";
    if (!is_ipv4 && access(path, R_OK) != 0) {
        return CEPA_ERR_NOT_FOUND; /* a machine without IPv6 */
    }
    int result = read_table(path, text, &len);
    if (result == 0) {
        result = is_ipv4 ? cepa_gateway_read_ipv4(&gateway, name, text, len)
                         : cepa_gateway_read_ipv6(&gateway, name, text, len);
    }
    if (result == 0) {
        gateway.interface = if_nametoindex(name);
        *ret_gateway = gateway;
    }
    return result;
}
