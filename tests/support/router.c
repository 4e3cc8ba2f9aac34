/* PCP and NAT-PMP as a server sees them, byte by byte. */
#define _GNU_SOURCE
#include "support/router.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/test.h"

enum { PCP_SIZE = 60, ANNOUNCE_SIZE = 24 };

void test_router_open(struct test_router *router)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;
    memset(router, 0, sizeof *router);
    router->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    CHECK(router->fd >= 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK_INT(bind(router->fd, (struct sockaddr *)&address, sizeof address), 0);
    CHECK_INT(getsockname(router->fd, (struct sockaddr *)&address, &len), 0);
    router->address.family = CEPA_NET_ADDRESS_IPV4;
    memcpy(router->address.ip, &address.sin_addr, 4);
    router->address.port = ntohs(address.sin_port);
    router->is_pcp = true;
    memcpy(router->external_ip, (const uint8_t[]){203, 0, 113, 7}, 4);
    router->epoch_s = 1000;
    router->lifetime_s = 7200;
}

void test_router_close(struct test_router *router)
{
    CHECK_INT(close(router->fd), 0);
}

static void put16(uint8_t *bytes, uint32_t value)
{
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

static void put32(uint8_t *bytes, uint32_t value)
{
    put16(bytes, value >> 16);
    put16(bytes + 2, value & 0xffff);
}

static uint32_t get16(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 8 | bytes[1];
}

static uint32_t get32(const uint8_t *bytes)
{
    return get16(bytes) << 16 | get16(bytes + 2);
}

/* Maps, or takes away; says whether it does. What is given stands in the mapping. */
static bool map(struct test_router *router, size_t transport, uint32_t internal, uint32_t wanted,
                uint32_t lifetime_s)
{
    struct test_router_mapping *mapping = &router->mappings[transport];
    if (router->fault == ROUTER_REFUSES || (transport == 1 && router->is_tcp_refused)) {
        return false;
    }
    mapping->is_mapped = lifetime_s != 0;
    mapping->internal_port = (uint16_t)internal;
    mapping->external_port = (uint16_t)(wanted != 0 ? wanted : internal);
    mapping->lifetime_s = lifetime_s < router->lifetime_s ? lifetime_s : router->lifetime_s;
    if (router->fault == ROUTER_OTHER_PORT) {
        mapping->external_port = (uint16_t)(internal ^ 0x2000);
    } else if (router->fault == ROUTER_ZERO_PORT) {
        mapping->external_port = 0;
    }
    if (router->fault == ROUTER_ZERO_LIFETIME) {
        mapping->lifetime_s = 0;
    } else if (router->fault == ROUTER_ENDLESS_LIFETIME && lifetime_s != 0) {
        mapping->lifetime_s = UINT32_MAX;
    }
    return true;
}

/* @[RFC6887 7.2], @[RFC6887 11.1] */
static size_t answer_pcp(struct test_router *router, const uint8_t *asked, size_t len,
                         uint8_t answer[PCP_SIZE])
{
    if (len < PCP_SIZE || asked[1] != 1) {
        return 0;
    }
    size_t transport = asked[36] == 17 ? 0 : 1;
    bool is_done = map(router, transport, get16(asked + 40), get16(asked + 42), get32(asked + 4));
    memcpy(answer, asked, PCP_SIZE);
    answer[1] = 0x81;
    answer[2] = 0;
    answer[3] = is_done ? 0 : 2;
    put32(answer + 4, is_done ? router->mappings[transport].lifetime_s : 1800);
    put32(answer + 8, router->epoch_s);
    memset(answer + 12, 0, 12);
    if (is_done) {
        put16(answer + 42, router->mappings[transport].external_port);
        memset(answer + 44, 0, 10);
        memset(answer + 54, 0xff, 2);
        memcpy(answer + 56, router->external_ip, 4);
    }
    answer[24] ^= router->fault == ROUTER_WRONG_NONCE ? 1 : 0;
    answer[41] ^= router->fault == ROUTER_WRONG_PORT ? 1 : 0;
    return PCP_SIZE;
}

/* @[RFC6886 3] */
static size_t answer_natpmp(struct test_router *router, const uint8_t *asked, size_t len,
                            uint8_t answer[16])
{
    memset(answer, 0, 16);
    answer[1] = (uint8_t)(0x80 | asked[1]);
    put32(answer + 4, router->epoch_s);
    if (asked[0] != 0) {
        put16(answer + 2, 1);
        return 8;
    }
    if (asked[1] == 0 && len == 2) {
        put16(answer + 2, router->is_without_address ? 3 : 0);
        memcpy(answer + 8, router->external_ip, 4);
        return 12;
    }
    if (len != 12 || asked[1] > 2) {
        return 0;
    }
    size_t transport = asked[1] == 1 ? 0 : 1;
    bool is_done = map(router, transport, get16(asked + 4), get16(asked + 6), get32(asked + 8));
    memcpy(answer + 8, asked + 4, 2);
    if (is_done) {
        bool is_removed = get32(asked + 8) == 0;
        put16(answer + 10, is_removed ? 0 : router->mappings[transport].external_port);
        put32(answer + 12, router->mappings[transport].lifetime_s);
    } else {
        put16(answer + 2, 2);
    }
    answer[9] ^= router->fault == ROUTER_WRONG_PORT ? 1 : 0;
    return 16;
}

void test_router_step(struct test_router *router)
{
    uint8_t asked[1200];
    uint8_t answer[PCP_SIZE];
    struct sockaddr_in from;
    socklen_t from_len = sizeof from;
    ssize_t len;
    while ((len = recvfrom(router->fd, asked, sizeof asked, 0, (struct sockaddr *)&from,
                           &from_len)) >= 0) {
        router->asked++;
        if (router->fault == ROUTER_SILENT || len < 2) {
            continue;
        }
        bool is_pcp = asked[0] == 2 && router->is_pcp;
        size_t answer_len = is_pcp ? answer_pcp(router, asked, (size_t)len, answer)
                                   : answer_natpmp(router, asked, (size_t)len, answer);
        if (router->fault == ROUTER_SHORT) {
            answer_len -= is_pcp ? 4 : 1;
        }
        CHECK(sendto(router->fd, answer, answer_len, 0, (struct sockaddr *)&from, from_len) >= 0);
        from_len = sizeof from;
    }
}

void test_router_announce(struct test_router *router)
{
    uint8_t message[ANNOUNCE_SIZE] = {2, 0x80};
    struct sockaddr_in group = {.sin_family = AF_INET, .sin_port = htons(5350)};
    group.sin_addr.s_addr = htonl(0xe0000001);
    put32(message + 8, router->epoch_s);
    CHECK_INT(
        sendto(router->fd, message, sizeof message, 0, (struct sockaddr *)&group, sizeof group),
        sizeof message);
}
