/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/ping.h"

#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "frontends/matrix/matrix.h"
#include "frontends/matrix/wire/homeserver.h"
#include "transport/http/http_url.h"

#define PATH "/_matrix/client/v1"
#define OLD_PATH "/_matrix/client/unstable/fi.mau.msc2659"

static void ask(struct matrix_frontend *frontend, const char *begin, matrix_done *done)
{
	struct buf path = {0};

	buf_puts(&path, begin);
	buf_puts(&path, "/appservice/");
	http_put_encoded(&path, frontend->registration.id);
	buf_puts(&path, "/ping");
	homeserver_call(frontend->homeserver, &(struct matrix_call){.method = HTTP_POST,
	                                                            .path = buf_text(&path),
	                                                            .body = "{}",
	                                                            .done = done,
	                                                            .context = frontend});
	buf_finish(&path);
}

/* Not every homeserver has the code for it. */
static bool is_unknown(const struct matrix_reply *reply)
{
	return reply->err == TP_ERR_NOT_FOUND || reply->status == 405 || !strcmp(reply->errcode, "M_UNRECOGNIZED");
}

static void tell_refusal(struct matrix_frontend *frontend, const struct matrix_reply *reply)
{
	if (reply->err)
		log_warning(&frontend->base.log, "the homeserver does not see whether it reaches us: %s", reply->problem);
}

static void on_old(void *context, const struct matrix_reply *reply)
{
	struct matrix_frontend *frontend = context;

	if (is_unknown(reply))
		log_info(&frontend->base.log, "the homeserver knows no ping: what it has for us comes when it tries again");
	else
		tell_refusal(frontend, reply);
}

static void on_reply(void *context, const struct matrix_reply *reply)
{
	struct matrix_frontend *frontend = context;

	if (frontend->stopping)
		return;
	if (is_unknown(reply))
		ask(frontend, OLD_PATH, on_old);
	else
		tell_refusal(frontend, reply);
}

void matrix_ping(struct matrix_frontend *frontend)
{
	ask(frontend, PATH, on_reply);
}
