/* Keys along a path, filler, and the nested header from the last hop to the first. */
#include "onion/packet_path.h"

#include <assert.h>
#include <string.h>

#include "base/assert.h"
#include "base/ct.h"
#include "crypto/stream.h"

_Static_assert((int)CEPA_PACKET_HOPS_MAX <= (int)CEPA_XWING_BATCH_MAX &&
                   (int)CEPA_PACKET_KEM_RANDOM_SIZE == (int)CEPA_XWING_RANDOMNESS_BYTES,
               "one batch encapsulates for every hop");

enum { SLOT = CEPA_PACKET_SLOT_SIZE, BETA = CEPA_PACKET_BETA_SIZE };

static const uint8_t zero_nonce[CEPA_CHACHA20_NONCE_LEN] = {0};

static void add(uint8_t *bytes, const uint8_t *stream, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)(bytes[i] ^ stream[i]);
    }
}

static int draw(struct cepa_packet_path *path, const struct cepa_random *random)
{
    int status =
        cepa_random_fill(random, path->random.kem, path->hops_len * CEPA_PACKET_KEM_RANDOM_SIZE);
    if (status != 0) {
        return status;
    }
    return cepa_random_fill(random, path->random.filler_key, sizeof path->random.filler_key);
}

static int agree(struct cepa_packet_path *path, const struct cepa_packet_hop *hops, uint32_t cpu)
{
    const struct cepa_xwing_public_key *keys[CEPA_PACKET_HOPS_MAX];
    for (size_t i = 0; i < path->hops_len; i++) {
        keys[i] = hops[i].key;
    }
    int status = cepa_xwing_encapsulate_batch(path->alphas, path->secrets, keys, path->hops_len,
                                              path->random.kem, &path->xwing, cpu);
    if (status != 0) {
        return status;
    }
    for (size_t i = 0; i < path->hops_len; i++) {
        cepa_packet_keys_derive(&path->keys[i], &path->secrets[i], &hops[i].key_id, path->prefix);
        cepa_chacha20_stream(path->streams[i], CEPA_PACKET_STREAM_SIZE, path->keys[i].stream,
                             zero_nonce, cpu);
    }
    return 0;
}

int cepa_packet_path_init(struct cepa_packet_path *ret_path, const struct cepa_packet_hop *hops,
                          size_t hops_len, struct cepa_onion_epoch epoch,
                          const struct cepa_random *random, uint32_t cpu)
{
    if (hops_len < 1 || hops_len > CEPA_PACKET_HOPS_MAX) {
        return CEPA_ERR_ARGUMENT;
    }
    ret_path->hops_len = hops_len;
    cepa_packet_prefix_encode(ret_path->prefix, epoch.number);
    int status = draw(ret_path, random);
    if (status == 0) {
        status = agree(ret_path, hops, cpu);
    }
    if (status != 0) {
        cepa_packet_path_wipe(ret_path);
    }
    return status;
}

/* Computes what hop number `hops_len` finds at the end of its beta: the zeros that each hop before
 * it appends, decrypted by that hop and all that follow. Gives its length. */
static size_t make_filler(struct cepa_packet_path *path)
{
    size_t len = 0;
    for (size_t i = 0; i + 1 < path->hops_len; i++) {
        memset(path->filler + len, 0, SLOT);
        len += SLOT;
        add(path->filler, path->streams[i] + CEPA_PACKET_STREAM_SIZE - len, len);
    }
    return len;
}

/* Writes the beta of the last hop: final block, random bytes, filler. */
static void write_last(struct cepa_packet_path *path, uint8_t *beta,
                       const struct cepa_packet_command *command, uint32_t cpu)
{
    size_t filler_len = make_filler(path);
    size_t open_len = BETA - filler_len;
    struct cepa_packet_final final;
    cepa_chacha20_stream(beta + CEPA_PACKET_COMMAND_SIZE, open_len - CEPA_PACKET_COMMAND_SIZE,
                         path->random.filler_key, zero_nonce, cpu);
    final.command = *command;
    final.random = beta + CEPA_PACKET_COMMAND_SIZE;
    cepa_packet_final_encode(beta, &final);
    add(beta, path->streams[path->hops_len - 1], open_len);
    memcpy(beta + open_len, path->filler, filler_len);
}

/* Puts the header of hop `i`, whose beta is in its place, around: its alpha and gamma. */
static void close_header(const struct cepa_packet_path *path, uint8_t *header, size_t i,
                         uint32_t cpu)
{
    memcpy(header, path->prefix, sizeof path->prefix);
    memcpy(header + CEPA_PACKET_ALPHA_OFFSET, path->alphas[i].bytes, CEPA_KEM_CIPHERTEXT_SIZE);
    cepa_packet_keys_gamma(&path->keys[i], header + CEPA_PACKET_GAMMA_OFFSET, header, cpu);
}

/* Turns the header of hop `i` + 1 into that of hop `i`. */
static void wrap(const struct cepa_packet_path *path, uint8_t *header, size_t i,
                 const struct cepa_packet_command *command, uint32_t cpu)
{
    uint8_t *beta = header + CEPA_PACKET_BETA_OFFSET;
    struct cepa_packet_slot slot;
    slot.command = *command;
    slot.gamma = header + CEPA_PACKET_GAMMA_OFFSET;
    slot.alpha = header + CEPA_PACKET_ALPHA_OFFSET;
    memmove(beta + SLOT, beta, BETA - SLOT);
    cepa_packet_slot_encode(beta, &slot);
    add(beta, path->streams[i], BETA);
    close_header(path, header, i, cpu);
}

void cepa_packet_path_header(struct cepa_packet_path *path, uint8_t *ret_header,
                             const struct cepa_packet_command *commands, uint32_t cpu)
{
    size_t last = path->hops_len - 1;
    CEPA_ASSERT(path->hops_len >= 1 && path->hops_len <= CEPA_PACKET_HOPS_MAX);
    write_last(path, ret_header + CEPA_PACKET_BETA_OFFSET, &commands[last], cpu);
    close_header(path, ret_header, last, cpu);
    for (size_t i = last; i > 0; i--) {
        wrap(path, ret_header, i - 1, &commands[i - 1], cpu);
    }
}

void cepa_packet_path_wipe(struct cepa_packet_path *path)
{
    cepa_wipe(path, sizeof *path);
}
