/* What answers at a control socket as a daemon would. */
#define _GNU_SOURCE
#include "support/false_daemon.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/test.h"

enum { CLIENTS_MAX = 16, LINE_MAX_SIZE = 8192 };

/* Receives what a client has sent, lines with the descriptor of the first byte; false at its end.
 */
static int serve(int client, false_daemon_line *on_line)
{
    char text[LINE_MAX_SIZE + 1];
    union {
        struct cmsghdr header; /* for its alignment */
        char bytes[CMSG_SPACE(sizeof(int))];
    } sockets;
    struct iovec bytes = {text, LINE_MAX_SIZE};
    struct msghdr message = {.msg_iov = &bytes,
                             .msg_iovlen = 1,
                             .msg_control = sockets.bytes,
                             .msg_controllen = sizeof sockets.bytes};
    int fd = -1;
    ssize_t got = recvmsg(client, &message, MSG_CMSG_CLOEXEC);
    if (got <= 0) {
        return 0;
    }
    const struct cmsghdr *part = CMSG_FIRSTHDR(&message);
    if (part != NULL && part->cmsg_type == SCM_RIGHTS) {
        memcpy(&fd, CMSG_DATA(part), sizeof fd);
    }
    text[got] = '\0';
    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        /* What was sent with a descriptor ends what is received at once: it is the last line's. */
        *end = '\0';
        on_line(client, line, end[1] == '\0' ? fd : -1);
    }
    return 1;
}

static void run(int listener, false_daemon_line *on_line)
{
    struct pollfd fds[CLIENTS_MAX] = {{listener, POLLIN, 0}};
    nfds_t len = 1;
    while (poll(fds, len, -1) > 0) {
        for (nfds_t i = len; i-- > 1;) {
            if (fds[i].revents != 0 && !serve(fds[i].fd, on_line)) {
                close(fds[i].fd);
                len--;
                fds[i] = fds[len];
            }
        }
        if (fds[0].revents != 0 && len < CLIENTS_MAX) {
            fds[len] = (struct pollfd){accept(listener, NULL, NULL), POLLIN, 0};
            len++;
        }
    }
}

pid_t false_daemon_start(const char *path, false_daemon_line *on_line)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    CHECK(strlen(path) < sizeof address.sun_path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    (void)unlink(path);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(listener, (struct sockaddr *)(void *)&address, sizeof address) == 0);
    CHECK(listen(listener, CLIENTS_MAX) == 0);
    fflush(stdout);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        (void)signal(SIGPIPE, SIG_IGN);
        (void)alarm(60);
        run(listener, on_line);
        _exit(0);
    }
    close(listener);
    return child;
}

void false_daemon_stop(pid_t daemon)
{
    (void)kill(daemon, SIGKILL);
    (void)waitpid(daemon, NULL, 0);
}

void false_daemon_say(int client, const char *line)
{
    (void)!write(client, line, strlen(line));
    (void)!write(client, "\n", 1);
}

int false_daemon_has(const char *line, const char *text)
{
    return strstr(line, text) != NULL;
}
