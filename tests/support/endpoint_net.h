/* Several endpoints in one process, joined by a network in virtual time: delay, loss from a seed,
 * addresses that can go away. It moves in steps of a millisecond, and the wall clock with it. */
#ifndef CEPA_TESTS_SUPPORT_ENDPOINT_NET_H
#define CEPA_TESTS_SUPPORT_ENDPOINT_NET_H

#include "native/webrtc/endpoint.h"
#include "support/random.h"

enum { TEST_NET_ENDS = 4, TEST_NET_EVENTS = 64 };

/* What an end was told: the event, with the message that it lent kept for the last one only. */
struct test_net_end {
    struct cepa_endpoint *endpoint;  /* NULL: nobody is there */
    struct cepa_net_address address; /* 192.0.2.N + 1, port 4000 + N */
    struct cepa_certificate *certificate;
    struct cepa_dial_secret secret;
    bool is_black_hole;                                 /* what comes and goes is lost */
    bool is_cut_off;                                    /* what comes is lost */
    struct cepa_endpoint_event events[TEST_NET_EVENTS]; /* the latest, but messages */
    size_t events_len;
    size_t messages; /* how many came, */
    size_t bytes;    /* and their bytes */
    bool is_echo;    /* answers each message with itself */
    bool is_deaf;    /* does not fetch events */
    uint64_t datagrams_sent;
};

extern struct test_net_end test_net_ends[TEST_NET_ENDS];

/* What tests may set, and test_net_end sets back. */
struct test_net_settings {
    uint32_t connections_max;
    unsigned draws_left; /* till one of random bytes fails; 0: none does */
    /* Called with each datagram before it comes; NULL for nothing. */
    void (*on_arrival)(size_t index, const struct cepa_net_address *from, const uint8_t *data,
                       size_t data_len);
};

extern struct test_net_settings test_net_settings;

/* test_net_begin makes `ends_len` endpoints that accept dials, with a one-way delay and loss in
 * thousandths; those of an earlier test are gone. */
void test_net_begin(size_t ends_len, unsigned delay_ms, unsigned loss, uint64_t seed);

/* test_net_end frees all. */
void test_net_end(void);

/* test_net_stop lets an end die without a word; test_net_start begins it anew at the same address,
 * with the same certificate and secret. */
void test_net_stop(size_t index);
void test_net_start(size_t index);

/* test_net_move gives an end another IP, as if its network had changed. */
void test_net_move(size_t index, uint8_t last_byte);

/* test_net_dial_address gives what one has to know to dial an end. */
struct cepa_dial_address test_net_dial_address(size_t index);

/* test_net_pass lets time pass. */
void test_net_pass_ms(unsigned ms);

/* test_net_wait lets time pass till an end was told something, at most `ms`, and gives the event;
 * the kind is NOTHING if it did not come. What was told before it is forgotten. */
struct cepa_endpoint_event test_net_wait(size_t index, enum cepa_endpoint_kind kind, unsigned ms);

/* test_net_wait_channel does the same with an event of a channel. */
struct cepa_endpoint_event test_net_wait_channel(size_t index, enum cepa_channel_kind kind,
                                                 unsigned ms);

/* test_net_now gives the time that has passed since the beginning, in ms. */
uint64_t test_net_now_ms(void);

/* test_net_inject brings a datagram to an end, from any address. */
void test_net_inject(size_t index, const struct cepa_net_address *from, const uint8_t *data,
                     size_t data_len);

#endif
