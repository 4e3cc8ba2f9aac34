/* Passphrases. */
#define _GNU_SOURCE
#include "cli/passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/ct.h"
#include "cli/commands.h"
#include "cli/daemon_options.h"
#include "cli/small_file.h"

enum { SHORT = 10, CONTROL_C = 3, CONTROL_D = 4, CONTROL_H = 8, CONTROL_U = 21, CONTROL_BACK = 28 };

void cepa_cli_passphrase_options(struct cepa_cli_option ret_options[CEPA_CLI_PASSPHRASE_OPTIONS],
                                 struct cepa_cli_passphrase_source *source)
{
    ret_options[0] = (struct cepa_cli_option){
        0, "passphrase-file", "FILE", "take the passphrase from a file", NULL, &source->file};
    ret_options[1] = (struct cepa_cli_option){
        0, "passphrase-fd", "NUMBER", "take it from an open descriptor", NULL, &source->fd};
}

/* Takes one typed byte; -1 while the line goes on, else how it ended: 0, or CONTROL_C. */
static int take_byte(struct cepa_cli_passphrase *line, char c)
{
    if (c == '\n' || c == '\r' || c == CONTROL_D) {
        return 0;
    }
    if (c == CONTROL_C || c == CONTROL_BACK) {
        return CONTROL_C;
    }
    if (c == CONTROL_U) {
        line->len = 0;
    } else if (c == CONTROL_H || c == 0x7f) {
        /* A character of UTF-8 goes as a whole. */
        while (line->len > 0 && ((unsigned char)line->text[--line->len] & 0xc0) == 0x80) {
        }
    } else if (line->len <= CEPA_CLI_PASSPHRASE_MAX) {
        line->text[line->len++] = c;
    }
    return -1;
}

/* Reads a line from the terminal, byte by byte: so signals are typed bytes, and no signal leaves it
 * without echo. */
static int type_line(struct cepa_cli_passphrase *ret_line, const char *command, int fd,
                     const char *prompt)
{
    struct termios before;
    int end = -1;
    ret_line->len = 0;
    if (tcgetattr(fd, &before) != 0) {
        return cepa_cli_daemon_fail(command, "the terminal does not answer");
    }
    struct termios quiet = before;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG);
    quiet.c_cc[VMIN] = 1;
    quiet.c_cc[VTIME] = 0;
    if (tcsetattr(fd, TCSAFLUSH, &quiet) != 0) {
        return cepa_cli_daemon_fail(command, "the terminal cannot hide what is typed");
    }
    dprintf(fd, "%s: ", prompt);
    while (end < 0) {
        char c = CONTROL_C;
        ssize_t got = read(fd, &c, 1);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        end = take_byte(ret_line, got <= 0 ? CONTROL_C : c);
    }
    dprintf(fd, "\n");
    (void)tcsetattr(fd, TCSAFLUSH, &before);
    return end == 0 ? CEPA_CLI_OK : cepa_cli_daemon_fail(command, "nothing was done");
}

static int ask_terminal(struct cepa_cli_passphrase *ret_passphrase, const char *command,
                        bool is_new)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return cepa_cli_daemon_fail(command, "there is no terminal to ask for the passphrase; give "
                                             "it with --passphrase-file or --passphrase-fd");
    }
    int status = type_line(ret_passphrase, command, fd, "Passphrase");
    if (status == CEPA_CLI_OK && is_new) {
        struct cepa_cli_passphrase again;
        status = type_line(&again, command, fd, "The same again");
        if (status == CEPA_CLI_OK &&
            (again.len != ret_passphrase->len ||
             cepa_ct_compare(again.text, ret_passphrase->text, again.len) == 0)) {
            status = cepa_cli_daemon_fail(command, "these were two different passphrases");
        }
        cepa_wipe(&again, sizeof again);
    }
    close(fd);
    return status;
}

/* The first line of a file or a descriptor. */
static int read_line(struct cepa_cli_passphrase *ret_passphrase, const char *command,
                     const struct cepa_cli_passphrase_source *source)
{
    uint32_t fd = 0;
    size_t len = 0;
    if (source->fd != NULL && !cepa_cli_read_number(&fd, source->fd, 0, 1 << 20)) {
        fprintf(stderr, "cepa %s: --passphrase-fd takes the number of an open descriptor\n",
                command);
        return CEPA_CLI_USAGE;
    }
    int status = source->fd != NULL
                     ? cepa_cli_read_fd(ret_passphrase->text, &len, sizeof ret_passphrase->text,
                                        command, (int)fd, "--passphrase-fd")
                     : cepa_cli_read_file(ret_passphrase->text, &len, sizeof ret_passphrase->text,
                                          command, source->file);
    if (status != CEPA_CLI_OK) {
        return status;
    }
    const char *end = memchr(ret_passphrase->text, '\n', len);
    ret_passphrase->len = end == NULL ? len : (size_t)(end - ret_passphrase->text);
    return CEPA_CLI_OK;
}

int cepa_cli_passphrase_get(struct cepa_cli_passphrase *ret_passphrase, const char *command,
                            const struct cepa_cli_passphrase_source *source, bool is_new)
{
    memset(ret_passphrase, 0, sizeof *ret_passphrase);
    int status = source->file != NULL || source->fd != NULL
                     ? read_line(ret_passphrase, command, source)
                     : ask_terminal(ret_passphrase, command, is_new);
    if (status == CEPA_CLI_OK && ret_passphrase->len > CEPA_CLI_PASSPHRASE_MAX) {
        status = cepa_cli_daemon_fail(command, "this passphrase is too long");
    }
    if (status == CEPA_CLI_OK && ret_passphrase->len == 0) {
        status = cepa_cli_daemon_fail(command, "an empty passphrase protects nothing");
    }
    if (status == CEPA_CLI_OK && is_new && ret_passphrase->len < SHORT) {
        fprintf(stderr,
                "cepa %s: this is short: whoever gets the file can try many; a few words "
                "that do not belong together are better\n",
                command);
    }
    if (status != CEPA_CLI_OK) {
        cepa_wipe(ret_passphrase, sizeof *ret_passphrase);
    }
    return status;
}
