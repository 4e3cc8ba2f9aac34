/* Names, texts and blame of errors, from the one list in error.h. */
#include "base/error.h"

const char *cepa_error_name(int error)
{
    switch (error) {
#define CEPA_ERROR_NAME(name, value, blame, text)                                                  \
    case value:                                                                                    \
        return "CEPA_ERR_" #name;
        CEPA_ERROR_LIST(CEPA_ERROR_NAME)
#undef CEPA_ERROR_NAME
    case 0:
        return "CEPA_OK";
    default:
        return "CEPA_ERR_UNKNOWN";
    }
}

const char *cepa_error_text(int error)
{
    switch (error) {
#define CEPA_ERROR_TEXT(name, value, blame, text)                                                  \
    case value:                                                                                    \
        return text;
        CEPA_ERROR_LIST(CEPA_ERROR_TEXT)
#undef CEPA_ERROR_TEXT
    case 0:
        return "success";
    default:
        return "an error without a name";
    }
}

enum cepa_blame cepa_error_blame(int error)
{
    switch (error) {
#define CEPA_ERROR_BLAME(name, value, blame, text)                                                 \
    case value:                                                                                    \
        return CEPA_BLAME_##blame;
        CEPA_ERROR_LIST(CEPA_ERROR_BLAME)
#undef CEPA_ERROR_BLAME
    default:
        return CEPA_BLAME_LOCAL;
    }
}
