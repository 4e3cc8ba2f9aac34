/* Frames of sessions: what is written is read, and what cannot be is refused. @[SPEC 13.2] */
#include "wire/session_frame.h"

#include <string.h>

#include "support/test.h"

static uint8_t plain[CEPA_SESSION_PLAIN_SIZE];
static const uint8_t data[CEPA_SESSION_SEGMENT_MAX] = {9, 8, 7};

static const struct cepa_session_frame frames[] = {
    {.kind = CEPA_SESSION_FRAME_SEGMENT, .stream = 7, .number = 9, .data = data, .data_len = 3},
    {.kind = CEPA_SESSION_FRAME_SEGMENT, .stream = UINT32_MAX, .number = 1, .is_end = true},
    {.kind = CEPA_SESSION_FRAME_ACK,
     .path = 3,
     .largest = 1u << 20,
     .delay_us = 77,
     .data = data,
     .data_len = 2},
    {.kind = CEPA_SESSION_FRAME_WINDOW, .stream = 5, .number = 6},
    {.kind = CEPA_SESSION_FRAME_STREAMS, .number = 128},
    {.kind = CEPA_SESSION_FRAME_RESET, .stream = 5, .number = 6},
    {.kind = CEPA_SESSION_FRAME_STOP, .stream = 5, .number = 6},
    {.kind = CEPA_SESSION_FRAME_DATAGRAM, .data = data, .data_len = 10},
    {.kind = CEPA_SESSION_FRAME_PING},
    {.kind = CEPA_SESSION_FRAME_CLOSE, .number = 4},
};
enum { FRAMES = sizeof frames / sizeof frames[0] };

static size_t write_frames(size_t count)
{
    struct cepa_writer writer;
    cepa_writer_init(&writer, plain, sizeof plain);
    for (size_t i = 0; i < count; i++) {
        CHECK_INT(cepa_session_frame_encode(&writer, &frames[i]), 0);
    }
    size_t len = sizeof plain - cepa_writer_left(&writer);
    cepa_writer_zeros(&writer, cepa_writer_left(&writer));
    return len;
}

TEST(what_is_written_is_read)
{
    struct cepa_reader reader;
    struct cepa_session_frame frame;
    (void)write_frames(FRAMES);
    cepa_reader_init(&reader, plain, sizeof plain);
    for (size_t i = 0; i < FRAMES; i++) {
        const struct cepa_session_frame *want = &frames[i];
        CHECK_INT(cepa_session_frame_decode(&frame, &reader), 0);
        CHECK_INT(frame.kind, want->kind);
        CHECK_INT(frame.stream, want->stream);
        CHECK_INT(frame.path, want->path);
        CHECK_INT(frame.number, want->number);
        CHECK_INT(frame.is_end, want->is_end);
        CHECK_INT(frame.largest, want->largest);
        CHECK_INT(frame.delay_us, want->delay_us);
        CHECK_INT(frame.data_len, want->data_len);
        CHECK_BYTES(frame.data, want->data == NULL ? data : want->data, want->data_len);
    }
    CHECK_INT(cepa_session_frame_decode(&frame, &reader), 0);
    CHECK_INT(frame.kind, CEPA_SESSION_FRAME_END);
    CHECK_INT(cepa_session_frame_decode(&frame, &reader), 0);
    CHECK_INT(frame.kind, CEPA_SESSION_FRAME_END);
}

TEST(what_is_cut_off_is_refused)
{
    size_t whole = write_frames(1);
    for (size_t len = 1; len < whole; len++) {
        struct cepa_reader reader;
        struct cepa_session_frame frame;
        cepa_reader_init(&reader, plain, len);
        CHECK_INT(cepa_session_frame_decode(&frame, &reader), CEPA_ERR_MALFORMED);
    }
}

TEST(what_does_not_fit_is_not_written)
{
    struct cepa_writer writer;
    uint8_t room[13];
    cepa_writer_init(&writer, room, sizeof room);
    CHECK_INT(cepa_session_frame_encode(&writer, &frames[0]), CEPA_ERR_FULL);
    CHECK_INT(cepa_writer_left(&writer), sizeof room);
    CHECK_INT(cepa_session_frame_encode(&writer, &frames[1]), 0);
}

TEST(fields_out_of_range_are_refused)
{
    static const struct {
        uint8_t bytes[20];
    } rows[] = {
        {{10}},                                                     /* unknown kind */
        {{0, 1}},                                                   /* behind the end */
        {{1, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 0xff}},                  /* a long segment */
        {{2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 241}}, /* too many bits */
        {{2, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0}},
        {{7, 4, 0}}, /* a long datagram */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct cepa_reader reader;
        struct cepa_session_frame frame;
        memset(plain, 0, sizeof plain);
        memcpy(plain, rows[i].bytes, sizeof rows[i].bytes);
        cepa_reader_init(&reader, plain, sizeof plain);
        CHECK_INT(cepa_session_frame_decode(&frame, &reader), CEPA_ERR_MALFORMED);
    }
}

TEST_MAIN(RUN(what_is_written_is_read), RUN(what_is_cut_off_is_refused),
          RUN(what_does_not_fit_is_not_written), RUN(fields_out_of_range_are_refused))
