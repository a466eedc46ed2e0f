/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/buf.h"
#include "frontends/xmpp/xhtml.h"
#include "tests/unit/xmpp/fixture.h"

static void becomes(const char *markup, const char *expected)
{
	struct buf out = {0};

	buf_puts(&out, "before ");
	bool any = xhtml_sanitise(&out, markup, strlen(markup));
	assert_int_equal(any, expected[0] != '\0');
	assert_string_equal(buf_text(&out) + 7, expected);
	buf_finish(&out);
}

static void test_allowed(void **state)
{
	(void)state;
	becomes("<p>Hi <strong>you</strong></p>", "<p>Hi <strong>you</strong></p>");
	becomes("<B>x</B><i>y</I>", "<strong>x</strong><em>y</em>");
	becomes("a<br>b<br/>c", "a<br/>b<br/>c");
	becomes("<a href=\"https://example.org/?a=1&amp;b=2\">x</a>",
	        "<a href='https://example.org/?a=1&amp;b=2'>x</a>");
	becomes("<img src='http://example.org/a.png' alt='A &quot;b&quot;' width='10'/>",
	        "<img src='http://example.org/a.png' alt='A &quot;b&quot;' width='10'/>");
	becomes("<span style='color: #ff0000; font-weight:bold'>x</span>",
	        "<span style='color: #ff0000; font-weight: bold;'>x</span>");
}

static void test_without_pictures(void **state)
{
	struct buf out = {0};
	const char *markup = "<b>a</b><img src='http://x/a.png' alt='A'/><img src='http://x/b.png' alt=':b:'/>";
	const char *only = markup + strlen("<b>a</b>");

	(void)state;
	assert_true(xhtml_sanitise_words(&out, markup, strlen(markup)));
	assert_string_equal(buf_text(&out), "<strong>a</strong><img src='http://x/b.png' alt=':b:'/>");
	buf_clear(&out);
	assert_false(xhtml_sanitise_words(&out, only, strlen("<img src='http://x/a.png' alt='A'/>")));
	assert_string_equal(buf_text(&out), "");
	buf_finish(&out);
}

static void test_dangerous(void **state)
{
	(void)state;
	becomes("<script>alert(1)</script>", "");
	becomes("<p>a<script>alert('</p>')</script>b</p>", "<p>ab</p>");
	becomes("<p onclick='x()' ONLOAD=y>z</p>", "<p>z</p>");
	becomes("<a href='javascript:alert(1)'>x</a>", "<a>x</a>");
	becomes("<a href=' java&#10;script:alert(1)'>x</a>", "<a>x</a>");
	becomes("<a href='&#106;avascript:alert(1)'>x</a>", "<a>x</a>");
	becomes("<a href='data:text/html,x'>x</a>", "<a>x</a>");
	becomes("<p><img src='file:///etc/passwd'/>x</p>", "<p>x</p>");
	becomes("<p style='background: url(http://x/)'>z</p>", "<p>z</p>");
	becomes("<p style='color: expression(x)'>z</p>", "<p>z</p>");
	becomes("<iframe src='http://x/'>inside</iframe><p>z</p>", "<p>z</p>");
	becomes("<p><!-- <b>x</b> -->z</p>", "<p>z</p>");
	becomes("<p><![CDATA[x]]>z</p>", "<p>z</p>");
	becomes("<?php x ?><p>z</p>", "<p>z</p>");
}

static void test_soup(void **state)
{
	(void)state;
	becomes("<p>open <em>twice", "<p>open <em>twice</em></p>");
	becomes("<b><i>x</b>y</i>", "<strong><em>x</em></strong>y");
	becomes("</p><p>x</p></div>", "<p>x</p>");
	becomes("<p>1 < 2 & 3 &foo; &nbsp;</p>", "<p>1 &lt; 2 &amp; 3 &amp;foo; \xc2\xa0</p>");
	becomes("<p>&#x41;&#0;&#xD800;&#99999999;</p>", "<p>A\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd</p>");
	becomes("<marquee>x</marquee><p>y</p>", "x<p>y</p>");
	becomes("<p style='color:red' style='color:blue'>x</p>", "<p style='color: red;'>x</p>");
	becomes("just text", "");
	becomes("", "");
	becomes("<p", "");
	becomes("<p>x<a href=", "<p>x</p>");
	becomes("<", "");
}

static void test_depth(void **state)
{
	struct buf markup = {0}, out = {0};

	(void)state;
	for (int i = 0; i < 10000; i++)
		buf_puts(&markup, "<div>");
	assert_true(xhtml_sanitise(&out, markup.data, markup.len));
	assert_int_equal(out.len, 32 * strlen("<div></div>"));
	buf_finish(&markup);
	buf_finish(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_allowed),
	        cmocka_unit_test(test_without_pictures), cmocka_unit_test(test_dangerous),
	        cmocka_unit_test(test_soup),
	        cmocka_unit_test(test_depth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
