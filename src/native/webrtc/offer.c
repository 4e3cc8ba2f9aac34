/* Descriptions in few bytes. */
#include "native/webrtc/offer.h"

#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"
#include "base/ct.h"

enum { PREFIX_SIZE = 8, PREFIXES_MAX = 3, PLACE_SIZE = 16 };

/* Bits of the flags. */
enum {
    IS_OFFER = 1 << 0,
    SETUP_SHIFT = 1,
    IS_LITE = 1 << 3,
    DOES_TRICKLE = 1 << 4,
    IS_COMPLETE = 1 << 5,
    HAS_SCTP_PORT = 1 << 6,
    HAS_MESSAGE_SIZE = 1 << 7
};

/* The low half of a candidate's kind: where it is. Below NEW_IPV4 it is the number of a place that
 * an earlier candidate brought. */
enum { NEW_IPV4 = 10, NEW_IPV6, NEW_NAME, NEW_IN_PREFIX };

/* An IP or a name that was seen. */
struct place {
    unsigned kind;             /* NEW_IPV4, NEW_IPV6 or NEW_NAME */
    uint8_t bytes[PLACE_SIZE]; /* of an IPv4 address the first 4 */
};

/* All that the candidates so far brought: the two sides keep the same. */
struct places {
    size_t len;
    struct place list[CEPA_DESCRIPTION_CANDIDATES_MAX];
    size_t prefixes_len;
    uint8_t prefixes[PREFIXES_MAX][PREFIX_SIZE]; /* networks of IPv6 addresses */
};

static struct place place_of(const struct cepa_candidate *candidate)
{
    struct place place = {.kind = NEW_NAME};
    if (!candidate->has_name) {
        place.kind = candidate->address.family == CEPA_NET_ADDRESS_IPV4 ? NEW_IPV4 : NEW_IPV6;
    }
    memcpy(place.bytes, candidate->has_name ? candidate->name : candidate->address.ip, PLACE_SIZE);
    return place;
}

static size_t find_place(const struct places *places, const struct place *place)
{
    size_t i = 0;
    while (i < places->len && memcmp(&places->list[i], place, sizeof *place) != 0) {
        i++;
    }
    return i;
}

static size_t find_prefix(const struct places *places, const struct place *place)
{
    size_t i = 0;
    while (i < places->prefixes_len &&
           memcmp(places->prefixes[i], place->bytes, PREFIX_SIZE) != 0) {
        i++;
    }
    return i;
}

/* Remembers a place that was not there, and its network if that is new and there is room. */
static void remember(struct places *places, const struct place *place)
{
    places->list[places->len] = *place;
    places->len++;
    if (place->kind == NEW_IPV6 && find_prefix(places, place) == places->prefixes_len &&
        places->prefixes_len < PREFIXES_MAX) {
        memcpy(places->prefixes[places->prefixes_len], place->bytes, PREFIX_SIZE);
        places->prefixes_len++;
    }
}

static void encode_candidate(struct cepa_writer *writer, struct places *places,
                             const struct cepa_candidate *candidate)
{
    const struct place place = place_of(candidate);
    size_t known = find_place(places, &place);
    size_t prefix = find_prefix(places, &place);
    unsigned where = known < places->len ? (unsigned)known : place.kind;
    if (where == NEW_IPV6 && prefix < places->prefixes_len) {
        where = NEW_IN_PREFIX + (unsigned)prefix;
    }
    cepa_writer_u8(writer, (uint8_t)((unsigned)candidate->type << 6 |
                                     (unsigned)candidate->transport << 4 | where));
    if (candidate->transport != CEPA_CANDIDATE_TCP_ACTIVE) {
        cepa_writer_u16(writer, candidate->address.port);
    }
    if (where == NEW_IPV4) {
        cepa_writer_bytes(writer, place.bytes, 4);
    } else if (where >= NEW_IN_PREFIX) {
        cepa_writer_bytes(writer, place.bytes + PREFIX_SIZE, PLACE_SIZE - PREFIX_SIZE);
    } else if (where >= NEW_IPV6) {
        cepa_writer_bytes(writer, place.bytes, PLACE_SIZE);
    }
    if (known == places->len) {
        remember(places, &place);
    }
}

static void encode_credentials(struct cepa_writer *writer,
                               const struct cepa_ice_credentials *credentials)
{
    char chars[CEPA_UFRAG_MAX + CEPA_PWD_MAX];
    size_t ufrag_len = strlen(credentials->ufrag);
    size_t pwd_len = strlen(credentials->pwd);
    memcpy(chars, credentials->ufrag, ufrag_len);
    memcpy(chars + ufrag_len, credentials->pwd, pwd_len);
    cepa_writer_u8(writer, (uint8_t)(ufrag_len - CEPA_UFRAG_MIN));
    cepa_writer_u8(writer, (uint8_t)(pwd_len - CEPA_PWD_MIN));
    uint8_t *packed = cepa_writer_reserve(writer, CEPA_ICE_CHARS_PACKED(ufrag_len + pwd_len));
    if (packed != NULL) {
        cepa_ice_chars_pack(packed, chars, ufrag_len + pwd_len);
    }
    cepa_wipe(chars, sizeof chars);
}

static unsigned flags_of(const struct cepa_description *description)
{
    return (description->is_offer ? IS_OFFER : 0u) | (unsigned)description->setup << SETUP_SHIFT |
           (description->is_lite ? IS_LITE : 0u) | (description->does_trickle ? DOES_TRICKLE : 0u) |
           (description->is_complete ? IS_COMPLETE : 0u) |
           (description->sctp_port != CEPA_SCTP_PORT_DEFAULT ? HAS_SCTP_PORT : 0u) |
           (description->max_message_size != CEPA_MESSAGE_SIZE_DEFAULT ? HAS_MESSAGE_SIZE : 0u);
}

int cepa_offer_encode(uint8_t ret_bytes[CEPA_OFFER_SIZE_MAX], size_t *ret_len, size_t *ret_left_out,
                      const struct cepa_description *description)
{
    struct cepa_writer writer;
    struct places places = {.len = 0};
    uint8_t bytes[CEPA_OFFER_SIZE_MAX];
    size_t len = 0;
    size_t count = 0;
    int result = cepa_description_check(description);
    if (result != 0) {
        return result;
    }
    unsigned flags = flags_of(description);
    cepa_writer_init(&writer, bytes, sizeof bytes);
    cepa_writer_u8(&writer, 0);
    cepa_writer_u8(&writer, (uint8_t)flags);
    encode_credentials(&writer, &description->credentials);
    cepa_writer_bytes(&writer, description->fingerprint.bytes, CEPA_CERTIFICATE_HASH_SIZE);
    if ((flags & HAS_SCTP_PORT) != 0) {
        cepa_writer_u16(&writer, description->sctp_port);
    }
    if ((flags & HAS_MESSAGE_SIZE) != 0) {
        cepa_writer_u32(&writer, description->max_message_size);
    }
    result = cepa_writer_end(&writer, &len);
    for (; result == 0 && count < description->candidates_len; count++) {
        encode_candidate(&writer, &places, &description->candidates[count]);
        if (cepa_writer_end(&writer, &len) != 0) {
            break;
        }
    }
    if (result == 0) {
        bytes[0] = (uint8_t)(CEPA_OFFER_VERSION << 4 | count);
        memcpy(ret_bytes, bytes, len);
        *ret_len = len;
        *ret_left_out = description->candidates_len - count;
    }
    cepa_wipe(bytes, sizeof bytes);
    return result;
}

/* Reads where a candidate is; an impossible place is left without family, which the check of the
 * whole finds. */
static void decode_place(struct cepa_candidate *candidate, struct places *places,
                         struct cepa_reader *reader, unsigned where)
{
    struct place place = {.kind = where < NEW_IN_PREFIX ? where : NEW_IPV6};
    if (where < NEW_IPV4) {
        if (where >= places->len) {
            return;
        }
        place = places->list[where];
    } else if (where == NEW_IPV4) {
        cepa_reader_bytes(reader, place.bytes, 4);
    } else if (where < NEW_IN_PREFIX) {
        cepa_reader_bytes(reader, place.bytes, PLACE_SIZE);
    } else {
        memcpy(place.bytes, places->prefixes[where - NEW_IN_PREFIX], PREFIX_SIZE);
        cepa_reader_bytes(reader, place.bytes + PREFIX_SIZE, PLACE_SIZE - PREFIX_SIZE);
    }
    if (where >= NEW_IPV4) {
        remember(places, &place);
    }
    candidate->has_name = place.kind == NEW_NAME;
    if (candidate->has_name) {
        memcpy(candidate->name, place.bytes, PLACE_SIZE);
        return;
    }
    candidate->address.family =
        place.kind == NEW_IPV4 ? CEPA_NET_ADDRESS_IPV4 : CEPA_NET_ADDRESS_IPV6;
    memcpy(candidate->address.ip, place.bytes, PLACE_SIZE);
}

/* The number of the first candidate of the same type, transport and place. @[RFC8445 5.1.1.3] */
static uint32_t foundation_of(const struct cepa_candidate *candidates, size_t index)
{
    const struct place place = place_of(&candidates[index]);
    for (size_t i = 0; i < index; i++) {
        const struct place other = place_of(&candidates[i]);
        if (candidates[i].type == candidates[index].type &&
            candidates[i].transport == candidates[index].transport &&
            memcmp(&other, &place, sizeof place) == 0) {
            return (uint32_t)i + 1;
        }
    }
    return (uint32_t)index + 1;
}

static void decode_candidates(struct cepa_description *description, struct cepa_reader *reader,
                              size_t count)
{
    struct places places = {.len = 0};
    uint32_t preference = UINT8_MAX;
    for (size_t i = 0; i < count; i++) {
        struct cepa_candidate *candidate = &description->candidates[i];
        unsigned kind = cepa_reader_u8(reader);
        candidate->type = (enum cepa_candidate_type)(kind >> 6);
        candidate->transport = (enum cepa_candidate_transport)(kind >> 4 & 3);
        candidate->address.port = candidate->transport == CEPA_CANDIDATE_TCP_ACTIVE
                                      ? CEPA_CANDIDATE_PORT_ACTIVE
                                      : cepa_reader_u16(reader);
        decode_place(candidate, &places, reader, kind & 15);
        /* What its type is worth, but no more than the one before, so that the order remains. */
        uint32_t worth = cepa_candidate_type_preference(candidate->type, candidate->transport);
        preference = worth < preference ? worth : preference;
        candidate->priority = preference << 24 | (UINT16_MAX - (uint32_t)i) << 8 | UINT8_MAX;
        cepa_candidate_number_foundation(candidate, foundation_of(description->candidates, i));
    }
    description->candidates_len = count;
}

static void decode_credentials(struct cepa_ice_credentials *credentials, struct cepa_reader *reader)
{
    char chars[CEPA_UFRAG_MAX + CEPA_PWD_MAX + 1];
    size_t ufrag_len = CEPA_UFRAG_MIN + (size_t)cepa_reader_u8(reader);
    size_t pwd_len = CEPA_PWD_MIN + (size_t)cepa_reader_u8(reader);
    const uint8_t *packed = cepa_reader_view(reader, CEPA_ICE_CHARS_PACKED(ufrag_len + pwd_len));
    if (packed == NULL || ufrag_len > CEPA_UFRAG_MAX || pwd_len > CEPA_PWD_MAX) {
        return;
    }
    cepa_ice_chars_unpack(chars, ufrag_len + pwd_len, packed);
    memcpy(credentials->ufrag, chars, ufrag_len);
    memcpy(credentials->pwd, chars + ufrag_len, pwd_len);
    cepa_wipe(chars, sizeof chars);
}

/* Says whether a description is written with just these bytes: whatever could be written in two
 * ways is refused in all but ours. @[SPEC 1.2] */
static bool is_written_as(const struct cepa_description *description, const uint8_t *bytes,
                          size_t bytes_len)
{
    uint8_t again[CEPA_OFFER_SIZE_MAX];
    size_t again_len = 0;
    size_t left_out = 0;
    bool is_same = cepa_offer_encode(again, &again_len, &left_out, description) == 0 &&
                   again_len == bytes_len && memcmp(again, bytes, bytes_len) == 0;
    cepa_wipe(again, sizeof again);
    return is_same;
}

int cepa_offer_decode(struct cepa_description *ret_description, const uint8_t *bytes,
                      size_t bytes_len)
{
    struct cepa_description description;
    struct cepa_reader reader;
    if (bytes_len > CEPA_OFFER_SIZE_MAX) {
        return CEPA_ERR_LENGTH;
    }
    cepa_description_init(&description);
    cepa_reader_init(&reader, bytes, bytes_len);
    unsigned version = cepa_reader_u8(&reader);
    size_t count = version & 15;
    unsigned flags = cepa_reader_u8(&reader);
    if (cepa_reader_left(&reader) > 0 && version >> 4 != CEPA_OFFER_VERSION) {
        return CEPA_ERR_VERSION;
    }
    if (count > CEPA_DESCRIPTION_CANDIDATES_MAX) {
        return CEPA_ERR_MALFORMED;
    }
    description.is_offer = (flags & IS_OFFER) != 0;
    description.setup = (enum cepa_setup)(flags >> SETUP_SHIFT & 3);
    description.is_lite = (flags & IS_LITE) != 0;
    description.does_trickle = (flags & DOES_TRICKLE) != 0;
    description.is_complete = (flags & IS_COMPLETE) != 0;
    decode_credentials(&description.credentials, &reader);
    cepa_reader_bytes(&reader, description.fingerprint.bytes, CEPA_CERTIFICATE_HASH_SIZE);
    if ((flags & HAS_SCTP_PORT) != 0) {
        description.sctp_port = cepa_reader_u16(&reader);
    }
    if ((flags & HAS_MESSAGE_SIZE) != 0) {
        description.max_message_size = cepa_reader_u32(&reader);
    }
    decode_candidates(&description, &reader, count);
    int result = cepa_reader_end(&reader);
    if (result == 0 && !is_written_as(&description, bytes, bytes_len)) {
        result = CEPA_ERR_MALFORMED;
    }
    if (result == 0) {
        *ret_description = description;
    }
    cepa_description_wipe(&description);
    return result;
}
