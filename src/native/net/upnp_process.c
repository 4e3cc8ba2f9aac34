/* The process that asks a router by libminiupnpc. The library takes whatever a peer sends, as much
 * of it and for as long as that goes on: the limits below are what bounds it. */
#define _GNU_SOURCE
#include <miniupnpc/miniupnpc.h>
#include <miniupnpc/upnpcommands.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/time.h"
#include "native/net/clock.h"
#include "native/net/upnp_process.h"

enum {
    MEMORY_MAX = 16 * 1024 * 1024, /* beside what the program takes by itself */
    CPU_MAX_S = 3,
    DESCRIPTORS_MAX = 32,
    SEARCH_MS = 1500, /* that a router has for its answer to the search */
    SEARCH_TTL = 2,
    IP_TEXT_SIZE = 64,
    CONFLICT = 718, /* somebody else has the external port */
    ONLY_PERMANENT = 725,
    INVALID_ARGUMENTS = 402, /* what some say instead */
    ACTION_FAILED = 501      /* and others */
};

/* What is needed on the way. */
struct errand {
    int fd;
    struct cepa_upnp_request request;
    struct cepa_time end; /* nothing new after this */
    struct cepa_upnp_result result;
    char lan_ip[IP_TEXT_SIZE]; /* our IP as the router sees it */
    bool is_permanent;         /* ask for no lifetime */
};

/* Says whether nobody wants the answer any more. */
static bool is_cancelled(const struct errand *errand)
{
    struct pollfd poll_fd = {.fd = errand->fd, .events = POLLRDHUP};
    return poll(&poll_fd, 1, 0) != 0;
}

/* Says whether there is no point in going on. */
static bool is_over(const struct errand *errand)
{
    return is_cancelled(errand) || cepa_time_is_due(errand->end, cepa_clock_now());
}

/* Asks for one mapping; 0, or an error code of UPnP or of the library. */
static int add(struct errand *errand, const char *transport, uint16_t internal, uint16_t external)
{
    const struct cepa_upnp_control *control = &errand->result.control;
    char internal_text[8];
    char external_text[8];
    char lease[16];
    (void)snprintf(internal_text, sizeof internal_text, "%u", (unsigned)internal);
    (void)snprintf(external_text, sizeof external_text, "%u", (unsigned)external);
    (void)snprintf(lease, sizeof lease, "%u",
                   errand->is_permanent ? 0U : (unsigned)errand->request.lifetime_s);
    int code = UPNP_AddPortMapping(control->url, control->service, external_text, internal_text,
                                   errand->lan_ip, "cepa", transport, NULL, lease);
    if ((code == ONLY_PERMANENT || code == INVALID_ARGUMENTS || code == ACTION_FAILED) &&
        !errand->is_permanent && !is_over(errand)) {
        errand->is_permanent = true;
        code = UPNP_AddPortMapping(control->url, control->service, external_text, internal_text,
                                   errand->lan_ip, "cepa", transport, NULL, "0");
        errand->is_permanent = code == 0;
    }
    return code;
}

static void take_away(const struct cepa_upnp_control *control, const char *transport,
                      uint16_t external)
{
    char text[8];
    if (external != 0) {
        (void)snprintf(text, sizeof text, "%u", (unsigned)external);
        (void)UPNP_DeletePortMapping(control->url, control->service, text, transport, NULL);
    }
}

/* Tries the candidates. UDP decides; TCP gets the same external port or none. */
static int map_candidates(struct errand *errand)
{
    const struct cepa_upnp_request *request = &errand->request;
    int result = CEPA_ERR_UNSUPPORTED;
    for (size_t i = 0; i < CEPA_UPNP_CANDIDATES && request->candidates[i] != 0; i++) {
        uint16_t external = request->candidates[i];
        const char *first = request->udp_port != 0 ? "UDP" : "TCP";
        uint16_t first_port = request->udp_port != 0 ? request->udp_port : request->tcp_port;
        if (is_over(errand)) {
            return CEPA_ERR_UNREACHABLE;
        }
        int code = add(errand, first, first_port, external);
        if (code == 0) {
            errand->result.udp_external = request->udp_port != 0 ? external : 0;
            errand->result.tcp_external = request->udp_port != 0 ? 0 : external;
            if (request->udp_port != 0 && request->tcp_port != 0 && !is_over(errand) &&
                add(errand, "TCP", request->tcp_port, external) == 0) {
                errand->result.tcp_external = external;
            }
            errand->result.is_permanent = errand->is_permanent;
            return 0;
        }
        result = code > 0 ? CEPA_ERR_UNSUPPORTED : CEPA_ERR_UNREACHABLE;
        if (code != CONFLICT) {
            break;
        }
    }
    return result;
}

/* Takes over where to send orders, if that is at the router; its external IP shows that it is the
 * service in use. */
static int take_service(struct errand *errand, const char *url, const char *service)
{
    char ip[IP_TEXT_SIZE] = "";
    struct cepa_upnp_control *control = &errand->result.control;
    if (url == NULL || !cepa_upnp_is_url_of(url, &errand->request.gateway) ||
        strlen(url) >= sizeof control->url || strlen(service) >= sizeof control->service) {
        return CEPA_ERR_NOT_FOUND;
    }
    (void)snprintf(control->url, sizeof control->url, "%s", url);
    (void)snprintf(control->service, sizeof control->service, "%s", service);
    if (UPNP_GetExternalIPAddress(control->url, control->service, ip) != 0 ||
        cepa_net_address_ip_decode(&errand->result.external, ip, strlen(ip)) != 0 ||
        errand->result.external.family != CEPA_NET_ADDRESS_IPV4) {
        return CEPA_ERR_UNREACHABLE;
    }
    return 0;
}

/* Reads a description, and finds the service in it that is connected: there may be one for IP and
 * one for PPP. */
static int use_description(struct errand *errand, const char *description_url)
{
    struct UPNPUrls urls;
    struct IGDdatas data;
    memset(&urls, 0, sizeof urls);
    memset(&data, 0, sizeof data);
    if (!cepa_upnp_is_url_of(description_url, &errand->request.gateway) ||
        UPNP_GetIGDFromUrl(description_url, &urls, &data, errand->lan_ip,
                           (int)sizeof errand->lan_ip) != 1) {
        return CEPA_ERR_NOT_FOUND;
    }
    int result = take_service(errand, urls.controlURL, data.first.servicetype);
    if (result != 0 && data.second.servicetype[0] != 0 && !is_over(errand)) {
        FreeUPNPUrls(&urls);
        memset(&urls, 0, sizeof urls);
        data.first = data.second;
        GetUPNPUrls(&urls, &data, description_url, 0);
        result = take_service(errand, urls.controlURL, data.first.servicetype);
    }
    FreeUPNPUrls(&urls);
    return result;
}

/* Finds the router among those that answer the search. */
static int find(struct errand *errand)
{
    static const char *const kinds[] = {"urn:schemas-upnp-org:device:InternetGatewayDevice:1",
                                        NULL};
    char local[CEPA_NET_ADDRESS_TEXT_SIZE];
    int error = 0;
    int result = CEPA_ERR_NOT_FOUND;
    if (errand->request.description_url[0] != 0) {
        return use_description(errand, errand->request.description_url);
    }
    cepa_net_address_ip_encode(local, &errand->request.local);
    struct UPNPDev *devices = upnpDiscoverDevices(kinds, SEARCH_MS, local, NULL,
                                                  UPNP_LOCAL_PORT_ANY, 0, SEARCH_TTL, &error, 0);
    for (struct UPNPDev *device = devices; device != NULL && result != 0; device = device->pNext) {
        if (is_over(errand)) {
            break;
        }
        if (device->descURL != NULL &&
            cepa_upnp_is_url_of(device->descURL, &errand->request.gateway)) {
            result = use_description(errand, device->descURL);
        }
    }
    freeUPNPDevlist(devices);
    return result;
}

static void take_all_away(const struct cepa_upnp_control *control, uint16_t udp, uint16_t tcp)
{
    take_away(control, "UDP", udp);
    take_away(control, "TCP", tcp);
}

/* Does what is to be done; what nobody wants any more is undone first. */
static void run(struct errand *errand)
{
    struct cepa_upnp_request *request = &errand->request;
    struct cepa_upnp_result *result = &errand->result;
    if (request->is_removal) {
        take_all_away(&request->control, request->udp_external, request->tcp_external);
        return;
    }
    result->result = find(errand);
    if (result->result == 0) {
        result->result = map_candidates(errand);
    }
    if (result->result == 0 && is_cancelled(errand)) {
        take_all_away(&result->control, result->udp_external, result->tcp_external);
        result->result = CEPA_ERR_TIMEOUT;
    }
}

static bool limit(unsigned resource, rlim_t value)
{
    const struct rlimit both = {value, value};
    return setrlimit(resource, &both) == 0;
}

/* How much address space this process has, in bytes; 0 if that cannot be found out. */
static rlim_t own_size(void)
{
    char line[64] = "";
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL) {
        return 0;
    }
    bool is_read = fgets(line, sizeof line, file) != NULL;
    (void)fclose(file);
    unsigned long pages = is_read ? strtoul(line, NULL, 10) : 0;
    return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* Takes from this process what it does not need; false if the system does not let it. */
static bool confine(unsigned limit_s)
{
    static const int not_for_us[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE};
    rlim_t size = own_size();
    for (size_t i = 0; i < sizeof not_for_us / sizeof not_for_us[0]; i++) {
        (void)signal(not_for_us[i], SIG_IGN); /* the owner says when it is over */
    }
    (void)signal(SIGALRM, SIG_DFL);
    (void)alarm(limit_s);
    return size != 0 && limit(RLIMIT_AS, size + MEMORY_MAX) && limit(RLIMIT_CPU, CPU_MAX_S) &&
           limit(RLIMIT_CORE, 0) && limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_NPROC, 0) &&
           limit(RLIMIT_NOFILE, DESCRIPTORS_MAX) && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
           prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

int upnp_process_serve(int fd)
{
    struct errand errand;
    struct upnp_answer answer;
    memset(&errand, 0, sizeof errand);
    memset(&answer, 0, sizeof answer);
    errand.fd = fd;
    if (recv(fd, &errand.request, sizeof errand.request, 0) != (ssize_t)sizeof errand.request ||
        !confine(errand.request.limit_s)) {
        return 1;
    }
    errand.end = cepa_time_add(cepa_clock_now(), errand.request.limit_s * CEPA_SECOND_NS / 4 * 3);
    run(&errand);
    answer.result = errand.result.result;
    memcpy(answer.ip, errand.result.external.ip, sizeof answer.ip);
    answer.udp_external = errand.result.udp_external;
    answer.tcp_external = errand.result.tcp_external;
    answer.is_permanent = errand.result.is_permanent ? 1 : 0;
    answer.control = errand.result.control;
    return send(fd, &answer, sizeof answer, MSG_NOSIGNAL) == (ssize_t)sizeof answer ? 0 : 1;
}
