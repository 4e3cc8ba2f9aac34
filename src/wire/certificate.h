/* A relay's certificate: its identity keys, and for how long. Fixed length. @[SPEC 10.2] */
#ifndef CEPA_WIRE_CERTIFICATE_H
#define CEPA_WIRE_CERTIFICATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "wire/ids.h"

enum { CEPA_CERTIFICATE_VERSION = 1 };

/* A certificate. Pointers are lent; decoded they point into the message. */
struct cepa_node_certificate {
    struct cepa_network_id network;  /* where it counts */
    const uint8_t *signing_key;      /* Ed25519, CEPA_SIGNING_KEY_SIZE bytes */
    const uint8_t *pq_signing_key;   /* ML-DSA-65, CEPA_PQ_SIGNING_KEY_SIZE bytes */
    struct cepa_directory_day first; /* counts from this day */
    struct cepa_directory_day last;  /* to this one; not before first */
    const uint8_t *signature;        /* CEPA_SIGNATURE_SIZE bytes */
    const uint8_t *pq_signature;     /* CEPA_PQ_SIGNATURE_SIZE bytes */
};

/* cepa_node_certificate_encode writes CEPA_CERTIFICATE_SIZE bytes. The first
 * CEPA_CERTIFICATE_SIGNED_SIZE of them are what the signatures sign; a signature that is NULL is
 * written as zeros. */
void cepa_node_certificate_encode(uint8_t *ret_bytes,
                                  const struct cepa_node_certificate *certificate);

/* cepa_node_certificate_decode reads a certificate; its signatures are not verified here (see
 * mesh/credentials.h). Returns 0, CEPA_ERR_LENGTH, CEPA_ERR_VERSION or CEPA_ERR_MALFORMED. */
CEPA_MUST_USE int cepa_node_certificate_decode(struct cepa_node_certificate *ret_certificate,
                                               const uint8_t *bytes, size_t bytes_len);

#endif
