/* What publishers and look-ups have their owner ask of custodians. @[SPEC 14.5]
 *
 * The owner finds the relay that is `rank`-th nearest to the position among the eligible ones
 * (cepa_nearest), opens a circuit to it that is used for this alone, sends the request, closes the
 * circuit, and reports what came of it. Two questions never share a circuit: whoever answers both
 * would know that they belong together. */
#ifndef CEPA_RENDEZVOUS_CUSTODIAN_H
#define CEPA_RENDEZVOUS_CUSTODIAN_H

#include "rendezvous/positions.h"

/* One question. */
struct cepa_custodian_ask {
    uint64_t number;                          /* names it; never used twice by its asker */
    struct cepa_descriptor_position position; /* near which the relay is; what a look-up asks for */
    uint8_t rank;                             /* 0: the nearest one, to CEPA_DESCRIPTOR_NEAREST */
};

/* What came of it. */
enum cepa_custodian_answer {
    CEPA_CUSTODIAN_DONE = 1, /* it was stored, also if it was there before; or here it is */
    CEPA_CUSTODIAN_ABSENT,   /* it does not have it */
    CEPA_CUSTODIAN_NEWER,    /* it has one with the same or a higher sequence; not stored */
    CEPA_CUSTODIAN_REFUSED,  /* it is not near, full, or does not want to */
    CEPA_CUSTODIAN_NONE,     /* there is no relay of this rank */
    CEPA_CUSTODIAN_FAILED    /* no circuit, or no answer */
};

#endif
