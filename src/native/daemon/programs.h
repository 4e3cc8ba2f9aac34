/* Local programs that use streams: their requests, and what they are told. */
#ifndef CEPA_NATIVE_DAEMON_PROGRAMS_H
#define CEPA_NATIVE_DAEMON_PROGRAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "native/daemon/control.h"
#include "native/daemon/engine.h"

/* cepa_programs_give answers a request if it is about a stream; false if it is not. */
bool cepa_programs_give(struct cepa_engine *engine, struct cepa_control *control,
                        const struct cepa_control_asked *asked);

/* cepa_programs_is_here and cepa_programs_tell are for struct cepa_engine_programs, with the
 * control socket as their context. */
bool cepa_programs_is_here(void *control, uint64_t client);
void cepa_programs_tell(void *control, const struct cepa_streams_notice *notice);

#endif
