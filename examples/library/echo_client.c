/* Says something to the echo service at an address, and prints what comes back.
 *
 *     echo_client STATE-DIRECTORY ADDRESS TEXT */
#include <cepa/cepa.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct cepa_event event = {.size = sizeof event};
    struct cepa *cepa;
    char piece[4096];
    ssize_t got;
    uint32_t number;
    int stream;
    if (argc != 4) {
        fprintf(stderr, "echo_client STATE-DIRECTORY ADDRESS TEXT\n");
        return 2;
    }
    int result = cepa_attach(&cepa, argv[1]);
    if (result == 0) {
        result = cepa_connect(cepa, &stream, &number, argv[2], "echo", NULL);
    }
    if (result != 0) {
        fprintf(stderr, "echo_client: %s\n", cepa_reason(cepa));
        cepa_close(cepa);
        return 1;
    }
    (void)!write(stream, argv[3], strlen(argv[3]));
    shutdown(stream, SHUT_WR);
    while ((got = read(stream, piece, sizeof piece)) > 0) {
        fwrite(piece, 1, (size_t)got, stdout);
    }
    putchar('\n');
    close(stream);
    /* What the stream's descriptor did not tell: that everything has arrived, and how it ended. */
    while ((result = cepa_next_event(cepa, &event, 10000)) == 0 && event.kind != CEPA_EVENT_ENDED) {
        fprintf(stderr, "stream %u: event %d\n", (unsigned)event.stream, event.kind);
    }
    result = result == 0 ? event.failure : result;
    cepa_close(cepa);
    return result == 0 ? 0 : 1;
}
