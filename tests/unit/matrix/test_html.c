/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/mem.h"
#include "frontends/matrix/wire/matrix_html.h"

static const char *name_of(void *context, const char *id)
{
	(void)context;
	if (!strcmp(id, "@_irc_bob:hs") || !strcmp(id, "@a/b:hs"))
		return "bob<1>";
	if (!strcmp(id, "!r:hs"))
		return "#hall";
	return !strcmp(id, "#_irc_#c:hs") ? "#c" : NULL;
}

static const struct matrix_html_names names = {.name = name_of};

struct reading {
	const char *html, *text, *xhtml;
};

static void check_readings(const struct reading *readings, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct buf text = {0}, xhtml = {0};

		buf_puts(&text, "t:");
		buf_puts(&xhtml, "x:");
		matrix_html_read(&text, &xhtml, readings[i].html, strlen(readings[i].html), &names);
		if (strcmp(text.data + 2, readings[i].text) != 0 || strcmp(xhtml.data + 2, readings[i].xhtml) != 0)
			fail_msg("%s\n  became\n%s\n  and\n%s", readings[i].html, text.data, xhtml.data);
		buf_finish(&text);
		buf_finish(&xhtml);
	}
}

static void test_inline(void **state)
{
	static const struct reading readings[] = {
	        {"", "", ""},
	        {"plain &lt;b&gt; &amp; &#65;", "plain <b> & A", ""},
	        {"<p>just text</p>", "just text", ""},
	        {"a <b>b</b> <strong>c</strong>", "a b c", "a <strong>b</strong> <strong>c</strong>"},
	        {"<i>a</i><em>b</em>", "ab", "<em>a</em><em>b</em>"},
	        {"<del>a</del><s>b</s>", "ab",
	         "<span style='text-decoration: line-through;'>a</span><span style='text-decoration: line-through;'>b</span>"},
	        {"<u>a</u>", "a", "<span style='text-decoration: underline;'>a</span>"},
	        {"x<sup>2</sup>", "x2", ""},
	        {"<code>a  &lt;b</code>", "a <b", "<code>a  &lt;b</code>"},
	        {"<font color=\"#F00\">a</font>", "a", "<span style='color: #ff0000;'>a</span>"},
	        {"<font color=\"green\">a</font>", "a", "<span style='color: #008000;'>a</span>"},
	        {"<font color=\"expression(x)\">a</font>", "a", ""},
	        {"<span data-mx-color=\"#00ff00\" data-mx-bg-color=\"#0000FF\">a</span>", "a",
	         "<span style='color: #00ff00; background-color: #0000ff;'>a</span>"},
	        {"<span data-mx-color=\"#00ff00\"><span>a</span>b</span>c", "abc",
	         "<span style='color: #00ff00;'>ab</span>c"},
	        {"<span data-mx-spoiler>it</span>", "[spoiler] it",
	         "<span style='color: #000000; background-color: #000000;'>it</span>"},
	        {"<span data-mx-spoiler=\"the end\">it</span>", "[spoiler: the end] it",
	         "<span title='the end' style='color: #000000; background-color: #000000;'>it</span>"},
	        {"<b style='color:red' onclick='x()'>a</b>", "a", "<strong>a</strong>"},
	        {"a\n  b\tc", "a b c", ""},
	};

	(void)state;
	check_readings(readings, ARRAY_SIZE(readings));
}

static bool picture_of(void *context, const char *mxc, struct buf *url)
{
	(void)context;
	if (!strcmp(mxc, "mxc://hs/gone"))
		return false;
	buf_printf(url, "https://f/%s?a=1&b=2", mxc + 6);
	return true;
}

static void test_pictures_of_matrix(void **state)
{
	static const struct matrix_html_names with_pictures = {.picture = picture_of};
	static const struct reading readings[] = {
	        {"see <img src=\"mxc://hs/a\" alt=\"a cat\"> there", "see a cat https://f/hs/a?a=1&b=2 there",
	         "see <img src='https://f/hs/a?a=1&amp;b=2' alt='a cat'/> there"},
	        {"<img src=\"mxc://hs/a\">", "https://f/hs/a?a=1&b=2", "<img src='https://f/hs/a?a=1&amp;b=2' alt=''/>"},
	        {"so <img data-mx-emoticon src=\"mxc://hs/a\" alt=\":cat:\" height=\"32\">", "so :cat:",
	         "so <img src='https://f/hs/a?a=1&amp;b=2' alt=':cat:'/>"},
	        {"<b>x</b><img src=\"mxc://hs/gone\" alt=\"cat\">", "xcat", "<strong>x</strong>cat"},
	        {"<b>x</b><img src=\"mxc://hs/../a\" alt=\"cat\">", "xcat", "<strong>x</strong>cat"},
	        {"<b>x</b><img src=\"https://x/track\" alt=\"cat\">", "xcat", "<strong>x</strong>cat"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(readings); i++) {
		struct buf text = {0}, xhtml = {0};

		matrix_html_read(&text, &xhtml, readings[i].html, strlen(readings[i].html), &with_pictures);
		assert_string_equal(buf_text(&text), readings[i].text);
		assert_string_equal(buf_text(&xhtml), readings[i].xhtml);
		buf_finish(&text);
		buf_finish(&xhtml);
	}
}

static void test_blocks(void **state)
{
	static const struct reading readings[] = {
	        {"a<br>b<br/><br />c", "a\nb\n\nc", ""},
	        {"<p>a</p>\n<p>b</p>", "a\n\nb", ""},
	        {"<p>a<p>b", "a\n\nb", ""},
	        {"a<div>b</div>c", "a\nb\nc", ""},
	        {"<h1>T</h1>x", "T\nx", "<h1>T</h1>x"},
	        {"<ul>\n<li>a</li>\n<li>b<br>c</li>\n</ul>d", "* a\n* b\n  c\nd",
	         "<ul>\n<li>a</li>\n<li>b<br/>c</li>\n</ul>d"},
	        {"<ol start=\"9\"><li>a</li><li>b<ul><li>c<li>d</ul></ol>", "9. a\n10. b\n    * c\n    * d",
	         "<ol start='9'><li>a</li><li>b<ul><li>c</li><li>d</li></ul></li></ol>"},
	        {"<ol><li><p>a</p></li><li><p>b</p></li></ol>", "1. a\n2. b",
	         "<ol><li><p>a</p></li><li><p>b</p></li></ol>"},
	        {"<ol start='x'><li>a</ol>", "1. a", "<ol><li>a</li></ol>"},
	        {"<blockquote><p>a</p><p>b</p></blockquote>c", "> a\n>\n> b\n\nc",
	         "<blockquote><p>a</p><p>b</p></blockquote>c"},
	        {"x<blockquote>a<blockquote>b</blockquote></blockquote>", "x\n> a\n> > b",
	         "x<blockquote>a<blockquote>b</blockquote></blockquote>"},
	        {"<p>x</p><blockquote>a</blockquote>", "x\n\n> a", "<p>x</p><blockquote>a</blockquote>"},
	        {"<pre><code class=\"hl language-c++\">if (a)\n\n\tb &amp;&amp; c;\n</code></pre>x",
	         "if (a)\n\n\tb && c;\nx",
	         "<pre><code class='language-c++'>if (a)<br/><br/>\tb &amp;&amp; c;<br/></code></pre>x"},
	        {"<pre>\n a&#13;b</pre>", " a\nb", "<pre> a<br/>b</pre>"},
	        {"<pre>\n\n a</pre>", " a", "<pre><br/> a</pre>"},
	        {"<pre>a<img alt='b\n&#13;c'></pre>", "ab  c", "<pre>ab  c</pre>"},
	        {"a<hr>b", "a\n---\nb", ""},
	        {"<table><thead><tr><th>A</th><th>B</th></tr></thead><tbody><tr><td>1<td>2<tr><td>3</table>x",
	         "A | B\n1 | 2\n3\nx",
	         "<div><div><strong>A</strong> | <strong>B</strong></div><div>1 | 2</div><div>3</div></div>x"},
	        {"<details><summary>S</summary>t</details>", "S\nt", ""},
	};

	(void)state;
	check_readings(readings, ARRAY_SIZE(readings));
}

static void test_links(void **state)
{
	static const struct reading readings[] = {
	        {"<a href=\"https://x/?a=1&amp;b=2\">here</a>", "here (https://x/?a=1&b=2)",
	         "<a href='https://x/?a=1&amp;b=2'>here</a>"},
	        {"<a href=\"https://x/y\">https://x/y</a>", "https://x/y", ""},
	        {"<a href=\"https://x/\">x</a>", "x", ""},
	        {"<a href=\"mailto:a@b\">a@b</a>", "a@b", ""},
	        {"<a href=\"ftp://x/y\">f</a><a href='magnet:?x'>m</a>", "f (ftp://x/y)m (magnet:?x)",
	         "<a href='ftp://x/y'>f</a><a href='magnet:?x'>m</a>"},
	        {"<a href=\"javascript:x()\">j</a>", "j", ""},
	        {"<a href=\"data:text/html,x\">d</a>", "d", ""},
	        {"<a href=' https://x'>j</a>", "j", ""},
	        {"<a href=\"https://x\"></a>", "https://x", ""},
	        {"<a href='https://x'>1<a href='https://y'>2</a>", "1 (https://x)2 (https://y)",
	         "<a href='https://x'>1</a><a href='https://y'>2</a>"},
	        {"<img src=\"mxc://hs/a\" alt=\":cat:\" height=\"32\">", ":cat:", ""},
	        {"<b><img src=\"mxc://hs/a\" title=\"cat\"></b>", "cat", "<strong>cat</strong>"},
	        {"<b><img src=\"https://x/track\"></b>", "", "<strong></strong>"},
	};

	(void)state;
	check_readings(readings, ARRAY_SIZE(readings));
}

static void test_mentions(void **state)
{
	static const struct reading readings[] = {
	        {"<a href=\"https://matrix.to/#/@_irc_bob:hs\">Bob (<b>IRC</b>)</a>: hi", "bob<1>: hi", ""},
	        {"<b>x</b><a href=\"https://matrix.to/#/@_irc_bob:hs\">Bob <b>IRC</b></a>", "xbob<1>",
	         "<strong>x</strong>bob&lt;1&gt;"},
	        {"<a href=\"https://matrix.to/#/%40_irc_bob%3Ahs?via=hs\">B</a>", "bob<1>", ""},
	        {"<a href=\"https://matrix.to/#/@a/b:hs\">B</a>", "bob<1>", ""},
	        {"<a href=\"matrix:u/_irc_bob:hs?action=chat\">B</a>", "bob<1>", ""},
	        {"<a href=\"matrix:u/a%2fb:hs\">B</a>", "bob<1>", ""},
	        {"<a href=\"https://matrix.to/#/%23_irc_%23c%3Ahs\">x</a>", "#c", ""},
	        {"<a href=\"matrix:r/_irc_%23c:hs\">x</a>", "#c", ""},
	        {"<a href=\"https://matrix.to/#/@alice:hs\">Alice</a>", "Alice", ""},
	        {"<a href=\"https://matrix.to/#/!r:hs?via=hs\">our hall</a>", "#hall", ""},
	        {"<a href=\"matrix:roomid/r:hs\">our hall</a>", "#hall", ""},
	        {"<a href=\"https://matrix.to/#/!s:hs\">there</a>", "there (https://matrix.to/#/!s:hs)",
	         "<a href='https://matrix.to/#/!s:hs'>there</a>"},
	        {"<a href=\"https://matrix.to/#/!r/$e\">there</a>", "there (https://matrix.to/#/!r/$e)",
	         "<a href='https://matrix.to/#/!r/$e'>there</a>"},
	        {"<a href=\"https://matrix.to/#/%23_irc_%23c:hs/%24e\">x</a>", "x (https://matrix.to/#/%23_irc_%23c:hs/%24e)",
	         "<a href='https://matrix.to/#/%23_irc_%23c:hs/%24e'>x</a>"},
	        {"<a href=\"matrix:roomid/r\">x</a>", "x", ""},
	        {"<a href=\"https://matrix.to/#/@x%0ay:hs\">x</a>", "x (https://matrix.to/#/@x%0ay:hs)",
	         "<a href='https://matrix.to/#/@x%0ay:hs'>x</a>"},
	        {"<p><a href=\"https://matrix.to/#/@_irc_bob:hs\">Bob</p>x", "bob<1>\n\nx", ""},
	        {"<mx-reply><blockquote>old <b>text</b></blockquote></mx-reply>new", "new", ""},
	        {"<MX-Reply>old", "", ""},
	};

	(void)state;
	check_readings(readings, ARRAY_SIZE(readings));
}

static void test_soup(void **state)
{
	static const struct reading readings[] = {
	        {"<b><i>x</b>y</i>", "xy", "<strong><em>x</em></strong>y"},
	        {"</p></b>x<b>y", "xy", "x<strong>y</strong>"},
	        {"<script>alert(1)</script><b>x</b>", "x", "<strong>x</strong>"},
	        {"<style>b{}</style>x", "x", ""},
	        {"<marquee><b>x</b></marquee>", "x", "<strong>x</strong>"},
	        {"<b>x<a href=", "x", "<strong>x</strong>"},
	        {"1 < 2 &foo; <", "1 < 2 &foo; <", ""},
	        {"<!-- <b>x</b> --><?x?>y", "y", ""},
	        {"<b/>x", "x", "<strong></strong>x"},
	        {"<li>a</li>", "* a", "<li>a</li>"},
	        {"<td>a</td><td>b</td>", "ab", ""},
	};

	(void)state;
	check_readings(readings, ARRAY_SIZE(readings));
}

static void test_writing(void **state)
{
	static const struct {
		const char *xhtml, *html;
	} cases[] = {
	        {"just text", ""},
	        {"<p>text</p><br/>", ""},
	        {"<strong>a</strong> <em>b</em>", "<strong>a</strong> <em>b</em>"},
	        {"<span style=\"color: #FF0000\">a</span>", "<span data-mx-color='#ff0000'>a</span>"},
	        {"<span style='color: #ff0000; background-color: #00ff00; text-decoration: underline line-through; "
	         "font-family: monospace'><strong>a</strong></span>b",
	         "<u><del><code><span data-mx-color='#ff0000' data-mx-bg-color='#00ff00'><strong>a</strong></span>"
	         "</code></del></u>b"},
	        {"<span style='font-weight: bold; font-style: italic'>a</span>", "<strong><em>a</em></strong>"},
	        {"<p style='color: red'>a</p>b", "<p><span data-mx-color='#ff0000'>a</span></p>b"},
	        {"<span style='color: url(x)'>a</span>", ""},
	        {"<span style='color: #000; background-color: #000'>a</span>", "<span data-mx-spoiler=''>a</span>"},
	        {"<span title='end' style='color: #000; background-color: black'>a</span>",
	         "<span data-mx-spoiler='end'>a</span>"},
	        {"<a href='https://x/'>here</a>", "<a href='https://x/'>here</a>"},
	        {"<a href='https://x/'>https://x/</a>", ""},
	        {"<a href='xmpp:a@b'>here</a>", ""},
	        {"<a href='javascript:x'>here</a>", ""},
	        {"<img src='https://x/a.png' alt='A'/>", "<a href='https://x/a.png'>A</a>"},
	        {"<img src='https://x/a.png'/>", ""},
	        {"<img src='mxc://hs/a' alt='A'/>", "<img src='mxc://hs/a' alt='A'/>"},
	        {"<img src='mxc://hs/../a' alt='A'/>", ""},
	        {"<pre>a<br/>b</pre>", "<pre>a\nb</pre>"},
	        {"<pre><br/>b</pre>", "<pre>\n\nb</pre>"},
	        {"<code class='language-c'>x</code>", "<code class='language-c'>x</code>"},
	        {"<code class=\"language-c'x\">x</code>", "<code>x</code>"},
	        {"<ol start='3'><li>x</li></ol>", "<ol start='3'><li>x</li></ol>"},
	        {"<table><tr><td>1</td><td>2</td></tr></table>", "<table><tr><td>1</td><td>2</td></tr></table>"},
	        {"<body xmlns='http://www.w3.org/1999/xhtml'><b onclick='x'>a</b></body>", "<strong>a</strong>"},
	        {"<script>x</script><b>a</b>", "<strong>a</strong>"},
	        {"<del>a</del><u>b</u><sub>c</sub>", "<del>a</del><u>b</u><sub>c</sub>"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf html = {0};

		buf_puts(&html, "h:");
		assert_int_equal(matrix_html_write(&html, cases[i].xhtml, strlen(cases[i].xhtml)), *cases[i].html != '\0');
		assert_string_equal(html.data + 2, cases[i].html);
		buf_finish(&html);
	}
}

static void test_depth(void **state)
{
	struct buf html = {0}, text = {0}, xhtml = {0}, again = {0};

	(void)state;
	for (int i = 0; i < 10000; i++)
		buf_puts(&html, "<em><blockquote>");
	buf_puts(&html, "x");
	matrix_html_read(&text, &xhtml, html.data, html.len, NULL);
	assert_string_equal(buf_text(&text), "> > > > > > > > x");
	assert_int_equal(xhtml.len, 50 * strlen("<em></em><blockquote></blockquote>") + 1);
	assert_true(matrix_html_write(&again, xhtml.data, xhtml.len));
	assert_string_equal(again.data, xhtml.data);
	buf_finish(&html);
	buf_finish(&text);
	buf_finish(&xhtml);
	buf_finish(&again);
}

/* Twice as much input takes about twice the time, whatever it is; all of it a second at most, sanitizers included. */
static void test_linear(void **state)
{
	static const char *const pieces[] = {"<li>", "<p>", "<br>", "<", "&", "&#", "<a href=x>", "<b ", "<!--", "<pre>\n",
	                                     "<mx-reply", "</p>", "<td>", "'", "<blockquote><ul><li>", "<span style='", " ",
	                                     "<a href='matrix:u/a:b'>"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		struct buf input = {0}, text = {0}, markup = {0};
		struct timespec begin, end;

		while (input.len < 64 << 10)
			buf_puts(&input, pieces[i]);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
		matrix_html_read(&text, &markup, input.data, input.len, &names);
		matrix_html_write(&markup, input.data, input.len);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
		assert_true(end.tv_sec - begin.tv_sec <= 1);
		assert_true(text.len <= 300 << 10 && markup.len <= 600 << 10);
		buf_finish(&input);
		buf_finish(&text);
		buf_finish(&markup);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_inline),
	        cmocka_unit_test(test_pictures_of_matrix), cmocka_unit_test(test_blocks),
	        cmocka_unit_test(test_links),
	        cmocka_unit_test(test_mentions),
	        cmocka_unit_test(test_soup),
	        cmocka_unit_test(test_writing),
	        cmocka_unit_test(test_depth),
	        cmocka_unit_test(test_linear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
