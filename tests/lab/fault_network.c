/* Namespaces, cable and filter by the system's own commands. */
#define _GNU_SOURCE
#include "lab/fault_network.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/crowd.h"

enum { HERE = -1, SCRIPT_SIZE = 16384, LINE_SIZE = 160 };

#define OTHER "CEPA_FAULT_NETWORK" /* environment: path of the other namespace */

static int other = -1; /* the other namespace */

/* Runs a command with `input` in one of the namespaces; true if it ended well. */
static bool run(int namespace, const char *input, const char *const *words)
{
    int ends[2];
    int status = 1;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    pid_t pid = fork();
    if (pid == 0) {
        /* execvp changes neither the array nor the words. */
        union {
            const char *const *words;
            char *const *argv;
        } cast = {words};
        if ((namespace == HERE || setns(namespace, CLONE_NEWNET) == 0) &&
            dup2(ends[0], STDIN_FILENO) >= 0) {
            (void)execvp(words[0], cast.argv);
        }
        _exit(127);
    }
    (void)close(ends[0]);
    size_t len = strlen(input);
    bool is_given = pid > 0 && write(ends[1], input, len) == (ssize_t)len;
    (void)close(ends[1]);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return is_given && status == 0;
}

/* Has `ip` carry out lines of commands. */
static bool run_ip(int namespace, const char *lines)
{
    const char *const words[] = {"ip", "-batch", "-", NULL};
    return run(namespace, lines, words);
}

/* Lines that bring up a namespace with its half of the nodes. */
static bool bring_up(int namespace, const char *own, const char *route, size_t first, size_t nodes)
{
    char lines[SCRIPT_SIZE];
    int len =
        snprintf(lines, sizeof lines,
                 "link set lo up\naddr add %s/30 dev cable\nlink set cable up\n%s\n", own, route);
    for (size_t i = first; i < nodes; i += 2) {
        len += snprintf(lines + len, sizeof lines - (size_t)len, "addr add %d.%zu.0.1/32 dev lo\n",
                        FAULT_NETWORK, i + 1);
    }
    return run_ip(namespace, lines);
}

/* Begins a namespace that lives as long as a child of this process, and gives the child's pid. */
static pid_t hold_namespace(void)
{
    int ends[2];
    char byte = 0;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return -1;
    }
    pid_t pid = fork();
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (unshare(CLONE_NEWNET) == 0 && write(ends[1], &byte, 1) == 1) {
            for (;;) {
                (void)pause();
            }
        }
        _exit(1);
    }
    (void)close(ends[1]);
    bool is_made = pid > 0 && read(ends[0], &byte, 1) == 1;
    (void)close(ends[0]);
    return is_made ? pid : -1;
}

#define ROUTE_HERE "route add 10.0.0.0/8 via 192.168.255.2"
#define ROUTE_THERE "route add 10.0.0.0/8 via 192.168.255.1"

int fault_network_make(size_t nodes)
{
    char path[64];
    char lines[LINE_SIZE];
    static const bool nobody[CEPA_CROWD_MAX];
    pid_t holder = unshare(CLONE_NEWNET) == 0 ? hold_namespace() : -1;
    if (holder < 0) {
        puts("network namespaces are not allowed here; they need root");
        return -1;
    }
    (void)snprintf(path, sizeof path, "/proc/%d/ns/net", (int)holder);
    other = open(path, O_RDONLY | O_CLOEXEC);
    (void)snprintf(lines, sizeof lines, "link add cable type veth peer name cable netns %d\n",
                   (int)holder);
    if (other < 0 || setenv(OTHER, path, 1) != 0 || !run_ip(HERE, lines) ||
        !bring_up(HERE, "192.168.255.1", ROUTE_HERE, 0, nodes) ||
        !bring_up(other, "192.168.255.2", ROUTE_THERE, 1, nodes)) {
        puts("no cable can be made here: iproute2 is missing, or root");
        return -1;
    }
    if (!fault_network_silence(nobody, nodes)) {
        puts("missing: iptables");
        return -1;
    }
    return 0;
}

void fault_network_enter(char **arguments)
{
    const char *path = getenv(OTHER);
    bool is_there = strtoul(arguments[1], NULL, 10) % 2 == 1;
    int fd = is_there && path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (!is_there || (fd >= 0 && setns(fd, CLONE_NEWNET) == 0)) {
        (void)execv(arguments[2], arguments + 2);
    }
    fprintf(stderr, "%s cannot be started: %s\n", arguments[2], strerror(errno));
}

bool fault_network_silence(const bool *are_silent, size_t nodes)
{
    char rules[SCRIPT_SIZE];
    const char *const words[] = {"iptables-restore", NULL};
    /* Sockets that a daemon has not bound to its address (it dials by TCP where UDP does not pass)
     * show the cable's, or the one that they dial: they would get around the rules of a node. */
    int len = snprintf(rules, sizeof rules,
                       "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -s 192.168.255.0/30 -j DROP\n");
    for (size_t i = 0; i < nodes; i++) {
        len += snprintf(rules + len, sizeof rules - (size_t)len,
                        "-A INPUT -s %d.%zu.0.1 -d %d.%zu.0.1 -j DROP\n", FAULT_NETWORK, i + 1,
                        FAULT_NETWORK, i + 1);
        if (are_silent[i]) {
            len += snprintf(rules + len, sizeof rules - (size_t)len,
                            "-A INPUT -s %d.%zu.0.1 -j DROP\n-A INPUT -d %d.%zu.0.1 -j DROP\n",
                            FAULT_NETWORK, i + 1, FAULT_NETWORK, i + 1);
        }
    }
    len += snprintf(rules + len, sizeof rules - (size_t)len, "COMMIT\n");
    return (size_t)len < sizeof rules && run(HERE, rules, words) && run(other, rules, words);
}

bool fault_network_pull(bool is_down)
{
    /* Its far end, so that here nothing but silence tells of it; the route there goes with it. */
    return run_ip(other,
                  is_down ? "link set cable down\n" : "link set cable up\n" ROUTE_THERE "\n");
}
