/* What the service manager hears, on a path and in the abstract space. */
#define _GNU_SOURCE
#include "native/daemon/notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/scratch.h"
#include "support/test.h"

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    memcpy(address.sun_path, path, len);
    address.sun_path[0] = path[0] == '@' ? '\0' : path[0];
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    CHECK(bind(fd, (struct sockaddr *)(void *)&address,
               (socklen_t)(sizeof address.sun_family + len)) == 0);
    return fd;
}

TEST(states_are_heard)
{
    char folder[SCRATCH_PATH_SIZE];
    char path[SCRATCH_PATH_SIZE];
    char abstract[64];
    scratch_make(folder);
    scratch_join(path, folder, "notify");
    snprintf(abstract, sizeof abstract, "@cepa-test-%ld", (long)getpid());
    const char *const paths[] = {path, abstract};
    for (size_t i = 0; i < 2; i++) {
        char got[32] = "";
        int fd = listen_at(paths[i]);
        CHECK(setenv("NOTIFY_SOCKET", paths[i], 1) == 0);
        CHECK(cepa_notify("READY=1"));
        CHECK_INT(recv(fd, got, sizeof got, 0), 7);
        CHECK_BYTES(got, "READY=1", 7);
        close(fd);
    }
    CHECK(!cepa_notify("READY=1"));
    CHECK(setenv("NOTIFY_SOCKET", "relative", 1) == 0 && !cepa_notify("READY=1"));
    CHECK(unsetenv("NOTIFY_SOCKET") == 0 && !cepa_notify("READY=1"));
}

TEST(the_watchdog_is_fed_twice_as_often_as_it_bites)
{
    char number[32];
    CHECK_INT(cepa_notify_watchdog_ms(), 0);
    CHECK(setenv("WATCHDOG_USEC", "60000000", 1) == 0);
    CHECK_INT(cepa_notify_watchdog_ms(), 30000);
    CHECK(setenv("WATCHDOG_PID", "1", 1) == 0);
    CHECK_INT(cepa_notify_watchdog_ms(), 0);
    snprintf(number, sizeof number, "%ld", (long)getpid());
    CHECK(setenv("WATCHDOG_PID", number, 1) == 0);
    CHECK_INT(cepa_notify_watchdog_ms(), 30000);
    CHECK(unsetenv("WATCHDOG_USEC") == 0 && unsetenv("WATCHDOG_PID") == 0);
}

TEST_MAIN(RUN(states_are_heard), RUN(the_watchdog_is_fed_twice_as_often_as_it_bites))
