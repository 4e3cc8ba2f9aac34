/* cepa expose: others reach a service of this machine, by an address of its user. Those whom the
 * user has blocked do not, nor strangers if it is for contacts. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/daemon_options.h"
#include "cli/serving.h"
#include "identity/address.h"
#include "native/client/welcome.h"
#include "native/proxy/dials.h"
#include "native/proxy/names.h"
#include "native/store/contacts.h"

/* One run of the command. */
struct run {
    const char *command;
    bool is_json;
    bool is_offered; /* the daemon has said so */
    bool is_refused; /* or that it cannot be */
    bool is_again;   /* to another daemon before */
    uint16_t port;
    struct cepa_proxy_service service;
    const char *identity; /* or NULL for the default one */
    bool is_for_contacts; /* --contacts */
    struct cepa_contacts *contacts;
    struct cepa_cli_serving serving;
    struct cepa_dials *dials;
};

/* Asks the daemon to be told of connections. */
static void offer(struct run *run)
{
    struct cepa_control_request request = {.kind = CEPA_CONTROL_LISTEN};
    (void)snprintf(request.service, sizeof request.service, "%s", run->service.text);
    (void)snprintf(request.identity, sizeof request.identity, "%s",
                   run->identity != NULL ? run->identity : "");
    cepa_cli_serving_ask(&run->serving, &request, -1);
}

static void take(struct run *run, uint32_t stream, int fd)
{
    const struct cepa_control_request request = {.kind = CEPA_CONTROL_TAKE, .stream = stream};
    cepa_cli_serving_ask(&run->serving, &request, fd);
}

static void refuse(struct run *run, uint32_t stream, bool is_denied)
{
    const struct cepa_control_request request = {
        .kind = CEPA_CONTROL_REFUSE, .stream = stream, .is_denied = is_denied};
    cepa_cli_serving_ask(&run->serving, &request, -1);
}

/* Says under which name others reach it. */
static void say_offer(const struct run *run, const char *address_text)
{
    struct cepa_address address;
    char host[CEPA_ADDRESS_HOST_SIZE];
    struct cepa_proxy_service by_port;
    if (cepa_address_read(&address, NULL, address_text, strlen(address_text)) != 0) {
        return;
    }
    cepa_address_write_host(host, &address);
    cepa_proxy_service_of_port(&by_port, run->port);
    bool is_named = strcmp(by_port.text, run->service.text) != 0;
    if (run->is_json) {
        printf("{\"service\": \"%s\", \"port\": %u, \"address\": \"%s\", \"host\": \"%s%s%s\"}\n",
               run->service.text, (unsigned)run->port, address_text,
               is_named ? run->service.text : "", is_named ? "." : "", host);
    } else if (is_named) {
        printf("port %u is %s.%s\n", (unsigned)run->port, run->service.text, host);
    } else {
        printf("port %u is %s:%u\n", (unsigned)run->port, host, (unsigned)run->port);
    }
    (void)fflush(stdout);
}

static void on_line(void *context, const cJSON *line, struct cepa_time now)
{
    struct run *run = context;
    int64_t stream = cepa_cli_serving_number(line, "stream", -1);
    bool is_ok = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(line, "ok"));
    if (!run->is_offered && stream < 0) {
        run->is_offered = is_ok;
        run->is_refused = !is_ok;
        if (is_ok && !run->is_again) {
            say_offer(run, cepa_cli_serving_text(line, "address"));
        } else if (!is_ok) {
            (void)cepa_cli_daemon_fail(run->command, cepa_cli_serving_text(line, "reason"));
        }
    } else if (is_ok && strcmp(cepa_cli_serving_text(line, "event"), "incoming") == 0) {
        if (!cepa_client_is_welcome(run->contacts, cepa_cli_serving_text(line, "from"),
                                    run->is_for_contacts)) {
            refuse(run, (uint32_t)stream, true);
        } else if (cepa_dials_begin(run->dials, (uint32_t)stream, run->port, now) != 0) {
            refuse(run, (uint32_t)stream, false);
        }
    }
}

static void on_ready(void *context, const struct cepa_loop_ready *ready, struct cepa_time now)
{
    struct run *run = context;
    (void)now;
    (void)cepa_dials_on_ready(run->dials, ready);
}

static void step(void *context, struct cepa_time now)
{
    struct run *run = context;
    struct cepa_dials_result result;
    cepa_dials_step(run->dials, now);
    while (cepa_dials_next(run->dials, &result)) {
        if (result.error == 0) {
            take(run, result.key, result.fd);
            (void)close(result.fd);
            continue;
        }
        fprintf(stderr, "cepa %s: nothing answers at port %u of this machine\n", run->command,
                (unsigned)run->port);
        refuse(run, result.key, false);
    }
    if (run->is_refused) {
        cepa_cli_serving_end(&run->serving);
    }
}

/* Connections that were to be taken are those of the daemon that has ended. */
static void on_daemon(void *context, bool is_here, struct cepa_time now)
{
    struct run *run = context;
    (void)now;
    if (is_here) {
        offer(run);
        return;
    }
    run->is_offered = false;
    run->is_again = true;
    cepa_dials_close(run->dials);
    run->dials = NULL;
    if (cepa_dials_open(&run->dials, run->serving.loop, CEPA_CLI_SERVING_NUMBERS) != 0) {
        run->is_refused = true;
        (void)cepa_cli_daemon_fail(run->command, "there is not enough memory");
        cepa_cli_serving_end(&run->serving);
    }
}

static struct cepa_time deadline(void *context)
{
    const struct run *run = context;
    return cepa_dials_deadline(run->dials);
}

static int serve(struct run *run, const struct cepa_config *config)
{
    const struct cepa_cli_server server = {run, on_line, on_ready, step, deadline, on_daemon};
    struct cepa_reason reason;
    int status = cepa_cli_serving_open(&run->serving, &reason, run->command, config->control);
    if (status == 0) {
        status = cepa_contacts_open(&run->contacts, &reason, config->state_directory);
    }
    if (status == 0 &&
        cepa_dials_open(&run->dials, run->serving.loop, CEPA_CLI_SERVING_NUMBERS) != 0) {
        status = cepa_reason_fail(&reason, CEPA_ERR_FULL, "there is no memory");
    }
    if (status == 0) {
        offer(run);
        status = cepa_cli_serving_run(&run->serving, &reason, &server);
    }
    if (run->is_refused) {
        return CEPA_CLI_FAILED;
    }
    return status == 0 ? CEPA_CLI_OK : cepa_cli_daemon_fail(run->command, reason.text);
}

/* Reads the port, and the name if there is one. */
static bool read_service(struct run *run, const struct cepa_cli_arguments *arguments,
                         const char *name)
{
    uint32_t port = 0;
    if (arguments->len != 1 || !cepa_cli_read_number(&port, arguments->values[0], 1, UINT16_MAX)) {
        return false;
    }
    run->port = (uint16_t)port;
    cepa_proxy_service_of_port(&run->service, run->port);
    return name == NULL || cepa_proxy_service_read(&run->service, name, strlen(name)) == 0;
}

int cepa_cli_expose(int argc, char **argv)
{
    struct run run;
    struct cepa_cli_daemon daemon = {NULL, NULL, NULL, false};
    struct cepa_cli_option options[CEPA_CLI_DAEMON_OPTIONS + 3];
    const char *name = NULL;
    memset(&run, 0, sizeof run);
    cepa_cli_daemon_options(options, &daemon);
    options[CEPA_CLI_DAEMON_OPTIONS] = (struct cepa_cli_option){
        'n', "name", "SERVICE", "what others call it; without, by its port", NULL, &name};
    options[CEPA_CLI_DAEMON_OPTIONS + 1] = (struct cepa_cli_option){
        'i',  "identity",   "NAME", "whose address it has; the default identity's",
        NULL, &run.identity};
    options[CEPA_CLI_DAEMON_OPTIONS + 2] = (struct cepa_cli_option){
        0, "contacts", NULL, "only for contacts who say who they are", &run.is_for_contacts, NULL};
    const struct cepa_cli_syntax syntax = {
        "cepa expose PORT [--name SERVICE] [--identity NAME] [--contacts] [--json]",
        "Lets others connect with the service at a TCP port of this machine, by your address, "
        "until\n"
        "it is ended. Prints the host name by which they reach it through 'cepa proxy'. Whoever\n"
        "knows the address and the name can connect, but for those who are blocked; the service\n"
        "sees nothing of who that is.\n",
        options, CEPA_CLI_DAEMON_OPTIONS + 3, 1};
    struct cepa_cli_arguments arguments;
    struct cepa_config config;
    int status = cepa_cli_parse(&arguments, &syntax, argc, argv);
    if (status != CEPA_CLI_PROCEED) {
        return status;
    }
    if (!read_service(&run, &arguments, name) ||
        (run.identity != NULL && strlen(run.identity) > CEPA_NAME_MAX)) {
        fprintf(stderr,
                "cepa expose: it takes a port from 1 to 65535; a name has letters, digits and "
                "hyphens\nUsage: %s\n",
                syntax.usage);
        return CEPA_CLI_USAGE;
    }
    run.command = argv[0];
    run.is_json = daemon.is_json;
    status = cepa_cli_daemon_config(&config, argv[0], &daemon);
    if (status == CEPA_CLI_OK) {
        status = serve(&run, &config);
        cepa_dials_close(run.dials);
        cepa_contacts_close(run.contacts);
        cepa_cli_serving_close(&run.serving);
    }
    return status;
}
