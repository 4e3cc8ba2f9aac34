/* The default router is found in tables as the kernel prints them. */
#include <string.h>

#include "native/net/gateway.h"
#include "support/loopback.h"
#include "support/test.h"

static const char head[] =
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";

TEST(the_least_metric_wins)
{
    char text[1024];
    char name[16];
    struct cepa_gateway gateway;
    struct cepa_net_address want = loopback_text("192.168.1.1:0");
    strcpy(text, head);
    strcat(text, "wlan0\t00000000\t0102A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n"
                 "eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
                 "eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
                 "eth1\t00000000\t0103A8C0\t0202\t0\t0\t0\t00000000\t0\t0\t0\n"
                 "tun0\t00000000\t00000000\t0001\t0\t0\t50\t00000000\t0\t0\t0\n");
    CHECK_INT(cepa_gateway_read_ipv4(&gateway, name, text, strlen(text)), 0);
    CHECK(strcmp(name, "eth0") == 0);
    CHECK(cepa_net_address_is_equal(&gateway.address, &want));
    CHECK_INT(cepa_gateway_read_ipv4(&gateway, name, head, strlen(head)), CEPA_ERR_NOT_FOUND);
    CHECK_INT(cepa_gateway_read_ipv4(&gateway, name, "", 0), CEPA_ERR_NOT_FOUND);
    CHECK_INT(cepa_gateway_read_ipv4(&gateway, name, "eth0 x y\nz", 10), CEPA_ERR_NOT_FOUND);
}

TEST(ipv6_routers_are_read)
{
    static const char text[] =
        "20010db8000000000000000000000000 40 00000000000000000000000000000000 00 "
        "00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0\n"
        "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
        "fe80000000000000021122fffe334455 00000400 00000001 00000000 00000003     eth0\n"
        "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
        "00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo\n";
    char name[16];
    struct cepa_gateway gateway;
    struct cepa_net_address want = loopback_text("[fe80::211:22ff:fe33:4455]:0");
    CHECK_INT(cepa_gateway_read_ipv6(&gateway, name, text, sizeof text - 1), 0);
    CHECK(strcmp(name, "eth0") == 0);
    CHECK(cepa_net_address_is_equal(&gateway.address, &want));
    CHECK_INT(cepa_gateway_read_ipv6(&gateway, name, text, 100), CEPA_ERR_NOT_FOUND);
}

static void in_namespace(void)
{
    struct cepa_gateway gateway;
    struct cepa_net_address want = loopback_text("10.9.8.1:0");
    CHECK_INT(cepa_gateway_find(&gateway, CEPA_NET_ADDRESS_IPV4), CEPA_ERR_NOT_FOUND);
    loopback_command(
        "ip link add va type veth peer name vb && ip link set va up && ip link set vb up"
        " && ip addr add 10.9.8.7/24 dev va && ip route add default via 10.9.8.1");
    CHECK_INT(cepa_gateway_find(&gateway, CEPA_NET_ADDRESS_IPV4), 0);
    CHECK(cepa_net_address_is_equal(&gateway.address, &want));
    CHECK(gateway.interface != 0);
    int result = cepa_gateway_find(&gateway, CEPA_NET_ADDRESS_IPV6);
    CHECK_INT(result, CEPA_ERR_NOT_FOUND);
}

TEST(the_kernel_is_asked)
{
    loopback_in_namespace(in_namespace);
}

TEST_MAIN(RUN(the_least_metric_wins), RUN(ipv6_routers_are_read), RUN(the_kernel_is_asked))
