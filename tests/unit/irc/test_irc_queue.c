/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <string.h>
#include <cmocka.h>

#include "backends/irc/irc_queue.h"
#include "backends/irc/irc_socket.h"
#include "base/mem.h"

static void fill(struct irc_queue *queue, int count)
{
	irc_queue_init(queue);
	for (int i = 0; i < count; i++)
		irc_queue_add(queue, "x\r\n", 3);
}

static int take_all(struct irc_queue *queue, uint64_t now, uint64_t *wait)
{
	int count = 0;

	*wait = 0;
	for (; irc_queue_head(queue) && irc_queue_token(queue, now, 5, 1000, wait); count++)
		irc_queue_advance(queue);
	return count;
}

static void test_bucket(void **state)
{
	struct irc_queue queue;
	uint64_t wait, now = 1000000;

	(void)state;
	fill(&queue, 12);
	assert_int_equal(5, take_all(&queue, now, &wait));
	assert_in_range(wait, 1, 1001);
	assert_int_equal(0, take_all(&queue, now + 500, &wait));
	assert_in_range(wait, 1, 501);
	assert_int_equal(1, take_all(&queue, now + 1001, &wait));
	assert_int_equal(2, take_all(&queue, now + 3002, &wait));
	/* However long the rest, the burst is all that is saved. */
	assert_int_equal(4, take_all(&queue, now + 900000, &wait));
	assert_int_equal(0, wait);
	assert_int_equal(0, queue.count);
}

static void test_no_limit(void **state)
{
	struct irc_queue queue;
	uint64_t wait;

	(void)state;
	fill(&queue, 100);
	for (int i = 0; i < 100; i++) {
		assert_non_null(irc_queue_head(&queue));
		assert_true(irc_queue_token(&queue, 1, 1, 0, &wait));
		irc_queue_advance(&queue);
	}
	assert_null(irc_queue_head(&queue));
	assert_int_equal(0, queue.count);
}

/* A message is first until its last line is written, or it is dropped. */
static void test_messages(void **state)
{
	struct irc_outgoing *message = (struct irc_outgoing *)(void *)&message;
	struct irc_queue queue;

	(void)state;
	fill(&queue, 1);
	irc_queue_add_message(&queue, message, 3);
	irc_queue_add_message(&queue, message, 2);
	assert_int_equal(6, queue.count);
	assert_null(irc_queue_head(&queue)->message);
	irc_queue_advance(&queue);
	for (int i = 0; i < 3; i++) {
		assert_ptr_equal(message, irc_queue_head(&queue)->message);
		assert_int_equal(5 - i, queue.count);
		irc_queue_advance(&queue);
	}
	irc_queue_drop(&queue);
	assert_null(irc_queue_head(&queue));
	assert_int_equal(0, queue.count);
}

static bool is_private(const char *text)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

	if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
		return irc_address_is_private((struct sockaddr *)&in);
	assert_int_equal(1, inet_pton(AF_INET6, text, &in6.sin6_addr));
	return irc_address_is_private((struct sockaddr *)&in6);
}

static void test_addresses(void **state)
{
	static const char *const private[] = {
	        "127.0.0.1",
	        "127.8.9.1",
	        "0.0.0.0",
	        "10.1.2.3",
	        "172.16.0.1",
	        "172.31.255.255",
	        "192.168.1.1",
	        "169.254.169.254",
	        "100.64.0.1",
	        "224.0.0.1",
	        "255.255.255.255",
	        "::1",
	        "::",
	        "::ffff:127.0.0.1",
	        "::ffff:10.0.0.1",
	        "::127.0.0.1",
	        "fe80::1",
	        "fec0::1",
	        "fd00::1",
	        "ff02::1",
	        "64:ff9b::7f00:1",
	        "2002:7f00:1::1",
	};
	static const char *const public[] = {"8.8.8.8",          "172.32.0.1",  "172.15.0.1",
	                                     "192.169.0.1",      "2001:db8::1", "::ffff:8.8.8.8",
	                                     "64:ff9b::808:808", "100.128.0.1"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(private); i++)
		assert_true(is_private(private[i]));
	for (size_t i = 0; i < ARRAY_SIZE(public); i++)
		assert_false(is_private(public[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_bucket),
	        cmocka_unit_test(test_no_limit),
	        cmocka_unit_test(test_messages),
	        cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
