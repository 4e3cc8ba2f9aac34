/* How connections begin: dials both ways, offers and answers, restarts. */
#include <string.h>

#include "base/ct.h"
#include "native/webrtc/endpoint_state.h"
#include "native/webrtc/ice_chars.h"
#include "native/webrtc/offer.h"

enum {
    UFRAG_LEN = 4, /* as many characters as Chromium's have */
    PWD_LEN = 24,
    OFFER_SECONDS = 600, /* how long an offer waits for its answer */
    DRAWS_MAX = 8        /* till a user fragment is not in use */
};

/* Draws credentials that no connection here has. */
static int draw_credentials(struct cepa_endpoint *endpoint,
                            struct cepa_ice_credentials *ret_credentials)
{
    uint8_t bytes[CEPA_ICE_CHARS_PACKED(UFRAG_LEN + PWD_LEN)];
    char chars[UFRAG_LEN + PWD_LEN + 1];
    int error = CEPA_ERR_FULL;
    for (unsigned i = 0; i < DRAWS_MAX && error == CEPA_ERR_FULL; i++) {
        if (cepa_random_fill(endpoint->random, bytes, sizeof bytes) != 0) {
            error = CEPA_ERR_RANDOM;
            break;
        }
        cepa_ice_chars_unpack(chars, UFRAG_LEN + PWD_LEN, bytes);
        if (cepa_endpoint_by_fragment(endpoint, chars, UFRAG_LEN) == NULL) {
            memset(ret_credentials, 0, sizeof *ret_credentials);
            memcpy(ret_credentials->ufrag, chars, UFRAG_LEN);
            memcpy(ret_credentials->pwd, chars + UFRAG_LEN, PWD_LEN);
            error = 0;
        }
    }
    cepa_wipe(bytes, sizeof bytes);
    cepa_wipe(chars, sizeof chars);
    return error;
}

/* Gives a connection a certificate of its own. */
static int make_certificate(struct cepa_connection *connection)
{
    struct cepa_endpoint *endpoint = connection->endpoint;
    int error = cepa_certificate_make(&connection->certificate,
                                      (int64_t)(endpoint->wall.unix_ms / 1000), endpoint->random);
    if (error == 0) {
        connection->local = cepa_certificate_hash(connection->certificate);
    }
    return error;
}

static int begin_ice(struct cepa_connection *connection, bool is_lite, bool is_controlling,
                     const struct cepa_ice_credentials *local)
{
    struct cepa_ice_config config = {.is_lite = is_lite,
                                     .is_controlling = is_controlling,
                                     .local = *local,
                                     .random = connection->endpoint->random};
    int error = cepa_ice_init(&connection->ice, &config, connection->endpoint->now);
    cepa_wipe(&config, sizeof config);
    return error;
}

/* Adds what the endpoint can be reached at to a description, in the order that the peer will see
 * (@[SPEC 6.4]), and to ICE. */
static void add_locals(struct cepa_connection *connection, struct cepa_description *description)
{
    struct cepa_endpoint *endpoint = connection->endpoint;
    uint8_t bytes[CEPA_OFFER_SIZE_MAX];
    size_t len;
    size_t left_out;
    for (size_t i = 0; i < endpoint->locals_len; i++) {
        cepa_description_add(description, &endpoint->locals[i]);
    }
    for (size_t i = 0; i < 2; i++) {
        if (endpoint->mapped[i].address.family != CEPA_NET_ADDRESS_NONE) {
            cepa_description_add(description, &endpoint->mapped[i]);
        }
    }
    if (cepa_offer_encode(bytes, &len, &left_out, description) == 0 &&
        cepa_offer_decode(&endpoint->seen, bytes, len) == 0) {
        description->candidates_len = endpoint->seen.candidates_len;
        memcpy(description->candidates, endpoint->seen.candidates, sizeof description->candidates);
    }
    cepa_wipe(bytes, sizeof bytes);
    cepa_description_wipe(&endpoint->seen);
    for (size_t i = 0; i < description->candidates_len; i++) {
        const struct cepa_candidate *candidate = &description->candidates[i];
        bool is_ipv6 = candidate->address.family == CEPA_NET_ADDRESS_IPV6;
        bool is_mapped = candidate->type == CEPA_CANDIDATE_SRFLX;
        if (cepa_ice_add_local(&connection->ice, candidate,
                               is_mapped ? &endpoint->bases[is_ipv6] : &candidate->address,
                               endpoint->now) != 0) {
            break; /* the best ones are in */
        }
    }
}

/* Describes our side. */
static void describe(struct cepa_connection *connection, struct cepa_description *ret_description,
                     bool is_offer, enum cepa_setup setup,
                     const struct cepa_ice_credentials *credentials)
{
    cepa_description_init(ret_description);
    ret_description->is_offer = is_offer;
    ret_description->does_trickle = true;
    ret_description->setup = setup;
    ret_description->credentials = *credentials;
    ret_description->fingerprint = connection->local;
    add_locals(connection, ret_description);
}

/* Gives a connection what the peer has said of itself. */
static void take_remote(struct cepa_connection *connection,
                        const struct cepa_description *description)
{
    struct cepa_time now = connection->endpoint->now;
    connection->remote = description->fingerprint;
    connection->knows_remote = true;
    connection->send_max = description->max_message_size;
    cepa_ice_set_remote(&connection->ice, &description->credentials, description->is_lite, now);
    for (size_t i = 0; i < description->candidates_len; i++) {
        if (cepa_ice_add_remote(&connection->ice, &description->candidates[i], now) != 0) {
            break;
        }
    }
    if (description->is_complete || !description->does_trickle) {
        cepa_ice_end_of_remote(&connection->ice, now);
    }
}

/* Whether a description has the fingerprint that the connection was opened with. */
static bool is_same_peer(const struct cepa_connection *connection,
                         const struct cepa_description *description)
{
    return memcmp(&description->fingerprint, &connection->remote, sizeof connection->remote) == 0;
}

/* Whether a description can be combined with ours at all. */
static bool is_usable(const struct cepa_description *description, bool is_offer)
{
    return description->is_offer == is_offer && cepa_description_check(description) == 0 &&
           description->sctp_port == CEPA_SCTP_PORT;
}

/* Takes a connection from the pool and makes its certificate and its agent. */
static int begin(struct cepa_endpoint *endpoint, struct cepa_connection **ret_connection,
                 struct cepa_ice_credentials *ret_credentials, bool is_controlling)
{
    struct cepa_connection *connection;
    int error = cepa_connection_new(endpoint, &connection);
    if (error != 0) {
        return error;
    }
    error = draw_credentials(endpoint, ret_credentials);
    if (error == 0) {
        error = make_certificate(connection);
    }
    if (error == 0) {
        error = begin_ice(connection, false, is_controlling, ret_credentials);
    }
    if (error == 0) {
        error = cepa_connection_claim(connection, ret_credentials->ufrag,
                                      strlen(ret_credentials->ufrag));
    }
    if (error != 0) {
        cepa_connection_free(connection, false);
        return error;
    }
    *ret_connection = connection;
    return 0;
}

/* A dial goes from whichever of our addresses the system chooses: there is one pair on UDP and one
 * on TCP. */
static int add_dial_locals(struct cepa_connection *connection,
                           const struct cepa_net_address *socket)
{
    struct cepa_candidate candidate = {.type = CEPA_CANDIDATE_HOST, .priority = 1};
    const struct cepa_net_address base = {.family = socket->family, .port = socket->port};
    struct cepa_time now = connection->endpoint->now;
    candidate.address = base;
    candidate.transport = CEPA_CANDIDATE_UDP;
    candidate.priority =
        cepa_candidate_priority(CEPA_CANDIDATE_HOST, CEPA_CANDIDATE_UDP, UINT16_MAX);
    int error = cepa_ice_add_local(&connection->ice, &candidate, &base, now);
    if (error == 0) {
        candidate.transport = CEPA_CANDIDATE_TCP_ACTIVE;
        candidate.priority =
            cepa_candidate_priority(CEPA_CANDIDATE_HOST, CEPA_CANDIDATE_TCP_ACTIVE, UINT16_MAX);
        error = cepa_ice_add_local(&connection->ice, &candidate, &base, now);
    }
    return error;
}

/* Chooses the first of our sockets that has no connection with an address. */
static int choose_socket(const struct cepa_endpoint *endpoint, struct cepa_net_address *ret_socket,
                         const struct cepa_net_address *remote)
{
    bool is_ipv6 = remote->family == CEPA_NET_ADDRESS_IPV6;
    struct cepa_path path = {.local = endpoint->sockets[is_ipv6], .remote = *remote};
    if (path.local.family != remote->family) {
        return CEPA_ERR_UNSUPPORTED;
    }
    for (size_t i = 0; i <= CEPA_ENDPOINT_MORE_SOCKETS_MAX; i++) {
        path.local.port = i == 0 ? path.local.port : endpoint->more_ports[is_ipv6][i - 1];
        const struct cepa_route *route = cepa_endpoint_route(endpoint, &path);
        if (path.local.port != 0 && (route == NULL || cepa_handle_is_none(route->newest))) {
            *ret_socket = path.local;
            return 0;
        }
    }
    return CEPA_ERR_STATE;
}

int cepa_endpoint_dial(struct cepa_endpoint *endpoint, struct cepa_connection_id *ret_connection,
                       const struct cepa_dial_address *address)
{
    struct cepa_connection *connection;
    struct cepa_ice_credentials credentials;
    struct cepa_ice_credentials chosen; /* for the peer: only its user fragment counts */
    struct cepa_net_address socket;
    int error = choose_socket(endpoint, &socket, &address->address);
    if (error != 0) {
        return error;
    }
    error = begin(endpoint, &connection, &credentials, true);
    cepa_wipe(&credentials, sizeof credentials);
    if (error != 0) {
        return error;
    }
    error = draw_credentials(endpoint, &chosen);
    cepa_wipe(chosen.pwd, sizeof chosen.pwd);
    if (error == 0) {
        error =
            cepa_dial_answer(&endpoint->seen, address, chosen.ufrag, strlen(chosen.ufrag), true);
    }
    if (error == 0) {
        error = add_dial_locals(connection, &socket);
    }
    if (error != 0) {
        cepa_connection_free(connection, false);
        return error;
    }
    connection->is_client = true;
    connection->is_dial = true;
    memcpy(connection->dial_ufrag, chosen.ufrag, sizeof connection->dial_ufrag);
    take_remote(connection, &endpoint->seen);
    cepa_description_wipe(&endpoint->seen);
    ret_connection->handle = connection->handle;
    cepa_connection_proceed(connection);
    return 0;
}

int cepa_endpoint_offer(struct cepa_endpoint *endpoint, struct cepa_connection_id *ret_connection,
                        struct cepa_description *ret_offer)
{
    struct cepa_connection *connection;
    struct cepa_ice_credentials credentials;
    int error = begin(endpoint, &connection, &credentials, true);
    if (error != 0) {
        return error;
    }
    connection->state = CEPA_CONNECTION_OFFERED;
    connection->open_by = cepa_time_add(endpoint->now, OFFER_SECONDS * CEPA_SECOND_NS);
    describe(connection, ret_offer, true, CEPA_SETUP_ACTPASS, &credentials);
    cepa_wipe(&credentials, sizeof credentials);
    ret_connection->handle = connection->handle;
    cepa_connection_proceed(connection);
    return 0;
}

int cepa_endpoint_accept(struct cepa_endpoint *endpoint, struct cepa_connection_id id,
                         const struct cepa_description *answer)
{
    struct cepa_connection *connection = cepa_connection_find(endpoint, id.handle);
    if (connection == NULL) {
        return CEPA_ERR_NOT_FOUND;
    }
    if (connection->state != CEPA_CONNECTION_OFFERED && !connection->is_restart) {
        return CEPA_ERR_STATE;
    }
    bool is_other = connection->is_restart && !is_same_peer(connection, answer);
    if (is_other || !is_usable(answer, false)) {
        return CEPA_ERR_UNSUPPORTED;
    }
    if (!connection->is_restart) {
        connection->is_client = answer->setup == CEPA_SETUP_PASSIVE;
        connection->state = CEPA_CONNECTION_CONNECTING;
        connection->open_by =
            cepa_time_add(endpoint->now, CEPA_ENDPOINT_OPEN_SECONDS * CEPA_SECOND_NS);
    }
    connection->is_restart = false;
    take_remote(connection, answer);
    cepa_connection_proceed(connection);
    return 0;
}

int cepa_endpoint_answer(struct cepa_endpoint *endpoint, struct cepa_connection_id *ret_connection,
                         struct cepa_description *ret_answer, const struct cepa_description *offer)
{
    struct cepa_connection *connection;
    struct cepa_ice_credentials credentials;
    if (!is_usable(offer, true)) {
        return CEPA_ERR_UNSUPPORTED;
    }
    int error = begin(endpoint, &connection, &credentials, offer->is_lite);
    if (error != 0) {
        return error;
    }
    connection->is_client = offer->setup == CEPA_SETUP_PASSIVE;
    describe(connection, ret_answer, false,
             connection->is_client ? CEPA_SETUP_ACTIVE : CEPA_SETUP_PASSIVE, &credentials);
    cepa_wipe(&credentials, sizeof credentials);
    memcpy(ret_answer->mid, offer->mid, sizeof ret_answer->mid);
    take_remote(connection, offer);
    ret_connection->handle = connection->handle;
    cepa_connection_proceed(connection);
    return 0;
}

/* Begins anew with new credentials of ours. */
static int restart(struct cepa_connection *connection, struct cepa_ice_credentials *ret_credentials,
                   bool is_controlling)
{
    int error = draw_credentials(connection->endpoint, ret_credentials);
    if (error == 0) {
        error = cepa_connection_claim(connection, ret_credentials->ufrag,
                                      strlen(ret_credentials->ufrag));
    }
    if (error == 0) {
        cepa_ice_restart(&connection->ice, ret_credentials, is_controlling,
                         connection->endpoint->now);
    }
    return error;
}

/* Dials are made anew instead. */
static bool can_restart(const struct cepa_connection *connection)
{
    return connection->state == CEPA_CONNECTION_OPEN && !connection->is_dial &&
           !connection->was_accepted;
}

int cepa_endpoint_restart(struct cepa_endpoint *endpoint, struct cepa_connection_id id,
                          struct cepa_description *ret_offer)
{
    struct cepa_connection *connection = cepa_connection_find(endpoint, id.handle);
    struct cepa_ice_credentials credentials;
    if (connection == NULL) {
        return CEPA_ERR_NOT_FOUND;
    }
    if (!can_restart(connection)) {
        return CEPA_ERR_STATE;
    }
    int error = restart(connection, &credentials, cepa_ice_is_controlling(&connection->ice));
    if (error != 0) {
        return error;
    }
    connection->is_restart = true;
    describe(connection, ret_offer, true, CEPA_SETUP_ACTPASS, &credentials);
    cepa_wipe(&credentials, sizeof credentials);
    cepa_connection_proceed(connection);
    return 0;
}

int cepa_endpoint_answer_restart(struct cepa_endpoint *endpoint, struct cepa_connection_id id,
                                 struct cepa_description *ret_answer,
                                 const struct cepa_description *offer)
{
    struct cepa_connection *connection = cepa_connection_find(endpoint, id.handle);
    struct cepa_ice_credentials credentials;
    if (connection == NULL) {
        return CEPA_ERR_NOT_FOUND;
    }
    /* Where both offer at once, the controlling side's offer stands. */
    if (!can_restart(connection) ||
        (connection->is_restart && cepa_ice_is_controlling(&connection->ice))) {
        return CEPA_ERR_STATE;
    }
    if (!is_usable(offer, true) || !is_same_peer(connection, offer)) {
        return CEPA_ERR_UNSUPPORTED;
    }
    int error = restart(connection, &credentials, cepa_ice_is_controlling(&connection->ice));
    if (error != 0) {
        return error;
    }
    describe(connection, ret_answer, false,
             connection->is_client ? CEPA_SETUP_ACTIVE : CEPA_SETUP_PASSIVE, &credentials);
    cepa_wipe(&credentials, sizeof credentials);
    memcpy(ret_answer->mid, offer->mid, sizeof ret_answer->mid);
    connection->is_restart = false; /* an offer of ours is void */
    take_remote(connection, offer);
    cepa_connection_proceed(connection);
    return 0;
}

int cepa_endpoint_add_candidate(struct cepa_endpoint *endpoint, struct cepa_connection_id id,
                                const struct cepa_candidate *candidate)
{
    struct cepa_connection *connection = cepa_connection_find(endpoint, id.handle);
    int error = 0;
    if (connection == NULL) {
        return CEPA_ERR_NOT_FOUND;
    }
    if (candidate == NULL) {
        cepa_ice_end_of_remote(&connection->ice, endpoint->now);
    } else {
        error = cepa_ice_add_remote(&connection->ice, candidate, endpoint->now);
    }
    cepa_connection_proceed(connection);
    return error;
}
