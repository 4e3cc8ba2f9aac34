/* What answers at a control socket as a daemon would, in a process of its own, and says what a test
 * wants; it can die whenever that is told. */
#ifndef CEPA_TESTS_SUPPORT_FALSE_DAEMON_H
#define CEPA_TESTS_SUPPORT_FALSE_DAEMON_H

#include <sys/types.h>

/* What it does with a line of a client, in its own process: `client` is where it answers, `fd` the
 * descriptor that came, or -1; it is closed when the process ends. */
typedef void false_daemon_line(int client, const char *line, int fd);

/* false_daemon_start starts one at the socket `path`, and returns when it listens. */
pid_t false_daemon_start(const char *path, false_daemon_line *on_line);

/* false_daemon_stop kills it and waits, whether it runs or has ended by itself. */
void false_daemon_stop(pid_t daemon);

/* false_daemon_say writes a line to a client; false_daemon_has looks for a text in one. */
void false_daemon_say(int client, const char *line);
int false_daemon_has(const char *line, const char *text);

#endif
