/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/wire/matrix_event.h"

#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/matrix/wire/matrix_id.h"

/* Before extensible events had their names. */
#define OLD_TEXT "org.matrix.msc1767.text"
#define OLD_POLL "org.matrix.msc3381.poll.start"
#define OLD_VOTE "org.matrix.msc3381.poll.response"
#define OLD_POLL_END "org.matrix.msc3381.poll.end"

struct reader {
	struct matrix_event *event;
	const struct cJSON *json, *content;
	struct arena *arena;
};

typedef void read_kind(struct reader *in);

static const char *id_of(const struct reader *in, const struct cJSON *object, const char *name,
			 bool (*is_valid)(const char *))
{
	const char *id = json_text(object, name, in->arena);

	return id && is_valid(id) ? id : NULL;
}

static const char *text_or_empty(const struct reader *in, const struct cJSON *object, const char *name)
{
	const char *text = json_text(object, name, in->arena);

	return text ? text : "";
}

static bool equals(const char *text, const char *expected)
{
	return text && !strcmp(text, expected);
}

static void read_relation(struct reader *in, const struct cJSON *content)
{
	struct matrix_event *event = in->event;
	const struct cJSON *relation = json_object(content, "m.relates_to");
	const char *type = json_text(relation, "rel_type", in->arena);
	bool in_thread = equals(type, "m.thread");

	if (in_thread)
		event->thread = id_of(in, relation, "event_id", matrix_is_event_id);
	if (!in_thread || !json_bool(relation, "is_falling_back", false))
		event->reply_to =
		        id_of(in, json_object(relation, "m.in_reply_to"), "event_id", matrix_is_event_id);
}

/* Older clients put what they answer to in front of their text, each line after "> ". */
static const char *without_quote(const char *body)
{
	const char *at = body;

	if (!text_starts(body, "> <@") && !text_starts(body, "> * <@"))
		return body;
	while (*at == '>') {
		at = strchrnul(at, '\n');
		if (*at)
			at++;
	}
	if (*at == '\n')
		at++;
	return *at ? at : body;
}

/* Texts of extensible events: a string, or a list of representations of which the first is good enough. */
static const char *extensible_text(const struct reader *in, const struct cJSON *object)
{
	const char *text = json_text(object, OLD_TEXT, in->arena);

	if (!text)
		text = json_text(json_first(json_array(object, "m.text")), "body", in->arena);
	return text ? text : json_text(object, "body", in->arena);
}

static void put_answer(struct buf *out, const struct reader *in, const struct cJSON *answer, unsigned number)
{
	const char *text = extensible_text(in, answer);

	if (text)
		buf_printf(out, "\n%u. %s", number, text);
}

static const char *in_one_line(const struct reader *in, const char *text)
{
	struct buf line = {0};
	const char *kept;

	text_clean(&line, text, strlen(text), TEXT_LINE);
	kept = arena_strdup(in->arena, buf_text(&line));
	buf_finish(&line);
	return kept;
}

static void read_answers(struct reader *in, struct matrix_poll *poll, const struct cJSON *list)
{
	struct matrix_answer *answers = arena_alloc(in->arena, LIMIT_MATRIX_ANSWERS * sizeof(*answers));
	size_t count = 0;

	for (const struct cJSON *item = json_first(list); item && count < LIMIT_MATRIX_ANSWERS; item = json_next(item)) {
		const char *id = json_text(item, "m.id", in->arena), *text = extensible_text(in, item);

		if (!id)
			id = json_text(item, "id", in->arena);
		if (id && text)
			answers[count++] = (struct matrix_answer){id, in_one_line(in, text)};
	}
	poll->answers = answers;
	poll->answers_count = count;
}

static void read_question(struct reader *in, const struct cJSON *content)
{
	struct matrix_poll *poll = arena_alloc(in->arena, sizeof(*poll));
	const char *question = extensible_text(in, json_object(content, "question")),
	           *kind = json_text(content, "kind", in->arena);
	int64_t most = json_number(content, "max_selections", 1);

	*poll = (struct matrix_poll){.most = most > 0 && most < LIMIT_MATRIX_ANSWERS ? (unsigned)most : 1};
	if (most >= LIMIT_MATRIX_ANSWERS)
		poll->most = LIMIT_MATRIX_ANSWERS;
	poll->question = question ? in_one_line(in, question) : NULL;
	poll->is_hidden = !equals(kind, "m.disclosed") && !equals(kind, "org.matrix.msc3381.poll.disclosed");
	read_answers(in, poll, json_array(content, "answers"));
	in->event->poll = poll;
}

static void read_poll(struct reader *in)
{
	const struct cJSON *poll = json_object(in->content, "m.poll");
	const char *fallback = extensible_text(in, in->content), *question;
	struct buf text = {0};
	unsigned number = 0;

	in->event->body = fallback ? fallback : "";
	if (!poll)
		poll = json_object(in->content, OLD_POLL);
	read_question(in, poll);
	question = extensible_text(in, json_object(poll, "question"));
	if (fallback || !question)
		return;
	buf_puts(&text, question);
	for (const struct cJSON *answer = json_first(json_array(poll, "answers")); answer; answer = json_next(answer))
		put_answer(&text, in, answer, ++number);
	in->event->body = arena_strdup(in->arena, buf_text(&text));
	buf_finish(&text);
}

static void read_reference(struct reader *in)
{
	const struct cJSON *relation = json_object(in->content, "m.relates_to");

	if (equals(json_text(relation, "rel_type", in->arena), "m.reference"))
		in->event->reply_to = id_of(in, relation, "event_id", matrix_is_event_id);
}

static void read_vote(struct reader *in)
{
	const struct cJSON *list = json_array(in->content, "m.selections");
	const char **ids = arena_alloc(in->arena, LIMIT_MATRIX_ANSWERS * sizeof(*ids));
	size_t count = 0;

	if (!list)
		list = json_array(json_object(in->content, OLD_VOTE), "answers");
	for (const struct cJSON *item = json_first(list); item && count < LIMIT_MATRIX_ANSWERS; item = json_next(item)) {
		ids[count] = json_text(item, NULL, in->arena);
		if (ids[count])
			count++;
	}
	in->event->selections = ids;
	in->event->selections_count = count;
	read_reference(in);
}

static void read_poll_end(struct reader *in)
{
	const char *text = extensible_text(in, in->content);

	in->event->body = text ? text : "";
	read_reference(in);
}

static bool is_poll(const char *type)
{
	return equals(type, "m.poll.start") || equals(type, OLD_POLL);
}

static bool is_file_type(const char *type)
{
	static const char *const types[] = {"m.image", "m.audio", "m.video", "m.file"};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (equals(type, types[i]))
			return true;
	return false;
}

/* False: without anything to fetch it is what its text says. */
static bool read_file(struct reader *in, const struct cJSON *content, bool sticker)
{
	struct matrix_event *event = in->event;
	const char *body = json_line(content, "body", in->arena);
	bool encrypted = json_object(content, "file") != NULL;

	event->url = encrypted ? NULL : id_of(in, content, "url", matrix_is_media_url);
	if (!event->url && !encrypted)
		return false;
	event->message_type = MATRIX_FILE;
	event->file_name = sticker ? NULL : json_line(content, "filename", in->arena);
	/* Of a sticker the body says what is to be seen. */
	event->body = sticker ? body : NULL;
	if (event->file_name && body && strcmp(body, event->file_name) != 0)
		event->body = json_text(content, "body", in->arena);
	if (!event->file_name)
		event->file_name = body;
	return true;
}

static void read_formatted(struct reader *in, const struct cJSON *content)
{
	if (equals(json_text(content, "format", in->arena), "org.matrix.custom.html"))
		in->event->html = json_text(content, "formatted_body", in->arena);
}

/* The description, and where that is unless it says so. */
static void read_location(struct reader *in, const struct cJSON *content)
{
	const char *place = json_line(content, "geo_uri", in->arena);
	struct matrix_event *event = in->event;

	if (place && text_starts(place, "geo:") && !strstr(event->body, place))
		event->body = arena_printf(in->arena, "%s%s%s", event->body, *event->body ? " " : "", place);
}

static void read_text(struct reader *in, const struct cJSON *content)
{
	struct matrix_event *event = in->event;
	const char *type = json_text(content, "msgtype", in->arena);
	bool sticker = !strcmp(event->type, "m.sticker");

	event->body = text_or_empty(in, content, "body");
	if ((sticker || is_file_type(type)) && read_file(in, content, sticker)) {
		if (event->body)
			read_formatted(in, content);
		return;
	}
	if (equals(type, "m.location"))
		read_location(in, content);
	else if (equals(type, "m.notice"))
		event->message_type = MATRIX_NOTICE;
	else if (equals(type, "m.emote"))
		event->message_type = MATRIX_EMOTE;
	read_formatted(in, content);
}

static size_t count_items(const struct cJSON *list)
{
	size_t count = 0;

	for (const struct cJSON *item = json_first(list); item; item = json_next(item))
		count++;
	return count;
}

static void read_users(struct reader *in, const struct cJSON *object, size_t most)
{
	const struct cJSON *list = json_array(object, "user_ids");
	const char **users = arena_alloc(in->arena, count_items(list) * sizeof(*users));
	size_t count = 0;

	for (const struct cJSON *item = json_first(list); item && count < most; item = json_next(item)) {
		users[count] = id_of(in, item, NULL, matrix_is_user_id);
		if (users[count])
			count++;
	}
	in->event->users = users;
	in->event->users_count = count;
}

static void read_message(struct reader *in)
{
	struct matrix_event *event = in->event;
	const struct cJSON *relation = json_object(in->content, "m.relates_to");
	const struct cJSON *changed = json_object(in->content, "m.new_content");

	read_relation(in, in->content);
	if (is_poll(event->type)) {
		read_poll(in);
		return;
	}
	if (changed && equals(json_text(relation, "rel_type", in->arena), "m.replace"))
		event->replaces = id_of(in, relation, "event_id", matrix_is_event_id);
	if (!event->replaces) {
		read_text(in, in->content);
		read_users(in, json_object(in->content, "m.mentions"), LIMIT_MATRIX_MENTIONS);
	} else {
		read_text(in, changed);
		if (!event->reply_to && !event->thread)
			read_relation(in, changed);
	}
	if (event->body && json_object(relation, "m.in_reply_to"))
		event->body = without_quote(event->body);
}

static void read_reaction(struct reader *in)
{
	const struct cJSON *relation = json_object(in->content, "m.relates_to");

	if (!equals(json_text(relation, "rel_type", in->arena), "m.annotation"))
		return;
	in->event->reply_to = id_of(in, relation, "event_id", matrix_is_event_id);
	in->event->key = json_line(relation, "key", in->arena);
}

/* Rooms of version 11 and later have it in the content, earlier ones beside it. */
static void read_redaction(struct reader *in)
{
	struct matrix_event *event = in->event;

	event->replaces = id_of(in, in->content, "redacts", matrix_is_event_id);
	if (!event->replaces)
		event->replaces = id_of(in, in->json, "redacts", matrix_is_event_id);
	event->body = text_or_empty(in, in->content, "reason");
}

static enum matrix_membership membership_of(const struct reader *in, const struct cJSON *content)
{
	static const struct {
		const char *name;
		enum matrix_membership membership;
	} names[] = {{"invite", MATRIX_INVITE}, {"join", MATRIX_JOIN}, {"leave", MATRIX_LEAVE},
	             {"ban", MATRIX_BAN},       {"knock", MATRIX_KNOCK}};
	const char *text = json_text(content, "membership", in->arena);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (equals(text, names[i].name))
			return names[i].membership;
	return MATRIX_MEMBERSHIP_NONE;
}

static const struct cJSON *content_before(const struct reader *in)
{
	const struct cJSON *before = json_object(json_object(in->json, "unsigned"), "prev_content");

	return before ? before : json_object(in->json, "prev_content");
}

static void read_power_levels(struct reader *in)
{
	in->event->content = in->content;
	in->event->content_before = content_before(in);
}

static bool is_encrypted(const struct reader *in)
{
	const struct cJSON *state = json_array(in->json, "invite_room_state");

	if (!state)
		state = json_array(json_object(in->json, "unsigned"), "invite_room_state");
	for (const struct cJSON *item = json_first(state); item; item = json_next(item))
		if (equals(json_text(item, "type", in->arena), "m.room.encryption"))
			return true;
	return false;
}

static void read_member(struct reader *in)
{
	struct matrix_event *event = in->event;
	const struct cJSON *before = content_before(in);

	if (!matrix_is_user_id(event->state_key)) {
		event->kind = MATRIX_OTHER;
		return;
	}
	event->membership = membership_of(in, in->content);
	event->before = membership_of(in, before);
	event->is_direct = json_bool(in->content, "is_direct", false);
	event->is_encrypted = is_encrypted(in);
	event->display_name = json_line(in->content, "displayname", in->arena);
	event->display_name_before = json_line(before, "displayname", in->arena);
	event->url = id_of(in, in->content, "avatar_url", matrix_is_media_url);
	event->avatar_before = id_of(in, before, "avatar_url", matrix_is_media_url);
	event->body = text_or_empty(in, in->content, "reason");
}

static void read_create(struct reader *in)
{
	in->event->mark = json_text(in->content, MAKING_MARK, in->arena);
}

static void read_topic(struct reader *in)
{
	in->event->body = text_or_empty(in, in->content, "topic");
}

static void read_name(struct reader *in)
{
	const char *name = json_line(in->content, "name", in->arena);

	in->event->body = name ? name : "";
}

static void read_avatar(struct reader *in)
{
	in->event->url = id_of(in, in->content, "url", matrix_is_media_url);
}

static void read_tombstone(struct reader *in)
{
	in->event->replaces = id_of(in, in->content, "replacement_room", matrix_is_room_id);
	in->event->body = text_or_empty(in, in->content, "body");
}

static void read_typing(struct reader *in)
{
	read_users(in, in->content, SIZE_MAX);
}

static const struct cJSON *readers_of(const struct cJSON *receipts)
{
	return json_object(receipts, "m.read");
}

static size_t read_receipts_of(struct reader *in, const struct cJSON *member, struct matrix_receipt *receipts)
{
	const char *event_id = json_name(member, in->arena);
	size_t count = 0;

	if (!matrix_is_event_id(event_id))
		return 0;
	for (const struct cJSON *item = json_first(readers_of(member)); item; item = json_next(item)) {
		const char *user_id = json_name(item, in->arena);

		if (!matrix_is_user_id(user_id))
			continue;
		receipts[count++] = (struct matrix_receipt){
		        .event_id = event_id, .user_id = user_id, .thread = json_text(item, "thread_id", in->arena)};
	}
	return count;
}

static void read_receipt(struct reader *in)
{
	struct matrix_receipt *receipts;
	size_t room = 0, count = 0;

	for (const struct cJSON *member = json_first(in->content); member; member = json_next(member))
		room += count_items(readers_of(member));
	receipts = arena_alloc(in->arena, room * sizeof(*receipts));
	for (const struct cJSON *member = json_first(in->content); member; member = json_next(member))
		count += read_receipts_of(in, member, receipts + count);
	in->event->receipts = receipts;
	in->event->receipts_count = count;
}

static void read_presence(struct reader *in)
{
	const char *status = json_line(in->content, "status_msg", in->arena);

	in->event->is_online = equals(json_text(in->content, "presence", in->arena), "online");
	in->event->body = status ? status : "";
}

static void read_nothing(struct reader *in)
{
	(void)in;
}

enum place {
	TIMELINE,
	STATE,     /* of the state key "" */
	STATE_KEY, /* of any */
	EPHEMERAL,
};

static const struct event_type {
	const char *type;
	enum matrix_event_kind kind;
	enum place place;
	read_kind *read;
} event_types[] = {
        {"m.room.message", MATRIX_MESSAGE, TIMELINE, read_message},
        {"m.sticker", MATRIX_MESSAGE, TIMELINE, read_message},
        {"m.poll.start", MATRIX_MESSAGE, TIMELINE, read_message},
        {OLD_POLL, MATRIX_MESSAGE, TIMELINE, read_message},
        {"m.poll.response", MATRIX_POLL_VOTE, TIMELINE, read_vote},
        {OLD_VOTE, MATRIX_POLL_VOTE, TIMELINE, read_vote},
        {"m.poll.end", MATRIX_POLL_END, TIMELINE, read_poll_end},
        {OLD_POLL_END, MATRIX_POLL_END, TIMELINE, read_poll_end},
        {"m.room.encrypted", MATRIX_ENCRYPTED, TIMELINE, read_nothing},
        {"m.reaction", MATRIX_REACTION, TIMELINE, read_reaction},
        {"m.room.redaction", MATRIX_REDACTION, TIMELINE, read_redaction},
        {"m.room.create", MATRIX_CREATE, STATE, read_create},
        {"m.room.member", MATRIX_MEMBER, STATE_KEY, read_member},
        {"m.room.topic", MATRIX_TOPIC, STATE, read_topic},
        {"m.room.name", MATRIX_NAME, STATE, read_name},
        {"m.room.avatar", MATRIX_AVATAR, STATE, read_avatar},
        {"m.room.encryption", MATRIX_ENCRYPTION, STATE, read_nothing},
        {"m.room.tombstone", MATRIX_TOMBSTONE, STATE, read_tombstone},
        {"m.room.power_levels", MATRIX_POWER_LEVELS, STATE, read_power_levels},
        {"m.room.join_rules", MATRIX_JOIN_RULES, STATE, read_nothing},
        {"m.typing", MATRIX_TYPING, EPHEMERAL, read_typing},
        {"m.receipt", MATRIX_RECEIPT, EPHEMERAL, read_receipt},
        {"m.presence", MATRIX_PRESENCE, EPHEMERAL, read_presence},
};

/* Anybody in a room may send an event of any type into it: without a state key it is not the room's state, with an id
 * it is nothing that the homeserver says. */
static bool is_in_place(const struct reader *in, enum place place)
{
	const char *state_key = in->event->state_key;

	switch (place) {
	case TIMELINE:
		return !state_key;
	case STATE:
		return state_key && !*state_key;
	case STATE_KEY:
		return state_key != NULL;
	case EPHEMERAL:
		return !json_member(in->json, "event_id") && !state_key;
	}
	return false;
}

static void read_by_type(struct reader *in)
{
	for (size_t i = 0; i < ARRAY_SIZE(event_types); i++) {
		if (strcmp(in->event->type, event_types[i].type) != 0)
			continue;
		if (!is_in_place(in, event_types[i].place))
			return;
		in->event->kind = event_types[i].kind;
		event_types[i].read(in);
		return;
	}
}

bool matrix_event_read(struct matrix_event *event, const struct cJSON *json, struct arena *arena)
{
	struct reader in = {.event = event, .json = json, .content = json_object(json, "content"), .arena = arena};

	*event = (struct matrix_event){0};
	if (!json_is_object(json))
		return false;
	event->type = text_or_empty(&in, json, "type");
	event->id = id_of(&in, json, "event_id", matrix_is_event_id);
	event->room = id_of(&in, json, "room_id", matrix_is_room_id);
	event->sender = id_of(&in, json, "sender", matrix_is_user_id);
	event->state_key = json_text(json, "state_key", arena);
	event->mark = json_text(in.content, PUPPET_MARK, arena);
	read_by_type(&in);
	return true;
}
