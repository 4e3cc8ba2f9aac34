/* Requests to a relay that is the last hop of a circuit, and its answers. Each is cut into parts of
 * one DATA cell. @[SPEC 15.1]
 *
 *     request  service 1 ‖ tag 4 ‖ part 1 ‖ parts 1 ‖ bytes
 *     answer   tag 4 ‖ status 1 ‖ part 1 ‖ parts 1 ‖ bytes */
#ifndef CEPA_WIRE_SERVICE_H
#define CEPA_WIRE_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "wire/sizes.h"

enum {
    CEPA_SERVICE_TAG_SIZE = 4,
    CEPA_SERVICE_HEADER_SIZE = 1 + CEPA_SERVICE_TAG_SIZE + 1 + 1,
    CEPA_SERVICE_PART_MAX = CEPA_CELL_DATA_MAX - CEPA_SERVICE_HEADER_SIZE,
    CEPA_SERVICE_PARTS_MAX = 17,
    CEPA_SERVICE_BODY_MAX = CEPA_SERVICE_PARTS_MAX * CEPA_SERVICE_PART_MAX
};

_Static_assert(CEPA_SERVICE_PART_MAX == 1029, "four of them hold an introduction");
_Static_assert(CEPA_SERVICE_BODY_MAX >= 16384 + 1024, "a descriptor or a box, and what it needs");

/* The services that take such requests; those below are in node/node_commands.h. */
enum cepa_service {
    CEPA_SERVICE_MEET = 5,           /* join this circuit to another */
    CEPA_SERVICE_INTRODUCTION = 6,   /* hand introductions to this circuit */
    CEPA_SERVICE_INTRODUCE = 7,      /* hand one over */
    CEPA_SERVICE_DESCRIPTOR_PUT = 8, /* keep the descriptor of an address */
    CEPA_SERVICE_DESCRIPTOR_GET = 9,
    CEPA_SERVICE_MAILBOX_PUT = 10, /* leave a box with sealed content */
    CEPA_SERVICE_MAILBOX_GET = 11, /* open one's mailbox, and get a box */
    CEPA_SERVICE_MAILBOX_DELETE = 12
};

/* What a relay says. */
enum cepa_service_status {
    CEPA_SERVICE_OK = 0,       /* MEET: the other one is here */
    CEPA_SERVICE_WAITING = 1,  /* MEET: it is not, yet */
    CEPA_SERVICE_PARTED = 2,   /* MEET: it is gone; this one waits again */
    CEPA_SERVICE_KNOCK = 3,    /* INTRODUCTION: somebody introduces himself */
    CEPA_SERVICE_UNKNOWN = 16, /* there is no such thing here */
    CEPA_SERVICE_BUSY = 17,    /* no room, or too many: try another relay, or later */
    CEPA_SERVICE_REFUSED = 18, /* what was asked for is not right */
    CEPA_SERVICE_NEWER = 19    /* DESCRIPTOR_PUT: a later one is here already */
};

/* One part of a request or of an answer. */
struct cepa_service_part {
    uint8_t service; /* enum cepa_service; of an answer: enum cepa_service_status */
    uint8_t tag[CEPA_SERVICE_TAG_SIZE];
    uint8_t part;
    uint8_t parts;
    const uint8_t *bytes; /* lent */
    size_t bytes_len;     /* CEPA_SERVICE_PART_MAX in all parts but the last */
};

/* cepa_service_parts gives into how many parts `body_len` <= CEPA_SERVICE_BODY_MAX bytes are cut:
 * at least one. */
uint8_t cepa_service_parts(size_t body_len);

/* cepa_service_request writes part `part` of a request into `ret_data` (CEPA_CELL_DATA_MAX bytes)
 * and gives its length. cepa_service_answer does that for an answer. */
size_t cepa_service_request(uint8_t *ret_data, uint8_t service, const uint8_t *tag, uint8_t part,
                            const uint8_t *body, size_t body_len);
size_t cepa_service_answer(uint8_t *ret_data, uint8_t status, const uint8_t *tag, uint8_t part,
                           const uint8_t *body, size_t body_len);

/* cepa_service_read_request and cepa_service_read_answer read one. Return 0, CEPA_ERR_LENGTH or
 * CEPA_ERR_MALFORMED. */
CEPA_MUST_USE int cepa_service_read_request(struct cepa_service_part *ret_part, const uint8_t *data,
                                            size_t data_len);
CEPA_MUST_USE int cepa_service_read_answer(struct cepa_service_part *ret_part, const uint8_t *data,
                                           size_t data_len);

/* Parts that are put together again. All zeros: none is here. */
struct cepa_service_whole {
    uint8_t parts; /* how many there will be; 0: none came yet */
    uint32_t got;  /* bit i: part i is here */
    size_t len;    /* of the body, once the last part is here */
};

/* cepa_service_whole_add takes a part (of the same request: the caller has looked at its tag) into
 * `body`, CEPA_SERVICE_BODY_MAX bytes. `*ret_is_whole`: all are here, `whole->len` bytes. Parts may
 * come in any order; one that is here already is ignored. Returns 0, or CEPA_ERR_MALFORMED for one
 * that does not fit the others. */
CEPA_MUST_USE int cepa_service_whole_add(struct cepa_service_whole *whole, uint8_t *body,
                                         bool *ret_is_whole, const struct cepa_service_part *part);

#endif
