/* Descriptions as SDP. */
#include "native/webrtc/sdp.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "native/webrtc/fingerprint.h"
#include "native/webrtc/text.h"

static const char *const setups[] = {"actpass", "active", "passive"};

static void append(struct cepa_writer *writer, const char *text)
{
    cepa_writer_bytes(writer, text, strlen(text));
}

/* Appends a line and its end. */
static void line(struct cepa_writer *writer, const char *name, const char *value)
{
    append(writer, name);
    append(writer, value);
    append(writer, "\r\n");
}

/* Appends a line with a number in it. */
static void number_line(struct cepa_writer *writer, const char *name, uint32_t number,
                        const char *rest)
{
    char digits[sizeof "4294967295"];
    (void)snprintf(digits, sizeof digits, "%lu", (unsigned long)number);
    append(writer, name);
    line(writer, digits, rest);
}

static void write_candidates(struct cepa_writer *writer, const struct cepa_description *description)
{
    for (size_t i = 0; i < description->candidates_len; i++) {
        char text[CEPA_CANDIDATE_TEXT_SIZE];
        int result = cepa_candidate_encode(text, &description->candidates[i]);
        CEPA_ASSERT(result == 0);
        line(writer, "a=", text);
    }
    if (description->is_complete) {
        line(writer, "a=end-of-candidates", "");
    }
}

static void write_credentials(struct cepa_writer *writer,
                              const struct cepa_ice_credentials *credentials)
{
    if (credentials->ufrag[0] == '\0') {
        return;
    }
    line(writer, "a=ice-ufrag:", credentials->ufrag);
    line(writer, "a=ice-pwd:", credentials->pwd);
}

/* The port of the best candidate, or the one that stands for none. @[RFC8839 4.2.1.3] */
static uint32_t default_port(const struct cepa_description *description)
{
    return description->candidates_len > 0 ? description->candidates[0].address.port
                                           : CEPA_CANDIDATE_PORT_ACTIVE;
}

static int end(struct cepa_writer *writer, char *ret_text, size_t *ret_len)
{
    size_t len = 0;
    int result = cepa_writer_end(writer, &len);
    CEPA_ASSERT(result == 0);
    ret_text[len] = '\0';
    *ret_len = len;
    return 0;
}

int cepa_sdp_encode(char *ret_text, size_t *ret_len, const struct cepa_description *description)
{
    char fingerprint[CEPA_FINGERPRINT_TEXT_SIZE];
    struct cepa_writer writer;
    int result = cepa_description_check(description);
    if (result != 0) {
        return result;
    }
    cepa_fingerprint_encode(fingerprint, &description->fingerprint);
    cepa_writer_init(&writer, ret_text, CEPA_SDP_TEXT_SIZE - 1);
    line(&writer, "v=0", "");
    line(&writer, "o=- 1 1 IN IP4 0.0.0.0", "");
    line(&writer, "s=-", "");
    line(&writer, "t=0 0", "");
    if (description->is_lite) {
        line(&writer, "a=ice-lite", "");
    } else {
        /* Browsers ask for it; the answers that they compose themselves do without. */
        line(&writer, "a=group:BUNDLE ", description->mid);
    }
    number_line(&writer, "m=application ", default_port(description),
                " UDP/DTLS/SCTP webrtc-datachannel");
    line(&writer, "c=IN IP4 0.0.0.0", "");
    line(&writer, "a=mid:", description->mid);
    write_credentials(&writer, &description->credentials);
    if (description->does_trickle) {
        line(&writer, "a=ice-options:trickle", "");
    }
    line(&writer, "a=fingerprint:sha-256 ", fingerprint);
    line(&writer, "a=setup:", setups[description->setup]);
    number_line(&writer, "a=sctp-port:", description->sctp_port, "");
    number_line(&writer, "a=max-message-size:", description->max_message_size, "");
    write_candidates(&writer, description);
    return end(&writer, ret_text, ret_len);
}

int cepa_sdp_fragment_encode(char *ret_text, size_t *ret_len,
                             const struct cepa_description *description)
{
    struct cepa_writer writer;
    int result = cepa_description_check_fragment(description);
    if (result != 0) {
        return result;
    }
    cepa_writer_init(&writer, ret_text, CEPA_SDP_TEXT_SIZE - 1);
    write_credentials(&writer, &description->credentials);
    line(&writer, "m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "");
    line(&writer, "a=mid:", description->mid);
    write_candidates(&writer, description);
    return end(&writer, ret_text, ret_len);
}

/* What was said so far, as bits. */
enum fact {
    UFRAG = 1 << 0,
    PWD = 1 << 1,
    FINGERPRINT = 1 << 2,
    SETUP = 1 << 3,
    SECTION = 1 << 4,
    MID = 1 << 5,
    SCTP_PORT = 1 << 6,
    MESSAGE_SIZE = 1 << 7,
    FOREIGN_FINGERPRINT = 1 << 8,
    CANDIDATE = 1 << 9,
    FLAG = 1 << 10
};

enum {
    NEEDED = UFRAG | PWD | SETUP | SECTION,
    REPEATED = FINGERPRINT | CANDIDATE | FLAG /* what may be said more than once in one place */
};

/* A text that is being read. */
struct parser {
    struct cepa_description description;
    unsigned found; /* facts of the session and the section */
    unsigned here;  /* facts of the one that is being read */
};

static int read_ice_text(char *ret_text, size_t most, struct cepa_text value)
{
    if (value.len > most) {
        return CEPA_ERR_MALFORMED;
    }
    memset(ret_text, 0, most + 1);
    memcpy(ret_text, value.at, value.len);
    return 0;
}

static int read_ufrag(struct parser *parser, struct cepa_text value)
{
    return read_ice_text(parser->description.credentials.ufrag, CEPA_UFRAG_MAX, value);
}

static int read_pwd(struct parser *parser, struct cepa_text value)
{
    return read_ice_text(parser->description.credentials.pwd, CEPA_PWD_MAX, value);
}

static int read_mid(struct parser *parser, struct cepa_text value)
{
    return read_ice_text(parser->description.mid, CEPA_MID_MAX, value);
}

/* Certificates may be shown by several hashes; we compare one. @[RFC8122 5] */
static int read_fingerprint(struct parser *parser, struct cepa_text value)
{
    struct cepa_certificate_hash hash;
    struct cepa_text name = cepa_text_take(&value, ' ');
    if (!cepa_text_is_any_case(name, "sha-256")) {
        parser->found |= FOREIGN_FINGERPRINT;
        return 0;
    }
    if (cepa_fingerprint_decode(&hash, value.at, value.len) != 0) {
        return CEPA_ERR_MALFORMED;
    }
    if ((parser->here & FINGERPRINT) != 0 &&
        memcmp(&hash, &parser->description.fingerprint, sizeof hash) != 0) {
        return CEPA_ERR_UNSUPPORTED;
    }
    parser->here |= FINGERPRINT;
    parser->description.fingerprint = hash;
    return 0;
}

static int read_setup(struct parser *parser, struct cepa_text value)
{
    for (unsigned i = 0; i < sizeof setups / sizeof setups[0]; i++) {
        if (cepa_text_is(value, setups[i])) {
            parser->description.setup = (enum cepa_setup)i;
            return 0;
        }
    }
    return CEPA_ERR_MALFORMED;
}

static int read_sctp_port(struct parser *parser, struct cepa_text value)
{
    uint32_t port = 0;
    int result = cepa_text_number(&port, value, UINT16_MAX + 1);
    parser->description.sctp_port = (uint16_t)port;
    return result == 0 && port <= UINT16_MAX ? 0 : CEPA_ERR_MALFORMED;
}

static int read_message_size(struct parser *parser, struct cepa_text value)
{
    return cepa_text_number(&parser->description.max_message_size, value, UINT32_MAX);
}

static int read_options(struct parser *parser, struct cepa_text value)
{
    while (value.len > 0) {
        /* libdatachannel puts commas where there should be spaces. */
        struct cepa_text options = cepa_text_take(&value, ' ');
        while (options.len > 0) {
            if (cepa_text_is(cepa_text_take(&options, ','), "trickle")) {
                parser->description.does_trickle = true;
            }
        }
    }
    return 0;
}

static int read_lite(struct parser *parser, struct cepa_text value)
{
    parser->description.is_lite = true;
    return value.len == 0 ? 0 : CEPA_ERR_MALFORMED;
}

static int read_end_of_candidates(struct parser *parser, struct cepa_text value)
{
    parser->description.is_complete = true;
    return value.len == 0 ? 0 : CEPA_ERR_MALFORMED;
}

/* Reads "candidate:…"; the name of the attribute is part of it. */
static int read_candidate(struct parser *parser, struct cepa_text text)
{
    struct cepa_candidate candidate;
    int result = cepa_candidate_decode(&candidate, text.at, text.len);
    if (result == 1) {
        cepa_description_add(&parser->description, &candidate);
    } else if (result == 0) {
        parser->description.skipped_len++;
    }
    return result < 0 ? result : 0;
}

/* An attribute that we know. */
struct attribute {
    const char *name;
    enum fact fact;
    int (*read)(struct parser *parser, struct cepa_text value);
};

static const struct attribute attributes[] = {
    {"ice-ufrag", UFRAG, read_ufrag},
    {"ice-pwd", PWD, read_pwd},
    {"fingerprint", FINGERPRINT, read_fingerprint},
    {"setup", SETUP, read_setup},
    {"mid", MID, read_mid},
    {"sctp-port", SCTP_PORT, read_sctp_port},
    {"max-message-size", MESSAGE_SIZE, read_message_size},
    {"ice-options", FLAG, read_options},
    {"ice-lite", FLAG, read_lite},
    {"end-of-candidates", FLAG, read_end_of_candidates},
    {"candidate", CANDIDATE, read_candidate},
};

static int read_attribute(struct parser *parser, struct cepa_text text)
{
    struct cepa_text value = text;
    struct cepa_text name = cepa_text_take(&value, ':');
    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++) {
        const struct attribute *attribute = &attributes[i];
        if (!cepa_text_is(name, attribute->name)) {
            continue;
        }
        if ((parser->here & attribute->fact & ~(unsigned)REPEATED) != 0) {
            return CEPA_ERR_MALFORMED;
        }
        int result = attribute->read(parser, attribute->fact == CANDIDATE ? text : value);
        if (attribute->fact != FINGERPRINT) {
            parser->here |= attribute->fact;
        }
        return result;
    }
    return 0;
}

/* Reads what stands behind "m=". One section is all that we speak, and the first thing to check.
 * @[RFC8841 4.2] */
static int read_section(struct parser *parser, struct cepa_text text)
{
    uint32_t port = 0;
    struct cepa_text media = cepa_text_take(&text, ' ');
    int result = cepa_text_number(&port, cepa_text_take(&text, ' '), UINT16_MAX + 1);
    struct cepa_text transport = cepa_text_take(&text, ' ');
    if (media.len == 0 || transport.len == 0) {
        return CEPA_ERR_MALFORMED;
    }
    if ((parser->found & SECTION) != 0 || !cepa_text_is(media, "application") ||
        !(cepa_text_is(transport, "UDP/DTLS/SCTP") || cepa_text_is(transport, "TCP/DTLS/SCTP")) ||
        !cepa_text_is(text, "webrtc-datachannel") || (result == 0 && port == 0)) {
        return CEPA_ERR_UNSUPPORTED;
    }
    parser->found |= parser->here | SECTION;
    parser->here = 0;
    return result == 0 && port <= UINT16_MAX ? 0 : CEPA_ERR_MALFORMED;
}

/* Reads one line without its end: a letter, "=", and no control characters. */
static int read_line(struct parser *parser, struct cepa_text text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((uint8_t)text.at[i] < ' ' && text.at[i] != '\t') {
            return CEPA_ERR_MALFORMED;
        }
    }
    if (cepa_text_skip(&text, "a=")) {
        return read_attribute(parser, text);
    }
    if (cepa_text_skip(&text, "m=")) {
        return read_section(parser, text);
    }
    return text.len >= 2 && text.at[0] >= 'b' && text.at[0] <= 'z' && text.at[1] == '='
               ? 0
               : CEPA_ERR_MALFORMED;
}

static int read_lines(struct parser *parser, struct cepa_text text)
{
    while (text.len > 0) {
        struct cepa_text taken = cepa_text_take(&text, '\n');
        if (taken.len > 0 && taken.at[taken.len - 1] == '\r') {
            taken.len--;
        }
        int result = taken.len > 0 ? read_line(parser, taken) : 0;
        if (result != 0) {
            return result;
        }
    }
    parser->found |= parser->here;
    return 0;
}

/* Says what is missing. */
static int check_found(const struct parser *parser)
{
    if ((parser->found & NEEDED) != NEEDED) {
        return CEPA_ERR_MISSING;
    }
    if ((parser->found & FINGERPRINT) == 0) {
        return (parser->found & FOREIGN_FINGERPRINT) != 0 ? CEPA_ERR_UNSUPPORTED : CEPA_ERR_MISSING;
    }
    return 0;
}

/* Gives out what was read if all is well, and forgets it. */
static int finish(struct parser *parser, int result, struct cepa_description *ret_description)
{
    if (result == 0) {
        *ret_description = parser->description;
    }
    cepa_description_wipe(&parser->description);
    return result;
}

int cepa_sdp_decode(struct cepa_description *ret_description, bool is_offer, const char *text,
                    size_t text_len)
{
    struct parser parser = {.found = 0};
    struct cepa_text rest = {text, text_len};
    if (text_len > CEPA_SDP_READ_MAX) {
        return CEPA_ERR_TOO_LONG;
    }
    if (!cepa_text_skip(&rest, "v=0\n") && !cepa_text_skip(&rest, "v=0\r\n")) {
        return CEPA_ERR_MALFORMED;
    }
    cepa_description_init(&parser.description);
    parser.description.is_offer = is_offer;
    parser.description.max_message_size = CEPA_MESSAGE_SIZE_ABSENT;
    int result = read_lines(&parser, rest);
    if (result == 0) {
        result = check_found(&parser);
    }
    if (result == 0) {
        result = cepa_description_check(&parser.description);
    }
    return finish(&parser, result, ret_description);
}

int cepa_sdp_fragment_decode(struct cepa_description *ret_description, const char *text,
                             size_t text_len)
{
    struct parser parser = {.found = 0};
    if (text_len > CEPA_SDP_READ_MAX) {
        return CEPA_ERR_TOO_LONG;
    }
    cepa_description_init(&parser.description);
    int result = read_lines(&parser, (struct cepa_text){text, text_len});
    if (result == 0) {
        result = cepa_description_check_fragment(&parser.description);
    }
    return finish(&parser, result, ret_description);
}
