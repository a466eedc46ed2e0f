/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/people/bot.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/matrix/people/chat.h"
#include "frontends/matrix/people/person.h"
#include "frontends/matrix/people/puppet.h"
#include "frontends/matrix/rooms/continuation.h"
#include "frontends/matrix/rooms/encryption.h"
#include "frontends/matrix/rooms/members.h"
#include "frontends/matrix/rooms/portal_door.h"
#include "frontends/matrix/rooms/portal_power.h"
#include "frontends/matrix/rooms/portal_room.h"
#include "frontends/matrix/rooms/room_power.h"
#include "frontends/matrix/rooms/space.h"
#include "frontends/matrix/rooms/upgrade.h"
#include "transport/command/command.h"
#include "transport/people/session.h"
#include "transport/people/user.h"

/* ------------------------------------------------------------------------------------------------ answers */

struct asking {
	struct matrix_frontend *frontend;
	char *room; /* where it was asked */
	char *sender;
	char *argument; /* of commands that wait for the homeserver */
	bool help;      /* what only this frontend can do is told as well */
	bool registers;
	bool is_new;    /* there was no room of that name */
};

static const char own_help[] =
        "\nchat <name> - open a chat with a contact"
        "\ncreate <room> [name] - makes a room for a room of the network, which begins when you enter it"
        "\nspace - invites you to the space with your chats and rooms, if you have left it"
        "\nlogin <username> [password] - the same as register"
        "\npuppet <access token> - what you write with other clients of the network appears as yours; puppet off "
        "ends that"
        "\nSaid in a room where I am: plumb <room> ties it to a room of the network, unplumb unties "
        "it; in such a room relay on lets people without an account speak through yours, relay off "
        "ends that.";

static struct asking *ask(struct matrix_frontend *frontend, const struct matrix_room *room,
                          const char *sender, const char *argument)
{
	struct asking *asking = MEM_NEW(struct asking);

	asking->frontend = frontend;
	asking->room = mem_strdup(room->id);
	asking->sender = mem_strdup(sender);
	asking->argument = mem_strdup(argument);
	return asking;
}

static void asking_free(struct asking *asking)
{
	mem_free(asking->room);
	mem_free(asking->sender);
	mem_free(asking->argument);
	mem_free(asking);
}

static void reply(struct asking *asking, const char *text)
{
	if (!asking->frontend->stopping)
		matrix_notice(asking->frontend, asking->room, NULL, text);
	asking_free(asking);
}

static void answered(void *context, int err, const char *text)
{
	struct asking *asking = context;
	char *whole = mem_printf("%s%s",
	                         text && *text ? text
	                         : err         ? tp_error_text(err)
	                                       : "Done.",
	                         asking->help ? own_help : "");

	if (!err && asking->registers)
		matrix_later(asking->frontend, person_registered, asking->sender, NULL);
	reply(asking, whole);
	mem_free(whole);
}

/* ---------------------------------------------------------------------------------------- plumbing, relay */

static void plumb(void *context, const struct room_power *power)
{
	struct asking *asking = context;
	struct matrix_frontend *frontend = asking->frontend;
	struct matrix_room *room = matrix_room_find(frontend, asking->room);
	char *text;

	if (!power->may || !room) {
		reply(asking, power->may ? "I am not in this room." : power->problem);
		return;
	}
	if (room->kind == MATRIX_ROOM_PORTAL) {
		text = mem_printf("This room is tied to %s already. Untie it first: unplumb", room->name);
	} else {
		if (room->owner)
			person_forget_control(frontend, room->owner, room->id);
		room = matrix_room_set(frontend, room->id, MATRIX_ROOM_PORTAL, NULL, asking->argument);
		portal_room_join_people(frontend, room);
		portal_rooms_sync(frontend, room->name, NULL);
		text = mem_printf("This room is tied to %s now.%s", asking->argument, power->missing);
	}
	if (power->mute)
		person_tell(frontend, asking->sender, text);
	reply(asking, text);
	mem_free(text);
}

static void take_people_out(struct matrix_frontend *frontend, struct matrix_room *room)
{
	struct map_iter it = {0};

	while (map_next(room->members, &it))
		if (!matrix_is_ours(&frontend->names, it.key))
			portal_room_person_out(frontend, room, it.key);
	portal_room_empty(frontend, room);
}

static void unplumb(void *context, const struct room_power *power)
{
	struct asking *asking = context;
	struct matrix_frontend *frontend = asking->frontend;
	struct matrix_room *room = matrix_room_find(frontend, asking->room);

	if (!power->may || !room || room->kind != MATRIX_ROOM_PORTAL) {
		reply(asking, power->may ? "This room is tied to nothing." : power->problem);
		return;
	}
	take_people_out(frontend, room);
	room->ours = false;
	MEM_FREE(room->relay);
	matrix_room_set(frontend, room->id, MATRIX_ROOM_PLAIN, NULL, NULL);
	portal_power_update(frontend, room);
	reply(asking, "This room is tied to nothing any more.");
}

static void relay_on(void *context, const struct room_power *power)
{
	struct asking *asking = context;
	struct matrix_frontend *frontend = asking->frontend;
	struct matrix_room *room = matrix_room_find(frontend, asking->room);

	if (!power->may || !room || room->kind != MATRIX_ROOM_PORTAL) {
		reply(asking, power->may ? "This room is tied to nothing." : power->problem);
	} else if (!person_ready(frontend, asking->sender)) {
		reply(asking, "For that you need an account here: register with me first.");
	} else {
		mem_replace(&room->relay, asking->sender);
		matrix_room_store(frontend, room);
		reply(asking, "People without an account speak through yours.");
	}
}

static void relay_off(void *context, const struct room_power *power)
{
	struct asking *asking = context;
	struct matrix_room *room = matrix_room_find(asking->frontend, asking->room);

	if (!power->may || !room) {
		reply(asking, power->may ? "This room is tied to nothing." : power->problem);
		return;
	}
	MEM_FREE(room->relay);
	matrix_room_store(asking->frontend, room);
	reply(asking, "People without an account are not heard any more.");
}

/* The account that others speak through is one's own: who has one may offer it where nobody does. In another's
 * place, and to end another's, it takes the right to change the room, or to administrate the gateway. */
static void relay(struct matrix_frontend *frontend, struct matrix_room *room, const char *sender, bool on)
{
	bool own = room->relay && !strcmp(room->relay, sender);
	bool free = on && (!room->relay || !person_attach(frontend, room->relay));
	struct asking *asking = ask(frontend, room, sender, NULL);
	room_power_done *done = on ? relay_on : relay_off;

	if (own || free || frontend->base.ops->is_admin(&frontend->base, sender) ||
	    (on && !person_ready(frontend, sender)))
		done(asking, &(struct room_power){.may = true});
	else
		room_power_check(frontend, room, sender, done, asking);
}

/* --------------------------------------------------------------------------------------------- portals */

static void opened(void *context, struct matrix_room *room, const char *problem)
{
	struct asking *asking = context;
	struct matrix_frontend *frontend = asking->frontend;

	if (frontend->stopping) {
		asking_free(asking);
		return;
	}
	if (!room) {
		char *text = mem_printf("The room could not be opened: %s", problem);

		person_tell(frontend, asking->sender, text);
		mem_free(text);
	} else if (matrix_room_has(room, asking->sender)) {
		portal_room_person_in(frontend, room, asking->sender);
	} else {
		portal_door_ask(frontend, room, asking->sender);
	}
	asking_free(asking);
}

static void created(void *context, struct matrix_room *room, const char *problem)
{
	struct asking *asking = context;
	struct matrix_frontend *frontend = asking->frontend;
	char *text;

	if (!room) {
		text = mem_printf("The room could not be made: %s", problem);
	} else if (matrix_room_has(room, asking->sender)) {
		text = mem_printf("You are in the room of %s already.", room->name);
	} else {
		if (asking->argument && !frontend->stopping)
			portal_room_call(frontend, room, asking->argument);
		matrix_invite(frontend, room->id, asking->sender, room->id);
		text = asking->is_new
		               ? mem_printf("I have made a room for %s and invited you: when you enter, it is made on the "
		                            "network as well, unless it is there.",
		                            room->name)
		               : mem_printf("There is a room for %s already: I have invited you.", room->name);
	}
	reply(asking, text);
	mem_free(text);
}

static void create(struct matrix_frontend *frontend, const struct matrix_room *room, const char *sender,
                   const char *rest)
{
	size_t length = strcspn(rest, " \t\n");
	const char *title = rest + length + strspn(rest + length, " \t\n");
	char *name = mem_strndup(rest, length);

	if (!length || length > LIMIT_NAME_BYTES || strlen(title) > LIMIT_NAME_BYTES) {
		matrix_notice(frontend, room->id, NULL, "create needs the name of a room of the network.");
	} else if (!person_ready(frontend, sender)) {
		matrix_notice(frontend, room->id, NULL, "For that you need an account here: register with me first.");
	} else {
		bool is_new = !matrix_room_portal(frontend, name);
		struct asking *asking = ask(frontend, room, sender, is_new && *title ? title : NULL);

		asking->is_new = is_new;
		portal_room_open(frontend, name, created, asking);
	}
	mem_free(name);
}

void bot_offer_room(struct matrix_frontend *frontend, const char *address, const char *name)
{
	struct asking *asking = MEM_NEW(struct asking);

	asking->frontend = frontend;
	asking->sender = mem_strdup(address);
	portal_room_open(frontend, name, opened, asking);
}

/* -------------------------------------------------------------------------------------------------- lines */

/* In words of their own, without anybody's name. */
static bool is_about_room(const struct matrix_room *room, const char *text)
{
	size_t length = strcspn(text, " \t\n");
	const char *rest = text + length + strspn(text + length, " \t");

	if (room->kind == MATRIX_ROOM_PLAIN)
		return text_is_word(text, length, "plumb") && *rest;
	if (room->kind != MATRIX_ROOM_PORTAL)
		return false;
	return (text_is_word(text, length, "unplumb") && !*rest) ||
	       (text_is_word(text, length, "relay") &&
	        (text_equal_nocase(rest, "on") || text_equal_nocase(rest, "off")));
}

const char *bot_addressed(const struct matrix_frontend *frontend, const struct matrix_room *room,
                          const char *text)
{
	const char *names[] = {frontend->names.bot, frontend->bot};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		size_t length = strlen(names[i]);

		if (text_starts(text, names[i]) && (text[length] == ':' || text[length] == ','))
			return text + length + 1 + strspn(text + length + 1, " ");
	}
	return is_about_room(room, text) ? text : NULL;
}

/* What may have a password in it does not stay in the room. */
static void hide(struct matrix_frontend *frontend, const struct matrix_room *room, const char *event_id)
{
	struct buf transaction = {0};

	if (!event_id)
		return;
	matrix_put_transaction(frontend, &transaction);
	matrix_tell(frontend, HTTP_PUT,
	            matrix_path("/rooms/%s/redact/%s/%s", room->id, event_id, buf_text(&transaction)), NULL,
	            "{\"reason\":\"It may have a password in it.\"}", room->id);
	buf_finish(&transaction);
}

/* Commands about the room that they are said in. False: none of them. */
static bool run_in_room(struct matrix_frontend *frontend, struct matrix_room *room, const char *sender,
                        const char *word, size_t length, const char *rest)
{
	if (text_is_word(word, length, "plumb")) {
		if (!*rest || strlen(rest) > LIMIT_NAME_BYTES)
			matrix_notice(frontend, room->id, NULL,
			              "plumb needs the name of a room of the network.");
		else
			room_power_check(frontend, room, sender, plumb, ask(frontend, room, sender, rest));
	} else if (text_is_word(word, length, "unplumb")) {
		room_power_check(frontend, room, sender, unplumb, ask(frontend, room, sender, NULL));
	} else if (text_is_word(word, length, "relay")) {
		if (room->kind != MATRIX_ROOM_PORTAL)
			matrix_notice(frontend, room->id, NULL, "This room is tied to nothing.");
		else if (text_equal_nocase(rest, "on") || text_equal_nocase(rest, "off"))
			relay(frontend, room, sender, text_equal_nocase(rest, "on"));
		else
			matrix_notice(frontend, room->id, NULL, "relay on, or relay off.");
	} else {
		return false;
	}
	return true;
}

static void open_chat(struct matrix_frontend *frontend, const struct matrix_room *room, const char *sender,
                      const char *name)
{
	if (!*name || strlen(name) > LIMIT_NAME_BYTES) {
		matrix_notice(frontend, room->id, NULL, "chat needs the name of a contact.");
		return;
	}
	struct matrix_room *chat = chat_open(frontend, sender, name, false);

	if (chat)
		matrix_invite(frontend, chat->id, sender, chat->id);
	matrix_notice(frontend, room->id, NULL,
	              chat ? "You have this chat already." : "I have invited you to it.");
}

/* An access token is worth more than a password: it is hidden wherever it was said. */
static void give_voice(struct matrix_frontend *frontend, const struct matrix_room *room, const char *sender,
                       const char *event_id, const char *rest)
{
	if (*rest && !text_equal_nocase(rest, "off"))
		hide(frontend, room, event_id);
	if (room->kind == MATRIX_ROOM_CONTROL)
		puppet_command(frontend, room->id, sender, rest);
	else
		matrix_notice(frontend, room->id, NULL, "Not here: say that in a chat with me alone.");
}

static void run_command(struct matrix_frontend *frontend, const struct matrix_room *room, const char *sender,
                        const char *line, bool help, bool registers)
{
	struct asking *asking = ask(frontend, room, sender, NULL);

	asking->help = help;
	asking->registers = registers;
	command_run_line(frontend->base.transport, &frontend->base, sender, "", line, room->kind == MATRIX_ROOM_CONTROL,
	                 answered, asking);
}

void bot_line(struct matrix_frontend *frontend, struct matrix_room *room, const char *sender,
              const char *event_id, const char *line)
{
	const char *word = line + strspn(line, " \t\n");
	size_t length = strcspn(word, " \t\n");
	const char *rest = word + length + strspn(word + length, " \t\n");
	const struct command_asked asked = command_asked(frontend->base.transport, &frontend->base, sender);
	bool private = room->kind == MATRIX_ROOM_CONTROL;
	char *changed = NULL;

	if (asked.open && private) {
		if (asked.secret)
			hide(frontend, room, event_id);
		run_command(frontend, room, sender, line, false,
		            asked.command && !strcmp(asked.command->name, "register"));
		return;
	}
	if (run_in_room(frontend, room, sender, word, length, rest))
		return;
	if (text_is_word(word, length, "puppet")) {
		give_voice(frontend, room, sender, event_id, rest);
		return;
	}
	bool registers = text_is_word(word, length, "register") || (text_is_word(word, length, "login") && *rest);

	if (command_line_has_secret(word) || (*rest && command_is_nearly(word, length, "puppet")))
		hide(frontend, room, event_id);
	/* What is answered to these, or said with them, is for the two alone. */
	if (!private && (registers || text_is_word(word, length, "link"))) {
		matrix_notice(frontend, room->id, NULL, "Not here: say that in a chat with me alone.");
		return;
	}
	if (registers)
		person_of(frontend, sender)->curious = true;
	if (text_is_word(word, length, "login")) {
		person_of(frontend, sender)->curious = true;
		person_attach(frontend, sender);
		changed = *rest ? mem_printf("register %s", rest) : NULL;
	}
	if (text_is_word(word, length, "space"))
		matrix_notice(frontend, room->id, NULL,
		              space_offer(frontend, sender) ? "I have invited you to your space."
		                                            : "There are no spaces here.");
	else if (text_is_word(word, length, "chat"))
		open_chat(frontend, room, sender, rest);
	else if (text_is_word(word, length, "create"))
		create(frontend, room, sender, rest);
	else
		run_command(frontend, room, sender, changed ? changed : word, text_is_word(word, length, "help"),
		            registers);
	mem_free_secret(changed);
}

void bot_edited(struct matrix_frontend *frontend, const struct matrix_room *room, const struct matrix_event *event)
{
	const struct command_asked asked = command_asked(frontend->base.transport, &frontend->base, event->sender);
	const char *word = event->body + strspn(event->body, " \t\n");
	size_t length = strcspn(word, " \t\n");

	if (!asked.secret && !command_line_has_secret(word) &&
	    !(word[length] && command_is_nearly(word, length, "puppet")))
		return;
	hide(frontend, room, event->id);
	hide(frontend, room, event->replaces);
	matrix_notice(frontend, room->id, NULL, "I do not read what is changed afterwards: please say it anew.");
}

/* ------------------------------------------------------------------------------------------ invitation */

void bot_invited(struct matrix_frontend *frontend, const struct matrix_event *event)
{
	const char *id = event->room, *sender = event->sender;
	bool is_direct = event->is_direct;
	const struct person *person = person_of(frontend, sender);

	if (upgrade_invited(frontend, id))
		return;
	const struct matrix_room *known = matrix_room_find(frontend, id);

	/* What is said there is for the contact: it must not become a line to the bot. */
	if (known && (known->kind == MATRIX_ROOM_CHAT || known->kind == MATRIX_ROOM_LEFT)) {
		chat_refuse(frontend, id, NULL,
		            "This is a chat with somebody of the network. Please talk with me in one of our own.");
		return;
	}
	matrix_tell(frontend, HTTP_POST, matrix_path("/join/%s", id), NULL, NULL, id);
	/* It was put out without our being told. */
	if (known && (known->kind == MATRIX_ROOM_PORTAL || known->kind == MATRIX_ROOM_SPACE))
		return;
	struct matrix_room *room =
	        matrix_room_set(frontend, id, is_direct ? MATRIX_ROOM_CONTROL : MATRIX_ROOM_PLAIN,
	                        is_direct ? sender : NULL, NULL);

	matrix_room_note_member(frontend, room, frontend->bot, true);
	matrix_room_note_member(frontend, room, sender, true);
	members_ask(frontend, room);
	if (!is_direct && continuation_is_expected(frontend))
		continuation_ask(frontend, room);
	if (event->is_encrypted)
		encryption_found(frontend, room);
	if (!is_direct || room->encrypted)
		return;
	bool first = !person->control;

	person_set_control(frontend, sender, id);
	matrix_notice(frontend, id, NULL,
	              first ? "Hello. I bring you to the network behind me. Say: help"
	                    : "I am here. Say: help");
}
