/* Clients of the proxy: however their bytes are cut into pieces, the same comes out; what is sent
 * is bounded, and nothing behind a request is taken. */
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "native/proxy/socks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

/* What came of a client. */
struct outcome {
    int status;
    size_t taken;
    uint8_t sent[CEPA_SOCKS_OUTPUT_MAX];
    size_t sent_len;
    bool has_request;
    struct cepa_socks_request request;
};

static bool is_same(const struct cepa_socks_request *a, const struct cepa_socks_request *b)
{
    return a->host == b->host && a->port == b->port &&
           memcmp(a->name, b->name, sizeof a->name) == 0 &&
           memcmp(a->ip, b->ip, sizeof a->ip) == 0 &&
           memcmp(a->isolation, b->isolation, sizeof a->isolation) == 0;
}

static void run(struct outcome *ret_outcome, const uint8_t *data, size_t data_len, size_t step)
{
    struct cepa_socks socks;
    size_t wanted;
    memset(ret_outcome, 0, sizeof *ret_outcome);
    cepa_socks_init(&socks);
    while (ret_outcome->status == 0 && ret_outcome->taken < data_len &&
           (wanted = cepa_socks_wanted(&socks)) > 0) {
        CEPA_ASSERT(wanted <= CEPA_SOCKS_INPUT_MAX && cepa_socks_request(&socks) == NULL);
        wanted = wanted < step ? wanted : step;
        wanted = wanted < data_len - ret_outcome->taken ? wanted : data_len - ret_outcome->taken;
        ret_outcome->status = cepa_socks_receive(&socks, data + ret_outcome->taken, wanted);
        ret_outcome->taken += wanted;
    }
    const struct cepa_socks_request *request = cepa_socks_request(&socks);
    if (request != NULL) {
        CEPA_ASSERT(ret_outcome->status == 0 && cepa_socks_wanted(&socks) == 0);
        ret_outcome->has_request = true;
        ret_outcome->request = *request;
        cepa_socks_answer(&socks, CEPA_SOCKS_GRANTED);
        CEPA_ASSERT(cepa_socks_is_granted(&socks));
    }
    CEPA_ASSERT(ret_outcome->status == 0 || cepa_socks_wanted(&socks) == 0);
    ret_outcome->sent_len = cepa_socks_pull(&socks, ret_outcome->sent, sizeof ret_outcome->sent);
    CEPA_ASSERT(cepa_socks_pull(&socks, ret_outcome->sent, 1) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    struct outcome whole;
    struct outcome pieces;
    run(&whole, data, data_len, CEPA_SOCKS_INPUT_MAX);
    for (size_t step = 1; step < 6; step += 2) {
        run(&pieces, data, data_len, step);
        /* A version that is wrong is seen with its byte, so that less may be taken. */
        CEPA_ASSERT(pieces.taken <= whole.taken && pieces.status == whole.status);
        CEPA_ASSERT(pieces.sent_len == whole.sent_len);
        CEPA_ASSERT(memcmp(pieces.sent, whole.sent, whole.sent_len) == 0);
        CEPA_ASSERT(pieces.has_request == whole.has_request);
        CEPA_ASSERT(is_same(&pieces.request, &whole.request));
        CEPA_ASSERT(pieces.taken == whole.taken || whole.status == CEPA_ERR_VERSION);
    }
    return 0;
}
