/* What engine.h is made of; only its own files include this. */
#ifndef CEPA_NATIVE_DAEMON_ENGINE_STATE_H
#define CEPA_NATIVE_DAEMON_ENGINE_STATE_H

#include "native/daemon/carriers.h"
#include "native/daemon/engine.h"
#include "native/daemon/lan_discovery.h"
#include "native/daemon/link_watch.h"
#include "native/daemon/ping.h"
#include "native/daemon/probe.h"
#include "native/daemon/reachability.h"
#include "native/daemon/speed.h"
#include "native/daemon/talk.h"
#include "native/net/loop.h"
#include "native/webrtc/webrtc.h"
#include "node/node.h"

struct cepa_engine {
    struct cepa_engine_config config;
    struct cepa_loop *loop;
    struct cepa_webrtc *webrtc;
    struct cepa_reachability *reachability;
    struct cepa_lan_discovery lan;
    void *memory; /* of the node */
    size_t memory_len;
    struct cepa_node *node;
    uint32_t receipts_min; /* of the profile */
    struct cepa_carriers *carriers;
    struct cepa_time certificate_due; /* when the listening certificate is looked at again */
    struct cepa_ping ping;
    struct cepa_speed speed;
    struct cepa_talk talk;
    struct cepa_link_watch link_watch;
    struct cepa_probe probe;
    bool has_more;           /* a turn ended so that others have theirs */
    uint64_t store_failures; /* values that could not be kept */
};

/* cepa_engine_make_node makes the node as it is configured, with what it has kept. Returns 0, or an
 * error with a reason. */
CEPA_MUST_USE int cepa_engine_make_node(struct cepa_engine *engine, struct cepa_reason *ret_reason);

/* cepa_engine_hashes gives the hashes of the listening certificate and of the one before; zeros for
 * none. */
void cepa_engine_hashes(const struct cepa_engine *engine, struct cepa_dtls_hash ret_hashes[2]);

/* cepa_engine_is_relay says whether this node carries the traffic of others, or would. */
bool cepa_engine_is_relay(const struct cepa_engine *engine);

/* cepa_engine_own_address gives what a relay tells the local network: all but its IP. */
struct cepa_relay_address cepa_engine_own_address(const struct cepa_engine *engine);

/* cepa_engine_keep does what a STORE effect says. */
void cepa_engine_keep(struct cepa_engine *engine, const struct cepa_node_effect *effect);

/* cepa_engine_tell writes an EVENT effect into the log. */
void cepa_engine_tell(struct cepa_engine *engine, const struct cepa_node_effect *effect);

#endif
