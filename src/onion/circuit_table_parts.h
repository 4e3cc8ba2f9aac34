/* What the files behind onion/circuit_table.h share; nobody else includes this. */
#ifndef CEPA_ONION_CIRCUIT_TABLE_PARTS_H
#define CEPA_ONION_CIRCUIT_TABLE_PARTS_H

#include "onion/circuit_table.h"
#include "wire/part.h"

/* The two links of a circuit. A side is also named by 2 * place + side, in the lists of links. */
enum { CEPA_TABLE_PREVIOUS, CEPA_TABLE_NEXT, CEPA_TABLE_SIDES };
#define CEPA_TABLE_NO_SIDE UINT32_MAX

/* What is still to be polled for a circuit; bits, polled from the lowest on. */
enum {
    CEPA_TABLE_CONFIRM = 1 << 0,
    CEPA_TABLE_BROKEN = 1 << 1,
    CEPA_TABLE_ANSWER = 1 << 2,
    CEPA_TABLE_CLOSE_PREVIOUS = 1 << 3,
    CEPA_TABLE_CLOSE_NEXT = 1 << 4,
    CEPA_TABLE_ENDED = 1 << 5,
    CEPA_TABLE_OWN_LOST = 1 << 6
};

enum { CEPA_TABLE_TIMER_CIRCUIT, CEPA_TABLE_TIMER_PACKET };

/* One side of a circuit. */
struct cepa_table_side {
    uint64_t link;         /* its number; stays after the side is unmapped */
    struct cepa_handle of; /* its record */
    uint32_t circuit_id;   /* on that link; stays too */
    uint32_t before;       /* in the list of the link's sides */
    uint32_t after;        /* likewise */
    bool is_mapped;        /* it can be found by link and id */
};

/* One circuit, or the first link of one of this node's own. */
struct cepa_table_circuit {
    struct cepa_circuit_relay relay; /* not for own ones */
    struct cepa_table_side sides[CEPA_TABLE_SIDES];
    struct cepa_handle self;
    struct cepa_handle owner;   /* own ones: the owner's */
    struct cepa_handle packet;  /* in the pool: coming in parts, or waiting for a link; or none */
    struct cepa_handle renewal; /* in the pool, or none */
    struct cepa_handle timer;   /* or none */
    struct cepa_time active;    /* when the last cell came, or when it was cut */
    uint32_t todo;              /* CEPA_TABLE_* */
    uint8_t answer_part;        /* the next part of the renewal's answer */
    bool is_own;
    bool is_over;        /* closed; waits for its effects to be polled */
    bool is_ready;       /* stands in ready_circuits */
    bool has_cells;      /* a cell came from the origin */
    bool has_ended_here; /* the owner was told of it as CREATED */
};

/* The value of the map by id. */
struct cepa_table_place {
    struct cepa_handle circuit;
    uint64_t side;
};

enum cepa_table_packet_state {
    CEPA_TABLE_ASSEMBLING, /* parts are coming */
    CEPA_TABLE_DELAYED,    /* waits for its time */
    CEPA_TABLE_READY,      /* stands in ready_packets */
    CEPA_TABLE_OFFERED     /* the owner knows of it */
};

/* One packet. */
struct cepa_table_packet {
    uint8_t bytes[CEPA_PACKET_SIZE];
    enum cepa_table_packet_state state;
    struct cepa_assembly assembly;
    struct cepa_handle self;
    struct cepa_handle circuit; /* whose next link it opens, or whose cells bring it; or none */
    struct cepa_handle link;    /* whose share it takes */
    struct cepa_handle timer;
    struct cepa_node_id next;
};

/* One renewal. */
struct cepa_table_renewal {
    uint8_t offer[CEPA_RENEWAL_OFFER_SIZE];
    uint8_t answer[CEPA_RENEWAL_ANSWER_SIZE];
    struct cepa_assembly assembly;
    struct cepa_handle link; /* whose share it takes */
};

/* Links and sides: circuit_table_links.c. */
struct cepa_circuit_table_link *cepa_table_link_find(const struct cepa_circuit_table *table,
                                                     uint64_t link);
struct cepa_table_circuit *cepa_table_circuit_at(const struct cepa_circuit_table *table,
                                                 uint64_t link, uint32_t circuit_id,
                                                 unsigned *ret_side);
CEPA_MUST_USE int cepa_table_side_map(struct cepa_circuit_table *table,
                                      struct cepa_table_circuit *circuit, unsigned side,
                                      uint64_t link, uint32_t circuit_id);
void cepa_table_side_unmap(struct cepa_circuit_table *table, struct cepa_table_circuit *circuit,
                           unsigned side);
bool cepa_table_budget_take(struct cepa_circuit_table_budget *budget, uint32_t per_second,
                            uint32_t burst, struct cepa_time now);

/* The life of circuits: circuit_table.c. */
CEPA_MUST_USE int cepa_table_circuit_make(struct cepa_circuit_table *table,
                                          struct cepa_table_circuit **ret_circuit, uint64_t link,
                                          uint32_t circuit_id, struct cepa_time now);
void cepa_table_circuit_tell(struct cepa_circuit_table *table, struct cepa_table_circuit *circuit,
                             uint32_t todo);
void cepa_table_circuit_on(struct cepa_circuit_table *table, struct cepa_table_circuit *circuit,
                           enum cepa_relay_event event, struct cepa_time now);
CEPA_MUST_USE int cepa_table_timer_set(struct cepa_circuit_table *table,
                                       struct cepa_handle *ret_timer, struct cepa_handle owner,
                                       uint32_t kind, struct cepa_time deadline);
void cepa_table_timer_stop(struct cepa_circuit_table *table, struct cepa_handle *timer);

/* Packets: circuit_table_packets.c. */
CEPA_MUST_USE int cepa_table_packet_make(struct cepa_circuit_table *table,
                                         struct cepa_table_packet **ret_packet,
                                         struct cepa_handle link,
                                         const struct cepa_table_circuit *circuit,
                                         struct cepa_time deadline);
void cepa_table_packet_free(struct cepa_circuit_table *table, struct cepa_handle handle);
void cepa_table_packet_ready(struct cepa_circuit_table *table, struct cepa_table_packet *packet,
                             struct cepa_time now);
void cepa_table_packet_due(struct cepa_circuit_table *table, struct cepa_handle handle,
                           struct cepa_time now);
CEPA_MUST_USE int cepa_table_packet_part(struct cepa_circuit_table *table,
                                         struct cepa_table_circuit *circuit,
                                         const struct cepa_cell_message *message,
                                         struct cepa_time now);

/* Renewals: circuit_table_cells.c. */
void cepa_table_renewal_free(struct cepa_circuit_table *table, struct cepa_table_circuit *circuit);

#endif
