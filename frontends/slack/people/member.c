/* SPDX-License-Identifier: MIT */
#include "frontends/slack/people/member.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/slack/messages/incoming.h"
#include "frontends/slack/people/custom_emoji.h"
#include "frontends/slack/people/person.h"
#include "transport/people/portrait.h"
#include "transport/people/session.h"

/* ------------------------------------------------------------------------------------------- remembering */

/* Members of one name. */
struct namesakes {
	struct list members; /* struct member.namesake */
};

static void forget_name(struct member *member)
{
	struct map *called = member->workspace->called;
	struct namesakes *namesakes = member->called ? map_get(called, member->called) : NULL;

	list_remove(&member->namesake);
	if (namesakes && list_empty(&namesakes->members))
		mem_free(map_remove(called, member->called));
	mem_replace(&member->called, NULL);
}

static void note_name(struct member *member)
{
	struct text_key key;
	const char *called = text_key_lower(&key, member->name);
	struct namesakes *namesakes;

	forget_name(member);
	namesakes = map_get(member->workspace->called, called);
	if (!namesakes) {
		namesakes = MEM_NEW(struct namesakes);
		list_init(&namesakes->members);
		map_set(&member->workspace->called, called, namesakes);
	}
	list_append(&namesakes->members, &member->namesake);
	mem_replace(&member->called, called);
	text_key_finish(&key);
}

const struct member *member_called(const struct workspace *workspace, const char *name)
{
	struct text_key key;
	const struct namesakes *namesakes = map_get(workspace->called, text_key_lower(&key, name));

	text_key_finish(&key);
	if (!namesakes || namesakes->members.next != namesakes->members.prev)
		return NULL;
	return CONTAINER_OF(namesakes->members.next, struct member, namesake);
}

static void member_free(struct member *member)
{
	forget_name(member);
	list_remove(&member->used);
	slack_person_forget(member);
	mem_free(member->address);
	mem_free(member->name);
	mem_free(member->avatar);
	mem_free(member);
}

static bool is_needed(const struct member *member)
{
	const struct slack_frontend *frontend = member->workspace->frontend;

	return member->notices_count || member->opening || (member->asked && !member->name) ||
	       session_find_identity(frontend->base.transport, &frontend->base, member->address);
}

/* Looks at a few only: of very many people with sessions there are more than the limit then. */
static void make_room(struct workspace *workspace)
{
	for (unsigned tries = 0; tries < 8 && map_count(workspace->members) >= LIMIT_SLACK_MEMBERS; tries++) {
		struct member *oldest = CONTAINER_OF(workspace->members_used.next, struct member, used);

		if (is_needed(oldest)) {
			list_remove(&oldest->used);
			list_append(&workspace->members_used, &oldest->used);
			continue;
		}
		map_remove(workspace->members, oldest->id);
		member_free(oldest);
	}
}

struct member *member_of(struct workspace *workspace, const char *id)
{
	struct member *member = map_get(workspace->members, id);

	if (member) {
		list_remove(&member->used);
	} else {
		make_room(workspace);
		member = MEM_NEW_TEXT(struct member, id, id);
		member->workspace = workspace;
		member->address = slack_address(workspace->team, id);
		list_init(&member->notices);
		list_init(&member->namesake);
		map_set(&workspace->members, id, member);
	}
	list_append(&workspace->members_used, &member->used);
	return member;
}

void member_note(struct workspace *workspace, const struct cJSON *json)
{
	struct arena arena = {0};
	struct slack_user user;

	if (slack_user_read(&user, json, &arena) && user.name && *user.name) {
		struct member *member = member_of(workspace, user.id);

		mem_replace(&member->name, user.name);
		if (user.deleted)
			forget_name(member);
		else
			note_name(member);
		bool same = user.avatar ? member->avatar && !strcmp(member->avatar, user.avatar) : !member->avatar;

		mem_replace(&member->avatar, user.avatar);
		member->admin = json_bool(json, "is_admin", false) || json_bool(json, "is_owner", false);
		member->asked = true;
		member->deleted = user.deleted;
		if (user.deleted)
			slack_later(workspace->frontend, slack_person_deactivated, member->address);
		if (!same)
			portrait_changed(&workspace->frontend->base, member->address);
	}
	arena_finish(&arena);
}

/* ------------------------------------------------------------------------------------------------ asking */

struct asking {
	struct workspace *workspace;
	char id[];
};

static struct asking *asking_create(struct workspace *workspace, const char *id)
{
	struct asking *asking = MEM_NEW_TEXT(struct asking, id, id);

	asking->workspace = workspace;
	workspace->names_asked++;
	return asking;
}

static void asking_free(void *context)
{
	struct asking *asking = context;

	asking->workspace->names_asked--;
	mem_free(asking);
}

bool members_can_be_asked(const struct workspace *workspace)
{
	return workspace->names_asked < LIMIT_SLACK_NAMES_ASKED;
}

static void on_user(void *context, const struct web_reply *reply)
{
	struct asking *asking = context;
	struct workspace *workspace = asking->workspace;

	if (reply->err)
		log_info(&workspace->log, "%s cannot be asked for: %s", asking->id, reply->problem);
	else
		member_note(workspace, json_object(reply->json, "user"));
	struct member *member = member_of(workspace, asking->id);

	member->look = false;
	/* It is not waited for again; it may be asked for again when it was forgotten. */
	if (!member->name)
		member->name = mem_strdup(asking->id);
	asking_free(asking);
	slack_later(workspace->frontend, incoming_go_on, NULL);
}

void member_ask(struct workspace *workspace, const char *id)
{
	struct asking *asking = asking_create(workspace, id);
	const struct web_argument arguments[] = {{"user", id}};

	member_of(workspace, id)->asked = true;
	web_api_call(workspace->frontend->api, &(struct web_call){.method = "users.info",
	                                                          .token = &workspace->token,
	                                                          .arguments = arguments,
	                                                          .arguments_count = 1,
	                                                          .done = on_user,
	                                                          .context = asking,
	                                                          .drop = asking_free});
}

bool member_known(struct workspace *workspace, const char *id)
{
	const struct member *member = member_of(workspace, id);

	if (member->name || member->asked)
		return member->name != NULL;
	if (members_can_be_asked(workspace))
		member_ask(workspace, id);
	return false;
}

const char *member_name(struct workspace *workspace, const char *id)
{
	const struct member *member = member_of(workspace, id);

	return member->name ? member->name : member->id;
}

/* ------------------------------------------------------------------------------------------------- names */

#define PRIVATE "private-channel" /* what outsiders are told that it is called */

/* What a channel is called. It may become private without our being told: then outsiders read what they have read
 * before, until it has another name. */
struct title {
	bool asked; /* being asked for: `name` is "" */
	bool is_private;
	char name[];
};

static void note_title(struct workspace *workspace, const char *channel, const char *name, bool is_private)
{
	struct map_iter it = {0};
	struct title *title = MEM_NEW_TEXT(struct title, name, name);

	title->asked = !*name;
	title->is_private = is_private;
	if (map_count(workspace->titles) >= LIMIT_SLACK_TITLES && map_next(workspace->titles, &it))
		mem_free(map_remove(workspace->titles, it.key));
	mem_free(map_set(&workspace->titles, channel, title));
}

void member_title_changed(struct workspace *workspace, const char *channel)
{
	mem_free(map_remove(workspace->titles, channel));
}

static void on_channel(void *context, const struct web_reply *reply)
{
	struct asking *asking = context;
	struct workspace *workspace = asking->workspace;
	struct arena arena = {0};
	struct slack_channel channel;
	bool known = !reply->err && slack_channel_read(&channel, json_object(reply->json, "channel"), &arena);

	note_title(workspace, asking->id, known && *channel.name ? channel.name : asking->id, known && channel.is_private);
	arena_finish(&arena);
	asking_free(asking);
	slack_later(workspace->frontend, incoming_go_on, NULL);
}

static const char *user_name(void *context, const char *id)
{
	struct member_names *names = context;

	if (!member_known(names->workspace, id)) {
		names->missing = true;
		return NULL;
	}
	buf_clear(&names->text);
	buf_puts(&names->text, member_name(names->workspace, id));
	return buf_text(&names->text);
}

static const char *channel_name(void *context, const char *id)
{
	struct member_names *names = context;
	struct workspace *workspace = names->workspace;
	const struct title *known = map_get(workspace->titles, id);

	if (known && !known->asked)
		return names->outside && known->is_private ? PRIVATE : known->name;
	names->missing = true;
	if (known || !members_can_be_asked(workspace))
		return names->outside ? id : NULL;
	struct asking *asking = asking_create(workspace, id);
	const struct web_argument arguments[] = {{"channel", id}};

	note_title(workspace, id, "", false);
	web_api_call(workspace->frontend->api, &(struct web_call){.method = "conversations.info",
	                                                          .token = &workspace->token,
	                                                          .arguments = arguments,
	                                                          .arguments_count = 1,
	                                                          .done = on_channel,
	                                                          .context = asking,
	                                                          .drop = asking_free});
	return names->outside ? id : NULL;
}

static const char *emoji_picture(void *context, const char *name)
{
	struct member_names *names = context;

	return custom_emoji_find(names->workspace, name, &names->missing);
}

static const char *no_name(void *context, const char *id)
{
	(void)context;
	(void)id;
	return NULL;
}

struct slack_names member_names(struct member_names *names)
{
	return (struct slack_names){.user = user_name,
	                            .channel = channel_name,
	                            .usergroup = no_name,
	                            .emoji = emoji_picture,
	                            .context = names};
}

void members_free(struct workspace *workspace)
{
	LIST_EACH (link, &workspace->members_used)
		member_free(CONTAINER_OF(link, struct member, used));
	map_destroy(&workspace->members, NULL);
	map_destroy(&workspace->called, NULL);
	map_destroy(&workspace->titles, mem_free);
}
