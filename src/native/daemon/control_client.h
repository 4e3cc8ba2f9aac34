/* The commands' end of the control socket. It waits. */
#ifndef CEPA_NATIVE_DAEMON_CONTROL_CLIENT_H
#define CEPA_NATIVE_DAEMON_CONTROL_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "native/daemon/control_request.h"
#include "native/reason.h"

struct cJSON;

/* A connection with a daemon. */
struct cepa_control_client {
    int fd;
    char *input;      /* what was received and not read yet */
    size_t input_len; /* how much */
    size_t capacity;  /* room for it */
};

/* cepa_control_client_open reaches the daemon at `path`. Returns 0, or CEPA_ERR_UNREACHABLE or
 * CEPA_ERR_SYSTEM with a reason that says what to do. */
CEPA_MUST_USE int cepa_control_client_open(struct cepa_control_client *ret_client,
                                           struct cepa_reason *ret_reason, const char *path);

/* cepa_control_client_close ends it. */
void cepa_control_client_close(struct cepa_control_client *client);

/* cepa_control_client_send sends a request. Returns 0, CEPA_ERR_TOO_LONG or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_control_client_send(struct cepa_control_client *client,
                                           struct cepa_reason *ret_reason,
                                           const struct cepa_control_request *request);

/* cepa_control_client_send_socket sends one with a socket, which stays the caller's, too. Returns
 * likewise. */
CEPA_MUST_USE int cepa_control_client_send_socket(struct cepa_control_client *client,
                                                  struct cepa_reason *ret_reason,
                                                  const struct cepa_control_request *request,
                                                  int socket);

/* cepa_control_client_receive waits up to `wait_ms` for an answer, an object that the caller
 * deletes. Returns 0; CEPA_ERR_STATE with the daemon's reason if it refused; CEPA_ERR_TIMEOUT;
 * CEPA_ERR_MALFORMED; or CEPA_ERR_SYSTEM, also when the daemon has ended. */
CEPA_MUST_USE int cepa_control_client_receive(struct cepa_control_client *client,
                                              struct cJSON **ret_answer,
                                              struct cepa_reason *ret_reason, int wait_ms);

/* cepa_control_client_has_line says whether a whole answer is here already, so that receiving it
 * does not wait. */
bool cepa_control_client_has_line(const struct cepa_control_client *client);

/* cepa_control_client_hear does the same for a program that is told of streams: it gives every
 * object, also those that say that something failed. */
CEPA_MUST_USE int cepa_control_client_hear(struct cepa_control_client *client,
                                           struct cJSON **ret_object,
                                           struct cepa_reason *ret_reason, int wait_ms);

/* cepa_control_ask does all of it once. */
CEPA_MUST_USE int cepa_control_ask(struct cJSON **ret_answer, struct cepa_reason *ret_reason,
                                   const char *path, const struct cepa_control_request *request);

#endif
