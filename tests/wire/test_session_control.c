/* The control stream's messages: what is written is read, however the stream is cut; everything
 * else is malformed. @[SPEC 16.6] */
#include "wire/session_control.h"

#include <string.h>

#include "support/random.h"
#include "support/test.h"

static uint8_t body[CEPA_CONTROL_BODY_MAX];
static struct cepa_control_reader reader;

/* One message of each kind, `which` from 1 on. */
static struct cepa_control make(unsigned which)
{
    struct cepa_control control;
    memset(&control, 0, sizeof control);
    control.kind = (enum cepa_control_kind)which;
    switch (which) {
    case CEPA_CONTROL_ADMISSION:
        control.verdict = CEPA_CONTROL_REFUSED;
        break;
    case CEPA_CONTROL_PATH:
        control.path = 0x01020304;
        control.day.number = 20000;
        control.state = CEPA_CONTROL_PATH_RETIRE;
        break;
    case CEPA_CONTROL_FINISH:
        control.code = 0xfffefdfc;
        break;
    case CEPA_CONTROL_KEPT:
        break;
    default:
        control.body = body;
        break;
    }
    return control;
}

static void check_same(const struct cepa_control *got, const struct cepa_control *want, size_t len)
{
    CHECK_INT(got->kind, want->kind);
    CHECK_INT(got->verdict, want->verdict);
    CHECK_INT(got->state, want->state);
    CHECK_INT(got->path, want->path);
    CHECK_INT(got->day.number, want->day.number);
    CHECK_INT(got->code, want->code);
    CHECK((got->body == NULL) == (want->body == NULL));
    if (want->body != NULL) {
        CHECK_BYTES(got->body, want->body, len - CEPA_CONTROL_HEADER_SIZE);
    }
}

TEST(messages_are_read_as_they_were_written)
{
    static uint8_t stream[9 * CEPA_CONTROL_SIZE_MAX];
    static size_t lens[10];
    struct test_random random = {4};
    size_t stream_len = 0;
    test_random_bytes(&random, body, sizeof body);
    for (unsigned which = 1; which <= 9; which++) {
        struct cepa_control control = make(which);
        lens[which] = cepa_control_encode(stream + stream_len, &control);
        stream_len += lens[which];
    }
    for (size_t piece = 1; piece < 4000; piece = piece * 3 + 1) {
        unsigned which = 1;
        memset(&reader, 0, sizeof reader);
        for (size_t at = 0; at < stream_len;) {
            struct cepa_control got;
            size_t room = cepa_control_room(&reader);
            CHECK(room > 0);
            size_t len = room < piece ? room : piece;
            memcpy(reader.bytes + reader.len, stream + at, len);
            reader.len += len;
            at += len;
            int error = cepa_control_decode(&reader, &got);
            CHECK(error == 0 || error == CEPA_ERR_NOT_FOUND);
            if (error == 0) {
                struct cepa_control want = make(which);
                check_same(&got, &want, lens[which]);
                which++;
            }
        }
        CHECK_INT(which, 10);
    }
}

TEST(anything_else_is_malformed)
{
    static const struct {
        uint8_t bytes[16];
        size_t len;
    } cases[] = {{{0, 0, 0}, 3},       {{10, 0, 0}, 3},
                 {{255, 255, 255}, 3}, {{8, 0, 1}, 3},
                 {{5, 0, 31}, 3},      {{3, 12, 129}, 3},
                 {{6, 0, 1, 3}, 4},    {{7, 0, 9, 0, 0, 0, 1, 0, 0, 0, 1, 4}, 12}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cepa_control control;
        memset(&reader, 0, sizeof reader);
        memcpy(reader.bytes, cases[i].bytes, cases[i].len);
        reader.len = cases[i].len;
        CHECK_INT(cepa_control_room(&reader), 0);
        CHECK_INT(cepa_control_decode(&reader, &control), CEPA_ERR_MALFORMED);
    }
}

TEST_MAIN(RUN(messages_are_read_as_they_were_written), RUN(anything_else_is_malformed))
