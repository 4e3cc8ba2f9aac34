/* Messages that open data channels: inverse encoding, and bad ones refused. */
#include <string.h>

#include "native/webrtc/dcep.h"
#include "support/test.h"

static uint8_t bytes[CEPA_DCEP_OPEN_MAX + 1];

TEST(channels_come_back)
{
    static char label[CEPA_DCEP_LABEL_MAX];
    memset(label, 'x', sizeof label);
    static const size_t lens[] = {0, 1, 7, CEPA_DCEP_LABEL_MAX};
    for (unsigned kind = 0; kind < 6; kind++) {
        for (size_t i = 0; i < 4; i++) {
            const struct cepa_dcep_open in = {
                kind % 2 == 1, (enum cepa_reliability)(kind / 2), 5, 256, label, lens[i], label,
                lens[3 - i]};
            struct cepa_dcep_open out;
            size_t len;
            CHECK_INT(cepa_dcep_open_encode(bytes, &len, &in), 0);
            CHECK_INT(len, CEPA_DCEP_HEADER_SIZE + lens[i] + lens[3 - i]);
            CHECK_INT(cepa_dcep_open_decode(&out, bytes, len), 0);
            CHECK_INT(out.is_unordered, kind % 2);
            CHECK_INT(out.reliability, kind / 2);
            CHECK_INT(out.limit, kind / 2 == CEPA_RELIABLE ? 0 : 5);
            CHECK_INT(out.priority, 256);
            CHECK_INT(out.label_len, lens[i]);
            CHECK_INT(out.protocol_len, lens[3 - i]);
            CHECK_BYTES(out.label, label, lens[i]);
            for (size_t cut = 0; cut < len; cut += cut < 14 ? 1 : 97) {
                CHECK_INT(cepa_dcep_open_decode(&out, bytes, cut), CEPA_ERR_LENGTH);
            }
            CHECK_INT(cepa_dcep_open_decode(&out, bytes, len + 1), CEPA_ERR_LENGTH);
        }
    }
}

TEST(bad_channels_are_refused)
{
    static uint8_t big[CEPA_DCEP_HEADER_SIZE + 256] = {3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0};
    uint8_t open[CEPA_DCEP_HEADER_SIZE] = {3};
    const struct cepa_dcep_open too_long = {.label = "", .label_len = CEPA_DCEP_LABEL_MAX + 1};
    struct cepa_dcep_open out = {.priority = 77};
    size_t len;
    CHECK_INT(cepa_dcep_open_decode(&out, big, sizeof big), CEPA_ERR_TOO_LONG);
    open[0] = 4;
    CHECK_INT(cepa_dcep_open_decode(&out, open, sizeof open), CEPA_ERR_MALFORMED);
    open[0] = 3;
    open[1] = 3;
    CHECK_INT(cepa_dcep_open_decode(&out, open, sizeof open), CEPA_ERR_MALFORMED);
    open[1] = 0x83;
    CHECK_INT(cepa_dcep_open_decode(&out, open, sizeof open), CEPA_ERR_MALFORMED);
    CHECK_INT(cepa_dcep_open_encode(bytes, &len, &too_long), CEPA_ERR_TOO_LONG);
    CHECK_INT(out.priority, 77);
}

TEST(an_ack_is_one_byte)
{
    uint8_t ack[2] = {0, 0};
    cepa_dcep_ack_encode(ack);
    CHECK(cepa_dcep_is_ack(ack, 1));
    CHECK(!cepa_dcep_is_ack(ack, 2) && !cepa_dcep_is_ack(ack + 1, 1) && !cepa_dcep_is_ack(ack, 0));
}

TEST_MAIN(RUN(channels_come_back), RUN(bad_channels_are_refused), RUN(an_ack_is_one_byte))
