/* Maps a UDP and a TCP port at the router of the namespace that it runs in, and says what comes of
 * it, a line a fact; also when a datagram comes to the UDP port. Ends with its standard input.
 *
 *     port_probe UDP-PORT TCP-PORT */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "native/host.h"
#include "native/net/clock.h"
#include "native/net/loop.h"
#include "native/net/port_mapping.h"
#include "native/net/socket.h"
#include "native/net/upnp.h"

enum { NUMBER_INPUT = 1, NUMBER_MAPPING, NUMBER_SOCKET };

static void say(const struct cepa_port_mapping_event *event)
{
    static const char *const protocols[] = {"-", "pcp", "natpmp", "upnp"};
    char external[CEPA_NET_ADDRESS_TEXT_SIZE] = "-";
    const char *transport = event->transport == CEPA_PORT_MAPPING_UDP ? "udp" : "tcp";
    switch (event->kind) {
    case CEPA_PORT_MAPPING_MAPPED:
        cepa_net_address_encode(external, &event->external);
        printf("mapped %s %s %s %u%s\n", transport, protocols[event->protocol], external,
               (unsigned)event->lifetime_s, event->is_private ? " private" : "");
        break;
    case CEPA_PORT_MAPPING_GONE:
        printf("gone %s\n", transport);
        break;
    case CEPA_PORT_MAPPING_FAILED:
        printf("failed %s\n", cepa_error_name(event->reason));
        break;
    case CEPA_PORT_MAPPING_STOPPED:
    default:
        printf("stopped\n");
        break;
    }
}

/* Reads until there is no more; false at the end. */
static bool drain(int fd)
{
    char bytes[2048];
    return read(fd, bytes, sizeof bytes) > 0;
}

static int run(struct cepa_loop *loop, struct cepa_port_mapping *mapping, int fd)
{
    for (;;) {
        struct cepa_loop_ready ready;
        struct cepa_port_mapping_event event;
        if (cepa_loop_wait(loop, cepa_port_mapping_deadline(mapping)) < 0) {
            return 1;
        }
        while (cepa_loop_next(loop, &ready)) {
            if (ready.number == NUMBER_INPUT && !drain(STDIN_FILENO)) {
                cepa_loop_remove(loop, STDIN_FILENO, NUMBER_INPUT);
                cepa_port_mapping_stop(mapping, cepa_clock_now());
            } else if (ready.number == NUMBER_SOCKET && drain(fd)) {
                printf("came\n");
            }
        }
        cepa_port_mapping_step(mapping, cepa_clock_now());
        while (cepa_port_mapping_next(mapping, &event)) {
            say(&event);
            if (event.kind == CEPA_PORT_MAPPING_STOPPED) {
                return 0;
            }
        }
        (void)fflush(stdout);
    }
}

int main(int argc, char **argv)
{
    struct cepa_port_mapping_config config = {.family = CEPA_NET_ADDRESS_IPV4,
                                              .random = cepa_native_random()};
    struct cepa_net_address any = {.family = CEPA_NET_ADDRESS_IPV4};
    struct cepa_port_mapping *mapping;
    struct cepa_loop *loop;
    int fd;
    cepa_upnp_door(argc, argv);
    if (argc != 3 || cepa_native_init() != 0) {
        fprintf(stderr, "usage: port_probe UDP-PORT TCP-PORT\n");
        return 2;
    }
    config.udp_port = (uint16_t)strtoul(argv[1], NULL, 10);
    config.tcp_port = (uint16_t)strtoul(argv[2], NULL, 10);
    any.port = config.udp_port;
    if (cepa_loop_open(&loop) != 0 || cepa_socket_open(&fd, SOCK_DGRAM, &any, 0) != 0 ||
        cepa_port_mapping_open(&mapping, &config, cepa_clock_now()) != 0 ||
        cepa_loop_add(loop, STDIN_FILENO, NUMBER_INPUT, CEPA_LOOP_READ) != 0 ||
        cepa_loop_add(loop, fd, NUMBER_SOCKET, CEPA_LOOP_READ) != 0 ||
        cepa_loop_add(loop, cepa_port_mapping_descriptor(mapping), NUMBER_MAPPING,
                      CEPA_LOOP_READ) != 0) {
        return 1;
    }
    int status = run(loop, mapping, fd);
    cepa_port_mapping_close(mapping);
    cepa_loop_close(loop);
    (void)close(fd);
    return status;
}
