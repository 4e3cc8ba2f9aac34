/* A listening socket that is watched only while it may be taken from. */
#define _GNU_SOURCE
#include "native/proxy/listener.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"
#include "native/net/address.h"
#include "native/net/socket.h"

enum { BACKLOG = 64 };

struct cepa_listener {
    struct cepa_listener_config config;
    int fd;
    uint16_t port;
    uint32_t clients;         /* that have not left */
    struct cepa_time resumes; /* when a pause ends; never if there is none */
    bool is_watched;
};

/* A socket with clients before it would be ready without pause. */
static void watch(struct cepa_listener *listener)
{
    bool wants =
        listener->clients < listener->config.clients_max && cepa_time_is_never(listener->resumes);
    if (wants != listener->is_watched &&
        cepa_loop_change(listener->config.loop, listener->fd, listener->config.number,
                         wants ? CEPA_LOOP_READ : 0U) == 0) {
        listener->is_watched = wants;
    }
}

static int start(struct cepa_listener *listener)
{
    const struct cepa_net_address loopback = {
        .family = CEPA_NET_ADDRESS_IPV4, .port = listener->config.port, .ip = {127, 0, 0, 1}};
    struct cepa_net_address local;
    int status = cepa_socket_open(&listener->fd, SOCK_STREAM, &loopback, 0);
    if (status != 0) {
        return status;
    }
    if (listen(listener->fd, BACKLOG) != 0) {
        return errno == EADDRINUSE ? CEPA_ERR_IN_USE : CEPA_ERR_SYSTEM;
    }
    status = cepa_socket_local(&local, listener->fd);
    if (status != 0) {
        return status;
    }
    listener->port = local.port;
    return cepa_loop_add(listener->config.loop, listener->fd, listener->config.number,
                         CEPA_LOOP_READ);
}

int cepa_listener_open(struct cepa_listener **ret_listener,
                       const struct cepa_listener_config *config)
{
    CEPA_ASSERT(config->clients_max > 0);
    struct cepa_listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL) {
        return CEPA_ERR_FULL;
    }
    listener->config = *config;
    listener->fd = -1;
    listener->resumes = cepa_time_never();
    listener->is_watched = true;
    int status = start(listener);
    if (status != 0) {
        cepa_listener_close(listener);
        return status;
    }
    *ret_listener = listener;
    return 0;
}

void cepa_listener_close(struct cepa_listener *listener)
{
    if (listener == NULL) {
        return;
    }
    if (listener->fd >= 0) {
        cepa_loop_remove(listener->config.loop, listener->fd, listener->config.number);
        (void)close(listener->fd);
    }
    free(listener);
}

uint16_t cepa_listener_port(const struct cepa_listener *listener)
{
    return listener->port;
}

/* Nobody else reaches a socket that is bound to 127.0.0.1, as long as the system's routes are what
 * they are everywhere; they can be changed. */
static bool is_of_this_machine(const union cepa_socket_address *peer)
{
    const struct cepa_net_address address = cepa_socket_address_decode(peer);
    return cepa_net_address_is_loopback(&address);
}

bool cepa_listener_next(struct cepa_listener *listener, int *ret_fd, struct cepa_time now)
{
    while (listener->clients < listener->config.clients_max &&
           cepa_time_is_never(listener->resumes)) {
        union cepa_socket_address peer;
        socklen_t len = sizeof peer;
        memset(&peer, 0, sizeof peer);
        int fd = accept4(listener->fd, &peer.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0 && is_of_this_machine(&peer)) {
            listener->clients++;
            watch(listener);
            *ret_fd = fd;
            return true;
        }
        if (fd >= 0) {
            (void)close(fd);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            listener->resumes = cepa_time_add(now, CEPA_LISTENER_PAUSE_MS * CEPA_MILLISECOND_NS);
            watch(listener);
        } else if (errno != EINTR && errno != ECONNABORTED) {
            return false;
        }
    }
    return false;
}

void cepa_listener_release(struct cepa_listener *listener)
{
    CEPA_ASSERT(listener->clients > 0);
    listener->clients--;
    watch(listener);
}

void cepa_listener_step(struct cepa_listener *listener, struct cepa_time now)
{
    if (cepa_time_is_due(listener->resumes, now)) {
        listener->resumes = cepa_time_never();
        watch(listener);
    }
}

struct cepa_time cepa_listener_deadline(const struct cepa_listener *listener)
{
    return listener->resumes;
}
