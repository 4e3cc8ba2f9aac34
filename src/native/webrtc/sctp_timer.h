/* A cure for usrsctp's retransmission timer, which is never restarted while data is under way.
 * docs/decisions/0033-retransmission-timer-of-usrsctp.md */
#ifndef CEPA_NATIVE_WEBRTC_SCTP_TIMER_H
#define CEPA_NATIVE_WEBRTC_SCTP_TIMER_H

#include <stdbool.h>

/* cepa_sctp_timer_restarts says whether an association's retransmission timer begins anew the next
 * time that the library wants it to run: right while a packet is taken that acknowledges more than
 * those before. @[RFC9260 6.3.2] */
void cepa_sctp_timer_restarts(bool is_new);

#endif
