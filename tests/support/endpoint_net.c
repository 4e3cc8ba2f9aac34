/* Datagrams under way stand in one table; there are never many. */
#include "support/endpoint_net.h"

#include <string.h>

#include "native/host.h"
#include "support/test.h"
#include "support/wall_clock.h"

enum { FLYING_MAX = 8192, CONNECTIONS_MAX = 512 };

static const struct test_net_settings usual = {.connections_max = CONNECTIONS_MAX};

struct flying {
    uint64_t due_ms; /* 0: free */
    struct cepa_net_address from;
    struct cepa_net_address to;
    size_t len;
    uint8_t bytes[CEPA_DATAGRAM_MAX];
};

struct test_net_end test_net_ends[TEST_NET_ENDS];
struct test_net_settings test_net_settings = {.connections_max = CONNECTIONS_MAX};
static struct flying flying[FLYING_MAX];
static size_t flying_first; /* in the order of their due times, since the delay is one */
static size_t flying_len;
static uint64_t now_ms;
static unsigned delay;
static unsigned loss_of_1000;
static struct test_random dice;
static struct cepa_endpoint_event awaited;
static int awaited_kind;    /* of the endpoint, or -1 */
static int awaited_channel; /* of a channel, or -1 */
static size_t awaited_end;
static bool has_come;

static struct cepa_wall wall(void)
{
    struct cepa_wall wall = {test_wall_clock_time().ns / CEPA_MILLISECOND_NS};
    return wall;
}

static void fly(const struct cepa_net_address *from, const struct cepa_net_address *to,
                const uint8_t *bytes, size_t len)
{
    if (test_random_below(&dice, 1000) < loss_of_1000) {
        return;
    }
    CHECK(flying_len < FLYING_MAX);
    struct flying *one = &flying[(flying_first + flying_len++) % FLYING_MAX];
    one->due_ms = now_ms + delay;
    one->from = *from;
    one->to = *to;
    one->len = len;
    memcpy(one->bytes, bytes, len);
}

static int draw(void *context, uint8_t *ret_bytes, size_t len)
{
    (void)context;
    if (test_net_settings.draws_left > 0 && --test_net_settings.draws_left == 0) {
        return CEPA_ERR_RANDOM;
    }
    return cepa_random_fill(cepa_native_random(), ret_bytes, len);
}

static const struct cepa_random source = {draw, NULL};

static void on_send(void *context, const struct cepa_path *path,
                    const struct cepa_datagram_queue *queue)
{
    struct test_net_end *end = context;
    const uint8_t *bytes = queue->bytes;
    for (size_t i = 0; i < queue->count; i++) {
        end->datagrams_sent++;
        if (!end->is_black_hole && path->stream == 0) {
            fly(&end->address, &path->remote, bytes, queue->lens[i]);
        }
        bytes += queue->lens[i];
    }
}

static uint64_t on_connect(void *context, const struct cepa_net_address *local,
                           const struct cepa_net_address *remote)
{
    (void)context;
    (void)local;
    (void)remote;
    return 0; /* there is no TCP here */
}

static void on_stream(void *context, uint64_t stream)
{
    (void)context;
    (void)stream;
}

static struct cepa_candidate candidate_of(const struct test_net_end *end)
{
    struct cepa_candidate candidate = {
        .type = CEPA_CANDIDATE_HOST,
        .transport = CEPA_CANDIDATE_UDP,
        .priority = cepa_candidate_priority(CEPA_CANDIDATE_HOST, CEPA_CANDIDATE_UDP, UINT16_MAX),
        .address = end->address};
    cepa_candidate_number_foundation(&candidate, 1);
    return candidate;
}

void test_net_start(size_t index)
{
    struct test_net_end *end = &test_net_ends[index];
    const struct cepa_endpoint_config config = {
        .driver = {end, on_send, on_connect, on_stream, on_stream},
        .random = &source,
        .sockets = {end->address},
        .connections_max = test_net_settings.connections_max,
        .certificate = end->certificate,
        .secret = end->secret};
    const struct cepa_candidate candidate = candidate_of(end);
    CHECK_INT(cepa_endpoint_new(&end->endpoint, &config, test_wall_clock_time(), wall()), 0);
    cepa_endpoint_set_locals(end->endpoint, &candidate, 1);
}

void test_net_stop(size_t index)
{
    struct test_net_end *end = &test_net_ends[index];
    end->is_black_hole = true;
    cepa_endpoint_free(end->endpoint);
    end->endpoint = NULL;
    end->is_black_hole = false;
}

void test_net_move(size_t index, uint8_t last_byte)
{
    struct test_net_end *end = &test_net_ends[index];
    end->address.ip[3] = last_byte;
    const struct cepa_candidate candidate = candidate_of(end);
    cepa_endpoint_set_locals(end->endpoint, &candidate, 1);
}

void test_net_end(void)
{
    for (size_t i = 0; i < TEST_NET_ENDS; i++) {
        cepa_endpoint_free(test_net_ends[i].endpoint);
        cepa_certificate_free(test_net_ends[i].certificate);
        memset(&test_net_ends[i], 0, sizeof test_net_ends[i]);
    }
    flying_len = 0;
    test_net_settings = usual;
}

void test_net_begin(size_t ends_len, unsigned delay_ms, unsigned loss, uint64_t seed)
{
    const struct test_net_settings settings = test_net_settings;
    test_net_end();
    test_net_settings = settings;
    now_ms = 1;
    delay = delay_ms;
    loss_of_1000 = loss;
    dice.state = seed;
    for (size_t i = 0; i < ends_len; i++) {
        struct test_net_end *end = &test_net_ends[i];
        const struct cepa_net_address address = {
            CEPA_NET_ADDRESS_IPV4, {192, 0, 2, (uint8_t)(i + 1)}, (uint16_t)(4000 + i)};
        end->address = address;
        memset(end->secret.bytes, (int)i + 1, sizeof end->secret.bytes);
        CHECK_INT(cepa_certificate_make(&end->certificate, (int64_t)(wall().unix_ms / 1000),
                                        cepa_native_random()),
                  0);
        test_net_start(i);
    }
}

struct cepa_dial_address test_net_dial_address(size_t index)
{
    struct cepa_dial_address address = {.address = test_net_ends[index].address,
                                        .secret = test_net_ends[index].secret};
    address.certificate = cepa_certificate_hash(test_net_ends[index].certificate);
    return address;
}

void test_net_inject(size_t index, const struct cepa_net_address *from, const uint8_t *data,
                     size_t data_len)
{
    const struct cepa_path path = {0, test_net_ends[index].address, *from};
    cepa_endpoint_receive(test_net_ends[index].endpoint, &path, data, data_len);
}

static void deliver(void)
{
    while (flying_len > 0 && flying[flying_first].due_ms <= now_ms) {
        struct flying *one = &flying[flying_first];
        flying_first = (flying_first + 1) % FLYING_MAX;
        flying_len--;
        for (size_t i = 0; i < TEST_NET_ENDS; i++) {
            struct test_net_end *end = &test_net_ends[i];
            if (end->endpoint != NULL && !end->is_black_hole && !end->is_cut_off &&
                cepa_net_address_is_equal(&end->address, &one->to)) {
                if (test_net_settings.on_arrival != NULL) {
                    test_net_settings.on_arrival(i, &one->from, one->bytes, one->len);
                }
                test_net_inject(i, &one->from, one->bytes, one->len);
                cepa_endpoint_flush(end->endpoint);
            }
        }
    }
}

static void on_message(struct test_net_end *end, const struct cepa_endpoint_event *event)
{
    end->messages++;
    end->bytes += event->channel.data_len;
    if (end->is_echo) {
        struct cepa_channels *channels = cepa_endpoint_channels(end->endpoint, event->connection);
        CHECK(channels != NULL);
        CHECK_INT(cepa_channels_send(channels, event->channel.channel, event->channel.is_string,
                                     event->channel.data, event->channel.data_len),
                  0);
    }
}

/* Fetches what an end has to tell, till what is waited for is among it. */
static void fetch(size_t index)
{
    struct test_net_end *end = &test_net_ends[index];
    struct cepa_endpoint_event event;
    while (!has_come && !end->is_deaf &&
           cepa_endpoint_next(end->endpoint, &event) != CEPA_ENDPOINT_NOTHING) {
        bool is_channel = event.kind == CEPA_ENDPOINT_CHANNEL;
        if (is_channel && event.channel.kind == CEPA_CHANNEL_MESSAGE) {
            on_message(end, &event);
        } else {
            end->events[end->events_len++ % TEST_NET_EVENTS] = event;
        }
        has_come =
            index == awaited_end && ((int)event.kind == awaited_kind ||
                                     (is_channel && (int)event.channel.kind == awaited_channel));
        awaited = event;
    }
}

static void step(void)
{
    now_ms++;
    test_wall_clock_pass_ms(1);
    for (size_t i = 0; i < TEST_NET_ENDS; i++) {
        if (test_net_ends[i].endpoint != NULL) {
            cepa_endpoint_step(test_net_ends[i].endpoint, test_wall_clock_time(), wall());
        }
    }
    deliver();
    for (size_t i = 0; i < TEST_NET_ENDS; i++) {
        if (test_net_ends[i].endpoint != NULL) {
            fetch(i);
            cepa_endpoint_flush(test_net_ends[i].endpoint);
        }
    }
}

static struct cepa_endpoint_event wait(size_t index, int kind, int channel, unsigned ms)
{
    awaited_end = index;
    awaited_kind = kind;
    awaited_channel = channel;
    has_come = false;
    memset(&awaited, 0, sizeof awaited);
    fetch(index); /* it may be there */
    for (unsigned i = 0; i < ms && !has_come; i++) {
        step();
    }
    if (!has_come) {
        memset(&awaited, 0, sizeof awaited);
    }
    awaited_kind = -1;
    awaited_channel = -1;
    has_come = false;
    return awaited;
}

struct cepa_endpoint_event test_net_wait(size_t index, enum cepa_endpoint_kind kind, unsigned ms)
{
    return wait(index, (int)kind, -1, ms);
}

struct cepa_endpoint_event test_net_wait_channel(size_t index, enum cepa_channel_kind kind,
                                                 unsigned ms)
{
    return wait(index, -1, (int)kind, ms);
}

void test_net_pass_ms(unsigned ms)
{
    awaited_kind = -1;
    awaited_channel = -1;
    has_come = false;
    for (unsigned i = 0; i < ms; i++) {
        step();
    }
}

uint64_t test_net_now_ms(void)
{
    return now_ms - 1;
}
