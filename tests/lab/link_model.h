/* What a link does to one datagram, as a function of when it comes and of a seeded generator: a
 * bottleneck with a bounded queue, then the wire, which delays, loses, holds back and copies. It
 * has no clock, so the same model serves the emulator and tests in virtual time. */
#ifndef CEPA_TESTS_LAB_LINK_MODEL_H
#define CEPA_TESTS_LAB_LINK_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LINK_PARTS = 1000000, /* chances are in millionths */
    LINK_COPIES_MAX = 2
};

struct link_config {
    uint64_t delay_ns;        /* of the wire, one way */
    uint64_t rate_bits;       /* of the bottleneck, per second; 0 is no bottleneck */
    uint64_t queue_bytes;     /* before the bottleneck, with what it is sending */
    uint64_t reorder_ns;      /* how much longer a datagram that is held back takes */
    uint32_t loss_parts;      /* of datagrams that passed the bottleneck */
    uint32_t reorder_parts;   /* held back, so that later ones pass it */
    uint32_t duplicate_parts; /* come twice, one behind the other */
    uint64_t seed;            /* the same seed and arrivals give the same fates */
};

struct link_counts {
    uint64_t datagrams; /* that came */
    uint64_t bytes;     /* of those */
    uint64_t full;      /* dropped because the queue was full */
    uint64_t lost;      /* by chance */
    uint64_t held_back; /* by chance */
    uint64_t copied;    /* by chance */
};

struct link_model {
    struct link_config config;
    struct link_counts counts;
    uint64_t random;  /* state of the generator */
    uint64_t free_ns; /* when the bottleneck has sent all that it took */
};

/* What becomes of a datagram. */
struct link_fate {
    uint64_t departure_ns; /* when it comes out, if `copies` is not 0 */
    unsigned copies;       /* 0 (dropped) to LINK_COPIES_MAX */
    bool is_held_back;     /* departures of those that are not never decrease; of those that are
                              neither */
};

/* link_model_init begins with an empty queue. */
void link_model_init(struct link_model *model, const struct link_config *config);

/* link_model_pass gives the fate of a datagram of `len` bytes that comes at `now_ns`, which must
 * not decrease. */
struct link_fate link_model_pass(struct link_model *model, size_t len, uint64_t now_ns);

#endif
