/* Candidates as values and as text. */
#include "native/webrtc/candidate.h"

#include <stdio.h>
#include <string.h>

#include "native/webrtc/ice_chars.h"
#include "native/webrtc/text.h"

enum { COMPONENT = 1, COMPONENT_MAX = 256, UUID_LEN = 36, NAME_LEN = UUID_LEN + 6 };

static const char *const type_names[] = {"host", "srflx", "prflx", "relay"};

uint32_t cepa_candidate_type_preference(enum cepa_candidate_type type,
                                        enum cepa_candidate_transport transport)
{
    static const uint8_t udp[] = {126, 100, 110, 2};
    static const uint8_t tcp[] = {90, 70, 80, 1};
    return transport == CEPA_CANDIDATE_UDP ? udp[type] : tcp[type];
}

uint32_t cepa_candidate_priority(enum cepa_candidate_type type,
                                 enum cepa_candidate_transport transport, uint16_t preference)
{
    uint32_t local = preference;
    if (transport != CEPA_CANDIDATE_UDP) {
        bool is_reflexive = type == CEPA_CANDIDATE_SRFLX || type == CEPA_CANDIDATE_PRFLX;
        uint32_t direction = (transport == CEPA_CANDIDATE_TCP_ACTIVE ? 4u : 2u);
        direction += is_reflexive ? 0 : 2;
        local = direction << 13 | local >> 3;
    }
    return cepa_candidate_type_preference(type, transport) << 24 | local << 8 | (256 - COMPONENT);
}

uint64_t cepa_candidate_pair_priority(uint32_t controlling, uint32_t controlled)
{
    uint64_t least = controlling < controlled ? controlling : controlled;
    uint64_t most = controlling < controlled ? controlled : controlling;
    return (least << 32) + 2 * most + (controlling > controlled ? 1 : 0);
}

void cepa_candidate_number_foundation(struct cepa_candidate *candidate, uint32_t number)
{
    (void)snprintf(candidate->foundation, sizeof candidate->foundation, "%lu",
                   (unsigned long)number);
}

bool cepa_candidate_is_same_place(const struct cepa_candidate *a, const struct cepa_candidate *b)
{
    return a->transport == b->transport && cepa_net_address_is_equal(&a->address, &b->address) &&
           a->has_name == b->has_name && memcmp(a->name, b->name, sizeof a->name) == 0;
}

/* Says whether datagrams can be sent to an IP. */
static bool is_reachable(const struct cepa_net_address *address)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    static const uint8_t unspecified[16] = {0};
    if (address->family == CEPA_NET_ADDRESS_IPV4) {
        return address->ip[0] != 0 && address->ip[0] < 224;
    }
    return address->family == CEPA_NET_ADDRESS_IPV6 && address->ip[0] != 0xff &&
           memcmp(address->ip, mapped, sizeof mapped) != 0 &&
           memcmp(address->ip, unspecified, sizeof unspecified) != 0;
}

bool cepa_candidate_is_valid(const struct cepa_candidate *candidate)
{
    static const uint8_t no_name[CEPA_CANDIDATE_NAME_SIZE] = {0};
    const struct cepa_net_address no_ip = {.port = candidate->address.port};
    size_t foundation_len = cepa_text_in(candidate->foundation, sizeof candidate->foundation).len;
    bool has_place = candidate->has_name
                         ? cepa_net_address_is_equal(&candidate->address, &no_ip)
                         : is_reachable(&candidate->address) &&
                               memcmp(candidate->name, no_name, sizeof no_name) == 0;
    bool has_port = candidate->transport == CEPA_CANDIDATE_TCP_ACTIVE
                        ? candidate->address.port == CEPA_CANDIDATE_PORT_ACTIVE
                        : candidate->address.port != 0;
    return candidate->type <= CEPA_CANDIDATE_RELAY &&
           candidate->transport <= CEPA_CANDIDATE_TCP_ACTIVE && candidate->priority > 0 &&
           has_place && has_port && foundation_len > 0 &&
           foundation_len <= CEPA_CANDIDATE_FOUNDATION_MAX &&
           cepa_ice_chars_are(candidate->foundation, foundation_len);
}

/* Writes the name or the IP, and a final zero. */
static void encode_place(char ret_text[CEPA_NET_ADDRESS_TEXT_SIZE],
                         const struct cepa_candidate *candidate)
{
    const uint8_t *n = candidate->name;
    if (!candidate->has_name) {
        cepa_net_address_ip_encode(ret_text, &candidate->address);
        return;
    }
    (void)snprintf(ret_text, CEPA_NET_ADDRESS_TEXT_SIZE,
                   "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x.local",
                   n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8], n[9], n[10], n[11], n[12],
                   n[13], n[14], n[15]);
}

int cepa_candidate_encode(char ret_text[CEPA_CANDIDATE_TEXT_SIZE],
                          const struct cepa_candidate *candidate)
{
    static const char *const transports[] = {"", " tcptype passive", " tcptype active"};
    char place[CEPA_NET_ADDRESS_TEXT_SIZE];
    const char *related = "";
    if (!cepa_candidate_is_valid(candidate)) {
        return CEPA_ERR_ARGUMENT;
    }
    encode_place(place, candidate);
    if (candidate->type != CEPA_CANDIDATE_HOST) {
        related = candidate->address.family == CEPA_NET_ADDRESS_IPV6 ? " raddr :: rport 0"
                                                                     : " raddr 0.0.0.0 rport 0";
    }
    (void)snprintf(ret_text, CEPA_CANDIDATE_TEXT_SIZE, "candidate:%s %d %s %lu %s %u typ %s%s%s",
                   candidate->foundation, COMPONENT,
                   candidate->transport == CEPA_CANDIDATE_UDP ? "UDP" : "TCP",
                   (unsigned long)candidate->priority, place, (unsigned)candidate->address.port,
                   type_names[candidate->type], related, transports[candidate->transport]);
    return 0;
}

/* Says whether the text is `<UUID>.local`, the form that all browsers give their names. */
static bool decode_name(struct cepa_candidate *candidate, struct cepa_text text)
{
    uint8_t name[CEPA_CANDIDATE_NAME_SIZE];
    size_t at = 0;
    if (text.len != NAME_LEN ||
        !cepa_text_is_any_case((struct cepa_text){text.at + UUID_LEN, NAME_LEN - UUID_LEN},
                               ".local")) {
        return false;
    }
    for (size_t i = 0; i < sizeof name; i++) {
        bool has_dash = i == 4 || i == 6 || i == 8 || i == 10;
        if (has_dash && text.at[at++] != '-') {
            return false;
        }
        if (cepa_text_hex(&name[i], text.at + at) != 0) {
            return false;
        }
        at += 2;
    }
    candidate->has_name = true;
    memcpy(candidate->name, name, sizeof name);
    return true;
}

/* Says whether the text could be a name in the DNS: what is wrong as an IP is not one. */
static bool is_domain(struct cepa_text text)
{
    bool has_letter = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && (c < '0' || c > '9') && c != '-' && c != '.') {
            return false;
        }
        has_letter = has_letter || is_letter;
    }
    return has_letter;
}

/* Reads the address. Returns 1, 0 if it is a name that we cannot use, or an error. */
static int decode_place(struct cepa_candidate *candidate, struct cepa_text text)
{
    if (cepa_net_address_ip_decode(&candidate->address, text.at, text.len) == 0 ||
        decode_name(candidate, text)) {
        return 1;
    }
    return is_domain(text) ? 0 : CEPA_ERR_MALFORMED;
}

static bool decode_type(struct cepa_candidate *candidate, struct cepa_text text)
{
    for (unsigned i = 0; i < sizeof type_names / sizeof type_names[0]; i++) {
        if (cepa_text_is(text, type_names[i])) {
            candidate->type = (enum cepa_candidate_type)i;
            return true;
        }
    }
    return false;
}

/* Reads the pairs of name and value behind the type, of which one matters: on TCP, who connects.
 * @[RFC6544 4.5] */
static bool decode_extensions(struct cepa_candidate *candidate, struct cepa_text text, bool is_tcp)
{
    bool has_tcptype = false;
    while (text.len > 0) {
        struct cepa_text name = cepa_text_take(&text, ' ');
        struct cepa_text value = cepa_text_take(&text, ' ');
        if (is_tcp && cepa_text_is(name, "tcptype")) {
            bool is_active = cepa_text_is(value, "active");
            has_tcptype = is_active || cepa_text_is(value, "passive");
            candidate->transport =
                is_active ? CEPA_CANDIDATE_TCP_ACTIVE : CEPA_CANDIDATE_TCP_PASSIVE;
        }
    }
    return has_tcptype == is_tcp;
}

int cepa_candidate_decode(struct cepa_candidate *ret_candidate, const char *text, size_t text_len)
{
    struct cepa_candidate candidate = {.transport = CEPA_CANDIDATE_UDP};
    struct cepa_text rest = {text, text_len};
    uint32_t component = 0;
    uint32_t port = 0;
    if (!cepa_text_skip(&rest, "candidate:")) {
        return CEPA_ERR_MALFORMED;
    }
    struct cepa_text foundation = cepa_text_take(&rest, ' ');
    int result = cepa_text_number(&component, cepa_text_take(&rest, ' '), COMPONENT_MAX);
    struct cepa_text transport = cepa_text_take(&rest, ' ');
    result |= cepa_text_number(&candidate.priority, cepa_text_take(&rest, ' '), UINT32_MAX);
    struct cepa_text place = cepa_text_take(&rest, ' ');
    result |= cepa_text_number(&port, cepa_text_take(&rest, ' '), UINT16_MAX + 1);
    if (result != 0 || foundation.len == 0 || foundation.len > CEPA_CANDIDATE_FOUNDATION_MAX ||
        !cepa_ice_chars_are(foundation.at, foundation.len) || component == 0 ||
        candidate.priority == 0 || port > UINT16_MAX || transport.len == 0 ||
        !cepa_text_is(cepa_text_take(&rest, ' '), "typ") || rest.len == 0) {
        return CEPA_ERR_MALFORMED;
    }
    bool is_tcp = cepa_text_is_any_case(transport, "tcp");
    bool is_ours = decode_type(&candidate, cepa_text_take(&rest, ' ')) &&
                   (is_tcp || cepa_text_is_any_case(transport, "udp")) && component == COMPONENT;
    is_ours = decode_extensions(&candidate, rest, is_tcp) && is_ours;
    int place_result = decode_place(&candidate, place);
    memcpy(candidate.foundation, foundation.at, foundation.len);
    candidate.address.port = candidate.transport == CEPA_CANDIDATE_TCP_ACTIVE
                                 ? CEPA_CANDIDATE_PORT_ACTIVE
                                 : (uint16_t)port;
    if (place_result <= 0 || !is_ours || !cepa_candidate_is_valid(&candidate)) {
        return place_result < 0 ? place_result : 0;
    }
    *ret_candidate = candidate;
    return 1;
}
