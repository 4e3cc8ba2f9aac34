/* Dials an echo server over WebRTC, knowing nothing but its address, and has lines of text echoed.
 *
 *     build/dev/echo                                        in one terminal
 *     echo 'Hello' | build/dev/dial 'the line that it said' in another
 *
 *     dial [--listen IP:PORT] [ADDRESS]
 *
 * ADDRESS is the line of JSON that the server prints first. A line on standard input that is an
 * address dials that one instead; {"make_offer": true} makes an offer, for which {"answer": SDP} is
 * awaited; every other line is a message. It says what happens in lines of JSON, each with the time
 * in milliseconds: {"open": true}, {"echo": text}, {"silent": true} when the peer should have
 * answered, {"alive": true} when it did after all, {"closed": reason}, {"failed": reason}. When the
 * machine's own addresses change, it says {"moved": true} and dials again, or makes an offer for a
 * restart. It ends when standard input has ended and everything is echoed, or cannot be. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "address_line.h"
#include "native/host.h"
#include "native/net/clock.h"
#include "native/webrtc/sdp.h"
#include "native/webrtc/webrtc.h"

enum { LINE_MAX_LEN = 65536 };

enum state { NO_CONNECTION, DIALLING, OFFERED, OPEN };

static struct cepa_webrtc *webrtc;
static struct cepa_endpoint *endpoint;
static enum state state;
static struct cepa_connection_id connection;
static struct cepa_channel_id channel;
static struct cepa_dial_address address; /* the one that was dialled last; none after an offer */
static struct cepa_time began;           /* the dial, or the offer */
static size_t unechoed;                  /* messages */
static bool is_restarting;               /* an answer is awaited */
static bool has_moved;                   /* meanwhile, so that one more offer has to be made */
static bool has_failed;

static _Noreturn void die(const char *what, int error)
{
    fprintf(stderr, "dial: %s: %s\n", what, cepa_error_text(error));
    exit(1);
}

static void say(cJSON *object)
{
    cJSON_AddNumberToObject(object, "at", (double)cepa_clock_wall().unix_ms);
    char *text = cJSON_PrintUnformatted(object);
    if (text != NULL) {
        puts(text);
        fflush(stdout);
    }
    cJSON_free(text);
    cJSON_Delete(object);
}

static void say_text(const char *key, const char *text)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, key, text);
    say(object);
}

static void say_true(const char *key)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddTrueToObject(object, key);
    say(object);
}

/* Says that data can flow, how long that took, and over which path. */
static void say_open(void)
{
    struct cepa_connection_stats stats;
    cJSON *object = cJSON_CreateObject();
    uint64_t took = cepa_time_since(cepa_clock_now(), began);
    cJSON_AddTrueToObject(object, "open");
    cJSON_AddNumberToObject(object, "ms", (double)(took / CEPA_MILLISECOND_NS));
    if (cepa_endpoint_stats(endpoint, &stats, connection) == 0) {
        cJSON_AddStringToObject(object, "over", stats.path.stream != 0 ? "tcp" : "udp");
    }
    say(object);
}

/* Ends the connection, if there is one; nothing is said of it any more. */
static void hang_up(void)
{
    if (state != NO_CONNECTION && cepa_endpoint_close(endpoint, connection) != 0) {
        die("closing", CEPA_ERR_NOT_FOUND);
    }
    state = NO_CONNECTION;
    is_restarting = false;
    unechoed = 0;
}

static void dial(void)
{
    hang_up();
    began = cepa_clock_now();
    int error = cepa_endpoint_dial(endpoint, &connection, &address);
    has_failed = error != 0;
    if (error != 0) {
        say_text("failed", cepa_error_text(error));
        return;
    }
    state = DIALLING;
}

static void say_offer(struct cepa_description *offer)
{
    static char text[CEPA_SDP_TEXT_SIZE];
    size_t len;
    offer->is_complete = true;
    if (cepa_sdp_encode(text, &len, offer) == 0) {
        say_text("offer", text);
    }
}

static void make_offer(void)
{
    static struct cepa_description offer;
    hang_up();
    began = cepa_clock_now();
    int error = cepa_endpoint_offer(endpoint, &connection, &offer);
    has_failed = error != 0;
    if (error != 0) {
        say_text("failed", cepa_error_text(error));
        return;
    }
    memset(&address, 0, sizeof address);
    state = OFFERED;
    say_offer(&offer);
}

/* Makes an offer by which the peer learns where we are now. */
static void restart(void)
{
    static struct cepa_description offer;
    int error = cepa_endpoint_restart(endpoint, connection, &offer);
    has_moved = false;
    if (error != 0) {
        say_text("error", cepa_error_text(error));
        return;
    }
    is_restarting = true;
    say_offer(&offer);
}

static void take_answer(const char *sdp)
{
    static struct cepa_description answer;
    int error = cepa_sdp_decode(&answer, false, sdp, strlen(sdp));
    if (error == 0) {
        error = cepa_endpoint_accept(endpoint, connection, &answer);
    }
    if (error != 0) {
        say_text("error", cepa_error_text(error));
        return;
    }
    is_restarting = false;
    if (has_moved) {
        restart();
    }
}

/* Our addresses have changed. A dialled node knows us by no other, so it is dialled anew. */
static void on_moved(void)
{
    say_true("moved");
    if (address.address.family != CEPA_NET_ADDRESS_NONE) {
        dial();
    } else if (state == OPEN && !is_restarting) {
        restart();
    } else {
        has_moved = state == OPEN;
    }
}

static void on_open(void)
{
    static const struct cepa_dcep_open open = {
        .label = "echo", .label_len = 4, .protocol = "", .priority = 256};
    int error = cepa_channels_open(cepa_endpoint_channels(endpoint, connection), &channel, &open);
    if (error != 0) {
        die("opening a channel", error);
    }
    state = OPEN;
    say_open();
}

static void on_message(const struct cepa_channel_event *event)
{
    char *text = malloc(event->data_len + 1);
    if (text == NULL) {
        die("a message", CEPA_ERR_EXHAUSTED);
    }
    if (event->data_len > 0) {
        memcpy(text, event->data, event->data_len);
    }
    text[event->data_len] = '\0';
    say_text("echo", text);
    free(text);
    unechoed -= unechoed > 0;
}

static void on_event(const struct cepa_endpoint_event *event)
{
    if (!cepa_handle_is_equal(event->connection.handle, connection.handle)) {
        return;
    }
    if (event->kind == CEPA_ENDPOINT_OPEN) {
        on_open();
    } else if (event->kind == CEPA_ENDPOINT_CLOSED) {
        say_text(state == OPEN ? "closed" : "failed", cepa_close_reason_text(event->reason));
        has_failed = state != OPEN || unechoed > 0;
        state = NO_CONNECTION;
        is_restarting = false;
        unechoed = 0;
    } else if (event->kind == CEPA_ENDPOINT_SILENT) {
        say_true("silent");
    } else if (event->kind == CEPA_ENDPOINT_ALIVE) {
        say_true("alive");
    } else if (event->kind == CEPA_ENDPOINT_PATH) {
        char text[CEPA_NET_ADDRESS_TEXT_SIZE];
        cepa_net_address_ip_encode(text, &event->path.local);
        say_text("path", text);
    } else if (event->kind == CEPA_ENDPOINT_CHANNEL &&
               event->channel.kind == CEPA_CHANNEL_MESSAGE) {
        on_message(&event->channel);
    }
}

/* Takes a line that asks for something. Returns false if it does not. */
static bool take_request(const char *line)
{
    cJSON *object = line[0] == '{' ? cJSON_Parse(line) : NULL;
    const char *answer = cJSON_GetStringValue(cJSON_GetObjectItem(object, "answer"));
    bool is_request = true;
    if (address_line_read(&address, object) == 0) {
        dial();
    } else if (cJSON_IsTrue(cJSON_GetObjectItem(object, "make_offer"))) {
        make_offer();
    } else if (answer != NULL) {
        take_answer(answer);
    } else {
        is_request = false;
    }
    cJSON_Delete(object);
    return is_request;
}

/* Takes a line. Returns false if it has to wait: a message that there is no room for now. */
static bool take_line(const char *line)
{
    if (take_request(line)) {
        return true;
    }
    if (state == DIALLING) {
        return false;
    }
    struct cepa_channels *channels =
        state == OPEN ? cepa_endpoint_channels(endpoint, connection) : NULL;
    int error = channels == NULL ? CEPA_ERR_NOT_FOUND
                                 : cepa_channels_send(channels, channel, true, line, strlen(line));
    if (error == CEPA_ERR_FULL) {
        return false;
    }
    if (error != 0) {
        has_failed = true;
        say_text("error", cepa_error_text(error));
    }
    unechoed += error == 0;
    return true;
}

/* What has been read of standard input and not been taken. */
struct input {
    char bytes[LINE_MAX_LEN];
    size_t len;
    bool is_ended;
};

static void read_input(struct input *input)
{
    ssize_t got = read(STDIN_FILENO, input->bytes + input->len, sizeof input->bytes - input->len);
    if (got > 0) {
        input->len += (size_t)got;
    } else if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
        input->is_ended = true;
        if (input->len > 0 && input->bytes[input->len - 1] != '\n') {
            input->bytes[input->len++] = '\n'; /* there is room, or nothing would be read */
        }
    }
}

static void take_input(struct input *input)
{
    char *start = input->bytes;
    char *end;
    while ((end = memchr(start, '\n', input->len - (size_t)(start - input->bytes))) != NULL) {
        *end = '\0';
        if (!take_line(start)) {
            *end = '\n';
            break;
        }
        start = end + 1;
    }
    input->len -= (size_t)(start - input->bytes);
    memmove(input->bytes, start, input->len);
    if (input->len == sizeof input->bytes && memchr(input->bytes, '\n', input->len) == NULL) {
        die("a line", CEPA_ERR_TOO_LONG);
    }
}

static void run(void)
{
    static struct input input;
    struct pollfd fds[2] = {{.events = POLLIN},
                            {.fd = cepa_webrtc_descriptor(webrtc), .events = POLLIN}};
    struct cepa_endpoint_event event;
    while (!input.is_ended || input.len > 0 || unechoed > 0 || state == DIALLING) {
        bool is_reading = !input.is_ended && input.len < sizeof input.bytes;
        fds[0].fd = is_reading ? STDIN_FILENO : -1;
        fds[0].revents = 0;
        int error = cepa_webrtc_prepare(webrtc);
        if (error != 0 || (poll(fds, 2, -1) < 0 && errno != EINTR)) {
            die("waiting", error);
        }
        if (fds[0].revents != 0) {
            read_input(&input);
        }
        error = cepa_webrtc_wait(webrtc, cepa_clock_now());
        if (error != 0) {
            die("waiting", error);
        }
        while (cepa_endpoint_next(endpoint, &event) != CEPA_ENDPOINT_NOTHING) {
            on_event(&event);
        }
        if (cepa_webrtc_has_moved(webrtc)) {
            on_moved();
        }
        take_input(&input);
    }
}

/* Opens sockets, of both families if nothing else is asked for. */
static void open_endpoint(const struct cepa_net_address *listen)
{
    struct cepa_webrtc_config config = {.random = cepa_native_random(),
                                        .ipv4 = {.family = CEPA_NET_ADDRESS_IPV4},
                                        .ipv6 = {.family = CEPA_NET_ADDRESS_IPV6}};
    if (listen->family != CEPA_NET_ADDRESS_NONE) {
        config.ipv4.family = CEPA_NET_ADDRESS_NONE;
        config.ipv6.family = CEPA_NET_ADDRESS_NONE;
        *(listen->family == CEPA_NET_ADDRESS_IPV6 ? &config.ipv6 : &config.ipv4) = *listen;
    }
    int error = cepa_native_init();
    if (error == 0) {
        error = cepa_webrtc_open(&webrtc, &config);
    }
    if (error != 0 && config.ipv4.family != CEPA_NET_ADDRESS_NONE) {
        config.ipv6.family = CEPA_NET_ADDRESS_NONE; /* not every machine has it */
        error = cepa_webrtc_open(&webrtc, &config);
    }
    if (error != 0) {
        die("opening sockets", error);
    }
    endpoint = cepa_webrtc_endpoint(webrtc);
}

int main(int argc, char **argv)
{
    struct cepa_net_address listen = {.family = CEPA_NET_ADDRESS_NONE};
    int at = 1;
    if (argc >= 3 && strcmp(argv[1], "--listen") == 0 &&
        cepa_net_address_decode(&listen, argv[2], strlen(argv[2])) == 0) {
        at = 3;
    }
    cJSON *object = at < argc ? cJSON_Parse(argv[at]) : NULL;
    if (argc > at + 1 || (at < argc && address_line_read(&address, object) != 0)) {
        fputs("usage: dial [--listen IP:PORT] [ADDRESS]\n", stderr);
        return 2;
    }
    cJSON_Delete(object);
    open_endpoint(&listen);
    if (at < argc) {
        dial();
    }
    run();
    cepa_webrtc_close(webrtc);
    return has_failed ? 1 : 0;
}
