/* A ring. */
#include "support/packet_wire.h"

#include <string.h>

#include "base/assert.h"
#include "support/random.h"

static size_t numbers[TEST_WIRE_ENDS];
static struct test_packet ring[TEST_WIRE_LEN];
static size_t ring_first;
static size_t ring_len;
static unsigned loss_percent;
static struct test_random chance = {7};

void *test_wire_owner(size_t end)
{
    CEPA_ASSERT(end < TEST_WIRE_ENDS);
    numbers[end] = end;
    return &numbers[end];
}

void test_wire_send(void *owner, const uint8_t *packet, size_t packet_len)
{
    const size_t *number = owner;
    CEPA_ASSERT(packet_len <= CEPA_SCTP_MTU);
    if (test_random_below(&chance, 100) < loss_percent || ring_len == TEST_WIRE_LEN) {
        return;
    }
    struct test_packet *slot = &ring[(ring_first + ring_len) % TEST_WIRE_LEN];
    ring_len++;
    slot->to = *number ^ 1;
    slot->len = packet_len;
    memcpy(slot->bytes, packet, packet_len);
}

void test_wire_lose(unsigned percent)
{
    loss_percent = percent;
}

bool test_wire_take(struct test_packet *ret_packet)
{
    if (ring_len == 0) {
        return false;
    }
    *ret_packet = ring[ring_first];
    ring_first = (ring_first + 1) % TEST_WIRE_LEN;
    ring_len--;
    return true;
}

void test_wire_clear(void)
{
    ring_len = 0;
    loss_percent = 0;
}
