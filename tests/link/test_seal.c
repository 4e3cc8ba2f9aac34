/* Sealed frames: order, repeats, changes, and keys that change on the way. */
#include "link/seal.h"

#include <string.h>

#include "base/endian.h"
#include "support/test.h"
#include "wire/sizes.h"

static struct cepa_link_sealer sealer;
static struct cepa_link_opener opener;
static uint8_t frame[CEPA_FRAME_SIZE];

static void begin(void)
{
    static const struct cepa_link_secret secret = {{5}};
    cepa_link_sealer_init(&sealer, &secret);
    cepa_link_opener_init(&opener, &secret);
}

static void seal(uint8_t *ret_frame, size_t len)
{
    memset(ret_frame, 0x42, len);
    CHECK_INT(cepa_link_seal(&sealer, ret_frame, len, 0), 0);
}

TEST(frames_of_both_lengths_open_once)
{
    static const size_t lens[] = {CEPA_FRAME_SIZE, CEPA_RELAYED_FRAME_SIZE};
    begin();
    for (unsigned i = 0; i < 100; i++) {
        uint64_t counter;
        size_t len = lens[i % 2];
        seal(frame, len);
        uint8_t copy[CEPA_FRAME_SIZE];
        memcpy(copy, frame, len);
        CHECK_INT(cepa_link_open(&opener, &counter, frame, len, 0), 0);
        CHECK_INT(counter, i);
        CHECK_INT(frame[8], 0x42);
        CHECK_INT(frame[len - 17], 0x42);
        CHECK_INT(cepa_link_open(&opener, &counter, copy, len, 0), CEPA_ERR_REPLAY);
    }
}

TEST(a_changed_frame_changes_nothing)
{
    begin();
    seal(frame, sizeof frame);
    for (size_t bit = 0; bit < 8 * sizeof frame; bit += 7) {
        uint64_t counter;
        uint8_t copy[CEPA_FRAME_SIZE];
        memcpy(copy, frame, sizeof frame);
        copy[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        struct cepa_link_opener before = opener;
        CHECK(cepa_link_open(&opener, &counter, copy, sizeof copy, 0) < 0);
        CHECK(memcmp(&before, &opener, sizeof before) == 0);
    }
    uint64_t counter;
    CHECK_INT(cepa_link_open(&opener, &counter, frame, 24, 0), CEPA_ERR_LENGTH);
    CHECK_INT(cepa_link_open(&opener, &counter, frame, 0, 0), CEPA_ERR_LENGTH);
    CHECK_INT(cepa_link_open(&opener, &counter, frame, sizeof frame, 0), 0);
}

/* Lets both sides be just before a change of keys. */
static void skip(uint64_t counter)
{
    sealer.counter = counter;
}

TEST(keys_change_and_late_frames_still_open)
{
    const uint64_t edge = UINT64_C(1) << CEPA_LINK_GENERATION_BITS;
    static uint8_t frames[8][CEPA_FRAME_SIZE];
    uint64_t counter;
    begin();
    uint8_t first_key[CEPA_LINK_KEY_SIZE];
    memcpy(first_key, sealer.key, sizeof first_key);
    skip(edge - 4);
    for (unsigned i = 0; i < 8; i++) {
        seal(frames[i], CEPA_FRAME_SIZE);
    }
    CHECK(memcmp(first_key, sealer.key, sizeof first_key) != 0);
    static const unsigned order[] = {0, 4, 3, 7, 1, 2, 6, 5};
    for (unsigned i = 0; i < 8; i++) {
        CHECK_INT(cepa_link_open(&opener, &counter, frames[order[i]], CEPA_FRAME_SIZE, 0), 0);
        CHECK(counter == edge - 4 + order[i]);
    }
    CHECK(opener.generation == 1);
    CHECK_BYTES(opener.previous, first_key, sizeof first_key);
    /* Two generations on is out of reach, and so is one that is gone. */
    memset(frame, 0, sizeof frame);
    cepa_be64_store(frame, 3 * edge);
    CHECK_INT(cepa_link_open(&opener, &counter, frame, sizeof frame, 0), CEPA_ERR_REPLAY);
    skip(2 * edge);
    seal(frame, sizeof frame);
    CHECK_INT(cepa_link_open(&opener, &counter, frame, sizeof frame, 0), 0);
    skip(3 * edge);
    seal(frame, sizeof frame);
    CHECK_INT(cepa_link_open(&opener, &counter, frame, sizeof frame, 0), 0);
    cepa_be64_store(frame, edge);
    CHECK_INT(cepa_link_open(&opener, &counter, frame, sizeof frame, 0), CEPA_ERR_REPLAY);
}

TEST(counters_end)
{
    begin();
    skip(CEPA_LINK_COUNTER_END);
    CHECK_INT(cepa_link_seal(&sealer, frame, sizeof frame, 0), CEPA_ERR_EXHAUSTED);
}

TEST_MAIN(RUN(frames_of_both_lengths_open_once), RUN(a_changed_frame_changes_nothing),
          RUN(keys_change_and_late_frames_still_open), RUN(counters_end))
