/* SPDX-License-Identifier: MIT */
/* How often the homeserver is told who is there: again and again, not too often, and not for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>
#include <cmocka.h>

#include "base/error.h"
#include "base/mem.h"
#include "config/limits.h"
#include "frontends/matrix/people/ghost.h"
#include "frontends/matrix/people/person.h"
#include "frontends/matrix/people/presence.h"
#include "transport/people/roster.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/transport.h"

#define INTERVAL_S 20

static struct {
	uv_loop_t loop;
	struct transport transport;
	struct matrix_frontend frontend;
	struct user user;
	struct identity *identity;
	struct resource *resource;
	struct matrix_room chats[LIMIT_MATRIX_PRESENCES + 5];
	char names[LIMIT_MATRIX_PRESENCES + 5][16];
	bool here[LIMIT_MATRIX_PRESENCES + 5]; /* whether the contact is */
	uint64_t now_ms;
	unsigned told, gone; /* calls since forget(); of them, that somebody is offline */
	int err;             /* what the next calls are answered */
} fx;

/* ---- what is around it ---- */

void __wrap_homeserver_call(struct homeserver *homeserver, const struct matrix_call *call);
void __wrap_homeserver_call(struct homeserver *homeserver, const struct matrix_call *call)
{
	(void)homeserver;
	fx.told++;
	fx.gone += strstr(call->body, "offline") != NULL;
	call->done(call->context, &(struct matrix_reply){.err = fx.err, .errcode = "", .problem = "no"});
}

uint64_t __wrap_clock_ms(void);
uint64_t __wrap_clock_ms(void)
{
	return fx.now_ms;
}

struct resource *__wrap_person_ready(struct matrix_frontend *frontend, const char *id);
struct resource *__wrap_person_ready(struct matrix_frontend *frontend, const char *id)
{
	(void)frontend;
	(void)id;
	return fx.resource;
}

struct contact *__wrap_roster_find(const struct roster *roster, const char *name);
struct contact *__wrap_roster_find(const struct roster *roster, const char *name)
{
	static struct contact contact;

	(void)roster;
	contact.status = fx.here[strtoul(name, NULL, 10)] ? STATUS_ONLINE : STATUS_OFFLINE;
	return &contact;
}

void __wrap_contact_to_event(const struct contact *contact, const struct user *user, struct event *event);
void __wrap_contact_to_event(const struct contact *contact, const struct user *user, struct event *event)
{
	(void)user;
	*event = (struct event){.contact = {.status = contact->status}};
}

char *__wrap_ghost_of_chat(const struct matrix_frontend *frontend, const struct matrix_room *room);
char *__wrap_ghost_of_chat(const struct matrix_frontend *frontend, const struct matrix_room *room)
{
	(void)frontend;
	return mem_printf("@irc_%s:hs", room->name);
}

/* ---- a person with chats ---- */

static void call(void *owner, later_function *run, const char *a, const char *b)
{
	(void)owner;
	(void)run;
	(void)a;
	(void)b;
}

static void closed(void *owner)
{
	(void)owner;
}

static int setup(void **state)
{
	(void)state;
	memset(&fx, 0, sizeof(fx));
	uv_loop_init(&fx.loop);
	fx.now_ms = 1000000;
	fx.frontend.base.transport = &fx.transport;
	fx.frontend.config.presence = true;
	fx.frontend.config.presence_interval = INTERVAL_S;
	fx.frontend.chats = map_create();
	fx.user.state = USER_CONNECTED;
	fx.identity = MEM_NEW(struct identity);
	fx.identity->user = &fx.user;
	fx.resource = MEM_NEW(struct resource);
	fx.resource->identity = fx.identity;
	later_init(&fx.frontend.later, call, &fx.frontend);
	later_open(&fx.frontend.later, &fx.loop);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	presence_free(&fx.frontend);
	later_close(&fx.frontend.later, closed);
	later_finish(&fx.frontend.later);
	map_destroy(&fx.frontend.chats, NULL);
	mem_free(fx.resource);
	mem_free(fx.identity);
	uv_run(&fx.loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&fx.loop), 0);
	return 0;
}

static void shows(unsigned number, enum status status)
{
	char ghost[32];

	snprintf(ghost, sizeof(ghost), "@irc_%u:hs", number);
	fx.here[number] = status != STATUS_OFFLINE;
	presence_show(&fx.frontend, ghost, &(struct event_contact){.status = status});
}

/* A chat with each of so many, and all are there. */
static void come(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		snprintf(fx.names[i], sizeof(fx.names[i]), "%u", i);
		fx.chats[i] = (struct matrix_room){.kind = MATRIX_ROOM_CHAT, .owner = (char *)"@alice:hs", .name = fx.names[i]};
		map_put(fx.frontend.chats, fx.names[i], &fx.chats[i]);
		shows(i, STATUS_ONLINE);
	}
}

static void look_after(unsigned ms)
{
	fx.now_ms += ms;
	fx.told = fx.gone = 0;
	presence_look(&fx.frontend, NULL, NULL);
}

/* ---- tests ---- */

static void test_kept_up(void **state)
{
	(void)state;
	come(2);
	assert_int_equal(fx.told, 2);
	look_after(1000);
	assert_int_equal(fx.told, 0);
	look_after((INTERVAL_S - 1) * 1000);
	assert_int_equal(fx.told, 2);
	look_after(1000);
	assert_int_equal(fx.told, 0);
	/* One leaves, by a word of the network: told at once, and not again. */
	shows(0, STATUS_OFFLINE);
	assert_int_equal(fx.gone, 1);
	look_after(INTERVAL_S * 1000);
	assert_int_equal(fx.told, 1);
	assert_int_equal(fx.gone, 0);
}

static void test_ends(void **state)
{
	(void)state;
	come(2);
	/* Without a word. */
	fx.here[1] = false;
	look_after(INTERVAL_S * 1000);
	assert_int_equal(fx.told, 2);
	assert_int_equal(fx.gone, 1);
	/* The session is over. */
	fx.user.state = USER_IDLE;
	look_after(INTERVAL_S * 1000);
	assert_int_equal(fx.told, 1);
	assert_int_equal(fx.gone, 1);
	look_after(INTERVAL_S * 1000);
	assert_int_equal(fx.told, 0);
	/* And begins again, as in a new process. */
	fx.user.state = USER_CONNECTED;
	look_after(INTERVAL_S * 1000);
	assert_int_equal(fx.told, 1);
}

static void test_many(void **state)
{
	unsigned rounds = 0, told = 0;

	(void)state;
	come(LIMIT_MATRIX_PRESENCES + 5);
	assert_int_equal(fx.told, LIMIT_MATRIX_PRESENCES + 5);
	look_after(INTERVAL_S * 1000);
	for (; fx.told; rounds++) {
		assert_in_range(fx.told, 1, LIMIT_MATRIX_PRESENCES_AT_ONCE);
		told += fx.told;
		look_after(LIMIT_MATRIX_PRESENCE_MS / 2);
	}
	assert_int_equal(told, LIMIT_MATRIX_PRESENCES);
	assert_int_equal(rounds, LIMIT_MATRIX_PRESENCES / LIMIT_MATRIX_PRESENCES_AT_ONCE);
}

static void test_refused(void **state)
{
	(void)state;
	fx.err = TP_ERR_NOT_ALLOWED;
	come(LIMIT_MATRIX_PRESENCE_REFUSALS + 2);
	assert_int_equal(fx.told, LIMIT_MATRIX_PRESENCE_REFUSALS);
	look_after(INTERVAL_S * 1000);
	assert_int_equal(fx.told, 0);
	/* A homeserver that is away, or has too much to do, refuses nothing. */
	presence_try_again(&fx.frontend);
	fx.err = TP_ERR_IO;
	for (unsigned i = 0; i < LIMIT_MATRIX_PRESENCE_REFUSALS + 2; i++)
		shows(0, i % 2 ? STATUS_AWAY : STATUS_ONLINE);
	assert_int_equal(fx.told, LIMIT_MATRIX_PRESENCE_REFUSALS + 2);
	/* Nor does one that has taken some. */
	for (unsigned i = 0; i < 3 * LIMIT_MATRIX_PRESENCE_REFUSALS; i++) {
		fx.err = i % LIMIT_MATRIX_PRESENCE_REFUSALS ? TP_ERR_NOT_FOUND : 0;
		shows(0, i % 2 ? STATUS_AWAY : STATUS_ONLINE);
	}
	assert_int_equal(fx.told, 4 * LIMIT_MATRIX_PRESENCE_REFUSALS + 2);
	/* Switched off. */
	fx.frontend.config.presence = false;
	shows(0, STATUS_ONLINE);
	look_after(INTERVAL_S * 1000);
	assert_int_equal(fx.told, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_kept_up, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
