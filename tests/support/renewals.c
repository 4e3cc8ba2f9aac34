/* The renewals behind renewals.h. */
#include "support/renewals.h"

#include <string.h>

#include "native/cpu.h"
#include "support/test.h"

void renewals_exchange_init(struct renewals_exchange *exchange)
{
    memset(exchange, 0, sizeof *exchange);
    cepa_assembly_init(&exchange->offer, exchange->offer_bytes, CEPA_RENEWAL_OFFER_SIZE);
    cepa_assembly_init(&exchange->answer, exchange->answer_bytes, CEPA_RENEWAL_ANSWER_SIZE);
}

void renewals_start(struct renewals *room, uint32_t number, size_t hops)
{
    net_init(&room->net, number, hops, cepa_native_cpu());
    room->random = test_source_init(&room->source, number);
    net_say(&room->net, hops - 1, "begin");
}

/* Sends one part of an offer as a cell and gives what the hop's assembly says. */
static int send_offer_part(struct renewals *room, struct renewals_exchange *exchange,
                           const uint8_t *offer, size_t hop, unsigned index)
{
    struct cepa_part part;
    struct net_cell cell;
    uint8_t bytes[CEPA_CELL_DATA_MAX];
    size_t bytes_len;
    size_t at;
    cepa_part_cut(&part, offer, CEPA_RENEWAL_OFFER_SIZE, exchange->sequence, index);
    cepa_part_encode(bytes, &bytes_len, &part);
    net_seal(&room->net, &cell, hop, CEPA_CELL_RENEW_OFFER, bytes, bytes_len);
    CHECK_INT(net_forward(&room->net, &at, &cell), 0);
    CHECK_INT(at, hop);
    CHECK_INT(room->net.step.message.command, CEPA_CELL_RENEW_OFFER);
    CHECK_INT(cepa_part_decode(&part, room->net.step.message.data, room->net.step.message.data_len),
              0);
    return cepa_assembly_add(&exchange->offer, &part);
}

static int send_answer_part(struct renewals *room, struct renewals_exchange *exchange,
                            const uint8_t *answer, size_t hop, unsigned index)
{
    struct cepa_part part;
    struct net_cell cell;
    uint8_t bytes[CEPA_CELL_DATA_MAX];
    size_t bytes_len;
    cepa_part_cut(&part, answer, CEPA_RENEWAL_ANSWER_SIZE, exchange->sequence, index);
    cepa_part_encode(bytes, &bytes_len, &part);
    net_originate(&room->net, &cell, hop, CEPA_CELL_RENEW_ANSWER, bytes, bytes_len);
    CHECK_INT(net_backward(&room->net, hop, &cell), 0);
    CHECK_INT(room->net.cell.message.command, CEPA_CELL_RENEW_ANSWER);
    CHECK_INT(cepa_part_decode(&part, room->net.cell.message.data, room->net.cell.message.data_len),
              0);
    return cepa_assembly_add(&exchange->answer, &part);
}

int renewals_attempt(struct renewals *room, struct renewals_exchange *exchange, size_t hop,
                     unsigned lost)
{
    uint8_t offer[CEPA_RENEWAL_OFFER_SIZE];
    uint8_t answer[CEPA_RENEWAL_ANSWER_SIZE];
    int is_whole = 0;
    exchange->sequence++;
    CHECK_INT(cepa_circuit_origin_renew(&room->net.origin, offer, hop, 0, &room->random, &room->key,
                                        &room->workspace, room->net.cpu),
              0);
    for (unsigned i = 0; i < 2; i++) {
        is_whole = lost >> i & 1 ? is_whole : send_offer_part(room, exchange, offer, hop, i);
    }
    if (is_whole != 1) {
        return 0;
    }
    CHECK_INT(cepa_circuit_relay_renew(&room->net.relays[hop], answer, exchange->offer_bytes,
                                       sizeof exchange->offer_bytes, &room->random,
                                       &room->workspace, room->net.cpu),
              0);
    is_whole = 0;
    for (unsigned i = 0; i < 2; i++) {
        is_whole =
            lost >> (2 + i) & 1 ? is_whole : send_answer_part(room, exchange, answer, hop, i);
    }
    if (is_whole != 1) {
        return 0;
    }
    CHECK_INT(cepa_circuit_origin_renewed(&room->net.origin, hop, exchange->answer_bytes,
                                          sizeof exchange->answer_bytes, &room->key,
                                          &room->workspace, room->net.cpu),
              0);
    return 1;
}

void renewals_renew(struct renewals *room, size_t hop)
{
    static struct renewals_exchange exchange;
    renewals_exchange_init(&exchange);
    CHECK_INT(renewals_attempt(room, &exchange, hop, 0), 1);
}

void renewals_talk_past_begin(struct renewals *room, size_t hop, size_t last)
{
    static const struct cepa_circuit_keys wiped;
    for (unsigned i = 0; i <= CEPA_RENEWAL_GAP_MIN; i++) {
        net_say(&room->net, i % 2 ? hop : last, "forth");
        net_hear(&room->net, i % 2 ? last : hop, "back");
    }
    CHECK_INT(room->net.origin.renewal.state, CEPA_RENEWAL_NONE);
    CHECK(room->net.origin.old.is_kept && room->net.origin.old.hop == hop);
    CHECK(room->net.relays[hop].is_renewed && !room->net.relays[hop].has_pending);
    CHECK_BYTES(&room->net.relays[hop].pending, &wiped, sizeof wiped);
    CHECK_BYTES(&room->net.origin.renewal.keys, &wiped, sizeof wiped);
}
