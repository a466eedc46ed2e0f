/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "config/limits.h"
#include "frontends/slack/wire/slack_event.h"
#include "frontends/slack/wire/slack_text.h"

#define Z "\xe2\x80\x8b"
#define STRIKE "<span style='text-decoration: line-through;'>"

static bool asked; /* for a user, a channel or an emoji */

static const char *user_name(void *context, const char *id)
{
	(void)context;
	asked = true;
	return !strcmp(id, "U1") ? "carol" : !strcmp(id, "U2") ? "<!channel>" : NULL;
}

static const char *channel_name(void *context, const char *id)
{
	(void)context;
	asked = true;
	return !strcmp(id, "C1") ? "general" : NULL;
}

static const char *group_name(void *context, const char *id)
{
	(void)context;
	return !strcmp(id, "S1") ? "team-leads" : NULL;
}

static const char *emoji_url(void *context, const char *name)
{
	(void)context;
	asked = true;
	return !strcmp(name, "bowtie")  ? "https://e/b.png"
	       : strstr(name, "\xc2\xa0") ? "https://e/n.png"
	       : !strcmp(name, "hello") ? "alias:wave"
	       : !strcmp(name, "lost")  ? "alias:nothing"
	                                : NULL;
}

static const struct slack_names names = {
        .user = user_name, .channel = channel_name, .usergroup = group_name, .emoji = emoji_url};

static const char *find_user(void *context, const char *name)
{
	(void)context;
	return !strcmp(name, "carol") ? "U1" : !strcmp(name, "Egon S") ? "U2" : NULL;
}

static const struct slack_mentions mentions = {.user = find_user};

static void is_same(const char *what, struct buf *out, const char *expected)
{
	if (strcmp(buf_text(out), expected) != 0)
		fail_msg("%s\n  became   %s\n  and not  %s", what, buf_text(out), expected);
	buf_finish(out);
}

struct reading {
	const char *mrkdwn, *text, *xhtml;
};

static void reads(const struct reading *r)
{
	struct buf text = {0}, xhtml = {0};

	slack_mrkdwn_read(&text, &xhtml, r->mrkdwn, &names);
	is_same(r->mrkdwn, &text, r->text);
	is_same(r->mrkdwn, &xhtml, r->xhtml);
}

static void test_marks(void **state)
{
	static const struct reading cases[] = {
	        {"hello", "hello", ""},
	        {"", "", ""},
	        {"*a* _b_ ~c~ `d`", "a b c d",
	         "<strong>a</strong> <em>b</em> " STRIKE "c</span> <code>d</code>"},
	        {"*_a_ b*", "a b", "<strong><em>a</em></strong><strong> b</strong>"},
	        {"(*a*), *b*!", "(a), b!", "(<strong>a</strong>), <strong>b</strong>!"},
	        {"snake_case_name 2*3*4 a~b~c", "snake_case_name 2*3*4 a~b~c", ""},
	        {"* a * ** _ _ ~~ ``", "* a * ** _ _ ~~ ``", ""},
	        {"*a\nb*", "*a\nb*", ""},
	        {"`*a* _b_`", "*a* _b_", "<code>*a* _b_</code>"},
	        {"*a `b* c` d*", "a b* c d",
	         "<strong>a </strong><strong><code>b* c</code></strong><strong> d</strong>"},
	        {"x" Z "*a*" Z "y", "xay", "x<strong>a</strong>y"},
	        {"*" Z "a*", "*a*", ""},
	        {"a" Z "b", "ab", ""},
	        {"&lt;b&gt; &amp;amp; &quot;", "<b> &amp; &quot;", ""},
	        {"*&lt;b&gt;*", "<b>", "<strong>&lt;b&gt;</strong>"},
	        {"a  b\tc", "a  b c", ""},
	        {"*a*  b ", "a  b",
	         "<strong>a</strong> \xc2\xa0"
	         "b"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		reads(&cases[i]);
}

/* Behind a slash command nothing is a mark. */
static void test_commands(void **state)
{
	static const struct {
		const char *typed, *line;
	} cases[] = {
	        {"room-unban #a *!*@_x_.example", "room-unban #a *!*@_x_.example"},
	        {"register a *b* `c` ~d~ :+1: ```e```", "register a *b* `c` ~d~ :+1: ```e```"},
	        {"> a &lt;b&gt; &amp;amp;", "> a <b> &amp;"},
	        {"link <#C1|x> <@U1> <https://x.org|x.org> < <", "link #general @carol x.org < <"},
	        {"", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf line = {0};

		slack_typed_read(&line, cases[i].typed, &names);
		is_same(cases[i].typed, &line, cases[i].line);
	}
}

static void test_tokens(void **state)
{
	static const struct reading cases[] = {
	        {"<@U1> <@U9|dave> <@U9>", "@carol @dave @U9", ""},
	        {"<@U2>", "@<!channel>", ""},
	        {"<#C1> <#C9|dev> <#C9|>", "#general #dev #C9", ""},
	        {"<!here> <!channel|channel> <!everyone>", "@here @channel @everyone", ""},
	        {"<!subteam^S1> <!subteam^S9|@grp> <!subteam^S9>", "@team-leads @grp @S9", ""},
	        {"<!date^1392734382^{date}^https://l|Feb 18>", "Feb 18", ""},
	        {"<https://x.org/?a=1&amp;b=2>", "https://x.org/?a=1&b=2", ""},
	        {"<https://x.org|x.org>", "x.org", ""},
	        {"<https://x.org|good &amp; bad>", "good & bad (https://x.org)",
	         "<a href='https://x.org'>good &amp; bad</a>"},
	        {"<https://x.org/`a>", "https://x.org/%60a", ""},
	        {"<https://x.org|a```b> c```", "a```b (https://x.org) c```",
	         "<a href='https://x.org'>a```b</a> c```"},
	        {"*<https://x.org|a>*", "a (https://x.org)",
	         "<a href='https://x.org'><strong>a</strong></a>"},
	        {"<mailto:a@b.org|a@b.org> <mailto:a@b.org>", "a@b.org a@b.org", ""},
	        {"<javascript:x|click>", "click", ""},
	        {"< a <", "< a <", ""},
	        {"<>", "<>", ""},
	        {"`<https://x.org|x>`", "x", "<code>x</code>"},
	        {":wave: :wave::skin-tone-3: :nope: 10:20:30", "👋 👋🏼 :nope: 10:20:30", ""},
	        {":hello: :lost:", "👋 :lost:", ""},
	        {":bowtie:", ":bowtie:", "<img alt=':bowtie:' src='https://e/b.png'/>"},
	        {"`:wave:`", ":wave:", "<code>:wave:</code>"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		reads(&cases[i]);
}

static void test_blocks(void **state)
{
	static const struct reading cases[] = {
	        {"a\n\nb", "a\n\nb", ""},
	        {"\n\na\n\n", "a", ""},
	        {"&gt; a\n&gt; b\nc", "> a\n> b\nc", "<blockquote>a<br/>b</blockquote><div>c</div>"},
	        {"&gt;a", "> a", "<blockquote>a</blockquote>"},
	        {"&gt;&gt;&gt; a\nb", "> a\n> b", "<blockquote>a<br/>b</blockquote>"},
	        {"x ```a *b*\n  c``` y", "x \na *b*\n  c\n y",
	         "<div>x\xc2\xa0</div><pre>a *b*<br/>  c</pre><div>\xc2\xa0y</div>"},
	        {"```\na\n```", "a", "<pre>a</pre>"},
	        {"``````", "``````", ""},
	        {"a\n```<|>```", "a", ""},
	        {"```<!| >```", "", ""},
	        {"```a", "```a", ""},
	        {":bowtie\xc2\xa0\xc2\xa0:", ":bowtie  :", ""},
	        {"•  \xc2\xa0 ", "•", ""},
	        {"• a\n    ◦ b\n• c", "* a\n  * b\n* c", "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		reads(&cases[i]);
}

/* JSON, with ' for ". */
static struct cJSON *parse(const char *json)
{
	char *text = mem_strdup(json);
	struct cJSON *document;

	for (char *at = text; *at; at++)
		if (*at == '\'')
			*at = '"';
	document = json_read(text, strlen(text));
	mem_free(text);
	if (!document)
		fail_msg("no JSON: %s", json);
	return document;
}

static void reads_message(const char *json, const char *text, const char *xhtml)
{
	struct cJSON *document = parse(json);
	struct arena arena = {0};
	struct slack_event event;
	struct buf plain = {0}, markup = {0};
	const struct slack_reaction *reactions;
	size_t count;

	assert_true(slack_history_read(&event, document, "C1", &arena, &reactions, &count));
	asked = false;
	slack_text_read(&plain, NULL, &event, &names);
	assert_true(slack_text_names(&event) || !asked);
	assert_string_equal(buf_text(&plain), text);
	buf_clear(&plain);
	slack_text_read(&plain, &markup, &event, &names);
	is_same(json, &plain, text);
	is_same(json, &markup, xhtml);
	json_free(&document);
	arena_finish(&arena);
}

static void names_nobody(const char *json)
{
	struct cJSON *document = parse(json);
	struct arena arena = {0};
	struct slack_event event;
	const struct slack_reaction *reactions;
	size_t count;

	assert_true(slack_history_read(&event, document, "C1", &arena, &reactions, &count));
	assert_false(slack_text_names(&event));
	json_free(&document);
	arena_finish(&arena);
}

#define RICH(elements) "{'text':'fallback','blocks':[{'type':'rich_text','elements':[" elements "]}]}"
#define SECTION(elements) "{'type':'rich_text_section','elements':[" elements "]}"
#define TEXT(text) "{'type':'text','text':'" text "'}"

/* What most people say is not read twice for the names in it. */
static void test_names(void **state)
{
	(void)state;
	names_nobody("{'text':'a < b @carol #general :wave:'}");
	names_nobody(RICH(SECTION(TEXT("a <b> @carol :wave:"))));
	names_nobody("{'text':'','attachments':[{'fallback':'x','title':'y','text':'z'}]}");
	names_nobody("{'text':'at 10:20 :tada::tada: see https://x.org:80/'}");
	reads_message("{'text':'<@U1> <#C1>'}", "@carol #general", "");
	reads_message("{'text':'now: :hello:'}", "now: 👋", "");
	reads_message("{'text':'','blocks':[{'type':'section','text':{'type':'mrkdwn','text':':hello:'}}]}", "👋", "");
	reads_message("{'text':'','attachments':[{'text':':hello:'}]}", "👋", "");
	reads_message(RICH(SECTION("{'type':'emoji','name':'hello'}")), "👋", "");
	reads_message("{'text':'','attachments':[{'text':'<@U1>'}]}", "@carol", "");
	reads_message("{'text':'','blocks':[{'type':'section','text':{'type':'mrkdwn','text':'<#C1>'}}]}", "#general", "");
	reads_message(RICH(SECTION("{'type':'channel','channel_id':'C1'}")), "#general", "");
}

static void test_rich_text(void **state)
{
	(void)state;
	reads_message(
	        RICH(SECTION(TEXT(
	                "a <b> &amp; ") ",{'type':'text','text':'b','style':{'bold':true,'italic':true}}")),
	        "a <b> &amp; b", "a &lt;b&gt; &amp;amp; <strong><em>b</em></strong>");
	reads_message(RICH(SECTION("{'type':'user','user_id':'U1'}," TEXT(
	                      " ") ",{'type':'usergroup','usergroup_id':'S1'"
	                           "}," TEXT(" ") ",{'type':'channel','"
	                                          "channel_id':'C9'}," TEXT(" ") ",{'type':'"
	                                                                         "broadcast','"
	                                                                         "range':'"
	                                                                         "here'}")),
	              "@carol @team-leads #C9 @here", "");
	reads_message(RICH(SECTION("{'type':'link','url':'https://x.org'}," TEXT(
	                      " ") ",{'type':'link','url':'https://x.org',"
	                           "'text':'label'},{'type':'link','url':'javascript:1','text':'evil'}")),
	              "https://x.org label (https://x.org)evil",
	              "<a href='https://x.org'>https://x.org</a> <a href='https://x.org'>label</a>evil");
	reads_message(RICH(SECTION("{'type':'emoji','name':'wave','unicode':'1f44b','skin_tone':2},{'type':'"
	                           "emoji','name':'latest',"
	                           "'unicode':'1fae9'},{'type':'emoji','name':'bowtie'},{'type':'emoji','"
	                           "name':'unknown'}")),
	              "👋🏻🫩:bowtie::unknown:",
	              "👋🏻🫩<img alt=':bowtie:' src='https://e/b.png'/>:unknown:");
	reads_message(
	        RICH(SECTION(
	                "{'type':'date','timestamp':1,'format':'{date}','fallback':'May 1'},{'type':'color',"
	                "'value':'#ff0000'},{'type':'news'}")),
	        "May 1#ff0000", "");
	reads_message(
	        RICH(SECTION(TEXT("a\\n")) ",{'type':'rich_text_list','style':'bullet','indent':0,'elements':"
	                                   "[" SECTION(TEXT("b")) "]},{'type':'rich_text_list','style':'"
	                                                          "ordered','indent':1,'offset':2,'elements':"
	                                                          "[" SECTION(TEXT("c")) "," SECTION(TEXT(
	                                                                  "d")) "]}," SECTION(TEXT("e"))),
	        "a\n* b\n  3. c\n  4. d\ne",
	        "<div>a</div><ul><li>b<ol start='3'><li>c</li><li>d</li></ol></li></ul><div>e</div>");
	reads_message(
	        RICH("{'type':'rich_text_quote','elements':[" TEXT(
	                "a\\nb") "]},{'type':'rich_text_preformatted','elements':[" TEXT("x\\n  *y*") "],'"
	                                                                                              "border"
	                                                                                              "':0}"),
	        "> a\n> b\nx\n  *y*", "<blockquote>a<br/>b</blockquote><pre>x<br/>  *y*</pre>");
	reads_message(RICH("{'type':'rich_text_list','style':'bullet','elements':7},{},3"), "", "");
}

static void test_apps(void **state)
{
	(void)state;
	reads_message("{'text':'*a*','blocks':[{'type':'section','text':{'type':'plain_text','text':'b'}}]}",
	              "a", "<strong>a</strong>");
	reads_message("{'text':'','blocks':[{'type':'header','text':{'type':'plain_text','text':'*T*'}},{'"
	              "type':'section',"
	              "'text':{'type':'mrkdwn','text':'*a*'},'fields':[{'type':'mrkdwn','text':'f'}]},{'type'"
	              ":'divider'},"
	              "{'type':'context','elements':[{'type':'mrkdwn','text':'c'},{'type':'image','alt_text':"
	              "'i'}]},"
	              "{'type':'image','image_url':'https://i/x','alt_text':'cat'},{'type':'actions'}]}",
	              "*T*\na\nf\nc\ncat (https://i/x)",
	              "*T*<br/><strong>a</strong><br/>f<br/>c<br/><a href='https://i/x'>cat</a>");
	reads_message(
	        "{'text':'','attachments':[{'fallback':'F','pretext':'P','title':'T','title_link':'https://"
	        "t','text':'*x*',"
	        "'fields':[{'title':'k','value':'v'}]},{'fallback':'G'}]}",
	        "P\nT (https://t)\nx\nk\nv\nG",
	        "P<br/><a href='https://t'>T</a><br/><strong>x</strong><br/><strong>k</strong><br/>v<br/>G");
	reads_message("{'text':'see <https://x>','attachments':[{'from_url':'https://x','text':'unfurled'}]}",
	              "see https://x", "");
	reads_message("{'text':'look','attachments':[{'is_share':true,'from_url':'https://x/"
	              "p1','author_name':'dave',"
	              "'text':'old\\n*news*'}]}",
	              "look\n> dave:\n> old\n> news",
	              "<div>look</div><blockquote><strong>dave</strong>:<br/>old<br/><strong>news</strong></"
	              "blockquote>");
	reads_message("{}", "", "");
	reads_message("{'blocks':[7,{'type':'section'}],'attachments':['x',{}]}", "", "");
}

struct writing {
	const char *text, *xhtml, *mrkdwn;
};

static void test_writing(void **state)
{
	static const struct writing cases[] = {
	        {"hello", NULL, "hello"},
	        {"<!channel> <@U1> & <https://evil|good>", NULL,
	         "&lt;!channel&gt; &lt;@U1&gt; &amp; &lt;<https://evil>|good&gt;"},
	        {"*a* snake_case 2*3", NULL, Z "*" Z "a" Z "*" Z " snake_case 2*3"},
	        {"* a", NULL, "* a"},
	        {":wave: :nope: 10:20:30", NULL, ":" Z "wave: :nope: 10:20:30"},
	        {"x", "<i>:</i><b><i>x:</i></b><b> a</b>", ":" Z "x: a"},
	        {"x", ":b'<i>:</i>", ":b'" Z "_:_"},
	        {"x", "<i>:b</i>:", "_:b_" Z ":"},
	        {"x", ":<code>a:`</code>", ":" Z "a:" Z "`" Z},
	        {"> quoted\nanswer", NULL, "&gt; quoted\nanswer"},
	        {"a ``` b", NULL, "a `" Z "`" Z "` b"},
	        {"x", "<strong>a</strong> <i>b</i> <s>c</s> <code>d</code>", "*a* _b_ ~c~ `d`"},
	        {"x", "a<b>b</b>c", "a" Z "*b*" Z "c"},
	        {"x", "<b> a </b>b", "*a* b"},
	        {"x", "<b>a</b><i>b</i>", "*a*_b_"},
	        {"x", "<b>a<i>b</i></b><i>c</i>", "*a" Z "_b_*_c_"},
	        {"x", "<b>a<br/>b</b>", "*a*\n*b*"},
	        {"x", "<span style='font-weight: bold; font-family: monospace'>a</span>", "*`a`*"},
	        {"x", "<code>a`b</code>", "a`b"},
	        {"x", "<a href='https://x.org/a|b&amp;c'>la&lt;bel</a>",
	         "<https://x.org/a%7Cb&amp;c|la&lt;bel>"},
	        {"x", "<a href='https://x.org'>https://x.org</a>", "<https://x.org>"},
	        {"x", "<a href='https://x.org'>a</a>https://x.org b", "<https://x.org|a>https://x.org b"},
	        {"x", "https://x.org<a href='https://x.org'>a</a>", "https://x.org<https://x.org|a>"},
	        {"x", "<a href='tel:1'>tel:1tel:1</a>", "<tel:1|tel:1tel:1>"},
	        {"x", "<a href='javascript:x'>click</a>", "click"},
	        {"x", "<pre>a&#13;b</pre>", "```\na b\n```"},
	        {"see https://x.org/_a_/*b*?c=1&d=2, or (http://y.org/).", NULL,
	         "see <https://x.org/_a_/*b*?c=1&amp;d=2>, or (<http://y.org/>)."},
	        {"https://x.org/a_(b) xhttps://y https:// HTTPS://Z.org", NULL,
	         "<https://x.org/a_(b)> xhttps://y https:// <HTTPS://Z.org>"},
	        {"<https://x|y>", NULL, "&lt;<https://x>|y&gt;"},
	        {"`https://x.org`", "<code>https://x.org</code>", "`https://x.org`"},
	        {"x", "<p>a</p><p>b</p><div>c</div>d", "a\n\nb\n\nc\nd"},
	        {"x", "<blockquote>a<br/>b</blockquote>c", "&gt; a\n&gt; b\nc"},
	        {"x", "<pre>a\n  b<br/>c</pre>d", "```\na\n  b\nc\n```\nd"},
	        {"x", "<pre>```</pre>", "```\n``" Z "`\n```"},
	        {"x", "a<pre> </pre>b", "a\n \nb"},
	        {"x", "<ul><li>a<ol start='3'><li>b</li><li>c</li></ol></li><li>d</li></ul>",
	         "• a\n    3. b\n    4. c\n• d"},
	        {"x", "<h1>T</h1>a<hr/>b", "*T*\na\n---\nb"},
	        {"x", "<img alt='cat' src='https://x/c.png'/><img src='https://x/d.png'/>",
	         "cat<https://x/d.png>"},
	        {"x", "<script>alert()</script><x>a</x>", "a"},
	        {"x", "&lt;!here&gt;<b>&lt;@U1&gt;</b>", "&lt;!here&gt;*&lt;@U1&gt;*"},
	        {"", NULL, ""},
	        {"x", "<b></b>", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf out = {0};

		slack_mrkdwn_write(&out, cases[i].text, cases[i].xhtml, NULL);
		is_same(cases[i].xhtml ? cases[i].xhtml : cases[i].text, &out, cases[i].mrkdwn);
	}
}

static void test_mentions(void **state)
{
	static const struct writing cases[] = {
	        {"hi @carol, and @Egon S.", NULL, "hi <@U1>, and <@U2>."},
	        {"carol: hi", NULL, "<@U1>: hi"},
	        {"Egon S, hi", NULL, "<@U2>, hi"},
	        {"so carol: hi", NULL, "so carol: hi"},
	        {"carol", NULL, "carol"},
	        {"a@carol @caroline @carol's @here", NULL, "a@carol @caroline <@U1>'s @here"},
	        {"x", "<b>@carol</b> <code>@carol</code> <a href='https://x'>@carol</a>",
	         "*<@U1>* `@carol` <https://x|@carol>"},
	        {"@@carol", NULL, "@<@U1>"},
	        {"https://x.org/@carol", NULL, "<https://x.org/@carol>"},
	        {"@carol, <!channel> @channel <!here|@here>", NULL,
	         "<@U1>, &lt;!channel&gt; @channel &lt;!here|@here&gt;"},
	        {"@", NULL, "@"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf out = {0};

		slack_mrkdwn_write(&out, cases[i].text, cases[i].xhtml, &mentions);
		is_same(cases[i].xhtml ? cases[i].xhtml : cases[i].text, &out, cases[i].mrkdwn);
	}
}

static void test_cutting(void **state)
{
	static const struct {
		const char *text;
		size_t max, length;
		bool fence;
	} cases[] = {
	        {"short", 16, 5, false},
	        {"aaaa bbbb\ncccc dddd eeee", 16, 10, false},
	        {"aaaa bbbb cccc dddd", 16, 15, false},
	        {"aaaaaaaaaaaaaaaaaaaa", 16, 16, false},
	        {"ääääääääääääääääääää", 16, 32, false},
	        {"aaaaaaaaaa<https://x.org|y>", 20, 10, false},
	        {"<https://x.org/aaaaaaaaaaaaaaaaaaaaaaaaaaa>", 16, 16, false},
	        {"aaaaaaaaaaaaaa&amp;", 16, 14, false},
	        {"```\naaaaaaaa\nbbbbbbbb\n```", 16, 13, true},
	        {"```\naa\n```\nbbbbbbbb", 16, 11, false},
	        {"", 16, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		bool fence;

		if (slack_text_cut(cases[i].text, cases[i].max, &fence) != cases[i].length ||
		    fence != cases[i].fence)
			fail_msg("%s is cut at %zu", cases[i].text,
			         slack_text_cut(cases[i].text, cases[i].max, &fence));
	}
}

static void test_pieces(void **state)
{
	static const char *const expected[] = {"intro\n```\nline of code 1\nline of code 2\n```",
	                                       "```\nline of code 3\nline of code 4\n```",
	                                       "```\nline of code 5\n```\nend"};
	const char *rest = "intro\n```\nline of code 1\nline of code 2\nline of code 3\nline of code 4\nline "
	                   "of code 5\n```\nend";
	bool fence = false;
	size_t count = 0;

	(void)state;
	while (rest) {
		struct buf piece = {0};

		rest = slack_text_piece(&piece, rest, 50, &fence);
		assert_true(piece.len <= 50);
		assert_true(count < ARRAY_SIZE(expected));
		is_same("piece", &piece, expected[count++]);
	}
	assert_int_equal(count, ARRAY_SIZE(expected));
	assert_false(fence);
	assert_int_equal(slack_text_pieces("", 50), 1);
	assert_int_equal(slack_text_pieces("short", 50), 1);
}

/* Whatever is cut is all there, in messages that are short enough. */
static void test_long(void **state)
{
	struct buf text = {0}, together = {0};
	const char *rest;
	bool fence = false;
	size_t count = 0;

	(void)state;
	for (unsigned i = 0; i < 2000; i++)
		buf_printf(&text, "word %u &amp; \xc3\xa4%s", i, i % 9 ? " " : "\n");
	for (rest = text.data; rest; count++) {
		struct buf piece = {0};
		size_t characters = 0;

		rest = slack_text_piece(&piece, rest, SLACK_TEXT_POST_MAX, &fence);
		for (size_t i = 0; i < piece.len; i++)
			characters += ((unsigned char)piece.data[i] & 0xc0) != 0x80;
		assert_true(characters <= SLACK_TEXT_POST_MAX &&
		            (!rest || characters > SLACK_TEXT_POST_MAX / 2));
		buf_printf(&together, "%s%s", piece.data, rest ? "\n" : "");
		buf_finish(&piece);
	}
	assert_string_equal(together.data, text.data);
	assert_int_equal(slack_text_pieces(text.data, SLACK_TEXT_POST_MAX), count);
	assert_true(count > LIMIT_SLACK_PARTS);
	buf_finish(&text);
	buf_finish(&together);
}

/* The same at each run. */
static unsigned random_below(size_t limit)
{
	static uint64_t state = 1;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)((state >> 33) % limit);
}

/* Random texts of what matters. */
static void random_text(struct buf *out)
{
	static const char *const parts[] = {
	        "a",           "b c", " ",  "  ",    "*",     "_",       "~",
	        "`",           "```", "\n", "&gt; ", "&lt;",  "&amp;",   ":",
	        ":wave:",      Z,     "• ", "    ",  "<@U1>", "<!here>", "<https://x|y>",
	        "<https://x>", "|",   ">",  "ä",     "1. ",   "-",       "*a*",
	        "_b_",         "<"};
	unsigned count = random_below(24);

	buf_puts(out, "");
	for (unsigned i = 0; i < count; i++)
		buf_puts(out, parts[random_below(ARRAY_SIZE(parts))]);
}

/* Everything in angle brackets. */
static void has_only_tokens(const char *mrkdwn, const char *allowed)
{
	for (const char *at = strchr(mrkdwn, '<'); at; at = strchr(at + 1, '<')) {
		const char *end = strchr(at, '>');

		assert_non_null(end);
		if (strncmp(at, allowed, strlen(allowed)) != 0)
			fail_msg("a token that was not meant: %s", at);
	}
	for (const char *at = strchr(mrkdwn, '>'); at; at = strchr(at + 1, '>'))
		assert_true(at > mrkdwn);
}

/* What was read is written so that it is read as the same; of formatting in heaps of stray marks something
 * may be lost. */
static void test_same_again(void **state)
{
	unsigned lost = 0;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		struct buf mrkdwn = {0}, text = {0}, xhtml = {0}, again = {0}, second = {0}, third = {0};

		random_text(&mrkdwn);
		slack_mrkdwn_read(&text, &xhtml, mrkdwn.data, &names);
		slack_mrkdwn_write(&again, buf_text(&text), buf_text(&xhtml), NULL);
		has_only_tokens(again.data, "<https://x");
		slack_mrkdwn_read(&second, &third, again.data, &names);
		if (strcmp(buf_text(&text), buf_text(&second)) != 0)
			fail_msg("%s\nwas read as   %s\n%s\nand written as %s\nthat is read as %s\n%s",
			         mrkdwn.data, buf_text(&text), buf_text(&xhtml), again.data,
			         buf_text(&second), buf_text(&third));
		lost += xhtml.len && strcmp(buf_text(&xhtml), buf_text(&third)) != 0;
		buf_finish(&mrkdwn);
		buf_finish(&text);
		buf_finish(&xhtml);
		buf_finish(&again);
		buf_finish(&second);
		buf_finish(&third);
	}
	assert_true(lost <= 4);
}

/* What people of other networks write makes no token but of its addresses, as they are to be seen. */
static void test_no_token(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		struct buf text = {0}, mrkdwn = {0}, again = {0}, xhtml = {0};

		random_text(&text);
		slack_mrkdwn_write(&mrkdwn, text.data, NULL, NULL);
		has_only_tokens(mrkdwn.data, "<https://x>");
		slack_mrkdwn_read(&again, &xhtml, mrkdwn.data, &names);
		buf_finish(&text);
		buf_finish(&mrkdwn);
		buf_finish(&again);
		buf_finish(&xhtml);
	}
}

static size_t looked_up; /* calls of strchr: characters that are compared with a set */

char *__wrap_strchr(const char *text, int c);
char *__real_strchr(const char *text, int c);

char *__wrap_strchr(const char *text, int c)
{
	looked_up++;
	return __real_strchr(text, c);
}

/* What begins as an address and is none is not searched for its end each time. (A compiler that makes other
 * instructions of strchr is not seen.) */
static void test_beginnings_of_addresses(void **state)
{
	struct buf text = {0}, mrkdwn = {0};

	(void)state;
	while (text.len + 8 <= LIMIT_MESSAGE_BYTES)
		buf_puts(&text, "http://-");
	looked_up = 0;
	slack_mrkdwn_write(&mrkdwn, text.data, NULL, NULL);
	assert_string_equal(mrkdwn.data, text.data);
	assert_true(looked_up < 20 * text.len);
	buf_finish(&text);
	buf_finish(&mrkdwn);
}

/* Each change of the look within a link has the address once more: up to a limit. */
static void test_an_address_again_and_again(void **state)
{
	struct buf xhtml = {0}, mrkdwn = {0}, text = {0};

	(void)state;
	buf_puts(&xhtml, "<a href='https://x/");
	while (xhtml.len < 2000)
		buf_putc(&xhtml, 'y');
	buf_puts(&xhtml, "'>");
	while (xhtml.len + 20 < LIMIT_MESSAGE_BYTES)
		buf_puts(&xhtml, "a<b>c</b>");
	buf_puts(&xhtml, "z</a>");
	slack_mrkdwn_write(&mrkdwn, "", xhtml.data, NULL);
	assert_int_equal(strncmp(mrkdwn.data, "<https://x/yyy", 14), 0);
	assert_true(mrkdwn.len > LIMIT_MESSAGE_BYTES && mrkdwn.len < 8 * LIMIT_MESSAGE_BYTES);
	/* nothing of the text is lost */
	assert_int_equal(mrkdwn.data[mrkdwn.len - 1], 'z');
	slack_mrkdwn_read(&text, NULL, mrkdwn.data, NULL);
	assert_true(text.len < 8 * LIMIT_MESSAGE_BYTES);
	buf_finish(&xhtml);
	buf_finish(&mrkdwn);
	buf_finish(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_marks), cmocka_unit_test(test_commands),    cmocka_unit_test(test_tokens),
	        cmocka_unit_test(test_blocks),   cmocka_unit_test(test_rich_text),
	        cmocka_unit_test(test_names),
	        cmocka_unit_test(test_apps),     cmocka_unit_test(test_writing),
	        cmocka_unit_test(test_mentions), cmocka_unit_test(test_cutting),  cmocka_unit_test(test_pieces),
	        cmocka_unit_test(test_long),     cmocka_unit_test(test_same_again),
	        cmocka_unit_test(test_no_token), cmocka_unit_test(test_beginnings_of_addresses),
	        cmocka_unit_test(test_an_address_again_and_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
