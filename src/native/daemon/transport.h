/* Opening the transport as a configuration wants it, and what of it the network is told. */
#ifndef CEPA_NATIVE_DAEMON_TRANSPORT_H
#define CEPA_NATIVE_DAEMON_TRANSPORT_H

#include "base/error.h"
#include "base/random.h"
#include "native/daemon/config.h"
#include "native/reason.h"
#include "native/store/secrets.h"
#include "native/webrtc/webrtc.h"

/* cepa_transport_open opens sockets with the node's certificates and dial secret. Loopback
 * addresses are offered if the node listens at nothing else. Returns 0, or what cepa_webrtc_open
 * gives or CEPA_ERR_MALFORMED for a certificate, with a reason. */
CEPA_MUST_USE int cepa_transport_open(struct cepa_webrtc **ret_webrtc,
                                      struct cepa_reason *ret_reason,
                                      const struct cepa_config *config,
                                      const struct cepa_secrets *secrets,
                                      const struct cepa_random *random);

#endif
