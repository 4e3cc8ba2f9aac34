/* The inbox: its file is open beside the node, which is told of changes. */
#define _GNU_SOURCE
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "library/handle.h"

enum { LOOK_MS = 100 /* between two looks: a query of some microseconds */ };

_Static_assert((int)CEPA_ENTRY_FILE == (int)CEPA_INBOX_FILE &&
                   (int)CEPA_ENTRY_MESSAGE == (int)CEPA_INBOX_MESSAGE &&
                   (int)CEPA_ENTRY_WAITING == (int)CEPA_INBOX_WAITING &&
                   (int)CEPA_ENTRY_COMING == (int)CEPA_INBOX_COMING &&
                   (int)CEPA_ENTRY_HERE == (int)CEPA_INBOX_HERE &&
                   (int)CEPA_ENTRY_REFUSED == (int)CEPA_INBOX_REFUSED &&
                   (int)CEPA_ENTRY_BROKEN == (int)CEPA_INBOX_BROKEN,
               "the numbers are the same");
_Static_assert(CEPA_TEXT_MAX == CEPA_MESSAGE_TEXT_MAX, "and so are these");

static int open_inbox(struct cepa *cepa)
{
    if (cepa->inbox != NULL) {
        return 0;
    }
    return cepa_library_result(
        cepa_inbox_open(&cepa->inbox, &cepa->reason, cepa->config.state_directory));
}

/* Notes the inbox's reason; gives what an error of it is to a program. */
static int result_of(struct cepa *cepa, int status)
{
    return status == 0 ? 0
                       : cepa_library_fail(cepa, cepa_library_result(status), "%s",
                                           cepa_inbox_reason(cepa->inbox));
}

static void give(struct cepa_entry *ret_entry, const struct cepa_inbox_entry *found)
{
    struct cepa_entry entry;
    memset(&entry, 0, sizeof entry);
    _Static_assert(sizeof entry.id == sizeof found->id.text, "an id fits");
    _Static_assert(sizeof entry.name == sizeof found->name, "a name fits");
    memcpy(entry.id, found->id.text, sizeof entry.id);
    memcpy(entry.name, found->name, sizeof entry.name);
    cepa_address_write(entry.to, &found->identity);
    if (found->has_sender) {
        cepa_address_write(entry.from, &found->sender);
    }
    entry.kind = (int)found->kind;
    entry.state = (int)found->state;
    entry.bytes = found->size;
    entry.here = found->here;
    entry.came_ms = found->came.unix_ms;
    cepa_library_give(ret_entry, &entry, sizeof entry);
}

/* Waits a little; false if the time is over. */
static bool rest(uint64_t begin_ms, int timeout_ms)
{
    int left_ms = cepa_library_left_ms(begin_ms, timeout_ms);
    (void)poll(NULL, 0, left_ms < 0 || left_ms > LOOK_MS ? LOOK_MS : left_ms);
    return left_ms != 0;
}

int cepa_entry_next(struct cepa *cepa, struct cepa_entry *ret_entry, uint64_t *at, int timeout_ms)
{
    uint64_t begin_ms = cepa_library_now_ms();
    struct cepa_inbox_entry found;
    int status = open_inbox(cepa);
    if (status != 0) {
        return status;
    }
    do {
        status = cepa_inbox_next(cepa->inbox, &found, at);
    } while (status == CEPA_ERR_NOT_FOUND && rest(begin_ms, timeout_ms));
    if (status == 0) {
        give(ret_entry, &found);
    }
    return status == CEPA_ERR_NOT_FOUND
               ? cepa_library_fail(cepa, CEPA_FAIL_AGAIN, "nothing has come")
               : result_of(cepa, status);
}

/* Finds an entry by its whole id; zeros if there is none. */
static int find(struct cepa *cepa, struct cepa_inbox_entry *ret_found, const char *id)
{
    memset(ret_found, 0, sizeof *ret_found);
    int result = open_inbox(cepa);
    if (result != 0) {
        return result;
    }
    if (id == NULL || strlen(id) != CEPA_INBOX_ID_LEN) {
        return cepa_library_fail(cepa, CEPA_FAIL_ARGUMENT, "this is no id of an entry");
    }
    return result_of(cepa, cepa_inbox_get(cepa->inbox, ret_found, id));
}

int cepa_entry_get(struct cepa *cepa, struct cepa_entry *ret_entry, const char *id, int timeout_ms)
{
    uint64_t begin_ms = cepa_library_now_ms();
    struct cepa_inbox_entry found;
    int result;
    do {
        result = find(cepa, &found, id);
    } while (result == 0 && found.state == CEPA_INBOX_COMING && rest(begin_ms, timeout_ms));
    if (result == 0) {
        give(ret_entry, &found);
    }
    return result;
}

/* Changes an entry, and tells the node. */
static int change(struct cepa *cepa, const char *id,
                  int (*how)(struct cepa_inbox *inbox, const struct cepa_inbox_id *id))
{
    struct cepa_inbox_entry found;
    int result = find(cepa, &found, id);
    if (result == 0) {
        result = result_of(cepa, how(cepa->inbox, &found.id));
    }
    return result == 0 ? cepa_library_reload(cepa) : result;
}

int cepa_entry_accept(struct cepa *cepa, const char *id)
{
    return change(cepa, id, cepa_inbox_accept);
}

int cepa_entry_refuse(struct cepa *cepa, const char *id)
{
    return change(cepa, id, cepa_inbox_refuse);
}

int cepa_entry_remove(struct cepa *cepa, const char *id)
{
    return change(cepa, id, cepa_inbox_remove);
}

int cepa_entry_text(struct cepa *cepa, char **ret_text, const char *id)
{
    struct cepa_inbox_entry found;
    size_t len = 0;
    int result = find(cepa, &found, id);
    if (result != 0) {
        return result;
    }
    char *text = malloc(CEPA_MESSAGE_TEXT_MAX + 1);
    if (text == NULL) {
        return cepa_library_fail(cepa, CEPA_FAIL_MEMORY, "there is not enough memory");
    }
    result = result_of(cepa, cepa_inbox_text(cepa->inbox, text, &len, &found.id));
    if (result != 0) {
        free(text);
        return result;
    }
    text[len] = '\0';
    *ret_text = text;
    return 0;
}

int cepa_entry_open(struct cepa *cepa, int *ret_fd, const char *id)
{
    struct cepa_inbox_entry found;
    uint64_t len;
    int result = find(cepa, &found, id);
    if (result == 0 && (found.kind != CEPA_INBOX_FILE || found.state != CEPA_INBOX_HERE)) {
        return cepa_library_fail(cepa, CEPA_FAIL_STATE,
                                 found.kind == CEPA_INBOX_FILE ? "not all of this file is here"
                                                               : "this is a message, not a file");
    }
    return result == 0 ? result_of(cepa, cepa_inbox_open_read(cepa->inbox, ret_fd, &len, &found.id))
                       : result;
}
