/* Telling the service manager how things are, as sd_notify(3) does, by the socket that
 * NOTIFY_SOCKET names. Without that variable nothing happens. */
#ifndef CEPA_NATIVE_DAEMON_NOTIFY_H
#define CEPA_NATIVE_DAEMON_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* cepa_notify sends a state such as "READY=1". True if somebody was told. */
bool cepa_notify(const char *state);

/* cepa_notify_watchdog_ms gives how often "WATCHDOG=1" is to be sent: half of what the service
 * manager waits for; 0: never. */
uint64_t cepa_notify_watchdog_ms(void);

#endif
