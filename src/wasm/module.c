/* The module's arena, its panic hook and its randomness. */
#include "wasm/module.h"

#include <string.h>

#include "base/assert.h"
#include "base/ct.h"

/* The only import: fills `len` bytes at `ret_bytes` with randomness fit for keys and gives 0, or
 * anything else if it could not. */
__attribute__((import_module("env"), import_name("random"))) int cepa_wasm_import_random(
    uint8_t *ret_bytes, size_t len);

/* A draw of at least this many bytes that are all zero did not happen (chance 2^-128). */
enum { RECOGNISABLE_LEN = 16 };

enum { PANIC_TEXT_LEN = 256 };

static _Alignas(64) uint8_t arena[CEPA_WASM_ARENA_LEN];
static char panic_text[PANIC_TEXT_LEN];
static int random_ready;

static size_t append(size_t at, const char *text)
{
    size_t len = strlen(text);
    size_t room = PANIC_TEXT_LEN - 1 - at;
    len = len < room ? len : room;
    memcpy(panic_text + at, text, len);
    return at + len;
}

static size_t append_number(size_t at, unsigned number)
{
    char digits[12];
    size_t first = sizeof digits - 1;
    digits[first] = 0;
    do {
        digits[--first] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return append(at, digits + first);
}

_Noreturn void cepa_panic(const char *file, int line, const char *what)
{
    size_t at = append(0, file);
    at = append(at, ":");
    at = append_number(at, (unsigned)line);
    at = append(at, ": ");
    at = append(at, what);
    panic_text[at] = 0;
    __builtin_trap();
}

static int host_fill(void *context, uint8_t *ret_bytes, size_t len)
{
    const uint8_t zeros[RECOGNISABLE_LEN] = {0};
    (void)context;
    /* A hook may report success and have written elsewhere, such as into a view of memory that has
     * moved. What it left as zeros is refused. */
    memset(ret_bytes, 0, len);
    if (cepa_wasm_import_random(ret_bytes, len) != 0) {
        return -1;
    }
    if (len >= RECOGNISABLE_LEN && cepa_ct_compare(ret_bytes, zeros, RECOGNISABLE_LEN) != 0) {
        return -1;
    }
    return 0;
}

static int checked_fill(void *context, uint8_t *ret_bytes, size_t len)
{
    return random_ready ? host_fill(context, ret_bytes, len) : -1;
}

const struct cepa_random *cepa_wasm_random(void)
{
    static const struct cepa_random host_random = {checked_fill, NULL};
    return &host_random;
}

int cepa_wasm_init(void)
{
    uint8_t first[2 * RECOGNISABLE_LEN];
    uint8_t second[2 * RECOGNISABLE_LEN];
    random_ready = host_fill(NULL, first, sizeof first) == 0 &&
                   host_fill(NULL, second, sizeof second) == 0 &&
                   cepa_ct_compare(first, second, sizeof first) == 0;
    cepa_wipe(first, sizeof first);
    cepa_wipe(second, sizeof second);
    return random_ready ? 0 : CEPA_ERR_RANDOM;
}

int cepa_wasm_draw(uint8_t *ret_bytes, size_t len)
{
    return cepa_random_fill(cepa_wasm_random(), ret_bytes, len);
}

uint8_t *cepa_wasm_arena(void)
{
    return arena;
}

uint32_t cepa_wasm_arena_len(void)
{
    return CEPA_WASM_ARENA_LEN;
}

const char *cepa_wasm_panic_text(void)
{
    return panic_text;
}

const char *cepa_wasm_error_name(int error)
{
    return cepa_error_name(error);
}

const char *cepa_wasm_error_text(int error)
{
    return cepa_error_text(error);
}
