/* Waits for files and messages. Messages are printed, files go to standard output whole; after the
 * first file it ends.
 *
 *     receive STATE-DIRECTORY >FILE */
#include <cepa/cepa.h>
#include <stdio.h>
#include <unistd.h>

/* Copies a file of the inbox to standard output. */
static int copy(struct cepa *cepa, const char *id)
{
    char piece[65536];
    ssize_t got;
    int fd;
    int result = cepa_entry_open(cepa, &fd, id);
    if (result != 0) {
        return result;
    }
    while ((got = read(fd, piece, sizeof piece)) > 0) {
        fwrite(piece, 1, (size_t)got, stdout);
    }
    close(fd);
    return got == 0 && fflush(stdout) == 0 ? 0 : CEPA_FAIL_SYSTEM;
}

/* Prints a message; what could turn or hide text on a terminal is left out. */
static int print(struct cepa *cepa, const char *id)
{
    char *text;
    int result = cepa_entry_text(cepa, &text, id);
    if (result == 0) {
        for (const char *at = text; *at != '\0'; at++) {
            fputc((*at >= ' ' && *at < 127) ? *at : '.', stderr);
        }
        fputc('\n', stderr);
        cepa_free(text);
    }
    return result;
}

int main(int argc, char **argv)
{
    struct cepa_entry entry = {.size = sizeof entry};
    struct cepa *cepa;
    uint64_t at = 0;
    int has_file = 0;
    if (argc != 2) {
        fprintf(stderr, "receive STATE-DIRECTORY >FILE\n");
        return 2;
    }
    int result = cepa_attach(&cepa, argv[1]);
    while (result == 0 && !has_file) {
        result = cepa_entry_next(cepa, &entry, &at, -1);
        if (result == 0 && entry.state == CEPA_ENTRY_WAITING) {
            result = cepa_entry_accept(cepa, entry.id); /* a program that takes all of everybody */
        }
        if (result == 0) {
            result = cepa_entry_get(cepa, &entry, entry.id, -1);
        }
        if (result == 0 && entry.kind == CEPA_ENTRY_MESSAGE) {
            result = print(cepa, entry.id);
        } else if (result == 0 && entry.state == CEPA_ENTRY_HERE) {
            result = copy(cepa, entry.id);
            has_file = 1;
        }
    }
    if (result != 0) {
        fprintf(stderr, "receive: %s\n", cepa_reason(cepa));
    }
    cepa_close(cepa);
    return result == 0 ? 0 : 1;
}
