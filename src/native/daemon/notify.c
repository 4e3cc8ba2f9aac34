/* Words to the service manager. */
#define _GNU_SOURCE
#include "native/daemon/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

bool cepa_notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = path != NULL ? strlen(path) : 0;
    /* A path, or a name in the abstract space, which begins with '@'. */
    if (len < 2 || len >= sizeof address.sun_path || (path[0] != '/' && path[0] != '@')) {
        return false;
    }
    memcpy(address.sun_path, path, len);
    if (path[0] == '@') {
        address.sun_path[0] = '\0';
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return false;
    }
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    size_t state_len = strlen(state);
    bool is_told =
        sendto(fd, state, state_len, MSG_NOSIGNAL, (const struct sockaddr *)(const void *)&address,
               size) == (ssize_t)state_len;
    close(fd);
    return is_told;
}

uint64_t cepa_notify_watchdog_ms(void)
{
    const char *microseconds = getenv("WATCHDOG_USEC");
    const char *process = getenv("WATCHDOG_PID");
    if (microseconds == NULL || (process != NULL && strtol(process, NULL, 10) != getpid())) {
        return 0;
    }
    return strtoull(microseconds, NULL, 10) / 2000;
}
