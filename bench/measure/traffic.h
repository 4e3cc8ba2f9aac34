/* What a stream carries when it is measured: a server on loopback in processes of its own, and
 * streams to it through a SOCKS port. They speak as those beside Tor do (bench/tor/streams.mjs):
 *
 *     get BYTES    the server sends so many, as fast as they go
 *     put          it swallows what comes
 *     echo         it sends back what comes
 *
 * each with a newline. Everything blocks; a stream on which nothing moves for long is an error. */
#ifndef CEPA_BENCH_MEASURE_TRAFFIC_H
#define CEPA_BENCH_MEASURE_TRAFFIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Where streams lead to. */
struct bench_server {
    pid_t pid;
    uint16_t port;
    volatile uint64_t *swallowed; /* bytes of `put`, of all streams; shared with the server */
};

/* Through what, and where to. */
struct bench_proxy {
    uint16_t port;       /* of the proxy, on 127.0.0.1 */
    const char *host;    /* that it is asked for */
    uint16_t service;    /* the port there */
    unsigned patience_s; /* how long any one wait may take */
};

/* bench_server_start starts it; false if the system refuses. */
bool bench_server_start(struct bench_server *ret_server);

/* bench_server_stop ends it and all of its streams. */
void bench_server_stop(struct bench_server *server);

/* bench_stream_open opens a stream and says `request`, without its newline. Streams of one `who`
 * may share a session, those of others never do. Gives the socket, which is the caller's to close,
 * or -1. */
int bench_stream_open(const struct bench_proxy *proxy, const char *who, const char *request);

/* bench_stream_read reads until `len` bytes are there; false if they do not come. */
bool bench_stream_read(int fd, void *ret_data, size_t len);

/* bench_stream_write writes all; false if it cannot. */
bool bench_stream_write(int fd, const void *data, size_t len);

#endif
