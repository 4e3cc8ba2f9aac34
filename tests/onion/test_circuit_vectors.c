/* Vectors of chapter 5: keys from a seed, the layers of cells in both directions, a renewal.
 * CEPA_WRITE_VECTORS=1 writes docs/spec/vectors/circuit.txt anew instead of comparing. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "support/circuit_net.h"
#include "support/test.h"

enum { HOPS = 3 };

static const char path[] = CEPA_SOURCE_DIR "/docs/spec/vectors/circuit.txt";
static FILE *file;
static unsigned lines;

static void open_file(void)
{
    file = fopen(path, getenv("CEPA_WRITE_VECTORS") != NULL ? "w" : "r");
    CHECK(file != NULL);
}

/* Writes a line, or compares it with the one that stands there. */
static void put_line(const char *line)
{
    static char found[8192];
    lines++;
    if (getenv("CEPA_WRITE_VECTORS") != NULL) {
        CHECK(fprintf(file, "%s\n", line) > 0);
        return;
    }
    CHECK(fgets(found, sizeof found, file) != NULL);
    found[strcspn(found, "\n")] = '\0';
    if (strcmp(found, line) != 0) {
        test_note("line %u of the vectors: %.100s", lines, found);
        test_note("computed:           %.100s", line);
    }
    CHECK(strcmp(found, line) == 0);
}

static void put(const char *name, const void *bytes, size_t len)
{
    static char line[8192];
    int at = snprintf(line, sizeof line, "%s =%s", name, len > 0 ? " " : "");
    for (size_t i = 0; i < len; i++) {
        at += snprintf(line + at, sizeof line - (size_t)at, "%02x", ((const uint8_t *)bytes)[i]);
    }
    put_line(line);
}

static void put_u64(const char *name, uint64_t value)
{
    uint8_t bytes[8];
    cepa_be64_store(bytes, value);
    put(name, bytes, sizeof bytes);
}

static void put_u8(const char *name, size_t value)
{
    uint8_t byte = (uint8_t)value;
    put(name, &byte, 1);
}

static void put_keys(const struct cepa_circuit_keys *keys)
{
    put("chain", keys->chain, sizeof keys->chain);
    put("forward", keys->forward, sizeof keys->forward);
    put("backward", keys->backward, sizeof keys->backward);
    put("confirm", keys->confirm, sizeof keys->confirm);
}

static void put_hops(void)
{
    put_line("# Keys of the three hops of one circuit. @[SPEC 5.2]");
    for (size_t hop = 0; hop < HOPS; hop++) {
        const struct cepa_circuit_seed seed = net_seed(1, hop);
        struct cepa_circuit_keys keys;
        struct cepa_circuit_counters counters;
        cepa_circuit_keys_derive(&keys, &counters, &seed);
        put_line("");
        put("seed", seed.bytes, sizeof seed.bytes);
        put_keys(&keys);
        put_u64("forward_start", counters.forward_start);
        put_u64("forward_offset", counters.forward_offset);
        put_u64("backward_start", counters.backward_start);
        put_u64("backward_offset", counters.backward_offset);
    }
}

/* A cell of the origin: what each relay gets, and what the one for which it is finds in it. */
static void put_forward(struct circuit_net *net, size_t to, const char *text)
{
    struct net_cell cell;
    size_t hop = 0;
    put_line("");
    put_u8("to", to);
    put("data", text, strlen(text));
    net_seal(net, &cell, to, CEPA_CELL_DATA, text, strlen(text));
    for (;; hop++) {
        char name[32];
        snprintf(name, sizeof name, "counter_%zu", hop);
        put_u64(name, cell.counter);
        snprintf(name, sizeof name, "body_%zu", hop);
        put(name, cell.body, sizeof cell.body);
        CHECK_INT(
            cepa_circuit_relay_forward(&net->relays[hop], &net->step, cell.body, cell.counter, 0),
            0);
        if (net->step.is_mine) {
            break;
        }
        cell.counter = net->step.counter;
    }
    CHECK_INT(hop, to);
    put("plain", cell.body, sizeof cell.body);
}

/* A cell of a hop: what leaves each relay on its way to the origin. */
static void put_backward(struct circuit_net *net, size_t from, const char *text)
{
    struct net_cell cell;
    put_line("");
    put_u8("from", from);
    put("data", text, strlen(text));
    net_originate(net, &cell, from, CEPA_CELL_DATA, text, strlen(text));
    for (size_t hop = from;; hop--) {
        char name[32];
        snprintf(name, sizeof name, "counter_%zu", hop);
        put_u64(name, cell.counter);
        snprintf(name, sizeof name, "body_%zu", hop);
        put(name, cell.body, sizeof cell.body);
        if (hop == 0) {
            break;
        }
        CHECK_INT(cepa_circuit_relay_backward(&net->relays[hop - 1], &cell.counter, cell.body,
                                              cell.counter, 0),
                  0);
    }
    CHECK_INT(net_backward(net, 0, &cell), 0);
    CHECK_INT(net->cell.hop, from);
}

static void put_renewal(void)
{
    static struct cepa_xwing_secret secret;
    uint8_t chain[CEPA_CIRCUIT_KEY_SIZE];
    uint8_t offer[CEPA_RENEWAL_OFFER_SIZE];
    uint8_t ciphertext[CEPA_KEM_CIPHERTEXT_SIZE];
    struct cepa_circuit_keys keys;
    memset(chain, 0x11, sizeof chain);
    memset(secret.bytes, 0x22, sizeof secret.bytes);
    for (size_t i = 0; i < sizeof offer; i++) {
        offer[i] = (uint8_t)(i * 3);
    }
    for (size_t i = 0; i < sizeof ciphertext; i++) {
        ciphertext[i] = (uint8_t)(i * 5 + 1);
    }
    cepa_circuit_keys_renew(&keys, chain, &secret, offer, ciphertext);
    put_line("");
    put_line("# Keys after a renewal; offer and ciphertext are any bytes here. @[SPEC 5.7]");
    put_line("");
    put("old_chain", chain, sizeof chain);
    put("secret", secret.bytes, sizeof secret.bytes);
    put("offer", offer, sizeof offer);
    put("ciphertext", ciphertext, sizeof ciphertext);
    put_keys(&keys);
}

TEST(circuit_vectors_hold)
{
    static struct circuit_net net;
    open_file();
    put_hops();
    net_init(&net, 1, HOPS, 0);
    put_line("");
    put_line("# Cells forward: counter and body as they come to each hop. @[SPEC 5.3]");
    put_forward(&net, 2, "to the last hop");
    put_forward(&net, 0, "");
    put_forward(&net, 1, "to the one in the middle");
    put_line("");
    put_line(
        "# Cells backward: counter and body as they leave each hop; the last hop's first cell");
    put_line("# was its CONFIRM. @[SPEC 5.3], @[SPEC 5.4]");
    put_backward(&net, 2, "from the last hop");
    put_backward(&net, 0, "from the first");
    put_renewal();
    fclose(file);
}

TEST_MAIN(RUN(circuit_vectors_hold))
