/* Folders of tests. */
#define _GNU_SOURCE
#include "support/scratch.h"

#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"

enum { FOLDERS_MAX = 64 };

static char folders[FOLDERS_MAX][SCRATCH_PATH_SIZE];
static size_t folders_len;
static pid_t owner;

static int remove_one(const char *path, const struct stat *facts, int kind, struct FTW *where)
{
    (void)facts;
    (void)kind;
    (void)where;
    return remove(path);
}

static void remove_all(void)
{
    /* Children of the test leave it to the parent. */
    for (size_t i = 0; i < folders_len && getpid() == owner; i++) {
        (void)nftw(folders[i], remove_one, 16, FTW_DEPTH | FTW_PHYS);
    }
}

void scratch_make(char ret_path[SCRATCH_PATH_SIZE])
{
    const char *base = getenv("TMPDIR");
    CEPA_ASSERT(folders_len < FOLDERS_MAX);
    snprintf(ret_path, SCRATCH_PATH_SIZE, "%.200s/cepa-test-XXXXXX", base != NULL ? base : "/tmp");
    CEPA_ASSERT(mkdtemp(ret_path) != NULL);
    if (folders_len == 0) {
        owner = getpid();
        (void)atexit(remove_all);
    }
    memcpy(folders[folders_len], ret_path, SCRATCH_PATH_SIZE);
    folders_len++;
}

void scratch_join(char ret_path[SCRATCH_PATH_SIZE], const char *folder, const char *name)
{
    int len = snprintf(ret_path, SCRATCH_PATH_SIZE, "%s/%s", folder, name);
    CEPA_ASSERT(len > 0 && len < SCRATCH_PATH_SIZE);
}

void scratch_write(const char *path, const void *data, size_t data_len)
{
    FILE *file = fopen(path, "wb");
    CEPA_ASSERT(file != NULL);
    bool is_written = data_len == 0 || fwrite(data, 1, data_len, file) == data_len;
    CEPA_ASSERT(fclose(file) == 0 && is_written);
}

size_t scratch_read(const char *path, void *ret_data, size_t capacity)
{
    FILE *file = fopen(path, "rb");
    CEPA_ASSERT(file != NULL);
    size_t len = fread(ret_data, 1, capacity, file);
    fclose(file);
    return len;
}
