/* SPDX-License-Identifier: MIT */
#include "transport/reload.h"

#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "transport/backend/network_plugin_server.h"
#include "transport/frontend.h"
#include "transport/people/account.h"
#include "transport/transport.h"

struct reload {
	struct transport *transport;
	struct buf waiting; /* keys that need a restart */
};

/* Last of all checks: a frontend that could do so uses the new files at once. */
static bool reload_frontends(struct transport *transport, struct buf *error)
{
	bool good = true;

	LIST_EACH (link, &transport->frontends) {
		struct frontend *frontend = CONTAINER_OF(link, struct frontend, link);

		if (frontend->ops->reload && frontend->ops->reload(frontend, error) != 0)
			good = false;
	}
	return good;
}

/* What transport_check says about live keys, and files that they name. */
static bool check(void *context, struct buf *error)
{
	const struct reload *reload = context;
	const struct service_config *service = &reload->transport->service;
	enum log_level level;

	if (*service->log_level && !log_level_parse(service->log_level, &level)) {
		buf_printf(error, "logging.level: %s is none of error, warning, info, debug",
		           log_quote(service->log_level));
		return false;
	}
	return account_check(reload->transport, error) == 0 && reload_frontends(reload->transport, error);
}

static void differs(void *context, const char *name, bool changed)
{
	struct reload *reload = context;

	if (changed) {
		log_info(&reload->transport->log, "%s has changed", name);
		return;
	}
	log_warning(&reload->transport->log, "%s differs in the file: it takes effect with a restart", name);
	buf_printf(&reload->waiting, "%s%s", reload->waiting.len ? ", " : "", name);
}

static void put_into_force(struct transport *transport)
{
	log_level_parse(transport->service.log_level, &log_threshold);
	network_plugin_server_reconfigure(transport->backends);
	transport_features_changed(transport);
}

static void log_lines(struct transport *transport, const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");

		if (length)
			log_error(&transport->log, "not reloaded: %.*s", (int)length, text);
		text += length + (text[length] == '\n');
	}
}

int transport_reload(struct transport *transport, struct buf *said)
{
	struct reload reload = {.transport = transport};
	const struct config_reload how = {check, differs, &reload};
	struct buf error = {0};

	if (log_reopen(&error) < 0) {
		buf_puts(&error, ": what is logged goes on into the former file");
		log_error(&transport->log, "%s", buf_text(&error));
	}
	int err = config_reload(transport->config, &how, said);

	transport->reload_failed = err;
	if (err) {
		while (said->len && said->data[said->len - 1] == '\n')
			said->len--;
		log_lines(transport, buf_text(said));
	} else {
		put_into_force(transport);
		if (reload.waiting.len)
			buf_printf(said, "These take effect with a restart: %s", buf_text(&reload.waiting));
		log_info(&transport->log, "configuration reloaded");
	}
	if (error.len)
		buf_printf(said, "%s%s", said->len ? "\n" : "", buf_text(&error));
	buf_finish(&error);
	buf_finish(&reload.waiting);
	return err;
}
