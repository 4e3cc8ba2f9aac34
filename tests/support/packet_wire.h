/* A wire for SCTP packets within one process: ends are numbered, 2n and 2n + 1 are joined. There is
 * one wire, since the library that sends has one function to send by. */
#ifndef CEPA_TESTS_SUPPORT_PACKET_WIRE_H
#define CEPA_TESTS_SUPPORT_PACKET_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "native/webrtc/sctp.h"

enum { TEST_WIRE_LEN = 4096, TEST_WIRE_ENDS = 1024 };

/* A packet under way. */
struct test_packet {
    size_t to; /* number of an end */
    size_t len;
    uint8_t bytes[CEPA_SCTP_MTU];
};

/* test_wire_owner gives what an end is made with. */
void *test_wire_owner(size_t end);

/* test_wire_send is the function that sends; beyond TEST_WIRE_LEN packets are lost, and by chance.
 */
void test_wire_send(void *owner, const uint8_t *packet, size_t packet_len);

/* test_wire_lose sets how many of 100 packets are lost. */
void test_wire_lose(unsigned percent);

/* test_wire_take takes the packet that is under way longest, if there is one. */
bool test_wire_take(struct test_packet *ret_packet);

/* test_wire_clear drops all packets and loses none from then on. */
void test_wire_clear(void);

#endif
