/* What came for this user: the SQLite file `inbox.db` of the state directory, mode 0600, and the
 * folder `inbox/`, mode 0700, with the files. An entry is a message or a file, from its first offer
 * to the moment when the user deletes it. What others say of it (names, times, modes) is kept to be
 * shown; a file lies under the entry's id, which is drawn here.
 *
 *     WAITING -- accept --> COMING -- verified --> HERE        a message is HERE at once, or when
 *        |                    |  `--- wrong -----> BROKEN      it is accepted
 *        `----- refuse -------+------------------> REFUSED
 *
 * Invariants, whenever power is lost: there is an entry before there is its file, and it outlives
 * it; the first `here` bytes of an entry's file were on disk before the entry said so; an entry is
 * HERE after all of its file is. So a file without an entry is of one that was deleted, and
 * cepa_inbox_tidy takes it away.
 *
 * Commands and the daemon have it open side by side (native/store/database.h); what a command has
 * refused or deleted, the daemon learns from its next change of that entry (CEPA_ERR_STATE,
 * CEPA_ERR_NOT_FOUND), or when it is told to reload. Nothing here stays locked between two calls
 * but from cepa_inbox_begin to cepa_inbox_commit. */
#ifndef CEPA_NATIVE_STORE_INBOX_H
#define CEPA_NATIVE_STORE_INBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "application/file_transfer.h"
#include "application/stream_header.h"
#include "base/error.h"
#include "base/random.h"
#include "base/time.h"
#include "identity/address.h"
#include "native/reason.h"

enum {
    CEPA_INBOX_ID_LEN = 26,       /* characters of five bits each */
    CEPA_INBOX_ID_SHORT_MIN = 4,  /* the shortest that is shown */
    CEPA_INBOX_ENTRY_COST = 1024, /* what an entry counts beside its bytes */
    CEPA_INBOX_WAITING_MAX = 256, /* offers that wait for a person; then there is no more room */
    CEPA_INBOX_REMEMBERED_MAX = 1 << 20 /* messages; then the oldest is forgotten */
};

/* How long the id of a message is remembered after its entry is gone: 17 days, as long as a copy
 * may lie in a mailbox. @[SPEC 16.9] */
#define CEPA_INBOX_REMEMBERED_MS UINT64_C(1468800000)

/* Names an entry: random, of the characters of addresses, lower case, with a final zero. */
struct cepa_inbox_id {
    char text[CEPA_INBOX_ID_LEN + 1];
};

/* What an entry is. The numbers are those of the file. */
enum cepa_inbox_kind { CEPA_INBOX_FILE = 1, CEPA_INBOX_MESSAGE = 2 };

/* How it is with it. The numbers are those of the file. */
enum cepa_inbox_state {
    CEPA_INBOX_WAITING = 1, /* a person has to decide */
    CEPA_INBOX_COMING = 2,  /* accepted; the first `here` bytes are here */
    CEPA_INBOX_HERE = 3,    /* all of it is here, and is what its sender sent */
    CEPA_INBOX_REFUSED = 4, /* by a person; nothing of it is kept */
    CEPA_INBOX_BROKEN = 5   /* what came was not what its sender said; nothing of it is kept */
};

/* An entry. */
struct cepa_inbox_entry {
    struct cepa_inbox_id id;
    enum cepa_inbox_kind kind;
    enum cepa_inbox_state state;
    struct cepa_address identity;      /* to which of the user's it came */
    bool has_sender;                   /* it is known who sent it */
    struct cepa_address sender;        /* if so; else zeros */
    struct cepa_transfer_id transfer;  /* the sender's id of the transfer, or of the message */
    char name[CEPA_FILE_NAME_MAX + 1]; /* of a file, as its sender says: plain, never a path */
    uint64_t size;                     /* bytes, as its sender says, or CEPA_FILE_SIZE_UNKNOWN */
    uint64_t here;                     /* how many of them are here */
    bool has_attributes;               /* the next two are known */
    uint16_t mode;                     /* permissions, as its sender says; 0 for a message */
    struct cepa_wall modified;  /* when the file was changed, the message written, likewise */
    struct cepa_wall came;      /* when it was offered, by this machine's clock */
    struct cepa_file_hash hash; /* of a file that is HERE */
};

/* What all entries take. */
struct cepa_inbox_usage {
    uint64_t bytes;   /* of all that is here or may still come of what is COMING with a known size,
                       * and CEPA_INBOX_ENTRY_COST for each entry: for the quota */
    uint64_t entries; /* how many */
    uint64_t waiting; /* how many of them wait for a person */
};

/* An open inbox; opaque. */
struct cepa_inbox;

/* In all that follows, where CEPA_ERR_SYSTEM may come, CEPA_ERR_FULL may: the disk is full, nothing
 * has changed, and the reason says so. */

/* cepa_inbox_open opens the inbox in the state directory `path`, or makes it. Returns 0, or what
 * cepa_database_open gives; CEPA_ERR_ARGUMENT too for a folder of a wrong owner or mode. */
CEPA_MUST_USE int cepa_inbox_open(struct cepa_inbox **ret_inbox, struct cepa_reason *ret_reason,
                                  const char *path);

/* cepa_inbox_close closes it; NULL is allowed. */
void cepa_inbox_close(struct cepa_inbox *inbox);

/* cepa_inbox_reason says why the last call failed; lent until the next call. */
const char *cepa_inbox_reason(const struct cepa_inbox *inbox);

/* cepa_inbox_begin gathers the changes that follow, up to cepa_inbox_commit, so that they cost one
 * synchronisation: many messages at once. Nobody else can change the inbox meanwhile: for one step
 * of a loop, never longer. Both return 0 or CEPA_ERR_SYSTEM; if commit fails, none of the changes
 * has happened, and no receipt may be given. */
CEPA_MUST_USE int cepa_inbox_begin(struct cepa_inbox *inbox);
CEPA_MUST_USE int cepa_inbox_commit(struct cepa_inbox *inbox);

/* cepa_inbox_find finds the transfer or message `transfer` of `sender`, NULL for one who does not
 * say who it is, to `identity`. Returns 0, CEPA_ERR_NOT_FOUND or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_inbox_find(struct cepa_inbox *inbox, struct cepa_inbox_entry *ret_entry,
                                  enum cepa_inbox_kind kind, const struct cepa_address *identity,
                                  const struct cepa_address *sender,
                                  const struct cepa_transfer_id *transfer);

/* cepa_inbox_get finds an entry by its id, or by what it begins with, in whatever case, if that is
 * of one entry only. Returns 0, CEPA_ERR_NOT_FOUND, CEPA_ERR_IN_USE if several begin so, or
 * CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_inbox_get(struct cepa_inbox *inbox, struct cepa_inbox_entry *ret_entry,
                                 const char *id);

/* cepa_inbox_next gives the entry behind `*at` in the order of their coming, and moves on; it
 * begins at 0, and other calls may come between. Returns 0, CEPA_ERR_NOT_FOUND behind the last, or
 * CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_inbox_next(struct cepa_inbox *inbox, struct cepa_inbox_entry *ret_entry,
                                  uint64_t *at);

/* cepa_inbox_id_len gives how many characters of an id tell it from all others that are here now,
 * at least CEPA_INBOX_ID_SHORT_MIN. Returns 0 or CEPA_ERR_SYSTEM. O(entries). */
CEPA_MUST_USE int cepa_inbox_id_len(struct cepa_inbox *inbox, size_t *ret_len);

/* cepa_inbox_text gives the text of a message, up to CEPA_MESSAGE_TEXT_MAX bytes of UTF-8 with
 * whatever characters. Returns 0, CEPA_ERR_NOT_FOUND if there is none, or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_inbox_text(struct cepa_inbox *inbox, char *ret_text, size_t *ret_len,
                                  const struct cepa_inbox_id *id);

/* cepa_inbox_usage gives what the entries take. Returns 0 or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_inbox_usage(struct cepa_inbox *inbox, struct cepa_inbox_usage *ret_usage);

/* cepa_inbox_add_file takes note of an offer, WAITING or COMING as the entry says (asserted); `id`,
 * `here` and `hash` of it are not used. Returns 0 with its id; CEPA_ERR_IN_USE if this transfer is
 * here already; CEPA_ERR_FULL if too much waits; CEPA_ERR_RANDOM; or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_inbox_add_file(struct cepa_inbox *inbox, struct cepa_inbox_id *ret_id,
                                      const struct cepa_inbox_entry *entry,
                                      const struct cepa_random *random);

/* cepa_inbox_add_message takes a message whose text was checked (cepa_message_check), WAITING or
 * HERE as the entry says (asserted); `size` of it is not used either. Whatever becomes of the
 * entry, the message is remembered for 17 days. Returns likewise, and CEPA_ERR_REPLAY for one that
 * came before: it is not shown again, and its receipt is given. */
CEPA_MUST_USE int cepa_inbox_add_message(struct cepa_inbox *inbox, struct cepa_inbox_id *ret_id,
                                         const struct cepa_inbox_entry *entry, const char *text,
                                         size_t text_len, const struct cepa_random *random);

/* cepa_inbox_accept lets come what WAITS or was REFUSED; a message's text is gone in the latter
 * case, and what is COMING or HERE is left so. Returns 0, CEPA_ERR_NOT_FOUND, CEPA_ERR_STATE for
 * what cannot be had any more, or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_inbox_accept(struct cepa_inbox *inbox, const struct cepa_inbox_id *id);

/* cepa_inbox_refuse refuses what WAITS or is COMING, and deletes what came of it. Returns
 * likewise, CEPA_ERR_STATE for what is HERE. */
CEPA_MUST_USE int cepa_inbox_refuse(struct cepa_inbox *inbox, const struct cepa_inbox_id *id);

/* cepa_inbox_break says that what came was wrong, and deletes it. Returns 0, CEPA_ERR_NOT_FOUND,
 * CEPA_ERR_STATE if it is not COMING, or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_inbox_break(struct cepa_inbox *inbox, const struct cepa_inbox_id *id);

/* cepa_inbox_remove deletes an entry with its file or its text, in whatever state. A transfer that
 * goes on after that is a new one: cepa_inbox_refuse ends it. Returns 0, CEPA_ERR_NOT_FOUND or
 * CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_inbox_remove(struct cepa_inbox *inbox, const struct cepa_inbox_id *id);

/* cepa_inbox_open_write opens the file of an entry that is COMING for cepa_inbox_write, cut to its
 * first `offset` bytes, or makes it. Returns 0 with a descriptor that the caller closes;
 * CEPA_ERR_LENGTH if it is shorter; CEPA_ERR_NOT_FOUND, CEPA_ERR_STATE; CEPA_ERR_ARGUMENT if what
 * lies there is no private regular file; or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_inbox_open_write(struct cepa_inbox *inbox, int *ret_fd,
                                        const struct cepa_inbox_id *id, uint64_t offset);

/* cepa_inbox_write writes to such a file. Returns 0 or CEPA_ERR_SYSTEM; part of it may be there. */
CEPA_MUST_USE int cepa_inbox_write(struct cepa_inbox *inbox, int fd, uint64_t offset,
                                   const void *data, size_t data_len);

/* cepa_inbox_progress synchronises such a file and then says that its first `here` bytes are here:
 * every few seconds or megabytes, and when a transfer stops. Returns 0, CEPA_ERR_NOT_FOUND,
 * CEPA_ERR_STATE if it is no longer COMING, or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_inbox_progress(struct cepa_inbox *inbox, const struct cepa_inbox_id *id,
                                      int fd, uint64_t here);

/* cepa_inbox_finish synchronises it and then says that it is HERE, with its size and hash: the
 * sender may be told. Returns likewise. */
CEPA_MUST_USE int cepa_inbox_finish(struct cepa_inbox *inbox, const struct cepa_inbox_id *id,
                                    int fd, uint64_t size, const struct cepa_file_hash *hash);

/* cepa_inbox_open_read opens the file of an entry for reading and gives its length; what of a file
 * that is COMING lies behind `here` may be lost with the next power cut. Returns as
 * cepa_inbox_open_write, CEPA_ERR_NOT_FOUND too if nothing has come of it yet. */
CEPA_MUST_USE int cepa_inbox_open_read(struct cepa_inbox *inbox, int *ret_fd, uint64_t *ret_len,
                                       const struct cepa_inbox_id *id);

/* cepa_inbox_tidy deletes files without entry, which a crash can leave: once, when the daemon
 * starts. Returns 0 or CEPA_ERR_SYSTEM. O(files). */
CEPA_MUST_USE int cepa_inbox_tidy(struct cepa_inbox *inbox);

#endif
