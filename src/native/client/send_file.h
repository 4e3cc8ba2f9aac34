/* Sending one file over one stream after another until it is there. */
#ifndef CEPA_NATIVE_CLIENT_SEND_FILE_H
#define CEPA_NATIVE_CLIENT_SEND_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "application/stream_header.h"
#include "base/error.h"
#include "native/reason.h"

/* To whom, and how. */
struct cepa_client_sending {
    const char *control; /* the daemon's socket */
    const char *address; /* in text form */
    const char *as;      /* the identity that is told, or NULL */
    uint32_t patience_s; /* without any progress, before it is given up; 0: for ever */
    bool is_live;        /* a message goes to who is there, or not at all */
    /* Asked again and again, 10 times a second at least, whether to go on: how many bytes of a file
     * are there, and what is waited for, "" while they move. NULL: nobody wants to know. */
    bool (*goes_on)(void *context, uint64_t bytes, const char *word);
    void *context;
};

/* A message that waits for a receiver who is away. */
struct cepa_client_left {
    uint32_t mailboxes; /* in which it lies; 0: it was delivered */
    uint32_t days;      /* that they keep it */
};

/* A file. */
struct cepa_client_file {
    int fd;
    const char *shown; /* what it is called here */
    bool can_resume;   /* it can be read again; else it is a pipe */
    struct cepa_file_header header;
};

/* What came of it. */
struct cepa_client_sent {
    uint64_t bytes;    /* of the file */
    uint64_t moved;    /* of them, by this command: less where it went on with an earlier one */
    uint64_t ns;       /* from when the receiver wanted it to when it said that it has it */
    uint64_t stall_ns; /* the longest time in between without progress */
    uint32_t sessions; /* that it took */
    uint8_t hash[32];  /* BLAKE2b-256 of the file */
};

/* cepa_client_send_file sends, and returns when the receiver has said that it has all of it, hash
 * and all. Returns 0, or an error with a reason; CEPA_ERR_DROPPED if it shall not go on. */
CEPA_MUST_USE int cepa_client_send_file(struct cepa_client_sent *ret_sent,
                                        struct cepa_reason *ret_reason,
                                        const struct cepa_client_sending *sending,
                                        const struct cepa_client_file *file);

/* cepa_client_send_message sends a text, and returns when the receiver has said that it keeps it;
 * or, where no session comes about, when it lies in mailboxes of the receiver's. Returns likewise.
 */
CEPA_MUST_USE int cepa_client_send_message(struct cepa_client_left *ret_left,
                                           struct cepa_reason *ret_reason,
                                           const struct cepa_client_sending *sending,
                                           const char *text);

/* cepa_client_pause waits, and gives whether to go on. */
bool cepa_client_pause(const struct cepa_client_sending *sending, uint32_t ms);

#endif
