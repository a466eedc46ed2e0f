/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/rooms/encryption.h"

#include "frontends/matrix/people/ghost.h"
#include "frontends/matrix/people/person.h"
#include "frontends/matrix/rooms/space.h"

static const char encrypted[] =
        "is encrypted, and I cannot read that yet: what is said here does not reach the network. "
        "It cannot be switched off in a room.";

static void tell(struct matrix_frontend *frontend, const struct matrix_room *room, const char *text)
{
	char *ghost = ghost_of_chat(frontend, room);

	matrix_notice_as(frontend, room->id, ghost, NULL, text);
	mem_free(ghost);
}

static void found_in_chat(struct matrix_frontend *frontend, const struct matrix_room *room)
{
	char *text = matrix_chat_nickname(room->name, room->in_room)
	                     ? mem_printf("This chat %s Please make another one without encryption.", encrypted)
	                     : mem_printf("This chat %s Say to %s: chat %s - that opens one without encryption.", encrypted,
	                                  frontend->bot, room->name);

	space_remove(frontend, room->owner, room->id);
	tell(frontend, room, text);
	mem_free(text);
}

static void found_in_control(struct matrix_frontend *frontend, const struct matrix_room *room)
{
	person_forget_control(frontend, room->owner, room->id);
	bool has_another = person_of(frontend, room->owner)->control;
	char *text = mem_printf("This chat %s %s", encrypted,
	                        has_another ? "Please go on in our other one, which has none."
	                                    : "I have invited you to another one without encryption.");

	tell(frontend, room, text);
	mem_free(text);
	if (!has_another)
		person_tell(frontend, room->owner, "Here I can read what you say. Say: help");
}

void encryption_found(struct matrix_frontend *frontend, struct matrix_room *room)
{
	if (room->encrypted)
		return;
	matrix_room_note_encrypted(frontend, room);
	if (room->kind == MATRIX_ROOM_CHAT) {
		found_in_chat(frontend, room);
	} else if (room->kind == MATRIX_ROOM_CONTROL) {
		found_in_control(frontend, room);
	} else {
		char *text = mem_printf("This room %s Please go on in one without encryption%s%s.", encrypted,
		                        room->kind == MATRIX_ROOM_PORTAL ? ", tied by: plumb " : "",
		                        room->kind == MATRIX_ROOM_PORTAL ? room->name : "");

		tell(frontend, room, text);
		mem_free(text);
	}
}
