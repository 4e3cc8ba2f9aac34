/* What comes before its time: offers' answers travel by other nodes, and the peer may have found
 * its path and begun the handshake before we know whom to answer. Without this its first flight
 * would be lost, and the next one come after as much as a second. */
#include <stdlib.h>
#include <string.h>

#include "native/webrtc/endpoint_state.h"

void cepa_connection_hold(struct cepa_connection *connection, const uint8_t *data, size_t data_len)
{
    size_t number = connection->early_len[0] == 0 ? 0 : 1;
    if (connection->early_len[1] != 0 || data_len > CEPA_DATAGRAM_MAX) {
        return; /* another flight will come */
    }
    if (connection->early == NULL) {
        connection->early = malloc(CEPA_CONNECTION_EARLY_MAX * CEPA_DATAGRAM_MAX);
    }
    if (connection->early != NULL) {
        memcpy(connection->early + number * CEPA_DATAGRAM_MAX, data, data_len);
        connection->early_len[number] = data_len;
    }
}

void cepa_connection_drop_early(struct cepa_connection *connection)
{
    free(connection->early);
    connection->early = NULL;
    memset(connection->early_len, 0, sizeof connection->early_len);
}

void cepa_connection_take_early(struct cepa_connection *connection)
{
    uint8_t *early = connection->early;
    size_t len[CEPA_CONNECTION_EARLY_MAX];
    memcpy(len, connection->early_len, sizeof len);
    connection->early = NULL; /* it may be the end of the connection */
    cepa_connection_drop_early(connection);
    for (size_t i = 0; i < CEPA_CONNECTION_EARLY_MAX; i++) {
        if (len[i] != 0 && connection->state != CEPA_CONNECTION_CLOSED) {
            cepa_connection_receive(connection, early + i * CEPA_DATAGRAM_MAX, len[i]);
        }
    }
    free(early);
}
