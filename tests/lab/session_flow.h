/* A stream of bytes from one daemon of a crowd to the address of another, by `cepa send`: it is fed
 * at a rate, its file at the receiver is looked at all the time, and the longest time in which that
 * did not grow is the stall. The bytes follow from their places, so each of them is verified. */
#ifndef CEPA_TESTS_LAB_SESSION_FLOW_H
#define CEPA_TESTS_LAB_SESSION_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "cli/crowd_command.h"

/* Such a stream. */
struct session_flow {
    struct cepa_crowd *crowd;
    size_t sender;
    size_t receiver;
    char address[CEPA_CROWD_ADDRESS_SIZE]; /* the receiver's */
    uint64_t rate;                         /* bytes per second; 0: as many as are taken */
    uint8_t *pattern;                      /* what is sent, again and again */
    struct cepa_crowd_command command;
    int input;              /* of the command; -1: closed, or the source is a file */
    int file;               /* the receiver's; -1: not there yet */
    uint64_t written;       /* bytes that the command has been given */
    uint64_t here;          /* bytes at the receiver */
    struct cepa_time began; /* when the feeding began */
    struct cepa_time moved; /* when `here` grew last */
    uint64_t stall_ns;      /* the longest time that it did not, since session_flow_watch */
};

/* session_flow_init makes addresses for both and lets the receiver know the sender. Returns 0 or an
 * error with a reason. */
CEPA_MUST_USE int session_flow_init(struct session_flow *ret_flow, struct cepa_reason *ret_reason,
                                    struct cepa_crowd *crowd, size_t sender, size_t receiver);

/* session_flow_free frees the pattern. */
void session_flow_free(struct session_flow *flow);

/* session_flow_begin starts the command, fed by session_flow_turn at `rate`. */
CEPA_MUST_USE int session_flow_begin(struct session_flow *flow, struct cepa_reason *ret_reason,
                                     uint64_t rate);

/* session_flow_begin_file starts it for a file of so many bytes, which it can read again. */
CEPA_MUST_USE int session_flow_begin_file(struct session_flow *flow, struct cepa_reason *ret_reason,
                                          uint64_t bytes);

/* session_flow_turn feeds what is due, looks, and sleeps a little; false when the command has
 * ended. session_flow_run takes turns for so long, or until so many bytes are here. */
bool session_flow_turn(struct session_flow *flow);
bool session_flow_run(struct session_flow *flow, uint64_t ms, uint64_t here);

/* session_flow_watch begins to measure the stall anew. */
void session_flow_watch(struct session_flow *flow);

/* session_flow_end lets the stream come to its end, for `ms` at most, verifies what has come, and
 * deletes it at the receiver. Returns 0 or an error with a reason. */
CEPA_MUST_USE int session_flow_end(struct session_flow *flow, struct cepa_reason *ret_reason,
                                   uint64_t ms);

#endif
