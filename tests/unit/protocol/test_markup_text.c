/* SPDX-License-Identifier: MIT */
/* What markup says without markup. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "protocol/markup_text.h"

static void test_text(void **state)
{
	static const struct {
		const char *xhtml, *text;
	} cases[] = {
		{"<b>bold</b> and <em>it</em>", "bold and it"},
		{"one<br/>two <br>\n three", "one\ntwo\nthree"},
		{"<p>one</p><p>two</p>", "one\ntwo"},
		{"<ul><li>a</li><li>b</li></ul>", "* a\n* b"},
		{"<ol><li>a</li><li>b</li></ol>", "1. a\n2. b"},
		{"<blockquote>said<br/>so</blockquote>no", "> said\n> so\nno"},
		{"<a href='https://x/a'>here</a>, then", "here (https://x/a), then"},
		{"<a href='https://x/a'>x/a</a>", "x/a"},
		{"<a href='https://x/a'></a>", "https://x/a"},
		{"<a href='javascript:x'>here</a>", "here"},
		{"<a href='https://x/a'>no end", "no end (https://x/a)"},
		{"<img src='https://x/a.png'/>", "https://x/a.png"},
		{"see <img alt='a cat' src='https://x/a.png'/>", "see a cat https://x/a.png"},
		{"<img alt=':cat:' src='https://x/a.png'/>", ":cat:"},
		{"<img src='data:image/png;base64,AA'/>", ""},
		{"<script>x</script><style>y</style>z", "z"},
		{"a &amp; b &lt;c&gt;", "a & b <c>"},
		{"</li></blockquote></a>x", "x"},
		{"<b></b> \n", ""},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf out = {0};

		markup_text(&out, cases[i].xhtml);
		assert_string_equal(buf_text(&out), cases[i].text);
		buf_finish(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_text)};

	return cmocka_run_group_tests_name("protocol: text of markup", tests, NULL, NULL);
}
