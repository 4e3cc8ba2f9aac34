/* A daemon's engine with a real state directory and real sockets on 127.0.0.1, and nobody to talk
 * to: for tests of what engine.h answers. Its log goes to a file. */
#ifndef CEPA_TESTS_SUPPORT_LONE_DAEMON_H
#define CEPA_TESTS_SUPPORT_LONE_DAEMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "native/daemon/engine.h"
#include "support/scratch.h"

struct lone_daemon {
    char folder[SCRATCH_PATH_SIZE];
    struct cepa_config config;
    struct cepa_log log;
    struct cepa_state state;
    bool has_state;
    struct cepa_reason reason; /* why the last call failed */
    struct cepa_engine *engine;
    bool has_programs; /* those who have asked are still there */
    size_t told;       /* notices to programs */
    struct cepa_streams_notice last;
};

/* lone_daemon_init makes a folder and a configuration: profile test, a free port of 127.0.0.1, a
 * relay that looks for nobody. The test may change it. */
void lone_daemon_init(struct lone_daemon *daemon);

/* lone_daemon_open opens state (if it is not open) and engine; returns what the engine says. */
int lone_daemon_open(struct lone_daemon *daemon);

/* lone_daemon_turn lets the engine do what there is to do, some rounds of it. */
void lone_daemon_turn(struct lone_daemon *daemon);

/* lone_daemon_close closes the engine, and lone_daemon_end the state too. */
void lone_daemon_close(struct lone_daemon *daemon);
void lone_daemon_end(struct lone_daemon *daemon);

/* lone_daemon_add makes so many identities and has the engine read them; returns what it says. */
int lone_daemon_add(struct lone_daemon *daemon, const char *const *names, size_t len);

/* lone_daemon_logged says how many lines of the log have a text in them. */
size_t lone_daemon_logged(const struct lone_daemon *daemon, const char *text);

/* lone_daemon_descriptors counts the descriptors of this process. */
size_t lone_daemon_descriptors(void);

#endif
