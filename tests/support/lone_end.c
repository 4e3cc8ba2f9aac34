/* The simulator is its driver. */
#include "support/lone_end.h"

#include <string.h>

static void on_end(void *context, struct sim *sim, uint32_t host,
                   const struct cepa_end_effect *effect)
{
    struct lone_end *lone = context;
    (void)sim, (void)host;
    lone->events[effect->event]++;
    lone->error = effect->error;
}

void lone_end_begin(struct lone_end *lone, uint64_t seed)
{
    struct sim_config config = sim_config_default(seed);
    struct sim_host_config host = sim_host_config_client();
    memset(lone, 0, sizeof *lone);
    config.on_end = on_end;
    config.context = lone;
    host.has_end = true;
    lone->sim = sim_new(&config);
    sim_start(lone->sim, sim_add(lone->sim, &host));
    lone->end = sim_end_of(lone->sim, 0);
}

void lone_end_run(struct lone_end *lone, uint64_t duration_ns)
{
    sim_poke(lone->sim, 0);
    sim_run(lone->sim, duration_ns);
}

void lone_end_restart(struct lone_end *lone)
{
    sim_kill(lone->sim, 0, true);
    sim_start(lone->sim, 0);
    lone->end = sim_end_of(lone->sim, 0);
}

int lone_end_add(struct lone_end *lone, struct cepa_end_identity *ret_identity, uint8_t number)
{
    const struct cepa_end_policy policy = {
        .is_listening = true, .accepts_anonymous = true, .first_per_minute = 60};
    const struct cepa_identity_secret secret = {{number}};
    return cepa_end_identity_add(lone->end, ret_identity, &secret, &policy, sim_now(lone->sim));
}
