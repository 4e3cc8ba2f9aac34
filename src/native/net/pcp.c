/* PCP's fixed layouts. IPv4 stands in 16 bytes as ::ffff:a.b.c.d. */
#include "native/net/pcp.h"

#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"

enum { RESPONSE_BIT = 0x80 };

static const uint8_t ipv4_mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static void write_ip(struct cepa_writer *writer, const struct cepa_net_address *address)
{
    if (address->family == CEPA_NET_ADDRESS_IPV4) {
        cepa_writer_bytes(writer, ipv4_mapped, sizeof ipv4_mapped);
        cepa_writer_bytes(writer, address->ip, 4);
    } else {
        cepa_writer_bytes(writer, address->ip, 16);
    }
}

static void read_ip(struct cepa_reader *reader, struct cepa_net_address *ret_address)
{
    uint8_t ip[16];
    cepa_reader_bytes(reader, ip, sizeof ip);
    memset(ret_address, 0, sizeof *ret_address);
    if (memcmp(ip, ipv4_mapped, sizeof ipv4_mapped) == 0) {
        ret_address->family = CEPA_NET_ADDRESS_IPV4;
        memcpy(ret_address->ip, ip + 12, 4);
    } else {
        ret_address->family = CEPA_NET_ADDRESS_IPV6;
        memcpy(ret_address->ip, ip, 16);
    }
}

void cepa_pcp_encode(uint8_t ret_message[CEPA_PCP_MAP_SIZE], const struct cepa_pcp_request *request)
{
    struct cepa_writer writer;
    size_t len = 0;
    CEPA_ASSERT(request->client.family == request->wanted.family);
    cepa_writer_init(&writer, ret_message, CEPA_PCP_MAP_SIZE);
    cepa_writer_u8(&writer, CEPA_PCP_VERSION);
    cepa_writer_u8(&writer, CEPA_PCP_MAP);
    cepa_writer_zeros(&writer, 2);
    cepa_writer_u32(&writer, request->lifetime_s);
    write_ip(&writer, &request->client);
    cepa_writer_bytes(&writer, request->nonce, sizeof request->nonce);
    cepa_writer_u8(&writer, request->protocol);
    cepa_writer_zeros(&writer, 3);
    cepa_writer_u16(&writer, request->client.port);
    cepa_writer_u16(&writer, request->wanted.port);
    write_ip(&writer, &request->wanted);
    CEPA_ASSERT(cepa_writer_end(&writer, &len) == 0 && len == CEPA_PCP_MAP_SIZE);
}

/* Options are code 1, zero 1, length 2, and as many bytes, padded to a multiple of 4. */
static void skip_options(struct cepa_reader *reader)
{
    while (!reader->failed && cepa_reader_left(reader) > 0) {
        cepa_reader_skip(reader, 2);
        size_t len = cepa_reader_u16(reader);
        cepa_reader_skip(reader, (len + 3) / 4 * 4);
    }
}

static void read_map(struct cepa_reader *reader, struct cepa_pcp_response *response)
{
    cepa_reader_bytes(reader, response->nonce, sizeof response->nonce);
    response->protocol = cepa_reader_u8(reader);
    cepa_reader_skip(reader, 3); /* to be ignored when received */
    response->internal_port = cepa_reader_u16(reader);
    uint16_t external_port = cepa_reader_u16(reader);
    read_ip(reader, &response->external);
    response->external.port = external_port;
    skip_options(reader);
}

/* Another version than ours speaks no further than its first bytes. */
static int decode_refusal(struct cepa_pcp_response *ret_response, const uint8_t *bytes, size_t len)
{
    struct cepa_pcp_response response;
    memset(&response, 0, sizeof response);
    response.version = bytes[0];
    /* NAT-PMP's result has two bytes, of which the first is 0. */
    response.result = bytes[3];
    if (len < 8 || response.result != CEPA_PCP_UNSUPP_VERSION) {
        return CEPA_ERR_VERSION;
    }
    *ret_response = response;
    return 0;
}

int cepa_pcp_decode(struct cepa_pcp_response *ret_response, const void *message, size_t message_len)
{
    const uint8_t *bytes = message;
    struct cepa_pcp_response response;
    struct cepa_reader reader;
    if (message_len < 4 || message_len > CEPA_PCP_MESSAGE_MAX) {
        return CEPA_ERR_LENGTH;
    }
    if ((bytes[1] & RESPONSE_BIT) == 0) {
        return CEPA_ERR_MALFORMED;
    }
    if (bytes[0] != CEPA_PCP_VERSION) {
        return decode_refusal(ret_response, bytes, message_len);
    }
    memset(&response, 0, sizeof response);
    cepa_reader_init(&reader, message, message_len);
    response.version = cepa_reader_u8(&reader);
    uint8_t operation = cepa_reader_u8(&reader) & 0x7f;
    cepa_reader_skip(&reader, 1);
    response.result = cepa_reader_u8(&reader);
    response.lifetime_s = cepa_reader_u32(&reader);
    response.epoch_s = cepa_reader_u32(&reader);
    cepa_reader_skip(&reader, 12);
    if (operation == CEPA_PCP_MAP) {
        response.operation = CEPA_PCP_MAP;
        read_map(&reader, &response);
    } else if (operation == CEPA_PCP_ANNOUNCE) {
        response.operation = CEPA_PCP_ANNOUNCE;
        skip_options(&reader);
    } else {
        return CEPA_ERR_UNSUPPORTED;
    }
    int result = message_len % 4 != 0 ? CEPA_ERR_LENGTH : cepa_reader_end(&reader);
    if (result == 0) {
        *ret_response = response;
    }
    return result;
}

bool cepa_pcp_epoch_is_reset(struct cepa_pcp_epoch *epoch, uint32_t server_s, uint64_t client_s)
{
    bool is_reset = false;
    if (epoch->is_known && (uint64_t)server_s + 1 < epoch->server_s) {
        is_reset = true;
    } else if (epoch->is_known) {
        uint64_t server_delta = server_s > epoch->server_s ? server_s - epoch->server_s : 0;
        uint64_t client_delta = client_s > epoch->client_s ? client_s - epoch->client_s : 0;
        is_reset = client_delta + 2 < server_delta - server_delta / 16 ||
                   server_delta + 2 < client_delta - client_delta / 16;
    }
    epoch->is_known = true;
    epoch->server_s = server_s;
    epoch->client_s = client_s;
    return is_reset;
}
