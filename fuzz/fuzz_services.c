/* A relay's services, used by strangers: requests as the input has them, on circuits that come and
 * go, with right signatures now and then, while time passes and the store takes what it is told.
 * Whatever comes, tables stay within their limits, and what was stored is taken back. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "service/introduction.h"
#include "service/mailbox.h"
#include "service/services.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

enum { CIRCUITS = 16, MINUTE = 1000, TODAY = 50 };

static struct cepa_services *services;
static struct cepa_service_turn turn;
static uint64_t generations[CIRCUITS];
static const struct cepa_network_id network = {{1}};
static const struct cepa_ed25519_public_key relay = {{2}};
static struct cepa_ed25519_key keys[4];
static const struct cepa_services_limits limits = {CIRCUITS, 8, 4, 4, 4, 8};

static bool is_near(void *context, const struct cepa_descriptor_position *position)
{
    (void)context;
    return position->bytes[0] % 2 == 0;
}

static void make(void *memory, size_t size)
{
    struct cepa_services_config config = {
        .limits = limits, .network = network, .relay = relay, .is_near = is_near};
    CEPA_ASSERT(cepa_services_init(&services, memory, size, &config) == 0);
}

static struct cepa_service_origin origin_of(unsigned circuit)
{
    circuit %= CIRCUITS;
    return (struct cepa_service_origin){.circuit = {generations[circuit], circuit, 0},
                                        .link = 1 + circuit % 3,
                                        .source = 1 + circuit % 5};
}

static void end_circuit(unsigned circuit)
{
    cepa_services_on_ended(services, origin_of(circuit).circuit, turn.now);
    generations[circuit % CIRCUITS]++;
}

static void take_all(void)
{
    struct cepa_service_effect effect;
    struct cepa_service_part part;
    while (cepa_services_next(services, &effect) == 0) {
        CEPA_ASSERT(effect.circuit.index < CIRCUITS);
        if (effect.kind == CEPA_SERVICE_CLOSE) {
            continue; /* its end is told later, or never */
        }
        CEPA_ASSERT(cepa_service_read_answer(&part, effect.data, effect.data_len) == 0);
    }
}

static void request(unsigned circuit, const uint8_t *data, size_t data_len)
{
    struct cepa_service_origin origin = origin_of(circuit);
    cepa_services_on_request(services, &origin, data, data_len, &turn);
    take_all();
    struct cepa_handle other = cepa_services_other(services, origin.circuit);
    if (!cepa_handle_is_none(other)) {
        CEPA_ASSERT(cepa_handle_is_equal(cepa_services_other(services, other), origin.circuit));
    }
}

/* A whole request, all right but for what the input makes of it. */
static void ask(unsigned circuit, uint8_t service, const uint8_t *body, size_t body_len)
{
    static uint8_t tag[CEPA_SERVICE_TAG_SIZE];
    tag[0]++;
    for (uint8_t part = 0; part < cepa_service_parts(body_len); part++) {
        uint8_t data[CEPA_CELL_DATA_MAX];
        size_t len = cepa_service_request(data, service, tag, part, body, body_len);
        request(circuit, data, len);
    }
}

static void ask_signed(unsigned circuit, unsigned which, unsigned argument)
{
    static uint8_t body[CEPA_MAILBOX_PUT_SIZE];
    const struct cepa_ed25519_key *key = &keys[argument % 4];
    struct cepa_mailbox_binding binding = {network, relay, turn.minute};
    struct cepa_introduction introduction;
    switch (which % 5) {
    case 0:
        memset(body, (int)(argument % 4), CEPA_SERVICE_COOKIE_SIZE);
        memset(body + CEPA_SERVICE_COOKIE_SIZE, (int)argument, CEPA_SERVICE_END_SIZE);
        ask(circuit, CEPA_SERVICE_MEET, body, CEPA_MEET_SIZE);
        break;
    case 1:
        cepa_introduction_make(&introduction, key, (uint16_t)(1 + argument), turn.today, &network,
                               &relay);
        cepa_introduction_encode(body, &introduction);
        ask(circuit, CEPA_SERVICE_INTRODUCTION, body, CEPA_INTRODUCTION_SIZE);
        break;
    case 2:
        memset(body + CEPA_MAILBOX_HEAD_SIZE, (int)argument, CEPA_MAILBOX_BOX_SIZE);
        cepa_mailbox_put(body, &key->public_key, key, body + CEPA_MAILBOX_HEAD_SIZE, &binding);
        ask(circuit, CEPA_SERVICE_MAILBOX_PUT, body, sizeof body);
        break;
    case 3:
        cepa_mailbox_get(body, key, &key->public_key, argument, &binding);
        ask(circuit, CEPA_SERVICE_MAILBOX_GET, body, CEPA_MAILBOX_GET_SIZE);
        break;
    default:
        cepa_mailbox_delete(body, key, argument > 128 ? CEPA_MAILBOX_ALL : UINT64_MAX / 2,
                            &binding);
        ask(circuit, CEPA_SERVICE_MAILBOX_DELETE, body, CEPA_MAILBOX_DELETE_SIZE);
        break;
    }
}

static void store_all(void)
{
    struct cepa_service_stored stored;
    while (cepa_services_next_stored(services, &stored) == 0) {
        CEPA_ASSERT(stored.is_gone == (stored.value == NULL));
        if (!stored.is_gone) { /* it is known, so that it is full or the same */
            int error = stored.is_box ? cepa_services_restore_box(services, stored.key,
                                                                  stored.value, stored.value_len)
                                      : cepa_services_restore_mailbox(
                                            services, stored.key, stored.value, stored.value_len);
            CEPA_ASSERT(error == (stored.is_box ? CEPA_ERR_FULL : 0));
        }
    }
}

static void pass(unsigned argument)
{
    turn.now.ns += argument * CEPA_SECOND_NS / 2;
    turn.minute += argument / 64;
    turn.today.number += argument > 200;
    turn.is_sparing = argument % 32 == 31;
    cepa_services_step(services, turn.today, turn.now);
    take_all();
}

static void check_limits(void)
{
    struct cepa_services_status status;
    cepa_services_status_get(services, &status);
    CEPA_ASSERT(status.waiting + status.joined + status.introductions <= limits.roles);
    CEPA_ASSERT(status.joined % 2 == 0);
    CEPA_ASSERT(status.descriptors <= limits.descriptors && status.boxes <= limits.boxes);
    CEPA_ASSERT(status.mailboxes <= limits.mailboxes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    static void *memory;
    size_t size = cepa_services_size(&limits);
    if (memory == NULL) {
        memory = aligned_alloc(64, (size + 63) / 64 * 64);
        for (uint8_t i = 0; i < 4; i++) {
            cepa_ed25519_key_init(&keys[i], &(struct cepa_ed25519_seed){{i}});
        }
    }
    turn = (struct cepa_service_turn){.now = {CEPA_SECOND_NS}, .today = {TODAY}, .minute = MINUTE};
    for (unsigned i = 0; i < CIRCUITS; i++) {
        generations[i] = 1 + i;
    }
    make(memory, size);
    while (data_len >= 3) {
        unsigned action = data[0];
        unsigned circuit = data[1];
        unsigned argument = data[2];
        data += 3;
        data_len -= 3;
        if (action < 64) { /* the next bytes are a request; short ones are often enough */
            size_t len = argument < data_len ? argument : data_len;
            request(circuit, data, len);
            data += len;
            data_len -= len;
        } else if (action < 192) {
            ask_signed(circuit, action, argument);
        } else if (action < 224) {
            end_circuit(circuit);
            take_all();
        } else if (action < 240) {
            pass(argument);
        } else {
            store_all();
        }
        check_limits();
    }
    cepa_services_wipe(services);
    return 0;
}
