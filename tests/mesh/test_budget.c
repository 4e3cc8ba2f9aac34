#include "mesh/budget.h"

#include "support/test.h"

static struct cepa_time at_ms(uint64_t ms)
{
    struct cepa_time time = {ms * CEPA_MILLISECOND_NS};
    return time;
}

TEST(tokens_come_back_at_their_rate)
{
    struct cepa_token_bucket bucket = {10, at_ms(0)};
    CHECK(cepa_token_bucket_take(&bucket, 10, 4, 10, at_ms(0)));
    CHECK(!cepa_token_bucket_take(&bucket, 1, 4, 10, at_ms(249)));
    CHECK(cepa_token_bucket_take(&bucket, 1, 4, 10, at_ms(250)));
    uint32_t taken = 0;
    for (uint64_t ms = 251; ms <= 100250; ms++) {
        taken += cepa_token_bucket_take(&bucket, 1, 4, 10, at_ms(ms)) ? 1 : 0;
    }
    CHECK_INT(taken, 400); /* often asked is not more often given */
    CHECK(!cepa_token_bucket_take(&bucket, 11, 4, 10, at_ms(10000000)));
    CHECK(cepa_token_bucket_take(&bucket, 10, 4, 10, at_ms(10000000)));
    CHECK(!cepa_token_bucket_take(&bucket, 1, 4, 10, at_ms(10000000)));
}

TEST(one_cost_does_not_pay_another)
{
    struct cepa_mesh_budget budget;
    cepa_mesh_budget_init(&budget, at_ms(0));
    while (cepa_mesh_budget_take(&budget, CEPA_MESH_COST_PROBES, 1, at_ms(0))) {
    }
    CHECK(cepa_mesh_budget_take(&budget, CEPA_MESH_COST_DIALBACKS, 1, at_ms(0)));
}

TEST(misdeeds_add_up_and_are_forgotten)
{
    struct cepa_mesh_budget budget;
    cepa_mesh_budget_init(&budget, at_ms(0));
    CHECK(!cepa_mesh_budget_misdeed(&budget, CEPA_MESH_MISDEED_FORGED, at_ms(0)));
    CHECK(!cepa_mesh_budget_misdeed(&budget, CEPA_MESH_MISDEED_FORGED, at_ms(0)));
    CHECK(cepa_mesh_budget_misdeed(&budget, CEPA_MESH_MISDEED_FORGED, at_ms(900)));
    cepa_mesh_budget_init(&budget, at_ms(0));
    for (uint64_t s = 0; s < 1000; s++) {
        CHECK(!cepa_mesh_budget_misdeed(&budget, CEPA_MESH_MISDEED_BUDGET, at_ms(s * 1000)));
    }
    CHECK(cepa_mesh_budget_misdeed(&budget, CEPA_MESH_MISDEED_MALFORMED, at_ms(1000000)));
}

TEST_MAIN(RUN(tokens_come_back_at_their_rate), RUN(one_cost_does_not_pay_another),
          RUN(misdeeds_add_up_and_are_forgotten))
