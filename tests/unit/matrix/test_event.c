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
#include "frontends/matrix/wire/matrix_event.h"

#define EVENT "{'event_id':'$e','room_id':'!r:hs','sender':'@a:hs','origin_server_ts':17,"
#define MESSAGE(content) EVENT "'type':'m.room.message','content':{" content "}}"
#define STATE(type, content) EVENT "'state_key':'','type':'" type "','content':{" content "}}"
#define MEMBER(more) EVENT "'state_key':'@b:hs','type':'m.room.member'," more "}"

static struct arena arena;
static struct cJSON *document;
static struct matrix_event event;

static int end(void **state)
{
	(void)state;
	json_free(&document);
	arena_finish(&arena);
	return 0;
}

/* JSON, with ' for ". */
static void take(const char *json)
{
	char *text = mem_strdup(json);

	for (char *at = text; *at; at++)
		if (*at == '\'')
			*at = '"';
	json_free(&document);
	document = json_read(text, strlen(text));
	mem_free(text);
	if (!document)
		fail_msg("no JSON: %s", json);
	assert_true(matrix_event_read(&event, document, &arena));
}

static void is_text(const char *text, const char *expected)
{
	if (!expected)
		assert_null(text);
	else
		assert_string_equal(text ? text : "(none)", expected);
}

static void test_envelope(void **state)
{
	struct cJSON *array = json_read("[]", 2);

	(void)state;
	take(MESSAGE("'msgtype':'m.text','body':'hello'"));
	is_text(event.type, "m.room.message");
	is_text(event.id, "$e");
	is_text(event.room, "!r:hs");
	is_text(event.sender, "@a:hs");
	is_text(event.state_key, NULL);
	take("{'type':1,'event_id':'e','room_id':[],'sender':'a','origin_server_ts':-1,'content':[]}");
	assert_int_equal(event.kind, MATRIX_OTHER);
	is_text(event.type, "");
	is_text(event.id, NULL);
	is_text(event.room, NULL);
	is_text(event.sender, NULL);
	take("{}");
	assert_false(matrix_event_read(&event, array, &arena));
	assert_false(matrix_event_read(&event, NULL, &arena));
	json_free(&array);
}

static void test_texts(void **state)
{
	static const struct {
		const char *json;
		enum matrix_message_type type;
		const char *body, *html;
	} cases[] = {
	        {MESSAGE("'msgtype':'m.text','body':'a\\r\\nb'"), MATRIX_TEXT, "a\nb", NULL},
	        {MESSAGE("'msgtype':'m.notice','body':'a'"), MATRIX_NOTICE, "a", NULL},
	        {MESSAGE("'msgtype':'m.emote','body':'waves'"), MATRIX_EMOTE, "waves", NULL},
	        {MESSAGE("'msgtype':'m.location','body':'Here','geo_uri':'geo:1,2'"), MATRIX_TEXT, "Here geo:1,2", NULL},
	        {MESSAGE("'msgtype':'m.location','body':'At geo:1,2','geo_uri':'geo:1,2'"), MATRIX_TEXT, "At geo:1,2", NULL},
	        {MESSAGE("'msgtype':'m.location','geo_uri':'http:x'"), MATRIX_TEXT, "", NULL},
	        {MESSAGE("'msgtype':'org.example.new','body':'x'"), MATRIX_TEXT, "x", NULL},
	        {MESSAGE("'body':7"), MATRIX_TEXT, "", NULL},
	        {MESSAGE("'msgtype':'m.text','body':'a','format':'org.matrix.custom.html','formatted_body':'<b>a</b>'"),
	         MATRIX_TEXT, "a", "<b>a</b>"},
	        {MESSAGE("'msgtype':'m.text','body':'a','format':'other','formatted_body':'<b>a</b>'"), MATRIX_TEXT, "a",
	         NULL},
	        {EVENT "'type':'m.room.message'}", MATRIX_TEXT, "", NULL},
	        {MESSAGE("'msgtype':'m.image','body':'x.png'"), MATRIX_TEXT, "x.png", NULL},
	        {MESSAGE("'msgtype':'m.image','body':'x.png','url':'http://x/y'"), MATRIX_TEXT, "x.png", NULL},
	        {EVENT "'type':'m.poll.start','content':{'m.text':[{'body':'Q?\\n1. A'}]}}", MATRIX_TEXT, "Q?\n1. A", NULL},
	        {EVENT "'type':'org.matrix.msc3381.poll.start','content':{'org.matrix.msc1767.text':'Q'}}", MATRIX_TEXT, "Q",
	         NULL},
	        {EVENT "'type':'org.matrix.msc3381.poll.start',"
	               "'content':{'org.matrix.msc3381.poll.start':{'question':"
	               "{'org.matrix.msc1767.text':'Q'},'answers':[{'org.matrix.msc1767.text':'A'},3,{'m.text':[{'body':"
	               "'B'}]}]}}}",
	         MATRIX_TEXT, "Q\n1. A\n3. B", NULL},
	        {EVENT "'type':'m.poll.start','content':{}}", MATRIX_TEXT, "", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		take(cases[i].json);
		assert_int_equal(event.kind, MATRIX_MESSAGE);
		assert_int_equal(event.message_type, cases[i].type);
		is_text(event.body, cases[i].body);
		is_text(event.html, cases[i].html);
	}
}

static void test_polls(void **state)
{
	(void)state;
	take(EVENT "'type':'m.poll.start','content':{'m.text':[{'body':'text'}],'m.poll':{'question':{'m.text':[{'body':"
	           "'Lunch?\\nToday'}]},'kind':'m.disclosed','max_selections':2,'answers':["
	           "{'m.id':'a','m.text':[{'body':'A'}]},{'m.text':[{'body':'without an id'}]},3,"
	           "{'m.id':'b','m.text':[{'body':'B'}]}]}}}");
	assert_int_equal(event.kind, MATRIX_MESSAGE);
	assert_string_equal(event.poll->question, "Lunch? Today");
	assert_int_equal(event.poll->most, 2);
	assert_false(event.poll->is_hidden);
	assert_int_equal(event.poll->answers_count, 2);
	assert_string_equal(event.poll->answers[1].id, "b");
	assert_string_equal(event.poll->answers[1].text, "B");
	take(EVENT "'type':'org.matrix.msc3381.poll.start','content':{'org.matrix.msc3381.poll.start':{'question':{"
	           "'org.matrix.msc1767.text':'Q'},'kind':'org.matrix.msc3381.poll.undisclosed','max_selections':-1,"
	           "'answers':[{'id':'x','org.matrix.msc1767.text':'X'}]}}}");
	assert_true(event.poll->is_hidden);
	assert_int_equal(event.poll->most, 1);
	assert_string_equal(event.poll->answers[0].id, "x");
	take(EVENT "'type':'m.poll.start','content':{}}");
	assert_null(event.poll->question);
	take(EVENT "'type':'m.poll.response','content':{'m.relates_to':{'rel_type':'m.reference','event_id':'$p'},"
	           "'m.selections':['a',3,'b']}}");
	assert_int_equal(event.kind, MATRIX_POLL_VOTE);
	assert_string_equal(event.reply_to, "$p");
	assert_int_equal(event.selections_count, 2);
	assert_string_equal(event.selections[1], "b");
	take(EVENT "'type':'org.matrix.msc3381.poll.response','content':{'m.relates_to':{'rel_type':'m.thread','event_id':"
	           "'$p'},'org.matrix.msc3381.poll.response':{'answers':['x']}}}");
	assert_null(event.reply_to);
	assert_string_equal(event.selections[0], "x");
	take(EVENT "'type':'m.poll.end','content':{'m.relates_to':{'rel_type':'m.reference','event_id':'$p'},"
	           "'m.text':[{'body':'over'}]}}");
	assert_int_equal(event.kind, MATRIX_POLL_END);
	assert_string_equal(event.reply_to, "$p");
	assert_string_equal(event.body, "over");
}

static void test_files(void **state)
{
	(void)state;
	take(MESSAGE("'msgtype':'m.image','body':'a cat','filename':'cat\\n.png','url':'mxc://hs/abc',"
	             "'format':'org.matrix.custom.html','formatted_body':'a <b>cat</b>',"
	             "'info':{'mimetype':'image/png','size':4711}"));
	assert_int_equal(event.message_type, MATRIX_FILE);
	is_text(event.body, "a cat");
	is_text(event.html, "a <b>cat</b>");
	is_text(event.file_name, "cat .png");
	is_text(event.url, "mxc://hs/abc");

	take(MESSAGE("'msgtype':'m.file','body':'x.pdf','filename':'x.pdf','url':'mxc://hs/abc','info':{'size':-1}"));
	is_text(event.body, NULL);
	is_text(event.file_name, "x.pdf");

	take(MESSAGE("'msgtype':'m.audio','body':'x.ogg','url':'mxc://hs/abc','format':'org.matrix.custom.html',"
	             "'formatted_body':'x'"));
	is_text(event.body, NULL);
	is_text(event.html, NULL);
	is_text(event.file_name, "x.ogg");

	take(MESSAGE("'msgtype':'m.video','body':'x','url':'mxc://hs/abc','file':{'url':'mxc://hs/def'}"));
	assert_int_equal(event.message_type, MATRIX_FILE);
	is_text(event.url, NULL);

	take(EVENT "'type':'m.sticker','content':{'body':'Wave','url':'mxc://hs/abc','info':{}}}");
	assert_int_equal(event.kind, MATRIX_MESSAGE);
	assert_int_equal(event.message_type, MATRIX_FILE);
	is_text(event.file_name, "Wave");
	is_text(event.body, "Wave");
}

static void test_relations(void **state)
{
	static const struct {
		const char *json;
		const char *body, *replaces, *reply_to, *thread;
	} cases[] = {
	        {MESSAGE("'body':'* b','m.new_content':{'body':'b','msgtype':'m.text'},"
	                 "'m.relates_to':{'rel_type':'m.replace','event_id':'$o'}"),
	         "b", "$o", NULL, NULL},
	        {MESSAGE("'body':'* b','m.relates_to':{'rel_type':'m.replace','event_id':'$o'}"), "* b", NULL, NULL,
	         NULL},
	        {MESSAGE("'body':'* b','m.new_content':{'body':'b'},'m.relates_to':{'rel_type':'m.replace',"
	                 "'event_id':'o'}"),
	         "* b", NULL, NULL, NULL},
	        {MESSAGE("'body':'b','m.relates_to':{'m.in_reply_to':{'event_id':'$o'}}"), "b", NULL, "$o", NULL},
	        {MESSAGE("'body':'> <@x:hs> said\\n> more\\n\\nb',"
	                 "'m.relates_to':{'m.in_reply_to':{'event_id':'$o'}}"),
	         "b", NULL, "$o", NULL},
	        {MESSAGE("'body':'> <@x:hs> said\\n\\nb'"), "> <@x:hs> said\n\nb", NULL, NULL, NULL},
	        {MESSAGE("'body':'> mine','m.relates_to':{'m.in_reply_to':{'event_id':'$o'}}"), "> mine", NULL, "$o", NULL},
	        {MESSAGE("'body':'> <@x:hs> all','m.relates_to':{'m.in_reply_to':{'event_id':'$o'}}"), "> <@x:hs> all", NULL,
	         "$o", NULL},
	        {MESSAGE("'body':'b','m.relates_to':{'rel_type':'m.thread','event_id':'$t','is_falling_back':true,"
	                 "'m.in_reply_to':{'event_id':'$o'}}"),
	         "b", NULL, NULL, "$t"},
	        {MESSAGE("'body':'b','m.relates_to':{'rel_type':'m.thread','event_id':'$t',"
	                 "'m.in_reply_to':{'event_id':'$o'}}"),
	         "b", NULL, "$o", "$t"},
	        {MESSAGE("'body':'* b','m.new_content':{'body':'b','m.relates_to':{'rel_type':'m.thread','event_id':"
	                 "'$t'}},'m.relates_to':{'rel_type':'m.replace','event_id':'$o'}"),
	         "b", "$o", NULL, "$t"},
	        {MESSAGE("'body':'b','m.relates_to':[]"), "b", NULL, NULL, NULL},
	        {EVENT "'type':'m.room.redaction','content':{'redacts':'$o','reason':'why'}}", "why", "$o", NULL, NULL},
	        {EVENT "'type':'m.room.redaction','redacts':'$p','content':{}}", "", "$p", NULL, NULL},
	        {EVENT "'type':'m.room.redaction'}", "", NULL, NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		take(cases[i].json);
		is_text(event.body, cases[i].body);
		is_text(event.replaces, cases[i].replaces);
		is_text(event.reply_to, cases[i].reply_to);
		is_text(event.thread, cases[i].thread);
	}
	take(EVENT "'type':'m.reaction','content':{'m.relates_to':{'rel_type':'m.annotation','event_id':'$o',"
	           "'key':'\\ud83d\\udc4d'}}}");
	assert_int_equal(event.kind, MATRIX_REACTION);
	is_text(event.reply_to, "$o");
	is_text(event.key, "\xf0\x9f\x91\x8d");
	take(EVENT "'type':'m.reaction','content':{'m.relates_to':{'rel_type':'m.thread','event_id':'$o'}}}");
	is_text(event.reply_to, NULL);
	is_text(event.key, NULL);
}

static void test_who_is_meant(void **state)
{
	(void)state;
	take(MESSAGE("'msgtype':'m.text','body':'b','m.mentions':{'user_ids':['@a:hs',7,'x','@b:hs']}"));
	assert_int_equal(event.users_count, 2);
	is_text(event.users[1], "@b:hs");
	take(MESSAGE("'msgtype':'m.text','body':'b','m.mentions':{'user_ids':['@1:hs','@2:hs','@3:hs','@4:hs','@5:hs','@6:hs',"
	             "'@7:hs','@8:hs','@9:hs','@10:hs','@11:hs','@12:hs']}"));
	assert_int_equal(event.users_count, LIMIT_MATRIX_MENTIONS);
	take(MESSAGE("'msgtype':'m.text','body':'* b','m.mentions':{'user_ids':['@a:hs']},'m.new_content':{'body':'b'},"
	             "'m.relates_to':{'rel_type':'m.replace','event_id':'$e'}"));
	assert_int_equal(event.users_count, 0);
	take(MESSAGE("'msgtype':'m.text','body':'b','m.mentions':7"));
	assert_int_equal(event.users_count, 0);
}

static void test_state(void **state)
{
	(void)state;
	take(MEMBER("'content':{'membership':'invite','is_direct':true,'displayname':'B\\tb','avatar_url':'mxc://hs/a',"
	            "'reason':'so'},'unsigned':{'prev_content':{'membership':'leave'}}"));
	assert_int_equal(event.kind, MATRIX_MEMBER);
	is_text(event.state_key, "@b:hs");
	assert_int_equal(event.membership, MATRIX_INVITE);
	assert_int_equal(event.before, MATRIX_LEAVE);
	assert_true(event.is_direct);
	assert_false(event.is_encrypted);
	is_text(event.display_name, "B b");
	is_text(event.body, "so");
	take(MEMBER("'content':{'membership':'invite'},'unsigned':{'invite_room_state':[7,{'type':'m.room.name'},"
	            "{'type':'m.room.encryption'}]}"));
	assert_true(event.is_encrypted);
	take(MEMBER("'content':{'membership':'invite'},'invite_room_state':[{'type':'m.room.encryption'}]"));
	assert_true(event.is_encrypted);
	take(MEMBER("'content':{'membership':'ban','avatar_url':''},'prev_content':{'membership':'join'}"));
	assert_int_equal(event.membership, MATRIX_BAN);
	assert_int_equal(event.before, MATRIX_JOIN);
	assert_false(event.is_direct);
	take(MEMBER("'content':{'membership':'Join'}"));
	assert_int_equal(event.membership, MATRIX_MEMBERSHIP_NONE);
	take(STATE("m.room.create", "'org.libtransport.made':'chat\\nb'"));
	assert_int_equal(event.kind, MATRIX_CREATE);
	is_text(event.mark, "chat\nb");
	take(STATE("m.room.create", "'org.libtransport.made':1"));
	is_text(event.mark, NULL);
	take(STATE("m.room.topic", "'topic':'T\\nu'"));
	assert_int_equal(event.kind, MATRIX_TOPIC);
	is_text(event.body, "T\nu");
	take(STATE("m.room.name", "'name':'Our\\thall'"));
	assert_int_equal(event.kind, MATRIX_NAME);
	assert_string_equal(event.body, "Our hall");
	take(STATE("m.room.name", "'name':7"));
	assert_string_equal(event.body, "");
	take(STATE("m.room.avatar", "'url':'mxc://hs/a'"));
	assert_int_equal(event.kind, MATRIX_AVATAR);
	assert_string_equal(event.url, "mxc://hs/a");
	take(STATE("m.room.avatar", "'url':'https://hs/a'"));
	assert_int_equal(event.kind, MATRIX_AVATAR);
	assert_null(event.url);
	take(MEMBER("'content':{'membership':'join','displayname':'B','avatar_url':'mxc://hs/b'},"
	            "'unsigned':{'prev_content':{'membership':'join','displayname':'A','avatar_url':'mxc://hs/a'}}"));
	assert_string_equal(event.url, "mxc://hs/b");
	assert_string_equal(event.avatar_before, "mxc://hs/a");
	assert_string_equal(event.display_name_before, "A");
	take(STATE("m.room.topic", ""));
	is_text(event.body, "");
	take(STATE("m.room.tombstone", "'replacement_room':'!n','body':'moved'"));
	assert_int_equal(event.kind, MATRIX_TOMBSTONE);
	is_text(event.replaces, "!n");
	is_text(event.body, "moved");
	take(STATE("m.room.power_levels", "'users':{'@a:x':50}"));
	assert_int_equal(event.kind, MATRIX_POWER_LEVELS);
	assert_int_equal(json_number(json_object(event.content, "users"), "@a:x", 0), 50);
	assert_null(event.content_before);
	take(STATE("m.room.encryption", ""));
	assert_int_equal(event.kind, MATRIX_ENCRYPTION);
	take(EVENT "'type':'m.room.encrypted','content':{}}");
	assert_int_equal(event.kind, MATRIX_ENCRYPTED);
}

/* What only looks like it, or is nothing that anybody acts on. */
static void test_out_of_place(void **state)
{
	static const char *const cases[] = {
	        EVENT "'type':'m.room.tombstone','content':{'replacement_room':'!n'}}",
	        EVENT "'type':'m.room.encryption','content':{}}",
	        EVENT "'type':'m.room.member','content':{'membership':'join'}}",
	        EVENT "'type':'m.room.topic','state_key':'x','content':{'topic':'T'}}",
	        EVENT "'type':'m.room.member','state_key':'b','content':{'membership':'join'}}",
	        EVENT "'type':'m.room.message','state_key':'','content':{'body':'b'}}",
	        EVENT "'type':'m.typing','content':{'user_ids':['@b:hs']}}",
	        EVENT "'type':'m.receipt','content':{'$e':{'m.read':{'@b:hs':{}}}}}",
	        EVENT "'type':'m.presence','content':{'presence':'online'}}",
	        EVENT "'type':'M.ROOM.MESSAGE','content':{'body':'b'}}",
	        EVENT "'type':'m.room.name','content':{'name':'A'}}",
	        EVENT "'type':'m.room.avatar','state_key':'x','content':{'url':'mxc://hs/a'}}",
	        STATE("m.room.pinned_events", "'pinned':[]"),
	        EVENT "'type':'m.room.join_rules','content':{'join_rule':'public'}}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		take(cases[i]);
		assert_int_equal(event.kind, MATRIX_OTHER);
	}
}

static void test_ephemeral(void **state)
{
	(void)state;
	take("{'type':'m.typing','room_id':'!r:hs','content':{'user_ids':['@a:hs',7,'x','@b:hs']}}");
	assert_int_equal(event.kind, MATRIX_TYPING);
	assert_int_equal(event.users_count, 2);
	is_text(event.users[1], "@b:hs");
	take("{'type':'m.typing','room_id':'!r:hs','content':{'user_ids':[]}}");
	assert_int_equal(event.users_count, 0);
	take("{'type':'m.receipt','room_id':'!r:hs','content':{'$a':{'m.read':{'@a:hs':{'ts':1,'thread_id':'main'},"
	     "'x':{}},'m.read.private':{'@c:hs':{}}},'b':{'m.read':{'@a:hs':{}}},'$c':{'m.read':{'@b:hs':3}},'$d':[]}}");
	assert_int_equal(event.kind, MATRIX_RECEIPT);
	assert_int_equal(event.receipts_count, 2);
	is_text(event.receipts[0].event_id, "$a");
	is_text(event.receipts[0].user_id, "@a:hs");
	is_text(event.receipts[0].thread, "main");
	is_text(event.receipts[1].event_id, "$c");
	is_text(event.receipts[1].thread, NULL);
	take("{'type':'m.presence','sender':'@a:hs','content':{'presence':'unavailable','status_msg':'out\\n'}}");
	assert_int_equal(event.kind, MATRIX_PRESENCE);
	is_text(event.sender, "@a:hs");
	is_text(event.body, "out ");
	assert_false(event.is_online);
	take("{'type':'m.presence','sender':'@a:hs','content':{'presence':'online','currently_active':true}}");
	assert_true(event.is_online);
	is_text(event.body, "");
	take("{'type':'m.presence'}");
	is_text(event.sender, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_envelope),     cmocka_unit_test(test_texts), cmocka_unit_test(test_polls),
	        cmocka_unit_test(test_files),
	        cmocka_unit_test(test_relations),    cmocka_unit_test(test_state),
	        cmocka_unit_test(test_who_is_meant), cmocka_unit_test(test_out_of_place),
	        cmocka_unit_test(test_ephemeral),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
