/* Sockets, clock and endpoint together. */
#include "native/webrtc/webrtc.h"

#include <stdlib.h>
#include <string.h>

#include "native/net/clock.h"
#include "native/net/interfaces.h"
#include "native/net/loop.h"
#include "native/webrtc/locals.h"
#include "native/webrtc/stun.h"

enum {
    NUMBER_IPV4, /* in the loop; indices of `udp` too */
    NUMBER_IPV6,
    NUMBER_MORE, /* more of both families, in turn */
    NUMBER_TCP = NUMBER_MORE + 2 * CEPA_ENDPOINT_MORE_SOCKETS_MAX,
    NUMBER_INTERFACES,
    BATCHES_MAX = 4,      /* of datagrams that are taken at once, before events have their turn */
    BATCH_LONG = 8,       /* messages, so that more are to be expected */
    TCP_EVENTS_MAX = 256, /* likewise */
    PORTS_TRIED_MAX = 16  /* till one is free in both families, and on TCP */
};

struct cepa_webrtc {
    struct cepa_endpoint *endpoint;
    struct cepa_loop *loop;
    struct cepa_udp *udp[NUMBER_TCP]; /* the first two listen; NULL: none */
    struct cepa_tcp *tcp;             /* NULL: none */
    struct cepa_interfaces_watch *watch;
    struct cepa_interfaces interfaces; /* as they were last; lent to the sockets */
    struct cepa_interfaces before;     /* and before that */
    struct cepa_candidate locals[CEPA_ENDPOINT_LOCALS_MAX]; /* as the endpoint knows them */
    size_t locals_len;
    bool is_busy[NUMBER_TCP]; /* of `udp`: something came the last time that it was asked */
    bool is_local;
    bool has_moved;
};

/* The socket of a path, by our port. */
static struct cepa_udp *udp_of(const struct cepa_webrtc *webrtc, const struct cepa_path *path)
{
    size_t first = path->remote.family == CEPA_NET_ADDRESS_IPV6 ? NUMBER_IPV6 : NUMBER_IPV4;
    for (size_t i = first + 2; i < NUMBER_TCP && webrtc->udp[i] != NULL; i += 2) {
        if (cepa_udp_address(webrtc->udp[i]).port == path->local.port) {
            return webrtc->udp[i];
        }
    }
    return webrtc->udp[first];
}

static void on_send(void *context, const struct cepa_path *path,
                    const struct cepa_datagram_queue *queue)
{
    struct cepa_webrtc *webrtc = context;
    struct cepa_udp *udp = udp_of(webrtc, path);
    int error = 0;
    if (path->stream != 0 && webrtc->tcp != NULL) {
        error = cepa_tcp_send(webrtc->tcp, path->stream, queue);
    } else if (path->stream == 0 && udp != NULL) {
        error = cepa_udp_send(udp, path, queue);
    }
    (void)error; /* what is lost the sockets count, and the layers above send again */
}

static uint64_t on_connect(void *context, const struct cepa_net_address *local,
                           const struct cepa_net_address *remote)
{
    struct cepa_webrtc *webrtc = context;
    const struct cepa_path path = {0, *local, *remote};
    uint64_t stream;
    return webrtc->tcp != NULL &&
                   cepa_tcp_connect(webrtc->tcp, &stream, &path, cepa_clock_now()) == 0
               ? stream
               : 0;
}

static void on_verified(void *context, uint64_t stream)
{
    struct cepa_webrtc *webrtc = context;
    if (webrtc->tcp != NULL) {
        cepa_tcp_verified(webrtc->tcp, stream);
    }
}

static void on_drop(void *context, uint64_t stream)
{
    struct cepa_webrtc *webrtc = context;
    if (webrtc->tcp != NULL) {
        cepa_tcp_drop(webrtc->tcp, stream);
    }
}

static void close_sockets(struct cepa_webrtc *webrtc)
{
    for (size_t i = 0; i < NUMBER_TCP; i++) {
        cepa_udp_close(webrtc->udp[i]);
        webrtc->udp[i] = NULL;
    }
    cepa_tcp_close(webrtc->tcp);
    webrtc->tcp = NULL;
}

/* Opens a socket for each of both addresses, on UDP and on TCP. The first port that the system
 * chooses is the others' too. */
static int open_sockets(struct cepa_webrtc *webrtc, const struct cepa_webrtc_config *config)
{
    struct cepa_net_address addresses[2] = {config->ipv4, config->ipv6};
    uint16_t port = 0;
    int error = 0;
    for (size_t i = 0; i < 2 && error == 0; i++) {
        if (addresses[i].family == CEPA_NET_ADDRESS_NONE) {
            continue;
        }
        addresses[i].port = addresses[i].port != 0 ? addresses[i].port : port;
        const struct cepa_udp_config udp = {.bind_address = addresses[i],
                                            .interfaces = &webrtc->interfaces};
        error = cepa_udp_open(&webrtc->udp[i], &udp);
        if (error == 0) {
            port = cepa_udp_address(webrtc->udp[i]).port;
            addresses[i].port = port;
        }
    }
    if (error == 0 && !config->has_no_tcp) {
        const struct cepa_tcp_config tcp = {
            .ipv4 = addresses[0], .ipv6 = addresses[1], .interfaces = &webrtc->interfaces};
        error = cepa_tcp_open(&webrtc->tcp, &tcp);
    }
    return error;
}

/* Opens the sockets that are only dialled from, on ports that the system chooses. */
static int open_more(struct cepa_webrtc *webrtc, const struct cepa_webrtc_config *config)
{
    int error = 0;
    for (size_t i = 0; i < (size_t)2 * config->more_sockets && error == 0; i++) {
        struct cepa_udp_config udp = {.bind_address = i % 2 == 0 ? config->ipv4 : config->ipv6,
                                      .interfaces = &webrtc->interfaces};
        udp.bind_address.port = 0;
        if (udp.bind_address.family != CEPA_NET_ADDRESS_NONE) {
            error = cepa_udp_open(&webrtc->udp[NUMBER_MORE + i], &udp);
        }
    }
    return error;
}

/* Tries again where the system has chosen a port that is not free everywhere. */
static int find_sockets(struct cepa_webrtc *webrtc, const struct cepa_webrtc_config *config)
{
    bool is_free_choice =
        (config->ipv4.family == CEPA_NET_ADDRESS_NONE || config->ipv4.port == 0) &&
        (config->ipv6.family == CEPA_NET_ADDRESS_NONE || config->ipv6.port == 0);
    int error = CEPA_ERR_IN_USE;
    for (unsigned i = 0; error == CEPA_ERR_IN_USE && i < (is_free_choice ? PORTS_TRIED_MAX : 1u);
         i++) {
        close_sockets(webrtc);
        error = open_sockets(webrtc, config);
    }
    return error == 0 ? open_more(webrtc, config) : error;
}

static int watch(struct cepa_webrtc *webrtc)
{
    int error = cepa_loop_add(webrtc->loop, cepa_interfaces_descriptor(webrtc->watch),
                              NUMBER_INTERFACES, CEPA_LOOP_READ);
    for (size_t i = 0; i < NUMBER_TCP && error == 0; i++) {
        if (webrtc->udp[i] != NULL) {
            error =
                cepa_loop_add(webrtc->loop, cepa_udp_descriptor(webrtc->udp[i]), i, CEPA_LOOP_READ);
        }
    }
    if (error == 0 && webrtc->tcp != NULL) {
        error = cepa_loop_add(webrtc->loop, cepa_tcp_descriptor(webrtc->tcp), NUMBER_TCP,
                              CEPA_LOOP_READ);
    }
    return error;
}

static bool is_same(const struct cepa_candidate *a, const struct cepa_candidate *b)
{
    return a->transport == b->transport && cepa_net_address_is_equal(&a->address, &b->address);
}

/* Tells the endpoint where we are, unless it knows. Returns whether it did not: an address that is
 * not offered, such as a link-local one of IPv6 that comes late, changes nothing. */
static bool set_locals(struct cepa_webrtc *webrtc)
{
    struct cepa_candidate candidates[CEPA_ENDPOINT_LOCALS_MAX];
    const struct cepa_locals_config config = {
        .interfaces = &webrtc->interfaces,
        .sockets = {cepa_webrtc_address(webrtc, CEPA_NET_ADDRESS_IPV4),
                    cepa_webrtc_address(webrtc, CEPA_NET_ADDRESS_IPV6)},
        .has_tcp = webrtc->tcp != NULL,
        .is_local = webrtc->is_local};
    size_t len = cepa_locals_list(candidates, CEPA_ENDPOINT_LOCALS_MAX, &config);
    size_t known = 0;
    while (known < len && known < webrtc->locals_len &&
           is_same(&candidates[known], &webrtc->locals[known])) {
        known++;
    }
    if (known == len && known == webrtc->locals_len) {
        return false;
    }
    memcpy(webrtc->locals, candidates, len * sizeof candidates[0]);
    webrtc->locals_len = len;
    cepa_endpoint_set_locals(webrtc->endpoint, candidates, len);
    return true;
}

static int make_endpoint(struct cepa_webrtc *webrtc, const struct cepa_webrtc_config *config)
{
    struct cepa_endpoint_config endpoint_config = {
        .driver = {webrtc, on_send, on_connect, on_verified, on_drop},
        .random = config->random,
        .sockets = {cepa_webrtc_address(webrtc, CEPA_NET_ADDRESS_IPV4),
                    cepa_webrtc_address(webrtc, CEPA_NET_ADDRESS_IPV6)},
        .connections_max =
            config->connections_max == 0 ? CEPA_ENDPOINT_CONNECTIONS_MAX : config->connections_max,
        .certificate = config->certificate,
        .previous = config->previous,
        .secret = config->secret};
    for (size_t i = NUMBER_MORE; i < NUMBER_TCP; i++) {
        if (webrtc->udp[i] != NULL) {
            endpoint_config.more_ports[i % 2][(i - NUMBER_MORE) / 2] =
                cepa_udp_address(webrtc->udp[i]).port;
        }
    }
    int error =
        cepa_endpoint_new(&webrtc->endpoint, &endpoint_config, cepa_clock_now(), cepa_clock_wall());
    if (error == 0) {
        (void)set_locals(webrtc);
    }
    return error;
}

int cepa_webrtc_open(struct cepa_webrtc **ret_webrtc, const struct cepa_webrtc_config *config)
{
    if ((config->ipv4.family == CEPA_NET_ADDRESS_NONE &&
         config->ipv6.family == CEPA_NET_ADDRESS_NONE) ||
        config->more_sockets > CEPA_ENDPOINT_MORE_SOCKETS_MAX) {
        return CEPA_ERR_ARGUMENT;
    }
    struct cepa_webrtc *webrtc = calloc(1, sizeof *webrtc);
    if (webrtc == NULL) {
        return CEPA_ERR_EXHAUSTED;
    }
    webrtc->is_local = config->is_local;
    int error = cepa_loop_open(&webrtc->loop);
    if (error == 0) {
        error = cepa_interfaces_open(&webrtc->watch);
    }
    if (error == 0) {
        error = cepa_interfaces_list(webrtc->watch, &webrtc->interfaces);
    }
    if (error == 0) {
        error = find_sockets(webrtc, config);
    }
    if (error == 0) {
        error = watch(webrtc);
    }
    if (error == 0) {
        error = make_endpoint(webrtc, config);
    }
    if (error != 0) {
        cepa_webrtc_close(webrtc);
        return error;
    }
    *ret_webrtc = webrtc;
    return 0;
}

void cepa_webrtc_close(struct cepa_webrtc *webrtc)
{
    if (webrtc == NULL) {
        return;
    }
    cepa_endpoint_free(webrtc->endpoint);
    cepa_loop_close(webrtc->loop);
    close_sockets(webrtc);
    cepa_interfaces_close(webrtc->watch);
    free(webrtc);
}

struct cepa_endpoint *cepa_webrtc_endpoint(struct cepa_webrtc *webrtc)
{
    return webrtc->endpoint;
}

struct cepa_net_address cepa_webrtc_address(const struct cepa_webrtc *webrtc, uint8_t family)
{
    struct cepa_net_address none = {0};
    const struct cepa_udp *udp = webrtc->udp[family == CEPA_NET_ADDRESS_IPV6];
    return udp == NULL ? none : cepa_udp_address(udp);
}

/* Takes a batch of datagrams, STUN first: a check must not wait behind bulk. */
static size_t take_batch(struct cepa_webrtc *webrtc, struct cepa_udp *udp)
{
    struct cepa_udp_batch batch;
    struct cepa_udp_datagram datagram;
    if (cepa_udp_receive(udp, &batch) != 0) {
        return 0;
    }
    for (int is_data = 0; is_data < 2; is_data++) {
        struct cepa_udp_walk walk = {0};
        while (cepa_udp_batch_next(&batch, &walk, &datagram)) {
            if (cepa_stun_is(datagram.bytes, datagram.len) != is_data) {
                cepa_endpoint_receive(webrtc->endpoint, datagram.path, datagram.bytes,
                                      datagram.len);
            }
        }
    }
    return batch.count;
}

/* Takes what came to a socket of UDP; says whether anything did. */
static bool take_udp(struct cepa_webrtc *webrtc, size_t number)
{
    size_t messages = take_batch(webrtc, webrtc->udp[number]);
    webrtc->is_busy[number] = messages > 0;
    for (unsigned i = 1; i < BATCHES_MAX && messages >= BATCH_LONG; i++) {
        messages = take_batch(webrtc, webrtc->udp[number]);
    }
    return webrtc->is_busy[number];
}

static void take_tcp(struct cepa_webrtc *webrtc)
{
    struct cepa_tcp_event event;
    for (unsigned i = 0; i < TCP_EVENTS_MAX; i++) {
        switch (cepa_tcp_next(webrtc->tcp, &event, cepa_clock_now())) {
        case CEPA_TCP_CONNECTED:
            if (!event.is_incoming) {
                cepa_endpoint_on_connected(webrtc->endpoint, &event.path);
            }
            break;
        case CEPA_TCP_DATAGRAM:
            cepa_endpoint_receive(webrtc->endpoint, &event.path, event.bytes, event.len);
            break;
        case CEPA_TCP_CLOSED:
            cepa_endpoint_on_lost(webrtc->endpoint, &event.path);
            break;
        case CEPA_TCP_NOTHING:
            return;
        }
    }
}

static void take_interfaces(struct cepa_webrtc *webrtc)
{
    static const struct cepa_interfaces none;
    struct cepa_interfaces *before = &webrtc->before;
    *before = webrtc->interfaces;
    if (!cepa_interfaces_has_changed(webrtc->watch)) {
        return;
    }
    if (cepa_interfaces_list(webrtc->watch, &webrtc->interfaces) != 0) {
        webrtc->interfaces = none;
    }
    if (!cepa_interfaces_is_equal(before, &webrtc->interfaces) && set_locals(webrtc)) {
        webrtc->has_moved = true;
    }
}

static void take(struct cepa_webrtc *webrtc, uint64_t number)
{
    if (number == NUMBER_INTERFACES) {
        take_interfaces(webrtc);
    } else if (number == NUMBER_TCP) {
        take_tcp(webrtc);
    } else {
        (void)take_udp(webrtc, (size_t)number);
    }
}

/* When something is due here or in the endpoint. */
static struct cepa_time next_deadline(const struct cepa_webrtc *webrtc)
{
    struct cepa_time deadline = cepa_endpoint_deadline(webrtc->endpoint);
    return webrtc->tcp == NULL ? deadline
                               : cepa_time_earliest(deadline, cepa_tcp_deadline(webrtc->tcp));
}

int cepa_webrtc_wait(struct cepa_webrtc *webrtc, struct cepa_time deadline)
{
    struct cepa_loop_ready ready;
    cepa_endpoint_flush(webrtc->endpoint);
    int result = cepa_loop_wait(webrtc->loop, cepa_time_earliest(deadline, next_deadline(webrtc)));
    cepa_endpoint_step(webrtc->endpoint, cepa_clock_now(), cepa_clock_wall());
    while (cepa_loop_next(webrtc->loop, &ready)) {
        take(webrtc, ready.number);
    }
    if (webrtc->tcp != NULL && cepa_time_is_due(cepa_tcp_deadline(webrtc->tcp), cepa_clock_now())) {
        take_tcp(webrtc);
    }
    cepa_endpoint_flush(webrtc->endpoint);
    return result < 0 ? result : 0;
}

bool cepa_webrtc_try(struct cepa_webrtc *webrtc)
{
    bool has_some = false;
    cepa_endpoint_step(webrtc->endpoint, cepa_clock_now(), cepa_clock_wall());
    for (size_t i = 0; i < NUMBER_TCP; i++) {
        if (webrtc->is_busy[i]) {
            has_some = take_udp(webrtc, i) || has_some;
        }
    }
    cepa_endpoint_flush(webrtc->endpoint);
    return has_some;
}

void cepa_webrtc_wake(const struct cepa_webrtc *webrtc)
{
    cepa_loop_wake(webrtc->loop);
}

int cepa_webrtc_descriptor(const struct cepa_webrtc *webrtc)
{
    return cepa_loop_descriptor(webrtc->loop);
}

int cepa_webrtc_prepare(struct cepa_webrtc *webrtc)
{
    cepa_endpoint_flush(webrtc->endpoint);
    return cepa_loop_set_deadline(webrtc->loop, next_deadline(webrtc));
}

bool cepa_webrtc_has_moved(struct cepa_webrtc *webrtc)
{
    bool has_moved = webrtc->has_moved;
    webrtc->has_moved = false;
    return has_moved;
}

struct cepa_webrtc_stats cepa_webrtc_stats(const struct cepa_webrtc *webrtc)
{
    struct cepa_webrtc_stats stats;
    memset(&stats, 0, sizeof stats);
    for (size_t i = 0; i < 2; i++) {
        if (webrtc->udp[i] != NULL) {
            stats.udp[i] = *cepa_udp_stats_of(webrtc->udp[i]);
        }
    }
    if (webrtc->tcp != NULL) {
        stats.tcp = *cepa_tcp_stats_of(webrtc->tcp);
    }
    return stats;
}
