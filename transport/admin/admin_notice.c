/* SPDX-License-Identifier: MIT */
#include "transport/admin/admin_notice.h"

#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/limits.h"
#include "transport/frontend.h"
#include "transport/transport.h"

static void drop_first(struct frontend *frontend)
{
	mem_free(frontend->admin_notices[0]);
	memmove(frontend->admin_notices, frontend->admin_notices + 1,
		--frontend->admin_notices_count * sizeof(*frontend->admin_notices));
}

static void keep(struct frontend *frontend, const char *text)
{
	if (!frontend->admin_notices)
		frontend->admin_notices = mem_alloc(LIMIT_ADMIN_NOTICES * sizeof(*frontend->admin_notices));
	if (frontend->admin_notices_count == LIMIT_ADMIN_NOTICES) {
		log_warning(&frontend->log, "too much waits for administrators: the oldest is dropped");
		drop_first(frontend);
	}
	frontend->admin_notices[frontend->admin_notices_count++] = mem_strdup(text);
}

void admin_notice(struct transport *transport, const struct frontend *but, const char *text)
{
	if (transport->stopping)
		return;
	LIST_EACH (link, &transport->frontends) {
		struct frontend *frontend = CONTAINER_OF(link, struct frontend, link);

		if (frontend == but || !frontend->ops->tell_admins)
			continue;
		admin_notice_show_waiting(frontend);
		if (frontend->admin_notices_count || frontend->ops->tell_admins(frontend, text))
			keep(frontend, text);
	}
}

void admin_notice_show_waiting(struct frontend *frontend)
{
	while (frontend->admin_notices_count &&
	       !frontend->ops->tell_admins(frontend, frontend->admin_notices[0]))
		drop_first(frontend);
}

void admin_notice_forget(struct frontend *frontend)
{
	while (frontend->admin_notices_count)
		drop_first(frontend);
	MEM_FREE(frontend->admin_notices);
}
