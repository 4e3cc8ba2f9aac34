/* The shared library has its own copy of this constant of the C library: libusrsctp.a, which is not
 * compiled for shared libraries, reaches it by a distance that must be known when that is linked.
 */
#include <netinet/in.h>

const struct in6_addr in6addr_any = {.s6_addr = {0}};
