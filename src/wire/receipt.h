/* A dial-back receipt: a relay says that it reached somebody who wants to relay. @[SPEC 10.4] */
#ifndef CEPA_WIRE_RECEIPT_H
#define CEPA_WIRE_RECEIPT_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/time.h"
#include "wire/ids.h"

/* How the subject was reached. */
enum cepa_receipt_how { CEPA_RECEIPT_DIALLED = 0, CEPA_RECEIPT_INTRODUCED = 1 };

/* A receipt. Who it is about is not in it: it stands in that relay's descriptor, and the signature
 * covers its node id. */
struct cepa_receipt {
    uint8_t prober[CEPA_SIGNING_KEY_SIZE];  /* who reached it: its Ed25519 key */
    struct cepa_prefix prober_prefix;       /* from which network; never NONE */
    struct cepa_directory_day day;          /* when */
    enum cepa_receipt_how how;              /* dialled, or through an introducer */
    struct cepa_prefix reached;             /* the dialled address's; NONE if introduced */
    uint8_t signature[CEPA_SIGNATURE_SIZE]; /* the prober's, over CEPA_RECEIPT_SIGNED_SIZE bytes */
};

/* cepa_receipt_encode appends CEPA_RECEIPT_SIZE bytes; the signature is the last of them. */
void cepa_receipt_encode(struct cepa_writer *writer, const struct cepa_receipt *receipt);

/* cepa_receipt_decode takes a receipt. Returns 0 or CEPA_ERR_MALFORMED. */
CEPA_MUST_USE int cepa_receipt_decode(struct cepa_receipt *ret_receipt, struct cepa_reader *reader);

#endif
