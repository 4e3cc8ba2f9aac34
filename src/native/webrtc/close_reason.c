/* The reasons in words. */
#include "native/webrtc/close_reason.h"

const char *cepa_close_reason_text(enum cepa_close_reason reason)
{
    static const char *const texts[] = {
        [CEPA_CLOSE_NONE] = "the connection has not ended",
        [CEPA_CLOSE_BY_PEER] = "the peer ended the connection",
        [CEPA_CLOSE_UNREACHABLE] = "no path to the peer works",
        [CEPA_CLOSE_TIMEOUT] = "the handshake took too long",
        [CEPA_CLOSE_HANDSHAKE] = "the peer broke the protocol of the handshake",
        [CEPA_CLOSE_FINGERPRINT] = "the peer has another certificate than it was to have",
        [CEPA_CLOSE_LOST] = "the peer does not answer any more",
        [CEPA_CLOSE_SUPERSEDED] = "the peer has begun a new connection"};
    return (unsigned)reason < sizeof texts / sizeof texts[0] ? texts[reason] : "unknown";
}
