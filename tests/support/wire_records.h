/* Records of the mesh with made-up contents, for tests of their encodings: nothing is signed. */
#ifndef CEPA_TESTS_SUPPORT_WIRE_RECORDS_H
#define CEPA_TESTS_SUPPORT_WIRE_RECORDS_H

#include "wire/certificate.h"
#include "wire/descriptor.h"
#include "wire/dial_address.h"
#include "wire/index_record.h"
#include "wire/key_record.h"

/* wire_bytes gives bytes that are made up; lent, the same at each call. */
const uint8_t *wire_bytes(void);

/* wire_ipv4 and wire_ipv6 are places in networks named by `network`. */
struct cepa_reach wire_ipv4(uint8_t network);
struct cepa_reach wire_ipv6(uint8_t network);

struct cepa_node_certificate wire_certificate(void);
struct cepa_receipt wire_receipt(uint8_t number);
struct cepa_descriptor wire_descriptor(void);            /* two places, two receipts */
struct cepa_descriptor wire_introduced_descriptor(void); /* two introducers, a receipt */
struct cepa_key_record wire_key_record(uint8_t leaf, uint32_t epoch);
struct cepa_index_record wire_index_record(void);
struct cepa_relay_address wire_address(uint8_t number);

#endif
