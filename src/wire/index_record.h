/* What everybody keeps of every relay: 176 bytes. @[SPEC 10.6] */
#ifndef CEPA_WIRE_INDEX_RECORD_H
#define CEPA_WIRE_INDEX_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "wire/ids.h"

/* An index record, a value. */
struct cepa_index_record {
    uint8_t public_key[CEPA_SIGNING_KEY_SIZE]; /* Ed25519; the relay's name in the index */
    struct cepa_commitment commitment;         /* to certificate and descriptor */
    uint8_t signature[CEPA_SIGNATURE_SIZE];    /* over all the rest and the network's id */
    uint8_t nonce[CEPA_WORK_NONCE_SIZE];       /* proof of work, one per identity */
    uint32_t sequence;                         /* the descriptor's */
    struct cepa_directory_day day;             /* the descriptor's */
    uint8_t flags;                             /* the descriptor's, cepa_relay_flags */
    uint8_t capacity;                          /* the descriptor's */
    struct cepa_prefix prefix;                 /* of its first address; NONE if introduced */
};

/* cepa_index_record_encode writes CEPA_INDEX_RECORD_SIZE bytes. */
void cepa_index_record_encode(uint8_t *ret_bytes, const struct cepa_index_record *record);

/* cepa_index_record_decode reads a record; mesh/index.h verifies it. Returns 0, CEPA_ERR_LENGTH or
 * CEPA_ERR_MALFORMED. */
CEPA_MUST_USE int cepa_index_record_decode(struct cepa_index_record *ret_record,
                                           const uint8_t *bytes, size_t bytes_len);

/* cepa_index_record_is_equal says whether all fields are the same, signature and nonce too. */
bool cepa_index_record_is_equal(const struct cepa_index_record *a,
                                const struct cepa_index_record *b);

#endif
