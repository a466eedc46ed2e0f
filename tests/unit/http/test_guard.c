/* SPDX-License-Identifier: MIT */
/* Where a stranger's link may lead. Nothing is sent anywhere: addresses are only looked at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>

#include "base/mem.h"
#include "transport/http/http_guard.h"

/* As the resolver reads it: whatever it takes for a number is one. */
static struct sockaddr_storage resolve(const char *text, const char *port)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM}, *found;
	struct sockaddr_storage address = {0};

	if (getaddrinfo(text, port, &hints, &found) != 0)
		fail_msg("%s is no address", text);
	memcpy(&address, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return address;
}

static bool is_public(const char *text)
{
	struct sockaddr_storage address = resolve(text, "80");

	return http_guard_is_public((struct sockaddr *)&address);
}

static void refuses_what_is_special(void **state)
{
	static const char *const special[] = {
		/* this machine, in all spellings */
		"127.0.0.1", "127.255.255.254", "2130706433", "0x7f000001", "0x7f.1", "0x7F.0x0.0x0.0x1", "017700000001",
		"0177.0.0.1", "127.1", "127.0.1", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1", "::ffff:7f00:1",
		"::127.0.0.1", "0.0.0.0", "0", "0.1.2.3", "::", "::ffff:0.0.0.0", "64:ff9b::127.0.0.1", "64:ff9b::7f00:1",
		"2002:7f00:1::", "2002:7f00:1::1",
		/* private */
		"10.0.0.1", "10.255.255.255", "167772161", "012.0.0.1", "0xa.0.0.1", "172.16.0.1", "172.31.255.255",
		"192.168.0.1", "192.168.255.255", "0300.0250.0.1", "3232235521", "100.64.0.1", "100.127.255.255",
		"::ffff:10.0.0.1", "::ffff:192.168.1.1", "::10.0.0.1", "2002:0a00:0001::1", "2002:c0a8:0101::1",
		"64:ff9b::10.0.0.1", "64:ff9b::192.168.0.1", "64:ff9b:1::10.0.0.1", "64:ff9b:1::8.8.8.8", "fc00::1",
		"fd00::1", "fdff:ffff::1", "fec0::1",
		/* link-local, and what clouds keep there */
		"169.254.169.254", "169.254.0.1", "2852039166", "0xa9fea9fe", "025177524776", "0xa9.0xfe.0xa9.0xfe",
		"169.254.43518", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "fe80::1", "febf::1", "fd00:ec2::254",
		/* multicast, broadcast, reserved */
		"224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "4294967295", "ff02::1", "ff0e::1",
		"::ffff:224.0.0.1",
		/* documentation, benchmarks, protocols */
		"192.0.2.1", "198.51.100.7", "203.0.113.9", "2001:db8::1", "3fff::1", "3fff:fff::1", "198.18.0.1",
		"198.19.255.255", "2001:2::1", "192.0.0.1", "192.0.0.170", "192.88.99.1", "192.31.196.1", "192.52.193.1",
		"192.175.48.1", "2001::1", "2001:0:7f00:1::", "2001:10::1", "2001:20::1", "2001:1ff:ffff::1",
		"2620:4f:8000::1", "100::1", "5f00::1", "4000::1", "1000::1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(special); i++)
		if (is_public(special[i]))
			fail_msg("%s passes", special[i]);
}

static void lets_the_rest_pass(void **state)
{
	static const char *const open[] = {
		"1.1.1.1", "8.8.8.8", "134744072", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
		"126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0",
		"192.0.1.0", "192.0.3.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0",
		"223.255.255.255", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2001:200::1", "2001:4860:4860::8888",
		"2606:4700::1111", "2001:db7:ffff::1", "2001:db9::1", "2003::1", "3ffe::1", "3fff:1000::1",
		"2620:4f:8001::1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(open); i++)
		if (!is_public(open[i]))
			fail_msg("%s does not pass", open[i]);
}

static void looks_at_ports(void **state)
{
	static const struct {
		const char *port;
		bool allowed;
	} ports[] = {
		{"0", false},  {"1", false},   {"22", false},   {"25", false},   {"79", false},    {"80", true}, {"81", false},
		{"443", true}, {"444", false}, {"1023", false}, {"1024", true}, {"65535", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		struct sockaddr_storage v4 = resolve("8.8.8.8", ports[i].port), v6 = resolve("2003::1", ports[i].port);

		assert_int_equal(http_guard_is_port((struct sockaddr *)&v4), ports[i].allowed);
		assert_int_equal(http_guard_is_port((struct sockaddr *)&v6), ports[i].allowed);
		assert_int_equal(http_guard_allows(NULL, (struct sockaddr *)&v4), ports[i].allowed);
	}
}

static void knows_its_own(void **state)
{
	struct ifaddrs *all;
	size_t seen = 0;

	(void)state;
	assert_int_equal(getifaddrs(&all), 0);
	for (const struct ifaddrs *each = all; each; each = each->ifa_next) {
		struct sockaddr_in6 mapped = {.sin6_family = AF_INET6, .sin6_port = htons(80)};

		if (!each->ifa_addr || each->ifa_addr->sa_family != AF_INET)
			continue;
		seen++;
		assert_true(http_guard_is_own(each->ifa_addr));
		assert_false(http_guard_allows(NULL, each->ifa_addr));
		mapped.sin6_addr.s6_addr[10] = mapped.sin6_addr.s6_addr[11] = 0xff;
		memcpy(&mapped.sin6_addr.s6_addr[12], &((struct sockaddr_in *)each->ifa_addr)->sin_addr, 4);
		assert_true(http_guard_is_own((struct sockaddr *)&mapped));
	}
	freeifaddrs(all);
	assert_true(seen > 0);
	struct sockaddr_storage other = resolve("8.8.8.8", "80");

	assert_false(http_guard_is_own((struct sockaddr *)&other));
	other = resolve("2003::8.8.8.8", "80"); /* the same last bytes are not the same address */
	assert_false(http_guard_is_own((struct sockaddr *)&other));
}

static void knows_no_other_families(void **state)
{
	struct sockaddr_storage address = {.ss_family = AF_UNIX};

	(void)state;
	assert_false(http_guard_is_public((struct sockaddr *)&address));
	assert_false(http_guard_is_port((struct sockaddr *)&address));
	assert_false(http_guard_is_loopback((struct sockaddr *)&address));
}

static void knows_loopback(void **state)
{
	static const struct {
		const char *address;
		bool loopback;
	} addresses[] = {
		{"127.0.0.1", true}, {"127.9.9.9", true},   {"::1", true},      {"::ffff:127.0.0.1", true},
		{"128.0.0.1", false}, {"0.0.0.0", false},   {"::", false},      {"64:ff9b::127.0.0.1", false},
		{"10.0.0.1", false}, {"::127.0.0.1", false}, {"fe80::1", false}, {"::2", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		struct sockaddr_storage address = resolve(addresses[i].address, "80");

		if (http_guard_is_loopback((struct sockaddr *)&address) != addresses[i].loopback)
			fail_msg("%s", addresses[i].address);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_is_special), cmocka_unit_test(lets_the_rest_pass),
		cmocka_unit_test(looks_at_ports),          cmocka_unit_test(knows_its_own),
		cmocka_unit_test(knows_no_other_families), cmocka_unit_test(knows_loopback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
