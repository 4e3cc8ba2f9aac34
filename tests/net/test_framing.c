/* Datagrams come out of a TCP stream as they went in, however the stream is cut. */
#include <string.h>

#include "native/net/framing.h"
#include "support/test.h"

static const size_t lens[] = {1, 0, 2, 1200, 0, 0, CEPA_FRAMING_DATAGRAM_MAX, 3};
enum { COUNT = sizeof lens / sizeof lens[0] };

static uint8_t stream[8192];

static size_t make_stream(void)
{
    size_t at = 0;
    for (size_t i = 0; i < COUNT; i++) {
        cepa_framing_header(stream + at, lens[i]);
        memset(stream + at + CEPA_FRAMING_HEADER_SIZE, (int)(i + 1), lens[i]);
        at += CEPA_FRAMING_HEADER_SIZE + lens[i];
    }
    return at;
}

TEST(datagrams_come_out_however_the_stream_is_cut)
{
    size_t stream_len = make_stream();
    for (size_t cut = 1; cut <= stream_len; cut = cut * 2 + 1) {
        struct cepa_framing framing;
        size_t next = 0;
        cepa_framing_init(&framing);
        for (size_t at = 0; at < stream_len;) {
            const uint8_t *datagram;
            size_t datagram_len;
            size_t taken;
            size_t len = cut < stream_len - at ? cut : stream_len - at;
            int result =
                cepa_framing_push(&framing, &taken, &datagram, &datagram_len, stream + at, len);
            CHECK(result == 0 || result == 1);
            CHECK(taken > 0 && (result == 1 || taken == len));
            at += taken;
            if (result == 0) {
                continue;
            }
            next += lens[next] == 0 ? 1 : 0;
            next += lens[next] == 0 ? 1 : 0;
            CHECK_INT(datagram_len, lens[next]);
            CHECK(datagram[0] == next + 1 && datagram[datagram_len - 1] == next + 1);
            next++;
        }
        CHECK_INT(next, COUNT);
    }
}

TEST(a_datagram_that_is_too_long_ends_it)
{
    struct cepa_framing framing;
    const uint8_t *datagram;
    size_t datagram_len;
    size_t taken;
    const uint8_t header[2] = {(CEPA_FRAMING_DATAGRAM_MAX + 1) >> 8,
                               (CEPA_FRAMING_DATAGRAM_MAX + 1) & 255};
    cepa_framing_init(&framing);
    CHECK_INT(cepa_framing_push(&framing, &taken, &datagram, &datagram_len, header, sizeof header),
              CEPA_ERR_TOO_LONG);
}

TEST_MAIN(RUN(datagrams_come_out_however_the_stream_is_cut),
          RUN(a_datagram_that_is_too_long_ends_it))
