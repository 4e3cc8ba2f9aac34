/* Writing or comparing, line by line. */
#include "support/vector_lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "support/test.h"

enum { LINE_MAX_LEN = 2 * 16384 + 256 };

static FILE *file;
static unsigned lines;

static int is_writing(void)
{
    return getenv("CEPA_WRITE_VECTORS") != NULL;
}

void vector_lines_open(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/docs/spec/vectors/%s", CEPA_SOURCE_DIR, name);
    if (file != NULL) {
        fclose(file);
    }
    file = fopen(path, is_writing() ? "w" : "r");
    lines = 0;
    CHECK(file != NULL);
}

void vector_lines_text(const char *line)
{
    static char found[LINE_MAX_LEN];
    lines++;
    if (is_writing()) {
        CHECK(fprintf(file, "%s\n", line) > 0);
        return;
    }
    CHECK(fgets(found, sizeof found, file) != NULL);
    found[strcspn(found, "\n")] = '\0';
    if (strcmp(found, line) != 0) {
        test_note("line %u stands there as: %.90s", lines, found);
        test_note("and is computed as:     %.90s", line);
    }
    CHECK(strcmp(found, line) == 0);
}

void vector_lines_bytes(const char *name, int index, const void *bytes, size_t len)
{
    static char line[LINE_MAX_LEN];
    int at = index < 0 ? snprintf(line, sizeof line, "%s =", name)
                       : snprintf(line, sizeof line, "%s_%d =", name, index);
    if (len > 0) {
        line[at++] = ' ';
    }
    for (size_t i = 0; i < len; i++) {
        at += snprintf(line + at, sizeof line - (size_t)at, "%02x", ((const uint8_t *)bytes)[i]);
    }
    vector_lines_text(line);
}

void vector_lines_number(const char *name, int index, uint64_t number, size_t size)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(number >> (8 * (size - 1 - i)));
    }
    vector_lines_bytes(name, index, bytes, size);
}

void vector_lines_digest(const char *name, int index, const void *bytes, size_t len)
{
    uint8_t digest[32];
    cepa_blake2b(digest, sizeof digest, bytes, len, NULL, 0);
    vector_lines_bytes(name, index, digest, sizeof digest);
}

void vector_lines_close(void)
{
    CHECK(is_writing() || fgetc(file) == EOF);
    fclose(file);
    file = NULL;
}
