/* cepa inbox: what came for the user. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/actions.h"
#include "cli/commands.h"
#include "cli/daemon_options.h"
#include "cli/inbox_parts.h"
#include "cli/json.h"
#include "cli/progress.h"
#include "cli/shown_text.h"
#include "native/store/contacts.h"
#include "native/store/folder.h"

/* One call of the command. */
struct run {
    const char *command;
    struct cepa_cli_daemon daemon;
    const struct cepa_config *config;
    struct cepa_inbox *inbox;
    struct cepa_contacts *contacts;
};

enum { WHEN_SIZE = 32, FROM_SIZE = CEPA_NAME_MAX + 1, SHORT_ADDRESS = 16 };

static const char *const kinds[] = {[CEPA_INBOX_FILE] = "file", [CEPA_INBOX_MESSAGE] = "message"};
static const char *const states[] = {
    [CEPA_INBOX_WAITING] = "waiting", [CEPA_INBOX_COMING] = "coming", [CEPA_INBOX_HERE] = "here",
    [CEPA_INBOX_REFUSED] = "refused", [CEPA_INBOX_BROKEN] = "broken",
};

static int fail(const struct run *run)
{
    return cepa_cli_daemon_fail(run->command, cepa_inbox_reason(run->inbox));
}

static void write_when(char ret_text[WHEN_SIZE], struct cepa_wall when)
{
    struct tm parts;
    time_t seconds = (time_t)(when.unix_ms / 1000);
    if (localtime_r(&seconds, &parts) == NULL ||
        strftime(ret_text, WHEN_SIZE, "%Y-%m-%d %H:%M", &parts) == 0) {
        snprintf(ret_text, WHEN_SIZE, "?");
    }
}

/* Writes who sent it: a contact's name, the beginning of an address, or that it is not known. */
static void write_from(char ret_text[FROM_SIZE], const struct run *run,
                       const struct cepa_inbox_entry *entry)
{
    struct cepa_contact contact;
    char address[CEPA_ADDRESS_TEXT_SIZE];
    if (!entry->has_sender) {
        snprintf(ret_text, FROM_SIZE, "anonymous");
    } else if (cepa_contacts_get(run->contacts, &contact, &entry->sender) == 0 &&
               contact.name.text[0] != '\0') {
        snprintf(ret_text, FROM_SIZE, "%s", contact.name.text);
    } else {
        cepa_address_write(address, &entry->sender);
        snprintf(ret_text, FROM_SIZE, "%.*s...", SHORT_ADDRESS, address);
    }
}

static void print_address(const char *key, const struct cepa_address *address)
{
    char text[CEPA_ADDRESS_TEXT_SIZE];
    if (address == NULL) {
        printf(", \"%s\": null", key);
        return;
    }
    cepa_address_write(text, address);
    printf(", \"%s\": \"%s\"", key, text);
}

/* Prints what of an entry is known, without the closing brace. */
static void print_object(const struct cepa_inbox_entry *entry)
{
    printf("{\"id\": \"%s\", \"kind\": \"%s\", \"state\": \"%s\", \"came_ms\": %llu",
           entry->id.text, kinds[entry->kind], states[entry->state],
           (unsigned long long)entry->came.unix_ms);
    print_address("to", &entry->identity);
    print_address("from", entry->has_sender ? &entry->sender : NULL);
    if (entry->kind == CEPA_INBOX_FILE) {
        printf(", \"name\": ");
        cepa_cli_json_string(entry->name);
    }
    if (entry->size == CEPA_FILE_SIZE_UNKNOWN) {
        printf(", \"size\": null");
    } else {
        printf(", \"size\": %llu", (unsigned long long)entry->size);
    }
    printf(", \"here\": %llu", (unsigned long long)entry->here);
}

static void print_line(const struct run *run, const struct cepa_inbox_entry *entry, size_t id_len)
{
    char when[WHEN_SIZE];
    char from[FROM_SIZE];
    char size[CEPA_CLI_AMOUNT_SIZE] = "?";
    char here[CEPA_CLI_AMOUNT_SIZE];
    write_when(when, entry->came);
    write_from(from, run, entry);
    if (entry->size != CEPA_FILE_SIZE_UNKNOWN) {
        cepa_cli_amount(size, entry->size);
    }
    cepa_cli_amount(here, entry->here);
    printf("%.*s  %s  %s  %s", (int)id_len, entry->id.text, when, from, kinds[entry->kind]);
    printf("%s%s  %s  %s", entry->kind == CEPA_INBOX_FILE ? "  " : "", entry->name, size,
           states[entry->state]);
    if (entry->state == CEPA_INBOX_COMING) {
        printf(", %s so far", here);
    }
    printf("\n");
}

static int list(void *context, const char *const *arguments, size_t len)
{
    struct run *run = context;
    struct cepa_inbox_entry entry;
    bool is_json = run->daemon.is_json;
    size_t id_len = CEPA_INBOX_ID_LEN;
    uint64_t at = 0;
    (void)arguments;
    (void)len;
    int status = cepa_inbox_id_len(run->inbox, &id_len);
    printf("%s", is_json ? "{\"entries\": [" : "");
    for (size_t i = 0; status == 0; i++) {
        status = cepa_inbox_next(run->inbox, &entry, &at);
        if (status == 0 && is_json) {
            printf("%s", i > 0 ? ", " : "");
            print_object(&entry);
            printf("}");
        } else if (status == 0) {
            print_line(run, &entry, id_len);
        }
    }
    printf("%s", is_json ? "]}\n" : "");
    return status == CEPA_ERR_NOT_FOUND ? CEPA_CLI_OK : fail(run);
}

static int show(void *context, const char *const *arguments, size_t len)
{
    static char text[CEPA_MESSAGE_TEXT_MAX + 1];
    struct run *run = context;
    struct cepa_inbox_entry entry;
    size_t text_len = 0;
    (void)len;
    if (cepa_inbox_get(run->inbox, &entry, arguments[0]) != 0) {
        return fail(run);
    }
    bool has_text = entry.kind == CEPA_INBOX_MESSAGE && entry.state != CEPA_INBOX_REFUSED;
    if (has_text && cepa_inbox_text(run->inbox, text, &text_len, &entry.id) != 0) {
        return fail(run);
    }
    if (run->daemon.is_json) {
        print_object(&entry);
        if (has_text) {
            /* A zero would end the string; this comes out as a character that is none. */
            for (size_t i = 0; i < text_len; i++) {
                text[i] = (char)(text[i] == '\0' ? '\xff' : text[i]);
            }
            text[text_len] = '\0';
            printf(", \"text\": ");
            cepa_cli_json_string(text);
        }
        printf("}\n");
    } else if (has_text) {
        cepa_cli_show_text(stdout, text, text_len, "");
        printf("%s", text_len == 0 || text[text_len - 1] != '\n' ? "\n" : "");
    } else {
        print_line(run, &entry, CEPA_INBOX_ID_LEN);
    }
    return CEPA_CLI_OK;
}

/* Runs a change of one entry, and tells the daemon. */
static int decide(struct run *run, const char *id,
                  int (*change)(struct cepa_inbox *inbox, const struct cepa_inbox_id *id))
{
    struct cepa_inbox_entry entry;
    if (cepa_inbox_get(run->inbox, &entry, id) != 0 || change(run->inbox, &entry.id) != 0) {
        return fail(run);
    }
    if (run->daemon.is_json) {
        printf("{\"id\": \"%s\"}\n", entry.id.text);
    }
    return cepa_cli_daemon_reload(run->command, run->config);
}

static int accept_one(void *context, const char *const *arguments, size_t len)
{
    (void)len;
    return decide(context, arguments[0], cepa_inbox_accept);
}

static int refuse_one(void *context, const char *const *arguments, size_t len)
{
    (void)len;
    return decide(context, arguments[0], cepa_inbox_refuse);
}

static int delete_one(void *context, const char *const *arguments, size_t len)
{
    (void)len;
    return decide(context, arguments[0], cepa_inbox_remove);
}

static int save_one(void *context, const char *const *arguments, size_t len)
{
    struct run *run = context;
    struct cepa_inbox_entry entry;
    if (cepa_inbox_get(run->inbox, &entry, arguments[0]) != 0) {
        return fail(run);
    }
    return cepa_cli_inbox_save(run->inbox, run->command, &entry, len > 1 ? arguments[1] : NULL,
                               run->daemon.is_json);
}

static const struct cepa_cli_action actions[] = {
    {"list", "", 0, 0, list},
    {"show", "ID", 1, 1, show},
    {"accept", "ID", 1, 1, accept_one},
    {"refuse", "ID", 1, 1, refuse_one},
    {"save", "ID [PLACE]", 1, 2, save_one},
    {"delete", "ID", 1, 1, delete_one},
};

static const char about[] =
    "Lists what came for you: files and messages. Names are what their senders call them.\n\n"
    "  list             print all\n"
    "  show ID          print a message\n"
    "  accept ID        let come what waits for you to decide\n"
    "  refuse ID        do not, or no more\n"
    "  save ID [PLACE]  copy a file to a directory or to a new file; it is compared with what was\n"
    "                   sent, and nothing is overwritten\n"
    "  delete ID        delete it here\n\n"
    "Of an id its beginning is enough. No daemon has to run; one that does is told of changes.\n";

static int act(struct run *run, const struct cepa_cli_arguments *arguments)
{
    struct cepa_folder folder;
    struct cepa_reason reason;
    const char *path = run->config->state_directory;
    if (cepa_folder_enter(&folder, &reason, path) != 0) {
        return cepa_cli_daemon_fail(run->command, reason.text);
    }
    int status = cepa_inbox_open(&run->inbox, &reason, path) == 0 &&
                         cepa_contacts_open(&run->contacts, &reason, path) == 0
                     ? CEPA_CLI_OK
                     : cepa_cli_daemon_fail(run->command, reason.text);
    if (status == CEPA_CLI_OK) {
        status =
            cepa_cli_act(run->command, actions, sizeof actions / sizeof actions[0], arguments, run);
    }
    cepa_contacts_close(run->contacts);
    cepa_inbox_close(run->inbox);
    cepa_folder_close(&folder);
    return status;
}

int cepa_cli_inbox(int argc, char **argv)
{
    struct cepa_config config;
    struct run run = {argv[0], {NULL, NULL, NULL, false}, &config, NULL, NULL};
    struct cepa_cli_option options[CEPA_CLI_DAEMON_OPTIONS];
    struct cepa_cli_arguments arguments;
    cepa_cli_daemon_options(options, &run.daemon);
    const struct cepa_cli_syntax syntax = {"cepa inbox [ACTION] [ARGUMENT]... [--json]", about,
                                           options, CEPA_CLI_DAEMON_OPTIONS, 3};
    int status = cepa_cli_parse(&arguments, &syntax, argc, argv);
    if (status == CEPA_CLI_PROCEED) {
        status = cepa_cli_daemon_config(&config, argv[0], &run.daemon);
        status = status == CEPA_CLI_OK ? act(&run, &arguments) : status;
    }
    return status;
}
