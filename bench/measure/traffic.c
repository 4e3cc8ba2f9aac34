/* The server is one process for each stream, so that nothing but the streams is waited for. */
#define _GNU_SOURCE
#include "measure/traffic.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    PIECE = 1 << 16,
    REQUEST_MAX = 64,
    BACKLOG = 64,
    SOCKS = 5, /* the version @[RFC1928] */
    SOCKS_PASSWORD = 2,
    SOCKS_CONNECT = 1,
    SOCKS_NAME = 3,
    SOCKS_ANSWER = 10 /* bytes of one with an IPv4 address */
};

bool bench_stream_read(int fd, void *ret_data, size_t len)
{
    uint8_t *data = ret_data;
    for (size_t done = 0; done < len;) {
        ssize_t got = recv(fd, data + done, len - done, 0);
        if (got <= 0 && !(got < 0 && errno == EINTR)) {
            return false;
        }
        done += got > 0 ? (size_t)got : 0;
    }
    return true;
}

bool bench_stream_write(int fd, const void *data, size_t len)
{
    const uint8_t *bytes = data;
    for (size_t done = 0; done < len;) {
        ssize_t sent = send(fd, bytes + done, len - done, MSG_NOSIGNAL);
        if (sent <= 0 && !(sent < 0 && errno == EINTR)) {
            return false;
        }
        done += sent > 0 ? (size_t)sent : 0;
    }
    return true;
}

/* --- the server ------------------------------------------------------------------------------- */

static void swallow(const struct bench_server *server, int fd, uint8_t *piece)
{
    const uint8_t last = 1;
    ssize_t got;
    while ((got = recv(fd, piece, PIECE, 0)) > 0) {
        (void)__atomic_add_fetch(server->swallowed, (uint64_t)got, __ATOMIC_RELAXED);
    }
    (void)bench_stream_write(fd, &last, sizeof last); /* all is here */
}

static void send_back(int fd, uint8_t *piece)
{
    ssize_t got;
    while ((got = recv(fd, piece, PIECE, 0)) > 0 && bench_stream_write(fd, piece, (size_t)got)) {
    }
}

static void pour(int fd, uint8_t *piece, uint64_t bytes)
{
    memset(piece, 'c', PIECE);
    while (bytes > 0) {
        size_t len = bytes < PIECE ? (size_t)bytes : PIECE;
        if (!bench_stream_write(fd, piece, len)) {
            return;
        }
        bytes -= len;
    }
}

static void serve_one(const struct bench_server *server, int fd)
{
    static uint8_t piece[PIECE];
    char request[REQUEST_MAX] = "";
    for (size_t len = 0; len < REQUEST_MAX - 1; len++) {
        if (!bench_stream_read(fd, request + len, 1)) {
            return;
        }
        if (request[len] == '\n') {
            break;
        }
    }
    if (strncmp(request, "get ", 4) == 0) {
        pour(fd, piece, strtoull(request + 4, NULL, 10));
    } else if (strcmp(request, "put\n") == 0) {
        swallow(server, fd, piece);
    } else if (strcmp(request, "echo\n") == 0) {
        send_back(fd, piece);
    }
}

/* Ends with its parent. */
static _Noreturn void serve(const struct bench_server *server, int listener)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        pid_t pid = fd >= 0 ? fork() : -1;
        if (pid == 0) {
            const int yes = 1;
            (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
            (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
            serve_one(server, fd);
            _exit(0);
        }
        if (fd >= 0) {
            (void)close(fd);
        }
    }
}

bool bench_server_start(struct bench_server *ret_server)
{
    struct bench_server server = {.pid = -1};
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t address_len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    void *shared =
        mmap(NULL, sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (listener >= 0 && shared != MAP_FAILED &&
        bind(listener, (struct sockaddr *)&address, sizeof address) == 0 &&
        listen(listener, BACKLOG) == 0 &&
        getsockname(listener, (struct sockaddr *)&address, &address_len) == 0) {
        server.port = ntohs(address.sin_port);
        server.swallowed = shared;
        server.pid = fork();
    }
    if (server.pid == 0) {
        serve(&server, listener);
    }
    if (listener >= 0) {
        (void)close(listener);
    }
    *ret_server = server;
    return server.pid > 0;
}

void bench_server_stop(struct bench_server *server)
{
    (void)kill(server->pid, SIGKILL);
    (void)waitpid(server->pid, NULL, 0);
}

/* --- streams ---------------------------------------------------------------------------------- */

static int dial(const struct bench_proxy *proxy)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons(proxy->port),
                                        .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    const struct timeval patience = {.tv_sec = (time_t)proxy->patience_s};
    const int yes = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
                    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0 ||
                    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) != 0 ||
                    connect(fd, (const struct sockaddr *)&address, sizeof address) != 0)) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

/* Asks the proxy for the service, under a user name that keeps sessions apart. @[RFC1929] */
static bool ask_proxy(int fd, const struct bench_proxy *proxy, const char *who)
{
    static const uint8_t hello[] = {SOCKS, 1, SOCKS_PASSWORD};
    uint8_t answer[SOCKS_ANSWER];
    uint8_t words[600];
    size_t who_len = strlen(who);
    size_t host_len = strlen(proxy->host);
    if (who_len > 100 || host_len > 255 || !bench_stream_write(fd, hello, sizeof hello) ||
        !bench_stream_read(fd, answer, 2) || answer[1] != SOCKS_PASSWORD) {
        return false;
    }
    int len = snprintf((char *)words, sizeof words, "%c%c%s%cx", 1, (int)who_len, who, 1);
    if (!bench_stream_write(fd, words, (size_t)len) || !bench_stream_read(fd, answer, 2) ||
        answer[1] != 0) {
        return false;
    }
    const uint8_t wish[] = {SOCKS, SOCKS_CONNECT, 0, SOCKS_NAME, (uint8_t)host_len};
    memcpy(words, wish, sizeof wish);
    memcpy(words + sizeof wish, proxy->host, host_len);
    words[sizeof wish + host_len] = (uint8_t)(proxy->service >> 8);
    words[sizeof wish + host_len + 1] = (uint8_t)proxy->service;
    return bench_stream_write(fd, words, sizeof wish + host_len + 2) &&
           bench_stream_read(fd, answer, sizeof answer) && answer[1] == 0;
}

int bench_stream_open(const struct bench_proxy *proxy, const char *who, const char *request)
{
    char line[REQUEST_MAX];
    int len = snprintf(line, sizeof line, "%s\n", request);
    int fd = dial(proxy);
    if (fd >= 0 && (!ask_proxy(fd, proxy, who) || !bench_stream_write(fd, line, (size_t)len))) {
        (void)close(fd);
        return -1;
    }
    return fd;
}
