/* Inside the simulator: hosts, lines, and the functions that its files share. */
#ifndef CEPA_SIM_WORLD_H
#define CEPA_SIM_WORLD_H

#include "crypto/hash.h"
#include "node/node_commands.h"
#include "node/node_facts.h"
#include "sim/event_heap.h"
#include "sim/sim.h"

#define SIM_NO_LINE UINT32_MAX
#define SIM_NO_HOST UINT32_MAX
enum { SIM_HOSTS_MAX = 4096 };

#define SIM_QUEUE_NS (5 * CEPA_MILLISECOND_NS)  /* of frames that wait on a line */
#define SIM_SILENT_NS (4 * CEPA_SECOND_NS)      /* without an answer: the carrier is silent */
#define SIM_DEAD_NS (12 * CEPA_SECOND_NS)       /* without an answer: the carrier is closed */
#define SIM_DIAL_FAILS_NS (1 * CEPA_SECOND_NS)  /* when nobody is there */
#define SIM_FILTER_NS (8 * CEPA_SECOND_NS)      /* when nothing says so */
#define SIM_SIGNAL_NS (2 * CEPA_MILLISECOND_NS) /* to make an offer */

/* Random numbers (splitmix64). Not for keys of real nodes. */
struct sim_random {
    uint64_t state;
};

/* One value of a store. */
struct sim_value {
    enum cepa_store_table table;
    uint8_t key[CEPA_STORE_KEY_MAX];
    size_t key_len;
    uint8_t *value;
    size_t value_len;
};

/* A carrier of a host: which line, and which end of it. */
struct sim_end {
    uint64_t number;
    uint32_t line;
    uint8_t side;
};

/* A host. */
struct sim_host {
    struct sim_host_config config;
    struct cepa_node *node; /* NULL: down */
    void *memory;           /* of the node */
    struct cepa_end *end;   /* NULL: down, or none */
    void *end_memory;
    struct cepa_random hook;
    struct sim_random random; /* of the node's present life */
    struct cepa_ed25519_seed signing;
    struct cepa_mldsa_seed pq_signing;
    struct cepa_dtls_hash dtls;
    struct cepa_reach_secret secret;
    struct cepa_reach reach;
    struct sim_value *values; /* the store, in the order of first writing */
    size_t values_len;
    size_t values_capacity;
    struct sim_end *ends;
    size_t ends_len;
    size_t ends_capacity;
    uint64_t accepted;   /* how many carriers others have opened */
    uint64_t wake_stamp; /* of the newest wake event */
    uint64_t wake_ns;    /* when it is; UINT64_MAX: none */
    uint32_t lives;
    uint64_t wakes; /* how often its alarm has rung */
    uint32_t part;
    bool is_suspended;
};

/* A carrier between two hosts. */
struct sim_line {
    uint32_t hosts[2];   /* SIM_NO_HOST: not known yet */
    uint64_t numbers[2]; /* of the carrier at each end */
    bool is_here[2];     /* the host there knows of it */
    bool is_open[2];     /* and was told that it is open */
    bool is_silent[2];   /* and was told that nobody answers */
    bool is_pulling[2];  /* a pull event is on its way */
    uint64_t busy_ns[2]; /* until when frames of this end are being sent */
    uint64_t cut_stamp;  /* 0: the ends hear each other; else which cut this is */
    uint64_t unique;     /* of all lines: makes the binding */
};

/* The world. */
struct sim {
    struct sim_config config;
    uint64_t now_ns;
    struct sim_random random; /* of the lines */
    struct sim_event_heap events;
    struct sim_host *hosts;
    uint32_t hosts_len;
    struct sim_line *lines;
    uint32_t lines_len;
    uint32_t lines_capacity;
    uint64_t cuts;
    uint64_t frames;
    struct cepa_blake2b trace;
};

/* sim_random_u64 gives the next 64 bits; sim_random_fill is a struct cepa_random's fill. */
uint64_t sim_random_u64(struct sim_random *random);
int sim_random_fill(void *context, uint8_t *ret_bytes, size_t len);

/* sim_grow makes room for one more of `*len` elements in `*elements`. */
void *sim_grow(void *elements, size_t len, size_t *capacity, size_t element_len);

/* sim_note adds numbers, and bytes if there are any, to the trace. */
void sim_note(struct sim *sim, uint64_t what, uint64_t a, uint64_t b, const uint8_t *bytes,
              size_t bytes_len);

/* sim_after enters an event that happens in `delay_ns`. */
void sim_after(struct sim *sim, uint64_t delay_ns, struct sim_event event);

/* sim_one_way draws how long a frame is under way. */
uint64_t sim_one_way(struct sim *sim);

/* sim_settle carries out what a host's node asks for, and sets its alarm. */
void sim_settle(struct sim *sim, uint32_t host);

/* Lines (lines.c). */
uint32_t sim_line_new(struct sim *sim, uint32_t host, uint64_t number);
void sim_line_join(struct sim *sim, uint32_t line, uint32_t host, uint64_t number);
struct sim_end *sim_end_find(struct sim *sim, uint32_t host, uint64_t number);
void sim_line_leave(struct sim *sim, uint32_t line, uint8_t side);
void sim_line_refresh(struct sim *sim, uint32_t line);
void sim_line_pump(struct sim *sim, uint32_t line, uint8_t side);
void sim_line_on_event(struct sim *sim, struct sim_event *event);

/* Opening lines (dials.c). */
void sim_dial(struct sim *sim, uint32_t host, uint64_t number,
              const struct cepa_relay_address *address);
void sim_offer(struct sim *sim, uint32_t host, uint64_t number);
void sim_answer(struct sim *sim, uint32_t host, uint64_t number, const uint8_t *offer,
                size_t offer_len);
void sim_take_answer(struct sim *sim, uint32_t host, uint64_t number);

/* Ends (ends.c). */
void sim_end_start(struct sim *sim, uint32_t host);
void sim_end_stop(struct sim_host *host);
bool sim_end_settle(struct sim *sim, uint32_t host);

/* The store (store.c). */
void sim_store_put(struct sim_host *host, const struct cepa_node_effect *effect);
void sim_store_restore(struct sim_host *host);
void sim_store_restore_end(struct sim_host *host);
void sim_store_free(struct sim_host *host);

#endif
