/* Addresses and cards as a person types them, and public keys as a stranger sends them: what is
 * read is written the same, places of slips stand in the text, and one or two slips are always
 * found. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "identity/address.h"
#include "identity/card.h"
#include "identity/identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

static void demand(int is_true)
{
    if (!is_true) {
        abort();
    }
}

static void check_slips(const struct cepa_address_slips *slips, size_t text_len)
{
    demand(slips->len <= CEPA_ADDRESS_SLIPS_MAX);
    for (size_t i = 0; i < slips->len; i++) {
        demand(slips->positions[i] < text_len);
    }
    demand(slips->len < 2 || slips->positions[0] < slips->positions[1]);
}

static void check_same(const char *text, const char *again, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char lower = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + 32) : text[i];
        demand(lower == again[i]);
    }
}

static void try_text(const char *text, size_t text_len)
{
    struct cepa_address address;
    struct cepa_address_slips slips;
    char again[CEPA_ADDRESS_HOST_SIZE];
    int status = cepa_address_read(&address, &slips, text, text_len);
    check_slips(&slips, text_len);
    if (status == 0) {
        demand(slips.len == 0 && text_len == CEPA_ADDRESS_TEXT_LEN);
        cepa_address_write(again, &address);
        check_same(text, again, text_len);
    }
    status = cepa_address_read_host(&address, &slips, text, text_len);
    check_slips(&slips, text_len);
    if (status == 0) {
        demand(slips.len == 0 && text_len >= CEPA_ADDRESS_HOST_LEN);
        cepa_address_write_host(again, &address);
        check_same(text, again, CEPA_ADDRESS_HOST_LEN);
    }
}

static void try_card(const char *text, size_t text_len)
{
    struct cepa_card card;
    struct cepa_name name;
    struct cepa_address_slips slips;
    char again[CEPA_CARD_TEXT_SIZE];
    int status = cepa_card_read(&card, &slips, text, text_len);
    check_slips(&slips, text_len);
    if (status == 0) {
        const size_t common = CEPA_CARD_PREFIX_LEN + CEPA_ADDRESS_TEXT_LEN;
        cepa_card_write(again, &card);
        demand(strlen(again) == text_len);
        check_same(text, again, common);
        demand(memcmp(text + common, again + common, text_len - common) == 0);
    }
    if (cepa_name_read(&name, text, text_len) == 0) {
        demand(strlen(name.text) == text_len && memcmp(name.text, text, text_len) == 0);
        memset(card.address.bytes, 7, sizeof card.address.bytes);
        card.name = name;
        cepa_card_write(again, &card);
        demand(cepa_card_read(&card, &slips, again, strlen(again)) == 0);
        demand(strcmp(card.name.text, name.text) == 0);
    }
}

/* The first bytes are an address, those behind it the places and characters of two slips. */
static void try_slips(const uint8_t *data, size_t data_len)
{
    struct cepa_address address;
    struct cepa_address_slips slips;
    char text[CEPA_ADDRESS_TEXT_SIZE];
    size_t changed = 0;
    if (data_len < sizeof address.bytes + 4) {
        return;
    }
    memcpy(address.bytes, data, sizeof address.bytes);
    data += sizeof address.bytes;
    cepa_address_write(text, &address);
    demand(cepa_address_read(&address, &slips, text, CEPA_ADDRESS_TEXT_LEN) == 0);
    demand(memcmp(address.bytes, data - sizeof address.bytes, sizeof address.bytes) == 0);
    for (size_t i = 0; i < 2; i++) {
        size_t at = CEPA_ADDRESS_PREFIX_LEN + (size_t)data[2 * i] % CEPA_ADDRESS_SYMBOLS;
        char c = (char)(data[2 * i + 1] & 127);
        c = c >= 'A' && c <= 'Z' ? '!' : c;
        if (i == 1 && data[0] % CEPA_ADDRESS_SYMBOLS == data[2] % CEPA_ADDRESS_SYMBOLS) {
            break;
        }
        changed += text[at] != c;
        text[at] = c;
    }
    int status = cepa_address_read(&address, &slips, text, CEPA_ADDRESS_TEXT_LEN);
    demand((status == 0) == (changed == 0));
    demand(status == 0 || status == CEPA_ERR_AUTHENTICATION);
    demand(slips.len == changed);
}

static void try_keys(const uint8_t *data, size_t data_len)
{
    static struct cepa_identity_public keys;
    static uint8_t again[CEPA_IDENTITY_PUBLIC_SIZE];
    struct cepa_address address;
    if (cepa_identity_public_decode(&keys, data, data_len) != 0) {
        demand(data_len != sizeof again);
        return;
    }
    cepa_identity_public_encode(again, &keys);
    demand(memcmp(again, data, sizeof again) == 0);
    cepa_identity_public_address(&address, &keys);
    demand(cepa_identity_public_check(&keys, &address) != CEPA_ERR_AUTHENTICATION);
    address.bytes[40] ^= 1;
    demand(cepa_identity_public_check(&keys, &address) == CEPA_ERR_AUTHENTICATION);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    try_text((const char *)data, data_len);
    try_card((const char *)data, data_len);
    try_slips(data, data_len);
    try_keys(data, data_len);
    return 0;
}
