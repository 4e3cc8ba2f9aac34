/* Sockets, clock and endpoint together. */
#include "native/webrtc/webrtc.h"

#include <stdlib.h>
#include <string.h>

#include "native/net/clock.h"
#include "native/net/loop.h"
#include "native/webrtc/stun.h"

enum {
    NUMBER_IPV4, /* in the loop; indices of `udp` too */
    NUMBER_IPV6,
    BATCHES_MAX = 4 /* of datagrams that are taken at once, before events have their turn */
};

struct cepa_webrtc {
    struct cepa_endpoint *endpoint;
    struct cepa_loop *loop;
    struct cepa_udp *udp[2]; /* by family; NULL: none */
};

static struct cepa_udp *udp_of(const struct cepa_webrtc *webrtc, const struct cepa_address *address)
{
    return webrtc->udp[address->family == CEPA_ADDRESS_IPV6];
}

static void on_send(void *context, const struct cepa_path *path,
                    const struct cepa_datagram_queue *queue)
{
    struct cepa_webrtc *webrtc = context;
    struct cepa_udp *udp = udp_of(webrtc, &path->remote);
    if (path->stream == 0 && udp != NULL && cepa_udp_send(udp, path, queue) != 0) {
        return; /* it is lost, as datagrams may be, and counted below */
    }
}

static uint64_t on_connect(void *context, const struct cepa_address *local,
                           const struct cepa_address *remote)
{
    (void)context;
    (void)local;
    (void)remote;
    return 0;
}

static void on_verified(void *context, uint64_t stream)
{
    (void)context;
    (void)stream;
}

static int open_socket(struct cepa_webrtc *webrtc, size_t index, const struct cepa_address *address)
{
    const struct cepa_udp_config config = {.bind_address = *address};
    if (address->family == CEPA_ADDRESS_NONE) {
        return 0;
    }
    int error = cepa_udp_open(&webrtc->udp[index], &config);
    return error != 0 ? error
                      : cepa_loop_add(webrtc->loop, cepa_udp_descriptor(webrtc->udp[index]), index,
                                      CEPA_LOOP_READ);
}

/* Both families take the same port, if it is left to the system. */
static int open_sockets(struct cepa_webrtc *webrtc, const struct cepa_webrtc_config *config)
{
    struct cepa_address ipv6 = config->ipv6;
    int error = open_socket(webrtc, NUMBER_IPV4, &config->ipv4);
    if (error != 0 || ipv6.family == CEPA_ADDRESS_NONE) {
        return error;
    }
    if (ipv6.port == 0 && webrtc->udp[NUMBER_IPV4] != NULL) {
        ipv6.port = cepa_udp_address(webrtc->udp[NUMBER_IPV4]).port;
        error = open_socket(webrtc, NUMBER_IPV6, &ipv6);
        if (error != CEPA_ERR_IN_USE) {
            return error;
        }
        ipv6.port = 0;
    }
    return open_socket(webrtc, NUMBER_IPV6, &ipv6);
}

static int make_endpoint(struct cepa_webrtc *webrtc, const struct cepa_webrtc_config *config)
{
    struct cepa_endpoint_config endpoint_config = {
        .driver = {webrtc, on_send, on_connect, on_verified, on_verified},
        .random = config->random,
        .connections_max =
            config->connections_max == 0 ? CEPA_ENDPOINT_CONNECTIONS_MAX : config->connections_max,
        .certificate = config->certificate,
        .previous = config->previous,
        .secret = config->secret};
    for (size_t i = 0; i < 2; i++) {
        if (webrtc->udp[i] != NULL) {
            endpoint_config.sockets[i] = cepa_udp_address(webrtc->udp[i]);
        }
    }
    return cepa_endpoint_new(&webrtc->endpoint, &endpoint_config, cepa_clock_now(),
                             cepa_clock_wall());
}

int cepa_webrtc_open(struct cepa_webrtc **ret_webrtc, const struct cepa_webrtc_config *config)
{
    if (config->ipv4.family == CEPA_ADDRESS_NONE && config->ipv6.family == CEPA_ADDRESS_NONE) {
        return CEPA_ERR_ARGUMENT;
    }
    struct cepa_webrtc *webrtc = calloc(1, sizeof *webrtc);
    if (webrtc == NULL) {
        return CEPA_ERR_EXHAUSTED;
    }
    int error = cepa_loop_open(&webrtc->loop);
    if (error == 0) {
        error = open_sockets(webrtc, config);
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
    cepa_udp_close(webrtc->udp[0]);
    cepa_udp_close(webrtc->udp[1]);
    free(webrtc);
}

struct cepa_endpoint *cepa_webrtc_endpoint(struct cepa_webrtc *webrtc)
{
    return webrtc->endpoint;
}

struct cepa_address cepa_webrtc_address(const struct cepa_webrtc *webrtc, uint8_t family)
{
    struct cepa_address none = {0};
    const struct cepa_udp *udp = webrtc->udp[family == CEPA_ADDRESS_IPV6];
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

int cepa_webrtc_wait(struct cepa_webrtc *webrtc, struct cepa_time deadline)
{
    struct cepa_loop_ready ready;
    cepa_endpoint_flush(webrtc->endpoint);
    deadline = cepa_time_earliest(deadline, cepa_endpoint_deadline(webrtc->endpoint));
    int result = cepa_loop_wait(webrtc->loop, deadline);
    cepa_endpoint_step(webrtc->endpoint, cepa_clock_now(), cepa_clock_wall());
    while (cepa_loop_next(webrtc->loop, &ready)) {
        for (unsigned i = 0; i < BATCHES_MAX && take_batch(webrtc, webrtc->udp[ready.number]) > 0;
             i++) {
        }
    }
    cepa_endpoint_flush(webrtc->endpoint);
    return result < 0 ? result : 0;
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
    return cepa_loop_set_deadline(webrtc->loop, cepa_endpoint_deadline(webrtc->endpoint));
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
    return stats;
}
