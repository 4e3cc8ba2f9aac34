/* Addresses as text: Bech32m over a version, 48 bytes and a checksum. @[SPEC 14.2]
 *
 * Nothing here is secret from whoever runs it, so nothing is constant-time. */
#include "identity/address.h"

#include <stdbool.h>
#include <string.h>

#include "base/assert.h"

enum {
    CHECKSUM_SYMBOLS = 6,
    CONTENT_SYMBOLS = CEPA_ADDRESS_SYMBOLS - CHECKSUM_SYMBOLS,
    LATER_LEN_MAX = 128, /* longest text of a later version that is recognised as such */
    UNKNOWN = 32         /* stands for a character that is no symbol */
};

#define BECH32M_CONSTANT UINT32_C(0x2bc830a3)

static const char prefix[CEPA_ADDRESS_PREFIX_LEN + 1] = "cepa1";
static const char suffix[] = ".cepa";
static const char alphabet[UNKNOWN + 1] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/* Symbols with the place that each has in the text. */
struct symbols {
    uint8_t values[CEPA_ADDRESS_SYMBOLS]; /* 0 to 31, or UNKNOWN */
    size_t places[CEPA_ADDRESS_SYMBOLS];
};

/* Adds a symbol to the checksum: times x, plus the symbol, modulo the generator. @[BIP173] */
static uint32_t checksum_add(uint32_t checksum, uint32_t symbol)
{
    static const uint32_t generator[5] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
                                          0x2a1462b3};
    uint32_t top = checksum >> 25;
    checksum = ((checksum & 0x1ffffff) << 5) ^ symbol;
    for (unsigned bit = 0; bit < 5; bit++) {
        checksum ^= (0 - ((top >> bit) & 1)) & generator[bit];
    }
    return checksum;
}

/* The checksum after the human-readable part "cepa". */
static uint32_t checksum_begin(void)
{
    uint32_t checksum = 1;
    for (size_t i = 0; i < CEPA_ADDRESS_PREFIX_LEN - 1; i++) {
        checksum = checksum_add(checksum, (uint32_t)prefix[i] >> 5);
    }
    checksum = checksum_add(checksum, 0);
    for (size_t i = 0; i < CEPA_ADDRESS_PREFIX_LEN - 1; i++) {
        checksum = checksum_add(checksum, (uint32_t)prefix[i] & 31);
    }
    return checksum;
}

static char to_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static uint8_t symbol_of(char c)
{
    uint8_t symbol = 0;
    c = to_lower(c);
    while (symbol < UNKNOWN && alphabet[symbol] != c) {
        symbol++;
    }
    return symbol;
}

/* What the checksum of these symbols differs by from that of an address; 0 if it is right. Unknown
 * symbols count as 0. */
static uint32_t residue_of(const struct symbols *symbols)
{
    uint32_t checksum = checksum_begin();
    for (size_t i = 0; i < CEPA_ADDRESS_SYMBOLS; i++) {
        checksum = checksum_add(checksum, symbols->values[i] & 31);
    }
    return checksum ^ BECH32M_CONSTANT;
}

/* Multiplies the six elements of GF(32) in `block` by `factor`. @[BIP173] */
static uint32_t multiply(uint32_t block, uint32_t factor)
{
    uint32_t product = 0;
    for (; factor != 0; factor >>= 1) {
        product ^= (0 - (factor & 1)) & block;
        uint32_t top = block & 0x21084210;
        block = ((block ^ top) << 1) ^ ((top >> 4) * 9);
    }
    return product;
}

/* Brings a residue that is not 0 to the form in which its lowest element that is not 0 is 1: two
 * residues have the same form if wrong symbols at one and the same place can be their cause. */
static uint32_t direction(uint32_t residue)
{
    uint32_t element = 0;
    for (uint32_t rest = residue; element == 0; rest >>= 5) {
        element = rest & 31;
    }
    /* The inverse is the 30th power: the group has 31 elements. */
    uint32_t inverse = 1;
    for (unsigned i = 0; i < 30; i++) {
        inverse = multiply(inverse, element);
    }
    return multiply(residue, inverse);
}

/* What a wrong symbol does to the residue, by its place. */
struct effects {
    uint32_t unit[CEPA_ADDRESS_SYMBOLS];      /* of a difference of 1 */
    uint32_t direction[CEPA_ADDRESS_SYMBOLS]; /* of any difference */
};

static void effects_init(struct effects *ret_effects)
{
    uint32_t unit = 1;
    for (size_t i = CEPA_ADDRESS_SYMBOLS; i-- > 0;) {
        ret_effects->unit[i] = unit;
        ret_effects->direction[i] = direction(unit);
        unit = checksum_add(unit, 0);
    }
}

/* The place at which one wrong symbol explains a residue that is not 0; CEPA_ADDRESS_SYMBOLS if
 * there is none. */
static size_t find_one(const struct effects *effects, uint32_t residue)
{
    uint32_t wanted = direction(residue);
    size_t at = 0;
    while (at < CEPA_ADDRESS_SYMBOLS && effects->direction[at] != wanted) {
        at++;
    }
    return at;
}

/* Looks for a wrong symbol at `first`, and one more elsewhere, that explain the residue. */
static bool find_second(size_t *ret_second, const struct effects *effects, uint32_t residue,
                        size_t first)
{
    for (uint32_t difference = 0; difference < 32; difference++) {
        uint32_t rest = residue ^ multiply(effects->unit[first], difference);
        size_t second = rest == 0 ? first : find_one(effects, rest);
        if (second < CEPA_ADDRESS_SYMBOLS) {
            *ret_second = second;
            return true;
        }
    }
    return false;
}

static void slips_add(struct cepa_address_slips *slips, size_t place)
{
    if (slips->len < CEPA_ADDRESS_SLIPS_MAX && (slips->len == 0 || slips->positions[0] != place)) {
        slips->positions[slips->len++] = place;
    }
    if (slips->len == 2 && slips->positions[0] > slips->positions[1]) {
        size_t later = slips->positions[0];
        slips->positions[0] = slips->positions[1];
        slips->positions[1] = later;
    }
}

/* Finds the places of at most two wrong symbols. The code's distance is 5 up to 89 symbols, so that
 * there is at most one such explanation. */
static void find_slips(struct cepa_address_slips *ret_slips, const struct symbols *symbols)
{
    struct effects effects;
    uint32_t residue = residue_of(symbols);
    size_t first = CEPA_ADDRESS_SYMBOLS;
    size_t second = 0;
    for (size_t i = 0; i < CEPA_ADDRESS_SYMBOLS; i++) {
        if (symbols->values[i] == UNKNOWN) {
            slips_add(ret_slips, symbols->places[i]);
            first = i;
        }
    }
    if (ret_slips->len == CEPA_ADDRESS_SLIPS_MAX || residue == 0) {
        return;
    }
    effects_init(&effects);
    if (first == CEPA_ADDRESS_SYMBOLS) {
        first = find_one(&effects, residue);
        if (first < CEPA_ADDRESS_SYMBOLS) {
            slips_add(ret_slips, symbols->places[first]);
            return;
        }
        first = 0;
        while (first < CEPA_ADDRESS_SYMBOLS && !find_second(&second, &effects, residue, first)) {
            first++;
        }
    } else if (!find_second(&second, &effects, residue, first)) {
        return; /* the character that is none, and more than one other */
    }
    if (first < CEPA_ADDRESS_SYMBOLS) {
        slips_add(ret_slips, symbols->places[first]);
        slips_add(ret_slips, symbols->places[second]);
    }
}

static void symbols_make(struct symbols *ret_symbols, const struct cepa_address *address)
{
    uint8_t *values = ret_symbols->values;
    uint32_t bits = 0;
    unsigned bits_len = 0;
    size_t len = 0;
    memset(ret_symbols, 0, sizeof *ret_symbols);
    values[len++] = CEPA_ADDRESS_VERSION;
    for (size_t i = 0; i < sizeof address->bytes; i++) {
        bits = (bits << 8) | address->bytes[i];
        for (bits_len += 8; bits_len >= 5; bits_len -= 5) {
            values[len++] = (bits >> (bits_len - 5)) & 31;
        }
    }
    values[len++] = (uint8_t)((bits << (5 - bits_len)) & 31);
    CEPA_ASSERT(len == CONTENT_SYMBOLS);
    uint32_t checksum = residue_of(ret_symbols); /* with zeros where it will stand */
    for (unsigned i = 0; i < CHECKSUM_SYMBOLS; i++) {
        values[len++] = (checksum >> (5 * (CHECKSUM_SYMBOLS - 1 - i))) & 31;
    }
}

/* Reads symbols whose checksum may be wrong. */
static int symbols_read(struct cepa_address *ret_address, struct cepa_address_slips *ret_slips,
                        const struct symbols *symbols)
{
    struct cepa_address address;
    uint32_t bits = 0;
    unsigned bits_len = 0;
    size_t len = 0;
    find_slips(ret_slips, symbols);
    if (residue_of(symbols) != 0 || ret_slips->len > 0) {
        return CEPA_ERR_AUTHENTICATION;
    }
    if (symbols->values[0] != CEPA_ADDRESS_VERSION) {
        return CEPA_ERR_VERSION;
    }
    for (size_t i = 1; i < CONTENT_SYMBOLS; i++) {
        bits = (bits << 5) | symbols->values[i];
        bits_len += 5;
        if (bits_len >= 8) {
            bits_len -= 8;
            address.bytes[len++] = (uint8_t)(bits >> bits_len);
        }
    }
    CEPA_ASSERT(len == sizeof address.bytes);
    if ((bits & ((1U << bits_len) - 1)) != 0) {
        return CEPA_ERR_MALFORMED;
    }
    *ret_address = address;
    return 0;
}

/* The first letter whose case is not that of the letters before it; `text_len` if there is none. */
static size_t find_other_case(const char *text, size_t text_len)
{
    bool has_lower = false;
    bool has_upper = false;
    size_t at = 0;
    for (; at < text_len; at++) {
        has_lower = has_lower || (text[at] >= 'a' && text[at] <= 'z');
        has_upper = has_upper || (text[at] >= 'A' && text[at] <= 'Z');
        if (has_lower && has_upper) {
            break;
        }
    }
    return at;
}

/* Whether a text of another length is an address that a later program can read. */
static bool is_later(const char *text, size_t text_len)
{
    uint32_t checksum = checksum_begin();
    if (text_len <= CEPA_ADDRESS_PREFIX_LEN + CHECKSUM_SYMBOLS || text_len > LATER_LEN_MAX) {
        return false;
    }
    for (size_t i = CEPA_ADDRESS_PREFIX_LEN; i < text_len; i++) {
        uint8_t symbol = symbol_of(text[i]);
        if (symbol == UNKNOWN) {
            return false;
        }
        checksum = checksum_add(checksum, symbol);
    }
    return checksum == BECH32M_CONSTANT &&
           symbol_of(text[CEPA_ADDRESS_PREFIX_LEN]) != CEPA_ADDRESS_VERSION;
}

/* Where a text differs from a word in lower case; `len` if it does not. */
static size_t find_difference(const char *text, const char *word, size_t len)
{
    size_t at = 0;
    while (at < len && to_lower(text[at]) == word[at]) {
        at++;
    }
    return at;
}

static int read_text(struct cepa_address *ret_address, struct cepa_address_slips *ret_slips,
                     const char *text, size_t text_len)
{
    struct symbols symbols;
    size_t common = text_len < CEPA_ADDRESS_PREFIX_LEN ? text_len : CEPA_ADDRESS_PREFIX_LEN;
    size_t wrong = find_difference(text, prefix, common);
    if (wrong < CEPA_ADDRESS_PREFIX_LEN) {
        if (text_len == CEPA_ADDRESS_TEXT_LEN) {
            slips_add(ret_slips, wrong);
        }
        return CEPA_ERR_MALFORMED;
    }
    wrong = find_other_case(text, text_len);
    if (wrong < text_len) {
        slips_add(ret_slips, wrong);
        return CEPA_ERR_MALFORMED;
    }
    if (text_len != CEPA_ADDRESS_TEXT_LEN) {
        return is_later(text, text_len) ? CEPA_ERR_VERSION : CEPA_ERR_LENGTH;
    }
    for (size_t i = 0; i < CEPA_ADDRESS_SYMBOLS; i++) {
        symbols.places[i] = CEPA_ADDRESS_PREFIX_LEN + i;
        symbols.values[i] = symbol_of(text[CEPA_ADDRESS_PREFIX_LEN + i]);
    }
    return symbols_read(ret_address, ret_slips, &symbols);
}

void cepa_address_write(char ret_text[CEPA_ADDRESS_TEXT_SIZE], const struct cepa_address *address)
{
    struct symbols symbols;
    symbols_make(&symbols, address);
    memcpy(ret_text, prefix, CEPA_ADDRESS_PREFIX_LEN);
    for (size_t i = 0; i < CEPA_ADDRESS_SYMBOLS; i++) {
        ret_text[CEPA_ADDRESS_PREFIX_LEN + i] = alphabet[symbols.values[i]];
    }
    ret_text[CEPA_ADDRESS_TEXT_LEN] = '\0';
}

int cepa_address_read(struct cepa_address *ret_address, struct cepa_address_slips *ret_slips,
                      const char *text, size_t text_len)
{
    struct cepa_address_slips slips = {{0}, 0};
    int status = read_text(ret_address, &slips, text, text_len);
    if (ret_slips != NULL) {
        *ret_slips = slips;
    }
    return status;
}

void cepa_address_write_host(char ret_host[CEPA_ADDRESS_HOST_SIZE],
                             const struct cepa_address *address)
{
    char text[CEPA_ADDRESS_TEXT_SIZE];
    const char *symbols = text + CEPA_ADDRESS_PREFIX_LEN;
    cepa_address_write(text, address);
    memcpy(ret_host, symbols, CEPA_ADDRESS_HOST_LABEL);
    ret_host[CEPA_ADDRESS_HOST_LABEL] = '.';
    memcpy(ret_host + CEPA_ADDRESS_HOST_LABEL + 1, symbols + CEPA_ADDRESS_HOST_LABEL,
           CEPA_ADDRESS_SYMBOLS - CEPA_ADDRESS_HOST_LABEL);
    memcpy(ret_host + CEPA_ADDRESS_SYMBOLS + 1, suffix, sizeof suffix);
}

static int read_host(struct cepa_address *ret_address, struct cepa_address_slips *ret_slips,
                     const char *host, size_t host_len)
{
    const size_t suffix_len = sizeof suffix - 1;
    struct symbols symbols;
    host_len -= host_len > 0 && host[host_len - 1] == '.';
    if (host_len < suffix_len ||
        find_difference(host + host_len - suffix_len, suffix, suffix_len) < suffix_len) {
        return CEPA_ERR_MALFORMED;
    }
    if (host_len != CEPA_ADDRESS_HOST_LEN) {
        return CEPA_ERR_LENGTH;
    }
    if (host[CEPA_ADDRESS_HOST_LABEL] != '.') {
        slips_add(ret_slips, CEPA_ADDRESS_HOST_LABEL);
        return CEPA_ERR_MALFORMED;
    }
    for (size_t i = 0; i < CEPA_ADDRESS_SYMBOLS; i++) {
        symbols.places[i] = i + (i >= CEPA_ADDRESS_HOST_LABEL);
        symbols.values[i] = symbol_of(host[symbols.places[i]]);
    }
    return symbols_read(ret_address, ret_slips, &symbols);
}

int cepa_address_read_host(struct cepa_address *ret_address, struct cepa_address_slips *ret_slips,
                           const char *host, size_t host_len)
{
    struct cepa_address_slips slips = {{0}, 0};
    int status = read_host(ret_address, &slips, host, host_len);
    if (ret_slips != NULL) {
        *ret_slips = slips;
    }
    return status;
}
