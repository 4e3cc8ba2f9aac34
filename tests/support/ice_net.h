/* Two ICE agents and a small network between them in virtual time: delay, loss by a seed, NATs,
 * firewalls, TCP connections. */
#ifndef CEPA_TESTS_SUPPORT_ICE_NET_H
#define CEPA_TESTS_SUPPORT_ICE_NET_H

#include "native/webrtc/ice.h"
#include "support/random.h"

enum {
    ICE_NET_PACKETS_MAX = 512,
    ICE_NET_CONTACTS_MAX = 64,
    ICE_NET_STREAMS_MAX = 16,
    ICE_NET_PORT = 5000
};

/* What stands between a peer and the others: which addresses outside stand for it, and which
 * packets come in. */
enum ice_nat { ICE_NAT_NONE, ICE_NAT_FULL, ICE_NAT_ADDRESS, ICE_NAT_PORT, ICE_NAT_SYMMETRIC };

/* An address that a peer has sent to, and from which port of its NAT. */
struct ice_contact {
    struct cepa_net_address remote;
    uint16_t port;
};

struct ice_peer {
    struct cepa_ice ice;
    struct cepa_ice_credentials credentials;
    struct cepa_random random;
    enum ice_nat nat;
    bool is_lite;
    bool is_listening;               /* on TCP, on the same port */
    bool is_dead;                    /* takes part in nothing */
    bool has_no_random;              /* its source of randomness fails */
    struct cepa_net_address inside;  /* its socket */
    struct cepa_net_address also;    /* another socket, if it has one; only without NAT */
    struct cepa_net_address outside; /* what a STUN server saw; the socket again without NAT */
    struct ice_contact contacts[ICE_NET_CONTACTS_MAX];
    size_t contacts_len;
    struct test_random numbers;
    /* what its agent has done */
    unsigned sent, connects, drops, selected, silent, alive, failed;
    struct cepa_time selected_at, silent_at, alive_at, failed_at;
    struct cepa_path path; /* selected last */
    struct cepa_ice_effect last_failure;
};

struct ice_packet {
    struct cepa_time at;
    size_t to;
    struct cepa_path path; /* as the receiver sees it */
    size_t len;            /* 0: the connection is open */
    uint8_t data[CEPA_ICE_MESSAGE_SIZE];
};

/* One connection: a stream at each end. */
struct ice_stream {
    uint64_t stream[2];
    struct cepa_net_address local[2];
    bool is_open;
};

struct ice_net {
    struct cepa_time now;
    uint64_t delay_ns; /* one way */
    unsigned loss_permille;
    bool is_udp_blocked;
    struct test_random random;
    struct ice_peer peers[2];
    struct ice_stream streams[ICE_NET_STREAMS_MAX];
    size_t streams_len;
    struct ice_packet packets[ICE_NET_PACKETS_MAX];
    size_t packets_len;
    struct ice_packet last[2]; /* sent last by each, as the other would see it */
};

/* ice_net_init makes a network with a round trip of `rtt_ms`. */
void ice_net_init(struct ice_net *net, uint64_t seed, unsigned rtt_ms, unsigned loss_permille);

/* ice_net_peer makes peer 0 or 1, with its host and server-reflexive candidates, which it knows of
 * itself but has told nobody. */
void ice_net_peer(struct ice_net *net, size_t index, enum ice_nat nat, bool is_lite,
                  bool is_controlling);

/* ice_net_candidate is a candidate for UDP of the peer's: `number` 0 its socket, 1 its outside. */
struct cepa_candidate ice_net_candidate(const struct ice_peer *peer, size_t number);

/* ice_net_tell tells peer `to` credentials, candidates and their end of the other one; all it takes
 * after ice_net_peer. */
void ice_net_tell(struct ice_net *net, size_t to);

/* ice_net_tcp lets peer 1 listen on TCP and peer 0 connect; call it before it is told. */
void ice_net_tcp(struct ice_net *net);

/* ice_net_request writes a check to `to`'s agent as its peer would write it, by default: change the
 * peer's credentials to make others. Returns its length. */
size_t ice_net_request(struct ice_net *net, size_t to, uint8_t ret_data[CEPA_ICE_MESSAGE_SIZE],
                       enum cepa_stun_role role, bool is_nominating);

/* ice_net_path is how a datagram from the other peer's socket comes to `to`. */
struct cepa_path ice_net_path(const struct ice_net *net, size_t to);

/* ice_net_pair makes both peers, 0 controlling, and tells each of the other. */
void ice_net_pair(struct ice_net *net, enum ice_nat first, enum ice_nat second);

/* ice_net_run lets time pass. It fails the test if an agent is not at rest when it says so. */
void ice_net_run(struct ice_net *net, uint64_t duration_ms);

/* ice_net_is_connected says whether both have selected paths that lead to each other. */
bool ice_net_is_connected(const struct ice_net *net);

/* ice_net_close closes all connections; both ends notice. */
void ice_net_close(struct ice_net *net);

#endif
