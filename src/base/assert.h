/* Assertions: facts that we own, checked in release builds too. Bytes from a peer can never make
 * one fail; they give an error instead. A failed assertion calls the panic hook, which the driver
 * supplies and which does not return. */
#ifndef CEPA_BASE_ASSERT_H
#define CEPA_BASE_ASSERT_H

/* cepa_panic is the one function that the core takes from its driver by name. It reports
 * `what` (the text of the broken fact, static storage) at `file`:`line` and ends the program. */
__attribute__((noreturn)) void cepa_panic(const char *file, int line, const char *what);

/* CEPA_ASSERT states a fact; CEPA_UNREACHABLE states that a place cannot be reached. */
#define CEPA_ASSERT(fact) ((fact) ? (void)0 : cepa_panic(__FILE__, __LINE__, #fact))
#define CEPA_UNREACHABLE() cepa_panic(__FILE__, __LINE__, "unreachable")

#endif
