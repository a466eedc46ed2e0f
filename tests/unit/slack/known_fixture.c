/* SPDX-License-Identifier: MIT */
#include "tests/unit/slack/known_fixture.h"

#include <string.h>

#include "base/clock.h"
#include "frontends/slack/channels/known.h"
#include "transport/spool/spool.h"

/* In the place of that of base/clock.h, by the linker (--wrap). */
int64_t __wrap_clock_wall_ms(void);

int64_t __wrap_clock_wall_ms(void)
{
	return 1000000;
}

int64_t known_fixture_ahead_ms;

int64_t web_api_ahead_ms(const struct web_api *api)
{
	(void)api;
	return known_fixture_ahead_ms;
}

int known_fixture_setup(void **state)
{
	struct known_fixture *fixture = MEM_NEW(struct known_fixture);
	struct buf error = {0};

	known_fixture_ahead_ms = 0;
	uv_loop_init(&fixture->loop);
	assert_int_equal(spool_open(&fixture->transport.spool, &fixture->loop,
				    &(struct spool_config){.durability = SPOOL_OFF,
							   .max_bytes = 1u << 20,
							   .max_owner_bytes = 1u << 20,
							   .max_owner_records = 100},
				    &error),
			 0);
	fixture->frontend.base.transport = &fixture->transport;
	fixture->frontend.channels = map_create();
	fixture->workspace.frontend = &fixture->frontend;
	fixture->workspace.team = TEAM;
	fixture->workspace.bot_user = BOT;
	fixture->channel.kind = CHANNEL_PORTAL;
	fixture->channel.place = TEAM "/" CHANNEL;
	assert_true(slack_address_read(&fixture->channel.at, fixture->channel.place));
	map_put(fixture->frontend.channels, fixture->channel.place, &fixture->channel);
	known_begin(&fixture->frontend, &fixture->channel);
	*state = fixture;
	return 0;
}

int known_fixture_teardown(void **state)
{
	struct known_fixture *fixture = *state;

	known_free(&fixture->channel);
	map_destroy(&fixture->frontend.channels, NULL);
	spool_close(&fixture->transport.spool);
	uv_run(&fixture->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&fixture->loop), 0);
	buf_finish(&fixture->told);
	mem_free(fixture);
	return 0;
}

void known_fixture_restart(struct known_fixture *fixture)
{
	known_free(&fixture->channel);
}

void known_fixture_say(struct known_fixture *fixture, const char *ts, const char *thread, const char *user)
{
	known_add(&fixture->frontend, &fixture->channel,
		  &(struct slack_event){.kind = SLACK_MESSAGE, .channel = CHANNEL, .ts = ts, .thread_ts = thread, .user = user});
}

bool known_fixture_react(struct known_fixture *fixture, const char *ts, const char *user, const char *name, bool added)
{
	return known_fixture_react_at(fixture, ts, user, name, added, NULL);
}

bool known_fixture_react_at(struct known_fixture *fixture, const char *ts, const char *user, const char *name,
			    bool added, const char *event_ts)
{
	return known_react(&fixture->frontend, TEAM,
			   &(struct slack_event){.kind = SLACK_REACTION,
						 .channel = CHANNEL,
						 .ts = ts,
						 .user = user,
						 .reaction = name,
						 .event_id = event_ts ? "Ev1" : NULL,
						 .event_ts = event_ts,
						 .added = added});
}

void known_fixture_expect(struct known_fixture *fixture, const char *expected)
{
	assert_string_equal(fixture->told.len ? buf_text(&fixture->told) : "", expected);
	buf_clear(&fixture->told);
}
