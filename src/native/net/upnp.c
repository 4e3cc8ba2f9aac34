/* Starts the process that asks a router, and takes its answer. */
#define _GNU_SOURCE
#include "native/net/upnp.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "native/net/upnp_process.h"

struct cepa_upnp_work {
    int fd;    /* to the process */
    pid_t pid; /* it; waited for when the work is given back, so nobody else has the number */
    bool is_done;
    struct cepa_upnp_request request;
    struct cepa_upnp_result result; /* once it is done */
};

static bool has_door; /* this program does not take the process's start for its own */

void cepa_upnp_door(int argc, char **argv)
{
    if (argc == 1 && strcmp(argv[0], UPNP_PROCESS_NAME) == 0) {
        _exit(upnp_process_serve(STDIN_FILENO));
    }
    has_door = true;
}

bool cepa_upnp_is_url_of(const char *url, const struct cepa_net_address *gateway)
{
    char ip[CEPA_NET_ADDRESS_TEXT_SIZE];
    static const char scheme[] = "http://";
    if (gateway->family != CEPA_NET_ADDRESS_IPV4 || strncmp(url, scheme, sizeof scheme - 1) != 0) {
        return false;
    }
    cepa_net_address_ip_encode(ip, gateway);
    url += sizeof scheme - 1;
    size_t ip_len = strlen(ip);
    return strncmp(url, ip, ip_len) == 0 && (url[ip_len] == ':' || url[ip_len] == '/');
}

/* Starts this program anew with `fd` as its standard input and no other descriptor, without this
 * process's environment and what it blocks and ignores. What the library prints is for nobody. */
static int start_process(pid_t *ret_pid, int fd)
{
    union {
        const char *const *words;
        char *const *argv;
    } cast[2]; /* posix_spawn changes neither the arrays nor the words */
    static const char *const words[] = {UPNP_PROCESS_NAME, NULL};
    static const char *const environment[] = {NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigset_t all;
    cast[0].words = words;
    cast[1].words = environment;
    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    if (posix_spawn_file_actions_init(&actions) != 0) {
        return CEPA_ERR_SYSTEM;
    }
    if (posix_spawnattr_init(&attributes) != 0) {
        (void)posix_spawn_file_actions_destroy(&actions);
        return CEPA_ERR_SYSTEM;
    }
    int failed = posix_spawn_file_actions_adddup2(&actions, fd, STDIN_FILENO);
    failed |= posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    failed |= posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    failed |= posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    failed |= posix_spawnattr_setsigmask(&attributes, &none);
    failed |= posix_spawnattr_setsigdefault(&attributes, &all);
    failed |= posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    if (failed == 0) {
        failed = posix_spawn(ret_pid, "/proc/self/exe", &actions, &attributes, cast[0].argv,
                             cast[1].argv);
    }
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    return failed != 0 ? CEPA_ERR_SYSTEM : 0;
}

int cepa_upnp_start(struct cepa_upnp_work **ret_work, const struct cepa_upnp_request *request)
{
    int fds[2];
    if (!has_door) {
        return CEPA_ERR_NOT_FOUND;
    }
    struct cepa_upnp_work *work = calloc(1, sizeof *work);
    if (work == NULL) {
        return CEPA_ERR_FULL;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0) {
        free(work);
        return CEPA_ERR_SYSTEM;
    }
    work->request = *request;
    if (request->limit_s == 0) {
        work->request.limit_s = CEPA_UPNP_WORK_MAX_S;
    }
    work->fd = fds[0];
    int result = send(fds[0], &work->request, sizeof work->request, MSG_NOSIGNAL) ==
                         (ssize_t)sizeof work->request
                     ? start_process(&work->pid, fds[1])
                     : CEPA_ERR_SYSTEM;
    (void)close(fds[1]);
    if (result != 0) {
        (void)close(fds[0]);
        free(work);
        return result;
    }
    *ret_work = work;
    return 0;
}

int cepa_upnp_descriptor(const struct cepa_upnp_work *work)
{
    return work->fd;
}

/* Says whether an external port is one that the process could have got. */
static bool is_candidate(const struct cepa_upnp_request *request, uint16_t external)
{
    for (size_t i = 0; i < CEPA_UPNP_CANDIDATES; i++) {
        if (external == request->candidates[i]) {
            return true;
        }
    }
    return external == 0;
}

/* Takes over an answer, as far as it can be true. */
static int take_answer(struct cepa_upnp_result *ret_result, const struct cepa_upnp_request *request,
                       const struct upnp_answer *answer)
{
    struct cepa_upnp_result result = {.udp_external = answer->udp_external,
                                      .tcp_external = answer->tcp_external,
                                      .is_permanent = answer->is_permanent != 0,
                                      .control = answer->control};
    if (request->is_removal) {
        return 0;
    }
    if (answer->result != 0) {
        return answer->result == CEPA_ERR_NOT_FOUND || answer->result == CEPA_ERR_UNSUPPORTED ||
                       answer->result == CEPA_ERR_TIMEOUT
                   ? answer->result
                   : CEPA_ERR_UNREACHABLE;
    }
    result.external.family = CEPA_NET_ADDRESS_IPV4;
    memcpy(result.external.ip, answer->ip, sizeof answer->ip);
    if ((result.udp_external == 0 && result.tcp_external == 0) ||
        (result.udp_external != 0 && request->udp_port == 0) ||
        (result.tcp_external != 0 && request->tcp_port == 0) ||
        !is_candidate(request, result.udp_external) ||
        !is_candidate(request, result.tcp_external) ||
        memchr(result.control.url, 0, sizeof result.control.url) == NULL ||
        memchr(result.control.service, 0, sizeof result.control.service) == NULL ||
        !cepa_upnp_is_url_of(result.control.url, &request->gateway)) {
        return CEPA_ERR_UNREACHABLE;
    }
    *ret_result = result;
    return 0;
}

bool cepa_upnp_is_done(struct cepa_upnp_work *work, struct cepa_upnp_result *ret_result)
{
    struct upnp_answer answer;
    if (!work->is_done) {
        ssize_t got = recv(work->fd, &answer, sizeof answer, MSG_DONTWAIT | MSG_TRUNC);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
            return false;
        }
        /* Without an answer it has met one of its limits, or something worse. */
        work->result.result = got == (ssize_t)sizeof answer
                                  ? take_answer(&work->result, &work->request, &answer)
                                  : CEPA_ERR_UNREACHABLE;
        work->is_done = true;
    }
    *ret_result = work->result;
    return true;
}

void cepa_upnp_cancel(struct cepa_upnp_work *work)
{
    (void)shutdown(work->fd, SHUT_WR);
}

void cepa_upnp_end(struct cepa_upnp_work *work)
{
    if (work != NULL) {
        (void)kill(work->pid, SIGKILL);
        while (waitpid(work->pid, NULL, 0) < 0 && errno == EINTR) {
        }
        (void)close(work->fd);
        free(work);
    }
}
