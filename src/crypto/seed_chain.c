/* The one-way chain of onion seeds over the KDF. */
#include "crypto/seed_chain.h"

#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/ct.h"
#include "base/endian.h"
#include "crypto/kdf.h"

void cepa_seed_chain_init(struct cepa_seed_chain *ret_chain, enum cepa_seed_chain_purpose purpose,
                          struct cepa_directory_day day, uint32_t count,
                          const uint8_t root[CEPA_SEED_CHAIN_ROOT_LEN])
{
    struct cepa_kdf kdf;
    uint8_t number[4];
    uint8_t purpose_byte = (uint8_t)purpose;
    CEPA_ASSERT(purpose == CEPA_SEED_CHAIN_EPOCHS || purpose == CEPA_SEED_CHAIN_SPARES);
    CEPA_ASSERT(count >= 1 && count <= CEPA_SEED_CHAIN_SEEDS_MAX);
    cepa_be32_store(number, day.number);
    cepa_kdf_init(&kdf, "onion seed chain start");
    cepa_kdf_input(&kdf, &purpose_byte, sizeof purpose_byte);
    cepa_kdf_input(&kdf, number, sizeof number);
    cepa_kdf_input(&kdf, root, CEPA_SEED_CHAIN_ROOT_LEN);
    cepa_kdf_output(&kdf, ret_chain->state, sizeof ret_chain->state);
    cepa_kdf_wipe(&kdf);
    ret_chain->purpose = purpose;
    ret_chain->day = day;
    ret_chain->count = count;
    ret_chain->next = 0;
}

/* step writes the seed and puts the next state in place of the one that gave it. */
static void step(struct cepa_seed_chain *chain, struct cepa_xwing_seed *ret_seed)
{
    struct cepa_kdf kdf;
    cepa_kdf_init(&kdf, "onion seed chain step");
    cepa_kdf_input(&kdf, chain->state, sizeof chain->state);
    cepa_kdf_output(&kdf, ret_seed->bytes, sizeof ret_seed->bytes);
    cepa_kdf_output(&kdf, chain->state, sizeof chain->state);
    cepa_kdf_wipe(&kdf);
    chain->next++;
    if (chain->next == chain->count) {
        cepa_wipe(chain->state, sizeof chain->state);
    }
}

int cepa_seed_chain_next(struct cepa_seed_chain *chain, struct cepa_xwing_seed *ret_seed)
{
    if (chain->next >= chain->count) {
        return CEPA_ERR_EXHAUSTED;
    }
    step(chain, ret_seed);
    return 0;
}

int cepa_seed_chain_skip(struct cepa_seed_chain *chain, uint32_t count)
{
    struct cepa_xwing_seed seed;
    if (count > chain->count - chain->next) {
        return CEPA_ERR_EXHAUSTED;
    }
    for (uint32_t i = 0; i < count; i++) {
        step(chain, &seed);
    }
    cepa_wipe(&seed, sizeof seed);
    return 0;
}

void cepa_seed_chain_encode(const struct cepa_seed_chain *chain,
                            uint8_t ret_bytes[CEPA_SEED_CHAIN_ENCODED_LEN])
{
    struct cepa_writer writer;
    size_t len = 0;
    cepa_writer_init(&writer, ret_bytes, CEPA_SEED_CHAIN_ENCODED_LEN);
    cepa_writer_u8(&writer, CEPA_SEED_CHAIN_VERSION);
    cepa_writer_u8(&writer, (uint8_t)chain->purpose);
    cepa_writer_u16(&writer, (uint16_t)chain->count);
    cepa_writer_u16(&writer, (uint16_t)chain->next);
    cepa_writer_u32(&writer, chain->day.number);
    cepa_writer_bytes(&writer, chain->state, sizeof chain->state);
    int failed = cepa_writer_end(&writer, &len);
    CEPA_ASSERT(failed == 0 && len == CEPA_SEED_CHAIN_ENCODED_LEN);
}

static int check(const struct cepa_seed_chain *chain, unsigned purpose)
{
    static const uint8_t zeros[sizeof chain->state] = {0};
    int is_purpose = purpose == CEPA_SEED_CHAIN_EPOCHS || purpose == CEPA_SEED_CHAIN_SPARES;
    int is_empty = chain->next == chain->count;
    int is_zero = cepa_ct_compare(chain->state, zeros, sizeof zeros) != 0;
    if (!is_purpose || chain->count < 1 || chain->count > CEPA_SEED_CHAIN_SEEDS_MAX ||
        chain->next > chain->count || is_empty != is_zero) {
        return CEPA_ERR_MALFORMED;
    }
    return 0;
}

int cepa_seed_chain_decode(struct cepa_seed_chain *ret_chain, const uint8_t *bytes, size_t len)
{
    struct cepa_reader reader;
    struct cepa_seed_chain chain;
    cepa_reader_init(&reader, bytes, len);
    uint8_t version = cepa_reader_u8(&reader);
    uint8_t purpose = cepa_reader_u8(&reader);
    chain.purpose = (enum cepa_seed_chain_purpose)purpose;
    chain.count = cepa_reader_u16(&reader);
    chain.next = cepa_reader_u16(&reader);
    chain.day.number = cepa_reader_u32(&reader);
    cepa_reader_bytes(&reader, chain.state, sizeof chain.state);
    int error = cepa_reader_end(&reader);
    if (error == 0 && version != CEPA_SEED_CHAIN_VERSION) {
        error = CEPA_ERR_VERSION;
    }
    if (error == 0) {
        error = check(&chain, purpose);
    }
    if (error == 0) {
        *ret_chain = chain;
    }
    cepa_wipe(&chain, sizeof chain);
    return error;
}

void cepa_seed_chain_wipe(struct cepa_seed_chain *chain)
{
    cepa_wipe(chain, sizeof *chain);
}
