/* cepa version: this program, the library under it, and the kernels that it will use. */
#include <sodium.h>
#include <stdio.h>

#include "base/cpu.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/options.h"
#include "native/cpu.h"

static const struct {
    uint32_t bit;
    const char *name;
} features[] = {
    {CEPA_CPU_AESNI, "aesni"},
    {CEPA_CPU_AVX2, "avx2"},
    {CEPA_CPU_AVX512_IFMA, "avx512-ifma"},
};

static void print_text(uint32_t cpu)
{
    printf("cepa %s\nlibsodium %s\nkernels portable", CEPA_VERSION, sodium_version_string());
    for (size_t i = 0; i < sizeof features / sizeof features[0]; i++) {
        if (cpu & features[i].bit) {
            printf(" %s", features[i].name);
        }
    }
    printf("\n");
}

static void print_json(uint32_t cpu)
{
    printf("{\"cepa\": ");
    cepa_cli_json_string(CEPA_VERSION);
    printf(", \"libsodium\": ");
    cepa_cli_json_string(sodium_version_string());
    printf(", \"kernels\": [\"portable\"");
    for (size_t i = 0; i < sizeof features / sizeof features[0]; i++) {
        if (cpu & features[i].bit) {
            printf(", \"%s\"", features[i].name);
        }
    }
    printf("]}\n");
}

int cepa_cli_version(int argc, char **argv)
{
    bool is_json = false;
    const struct cepa_cli_option options[] = {
        {'j', "json", NULL, "print JSON", &is_json, NULL},
    };
    const struct cepa_cli_syntax syntax = {
        "cepa version [--json]",
        "Prints the version of this program, of libsodium, and the sets of kernels that this\n"
        "processor runs. CEPA_CPU=portable in the environment leaves the vectorised ones out.\n",
        options, 1, 0};
    struct cepa_cli_arguments arguments;
    int status = cepa_cli_parse(&arguments, &syntax, argc, argv);
    if (status != CEPA_CLI_PROCEED) {
        return status;
    }
    uint32_t cpu = cepa_native_cpu();
    if (is_json) {
        print_json(cpu);
    } else {
        print_text(cpu);
    }
    return CEPA_CLI_OK;
}
