/* cepa chat: lines to one address and back. What is typed goes as messages, so that it comes to the
 * other end's inbox whether that has its chat open or not; what is shown comes from the inbox of
 * this end. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/ct.h"
#include "base/plain_text.h"
#include "cli/chat_outbox.h"
#include "cli/chat_presence.h"
#include "cli/chat_screen.h"
#include "cli/chat_words.h"
#include "cli/commands.h"
#include "cli/daemon_options.h"
#include "cli/recipient.h"
#include "native/cpu.h"
#include "native/net/clock.h"
#include "native/store/folder.h"
#include "native/store/identities.h"
#include "native/store/inbox.h"

enum {
    TURN_MS = 200,          /* between two looks at the inbox */
    HISTORY = 10,           /* earlier messages that are shown */
    PATIENCE_SECONDS = 600, /* for lines to arrive, once there is no more input */
    ANSWER_SECONDS = 3,     /* for whether the other end has its chat open, likewise */
    PATIENCE_MAX = 30 * 86400,
    NAME_SIZE = CEPA_NAME_MAX + 1,
    SHORT_ADDRESS = 16
};

/* One chat. */
struct run {
    struct cepa_cli_daemon daemon;
    struct cepa_config config;
    const char *as;      /* as it was given, or NULL */
    bool takes;          /* --take */
    uint32_t patience_s; /* 0: for ever */
    struct cepa_contacts *contacts;
    struct cepa_inbox *inbox;
    struct cepa_address peer;
    struct cepa_address own;
    char peer_text[CEPA_ADDRESS_TEXT_SIZE];
    char own_text[CEPA_ADDRESS_TEXT_SIZE];
    char peer_name[NAME_SIZE];
    char own_name[NAME_SIZE];
    struct cepa_cli_screen screen;
    struct cepa_cli_words words;
    struct cepa_cli_outbox outbox;
    struct cepa_cli_presence presence;
    int signals_fd;
    uint64_t at;               /* in the inbox: what was looked at last */
    struct cepa_inbox_id last; /* and its id */
    bool is_input_over;        /* no more lines come */
    struct cepa_time ended;    /* when that was, or when a line arrived after it */
    struct cepa_time until;    /* then lines that have not arrived are given up */
    bool is_leaving;
    bool is_told_away; /* that lines wait in the other end's inbox */
    int status;        /* with which it will end */
    char text[CEPA_MESSAGE_TEXT_MAX + 1];
};

static int fail(struct run *run, const char *why)
{
    run->is_leaving = true;
    run->status = CEPA_CLI_FAILED;
    return cepa_cli_daemon_fail(run->words.command, why);
}

/* --- who talks -------------------------------------------------------------------------------- */

static int find_own(struct run *run, int folder_fd)
{
    struct cepa_reason reason;
    struct cepa_identities all;
    size_t at = 0;
    int status = cepa_identities_load(&all, &reason, folder_fd);
    if (status != 0) {
        return fail(run, reason.text);
    }
    status = cepa_identities_find(&at, &reason, &all, run->as);
    if (status == 0) {
        memcpy(run->own_name, all.entries[at].name.text, sizeof run->own_name);
        status = cepa_identities_address(&run->own, &all.entries[at].secret, cepa_native_cpu());
        cepa_address_write(run->own_text, &run->own);
    }
    cepa_identities_wipe(&all);
    return status == 0 ? CEPA_CLI_OK : fail(run, reason.text);
}

static int find_peer(struct run *run, const char *whom)
{
    struct cepa_contact contact;
    int status = cepa_cli_recipient(&contact, run->words.command, run->contacts, whom);
    if (status != CEPA_CLI_OK) {
        return status;
    }
    run->peer = contact.address;
    cepa_address_write(run->peer_text, &run->peer);
    if (contact.name.text[0] != '\0') {
        (void)snprintf(run->peer_name, sizeof run->peer_name, "%s", contact.name.text);
    } else {
        (void)snprintf(run->peer_name, sizeof run->peer_name, "%.*s...", SHORT_ADDRESS,
                       run->peer_text);
    }
    if (contact.is_blocked) {
        return fail(run, "this address is blocked; 'cepa contacts unblock' lets it speak again");
    }
    return memcmp(run->peer.bytes, run->own.bytes, sizeof run->own.bytes) == 0
               ? fail(run, "this is your own address")
               : CEPA_CLI_OK;
}

/* --- what comes ------------------------------------------------------------------------------- */

/* Whether an entry belongs to this conversation, and can be shown. */
static bool is_ours(const struct run *run, const struct cepa_inbox_entry *entry)
{
    return entry->has_sender && entry->state != CEPA_INBOX_REFUSED &&
           memcmp(entry->sender.bytes, run->peer.bytes, sizeof run->peer.bytes) == 0 &&
           memcmp(entry->identity.bytes, run->own.bytes, sizeof run->own.bytes) == 0;
}

/* Shows a message. Whoever chats with a stranger wants to read it: it need not wait. */
static void show(struct run *run, const struct cepa_inbox_entry *entry)
{
    size_t len = 0;
    if (cepa_inbox_text(run->inbox, run->text, &len, &entry->id) != 0) {
        return;
    }
    cepa_cli_words_came(&run->words, entry, run->text, len);
    if (ferror(stdout)) {
        run->is_leaving = true;
        return;
    }
    int status = 0;
    if (run->takes) {
        status = cepa_inbox_remove(run->inbox, &entry->id);
    } else if (entry->state == CEPA_INBOX_WAITING) {
        status = cepa_inbox_accept(run->inbox, &entry->id);
    }
    if (status != 0 && status != CEPA_ERR_NOT_FOUND) {
        cepa_cli_words_note(&run->words, "inbox", "%s", cepa_inbox_reason(run->inbox));
    }
}

/* Where the entry that was looked at last was deleted, the next one may have its number: goes back
 * to the last before it. */
static void go_back(struct run *run)
{
    struct cepa_inbox_entry entry;
    uint64_t at = run->at > 0 ? run->at - 1 : 0;
    if (run->at == 0 || (cepa_inbox_next(run->inbox, &entry, &at) == 0 && at == run->at &&
                         strcmp(entry.id.text, run->last.text) == 0)) {
        return;
    }
    uint64_t end = run->at;
    run->at = 0;
    for (at = 0; cepa_inbox_next(run->inbox, &entry, &at) == 0 && at < end;) {
        run->at = at;
        run->last = entry.id;
    }
}

/* Shows what has come since the last time, but for the first `skipped` messages. */
static void look(struct run *run, uint64_t skipped, bool tells_files)
{
    struct cepa_inbox_entry entry;
    int status = 0;
    go_back(run);
    while (!run->is_leaving && status == 0) {
        status = cepa_inbox_next(run->inbox, &entry, &run->at);
        if (status == 0) {
            run->last = entry.id;
        }
        if (status != 0 || !is_ours(run, &entry)) {
            continue;
        }
        if (entry.kind == CEPA_INBOX_MESSAGE && skipped > 0) {
            skipped--;
        } else if (entry.kind == CEPA_INBOX_MESSAGE) {
            show(run, &entry);
            go_back(run);
        } else if (tells_files) {
            cepa_cli_words_offered(&run->words, &entry);
        }
    }
    if (status != 0 && status != CEPA_ERR_NOT_FOUND) {
        (void)fail(run, cepa_inbox_reason(run->inbox));
    }
}

/* Shows what was there before: the last of it, or all that is to be taken. */
static void look_back(struct run *run)
{
    struct cepa_inbox_entry entry;
    uint64_t at = 0;
    uint64_t messages = 0;
    while (cepa_inbox_next(run->inbox, &entry, &at) == 0) {
        messages += is_ours(run, &entry) && entry.kind == CEPA_INBOX_MESSAGE;
    }
    look(run, messages > HISTORY && !run->takes ? messages - HISTORY : 0, false);
}

/* --- what goes -------------------------------------------------------------------------------- */

static void add_line(struct run *run, const char *text, size_t len)
{
    if (len == 0) {
        return;
    }
    if (!cepa_text_is_utf8(text, len)) {
        cepa_cli_words_note(&run->words, "unsent", "this line is no UTF-8, and is not sent");
        run->status = CEPA_CLI_FAILED;
        return;
    }
    cepa_cli_words_typed(&run->words, text, len);
    int status = cepa_cli_outbox_add(&run->outbox, text, len);
    if (status != 0) {
        cepa_cli_words_lost(&run->words, run->outbox.numbers + 1, text, len,
                            cepa_error_text(status));
        run->status = CEPA_CLI_FAILED;
    }
}

static void end_input(struct run *run)
{
    if (run->is_input_over) {
        return;
    }
    run->is_input_over = true;
    run->ended = cepa_clock_now();
    if (run->patience_s != 0) {
        run->until = cepa_time_add(cepa_clock_now(), run->patience_s * CEPA_SECOND_NS);
    }
    if (run->screen.is_terminal && run->outbox.len > 0) {
        cepa_cli_words_note(&run->words, "ending",
                            "lines are still on their way; Ctrl-C leaves at once");
    }
}

/* Takes lines while there is room for them: the rest waits where it comes from. */
static void take_lines(struct run *run)
{
    while (run->outbox.len < CEPA_CLI_OUTBOX_MAX && !run->is_leaving) {
        switch (cepa_cli_screen_next(&run->screen)) {
        case CEPA_CLI_SCREEN_LINE:
            add_line(run, run->screen.line, run->screen.line_len);
            break;
        case CEPA_CLI_SCREEN_TOO_LONG:
            cepa_cli_words_note(&run->words, "unsent",
                                "this line is longer than %d bytes, and is not sent",
                                CEPA_MESSAGE_TEXT_MAX);
            run->status = CEPA_CLI_FAILED;
            break;
        case CEPA_CLI_SCREEN_LEAVE:
            run->is_leaving = true;
            return;
        case CEPA_CLI_SCREEN_END:
            end_input(run);
            return;
        case CEPA_CLI_SCREEN_NOTHING:
            return;
        }
    }
}

static void tell_kept(struct run *run, const struct cepa_cli_line *line)
{
    bool is_away = run->presence.is_away && !cepa_cli_presence_is_here(&run->presence);
    cepa_cli_presence_hurry(&run->presence);
    run->ended = cepa_clock_now();
    cepa_cli_words_line(&run->words, is_away ? "stored" : "delivered", line->number, "");
    if (is_away && !run->is_told_away && !run->words.is_json) {
        cepa_cli_words_note(&run->words, "stored",
                            "%s has no chat open: what you write is in the inbox there",
                            run->peer_name);
    }
    run->is_told_away = is_away;
}

static void move_outbox(struct run *run)
{
    struct cepa_cli_outbox_said said;
    while (cepa_cli_outbox_step(&run->outbox, &said)) {
        switch (said.event) {
        case CEPA_CLI_OUTBOX_KEPT:
            tell_kept(run, said.line);
            break;
        case CEPA_CLI_OUTBOX_REFUSED:
            cepa_cli_words_lost(&run->words, said.line->number, said.line->text,
                                said.line->text_len, said.reason);
            run->status = CEPA_CLI_FAILED;
            break;
        case CEPA_CLI_OUTBOX_LATE:
            cepa_cli_words_note(&run->words, "late",
                                "line %llu, and what follows, is not acknowledged yet%s%s; it goes "
                                "on by itself",
                                (unsigned long long)said.line->number,
                                said.reason[0] != '\0' ? ": " : "", said.reason);
            break;
        case CEPA_CLI_OUTBOX_MENDED:
            cepa_cli_words_note(&run->words, "mended", "all lines are there now");
            break;
        }
    }
}

/* --- the other end ---------------------------------------------------------------------------- */

static void move_presence(struct run *run)
{
    const struct cepa_cli_words *words = &run->words;
    for (;;) {
        switch (cepa_cli_presence_step(&run->presence)) {
        case CEPA_CLI_PRESENCE_NOTHING:
            return;
        case CEPA_CLI_PRESENCE_GONE:
            cepa_cli_words_note(words, "daemon_gone",
                                "the daemon has ended; this waits till it runs again");
            break;
        case CEPA_CLI_PRESENCE_BACK:
            cepa_cli_words_note(words, "daemon_back", "the daemon runs again");
            break;
        case CEPA_CLI_PRESENCE_HERE:
            run->is_told_away = false;
            cepa_cli_words_note(words, "here", "%s is here", run->peer_name);
            break;
        case CEPA_CLI_PRESENCE_AWAY:
            run->is_told_away = true;
            cepa_cli_words_note(words, "away",
                                "%s has no chat open: what you write goes to the inbox there",
                                run->peer_name);
            break;
        case CEPA_CLI_PRESENCE_CUT:
            cepa_cli_words_note(words, "cut", "no path leads to %s now; others are looked for",
                                run->peer_name);
            break;
        case CEPA_CLI_PRESENCE_MENDED:
            cepa_cli_words_note(words, "path", "a path leads to %s again", run->peer_name);
            break;
        case CEPA_CLI_PRESENCE_REFUSED:
            (void)fail(run, run->presence.why.text);
            return;
        }
    }
}

/* --- the command ------------------------------------------------------------------------------ */

static int open_signals(struct run *run)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGHUP);
    (void)signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &set, NULL) == 0) {
        run->signals_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    }
    return run->signals_fd >= 0 ? CEPA_CLI_OK : fail(run, strerror(errno));
}

/* Waits for anything, and takes what is typed. */
static void turn(struct run *run)
{
    struct pollfd fds[2 + CEPA_CLI_OUTBOX_FDS + CEPA_CLI_PRESENCE_FDS];
    bool reads = !run->is_input_over && run->outbox.len < CEPA_CLI_OUTBOX_MAX;
    size_t len = 2;
    fds[0] = (struct pollfd){run->signals_fd, POLLIN, 0};
    fds[1] = (struct pollfd){reads ? STDIN_FILENO : -1, POLLIN, 0};
    len += cepa_cli_outbox_fds(&run->outbox, fds + len);
    len += cepa_cli_presence_fds(&run->presence, fds + len);
    if (poll(fds, (nfds_t)len, TURN_MS) > 0) {
        run->is_leaving = fds[0].revents != 0;
        if (fds[1].revents != 0) {
            cepa_cli_screen_read(&run->screen);
        }
    }
    if (!run->is_input_over) {
        take_lines(run);
    }
    if (fds[1].revents != 0 && !run->is_leaving) {
        cepa_cli_screen_draw(&run->screen);
    }
}

/* Whether all is said, after the end of the input. */
static bool is_done(const struct run *run)
{
    struct cepa_time now = cepa_clock_now();
    /* Whether the other end has its chat open belongs to what is told. */
    bool is_known =
        !run->presence.is_open || run->presence.is_away ||
        cepa_cli_presence_is_here(&run->presence) ||
        cepa_time_is_due(cepa_time_add(run->ended, ANSWER_SECONDS * CEPA_SECOND_NS), now);
    return run->is_input_over &&
           ((run->outbox.len == 0 && is_known) || cepa_time_is_due(run->until, now));
}

static void talk(struct run *run)
{
    cepa_cli_words_note(&run->words, "chat", "with %s as '%s'%s", run->peer_name, run->own_name,
                        run->screen.is_terminal ? "; Ctrl-D leaves" : "");
    look_back(run);
    while (!run->is_leaving) {
        move_presence(run);
        move_outbox(run);
        look(run, 0, true);
        if (is_done(run)) {
            break;
        }
        if (!run->is_leaving) {
            turn(run);
        }
    }
    for (const struct cepa_cli_line *line = run->outbox.first; line != NULL; line = line->next) {
        cepa_cli_words_lost(&run->words, line->number, line->text, line->text_len,
                            run->outbox.why.text);
        run->status = CEPA_CLI_FAILED;
    }
}

static int begin(struct run *run, const char *whom)
{
    struct cepa_folder folder;
    struct cepa_reason reason;
    const char *path = run->config.state_directory;
    if (cepa_folder_enter(&folder, &reason, path) != 0) {
        return fail(run, reason.text);
    }
    int status = cepa_contacts_open(&run->contacts, &reason, path) == 0 &&
                         cepa_inbox_open(&run->inbox, &reason, path) == 0
                     ? CEPA_CLI_OK
                     : fail(run, reason.text);
    if (status == CEPA_CLI_OK) {
        status = find_own(run, folder.fd);
    }
    cepa_folder_close(&folder);
    if (status == CEPA_CLI_OK) {
        status = find_peer(run, whom);
    }
    if (status == CEPA_CLI_OK &&
        cepa_cli_presence_open(&run->presence, &reason, run->config.control, run->peer_text,
                               run->own_name, run->own_text) != 0) {
        status = fail(run, reason.text);
    }
    return status == CEPA_CLI_OK ? open_signals(run) : status;
}

static int chat(struct run *run, const char *whom)
{
    run->until = cepa_time_never();
    run->signals_fd = -1;
    run->words.screen = &run->screen;
    run->words.is_json = run->daemon.is_json;
    run->words.peer = run->peer_name;
    run->words.own = run->own_name;
    int status = begin(run, whom);
    if (status == CEPA_CLI_OK) {
        run->outbox.control = run->config.control;
        run->outbox.address = run->peer_text;
        run->outbox.as = run->own_name;
        cepa_cli_screen_open(&run->screen, run->daemon.is_json);
        talk(run);
        cepa_cli_screen_close(&run->screen);
        cepa_cli_outbox_close(&run->outbox);
        status = run->status;
    }
    cepa_cli_presence_close(&run->presence);
    if (run->signals_fd >= 0) {
        (void)close(run->signals_fd);
    }
    cepa_inbox_close(run->inbox);
    cepa_contacts_close(run->contacts);
    return status;
}

static const char about[] =
    "Talks with an address, or with a contact, line by line, until Ctrl-D or the end of the "
    "input.\n"
    "The other end learns which of your identities talks: the default one, unless --as names\n"
    "another. Each line is a message: where no chat is open at the other end it waits in the "
    "inbox\n"
    "there. A line that is not acknowledged goes again, and comes once. What comes stays in the\n"
    "inbox here.\n\n"
    "Off a terminal lines come from standard input, and those of the other end go to standard\n"
    "output, one for each message.\n";

int cepa_cli_chat(int argc, char **argv)
{
    enum { OWN = 3, OPTIONS = CEPA_CLI_DAEMON_OPTIONS + OWN };
    struct cepa_cli_option options[OPTIONS];
    struct cepa_cli_arguments arguments;
    const char *timeout = NULL;
    struct run *run = calloc(1, sizeof *run);
    if (run == NULL) {
        return cepa_cli_daemon_fail(argv[0], "there is not enough memory");
    }
    run->words.command = argv[0];
    run->patience_s = PATIENCE_SECONDS;
    run->presence.ours.fd = -1;
    run->presence.theirs.fd = -1;
    cepa_cli_daemon_options(options, &run->daemon);
    options[CEPA_CLI_DAEMON_OPTIONS] = (struct cepa_cli_option){
        'a',  "as",    "NAME", "which of your identities talks; the default one if not given",
        NULL, &run->as};
    options[CEPA_CLI_DAEMON_OPTIONS + 1] = (struct cepa_cli_option){
        't',       "timeout",
        "SECONDS", "how long lines may take once the input has ended; 600; 0: for ever",
        NULL,      &timeout};
    options[CEPA_CLI_DAEMON_OPTIONS + 2] = (struct cepa_cli_option){
        0, "take", NULL, "delete from the inbox what was printed, all of it", &run->takes, NULL};
    const struct cepa_cli_syntax syntax = {
        "cepa chat ADDRESS|NAME [--as NAME] [--take] [--timeout SECONDS] [--json]", about, options,
        OPTIONS, 1};
    int status = cepa_cli_parse(&arguments, &syntax, argc, argv);
    if (status == CEPA_CLI_PROCEED &&
        (arguments.len == 0 || !cepa_cli_read_number(&run->patience_s, timeout, 0, PATIENCE_MAX))) {
        fprintf(stderr, "cepa chat: %s\nUsage: %s\n",
                arguments.len == 0 ? "with whom?" : "--timeout takes a number of seconds",
                syntax.usage);
        status = CEPA_CLI_USAGE;
    }
    if (status == CEPA_CLI_PROCEED) {
        status = cepa_cli_daemon_config(&run->config, argv[0], &run->daemon);
        status = status == CEPA_CLI_OK ? chat(run, arguments.values[0]) : status;
    }
    cepa_wipe(run, sizeof *run);
    free(run);
    return status;
}
