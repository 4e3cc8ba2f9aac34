/* Reading the kernel's routing tables as text: a line a route, numbers in hexadecimal. */
#define _GNU_SOURCE
#include "native/net/gateway.h"

#include <fcntl.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
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

int cepa_gateway_read_ipv4(struct cepa_gateway *ret_gateway, char ret_name[16], const char *text,
                           size_t text_len)
{
    char line[LINE_SIZE];
    unsigned best = 0;
    bool is_found = false;
    while (next_line(&text, &text_len, line)) {
        char name[16];
        unsigned destination;
        unsigned gateway;
        unsigned flags;
        unsigned metric;
        unsigned mask;
        if (sscanf(line, "%15s %8x %8x %4x %*s %*s %u %8x", name, &destination, &gateway, &flags,
                   &metric, &mask) != 6 ||
            destination != 0 || mask != 0 || gateway == 0 || !is_usable(flags) ||
            (is_found && metric >= best)) {
            continue;
        }
        is_found = true;
        best = metric;
        memset(ret_gateway, 0, sizeof *ret_gateway);
        ret_gateway->address.family = CEPA_ADDRESS_IPV4;
        /* The number is printed as the machine has it; its bytes stand in network order. */
        uint32_t ip = gateway;
        memcpy(ret_gateway->address.ip, &ip, 4);
        memcpy(ret_name, name, sizeof name);
    }
    return is_found ? 0 : CEPA_ERR_NOT_FOUND;
}

int cepa_gateway_read_ipv6(struct cepa_gateway *ret_gateway, char ret_name[16], const char *text,
                           size_t text_len)
{
    static const char any[] = "00000000000000000000000000000000";
    char line[LINE_SIZE];
    unsigned best = 0;
    bool is_found = false;
    while (next_line(&text, &text_len, line)) {
        char destination[33];
        char gateway[33];
        char name[16];
        unsigned prefix_len;
        unsigned metric;
        unsigned flags;
        uint8_t ip[16];
        if (sscanf(line, "%32s %2x %*s %*s %32s %8x %*s %*s %8x %15s", destination, &prefix_len,
                   gateway, &metric, &flags, name) != 6 ||
            prefix_len != 0 || strcmp(destination, any) != 0 || strlen(gateway) != 32 ||
            strcmp(gateway, any) == 0 || !is_usable(flags) || (is_found && metric >= best)) {
            continue;
        }
        size_t read = 0;
        unsigned byte;
        while (read < 16 && sscanf(gateway + 2 * read, "%2x", &byte) == 1) {
            ip[read++] = (uint8_t)byte;
        }
        if (read < 16) {
            continue;
        }
        is_found = true;
        best = metric;
        memset(ret_gateway, 0, sizeof *ret_gateway);
        ret_gateway->address.family = CEPA_ADDRESS_IPV6;
        memcpy(ret_gateway->address.ip, ip, sizeof ip);
        memcpy(ret_name, name, sizeof name);
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
    bool is_ipv4 = family == CEPA_ADDRESS_IPV4;
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
