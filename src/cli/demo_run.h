/* Sending a file through the relays of the demonstration, once as packets and once as cells, with
 * the time that each place takes. */
#ifndef CEPA_CLI_DEMO_RUN_H
#define CEPA_CLI_DEMO_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "cli/demo_relays.h"

enum { CEPA_DEMO_DIGEST_SIZE = 32, CEPA_DEMO_PLACES = 1 + CEPA_DEMO_HOPS };

/* What happened in one way of sending. */
struct cepa_demo_report {
    size_t message_size;                     /* bytes on every link */
    size_t data_max;                         /* bytes of the file in each message */
    uint64_t messages;                       /* how many were sent */
    uint64_t bytes;                          /* of the file */
    uint64_t setup_ns;                       /* before the first could be sent */
    uint64_t place_ns[CEPA_DEMO_PLACES];     /* spent by the sender and by each hop, in all */
    uint64_t best_ns[CEPA_DEMO_PLACES];      /* the least that one message took */
    uint64_t data_at[CEPA_DEMO_PLACES];      /* bytes that each of them handled */
    const char *what_at[CEPA_DEMO_PLACES];   /* what each of them did with a message */
    uint8_t sent[CEPA_DEMO_DIGEST_SIZE];     /* BLAKE2b-256 of what was read */
    uint8_t received[CEPA_DEMO_DIGEST_SIZE]; /* of what came out */
    bool is_verified;                        /* both are the same, and nothing else went wrong */
};

/* cepa_demo_packets sends `file`, from where it stands to its end, as packets. Returns 0,
 * CEPA_ERR_LENGTH if it cannot be read, or the first error of a hop. */
CEPA_MUST_USE int cepa_demo_packets(struct cepa_demo *demo, FILE *file,
                                    struct cepa_demo_report *ret_report);

/* cepa_demo_cells builds a circuit by one packet and sends `file` through it as cells; the last hop
 * sends back the digest of what it got. Returns as cepa_demo_packets does. */
CEPA_MUST_USE int cepa_demo_cells(struct cepa_demo *demo, FILE *file,
                                  struct cepa_demo_report *ret_report);

#endif
