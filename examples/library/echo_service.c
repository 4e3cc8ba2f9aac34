/* An echo service at an address of one's own, with a node inside the program: what comes on a
 * stream goes back. One stream at a time, for simplicity; it ends with its standard input.
 *
 *     echo_service STATE-DIRECTORY SETTING...       such as invitation=cepa:... ; see cepa.conf(5)
 */
#include <cepa/cepa.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

/* Sends everything back, up to the end. */
static void echo(int stream)
{
    char piece[4096];
    ssize_t got;
    while ((got = read(stream, piece, sizeof piece)) > 0) {
        for (ssize_t at = 0, sent = 1; at < got && sent > 0; at += sent) {
            sent = write(stream, piece + at, (size_t)(got - at));
        }
    }
    close(stream);
}

static int serve(struct cepa *cepa, struct cepa_listening *listening)
{
    char from[CEPA_ADDRESS_CHARS];
    int result = 0;
    while (result == 0) {
        struct pollfd fds[2] = {{.fd = cepa_listening_fd(listening), .events = POLLIN},
                                {.fd = STDIN_FILENO, .events = POLLIN}};
        int stream;
        if (poll(fds, 2, -1) < 0 || fds[1].revents != 0) {
            return 0;
        }
        result = cepa_accept(listening, &stream, from, 0);
        if (result == 0) {
            fprintf(stderr, "a stream from %s\n", from[0] != '\0' ? from : "somebody");
            echo(stream);
        }
        result = result == CEPA_FAIL_AGAIN ? 0 : result;
    }
    fprintf(stderr, "echo_service: %s\n", cepa_reason(cepa));
    return result;
}

int main(int argc, char **argv)
{
    struct cepa_open_options options = {.size = sizeof options};
    struct cepa_listening *listening = NULL;
    char address[CEPA_ADDRESS_CHARS];
    struct cepa *cepa;
    if (argc < 2) {
        fprintf(stderr, "echo_service STATE-DIRECTORY SETTING...\n");
        return 2;
    }
    options.state_directory = argv[1];
    options.settings = (const char *const *)argv + 2;
    int result = cepa_open(&cepa, &options);
    if (result == 0 && cepa_identity_get(cepa, address, NULL) != 0) {
        result = cepa_identity_make(cepa, address, "me");
    }
    if (result == 0) {
        result = cepa_listen(cepa, &listening, NULL, "echo", 0);
    }
    if (result == 0) {
        printf("%s\n", cepa_listening_address(listening));
        fflush(stdout);
        result = serve(cepa, listening);
    } else {
        fprintf(stderr, "echo_service: %s\n", cepa_reason(cepa));
    }
    cepa_listening_close(listening);
    cepa_close(cepa);
    return result == 0 ? 0 : 1;
}
