/* Encoding of items that are not gossip. @[SPEC 10.8] */
#include "wire/mesh_message_parts.h"

#include <string.h>

#include "base/assert.h"

static const struct cepa_node_id NOBODY;

static void node_encode(struct cepa_writer *writer, const struct cepa_node_id *node)
{
    cepa_writer_bytes(writer, node->bytes, sizeof node->bytes);
}

static void node_decode(struct cepa_node_id *ret_node, struct cepa_reader *reader)
{
    cepa_reader_bytes(reader, ret_node->bytes, sizeof ret_node->bytes);
}

static int neighbour_decode(struct cepa_mesh_neighbour *neighbour, struct cepa_reader *reader)
{
    uint8_t operation = cepa_reader_u8(reader);
    neighbour->flags = cepa_reader_u8(reader);
    uint8_t allowed = operation == CEPA_MESH_NEIGHBOUR_ASK
                          ? CEPA_MESH_NEIGHBOUR_ISOLATED | CEPA_MESH_NEIGHBOUR_INTRODUCE
                      : operation == CEPA_MESH_NEIGHBOUR_ACCEPT ? CEPA_MESH_NEIGHBOUR_INTRODUCE
                      : operation == CEPA_MESH_NEIGHBOUR_PART   ? CEPA_MESH_NEIGHBOUR_CROWDED
                                                                : 0;
    neighbour->operation = (enum cepa_mesh_neighbour_operation)operation;
    if (cepa_reader_end(reader) != 0) {
        return CEPA_ERR_LENGTH;
    }
    return operation < CEPA_MESH_NEIGHBOUR_ASK || operation > CEPA_MESH_NEIGHBOUR_PART ||
                   (neighbour->flags & ~allowed) != 0
               ? CEPA_ERR_MALFORMED
               : 0;
}

static void dialback_encode(struct cepa_writer *writer, const struct cepa_mesh_dialback *dialback)
{
    cepa_writer_u64(writer, dialback->nonce);
    cepa_writer_u8(writer, (uint8_t)dialback->how);
    if (dialback->how == CEPA_RECEIPT_DIALLED) {
        cepa_relay_address_encode(writer, &dialback->address);
        return;
    }
    for (size_t i = 0; i < dialback->introducers_len; i++) {
        node_encode(writer, &dialback->introducers[i]);
    }
}

static int dialback_decode(struct cepa_mesh_dialback *dialback, struct cepa_reader *reader)
{
    dialback->nonce = cepa_reader_u64(reader);
    uint8_t how = cepa_reader_u8(reader);
    if (reader->failed || how > CEPA_RECEIPT_INTRODUCED) {
        return reader->failed ? CEPA_ERR_LENGTH : CEPA_ERR_MALFORMED;
    }
    dialback->how = (enum cepa_receipt_how)how;
    if (how == CEPA_RECEIPT_DIALLED) {
        int error = cepa_relay_address_decode(&dialback->address, reader);
        return error != 0 ? error : cepa_reader_end(reader);
    }
    size_t left = cepa_reader_left(reader);
    dialback->introducers_len = left / CEPA_NODE_ID_SIZE;
    if (left % CEPA_NODE_ID_SIZE != 0 || dialback->introducers_len == 0 ||
        dialback->introducers_len > CEPA_DESCRIPTOR_INTRODUCERS_MAX) {
        return CEPA_ERR_LENGTH;
    }
    for (size_t i = 0; i < dialback->introducers_len; i++) {
        node_decode(&dialback->introducers[i], reader);
    }
    return cepa_reader_end(reader);
}

static void receipt_encode(struct cepa_writer *writer, const struct cepa_mesh_receipt *receipt)
{
    cepa_writer_u64(writer, receipt->nonce);
    if (receipt->was_reached) {
        cepa_receipt_encode(writer, &receipt->receipt);
    }
}

static int receipt_decode(struct cepa_mesh_receipt *receipt, struct cepa_reader *reader)
{
    receipt->nonce = cepa_reader_u64(reader);
    if (reader->failed || cepa_reader_left(reader) == 0) {
        return cepa_reader_end(reader);
    }
    receipt->was_reached = true;
    int error = cepa_receipt_decode(&receipt->receipt, reader);
    return error != 0 ? error : cepa_reader_end(reader);
}

static void probe_encode(struct cepa_writer *writer, enum cepa_mesh_item_type type,
                         const struct cepa_mesh_probe *probe)
{
    cepa_writer_u64(writer, probe->nonce);
    if (type == CEPA_MESH_ITEM_PROBE) {
        node_encode(writer, &probe->node);
    } else if (type == CEPA_MESH_ITEM_PROBED) {
        cepa_writer_u8(writer, probe->is_alive ? 1 : 0);
    }
}

static int probe_decode(struct cepa_mesh_probe *probe, enum cepa_mesh_item_type type,
                        struct cepa_reader *reader)
{
    probe->nonce = cepa_reader_u64(reader);
    if (type == CEPA_MESH_ITEM_PROBE) {
        node_decode(&probe->node, reader);
    } else if (type == CEPA_MESH_ITEM_PROBED) {
        uint8_t is_alive = cepa_reader_u8(reader);
        probe->is_alive = is_alive == 1;
        if (is_alive > 1) {
            return CEPA_ERR_MALFORMED;
        }
    }
    return cepa_reader_end(reader);
}

static void channel_encode(struct cepa_writer *writer, enum cepa_mesh_item_type type,
                           const struct cepa_mesh_channel *channel)
{
    CEPA_ASSERT(channel->channel != 0);
    cepa_writer_u32(writer, channel->channel);
    if (type == CEPA_MESH_ITEM_CHANNEL_CLOSE) {
        cepa_writer_u8(writer, (uint8_t)channel->reason);
    } else if (type != CEPA_MESH_ITEM_CHANNEL_OPENED) {
        node_encode(writer, channel->has_node ? &channel->node : &NOBODY);
    }
}

static int channel_decode(struct cepa_mesh_channel *channel, enum cepa_mesh_item_type type,
                          struct cepa_reader *reader)
{
    channel->channel = cepa_reader_u32(reader);
    if (type == CEPA_MESH_ITEM_CHANNEL_CLOSE) {
        uint8_t reason = cepa_reader_u8(reader);
        if (!reader->failed &&
            (reason < CEPA_MESH_CHANNEL_DONE || reason > CEPA_MESH_CHANNEL_LOST)) {
            return CEPA_ERR_MALFORMED;
        }
        channel->reason = (enum cepa_mesh_channel_reason)reason;
    } else if (type != CEPA_MESH_ITEM_CHANNEL_OPENED) {
        node_decode(&channel->node, reader);
        channel->has_node = memcmp(&channel->node, &NOBODY, sizeof NOBODY) != 0;
        if (!reader->failed && type == CEPA_MESH_ITEM_CHANNEL_OPEN && !channel->has_node) {
            return CEPA_ERR_MALFORMED;
        }
    }
    if (cepa_reader_end(reader) != 0) {
        return CEPA_ERR_LENGTH;
    }
    return channel->channel == 0 ? CEPA_ERR_MALFORMED : 0;
}

static int signal_decode(struct cepa_mesh_signal_item *signal, struct cepa_reader *reader)
{
    signal->attempt = cepa_reader_u32(reader);
    signal->signal = cepa_reader_u8(reader);
    signal->data_len = cepa_reader_left(reader);
    signal->data = cepa_reader_view(reader, signal->data_len);
    if (reader->failed || signal->data_len > CEPA_MESH_SIGNAL_SIZE_MAX) {
        return CEPA_ERR_LENGTH;
    }
    bool is_failed = signal->signal == 4;
    return signal->signal < 1 || signal->signal > 4 || is_failed != (signal->data_len == 0)
               ? CEPA_ERR_MALFORMED
               : 0;
}

static void bucket_encode(struct cepa_writer *writer, enum cepa_mesh_item_type type,
                          const struct cepa_mesh_bucket *bucket)
{
    cepa_writer_u32(writer, bucket->ticket);
    cepa_writer_u8(writer, type == CEPA_MESH_ITEM_BUCKET_GET && bucket->may_ask ? 1 : 0);
    cepa_writer_u8(writer, bucket->kind);
    cepa_writer_u8(writer, bucket->bits);
    cepa_writer_u32(writer, bucket->number);
    cepa_writer_u32(writer, bucket->epoch);
    cepa_writer_u64(writer, bucket->after);
    if (type == CEPA_MESH_ITEM_BUCKET) {
        cepa_writer_bytes(writer, bucket->bytes, bucket->bytes_len);
    }
}

static int bucket_decode(struct cepa_mesh_bucket *bucket, enum cepa_mesh_item_type type,
                         struct cepa_reader *reader)
{
    bucket->ticket = cepa_reader_u32(reader);
    uint8_t may_ask = cepa_reader_u8(reader);
    bucket->may_ask = may_ask == 1;
    bucket->kind = cepa_reader_u8(reader);
    bucket->bits = cepa_reader_u8(reader);
    bucket->number = cepa_reader_u32(reader);
    bucket->epoch = cepa_reader_u32(reader);
    bucket->after = cepa_reader_u64(reader);
    bucket->bytes_len = cepa_reader_left(reader);
    bucket->bytes = cepa_reader_view(reader, bucket->bytes_len);
    if (reader->failed || (type == CEPA_MESH_ITEM_BUCKET_GET && bucket->bytes_len > 0) ||
        bucket->bytes_len > CEPA_MESH_BUCKET_BYTES_MAX) {
        return CEPA_ERR_LENGTH;
    }
    if (may_ask > (type == CEPA_MESH_ITEM_BUCKET_GET ? 1 : 0)) {
        return CEPA_ERR_MALFORMED;
    }
    bool is_epoch_right = bucket->kind == 2 || (bucket->kind == 1 && bucket->epoch == 0);
    return !is_epoch_right || bucket->bits > 32 || (uint64_t)bucket->number >> bucket->bits != 0
               ? CEPA_ERR_MALFORMED
               : 0;
}

static int relay_decode(struct cepa_relay_address *relay, struct cepa_reader *reader)
{
    int error = cepa_relay_address_decode(relay, reader);
    return error != 0 ? error : cepa_reader_end(reader);
}

void cepa_mesh_part_encode(struct cepa_writer *writer, const struct cepa_mesh_item *item)
{
    switch ((unsigned)item->type) {
    case CEPA_MESH_ITEM_NEIGHBOUR:
        cepa_writer_u8(writer, (uint8_t)item->as.neighbour.operation);
        cepa_writer_u8(writer, item->as.neighbour.flags);
        return;
    case CEPA_MESH_ITEM_DIALBACK:
        dialback_encode(writer, &item->as.dialback);
        return;
    case CEPA_MESH_ITEM_RECEIPT:
        receipt_encode(writer, &item->as.receipt);
        return;
    case CEPA_MESH_ITEM_PROBE:
    case CEPA_MESH_ITEM_PROBED:
    case CEPA_MESH_ITEM_PING:
    case CEPA_MESH_ITEM_PONG:
        probe_encode(writer, item->type, &item->as.probe);
        return;
    case CEPA_MESH_ITEM_CHANNEL_OPEN:
    case CEPA_MESH_ITEM_CHANNEL_INCOMING:
    case CEPA_MESH_ITEM_CHANNEL_OPENED:
    case CEPA_MESH_ITEM_CHANNEL_CLOSE:
        channel_encode(writer, item->type, &item->as.channel);
        return;
    case CEPA_MESH_ITEM_SIGNAL:
        cepa_writer_u32(writer, item->as.signal.attempt);
        cepa_writer_u8(writer, item->as.signal.signal);
        cepa_writer_bytes(writer, item->as.signal.data, item->as.signal.data_len);
        return;
    case CEPA_MESH_ITEM_BUCKET_GET:
    case CEPA_MESH_ITEM_BUCKET:
        bucket_encode(writer, item->type, &item->as.bucket);
        return;
    case CEPA_MESH_ITEM_RELAY:
        cepa_relay_address_encode(writer, &item->as.relay);
        return;
    default:
        CEPA_UNREACHABLE();
    }
}

int cepa_mesh_part_decode(struct cepa_mesh_item *item, struct cepa_reader *reader)
{
    switch ((unsigned)item->type) {
    case CEPA_MESH_ITEM_NEIGHBOUR:
        return neighbour_decode(&item->as.neighbour, reader);
    case CEPA_MESH_ITEM_DIALBACK:
        return dialback_decode(&item->as.dialback, reader);
    case CEPA_MESH_ITEM_RECEIPT:
        return receipt_decode(&item->as.receipt, reader);
    case CEPA_MESH_ITEM_PROBE:
    case CEPA_MESH_ITEM_PROBED:
    case CEPA_MESH_ITEM_PING:
    case CEPA_MESH_ITEM_PONG:
        return probe_decode(&item->as.probe, item->type, reader);
    case CEPA_MESH_ITEM_CHANNEL_OPEN:
    case CEPA_MESH_ITEM_CHANNEL_INCOMING:
    case CEPA_MESH_ITEM_CHANNEL_OPENED:
    case CEPA_MESH_ITEM_CHANNEL_CLOSE:
        return channel_decode(&item->as.channel, item->type, reader);
    case CEPA_MESH_ITEM_SIGNAL:
        return signal_decode(&item->as.signal, reader);
    case CEPA_MESH_ITEM_BUCKET_GET:
    case CEPA_MESH_ITEM_BUCKET:
        return bucket_decode(&item->as.bucket, item->type, reader);
    case CEPA_MESH_ITEM_RELAY:
        return relay_decode(&item->as.relay, reader);
    default:
        return CEPA_ERR_UNSUPPORTED;
    }
}
