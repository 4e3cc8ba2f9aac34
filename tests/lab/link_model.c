/* See link_model.h. The queue is not stored: the time at which the bottleneck will be free says how
 * much is in it. */
#include "lab/link_model.h"

#include <string.h>

#define NS_PER_S UINT64_C(1000000000)

/* SplitMix64: one addition and one mix per number, good enough for chance on a wire. */
static uint64_t draw(struct link_model *model)
{
    uint64_t x = model->random += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* True for `parts` of a million draws. */
static bool chance(struct link_model *model, uint32_t parts)
{
    return draw(model) % LINK_PARTS < parts;
}

/* Gives when the bottleneck has sent the datagram; false if its queue is full. */
static bool pass_bottleneck(struct link_model *model, uint64_t *ret_sent_ns, size_t len,
                            uint64_t now_ns)
{
    uint64_t rate = model->config.rate_bits;
    uint64_t free_ns = model->free_ns > now_ns ? model->free_ns : now_ns;
    if (rate == 0) {
        *ret_sent_ns = now_ns;
        return true;
    }
    /* The queue is at most some seconds long, so that the product fits. */
    uint64_t queued = (free_ns - now_ns) * (rate / 1000) / (8 * NS_PER_S / 1000);
    if (queued + len > model->config.queue_bytes) {
        return false;
    }
    model->free_ns = free_ns + (uint64_t)len * 8 * NS_PER_S / rate;
    *ret_sent_ns = model->free_ns;
    return true;
}

void link_model_init(struct link_model *model, const struct link_config *config)
{
    memset(model, 0, sizeof *model);
    model->config = *config;
    model->random = config->seed;
}

struct link_fate link_model_pass(struct link_model *model, size_t len, uint64_t now_ns)
{
    const struct link_config *config = &model->config;
    struct link_fate fate = {0, 0, false};
    uint64_t sent_ns = 0;
    /* Always three draws, so that one chance does not shift the others. */
    bool is_lost = chance(model, config->loss_parts);
    bool is_held_back = chance(model, config->reorder_parts);
    bool is_copied = chance(model, config->duplicate_parts);
    model->counts.datagrams++;
    model->counts.bytes += len;
    if (!pass_bottleneck(model, &sent_ns, len, now_ns)) {
        model->counts.full++;
        return fate;
    }
    if (is_lost) {
        model->counts.lost++;
        return fate;
    }
    model->counts.held_back += is_held_back ? 1 : 0;
    model->counts.copied += is_copied ? 1 : 0;
    fate.copies = is_copied ? 2 : 1;
    fate.is_held_back = is_held_back;
    fate.departure_ns = sent_ns + config->delay_ns + (is_held_back ? config->reorder_ns : 0);
    return fate;
}
