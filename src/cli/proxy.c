/* cepa proxy: other programs reach addresses, by SOCKS 5. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/daemon_options.h"
#include "cli/serving.h"
#include "native/proxy/listener.h"
#include "native/proxy/socks_server.h"

enum { ISOLATION_BYTES = 16 /* of the tag: enough to keep apart */ };

/* One run of the command. */
struct run {
    const char *command;
    const char *as; /* the identity that others learn, or NULL */
    struct cepa_cli_serving serving;
    struct cepa_contacts *contacts;
    struct cepa_socks_server *server;
    /* Clients that the daemon was asked for, by their numbers; 0: a free place. */
    uint32_t asked[CEPA_LISTENER_CLIENTS_MAX];
};

static void say_reason(const struct run *run, const char *reason)
{
    fprintf(stderr, "cepa %s: %s\n", run->command, reason);
}

/* Puts `to` in the place of `from`: 0 for none. */
static void note(struct run *run, uint32_t from, uint32_t to)
{
    for (size_t i = 0; i < CEPA_LISTENER_CLIENTS_MAX; i++) {
        if (run->asked[i] == from) {
            run->asked[i] = to;
            return;
        }
    }
}

/* A client gets nothing, or its connection is over. */
static void let_go(struct run *run, uint32_t client, int error, struct cepa_time now)
{
    int fd;
    if (cepa_socks_server_answer(run->server, &fd, client, error, now) != 0) {
        cepa_socks_server_release(run->server, client);
    }
}

/* Asks the daemon for what a client wants. */
static void want(struct run *run, const struct cepa_socks_server_said *said)
{
    static const uint8_t zeros[CEPA_SOCKS_ISOLATION_SIZE];
    struct cepa_control_request request = {.kind = CEPA_CONTROL_CONNECT, .stream = said->client};
    cepa_address_write(request.address, &said->target.address);
    (void)snprintf(request.service, sizeof request.service, "%s", said->target.service.text);
    if (run->as != NULL) {
        (void)snprintf(request.identity, sizeof request.identity, "%s", run->as);
    }
    for (size_t i = 0; i < ISOLATION_BYTES && memcmp(said->isolation, zeros, sizeof zeros) != 0;
         i++) {
        (void)snprintf(request.isolate + 2 * i, 3, "%02x", said->isolation[i]);
    }
    note(run, 0, said->client);
    cepa_cli_serving_ask(&run->serving, &request, -1);
}

static void give_up(struct run *run, uint32_t client)
{
    const struct cepa_control_request request = {.kind = CEPA_CONTROL_REFUSE, .stream = client};
    note(run, client, 0);
    cepa_cli_serving_ask(&run->serving, &request, -1);
}

/* Its connection stands: the daemon gets the client's socket, and moves bytes from now on. */
static void grant(struct run *run, uint32_t client, struct cepa_time now)
{
    const struct cepa_control_request request = {.kind = CEPA_CONTROL_TAKE, .stream = client};
    int fd;
    if (cepa_socks_server_answer(run->server, &fd, client, 0, now) != 0) {
        give_up(run, client);
        return;
    }
    cepa_cli_serving_ask(&run->serving, &request, fd);
    (void)close(fd);
}

static void on_line(void *context, const cJSON *line, struct cepa_time now)
{
    struct run *run = context;
    uint32_t client = (uint32_t)cepa_cli_serving_number(line, "stream", 0);
    const char *event = cepa_cli_serving_text(line, "event");
    int fd;
    if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(line, "ok"))) {
        int error = (int)cepa_cli_serving_number(line, "error", CEPA_ERR_SYSTEM);
        error = error < 0 ? error : CEPA_ERR_SYSTEM;
        if (client == 0 || cepa_socks_server_answer(run->server, &fd, client, error, now) == 0) {
            say_reason(run, cepa_cli_serving_text(line, "reason"));
        }
        cepa_socks_server_release(run->server, client);
        note(run, client, 0);
    } else if (strcmp(event, "ready") == 0) {
        grant(run, client, now);
    } else if (strcmp(event, "ended") == 0) {
        cepa_socks_server_release(run->server, client);
        note(run, client, 0);
    }
}

/* What a daemon was asked for ends with it; those who connect are told till there is one again. */
static void on_daemon(void *context, bool is_here, struct cepa_time now)
{
    struct run *run = context;
    for (size_t i = 0; i < CEPA_LISTENER_CLIENTS_MAX && !is_here; i++) {
        if (run->asked[i] != 0) {
            let_go(run, run->asked[i], CEPA_ERR_UNREACHABLE, now);
            run->asked[i] = 0;
        }
    }
}

static void on_ready(void *context, const struct cepa_loop_ready *ready, struct cepa_time now)
{
    struct run *run = context;
    (void)cepa_socks_server_on_ready(run->server, ready, now);
}

static void step(void *context, struct cepa_time now)
{
    struct run *run = context;
    struct cepa_socks_server_said said;
    cepa_socks_server_step(run->server, now);
    while (cepa_socks_server_next(run->server, &said)) {
        switch (said.event) {
        case CEPA_SOCKS_SERVER_WANTED:
            if (run->serving.is_here) {
                want(run, &said);
            } else {
                say_reason(run, "no daemon runs now");
                let_go(run, said.client, CEPA_ERR_UNREACHABLE, now);
            }
            break;
        case CEPA_SOCKS_SERVER_GONE:
            give_up(run, said.client);
            break;
        case CEPA_SOCKS_SERVER_REFUSED:
            say_reason(run, said.reason);
            break;
        }
    }
}

static struct cepa_time deadline(void *context)
{
    const struct run *run = context;
    return cepa_socks_server_deadline(run->server);
}

static int serve(struct run *run, const struct cepa_config *config, uint16_t port, bool is_json)
{
    const struct cepa_cli_server server = {run, on_line, on_ready, step, deadline, on_daemon};
    struct cepa_reason reason;
    int status = cepa_cli_serving_open(&run->serving, &reason, run->command, config->control);
    if (status == 0) {
        status = cepa_contacts_open(&run->contacts, &reason, config->state_directory);
    }
    if (status != 0) {
        return cepa_cli_daemon_fail(run->command, reason.text);
    }
    const struct cepa_socks_server_config clients = {run->serving.loop, CEPA_CLI_SERVING_NUMBERS,
                                                     port, CEPA_LISTENER_CLIENTS_MAX,
                                                     run->contacts};
    status = cepa_socks_server_open(&run->server, &clients);
    if (status != 0) {
        cepa_reason_set(&reason, "port %u of 127.0.0.1: %s", (unsigned)port,
                        cepa_error_text(status));
        return cepa_cli_daemon_fail(run->command, reason.text);
    }
    printf(is_json ? "{\"socks\": \"127.0.0.1:%u\"}\n"
                   : "SOCKS 5 at 127.0.0.1:%u, for names that end with .cepa\n",
           (unsigned)cepa_socks_server_port(run->server));
    (void)fflush(stdout);
    status = cepa_cli_serving_run(&run->serving, &reason, &server);
    return status == 0 ? CEPA_CLI_OK : cepa_cli_daemon_fail(run->command, reason.text);
}

int cepa_cli_proxy(int argc, char **argv)
{
    struct run run;
    struct cepa_cli_daemon daemon = {NULL, NULL, NULL, false};
    struct cepa_cli_option options[CEPA_CLI_DAEMON_OPTIONS + 2];
    const char *port_text = NULL;
    memset(&run, 0, sizeof run);
    run.serving.client.fd = -1;
    run.serving.signals_fd = -1;
    cepa_cli_daemon_options(options, &daemon);
    options[CEPA_CLI_DAEMON_OPTIONS] = (struct cepa_cli_option){
        'p', "port", "PORT", "where to listen; 4041, and 0 takes a free one", NULL, &port_text};
    options[CEPA_CLI_DAEMON_OPTIONS + 1] = (struct cepa_cli_option){
        0, "as", "NAME", "the identity that others learn; without, they learn none", NULL, &run.as};
    const struct cepa_cli_syntax syntax = {
        "cepa proxy [--port PORT] [--as NAME] [--json]",
        "Lets programs of this machine connect with services of others, by SOCKS 5 on 127.0.0.1,\n"
        "until it is ended. They ask for CONTACT.cepa, SERVICE.CONTACT.cepa, or an address before\n"
        ".cepa; without SERVICE the port is its name. Programs that give a user name or a\n"
        "password share no session with those that give another. There are no exits: other names\n"
        "and IP addresses are refused.\n",
        options, CEPA_CLI_DAEMON_OPTIONS + 2, 0};
    struct cepa_cli_arguments arguments;
    struct cepa_config config;
    uint32_t port = CEPA_LISTENER_PORT;
    int status = cepa_cli_parse(&arguments, &syntax, argc, argv);
    if (status != CEPA_CLI_PROCEED) {
        return status;
    }
    if (!cepa_cli_read_number(&port, port_text, 0, UINT16_MAX) ||
        (run.as != NULL && strlen(run.as) > CEPA_NAME_MAX)) {
        fprintf(stderr, "cepa proxy: --port takes 0 to 65535, --as the name of an identity\n");
        return CEPA_CLI_USAGE;
    }
    run.command = argv[0];
    status = cepa_cli_daemon_config(&config, argv[0], &daemon);
    if (status == CEPA_CLI_OK) {
        status = serve(&run, &config, (uint16_t)port, daemon.is_json);
        cepa_socks_server_close(run.server);
        cepa_contacts_close(run.contacts);
        cepa_cli_serving_close(&run.serving);
    }
    return status;
}
