/* Whether the other end of a chat has its chat open too. */
#define _GNU_SOURCE
#include "cli/chat_presence.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/serving.h"
#include "native/net/clock.h"

enum {
    FIRST_ASKED = 1 << 30, /* the daemon counts what comes in from 1 */
    LOOK_MS = 1000,        /* for a daemon that is gone */
    ASK_SECONDS = 5,       /* for the other end; more after more failures */
    ASK_FACTOR_MAX = 12,
    SERVICE_CHARACTERS = 40 /* of the address of who may use it, behind its first five */
};

/* The service that is offered to whoever has this address. */
static void write_service(char ret_service[CEPA_CONNECT_NAME_MAX + 1], const char *address)
{
    size_t skip = strlen("cepa1");
    snprintf(ret_service, CEPA_CONNECT_NAME_MAX + 1, "chat-%.*s", SERVICE_CHARACTERS,
             strlen(address) > skip ? address + skip : "");
}

static void let_go(struct cepa_cli_held *held)
{
    if (held->fd >= 0) {
        (void)close(held->fd);
    }
    *held = (struct cepa_cli_held){.fd = -1};
}

static void lose_daemon(struct cepa_cli_presence *presence, struct cepa_time now)
{
    if (presence->is_open) {
        cepa_control_client_close(&presence->client);
        presence->is_open = false;
    }
    let_go(&presence->ours);
    let_go(&presence->theirs);
    presence->is_away = false;
    presence->failures = 0;
    presence->due = cepa_time_add(now, LOOK_MS * CEPA_MILLISECOND_NS);
}

static void ask(struct cepa_cli_presence *presence, const struct cepa_control_request *request,
                int socket, struct cepa_time now)
{
    if (cepa_control_client_send_socket(&presence->client, &presence->why, request, socket) != 0) {
        lose_daemon(presence, now);
    }
}

static void ask_peer(struct cepa_cli_presence *presence, struct cepa_time now)
{
    struct cepa_control_request request = {.kind = CEPA_CONTROL_CONNECT};
    presence->asked++;
    presence->ours.stream = FIRST_ASKED + presence->asked % FIRST_ASKED;
    presence->due = cepa_time_never();
    request.stream = presence->ours.stream;
    (void)snprintf(request.address, sizeof request.address, "%s", presence->peer);
    (void)snprintf(request.identity, sizeof request.identity, "%s", presence->as);
    (void)snprintf(request.service, sizeof request.service, "%s", presence->wanted);
    ask(presence, &request, -1, now);
}

static int find_daemon(struct cepa_cli_presence *presence, struct cepa_reason *ret_reason)
{
    struct cepa_control_request request = {.kind = CEPA_CONTROL_LISTEN};
    struct cepa_time now = cepa_clock_now();
    int status = cepa_control_client_open(&presence->client, ret_reason, presence->control);
    if (status != 0) {
        presence->due = cepa_time_add(now, LOOK_MS * CEPA_MILLISECOND_NS);
        return status;
    }
    presence->is_open = true;
    (void)snprintf(request.service, sizeof request.service, "%s", presence->offered);
    (void)snprintf(request.identity, sizeof request.identity, "%s", presence->as);
    ask(presence, &request, -1, now);
    if (presence->is_open) {
        ask_peer(presence, now);
    }
    return 0;
}

int cepa_cli_presence_open(struct cepa_cli_presence *ret_presence, struct cepa_reason *ret_reason,
                           const char *control, const char *peer, const char *as, const char *own)
{
    memset(ret_presence, 0, sizeof *ret_presence);
    ret_presence->control = control;
    ret_presence->peer = peer;
    ret_presence->as = as;
    ret_presence->ours.fd = -1;
    ret_presence->theirs.fd = -1;
    write_service(ret_presence->offered, peer);
    write_service(ret_presence->wanted, own);
    int status = find_daemon(ret_presence, ret_reason);
    ret_presence->was_open = ret_presence->is_open;
    return status;
}

void cepa_cli_presence_close(struct cepa_cli_presence *presence)
{
    lose_daemon(presence, (struct cepa_time){0});
}

size_t cepa_cli_presence_fds(const struct cepa_cli_presence *presence,
                             struct pollfd ret_fds[CEPA_CLI_PRESENCE_FDS])
{
    const int fds[] = {presence->is_open ? presence->client.fd : -1, presence->ours.fd,
                       presence->theirs.fd};
    size_t len = 0;
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        if (fds[i] >= 0) {
            ret_fds[len] = (struct pollfd){fds[i], POLLIN, 0};
            len++;
        }
    }
    return len;
}

/* --- what the daemon tells -------------------------------------------------------------------- */

/* Joins a stream that stands with a socket of ours. */
static void take(struct cepa_cli_presence *presence, struct cepa_cli_held *held, uint32_t stream,
                 struct cepa_time now)
{
    const struct cepa_control_request request = {.kind = CEPA_CONTROL_TAKE, .stream = stream};
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) {
        return;
    }
    let_go(held);
    held->fd = pair[0];
    held->stream = stream;
    ask(presence, &request, pair[1], now);
    (void)close(pair[1]);
}

static void ask_later(struct cepa_cli_presence *presence, struct cepa_time now)
{
    uint32_t factor = presence->failures < ASK_FACTOR_MAX ? presence->failures + 1 : ASK_FACTOR_MAX;
    presence->failures++;
    presence->due = cepa_time_add(now, factor * ASK_SECONDS * CEPA_SECOND_NS);
}

/* Our connection is none, or none any more. */
static void on_ours_over(struct cepa_cli_presence *presence, const cJSON *line,
                         struct cepa_time now)
{
    bool is_refused = cepa_cli_serving_number(line, "error", 0) == CEPA_ERR_DROPPED;
    let_go(&presence->ours);
    presence->is_away = is_refused;
    if (!is_refused) {
        ask_later(presence, now);
    }
}

/* Somebody asks for our service: it is for one only, and others do not learn of it. */
static void on_incoming(struct cepa_cli_presence *presence, const cJSON *line, struct cepa_time now)
{
    uint32_t stream = (uint32_t)cepa_cli_serving_number(line, "stream", 0);
    if (strcmp(cepa_cli_serving_text(line, "from"), presence->peer) != 0) {
        const struct cepa_control_request request = {
            .kind = CEPA_CONTROL_REFUSE, .stream = stream, .is_denied = true};
        ask(presence, &request, -1, now);
        return;
    }
    take(presence, &presence->theirs, stream, now);
    /* Whoever asks is there; it may not have been when it was asked. */
    if (presence->is_open && presence->ours.stream == 0) {
        presence->failures = 0;
        ask_peer(presence, now);
    }
}

static void on_event(struct cepa_cli_presence *presence, const cJSON *line, struct cepa_time now)
{
    const char *event = cepa_cli_serving_text(line, "event");
    uint32_t stream = (uint32_t)cepa_cli_serving_number(line, "stream", 0);
    struct cepa_cli_held *held =
        stream == presence->ours.stream ? &presence->ours : &presence->theirs;
    if (strcmp(event, "incoming") == 0) {
        on_incoming(presence, line, now);
    } else if (stream == 0 || stream != held->stream) {
        return;
    } else if (strcmp(event, "ready") == 0 && held == &presence->ours) {
        presence->failures = 0;
        take(presence, held, stream, now);
    } else if (strcmp(event, "cut") == 0 || strcmp(event, "mended") == 0) {
        held->is_cut = event[0] == 'c';
    } else if (strcmp(event, "ended") == 0 && held == &presence->ours) {
        on_ours_over(presence, line, now);
    } else if (strcmp(event, "ended") == 0) {
        let_go(held);
    }
}

static void on_line(struct cepa_cli_presence *presence, const cJSON *line, struct cepa_time now)
{
    bool is_ok = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(line, "ok"));
    int64_t stream = cepa_cli_serving_number(line, "stream", -1);
    if (is_ok) {
        on_event(presence, line, now);
    } else if (stream < 0) {
        presence->is_refused = true;
        cepa_reason_set(&presence->why, "%s", cepa_cli_serving_text(line, "reason"));
    } else if ((uint32_t)stream == presence->ours.stream) {
        on_ours_over(presence, line, now);
    } else if ((uint32_t)stream == presence->theirs.stream) {
        let_go(&presence->theirs);
    }
}

static void hear(struct cepa_cli_presence *presence, struct cepa_time now)
{
    cJSON *line = NULL;
    int status = 0;
    while (presence->is_open && status == 0) {
        status = cepa_control_client_hear(&presence->client, &line, &presence->why, 0);
        if (status == 0) {
            on_line(presence, line, now);
            cJSON_Delete(line);
        }
    }
    if (presence->is_open && status != CEPA_ERR_TIMEOUT) {
        lose_daemon(presence, now);
    }
}

/* --- turns ------------------------------------------------------------------------------------ */

/* A connection whose other end has gone; nobody says anything over it. */
static bool has_ended(const struct cepa_cli_held *held)
{
    uint8_t bytes[64];
    ssize_t got = 1;
    while (held->fd >= 0 && got > 0) {
        got = recv(held->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    }
    return held->fd >= 0 && got == 0;
}

bool cepa_cli_presence_is_here(const struct cepa_cli_presence *presence)
{
    return presence->ours.fd >= 0 || presence->theirs.fd >= 0;
}

void cepa_cli_presence_hurry(struct cepa_cli_presence *presence)
{
    if (presence->is_open && presence->ours.stream == 0) {
        presence->is_away = false;
        presence->failures = 0;
        presence->due = cepa_clock_now();
    }
}

static enum cepa_cli_presence_event find_change(struct cepa_cli_presence *presence)
{
    bool is_here = cepa_cli_presence_is_here(presence);
    bool is_cut = is_here && (presence->ours.fd < 0 || presence->ours.is_cut) &&
                  (presence->theirs.fd < 0 || presence->theirs.is_cut);
    if (presence->is_refused) {
        return CEPA_CLI_PRESENCE_REFUSED;
    }
    if (presence->is_open != presence->was_open) {
        presence->was_open = presence->is_open;
        presence->told_here = 0;
        presence->was_cut = false;
        return presence->is_open ? CEPA_CLI_PRESENCE_BACK : CEPA_CLI_PRESENCE_GONE;
    }
    if (is_here && presence->told_here != 1) {
        presence->told_here = 1;
        presence->was_cut = false;
        return CEPA_CLI_PRESENCE_HERE;
    }
    if (!is_here && (presence->told_here == 1 || (presence->is_away && presence->told_here == 0))) {
        presence->told_here = -1;
        return CEPA_CLI_PRESENCE_AWAY;
    }
    if (is_here && is_cut != presence->was_cut) {
        presence->was_cut = is_cut;
        return is_cut ? CEPA_CLI_PRESENCE_CUT : CEPA_CLI_PRESENCE_MENDED;
    }
    return CEPA_CLI_PRESENCE_NOTHING;
}

enum cepa_cli_presence_event cepa_cli_presence_step(struct cepa_cli_presence *presence)
{
    struct cepa_reason reason;
    struct cepa_time now = cepa_clock_now();
    if (!presence->is_open && cepa_time_is_due(presence->due, now)) {
        (void)find_daemon(presence, &reason);
    }
    if (presence->is_open) {
        hear(presence, now);
    }
    if (has_ended(&presence->theirs)) {
        let_go(&presence->theirs);
    }
    if (has_ended(&presence->ours)) {
        let_go(&presence->ours);
        ask_later(presence, now);
    }
    if (presence->is_open && presence->ours.stream == 0 && !presence->is_away &&
        cepa_time_is_due(presence->due, now)) {
        ask_peer(presence, now);
    }
    return find_change(presence);
}
