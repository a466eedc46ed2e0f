/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "transport/spool/spool_crc.h"

/* RFC 3720, B.4 */
static void test_known_values(void **state)
{
	uint8_t bytes[32] = {0};
	int i;

	(void)state;
	assert_int_equal(spool_crc(0, "", 0), 0);
	assert_int_equal(spool_crc(0, "123456789", 9), 0xe3069283u);
	assert_int_equal(spool_crc(0, bytes, 32), 0x8a9136aau);
	for (i = 0; i < 32; i++)
		bytes[i] = (uint8_t)i;
	assert_int_equal(spool_crc(0, bytes, 32), 0x46dd794eu);
}

static void test_table_and_instruction_agree(void **state)
{
	uint8_t bytes[257];
	size_t i, from, size;

	(void)state;
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 31 + (i >> 3));
	for (from = 0; from < 9; from++)
		for (size = 0; from + size <= sizeof(bytes); size++)
			assert_int_equal(spool_crc(7, bytes + from, size),
			                 spool_crc_by_table(7, bytes + from, size));
}

static void test_goes_on(void **state)
{
	static const char text[] = "one piece or several";
	size_t cut;

	(void)state;
	for (cut = 0; cut < sizeof(text); cut++)
		assert_int_equal(spool_crc(spool_crc(0, text, cut), text + cut, sizeof(text) - cut),
		                 spool_crc(0, text, sizeof(text)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_known_values),
	        cmocka_unit_test(test_table_and_instruction_agree),
	        cmocka_unit_test(test_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
