/* A relay's services, alone, with circuits that a test makes up. */
#ifndef TEST_SERVICE_RELAY_H
#define TEST_SERVICE_RELAY_H

#include "service/services.h"

enum {
    SERVICE_CIRCUITS = 64,
    SERVICE_ROLES = 16,
    SERVICE_REQUESTS = 4,
    SERVICE_DESCRIPTORS = 8,
    SERVICE_MAILBOXES = 8,
    SERVICE_BOXES = 280,
    SERVICE_TODAY = 100,
    SERVICE_MINUTE = 1000000
};

extern struct cepa_services *service_relay;
extern struct cepa_service_turn service_turn; /* may be changed */
extern bool service_is_near;                  /* what the relay thinks of any place */
extern const struct cepa_network_id service_network;
extern const struct cepa_ed25519_public_key service_key;

/* What came of a request: the status that each circuit was told last, how often it was told
 * something, and what all that was told consists of. */
struct service_told {
    uint8_t status[SERVICE_CIRCUITS];
    uint32_t count[SERVICE_CIRCUITS];
    uint32_t closed[SERVICE_CIRCUITS];
    size_t bytes;
    uint8_t body[CEPA_SERVICE_BODY_MAX]; /* one answer */
};

void service_relay_begin(void);
void service_relay_end(void);

/* service_relay_limits gives what service_relay_begin uses. */
struct cepa_services_limits service_relay_limits(void);

/* service_origin gives circuit number `index`: of link and network 1 + index % 4. */
struct cepa_service_origin service_origin(uint32_t index);

/* service_take takes all effects, and adds them. */
void service_take(struct service_told *told);

/* service_ask sends a whole request, and gives the status that its circuit was told last, or
 * 255. */
uint8_t service_ask(struct service_told *ret_told, uint32_t index, uint8_t service,
                    const void *body, size_t body_len);

#endif
