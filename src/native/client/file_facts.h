/* What a receiver is told of a file, and by which id its transfer goes on. */
#ifndef CEPA_NATIVE_CLIENT_FILE_FACTS_H
#define CEPA_NATIVE_CLIENT_FILE_FACTS_H

#include <stdbool.h>

#include "identity/address.h"
#include "native/client/send_file.h"
#include "native/reason.h"

/* To whom a file goes, and as what. */
struct cepa_client_offer {
    const char *state_directory; /* whose secret names transfers */
    const struct cepa_address *peer;
    const char *as;   /* the identity that is told, or NULL */
    const char *name; /* that the receiver is told; made plain */
    bool hides;       /* neither times nor modes are told */
};

/* cepa_client_describe fills in what of `file` follows from its open descriptor: the header, and
 * whether it can be resumed. The transfer's id is a hash of what is sent to whom, under a secret of
 * this node, so that the same sending names it again, and nobody else can; that of a pipe is
 * random. Returns 0, or an error with a reason: CEPA_ERR_ARGUMENT for a folder, CEPA_ERR_NOT_FOUND
 * where no node has ever run, CEPA_ERR_RANDOM, CEPA_ERR_SYSTEM, or what cepa_secrets_load gives. */
CEPA_MUST_USE int cepa_client_describe(struct cepa_client_file *file,
                                       struct cepa_reason *ret_reason,
                                       const struct cepa_client_offer *offer);

#endif
