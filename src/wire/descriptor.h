/* A relay's descriptor of one directory day, and credentials: certificate and descriptor together.
 * @[SPEC 10.3] */
#ifndef CEPA_WIRE_DESCRIPTOR_H
#define CEPA_WIRE_DESCRIPTOR_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "wire/ids.h"
#include "wire/receipt.h"

enum { CEPA_DESCRIPTOR_VERSION = 1 };

/* What a relay does; in descriptors and in index records. Other bits are reserved. */
enum cepa_relay_flags {
    CEPA_RELAY_FLAG_RELAY = 1,      /* takes circuits; without it the relay has withdrawn */
    CEPA_RELAY_FLAG_INTRODUCED = 2, /* has no address of its own: reached by its introducers only */
    CEPA_RELAY_FLAG_GUARD = 4       /* would be a guard; not together with INTRODUCED */
};
enum { CEPA_RELAY_CLASSES = 4 }; /* of capacity, 0 (least) to 3 */

/* A descriptor. Pointers are lent; decoded they point into the message. */
struct cepa_descriptor {
    uint8_t flags;    /* cepa_relay_flags */
    uint8_t capacity; /* class, below CEPA_RELAY_CLASSES */
    struct cepa_network_id network;
    struct cepa_node_id node;
    struct cepa_directory_day day;            /* whose keys it names */
    uint32_t sequence;                        /* grows with each descriptor of this relay */
    const uint8_t *link_key;                  /* X-Wing, CEPA_KEM_PUBLIC_KEY_SIZE bytes */
    uint8_t onion_root[CEPA_ONION_ROOT_SIZE]; /* Merkle root of the day's onion keys */
    struct cepa_dtls_hash dtls;               /* shown by its listener; zeros if introduced */
    struct cepa_dtls_hash dtls_previous;      /* also still good, or zeros */
    struct cepa_reach_secret secret;          /* zeros if introduced */
    struct cepa_relay_family family;          /* zeros: none */
    struct cepa_reach reaches[CEPA_DESCRIPTOR_REACHES_MAX]; /* at least one unless introduced */
    size_t reaches_len;                                     /* 0 if introduced */
    struct cepa_node_id introducers[CEPA_DESCRIPTOR_INTRODUCERS_MAX]; /* distinct */
    size_t introducers_len;                                           /* 0 unless introduced */
    struct cepa_receipt receipts[CEPA_DESCRIPTOR_RECEIPTS_MAX];
    size_t receipts_len;
    const uint8_t *signature;    /* CEPA_SIGNATURE_SIZE bytes */
    const uint8_t *pq_signature; /* CEPA_PQ_SIGNATURE_SIZE bytes */
};

/* cepa_descriptor_encode writes up to CEPA_DESCRIPTOR_SIZE_MAX bytes; all but the last
 * CEPA_SIGNATURES_SIZE are what the signatures sign; a signature that is NULL is written as zeros.
 * Returns 0, or CEPA_ERR_ARGUMENT for fields that would not decode again. */
CEPA_MUST_USE int cepa_descriptor_encode(uint8_t *ret_bytes, size_t *ret_len,
                                         const struct cepa_descriptor *descriptor);

/* cepa_descriptor_decode reads a descriptor; its signatures are not verified here (see
 * mesh/credentials.h). Returns 0, CEPA_ERR_LENGTH, CEPA_ERR_VERSION or CEPA_ERR_MALFORMED. */
CEPA_MUST_USE int cepa_descriptor_decode(struct cepa_descriptor *ret_descriptor,
                                         const uint8_t *bytes, size_t bytes_len);

/* The two halves of credentials as bytes; lent. */
struct cepa_credentials_bytes {
    const uint8_t *certificate;
    size_t certificate_len;
    const uint8_t *descriptor;
    size_t descriptor_len;
};

/* cepa_credentials_join writes both halves, each behind its length in 16 bits: up to
 * CEPA_CREDENTIALS_SIZE_MAX bytes. Asserted: each half has at most its largest length. */
void cepa_credentials_join(uint8_t *ret_bytes, size_t *ret_len,
                           const struct cepa_credentials_bytes *halves);

/* cepa_credentials_split finds both halves, without looking into them. Returns 0 or
 * CEPA_ERR_LENGTH. */
CEPA_MUST_USE int cepa_credentials_split(struct cepa_credentials_bytes *ret_halves,
                                         const uint8_t *bytes, size_t bytes_len);

#endif
