/* Reasons of failures. */
#include "native/reason.h"

#include <stdarg.h>
#include <stdio.h>

void cepa_reason_set(struct cepa_reason *ret_reason, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(ret_reason->text, sizeof ret_reason->text, format, arguments);
    va_end(arguments);
}

int cepa_reason_fail(struct cepa_reason *ret_reason, int error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(ret_reason->text, sizeof ret_reason->text, format, arguments);
    va_end(arguments);
    return error;
}
