/* Letters: what programs leave for people who are away, and what was left for the user meanwhile,
 * which goes into the inbox like any message. @[SPEC 17.7] */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ct.h"
#include "native/daemon/engine_state.h"
#include "native/net/clock.h"
#include "wire/letter.h"

/* Reads all that the program has written into its socket, and closed behind it. Returns 0;
 * CEPA_ERR_TOO_LONG; or CEPA_ERR_MALFORMED if it is not all there. */
static int read_body(uint8_t ret_body[CEPA_LETTER_BODY_MAX + 1], size_t *ret_len, int fd)
{
    size_t len = 0;
    for (;;) {
        ssize_t got = recv(fd, ret_body + len, CEPA_LETTER_BODY_MAX + 1 - len, MSG_DONTWAIT);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return CEPA_ERR_MALFORMED;
        }
        len += (size_t)got;
        if (len > CEPA_LETTER_BODY_MAX) {
            return CEPA_ERR_TOO_LONG;
        }
        if (got == 0) {
            *ret_len = len;
            return len > 0 ? 0 : CEPA_ERR_MALFORMED;
        }
    }
}

static struct cepa_engine_leaving *find(struct cepa_engine_ends *ends,
                                        const struct cepa_end_letter *letter)
{
    for (size_t i = 0; i < CEPA_ENGINE_LETTERS_MAX; i++) {
        struct cepa_engine_leaving *leaving = &ends->leavings[i];
        if (letter == NULL ? !leaving->is_used
                           : leaving->is_used &&
                                 cepa_handle_is_equal(leaving->letter.handle, letter->handle)) {
            return leaving;
        }
    }
    return NULL;
}

/* Does it with a body that was read. */
static int leave(struct cepa_engine *engine, struct cepa_reason *ret_reason, uint64_t client,
                 const struct cepa_control_request *request, const uint8_t *body, size_t body_len)
{
    struct cepa_engine_leaving *leaving = find(&engine->ends, NULL);
    const struct cepa_engine_own *own = NULL;
    struct cepa_end_identity as = {0};
    struct cepa_address address;
    struct cepa_address_slips slips;
    if (cepa_address_read(&address, &slips, request->address, strlen(request->address)) != 0) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_ARGUMENT, "this is no address of cepa");
    }
    if (request->identity[0] != '\0') {
        int status = cepa_engine_find_identity(&own, ret_reason, engine, request->identity);
        if (status != 0) {
            return status;
        }
        as = own->identity;
    }
    int status = leaving == NULL ? CEPA_ERR_FULL
                                 : cepa_end_leave(engine->ends.end, &leaving->letter, &address, as,
                                                  body, body_len, cepa_clock_now());
    if (status != 0) {
        return cepa_reason_fail(ret_reason, status, "no letter can be left: %s",
                                cepa_error_text(status));
    }
    leaving->is_used = true;
    leaving->client = client;
    leaving->stream = request->stream;
    return 0;
}

int cepa_engine_leave(struct cepa_engine *engine, struct cepa_reason *ret_reason, uint64_t client,
                      const struct cepa_control_request *request, int fd)
{
    uint8_t body[CEPA_LETTER_BODY_MAX + 1];
    size_t body_len = 0;
    int status = read_body(body, &body_len, fd);
    close(fd);
    if (status == 0) {
        status = leave(engine, ret_reason, client, request, body, body_len);
    } else {
        cepa_reason_set(ret_reason,
                        status == CEPA_ERR_TOO_LONG
                            ? "a letter has at most %d bytes"
                            : "the letter is not there, of %d bytes at most",
                        CEPA_LETTER_BODY_MAX);
    }
    cepa_wipe(body, sizeof body);
    return status;
}

/* Tells the program what came of its letter. */
static void tell(struct cepa_engine *engine, const struct cepa_end_effect *effect)
{
    struct cepa_engine_leaving *leaving = find(&engine->ends, &effect->letter);
    if (leaving == NULL) {
        return;
    }
    const struct cepa_streams_notice notice = {
        .event = effect->event == CEPA_END_LEFT ? CEPA_STREAMS_LEFT : CEPA_STREAMS_FAILED,
        .client = leaving->client,
        .stream = leaving->stream,
        .error = effect->error,
        .mailboxes = effect->code};
    const struct cepa_engine_programs *programs = &engine->config.programs;
    leaving->is_used = false;
    if (programs->is_here(programs->context, notice.client)) {
        programs->tell(programs->context, &notice);
    }
}

bool cepa_engine_take_letter(struct cepa_engine *engine, const struct cepa_end_effect *effect,
                             struct cepa_time now)
{
    if (effect->event == CEPA_END_LEFT || effect->event == CEPA_END_NOT_LEFT) {
        tell(engine, effect);
        return true;
    }
    if (effect->event != CEPA_END_LETTER) {
        return false;
    }
    const struct cepa_engine_own *own = cepa_engine_find_own(&engine->ends, effect->identity);
    bool is_done =
        own == NULL || cepa_reception_letter(engine->ends.reception, &own->address,
                                             effect->has_address ? &effect->address : NULL,
                                             effect->data, effect->data_len);
    cepa_log_say(engine->config.log, CEPA_CONFIG_LEVEL_INFO,
                 is_done ? "a letter was fetched" : "a letter stays in its mailbox for now");
    cepa_end_letter_done(engine->ends.end, effect->identity, is_done, now);
    return true;
}
