/* A router for tests that maps ports by PCP and NAT-PMP, written from the RFCs and not with our
 * codec, on a loopback address; it can be told to misbehave. It answers when the test lets it. */
#ifndef CEPA_TESTS_SUPPORT_ROUTER_H
#define CEPA_TESTS_SUPPORT_ROUTER_H

#include <stdbool.h>
#include <stdint.h>

#include "native/net/address.h"

enum test_router_fault {
    ROUTER_HONEST,
    ROUTER_SILENT,
    ROUTER_REFUSES,
    ROUTER_WRONG_NONCE,     /* answers about somebody else's mapping */
    ROUTER_WRONG_PORT,      /* answers about another internal port */
    ROUTER_SHORT,           /* cuts its answers */
    ROUTER_ZERO_LIFETIME,   /* says yes, for no time */
    ROUTER_ZERO_PORT,       /* says yes, at no port */
    ROUTER_OTHER_PORT,      /* gives another external port than was asked for */
    ROUTER_ENDLESS_LIFETIME /* promises 2^32 - 1 seconds */
};

/* A mapping that the router has. */
struct test_router_mapping {
    bool is_mapped;
    uint16_t internal_port;
    uint16_t external_port;
    uint32_t lifetime_s;
};

struct test_router {
    int fd;
    struct cepa_net_address address;
    bool is_pcp;             /* speaks it, NAT-PMP too; else NAT-PMP alone */
    bool is_without_address; /* NAT-PMP: has no way out */
    bool is_tcp_refused;
    enum test_router_fault fault;
    uint8_t external_ip[4];
    uint32_t epoch_s;
    uint32_t lifetime_s;                    /* at most */
    unsigned asked;                         /* datagrams that came */
    struct test_router_mapping mappings[2]; /* UDP, TCP */
};

/* test_router_open begins on 127.0.0.1 at a port of the system's choice, honest, PCP, external IP
 * 203.0.113.7. */
void test_router_open(struct test_router *router);

/* test_router_step answers what has come. */
void test_router_step(struct test_router *router);

/* test_router_announce says by multicast that it has begun anew. */
void test_router_announce(struct test_router *router);

/* test_router_close ends it. */
void test_router_close(struct test_router *router);

#endif
