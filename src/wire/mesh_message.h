/* What neighbours say to each other. A message on a link is a row of items, each behind its type
 * and length; up to CEPA_MESH_MESSAGE_SIZE_MAX bytes together. @[SPEC 10.8] */
#ifndef CEPA_WIRE_MESH_MESSAGE_H
#define CEPA_WIRE_MESH_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "wire/dial_address.h"
#include "wire/ids.h"
#include "wire/receipt.h"
#include "wire/way_record.h"

enum {
    CEPA_MESH_MESSAGE_SIZE_MAX = 16 * 1024,
    CEPA_MESH_ITEM_HEADER_SIZE = 1 + 2, /* type, length of what follows */
    CEPA_MESH_ITEM_BODY_MAX = CEPA_MESH_MESSAGE_SIZE_MAX - CEPA_MESH_ITEM_HEADER_SIZE,
    CEPA_MESH_ROOTS_MAX = 3,
    CEPA_MESH_ROOT_SIZE = 16,
    CEPA_MESH_DIGESTS_SIZE = 256 * 16,
    CEPA_MESH_LIST_ENTRY_SIZE = 8 + 8, /* position, version */
    CEPA_MESH_LIST_HEADER_SIZE = 1 + 4 + 1 + 1,
    CEPA_MESH_LIST_MAX =
        (CEPA_MESH_ITEM_BODY_MAX - CEPA_MESH_LIST_HEADER_SIZE) / CEPA_MESH_LIST_ENTRY_SIZE,
    CEPA_MESH_POSITION_SIZE = 8,
    CEPA_MESH_PULL_MAX = 512, /* positions in one PULL or ABSENT */
    CEPA_MESH_SIGNAL_SIZE_MAX = 200,
    CEPA_MESH_BUCKET_HEADER_SIZE = 4 + 1 + 1 + 1 + 4 + 4 + 8,
    CEPA_MESH_BUCKET_BYTES_MAX = 12 * 1024, /* one relay's credentials, or eight key records */
    CEPA_MESH_BUCKET_REQUEST_SIZE = CEPA_MESH_ITEM_HEADER_SIZE + CEPA_MESH_BUCKET_HEADER_SIZE,
    CEPA_MESH_BUCKET_ANSWER_SIZE = CEPA_MESH_BUCKET_REQUEST_SIZE + CEPA_MESH_BUCKET_BYTES_MAX,
    CEPA_MESH_WAYS_MAX = CEPA_MESH_ITEM_BODY_MAX / CEPA_WAY_RECORD_SIZE
};

/* Types of items; the numbers on the wire. */
enum cepa_mesh_item_type {
    CEPA_MESH_ITEM_ROOTS = 1,       /* this is what I have, in short */
    CEPA_MESH_ITEM_DIGESTS = 2,     /* and in more words: a digest per bucket of the index */
    CEPA_MESH_ITEM_LIST = 3,        /* and in full, for some buckets */
    CEPA_MESH_ITEM_PULL = 4,        /* send me these */
    CEPA_MESH_ITEM_ABSENT = 5,      /* these are not here */
    CEPA_MESH_ITEM_RECORDS = 6,     /* index records */
    CEPA_MESH_ITEM_CREDENTIALS = 7, /* of one relay */
    CEPA_MESH_ITEM_KEYS = 8,        /* key records */
    CEPA_MESH_ITEM_NEIGHBOUR = 9,
    CEPA_MESH_ITEM_DIALBACK = 10, /* dial me */
    CEPA_MESH_ITEM_RECEIPT = 11,  /* I have, or could not */
    CEPA_MESH_ITEM_PROBE = 12,    /* do you reach that relay? */
    CEPA_MESH_ITEM_PROBED = 13,
    CEPA_MESH_ITEM_PING = 14,
    CEPA_MESH_ITEM_PONG = 15,
    CEPA_MESH_ITEM_CHANNEL_OPEN = 16, /* introduce me to that relay */
    CEPA_MESH_ITEM_CHANNEL_INCOMING = 17,
    CEPA_MESH_ITEM_CHANNEL_OPENED = 18,
    CEPA_MESH_ITEM_CHANNEL_CLOSE = 19,
    CEPA_MESH_ITEM_SIGNAL = 20,
    CEPA_MESH_ITEM_BUCKET_GET = 21,
    CEPA_MESH_ITEM_BUCKET = 22,
    CEPA_MESH_ITEM_RELAY = 23, /* there is another relay that is not listed either */
    CEPA_MESH_ITEM_WAYS = 24   /* way records */
};

/* What roots, lists and pulls are about. */
enum cepa_mesh_table {
    CEPA_MESH_TABLE_INDEX = 1,       /* index records; epoch 0 */
    CEPA_MESH_TABLE_CREDENTIALS = 2, /* in PULL and ABSENT only; epoch 0 */
    CEPA_MESH_TABLE_KEYS = 3,        /* key records of one epoch */
    CEPA_MESH_TABLE_WAYS = 4         /* way records; as CREDENTIALS */
};

struct cepa_mesh_root {
    enum cepa_mesh_table table; /* INDEX or KEYS */
    uint32_t epoch;             /* KEYS */
    uint8_t bytes[CEPA_MESH_ROOT_SIZE];
};

/* ROOTS: different tables and epochs, ascending. */
struct cepa_mesh_roots {
    size_t len; /* 1 to CEPA_MESH_ROOTS_MAX */
    struct cepa_mesh_root roots[CEPA_MESH_ROOTS_MAX];
};

/* LIST: all that the sender has of the buckets from first to last. */
struct cepa_mesh_list {
    enum cepa_mesh_table table; /* INDEX or KEYS */
    uint32_t epoch;
    uint8_t first_bucket; /* the top byte of positions */
    uint8_t last_bucket;
    const uint8_t *entries; /* CEPA_MESH_LIST_ENTRY_SIZE each; lent */
    size_t entries_len;
};

/* PULL, ABSENT. */
struct cepa_mesh_pull {
    enum cepa_mesh_table table;
    uint32_t epoch;
    const uint8_t *positions; /* CEPA_MESH_POSITION_SIZE each; lent */
    size_t positions_len;     /* 1 to CEPA_MESH_PULL_MAX */
};

/* RECORDS, CREDENTIALS, KEYS, WAYS, DIGESTS: `count` objects in a row; 1 for CREDENTIALS and
 * DIGESTS. */
struct cepa_mesh_objects {
    const uint8_t *bytes; /* lent */
    size_t bytes_len;
    size_t count;
};

enum cepa_mesh_neighbour_operation {
    CEPA_MESH_NEIGHBOUR_ASK = 1,
    CEPA_MESH_NEIGHBOUR_ACCEPT = 2,
    CEPA_MESH_NEIGHBOUR_REFUSE = 3,
    CEPA_MESH_NEIGHBOUR_LEAVE = 4,
    CEPA_MESH_NEIGHBOUR_PART = 5 /* I can do without you: can you without me? LEAVE or ACCEPT */
};
enum cepa_mesh_neighbour_flags {
    CEPA_MESH_NEIGHBOUR_ISOLATED = 1, /* ASK: I have no other */
    CEPA_MESH_NEIGHBOUR_CROWDED = 1,  /* PART: I have far more than I want */
    CEPA_MESH_NEIGHBOUR_INTRODUCE = 2 /* ASK, ACCEPT: you introduce me to others; I do */
};

/* NEIGHBOUR. */
struct cepa_mesh_neighbour {
    enum cepa_mesh_neighbour_operation operation;
    uint8_t flags; /* cepa_mesh_neighbour_flags; 0 in the others */
};

/* DIALBACK: an address, or introducers. */
struct cepa_mesh_dialback {
    uint64_t nonce;
    enum cepa_receipt_how how;
    struct cepa_relay_address address;                                /* DIALLED */
    struct cepa_node_id introducers[CEPA_DESCRIPTOR_INTRODUCERS_MAX]; /* INTRODUCED */
    size_t introducers_len;                                           /* 1 or more */
};

/* RECEIPT. */
struct cepa_mesh_receipt {
    uint64_t nonce;
    bool was_reached; /* then the receipt follows */
    struct cepa_receipt receipt;
};

/* PROBE (node), PROBED (is_alive: it has just answered me), PING, PONG (nonce only). */
struct cepa_mesh_probe {
    uint64_t nonce;
    struct cepa_node_id node;
    bool is_alive;
};

enum cepa_mesh_channel_reason {
    CEPA_MESH_CHANNEL_DONE = 1,    /* not needed any more */
    CEPA_MESH_CHANNEL_UNKNOWN = 2, /* that relay is not linked here */
    CEPA_MESH_CHANNEL_REFUSED = 3, /* budget or room */
    CEPA_MESH_CHANNEL_LOST = 4     /* the other link is gone */
};

/* CHANNEL_OPEN, CHANNEL_INCOMING (node), CHANNEL_OPENED, CHANNEL_CLOSE (reason). The top bit of a
 * channel is set in those that the link's initiator has numbered. */
struct cepa_mesh_channel {
    uint32_t channel; /* not 0 */
    bool has_node;    /* CHANNEL_OPEN: always; CHANNEL_INCOMING: not if a client asks */
    struct cepa_node_id node;
    enum cepa_mesh_channel_reason reason;
};

/* SIGNAL: kind 1 offer, 2 answer, 3 candidate, 4 failed (no bytes). */
struct cepa_mesh_signal_item {
    uint32_t attempt;
    uint8_t signal;
    const uint8_t *data; /* lent */
    size_t data_len;     /* up to CEPA_MESH_SIGNAL_SIZE_MAX; 0 for failed only */
};

/* BUCKET_GET, BUCKET: as struct cepa_bucket of mesh/objects.h. */
struct cepa_mesh_bucket {
    uint32_t ticket; /* the asker's, comes back with the answer */
    bool may_ask;    /* BUCKET_GET: who does not keep the bucket may ask somebody who does */
    uint8_t kind;    /* 1 credentials, 2 key records */
    uint8_t bits;    /* 0 to 32 */
    uint32_t number;
    uint32_t epoch; /* 0 for credentials */
    uint64_t after; /* BUCKET_GET: begin behind it; BUCKET: go on behind it, all ones: the end */
    const uint8_t *bytes; /* BUCKET: objects, each behind its length in 16 bits; lent */
    size_t bytes_len;
};

/* One item. */
struct cepa_mesh_item {
    enum cepa_mesh_item_type type;
    union {
        struct cepa_mesh_roots roots;
        struct cepa_mesh_list list;
        struct cepa_mesh_pull pull;
        struct cepa_mesh_objects objects;
        struct cepa_mesh_neighbour neighbour;
        struct cepa_mesh_dialback dialback;
        struct cepa_mesh_receipt receipt;
        struct cepa_mesh_probe probe;
        struct cepa_mesh_channel channel;
        struct cepa_mesh_signal_item signal;
        struct cepa_mesh_bucket bucket;
        struct cepa_relay_address relay;
    } as;
};

/* cepa_mesh_item_encode appends an item that would decode again (asserted); the writer fails if it
 * does not fit. */
void cepa_mesh_item_encode(struct cepa_writer *writer, const struct cepa_mesh_item *item);

/* cepa_mesh_item_decode takes the next item of a message; its pointers are lent from the message.
 * Returns 1; 0 at the end of the message; CEPA_ERR_LENGTH, CEPA_ERR_MALFORMED, or
 * CEPA_ERR_UNSUPPORTED for an unknown type, which the reader has gone past. */
CEPA_MUST_USE int cepa_mesh_item_decode(struct cepa_mesh_item *ret_item,
                                        struct cepa_reader *reader);

#endif
