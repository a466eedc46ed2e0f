/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "frontends/matrix/wire/place.h"

static void test_places(void **state)
{
	static const struct {
		const char *text, *place;
	} cases[] = {
	        {"geo:48.2,16.4", "geo:48.2,16.4"},
	        {"the pub geo:48.2,16.4;u=5", "geo:48.2,16.4;u=5"},
	        {"geo:-90,180,12.5;crs=wgs84;u=1.5;x=%20", "geo:-90,180,12.5;crs=wgs84;u=1.5;x=%20"},
	        {"geo:1,2;flag", "geo:1,2;flag"},
	        {"geo:1,2 is there", NULL},
	        {"see\ngeo:1,2", NULL},
	        {"geo:91,2", NULL},
	        {"geo:1,-181", NULL},
	        {"geo:1", NULL},
	        {"geo:1,", NULL},
	        {"geo:1.,2", NULL},
	        {"geo:,2", NULL},
	        {"geo:1,2,", NULL},
	        {"geo:1,2;", NULL},
	        {"geo:1,2;=3", NULL},
	        {"geo:1,2?z=3", NULL},
	        {"geo:1e1,2", NULL},
	        {"geo:--1,2", NULL},
	        {"Geo:1,2", NULL},
	        {"geography", NULL},
	        {"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *place = place_in(cases[i].text);

		if (cases[i].place)
			assert_string_equal(place, cases[i].place);
		else
			assert_null(place);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_places)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
