/* SPDX-License-Identifier: MIT */
#include "frontends/slack/people/person.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "config/limits.h"
#include "frontends/slack/channels/channel.h"
#include "frontends/slack/channels/history.h"
#include "frontends/slack/channels/portal_channel.h"
#include "frontends/slack/people/chat.h"
#include "transport/people/resident.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/spool/spool.h"

#define AWAY "slack away" /* notes of the spool: address of somebody who is there again when his workspace is */

struct notice {
	struct list link;
	uint64_t trace;
	char text[];
};

static void notice_free(struct member *member, struct notice *notice)
{
	list_remove(&notice->link);
	member->notices_count--;
	mem_free(notice);
}

void slack_person_forget(struct member *member)
{
	LIST_EACH (link, &member->notices)
		notice_free(member, CONTAINER_OF(link, struct notice, link));
}

struct member *slack_person_of(struct slack_frontend *frontend, const char *address)
{
	struct workspace *workspace = workspace_of(frontend, address);
	struct slack_address parts;

	return workspace && slack_address_read(&parts, address) ? member_of(workspace, parts.id) : NULL;
}

/* ------------------------------------------------------------------------------------------- DM of the bot
 */

void slack_person_set_control(struct slack_frontend *frontend, const char *address, const char *id)
{
	struct member *member = slack_person_of(frontend, address);

	if (!member)
		return;
	char *place = slack_address(member->workspace->team, id);
	struct channel *known = channel_at(frontend, place);

	member->opening = false;
	if (!known) {
		known = channel_set(frontend, place, CHANNEL_CONTROL, address, NULL);
		history_begin(frontend, known);
	}
	mem_free(place);
	LIST_EACH (link, &member->notices) {
		struct notice *notice = CONTAINER_OF(link, struct notice, link);

		slack_notice_about(member->workspace, id, NULL, notice->text, notice->trace);
		notice_free(member, notice);
	}
	slack_chats_go_on(frontend, address);
}

struct opening {
	struct slack_frontend *frontend;
	char address[];
};

static void on_opened(void *context, const struct web_reply *reply)
{
	struct opening *opening = context;
	struct slack_frontend *frontend = opening->frontend;
	struct member *member = slack_person_of(frontend, opening->address);
	struct arena arena = {0};
	const char *id = json_text(json_object(reply->json, "channel"), "id", &arena);

	if (member && (reply->err || !slack_is_id(id))) {
		member->opening = false;
		log_warning(&frontend->base.log, "no DM with %s could be opened: %s",
		            log_quote(opening->address), reply->problem);
	} else if (member) {
		slack_person_set_control(frontend, opening->address, id);
	}
	arena_finish(&arena);
	mem_free(opening);
}

void slack_person_open_control(struct slack_frontend *frontend, const char *address)
{
	struct member *member = slack_person_of(frontend, address);

	if (!member || member->opening)
		return;
	struct opening *opening = MEM_NEW_TEXT(struct opening, address, address);
	const struct web_argument arguments[] = {{"users", member->id}};

	member->opening = true;
	opening->frontend = frontend;
	web_api_call(frontend->api, &(struct web_call){.method = "conversations.open",
	                                               .token = &member->workspace->token,
	                                               .arguments = arguments,
	                                               .arguments_count = 1,
	                                               .done = on_opened,
	                                               .context = opening,
	                                               .drop = mem_free});
}

static void keep(struct member *member, const char *text, uint64_t trace)
{
	struct notice *notice = MEM_NEW_TEXT(struct notice, text, text);

	notice->trace = trace;
	if (member->notices_count >= LIMIT_SLACK_NOTICES) {
		log_warning(&member->workspace->log,
		            "%s has no DM with the bot yet: the oldest notice is dropped", member->id);
		notice_free(member, CONTAINER_OF(member->notices.next, struct notice, link));
	}
	list_append(&member->notices, &notice->link);
	member->notices_count++;
}

void slack_person_tell(struct slack_frontend *frontend, const char *address, const char *text)
{
	slack_person_tell_about(frontend, address, text, 0);
}

void slack_person_tell_about(struct slack_frontend *frontend, const char *address, const char *text, uint64_t trace)
{
	struct member *member = slack_person_of(frontend, address);

	if (!member || member->deleted)
		return;
	if (!strcmp(address, member->workspace->relay)) {
		char *whole = mem_printf("Of the account that speaks for people of %s: %s",
		                         member->workspace->name, text);

		workspace_tell_admins(frontend, member->workspace, LOG_LEVEL_INFO, whole);
		mem_free(whole);
		return;
	}
	const struct channel *control = channel_control(frontend, address);

	if (control) {
		slack_notice_about(member->workspace, control->at.id, NULL, text, trace);
		return;
	}
	keep(member, text, trace);
	slack_person_open_control(frontend, address);
}

/* ---------------------------------------------------------------------------------------------- presence */

struct resource *slack_person_ready(struct slack_frontend *frontend, const char *address)
{
	return resident_ready(&frontend->base, address);
}

/* One who can be asked for now, if there is such a one. Of whom a first answer is on its way it is enough. */
static struct member *next_to_look_at(struct slack_frontend *frontend)
{
	struct member *later = NULL;
	struct map_iter it = {0};

	while (map_next(frontend->base.transport->identities, &it)) {
		const struct identity *identity = it.value;
		const struct workspace *workspace =
			identity->frontend == &frontend->base ? workspace_of(frontend, identity->address) : NULL;
		struct slack_address parts;
		struct member *member = workspace && slack_address_read(&parts, identity->address)
						? map_get(workspace->members, parts.id)
						: NULL;

		if (!member || !member->look || (member->asked && !member->name))
			continue;
		if (members_can_be_asked(workspace))
			return member;
		later = member;
	}
	return later;
}

static void look_at_next(struct slack_frontend *frontend, const char *unused)
{
	struct member *member = next_to_look_at(frontend);

	(void)unused;
	frontend->looking = member != NULL;
	if (!member)
		return;
	if (members_can_be_asked(member->workspace)) {
		member->look = false;
		member_ask(member->workspace, member->id);
	}
	later_put(&frontend->later, LIMIT_SLACK_LOOK_MS, (later_function *)look_at_next, NULL, NULL);
}

static void look_on(struct slack_frontend *frontend)
{
	if (!frontend->looking)
		look_at_next(frontend, NULL);
}

struct resource *slack_person_attach(struct slack_frontend *frontend, const char *address)
{
	struct resource *resource = session_find(frontend->base.transport, &frontend->base, address, "");
	struct member *member = resource ? NULL : slack_person_of(frontend, address);

	if (!member || member->unregistered || member->switched_off || member->deleted)
		return resource;
	/* Who was deactivated while nobody heard of it is signed out when that is found. Thousands come at a start. */
	member->look = (member->look || !member->name) && strcmp(address, member->workspace->relay) != 0;
	resource = resident_attach(&frontend->base, address);
	look_on(frontend);
	return resource;
}

static void on_signed_out(struct frontend *base, const char *address, const char *name)
{
	struct slack_frontend *frontend = slack_frontend_of(base);
	const struct member *member = slack_person_of(frontend, address);

	if (!member)
		return;
	char *text = mem_printf("%s (%s) was deactivated in %s, and is signed out of the network. The account %s is kept; "
				"if it is not to be: unregister %s",
				member_name(member->workspace, member->id), member->id, member->workspace->name, name, address);

	workspace_tell_admins(frontend, member->workspace, LOG_LEVEL_INFO, text);
	mem_free(text);
}

void slack_person_deactivated(struct slack_frontend *frontend, const char *address)
{
	struct member *member = slack_person_of(frontend, address);

	if (!member || !member->deleted)
		return;
	slack_person_forget(member);
	resident_sign_out(&frontend->base, address, on_signed_out);
}

static void is_to_be_looked_at(struct slack_frontend *frontend, const char *address, void *unused)
{
	struct member *member = slack_person_of(frontend, address);

	(void)unused;
	if (member)
		member->look = strcmp(address, member->workspace->relay) != 0;
}

void slack_people_look_again(struct slack_frontend *frontend, const char *team)
{
	slack_people_each(frontend, team, is_to_be_looked_at, NULL);
	look_on(frontend);
}

void slack_people_each(struct slack_frontend *frontend, const char *team, slack_each_person *each, void *context)
{
	struct map_iter it = {0};
	struct list found;

	list_init(&found);
	struct address {
		struct list link;
		char text[];
	};

	while (map_next(frontend->base.transport->identities, &it)) {
		const struct identity *identity = it.value;
		struct slack_address parts;

		if (identity->frontend != &frontend->base || !slack_address_read(&parts, identity->address) ||
		    (team && strcmp(parts.team, team) != 0))
			continue;
		struct address *address = MEM_NEW_TEXT(struct address, text, identity->address);

		list_append(&found, &address->link);
	}
	/* Anything may happen to them meanwhile. */
	LIST_EACH (link, &found) {
		struct address *address = CONTAINER_OF(link, struct address, link);

		each(frontend, address->text, context);
		list_remove(&address->link);
		mem_free(address);
	}
}

/* He comes back with his workspace. */
static void note_away(struct slack_frontend *frontend, const char *address)
{
	spool_note_set_text(frontend->base.transport->spool, AWAY, address, "1");
}

static void leave(struct slack_frontend *frontend, const char *address, void *unused)
{
	(void)unused;
	if (workspace_of(frontend, address))
		return;
	note_away(frontend, address);
	session_detach_for_now(&frontend->base, address);
}

void slack_person_registered(struct slack_frontend *frontend, const char *address)
{
	struct member *member = slack_person_of(frontend, address);

	if (member) {
		member->unregistered = member->switched_off = false;
		slack_person_attach(frontend, address);
	} else if (frontend->settled) {
		leave(frontend, address, NULL);
	} else {
		note_away(frontend, address);
	}
}

/* ----------------------------------------------------------------------------------------- lost workspaces */

void slack_people_leave_lost(struct slack_frontend *frontend, const char *unused)
{
	(void)unused;
	if (frontend->settled)
		slack_people_each(frontend, NULL, leave, NULL);
}

static void come_back(void *context, const char *address, const void *value, size_t size)
{
	struct slack_frontend *frontend = context;

	(void)value;
	(void)size;
	slack_later(frontend, slack_person_registered, address);
	spool_note_set(frontend->base.transport->spool, AWAY, address, NULL, 0);
}

void slack_people_return(struct workspace *workspace)
{
	struct slack_frontend *frontend = workspace->frontend;
	char *prefix = slack_address(workspace->team, "");

	spool_note_each(frontend->base.transport->spool, AWAY, prefix, come_back, frontend);
	mem_free(prefix);
}

void slack_person_show_waiting(struct slack_frontend *frontend, const char *address)
{
	resident_show_waiting(&frontend->base, address);
}

void slack_person_show_session(struct slack_frontend *frontend, struct identity *identity,
                               const struct event_session *session)
{
	const char *address = identity->address;
	struct member *member = slack_person_of(frontend, address);
	const char *text;

	if (!member)
		return;
	member->unregistered = session->state == SESSION_UNREGISTERED;
	/* Whoever was told so is logged out then. */
	if (session->state != SESSION_LOGGED_OUT)
		member->switched_off = session->state == SESSION_DISABLED;
	if (!member->unregistered)
		member->told_unheard = false;
	if (session->state == SESSION_CONNECTED)
		slack_later(frontend, portal_channels_join_again, address);
	text = resident_session_text(session, &member->curious);
	if (text)
		slack_person_tell(frontend, address, text);
}
