/* Work that a knock or a letter has to show where its receiver asks for it: a nonce that makes a
 * hash begin with zeros. It costs the sender about 2^18 hashes, the receiver one before anything
 * else is done for the knock; made for this knock, it is good for nothing else. @[SPEC 16.2] */
#ifndef CEPA_SESSION_KNOCK_WORK_H
#define CEPA_SESSION_KNOCK_WORK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "wire/letter.h"
#include "wire/session_start.h"

enum { CEPA_KNOCK_WORK_BITS = 18 };

/* cepa_knock_has_work says whether the work in a knock of CEPA_KNOCK_SIZE bytes is done. 7 us. */
bool cepa_knock_has_work(const uint8_t *message);

/* cepa_knock_work tries `tries` nonces from `*nonce` on (0 at first, raised by as many) and writes
 * the one that serves into the knock. Returns 0, or CEPA_ERR_NOT_FOUND: try more, at another time.
 * About 0.3 us a try. */
CEPA_MUST_USE int cepa_knock_work(uint8_t *message, uint64_t *nonce, uint32_t tries);

/* cepa_letter_has_work and cepa_letter_work do the same for a letter of CEPA_LETTER_SIZE bytes.
 * @[SPEC 16.9] */
bool cepa_letter_has_work(const uint8_t *box);
CEPA_MUST_USE int cepa_letter_work(uint8_t *box, uint64_t *nonce, uint32_t tries);

#endif
