/* A session whose other end says what it likes: frames as the input has them, on two paths, while
 * this end opens, writes, reads, gives up, loses paths and sends. What is decoded encodes to the
 * same bytes; whatever comes, memory stays within its limits. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "session/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

/* Whatever it answers is right here: what counts is that it does nothing else. */
static void ignore(int error)
{
    (void)error;
}

static struct cepa_session *session;
static struct cepa_stream streams[8];
static struct cepa_time now;
static uint64_t numbers[2];

/* What was decoded is written again; the same bytes must come out. */
static void check_frames(const uint8_t *plain)
{
    uint8_t again[CEPA_SESSION_PLAIN_SIZE];
    struct cepa_session_frame frame;
    struct cepa_reader reader;
    struct cepa_writer writer;
    cepa_reader_init(&reader, plain, CEPA_SESSION_PLAIN_SIZE);
    cepa_writer_init(&writer, again, sizeof again);
    do {
        if (cepa_session_frame_decode(&frame, &reader) != 0) {
            return;
        }
        if (frame.kind == CEPA_SESSION_FRAME_SEGMENT && frame.data_len > CEPA_SESSION_SEGMENT_MAX) {
            return;
        }
        if (frame.kind != CEPA_SESSION_FRAME_END) {
            CEPA_ASSERT(cepa_session_frame_encode(&writer, &frame) == 0);
        }
    } while (frame.kind != CEPA_SESSION_FRAME_END);
    cepa_writer_zeros(&writer, cepa_writer_left(&writer));
    CEPA_ASSERT(memcmp(again, plain, sizeof again) == 0);
}

static void take_events(void)
{
    struct cepa_session_event event;
    while (cepa_session_next(session, &event) == 0) {
        if (event.kind == CEPA_SESSION_OPENED) {
            streams[event.stream.handle.index % 8] = event.stream;
        }
    }
}

static void pull_all(void)
{
    uint8_t plain[CEPA_SESSION_PLAIN_SIZE];
    uint64_t number;
    for (uint32_t path = 0; path < 2; path++) {
        cepa_session_path_room(session, path, 8);
        while (cepa_session_pull(session, &number, plain, path, now) == 0) {
            check_frames(plain);
        }
    }
}

static void act(unsigned action, unsigned argument)
{
    static const uint8_t bytes[3200];
    uint8_t out[2000];
    struct cepa_stream *stream = &streams[argument % 8];
    size_t len;
    bool is_end;
    switch (action % 10) {
    case 0:
        ignore(cepa_session_open(session, stream, argument > 127));
        break;
    case 1:
        ignore(cepa_session_write(session, &len, *stream, bytes, 12u * argument, argument > 200));
        break;
    case 2:
        ignore(cepa_session_read(session, out, &len, &is_end, argument * 7u, *stream, now));
        break;
    case 3:
        cepa_session_reset(session, *stream, argument);
        break;
    case 4:
        cepa_session_stop(session, *stream, argument);
        break;
    case 5:
        now.ns += argument * 3 * CEPA_MILLISECOND_NS;
        cepa_session_step(session, now);
        break;
    case 6:
        cepa_session_path_broken(session, argument % 2, now);
        break;
    case 7:
        cepa_session_path_mended(session, argument % 2, now);
        break;
    case 8:
        cepa_session_path_close(session, argument % 2, now);
        numbers[argument % 2] = 0;
        ignore(cepa_session_path_open(session, argument % 2,
                                      (enum cepa_session_role)(argument / 128), now));
        break;
    default:
        ignore(cepa_session_send_datagram(session, bytes, argument));
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    static const struct cepa_siphash_key key;
    static void *memory;
    struct cepa_session_limits limits = {.streams = 32,
                                         .send_segments = 64,
                                         .receive_segments = 1024,
                                         .packets = 16,
                                         .datagrams = 4};
    uint8_t plain[CEPA_SESSION_PLAIN_SIZE];
    size_t size = cepa_session_size(&limits);
    if (memory == NULL) {
        memory = aligned_alloc(16, (size + 15) / 16 * 16);
    }
    now.ns = CEPA_SECOND_NS;
    memset(streams, 0, sizeof streams);
    memset(numbers, 0, sizeof numbers);
    CEPA_ASSERT(cepa_session_init(&session, memory, size, &limits, data_len % 2 == 0, &key, now) ==
                0);
    for (uint32_t path = 0; path < 2; path++) {
        CEPA_ASSERT(cepa_session_path_open(session, path, CEPA_SESSION_ACTIVE, now) == 0);
    }
    while (data_len >= 2) {
        unsigned action = data[0];
        unsigned argument = data[1];
        data += 2;
        data_len -= 2;
        if (action >= 128) { /* a packet of so many bytes */
            uint32_t path = action % 2;
            size_t len = argument * 4u < data_len ? argument * 4u : data_len;
            memset(plain, 0, sizeof plain);
            memcpy(plain, data, len < sizeof plain ? len : sizeof plain);
            data += len;
            data_len -= len;
            check_frames(plain);
            ignore(cepa_session_receive(session, path, numbers[path]++, plain, now));
        } else {
            act(action, argument);
        }
        take_events();
        pull_all();
    }
    cepa_session_wipe(session);
    return 0;
}
