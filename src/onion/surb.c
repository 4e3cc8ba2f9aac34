/* Creating, using and opening single-use reply blocks. */
#include "onion/surb.h"

#include <string.h>

#include "base/assert.h"
#include "base/ct.h"
#include "base/declassify.h"

enum { HEADER_OFFSET = CEPA_NODE_ID_SIZE, KEY_OFFSET = HEADER_OFFSET + CEPA_PACKET_HEADER_SIZE };

static int plan_commands(struct cepa_packet_command *ret_commands,
                         const struct cepa_surb_plan *plan)
{
    if (plan->hops_len < 1 || plan->hops_len > CEPA_PACKET_HOPS_MAX) {
        return CEPA_ERR_ARGUMENT;
    }
    for (size_t i = 0; i < plan->hops_len; i++) {
        struct cepa_packet_command *command = &ret_commands[i];
        bool is_last = i + 1 == plan->hops_len;
        const uint8_t *id = is_last ? plan->recipient.bytes : plan->hops[i + 1].node.bytes;
        memset(command, 0, sizeof *command);
        command->type = is_last ? CEPA_PACKET_REPLY_LAST : CEPA_PACKET_REPLY;
        command->delay_ms = plan->hops[i].delay_ms;
        memcpy(command->id, id, sizeof command->id);
        if (cepa_packet_command_check(command) != 0) {
            return CEPA_ERR_ARGUMENT;
        }
    }
    return 0;
}

static void layer(uint8_t *delta, const uint8_t *key, bool encrypt, uint32_t cpu)
{
    struct cepa_hpolyc_key expanded;
    cepa_hpolyc_key_init(&expanded, key, cpu);
    if (encrypt) {
        cepa_hpolyc_encrypt(&expanded, delta, CEPA_PACKET_PAYLOAD_SIZE, NULL, 0, cpu);
    } else {
        cepa_hpolyc_decrypt(&expanded, delta, CEPA_PACKET_PAYLOAD_SIZE, NULL, 0, cpu);
    }
    cepa_hpolyc_key_wipe(&expanded);
}

int cepa_surb_create(uint8_t *ret_surb, struct cepa_surb_secret *ret_secret,
                     const struct cepa_surb_plan *plan, const struct cepa_random *random,
                     struct cepa_surb_workspace *workspace, uint32_t cpu)
{
    struct cepa_packet_path *path = &workspace->path;
    uint8_t key[CEPA_SURB_KEY_SIZE];
    int status = plan_commands(workspace->commands, plan);
    if (status == 0) {
        status = cepa_random_fill(random, key, sizeof key);
    }
    if (status == 0) {
        status = cepa_packet_path_init(path, plan->hops, plan->hops_len, plan->epoch, random, cpu);
    }
    if (status == 0) {
        struct cepa_surb surb = {plan->hops[0].node, ret_surb + HEADER_OFFSET, key};
        cepa_packet_path_header(path, ret_surb + HEADER_OFFSET, workspace->commands, cpu);
        cepa_surb_encode(ret_surb, &surb);
        memset(ret_secret, 0, sizeof *ret_secret);
        ret_secret->hops_len = plan->hops_len;
        for (size_t i = 0; i < plan->hops_len; i++) {
            memcpy(ret_secret->payload[i], path->keys[i].payload, CEPA_PACKET_KEY_SIZE);
        }
        memcpy(ret_secret->key, key, sizeof key);
    }
    cepa_wipe(key, sizeof key);
    cepa_wipe(workspace, sizeof *workspace);
    return status;
}

int cepa_surb_use(uint8_t *ret_packet, struct cepa_node_id *ret_first, const uint8_t *surb,
                  size_t surb_len, const struct cepa_packet_content *content, uint32_t cpu)
{
    uint8_t *delta = ret_packet + CEPA_PACKET_HEADER_SIZE;
    struct cepa_surb parts;
    int status = cepa_surb_decode(&parts, surb, surb_len);
    if (status != 0) {
        return status;
    }
    status = cepa_packet_payload_encode(delta, content);
    if (status != 0) {
        return status;
    }
    layer(delta, parts.key, true, cpu);
    memcpy(ret_packet, parts.header, CEPA_PACKET_HEADER_SIZE);
    *ret_first = parts.first;
    return 0;
}

int cepa_surb_open(struct cepa_packet_content *ret_content, uint8_t *delta, size_t delta_len,
                   const struct cepa_surb_secret *secret, uint32_t cpu)
{
    CEPA_ASSERT(secret->hops_len >= 1 && secret->hops_len <= CEPA_PACKET_HOPS_MAX);
    if (delta_len != CEPA_PACKET_PAYLOAD_SIZE) {
        return CEPA_ERR_LENGTH;
    }
    for (size_t i = secret->hops_len; i > 0; i--) {
        layer(delta, secret->payload[i - 1], true, cpu);
    }
    layer(delta, secret->key, false, cpu);
    /* Whether the reply is whole shows in what its recipient does next. */
    cepa_declassify(delta, CEPA_PACKET_CONTENT_OFFSET);
    int status = cepa_packet_payload_decode(ret_content, delta);
    if (status != 0) {
        cepa_wipe(delta, delta_len);
    }
    return status;
}

void cepa_surb_secret_wipe(struct cepa_surb_secret *secret)
{
    cepa_wipe(secret, sizeof *secret);
}
