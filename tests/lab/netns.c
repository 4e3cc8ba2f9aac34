/* See netns.h. */
#define _GNU_SOURCE
#include "lab/netns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Goes into the namespace. Returns a descriptor of the one before, for leave(), or -1. */
static int enter(const char *name)
{
    char path[256];
    bool is_path = strchr(name, '/') != NULL;
    snprintf(path, sizeof path, "%s%s", is_path ? "" : "/run/netns/", name);
    int before = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    int there = open(path, O_RDONLY | O_CLOEXEC);
    if (before >= 0 && (there < 0 || setns(there, CLONE_NEWNET) != 0)) {
        int error = errno;
        close(before);
        before = -1;
        errno = error;
    }
    if (there >= 0) {
        close(there);
    }
    return before;
}

/* Goes back. Gives `fd` if that worked. */
static int leave(int before, int fd)
{
    int error = errno;
    bool is_back = setns(before, CLONE_NEWNET) == 0;
    close(before);
    if (!is_back && fd >= 0) {
        close(fd);
        return -1;
    }
    errno = error;
    return fd;
}

int netns_tun(const char *name, const char *device)
{
    struct ifreq request;
    int before = enter(name);
    if (before < 0) {
        return -1;
    }
    memset(&request, 0, sizeof request);
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", device);
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && ioctl(fd, TUNSETIFF, &request) != 0) {
        int error = errno;
        close(fd);
        fd = -1;
        errno = error;
    }
    return leave(before, fd);
}

int netns_udp(const char *name, const char *ip, uint16_t port)
{
    int size = 8 << 20;
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    if (inet_pton(AF_INET, ip, &address.sin_addr) != 1) {
        errno = EINVAL;
        return -1;
    }
    int before = enter(name);
    if (before < 0) {
        return -1;
    }
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
        setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
        if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0) {
            int error = errno;
            close(fd);
            fd = -1;
            errno = error;
        }
    }
    return leave(before, fd);
}

uint64_t netns_clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}
