/* Two endpoints in virtual time, and a network that does to their datagrams what the input says:
 * the demultiplexer with whole exchanges of dials and offers (STUN, DTLS, SCTP inside DTLS). The
 * input is a list of steps, each a kind and its arguments, as many bytes as it takes.
 *
 * What comes from strangers and is not signed is never answered; no count exceeds its limit; the
 * endpoints always come to rest. OpenSSL draws random bytes of its own, so that datagrams differ
 * from run to run, and what is done to them does not. */
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "native/host.h"
#include "native/webrtc/endpoint.h"
#include "native/webrtc/stun.h"
#include "support/wall_clock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

enum {
    STEPS_MAX = 150,
    FLYING_MAX = 64,
    EVENTS_MAX = 400,
    IDS_MAX = 4,
    RAW_MAX = 300,
    CONNECTIONS_MAX = 6,
    PEER_STREAM = 0x1000 /* what the other end calls the TCP connection number n: n + this */
};

struct flying {
    struct cepa_path path; /* as its sender sees it */
    unsigned from;         /* index of the sender */
    size_t len;
    uint8_t bytes[CEPA_DATAGRAM_MAX];
};

struct end {
    struct cepa_endpoint *endpoint;
    struct cepa_net_address address;
    struct cepa_certificate *certificate; /* one for all runs */
    struct cepa_dial_secret secret;
    struct cepa_connection_id ids[IDS_MAX]; /* the latest that were given */
    unsigned ids_len;
    struct cepa_channel_id channel; /* the latest */
    struct cepa_description own;    /* the latest description that it gave */
    uint64_t sent;                  /* datagrams */
    bool is_deaf;                   /* does not fetch events */
};

static struct cepa_reader input;
static struct end ends[2];
static struct flying flying[FLYING_MAX];
static size_t flying_len;
static struct cepa_path connecting; /* the last TCP connection that was begun */
static unsigned connecting_end;
static uint64_t streams;
static uint8_t draws_left; /* till one fails; 0: none does */
static uint64_t drawn;

static int draw(void *context, uint8_t *ret_bytes, size_t len)
{
    (void)context;
    if (draws_left > 0 && --draws_left == 0) {
        return CEPA_ERR_RANDOM;
    }
    drawn++;
    for (size_t i = 0; i < len; i++) {
        ret_bytes[i] = (uint8_t)((drawn * 0x9e3779b97f4a7c15 + i * 0x2545f4914f6cdd1d) >> 56);
    }
    return 0;
}

static const struct cepa_random source = {draw, NULL};

static struct cepa_wall wall(void)
{
    struct cepa_wall wall = {test_wall_clock_time().ns / CEPA_MILLISECOND_NS};
    return wall;
}

/* What finds no room is lost. */
static void on_send(void *context, const struct cepa_path *path,
                    const struct cepa_datagram_queue *queue)
{
    struct end *end = context;
    const uint8_t *bytes = queue->bytes;
    CEPA_ASSERT(queue->count > 0 && path->remote.family != CEPA_NET_ADDRESS_NONE);
    for (size_t i = 0; i < queue->count; i++) {
        end->sent++;
        if (flying_len < FLYING_MAX) {
            struct flying *one = &flying[flying_len++];
            one->path = *path;
            one->from = end == &ends[1];
            one->len = queue->lens[i];
            memcpy(one->bytes, bytes, one->len);
        }
        bytes += queue->lens[i];
    }
}

static uint64_t on_connect(void *context, const struct cepa_net_address *local,
                           const struct cepa_net_address *remote)
{
    streams++;
    connecting.stream = streams;
    connecting.local = *local;
    connecting.remote = *remote;
    connecting_end = (struct end *)context == &ends[1];
    return streams % 8 == 0 ? 0 : streams;
}

static void on_stream(void *context, uint64_t stream)
{
    (void)context;
    CEPA_ASSERT(stream != 0);
}

static void note_id(struct end *end, struct cepa_connection_id id)
{
    end->ids[end->ids_len++ % IDS_MAX] = id;
}

static void check(const struct end *end)
{
    struct cepa_endpoint_counts counts = cepa_endpoint_counts(end->endpoint);
    CEPA_ASSERT(counts.connections <= CONNECTIONS_MAX);
    CEPA_ASSERT(counts.half_open <= counts.connections);
}

/* Fetches what an end has to tell, and lets it send. */
static void settle(struct end *end)
{
    struct cepa_endpoint_event event;
    for (unsigned i = 0; !end->is_deaf; i++) {
        CEPA_ASSERT(i < EVENTS_MAX);
        if (cepa_endpoint_next(end->endpoint, &event) == CEPA_ENDPOINT_NOTHING) {
            break;
        }
        struct cepa_connection_stats stats;
        bool is_known = cepa_endpoint_stats(end->endpoint, &stats, event.connection) == 0;
        CEPA_ASSERT(is_known ==
                    (event.kind != CEPA_ENDPOINT_CLOSED && event.kind != CEPA_ENDPOINT_MAPPED));
        if (event.kind == CEPA_ENDPOINT_OPEN) {
            note_id(end, event.connection);
        } else if (event.kind == CEPA_ENDPOINT_CHANNEL) {
            end->channel = event.channel.channel;
        } else if (event.kind == CEPA_ENDPOINT_CANDIDATE || event.kind == CEPA_ENDPOINT_MAPPED) {
            CEPA_ASSERT(cepa_candidate_is_valid(&event.candidate));
        }
    }
    cepa_endpoint_flush(end->endpoint);
    check(end);
}

static void step_time(unsigned ms)
{
    test_wall_clock_pass_ms(ms);
    for (size_t i = 0; i < 2; i++) {
        struct cepa_time now = test_wall_clock_time();
        /* SCTP is the process's: the other end's step may have sent for this one, in its past. */
        for (unsigned j = 0;
             j == 0 || (j == 1 && cepa_endpoint_deadline(ends[i].endpoint).ns <= now.ns); j++) {
            cepa_endpoint_step(ends[i].endpoint, now, wall());
            settle(&ends[i]);
        }
        CEPA_ASSERT(ends[i].is_deaf || cepa_endpoint_deadline(ends[i].endpoint).ns > now.ns);
    }
}

/* Brings a datagram to whose address it is for. */
static void deliver(const struct flying *one)
{
    struct flying copy = *one;
    for (size_t i = 0; i < 2; i++) {
        if (cepa_net_address_is_equal(&ends[i].address, &copy.path.remote)) {
            struct cepa_path path = {.local = ends[i].address, .remote = ends[copy.from].address};
            path.stream = copy.path.stream == 0            ? 0
                          : copy.path.stream > PEER_STREAM ? copy.path.stream - PEER_STREAM
                                                           : copy.path.stream + PEER_STREAM;
            cepa_endpoint_receive(ends[i].endpoint, &path, copy.bytes, copy.len);
            settle(&ends[i]);
            break;
        }
    }
}

static void take_out(size_t index)
{
    flying_len--;
    memmove(&flying[index], &flying[index + 1], (flying_len - index) * sizeof flying[0]);
}

/* The network as it should be, for a while. */
static void run(unsigned ms)
{
    for (unsigned i = 0; i < ms; i++) {
        for (size_t left = flying_len; left > 0 && flying_len > 0; left--) {
            static struct flying first;
            first = flying[0];
            take_out(0);
            deliver(&first);
        }
        step_time(1);
    }
}

/* Does something to a datagram that is under way. */
static void tamper(void)
{
    uint8_t how = cepa_reader_u8(&input);
    uint8_t where = cepa_reader_u8(&input);
    if (flying_len == 0) {
        return;
    }
    size_t index = (how >> 4) % flying_len;
    struct flying *one = &flying[index];
    switch (how % 6) {
    case 0: /* lost */
        take_out(index);
        break;
    case 1: /* twice */
        deliver(one);
        break;
    case 2: { /* earlier than those before it */
        static struct flying early;
        early = *one;
        take_out(index);
        deliver(&early);
        break;
    }
    case 3:
        one->len = where % one->len + 1;
        break;
    case 4:
        one->bytes[where % one->len] ^= (uint8_t)(1u << (how >> 5));
        break;
    default:
        one->bytes[where % 60 % one->len] = cepa_reader_u8(&input);
        break;
    }
}

static struct cepa_net_address address_of(uint8_t number)
{
    struct cepa_net_address stranger = {
        CEPA_NET_ADDRESS_IPV4, {203, 0, 113, (uint8_t)(number & 3)}, (uint16_t)(1 + number)};
    return number < 64 ? ends[0].address : number < 128 ? ends[1].address : stranger;
}

/* Datagrams that nobody sent. Strangers get no reply to them. */
static void inject(void)
{
    struct end *end = &ends[cepa_reader_u8(&input) & 1];
    uint8_t from = cepa_reader_u8(&input);
    size_t len = cepa_reader_u8(&input);
    const struct cepa_path path = {.local = end->address, .remote = address_of(from)};
    const uint8_t *raw = cepa_reader_view(&input, len);
    uint64_t sent = end->sent;
    uint32_t connections = cepa_endpoint_counts(end->endpoint).connections;
    if (raw == NULL) {
        return;
    }
    cepa_endpoint_flush(end->endpoint);
    sent = end->sent;
    cepa_endpoint_receive(end->endpoint, &path, raw, len);
    CEPA_ASSERT(cepa_endpoint_counts(end->endpoint).connections == connections);
    settle(end);
    CEPA_ASSERT(from < 128 || end->sent == sent);
}

/* A check of somebody who knows the dial secret, or the password of a description. */
static void inject_check(void)
{
    static const char fragments[4][5] = {"AAAA", "BBBB", "CC\0C", "DDDD"};
    struct end *end = &ends[cepa_reader_u8(&input) & 1];
    uint8_t from = cepa_reader_u8(&input);
    uint8_t how = cepa_reader_u8(&input);
    uint8_t bytes[CEPA_STUN_MESSAGE_MAX];
    char password[CEPA_PWD_MAX + 1] = {0};
    char username[CEPA_UFRAG_MAX + 8] = {0};
    struct cepa_stun_writer writer;
    struct cepa_stun_transaction transaction = {{from, how}};
    const struct cepa_certificate_hash hash = cepa_certificate_hash(end->certificate);
    const char *ufrag = fragments[how & 3];
    size_t ufrag_len = 4;
    cepa_dial_password(password, &end->secret, &hash, ufrag, ufrag_len);
    if ((how & 64) != 0) {
        ufrag = end->own.credentials.ufrag;
        ufrag_len = strlen(ufrag);
        memcpy(password, end->own.credentials.pwd, sizeof end->own.credentials.pwd);
    }
    memcpy(username, ufrag, ufrag_len);
    memcpy(username + ufrag_len, ":peer", 5);
    cepa_stun_begin(&writer, bytes, sizeof bytes, CEPA_STUN_REQUEST, &transaction);
    cepa_stun_add_username(&writer, username, ufrag_len + ((how & 4) != 0 ? 0 : 5));
    cepa_stun_add_role(&writer, (how & 8) != 0 ? CEPA_STUN_CONTROLLED : CEPA_STUN_CONTROLLING, how);
    cepa_stun_add_priority(&writer, how);
    if ((how & 16) != 0) {
        cepa_stun_add_use_candidate(&writer);
    }
    if ((how & 32) != 0) {
        size_t raw_len = cepa_reader_u8(&input) % 40;
        const uint8_t *raw = cepa_reader_view(&input, raw_len);
        cepa_writer_bytes(&writer.writer, raw == NULL ? (const uint8_t *)"" : raw,
                          raw == NULL ? 0 : raw_len);
    }
    size_t len;
    if (cepa_stun_end(&writer, &len, password, strlen(password)) == 0) {
        const struct cepa_path path = {.stream = (how & 128) != 0 ? 0x2000u + from % 4 : 0,
                                       .local = end->address,
                                       .remote = address_of(from)};
        cepa_endpoint_receive(end->endpoint, &path, bytes, len - (from == 255));
        settle(end);
    }
}

/* A record that seems to be DTLS, from a real address. */
static void inject_record(void)
{
    uint8_t how = cepa_reader_u8(&input);
    uint8_t record[13 + RAW_MAX] = {(uint8_t)(20 + (how >> 1) % 5), 0xfe, 0xfd};
    size_t len = cepa_reader_u8(&input);
    const uint8_t *raw = cepa_reader_view(&input, len);
    struct end *end = &ends[how & 1];
    const struct cepa_path path = {.local = end->address, .remote = ends[1 - (how & 1)].address};
    if (raw != NULL) {
        record[4] = how >> 6;
        record[10] = cepa_reader_u8(&input);
        record[12] = (uint8_t)len;
        memcpy(record + 13, raw, len);
        cepa_endpoint_receive(end->endpoint, &path, record, 13 + len);
        settle(end);
    }
}

static struct cepa_candidate candidate_of(uint8_t number)
{
    struct cepa_candidate candidate = {.type = (enum cepa_candidate_type)(number % 4),
                                       .transport =
                                           (enum cepa_candidate_transport)((number >> 2) % 3),
                                       .address = address_of(number),
                                       .priority = 1 + (uint32_t)number * 0x10101};
    if (candidate.transport == CEPA_CANDIDATE_TCP_ACTIVE) {
        candidate.address.port = CEPA_CANDIDATE_PORT_ACTIVE;
    }
    cepa_candidate_number_foundation(&candidate, number);
    return candidate;
}

/* A description of an end's, perhaps with something changed. */
static struct cepa_description description_of(const struct end *end, uint8_t how)
{
    struct cepa_description description = end->own;
    switch (how % 8) {
    case 1:
        description.fingerprint.bytes[how >> 3] ^= 1;
        break;
    case 2:
        description.credentials.pwd[0] ^= 1;
        break;
    case 3: {
        const struct cepa_candidate candidate = candidate_of(cepa_reader_u8(&input));
        if (cepa_candidate_is_valid(&candidate) &&
            description.candidates_len <= CEPA_DESCRIPTION_CANDIDATES_MAX) {
            cepa_description_add(&description, &candidate);
        }
        break;
    }
    case 4:
        description.setup = (enum cepa_setup)(how >> 6);
        description.is_lite = (how & 8) != 0;
        break;
    case 5:
        description.max_message_size = how;
        description.does_trickle = (how & 8) != 0;
        break;
    case 6:
        description.is_complete = true;
        break;
    default:
        break;
    }
    return description;
}

static void dial(struct end *end, struct end *peer)
{
    uint8_t how = cepa_reader_u8(&input);
    struct cepa_dial_address address = {.address = peer->address, .secret = peer->secret};
    struct cepa_connection_id id;
    address.certificate = cepa_certificate_hash(peer->certificate);
    if (how == 1) {
        address.certificate.bytes[0] ^= 1;
    } else if (how == 2) {
        address.address = address_of(cepa_reader_u8(&input));
    }
    if (cepa_endpoint_dial(end->endpoint, &id, &address) == 0) {
        note_id(end, id);
    }
}

static void negotiate(struct end *end, struct end *peer, unsigned what,
                      struct cepa_connection_id id)
{
    struct cepa_description theirs;
    uint8_t how = what == 0 || what == 3 ? 0 : cepa_reader_u8(&input);
    theirs = description_of((how & 128) != 0 ? end : peer, how & 127);
    struct cepa_connection_id fresh;
    int error;
    if (what == 0) {
        error = cepa_endpoint_offer(end->endpoint, &fresh, &end->own);
    } else if (what == 1) {
        error = cepa_endpoint_answer(end->endpoint, &fresh, &end->own, &theirs);
    } else if (what == 2) {
        error = cepa_endpoint_accept(end->endpoint, id, &theirs);
    } else if (what == 3) {
        error = cepa_endpoint_restart(end->endpoint, id, &end->own);
    } else {
        error = cepa_endpoint_answer_restart(end->endpoint, id, &end->own, &theirs);
    }
    if (error == 0 && what <= 1) {
        note_id(end, fresh);
    }
    if (error == 0 && what != 2) {
        CEPA_ASSERT(cepa_description_check(&end->own) == 0);
    }
}

static void use_stream(struct end *end, bool is_lost)
{
    if (is_lost) {
        const struct cepa_path path = {.stream = 1 + cepa_reader_u8(&input),
                                       .local = end->address,
                                       .remote = connecting.remote};
        cepa_endpoint_on_lost(end->endpoint, &path);
    } else if (connecting.stream != 0) {
        cepa_endpoint_on_connected(ends[connecting_end].endpoint, &connecting);
        settle(&ends[connecting_end]);
    }
}

/* Makes use of channels. */
static void converse(struct end *end, struct cepa_connection_id id, bool is_opening)
{
    static uint8_t message[20000];
    const struct cepa_dcep_open open = {.label = "x", .label_len = 1};
    size_t len = (size_t)cepa_reader_u8(&input) * 70;
    struct cepa_channels *channels = cepa_endpoint_channels(end->endpoint, id);
    if (channels == NULL) {
        return;
    }
    if (is_opening) {
        (void)!cepa_channels_open(channels, &end->channel, &open);
    }
    (void)!cepa_channels_send(channels, end->channel, false, message, len);
}

static void call(void)
{
    uint8_t what = cepa_reader_u8(&input);
    struct end *end = &ends[what & 1];
    struct end *peer = &ends[1 - (what & 1)];
    struct cepa_connection_id id = end->ids[(what >> 6) % IDS_MAX];
    unsigned kind = (what >> 1) & 31;
    if (kind < 3) {
        dial(end, peer);
    } else if (kind < 13) {
        negotiate(end, peer, (kind - 3) / 2, id);
    } else if (kind < 15) {
        const struct cepa_candidate candidate = candidate_of(cepa_reader_u8(&input));
        (void)!cepa_endpoint_add_candidate(end->endpoint, id, kind == 13 ? NULL : &candidate);
    } else if (kind < 17) {
        (void)!cepa_endpoint_close(end->endpoint, id);
    } else if (kind == 17) {
        (void)!cepa_endpoint_ask(end->endpoint, id);
    } else if (kind == 18) {
        (void)!cepa_endpoint_set_certificate(end->endpoint, peer->certificate);
    } else if (kind == 19) {
        const struct cepa_candidate candidates[2] = {candidate_of(cepa_reader_u8(&input)),
                                                     candidate_of(cepa_reader_u8(&input))};
        cepa_endpoint_set_locals(end->endpoint, candidates, 2);
    } else if (kind < 22) {
        use_stream(end, kind == 20);
    } else if (kind == 22) {
        end->is_deaf = !end->is_deaf;
    } else if (kind == 23) {
        draws_left = cepa_reader_u8(&input);
    } else {
        converse(end, id, kind < 27);
    }
    settle(end);
}

static void step(void)
{
    uint8_t kind = cepa_reader_u8(&input);
    switch (kind % 8) {
    case 0:
    case 1:
        run(1 + kind / 4);
        break;
    case 2:
    case 3:
        tamper();
        break;
    case 4:
        call();
        break;
    case 5:
        inject();
        break;
    case 6:
        (kind >= 128 ? inject_check : inject_record)();
        break;
    default:
        step_time((unsigned)cepa_reader_u8(&input) * (kind / 8 + 1));
        break;
    }
}

static void begin(size_t index)
{
    struct end *end = &ends[index];
    struct cepa_certificate *certificate = end->certificate;
    const struct cepa_net_address address = {
        CEPA_NET_ADDRESS_IPV4, {192, 0, 2, (uint8_t)(index + 1)}, (uint16_t)(4000 + index)};
    if (certificate == NULL) {
        CEPA_ASSERT(cepa_certificate_make(&certificate, 1700000000, cepa_native_random()) == 0);
    }
    memset(end, 0, sizeof *end);
    end->certificate = certificate;
    end->address = address;
    end->secret.bytes[0] = (uint8_t)index;
    const struct cepa_endpoint_config config = {
        .driver = {end, on_send, on_connect, on_stream, on_stream},
        .random = &source,
        .sockets = {end->address},
        .connections_max = CONNECTIONS_MAX,
        .certificate = end->certificate,
        .secret = end->secret};
    const struct cepa_candidate candidate = candidate_of((uint8_t)(index * 72));
    CEPA_ASSERT(cepa_endpoint_new(&end->endpoint, &config, test_wall_clock_time(), wall()) == 0);
    cepa_endpoint_set_locals(end->endpoint, &candidate, 1);
    cepa_description_init(&end->own);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    cepa_reader_init(&input, data, data_len);
    draws_left = 0;
    drawn = 0;
    flying_len = 0;
    streams = 0;
    memset(&connecting, 0, sizeof connecting);
    begin(0);
    begin(1);
    for (unsigned i = 0; i < STEPS_MAX && cepa_reader_left(&input) > 0; i++) {
        step();
    }
    draws_left = 0;
    run(20);
    for (size_t i = 0; i < 2; i++) {
        cepa_endpoint_free(ends[i].endpoint);
    }
    return 0;
}
