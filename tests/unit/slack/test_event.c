/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "frontends/slack/wire/slack_event.h"

#define EVENT(inner)                                                                                      \
	"{'token':'x','team_id':'T1','api_app_id':'A1','type':'event_callback','event_id':'Ev1','event':" \
	"{" inner "}}"
#define SAID "'type':'message','channel':'C1','event_ts':'9.1','channel_type':'channel',"
#define MESSAGE(more) EVENT(SAID "'user':'U1','ts':'5.1'," more)
#define CHANGED(message, before)                                                                             \
	EVENT(SAID "'subtype':'message_changed','hidden':true,'ts':'9.1','message':{'type':'message','ts':'" \
	           "5.1'," message "},'previous_message':{'type':'message','ts':'5.1'," before "}")

static struct arena arena;
static struct cJSON *document;
static struct slack_event event;

static int end(void **state)
{
	(void)state;
	json_free(&document);
	arena_finish(&arena);
	return 0;
}

/* JSON, with ' for ". */
static const struct cJSON *parse(const char *json)
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
	return document;
}

static void take(const char *json, enum slack_event_kind kind)
{
	assert_true(slack_event_read(&event, parse(json), &arena));
	if (event.kind != kind)
		fail_msg("kind %d of %s", event.kind, json);
	assert_non_null(event.type);
	assert_non_null(event.text);
}

static void is_text(const char *text, const char *expected)
{
	if (!expected)
		assert_null(text);
	else
		assert_string_equal(text ? text : "(none)", expected);
}

static void is_message(const char *ts, const char *user, const char *text)
{
	is_text(event.channel, "C1");
	is_text(event.ts, ts);
	is_text(event.user, user);
	is_text(event.text, text);
}

static void test_frames(void **state)
{
	struct slack_frame frame;

	(void)state;
	assert_true(slack_frame_read(&frame,
	                             parse("{'type':'hello','num_connections':2,'debug_info':{'host':'h','"
	                                   "approximate_connection_time':18060},"
	                                   "'connection_info':{'app_id':'A1'}}"),
	                             &arena));
	assert_int_equal(frame.kind, SLACK_FRAME_HELLO);
	assert_int_equal(frame.connections, 2);
	assert_null(frame.id);
	assert_true(slack_frame_read(
	        &frame,
	        parse("{'envelope_id':'cda4-1','type':'events_api','accepts_response_payload':false,"
	              "'retry_attempt':2,'retry_reason':'timeout','payload':{'event':{}}}"),
	        &arena));
	assert_int_equal(frame.kind, SLACK_FRAME_EVENT);
	is_text(frame.id, "cda4-1");
	assert_non_null(frame.payload);
	assert_true(slack_frame_read(&frame,
	                             parse("{'envelope_id':'1','type':'slash_commands','accepts_response_"
	                                   "payload':true,'payload':[]}"),
	                             &arena));
	assert_int_equal(frame.kind, SLACK_FRAME_COMMAND);
	assert_null(frame.payload);
	assert_true(slack_frame_read(&frame, parse("{'envelope_id':'1','type':'interactive'}"), &arena));
	assert_int_equal(frame.kind, SLACK_FRAME_INTERACTIVE);
	assert_true(slack_frame_read(&frame, parse("{'envelope_id':'','type':'news','retry_attempt':-1}"),
	                             &arena));
	assert_int_equal(frame.kind, SLACK_FRAME_OTHER);
	is_text(frame.type, "news");
	is_text(frame.id, NULL);
	assert_true(slack_frame_read(&frame, parse("{'type':7}"), &arena));
	is_text(frame.type, "");
	assert_false(slack_frame_read(&frame, parse("['hello']"), &arena));
	assert_false(slack_frame_read(&frame, NULL, &arena));
}

static void test_disconnects(void **state)
{
	static const struct {
		const char *json;
		enum slack_disconnect reason;
		const char *text;
	} cases[] = {
	        {"{'type':'disconnect','reason':'warning','debug_info':{'host':'h'}}",
	         SLACK_DISCONNECT_WARNING, "warning"},
	        {"{'type':'disconnect','reason':'refresh_requested'}", SLACK_DISCONNECT_REFRESH,
	         "refresh_requested"},
	        {"{'type':'disconnect','reason':'link_disabled'}", SLACK_DISCONNECT_DISABLED,
	         "link_disabled"},
	        {"{'type':'disconnect','reason':'too_many_websockets','num_connections':3}",
	         SLACK_DISCONNECT_TOO_MANY, "too_many_websockets"},
	        {"{'type':'disconnect','reason':'because'}", SLACK_DISCONNECT_OTHER, "because"},
	        {"{'type':'disconnect'}", SLACK_DISCONNECT_OTHER, ""},
	};
	struct slack_frame frame;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_true(slack_frame_read(&frame, parse(cases[i].json), &arena));
		assert_int_equal(frame.kind, SLACK_FRAME_DISCONNECT);
		assert_int_equal(frame.reason, cases[i].reason);
		is_text(frame.reason_text, cases[i].text);
	}
	assert_true(slack_frame_read(&frame, parse(cases[3].json), &arena));
	assert_int_equal(frame.connections, 3);
}

static void test_message(void **state)
{
	(void)state;
	take(MESSAGE("'client_msg_id':'f0','text':'hi <@U2>','team':'T1','blocks':[{'type':'rich_text'}]"),
	     SLACK_MESSAGE);
	is_message("5.1", "U1", "hi <@U2>");
	is_text(event.type, "message");
	is_text(event.event_id, "Ev1");
	is_text(event.team, "T1");
	is_text(event.channel_type, "channel");
	is_text(event.event_ts, "9.1");
	is_text(event.thread_ts, NULL);
	is_text(event.edited_ts, NULL);
	assert_non_null(event.blocks);
	assert_null(event.attachments);
	assert_false(event.me || event.hidden_type);
	take(MESSAGE("'text':'a\\r\\nb','thread_ts':'4.1','parent_user_id':'U9','edited':{'user':'U1','ts':'"
	             "6.1'}"),
	     SLACK_MESSAGE);
	is_message("5.1", "U1", "a\nb");
	is_text(event.thread_ts, "4.1");
	is_text(event.edited_ts, "6.1");
	take(MESSAGE("'text':'parent','thread_ts':'5.1','reply_count':2"), SLACK_MESSAGE);
	is_text(event.thread_ts, NULL);
	take(MESSAGE("'subtype':'me_message','text':'waves'"), SLACK_MESSAGE);
	assert_true(event.me);
	take(MESSAGE("'subtype':'thread_broadcast','text':'x','thread_ts':'4.1','root':{'ts':'4.1'}"),
	     SLACK_MESSAGE);
	is_text(event.thread_ts, "4.1");
	take(MESSAGE("'subtype':'reminder_add','text':'x'"), SLACK_MESSAGE);
	assert_true(event.hidden_type);
	take(EVENT("'type':'message','text':4,'user':'u','ts':1.5,'channel':'','blocks':{},'attachments':[]"),
	     SLACK_MESSAGE);
	is_text(event.channel, NULL);
	is_text(event.ts, NULL);
	is_text(event.user, NULL);
	is_text(event.text, "");
	assert_null(event.blocks);
	assert_non_null(event.attachments);
	take(EVENT("'type':'app_mention','user':'U1','text':'<@U9> hi','ts':'5.1','channel':'C1'"),
	     SLACK_OTHER);
	take(MESSAGE("'subtype':'message_replied','message':{'ts':'1.1'}"), SLACK_OTHER);
}

static void test_bots(void **state)
{
	(void)state;
	take(EVENT(SAID "'subtype':'bot_message','text':'x','ts':'5.1','username':'car\\nol','icons':{'emoji'"
	                ":':x:'},"
	                "'bot_id':'B1','app_id':'A1'"),
	     SLACK_MESSAGE);
	is_message("5.1", NULL, "x");
	is_text(event.username, "car ol");
	is_text(event.bot_id, "B1");
	is_text(event.app_id, "A1");
	take(MESSAGE("'text':'x','bot_id':'B1','bot_profile':{'id':'B1','name':'bridge','app_id':'A2'}"),
	     SLACK_MESSAGE);
	is_text(event.user, "U1");
	is_text(event.app_id, "A2");
	is_text(event.username, NULL);
	take(EVENT(SAID "'text':'x','ts':'5.1','bot_id':'B1','bot_profile':{'name':'hook'}"), SLACK_MESSAGE);
	is_text(event.username, "hook");
}

static void test_files(void **state)
{
	static const char json[] =
	        MESSAGE("'subtype':'file_share','text':'look','upload':false,'files':[{'id':'F1','name':'"
	                "a\\nb.png','title':'A',"
	                "'mimetype':'image/png','size':1234,'mode':'hosted','url_private':'https://f/"
	                "p','url_private_download':'https://f/d',"
	                "'permalink':'https://x/F1'},{'name':'no "
	                "id'},7,{'id':'F2','mode':'file_access','file_access':'check_file_info'},"
	                "{'id':'F3','mode':'tombstone'},{'id':'F4','mode':'hidden_by_limit'},{'id':'F5','is_"
	                "external':true,"
	                "'url_private':'https://elsewhere/"
	                "x'},{'id':'F6','mode':'hosted','size':-4,'mimetype':''},{'id':'F7','mode':'snippet',"
	                "'url_private':'https://f/7'},{'id':'F8','url_private':'javascript:x'}]");
	static const enum slack_file_mode modes[] = {
	        SLACK_FILE_HOSTED,   SLACK_FILE_ASK, SLACK_FILE_DELETED, SLACK_FILE_HIDDEN,
	        SLACK_FILE_EXTERNAL, SLACK_FILE_ASK, SLACK_FILE_HOSTED,  SLACK_FILE_ASK};

	(void)state;
	take(json, SLACK_MESSAGE);
	is_message("5.1", "U1", "look");
	assert_int_equal(event.files_count, ARRAY_SIZE(modes));
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		assert_int_equal(event.files[i].mode, modes[i]);
	is_text(event.files[0].id, "F1");
	is_text(event.files[0].name, "a b.png");
	is_text(event.files[0].title, "A");
	is_text(event.files[0].mime_type, "image/png");
	is_text(event.files[0].url, "https://f/d");
	is_text(event.files[0].permalink, "https://x/F1");
	assert_int_equal(event.files[0].size, 1234);
	is_text(event.files[5].name, "");
	is_text(event.files[5].mime_type, NULL);
	assert_int_equal(event.files[5].size, 0);
	is_text(event.files[6].url, "https://f/7");
	is_text(event.files[7].url, NULL);
}

static void test_edits(void **state)
{
	(void)state;
	take(CHANGED("'user':'U1','text':'new','thread_ts':'4.1','edited':{'user':'U1','ts':'8.1'}",
	             "'user':'U1','text':'old'"),
	     SLACK_EDIT);
	is_message("5.1", "U1", "new");
	is_text(event.event_ts, "9.1");
	is_text(event.thread_ts, "4.1");
	is_text(event.edited_ts, "8.1");
	is_text(event.event_id, "Ev1");
	is_text(event.team, "T1");
	is_text(event.channel_type, "channel");
	/* our own edit, by an app */
	take(CHANGED("'subtype':'bot_message','bot_id':'B1','app_id':'A1','text':'b'", "'text':'a'"),
	     SLACK_EDIT);
	is_text(event.bot_id, "B1");
	is_text(event.app_id, "A1");
	take(CHANGED("'subtype':'me_message','text':'b','user':'U1'", "'text':'a'"), SLACK_EDIT);
	assert_true(event.me);
	/* only formatting */
	take(CHANGED("'text':'a','blocks':[{'block_id':'x','elements':[{'text':'a','style':{'bold':true}}]}]",
	             "'text':'a','blocks':[{'block_id':'x','elements':[{'text':'a'}]}]"),
	     SLACK_EDIT);
	take(CHANGED("'text':'a','blocks':[{'type':'x'}]", "'text':'a'"), SLACK_EDIT);
	/* edited a second time, to what it was */
	take(CHANGED("'text':'a','edited':{'ts':'8.2'}", "'text':'a','edited':{'ts':'8.1'}"), SLACK_EDIT);
	is_text(event.edited_ts, "8.2");
	/* that was not the edit which it says */
	take(CHANGED("'text':'a','edited':{'ts':'8.1'},'files':[]",
	             "'text':'a','edited':{'ts':'8.1'},'files':[{'id':'F1'}]"),
	     SLACK_EDIT);
	is_text(event.edited_ts, NULL);
	/* a file was taken away, or deleted */
	take(CHANGED("'text':'a','files':[{'id':'F1'}]", "'text':'a','files':[{'id':'F1'},{'id':'F2'}]"),
	     SLACK_EDIT);
	take(CHANGED("'text':'','files':[{'id':'F1','mode':'tombstone'}]", "'text':'','files':[{'id':'F1'}]"),
	     SLACK_EDIT);
	/* what came before is not known */
	take(EVENT(SAID
	           "'subtype':'message_changed','message':{'ts':'5.1','text':'n','edited':{'ts':'8.1'}}"),
	     SLACK_EDIT);
	take(EVENT(SAID "'subtype':'message_changed','message':{'ts':'5.1','text':'n'}"), SLACK_OTHER);
}

static void test_no_edits(void **state)
{
	(void)state;
	/* an unfurl, also of a message that was edited before */
	take(CHANGED("'user':'U1','text':'<https://x>','attachments':[{'from_url':'https://x'}]",
	             "'user':'U1','text':'<https://x>'"),
	     SLACK_OTHER);
	take(CHANGED("'text':'a','edited':{'ts':'8.1'},'attachments':[{}]",
	             "'text':'a','edited':{'ts':'8.1'}"),
	     SLACK_OTHER);
	/* a reply was counted */
	take(CHANGED("'text':'a','thread_ts':'5.1','reply_count':1", "'text':'a'"), SLACK_OTHER);
	/* a file is ready */
	take(CHANGED("'text':'a','files':[{'id':'F1','mimetype':'image/png','url_private':'https://f'}]",
	             "'text':'a','files':[{'id':'F1','mode':'file_access'}]"),
	     SLACK_OTHER);
	/* blocks were numbered anew */
	take(CHANGED("'text':'a','blocks':[{'type':'rich_text','block_id':'x','elements':[]}]",
	             "'text':'a','blocks':[{'type':'rich_text','elements':[],'block_id':'y'}]"),
	     SLACK_OTHER);
	/* nobody's words */
	take(CHANGED("'subtype':'channel_topic','text':'b'", "'text':'a'"), SLACK_OTHER);
	take(CHANGED("'subtype':'message_changed','text':'b','message':{'text':'c'}", "'text':'a'"),
	     SLACK_OTHER);
	take(EVENT(SAID "'subtype':'message_changed'"), SLACK_OTHER);
}

static void test_deletions(void **state)
{
	(void)state;
	take(EVENT(SAID "'subtype':'message_deleted','hidden':true,'ts':'9.1','deleted_ts':'5.1','previous_"
	                "message':"
	                "{'type':'message','user':'U1','text':'old','ts':'5.1','thread_ts':'4.1','bot_id':'"
	                "B1','app_id':'A1'}"),
	     SLACK_DELETE);
	is_message("5.1", "U1", "old");
	is_text(event.thread_ts, "4.1");
	is_text(event.bot_id, "B1");
	is_text(event.app_id, "A1");
	is_text(event.event_ts, "9.1");
	take(EVENT(SAID "'subtype':'message_deleted','deleted_ts':'5.1'"), SLACK_DELETE);
	is_message("5.1", NULL, "");
	take(EVENT(SAID "'subtype':'message_deleted','deleted_ts':'5.1','previous_message':{'subtype':'"
	                "message_deleted',"
	                "'deleted_ts':'6.1'}"),
	     SLACK_DELETE);
	is_text(event.ts, "5.1");
	/* a thread's parent that has replies */
	take(CHANGED("'subtype':'tombstone','user':'USLACKBOT','text':'This message was "
	             "deleted.','hidden':true",
	             "'user':'U1','text':'old','app_id':'A1'"),
	     SLACK_DELETE);
	is_message("5.1", "U1", "old");
	is_text(event.app_id, "A1");
}

static void test_channels(void **state)
{
	static const struct {
		const char *json;
		enum slack_event_kind kind;
		const char *user, *ts, *text;
		bool added, left;
	} cases[] = {
	        {EVENT("'type':'member_joined_channel','user':'U1','channel':'C1','channel_type':'C'"),
	         SLACK_JOIN, "U1", NULL, ""},
	        {EVENT("'type':'member_left_channel','user':'U1','channel':'C1','channel_type':'G'"),
	         SLACK_LEAVE, "U1", NULL, ""},
	        {MESSAGE("'subtype':'channel_join','text':'<@U1> has joined'"), SLACK_JOIN, "U1", "5.1",
	         "<@U1> has joined"},
	        {MESSAGE("'subtype':'group_leave'"), SLACK_LEAVE, "U1", "5.1", ""},
	        {MESSAGE("'subtype':'channel_topic','topic':'a &amp; b','text':'set'"), SLACK_TOPIC, "U1",
	         "5.1", "a &amp; b"},
	        {MESSAGE("'subtype':'group_purpose','purpose':'p'"), SLACK_PURPOSE, "U1", "5.1", "p"},
	        {MESSAGE("'subtype':'channel_name','old_name':'a','name':'b'"), SLACK_RENAME, "U1", "5.1",
	         "b"},
	        {EVENT("'type':'channel_rename','channel':{'id':'C1','name':'new','created':1}"),
	         SLACK_RENAME, NULL, NULL, "new"},
	        {EVENT("'type':'channel_created','channel':{'id':'C1','name':'fun','creator':'U1'}"),
	         SLACK_CHANNEL_CREATED, "U1", NULL, "fun"},
	        {EVENT("'type':'channel_archive','channel':'C1','user':'U1'"), SLACK_ARCHIVE, "U1", NULL, "",
	         true},
	        {EVENT("'type':'group_unarchive','channel':'C1','user':'U1'"), SLACK_ARCHIVE, "U1", NULL, ""},
	        {MESSAGE("'subtype':'channel_archive'"), SLACK_ARCHIVE, "U1", "5.1", "", true},
	        {MESSAGE("'subtype':'channel_unarchive'"), SLACK_ARCHIVE, "U1", "5.1", ""},
	        {EVENT("'type':'channel_deleted','channel':'C1'"), SLACK_CHANNEL_GONE, NULL, NULL, ""},
	        {EVENT("'type':'group_left','channel':'C1','actor_id':'U3'"), SLACK_CHANNEL_GONE, NULL, NULL,
	         "", false, true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		take(cases[i].json, cases[i].kind);
		is_message(cases[i].ts, cases[i].user, cases[i].text);
		assert_int_equal(event.added, cases[i].added);
		assert_int_equal(event.left, cases[i].left);
	}
	take(cases[0].json, SLACK_JOIN);
	is_text(event.channel_type, "channel");
	take(cases[1].json, SLACK_LEAVE);
	is_text(event.channel_type, "group");
	take(EVENT("'type':'message','channel':'D1','channel_type':'app_home','text':'x'"), SLACK_MESSAGE);
	is_text(event.channel_type, "im");
	take(EVENT("'type':'message','channel':'D1','channel_type':'street'"), SLACK_MESSAGE);
	is_text(event.channel_type, NULL);
}

/* Of history as well, which says nothing but the subtype. */
static void test_private_names(void **state)
{
	(void)state;
	take(MESSAGE("'subtype':'channel_name','name':'b'"), SLACK_RENAME);
	assert_false(event.is_private);
	take(MESSAGE("'subtype':'group_name','name':'b'"), SLACK_RENAME);
	assert_true(event.is_private);
	take(EVENT("'type':'message','channel':'C1','channel_type':'group','subtype':'channel_name','name':'b'"),
	     SLACK_RENAME);
	assert_true(event.is_private);
}

static void test_reactions(void **state)
{
	(void)state;
	take(EVENT("'type':'reaction_added','user':'U1','reaction':'wave::skin-tone-3','item':{'type':'"
	           "message','channel':'C1',"
	           "'ts':'5.1'},'item_user':'U2','event_ts':'9.1'"),
	     SLACK_REACTION);
	is_message("5.1", "U1", "");
	is_text(event.reaction, "wave::skin-tone-3");
	assert_true(event.added);
	take(EVENT("'type':'reaction_removed','user':'U1','reaction':'+1','item':{'channel':'C1','ts':'5.1'"
	           "}"),
	     SLACK_REACTION);
	assert_false(event.added);
	take(EVENT("'type':'reaction_added','user':'U1','reaction':'+1','item':{'type':'file','file':'F1'}"),
	     SLACK_OTHER);
	take(EVENT("'type':'reaction_added','user':'U1','item':{'channel':'C1','ts':'5.1'}"), SLACK_OTHER);
}

static void test_workspace(void **state)
{
	(void)state;
	take(EVENT("'type':'user_change','user':{'id':'U1','name':'egon'},'cache_ts':1"), SLACK_USER);
	is_text(event.user, "U1");
	assert_non_null(event.object);
	take(EVENT("'type':'team_join','user':{'id':'U2'}"), SLACK_USER);
	take(EVENT("'type':'emoji_changed','subtype':'add','name':'pic','value':'https://x'"), SLACK_EMOJI);
	assert_true(event.added);
	is_text(json_text(event.object, "name", &arena), "pic");
	take(EVENT("'type':'emoji_changed','subtype':'remove','names':['pic']"), SLACK_EMOJI);
	assert_false(event.added);
	take(EVENT("'type':'tokens_revoked','tokens':{'oauth':['U1',7],'bot':['U9','x']}"),
	     SLACK_TOKENS_REVOKED);
	assert_int_equal(event.users_count, 2);
	is_text(event.users[0], "U1");
	is_text(event.users[1], "U9");
	take(EVENT("'type':'tokens_revoked'"), SLACK_TOKENS_REVOKED);
	assert_int_equal(event.users_count, 0);
	take(EVENT("'type':'app_uninstalled'"), SLACK_UNINSTALLED);
	take("{'token':'x','type':'app_rate_limited','team_id':'T1','minute_rate_limited':1518467820,'api_"
	     "app_id':'A1'}",
	     SLACK_RATE_LIMITED);
	is_text(event.team, "T1");
	take(EVENT("'type':'im_created','user':'U1','channel':{'id':'D1'}"), SLACK_OTHER);
	take(EVENT("'type':['message']"), SLACK_OTHER);
	assert_false(slack_event_read(&event, parse("{'type':'event_callback','event':'x'}"), &arena));
	assert_false(slack_event_read(&event, parse("[]"), &arena));
	assert_false(slack_event_read(&event, NULL, &arena));
}

static void test_history(void **state)
{
	const struct slack_reaction *reactions;
	size_t count;

	(void)state;
	assert_true(slack_history_read(&event,
	                               parse("{'type':'message','user':'U1','text':'x','ts':'5.1','thread_ts'"
	                                     ":'5.1','reply_count':1,'reactions':"
	                                     "[{'name':'thumbsup','users':['U1','U2','?'],'count':5},{'users'"
	                                     ":['U1']},{'name':'x'}]}"),
	                               "C1", &arena, &reactions, &count));
	assert_int_equal(event.kind, SLACK_MESSAGE);
	is_message("5.1", "U1", "x");
	assert_int_equal(count, 2);
	is_text(reactions[0].name, "thumbsup");
	assert_int_equal(reactions[0].users_count, 2);
	is_text(reactions[0].users[1], "U2");
	assert_int_equal(reactions[1].users_count, 0);
	assert_true(!reactions[0].all_named && reactions[1].all_named);
	assert_true(slack_history_read(&event, parse("{'subtype':'tombstone','user':'USLACKBOT','ts':'6.1'}"),
	                               "C1", &arena, &reactions, &count));
	assert_int_equal(event.kind, SLACK_DELETE);
	is_text(event.ts, "6.1");
	assert_int_equal(count, 0);
	assert_true(slack_history_read(&event, parse("{'subtype':'channel_join','user':'U1','ts':'6.1'}"),
	                               "C1", &arena, &reactions, &count));
	assert_int_equal(event.kind, SLACK_JOIN);
	is_text(event.ts, "6.1");
	assert_true(slack_history_read(&event,
	                               parse("{'subtype':'message_deleted','deleted_ts':'1.1','ts':'6.1'}"),
	                               "C1", &arena, &reactions, &count));
	assert_int_equal(event.kind, SLACK_OTHER);
	assert_false(slack_history_read(&event, parse("['x']"), "C1", &arena, &reactions, &count));
}

static void test_users(void **state)
{
	struct slack_user user;

	(void)state;
	assert_true(slack_user_read(
	        &user,
	        parse("{'id':'U1','team_id':'T1','name':'egon','real_name':'Egon S','deleted':true,"
	              "'is_bot':true,'is_stranger':true,'updated':1502138686,'profile':{'display_name':"
	              "'spen\\ngler','image_72':'https://a/72','image_512':'https://a/512'}}"),
	        &arena));
	is_text(user.id, "U1");
	is_text(user.name, "spen gler");
	is_text(user.avatar, "https://a/512");
	assert_true(user.deleted);
	assert_true(
	        slack_user_read(&user,
	                        parse("{'id':'U1','name':'e','profile':{'display_name':'','real_name':'E S',"
	                              "'image_192':'https://a/1','image_512':'https://a/5','team':'T2'}}"),
	                        &arena));
	is_text(user.name, "E S");
	is_text(user.avatar, "https://a/1");
	assert_true(slack_user_read(&user, parse("{'id':'U1','name':'e','profile':{'image_192':'data:x'}}"),
	                            &arena));
	is_text(user.name, "e");
	is_text(user.avatar, NULL);
	assert_true(slack_user_read(&user, parse("{'id':'U1'}"), &arena));
	is_text(user.name, "U1");
	assert_false(slack_user_read(&user, parse("{'name':'e'}"), &arena));
	assert_false(slack_user_read(&user, NULL, &arena));
}

static void test_conversations(void **state)
{
	struct slack_channel channel;

	(void)state;
	assert_true(slack_channel_read(
	        &channel,
	        parse("{'id':'C1','name':'general','is_private':true,'is_archived':true,'is_member':true,"
	              "'is_ext_shared':true,'topic':{'value':'a &lt; b'},'purpose':{'value':'p'}}"),
	        &arena));
	is_text(channel.id, "C1");
	is_text(channel.name, "general");
	is_text(channel.topic, "a &lt; b");
	assert_true(channel.is_archived && channel.is_member && channel.is_private);
	assert_false(channel.is_im);
	assert_true(slack_channel_read(&channel, parse("{'id':'D1','is_im':true,'user':'U1','name':'x'}"),
	                               &arena));
	is_text(channel.name, "");
	is_text(channel.user, "U1");
	is_text(channel.topic, "");
	assert_false(channel.is_private);
	assert_true(
	        slack_channel_read(&channel, parse("{'id':'G1','is_mpim':true,'is_group':true}"), &arena));
	assert_true(channel.is_private);
	assert_false(slack_channel_read(&channel, parse("{'id':'?'}"), &arena));
}

static void test_commands(void **state)
{
	struct slack_command command;

	(void)state;
	assert_true(slack_command_read(&command,
	                               parse("{'token':'x','team_id':'T1','team_domain':'x','channel_id':'C1'"
	                                     ",'channel_name':'general','user_id':'U1',"
	                                     "'user_name':'egon','command':'/bridge','text':'link "
	                                     "#a','response_url':'https://h/c','trigger_id':'1'}"),
	                               &arena));
	is_text(command.command, "/bridge");
	is_text(command.text, "link #a");
	is_text(command.team, "T1");
	is_text(command.channel, "C1");
	is_text(command.user, "U1");
	is_text(command.response_url, "https://h/c");
	assert_true(slack_command_read(&command,
	                               parse("{'type':'block_actions','user':{'id':'U1','username':'egon','"
	                                     "team_id':'T1'},'team':{'id':'T1'},'channel':"
	                                     "{'id':'C1','name':'general'},'response_url':'https://h/"
	                                     "a','actions':[{'action_id':'ok','value':'v'}]}"),
	                               &arena));
	is_text(command.command, "");
	is_text(command.text, "v");
	is_text(command.channel, "C1");
	assert_true(slack_command_read(
	        &command, parse("{'type':'block_actions','actions':[{'selected_option':{'value':'s'}}]}"),
	        &arena));
	is_text(command.text, "s");
	is_text(command.user, NULL);
	assert_false(
	        slack_command_read(&command, parse("{'type':'view_submission','user':{'id':'U1'}}"), &arena));
	assert_false(slack_command_read(&command, parse("['/bridge']"), &arena));
	assert_false(slack_command_read(&command, NULL, &arena));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_frames),    cmocka_unit_test(test_disconnects),
	        cmocka_unit_test(test_message),   cmocka_unit_test(test_bots),
	        cmocka_unit_test(test_files),     cmocka_unit_test(test_edits),
	        cmocka_unit_test(test_no_edits),  cmocka_unit_test(test_deletions),
	        cmocka_unit_test(test_channels),  cmocka_unit_test(test_reactions),
	        cmocka_unit_test(test_private_names),  cmocka_unit_test(test_reactions),
	        cmocka_unit_test(test_workspace), cmocka_unit_test(test_history),
	        cmocka_unit_test(test_users),     cmocka_unit_test(test_conversations),
	        cmocka_unit_test(test_commands),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
