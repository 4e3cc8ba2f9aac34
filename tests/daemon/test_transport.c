/* The transport listens where it is told to, and says why it cannot. */
#include "native/daemon/transport.h"

#include <string.h>

#include "native/host.h"
#include "support/test.h"

static struct cepa_secrets secrets;
static struct cepa_reason reason;

static int open_with(struct cepa_webrtc **ret_webrtc, const char *listen, uint16_t port)
{
    struct cepa_config config;
    cepa_config_init(&config);
    config.port = port;
    CHECK(listen == NULL || cepa_config_set(&config, &reason, "x", "listen", listen, true) == 0);
    return cepa_transport_open(ret_webrtc, &reason, &config, &secrets, cepa_native_random());
}

TEST(it_listens_where_it_is_told_to)
{
    struct cepa_webrtc *first;
    struct cepa_webrtc *second;
    CHECK_INT(cepa_secrets_make(&secrets, 1795000000, cepa_native_random()), 0);
    CHECK_INT(open_with(&first, "127.0.0.3", 0), 0);
    struct cepa_net_address address = cepa_webrtc_address(first, CEPA_NET_ADDRESS_IPV4);
    CHECK(address.ip[3] == 3 && address.port != 0);
    CHECK_INT(cepa_webrtc_address(first, CEPA_NET_ADDRESS_IPV6).family, CEPA_NET_ADDRESS_NONE);
    CHECK_INT(open_with(&second, "127.0.0.3", address.port), CEPA_ERR_IN_USE);
    CHECK(strstr(reason.text, "in use already") != NULL);
    CHECK_INT(open_with(&second, "127.0.0.4", address.port), 0);
    cepa_webrtc_close(second);
    cepa_webrtc_close(first);
    CHECK_INT(open_with(&first, NULL, 0), 0);
    cepa_webrtc_close(first);
    CHECK_INT(open_with(&first, "198.51.100.77", 0), CEPA_ERR_NO_ADDRESS);
    CHECK(strstr(reason.text, "'listen'") != NULL);
}

TEST(two_certificates_serve)
{
    struct cepa_webrtc *webrtc;
    bool is_new = false;
    CHECK_INT(cepa_secrets_renew(&secrets, &is_new, 1795000000 + 30 * 86400, cepa_native_random()),
              0);
    CHECK(is_new);
    CHECK_INT(open_with(&webrtc, "127.0.0.3", 0), 0);
    cepa_webrtc_close(webrtc);
    secrets.previous.text[40] ^= 1;
    CHECK_INT(open_with(&webrtc, "127.0.0.3", 0), CEPA_ERR_MALFORMED);
    secrets.previous.text_len = 0;
    CHECK_INT(open_with(&webrtc, "127.0.0.3", 0), 0);
    cepa_webrtc_close(webrtc);
    secrets.current.text_len = 0;
    CHECK_INT(open_with(&webrtc, "127.0.0.3", 0), CEPA_ERR_MALFORMED);
}

TEST_MAIN(RUN(it_listens_where_it_is_told_to), RUN(two_certificates_serve))
