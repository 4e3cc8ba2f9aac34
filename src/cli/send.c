/* cepa send: sends files and messages to an address. */
#define _GNU_SOURCE
#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/daemon_options.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/recipient.h"
#include "native/client/file_facts.h"
#include "native/client/send_file.h"
#include "native/store/folder.h"

enum { PATIENCE_SECONDS = 600, PATIENCE_MAX = 30 * 86400 };

static const char about[] =
    "Sends files to an address, to a contact, or to the owner of a card; - is standard input. It\n"
    "returns when the receiver has said that everything is there, byte for byte. What is cut off\n"
    "goes on by itself; after Ctrl-C or a restart, the same command goes on where it has "
    "stopped.\n\n"
    "The receiver does not learn who sends, unless --as names an identity: then its address is\n"
    "told and proven. Strangers' files wait until the receiver accepts them. A message for who is\n"
    "away is left in mailboxes, sealed, and waits there for 14 days. A folder goes as a\n"
    "stream: tar -c FOLDER | cepa send --name FOLDER.tar ADDRESS -\n";

/* What one run works on. */
struct run {
    const char *command;
    struct cepa_cli_daemon daemon;
    struct cepa_config config;
    struct cepa_client_sending sending;
    struct cepa_cli_progress progress;
    bool shows_progress; /* on standard error */
    char address[CEPA_ADDRESS_TEXT_SIZE];
    struct cepa_address peer;
    const char *name; /* that the receiver is told, or NULL */
    bool hides;       /* neither times nor modes are told */
};

static volatile sig_atomic_t is_interrupted;

static void on_signal(int number)
{
    (void)number;
    is_interrupted = 1;
}

/* SIGINT and SIGTERM end what is under way, and not the program. */
static void catch_signals(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

static bool goes_on(void *context, uint64_t bytes, const char *word)
{
    struct run *run = context;
    cepa_cli_progress_show(&run->progress, bytes, word);
    return is_interrupted == 0;
}

static int fail(const struct run *run, const char *what, const char *why)
{
    fprintf(stderr, "cepa %s: %s%s%s\n", run->command, what, what[0] != '\0' ? ": " : "", why);
    return CEPA_CLI_FAILED;
}

/* What follows the last slash. */
static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static int describe_file(struct run *run, struct cepa_client_file *file, const char *path)
{
    const struct cepa_client_offer offer = {
        run->config.state_directory, &run->peer, run->sending.as,
        run->name != NULL ? run->name : last_part(path), run->hides};
    struct cepa_reason reason;
    return cepa_client_describe(file, &reason, &offer) == 0 ? CEPA_CLI_OK
                                                            : fail(run, "", reason.text);
}

static void print(const struct run *run, const struct cepa_client_file *file,
                  const struct cepa_client_sent *sent)
{
    char hash[2 * sizeof sent->hash + 1];
    char amount[CEPA_CLI_AMOUNT_SIZE];
    char rate[CEPA_CLI_AMOUNT_SIZE];
    double seconds = (double)sent->ns / (double)CEPA_SECOND_NS;
    for (size_t i = 0; i < sizeof sent->hash; i++) {
        (void)snprintf(hash + 2 * i, 3, "%02x", sent->hash[i]);
    }
    if (!run->daemon.is_json) {
        cepa_cli_amount(amount, sent->bytes);
        cepa_cli_amount(rate, seconds > 0 ? (uint64_t)((double)sent->moved / seconds) : 0);
        printf("%s  %s in %.1f s (%s/s), verified %.16s\n", file->shown, amount, seconds, rate,
               hash);
        return;
    }
    cJSON *object = cJSON_CreateObject();
    (void)cJSON_AddStringToObject(object, "file", file->shown);
    (void)cJSON_AddNumberToObject(object, "bytes", (double)sent->bytes);
    (void)cJSON_AddNumberToObject(object, "moved", (double)sent->moved);
    (void)cJSON_AddNumberToObject(object, "seconds", seconds);
    (void)cJSON_AddNumberToObject(object, "stall_seconds",
                                  (double)sent->stall_ns / (double)CEPA_SECOND_NS);
    (void)cJSON_AddNumberToObject(object, "sessions", sent->sessions);
    (void)cJSON_AddStringToObject(object, "blake2b_256", hash);
    (void)cJSON_AddTrueToObject(object, "verified");
    char *text = cJSON_PrintUnformatted(object);
    printf("%s\n", text != NULL ? text : "{}");
    cJSON_free(text);
    cJSON_Delete(object);
}

static int send_one(struct run *run, const char *path)
{
    bool is_input = strcmp(path, "-") == 0;
    struct cepa_reason reason;
    struct cepa_client_sent sent;
    struct cepa_client_file file;
    memset(&file, 0, sizeof file);
    file.shown = is_input ? "standard input" : path;
    file.fd = is_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (file.fd < 0) {
        return fail(run, path, strerror(errno));
    }
    int status = describe_file(run, &file, is_input ? "stdin" : path);
    if (status == CEPA_CLI_OK) {
        cepa_cli_progress_begin(&run->progress, file.shown, file.header.size, run->shows_progress);
        int error = cepa_client_send_file(&sent, &reason, &run->sending, &file);
        cepa_cli_progress_end(&run->progress);
        if (error != 0) {
            status = fail(run, file.shown, reason.text);
        } else {
            print(run, &file, &sent);
            (void)fflush(stdout);
        }
    }
    if (!is_input) {
        close(file.fd);
    }
    return status;
}

/* Finds out whom the first argument means. */
static int find_peer(struct run *run, const char *whom)
{
    struct cepa_contacts *contacts;
    struct cepa_contact contact;
    struct cepa_folder folder;
    struct cepa_reason reason;
    if (cepa_folder_enter(&folder, &reason, run->config.state_directory) != 0) {
        return fail(run, "", reason.text);
    }
    if (cepa_contacts_open(&contacts, &reason, run->config.state_directory) != 0) {
        cepa_folder_close(&folder);
        return fail(run, "", reason.text);
    }
    int status = cepa_cli_recipient(&contact, run->command, contacts, whom);
    cepa_contacts_close(contacts);
    cepa_folder_close(&folder);
    if (status == CEPA_CLI_OK) {
        run->peer = contact.address;
        cepa_address_write(run->address, &contact.address);
        run->sending.address = run->address;
        run->sending.control = run->config.control;
    }
    return status;
}

static int send_message(struct run *run, const char *whom, const char *text)
{
    struct cepa_reason reason;
    struct cepa_client_left left;
    if (cepa_message_check(CEPA_MESSAGE_TEXT, (const uint8_t *)text, strlen(text)) != 0) {
        return fail(run, "", "a message is 1 to 65536 bytes of UTF-8");
    }
    if (cepa_client_send_message(&left, &reason, &run->sending, text) != 0) {
        return fail(run, "", reason.text);
    }
    bool is_left = left.mailboxes > 0;
    if (!run->daemon.is_json && is_left) {
        printf("%s is away; left in %u mailbox%s, kept for %u days\n",
               cepa_cli_is_address(whom) ? "the receiver" : whom, left.mailboxes,
               left.mailboxes == 1 ? "" : "es", left.days);
    } else if (run->daemon.is_json && is_left) {
        printf("{\"delivered\": false, \"mailboxes\": %u, \"days\": %u}\n", left.mailboxes,
               left.days);
    } else if (run->daemon.is_json) {
        printf("{\"delivered\": true}\n");
    }
    (void)fflush(stdout);
    return CEPA_CLI_OK;
}

static int act(struct run *run, const struct cepa_cli_arguments *arguments, const char *message)
{
    int status = find_peer(run, arguments->values[0]);
    catch_signals();
    if (status == CEPA_CLI_OK && message != NULL) {
        status = send_message(run, arguments->values[0], message);
    }
    for (size_t i = 1; i < arguments->len && status == CEPA_CLI_OK; i++) {
        status = send_one(run, arguments->values[i]);
    }
    return status;
}

int cepa_cli_send(int argc, char **argv)
{
    enum { OWN = 6, OPTIONS = CEPA_CLI_DAEMON_OPTIONS + OWN };
    struct run run;
    struct cepa_cli_option options[OPTIONS];
    const char *message = NULL;
    const char *timeout = NULL;
    memset(&run, 0, sizeof run);
    run.command = argv[0];
    run.sending.patience_s = PATIENCE_SECONDS;
    run.sending.goes_on = goes_on;
    run.sending.context = &run;
    cepa_cli_daemon_options(options, &run.daemon);
    struct cepa_cli_option *own = options + CEPA_CLI_DAEMON_OPTIONS;
    own[0] = (struct cepa_cli_option){'a',    "as",
                                      "NAME", "which of your identities sends; nobody if not given",
                                      NULL,   &run.sending.as};
    own[1] = (struct cepa_cli_option){'m',  "message", "TEXT", "a message, besides files or alone",
                                      NULL, &message};
    own[2] = (struct cepa_cli_option){
        'n', "name", "NAME", "what the receiver sees as the file's name", NULL, &run.name};
    own[3] = (struct cepa_cli_option){
        't',  "timeout", "SECONDS", "how long to try without any progress; 600; 0: for ever",
        NULL, &timeout};
    own[4] = (struct cepa_cli_option){
        0, "bare", NULL, "tell neither the times nor the permissions of files", &run.hides, NULL};
    own[5] = (struct cepa_cli_option){0,
                                      "live",
                                      NULL,
                                      "leave no message in mailboxes if the receiver is away",
                                      &run.sending.is_live,
                                      NULL};
    const struct cepa_cli_syntax syntax = {
        "cepa send ADDRESS|NAME [FILE...|-] [--message TEXT] [--as NAME] [--json]", about, options,
        OPTIONS, CEPA_CLI_ARGUMENTS_MAX};
    struct cepa_cli_arguments arguments;
    int status = cepa_cli_parse(&arguments, &syntax, argc, argv);
    if (status != CEPA_CLI_PROCEED) {
        return status;
    }
    if (arguments.len == 0 || (arguments.len == 1 && message == NULL) ||
        !cepa_cli_read_number(&run.sending.patience_s, timeout, 0, PATIENCE_MAX)) {
        fprintf(stderr, "cepa send: %s\nUsage: %s\n",
                arguments.len == 0   ? "who shall get it?"
                : arguments.len == 1 ? "what shall be sent? Name files, - or --message"
                                     : "--timeout takes a number of seconds",
                syntax.usage);
        return CEPA_CLI_USAGE;
    }
    status = cepa_cli_daemon_config(&run.config, argv[0], &run.daemon);
    run.shows_progress = !run.daemon.is_json && isatty(STDERR_FILENO) == 1;
    return status == CEPA_CLI_OK ? act(&run, &arguments, message) : status;
}
