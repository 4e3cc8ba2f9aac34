/* What the files of the library share. */
#define _GNU_SOURCE
#include "library/handle.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "native/net/clock.h"

int cepa_library_fail(struct cepa *cepa, int failure, const char *format, ...)
{
    va_list arguments;
    struct cepa_reason reason; /* an argument may be the old one */
    va_start(arguments, format);
    (void)vsnprintf(reason.text, sizeof reason.text, format, arguments);
    va_end(arguments);
    cepa->reason = reason;
    return failure;
}

int cepa_library_result(int error)
{
    switch (error) {
    case 0:
        return 0;
    case CEPA_ERR_ARGUMENT:
    case CEPA_ERR_TOO_LONG:
        return CEPA_FAIL_ARGUMENT;
    case CEPA_ERR_NOT_FOUND:
        return CEPA_FAIL_NOT_FOUND;
    case CEPA_ERR_IN_USE:
        return CEPA_FAIL_IN_USE;
    case CEPA_ERR_TIMEOUT:
        return CEPA_FAIL_TIMEOUT;
    case CEPA_ERR_UNREACHABLE:
        return CEPA_FAIL_UNREACHABLE;
    case CEPA_ERR_DROPPED:
        return CEPA_FAIL_REFUSED;
    case CEPA_ERR_FULL:
        return CEPA_FAIL_FULL;
    case CEPA_ERR_MALFORMED:
    case CEPA_ERR_AUTHENTICATION:
        return CEPA_FAIL_BROKEN;
    case CEPA_ERR_STATE:
        return CEPA_FAIL_STATE;
    case CEPA_ERR_EXHAUSTED:
        return CEPA_FAIL_MEMORY;
    default:
        return CEPA_FAIL_SYSTEM;
    }
}

int cepa_library_read_address(struct cepa *cepa, struct cepa_address *ret_address, const char *text)
{
    struct cepa_address_slips slips = {.len = 0};
    if (text == NULL) {
        return cepa_library_fail(cepa, CEPA_FAIL_ARGUMENT, "there is no address");
    }
    int status = cepa_address_read(ret_address, &slips, text, strlen(text));
    if (status == 0) {
        return 0;
    }
    if (slips.len > 0) {
        return cepa_library_fail(cepa, CEPA_FAIL_ADDRESS,
                                 "this address is mistyped, probably at its character %zu; copy it "
                                 "again",
                                 (size_t)slips.positions[0] + 1);
    }
    return cepa_library_fail(
        cepa, CEPA_FAIL_ADDRESS, "%s",
        status == CEPA_ERR_VERSION  ? "this address is of a newer version of cepa"
        : status == CEPA_ERR_LENGTH ? "this address has too few or too many characters"
                                    : "this is no address, or it is mistyped in several places; "
                                      "addresses begin with cepa1");
}

int cepa_library_ask(struct cepa *cepa, struct cJSON **ret_answer,
                     const struct cepa_control_request *request)
{
    int status = cepa_control_ask(ret_answer, &cepa->reason, cepa->config.control, request);
    /* Whatever the system says of a daemon's socket: there is no daemon behind it. */
    return status == CEPA_ERR_UNREACHABLE || status == CEPA_ERR_SYSTEM
               ? CEPA_FAIL_NO_NODE
               : cepa_library_result(status);
}

int cepa_library_reload(struct cepa *cepa)
{
    const struct cepa_control_request request = {.kind = CEPA_CONTROL_RELOAD};
    cJSON *answer = NULL;
    int result = cepa_library_ask(cepa, &answer, &request);
    cJSON_Delete(answer);
    return result == CEPA_FAIL_NO_NODE ? 0 : result;
}

int cepa_library_pair(struct cepa *cepa, int ret_pair[2])
{
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ret_pair) == 0
               ? 0
               : cepa_library_fail(cepa, CEPA_FAIL_SYSTEM, "no socket can be made: %s",
                                   strerror(errno));
}

const char *cepa_library_text(const struct cJSON *line, const char *field)
{
    const cJSON *text = cJSON_GetObjectItemCaseSensitive(line, field);
    return cJSON_IsString(text) ? text->valuestring : "";
}

uint64_t cepa_library_now_ms(void)
{
    return cepa_clock_now().ns / CEPA_MILLISECOND_NS;
}

int cepa_library_left_ms(uint64_t begin_ms, int timeout_ms)
{
    uint64_t passed = cepa_library_now_ms() - begin_ms;
    return timeout_ms < 0 ? -1 : passed >= (uint64_t)timeout_ms ? 0 : timeout_ms - (int)passed;
}

void cepa_library_give(void *ret_theirs, const void *ours, size_t ours_size)
{
    size_t size;
    memcpy(&size, ret_theirs, sizeof size);
    if (size <= sizeof size) {
        return;
    }
    size_t both = size < ours_size ? size : ours_size;
    uint8_t *theirs = ret_theirs;
    memcpy(theirs + sizeof size, (const uint8_t *)ours + sizeof size, both - sizeof size);
    memset(theirs + both, 0, size - both);
}

void cepa_library_take(void *ret_ours, size_t ours_size, const void *theirs)
{
    size_t size = 0;
    memset(ret_ours, 0, ours_size);
    if (theirs != NULL) {
        memcpy(&size, theirs, sizeof size);
        memcpy(ret_ours, theirs, size < ours_size ? size : ours_size);
    }
}
