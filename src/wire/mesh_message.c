/* Encoding of what neighbours say: headers of items, and the items of gossip. The others are in
 * mesh_message_parts.c. @[SPEC 10.8] */
#include "wire/mesh_message.h"

#include <string.h>

#include "base/assert.h"
#include "base/endian.h"
#include "wire/mesh_message_parts.h"

static bool is_table(uint8_t table, uint32_t epoch)
{
    return table == CEPA_MESH_TABLE_KEYS ||
           ((table == CEPA_MESH_TABLE_INDEX || table == CEPA_MESH_TABLE_CREDENTIALS ||
             table == CEPA_MESH_TABLE_WAYS) &&
            epoch == 0);
}

/* Whether a table is compared; the others are only pulled from. */
static bool is_compared(uint8_t table, uint32_t epoch)
{
    return is_table(table, epoch) && table != CEPA_MESH_TABLE_CREDENTIALS &&
           table != CEPA_MESH_TABLE_WAYS;
}

static void roots_encode(struct cepa_writer *writer, const struct cepa_mesh_roots *roots)
{
    for (size_t i = 0; i < roots->len; i++) {
        cepa_writer_u8(writer, (uint8_t)roots->roots[i].table);
        cepa_writer_u32(writer, roots->roots[i].epoch);
        cepa_writer_bytes(writer, roots->roots[i].bytes, CEPA_MESH_ROOT_SIZE);
    }
}

static int roots_decode(struct cepa_mesh_roots *ret_roots, struct cepa_reader *reader)
{
    uint64_t last = 0;
    memset(ret_roots, 0, sizeof *ret_roots);
    while (cepa_reader_left(reader) > 0 && ret_roots->len < CEPA_MESH_ROOTS_MAX) {
        struct cepa_mesh_root *root = &ret_roots->roots[ret_roots->len++];
        uint8_t table = cepa_reader_u8(reader);
        root->epoch = cepa_reader_u32(reader);
        cepa_reader_bytes(reader, root->bytes, sizeof root->bytes);
        uint64_t order = (uint64_t)table << 32 | root->epoch;
        if (!is_compared(table, root->epoch) || order <= last) {
            return CEPA_ERR_MALFORMED;
        }
        root->table = (enum cepa_mesh_table)table;
        last = order;
    }
    return ret_roots->len > 0 ? cepa_reader_end(reader) : CEPA_ERR_LENGTH;
}

static void list_encode(struct cepa_writer *writer, const struct cepa_mesh_list *list)
{
    cepa_writer_u8(writer, (uint8_t)list->table);
    cepa_writer_u32(writer, list->epoch);
    cepa_writer_u8(writer, list->first_bucket);
    cepa_writer_u8(writer, list->last_bucket);
    cepa_writer_bytes(writer, list->entries, list->entries_len * CEPA_MESH_LIST_ENTRY_SIZE);
}

static int list_decode(struct cepa_mesh_list *ret_list, struct cepa_reader *reader)
{
    uint8_t table = cepa_reader_u8(reader);
    ret_list->epoch = cepa_reader_u32(reader);
    ret_list->first_bucket = cepa_reader_u8(reader);
    ret_list->last_bucket = cepa_reader_u8(reader);
    size_t left = cepa_reader_left(reader);
    ret_list->entries = cepa_reader_view(reader, left);
    ret_list->entries_len = left / CEPA_MESH_LIST_ENTRY_SIZE;
    if (reader->failed || left % CEPA_MESH_LIST_ENTRY_SIZE != 0) {
        return CEPA_ERR_LENGTH;
    }
    if (!is_compared(table, ret_list->epoch) || ret_list->first_bucket > ret_list->last_bucket) {
        return CEPA_ERR_MALFORMED;
    }
    ret_list->table = (enum cepa_mesh_table)table;
    for (size_t i = 0; i < ret_list->entries_len; i++) {
        uint8_t bucket = ret_list->entries[i * CEPA_MESH_LIST_ENTRY_SIZE];
        if (bucket < ret_list->first_bucket || bucket > ret_list->last_bucket) {
            return CEPA_ERR_MALFORMED;
        }
    }
    return 0;
}

static void pull_encode(struct cepa_writer *writer, const struct cepa_mesh_pull *pull)
{
    cepa_writer_u8(writer, (uint8_t)pull->table);
    cepa_writer_u32(writer, pull->epoch);
    cepa_writer_bytes(writer, pull->positions, pull->positions_len * CEPA_MESH_POSITION_SIZE);
}

static int pull_decode(struct cepa_mesh_pull *ret_pull, struct cepa_reader *reader)
{
    uint8_t table = cepa_reader_u8(reader);
    ret_pull->epoch = cepa_reader_u32(reader);
    size_t left = cepa_reader_left(reader);
    ret_pull->positions = cepa_reader_view(reader, left);
    ret_pull->positions_len = left / CEPA_MESH_POSITION_SIZE;
    if (reader->failed || left % CEPA_MESH_POSITION_SIZE != 0 || left == 0) {
        return CEPA_ERR_LENGTH;
    }
    if (!is_table(table, ret_pull->epoch) || ret_pull->positions_len > CEPA_MESH_PULL_MAX) {
        return CEPA_ERR_MALFORMED;
    }
    ret_pull->table = (enum cepa_mesh_table)table;
    return 0;
}

/* How long the objects of an item are: from min to max bytes each, in a row of up to so many. */
static int objects_decode(struct cepa_mesh_objects *ret_objects, enum cepa_mesh_item_type type,
                          struct cepa_reader *reader)
{
    size_t left = cepa_reader_left(reader);
    size_t size = type == CEPA_MESH_ITEM_RECORDS   ? CEPA_INDEX_RECORD_SIZE
                  : type == CEPA_MESH_ITEM_KEYS    ? CEPA_KEY_RECORD_SIZE
                  : type == CEPA_MESH_ITEM_WAYS    ? CEPA_WAY_RECORD_SIZE
                  : type == CEPA_MESH_ITEM_DIGESTS ? CEPA_MESH_DIGESTS_SIZE
                                                   : left;
    ret_objects->bytes = cepa_reader_view(reader, left);
    ret_objects->bytes_len = left;
    if (left == 0 || left % size != 0) {
        return CEPA_ERR_LENGTH;
    }
    ret_objects->count = left / size;
    if ((type == CEPA_MESH_ITEM_DIGESTS && ret_objects->count != 1) ||
        (type == CEPA_MESH_ITEM_CREDENTIALS && left > CEPA_CREDENTIALS_SIZE_MAX)) {
        return CEPA_ERR_LENGTH;
    }
    return 0;
}

static void body_encode(struct cepa_writer *writer, const struct cepa_mesh_item *item)
{
    switch ((unsigned)item->type) {
    case CEPA_MESH_ITEM_ROOTS:
        roots_encode(writer, &item->as.roots);
        return;
    case CEPA_MESH_ITEM_LIST:
        list_encode(writer, &item->as.list);
        return;
    case CEPA_MESH_ITEM_PULL:
    case CEPA_MESH_ITEM_ABSENT:
        pull_encode(writer, &item->as.pull);
        return;
    case CEPA_MESH_ITEM_DIGESTS:
    case CEPA_MESH_ITEM_RECORDS:
    case CEPA_MESH_ITEM_CREDENTIALS:
    case CEPA_MESH_ITEM_KEYS:
    case CEPA_MESH_ITEM_WAYS:
        cepa_writer_bytes(writer, item->as.objects.bytes, item->as.objects.bytes_len);
        return;
    default:
        cepa_mesh_part_encode(writer, item);
        return;
    }
}

static int body_decode(struct cepa_mesh_item *ret_item, uint8_t type, struct cepa_reader *reader)
{
    ret_item->type = (enum cepa_mesh_item_type)type;
    switch ((unsigned)type) {
    case CEPA_MESH_ITEM_ROOTS:
        return roots_decode(&ret_item->as.roots, reader);
    case CEPA_MESH_ITEM_LIST:
        return list_decode(&ret_item->as.list, reader);
    case CEPA_MESH_ITEM_PULL:
    case CEPA_MESH_ITEM_ABSENT:
        return pull_decode(&ret_item->as.pull, reader);
    case CEPA_MESH_ITEM_DIGESTS:
    case CEPA_MESH_ITEM_RECORDS:
    case CEPA_MESH_ITEM_CREDENTIALS:
    case CEPA_MESH_ITEM_KEYS:
    case CEPA_MESH_ITEM_WAYS:
        return objects_decode(&ret_item->as.objects, ret_item->type, reader);
    default:
        return cepa_mesh_part_decode(ret_item, reader);
    }
}

void cepa_mesh_item_encode(struct cepa_writer *writer, const struct cepa_mesh_item *item)
{
    size_t start = writer->len;
    cepa_writer_u8(writer, (uint8_t)item->type);
    cepa_writer_u16(writer, 0);
    body_encode(writer, item);
    if (writer->failed) {
        return;
    }
    size_t body_len = writer->len - start - CEPA_MESH_ITEM_HEADER_SIZE;
    CEPA_ASSERT(body_len <= CEPA_MESH_ITEM_BODY_MAX);
    cepa_be16_store(writer->data + start + 1, (uint16_t)body_len);
}

int cepa_mesh_item_decode(struct cepa_mesh_item *ret_item, struct cepa_reader *reader)
{
    struct cepa_mesh_item item;
    struct cepa_reader body;
    if (!reader->failed && cepa_reader_left(reader) == 0) {
        return 0;
    }
    uint8_t type = cepa_reader_u8(reader);
    uint16_t body_len = cepa_reader_u16(reader);
    const uint8_t *bytes = cepa_reader_view(reader, body_len);
    if (reader->failed) {
        return CEPA_ERR_LENGTH;
    }
    memset(&item, 0, sizeof item);
    cepa_reader_init(&body, bytes, body_len);
    int error = body_decode(&item, type, &body);
    if (error != 0) {
        return error;
    }
    *ret_item = item;
    return 1;
}
