/* Work of knocks: what was found counts, for this knock alone. @[SPEC 16.2] */
#include "session/knock_work.h"

#include "support/random.h"
#include "support/test.h"

TEST(work_is_found_and_counts_for_one_knock)
{
    static uint8_t message[CEPA_KNOCK_SIZE];
    struct test_random random = {3};
    uint64_t nonce = 0;
    test_random_bytes(&random, message, sizeof message);
    CHECK(!cepa_knock_has_work(message));
    CHECK_INT(cepa_knock_work(message, &nonce, 0), CEPA_ERR_NOT_FOUND);
    int error = CEPA_ERR_NOT_FOUND;
    for (unsigned round = 0; round < 400 && error != 0; round++) {
        error = cepa_knock_work(message, &nonce, 10000);
    }
    CHECK_INT(error, 0);
    CHECK(cepa_knock_has_work(message));
    message[2000] ^= 1;
    CHECK(!cepa_knock_has_work(message));
    message[2000] ^= 1;
    message[CEPA_KNOCK_WORK_OFFSET] ^= 1;
    CHECK(!cepa_knock_has_work(message));
}

TEST_MAIN(RUN(work_is_found_and_counts_for_one_knock))
