/* A function of usrsctp's is replaced by one of ours, by the linker (--wrap, which needs the static
 * library): the one that starts timers leaves those alone that run. */
#include "native/webrtc/sctp_timer.h"

#include <stdint.h>

enum {
    RETRANSMISSION = 1, /* usrsctp's number for the kind of timer */
    PLACE = 0           /* in its code, where a timer is stopped; for its log only */
};

/* The names that the linker gives: to ours, and to the library's own. */
void cepa_sctp_timer_start(int kind, void *endpoint, void *association,
                           void *path) __asm__("__wrap_sctp_timer_start");
void sctp_timer_start_of_library(int kind, void *endpoint, void *association,
                                 void *path) __asm__("__real_sctp_timer_start");
void sctp_timer_stop(int kind, void *endpoint, void *association, void *path, uint32_t place);

static bool restarts;

void cepa_sctp_timer_restarts(bool is_new)
{
    restarts = is_new;
}

void cepa_sctp_timer_start(int kind, void *endpoint, void *association, void *path)
{
    if (kind == RETRANSMISSION && restarts) {
        restarts = false;
        sctp_timer_stop(kind, endpoint, association, path, PLACE);
    }
    sctp_timer_start_of_library(kind, endpoint, association, path);
}
