/* The reader behind published.h. */
#include "support/published.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/test.h"

cJSON *published_open(const char *name)
{
    const char *folder = getenv("CEPA_VECTORS");
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder != NULL ? folder : CEPA_VECTORS_DEFAULT, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        test_note("no %s", path);
        test_skip("the published vectors are not there (CEPA_VECTORS names their folder)");
    }
    CHECK_INT(fseek(file, 0, SEEK_END), 0);
    long len = ftell(file);
    rewind(file);
    char *text = malloc((size_t)len + 1);
    CHECK(text != NULL);
    CHECK_INT(fread(text, 1, (size_t)len, file), len);
    text[len] = '\0';
    fclose(file);
    cJSON *vectors = cJSON_Parse(text);
    free(text);
    CHECK(vectors != NULL);
    return vectors;
}

const cJSON *published_get(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    if (item == NULL) {
        test_note("no member %s", name);
    }
    CHECK(item != NULL);
    return item;
}

const char *published_text(const cJSON *object, const char *name)
{
    const cJSON *item = published_get(object, name);
    CHECK(cJSON_IsString(item));
    return item->valuestring;
}

size_t published_hex(uint8_t *ret_bytes, size_t len_max, const cJSON *object, const char *name)
{
    const char *text = published_text(object, name);
    size_t len = 0;
    CHECK_INT(sodium_hex2bin(ret_bytes, len_max, text, strlen(text), NULL, &len, NULL), 0);
    CHECK_INT(2 * len, strlen(text));
    return len;
}
