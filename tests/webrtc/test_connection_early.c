/* Handshakes that begin before the other side is ready. */
#include "native/webrtc/endpoint.h"
#include "support/endpoint_net.h"
#include "support/test.h"

/* End 0 offers to be the server of DTLS, end 1 answers, and the answer takes its time. */
static struct cepa_connection_id offer_slowly(unsigned answer_ms)
{
    struct cepa_connection_id ids[2];
    struct cepa_description offer;
    struct cepa_description answer;
    struct cepa_endpoint *ends[2] = {test_net_ends[0].endpoint, test_net_ends[1].endpoint};
    CHECK_INT(cepa_endpoint_offer(ends[0], &ids[0], &offer), 0);
    offer.setup = CEPA_SETUP_PASSIVE;
    CHECK_INT(cepa_endpoint_answer(ends[1], &ids[1], &answer, &offer), 0);
    test_net_pass_ms(answer_ms);
    CHECK_INT(cepa_endpoint_accept(ends[0], ids[0], &answer), 0);
    return ids[0];
}

TEST(a_first_flight_that_comes_before_the_answer_is_not_lost)
{
    test_net_begin(2, 5, 0, 1);
    (void)offer_slowly(1000); /* the flights after the first are 2^n times 100 ms apart */
    uint64_t since_ms = test_net_now_ms();
    CHECK_INT(test_net_wait(1, CEPA_ENDPOINT_OPEN, 2000).kind, CEPA_ENDPOINT_OPEN);
    CHECK_INT(test_net_wait(0, CEPA_ENDPOINT_OPEN, 2000).kind, CEPA_ENDPOINT_OPEN);
    CHECK(test_net_now_ms() - since_ms <= 80);
}

TEST(one_that_is_held_goes_with_its_connection)
{
    test_net_begin(2, 5, 0, 2);
    struct cepa_connection_id id;
    struct cepa_description offer;
    struct cepa_description answer;
    struct cepa_connection_id peer;
    CHECK_INT(cepa_endpoint_offer(test_net_ends[0].endpoint, &id, &offer), 0);
    offer.setup = CEPA_SETUP_PASSIVE;
    CHECK_INT(cepa_endpoint_answer(test_net_ends[1].endpoint, &peer, &answer, &offer), 0);
    test_net_pass_ms(500);
    CHECK_INT(cepa_endpoint_close(test_net_ends[0].endpoint, id), 0);
    test_net_pass_ms(500);
    CHECK_INT(cepa_endpoint_counts(test_net_ends[0].endpoint).connections, 0);
}

TEST_MAIN(RUN(a_first_flight_that_comes_before_the_answer_is_not_lost),
          RUN(one_that_is_held_goes_with_its_connection))
