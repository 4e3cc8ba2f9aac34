/* Clients of the proxy. */
#define _GNU_SOURCE
#include "native/proxy/socks_server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"
#include "native/proxy/listener.h"

/* Where a client stands. */
enum client_state {
    CLIENT_FREE,    /* nobody */
    CLIENT_TALKING, /* has not said what it wants */
    CLIENT_WAITING, /* has */
    CLIENT_REFUSED, /* was told no; what it still sends is thrown away */
    CLIENT_GIVEN    /* its socket is the owner's */
};

/* One client. */
struct client {
    enum client_state state;
    uint32_t number;
    int fd;
    bool is_told;                    /* WAITING: the owner knows */
    bool is_left;                    /* the owner knew, and is to know that it left */
    bool has_reason;                 /* and why one was told no */
    bool is_early;                   /* WAITING: sends more already; is not listened to */
    struct cepa_time deadline;       /* TALKING, REFUSED: it is cut off */
    struct cepa_socks socks;         /* TALKING, WAITING */
    struct cepa_proxy_target target; /* WAITING */
    struct cepa_reason reason;       /* if there is one */
};

struct cepa_socks_server {
    struct cepa_socks_server_config config;
    struct cepa_listener *listener;
    uint32_t last_number;
    struct client *clients;
};

int cepa_socks_server_open(struct cepa_socks_server **ret_server,
                           const struct cepa_socks_server_config *config)
{
    const struct cepa_listener_config listener = {config->loop, config->first_number, config->port,
                                                  config->clients_max};
    struct cepa_socks_server *server = calloc(1, sizeof *server);
    struct client *clients = calloc(config->clients_max, sizeof *clients);
    int status = server == NULL || clients == NULL
                     ? CEPA_ERR_FULL
                     : cepa_listener_open(&server->listener, &listener);
    if (status != 0) {
        free(clients);
        free(server);
        return status;
    }
    server->config = *config;
    server->clients = clients;
    *ret_server = server;
    return 0;
}

static uint64_t number_of(const struct cepa_socks_server *server, const struct client *client)
{
    return server->config.first_number + 1 + (uint64_t)(client - server->clients);
}

/* Lets a place go. What the owner is to hear of its client stays until it has. */
static void forget(struct cepa_socks_server *server, struct client *client)
{
    if (client->state != CLIENT_GIVEN) {
        cepa_loop_remove(server->config.loop, client->fd, number_of(server, client));
        (void)close(client->fd);
    }
    client->is_left = client->state == CLIENT_WAITING && client->is_told;
    client->state = CLIENT_FREE;
    cepa_socks_wipe(&client->socks);
    cepa_listener_release(server->listener);
}

void cepa_socks_server_close(struct cepa_socks_server *server)
{
    if (server == NULL) {
        return;
    }
    for (uint32_t i = 0; i < server->config.clients_max; i++) {
        if (server->clients[i].state != CLIENT_FREE) {
            forget(server, &server->clients[i]);
        }
    }
    cepa_listener_close(server->listener);
    free(server->clients);
    free(server);
}

uint16_t cepa_socks_server_port(const struct cepa_socks_server *server)
{
    return cepa_listener_port(server->listener);
}

/* A place whose last client the owner has nothing to hear of; NULL if there is none. */
static struct client *find_place(struct cepa_socks_server *server)
{
    for (uint32_t i = 0; i < server->config.clients_max; i++) {
        struct client *client = &server->clients[i];
        if (client->state == CLIENT_FREE && !client->is_left && !client->has_reason) {
            return client;
        }
    }
    return NULL;
}

static void accept_all(struct cepa_socks_server *server, struct cepa_time now)
{
    int fd;
    while (find_place(server) != NULL && cepa_listener_next(server->listener, &fd, now)) {
        struct client *client = find_place(server);
        memset(client, 0, sizeof *client);
        if (cepa_loop_add(server->config.loop, fd, number_of(server, client), CEPA_LOOP_READ) !=
            0) {
            (void)close(fd);
            cepa_listener_release(server->listener);
            continue;
        }
        server->last_number += 1U + (server->last_number == UINT32_MAX);
        client->number = server->last_number;
        client->state = CLIENT_TALKING;
        client->fd = fd;
        client->deadline = cepa_time_add(now, CEPA_SOCKS_SERVER_TALK_MS * CEPA_MILLISECOND_NS);
        cepa_socks_init(&client->socks);
    }
}

/* Sends what the conversation has to say. That are a few bytes to a socket that has room for
 * thousands: one that does not take them is broken. */
static bool say(struct client *client)
{
    uint8_t message[CEPA_SOCKS_OUTPUT_MAX];
    size_t len = cepa_socks_pull(&client->socks, message, sizeof message);
    return len == 0 || send(client->fd, message, len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)len;
}

/* Sends the last word, and waits for the client to read it: closing a socket in which something
 * stands unread would break the connection, and the word with it. */
static void dismiss(struct cepa_socks_server *server, struct client *client, struct cepa_time now)
{
    if (!say(client) || shutdown(client->fd, SHUT_WR) != 0 ||
        cepa_loop_change(server->config.loop, client->fd, number_of(server, client),
                         CEPA_LOOP_READ) != 0) {
        forget(server, client);
        return;
    }
    client->state = CLIENT_REFUSED;
    client->deadline = cepa_time_add(now, CEPA_SOCKS_SERVER_LINGER_MS * CEPA_MILLISECOND_NS);
}

/* Finds out whom a client means. */
static void take_request(struct cepa_socks_server *server, struct client *client,
                         struct cepa_time now)
{
    const struct cepa_socks_request *request = cepa_socks_request(&client->socks);
    int status;
    if (request->host == CEPA_SOCKS_NAME) {
        status =
            cepa_proxy_target_read(&client->target, NULL, &client->reason, server->config.contacts,
                                   request->name, strlen(request->name), request->port);
    } else {
        status = cepa_reason_fail(&client->reason, CEPA_ERR_UNSUPPORTED,
                                  "an IP address is asked for: the program looks names up by "
                                  "itself (curl needs --socks5-hostname), or wants to go to the "
                                  "Internet, and there are no exits");
    }
    if (status == 0) {
        client->state = CLIENT_WAITING;
        client->deadline = cepa_time_never();
        return;
    }
    client->has_reason = true;
    cepa_socks_answer(&client->socks, cepa_socks_reply_for(status));
    dismiss(server, client, now);
}

static void talk(struct cepa_socks_server *server, struct client *client, struct cepa_time now)
{
    uint8_t message[CEPA_SOCKS_INPUT_MAX];
    size_t wanted;
    while ((wanted = cepa_socks_wanted(&client->socks)) > 0) {
        ssize_t got = recv(client->fd, message, wanted, MSG_DONTWAIT);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0 && errno == EAGAIN) {
            return;
        }
        if (got <= 0) {
            forget(server, client);
            return;
        }
        int status = cepa_socks_receive(&client->socks, message, (size_t)got);
        if (status != 0) {
            client->has_reason = true;
            cepa_reason_set(&client->reason, "%s",
                            status == CEPA_ERR_VERSION
                                ? "a program does not speak SOCKS 5, but something else"
                            : status == CEPA_ERR_UNSUPPORTED
                                ? "a program asks for something else than a connection"
                                : "a program's request makes no sense");
            dismiss(server, client, now);
            return;
        }
        if (!say(client)) {
            forget(server, client);
            return;
        }
    }
    take_request(server, client, now);
}

/* A client that waits may send more already, which stays where it is, or leave. */
static void look_at_waiting(struct cepa_socks_server *server, struct client *client)
{
    uint8_t byte;
    ssize_t got = recv(client->fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK);
    if (got == 1 &&
        cepa_loop_change(server->config.loop, client->fd, number_of(server, client), 0) == 0) {
        client->is_early = true;
    } else if (got >= 0 || (errno != EAGAIN && errno != EINTR)) {
        forget(server, client);
    }
}

static void throw_away(struct cepa_socks_server *server, struct client *client)
{
    uint8_t message[4096];
    ssize_t got = recv(client->fd, message, sizeof message, MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
        forget(server, client);
    }
}

bool cepa_socks_server_on_ready(struct cepa_socks_server *server,
                                const struct cepa_loop_ready *ready, struct cepa_time now)
{
    uint64_t first = server->config.first_number;
    if (ready->number < first || ready->number > first + server->config.clients_max) {
        return false;
    }
    if (ready->number == first) {
        accept_all(server, now);
        return true;
    }
    struct client *client = &server->clients[ready->number - first - 1];
    if (client->state == CLIENT_TALKING) {
        talk(server, client, now);
    } else if (client->state == CLIENT_WAITING && client->is_early) {
        forget(server, client); /* nothing but a broken connection is watched for */
    } else if (client->state == CLIENT_WAITING) {
        look_at_waiting(server, client);
    } else if (client->state == CLIENT_REFUSED) {
        throw_away(server, client);
    }
    return true;
}

void cepa_socks_server_step(struct cepa_socks_server *server, struct cepa_time now)
{
    cepa_listener_step(server->listener, now);
    for (uint32_t i = 0; i < server->config.clients_max; i++) {
        struct client *client = &server->clients[i];
        bool is_timed = client->state == CLIENT_TALKING || client->state == CLIENT_REFUSED;
        if (is_timed && cepa_time_is_due(client->deadline, now)) {
            forget(server, client);
        }
    }
}

struct cepa_time cepa_socks_server_deadline(const struct cepa_socks_server *server)
{
    struct cepa_time deadline = cepa_listener_deadline(server->listener);
    for (uint32_t i = 0; i < server->config.clients_max; i++) {
        const struct client *client = &server->clients[i];
        if (client->state == CLIENT_TALKING || client->state == CLIENT_REFUSED) {
            deadline = cepa_time_earliest(deadline, client->deadline);
        }
    }
    return deadline;
}

bool cepa_socks_server_next(struct cepa_socks_server *server,
                            struct cepa_socks_server_said *ret_said)
{
    for (uint32_t i = 0; i < server->config.clients_max; i++) {
        struct client *client = &server->clients[i];
        struct cepa_socks_server_said said = {.client = client->number};
        if (client->has_reason) {
            client->has_reason = false;
            said.event = CEPA_SOCKS_SERVER_REFUSED;
            said.reason = client->reason.text;
        } else if (client->is_left) {
            client->is_left = false;
            said.event = CEPA_SOCKS_SERVER_GONE;
        } else if (client->state == CLIENT_WAITING && !client->is_told) {
            client->is_told = true;
            said.event = CEPA_SOCKS_SERVER_WANTED;
            said.target = client->target;
            memcpy(said.isolation, cepa_socks_request(&client->socks)->isolation,
                   sizeof said.isolation);
        } else {
            continue;
        }
        *ret_said = said;
        return true;
    }
    return false;
}

static struct client *find(struct cepa_socks_server *server, uint32_t number,
                           enum client_state state)
{
    for (uint32_t i = 0; i < server->config.clients_max; i++) {
        struct client *client = &server->clients[i];
        if (client->number == number && client->state == state) {
            return client;
        }
    }
    return NULL;
}

int cepa_socks_server_answer(struct cepa_socks_server *server, int *ret_fd, uint32_t number,
                             int error, struct cepa_time now)
{
    struct client *client = find(server, number, CLIENT_WAITING);
    if (client == NULL) {
        return CEPA_ERR_NOT_FOUND;
    }
    client->is_told = false; /* what follows is no news to the owner */
    cepa_socks_answer(&client->socks, cepa_socks_reply_for(error));
    if (error != 0) {
        dismiss(server, client, now);
        return 0;
    }
    if (!say(client)) {
        forget(server, client);
        return CEPA_ERR_NOT_FOUND;
    }
    cepa_loop_remove(server->config.loop, client->fd, number_of(server, client));
    client->state = CLIENT_GIVEN;
    *ret_fd = client->fd;
    return 0;
}

void cepa_socks_server_release(struct cepa_socks_server *server, uint32_t number)
{
    struct client *client = find(server, number, CLIENT_GIVEN);
    if (client != NULL) {
        forget(server, client);
    }
}
