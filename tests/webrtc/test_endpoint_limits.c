/* What endpoints are limited to: memory and places under floods, random bytes that do not come,
 * pools and maps that are full, callers that do not fetch events. */
#include "native/webrtc/endpoint.h"

#include <malloc.h>
#include <string.h>

#include "base/endian.h"
#include "native/webrtc/connection_state.h"
#include "native/webrtc/stun.h"
#include "support/endpoint_net.h"
#include "support/test.h"

/* Bytes of a half-open connection that a peer can make us keep, at most. */
enum { HALF_OPEN_BYTES = 400 * 1024 };

static const struct cepa_dcep_open plain = {.label = "cepa", .label_len = 4, .priority = 256};
static uint8_t hello[CEPA_DATAGRAM_MAX]; /* the first of a handshake that came to end 1 */
static size_t hello_len;

static struct cepa_endpoint *endpoint(size_t end)
{
    return test_net_ends[end].endpoint;
}

static struct cepa_endpoint_counts counts(size_t end)
{
    return cepa_endpoint_counts(endpoint(end));
}

static void connect(struct cepa_connection_id ret_ids[2])
{
    const struct cepa_dial_address address = test_net_dial_address(1);
    CHECK_INT(cepa_endpoint_dial(endpoint(0), &ret_ids[0], &address), 0);
    CHECK_INT(test_net_wait(0, CEPA_ENDPOINT_OPEN, 2000).kind, CEPA_ENDPOINT_OPEN);
    struct cepa_endpoint_event event = test_net_wait(1, CEPA_ENDPOINT_OPEN, 2000);
    CHECK_INT(event.kind, CEPA_ENDPOINT_OPEN);
    ret_ids[1] = event.connection;
}

/* Checks that a message gets from end 0 to end 1. */
static void check_works(struct cepa_connection_id id)
{
    struct cepa_channel_id channel;
    size_t messages = test_net_ends[1].messages;
    struct cepa_channels *channels = cepa_endpoint_channels(endpoint(0), id);
    CHECK(channels != NULL);
    CHECK_INT(cepa_channels_open(channels, &channel, &plain), 0);
    CHECK_INT(cepa_channels_send(channels, channel, true, "hello", 5), 0);
    test_net_pass_ms(500);
    CHECK_INT(test_net_ends[1].messages, messages + 1);
    channels = cepa_endpoint_channels(endpoint(0), id);
    CHECK_INT(cepa_channels_close(channels, channel), 0);
    test_net_pass_ms(100);
}

static size_t memory(void)
{
    return mallinfo2().uordblks;
}

static void keep_hello(size_t index, const struct cepa_net_address *from, const uint8_t *data,
                       size_t data_len)
{
    (void)from;
    if (index == 1 && hello_len == 0 && data[0] == 22) {
        memcpy(hello, data, data_len);
        hello_len = data_len;
    }
}

/* Two ends with an open connection, and a ClientHello for whoever wants one. */
static void begin(struct cepa_connection_id ret_ids[2], uint64_t seed)
{
    hello_len = 0;
    test_net_settings.on_arrival = keep_hello;
    test_net_begin(3, 1, 0, seed);
    connect(ret_ids);
    CHECK(hello_len > 0);
}

static struct cepa_net_address stranger(unsigned ip, unsigned port)
{
    struct cepa_net_address address = {
        CEPA_NET_ADDRESS_IPV4, {198, 51, 100, 7}, (uint16_t)(1000 + port)};
    address.ip[1] = (uint8_t)(ip >> 8);
    address.ip[2] = (uint8_t)ip;
    return address;
}

enum { FINGERPRINT_SIZE = 8 };

/* What a check lacks. */
enum lack { WHOLE, NO_FINGERPRINT, NO_COLON };

/* Brings end 1 the first check of a dial. */
static void bring_check(unsigned number, const struct cepa_net_address *from, enum lack lack)
{
    const struct cepa_dial_address address = test_net_dial_address(1);
    char password[CEPA_DIAL_PASSWORD_SIZE];
    char username[] = "AAAA:zzzz";
    uint8_t bytes[CEPA_STUN_MESSAGE_MAX];
    struct cepa_stun_writer writer;
    const struct cepa_stun_transaction transaction = {{(uint8_t)number, (uint8_t)(number >> 8)}};
    size_t len;
    for (size_t i = 0; i < 4; i++) {
        username[i] = (char)('a' + (number >> 4 * i) % 16);
    }
    cepa_dial_password(password, &address.secret, &address.certificate, username, 4);
    cepa_stun_begin(&writer, bytes, sizeof bytes, CEPA_STUN_REQUEST, &transaction);
    cepa_stun_add_username(&writer, username, lack == NO_COLON ? 4 : 9);
    cepa_stun_add_role(&writer, CEPA_STUN_CONTROLLING, 1);
    cepa_stun_add_priority(&writer, 1);
    cepa_stun_add_use_candidate(&writer);
    CHECK_INT(cepa_stun_end(&writer, &len, password, CEPA_DIAL_PASSWORD_LEN), 0);
    if (lack == NO_FINGERPRINT) {
        len -= FINGERPRINT_SIZE;
        cepa_be16_store(bytes + 2, (uint16_t)(len - CEPA_STUN_HEADER_SIZE));
    }
    test_net_inject(1, from, bytes, len);
}

TEST(half_finished_handshakes_of_one_address_have_few_places)
{
    struct cepa_connection_id ids[2];
    begin(ids, 1);
    size_t before = memory();
    for (unsigned i = 0; i < 4000; i++) {
        const struct cepa_net_address from = stranger(1, i);
        bring_check(i, &from, WHOLE);
        test_net_inject(1, &from, hello, hello_len);
        if (i % 100 == 0) {
            test_net_pass_ms(1);
        }
    }
    CHECK_INT(counts(1).half_open, CEPA_ENDPOINT_HALF_OPEN_PER_IP);
    CHECK(memory() - before < CEPA_ENDPOINT_HALF_OPEN_PER_IP * (size_t)HALF_OPEN_BYTES);
    CHECK_INT(test_net_ends[1].events_len, 1);
    check_works(ids[0]);
    const struct cepa_dial_address address = test_net_dial_address(1);
    CHECK_INT(cepa_endpoint_dial(endpoint(2), &ids[0], &address), 0); /* and others come in */
    CHECK_INT(test_net_wait(2, CEPA_ENDPOINT_OPEN, 300).kind, CEPA_ENDPOINT_OPEN);
    test_net_pass_ms(60000);
    CHECK_INT(counts(1).half_open, 0);
    CHECK_INT(counts(1).connections, 2);
}

TEST(half_finished_handshakes_of_many_addresses_make_room)
{
    struct cepa_connection_id ids[2];
    begin(ids, 2);
    size_t before = memory();
    for (unsigned i = 0; i < 4000; i++) {
        const struct cepa_net_address from = stranger(i, 0);
        bring_check(i, &from, WHOLE);
        test_net_inject(1, &from, hello, hello_len);
        if (i % 40 == 0) {
            test_net_pass_ms(1);
        }
        if (i == 2000) {
            const struct cepa_dial_address address = test_net_dial_address(1);
            CHECK_INT(cepa_endpoint_dial(endpoint(2), &ids[0], &address), 0);
        }
        CHECK(counts(1).half_open <= CEPA_ENDPOINT_HALF_OPEN_MAX);
    }
    CHECK_INT(counts(1).half_open, CEPA_ENDPOINT_HALF_OPEN_MAX);
    CHECK(memory() - before < CEPA_ENDPOINT_HALF_OPEN_MAX * (size_t)HALF_OPEN_BYTES);
    CHECK_INT(counts(2).opened, 1); /* amidst them */
    test_net_pass_ms(60000);
    CHECK_INT(counts(1).half_open, 0);
    CHECK_INT(counts(1).connections, 2);
}

TEST(one_half_open_handshake_takes_little_memory)
{
    struct cepa_connection_id ids[2];
    uint8_t records[1400];
    const struct cepa_net_address from = stranger(3, 3);
    begin(ids, 3);
    bring_check(1, &from, WHOLE);
    size_t before = memory();
    test_net_inject(1, &from, hello, hello_len);
    for (unsigned i = 0; i < 2000; i++) { /* encrypted messages of the handshake, long before */
        memset(records, 0, sizeof records);
        for (size_t at = 0; at + 14 <= sizeof records; at += 14) {
            memcpy(records + at, (const uint8_t[]){22, 0xfe, 0xfd, 0, 1}, 5);
            cepa_be32_store(records + at + 7, (uint32_t)(i * sizeof records + at + 1));
            records[at + 12] = 1;
        }
        test_net_inject(1, &from, records, sizeof records);
    }
    CHECK(memory() < before + HALF_OPEN_BYTES);
    for (unsigned i = 0; i < 2000; i++) { /* fragments of long messages, out of order */
        uint8_t part[26] = {22, 0xfe, 0xfd};
        cepa_be32_store(part + 7, i + 1000000);
        part[12] = 13;
        part[13] = 11;
        part[15] = 0x3f; /* of 16,128 bytes */
        part[18] = (uint8_t)(1 + i % 200);
        part[24] = 1;
        test_net_inject(1, &from, part, sizeof part);
    }
    CHECK(memory() < before + HALF_OPEN_BYTES);
    const struct cepa_net_address other = stranger(4, 4);
    bring_check(2, &other, WHOLE);
    test_net_inject(1, &other, hello, hello_len);
    before = memory();
    for (unsigned i = 0; i < 200; i++) { /* and of longer ones */
        uint8_t part[26] = {22, 0xfe, 0xfd};
        cepa_be32_store(part + 7, i + 2000000);
        part[12] = 13;
        part[13] = 11;
        part[14] = 1; /* of 81,664 bytes */
        part[15] = 0x3f;
        part[18] = (uint8_t)(1 + i);
        part[24] = 1;
        test_net_inject(1, &other, part, sizeof part);
        CHECK(memory() < before + HALF_OPEN_BYTES);
    }
    check_works(ids[0]);
}

TEST(a_check_that_lacks_something_takes_no_memory)
{
    struct cepa_connection_id ids[2];
    begin(ids, 4);
    uint64_t sent = test_net_ends[1].datagrams_sent;
    size_t before = 0;
    for (unsigned i = 0; i < 1000; i++) {
        const struct cepa_net_address from = stranger(1, i);
        bring_check(i, &from, i % 2 == 0 ? NO_FINGERPRINT : NO_COLON);
        before = i == 1 ? memory() : before; /* OpenSSL keeps a little of the first time */
    }
    cepa_endpoint_flush(endpoint(1));
    CHECK(memory() < before + 1000); /* a byte for each would be more */
    CHECK_INT(test_net_ends[1].datagrams_sent, sent);
    CHECK_INT(counts(1).connections, 1);
    CHECK_INT(counts(1).accepted, 1);
}

/* One of the calls that draw random bytes. */
static int call(unsigned what, struct cepa_connection_id id, struct cepa_connection_id *ret_new)
{
    static struct cepa_description offer; /* of end 1's, for end 0 to answer */
    static struct cepa_description result;
    const struct cepa_dial_address address = test_net_dial_address(2);
    struct cepa_connection_id other;
    switch (what) {
    case 0:
        return cepa_endpoint_dial(endpoint(0), ret_new, &address);
    case 1:
        return cepa_endpoint_offer(endpoint(0), ret_new, &result);
    case 2:
        if (offer.candidates_len == 0) {
            CHECK_INT(cepa_endpoint_offer(endpoint(1), &other, &offer), 0);
        }
        return cepa_endpoint_answer(endpoint(0), ret_new, &result, &offer);
    case 3:
        return cepa_endpoint_restart(endpoint(0), id, &result);
    default:
        return cepa_endpoint_ask(endpoint(0), id);
    }
}

/* Opens a connection of end 0 and end 1 by an offer, so that it can be restarted. */
static void negotiate(struct cepa_connection_id ret_ids[2])
{
    struct cepa_description offer;
    struct cepa_description answer;
    CHECK_INT(cepa_endpoint_offer(endpoint(0), &ret_ids[0], &offer), 0);
    CHECK_INT(cepa_endpoint_answer(endpoint(1), &ret_ids[1], &answer, &offer), 0);
    CHECK_INT(cepa_endpoint_accept(endpoint(0), ret_ids[0], &answer), 0);
    CHECK_INT(test_net_wait(0, CEPA_ENDPOINT_OPEN, 2000).kind, CEPA_ENDPOINT_OPEN);
    test_net_pass_ms(1000);
}

TEST(random_bytes_that_do_not_come_change_nothing)
{
    for (unsigned what = 0; what < 5; what++) {
        struct cepa_connection_id ids[2];
        struct cepa_connection_id fresh;
        unsigned failures = 0;
        int error = CEPA_ERR_RANDOM;
        test_net_begin(3, 1, 0, 5);
        negotiate(ids);
        (void)call(what == 2 ? 2 : 5, ids[0], &fresh); /* what it needs is there, */
        test_net_pass_ms(15000);                       /* and nothing of it is left */
        const struct cepa_endpoint_counts before = counts(0);
        const uint64_t sent = test_net_ends[0].datagrams_sent;
        for (unsigned draw = 1; error != 0; draw++) {
            CHECK(draw < 20);
            test_net_settings.draws_left = draw;
            error = call(what, ids[0], &fresh);
            bool has_failed = test_net_settings.draws_left == 0;
            test_net_settings.draws_left = 0;
            if (error != 0) {
                CHECK(has_failed);
                CHECK_INT(error, CEPA_ERR_RANDOM);
                const struct cepa_endpoint_counts now = counts(0);
                CHECK_BYTES(&now, &before, sizeof now);
                cepa_endpoint_flush(endpoint(0));
                CHECK_INT(test_net_ends[0].datagrams_sent, sent);
                failures++;
            }
        }
        CHECK(failures >= (what < 3 ? 3 : 1));
        check_works(ids[0]);
    }
}

TEST(a_full_pool_refuses_and_recovers)
{
    struct cepa_connection_id ids[4];
    struct cepa_connection_id id;
    struct cepa_description offer;
    struct cepa_description answer;
    test_net_settings.connections_max = 4;
    test_net_begin(3, 1, 0, 6);
    for (size_t i = 0; i < 4; i++) {
        CHECK_INT(cepa_endpoint_offer(endpoint(1), &ids[i], &offer), 0);
    }
    const struct cepa_dial_address address = test_net_dial_address(2);
    CHECK_INT(cepa_endpoint_offer(endpoint(1), &id, &answer), CEPA_ERR_FULL);
    CHECK_INT(cepa_endpoint_dial(endpoint(1), &id, &address), CEPA_ERR_FULL);
    CHECK_INT(cepa_endpoint_answer(endpoint(1), &id, &answer, &offer), CEPA_ERR_FULL);
    const struct cepa_dial_address full = test_net_dial_address(1);
    CHECK_INT(cepa_endpoint_dial(endpoint(0), &id, &full), 0);
    test_net_pass_ms(50);
    CHECK(counts(1).refused > 0);
    CHECK_INT(counts(1).connections, 4);
    CHECK_INT(cepa_endpoint_close(endpoint(1), ids[2]), 0);
    CHECK_INT(test_net_wait(0, CEPA_ENDPOINT_OPEN, 1000).kind, CEPA_ENDPOINT_OPEN);
    check_works(id);
    test_net_settings.connections_max = 512;
}

TEST(offers_with_many_places_do_not_use_up_the_map)
{
    struct cepa_connection_id id;
    struct cepa_description offer;
    struct cepa_description answer;
    test_net_settings.connections_max = 64;
    test_net_begin(3, 1, 0, 7);
    CHECK_INT(cepa_endpoint_offer(endpoint(2), &id, &offer), 0);
    for (unsigned i = 0; i < 62; i++) {
        CHECK_INT(cepa_endpoint_answer(endpoint(0), &id, &answer, &offer), 0);
        for (unsigned j = 0; j < 24; j++) {
            struct cepa_candidate candidate = offer.candidates[0];
            candidate.address = stranger(i, j);
            (void)!cepa_endpoint_add_candidate(endpoint(0), id, &candidate);
        }
    }
    test_net_pass_ms(600);
    struct cepa_connection_id ids[2];
    connect(ids); /* in spite of 1,488 of them */
    check_works(ids[0]);
    test_net_pass_ms(15000);
    CHECK_INT(counts(0).connections, 1);
    negotiate(ids);
    check_works(ids[0]);
    test_net_settings.connections_max = 512;
}

TEST(a_connection_outlives_any_number_of_moves)
{
    struct cepa_connection_id ids[2];
    struct cepa_description offer;
    struct cepa_description answer;
    test_net_begin(2, 1, 0, 8);
    negotiate(ids);
    for (uint8_t i = 0; i < 3 * CEPA_CONNECTION_ROUTES_MAX; i++) {
        test_net_move(0, (uint8_t)(50 + i));
        CHECK_INT(cepa_endpoint_restart(endpoint(0), ids[0], &offer), 0);
        CHECK_INT(cepa_endpoint_answer_restart(endpoint(1), ids[1], &answer, &offer), 0);
        CHECK_INT(cepa_endpoint_accept(endpoint(0), ids[0], &answer), 0);
        test_net_pass_ms(1000);
    }
    check_works(ids[0]);
    struct cepa_connection_stats stats;
    CHECK_INT(cepa_endpoint_stats(endpoint(1), &stats, ids[1]), 0);
    CHECK_BYTES(&stats.path.remote, &test_net_ends[0].address, sizeof stats.path.remote);
}

TEST(who_does_not_fetch_events_holds_nobody_else_back)
{
    struct cepa_connection_id ids[2];
    struct cepa_channel_id channel;
    static uint8_t message[10000];
    test_net_begin(3, 1, 0, 9);
    connect(ids);
    struct cepa_channels *channels = cepa_endpoint_channels(endpoint(0), ids[0]);
    CHECK_INT(cepa_channels_open(channels, &channel, &plain), 0);
    test_net_pass_ms(100);
    test_net_ends[1].is_deaf = true;
    size_t before = memory();
    for (unsigned i = 0; i < 1000; i++) { /* 10 MB, of which two buffers take some */
        channels = cepa_endpoint_channels(endpoint(0), ids[0]);
        (void)!cepa_channels_send(channels, channel, false, message, sizeof message);
        test_net_pass_ms(20);
    }
    CHECK(memory() - before < (size_t)6 * CEPA_SCTP_BUFFER_SIZE);
    const struct cepa_dial_address address = test_net_dial_address(1);
    struct cepa_connection_id other;
    CHECK_INT(cepa_endpoint_dial(endpoint(2), &other, &address), 0);
    test_net_pass_ms(20000); /* that one cannot open; the first one stays */
    CHECK(counts(1).half_open <= 1);
    test_net_ends[1].is_deaf = false;
    test_net_pass_ms(20000);
    CHECK(test_net_ends[1].messages > 50);
    check_works(ids[0]);
}

TEST_MAIN(RUN(half_finished_handshakes_of_one_address_have_few_places),
          RUN(half_finished_handshakes_of_many_addresses_make_room),
          RUN(one_half_open_handshake_takes_little_memory),
          RUN(a_check_that_lacks_something_takes_no_memory),
          RUN(random_bytes_that_do_not_come_change_nothing), RUN(a_full_pool_refuses_and_recovers),
          RUN(offers_with_many_places_do_not_use_up_the_map),
          RUN(a_connection_outlives_any_number_of_moves),
          RUN(who_does_not_fetch_events_holds_nobody_else_back))
