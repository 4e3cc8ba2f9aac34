/* The outside of an address's descriptor: what a custodian can check without knowing whose it is.
 * @[SPEC 14.4] */
#ifndef CEPA_RENDEZVOUS_DESCRIPTOR_SEAL_H
#define CEPA_RENDEZVOUS_DESCRIPTOR_SEAL_H

#include "crypto/ed25519.h"
#include "wire/address_descriptor.h"
#include "wire/ids.h"

/* cepa_descriptor_sign signs the first CEPA_ADDRESS_DESCRIPTOR_SIGNED_SIZE bytes at `bytes` with
 * the day's key and writes the signature behind them. */
void cepa_descriptor_sign(uint8_t *bytes, const struct cepa_ed25519_blinded_key *key,
                          const struct cepa_network_id *network);

/* cepa_descriptor_verify decodes a descriptor and checks its signature. Which days are kept, and
 * which of two sequences, is the caller's matter, and comes first: this costs about 65 us. Returns
 * 0, a decoder's error, or CEPA_ERR_AUTHENTICATION. */
CEPA_MUST_USE int cepa_descriptor_verify(struct cepa_address_descriptor *ret_descriptor,
                                         const uint8_t *bytes, size_t bytes_len,
                                         const struct cepa_network_id *network);

#endif
