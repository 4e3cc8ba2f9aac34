/* Everything that can fail comes first; then the payload from the last hop to the first, because
 * the header authenticates it, then the header. */
#include "onion/packet_build.h"

#include <string.h>

#include "base/assert.h"
#include "base/ct.h"

/* Writes the commands without their payload MACs. */
static int plan_commands(struct cepa_packet_command *ret_commands,
                         const struct cepa_packet_plan *plan)
{
    if (plan->hops_len < 1 || plan->hops_len > CEPA_PACKET_HOPS_MAX) {
        return CEPA_ERR_ARGUMENT;
    }
    for (size_t i = 0; i < plan->hops_len; i++) {
        struct cepa_packet_command *command = &ret_commands[i];
        bool is_last = i + 1 == plan->hops_len;
        const uint8_t *id = is_last ? plan->recipient.bytes : plan->hops[i + 1].node.bytes;
        memset(command, 0, sizeof *command);
        command->type = plan->types[i];
        command->delay_ms = plan->hops[i].delay_ms;
        memcpy(command->id, id, sizeof command->id);
        if (cepa_packet_command_check(command) != 0 ||
            cepa_packet_type_is_slot(command->type) == is_last ||
            !cepa_packet_type_has_payload_mac(command->type)) {
            return CEPA_ERR_ARGUMENT;
        }
    }
    return 0;
}

/* Steps 2 and 3: all layers around the payload in `delta`, and their MACs into the commands. */
static void wrap_payload(struct cepa_packet_build_workspace *workspace, uint8_t *delta,
                         uint32_t cpu)
{
    for (size_t i = workspace->path.hops_len; i > 0; i--) {
        const struct cepa_packet_keys *keys = &workspace->path.keys[i - 1];
        cepa_hpolyc_key_init(&workspace->payload, keys->payload, cpu);
        cepa_hpolyc_encrypt(&workspace->payload, delta, CEPA_PACKET_PAYLOAD_SIZE, NULL, 0, cpu);
        cepa_packet_keys_payload_mac(keys, workspace->commands[i - 1].payload_mac, delta, cpu);
    }
    cepa_hpolyc_key_wipe(&workspace->payload);
}

static void take_seeds(struct cepa_packet_circuit_seeds *ret_seeds,
                       const struct cepa_packet_build_workspace *workspace)
{
    memset(ret_seeds, 0, sizeof *ret_seeds);
    for (size_t i = 0; i < workspace->path.hops_len; i++) {
        enum cepa_packet_type type = workspace->commands[i].type;
        if (type == CEPA_PACKET_CREATE || type == CEPA_PACKET_CREATE_LAST) {
            ret_seeds->of_hop[i] = workspace->path.keys[i].circuit;
        }
    }
}

int cepa_packet_build(uint8_t *ret_packet, struct cepa_packet_circuit_seeds *ret_seeds,
                      const struct cepa_packet_plan *plan, const struct cepa_random *random,
                      struct cepa_packet_build_workspace *workspace, uint32_t cpu)
{
    struct cepa_packet_path *path = &workspace->path;
    uint8_t *delta = ret_packet + CEPA_PACKET_HEADER_SIZE;
    int status = plan_commands(workspace->commands, plan);
    if (status == 0 && plan->content.data_len > CEPA_PACKET_CONTENT_MAX) {
        status = CEPA_ERR_TOO_LONG;
    }
    if (status == 0) {
        status = cepa_packet_path_init(path, plan->hops, plan->hops_len, plan->epoch, random, cpu);
    }
    if (status == 0) {
        CEPA_ASSERT(cepa_packet_payload_encode(delta, &plan->content) == 0);
        wrap_payload(workspace, delta, cpu);
        cepa_packet_path_header(path, ret_packet, workspace->commands, cpu);
        if (ret_seeds != NULL) {
            take_seeds(ret_seeds, workspace);
        }
    }
    /* Not the keys alone: the ids in the commands and the keys of the hops are the path. */
    cepa_wipe(workspace, sizeof *workspace);
    return status;
}
