/* cepa id: who the user is towards others, and who the node is. */
#include <stdio.h>
#include <string.h>

#include "cli/actions.h"
#include "cli/card.h"
#include "cli/commands.h"
#include "cli/id_parts.h"
#include "cli/json.h"
#include "cli/recipient.h"
#include "native/cpu.h"
#include "native/daemon/state.h"
#include "native/host.h"

static const char first_name[] = "me";

static int address_of(struct cepa_address *ret_address, const struct cepa_cli_id *id, size_t at)
{
    return cepa_identities_address(ret_address, &id->all.entries[at].secret, cepa_native_cpu()) == 0
               ? CEPA_CLI_OK
               : cepa_cli_daemon_fail(id->command, "there is not enough memory");
}

/* Prints an identity as a JSON object. */
static void print_object(const struct cepa_cli_id *id, size_t at,
                         const struct cepa_address *address)
{
    char text[CEPA_ADDRESS_TEXT_SIZE];
    char host[CEPA_ADDRESS_HOST_SIZE];
    cepa_address_write(text, address);
    cepa_address_write_host(host, address);
    printf("{\"name\": ");
    cepa_cli_json_string(id->all.entries[at].name.text);
    printf(", \"address\": \"%s\", \"host\": \"%s\", \"default\": %s}", text, host,
           at == id->all.chosen ? "true" : "false");
}

int cepa_cli_id_print(const struct cepa_cli_id *id, size_t at)
{
    struct cepa_card card;
    char text[CEPA_ADDRESS_TEXT_SIZE];
    memset(&card, 0, sizeof card);
    int status = address_of(&card.address, id, at);
    if (status != CEPA_CLI_OK) {
        return status;
    }
    if (id->daemon.is_json) {
        print_object(id, at, &card.address);
        printf("\n");
        return CEPA_CLI_OK;
    }
    cepa_address_write(text, &card.address);
    printf("%s\n", text);
    return id->has_qr ? cepa_cli_print_code(id->command, &card) : CEPA_CLI_OK;
}

int cepa_cli_id_begin(struct cepa_cli_id *id)
{
    struct cepa_reason reason;
    if (cepa_folder_enter(&id->folder, &reason, id->config.state_directory) != 0) {
        return cepa_cli_daemon_fail(id->command, reason.text);
    }
    if (cepa_folder_hold(&id->folder, &reason) != 0 ||
        cepa_identities_load(&id->all, &reason, id->folder.fd) != 0) {
        cepa_folder_close(&id->folder);
        return cepa_cli_daemon_fail(id->command, reason.text);
    }
    return CEPA_CLI_OK;
}

int cepa_cli_id_save(struct cepa_cli_id *id)
{
    struct cepa_reason reason;
    return cepa_identities_save(&id->all, &reason, id->folder.fd) == 0
               ? cepa_cli_daemon_reload(id->command, &id->config)
               : cepa_cli_daemon_fail(id->command, reason.text);
}

void cepa_cli_id_end(struct cepa_cli_id *id)
{
    cepa_identities_wipe(&id->all);
    cepa_folder_close(&id->folder);
}

/* The place of the one that an argument names, or of the default; the first is made if there is
 * none. */
static int find(size_t *ret_at, struct cepa_cli_id *id, const char *name)
{
    struct cepa_reason reason;
    struct cepa_name first = {{0}};
    int status = 0;
    if (name == NULL && id->all.len == 0) {
        memcpy(first.text, first_name, sizeof first_name);
        status = cepa_identities_make(&id->all, &reason, &first, cepa_native_random());
        if (status == 0 && cepa_cli_id_save(id) != CEPA_CLI_OK) {
            return CEPA_CLI_FAILED;
        }
    }
    if (status == 0) {
        status = cepa_identities_find(ret_at, &reason, &id->all, name);
    }
    return status == 0 ? CEPA_CLI_OK : cepa_cli_daemon_fail(id->command, reason.text);
}

static int show(void *context, const char *const *arguments, size_t len)
{
    struct cepa_cli_id *id = context;
    size_t at = 0;
    int status = cepa_cli_id_begin(id);
    if (status != CEPA_CLI_OK) {
        return status;
    }
    status = find(&at, id, len > 0 ? arguments[0] : NULL);
    if (status == CEPA_CLI_OK) {
        status = cepa_cli_id_print(id, at);
    }
    cepa_cli_id_end(id);
    return status;
}

static int list(void *context, const char *const *arguments, size_t len)
{
    struct cepa_cli_id *id = context;
    (void)arguments;
    (void)len;
    int status = cepa_cli_id_begin(id);
    if (status != CEPA_CLI_OK) {
        return status;
    }
    printf("%s", id->daemon.is_json ? "{\"identities\": [" : "");
    for (size_t i = 0; i < id->all.len && status == CEPA_CLI_OK; i++) {
        struct cepa_address address;
        char text[CEPA_ADDRESS_TEXT_SIZE];
        status = address_of(&address, id, i);
        if (status == CEPA_CLI_OK && id->daemon.is_json) {
            printf("%s", i > 0 ? ", " : "");
            print_object(id, i, &address);
        } else if (status == CEPA_CLI_OK) {
            cepa_address_write(text, &address);
            printf("%s %s %s\n", i == id->all.chosen ? "*" : " ", text,
                   id->all.entries[i].name.text);
        }
    }
    printf("%s", id->daemon.is_json ? "]}\n" : "");
    cepa_cli_id_end(id);
    return status;
}

static int make(void *context, const char *const *arguments, size_t len)
{
    struct cepa_cli_id *id = context;
    struct cepa_reason reason;
    struct cepa_name name;
    int status = cepa_cli_read_name(&name, id->command, len > 0 ? arguments[0] : first_name);
    if (status == CEPA_CLI_OK) {
        status = cepa_cli_id_begin(id);
    }
    if (status != CEPA_CLI_OK) {
        return status;
    }
    if (cepa_identities_make(&id->all, &reason, &name, cepa_native_random()) != 0) {
        status = cepa_cli_daemon_fail(id->command, reason.text);
    }
    if (status == CEPA_CLI_OK) {
        status = cepa_cli_id_save(id);
    }
    if (status == CEPA_CLI_OK) {
        status = cepa_cli_id_print(id, id->all.len - 1);
    }
    cepa_cli_id_end(id);
    return status;
}

/* Makes one the default if `name` is NULL, else gives it that name. */
static int change(struct cepa_cli_id *id, const char *which, const struct cepa_name *name)
{
    struct cepa_reason reason;
    size_t at = 0;
    int status = cepa_cli_id_begin(id);
    if (status != CEPA_CLI_OK) {
        return status;
    }
    int error = cepa_identities_find(&at, &reason, &id->all, which);
    if (error == 0 && name != NULL) {
        error = cepa_identities_rename(&id->all, &reason, at, name);
    } else if (error == 0) {
        id->all.chosen = at;
    }
    status = error == 0 ? cepa_cli_id_save(id) : cepa_cli_daemon_fail(id->command, reason.text);
    if (status == CEPA_CLI_OK) {
        status = cepa_cli_id_print(id, at);
    }
    cepa_cli_id_end(id);
    return status;
}

static int choose(void *context, const char *const *arguments, size_t len)
{
    (void)len;
    return change(context, arguments[0], NULL);
}

static int rename_one(void *context, const char *const *arguments, size_t len)
{
    struct cepa_cli_id *id = context;
    struct cepa_name name;
    (void)len;
    int status = cepa_cli_read_name(&name, id->command, arguments[1]);
    return status == CEPA_CLI_OK ? change(id, arguments[0], &name) : status;
}

static int delete (void *context, const char *const *arguments, size_t len)
{
    struct cepa_cli_id *id = context;
    struct cepa_reason reason;
    size_t at = 0;
    (void)len;
    int status = cepa_cli_id_begin(id);
    if (status != CEPA_CLI_OK) {
        return status;
    }
    int error = cepa_identities_find(&at, &reason, &id->all, arguments[0]);
    if (error == 0 && !id->is_sure) {
        error =
            cepa_reason_fail(&reason, CEPA_ERR_STATE,
                             "nobody can reach '%s' again once it is deleted, and only a backup "
                             "brings it back; say --yes if that is meant",
                             arguments[0]);
    }
    if (error == 0) {
        error = cepa_identities_delete(&id->all, &reason, at);
    }
    status = error == 0 ? cepa_cli_id_save(id) : cepa_cli_daemon_fail(id->command, reason.text);
    if (status == CEPA_CLI_OK && id->daemon.is_json) {
        printf("{\"deleted\": true}\n");
    }
    cepa_cli_id_end(id);
    return status;
}

static int print_card(void *context, const char *const *arguments, size_t len)
{
    struct cepa_cli_id *id = context;
    struct cepa_address address;
    size_t at = 0;
    int status = cepa_cli_id_begin(id);
    if (status != CEPA_CLI_OK) {
        return status;
    }
    status = find(&at, id, len > 0 ? arguments[0] : NULL);
    if (status == CEPA_CLI_OK) {
        status = address_of(&address, id, at);
    }
    cepa_cli_id_end(id);
    return status == CEPA_CLI_OK ? cepa_cli_print_card(id->command, &address, id->shown_name,
                                                       id->daemon.is_json, id->has_qr)
                                 : status;
}

/* Who the node is, as a relay among relays. */
static int show_node(void *context, const char *const *arguments, size_t len)
{
    struct cepa_cli_id *id = context;
    struct cepa_node_id node;
    struct cepa_reason reason = {"there is not enough memory"};
    (void)arguments;
    (void)len;
    if (cepa_state_read_identity(&node, &reason, id->config.state_directory, cepa_native_cpu()) !=
        0) {
        return cepa_cli_daemon_fail(id->command, reason.text);
    }
    fputs(id->daemon.is_json ? "{\"node\": \"" : "", stdout);
    for (size_t i = 0; i < sizeof node.bytes; i++) {
        printf("%02x", node.bytes[i]);
    }
    fputs(id->daemon.is_json ? "\"}\n" : "\n", stdout);
    return CEPA_CLI_OK;
}

static const struct cepa_cli_action actions[] = {
    {"show", "[NAME]", 0, 1, show},
    {"list", "", 0, 0, list},
    {"new", "[NAME]", 0, 1, make},
    {"default", "NAME", 1, 1, choose},
    {"rename", "NAME NEW-NAME", 2, 2, rename_one},
    {"delete", "NAME --yes", 1, 1, delete},
    {"backup", "[NAME] FILE", 1, 2, cepa_cli_id_backup},
    {"restore", "FILE [NAME]", 1, 2, cepa_cli_id_restore},
    {"card", "[NAME] [--name SHOWN-NAME]", 0, 1, print_card},
    {"node", "", 0, 0, show_node},
};

static const char about[] =
    "Prints the address of this user: what others send to. The first call makes an identity.\n\n"
    "  show [NAME]            print the address of one; of the default without a name\n"
    "  list                   print all, the default marked with a star\n"
    "  new [NAME]             make another one, which has nothing in common with the rest\n"
    "  default NAME           use this one where none is named\n"
    "  rename NAME NEW-NAME   names are yours alone: nobody else sees them\n"
    "  delete NAME --yes      nobody can reach it again\n"
    "  backup [NAME] FILE     write it into a file that a passphrase opens; - is standard output\n"
    "  restore FILE [NAME]    take it from such a file\n"
    "  card [NAME]            print a card to hand over; with a name only if --name gives one\n"
    "  node                   print the id of this node: others know it by that as a relay, and\n"
    "                         nothing joins it to an address\n\n"
    "No daemon has to run; one that does is told of changes.\n";

int cepa_cli_id(int argc, char **argv)
{
    enum { OWN = 3, OPTIONS = CEPA_CLI_DAEMON_OPTIONS + CEPA_CLI_PASSPHRASE_OPTIONS + OWN };
    static struct cepa_cli_id id;
    struct cepa_cli_option options[OPTIONS];
    memset(&id, 0, sizeof id);
    id.command = argv[0];
    cepa_cli_daemon_options(options, &id.daemon);
    cepa_cli_passphrase_options(options + CEPA_CLI_DAEMON_OPTIONS, &id.source);
    struct cepa_cli_option *own = options + CEPA_CLI_DAEMON_OPTIONS + CEPA_CLI_PASSPHRASE_OPTIONS;
    own[0] =
        (struct cepa_cli_option){'q', "qr", NULL, "draw it as a QR code too", &id.has_qr, NULL};
    own[1] = (struct cepa_cli_option){'y', "yes", NULL, "delete without asking", &id.is_sure, NULL};
    own[2] = (struct cepa_cli_option){'n',  "name",        "NAME", "the name to write on a card",
                                      NULL, &id.shown_name};
    const struct cepa_cli_syntax syntax = {"cepa id [ACTION] [ARGUMENT]... [--qr] [--json]", about,
                                           options, OPTIONS, 3};
    struct cepa_cli_arguments arguments;
    int status = cepa_cli_parse(&arguments, &syntax, argc, argv);
    if (status != CEPA_CLI_PROCEED) {
        return status;
    }
    status = cepa_cli_daemon_config(&id.config, argv[0], &id.daemon);
    if (status != CEPA_CLI_OK) {
        return status;
    }
    if (cepa_native_init() != 0) {
        return cepa_cli_daemon_fail(argv[0], "the system gives no random numbers");
    }
    return cepa_cli_act(argv[0], actions, sizeof actions / sizeof actions[0], &arguments, &id);
}
