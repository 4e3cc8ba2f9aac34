/* What the files of the library share. include/cepa/ has what programs see; a result of the rooms
 * below becomes one of theirs here. */
#ifndef CEPA_LIBRARY_HANDLE_H
#define CEPA_LIBRARY_HANDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cepa/cepa.h>

#include "identity/address.h"
#include "native/daemon/config.h"
#include "native/daemon/control_client.h"
#include "native/reason.h"
#include "native/store/inbox.h"

/* A node in a thread of this process; opaque. */
struct cepa_inside;

/* An event that nobody has fetched yet. */
struct cepa_waiting_event {
    struct cepa_waiting_event *next;
    struct cepa_event event;
};

/* What a program holds. */
struct cepa {
    struct cepa_config config;          /* where the state and the control socket are */
    struct cepa_reason reason;          /* of the last call that failed */
    struct cepa_inside *inside;         /* NULL: the node is another process */
    struct cepa_inbox *inbox;           /* NULL before the first need */
    bool is_connected;                  /* the next is open */
    struct cepa_control_client control; /* by which streams were asked for; tells of them */
    uint32_t streams;                   /* how many were asked for */
    struct cepa_waiting_event *first;   /* events, the oldest first */
    struct cepa_waiting_event *last;    /* set if there is one */
};

/* cepa_library_fail notes why and gives `failure`. */
int cepa_library_fail(struct cepa *cepa, int failure, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* cepa_library_result gives what an error of the rooms below is to a program; 0 for 0. */
int cepa_library_result(int error);

/* cepa_library_read_address checks an address. Returns 0, or CEPA_FAIL_ADDRESS with a reason that
 * says where it is mistyped. */
int cepa_library_read_address(struct cepa *cepa, struct cepa_address *ret_address,
                              const char *text);

/* cepa_library_ask asks the node once; the answer is the caller's to delete. */
int cepa_library_ask(struct cepa *cepa, struct cJSON **ret_answer,
                     const struct cepa_control_request *request);

/* cepa_library_reload tells a node, if one runs, that what belongs to the user has changed. */
int cepa_library_reload(struct cepa *cepa);

/* cepa_library_pair makes two joined sockets: [0] is the program's, [1] is to be handed over. */
int cepa_library_pair(struct cepa *cepa, int ret_pair[2]);

/* cepa_library_text gives a field of a line that is a text, lent, or "". */
const char *cepa_library_text(const struct cJSON *line, const char *field);

/* cepa_library_left_ms gives how long to wait yet: `timeout_ms` (-1: for ever) from `begin_ms`. */
int cepa_library_left_ms(uint64_t begin_ms, int timeout_ms);

/* cepa_library_now_ms gives a monotonic clock. */
uint64_t cepa_library_now_ms(void);

/* cepa_library_give writes as much of a structure as the program's has room for: `size` bytes are
 * its first field's value, which stays; those that are not known here become 0. */
void cepa_library_give(void *ret_theirs, const void *ours, size_t ours_size);

/* cepa_library_take reads a structure of the program's in the same way; NULL is all zeros. */
void cepa_library_take(void *ret_ours, size_t ours_size, const void *theirs);

/* cepa_library_forget drops the connection for streams, and the events that wait. */
void cepa_library_forget(struct cepa *cepa);

/* cepa_inside_open starts a node and waits until it is up; `config` is copied. Returns 0 or an
 * enum cepa_error with a reason. cepa_inside_close ends it and waits; NULL is allowed. */
int cepa_inside_open(struct cepa_inside **ret_inside, struct cepa_reason *ret_reason,
                     const struct cepa_config *config, int log_fd);
void cepa_inside_close(struct cepa_inside *inside);

#endif
