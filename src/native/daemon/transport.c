/* The transport of a daemon. */
#include "native/daemon/transport.h"

#include <string.h>

#include "base/ct.h"

/* Certificates as the transport takes them. */
struct certificates {
    struct cepa_certificate *current;
    struct cepa_certificate *previous;
};

static void free_certificates(struct certificates *certificates)
{
    cepa_certificate_free(certificates->current);
    cepa_certificate_free(certificates->previous);
}

static int read_certificates(struct certificates *ret, struct cepa_reason *ret_reason,
                             const struct cepa_secrets *secrets)
{
    struct certificates certificates = {NULL, NULL};
    int status = cepa_certificate_decode(&certificates.current, secrets->current.text,
                                         secrets->current.text_len);
    if (status == 0 && secrets->previous.text_len > 0) {
        status = cepa_certificate_decode(&certificates.previous, secrets->previous.text,
                                         secrets->previous.text_len);
    }
    if (status != 0) {
        free_certificates(&certificates);
        return cepa_reason_fail(ret_reason, status,
                                "a certificate in 'secrets' cannot be read; put a copy of "
                                "'secrets' back");
    }
    *ret = certificates;
    return 0;
}

/* All addresses of this machine, unless some are named. */
static void set_addresses(struct cepa_webrtc_config *webrtc, const struct cepa_config *config)
{
    bool has_all = config->listen_len == 0;
    if (has_all) {
        webrtc->ipv4.family = CEPA_NET_ADDRESS_IPV4;
        webrtc->ipv6.family = CEPA_NET_ADDRESS_IPV6;
    }
    webrtc->is_local = !has_all;
    webrtc->more_sockets = CEPA_ENDPOINT_MORE_SOCKETS_MAX; /* neighbour, guard and dial-back may be
                                                            * one and the same node */
    for (size_t i = 0; i < config->listen_len; i++) {
        const struct cepa_net_address *address = &config->listen[i];
        *(address->family == CEPA_NET_ADDRESS_IPV6 ? &webrtc->ipv6 : &webrtc->ipv4) = *address;
        webrtc->is_local = webrtc->is_local && cepa_net_address_is_loopback(address);
    }
    webrtc->ipv4.port = config->port;
    webrtc->ipv6.port = config->port;
}

static int refuse(struct cepa_reason *ret_reason, int status, const struct cepa_config *config)
{
    switch (status) {
    case CEPA_ERR_IN_USE:
        return cepa_reason_fail(ret_reason, status,
                                "port %u is in use already; take another one by 'port'",
                                config->port);
    case CEPA_ERR_NO_ADDRESS:
        return cepa_reason_fail(ret_reason, status,
                                "this machine does not have an address of 'listen'");
    default:
        return cepa_reason_fail(ret_reason, status, "port %u cannot be listened at: %s",
                                config->port, cepa_error_text(status));
    }
}

int cepa_transport_open(struct cepa_webrtc **ret_webrtc, struct cepa_reason *ret_reason,
                        const struct cepa_config *config, const struct cepa_secrets *secrets,
                        const struct cepa_random *random)
{
    struct certificates certificates = {NULL, NULL};
    int status = read_certificates(&certificates, ret_reason, secrets);
    if (status != 0) {
        return status;
    }
    struct cepa_webrtc_config webrtc;
    memset(&webrtc, 0, sizeof webrtc);
    set_addresses(&webrtc, config);
    webrtc.random = random;
    webrtc.certificate = certificates.current;
    webrtc.previous = certificates.previous;
    webrtc.secret = secrets->dial;
    status = cepa_webrtc_open(ret_webrtc, &webrtc);
    if (status == CEPA_ERR_NO_ADDRESS && config->listen_len == 0) {
        /* A machine without IPv6. */
        webrtc.ipv6.family = CEPA_NET_ADDRESS_NONE;
        status = cepa_webrtc_open(ret_webrtc, &webrtc);
    }
    cepa_wipe(&webrtc.secret, sizeof webrtc.secret);
    free_certificates(&certificates);
    return status == 0 ? 0 : refuse(ret_reason, status, config);
}
