/* SPDX-License-Identifier: MIT */
/* What the bot says for whoever cannot say it in a room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "frontends/matrix/rooms/outsider.h"

static void assert_said(const char *content, const char *wanted)
{
	struct buf out = {0};

	outsider_put(&out, content, "a<b");
	assert_string_equal(buf_text(&out), wanted);
	buf_finish(&out);
}

static void test_said_for_somebody(void **state)
{
	(void)state;
	assert_said("{\"msgtype\":\"m.text\",\"body\":\"hi\",\"m.mentions\":{}}",
	            "{\"msgtype\":\"m.text\",\"body\":\"<a<b> hi\",\"m.mentions\":{}}");
	assert_said("{\"msgtype\":\"m.notice\",\"body\":\"hi\",\"formatted_body\":\"<b>hi</b>\"}",
	            "{\"msgtype\":\"m.notice\",\"body\":\"<a<b> hi\",\"formatted_body\":\"&lt;a&lt;b&gt; <b>hi</b>\"}");
	assert_said("{\"msgtype\":\"m.emote\",\"body\":\"waves\",\"formatted_body\":\"<i>waves</i>\"}",
	            "{\"msgtype\":\"m.text\",\"body\":\"* a<b waves\",\"formatted_body\":\"* a&lt;b <i>waves</i>\"}");
	/* An edit. */
	assert_said("{\"body\":\"* ha\",\"m.new_content\":{\"msgtype\":\"m.text\",\"body\":\"ha\"}}",
	            "{\"body\":\"<a<b> * ha\",\"m.new_content\":{\"msgtype\":\"m.text\",\"body\":\"<a<b> ha\"}}");
	/* Files, with and without caption. */
	assert_said("{\"msgtype\":\"m.image\",\"body\":\"a.png\",\"filename\":\"a.png\"}",
	            "{\"msgtype\":\"m.image\",\"body\":\"<a<b>\",\"filename\":\"a.png\"}");
	assert_said("{\"msgtype\":\"m.image\",\"body\":\"look\",\"filename\":\"a.png\"}",
	            "{\"msgtype\":\"m.image\",\"body\":\"<a<b> look\",\"filename\":\"a.png\"}");
}

static void test_without_text(void **state)
{
	static const char reaction[] = "{\"m.relates_to\":{\"event_id\":\"$x\",\"key\":\"+\"}}";

	(void)state;
	assert_said(reaction, reaction);
	assert_said("{\"reason\":\"\"}", "{\"reason\":\"\"}");
	assert_said("{\"body\":7,\"formatted_body\":\"x\"}", "{\"body\":7,\"formatted_body\":\"x\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_said_for_somebody),
	        cmocka_unit_test(test_without_text),
	};

	return cmocka_run_group_tests_name("matrix: outsiders", tests, NULL, NULL);
}
