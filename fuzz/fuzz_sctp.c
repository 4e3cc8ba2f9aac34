/* SCTP packets with a right header and checksum, after a real handshake, and what data channels
 * make of them. The input is a list of records, each a kind, a length and bytes:
 *
 *   0  chunks as they are
 *   1  a DATA chunk with the next sequence number: flags, stream, protocol, then its payload
 *   2  a reset of the peer's streams with the next request number: then streams
 *   3  time passes
 *   4  the association's own side does something
 *
 * The peer is there for the handshake only; then its answers are put together here. Every input
 * begins with a new pair and has at most so many records and so much time. */
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "base/endian.h"
#include "native/webrtc/channel.h"
#include "native/webrtc/crc32c.h"
#include "support/packet_wire.h"
#include "support/wall_clock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

enum { RECORDS_MAX = 64, CHUNKS_MAX = 1100, PACKETS_MAX = 400, EVENTS_MAX = 400, HEADER = 12 };

/* What the peer's packets need. */
static uint8_t header[HEADER]; /* as in its first packet behind the handshake */
static uint32_t next_tsn;
static uint32_t next_request;

static struct cepa_channels *target;
static struct cepa_sctp *peer;

static void learn(const struct test_packet *packet)
{
    const uint8_t *chunk = packet->bytes + HEADER;
    memcpy(header, packet->bytes, HEADER);
    if (chunk[0] == 1 || chunk[0] == 2) { /* INIT or INIT ACK */
        next_tsn = cepa_be32_load(chunk + 16);
        next_request = next_tsn;
    }
}

/* Carries the handshake. */
static void carry(void)
{
    struct test_packet packet;
    for (unsigned n = 0; n < PACKETS_MAX && test_wire_take(&packet); n++) {
        if (packet.to == 0) {
            learn(&packet);
            cepa_channels_receive_packet(target, packet.bytes, packet.len);
        } else {
            cepa_sctp_receive_packet(peer, packet.bytes, packet.len);
        }
    }
}

static void pass_ms(unsigned ms)
{
    test_wall_clock_pass_ms(ms);
    cepa_sctp_tick(test_wall_clock_time());
}

/* Fetches what the target has to tell, and looks at all of it. */
static void drain(size_t scratch_len)
{
    static uint8_t scratch[2048];
    struct cepa_channel_event event;
    for (unsigned n = 0; n < EVENTS_MAX; n++) {
        if (cepa_channels_next(target, &event, scratch, scratch_len) == CEPA_CHANNEL_NOTHING) {
            break;
        }
        uint8_t sum = 0;
        for (size_t i = 0; i < event.data_len; i++) {
            sum = (uint8_t)(sum + event.data[i]);
        }
        for (size_t i = 0; i < event.open.label_len; i++) {
            sum = (uint8_t)(sum + (uint8_t)event.open.label[i]);
        }
        CEPA_ASSERT(event.data_len <= CEPA_SCTP_MESSAGE_MAX);
        if (event.kind == CEPA_CHANNEL_ACCEPTED && sum % 2 == 0) {
            (void)!cepa_channels_send(target, event.channel, false, &sum, 1);
        }
    }
}

static void send_chunks(const uint8_t *chunks, size_t chunks_len)
{
    uint8_t packet[HEADER + CHUNKS_MAX + 32];
    memcpy(packet, header, HEADER);
    memset(packet + 8, 0, 4);
    memcpy(packet + HEADER, chunks, chunks_len);
    cepa_le32_store(packet + 8, cepa_crc32c(0, packet, HEADER + chunks_len));
    cepa_channels_receive_packet(target, packet, HEADER + chunks_len);
}

/* Stands for the peer, which would not know what was sent in its name: acknowledges data and grants
 * resets. */
static void answer(const struct test_packet *packet)
{
    const uint8_t *chunk = packet->bytes + HEADER;
    uint8_t reply[16] = {0};
    if (packet->len >= HEADER + 16 && chunk[0] == 0) {
        reply[0] = 3;
        reply[3] = 16;
        memcpy(reply + 4, chunk + 4, 4);
        reply[9] = 0x10;
        send_chunks(reply, sizeof reply);
    } else if (packet->len >= HEADER + 12 && chunk[0] == 0x82 && chunk[5] == 13) {
        reply[0] = 0x82;
        reply[3] = 16;
        reply[5] = 16;
        reply[7] = 12;
        memcpy(reply + 8, chunk + 8, 4);
        reply[15] = 1;
        send_chunks(reply, sizeof reply);
    }
}

static void answer_all(void)
{
    struct test_packet packet;
    for (unsigned n = 0; n < PACKETS_MAX && test_wire_take(&packet); n++) {
        answer(&packet);
    }
}

static void send_data(const uint8_t *data, size_t data_len)
{
    static const uint32_t ppids[8] = {50, 51, 53, 56, 57, 50, 52, 0};
    uint8_t chunk[16 + CHUNKS_MAX] = {0};
    if (data_len < 4) {
        return;
    }
    chunk[1] = data[0] & 7;
    cepa_be16_store(chunk + 2, (uint16_t)(16 + data_len - 3));
    cepa_be32_store(chunk + 4, next_tsn);
    chunk[9] = data[1] % 40; /* the stream, a few beyond the range */
    chunk[11] = data[2] >> 3;
    cepa_be32_store(chunk + 12, ppids[data[2] & 7]);
    memcpy(chunk + 16, data + 3, data_len - 3);
    next_tsn++;
    send_chunks(chunk, (16 + data_len - 3 + 3) & ~(size_t)3);
}

static void send_reset(const uint8_t *streams, size_t streams_len)
{
    uint8_t chunk[20 + CHUNKS_MAX] = {0x82};
    size_t len = 16 + (streams_len & ~(size_t)1);
    cepa_be16_store(chunk + 2, (uint16_t)(4 + len));
    chunk[5] = 13; /* outgoing streams */
    cepa_be16_store(chunk + 6, (uint16_t)len);
    cepa_be32_store(chunk + 8, next_request);
    cepa_be32_store(chunk + 16, next_tsn - 1);
    memcpy(chunk + 20, streams, streams_len & ~(size_t)1);
    next_request++;
    send_chunks(chunk, (4 + len + 3) & ~(size_t)3);
}

static void act(const uint8_t *data, size_t data_len)
{
    static const struct cepa_dcep_open open = {.label = "x", .label_len = 1, .is_unordered = true};
    struct cepa_channel_id id = {0};
    unsigned what = data_len > 0 ? data[0] : 0;
    if (what & 1) {
        (void)!cepa_channels_open(target, &id, &open);
    } else {
        (void)!cepa_channels_negotiate(target, &id, (uint16_t)(what >> 3), &open);
    }
    (void)!cepa_channels_send(target, id, true, data, data_len);
    if (what & 2) {
        (void)!cepa_channels_close(target, id);
    }
}

static void one_record(unsigned kind, const uint8_t *data, size_t data_len)
{
    switch (kind % 5) {
    case 0:
        send_chunks(data, data_len);
        break;
    case 1:
        send_data(data, data_len);
        break;
    case 2:
        send_reset(data, data_len);
        break;
    case 3:
        pass_ms(data_len > 0 ? 10u * data[0] : 10);
        break;
    default:
        act(data, data_len);
        break;
    }
}

static void begin(void)
{
    const struct cepa_channels_config config = {
        .owner = test_wire_owner(0), .is_dtls_client = true, .receive_max = 5000};
    cepa_sctp_start(test_wire_send);
    CEPA_ASSERT(cepa_channels_new(&target, &config) == 0);
    CEPA_ASSERT(cepa_sctp_new(&peer, test_wire_owner(1)) == 0);
    for (unsigned i = 0; i < 10 && !cepa_channels_is_open(target); i++) {
        carry();
        drain(2048);
        pass_ms(CEPA_SCTP_TICK_MS);
    }
    CEPA_ASSERT(cepa_channels_is_open(target));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    begin();
    for (unsigned n = 0; n < RECORDS_MAX && data_len >= 2; n++) {
        unsigned kind = data[0];
        size_t len = (size_t)data[1] * (kind >= 128 ? 4 : 1);
        data += 2;
        data_len -= 2;
        len = len < data_len ? len : data_len;
        len = len < CHUNKS_MAX ? len : CHUNKS_MAX;
        one_record(kind & 127, data, len);
        drain(kind & 64 ? 100 : 2048);
        answer_all();
        data += len;
        data_len -= len;
    }
    pass_ms(1000);
    answer_all();
    drain(2048);
    cepa_channels_free(target);
    cepa_sctp_free(peer);
    test_wire_clear();
    pass_ms(CEPA_SCTP_TICK_MS);
    return 0;
}
