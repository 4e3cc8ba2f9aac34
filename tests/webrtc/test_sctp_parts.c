/* A message that is too long to be given whole and is given up halfway: packets put together here,
 * behind a real handshake, as a peer with partial reliability may send them. */
#include <string.h>

#include "base/endian.h"
#include "native/webrtc/crc32c.h"
#include "native/webrtc/sctp.h"
#include "support/packet_wire.h"
#include "support/test.h"
#include "support/wall_clock.h"

enum { HEADER = 12, DATA_HEADER = 16, PART = 1100, FIRST = 2, MIDDLE = 0, LAST = 1 };

static struct cepa_sctp *ends[2];
static uint8_t header[HEADER];
static uint32_t tsn;
static uint8_t got[1 << 20];

/* Opens both ends and learns what the second's packets look like from a message of one byte. */
static void open_ends(void)
{
    const struct cepa_sctp_message message = {.stream = 1, .ppid = 53};
    struct cepa_sctp_message head;
    struct test_packet packet;
    size_t len;
    cepa_sctp_start(test_wire_send);
    for (size_t i = 0; i < 2; i++) {
        CHECK_INT(cepa_sctp_new(&ends[i], test_wire_owner(i)), 0);
    }
    while (test_wire_take(&packet)) {
        cepa_sctp_receive_packet(ends[packet.to], packet.bytes, packet.len);
    }
    CHECK_INT(cepa_sctp_receive(ends[0], &head, got, &len, sizeof got), CEPA_SCTP_UP);
    CHECK_INT(cepa_sctp_receive(ends[1], &head, got, &len, sizeof got), CEPA_SCTP_UP);
    CHECK_INT(cepa_sctp_send(ends[0], &message, header, 1), 0);
    CHECK(test_wire_take(&packet));
    memcpy(header, packet.bytes, HEADER);
    tsn = cepa_be32_load(packet.bytes + HEADER + 4);
}

static void close_ends(void)
{
    cepa_sctp_free(ends[0]);
    cepa_sctp_free(ends[1]);
    test_wire_clear();
    cepa_sctp_stop();
}

/* Hands a chunk to the second end, and drops what that answers. */
static void give(const uint8_t *chunk, size_t chunk_len)
{
    uint8_t packet[HEADER + DATA_HEADER + PART];
    struct test_packet answer;
    memcpy(packet, header, HEADER);
    memset(packet + 8, 0, 4);
    memcpy(packet + HEADER, chunk, chunk_len);
    cepa_le32_store(packet + 8, cepa_crc32c(0, packet, HEADER + chunk_len));
    cepa_sctp_receive_packet(ends[1], packet, HEADER + chunk_len);
    while (test_wire_take(&answer)) {
    }
}

static void give_part(unsigned flags, uint16_t number)
{
    uint8_t chunk[DATA_HEADER + PART] = {0, (uint8_t)flags};
    cepa_be16_store(chunk + 2, sizeof chunk);
    cepa_be32_store(chunk + 4, tsn++);
    cepa_be16_store(chunk + 8, 1);
    cepa_be16_store(chunk + 10, number);
    cepa_be32_store(chunk + 12, 53);
    give(chunk, sizeof chunk);
}

TEST(a_message_given_up_halfway_is_told)
{
    uint8_t forward[12] = {0xc0, 0, 0, 12};
    struct cepa_sctp_message head;
    size_t total = 0;
    size_t len;
    open_ends();
    for (unsigned i = 0; i < 300; i++) {
        give_part(i == 0 ? FIRST : MIDDLE, 0);
    }
    while (cepa_sctp_receive(ends[1], &head, got, &len, 50000) == CEPA_SCTP_PART) {
        total += len;
    }
    CHECK(total > CEPA_SCTP_MESSAGE_MAX);
    CHECK_INT(cepa_sctp_state_of(ends[1]), CEPA_SCTP_OPEN);
    cepa_be32_store(forward + 4, tsn);
    cepa_be16_store(forward + 8, 1);
    tsn++;
    give(forward, sizeof forward);
    CHECK_INT(cepa_sctp_receive(ends[1], &head, got, &len, sizeof got), CEPA_SCTP_CUT);
    give_part(FIRST | LAST, 1);
    CHECK_INT(cepa_sctp_receive(ends[1], &head, got, &len, sizeof got), CEPA_SCTP_END);
    CHECK_INT(len, PART);
    close_ends();
}

TEST(a_message_beyond_our_limit_arrives_in_parts)
{
    struct cepa_sctp_message head;
    size_t total = 0;
    size_t len;
    enum cepa_sctp_kind kind = CEPA_SCTP_NOTHING;
    open_ends();
    for (unsigned i = 0; i < 600; i++) {
        give_part(i == 0 ? FIRST : i == 599 ? LAST : MIDDLE, 0);
        if (i % 50 == 49) {
            kind = cepa_sctp_receive(ends[1], &head, got, &len, sizeof got);
            total += kind == CEPA_SCTP_PART || kind == CEPA_SCTP_END ? len : 0;
        }
    }
    CHECK_INT(kind, CEPA_SCTP_END);
    CHECK_INT(total, 600 * PART);
    close_ends();
}

TEST_MAIN(RUN(a_message_given_up_halfway_is_told), RUN(a_message_beyond_our_limit_arrives_in_parts))
