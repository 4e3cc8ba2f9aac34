/* An engine by itself. */
#define _GNU_SOURCE
#include "support/lone_daemon.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "native/cpu.h"
#include "native/host.h"
#include "native/net/clock.h"
#include "support/loopback.h"
#include "support/test.h"

enum { ROUNDS = 5, LOG_SIZE_MAX = 65536 };

void lone_daemon_init(struct lone_daemon *daemon)
{
    char path[SCRATCH_PATH_SIZE];
    memset(daemon, 0, sizeof *daemon);
    CHECK_INT(cepa_native_init(), 0);
    scratch_make(daemon->folder);
    cepa_config_init(&daemon->config);
    memcpy(daemon->config.profile, "test", 5);
    memcpy(daemon->config.state_directory, daemon->folder, sizeof daemon->folder);
    daemon->config.listen[0] = loopback_address(CEPA_NET_ADDRESS_IPV4, 0);
    daemon->config.listen_len = 1;
    daemon->config.port = 0;
    daemon->config.role = CEPA_CONFIG_ROLE_RELAY;
    daemon->config.has_port_mapping = false;
    daemon->config.has_lan_discovery = false;
    daemon->config.log_level = CEPA_CONFIG_LEVEL_DEBUG;
    scratch_join(path, daemon->folder, "log");
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    CHECK(fd >= 0);
    cepa_log_init(&daemon->log, fd, &daemon->config);
}

static bool is_here(void *context, uint64_t client)
{
    const struct lone_daemon *daemon = context;
    (void)client;
    return daemon->has_programs;
}

static void tell(void *context, const struct cepa_streams_notice *notice)
{
    struct lone_daemon *daemon = context;
    daemon->told++;
    daemon->last = *notice;
}

int lone_daemon_open(struct lone_daemon *daemon)
{
    const struct cepa_engine_config config = {
        &daemon->config,      &daemon->state,    &daemon->log,
        cepa_native_random(), cepa_native_cpu(), {daemon, is_here, tell},
    };
    if (!daemon->has_state) {
        CHECK_INT(cepa_state_open(&daemon->state, &daemon->reason, daemon->folder,
                                  cepa_clock_wall(), cepa_native_random(), cepa_native_cpu()),
                  0);
        daemon->has_state = true;
    }
    daemon->engine = NULL;
    daemon->has_programs = true;
    return cepa_engine_open(&daemon->engine, &daemon->reason, &config);
}

void lone_daemon_turn(struct lone_daemon *daemon)
{
    for (int i = 0; i < ROUNDS; i++) {
        CHECK_INT(cepa_engine_prepare(daemon->engine), 0);
        (void)loopback_wait(cepa_engine_descriptor(daemon->engine), 10);
        CHECK_INT(cepa_engine_turn(daemon->engine), 0);
    }
}

void lone_daemon_close(struct lone_daemon *daemon)
{
    cepa_engine_close(daemon->engine);
    daemon->engine = NULL;
}

void lone_daemon_end(struct lone_daemon *daemon)
{
    lone_daemon_close(daemon);
    if (daemon->has_state) {
        CHECK_INT(cepa_state_close(&daemon->state), 0);
        daemon->has_state = false;
    }
    (void)close(daemon->log.fd);
}

int lone_daemon_add(struct lone_daemon *daemon, const char *const *names, size_t len)
{
    struct cepa_identities identities = daemon->state.identities;
    for (size_t i = 0; i < len; i++) {
        struct cepa_name name;
        CHECK_INT(cepa_name_read(&name, names[i], strlen(names[i])), 0);
        CHECK_INT(cepa_identities_make(&identities, &daemon->reason, &name, cepa_native_random()),
                  0);
    }
    CHECK_INT(cepa_identities_save(&identities, &daemon->reason, daemon->state.folder.fd), 0);
    cepa_identities_wipe(&identities);
    return cepa_engine_reload(daemon->engine, &daemon->reason);
}

size_t lone_daemon_logged(const struct lone_daemon *daemon, const char *text)
{
    static char lines[LOG_SIZE_MAX];
    char path[SCRATCH_PATH_SIZE];
    size_t count = 0;
    scratch_join(path, daemon->folder, "log");
    lines[scratch_read(path, lines, sizeof lines - 1)] = '\0';
    for (const char *at = lines; (at = strstr(at, text)) != NULL; at++) {
        count++;
    }
    return count;
}

size_t lone_daemon_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    size_t count = 0;
    CHECK(folder != NULL);
    while (readdir(folder) != NULL) {
        count++;
    }
    (void)closedir(folder);
    return count;
}
