/* SPDX-License-Identifier: MIT */
#include "frontends/slack/people/member_picture.h"

#include "base/log.h"
#include "config/limits.h"
#include "frontends/slack/people/member.h"
#include "transport/http/http_url.h"

struct fetching {
	struct list link; /* frontend->fetching */
	struct slack_frontend *frontend;
	struct http_call *call;
	char *name;
	frontend_card_done *done;
	void *context;
};

static void fetching_free(struct fetching *fetching)
{
	list_remove(&fetching->link);
	http_call_cancel(&fetching->call);
	mem_free(fetching->name);
	mem_free(fetching);
}

static void on_picture(void *context, const struct http_result *result)
{
	struct fetching *fetching = context;
	bool good = !result->err && result->status == 200;
	const struct event_vcard card = {.full_name = fetching->name,
					 .photo = (const uint8_t *)result->body,
					 .photo_size = result->length,
					 .has_photo = true};

	fetching->call = NULL;
	if (!good)
		log_info(&fetching->frontend->base.log, "a picture of somebody of a workspace cannot be fetched: %s",
			 result->err ? result->problem : "it is refused");
	fetching->done(fetching->context, good ? &card : NULL);
	fetching_free(fetching);
}

/* Slack's pictures are where anybody may fetch them. On this machine they are only if Slack itself is. */
static bool is_of_this_machine(const struct slack_frontend *frontend, const char *url)
{
	bool loopback = false;

	return http_url_is(url, "http", &loopback) && loopback && web_api_may_use(frontend->api, url, false);
}

bool member_picture_card(struct frontend *base, const char *address, size_t max, frontend_card_done *done,
			 void *context)
{
	struct slack_frontend *frontend = slack_frontend_of(base);
	struct workspace *workspace = frontend->stopping ? NULL : workspace_of(frontend, address);
	struct slack_address read;

	/* What is being asked for is told by portrait_changed. */
	if (!workspace || !slack_address_read(&read, address) || !member_known(workspace, read.id))
		return false;
	const struct member *member = member_of(workspace, read.id);

	if (!member->avatar)
		return false;
	struct fetching *fetching = MEM_NEW(struct fetching);

	*fetching = (struct fetching){
		.frontend = frontend, .name = mem_strdup(member->name), .done = done, .context = context};
	list_init(&fetching->link);
	list_append(&frontend->fetching, &fetching->link);
	fetching->call = http_client_ask(frontend->http,
					 &(struct http_ask){.method = HTTP_GET,
							    .url = member->avatar,
							    .answer_max = max,
							    .timeout_s = LIMIT_MEDIA_FETCH_SECONDS,
							    .foreign = !is_of_this_machine(frontend, member->avatar),
							    .done = on_picture,
							    .context = fetching});
	return true;
}

void member_pictures_end(struct slack_frontend *frontend)
{
	LIST_EACH (link, &frontend->fetching)
		fetching_free(CONTAINER_OF(link, struct fetching, link));
}
