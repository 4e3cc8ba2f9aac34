/* Sends a file, and says how far it is.
 *
 *     send STATE-DIRECTORY ADDRESS FILE [TEXT]       a message before it, if there is one
 *
 * The state directory is that of a running `cepa up`. */
#include <cepa/cepa.h>
#include <stdio.h>

static int show(void *context, uint64_t bytes, uint64_t size, const char *waits_for)
{
    (void)context;
    fprintf(stderr, "\r%llu of %llu bytes  %-30s", (unsigned long long)bytes,
            (unsigned long long)size, waits_for);
    return 0;
}

int main(int argc, char **argv)
{
    struct cepa_send_options options = {.size = sizeof options, .as = "me", .progress = show};
    struct cepa_sent sent = {.size = sizeof sent};
    struct cepa *cepa;
    if (argc < 4) {
        fprintf(stderr, "send STATE-DIRECTORY ADDRESS FILE [TEXT]\n");
        return 2;
    }
    int result = cepa_attach(&cepa, argv[1]);
    if (result == 0 && argc > 4) {
        result = cepa_send_message(cepa, NULL, argv[2], argv[4], &options);
    }
    if (result == 0) {
        result = cepa_send_file(cepa, &sent, argv[2], argv[3], &options);
    }
    fputc('\n', stderr);
    if (result == 0) {
        printf("sent %llu bytes, verified\n", (unsigned long long)sent.bytes);
    } else {
        fprintf(stderr, "send: %s\n", cepa_reason(cepa));
    }
    cepa_close(cepa);
    return result == 0 ? 0 : 1;
}
