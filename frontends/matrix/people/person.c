/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/people/person.h"

#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/matrix/people/chat_all.h"
#include "frontends/matrix/people/passers_by.h"
#include "frontends/matrix/people/profile.h"
#include "frontends/matrix/people/puppet.h"
#include "frontends/matrix/rooms/making.h"
#include "frontends/matrix/rooms/members.h"
#include "frontends/matrix/rooms/portal_change.h"
#include "frontends/matrix/rooms/portal_door.h"
#include "frontends/matrix/rooms/portal_room.h"
#include "frontends/matrix/wire/notice.h"
#include "transport/people/resident.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/rooms/room.h"

struct notice {
	struct list link;
	char *content; /* of an m.room.message */
};

static void notice_free(struct person *person, struct notice *notice)
{
	list_remove(&notice->link);
	person->waiting_count--;
	mem_free(notice->content);
	mem_free(notice);
}

struct person *person_of(struct matrix_frontend *frontend, const char *id)
{
	struct person *person = map_get(frontend->people, id);

	if (person)
		return person;
	person = MEM_NEW(struct person);
	person->id = mem_strdup(id);
	list_init(&person->waiting);
	map_put(frontend->people, id, person);
	passers_by_note(frontend, 1);
	return person;
}

static void say_left_out(struct matrix_frontend *frontend, struct person *person)
{
	char *text = mem_printf("(%u older notices are left out here: there were too many before this chat was there.)",
	                        person->left_out);

	if (person->left_out)
		matrix_notice(frontend, person->control, NULL, text);
	person->left_out = 0;
	mem_free(text);
}

void person_set_control(struct matrix_frontend *frontend, const char *id, const char *room)
{
	struct person *person = person_of(frontend, id);
	const struct matrix_room *known = matrix_room_find(frontend, room);

	if (known && known->encrypted)
		return;
	mem_replace(&person->control, room);
	person->creating = false;
	say_left_out(frontend, person);
	LIST_EACH (link, &person->waiting) {
		struct notice *notice = CONTAINER_OF(link, struct notice, link);

		matrix_say(frontend, room, NULL, notice->content);
		notice_free(person, notice);
	}
}

void person_forget_control(struct matrix_frontend *frontend, const char *id, const char *room)
{
	struct person *person = person_of(frontend, id);
	struct map_iter it = {0};

	if (!person->control || strcmp(person->control, room) != 0)
		return;
	MEM_FREE(person->control);
	while (!person->control && map_next(frontend->rooms, &it)) {
		const struct matrix_room *other = it.value;

		if (other->kind == MATRIX_ROOM_CONTROL && !other->encrypted && !strcmp(other->owner, id) &&
		    strcmp(other->id, room) != 0)
			person->control = mem_strdup(other->id);
	}
}

#define CONTROL "control\n" /* in front of the id: as it is noted while it is made */

static void make_control(struct matrix_frontend *frontend, struct person *person);

static void made(struct matrix_frontend *frontend, void *context, const char *room, const char *problem)
{
	struct person *person = context;

	person->creating = false;
	if (room) {
		struct matrix_room *control = matrix_room_set(frontend, room, MATRIX_ROOM_CONTROL, person->id, NULL);

		members_ask(frontend, control);
		/* Unless the person has begun another meanwhile. */
		if (!person->control)
			person_set_control(frontend, person->id, room);
	} else if (person->recovering) {
		/* What was to be said there went with the process before. */
		if (person->waiting_count)
			make_control(frontend, person);
	} else {
		log_warning(&frontend->base.log, "no chat with %s could be made: %s", log_quote(person->id), problem);
	}
	person->recovering = false;
}

static void make_control(struct matrix_frontend *frontend, struct person *person)
{
	char *what = mem_printf(CONTROL "%s", person->id);

	person->creating = true;
	making_ask(frontend, &(struct making_wish){.what = what, .who = person->id, .lane = person->id}, made, person);
	mem_free(what);
}

static bool has_control(const struct matrix_frontend *frontend, const char *id)
{
	struct map_iter it = {0};

	while (map_next(frontend->rooms, &it)) {
		const struct matrix_room *room = it.value;

		if (room->kind == MATRIX_ROOM_CONTROL && !room->encrypted && !strcmp(room->owner, id))
			return true;
	}
	return false;
}

static void recover(struct matrix_frontend *frontend, const char *what)
{
	struct person *person = person_of(frontend, what + strlen(CONTROL));

	if (has_control(frontend, person->id)) {
		making_end(frontend, what);
		return;
	}
	person->creating = person->recovering = true;
	making_go_on(frontend, &(struct making_wish){.what = what, .who = person->id, .lane = person->id}, false, made,
	             person);
}

void people_recover(struct matrix_frontend *frontend)
{
	making_each(frontend, CONTROL, recover);
}

static void keep(struct matrix_frontend *frontend, struct person *person, const char *content)
{
	struct notice *notice = MEM_NEW(struct notice);

	if (person->waiting_count >= LIMIT_MATRIX_NOTICES) {
		log_warning(&frontend->base.log,
		            "%s has no chat with the bot yet: the oldest notice is dropped",
		            log_quote(person->id));
		notice_free(person, CONTAINER_OF(person->waiting.next, struct notice, link));
		person->left_out++;
	}
	notice->content = mem_strdup(content);
	list_append(&person->waiting, &notice->link);
	person->waiting_count++;
}

void person_show(struct matrix_frontend *frontend, const char *id, const char *content)
{
	struct person *person = person_of(frontend, id);

	if (person->control) {
		matrix_say(frontend, person->control, NULL, content);
		return;
	}
	keep(frontend, person, content);
	if (!person->creating)
		make_control(frontend, person);
}

void person_tell(struct matrix_frontend *frontend, const char *id, const char *text)
{
	struct buf content = {0};
	size_t length;

	while ((length = notice_piece(text))) {
		char *piece = mem_strndup(text, length);

		buf_clear(&content);
		notice_put(&content, NULL, piece);
		person_show(frontend, id, buf_text(&content));
		mem_free(piece);
		text += length;
	}
	buf_finish(&content);
}

bool person_note_name(struct matrix_frontend *frontend, const char *id, const char *name)
{
	struct buf line = {0};

	if (name)
		text_clean(&line, name, text_cut(name, strlen(name), LIMIT_NAME_BYTES), TEXT_LINE);
	struct person *person = person_of(frontend, id);
	const char *after = line.len ? buf_text(&line) : NULL;
	bool same = after && person->name ? !strcmp(after, person->name) : after == person->name;

	mem_replace(&person->name, after);
	buf_finish(&line);
	return !same;
}

const char *person_name(struct matrix_frontend *frontend, const char *id)
{
	struct person *person = person_of(frontend, id);

	if (!person->local_part)
		person->local_part = mem_strndup(id + 1, strcspn(id + 1, ":"));
	return person->name ? person->name : person->local_part;
}

struct resource *person_attach(struct matrix_frontend *frontend, const char *id)
{
	const struct person *person = person_of(frontend, id);

	if (person->unregistered)
		return NULL;
	/* Else each look at a transaction that waits for the account would ask again, and tell them again. */
	if (person->switched_off)
		return session_find(frontend->base.transport, &frontend->base, id, "");
	return resident_attach(&frontend->base, id);
}

struct resource *person_ready(struct matrix_frontend *frontend, const char *id)
{
	return resident_ready(&frontend->base, id);
}

bool person_is_loading(struct matrix_frontend *frontend, const char *id)
{
	const struct resource *resource = person_attach(frontend, id);

	return resource && resource->identity->state == IDENTITY_LOADING;
}

struct room *person_room(struct matrix_frontend *frontend, const char *id, const char *name)
{
	const struct resource *resource = matrix_is_ours(&frontend->names, id) ? NULL : person_ready(frontend, id);

	return resource ? room_find(resource->identity->user, name) : NULL;
}

void person_show_waiting(struct matrix_frontend *frontend, const char *id, const char *unused)
{
	(void)unused;
	resident_show_waiting(&frontend->base, id);
}

void person_registered(struct matrix_frontend *frontend, const char *id, const char *unused)
{
	(void)unused;
	person_of(frontend, id)->unregistered = person_of(frontend, id)->switched_off = false;
	person_attach(frontend, id);
}

void person_show_session(struct matrix_frontend *frontend, struct identity *identity,
                         const struct event_session *session)
{
	const char *id = identity->address;
	struct person *person = person_of(frontend, id);
	const char *text;

	person->unregistered = session->state == SESSION_UNREGISTERED;
	/* Whoever was told so is logged out then. */
	if (session->state != SESSION_LOGGED_OUT)
		person->switched_off = session->state == SESSION_DISABLED;
	if (person->unregistered) {
		puppet_forget(person);
		matrix_later(frontend, profile_follow, id, NULL);
		matrix_later(frontend, portal_doors_look, id, NULL);
	}
	if (!person->unregistered)
		person->told_unheard = false;
	text = resident_session_text(session, &person->curious);
	if (text)
		person_tell(frontend, id, text);
	if (session->state == SESSION_CONNECTED) {
		matrix_later(frontend, portal_rooms_join_again, id, NULL);
		matrix_later(frontend, chat_all_begin, id, NULL);
		matrix_later(frontend, profile_follow, id, NULL);
		matrix_later(frontend, portal_changes_go_on, id, NULL);
	}
}

static void person_free(void *value)
{
	struct person *person = value;

	LIST_EACH (link, &person->waiting)
		notice_free(person, CONTAINER_OF(link, struct notice, link));
	mem_free(person->id);
	mem_free(person->name);
	mem_free(person->local_part);
	mem_free(person->refused_name);
	mem_free(person->picture);
	mem_free(person->avatar);
	mem_free(person->card_name);
	mem_free(person->control);
	puppet_forget(person);
	mem_free(person);
}

static void note_present(void *context, const char *id)
{
	const struct matrix_frontend *frontend = context;
	struct person *person = map_get(frontend->people, id);

	if (person)
		person->present = true;
}

/* His card, if the network has not been told it, is in the spool. */
static bool is_needed(struct matrix_frontend *frontend, const struct person *person)
{
	return person->present || person->control || person->creating || person->recovering || person->waiting_count ||
	       person->puppet == PUPPET_LOADING ||
	       session_find_identity(frontend->base.transport, &frontend->base, person->id);
}

void people_forget(struct matrix_frontend *frontend)
{
	struct map_iter it = {0};

	while (map_next(frontend->people, &it))
		((struct person *)it.value)->present = false;
	matrix_rooms_each_user(frontend, note_present, frontend);
	it = (struct map_iter){0};
	while (map_next(frontend->people, &it)) {
		struct person *person = it.value;

		if (is_needed(frontend, person))
			continue;
		map_remove(frontend->people, it.key);
		person_free(person);
	}
}

void people_free(struct matrix_frontend *frontend)
{
	map_destroy(&frontend->people, person_free);
}
