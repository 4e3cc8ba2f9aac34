/* Asking the kernel for the machine's IPs. Netlink tells what getifaddrs leaves out: which IPv6
 * addresses are temporary, deprecated, or not yet known to be ours alone. */
#define _GNU_SOURCE
#include "native/net/interfaces.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BUFFER_SIZE = 65536, /* bytes; the kernel's parts of a list are shorter */
    TRIES_MAX = 4,       /* of a list that changed while it was given */
    DRAIN_MAX = 256      /* parts that are read in a row when something changed */
};

struct cepa_interfaces_watch {
    int watch_fd;                /* gets the news */
    int ask_fd;                  /* for questions, so that news do not come in between */
    uint32_t sequence;           /* of the last question */
    struct cepa_interfaces list; /* as far as it is known */
    uint8_t buffer[BUFFER_SIZE];
};

static int open_netlink(uint32_t groups)
{
    struct sockaddr_nl address;
    memset(&address, 0, sizeof address);
    address.nl_family = AF_NETLINK;
    address.nl_groups = groups;
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

int cepa_interfaces_open(struct cepa_interfaces_watch **ret_watch)
{
    struct cepa_interfaces_watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL) {
        return CEPA_ERR_FULL;
    }
    watch->watch_fd = open_netlink(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR);
    watch->ask_fd = open_netlink(0);
    if (watch->watch_fd < 0 || watch->ask_fd < 0) {
        cepa_interfaces_close(watch);
        return CEPA_ERR_SYSTEM;
    }
    *ret_watch = watch;
    return 0;
}

void cepa_interfaces_close(struct cepa_interfaces_watch *watch)
{
    if (watch == NULL) {
        return;
    }
    if (watch->watch_fd >= 0) {
        (void)close(watch->watch_fd);
    }
    if (watch->ask_fd >= 0) {
        (void)close(watch->ask_fd);
    }
    free(watch);
}

int cepa_interfaces_descriptor(const struct cepa_interfaces_watch *watch)
{
    return watch->watch_fd;
}

bool cepa_interfaces_has_changed(struct cepa_interfaces_watch *watch)
{
    bool has_changed = false;
    for (int i = 0; i < DRAIN_MAX; i++) {
        ssize_t len = recv(watch->watch_fd, watch->buffer, sizeof watch->buffer, MSG_DONTWAIT);
        if (len >= 0 || errno == ENOBUFS) {
            has_changed = true; /* also if news were lost for lack of room */
        } else if (errno != EINTR) {
            break;
        }
    }
    return has_changed;
}

/* A piece of a message or a list: what is left of it. */
struct piece {
    const uint8_t *bytes;
    size_t len;
};

/* Cuts the next `used` bytes off, and what pads them. */
static void skip(struct piece *piece, size_t used)
{
    size_t padded = NLMSG_ALIGN(used);
    size_t len = padded < piece->len ? padded : piece->len;
    piece->bytes += len;
    piece->len -= len;
}

/* Takes one message: its header, and its body; false at the end. */
static bool take_message(struct piece *list, struct nlmsghdr *ret_header, struct piece *ret_body)
{
    if (list->len < sizeof *ret_header) {
        return false;
    }
    memcpy(ret_header, list->bytes, sizeof *ret_header);
    if (ret_header->nlmsg_len < sizeof *ret_header || ret_header->nlmsg_len > list->len) {
        return false;
    }
    ret_body->bytes = list->bytes + sizeof *ret_header;
    ret_body->len = ret_header->nlmsg_len - sizeof *ret_header;
    skip(list, ret_header->nlmsg_len);
    return true;
}

/* Takes one attribute: its type and its value; false at the end. */
static bool take_attribute(struct piece *body, unsigned *ret_type, struct piece *ret_value)
{
    struct rtattr attribute;
    if (body->len < sizeof attribute) {
        return false;
    }
    memcpy(&attribute, body->bytes, sizeof attribute);
    if (attribute.rta_len < sizeof attribute || attribute.rta_len > body->len) {
        return false;
    }
    *ret_type = attribute.rta_type;
    ret_value->bytes = body->bytes + sizeof attribute;
    ret_value->len = attribute.rta_len - sizeof attribute;
    skip(body, attribute.rta_len);
    return true;
}

/* Takes the IP out of an address's attributes; its flags go to `flags`. On a line between two
 * points LOCAL is ours and ADDRESS the other's. */
static struct cepa_net_address read_ip(struct piece body, int family, uint32_t *flags)
{
    struct cepa_net_address address;
    struct piece value;
    unsigned type;
    size_t ip_len = family == AF_INET ? 4 : 16;
    bool is_local_known = false;
    memset(&address, 0, sizeof address);
    while (take_attribute(&body, &type, &value)) {
        if (type == IFA_FLAGS && value.len == sizeof *flags) {
            memcpy(flags, value.bytes, sizeof *flags);
        }
        if (value.len != ip_len || (type != IFA_LOCAL && (type != IFA_ADDRESS || is_local_known))) {
            continue;
        }
        is_local_known = type == IFA_LOCAL;
        address.family = family == AF_INET ? CEPA_NET_ADDRESS_IPV4 : CEPA_NET_ADDRESS_IPV6;
        memcpy(address.ip, value.bytes, ip_len);
    }
    return address;
}

/* Adds an IP to the list, unless it cannot be used. */
static void on_address(struct cepa_interfaces *interfaces, struct piece body)
{
    struct ifaddrmsg message;
    struct cepa_interface_ip ip;
    size_t link_locals = 0;
    if (body.len < sizeof message) {
        return;
    }
    memcpy(&message, body.bytes, sizeof message);
    if (message.ifa_family != AF_INET && message.ifa_family != AF_INET6) {
        return;
    }
    uint32_t flags = message.ifa_flags;
    skip(&body, sizeof message);
    memset(&ip, 0, sizeof ip);
    ip.address = read_ip(body, message.ifa_family, &flags);
    if (ip.address.family == CEPA_NET_ADDRESS_NONE ||
        ((flags & IFA_F_TENTATIVE) != 0 && (flags & IFA_F_OPTIMISTIC) == 0) ||
        (flags & IFA_F_DADFAILED) != 0) {
        return;
    }
    ip.interface = message.ifa_index;
    ip.prefix_len = message.ifa_prefixlen;
    ip.is_loopback = cepa_net_address_is_loopback(&ip.address);
    ip.is_link_local = cepa_net_address_is_link_local(&ip.address);
    ip.is_temporary = message.ifa_family == AF_INET6 && (flags & IFA_F_TEMPORARY) != 0;
    ip.is_deprecated = (flags & IFA_F_DEPRECATED) != 0;
    for (size_t i = 0; i < interfaces->count; i++) {
        link_locals += interfaces->ips[i].is_link_local ? 1 : 0;
    }
    if (interfaces->count == CEPA_INTERFACES_MAX ||
        (ip.is_link_local && link_locals == CEPA_INTERFACES_LINK_LOCAL_MAX)) {
        interfaces->is_cut = true;
        return;
    }
    interfaces->ips[interfaces->count++] = ip;
}

/* Takes what an interface says about its IPs: none of one that is down can be used. */
static void on_link(struct cepa_interfaces *interfaces, struct piece body)
{
    struct ifinfomsg message;
    size_t kept = 0;
    if (body.len < sizeof message) {
        return;
    }
    memcpy(&message, body.bytes, sizeof message);
    bool is_up = (message.ifi_flags & IFF_UP) != 0;
    for (size_t i = 0; i < interfaces->count; i++) {
        if (is_up || interfaces->ips[i].interface != (uint32_t)message.ifi_index) {
            interfaces->ips[kept++] = interfaces->ips[i];
        }
    }
    interfaces->count = kept;
}

/* Asks for the list of all addresses (RTM_GETADDR) or all interfaces (RTM_GETLINK). */
static int ask(struct cepa_interfaces_watch *watch, uint16_t what)
{
    struct {
        struct nlmsghdr header;
        struct rtgenmsg family; /* AF_UNSPEC: every family */
    } question;
    memset(&question, 0, sizeof question);
    question.header.nlmsg_len = NLMSG_LENGTH(sizeof question.family);
    question.header.nlmsg_type = what;
    question.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    question.header.nlmsg_seq = ++watch->sequence;
    ssize_t sent;
    do {
        sent = send(watch->ask_fd, &question, question.header.nlmsg_len, 0);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? CEPA_ERR_SYSTEM : 0;
}

/* What one part of an answer amounts to. */
enum answer { MORE, DONE, BROKEN };

/* Reads one part of the answer. `is_changed` says whether the list changed while it was given. */
static enum answer read_part(struct cepa_interfaces *interfaces, bool *is_changed,
                             uint32_t sequence, struct piece list)
{
    struct nlmsghdr header;
    struct piece body;
    while (take_message(&list, &header, &body)) {
        if (header.nlmsg_seq != sequence) {
            continue; /* of a question that was given up */
        }
        *is_changed = *is_changed || (header.nlmsg_flags & NLM_F_DUMP_INTR) != 0;
        if (header.nlmsg_type == NLMSG_ERROR) {
            return BROKEN;
        }
        if (header.nlmsg_type == NLMSG_DONE) {
            return DONE;
        }
        if (header.nlmsg_type == RTM_NEWADDR) {
            on_address(interfaces, body);
        } else if (header.nlmsg_type == RTM_NEWLINK) {
            on_link(interfaces, body);
        }
    }
    return MORE;
}

/* Asks, and reads the answer to its end; the kernel gives it at once. */
static int ask_and_read(struct cepa_interfaces_watch *watch, struct cepa_interfaces *interfaces,
                        bool *is_changed, uint16_t what)
{
    enum answer answer = MORE;
    if (ask(watch, what) != 0) {
        return CEPA_ERR_SYSTEM;
    }
    while (answer == MORE) {
        ssize_t len = recv(watch->ask_fd, watch->buffer, sizeof watch->buffer, 0);
        if (len < 0 && errno == EINTR) {
            continue;
        }
        if (len <= 0) {
            return CEPA_ERR_SYSTEM;
        }
        const struct piece list = {watch->buffer, (size_t)len};
        answer = read_part(interfaces, is_changed, watch->sequence, list);
    }
    return answer == DONE ? 0 : CEPA_ERR_SYSTEM;
}

int cepa_interfaces_list(struct cepa_interfaces_watch *watch,
                         struct cepa_interfaces *ret_interfaces)
{
    struct cepa_interfaces *interfaces = &watch->list;
    for (int i = 0; i < TRIES_MAX; i++) {
        bool is_changed = false;
        memset(interfaces, 0, sizeof *interfaces);
        if (ask_and_read(watch, interfaces, &is_changed, RTM_GETADDR) != 0 ||
            ask_and_read(watch, interfaces, &is_changed, RTM_GETLINK) != 0) {
            break;
        }
        if (!is_changed) {
            *ret_interfaces = *interfaces;
            return 0;
        }
    }
    return CEPA_ERR_SYSTEM;
}

static bool is_ip_equal(const struct cepa_interface_ip *a, const struct cepa_interface_ip *b)
{
    return cepa_net_address_is_equal(&a->address, &b->address) && a->interface == b->interface &&
           a->prefix_len == b->prefix_len && a->is_loopback == b->is_loopback &&
           a->is_temporary == b->is_temporary && a->is_deprecated == b->is_deprecated;
}

bool cepa_interfaces_is_equal(const struct cepa_interfaces *a, const struct cepa_interfaces *b)
{
    bool is_equal = a->count == b->count && a->is_cut == b->is_cut;
    for (size_t i = 0; is_equal && i < a->count; i++) {
        is_equal = is_ip_equal(&a->ips[i], &b->ips[i]);
    }
    return is_equal;
}

uint32_t cepa_interfaces_scope(const struct cepa_interfaces *interfaces,
                               const struct cepa_net_address *local)
{
    if (interfaces == NULL || local->family != CEPA_NET_ADDRESS_IPV6 ||
        !cepa_net_address_is_link_local(local)) {
        return 0;
    }
    for (size_t i = 0; i < interfaces->count; i++) {
        const struct cepa_interface_ip *ip = &interfaces->ips[i];
        if (ip->address.family == CEPA_NET_ADDRESS_IPV6 &&
            memcmp(ip->address.ip, local->ip, 16) == 0) {
            return ip->interface;
        }
    }
    return 0;
}
