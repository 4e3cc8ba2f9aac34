/* Files and messages: sending them, and what came for the user. Part of cepa/cepa.h; libcepa(3). */
#ifndef CEPA_TRANSFER_H
#define CEPA_TRANSFER_H

#include <stddef.h>
#include <stdint.h>

#include <cepa/node.h>

#ifdef __cplusplus
extern "C" {
#endif

/* CEPA_SIZE_UNKNOWN stands for a number of bytes that is not known yet. */
#define CEPA_SIZE_UNKNOWN UINT64_MAX

/* CEPA_ENTRY_ID_CHARS is the room for the id of an entry, with its final zero. */
#define CEPA_ENTRY_ID_CHARS 27

/* CEPA_TEXT_MAX is how many bytes of UTF-8 a message has at most; it has 1 at least. */
#define CEPA_TEXT_MAX 65536

/* How to send; NULL for none of it. */
struct cepa_send_options {
    size_t size;         /* sizeof of this structure */
    const char *as;      /* the identity that the receiver learns, proven; NULL: nobody */
    const char *name;    /* what the receiver sees as the file's name; NULL: the path's last part */
    uint32_t patience_s; /* how long to try without any progress; 0: ten minutes */
    uint32_t flags;      /* CEPA_SEND_... */
    /* Called in this thread, 10 times a second at least, with how many bytes have gone, of how
     * many (CEPA_SIZE_UNKNOWN), and what is waited for, "" while they go. Another result than 0
     * ends it: CEPA_FAIL_STOPPED. It does not use the handle. NULL: nobody wants to know. */
    int (*progress)(void *context, uint64_t bytes, uint64_t size, const char *waits_for);
    void *context; /* for it */
};

/* CEPA_SEND_BARE: tell neither the time nor the permissions of a file. CEPA_SEND_LIVE: leave no
 * message in mailboxes if the receiver is away. */
#define CEPA_SEND_BARE 1u
#define CEPA_SEND_LIVE 2u

/* What came of sending. */
struct cepa_sent {
    size_t size;        /* sizeof of this structure */
    uint64_t bytes;     /* of the file or message */
    uint64_t moved;     /* of them, this time: less if it went on where an earlier one stood */
    uint64_t stall_ns;  /* the longest time without progress */
    uint32_t sessions;  /* that it took */
    uint32_t mailboxes; /* in which a message waits for a receiver who is away; 0: delivered */
    uint8_t hash[32];   /* BLAKE2b-256 of a file; both ends have computed it */
};

/* What an entry of the inbox is, and how it is with it. */
enum cepa_entry_kind { CEPA_ENTRY_FILE = 1, CEPA_ENTRY_MESSAGE = 2 };
enum cepa_entry_state {
    CEPA_ENTRY_WAITING = 1, /* of a stranger: it is to be accepted or refused */
    CEPA_ENTRY_COMING = 2,  /* it is on its way */
    CEPA_ENTRY_HERE = 3,    /* all of it is here, and is what was sent */
    CEPA_ENTRY_REFUSED = 4, /* by the user */
    CEPA_ENTRY_BROKEN = 5   /* what came was not what was sent; nothing of it was kept */
};

/* An entry of the inbox. */
struct cepa_entry {
    size_t size;                   /* sizeof of this structure */
    char id[CEPA_ENTRY_ID_CHARS];  /* names it */
    char to[CEPA_ADDRESS_CHARS];   /* to which of the user's addresses it came */
    char from[CEPA_ADDRESS_CHARS]; /* who sent it, proven; empty if that was not said */
    char name[256]; /* of a file, as its sender says: plain text, never a path; a program decides */
    int kind;       /* enum cepa_entry_kind */
    int state;      /* enum cepa_entry_state */
    uint64_t bytes; /* in all, as its sender says, or CEPA_SIZE_UNKNOWN */
    uint64_t here;  /* how many of them are here */
    uint64_t came_ms; /* when it was offered, in ms since 1970, by this machine's clock */
};

/* cepa_send_file sends the file `path` to `address`, and returns when the receiver has said that it
 * has all of it, hash and all. Sessions that break on the way are replaced; called again after
 * CEPA_FAIL_TIMEOUT, CEPA_FAIL_STOPPED or a restart, it goes on where it stood. Strangers' files
 * wait until the receiver accepts them, for as long as that takes. `ret_sent` may be NULL; else its
 * `size` is set. Returns 0, CEPA_FAIL_ADDRESS, CEPA_FAIL_TIMEOUT, CEPA_FAIL_REFUSED,
 * CEPA_FAIL_FULL (at the receiver), CEPA_FAIL_BROKEN, CEPA_FAIL_STOPPED, CEPA_FAIL_NO_NODE,
 * CEPA_FAIL_STATE (no such identity; the file has become shorter), or CEPA_FAIL_SYSTEM. */
int cepa_send_file(struct cepa *cepa, struct cepa_sent *ret_sent, const char *address,
                   const char *path, const struct cepa_send_options *options);

/* cepa_send_fd does the same with what is read from a descriptor, a pipe for one, which stays the
 * program's. `options->name` names it, or it is called "file". */
int cepa_send_fd(struct cepa *cepa, struct cepa_sent *ret_sent, const char *address, int fd,
                 const struct cepa_send_options *options);

/* cepa_send_message sends a text, 1 to CEPA_TEXT_MAX bytes of UTF-8, and returns when the receiver
 * has said that it keeps it; or, if the receiver is away, when it lies in mailboxes (`mailboxes`).
 * Returns likewise. */
int cepa_send_message(struct cepa *cepa, struct cepa_sent *ret_sent, const char *address,
                      const char *text, const struct cepa_send_options *options);

/* cepa_entry_next gives the entry of the inbox behind `*at` in the order of their coming, and moves
 * on; it begins at 0. If there is none it waits `timeout_ms` for one; 0: not at all, -1: as long as
 * it takes. `ret_entry->size` is set by the program. Returns 0, CEPA_FAIL_AGAIN or
 * CEPA_FAIL_SYSTEM. The inbox can be used while no node runs. */
int cepa_entry_next(struct cepa *cepa, struct cepa_entry *ret_entry, uint64_t *at, int timeout_ms);

/* cepa_entry_get gives the entry `id`, and waits as long as it is COMING, at most `timeout_ms`
 * likewise. Returns 0 (in whatever state it is then), CEPA_FAIL_NOT_FOUND or CEPA_FAIL_SYSTEM. */
int cepa_entry_get(struct cepa *cepa, struct cepa_entry *ret_entry, const char *id, int timeout_ms);

/* cepa_entry_accept lets come what waits, cepa_entry_refuse does not want it, cepa_entry_remove
 * deletes an entry with its file or text. Return 0, CEPA_FAIL_NOT_FOUND, CEPA_FAIL_STATE if that
 * cannot be done any more, or CEPA_FAIL_SYSTEM. */
int cepa_entry_accept(struct cepa *cepa, const char *id);
int cepa_entry_refuse(struct cepa *cepa, const char *id);
int cepa_entry_remove(struct cepa *cepa, const char *id);

/* cepa_entry_text gives the text of a message with a final zero, for cepa_free: UTF-8 with whatever
 * characters, which may be such that turn or hide text. Returns 0, CEPA_FAIL_NOT_FOUND,
 * CEPA_FAIL_MEMORY or CEPA_FAIL_SYSTEM. */
int cepa_entry_text(struct cepa *cepa, char **ret_text, const char *id);

/* cepa_entry_open opens the file of an entry that is HERE for reading; the program closes the
 * descriptor. Returns 0, CEPA_FAIL_NOT_FOUND, CEPA_FAIL_STATE if not all of it is here, or
 * CEPA_FAIL_SYSTEM. */
int cepa_entry_open(struct cepa *cepa, int *ret_fd, const char *id);

#ifdef __cplusplus
}
#endif

#endif
