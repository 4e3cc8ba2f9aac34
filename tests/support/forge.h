/* What only the owner of an onion key can do: read a packet's header, change it, and make it right
 * again. So tests and fuzz targets get behind the authenticators. */
#ifndef CEPA_TESTS_SUPPORT_FORGE_H
#define CEPA_TESTS_SUPPORT_FORGE_H

#include <stdint.h>

#include "onion/packet_keys.h"
#include "support/relays.h"

/* test_forge_keys gives the keys that relay `which` has for relays->packet. */
void test_forge_keys(struct test_relays *relays, size_t which, struct cepa_packet_keys *ret_keys);

/* test_forge_open decrypts beta in place and gives the relay's keys. */
void test_forge_open(struct test_relays *relays, size_t which, struct cepa_packet_keys *ret_keys);

/* test_forge_close encrypts beta again and writes the gamma that fits. */
void test_forge_close(struct test_relays *relays, const struct cepa_packet_keys *keys);

/* test_forge_payload_mac writes the payload MAC that fits into the command of an open packet. */
void test_forge_payload_mac(struct test_relays *relays, const struct cepa_packet_keys *keys);

/* test_forge_payload replaces the decrypted payload by `payload` (CEPA_PACKET_PAYLOAD_SIZE bytes),
 * in a packet that is open for its last hop; the payload MAC is made to fit. */
void test_forge_payload(struct test_relays *relays, const struct cepa_packet_keys *keys,
                        const uint8_t *payload);

#endif
