/* nat_probe: finds out what kind of NAT is between a namespace and the public one, where two IPs
 * and two ports answer. It holds the sockets of both sides, so it needs no protocol: it sees what
 * comes out and what comes in. Prints one line of JSON. @[RFC4787 4.1], @[RFC4787 5] */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lab/netns.h"

enum {
    WAIT_MS = 250, /* what does not come within this time was dropped */
    PORT_A = 3478,
    PORT_B = 3479,
    PORT_KNOWN = 41000,      /* from which the inside speaks after somebody knocked */
    PORT_UNSOLICITED = 41001 /* from which it never speaks */
};

/* The public side: the first IP with both ports, and the second with the first. */
enum place { HERE, OTHER_PORT, OTHER_IP, PLACES };

struct probe {
    const char *inside;     /* namespace */
    struct sockaddr_in nat; /* its public IP; the port is filled in */
    int public_fds[PLACES];
    struct sockaddr_in public_addresses[PLACES];
};

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "nat_probe: %s: %s\n", what, strerror(errno));
    exit(1);
}

static struct sockaddr_in address_of(const char *ip, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (inet_pton(AF_INET, ip, &address.sin_addr) != 1) {
        errno = EINVAL;
        fail(ip);
    }
    return address;
}

static int inside_socket(const struct probe *probe, uint16_t port)
{
    int fd = netns_udp(probe->inside, "0.0.0.0", port);
    if (fd < 0) {
        fail(probe->inside);
    }
    return fd;
}

/* Sends one byte. */
static void send_to(int fd, const struct sockaddr_in *to)
{
    char byte = 'x';
    if (sendto(fd, &byte, 1, 0, (const struct sockaddr *)to, sizeof *to) != 1) {
        fail("send");
    }
}

/* Waits for one datagram; says whether it came, and from where. */
static bool receive_from(int fd, struct sockaddr_in *ret_from)
{
    struct pollfd ready = {fd, POLLIN, 0};
    socklen_t len = sizeof *ret_from;
    char byte;
    return poll(&ready, 1, WAIT_MS) == 1 &&
           recvfrom(fd, &byte, 1, 0, (struct sockaddr *)ret_from, &len) >= 0;
}

/* Says whether what is sent from a public place to a port of the NAT comes in at `fd`. */
static bool comes_in(const struct probe *probe, enum place from, uint16_t port, int fd)
{
    struct sockaddr_in to = probe->nat;
    struct sockaddr_in source;
    to.sin_port = htons(port);
    send_to(probe->public_fds[from], &to);
    return receive_from(fd, &source);
}

/* Sends from inside to a public place; gives the port that the NAT uses. */
static uint16_t mapped_port(const struct probe *probe, int fd, enum place to)
{
    struct sockaddr_in source;
    send_to(fd, &probe->public_addresses[to]);
    if (!receive_from(probe->public_fds[to], &source)) {
        errno = ETIMEDOUT;
        fail("nothing comes out of the NAT");
    }
    return ntohs(source.sin_port);
}

static const char *mapping(const struct probe *probe)
{
    int fd = inside_socket(probe, 0);
    uint16_t here = mapped_port(probe, fd, HERE);
    uint16_t other_port = mapped_port(probe, fd, OTHER_PORT);
    uint16_t other_ip = mapped_port(probe, fd, OTHER_IP);
    close(fd);
    if (here == other_port && here == other_ip) {
        return "independent";
    }
    return here == other_port ? "address" : "port";
}

static const char *filtering(const struct probe *probe)
{
    int fd = inside_socket(probe, 0);
    uint16_t port = mapped_port(probe, fd, HERE);
    if (!comes_in(probe, HERE, port, fd)) {
        errno = ETIMEDOUT;
        fail("no answer comes in through the NAT");
    }
    const char *result = comes_in(probe, OTHER_IP, port, fd)     ? "independent"
                         : comes_in(probe, OTHER_PORT, port, fd) ? "address"
                                                                 : "port";
    close(fd);
    return result;
}

/* Somebody knocks before the inside has spoken: does it come in, and does it cost the port? */
static void knock(const struct probe *probe, bool *ret_comes_in, bool *ret_keeps_port)
{
    int silent = inside_socket(probe, PORT_UNSOLICITED);
    int fd = inside_socket(probe, PORT_KNOWN);
    *ret_comes_in = comes_in(probe, HERE, PORT_UNSOLICITED, silent);
    (void)comes_in(probe, HERE, PORT_KNOWN, fd);
    *ret_keeps_port = mapped_port(probe, fd, HERE) == PORT_KNOWN;
    close(silent);
    close(fd);
}

int main(int argc, char **argv)
{
    static const uint16_t ports[PLACES] = {PORT_A, PORT_B, PORT_A};
    struct probe probe;
    bool is_open;
    bool keeps_port;
    if (argc != 6) {
        fputs(
            "Usage: nat_probe INSIDE-NAMESPACE PUBLIC-NAMESPACE NAT-IP PUBLIC-IP OTHER-PUBLIC-IP\n",
            stderr);
        return 2;
    }
    probe.inside = argv[1];
    probe.nat = address_of(argv[3], 0);
    for (int i = 0; i < PLACES; i++) {
        const char *ip = i == OTHER_IP ? argv[5] : argv[4];
        probe.public_addresses[i] = address_of(ip, ports[i]);
        probe.public_fds[i] = netns_udp(argv[2], ip, ports[i]);
        if (probe.public_fds[i] < 0) {
            fail(argv[2]);
        }
    }
    knock(&probe, &is_open, &keeps_port);
    /* Filtering first: a filter by IP remembers whom any socket has spoken to. */
    const char *found_filtering = filtering(&probe);
    printf("{\"mapping\": \"%s\", \"filtering\": \"%s\", \"unsolicited\": \"%s\", "
           "\"port\": \"%s\"}\n",
           mapping(&probe), found_filtering, is_open ? "delivered" : "dropped",
           keeps_port ? "kept" : "changed");
    return 0;
}
