/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/people/nickname.h"

#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "frontends/matrix/people/person.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/rooms/room.h"
#include "transport/rooms/room_key.h"
#include "transport/routing/router.h"

#define REFUSED (PARTICIPANT_CONFLICT | PARTICIPANT_NOT_AUTHORIZED | PARTICIPANT_ROOM_NOT_FOUND)

/* NULL: the homeserver calls everybody by the local part who has not chosen anything. */
static const char *chosen_name(const struct person *person)
{
	size_t length = strcspn(person->id + 1, ":");
	bool is_local = person->name && strlen(person->name) == length &&
	                !strncmp(person->name, person->id + 1, length);

	return is_local ? NULL : person->name;
}

bool nickname_wanted(const struct matrix_frontend *frontend, const struct user *user)
{
	return user_setting_bool(user, "display_name", frontend->base.transport->service.display_name);
}

static bool may_follow(const struct matrix_frontend *frontend, const struct user *user)
{
	return frontend->base.transport->features.room_nickname_change && nickname_wanted(frontend, user);
}

void nickname_follow(struct matrix_frontend *frontend, const char *id, const char *name)
{
	const struct person *person = person_of(frontend, id);
	struct resource *resource = person_ready(frontend, id);
	struct user *user = resource ? resource->identity->user : NULL;
	const struct room *room = user && may_follow(frontend, user) ? room_find(user, name) : NULL;
	const char *chosen = chosen_name(person);

	if (!room || room->state != ROOM_JOINED || !room_has(room, resource))
		return;
	char *wanted = chosen ? mem_strdup(chosen) : room_key_nickname(user, name);
	bool known = text_equal_nocase(wanted, room->nickname) ||
	             (room->wanted_nickname && !strcmp(wanted, room->wanted_nickname)) ||
	             (person->refused_name && !strcmp(wanted, person->refused_name));
	int err = known ? 0
	                : router_from_frontend(resource, &(struct event){.type = EVENT_ROOM_JOIN,
	                                                                 .room = {.name = name, .nickname = wanted}});

	if (err)
		log_info(&frontend->base.log, "%s is not renamed in %s: %s", log_quote(id), log_quote(name),
		         tp_error_text(err));
	mem_free(wanted);
}

void nickname_changed(struct matrix_frontend *frontend, const char *id, const char *unused)
{
	const struct resource *resource = person_ready(frontend, id);
	struct map_iter it = {0};

	(void)unused;
	MEM_FREE(person_of(frontend, id)->refused_name);
	while (resource && map_next(resource->identity->user->rooms, &it))
		nickname_follow(frontend, id, ((const struct room *)it.value)->name);
}

bool nickname_refused(struct matrix_frontend *frontend, const struct identity *to,
                      const struct event_participant *participant)
{
	struct person *person = person_of(frontend, to->address);
	const char *chosen = chosen_name(person);
	char *text;

	if (participant->self || participant->status != STATUS_OFFLINE || !(participant->flags & REFUSED))
		return false;
	if (!chosen || (person->refused_name && !strcmp(person->refused_name, chosen)))
		return true;
	mem_replace(&person->refused_name, chosen);
	text = mem_printf("You cannot be called %s on the network%s%s. There you keep the name that you have. \"settings "
	                  "display_name off\" ends such tries.",
	                  chosen, participant->status_text && *participant->status_text ? ": " : "",
	                  participant->status_text ? participant->status_text : "");
	person_tell(frontend, to->address, text);
	mem_free(text);
	return true;
}
