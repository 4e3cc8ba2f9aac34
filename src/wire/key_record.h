/* One onion key of a relay, with what ties it to the day's descriptor. @[SPEC 10.5] */
#ifndef CEPA_WIRE_KEY_RECORD_H
#define CEPA_WIRE_KEY_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "wire/ids.h"

enum { CEPA_KEY_RECORD_VERSION = 1 };

/* A key record. Pointers are lent; decoded they point into the message. */
struct cepa_key_record {
    uint8_t leaf;                  /* 0 to 23: the epoch's own; 24 to 31: a spare */
    struct cepa_node_id node;      /* whose key it is */
    struct cepa_directory_day day; /* the one that the epoch lies in */
    struct cepa_onion_epoch epoch; /* for which packets are made with it */
    const uint8_t *public_key;     /* X-Wing, CEPA_KEM_PUBLIC_KEY_SIZE bytes */
    const uint8_t *path;           /* CEPA_ONION_PATH_SIZE bytes */
};

/* cepa_key_record_encode writes CEPA_KEY_RECORD_SIZE bytes. */
void cepa_key_record_encode(uint8_t *ret_bytes, const struct cepa_key_record *record);

/* cepa_key_record_decode reads a record; mesh/credentials.h verifies it. Returns 0,
 * CEPA_ERR_LENGTH, CEPA_ERR_VERSION, or CEPA_ERR_MALFORMED, also for a day that the epoch does not
 * lie in and a leaf that is neither the epoch's nor a spare. */
CEPA_MUST_USE int cepa_key_record_decode(struct cepa_key_record *ret_record, const uint8_t *bytes,
                                         size_t bytes_len);

#endif
