/* SPDX-License-Identifier: MIT */
/* What administrators are told on each frontend, also where one cannot show it yet. */
#include "tests/unit/transport/fixture.h"

#include <stdio.h>

#include "transport/admin/admin_notice.h"
#include "transport/routing/delivery.h"

static const char *const both[] = {"service.frontend=xmpp", "service.frontend=other"};

static void test_others_are_told(void **state)
{
	(void)state;
	fixture_start(both, ARRAY_SIZE(both));
	forget();
	admin_notice(fx->transport, fx->other, "lost");
	expect("xmpp admins 'lost'\n");
	admin_notice(fx->transport, NULL, "all");
	expect("xmpp admins 'all'\nother admins 'all'\n");
}

static void test_kept_until_it_can_be_shown(void **state)
{
	(void)state;
	fixture_start(both, ARRAY_SIZE(both));
	fx->away = fx->frontend;
	forget();
	admin_notice(fx->transport, NULL, "one");
	admin_notice(fx->transport, NULL, "two");
	expect("other admins 'one'\nother admins 'two'\n");
	delivery_frontend_ready(fx->frontend);
	expect("");
	fx->away = NULL;
	delivery_frontend_ready(fx->frontend);
	expect("xmpp admins 'one'\nxmpp admins 'two'\n");
	delivery_frontend_ready(fx->frontend);
	expect("");
}

static void test_limit(void **state)
{
	char text[16];

	(void)state;
	fixture_start(both, ARRAY_SIZE(both));
	fx->away = fx->frontend;
	for (int i = 0; i <= LIMIT_ADMIN_NOTICES; i++) {
		snprintf(text, sizeof(text), "%d", i);
		admin_notice(fx->transport, fx->other, text);
	}
	forget();
	fx->away = NULL;
	delivery_frontend_ready(fx->frontend);
	assert_false(was_told("xmpp admins '0'"));
	assert_true(was_told("xmpp admins '1'\n"));
	snprintf(text, sizeof(text), "admins '%d'", LIMIT_ADMIN_NOTICES);
	assert_true(was_told(text));
	/* What still waits at the end is freed. */
	fx->away = fx->frontend;
	admin_notice(fx->transport, NULL, "never");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_others_are_told),
		TEST(test_kept_until_it_can_be_shown),
		TEST(test_limit),
	};

	return cmocka_run_group_tests_name("transport: admin-notice", tests, NULL, NULL);
}
