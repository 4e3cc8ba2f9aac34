/* Making and verifying what relays sign: certificates, descriptors, receipts, index records, key
 * records. Signatures of certificates and descriptors are two, Ed25519 and ML-DSA-65, and both must
 * hold; index records and receipts have Ed25519 only, because a forger of it can spoil liveness and
 * no more. @[SPEC 10.2] @[SPEC 10.3] @[SPEC 10.4] @[SPEC 10.5] @[SPEC 10.6] */
#ifndef CEPA_MESH_CREDENTIALS_H
#define CEPA_MESH_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "crypto/ed25519.h"
#include "crypto/mldsa.h"
#include "wire/certificate.h"
#include "wire/descriptor.h"
#include "wire/index_record.h"
#include "wire/key_record.h"

/* What records must satisfy: constants of the network's profile. */
struct cepa_record_rules {
    struct cepa_network_id network;
    uint32_t certificate_days_max; /* longest life of a certificate, 1 or more */
    uint32_t record_days;          /* a record of day d counts on days below d + record_days; 2 */
    uint32_t days_ahead;           /* how many days a peer's day may be before ours; 1 */
    uint32_t receipt_days;         /* a receipt of day d counts for descriptors to d + this */
    uint8_t receipts_min;          /* dial-backs from different prefixes that a relay needs */
    uint8_t work_bits;             /* leading zero bits of a proof of work */
};

/* Who a relay is. Secret, 50 kB; its owner wipes it with cepa_relay_identity_wipe. */
struct cepa_relay_identity {
    struct cepa_ed25519_key signing_key;
    struct cepa_mldsa_key pq_signing_key;
    struct cepa_node_id node;
};

/* Certificate and descriptor, decoded; both lent from the bytes that they were decoded from. */
struct cepa_credentials {
    struct cepa_node_certificate certificate;
    struct cepa_descriptor descriptor;
};

/* cepa_node_id_of gives the node id of two public keys, CEPA_SIGNING_KEY_SIZE and
 * CEPA_PQ_SIGNING_KEY_SIZE bytes. */
void cepa_node_id_of(struct cepa_node_id *ret_node, const uint8_t *signing_key,
                     const uint8_t *pq_signing_key);

/* cepa_position_of gives the position of the relay with this Ed25519 key. Its top bits are the
 * bucket; as 8 bytes it is the short name in lists. */
void cepa_position_of(uint8_t ret_position[32], const uint8_t *signing_key);

/* cepa_commitment_of gives the commitment to credentials. */
void cepa_commitment_of(struct cepa_commitment *ret_commitment,
                        const struct cepa_credentials_bytes *halves);

/* cepa_relay_identity_init makes the keys of two seeds, which the caller then wipes. */
void cepa_relay_identity_init(struct cepa_relay_identity *ret_identity,
                              const struct cepa_ed25519_seed *seed,
                              const struct cepa_mldsa_seed *pq_seed,
                              struct cepa_mldsa_workspace *workspace, uint32_t cpu);

/* cepa_relay_identity_wipe overwrites the keys with zeros. */
void cepa_relay_identity_wipe(struct cepa_relay_identity *identity);

/* cepa_node_certificate_make writes a signed certificate, CEPA_CERTIFICATE_SIZE bytes. `randomness`
 * hedges the ML-DSA signature. Returns 0 or CEPA_ERR_EXHAUSTED (never, see cepa_mldsa_sign), and
 * then nothing of `ret_bytes` counts. Costs one ML-DSA signature. */
CEPA_MUST_USE int cepa_node_certificate_make(uint8_t *ret_bytes,
                                             const struct cepa_relay_identity *identity,
                                             const struct cepa_network_id *network,
                                             struct cepa_directory_day first,
                                             struct cepa_directory_day last,
                                             const uint8_t randomness[CEPA_MLDSA_RANDOM_BYTES],
                                             struct cepa_mldsa_workspace *workspace, uint32_t cpu);

/* cepa_descriptor_make writes the signed descriptor with `fields`, whose node and signatures it
 * sets itself; up to CEPA_DESCRIPTOR_SIZE_MAX bytes. Returns as cepa_descriptor_encode, or
 * CEPA_ERR_EXHAUSTED. */
CEPA_MUST_USE int cepa_descriptor_make(uint8_t *ret_bytes, size_t *ret_len,
                                       const struct cepa_relay_identity *identity,
                                       const struct cepa_descriptor *fields,
                                       const uint8_t randomness[CEPA_MLDSA_RANDOM_BYTES],
                                       struct cepa_mldsa_workspace *workspace, uint32_t cpu);

/* cepa_credentials_decode decodes both halves and looks at what needs no signature: same network
 * (`rules`), same node, days. Returns 0, a decoder's error, CEPA_ERR_UNSUPPORTED for another
 * network, CEPA_ERR_EPOCH for a descriptor that does not count today or outside of its certificate,
 * CEPA_ERR_AUTHENTICATION for a node id that is not of the certificate's keys. */
CEPA_MUST_USE int cepa_credentials_decode(struct cepa_credentials *ret_credentials,
                                          const uint8_t *bytes, size_t bytes_len,
                                          const struct cepa_record_rules *rules,
                                          struct cepa_directory_day today);

/* cepa_credentials_verify does that and verifies all four signatures and the link key. Receipts are
 * another matter (cepa_receipts_check): who wants to become a relay has none. Returns the same
 * errors and CEPA_ERR_AUTHENTICATION or CEPA_ERR_INVALID_KEY. */
CEPA_MUST_USE int cepa_credentials_verify(struct cepa_credentials *ret_credentials,
                                          const uint8_t *bytes, size_t bytes_len,
                                          const struct cepa_record_rules *rules,
                                          struct cepa_directory_day today,
                                          struct cepa_mldsa_workspace *workspace, uint32_t cpu);

/* cepa_receipt_sign fills in prober and signature of a receipt for `subject`. */
void cepa_receipt_sign(struct cepa_receipt *receipt, const struct cepa_ed25519_key *prober,
                       const struct cepa_network_id *network, const struct cepa_node_id *subject);

/* cepa_receipt_verify checks the signature of a receipt. Returns 0 or CEPA_ERR_AUTHENTICATION. */
CEPA_MUST_USE int cepa_receipt_verify(const struct cepa_receipt *receipt,
                                      const struct cepa_network_id *network,
                                      const struct cepa_node_id *subject);

/* cepa_receipts_check says whether a descriptor that is verified shows that its relay can be
 * reached: at least rules->receipts_min receipts from different probers in different prefixes,
 * fresh, signed, none of its own, whose reached prefix is that of one of its addresses (or
 * introduced, if the relay is). Sets bit i of `ret_good` for each receipt that counts. Returns 0 or
 * CEPA_ERR_MISSING. */
CEPA_MUST_USE int cepa_receipts_check(uint32_t *ret_good,
                                      const struct cepa_credentials *credentials,
                                      const struct cepa_record_rules *rules);

/* cepa_index_record_make fills in the record of credentials: everything but the nonce, which is
 * there already. */
void cepa_index_record_make(struct cepa_index_record *record,
                            const struct cepa_credentials_bytes *halves,
                            const struct cepa_descriptor *descriptor,
                            const struct cepa_ed25519_key *key);

/* cepa_index_record_sign signs a record whose other fields are there. */
void cepa_index_record_sign(struct cepa_index_record *record, const struct cepa_ed25519_key *key,
                            const struct cepa_network_id *network);

/* cepa_index_record_verify checks proof of work and signature. Returns 0 or
 * CEPA_ERR_AUTHENTICATION. */
CEPA_MUST_USE int cepa_index_record_verify(const struct cepa_index_record *record,
                                           const struct cepa_record_rules *rules);

/* cepa_index_record_check says whether a record says the same as its credentials: key, sequence,
 * day, flags, class, prefix, commitment. Returns 0 or CEPA_ERR_AUTHENTICATION. */
CEPA_MUST_USE int cepa_index_record_check(const struct cepa_index_record *record,
                                          const struct cepa_credentials_bytes *halves,
                                          const struct cepa_credentials *credentials);

/* cepa_key_record_verify decodes a key record and ties it to the verified descriptor of its relay
 * and day. Returns a decoder's error, CEPA_ERR_EPOCH for another day, CEPA_ERR_INVALID_KEY or
 * CEPA_ERR_AUTHENTICATION. */
CEPA_MUST_USE int cepa_key_record_verify(struct cepa_key_record *ret_record, const uint8_t *bytes,
                                         size_t bytes_len,
                                         const struct cepa_descriptor *descriptor);

/* A search for a proof of work. It may be stopped and gone on with anywhere. */
struct cepa_work {
    uint8_t input[CEPA_NETWORK_ID_SIZE + CEPA_SIGNING_KEY_SIZE + CEPA_WORK_NONCE_SIZE];
    uint64_t tries; /* how many nonces were looked at */
    uint8_t bits;   /* leading zeros that are wanted */
};

/* cepa_work_init begins the search for the key's nonce, at `start` (random or zeros). */
void cepa_work_init(struct cepa_work *work, const struct cepa_record_rules *rules,
                    const uint8_t *signing_key, const uint8_t start[CEPA_WORK_NONCE_SIZE]);

/* cepa_work_step looks at up to `tries_max` nonces, 0.2 us each. Returns 1 when `ret_nonce` is
 * found, else 0. Expected: 2^bits tries. */
int cepa_work_step(struct cepa_work *work, uint8_t ret_nonce[CEPA_WORK_NONCE_SIZE],
                   uint32_t tries_max);

/* cepa_work_check says whether `nonce` is good for the key. Returns 0 or CEPA_ERR_AUTHENTICATION.
 */
CEPA_MUST_USE int cepa_work_check(const struct cepa_record_rules *rules, const uint8_t *signing_key,
                                  const uint8_t nonce[CEPA_WORK_NONCE_SIZE]);

#endif
