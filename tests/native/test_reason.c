/* Reasons are texts of bounded length. */
#include "native/reason.h"

#include <string.h>

#include "support/test.h"

TEST(reasons_are_written_and_cut)
{
    struct cepa_reason reason;
    char long_text[2 * CEPA_REASON_SIZE];
    CHECK_INT(cepa_reason_fail(&reason, -24, "%s:%d: %s", "cepa.conf", 12, "no"), -24);
    CHECK(strcmp(reason.text, "cepa.conf:12: no") == 0);
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    cepa_reason_set(&reason, "%s", long_text);
    CHECK_INT(strlen(reason.text), CEPA_REASON_SIZE - 1);
}

TEST_MAIN(RUN(reasons_are_written_and_cut))
