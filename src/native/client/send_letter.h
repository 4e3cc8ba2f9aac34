/* Leaving a message in mailboxes, for somebody who is away. */
#ifndef CEPA_NATIVE_CLIENT_SEND_LETTER_H
#define CEPA_NATIVE_CLIENT_SEND_LETTER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "native/client/send_file.h"
#include "native/reason.h"

/* cepa_client_leave asks the daemon to leave `body`, up to CEPA_LETTER_BODY_MAX bytes, and waits
 * until it lies in mailboxes. Returns 0, or an error with a reason; CEPA_ERR_DROPPED if it shall
 * not go on. */
CEPA_MUST_USE int cepa_client_leave(struct cepa_client_left *ret_left,
                                    struct cepa_reason *ret_reason,
                                    const struct cepa_client_sending *sending, const uint8_t *body,
                                    size_t body_len);

#endif
