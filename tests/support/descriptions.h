/* Comparing descriptions of connections, for tests and fuzz targets. */
#ifndef CEPA_TESTS_SUPPORT_DESCRIPTIONS_H
#define CEPA_TESTS_SUPPORT_DESCRIPTIONS_H

#include <stdbool.h>

#include "native/webrtc/description.h"

/* candidates_same says whether all fields are the same. */
bool candidates_same(const struct cepa_candidate *a, const struct cepa_candidate *b);

/* descriptions_same says whether all fields are the same but for the number of skipped candidates.
 */
bool descriptions_same(const struct cepa_description *a, const struct cepa_description *b);

/* descriptions_candidate is a valid candidate: type, transport, priority, and an address as text
 * ("192.0.2.1:5") or a name (36 characters of a UUID, ":5"). It fails the test if that is wrong. */
struct cepa_candidate descriptions_candidate(enum cepa_candidate_type type,
                                             enum cepa_candidate_transport transport,
                                             uint32_t priority, const char *place);

#endif
