/* Connections to services of this machine that do not stand yet. */
#define _GNU_SOURCE
#include "native/proxy/dials.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "native/net/address.h"
#include "native/net/socket.h"

/* Where a dial stands. */
enum dial_state { DIAL_FREE, DIAL_FIRST, DIAL_SECOND, DIAL_DONE };

/* One dial. */
struct dial {
    enum dial_state state; /* FIRST by IPv4, SECOND by IPv6 */
    uint16_t port;
    struct cepa_time deadline;
    struct cepa_dials_result result;
};

struct cepa_dials {
    struct cepa_loop *loop;
    uint64_t first_number;
    struct dial dials[CEPA_DIALS_MAX];
};

int cepa_dials_open(struct cepa_dials **ret_dials, struct cepa_loop *loop, uint64_t first_number)
{
    struct cepa_dials *dials = calloc(1, sizeof *dials);
    if (dials == NULL) {
        return CEPA_ERR_FULL;
    }
    dials->loop = loop;
    dials->first_number = first_number;
    *ret_dials = dials;
    return 0;
}

static uint64_t number_of(const struct cepa_dials *dials, const struct dial *dial)
{
    return dials->first_number + (uint64_t)(dial - dials->dials);
}

static void drop_socket(struct cepa_dials *dials, struct dial *dial)
{
    if (dial->result.fd >= 0) {
        cepa_loop_remove(dials->loop, dial->result.fd, number_of(dials, dial));
        (void)close(dial->result.fd);
        dial->result.fd = -1;
    }
}

void cepa_dials_close(struct cepa_dials *dials)
{
    for (size_t i = 0; dials != NULL && i < CEPA_DIALS_MAX; i++) {
        if (dials->dials[i].state != DIAL_FREE) {
            drop_socket(dials, &dials->dials[i]);
        }
    }
    free(dials);
}

static void end(struct cepa_dials *dials, struct dial *dial, int error)
{
    if (error != 0) {
        drop_socket(dials, dial);
    } else {
        cepa_loop_remove(dials->loop, dial->result.fd, number_of(dials, dial));
    }
    dial->result.error = error;
    dial->state = DIAL_DONE;
}

/* Begins with one of the two addresses. False if that already has come to nothing. */
static bool try_one(struct cepa_dials *dials, struct dial *dial, enum dial_state state)
{
    struct cepa_net_address address = {.port = dial->port};
    union cepa_socket_address system;
    bool is_first = state == DIAL_FIRST;
    address.family = is_first ? CEPA_NET_ADDRESS_IPV4 : CEPA_NET_ADDRESS_IPV6;
    address.ip[0] = is_first ? 127 : 0;
    address.ip[is_first ? 3 : 15] = 1;
    dial->state = state;
    socklen_t len = cepa_socket_address_encode(&system, &address, 0);
    int fd = socket(system.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return false;
    }
    if ((connect(fd, &system.any, len) != 0 && errno != EINPROGRESS) ||
        cepa_loop_add(dials->loop, fd, number_of(dials, dial), CEPA_LOOP_WRITE) != 0) {
        (void)close(fd);
        return false;
    }
    dial->result.fd = fd;
    return true;
}

int cepa_dials_begin(struct cepa_dials *dials, uint32_t key, uint16_t port, struct cepa_time now)
{
    struct dial *dial = dials->dials;
    while (dial < dials->dials + CEPA_DIALS_MAX && dial->state != DIAL_FREE) {
        dial++;
    }
    if (dial == dials->dials + CEPA_DIALS_MAX) {
        return CEPA_ERR_FULL;
    }
    dial->port = port;
    dial->deadline = cepa_time_add(now, CEPA_DIALS_TIME_MS * CEPA_MILLISECOND_NS);
    dial->result = (struct cepa_dials_result){.key = key, .fd = -1};
    if (!try_one(dials, dial, DIAL_FIRST) && !try_one(dials, dial, DIAL_SECOND)) {
        end(dials, dial, CEPA_ERR_UNREACHABLE);
    }
    return 0;
}

bool cepa_dials_on_ready(struct cepa_dials *dials, const struct cepa_loop_ready *ready)
{
    if (ready->number < dials->first_number ||
        ready->number >= dials->first_number + CEPA_DIALS_MAX) {
        return false;
    }
    struct dial *dial = &dials->dials[ready->number - dials->first_number];
    if (dial->state != DIAL_FIRST && dial->state != DIAL_SECOND) {
        return true;
    }
    int error = 0;
    socklen_t len = sizeof error;
    if (getsockopt(dial->result.fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0) {
        end(dials, dial, 0);
        return true;
    }
    bool is_first = dial->state == DIAL_FIRST;
    drop_socket(dials, dial);
    if (!is_first || !try_one(dials, dial, DIAL_SECOND)) {
        end(dials, dial, CEPA_ERR_UNREACHABLE);
    }
    return true;
}

void cepa_dials_step(struct cepa_dials *dials, struct cepa_time now)
{
    for (size_t i = 0; i < CEPA_DIALS_MAX; i++) {
        struct dial *dial = &dials->dials[i];
        bool is_under_way = dial->state == DIAL_FIRST || dial->state == DIAL_SECOND;
        if (is_under_way && cepa_time_is_due(dial->deadline, now)) {
            end(dials, dial, CEPA_ERR_TIMEOUT);
        }
    }
}

struct cepa_time cepa_dials_deadline(const struct cepa_dials *dials)
{
    struct cepa_time deadline = cepa_time_never();
    for (size_t i = 0; i < CEPA_DIALS_MAX; i++) {
        const struct dial *dial = &dials->dials[i];
        if (dial->state == DIAL_FIRST || dial->state == DIAL_SECOND) {
            deadline = cepa_time_earliest(deadline, dial->deadline);
        }
    }
    return deadline;
}

bool cepa_dials_next(struct cepa_dials *dials, struct cepa_dials_result *ret_result)
{
    for (size_t i = 0; i < CEPA_DIALS_MAX; i++) {
        struct dial *dial = &dials->dials[i];
        if (dial->state == DIAL_DONE) {
            dial->state = DIAL_FREE;
            *ret_result = dial->result;
            return true;
        }
    }
    return false;
}
