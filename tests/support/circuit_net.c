/* The one-process circuit behind circuit_net.h. */
#include "support/circuit_net.h"

#include <string.h>

#include "crypto/hash.h"
#include "support/test.h"

struct cepa_circuit_seed net_seed(uint32_t number, size_t hop)
{
    struct cepa_circuit_seed seed;
    const uint64_t name[2] = {number, hop};
    cepa_blake2b(seed.bytes, sizeof seed.bytes, name, sizeof name, NULL, 0);
    return seed;
}

void net_init(struct circuit_net *net, uint32_t number, size_t hops_len, uint32_t cpu)
{
    struct cepa_circuit_seed seeds[CEPA_CIRCUIT_HOPS_MAX];
    struct net_cell cell;
    memset(net, 0, sizeof *net);
    net->cpu = cpu;
    net->relays_len = hops_len;
    for (size_t i = 0; i < hops_len; i++) {
        seeds[i] = net_seed(number, i);
        cepa_circuit_relay_init(&net->relays[i], &seeds[i], i + 1 == hops_len, cpu);
    }
    cepa_circuit_origin_init(&net->origin, seeds, hops_len, cpu);
    CHECK_INT(cepa_circuit_relay_confirm(&net->relays[hops_len - 1], &cell.counter, cell.body, cpu),
              0);
    CHECK_INT(net_backward(net, hops_len - 1, &cell), 0);
    CHECK_INT(net->cell.message.command, CEPA_CELL_CONFIRM);
    CHECK_INT(net->origin.state, CEPA_ORIGIN_OPEN);
}

void net_seal(struct circuit_net *net, struct net_cell *ret_cell, size_t hop,
              enum cepa_cell_command command, const void *data, size_t data_len)
{
    const struct cepa_cell_message message = {command, data, data_len};
    CHECK_INT(cepa_circuit_origin_seal(&net->origin, &ret_cell->counter, ret_cell->body, hop,
                                       &message, net->cpu),
              0);
}

int net_forward(struct circuit_net *net, size_t *ret_hop, struct net_cell *cell)
{
    for (size_t i = 0; i < net->relays_len; i++) {
        *ret_hop = i;
        net->seen[i] = cell->counter;
        int error = cepa_circuit_relay_forward(&net->relays[i], &net->step, cell->body,
                                               cell->counter, net->cpu);
        if (error != 0 || net->step.is_mine) {
            return error;
        }
        cell->counter = net->step.counter;
    }
    test_check(0, __FILE__, __LINE__, "a hop keeps the cell");
    return 0;
}

void net_originate(struct circuit_net *net, struct net_cell *ret_cell, size_t hop,
                   enum cepa_cell_command command, const void *data, size_t data_len)
{
    const struct cepa_cell_message message = {command, data, data_len};
    CHECK_INT(cepa_circuit_relay_originate(&net->relays[hop], &ret_cell->counter, ret_cell->body,
                                           &message, net->cpu),
              0);
}

int net_backward(struct circuit_net *net, size_t hop, struct net_cell *cell)
{
    for (size_t i = hop; i-- > 0;) {
        int error = cepa_circuit_relay_backward(&net->relays[i], &cell->counter, cell->body,
                                                cell->counter, net->cpu);
        if (error != 0) {
            return error;
        }
    }
    return cepa_circuit_origin_open(&net->origin, &net->cell, cell->body, cell->counter, net->cpu);
}

void net_say(struct circuit_net *net, size_t hop, const char *text)
{
    struct net_cell cell;
    size_t at = 99;
    net_seal(net, &cell, hop, CEPA_CELL_DATA, text, strlen(text));
    CHECK_INT(net_forward(net, &at, &cell), 0);
    CHECK_INT(at, hop);
    CHECK_INT(net->step.message.command, CEPA_CELL_DATA);
    CHECK_INT(net->step.message.data_len, strlen(text));
    CHECK_BYTES(net->step.message.data, text, strlen(text));
}

void net_hear(struct circuit_net *net, size_t hop, const char *text)
{
    struct net_cell cell;
    net_originate(net, &cell, hop, CEPA_CELL_DATA, text, strlen(text));
    CHECK_INT(net_backward(net, hop, &cell), 0);
    CHECK_INT(net->cell.hop, hop);
    CHECK_INT(net->cell.message.command, CEPA_CELL_DATA);
    CHECK_INT(net->cell.message.data_len, strlen(text));
    CHECK_BYTES(net->cell.message.data, text, strlen(text));
}
