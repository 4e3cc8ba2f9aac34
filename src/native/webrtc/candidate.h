/* Candidates: the transport addresses at which an agent might be reached, as values and as the
 * lines in which browsers write them. @[RFC8445 5], @[RFC8839 5.1], @[RFC6544 4] */
#ifndef CEPA_NATIVE_WEBRTC_CANDIDATE_H
#define CEPA_NATIVE_WEBRTC_CANDIDATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "native/net/address.h"

enum {
    CEPA_CANDIDATE_FOUNDATION_MAX = 32,
    CEPA_CANDIDATE_NAME_SIZE = 16,  /* a UUID */
    CEPA_CANDIDATE_PORT_ACTIVE = 9, /* stands for none: who connects needs no port @[RFC6544 4.5] */
    /* "candidate:" 10, foundation 32, " 1 UDP " 7, priority 10, address 46, port 7,
     * " typ srflx raddr 0.0.0.0 rport 0" 32, " tcptype passive" 16, the final zero */
    CEPA_CANDIDATE_TEXT_SIZE = 10 + CEPA_CANDIDATE_FOUNDATION_MAX + 7 + 10 + 46 + 7 + 32 + 16 + 1
};

/* How an address was found. */
enum cepa_candidate_type {
    CEPA_CANDIDATE_HOST,  /* it is an interface's */
    CEPA_CANDIDATE_SRFLX, /* a STUN server saw it: server-reflexive */
    CEPA_CANDIDATE_PRFLX, /* the peer saw it: peer-reflexive */
    CEPA_CANDIDATE_RELAY  /* a relay lends it */
};

/* What carries datagrams to it; on TCP, who connects. */
enum cepa_candidate_transport {
    CEPA_CANDIDATE_UDP,
    CEPA_CANDIDATE_TCP_PASSIVE, /* it listens */
    CEPA_CANDIDATE_TCP_ACTIVE   /* it connects */
};

/* A candidate. Browsers hide host addresses behind names of multicast DNS, which say only that some
 * machine of the same network will answer to them; such a candidate has a name and no IP. */
struct cepa_candidate {
    enum cepa_candidate_type type;
    enum cepa_candidate_transport transport;
    uint32_t priority;                      /* at least 1; the higher the better */
    struct cepa_net_address address;        /* with a name: family NONE, ip zero, the port */
    bool has_name;                          /* it is `<name as UUID>.local` */
    uint8_t name[CEPA_CANDIDATE_NAME_SIZE]; /* zeros without a name */
    char foundation[CEPA_CANDIDATE_FOUNDATION_MAX + 1]; /* what is alike has the same; final zero */
};

/* cepa_candidate_type_preference gives what the type counts for: 126 for a host's UDP down to 1,
 * TCP always below UDP, relays last. @[RFC8445 5.1.2.2], @[RFC6544 4.2] */
uint32_t cepa_candidate_type_preference(enum cepa_candidate_type type,
                                        enum cepa_candidate_transport transport);

/* cepa_candidate_priority gives a candidate's priority; `preference` orders those of one type and
 * transport, 65535 being the best. On TCP its lowest 3 bits do not count, because the direction
 * comes first. @[RFC8445 5.1.2.1], @[RFC6544 4.2] */
uint32_t cepa_candidate_priority(enum cepa_candidate_type type,
                                 enum cepa_candidate_transport transport, uint16_t preference);

/* cepa_candidate_pair_priority gives a pair's priority from those of the controlling agent's and of
 * the controlled agent's candidate. @[RFC8445 6.1.2.3] */
uint64_t cepa_candidate_pair_priority(uint32_t controlling, uint32_t controlled);

/* cepa_candidate_number_foundation makes the foundation the decimal digits of `number`. Numbers
 * tell less than hashes, from which private addresses can be guessed. */
void cepa_candidate_number_foundation(struct cepa_candidate *candidate, uint32_t number);

/* cepa_candidate_is_same_place says whether both are reached in the same way: transport, IP or
 * name, port. Then one of them is redundant. */
bool cepa_candidate_is_same_place(const struct cepa_candidate *a, const struct cepa_candidate *b);

/* cepa_candidate_is_valid says whether everything is in range and the address is one that can be
 * sent to: not unspecified, not multicast, not an IPv4 address written as IPv6, and with a port
 * (CEPA_CANDIDATE_PORT_ACTIVE if it connects). */
bool cepa_candidate_is_valid(const struct cepa_candidate *candidate);

/* cepa_candidate_encode writes "candidate:…" and a final zero. The address behind a reflexive
 * candidate is left zero: it is nobody's business. Returns 0, or CEPA_ERR_ARGUMENT if the candidate
 * is not valid. */
CEPA_MUST_USE int cepa_candidate_encode(char ret_text[CEPA_CANDIDATE_TEXT_SIZE],
                                        const struct cepa_candidate *candidate);

/* cepa_candidate_decode reads "candidate:…". Extensions are passed over. Returns 1; 0 for a
 * candidate that is well formed and of no use here (another component, transport or type, a name
 * that is not of multicast DNS, an address that cannot be sent to), and nothing is written then; or
 * CEPA_ERR_MALFORMED. */
CEPA_MUST_USE int cepa_candidate_decode(struct cepa_candidate *ret_candidate, const char *text,
                                        size_t text_len);

#endif
