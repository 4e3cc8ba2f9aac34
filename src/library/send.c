/* Sending files and messages: native/client does it, in the caller's thread. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "library/handle.h"
#include "native/client/file_facts.h"
#include "native/client/send_file.h"

enum { PATIENCE_SECONDS = 600 };

/* Something on its way. */
struct errand {
    struct cepa *cepa;
    struct cepa_send_options wanted;
    struct cepa_address peer;
    char address[CEPA_ADDRESS_TEXT_SIZE];
    struct cepa_client_sending sending;
    uint64_t size;
    bool is_stopped; /* the program has said so */
};

static bool goes_on(void *context, uint64_t bytes, const char *word)
{
    struct errand *errand = context;
    const struct cepa_send_options *wanted = &errand->wanted;
    errand->is_stopped =
        errand->is_stopped || (wanted->progress != NULL &&
                               wanted->progress(wanted->context, bytes, errand->size, word) != 0);
    return !errand->is_stopped;
}

static int begin(struct errand *ret_errand, struct cepa *cepa, const char *address,
                 const struct cepa_send_options *options)
{
    memset(ret_errand, 0, sizeof *ret_errand);
    ret_errand->cepa = cepa;
    ret_errand->size = CEPA_SIZE_UNKNOWN;
    cepa_library_take(&ret_errand->wanted, sizeof ret_errand->wanted, options);
    if ((ret_errand->wanted.flags & ~(CEPA_SEND_BARE | CEPA_SEND_LIVE)) != 0) {
        return cepa_library_fail(cepa, CEPA_FAIL_ARGUMENT, "a flag is not known here");
    }
    int result = cepa_library_read_address(cepa, &ret_errand->peer, address);
    if (result != 0) {
        return result;
    }
    cepa_address_write(ret_errand->address, &ret_errand->peer);
    ret_errand->sending = (struct cepa_client_sending){
        .control = cepa->config.control,
        .address = ret_errand->address,
        .as = ret_errand->wanted.as,
        .patience_s =
            ret_errand->wanted.patience_s != 0 ? ret_errand->wanted.patience_s : PATIENCE_SECONDS,
        .is_live = (ret_errand->wanted.flags & CEPA_SEND_LIVE) != 0,
        .goes_on = goes_on,
        .context = ret_errand};
    return 0;
}

/* What came of it, for the program. */
static int end(const struct errand *errand, int status)
{
    if (status != 0 && errand->is_stopped) {
        return CEPA_FAIL_STOPPED;
    }
    /* Only the daemon's socket can be out of reach here; else another try is made. */
    return status == CEPA_ERR_UNREACHABLE ? CEPA_FAIL_NO_NODE : cepa_library_result(status);
}

static int send_file(struct cepa *cepa, struct cepa_sent *ret_sent, const char *address, int fd,
                     const char *shown, const struct cepa_send_options *options)
{
    struct cepa_client_file file = {.fd = fd, .shown = shown};
    struct cepa_client_sent done;
    struct cepa_sent sent;
    struct errand errand;
    int result = begin(&errand, cepa, address, options);
    if (result != 0) {
        return result;
    }
    const struct cepa_client_offer offer = {cepa->config.state_directory, &errand.peer,
                                            errand.wanted.as,
                                            errand.wanted.name != NULL ? errand.wanted.name : shown,
                                            (errand.wanted.flags & CEPA_SEND_BARE) != 0};
    int status = cepa_client_describe(&file, &cepa->reason, &offer);
    if (status == CEPA_ERR_NOT_FOUND) {
        return CEPA_FAIL_NO_NODE;
    }
    errand.size = file.header.size;
    if (status == 0) {
        status = cepa_client_send_file(&done, &cepa->reason, &errand.sending, &file);
    }
    if (status == 0 && ret_sent != NULL) {
        memset(&sent, 0, sizeof sent);
        sent.bytes = done.bytes;
        sent.moved = done.moved;
        sent.stall_ns = done.stall_ns;
        sent.sessions = done.sessions;
        memcpy(sent.hash, done.hash, sizeof sent.hash);
        cepa_library_give(ret_sent, &sent, sizeof sent);
    }
    return end(&errand, status);
}

int cepa_send_file(struct cepa *cepa, struct cepa_sent *ret_sent, const char *address,
                   const char *path, const struct cepa_send_options *options)
{
    if (path == NULL) {
        return cepa_library_fail(cepa, CEPA_FAIL_ARGUMENT, "there is no path");
    }
    const char *slash = strrchr(path, '/');
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return cepa_library_fail(cepa, errno == ENOENT ? CEPA_FAIL_NOT_FOUND : CEPA_FAIL_SYSTEM,
                                 "%s: %s", path, strerror(errno));
    }
    int result = send_file(cepa, ret_sent, address, fd, slash != NULL ? slash + 1 : path, options);
    close(fd);
    return result;
}

int cepa_send_fd(struct cepa *cepa, struct cepa_sent *ret_sent, const char *address, int fd,
                 const struct cepa_send_options *options)
{
    return send_file(cepa, ret_sent, address, fd, "file", options);
}

int cepa_send_message(struct cepa *cepa, struct cepa_sent *ret_sent, const char *address,
                      const char *text, const struct cepa_send_options *options)
{
    struct cepa_client_left left;
    struct cepa_sent sent;
    struct errand errand;
    int result = begin(&errand, cepa, address, options);
    if (result != 0) {
        return result;
    }
    if (text == NULL ||
        cepa_message_check(CEPA_MESSAGE_TEXT, (const uint8_t *)text, strlen(text)) != 0) {
        return cepa_library_fail(cepa, CEPA_FAIL_ARGUMENT,
                                 "a message is 1 to 65536 bytes of UTF-8");
    }
    errand.size = strlen(text);
    int status = cepa_client_send_message(&left, &cepa->reason, &errand.sending, text);
    if (status == 0 && ret_sent != NULL) {
        memset(&sent, 0, sizeof sent);
        sent.bytes = errand.size;
        sent.moved = errand.size;
        sent.mailboxes = left.mailboxes;
        cepa_library_give(ret_sent, &sent, sizeof sent);
    }
    return end(&errand, status);
}
