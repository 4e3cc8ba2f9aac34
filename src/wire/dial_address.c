/* Encoding of the addresses of reachable relays. @[SPEC 10.1] */
#include "wire/dial_address.h"

#include "wire/reach.h"

void cepa_relay_address_encode(struct cepa_writer *writer, const struct cepa_relay_address *address)
{
    cepa_reach_encode(writer, &address->reach);
    cepa_writer_bytes(writer, address->dtls.bytes, CEPA_DTLS_HASH_SIZE);
    cepa_writer_bytes(writer, address->node.bytes, CEPA_NODE_ID_SIZE);
    cepa_writer_bytes(writer, address->secret.bytes, CEPA_REACH_SECRET_SIZE);
}

int cepa_relay_address_decode(struct cepa_relay_address *ret_address, struct cepa_reader *reader)
{
    struct cepa_relay_address address;
    int error = cepa_reach_decode(&address.reach, reader);
    size_t left = cepa_reader_left(reader);
    cepa_reader_bytes(reader, address.dtls.bytes, CEPA_DTLS_HASH_SIZE);
    cepa_reader_bytes(reader, address.node.bytes, CEPA_NODE_ID_SIZE);
    cepa_reader_bytes(reader, address.secret.bytes, CEPA_REACH_SECRET_SIZE);
    if (error != 0 || left < CEPA_DTLS_HASH_SIZE + CEPA_NODE_ID_SIZE + CEPA_REACH_SECRET_SIZE) {
        return CEPA_ERR_MALFORMED;
    }
    *ret_address = address;
    return 0;
}
