/* Two ends of a session in virtual time, joined by paths of given rate, delay, jitter and loss that
 * can fall silent. Packets arrive as they were pulled, without seals. */
#ifndef CEPA_TESTS_SUPPORT_SESSION_PAIR_H
#define CEPA_TESTS_SUPPORT_SESSION_PAIR_H

#include "session/session.h"

enum { SESSION_PAIR_PACKETS = 16384, SESSION_PAIR_QUEUE = 256 };

/* A path, the same both ways. */
struct session_line {
    uint64_t delay_ns;    /* one way */
    uint64_t jitter_ns;   /* up to this is added, so that packets overtake each other */
    uint64_t interval_ns; /* from one packet to the next: the rate */
    uint32_t loss_thousandths;
    bool is_silent; /* a black hole, and nobody says so */
    bool is_open;
    uint64_t free_ns[2]; /* when the line takes the next packet, by sender */
    uint64_t arrived;    /* packets */
};

/* A packet under way. */
struct session_flight {
    uint64_t at_ns;
    uint64_t order;
    uint64_t number;
    uint32_t path;
    uint32_t to; /* which end */
    uint8_t plain[CEPA_SESSION_PLAIN_SIZE];
};

struct session_pair {
    struct cepa_session *ends[2]; /* 0 is the initiator */
    struct session_line lines[CEPA_SESSION_PATHS_MAX];
    struct cepa_time now;
    uint64_t random;
    uint64_t order;
    struct session_flight *flights;
    uint32_t *heap; /* indexes of flights, the first arrival at its root */
    uint32_t heap_len;
    uint32_t *free;
    uint32_t free_len;
    int error; /* the first that receive returned, beside REPLAY and NOT_FOUND */
    void *memory[2];
};

/* session_pair_init begins with both ends and no path; session_pair_free ends it. */
void session_pair_init(struct session_pair *pair, const struct cepa_session_limits *limits,
                       uint64_t seed);
void session_pair_free(struct session_pair *pair);

/* session_pair_open opens path `path` at both ends. */
void session_pair_open(struct session_pair *pair, uint32_t path, enum cepa_session_role role,
                       const struct session_line *line);

/* session_pair_close closes it at both. */
void session_pair_close(struct session_pair *pair, uint32_t path);

/* session_pair_random draws a number below `bound`. */
uint32_t session_pair_random(struct session_pair *pair, uint32_t bound);

/* session_pair_step lets both ends send what they want and goes to the next arrival or deadline, at
 * most to `until_ns`. Gives false when that is reached. */
bool session_pair_step(struct session_pair *pair, uint64_t until_ns);

#endif
