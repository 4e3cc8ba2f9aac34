/* What the files of port_mapping.h share; for them alone. */
#ifndef CEPA_NATIVE_NET_PORT_MAPPING_STATE_H
#define CEPA_NATIVE_NET_PORT_MAPPING_STATE_H

#include "native/net/gateway.h"
#include "native/net/loop.h"
#include "native/net/natpmp.h"
#include "native/net/pcp.h"
#include "native/net/port_mapping.h"
#include "native/net/upnp.h"

enum mapping_phase {
    MAPPING_WAITING,  /* for `begin_at` */
    MAPPING_ASKING,   /* by PCP or NAT-PMP, one question after the other */
    MAPPING_WORKING,  /* UPnP's process is at work */
    MAPPING_STOPPING, /* taking away */
    MAPPING_STOPPED
};

/* A round asks these, those that make no sense left out. */
enum mapping_question { MAPPING_ASK_ADDRESS, MAPPING_ASK_UDP, MAPPING_ASK_TCP, MAPPING_ASK_END };

/* What the owner has been told of a port. */
struct mapping_told {
    bool is_mapped;
    enum cepa_port_mapping_protocol protocol;
    struct cepa_net_address external;
};

/* One port. */
struct mapping_lease {
    uint16_t internal_port; /* 0: not wanted */
    uint8_t nonce[CEPA_PCP_NONCE_SIZE];
    bool is_mapped;
    bool is_asked; /* the router may have mapped it, whether we know or not */
    struct cepa_net_address external;
    uint32_t lifetime_s;
    struct cepa_time end; /* of the lifetime */
    struct mapping_told told;
};

struct cepa_port_mapping {
    struct cepa_port_mapping_config config;
    char description_url[CEPA_UPNP_URL_SIZE];
    struct cepa_loop *loop; /* only so that all descriptors are one */
    struct cepa_gateway gateway;
    struct cepa_net_address local; /* our IP on the way there */
    int fd;                        /* to the router's PCP server; -1: none */
    int announcement_fd;           /* where servers say that they have begun anew; -1: none */
    enum mapping_phase phase;
    enum cepa_port_mapping_protocol protocol; /* that is tried, or by which leases are mapped */
    struct mapping_lease leases[CEPA_PORT_MAPPING_TRANSPORTS];
    /* Of a round. */
    struct cepa_time begin_at;    /* the next one */
    struct cepa_time round_began; /* the last one */
    enum mapping_question question;
    uint8_t message[CEPA_PCP_MAP_SIZE];
    size_t message_len;
    unsigned tries;                      /* of the question */
    struct cepa_time again_at;           /* asked again, or given up */
    unsigned granted;                    /* questions of this round that had a yes */
    bool is_reset;                       /* the router has forgotten what was mapped before */
    int reason;                          /* why nothing could be mapped, the most telling one */
    struct cepa_net_address external_ip; /* by NAT-PMP */
    struct cepa_pcp_epoch epoch;
    /* Of UPnP. */
    struct cepa_upnp_work *work; /* NULL: none */
    bool is_removing;            /* it takes away what is mapped */
    struct cepa_time work_end;   /* then its process is killed */
    struct cepa_upnp_control control;
    /* Of the whole. */
    uint64_t backoff_ns;
    struct cepa_time stop_at;
    bool is_failure_due; /* FAILED is to be told */
    int failure_told;    /* the last reason; 0: none since something was mapped */
    bool is_stop_told;
};

/* Rounds (port_mapping.c). What ends one: a question with an answer or without one, a protocol
 * that does not work here, or UPnP's process. */
void mapping_on_granted(struct cepa_port_mapping *mapping,
                        enum cepa_port_mapping_transport transport,
                        const struct cepa_net_address *external, uint32_t lifetime_s,
                        struct cepa_time now);
void mapping_on_round_done(struct cepa_port_mapping *mapping, struct cepa_time now);
void mapping_on_protocol_failed(struct cepa_port_mapping *mapping, int reason,
                                enum cepa_port_mapping_protocol next, struct cepa_time now);
void mapping_on_reset(struct cepa_port_mapping *mapping, struct cepa_time now);
bool mapping_has_lease(const struct cepa_port_mapping *mapping);

/* PCP and NAT-PMP (port_mapping_ask.c). */
int mapping_ask_open(struct cepa_port_mapping *mapping);
void mapping_ask_close(struct cepa_port_mapping *mapping);
void mapping_ask_begin(struct cepa_port_mapping *mapping, struct cepa_time now);
void mapping_ask_receive(struct cepa_port_mapping *mapping, struct cepa_time now);
void mapping_ask_again(struct cepa_port_mapping *mapping, struct cepa_time now);
void mapping_ask_removal(struct cepa_port_mapping *mapping);

/* UPnP (port_mapping_upnp.c). */
void mapping_work_begin(struct cepa_port_mapping *mapping, struct cepa_time now);
void mapping_work_step(struct cepa_port_mapping *mapping, struct cepa_time now);
void mapping_work_drop(struct cepa_port_mapping *mapping);
void mapping_work_removal(struct cepa_port_mapping *mapping, struct cepa_time now);

#endif
