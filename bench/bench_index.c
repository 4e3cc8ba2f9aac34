/* What the records of the mesh cost: merging without signatures, verification of each kind, memory,
 * a day of onion keys, proof of work. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mesh/objects.h"
#include "native/cpu.h"
#include "native/host.h"
#include "support/mesh_relays.h"
#include "support/timing.h"

enum { RECORDS = 30000 };

struct work {
    struct cepa_index index;
    void *memory;
    struct cepa_index_limits limits;
    struct cepa_record_rules rules;
    struct cepa_index_record *records;
    uint8_t (*bytes)[CEPA_INDEX_RECORD_SIZE];
    struct mesh_relay *relays;
    uint8_t key_record[CEPA_KEY_RECORD_SIZE];
    struct cepa_descriptor descriptor;
    struct cepa_onion_day day;
    struct cepa_onion_day_workspace day_workspace;
    struct cepa_work proof;
    uint32_t next;
    uint32_t cpu;
    int failures; /* so that no result is thrown away */
};

static void demand(struct work *work, int is_true)
{
    work->failures += is_true ? 0 : 1;
}

static void clear(struct work *work)
{
    cepa_index_init(&work->index, work->memory, cepa_index_size(&work->limits), &work->limits,
                    &work->rules, mesh_day(0), &mesh_siphash_key);
}

/* One of a series: all records are new, then again. */
static void run_new(void *context)
{
    struct work *work = context;
    if (work->next == RECORDS) {
        clear(work);
        work->next = 0;
    }
    demand(work, cepa_index_merge_verified(&work->index, &work->records[work->next++]) > 0);
}

static void run_update(void *context)
{
    struct work *work = context;
    struct cepa_index_record *record = &work->records[work->next++ % RECORDS];
    record->sequence++;
    demand(work, cepa_index_merge_verified(&work->index, record) == CEPA_INDEX_UPDATED);
}

static void run_same(void *context)
{
    struct work *work = context;
    const uint8_t *bytes = work->bytes[work->next++ % RECORDS];
    demand(work, cepa_index_merge(&work->index, bytes, CEPA_INDEX_RECORD_SIZE) > 0);
}

static void run_verify(void *context)
{
    struct work *work = context;
    demand(work, cepa_index_record_verify(&work->relays[0].record, &work->rules) == 0);
}

static void run_refuse(void *context)
{
    struct work *work = context;
    demand(work, cepa_index_record_verify(&work->records[0], &work->rules) != 0);
}

static void run_credentials(void *context)
{
    struct work *work = context;
    struct cepa_credentials credentials;
    demand(work, cepa_credentials_verify(&credentials, work->relays[0].credentials,
                                         work->relays[0].credentials_len, &work->rules, mesh_day(0),
                                         &mesh_workspace, work->cpu) == 0);
}

static void run_decode(void *context)
{
    struct work *work = context;
    struct cepa_descriptor descriptor;
    demand(work, cepa_descriptor_decode(&descriptor, work->relays[0].halves.descriptor,
                                        work->relays[0].halves.descriptor_len) == 0);
}

static void run_receipt(void *context)
{
    struct work *work = context;
    demand(work, cepa_receipt_verify(&work->descriptor.receipts[0], &work->rules.network,
                                     &work->descriptor.node) == 0);
}

static void run_key_record(void *context)
{
    struct work *work = context;
    struct cepa_key_record record;
    demand(work, cepa_key_record_verify(&record, work->key_record, sizeof work->key_record,
                                        &work->descriptor) == 0);
}

static void run_publish(void *context)
{
    struct work *work = context;
    mesh_publish(&work->relays[1]);
}

static void run_day_step(void *context)
{
    static const uint8_t root[CEPA_SEED_CHAIN_ROOT_LEN] = {1};
    struct work *work = context;
    if (cepa_onion_day_step(&work->day, &work->day_workspace, work->cpu)) {
        cepa_onion_day_begin(&work->day, mesh_day(0), root);
    }
}

static void run_proof(void *context)
{
    struct work *work = context;
    uint8_t nonce[CEPA_WORK_NONCE_SIZE];
    demand(work, cepa_work_step(&work->proof, nonce, 1) == 0);
}

static void prepare(struct work *work)
{
    static const uint8_t zeros[32];
    struct cepa_index_limits limits = {CEPA_INDEX_CAPACITY_MAX, 16384, {20, 10, 2}};
    size_t size = cepa_index_size(&limits);
    work->limits = limits;
    work->rules = mesh_rules();
    work->cpu = cepa_native_cpu();
    work->memory = aligned_alloc(16, (size + 15) / 16 * 16);
    work->records = calloc(RECORDS, sizeof *work->records);
    work->bytes = calloc(RECORDS, sizeof *work->bytes);
    if (work->memory == NULL || work->records == NULL || work->bytes == NULL) {
        abort();
    }
    for (uint32_t i = 0; i < RECORDS; i++) {
        work->records[i] = mesh_fake_record(i, 1);
        cepa_index_record_encode(work->bytes[i], &work->records[i]);
    }
    work->relays = mesh_relays();
    work->descriptor = work->relays[0].fields;
    work->descriptor.node = work->relays[0].identity.node;
    mesh_key_record(&work->relays[0], work->key_record, MESH_TODAY * 24 + 5, 5);
    cepa_onion_day_begin(&work->day, mesh_day(0), zeros);
    work->rules.work_bits = 60;
    cepa_work_init(&work->proof, &work->rules, zeros, zeros);
    work->rules = mesh_rules();
    clear(work);
}

static void print_row(const char *name, void (*run)(void *context), struct work *work)
{
    double ns = timing_run(run, work);
    printf("%-44s %9.2f us %10.0f /s\n", name, ns / 1000, 1e9 / ns);
}

int main(void)
{
    static struct work work;
    if (cepa_native_init() != 0) {
        return 1;
    }
    prepare(&work);
    timing_header("Records of the mesh, 30,000 relays");
    print_row("merge of a new record, verified before", run_new, &work);
    while (work.next < RECORDS) {
        run_new(&work);
    }
    print_row("merge of a known record (no verification)", run_same, &work);
    work.next = 0;
    print_row("merge of a later record, verified before", run_update, &work);
    print_row("verify an index record", run_verify, &work);
    print_row("refuse one without work", run_refuse, &work);
    print_row("verify credentials (4 signatures, link key)", run_credentials, &work);
    print_row("decode a descriptor", run_decode, &work);
    print_row("verify a receipt", run_receipt, &work);
    print_row("verify a key record", run_key_record, &work);
    print_row("make certificate, descriptor and record", run_publish, &work);
    print_row("one onion key of a day", run_day_step, &work);
    print_row("one try of a proof of work", run_proof, &work);
    printf("\nindex: %zu bytes per entry; credentials %zu, key record %zu bytes kept\n",
           cepa_index_size(&work.limits) / work.limits.capacity,
           sizeof(struct cepa_kept_credentials), sizeof(struct cepa_kept_key_record));
    return work.failures == 0 ? 0 : 1;
}
