/* Why a connection came to its end, as its owner is told. */
#ifndef CEPA_NATIVE_WEBRTC_CLOSE_REASON_H
#define CEPA_NATIVE_WEBRTC_CLOSE_REASON_H

enum cepa_close_reason {
    CEPA_CLOSE_NONE,        /* it has not */
    CEPA_CLOSE_BY_PEER,     /* the peer said goodbye */
    CEPA_CLOSE_UNREACHABLE, /* no path to the peer works; another node has to relay */
    CEPA_CLOSE_TIMEOUT,     /* the handshake took too long */
    CEPA_CLOSE_HANDSHAKE,   /* the peer broke the protocol of the handshake */
    CEPA_CLOSE_FINGERPRINT, /* the peer has not the certificate that it was to have */
    CEPA_CLOSE_LOST,        /* the peer does not answer any more */
    CEPA_CLOSE_SUPERSEDED   /* the peer has begun anew */
};

/* cepa_close_reason_text says in one sentence why a connection has ended; static storage. */
const char *cepa_close_reason_text(enum cepa_close_reason reason);

#endif
