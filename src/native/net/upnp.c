/* A thread that asks a router by libminiupnpc, and hands its result over. */
#define _GNU_SOURCE
#include "native/net/upnp.h"

#include <miniupnpc/miniupnpc.h>
#include <miniupnpc/upnpcommands.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/time.h"
#include "native/net/clock.h"

enum {
    STACK_SIZE = 512 * 1024,
    SEARCH_MS = 1500, /* that a router has for its answer to the search */
    SEARCH_TTL = 2,
    IP_TEXT_SIZE = 64,
    CONFLICT = 718, /* somebody else has the external port */
    ONLY_PERMANENT = 725,
    INVALID_ARGUMENTS = 402, /* what some say instead */
    ACTION_FAILED = 501      /* and others */
};

struct cepa_upnp_work {
    pthread_mutex_t mutex;
    int event_fd;  /* counts once when the work is done */
    unsigned uses; /* of the owner and the thread; the last one frees */
    bool is_done;
    bool is_cancelled; /* nobody wants the result */
    struct cepa_upnp_request request;
    struct cepa_upnp_result result; /* once it is done */
};

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

static void release(struct cepa_upnp_work *work)
{
    pthread_mutex_lock(&work->mutex);
    bool is_last = --work->uses == 0;
    pthread_mutex_unlock(&work->mutex);
    if (is_last) {
        pthread_mutex_destroy(&work->mutex);
        if (work->event_fd >= 0) {
            (void)close(work->event_fd);
        }
        free(work);
    }
}

/* What the thread needs on its way. */
struct errand {
    struct cepa_upnp_work *work;
    const struct cepa_upnp_request *request; /* nobody writes to it */
    struct cepa_time end;                    /* nothing new after this */
    struct cepa_upnp_result result;
    char lan_ip[IP_TEXT_SIZE]; /* our IP as the router sees it */
    bool is_permanent;         /* ask for no lifetime */
};

/* Says whether there is no point in going on. */
static bool is_over(struct errand *errand)
{
    pthread_mutex_lock(&errand->work->mutex);
    bool is_cancelled = errand->work->is_cancelled;
    pthread_mutex_unlock(&errand->work->mutex);
    return is_cancelled || cepa_time_is_due(errand->end, cepa_clock_now());
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
                   errand->is_permanent ? 0U : (unsigned)errand->request->lifetime_s);
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
    const struct cepa_upnp_request *request = errand->request;
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
    if (url == NULL || !cepa_upnp_is_url_of(url, &errand->request->gateway) ||
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
    if (!cepa_upnp_is_url_of(description_url, &errand->request->gateway) ||
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
    if (errand->request->description_url[0] != 0) {
        return use_description(errand, errand->request->description_url);
    }
    cepa_net_address_ip_encode(local, &errand->request->local);
    struct UPNPDev *devices = upnpDiscoverDevices(kinds, SEARCH_MS, local, NULL,
                                                  UPNP_LOCAL_PORT_ANY, 0, SEARCH_TTL, &error, 0);
    for (struct UPNPDev *device = devices; device != NULL && result != 0; device = device->pNext) {
        if (is_over(errand)) {
            break;
        }
        if (device->descURL != NULL &&
            cepa_upnp_is_url_of(device->descURL, &errand->request->gateway)) {
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

/* Gives the result, or, if nobody wants it any more, undoes what was done first. */
static void hand_over(struct errand *errand)
{
    struct cepa_upnp_work *work = errand->work;
    const uint64_t one = 1;
    pthread_mutex_lock(&work->mutex);
    if (work->is_cancelled && !work->request.is_removal && errand->result.result == 0) {
        pthread_mutex_unlock(&work->mutex);
        take_all_away(&errand->result.control, errand->result.udp_external,
                      errand->result.tcp_external);
        errand->result.result = CEPA_ERR_TIMEOUT;
        pthread_mutex_lock(&work->mutex);
    }
    work->result = errand->result;
    work->is_done = true;
    ssize_t unused = write(work->event_fd, &one, sizeof one);
    (void)unused;
    pthread_mutex_unlock(&work->mutex);
}

static void *run(void *argument)
{
    struct cepa_upnp_work *work = argument;
    struct errand errand;
    memset(&errand, 0, sizeof errand);
    errand.work = work;
    errand.request = &work->request;
    errand.end = cepa_time_add(cepa_clock_now(), CEPA_UPNP_WORK_MAX_S * CEPA_SECOND_NS);
    if (work->request.is_removal) {
        take_all_away(&work->request.control, work->request.udp_external,
                      work->request.tcp_external);
    } else {
        errand.result.result = find(&errand);
        if (errand.result.result == 0) {
            errand.result.result = map_candidates(&errand);
        }
    }
    hand_over(&errand);
    release(work);
    return NULL;
}

/* Starts the thread; signals are for others. */
static int start_thread(struct cepa_upnp_work *work)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all;
    sigset_t before;
    if (pthread_attr_init(&attributes) != 0) {
        return CEPA_ERR_SYSTEM;
    }
    (void)sigfillset(&all);
    int failed = pthread_attr_setstacksize(&attributes, STACK_SIZE);
    failed |= pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    failed |= pthread_sigmask(SIG_SETMASK, &all, &before);
    if (failed == 0) {
        failed = pthread_create(&thread, &attributes, run, work);
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    (void)pthread_attr_destroy(&attributes);
    return failed != 0 ? CEPA_ERR_SYSTEM : 0;
}

int cepa_upnp_start(struct cepa_upnp_work **ret_work, const struct cepa_upnp_request *request)
{
    struct cepa_upnp_work *work = calloc(1, sizeof *work);
    if (work == NULL) {
        return CEPA_ERR_FULL;
    }
    work->request = *request;
    work->uses = 2;
    work->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (work->event_fd < 0 || pthread_mutex_init(&work->mutex, NULL) != 0) {
        if (work->event_fd >= 0) {
            (void)close(work->event_fd);
        }
        free(work);
        return CEPA_ERR_SYSTEM;
    }
    int result = start_thread(work);
    if (result != 0) {
        work->uses = 1;
        release(work);
        return result;
    }
    *ret_work = work;
    return 0;
}

int cepa_upnp_descriptor(const struct cepa_upnp_work *work)
{
    return work->event_fd;
}

bool cepa_upnp_is_done(struct cepa_upnp_work *work, struct cepa_upnp_result *ret_result)
{
    pthread_mutex_lock(&work->mutex);
    bool is_done = work->is_done;
    if (is_done) {
        *ret_result = work->result;
    }
    pthread_mutex_unlock(&work->mutex);
    return is_done;
}

void cepa_upnp_cancel(struct cepa_upnp_work *work)
{
    pthread_mutex_lock(&work->mutex);
    work->is_cancelled = true;
    pthread_mutex_unlock(&work->mutex);
}

void cepa_upnp_end(struct cepa_upnp_work *work)
{
    if (work != NULL) {
        cepa_upnp_cancel(work);
        release(work);
    }
}
