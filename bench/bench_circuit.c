/* Time of circuit cells: one layer, what an origin does over three and five hops, and all the
 * cryptography of a middle hop, with the links on both sides and their DTLS records. */
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/aead.h"
#include "native/cpu.h"
#include "native/host.h"
#include "support/circuit_net.h"
#include "support/timing.h"

/* What a middle hop holds, and its two DTLS connections. */
struct work {
    struct circuit_net net;
    uint32_t cpu;
    uint64_t counter;
    uint8_t frame[CEPA_FRAME_SIZE];
    uint8_t tag[CEPA_TAG_SIZE];
    uint8_t key[32];
    uint8_t nonce[12];
    EVP_CIPHER_CTX *dtls;
};

static void run_forward(void *context)
{
    struct work *work = context;
    struct cepa_circuit_step step;
    if (cepa_circuit_relay_forward(&work->net.relays[0], &step, work->frame, work->counter++,
                                   work->cpu) != 0) {
        abort();
    }
}

static void run_backward(void *context)
{
    struct work *work = context;
    uint64_t counter;
    if (cepa_circuit_relay_backward(&work->net.relays[0], &counter, work->frame, work->counter++,
                                    work->cpu) != 0) {
        abort();
    }
}

static void run_seal(void *context)
{
    struct work *work = context;
    const struct cepa_cell_message message = {CEPA_CELL_DATA, work->frame, CEPA_CELL_DATA_MAX};
    uint64_t counter;
    uint8_t body[CEPA_CELL_BODY_SIZE];
    if (work->net.origin.sent == CEPA_CIRCUIT_CELLS_MAX ||
        cepa_circuit_origin_seal(&work->net.origin, &counter, body, work->net.relays_len - 1,
                                 &message, work->cpu) != 0) {
        abort();
    }
}

static void run_link_seal(void *context)
{
    struct work *work = context;
    cepa_aead_seal(work->frame, CEPA_FRAME_BODY_SIZE, work->tag, NULL, 0, work->nonce, work->key,
                   work->cpu);
}

/* One DTLS 1.2 record, AES-128-GCM as browsers and OpenSSL agree on. */
static void run_dtls(void *context)
{
    struct work *work = context;
    uint8_t tag[16];
    int len;
    if (EVP_EncryptInit_ex(work->dtls, NULL, NULL, NULL, work->nonce) != 1 ||
        EVP_EncryptUpdate(work->dtls, NULL, &len, work->nonce, 12) != 1 ||
        EVP_EncryptUpdate(work->dtls, work->frame, &len, work->frame, CEPA_FRAME_SIZE) != 1 ||
        EVP_EncryptFinal_ex(work->dtls, work->frame, &len) != 1 ||
        EVP_CIPHER_CTX_ctrl(work->dtls, EVP_CTRL_GCM_GET_TAG, sizeof tag, tag) != 1) {
        abort();
    }
}

static void run_hop(void *context)
{
    run_dtls(context);
    run_link_seal(context);
    run_forward(context);
    run_link_seal(context);
    run_dtls(context);
}

static void row(const char *name, void (*run)(void *), struct work *work, const char *anchor)
{
    double ns = timing_run(run, work);
    printf("  %-44s %9.2f us %9.0f MB/s   %s\n", name, ns / 1000,
           (double)CEPA_CELL_BODY_SIZE / ns * 1000, anchor);
}

static void measure(const char *title, uint32_t cpu)
{
    static struct work work;
    printf("%s\n", title);
    memset(&work, 0, sizeof work);
    work.cpu = cpu;
    work.dtls = EVP_CIPHER_CTX_new();
    if (work.dtls == NULL ||
        EVP_EncryptInit_ex(work.dtls, EVP_aes_128_gcm(), NULL, work.key, work.nonce) != 1) {
        abort();
    }
    net_init(&work.net, 1, 3, cpu);
    row("relay, one forward layer", run_forward, &work, "goal 1.6 us; full SPRP elsewhere 1.49");
    net_init(&work.net, 1, 3, cpu);
    row("relay, one backward layer", run_backward, &work, "goal 1.6 us");
    row("origin, a cell to the third hop", run_seal, &work, "");
    net_init(&work.net, 1, 5, cpu);
    row("origin, a cell to the fifth hop", run_seal, &work, "");
    row("link seal of a frame", run_link_seal, &work, "libsodium elsewhere 0.95 us");
    row("DTLS record of a frame", run_dtls, &work, "OpenSSL elsewhere 0.38 us");
    net_init(&work.net, 1, 3, cpu);
    row("middle hop: DTLS, link, layer, link, DTLS", run_hop, &work, "goal 200 MB/s");
    EVP_CIPHER_CTX_free(work.dtls);
}

int main(void)
{
    uint32_t cpu = cepa_native_cpu();
    if (cepa_native_init() != 0) {
        return 1;
    }
    timing_header("circuit cells, 1,056 bytes of body");
    measure("portable", 0);
    if (cpu != 0) {
        measure("with this processor's instructions", cpu);
    }
    return 0;
}
