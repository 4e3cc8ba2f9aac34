/* Runs a fuzz target over its corpus where libFuzzer is not linked: every file of the folders and
 * files named on the command line, the empty input first. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

static unsigned replayed;

static void replay_file(const char *path)
{
    static uint8_t data[1 << 20];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return;
    }
    size_t data_len = fread(data, 1, sizeof data, file);
    fclose(file);
    /* A copy of exactly the right size lets AddressSanitizer see a read past the end. */
    uint8_t *exact = malloc(data_len > 0 ? data_len : 1);
    if (exact == NULL) {
        abort();
    }
    for (size_t i = 0; i < data_len; i++) {
        exact[i] = data[i];
    }
    (void)LLVMFuzzerTestOneInput(exact, data_len);
    free(exact);
    replayed++;
}

static void replay_path(const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL) {
        replay_file(path);
        return;
    }
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char child[4096];
        if (entry->d_name[0] != '.') {
            snprintf(child, sizeof child, "%s/%s", path, entry->d_name);
            replay_file(child);
        }
    }
    closedir(folder);
}

int main(int argc, char **argv)
{
    (void)LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++) {
        replay_path(argv[i]);
    }
    printf("%u files replayed\n", replayed);
    return 0;
}
