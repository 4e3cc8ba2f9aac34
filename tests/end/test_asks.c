/* Questions to relays: what is answered, what comes too late, and what is nobody's. */
#include <string.h>

#include "end/end_parts.h"
#include "support/lone_end.h"
#include "support/test.h"

static struct lone_end lone;
static struct cepa_end_asks *asks;

/* One that is under way, without a circuit: this end knows no relay. */
static struct cepa_end_ask *begin(uint64_t limit_ns)
{
    lone_end_begin(&lone, 21);
    asks = &lone.end->asks;
    struct cepa_end_ask *ask = &asks->asks[0];
    *ask = (struct cepa_end_ask){.is_used = true,
                                 .tag = {1},
                                 .answer = {.asker = CEPA_END_ASKER_LOOKUP, .ticket = 9},
                                 .until = cepa_time_add(sim_now(lone.sim), limit_ns),
                                 .sent = 1};
    return ask;
}

static void answer(uint8_t tag_byte, uint8_t part, const uint8_t *body, size_t body_len)
{
    const uint8_t tag[CEPA_SERVICE_TAG_SIZE] = {tag_byte};
    uint8_t data[CEPA_CELL_DATA_MAX];
    size_t len = cepa_service_answer(data, CEPA_SERVICE_OK, tag, part, body, body_len);
    cepa_end_asks_on_data(asks, 0, data, len, sim_now(lone.sim));
}

TEST(an_answer_comes_whole)
{
    static uint8_t body[2000];
    struct cepa_end_answer got;
    struct cepa_end_ask *ask = begin(CEPA_SECOND_NS);
    memset(body, 5, sizeof body);
    answer(2, 0, body, sizeof body); /* of something else */
    cepa_end_asks_on_data(asks, 0, body, 3, sim_now(lone.sim));
    CHECK_INT(cepa_end_asks_next(asks, &got), CEPA_ERR_NOT_FOUND);
    answer(1, 1, body, sizeof body);
    cepa_end_asks_on_broken(asks, 0); /* all is said again */
    CHECK_INT(ask->sent, 0);
    answer(1, 0, body, sizeof body);
    CHECK_INT(cepa_end_asks_next(asks, &got), CEPA_ERR_NOT_FOUND);
    answer(1, 1, body, sizeof body);
    CHECK_INT(cepa_end_asks_next(asks, &got), 0);
    CHECK_INT(got.error, 0);
    CHECK_INT(got.status, CEPA_SERVICE_OK);
    CHECK_INT(got.body_len, sizeof body);
    CHECK_BYTES(got.body, body, sizeof body);
    CHECK_INT(got.ticket, 9);
    CHECK_INT(cepa_end_asks_room(asks), asks->capacity);
    sim_free(lone.sim);
}

TEST(what_takes_too_long_is_over)
{
    struct cepa_end_answer got;
    begin(CEPA_SECOND_NS);
    struct cepa_time now = sim_now(lone.sim);
    CHECK_INT(cepa_time_since(cepa_end_asks_deadline(asks), now), CEPA_SECOND_NS);
    cepa_end_asks_step(asks, cepa_time_add(now, CEPA_SECOND_NS - 1));
    CHECK_INT(cepa_end_asks_next(asks, &got), CEPA_ERR_NOT_FOUND);
    cepa_end_asks_step(asks, cepa_time_add(now, CEPA_SECOND_NS));
    CHECK_INT(cepa_end_asks_next(asks, &got), 0);
    CHECK_INT(got.error, CEPA_ERR_TIMEOUT);
    CHECK(cepa_time_is_never(cepa_end_asks_deadline(asks)));
    sim_free(lone.sim);
}

TEST(a_circuit_that_closes_is_an_answer)
{
    static const int errors[][2] = {{0, CEPA_ERR_UNREACHABLE},
                                    {CEPA_ERR_TIMEOUT, CEPA_ERR_TIMEOUT}};
    for (size_t i = 0; i < 2; i++) {
        struct cepa_end_answer got;
        begin(CEPA_SECOND_NS);
        cepa_end_asks_on_closed(asks, 0, errors[i][0]);
        CHECK_INT(cepa_end_asks_next(asks, &got), 0);
        CHECK_INT(got.error, errors[i][1]);
        sim_free(lone.sim);
    }
}

TEST(what_its_asker_forgets_is_gone)
{
    struct cepa_end_answer got;
    struct cepa_end_ask *ask = begin(CEPA_SECOND_NS);
    cepa_end_asks_drop(asks, CEPA_END_ASKER_KNOCK, 0, sim_now(lone.sim));
    CHECK(ask->is_used);
    cepa_end_asks_drop(asks, CEPA_END_ASKER_LOOKUP, 0, sim_now(lone.sim));
    CHECK(!ask->is_used);
    CHECK_INT(cepa_end_asks_next(asks, &got), CEPA_ERR_NOT_FOUND);
    sim_free(lone.sim);
}

TEST(full_and_unknown_relays_are_told_at_once)
{
    const struct cepa_ed25519_public_key relay = {{1}};
    const struct cepa_end_question question = {.asker = CEPA_END_ASKER_LOOKUP,
                                               .relay = &relay,
                                               .service = CEPA_SERVICE_DESCRIPTOR_GET,
                                               .limit_ns = CEPA_SECOND_NS};
    begin(CEPA_SECOND_NS);
    CHECK(cepa_end_ask(asks, &question, sim_now(lone.sim)) != 0);
    CHECK_INT(cepa_end_asks_room(asks), asks->capacity - 1);
    for (uint32_t i = 0; i < asks->capacity; i++) {
        asks->asks[i].is_used = true;
    }
    CHECK_INT(cepa_end_ask(asks, &question, sim_now(lone.sim)), CEPA_ERR_FULL);
    sim_free(lone.sim);
}

TEST_MAIN(RUN(an_answer_comes_whole), RUN(what_takes_too_long_is_over),
          RUN(a_circuit_that_closes_is_an_answer), RUN(what_its_asker_forgets_is_gone),
          RUN(full_and_unknown_relays_are_told_at_once))
