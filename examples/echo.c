/* An echo server over WebRTC data channels: answers whoever dials it or exchanges offers with it,
 * and gives each message back as it came.
 *
 *     echo [--listen IP:PORT]
 *
 * It speaks lines of JSON. The first line that it prints is its address, all that one has to know
 * to dial it:
 *
 *     {"ip": "127.0.0.1", "port": 40000, "certificate": "hex", "node": "hex", "secret": "hex"}
 *
 * On standard input it takes {"id": 1, "offer": SDP}, {"id": 1, "make_offer": true},
 * {"id": 1, "answer": SDP} and {"id": 1, "candidate": "candidate:..."}, and says what comes of
 * them; an offer with a number that is in use restarts that connection. It ends with its standard
 * input. If the variable LAB_PUBLIC holds the first line of another
 * one, it dials that and learns from it how it is seen from outside, before it prints its own. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <sodium.h>

#include "address_line.h"
#include "native/host.h"
#include "native/net/clock.h"
#include "native/webrtc/sdp.h"
#include "native/webrtc/webrtc.h"

enum {
    LINE_MAX_LEN = 65536,
    CONNECTIONS_MAX = 256,
    NEGOTIATED_STREAM = 10,
    LOW_MARK = 1 << 18,
    WAITING_MAX = 64 << 20, /* bytes of echoes that find no room; beyond that something is wrong */
    NO_ID = -1,             /* it was asked for without a number, */
    DIALLED = -2            /* or not asked for at all */
};

/* An echo that waits for room. */
struct waiting {
    struct waiting *next;
    struct cepa_channel_id channel;
    bool is_string;
    size_t len;
    uint8_t bytes[];
};

/* A connection, by the number that the other side of standard input knows it by. */
struct peer {
    bool is_used;
    bool is_ours; /* we made the offer, so we open the channel */
    bool is_open;
    int id; /* or NO_ID, or DIALLED */
    struct cepa_connection_id connection;
    struct waiting *first;
    struct waiting *last;
    size_t waiting_len; /* bytes */
};

static struct cepa_webrtc *webrtc;
static struct cepa_endpoint *endpoint;
static struct peer peers[CONNECTIONS_MAX];
static struct cepa_connection_id public_node; /* whom we asked how we are seen */
static bool is_waiting_for_public;

static _Noreturn void die(const char *what, int error)
{
    fprintf(stderr, "echo: %s: %s\n", what, cepa_error_text(error));
    exit(1);
}

/* Prints an object with the connection's number and frees it. */
static void say(cJSON *object, int id)
{
    if (id >= 0) {
        cJSON_AddNumberToObject(object, "id", id);
    }
    char *text = cJSON_PrintUnformatted(object);
    if (text != NULL) {
        puts(text);
        fflush(stdout);
    }
    cJSON_free(text);
    cJSON_Delete(object);
}

static void say_text(int id, const char *key, const char *text)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, key, text);
    say(object, id);
}

static void say_true(int id, const char *key)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddTrueToObject(object, key);
    say(object, id);
}

static void add_hex(cJSON *object, const char *key, const uint8_t *bytes, size_t len)
{
    char text[2 * 32 + 1];
    if (2 * len < sizeof text) {
        cJSON_AddStringToObject(object, key, sodium_bin2hex(text, sizeof text, bytes, len));
    }
}

static struct peer *find_peer(struct cepa_connection_id connection)
{
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (peers[i].is_used &&
            cepa_handle_is_equal(peers[i].connection.handle, connection.handle)) {
            return &peers[i];
        }
    }
    return NULL;
}

static struct peer *find_peer_by_id(int id)
{
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (peers[i].is_used && peers[i].id == id) {
            return &peers[i];
        }
    }
    return NULL;
}

static struct peer *add_peer(struct cepa_connection_id connection, int id)
{
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (!peers[i].is_used) {
            const struct peer peer = {.is_used = true, .id = id, .connection = connection};
            peers[i] = peer;
            return &peers[i];
        }
    }
    return NULL;
}

static void drop_waiting(struct peer *peer)
{
    struct waiting *first = peer->first;
    peer->first = first->next;
    peer->waiting_len -= first->len;
    free(first);
}

static void remove_peer(struct peer *peer)
{
    while (peer->first != NULL) {
        drop_waiting(peer);
    }
    peer->is_used = false;
}

/* Sends what waits, as far as there is room. */
static void send_waiting(struct peer *peer)
{
    struct cepa_channels *channels = cepa_endpoint_channels(endpoint, peer->connection);
    while (channels != NULL && peer->first != NULL) {
        const struct waiting *first = peer->first;
        if (cepa_channels_send(channels, first->channel, first->is_string, first->bytes,
                               first->len) == CEPA_ERR_FULL) {
            return;
        }
        drop_waiting(peer);
    }
}

static void echo(struct peer *peer, const struct cepa_channel_event *event)
{
    struct waiting *waiting = malloc(sizeof *waiting + event->data_len);
    if (waiting == NULL || peer->waiting_len + event->data_len > WAITING_MAX) {
        free(waiting);
        return;
    }
    waiting->next = NULL;
    waiting->channel = event->channel;
    waiting->is_string = event->is_string;
    waiting->len = event->data_len;
    if (event->data_len > 0) {
        memcpy(waiting->bytes, event->data, event->data_len);
    }
    if (peer->first == NULL) {
        peer->first = waiting;
    } else {
        peer->last->next = waiting;
    }
    peer->last = waiting;
    peer->waiting_len += waiting->len;
    send_waiting(peer);
}

static void on_open(struct peer *peer)
{
    static const struct cepa_dcep_open open = {
        .label = "echo", .label_len = 4, .protocol = "", .priority = 256};
    struct cepa_channels *channels = cepa_endpoint_channels(endpoint, peer->connection);
    struct cepa_channel_id channel;
    peer->is_open = true;
    cepa_channels_set_low_mark(channels, LOW_MARK);
    if (cepa_channels_negotiate(channels, &channel, NEGOTIATED_STREAM, &open) != 0 ||
        (peer->is_ours && cepa_channels_open(channels, &channel, &open) != 0)) {
        say_text(peer->id, "error", "no channel could be opened");
    }
    say_true(peer->id, "open");
}

static void say_address(const struct cepa_dial_address *address)
{
    char ip[CEPA_NET_ADDRESS_TEXT_SIZE];
    cJSON *object = cJSON_CreateObject();
    cepa_net_address_ip_encode(ip, &address->address);
    cJSON_AddStringToObject(object, "ip", ip);
    cJSON_AddNumberToObject(object, "port", address->address.port);
    add_hex(object, "certificate", address->certificate.bytes, sizeof address->certificate.bytes);
    add_hex(object, "node", address->node.bytes, sizeof address->node.bytes);
    add_hex(object, "secret", address->secret.bytes, sizeof address->secret.bytes);
    say(object, NO_ID);
}

static void on_event(const struct cepa_endpoint_event *event,
                     const struct cepa_dial_address *address)
{
    struct peer *peer = find_peer(event->connection);
    if (cepa_handle_is_equal(event->connection.handle, public_node.handle) &&
        event->kind == CEPA_ENDPOINT_OPEN) {
        if (cepa_endpoint_ask(endpoint, public_node) != 0) {
            die("asking the public node", CEPA_ERR_RANDOM);
        }
        return;
    }
    if (event->kind == CEPA_ENDPOINT_MAPPED && is_waiting_for_public) {
        is_waiting_for_public = false;
        say_address(address);
    }
    if (event->kind == CEPA_ENDPOINT_OPEN && peer == NULL) {
        peer = add_peer(event->connection, DIALLED);
    }
    if (peer == NULL) {
        return;
    }
    if (event->kind == CEPA_ENDPOINT_OPEN) {
        on_open(peer);
    } else if (event->kind == CEPA_ENDPOINT_CLOSED) {
        say_text(peer->id, peer->is_open ? "closed" : "failed",
                 cepa_close_reason_text(event->reason));
        remove_peer(peer);
    } else if (event->kind == CEPA_ENDPOINT_SILENT || event->kind == CEPA_ENDPOINT_ALIVE) {
        say_true(peer->id, event->kind == CEPA_ENDPOINT_SILENT ? "silent" : "alive");
    } else if (event->kind == CEPA_ENDPOINT_CANDIDATE) {
        char text[CEPA_CANDIDATE_TEXT_SIZE];
        if (cepa_candidate_encode(text, &event->candidate) == 0) {
            say_text(peer->id, "candidate", text);
        }
    } else if (event->kind == CEPA_ENDPOINT_CHANNEL &&
               event->channel.kind == CEPA_CHANNEL_MESSAGE) {
        echo(peer, &event->channel);
    } else if (event->kind == CEPA_ENDPOINT_CHANNEL && event->channel.kind == CEPA_CHANNEL_LOW) {
        send_waiting(peer);
    }
}

/* Says a description of ours as SDP. */
static void say_description(int id, struct cepa_description *description)
{
    static char text[CEPA_SDP_TEXT_SIZE];
    size_t len;
    description->is_complete = true; /* what comes later is trickled all the same */
    if (cepa_sdp_encode(text, &len, description) == 0) {
        say_text(id, description->is_offer ? "offer" : "answer", text);
    }
}

static void on_offer(int id, const char *sdp)
{
    static struct cepa_description offer;
    static struct cepa_description answer;
    struct cepa_connection_id connection;
    const struct peer *peer = id == NO_ID ? NULL : find_peer_by_id(id);
    int error = cepa_sdp_decode(&offer, true, sdp, strlen(sdp));
    if (error == 0 && peer != NULL) {
        error = cepa_endpoint_answer_restart(endpoint, peer->connection, &answer, &offer);
    } else if (error == 0) {
        error = cepa_endpoint_answer(endpoint, &connection, &answer, &offer);
    }
    if (error != 0) {
        say_text(id, "error", cepa_error_text(error));
        return;
    }
    if (peer == NULL) {
        (void)add_peer(connection, id);
    }
    say_description(id, &answer);
}

static void on_make_offer(int id)
{
    static struct cepa_description offer;
    struct cepa_connection_id connection;
    int error = cepa_endpoint_offer(endpoint, &connection, &offer);
    if (error != 0) {
        say_text(id, "error", cepa_error_text(error));
        return;
    }
    struct peer *peer = add_peer(connection, id);
    if (peer != NULL) {
        peer->is_ours = true;
    }
    say_description(id, &offer);
}

static int take_answer(const struct peer *peer, const char *sdp)
{
    static struct cepa_description answer;
    int error = cepa_sdp_decode(&answer, false, sdp, strlen(sdp));
    return error != 0 ? error : cepa_endpoint_accept(endpoint, peer->connection, &answer);
}

static int take_candidate(const struct peer *peer, const char *text)
{
    struct cepa_candidate candidate;
    if (text[0] == '\0') {
        return cepa_endpoint_add_candidate(endpoint, peer->connection, NULL);
    }
    int result = cepa_candidate_decode(&candidate, text, strlen(text));
    return result == 1 ? cepa_endpoint_add_candidate(endpoint, peer->connection, &candidate)
                       : result;
}

static void on_line(const char *line)
{
    cJSON *object = cJSON_Parse(line);
    const cJSON *number = cJSON_GetObjectItem(object, "id");
    int id = cJSON_IsNumber(number) && number->valueint >= 0 ? number->valueint : NO_ID;
    const char *offer = cJSON_GetStringValue(cJSON_GetObjectItem(object, "offer"));
    const char *answer = cJSON_GetStringValue(cJSON_GetObjectItem(object, "answer"));
    const char *candidate = cJSON_GetStringValue(cJSON_GetObjectItem(object, "candidate"));
    struct peer *peer = find_peer_by_id(id);
    int error = 0;
    if (cJSON_IsTrue(cJSON_GetObjectItem(object, "end_of_candidates"))) {
        candidate = "";
    }
    if (!cJSON_IsObject(object)) {
        error = CEPA_ERR_MALFORMED;
    } else if (offer != NULL) {
        on_offer(id, offer);
    } else if (cJSON_IsTrue(cJSON_GetObjectItem(object, "make_offer"))) {
        on_make_offer(id);
    } else if (answer != NULL) {
        error = peer == NULL ? CEPA_ERR_NOT_FOUND : take_answer(peer, answer);
    } else if (candidate != NULL && peer != NULL) {
        error = take_candidate(peer, candidate);
    }
    if (error != 0) {
        say_text(id, "error", cepa_error_text(error));
    }
    cJSON_Delete(object);
}

/* Takes what standard input has. Returns false at its end. */
static bool read_lines(void)
{
    static char buffer[LINE_MAX_LEN];
    static size_t len;
    ssize_t got = read(STDIN_FILENO, buffer + len, sizeof buffer - len);
    if (got <= 0) {
        return got < 0 && (errno == EINTR || errno == EAGAIN);
    }
    len += (size_t)got;
    char *start = buffer;
    char *end;
    while ((end = memchr(start, '\n', len - (size_t)(start - buffer))) != NULL) {
        *end = '\0';
        on_line(start);
        start = end + 1;
    }
    len -= (size_t)(start - buffer);
    memmove(buffer, start, len);
    return len < sizeof buffer; /* a line without an end is the end */
}

static void run(const struct cepa_dial_address *address)
{
    struct pollfd fds[2] = {{.fd = STDIN_FILENO, .events = POLLIN},
                            {.fd = cepa_webrtc_descriptor(webrtc), .events = POLLIN}};
    struct cepa_endpoint_event event;
    for (;;) {
        int error = cepa_webrtc_prepare(webrtc);
        if (error != 0 || (poll(fds, 2, -1) < 0 && errno != EINTR)) {
            die("waiting", error);
        }
        if (fds[0].revents != 0 && !read_lines()) {
            return;
        }
        error = cepa_webrtc_wait(webrtc, cepa_clock_now());
        if (error != 0) {
            die("waiting", error);
        }
        while (cepa_endpoint_next(endpoint, &event) != CEPA_ENDPOINT_NOTHING) {
            on_event(&event, address);
        }
    }
}

/* Dials the node whose first line `text` is. */
static void dial_public(const char *text)
{
    struct cepa_dial_address address = {0};
    cJSON *object = cJSON_Parse(text);
    if (address_line_read(&address, object) != 0) {
        die("LAB_PUBLIC", CEPA_ERR_MALFORMED);
    }
    int error = cepa_endpoint_dial(endpoint, &public_node, &address);
    if (error != 0) {
        die("dialling the public node", error);
    }
    is_waiting_for_public = true;
    cJSON_Delete(object);
}

static void open_endpoint(struct cepa_net_address listen, struct cepa_dial_address *ret_address)
{
    struct cepa_certificate *certificate = NULL;
    struct cepa_webrtc_config config = {.random = cepa_native_random(),
                                        .is_local = cepa_net_address_is_loopback(&listen)};
    *(listen.family == CEPA_NET_ADDRESS_IPV6 ? &config.ipv6 : &config.ipv4) = listen;
    int error = cepa_native_init();
    if (error == 0) {
        error = cepa_random_fill(config.random, config.secret.bytes, sizeof config.secret.bytes);
    }
    if (error == 0) {
        error = cepa_certificate_make(&certificate, (int64_t)(cepa_clock_wall().unix_ms / 1000),
                                      config.random);
    }
    if (error != 0) {
        die("randomness", error);
    }
    config.certificate = certificate;
    error = cepa_webrtc_open(&webrtc, &config);
    if (error != 0) {
        die("listening", error);
    }
    endpoint = cepa_webrtc_endpoint(webrtc);
    memset(ret_address, 0, sizeof *ret_address);
    ret_address->address = cepa_webrtc_address(webrtc, listen.family);
    ret_address->certificate = cepa_certificate_hash(certificate);
    ret_address->secret = config.secret;
    cepa_certificate_free(certificate);
}

int main(int argc, char **argv)
{
    struct cepa_net_address listen = {CEPA_NET_ADDRESS_IPV4, {127, 0, 0, 1}, 0};
    struct cepa_dial_address address;
    const char *public_line = getenv("LAB_PUBLIC");
    bool is_right = argc == 1 || (argc == 3 && strcmp(argv[1], "--listen") == 0 &&
                                  cepa_net_address_decode(&listen, argv[2], strlen(argv[2])) == 0);
    if (!is_right) {
        fputs("usage: echo [--listen IP:PORT]\n", stderr);
        return 2;
    }
    open_endpoint(listen, &address);
    if (public_line != NULL && public_line[0] != '\0') {
        dial_public(public_line);
    } else {
        say_address(&address);
    }
    run(&address);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (peers[i].is_used) {
            remove_peer(&peers[i]);
        }
    }
    cepa_webrtc_close(webrtc);
    return 0;
}
