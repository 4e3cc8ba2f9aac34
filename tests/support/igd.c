/* As much of HTTP and SOAP as a client of a gateway device needs. */
#define _GNU_SOURCE
#include "support/igd.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/test.h"

static const char service[] = "urn:schemas-upnp-org:service:WANIPConnection:1";

static void describe(const struct test_igd *igd, char *ret_text, size_t size)
{
    const char *host = igd->fault == IGD_ELSEWHERE ? "127.0.0.2" : igd->ip;
    (void)snprintf(
        ret_text, size,
        "<?xml version=\"1.0\"?><root xmlns=\"urn:schemas-upnp-org:device-1-0\">"
        "<URLBase>http://%s:%u/</URLBase><device>"
        "<deviceType>urn:schemas-upnp-org:device:InternetGatewayDevice:1</deviceType>"
        "<deviceList><device>"
        "<deviceType>urn:schemas-upnp-org:device:WANConnectionDevice:1</deviceType>"
        "<serviceList><service><serviceType>%s</serviceType>"
        "<controlURL>/control</controlURL><eventSubURL>/event</eventSubURL>"
        "<SCPDURL>/scpd</SCPDURL></service></serviceList></device></deviceList></device></root>",
        host, (unsigned)igd->port, service);
}

/* Copies what stands in the element. */
static void element(const char *request, const char *name, char *ret_text, size_t size)
{
    char begin[64];
    (void)snprintf(begin, sizeof begin, "<%s>", name);
    const char *at = strstr(request, begin);
    size_t len = 0;
    if (at != NULL) {
        at += strlen(begin);
        while (len + 1 < size && at[len] != '<' && at[len] != 0) {
            ret_text[len] = at[len];
            len++;
        }
    }
    ret_text[len] = 0;
}

/* Returns the error of UPnP, 0 if there is none. */
static int add(struct test_igd *igd, const char *request)
{
    char port_text[16];
    char lease[16];
    element(request, "NewExternalPort", port_text, sizeof port_text);
    element(request, "NewLeaseDuration", lease, sizeof lease);
    uint16_t port = (uint16_t)strtoul(port_text, NULL, 10);
    if (igd->fault == IGD_REFUSES) {
        return 606;
    }
    if (igd->fault == IGD_ONLY_PERMANENT && strcmp(lease, "0") != 0) {
        return 725;
    }
    if (igd->fault == IGD_PORT_TAKEN && (igd->taken_port == 0 || igd->taken_port == port)) {
        igd->taken_port = port;
        return 718;
    }
    igd->added++;
    igd->is_mapped[strstr(request, "<NewProtocol>TCP<") != NULL ? 1 : 0] = true;
    memcpy(igd->last_lease, lease, sizeof lease);
    return 0;
}

/* Answers an order. */
static void obey(struct test_igd *igd, const char *request, char *ret_text, size_t size)
{
    static const char *const actions[] = {"GetExternalIPAddress", "AddPortMapping",
                                          "DeletePortMapping"};
    size_t action = 0;
    int error = 0;
    while (action < 3 && strstr(request, actions[action]) == NULL) {
        action++;
    }
    pthread_mutex_lock(&igd->mutex);
    if (action == 1) {
        error = add(igd, request);
    } else if (action == 2) {
        igd->deleted++;
        igd->is_mapped[strstr(request, "<NewProtocol>TCP<") != NULL ? 1 : 0] = false;
    } else if (action == 3) {
        error = 401;
    }
    pthread_mutex_unlock(&igd->mutex);
    if (error != 0) {
        (void)snprintf(ret_text, size,
                       "<s:Envelope><s:Body><s:Fault><detail><UPnPError>"
                       "<errorCode>%d</errorCode></UPnPError></detail></s:Fault></s:Body>"
                       "</s:Envelope>",
                       error);
        return;
    }
    (void)snprintf(ret_text, size,
                   "<s:Envelope><s:Body><u:%sResponse xmlns:u=\"%s\">%s</u:%sResponse></s:Body>"
                   "</s:Envelope>",
                   actions[action], service,
                   action == 0 ? "<NewExternalIPAddress>203.0.113.9</NewExternalIPAddress>" : "",
                   actions[action]);
}

/* Reads a request to its end. */
static size_t read_request(int fd, char *ret_text, size_t size)
{
    size_t len = 0;
    for (;;) {
        ret_text[len] = 0;
        const char *body = strstr(ret_text, "\r\n\r\n");
        const char *field = strcasestr(ret_text, "content-length:");
        size_t body_len = field != NULL ? strtoul(field + 15, NULL, 10) : 0;
        if (body != NULL && len >= (size_t)(body + 4 - ret_text) + body_len) {
            return len;
        }
        ssize_t got = recv(fd, ret_text + len, size - 1 - len, 0);
        if (got <= 0) {
            return 0;
        }
        len += (size_t)got;
    }
}

/* Waits; true once the router is to end. */
static bool is_stopped(const struct test_igd *igd, int wait_ms)
{
    struct pollfd stop = {.fd = igd->stop_fds[0], .events = POLLIN};
    return poll(&stop, 1, wait_ms) != 0;
}

/* What an answer begins with, and goes on with until nobody takes it any more. */
static void flood(struct test_igd *igd, int fd)
{
    static const struct {
        enum test_igd_fault fault;
        const char *begin;
        const char *more;
        int wait_ms;
    } floods[] = {
        {IGD_ENDLESS_BODY, "HTTP/1.1 200 OK\r\n\r\n<root>", "<a>aaaaaaaa</a>", 0},
        {IGD_ENDLESS_HEAD, "HTTP/1.1 200 OK\r\n", "X-Filler: aaaaaaaaaaaaaaaa\r\n", 0},
        {IGD_HUGE_LENGTH, "HTTP/1.1 200 OK\r\nContent-Length: 4294967295\r\n\r\n", "<a>", 0},
        {IGD_DRIPS, "HTTP/1.1 200 OK\r\n\r\n<root>", "<", 50},
        {IGD_DEEP, "HTTP/1.1 200 OK\r\n\r\n<root>", "<device><deviceList>", 0},
    };
    char more[16384];
    size_t i = 0;
    size_t len = 0;
    while (floods[i].fault != igd->fault) {
        i++;
    }
    size_t more_len = strlen(floods[i].more);
    while (len + more_len < sizeof more && (len == 0 || floods[i].wait_ms == 0)) {
        memcpy(more + len, floods[i].more, more_len);
        len += more_len;
    }
    (void)!send(fd, floods[i].begin, strlen(floods[i].begin), MSG_NOSIGNAL);
    while (!is_stopped(igd, floods[i].wait_ms) && send(fd, more, len, MSG_NOSIGNAL) > 0) {
    }
}

/* Answers with bytes that mean nothing. */
static void babble(int fd)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 4096\r\n\r\n";
    static const char marks[] = "<>/=\"' \0:aZ\xff\x80<device>";
    char body[4096];
    unsigned state = 1;
    for (size_t i = 0; i < sizeof body; i++) {
        state = state * 1103515245U + 12345U;
        body[i] = marks[(state >> 16) % sizeof marks];
    }
    (void)!send(fd, head, sizeof head - 1, MSG_NOSIGNAL);
    (void)!send(fd, body, sizeof body, MSG_NOSIGNAL);
}

static void serve(struct test_igd *igd, int fd)
{
    char request[8192];
    char body[4096];
    char head[256];
    pthread_mutex_lock(&igd->mutex);
    bool is_honest = igd->connections++ < igd->honest;
    pthread_mutex_unlock(&igd->mutex);
    if (igd->fault == IGD_HANGS && !is_honest) {
        (void)is_stopped(igd, 60000);
        return;
    }
    if (read_request(fd, request, sizeof request) == 0) {
        return;
    }
    if (igd->fault >= IGD_ENDLESS_BODY && !is_honest) {
        if (igd->fault == IGD_GARBAGE) {
            babble(fd);
        } else {
            flood(igd, fd);
        }
        return;
    }
    if (strncmp(request, "GET", 3) == 0) {
        describe(igd, body, sizeof body);
    } else {
        obey(igd, request, body, sizeof body);
    }
    (void)snprintf(head, sizeof head, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n",
                   strstr(body, "s:Fault") != NULL ? "500 Internal Server Error" : "200 OK",
                   strlen(body));
    (void)!send(fd, head, strlen(head), MSG_NOSIGNAL);
    (void)!send(fd, body, strlen(body), MSG_NOSIGNAL);
}

static void *run(void *argument)
{
    struct test_igd *igd = argument;
    for (;;) {
        struct pollfd fds[2] = {{.fd = igd->stop_fds[0], .events = POLLIN},
                                {.fd = igd->fd, .events = POLLIN}};
        (void)poll(fds, 2, -1);
        if (fds[0].revents != 0) {
            return NULL;
        }
        int fd = accept(igd->fd, NULL, NULL);
        if (fd >= 0) {
            serve(igd, fd);
            (void)close(fd);
        }
    }
}

void test_igd_open(struct test_igd *igd, enum test_igd_fault fault)
{
    test_igd_open_at(igd, fault, "127.0.0.1", 0);
}

void test_igd_open_at(struct test_igd *igd, enum test_igd_fault fault, const char *ip,
                      unsigned honest)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;
    memset(igd, 0, sizeof *igd);
    igd->fault = fault;
    igd->honest = honest;
    igd->ip = ip;
    CHECK_INT(inet_pton(AF_INET, ip, &address.sin_addr), 1);
    igd->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_INT(bind(igd->fd, (struct sockaddr *)&address, sizeof address), 0);
    CHECK_INT(getsockname(igd->fd, (struct sockaddr *)&address, &len), 0);
    CHECK_INT(listen(igd->fd, 8), 0);
    igd->port = ntohs(address.sin_port);
    (void)snprintf(igd->url, sizeof igd->url, "http://%s:%u/description.xml", ip,
                   (unsigned)igd->port);
    CHECK_INT(pipe(igd->stop_fds), 0);
    CHECK_INT(pthread_mutex_init(&igd->mutex, NULL), 0);
    CHECK_INT(pthread_create(&igd->thread, NULL, run, igd), 0);
}

void test_igd_close(struct test_igd *igd)
{
    CHECK_INT(write(igd->stop_fds[1], "x", 1), 1);
    CHECK_INT(pthread_join(igd->thread, NULL), 0);
    (void)close(igd->fd);
    (void)close(igd->stop_fds[0]);
    (void)close(igd->stop_fds[1]);
    pthread_mutex_destroy(&igd->mutex);
}

unsigned test_igd_connections(struct test_igd *igd)
{
    pthread_mutex_lock(&igd->mutex);
    unsigned connections = igd->connections;
    pthread_mutex_unlock(&igd->mutex);
    return connections;
}

bool test_igd_is_last_deleted(struct test_igd *igd)
{
    pthread_mutex_lock(&igd->mutex);
    bool is_so = !igd->is_mapped[0] && !igd->is_mapped[1];
    pthread_mutex_unlock(&igd->mutex);
    return is_so;
}

void test_igd_counts(struct test_igd *igd, unsigned *ret_added, unsigned *ret_deleted)
{
    pthread_mutex_lock(&igd->mutex);
    *ret_added = igd->added;
    *ret_deleted = igd->deleted;
    pthread_mutex_unlock(&igd->mutex);
}

void test_igd_lease(struct test_igd *igd, char ret_lease[16])
{
    pthread_mutex_lock(&igd->mutex);
    memcpy(ret_lease, igd->last_lease, sizeof igd->last_lease);
    pthread_mutex_unlock(&igd->mutex);
}
