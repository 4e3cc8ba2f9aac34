/* Time of the symmetric primitives at the sizes that Cepa uses: a packet's payload, a circuit's
 * cell, a link's frame. Beside ours stand the figures of docs and papers that the design rests on,
 * scaled to nothing: they were taken on another machine and give the order of magnitude. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/cpu.h"
#include "crypto/aead.h"
#include "crypto/aes256.h"
#include "crypto/hash.h"
#include "crypto/hpolyc.h"
#include "crypto/mac.h"
#include "crypto/stream.h"
#include "native/cpu.h"
#include "native/host.h"
#include "support/timing.h"

enum { PAYLOAD_LEN = 10444, CELL_LEN = 1056, FRAME_LEN = 1128 };

struct work {
    uint8_t data[16384];
    size_t len;
    uint32_t cpu;
    uint8_t key[32];
    uint8_t nonce[12];
    uint8_t tag[16];
    uint8_t hash[32];
    struct cepa_hpolyc_key hpolyc;
    struct cepa_aes256_key aes;
};

static void run_hpolyc_encrypt(void *context)
{
    struct work *work = context;
    cepa_hpolyc_encrypt(&work->hpolyc, work->data, work->len, work->nonce, 8, work->cpu);
}

static void run_hpolyc_decrypt(void *context)
{
    struct work *work = context;
    cepa_hpolyc_decrypt(&work->hpolyc, work->data, work->len, work->nonce, 8, work->cpu);
}

static void run_hpolyc_once(void *context)
{
    struct work *work = context;
    struct cepa_hpolyc_key key;
    cepa_hpolyc_key_init(&key, work->key, work->cpu);
    cepa_hpolyc_decrypt(&key, work->data, work->len, NULL, 0, work->cpu);
    cepa_hpolyc_key_wipe(&key);
}

static void run_hpolyc_key(void *context)
{
    struct work *work = context;
    cepa_hpolyc_key_init(&work->hpolyc, work->key, work->cpu);
}

static void run_seal(void *context)
{
    struct work *work = context;
    cepa_aead_seal(work->data, work->len, work->tag, NULL, 0, work->nonce, work->key, work->cpu);
}

static void run_chacha(void *context)
{
    struct work *work = context;
    cepa_chacha20_xor(work->data, work->len, work->key, work->nonce, 0, work->cpu);
}

static void run_poly1305(void *context)
{
    struct work *work = context;
    cepa_poly1305(work->tag, work->data, work->len, work->key, work->cpu);
}

static void run_blake2b(void *context)
{
    struct work *work = context;
    cepa_blake2b(work->hash, sizeof work->hash, work->data, work->len, NULL, 0);
}

static void run_aes_key(void *context)
{
    struct work *work = context;
    cepa_aes256_key_init(&work->aes, work->key, work->cpu);
}

static void run_aes_encrypt(void *context)
{
    struct work *work = context;
    cepa_aes256_encrypt(&work->aes, work->data);
}

static void run_aes_decrypt(void *context)
{
    struct work *work = context;
    cepa_aes256_decrypt(&work->aes, work->data);
}

struct row {
    const char *name;
    void (*run)(void *context);
    size_t len;
    const char *anchor;
};

static const struct row rows[] = {
    {"HPolyC encrypt, cell", run_hpolyc_encrypt, CELL_LEN, "1.49 us at 1,152 B, libsodium parts"},
    {"HPolyC decrypt, cell", run_hpolyc_decrypt, CELL_LEN, ""},
    {"HPolyC decrypt, payload, key once", run_hpolyc_once, PAYLOAD_LEN,
     "17.4 us at 16 KiB, libsodium 1.0.18; LIONESS 55.2"},
    {"HPolyC key", run_hpolyc_key, 0, ""},
    {"ChaCha20-Poly1305 seal, frame", run_seal, FRAME_LEN, "0.95 us at 1,152 B"},
    {"ChaCha20, cell", run_chacha, CELL_LEN, ""},
    {"ChaCha20, 16 KiB", run_chacha, 16384, "7.0 us libsodium 1.0.18; 3.7 OpenSSL"},
    {"Poly1305, cell", run_poly1305, CELL_LEN, ""},
    {"Poly1305, 16 KiB", run_poly1305, 16384, "4.8 us libsodium; 1.4 OpenSSL"},
    {"BLAKE2b, onion key", run_blake2b, 1216, ""},
    {"AES-256 key", run_aes_key, 0, ""},
    {"AES-256 encrypt block", run_aes_encrypt, 16, ""},
    {"AES-256 decrypt block", run_aes_decrypt, 16, ""},
};

static double time_row(struct work *work, const struct row *row, uint32_t cpu)
{
    work->len = row->len;
    work->cpu = cpu;
    cepa_hpolyc_key_init(&work->hpolyc, work->key, cpu);
    cepa_aes256_key_init(&work->aes, work->key, cpu);
    return timing_run(row->run, work);
}

int main(void)
{
    static struct work work;
    uint32_t cpu = cepa_native_cpu();
    if (cepa_native_init() != 0) {
        return 1;
    }
    memset(work.key, 1, sizeof work.key);
    timing_header("Symmetric primitives");
    printf("%-36s %6s %12s %12s   %s\n", "", "bytes", "portable us", "fastest us", "anchor");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double portable = time_row(&work, &rows[i], CEPA_CPU_PORTABLE);
        double fastest = time_row(&work, &rows[i], cpu);
        printf("%-36s %6zu %12.3f %12.3f   %s\n", rows[i].name, rows[i].len, portable / 1000,
               fastest / 1000, rows[i].anchor);
    }
    return 0;
}
