/* The line of JSON in which echo prints its address and dial takes it. */
#ifndef CEPA_EXAMPLES_ADDRESS_LINE_H
#define CEPA_EXAMPLES_ADDRESS_LINE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <sodium.h>

#include "native/webrtc/dial.h"

static inline bool address_line_hex(uint8_t *ret_bytes, size_t len, const cJSON *object,
                                    const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(object, key));
    size_t bin_len;
    return text != NULL && strlen(text) == 2 * len &&
           sodium_hex2bin(ret_bytes, len, text, 2 * len, NULL, &bin_len, NULL) == 0 &&
           bin_len == len;
}

/* Reads the address; the node's identity is nobody's concern here. Returns 0 or
 * CEPA_ERR_MALFORMED. */
static inline int address_line_read(struct cepa_dial_address *ret_address, const cJSON *object)
{
    struct cepa_dial_address read = {0};
    const char *ip = cJSON_GetStringValue(cJSON_GetObjectItem(object, "ip"));
    const cJSON *port = cJSON_GetObjectItem(object, "port");
    if (ip == NULL || !cJSON_IsNumber(port) || port->valuedouble < 1 ||
        port->valuedouble > UINT16_MAX ||
        cepa_net_address_ip_decode(&read.address, ip, strlen(ip)) != 0 ||
        !address_line_hex(read.certificate.bytes, sizeof read.certificate.bytes, object,
                          "certificate") ||
        !address_line_hex(read.secret.bytes, sizeof read.secret.bytes, object, "secret")) {
        return CEPA_ERR_MALFORMED;
    }
    read.address.port = (uint16_t)port->valueint;
    *ret_address = read;
    return 0;
}

#endif
