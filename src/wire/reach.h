/* Places in the internet as messages carry them, and their coarse networks. @[SPEC 10.1] */
#ifndef CEPA_WIRE_REACH_H
#define CEPA_WIRE_REACH_H

#include <stdbool.h>

#include "base/bytes.h"
#include "wire/ids.h"

/* cepa_reach_is_valid says whether somebody can be there: IPv4 or IPv6, a port that is not 0, no
 * multicast, broadcast or unspecified IP, no IPv4 in the clothes of IPv6, no bytes behind the IP.
 */
bool cepa_reach_is_valid(const struct cepa_reach *reach);

/* cepa_reach_is_private says whether a place, or one without a family, is none of the internet: it
 * leads into this machine, its local network, that of a provider or nowhere. @[RFC6890 2] */
bool cepa_reach_is_private(const struct cepa_reach *reach);

/* cepa_reach_encode appends a valid place: 7 or 19 bytes. */
void cepa_reach_encode(struct cepa_writer *writer, const struct cepa_reach *reach);

/* cepa_reach_decode takes a place. Returns 0, or CEPA_ERR_MALFORMED if it is cut off or not valid.
 */
CEPA_MUST_USE int cepa_reach_decode(struct cepa_reach *ret_reach, struct cepa_reader *reader);

/* cepa_prefix_of gives the coarse network of a place; the NONE prefix for one without a family. */
void cepa_prefix_of(struct cepa_prefix *ret_prefix, const struct cepa_reach *reach);

/* cepa_prefix_is_equal says whether two prefixes are the same network; NONE is nobody's, so two of
 * them are not the same. */
bool cepa_prefix_is_equal(const struct cepa_prefix *a, const struct cepa_prefix *b);

/* cepa_prefix_encode appends CEPA_PREFIX_SIZE bytes. */
void cepa_prefix_encode(struct cepa_writer *writer, const struct cepa_prefix *prefix);

/* cepa_prefix_decode takes a prefix, which may be NONE. Returns 0, or CEPA_ERR_MALFORMED if it is
 * cut off or has another family or bytes that the family does not use. */
CEPA_MUST_USE int cepa_prefix_decode(struct cepa_prefix *ret_prefix, struct cepa_reader *reader);

#endif
