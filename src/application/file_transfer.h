/* What both ends of a file's transfer know. @[SPEC 17.3]
 *
 *     sender    header (17.1)
 *     receiver  verdict 1 | if COME: offset 8 | BLAKE2b-256 of the first `offset` bytes 32
 *     sender    from 8 | bytes of the file, from there to its end | BLAKE2b-256 of all of it 32 |
 * end receiver  result 1 | end */
#ifndef CEPA_APPLICATION_FILE_TRANSFER_H
#define CEPA_APPLICATION_FILE_TRANSFER_H

#include <stdint.h>

enum {
    CEPA_FILE_HASH_SIZE = 32,
    CEPA_FILE_FROM_SIZE = 8,
    CEPA_FILE_RESULT_SIZE = 1,
    CEPA_FILE_COME_SIZE = 1 + 8 + CEPA_FILE_HASH_SIZE /* the longest answer */
};

/* What the receiver says to an offer. */
enum cepa_file_verdict {
    CEPA_FILE_COME = 0,    /* send, from the offset that follows */
    CEPA_FILE_REFUSED = 1, /* it is not wanted */
    CEPA_FILE_NO_ROOM = 2, /* it is larger than the room that there is for it */
    CEPA_FILE_WAIT = 3     /* a person is asked; one of the others follows on the same stream */
};

/* What the receiver says in the end. */
enum cepa_file_result {
    CEPA_FILE_VERIFIED = 0, /* the whole file is here, its hash is right, and it is kept */
    CEPA_FILE_WRONG = 1     /* its hash is not what the sender said */
};

/* BLAKE2b-256 of a file or of its first bytes. */
struct cepa_file_hash {
    uint8_t bytes[CEPA_FILE_HASH_SIZE];
};

#endif
