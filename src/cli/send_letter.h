/* Leaving a message in mailboxes, for somebody who is away. */
#ifndef CEPA_CLI_SEND_LETTER_H
#define CEPA_CLI_SEND_LETTER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "cli/send_file.h"
#include "native/reason.h"

/* cepa_cli_leave asks the daemon to leave `body`, up to CEPA_LETTER_BODY_MAX bytes, and waits until
 * it lies in mailboxes. Returns 0, or an error with a reason; CEPA_ERR_DROPPED after SIGINT or
 * SIGTERM. */
CEPA_MUST_USE int cepa_cli_leave(struct cepa_cli_left *ret_left, struct cepa_reason *ret_reason,
                                 const struct cepa_cli_sending *sending, const uint8_t *body,
                                 size_t body_len);

#endif
