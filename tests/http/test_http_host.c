/* Only this machine's own names, with the port. */
#include "native/http/http_host.h"

#include "support/test.h"

TEST(only_own_names_with_the_port)
{
    static const struct {
        const char *host;
        bool is_ours;
    } rows[] = {
        {"127.0.0.1:4041", true},
        {"localhost:4041", true},
        {"127.0.0.1", false},
        {"localhost", false},
        {"127.0.0.1:404", false},
        {"127.0.0.1:40410", false},
        {"127.0.0.1:4041 ", false},
        {"LOCALHOST:4041", false},
        {"[::1]:4041", false},
        {"evil.example:4041", false},
        {"localhost:4041.evil.example", false},
        {"", false},
        {NULL, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_note("row %zu", i);
        CHECK(cepa_http_host_is_ours(rows[i].host, 4041) == rows[i].is_ours);
    }
}

TEST_MAIN(RUN(only_own_names_with_the_port))
