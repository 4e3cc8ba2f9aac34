/* The reader behind vectors.h. A file is read whole; the values of a block point into one buffer
 * that is as large as the file. */
#include "support/vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/test.h"

enum { VALUES_MAX = 64 };

struct value {
    const char *name;
    size_t name_len;
    const uint8_t *bytes;
    size_t len;
};

struct vectors {
    char file[256];
    char *text;
    const char *next;   /* what is not read yet */
    unsigned next_line; /* its line */
    uint8_t *bytes;     /* values of the open block */
    size_t bytes_len;
    unsigned line; /* where the open block begins */
    struct value values[VALUES_MAX];
    size_t values_len;
};

static struct vectors open_file;

static void check(int is_true, unsigned line, const char *what)
{
    if (!is_true) {
        test_check(0, open_file.file, (int)line, what);
    }
}

static void open_owned(const char *name, char *text)
{
    free(open_file.text);
    free(open_file.bytes);
    open_file = (struct vectors){.text = text, .next = text, .next_line = 1};
    open_file.bytes = malloc(text != NULL ? strlen(text) / 2 + 1 : 1);
    snprintf(open_file.file, sizeof open_file.file, "%s", name);
    check(text != NULL && open_file.bytes != NULL, 0, "file of vectors can be read");
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    long len = -1;
    if (file == NULL) {
        return NULL;
    }
    if (fseek(file, 0, SEEK_END) == 0) {
        len = ftell(file);
    }
    rewind(file);
    if (len >= 0) {
        text = malloc((size_t)len + 1);
    }
    if (text != NULL && fread(text, 1, (size_t)len, file) != (size_t)len) {
        free(text);
        text = NULL;
    }
    if (text != NULL) {
        text[len] = 0;
    }
    fclose(file);
    return text;
}

void vectors_open(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/docs/spec/vectors/%s", CEPA_SOURCE_DIR, name);
    open_owned(name, read_file(path));
}

void vectors_open_text(const char *name, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);
    if (copy != NULL) {
        memcpy(copy, text, size);
    }
    open_owned(name, copy);
}

static int digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static size_t name_len_of(const char *line)
{
    size_t len = strspn(line, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return len > 0 && line[0] >= 'a' && line[0] <= 'z' ? len : 0;
}

static const struct value *find(const char *name, size_t name_len)
{
    for (size_t i = 0; i < open_file.values_len; i++) {
        const struct value *value = &open_file.values[i];
        if (value->name_len == name_len && memcmp(value->name, name, name_len) == 0) {
            return value;
        }
    }
    return NULL;
}

/* Reads `hex` up to `end` behind the values that are there. */
static void read_hex(struct value *value, const char *hex, const char *end)
{
    value->bytes = open_file.bytes + open_file.bytes_len;
    check((end - hex) % 2 == 0, open_file.next_line, "hexadecimal digits come in pairs");
    for (; hex < end; hex += 2) {
        int high = digit(hex[0]);
        int low = digit(hex[1]);
        check(high >= 0 && low >= 0, open_file.next_line, "value is lowercase hexadecimal");
        open_file.bytes[open_file.bytes_len++] = (uint8_t)(16 * high + low);
        value->len++;
    }
}

static void read_value(const char *line, const char *end)
{
    check(open_file.values_len < VALUES_MAX, open_file.next_line, "block is not too long");
    struct value *value = &open_file.values[open_file.values_len];
    /* An empty value points somewhere too, so that it can be copied. */
    *value = (struct value){.name = line, .name_len = name_len_of(line), .bytes = open_file.bytes};
    const char *rest = line + value->name_len;
    check(value->name_len > 0 && strncmp(rest, " =", 2) == 0, open_file.next_line,
          "line is `name = hex`");
    check(find(line, value->name_len) == NULL, open_file.next_line, "name stands once in a block");
    rest += 2;
    if (rest < end) {
        check(*rest == ' ' && rest + 1 < end, open_file.next_line, "line is `name = hex`");
        read_hex(value, rest + 1, end);
    }
    open_file.values_len++;
}

int vectors_next(void)
{
    open_file.values_len = 0;
    open_file.bytes_len = 0;
    while (open_file.next != NULL && *open_file.next != 0) {
        const char *line = open_file.next;
        const char *end = strchr(line, '\n');
        int is_last = end == NULL;
        end = is_last ? line + strlen(line) : end;
        if (end == line && open_file.values_len > 0) {
            return 1;
        }
        if (end > line && line[0] != '#') {
            open_file.line = open_file.values_len == 0 ? open_file.next_line : open_file.line;
            read_value(line, end);
        }
        open_file.next = is_last ? end : end + 1;
        open_file.next_line++;
    }
    return open_file.values_len > 0;
}

unsigned vectors_line(void)
{
    return open_file.line;
}

int vectors_has(const char *name)
{
    return find(name, strlen(name)) != NULL;
}

const uint8_t *vectors_bytes(const char *name, size_t *ret_len)
{
    const struct value *value = find(name, strlen(name));
    check(value != NULL, open_file.line, name);
    *ret_len = value->len;
    return value->bytes;
}

void vectors_read(const char *name, void *ret_bytes, size_t len)
{
    size_t got = 0;
    const uint8_t *bytes = vectors_bytes(name, &got);
    check(got == len, open_file.line, name);
    memcpy(ret_bytes, bytes, len);
}

uint64_t vectors_number(const char *name)
{
    size_t len = 0;
    const uint8_t *bytes = vectors_bytes(name, &len);
    uint64_t number = 0;
    check(len >= 1 && len <= 8, open_file.line, name);
    for (size_t i = 0; i < len; i++) {
        number = number << 8 | bytes[i];
    }
    return number;
}
