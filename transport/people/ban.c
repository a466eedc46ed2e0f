/* SPDX-License-Identifier: MIT */
#include "transport/people/ban.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "transport/transport.h"

static void ban_destroy(void *value)
{
	struct ban *ban = value;

	if (!ban)
		return;
	mem_free(ban->reason);
	mem_free(ban->sentence);
	mem_free(ban);
}

static void remember(struct transport *transport, const char *key, const char *reason, int64_t since_s)
{
	struct ban *ban = MEM_NEW(struct ban);

	ban->reason = mem_strdup(reason);
	ban->sentence = *reason ? mem_printf("You are banned from this gateway: %s", reason)
	                        : mem_strdup("You are banned from this gateway.");
	ban->since_s = since_s;
	ban_destroy(map_put(transport->bans, key, ban));
}

static void loaded(void *context, int err, const struct store_ban *bans, size_t count)
{
	struct transport *transport = context;

	if (err)
		log_error(&transport->log, "the bans could not be read (%s): nobody is kept out",
		          tp_error_text(err));
	for (size_t i = 0; i < count; i++)
		if (!map_get(transport->bans, bans[i].key))
			remember(transport, bans[i].key, bans[i].reason, bans[i].since_s);
}

void bans_load(struct transport *transport)
{
	store_list_bans(transport->store, loaded, transport);
}

void bans_finish(struct transport *transport)
{
	map_destroy(&transport->bans, ban_destroy);
}

const char *ban_sentence(const struct transport *transport, const char *key)
{
	const struct ban *ban = map_get(transport->bans, key);

	return ban ? ban->sentence : NULL;
}

void ban_put(struct transport *transport, const char *key, const char *reason, store_done *done,
             void *context)
{
	remember(transport, key, reason, clock_wall_ms() / 1000);
	log_info(&transport->log, "banned: %s", log_quote(key));
	store_put_ban(transport->store, key, reason, done, context);
}

int ban_remove(struct transport *transport, const char *key, store_done *done, void *context)
{
	struct ban *ban = map_remove(transport->bans, key);

	if (!ban)
		return TP_ERR_NOT_FOUND;
	ban_destroy(ban);
	log_info(&transport->log, "no longer banned: %s", log_quote(key));
	store_remove_ban(transport->store, key, done, context);
	return 0;
}
