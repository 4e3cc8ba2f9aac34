/* What the module shares among its files: the export attribute and the host's randomness.
 *
 * The module is a thin driver. The page or Node writes inputs into the arena, calls an export with
 * addresses in it, and reads the outputs from it; nothing is allocated, so no call moves memory. */
#ifndef CEPA_WASM_MODULE_H
#define CEPA_WASM_MODULE_H

#include <stddef.h>
#include <stdint.h>

#include "base/random.h"

/* CEPA_WASM_EXPORT makes a function callable from outside under `name`. Other compilers only look
 * whether the header is well-formed. */
#if defined(__wasm__)
#define CEPA_WASM_EXPORT(name) __attribute__((export_name(name)))
#else
#define CEPA_WASM_EXPORT(name)
#endif

enum { CEPA_WASM_ARENA_LEN = 256 * 1024 };

/* cepa_wasm_random is the host's randomness behind the module's one import; static storage. Every
 * draw fails until cepa_wasm_init has succeeded. */
const struct cepa_random *cepa_wasm_random(void);

/* cepa_wasm_init draws twice and looks at what came, so that a host whose hook does not really
 * write is found out at start and not by its keys. Returns 0 or CEPA_ERR_RANDOM; may be called
 * again. */
CEPA_WASM_EXPORT("init") int cepa_wasm_init(void);

/* cepa_wasm_draw writes `len` random bytes. Returns 0, or CEPA_ERR_RANDOM and then `ret_bytes` is
 * wiped. @[SPEC 3.1] */
CEPA_WASM_EXPORT("draw") int cepa_wasm_draw(uint8_t *ret_bytes, size_t len);

/* cepa_wasm_arena gives the address of CEPA_WASM_ARENA_LEN bytes that belong to the caller of the
 * module, aligned to 64; cepa_wasm_arena_len gives their number. */
CEPA_WASM_EXPORT("arena") uint8_t *cepa_wasm_arena(void);
CEPA_WASM_EXPORT("arena_len") uint32_t cepa_wasm_arena_len(void);

/* cepa_wasm_panic_text gives what the last panic said: a text that ends with a zero byte, empty if
 * there was none. A panic is a trap; the instance is not to be used afterwards, this apart. */
CEPA_WASM_EXPORT("panic_text") const char *cepa_wasm_panic_text(void);

/* cepa_wasm_error_name and cepa_wasm_error_text are those of base/error.h. */
CEPA_WASM_EXPORT("error_name") const char *cepa_wasm_error_name(int error);
CEPA_WASM_EXPORT("error_text") const char *cepa_wasm_error_text(int error);

#endif
