/* The log of messages: none twice within a day, the oldest forgotten when it is full. */
#include "application/message_log.h"

#include <stdalign.h>
#include <string.h>

#include "support/test.h"

enum { CAPACITY = 8 };

static alignas(16) uint8_t memory[4096];
static struct cepa_message_log message_log;
static const struct cepa_message_sender alice = {{1}};
static const struct cepa_message_sender bob = {{2}};

static void begin(void)
{
    static const struct cepa_siphash_key key = {{7}};
    size_t size = cepa_message_log_size(CAPACITY);
    CHECK(size <= sizeof memory);
    cepa_message_log_init(&message_log, memory, size, CAPACITY, &key);
}

static struct cepa_message_id id_of(unsigned number)
{
    struct cepa_message_id id = {{(uint8_t)number, (uint8_t)(number >> 8)}};
    return id;
}

static int accept_at(const struct cepa_message_sender *sender, unsigned number, uint64_t now_ms)
{
    struct cepa_message_id id = id_of(number);
    int checked = cepa_message_log_check(&message_log, sender, &id);
    int error =
        cepa_message_log_accept(&message_log, sender, &id, (struct cepa_wall){.unix_ms = now_ms});
    CHECK_INT(checked, error);
    CHECK_INT(cepa_message_log_check(&message_log, sender, &id), CEPA_ERR_REPLAY);
    return error;
}

TEST(none_is_accepted_twice)
{
    begin();
    CHECK_INT(accept_at(&alice, 1, 1000), 0);
    CHECK_INT(accept_at(&alice, 1, 1000), CEPA_ERR_REPLAY);
    CHECK_INT(accept_at(&alice, 2, 1001), 0);
    CHECK_INT(accept_at(&bob, 1, 1002), 0); /* another's message of this id is another one */
    CHECK_INT(accept_at(&alice, 1, 1000 + CEPA_MESSAGE_LOG_DAY_MS), CEPA_ERR_REPLAY);
    CHECK_INT(cepa_message_log_count(&message_log), 3);
    cepa_message_log_wipe(&message_log);
}

TEST(a_day_later_they_are_forgotten)
{
    begin();
    CHECK_INT(accept_at(&alice, 1, 1000), 0);
    CHECK_INT(accept_at(&alice, 2, 2000), 0);
    CHECK_INT(accept_at(&alice, 3, 1000 + CEPA_MESSAGE_LOG_DAY_MS), 0);
    CHECK_INT(cepa_message_log_count(&message_log), 3);
    CHECK_INT(accept_at(&alice, 4, 1001 + CEPA_MESSAGE_LOG_DAY_MS), 0);
    CHECK_INT(cepa_message_log_count(&message_log), 3); /* 1 is gone */
    CHECK_INT(accept_at(&alice, 1, 1002 + CEPA_MESSAGE_LOG_DAY_MS), 0);
    CHECK_INT(accept_at(&alice, 5, 10 * CEPA_MESSAGE_LOG_DAY_MS), 0);
    CHECK_INT(cepa_message_log_count(&message_log), 1);
    cepa_message_log_wipe(&message_log);
}

TEST(a_clock_that_goes_back_forgets_nothing)
{
    begin();
    CHECK_INT(accept_at(&alice, 1, 5 * CEPA_MESSAGE_LOG_DAY_MS), 0);
    CHECK_INT(accept_at(&alice, 2, 0), 0);
    CHECK_INT(accept_at(&alice, 1, 0), CEPA_ERR_REPLAY);
    CHECK_INT(accept_at(&alice, 2, 6 * CEPA_MESSAGE_LOG_DAY_MS), CEPA_ERR_REPLAY);
    CHECK_INT(cepa_message_log_count(&message_log), 2);
    cepa_message_log_wipe(&message_log);
}

TEST(a_full_log_forgets_the_oldest)
{
    begin();
    for (unsigned i = 0; i < 1000; i++) {
        CHECK_INT(accept_at(&alice, i, 1000 + i), 0);
        CHECK_INT(cepa_message_log_count(&message_log), i < CAPACITY ? i + 1 : CAPACITY);
        for (unsigned j = i < CAPACITY ? 0 : i - CAPACITY + 1; j <= i; j++) {
            CHECK_INT(accept_at(&alice, j, 1000 + i), CEPA_ERR_REPLAY);
        }
    }
    struct cepa_message_id id = id_of(1000 - CAPACITY - 1);
    CHECK_INT(cepa_message_log_check(&message_log, &alice, &id), 0);
    cepa_message_log_wipe(&message_log);
}

TEST(sizes_that_are_none)
{
    CHECK(cepa_message_log_size(0) == SIZE_MAX);
    CHECK(cepa_message_log_size(3) == SIZE_MAX);
    CHECK(cepa_message_log_size(UINT32_C(1) << 31) == SIZE_MAX);
    CHECK(cepa_message_log_size(16384) <= 16384 * 128);
}

TEST_MAIN(RUN(none_is_accepted_twice), RUN(a_day_later_they_are_forgotten),
          RUN(a_clock_that_goes_back_forgets_nothing), RUN(a_full_log_forgets_the_oldest),
          RUN(sizes_that_are_none))
