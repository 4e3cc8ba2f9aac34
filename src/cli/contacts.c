/* cepa contacts: whom the user knows. */
#include <stdio.h>
#include <string.h>

#include "base/plain_text.h"
#include "cli/actions.h"
#include "cli/card.h"
#include "cli/commands.h"
#include "cli/daemon_options.h"
#include "cli/json.h"
#include "cli/recipient.h"
#include "cli/small_file.h"
#include "native/host.h"
#include "native/store/folder.h"

/* One call of the command. */
struct run {
    const char *command;
    struct cepa_cli_daemon daemon;
    bool has_qr;
    const char *note;       /* --note, or NULL */
    const char *shown_name; /* --name, or NULL */
    struct cepa_contacts *contacts;
};

static int fail(const struct run *run)
{
    return cepa_cli_daemon_fail(run->command, cepa_contacts_reason(run->contacts));
}

static void print_object(const struct cepa_contact *contact)
{
    char text[CEPA_ADDRESS_TEXT_SIZE];
    cepa_address_write(text, &contact->address);
    printf("{\"name\": ");
    if (contact->name.text[0] != '\0') {
        cepa_cli_json_string(contact->name.text);
    } else {
        printf("null");
    }
    printf(", \"address\": \"%s\", \"note\": ", text);
    cepa_cli_json_string(contact->note);
    printf(", \"accepted\": %s, \"blocked\": %s}", contact->is_accepted ? "true" : "false",
           contact->is_blocked ? "true" : "false");
}

static void print_line(const struct cepa_contact *contact)
{
    char text[CEPA_ADDRESS_TEXT_SIZE];
    cepa_address_write(text, &contact->address);
    printf("%s", text);
    printf("%s%s", contact->name.text[0] != '\0' ? " " : "", contact->name.text);
    printf("%s", contact->is_blocked ? " (blocked)" : "");
    printf("%s%s\n", contact->note[0] != '\0' ? " - " : "", contact->note);
}

/* Writes a contact, and prints it as it is now. */
static int put(const struct run *run, const struct cepa_contact *contact)
{
    if (cepa_contacts_put(run->contacts, contact) != 0) {
        return fail(run);
    }
    if (run->daemon.is_json) {
        print_object(contact);
        printf("\n");
    } else {
        print_line(contact);
    }
    return CEPA_CLI_OK;
}

static int list(void *context, const char *const *arguments, size_t len)
{
    struct run *run = context;
    struct cepa_contact contact;
    bool is_json = run->daemon.is_json;
    (void)arguments;
    (void)len;
    printf("%s", is_json ? "{\"contacts\": [" : "");
    cepa_contacts_each(run->contacts);
    for (size_t i = 0; cepa_contacts_next(run->contacts, &contact); i++) {
        if (is_json) {
            printf("%s", i > 0 ? ", " : "");
            print_object(&contact);
        } else {
            print_line(&contact);
        }
    }
    printf("%s", is_json ? "]}\n" : "");
    return cepa_contacts_end(run->contacts) == 0 ? CEPA_CLI_OK : fail(run);
}

/* Reads a card or an address from the command line, or from a file with nothing else in it. */
static int read_card(struct cepa_card *ret_card, const struct run *run, const char *text)
{
    char line[CEPA_CARD_TEXT_SIZE + 16];
    size_t len = 0;
    if (cepa_cli_is_address(text)) {
        return cepa_cli_read_card(ret_card, run->command, text);
    }
    int status = cepa_cli_read_file(line, &len, sizeof line - 1, run->command, text);
    if (status != CEPA_CLI_OK) {
        return status;
    }
    while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r' || line[len - 1] == ' ')) {
        len--;
    }
    line[len] = '\0';
    return strlen(line) == len ? cepa_cli_read_card(ret_card, run->command, line)
                               : cepa_cli_daemon_fail(run->command, "this file is no card");
}

static int add(void *context, const char *const *arguments, size_t len)
{
    struct run *run = context;
    struct cepa_contact contact;
    struct cepa_card card;
    memset(&card, 0, sizeof card);
    int status = read_card(&card, run, arguments[len - 1]);
    if (status == CEPA_CLI_OK && len == 2) {
        status = cepa_cli_read_name(&card.name, run->command, arguments[0]);
    }
    if (status != CEPA_CLI_OK) {
        return status;
    }
    if (card.name.text[0] == '\0') {
        return cepa_cli_daemon_fail(run->command, "a name is needed: 'cepa contacts add NAME "
                                                  "ADDRESS'");
    }
    int known = cepa_contacts_get(run->contacts, &contact, &card.address);
    if (known == CEPA_ERR_NOT_FOUND) {
        memset(&contact, 0, sizeof contact);
        contact.address = card.address;
    } else if (known != 0) {
        return fail(run);
    } else if (contact.name.text[0] != '\0' && strcmp(contact.name.text, card.name.text) != 0) {
        fprintf(stderr,
                "cepa %s: this is the address of '%s'; 'cepa contacts rename' gives another name\n",
                run->command, contact.name.text);
        return CEPA_CLI_FAILED;
    }
    contact.name = card.name;
    contact.is_accepted = true;
    if (run->note != NULL) {
        snprintf(contact.note, sizeof contact.note, "%s", run->note);
    }
    return put(run, &contact);
}

static int remove_one(void *context, const char *const *arguments, size_t len)
{
    struct run *run = context;
    struct cepa_contact contact;
    (void)len;
    int status = cepa_cli_recipient(&contact, run->command, run->contacts, arguments[0]);
    if (status != CEPA_CLI_OK) {
        return status;
    }
    if (cepa_contacts_remove(run->contacts, &contact.address) != 0) {
        return fail(run);
    }
    printf("%s", run->daemon.is_json ? "{\"removed\": true}\n" : "");
    return CEPA_CLI_OK;
}

static int rename_one(void *context, const char *const *arguments, size_t len)
{
    struct run *run = context;
    struct cepa_contact contact;
    (void)len;
    int status = cepa_cli_recipient(&contact, run->command, run->contacts, arguments[0]);
    if (status == CEPA_CLI_OK) {
        status = cepa_cli_read_name(&contact.name, run->command, arguments[1]);
    }
    return status == CEPA_CLI_OK ? put(run, &contact) : status;
}

static int set_blocked(struct run *run, const char *whom, bool is_blocked)
{
    struct cepa_contact contact;
    int status = cepa_cli_recipient(&contact, run->command, run->contacts, whom);
    if (status != CEPA_CLI_OK) {
        return status;
    }
    contact.is_blocked = is_blocked;
    if (!is_blocked && contact.name.text[0] == '\0') {
        /* A stranger again: there is nothing to remember. */
        int removed = cepa_contacts_remove(run->contacts, &contact.address);
        return removed == 0 || removed == CEPA_ERR_NOT_FOUND ? CEPA_CLI_OK : fail(run);
    }
    return put(run, &contact);
}

static int block(void *context, const char *const *arguments, size_t len)
{
    (void)len;
    return set_blocked(context, arguments[0], true);
}

static int unblock(void *context, const char *const *arguments, size_t len)
{
    (void)len;
    return set_blocked(context, arguments[0], false);
}

static int print_card(void *context, const char *const *arguments, size_t len)
{
    struct run *run = context;
    struct cepa_contact contact;
    (void)len;
    int status = cepa_cli_recipient(&contact, run->command, run->contacts, arguments[0]);
    return status == CEPA_CLI_OK
               ? cepa_cli_print_card(run->command, &contact.address, run->shown_name,
                                     run->daemon.is_json, run->has_qr)
               : status;
}

static const struct cepa_cli_action actions[] = {
    {"list", "", 0, 0, list},
    {"add", "[NAME] ADDRESS|CARD|FILE", 1, 2, add},
    {"remove", "NAME|ADDRESS", 1, 1, remove_one},
    {"rename", "NAME|ADDRESS NEW-NAME", 2, 2, rename_one},
    {"block", "NAME|ADDRESS", 1, 1, block},
    {"unblock", "NAME|ADDRESS", 1, 1, unblock},
    {"card", "NAME|ADDRESS [--name SHOWN-NAME]", 1, 1, print_card},
};

static const char about[] =
    "Lists contacts: addresses with names that this user gave them. Nobody else sees the names.\n\n"
    "  list                          print all\n"
    "  add [NAME] ADDRESS            an address, a card (cepa:...), or a file with one in it; - "
    "is\n"
    "                                standard input. A card may bring the name\n"
    "  remove NAME|ADDRESS           forget one\n"
    "  rename NAME|ADDRESS NEW-NAME  call one otherwise\n"
    "  block NAME|ADDRESS            refuse whatever comes from there; it need not be a contact\n"
    "  unblock NAME|ADDRESS          no longer\n"
    "  card NAME|ADDRESS             print a card to hand over; with a name only if --name gives\n"
    "                                one\n\n"
    "No daemon has to run; one that does sees changes at once.\n";

static int act(struct run *run, const struct cepa_config *config,
               const struct cepa_cli_arguments *arguments)
{
    struct cepa_folder folder;
    struct cepa_reason reason;
    if (cepa_folder_enter(&folder, &reason, config->state_directory) != 0) {
        return cepa_cli_daemon_fail(run->command, reason.text);
    }
    int status = cepa_contacts_open(&run->contacts, &reason, config->state_directory) == 0
                     ? CEPA_CLI_OK
                     : cepa_cli_daemon_fail(run->command, reason.text);
    if (status == CEPA_CLI_OK) {
        status =
            cepa_cli_act(run->command, actions, sizeof actions / sizeof actions[0], arguments, run);
    }
    cepa_contacts_close(run->contacts);
    cepa_folder_close(&folder);
    return status;
}

int cepa_cli_contacts(int argc, char **argv)
{
    enum { OWN = 3, OPTIONS = CEPA_CLI_DAEMON_OPTIONS + OWN };
    struct run run = {argv[0], {NULL, NULL, NULL, false}, false, NULL, NULL, NULL};
    struct cepa_cli_option options[OPTIONS];
    cepa_cli_daemon_options(options, &run.daemon);
    struct cepa_cli_option *own = options + CEPA_CLI_DAEMON_OPTIONS;
    own[0] = (struct cepa_cli_option){'q',         "qr", NULL, "draw a card as a QR code too",
                                      &run.has_qr, NULL};
    own[1] = (struct cepa_cli_option){
        0, "note", "TEXT", "something to remember about a new contact", NULL, &run.note};
    own[2] = (struct cepa_cli_option){'n',  "name",         "NAME", "the name to write on a card",
                                      NULL, &run.shown_name};
    const struct cepa_cli_syntax syntax = {"cepa contacts [ACTION] [ARGUMENT]... [--json]", about,
                                           options, OPTIONS, 3};
    struct cepa_cli_arguments arguments;
    struct cepa_config config;
    int status = cepa_cli_parse(&arguments, &syntax, argc, argv);
    if (status != CEPA_CLI_PROCEED) {
        return status;
    }
    if (run.note != NULL && (strlen(run.note) > CEPA_CONTACT_NOTE_MAX ||
                             !cepa_text_is_plain(run.note, strlen(run.note)))) {
        fprintf(stderr, "cepa contacts: --note takes up to %d bytes of plain text\n",
                CEPA_CONTACT_NOTE_MAX);
        return CEPA_CLI_USAGE;
    }
    status = cepa_cli_daemon_config(&config, argv[0], &run.daemon);
    return status == CEPA_CLI_OK ? act(&run, &config, &arguments) : status;
}
