/* Reads the vectors that others published, JSON files in the folder that the environment variable
 * CEPA_VECTORS names. A test whose file is absent is skipped, with the reason. */
#ifndef CEPA_TESTS_SUPPORT_PUBLISHED_H
#define CEPA_TESTS_SUPPORT_PUBLISHED_H

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

/* published_open gives the parsed file of that name; the caller gives it to cJSON_Delete. */
cJSON *published_open(const char *name);

/* published_get gives the member `name` of `object`, which must be there. */
const cJSON *published_get(const cJSON *object, const char *name);

/* published_text gives the string `name` of `object`, which must be there. */
const char *published_text(const cJSON *object, const char *name);

/* published_hex decodes the string `name` of `object` and gives its length in bytes, which must be
 * at most `len_max`. */
size_t published_hex(uint8_t *ret_bytes, size_t len_max, const cJSON *object, const char *name);

#endif
