/* Operations of src/onion on secrets. */
#include "constant_time/cases.h"
const struct ct_case ct_onion_cases[1];
const size_t ct_onion_cases_len = 0;
