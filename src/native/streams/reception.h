/* What comes for the user: messages and files, from their streams into the inbox. Who may send is
 * decided by what the user knows of the sender, and by what the user is willing to take from
 * strangers; what is cut off stays, to be gone on with. @[SPEC 17.2] @[SPEC 17.3]
 *
 *     every arrival to cepa_reception_arrive, every move to cepa_reception_move;
 *     cepa_reception_step at cepa_reception_deadline. */
#ifndef CEPA_NATIVE_STREAMS_RECEPTION_H
#define CEPA_NATIVE_STREAMS_RECEPTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/random.h"
#include "base/time.h"
#include "native/store/contacts.h"
#include "native/store/inbox.h"
#include "native/streams/streams.h"

/* From whom what comes is taken without asking. What the user has blocked never is. */
enum cepa_reception_policy {
    CEPA_RECEPTION_CONTACTS, /* from contacts; others wait for the user's word */
    CEPA_RECEPTION_ANYONE,   /* from everybody */
    CEPA_RECEPTION_NOBODY    /* from contacts; others are refused */
};

/* All that is being received; opaque. */
struct cepa_reception;

struct cepa_reception_config {
    struct cepa_inbox *inbox; /* lent, as all here */
    struct cepa_contacts *contacts;
    const struct cepa_random *random;
    enum cepa_reception_policy policy;
    uint64_t quota; /* bytes of all that is in the inbox */
    void *context;
    void (*tell)(void *context, const char *what, const char *why); /* a problem, for the log */
};

/* cepa_reception_open begins without anything under way. Returns 0 or CEPA_ERR_FULL for lack of
 * memory. */
CEPA_MUST_USE int cepa_reception_open(struct cepa_reception **ret_reception,
                                      const struct cepa_reception_config *config);

/* cepa_reception_use says where the streams are; before anything else. */
void cepa_reception_use(struct cepa_reception *reception, struct cepa_streams *streams);

/* cepa_reception_close keeps what is here of everything; NULL is allowed. The streams are gone
 * already, or go next. */
void cepa_reception_close(struct cepa_reception *reception);

/* cepa_reception_arrive takes a message or a file for the user's identity with the address `own`;
 * false if it cannot be taken at all. */
bool cepa_reception_arrive(struct cepa_reception *reception,
                           const struct cepa_streams_arrival *arrival,
                           const struct cepa_address *own, struct cepa_time now);

/* cepa_reception_letter takes the body of a letter to that identity, from `sender`, NULL for one
 * who does not say who it is: as a message, once, whichever way it came before. True if it was
 * dealt with for good: it is in the inbox, durably, or not wanted, or no message at all, or one of
 * too many of strangers; false if there is no room for it now. @[SPEC 17.7] */
CEPA_MUST_USE bool cepa_reception_letter(struct cepa_reception *reception,
                                         const struct cepa_address *own,
                                         const struct cepa_address *sender, const uint8_t *body,
                                         size_t body_len);

/* cepa_reception_move says that a stream can be read or written again, or is gone. */
void cepa_reception_move(struct cepa_reception *reception, uint32_t slot, bool is_gone,
                         struct cepa_time now);

/* cepa_reception_reload looks at what waits for a person: a command may have accepted it. */
void cepa_reception_reload(struct cepa_reception *reception, struct cepa_time now);

/* cepa_reception_step goes on with what is long; cepa_reception_deadline says when there is
 * something. */
void cepa_reception_step(struct cepa_reception *reception, struct cepa_time now);
struct cepa_time cepa_reception_deadline(const struct cepa_reception *reception);

#endif
