/* The part of a daemon that takes part in the network: sockets, carriers and the node. run.c gives
 * it turns; control.c's requests are answered from it.
 *
 *     cepa_engine_prepare(engine);      its descriptor knows of all deadlines now
 *     ... wait ...
 *     cepa_engine_turn(engine); */
#ifndef CEPA_NATIVE_DAEMON_ENGINE_H
#define CEPA_NATIVE_DAEMON_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/random.h"
#include "native/daemon/config.h"
#include "native/daemon/control_request.h"
#include "native/daemon/log.h"
#include "native/daemon/metrics.h"
#include "native/daemon/probe.h"
#include "native/daemon/state.h"
#include "native/reason.h"
#include "native/streams/streams.h"

struct cJSON;

/* Opaque. */
struct cepa_engine;

/* The programs that have asked for streams, and how they are told. */
struct cepa_engine_programs {
    void *context;
    bool (*is_here)(void *context, uint64_t client);
    void (*tell)(void *context, const struct cepa_streams_notice *notice);
};

/* What it is made of; all lent for its life. */
struct cepa_engine_config {
    const struct cepa_config *config;
    struct cepa_state *state;
    struct cepa_log *log;
    const struct cepa_random *random;
    uint32_t cpu; /* base/cpu.h */
    struct cepa_engine_programs programs;
};

/* cepa_engine_open opens the sockets and starts. Returns 0, or an error with a reason. */
CEPA_MUST_USE int cepa_engine_open(struct cepa_engine **ret_engine, struct cepa_reason *ret_reason,
                                   const struct cepa_engine_config *config);

/* cepa_engine_close takes leave: peers are told, what must be kept is in the store. NULL is
 * allowed. */
void cepa_engine_close(struct cepa_engine *engine);

/* cepa_engine_descriptor gives a descriptor that is readable when cepa_engine_turn has something to
 * do; cepa_engine_prepare is called before each wait for it and returns 0 or CEPA_ERR_SYSTEM. */
int cepa_engine_descriptor(const struct cepa_engine *engine);
CEPA_MUST_USE int cepa_engine_prepare(struct cepa_engine *engine);

/* cepa_engine_turn does what there is to do, a bounded part of it at a time. Returns 0 or
 * CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_engine_turn(struct cepa_engine *engine);

/* cepa_engine_port gives the port of links. */
uint16_t cepa_engine_port(const struct cepa_engine *engine);

/* cepa_engine_status adds what is known of the network to `object`. Returns 0, or
 * CEPA_ERR_EXHAUSTED for lack of memory. */
CEPA_MUST_USE int cepa_engine_status(struct cepa_engine *engine, struct cJSON *object);

/* cepa_engine_metrics adds figures. */
void cepa_engine_metrics(struct cepa_engine *engine, struct cepa_metrics *metrics);

/* cepa_engine_invite writes an invitation and a final zero. Returns 0, CEPA_ERR_NOT_FOUND if there
 * is nobody to name yet, or CEPA_ERR_TOO_LONG, with a reason. */
CEPA_MUST_USE int cepa_engine_invite(struct cepa_engine *engine, struct cepa_reason *ret_reason,
                                     char *ret_text, size_t capacity);

/* cepa_engine_join begins to join by an invitation. Returns 0, or an error with a reason. */
CEPA_MUST_USE int cepa_engine_join(struct cepa_engine *engine, struct cepa_reason *ret_reason,
                                   const char *invitation);

/* cepa_engine_reload takes what a command has changed: the user's identities, the inbox. Returns 0,
 * or an error with a reason, and then all is as it was. */
CEPA_MUST_USE int cepa_engine_reload(struct cepa_engine *engine, struct cepa_reason *ret_reason);

/* cepa_engine_connect does what CONNECT of a program asks for, cepa_engine_take what TAKE does,
 * cepa_engine_leave what LEAVE does: they own `fd` from then on, -1 for none. cepa_engine_listen
 * and cepa_engine_refuse do what LISTEN and REFUSE say (native/daemon/control_request.h);
 * `ret_address` is that of who listens. All return 0, or an error with a reason. */
CEPA_MUST_USE int cepa_engine_connect(struct cepa_engine *engine, struct cepa_reason *ret_reason,
                                      uint64_t client, const struct cepa_control_request *request,
                                      int fd);
CEPA_MUST_USE int cepa_engine_leave(struct cepa_engine *engine, struct cepa_reason *ret_reason,
                                    uint64_t client, const struct cepa_control_request *request,
                                    int fd);
CEPA_MUST_USE int cepa_engine_listen(struct cepa_engine *engine, struct cepa_address *ret_address,
                                     struct cepa_reason *ret_reason, uint64_t client,
                                     const struct cepa_control_request *request);
CEPA_MUST_USE int cepa_engine_take(struct cepa_engine *engine, struct cepa_reason *ret_reason,
                                   uint64_t client, uint32_t stream, int fd);
CEPA_MUST_USE int cepa_engine_refuse(struct cepa_engine *engine, struct cepa_reason *ret_reason,
                                     uint64_t client, uint32_t stream, bool is_denied);

/* cepa_engine_ping begins a series of pings (native/daemon/ping.h). Returns 0, or CEPA_ERR_STATE
 * with a reason while another is under way. */
CEPA_MUST_USE int cepa_engine_ping(struct cepa_engine *engine, struct cepa_reason *ret_reason,
                                   uint32_t count, uint8_t hops);

/* cepa_engine_talk begins to talk, or talks otherwise from now on (native/daemon/talk.h). */
void cepa_engine_talk(struct cepa_engine *engine, uint32_t every_ms, uint32_t for_ms, uint8_t hops);

/* cepa_engine_pinged gives how far that is, as an object "ping" in an object that the caller
 * deletes; NULL for lack of memory. */
struct cJSON *cepa_engine_pinged(const struct cepa_engine *engine);

/* cepa_engine_speed begins a measurement (native/daemon/speed.h). Returns 0, or CEPA_ERR_STATE with
 * a reason while another is under way. */
CEPA_MUST_USE int cepa_engine_speed(struct cepa_engine *engine, struct cepa_reason *ret_reason,
                                    uint32_t megabytes, uint8_t hops, bool is_download);

/* cepa_engine_speed_result gives how far that is, as an object "speed" in an object that the caller
 * deletes; NULL for lack of memory. */
struct cJSON *cepa_engine_speed_result(const struct cepa_engine *engine);

/* cepa_engine_link opens a link and times it (native/daemon/link_watch.h), cepa_engine_probe begins
 * a probe (native/daemon/probe.h). Both return 0, or an error with a reason. */
CEPA_MUST_USE int cepa_engine_link(struct cepa_engine *engine, struct cepa_reason *ret_reason,
                                   const struct cepa_node_id *relay, bool is_fresh);
CEPA_MUST_USE int cepa_engine_probe(struct cepa_engine *engine, struct cepa_reason *ret_reason,
                                    const struct cepa_probe_request *request);

/* cepa_engine_linked and cepa_engine_probed give how far that is, as objects "link" and "probe" in
 * an object that the caller deletes; NULL for lack of memory. */
struct cJSON *cepa_engine_linked(const struct cepa_engine *engine);
struct cJSON *cepa_engine_probed(const struct cepa_engine *engine);

#endif
