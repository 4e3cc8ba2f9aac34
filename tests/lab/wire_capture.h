/* What somebody sees who taps the loopback device: when a datagram passes, how long it is, from
 * whom to whom. A thread of its own takes them, stamped by the kernel. Needs root. */
#ifndef CEPA_TESTS_LAB_WIRE_CAPTURE_H
#define CEPA_TESTS_LAB_WIRE_CAPTURE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A UDP datagram. */
struct wire_datagram {
    uint64_t at_ns; /* wall clock */
    uint32_t from;  /* IPv4, host order */
    uint32_t to;    /* likewise */
    uint16_t len;   /* of the UDP payload */
    uint8_t type;   /* its first byte: 23 is a DTLS record of data */
};

/* A capture. */
struct wire_capture {
    int fd;
    pthread_t thread;
    atomic_bool is_ending;
    uint32_t first; /* only what comes from or goes to addresses from here on */
    struct wire_datagram *datagrams;
    size_t len;
    size_t capacity;
    uint32_t dropped; /* that the kernel had no room for */
};

/* wire_capture_begin taps `lo` of the namespace of the calling thread. False if that is not
 * allowed. */
bool wire_capture_begin(struct wire_capture *ret_capture, uint32_t first);

/* wire_capture_end stops; then the datagrams may be read. */
void wire_capture_end(struct wire_capture *capture);

/* wire_capture_free frees them. */
void wire_capture_free(struct wire_capture *capture);

#endif
