/* SPDX-License-Identifier: MIT */
/* Ten thousand people and ghosts who come and go, and what is left of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/matrix/people/ghost.h"
#include "frontends/matrix/people/person.h"
#include "frontends/matrix/rooms/outsider.h"
#include "transport/people/session.h"
#include "transport/transport.h"

#define MANY 10000

static struct {
	uv_loop_t loop;
	struct transport transport;
	struct matrix_frontend frontend;
	struct matrix_room room; /* a portal */
} fx;

static void call(void *owner, later_function *run, const char *a, const char *b)
{
	((matrix_later_run *)run)(owner, a, b);
}

static void closed(void *owner)
{
	(void)owner;
}

static int setup(void **state)
{
	static const struct frontend_ops ops = {.name = "matrix"};
	struct matrix_frontend *frontend = &fx.frontend;

	(void)state;
	memset(&fx, 0, sizeof(fx));
	uv_loop_init(&fx.loop);
	fx.transport.identities = map_create();
	frontend->base.transport = &fx.transport;
	frontend->base.ops = &ops;
	frontend->names = (struct matrix_names){.server = "hs", .prefix = "irc_", .bot = "ircbot"};
	frontend->people = map_create();
	frontend->ghosts = map_create();
	frontend->rooms = map_create();
	later_init(&frontend->later, call, frontend);
	later_open(&frontend->later, &fx.loop);
	fx.room = (struct matrix_room){.id = (char *)"!lobby:hs", .kind = MATRIX_ROOM_PORTAL, .owner = (char *)"@owner:hs"};
	map_put(frontend->rooms, fx.room.id, &fx.room);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	later_close(&fx.frontend.later, closed);
	later_finish(&fx.frontend.later);
	people_free(&fx.frontend);
	ghosts_free(&fx.frontend);
	map_destroy(&fx.frontend.rooms, NULL);
	map_destroy(&fx.room.members, NULL);
	map_destroy(&fx.room.arrivals.waiting, NULL);
	map_destroy(&fx.room.outsiders, NULL);
	map_destroy(&fx.transport.identities, NULL);
	uv_run(&fx.loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&fx.loop), 0);
	return 0;
}

static void turn(void)
{
	uv_run(&fx.loop, UV_RUN_NOWAIT);
	uv_run(&fx.loop, UV_RUN_NOWAIT);
}

static const char *guest(unsigned number)
{
	static char id[64];

	snprintf(id, sizeof(id), "@guest%u:far", number);
	return id;
}

static const char *nick(unsigned number)
{
	static char id[64];

	snprintf(id, sizeof(id), "@irc_nick%u:hs", number);
	return id;
}

static size_t known(void)
{
	return map_count(fx.frontend.people) + map_count(fx.frontend.ghosts);
}

/* Federated people, one after the other, who say something and are not seen again. */
static void test_people_who_pass_by(void **state)
{
	(void)state;
	person_note_name(&fx.frontend, "@stays:far", "Stays");
	matrix_room_note_member(&fx.frontend, &fx.room, "@stays:far", true);
	person_note_name(&fx.frontend, "@owner:hs", "Owner");
	for (unsigned i = 0; i < MANY; i++) {
		const char *id = guest(i);

		person_note_name(&fx.frontend, id, "Guest");
		matrix_room_note_member(&fx.frontend, &fx.room, id, true);
		matrix_room_note_member(&fx.frontend, &fx.room, id, false);
		turn();
		if (known() > LIMIT_MATRIX_PASSERS_BY + 2)
			fail_msg("%zu are known after %u", known(), i);
	}
	/* whoever is in a room is known by his name, and whose a room is */
	assert_string_equal(person_name(&fx.frontend, "@stays:far"), "Stays");
	assert_string_equal(person_name(&fx.frontend, "@owner:hs"), "Owner");
	assert_null(map_get(fx.frontend.people, "@guest1:far"));
}

/* All are there at once, and known, until they go. */
static void test_a_crowd(void **state)
{
	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		const char *id = guest(i);

		matrix_room_note_member(&fx.frontend, &fx.room, id, true);
		person_note_name(&fx.frontend, id, id);
		turn();
	}
	assert_int_equal(map_count(fx.frontend.people), MANY);
	assert_string_equal(person_name(&fx.frontend, "@guest0:far"), "@guest0:far");
	for (unsigned i = 0; i < MANY; i++) {
		matrix_room_note_member(&fx.frontend, &fx.room, guest(i), false);
		turn();
	}
	assert_in_range(map_count(fx.frontend.people), 0, LIMIT_MATRIX_PASSERS_BY);
}

/* Ghosts of participants who change their nickname again and again. */
static void test_ghosts_that_pass_by(void **state)
{
	(void)state;
	ghost_takes_icon(&fx.frontend, "@irc_stays:hs", "hash");
	matrix_room_note_member(&fx.frontend, &fx.room, "@irc_stays:hs", true);
	ghost_takes_icon(&fx.frontend, "@irc_comes:hs", "hash");
	map_set(&fx.room.arrivals.waiting, "@irc_comes:hs", (void *)"comes");
	for (unsigned i = 0; i < MANY; i++) {
		const char *id = nick(i);

		ghost_takes_icon(&fx.frontend, id, "hash");
		matrix_room_note_member(&fx.frontend, &fx.room, id, true);
		matrix_room_note_member(&fx.frontend, &fx.room, id, false);
		turn();
		if (known() > LIMIT_MATRIX_PASSERS_BY + 2)
			fail_msg("%zu are known after %u", known(), i);
	}
	assert_false(ghost_takes_icon(&fx.frontend, "@irc_stays:hs", "hash"));
	assert_false(ghost_takes_icon(&fx.frontend, "@irc_comes:hs", "hash"));
	assert_true(ghost_takes_icon(&fx.frontend, "@irc_nick1:hs", "hash"));
}

/* With whom something is under way is in no room, and is needed. */
static void test_what_is_needed_stays(void **state)
{
	struct identity *identity = MEM_NEW_TEXT(struct identity, address, "@session:hs");
	struct text_key key;

	(void)state;
	map_put(fx.transport.identities, text_key_join(&key, "matrix", identity->address), identity);
	text_key_finish(&key);
	assert_ptr_equal(session_find_identity(&fx.transport, &fx.frontend.base, "@session:hs"), identity);
	person_note_name(&fx.frontend, "@session:hs", "Session");
	person_of(&fx.frontend, "@making:hs")->creating = true;
	person_of(&fx.frontend, "@reading:hs")->puppet = PUPPET_LOADING;
	person_of(&fx.frontend, "@told:hs")->control = mem_strdup("!control:hs");
	for (unsigned i = 0; i < LIMIT_MATRIX_PASSERS_BY; i++)
		person_of(&fx.frontend, guest(i));
	turn();
	assert_in_range(map_count(fx.frontend.people), 4, 8);
	assert_string_equal(person_name(&fx.frontend, "@session:hs"), "Session");
	assert_true(person_of(&fx.frontend, "@making:hs")->creating);
	assert_int_equal(person_of(&fx.frontend, "@reading:hs")->puppet, PUPPET_LOADING);
	assert_string_equal(person_of(&fx.frontend, "@told:hs")->control, "!control:hs");
	mem_free(identity);
}

static void test_outsiders(void **state)
{
	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		outsider_note(&fx.room, nick(i));
		if (map_count(fx.room.outsiders) > LIMIT_MATRIX_OUTSIDERS)
			fail_msg("%zu are known after %u", map_count(fx.room.outsiders), i);
	}
	assert_int_equal(outsider_of(&fx.room, nick(MANY - 1)), OUTSIDER_SPOKEN_FOR);
	for (unsigned i = 0; i < MANY; i++)
		outsider_gone(&fx.room, nick(i));
	assert_int_equal(map_count(fx.room.outsiders), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_people_who_pass_by), TEST(test_a_crowd),   TEST(test_ghosts_that_pass_by),
		TEST(test_what_is_needed_stays), TEST(test_outsiders),
	};

	return cmocka_run_group_tests_name("matrix: passers-by", tests, NULL, NULL);
}
