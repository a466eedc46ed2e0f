/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/upload.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/xmpp/disco.h"
#include "transport/http/http_client.h"
#include "transport/media/media.h"

enum service_state { SERVICE_LOOKING, SERVICE_FOUND, SERVICE_NONE };

/* What a domain has, or the configured service under its own name. */
struct upload_service {
	enum service_state state;
	char *jid;
	uint64_t max_size; /* 0: not said */
	unsigned asked;    /* answers that are still to come */
	uint64_t until_ms; /* clock_ms: then it is looked for again */
	bool trusted;      /* the administrator's own: it may be on this machine or in a private network */
	struct list waiting; /* struct upload.link */
};

struct upload {
	struct list link; /* upload_service.waiting; empty once it was found */
	char id[24];      /* in frontend->uploads */
	struct xmpp_frontend *frontend;
	struct upload_service *service;
	char *key, *name, *type;
	uint64_t size, trace;
	char *get; /* where it will be */
	struct http_call *call;
	upload_done *done;
	void *context;
};

static void upload_free(struct upload *upload)
{
	map_remove(upload->frontend->uploads, upload->id);
	list_remove(&upload->link);
	http_call_cancel(&upload->call);
	mem_free(upload->key);
	mem_free(upload->name);
	mem_free(upload->type);
	mem_free(upload->get);
	mem_free(upload);
}

static void upload_end(struct upload *upload, const char *problem)
{
	struct xmpp_frontend *frontend = upload->frontend;

	if (problem)
		log_info(&frontend->base.log, "%s takes no file: %s%s",
		         upload->service->jid ? log_quote(upload->service->jid) : "nobody", problem,
		         log_trace(upload->trace));
	upload->done(frontend, upload->context, problem ? NULL : upload->get, problem);
	upload_free(upload);
}

static void service_set(struct upload_service *service, enum service_state state)
{
	service->state = state;
	service->until_ms = clock_ms() + LIMIT_XMPP_UPLOAD_AGAIN_SECONDS * UINT64_C(1000);
}

/* The service does not let us, or does not work: it is asked again after a while. */
static void upload_refused(struct upload *upload, const char *problem)
{
	service_set(upload->service, SERVICE_NONE);
	upload_end(upload, problem);
}

/* ------------------------------------------------------------------------------------------------ the file */

static void on_put(void *context, const struct http_result *result)
{
	struct upload *upload = context;
	char problem[64];

	upload->call = NULL;
	if (!result->err && result->status >= 200 && result->status < 300) {
		upload_end(upload, NULL);
		return;
	}
	snprintf(problem, sizeof(problem), "it is answered with status %u", result->status);
	upload_refused(upload, result->err ? result->problem : problem);
}

/* XEP-0363, section 5: these and no others, and each on one line. */
static char *header_of(xmpp_stanza_t *element)
{
	static const char *const allowed[] = {"Authorization", "Cookie", "Expires"};
	const char *name = tree_is(element, "header") ? xmpp_stanza_get_attribute(element, "name") : NULL;
	char *value = name ? tree_text(element) : NULL, *header = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(allowed) && value; i++)
		if (text_equal_nocase(name, allowed[i]) && !value[strcspn(value, "\r\n")])
			header = mem_printf("%s: %s", allowed[i], value);
	mem_free(value);
	return header;
}

static void put(struct upload *upload, const char *url, xmpp_stanza_t *slot)
{
	struct xmpp_frontend *frontend = upload->frontend;
	char *headers[LIMIT_XMPP_UPLOAD_HEADERS + 1] = {NULL};
	size_t count = 0;
	uint64_t size;
	int fd, err = media_open_file(frontend->base.transport->media, upload->key, &fd, &size);

	if (err) {
		upload_end(upload, "it is not kept any more");
		return;
	}
	for (xmpp_stanza_t *child = xmpp_stanza_get_children(slot); child && count < LIMIT_XMPP_UPLOAD_HEADERS;
	     child = xmpp_stanza_get_next(child))
		if ((headers[count] = header_of(child)) != NULL)
			count++;
	if (!frontend->http)
		frontend->http = http_client_create(frontend->base.transport->loop, &frontend->base.log);
	upload->call = http_client_ask(frontend->http,
	                               &(struct http_ask){.method = HTTP_PUT,
	                                                  .url = url,
	                                                  .headers = (const char *const *)headers,
	                                                  .content_type = upload->type,
	                                                  .body_fd = fd,
	                                                  .body_from_fd = true,
	                                                  .body_size = size,
	                                                  .answer_max = LIMIT_XMPP_UPLOAD_ANSWER_BYTES,
	                                                  .timeout_s = LIMIT_XMPP_UPLOAD_SECONDS,
	                                                  .foreign = !upload->service->trusted,
	                                                  .done = on_put,
	                                                  .context = upload});
	for (size_t i = 0; i < count; i++)
		mem_free(headers[i]);
}

static char *url_in(xmpp_stanza_t *slot, const char *name)
{
	xmpp_stanza_t *element = tree_child(slot, name);
	const char *url = element ? xmpp_stanza_get_attribute(element, "url") : NULL;

	return url && strlen(url) <= LIMIT_XMPP_URL_BYTES && text_is_web_url(url) ? mem_strdup(url) : NULL;
}

static void on_slot(struct xmpp_frontend *frontend, const char *from, const char *id, xmpp_stanza_t *result)
{
	struct upload *upload = map_get(frontend->uploads, id);
	xmpp_stanza_t *slot = result ? tree_child_ns(result, "slot", NS_UPLOAD) : NULL;
	char *to = url_in(slot, "put");

	(void)from;
	if (!upload) {
		mem_free(to);
		return;
	}
	upload->get = url_in(slot, "get");
	if (to && upload->get)
		put(upload, to, tree_child(slot, "put"));
	else
		upload_refused(upload, "it gives us no slot");
	mem_free(to);
}

static void ask_for_slot(struct upload *upload)
{
	struct xmpp_frontend *frontend = upload->frontend;
	const struct upload_service *service = upload->service;

	list_remove(&upload->link);
	list_init(&upload->link);
	if (service->state != SERVICE_FOUND) {
		upload_end(upload, "there is no service that would");
		return;
	}
	if (service->max_size && upload->size > service->max_size) {
		upload_end(upload, "it is too large");
		return;
	}
	if (map_count(frontend->pending_iqs) >= LIMIT_XMPP_REQUESTS) {
		upload_end(upload, "too many requests are under way");
		return;
	}
	struct xml_writer *writer = request_begin(frontend, "get", service->jid, on_slot, upload->id);

	xml_start_ns(writer, "request", NS_UPLOAD);
	xml_attr(writer, "filename", upload->name);
	xml_attr_int(writer, "size", (long long)upload->size);
	xml_attr(writer, "content-type", upload->type);
	xml_end(writer);
	xml_end(writer);
	xmpp_end(frontend, service->jid);
}

/* ----------------------------------------------------------------------------------------------- discovery */

static void service_settle(struct upload_service *service)
{
	if (service->state == SERVICE_LOOKING && service->asked)
		return;
	if (service->state == SERVICE_LOOKING)
		service_set(service, SERVICE_NONE);
	while (!list_empty(&service->waiting))
		ask_for_slot(CONTAINER_OF(service->waiting.next, struct upload, link));
}

/* Of the form about this service, which stands beside others. */
static uint64_t max_size_in(xmpp_stanza_t *query)
{
	uint64_t max = 0;

	for (xmpp_stanza_t *child = query ? xmpp_stanza_get_children(query) : NULL; child;
	     child = xmpp_stanza_get_next(child)) {
		char *type = tree_is(child, "x") ? form_value(child, "FORM_TYPE") : NULL;
		char *value = type && !strcmp(type, NS_UPLOAD) ? form_value(child, "max-file-size") : NULL;

		if (value)
			max = strtoull(value, NULL, 10);
		mem_free(type);
		mem_free(value);
	}
	return max;
}

static bool has_feature(xmpp_stanza_t *query, const char *feature)
{
	for (xmpp_stanza_t *child = query ? xmpp_stanza_get_children(query) : NULL; child;
	     child = xmpp_stanza_get_next(child)) {
		const char *var = tree_is(child, "feature") ? xmpp_stanza_get_attribute(child, "var") : NULL;

		if (var && !strcmp(var, feature))
			return true;
	}
	return false;
}

static bool is_below(const char *name, const char *domain)
{
	size_t length = strlen(name), tail = strlen(domain);

	return length > tail && name[length - tail - 1] == '.' && !strcmp(name + length - tail, domain);
}

/* The server that we are a component of, if our name says so: its names are below its own domain. */
static bool is_of_our_server(const struct xmpp_frontend *frontend, const char *domain, const char *jid)
{
	return is_below(frontend->gateway, domain) && (!strcmp(jid, domain) || is_below(jid, domain));
}

static void on_info(struct xmpp_frontend *frontend, const char *from, const char *domain, xmpp_stanza_t *result)
{
	struct upload_service *service = map_get(frontend->upload_services, domain);
	xmpp_stanza_t *query = result ? tree_child_ns(result, "query", NS_INFO) : NULL;

	if (!service)
		return;
	service->asked--;
	if (service->state == SERVICE_LOOKING && has_feature(query, NS_UPLOAD)) {
		service_set(service, SERVICE_FOUND);
		mem_replace(&service->jid, from);
		service->max_size = max_size_in(query);
		service->trusted = service->trusted || is_of_our_server(frontend, domain, from);
		log_info(&frontend->base.log, "files for people of %s go to %s", log_quote(domain), log_quote(from));
	}
	service_settle(service);
}

static void ask(struct xmpp_frontend *frontend, struct upload_service *service, const char *domain, const char *to,
                const char *ns, iq_answered *answered)
{
	if (map_count(frontend->pending_iqs) >= LIMIT_XMPP_REQUESTS)
		return;
	service->asked++;
	xml_empty(request_begin(frontend, "get", to, answered, domain), "query", ns);
	xml_end(&frontend->writer);
	xmpp_end(frontend, to);
}

static void on_items(struct xmpp_frontend *frontend, const char *from, const char *domain, xmpp_stanza_t *result)
{
	struct upload_service *service = map_get(frontend->upload_services, domain);
	xmpp_stanza_t *query = result ? tree_child_ns(result, "query", NS_ITEMS) : NULL;
	unsigned count = 0;

	(void)from;
	if (!service)
		return;
	service->asked--;
	for (xmpp_stanza_t *child = query ? xmpp_stanza_get_children(query) : NULL;
	     child && count < LIMIT_XMPP_UPLOAD_ITEMS; child = xmpp_stanza_get_next(child)) {
		const char *jid = tree_is(child, "item") ? xmpp_stanza_get_attribute(child, "jid") : NULL;
		struct jid parsed;

		if (!jid || xmpp_stanza_get_attribute(child, "node") || jid_parse(&parsed, jid) != 0 ||
		    !strcmp(jid, frontend->gateway))
			continue;
		ask(frontend, service, domain, jid, NS_INFO, on_info);
		count++;
	}
	service_settle(service);
}

static void look_for(struct xmpp_frontend *frontend, struct upload_service *service, const char *domain)
{
	service->state = SERVICE_LOOKING;
	ask(frontend, service, domain, domain, NS_INFO, on_info);
	if (strcmp(domain, frontend->config.upload) != 0)
		ask(frontend, service, domain, domain, NS_ITEMS, on_items);
}

static void service_free(void *value)
{
	struct upload_service *service = value;

	mem_free(service->jid);
	mem_free(service);
}

/* Those of domains that nobody has asked for lately go. */
static void forget_old(struct xmpp_frontend *frontend)
{
	struct map_iter it = {0};

	while (map_next(frontend->upload_services, &it)) {
		struct upload_service *service = it.value;
		bool used = service->state == SERVICE_LOOKING;
		struct map_iter inner = {0};

		while (!used && map_next(frontend->uploads, &inner))
			used = ((struct upload *)inner.value)->service == service;
		if (!used && service->until_ms < clock_ms())
			service_free(map_remove(frontend->upload_services, it.key));
	}
}

/* NULL: too many. */
static struct upload_service *service_of(struct xmpp_frontend *frontend, const char *domain)
{
	bool configured = strcmp(frontend->config.upload, "auto") != 0;
	const char *name = configured ? frontend->config.upload : domain;
	struct upload_service *service = map_get(frontend->upload_services, name);

	if (!service) {
		if (map_count(frontend->upload_services) >= LIMIT_XMPP_UPLOAD_SERVICES)
			forget_old(frontend);
		if (map_count(frontend->upload_services) >= LIMIT_XMPP_UPLOAD_SERVICES)
			return NULL;
		service = MEM_NEW(struct upload_service);
		service->trusted = configured;
		list_init(&service->waiting);
		map_set(&frontend->upload_services, name, service);
		look_for(frontend, service, name);
	} else if (service->state != SERVICE_LOOKING && service->until_ms < clock_ms()) {
		look_for(frontend, service, name);
	}
	return service;
}

/* ------------------------------------------------------------------------------------------------ as client */

void upload_send(struct xmpp_frontend *frontend, const char *domain, const struct upload_file *file,
                 upload_done *done, void *context)
{
	struct upload_service *service =
	        frontend->component && strcmp(frontend->config.upload, "off") != 0 ? service_of(frontend, domain) : NULL;
	struct upload *upload;

	if (!service) {
		done(frontend, context, NULL, "there is no service");
		return;
	}
	upload = MEM_NEW(struct upload);
	upload->frontend = frontend;
	upload->service = service;
	upload->key = mem_strdup(file->key);
	upload->name = mem_strdup(file->name);
	upload->type = mem_strndup(file->type, strcspn(file->type, ";"));
	upload->size = file->size;
	upload->trace = file->trace;
	upload->done = done;
	upload->context = context;
	list_init(&upload->link);
	snprintf(upload->id, sizeof(upload->id), "%" PRIu64, ++frontend->next_id);
	map_set(&frontend->uploads, upload->id, upload);
	list_append(&service->waiting, &upload->link);
	service_settle(service);
}

void uploads_try_again(struct xmpp_frontend *frontend)
{
	struct map_iter it = {0};

	while (map_next(frontend->upload_services, &it))
		((struct upload_service *)it.value)->until_ms = 0;
}

void uploads_cancel(struct xmpp_frontend *frontend)
{
	struct map_iter it = {0};

	while (map_next(frontend->uploads, &it))
		upload_free(it.value);
	map_destroy(&frontend->uploads, NULL);
	map_destroy(&frontend->upload_services, service_free);
}

/* ------------------------------------------------------------------------------------------------ as server */

bool upload_is_offered(const struct xmpp_frontend *frontend)
{
	return frontend->config.server_mode && frontend->base.transport->media;
}

void upload_write_form(const struct xmpp_frontend *frontend, struct xml_writer *writer)
{
	char max[24];

	snprintf(max, sizeof(max), "%" PRIu64, media_file_max(frontend->base.transport->media));
	xml_start_ns(writer, "x", "jabber:x:data");
	xml_attr(writer, "type", "result");
	form_put_type(writer, NS_UPLOAD);
	xml_start(writer, "field");
	xml_attr(writer, "var", "max-file-size");
	xml_element(writer, "value", NULL, max);
	xml_end(writer);
	xml_end(writer);
}

static void refuse_size(const struct iq_request *request)
{
	struct xmpp_frontend *frontend = request->frontend;
	struct xml_writer *writer = xmpp_begin(frontend);
	char max[24];

	snprintf(max, sizeof(max), "%" PRIu64, media_file_max(frontend->base.transport->media));
	xml_start(writer, "iq");
	xml_attr(writer, "type", "error");
	xml_attr(writer, "from", request->route.to_text);
	xml_attr(writer, "to", request->route.from_text);
	xml_attr(writer, "id", request->id);
	xml_start(writer, "error");
	xml_attr(writer, "type", ERROR_NOT_ACCEPTABLE.type);
	xml_empty(writer, ERROR_NOT_ACCEPTABLE.condition, "urn:ietf:params:xml:ns:xmpp-stanzas");
	xml_element(writer, "text", "urn:ietf:params:xml:ns:xmpp-stanzas", "The file is too large.");
	xml_start_ns(writer, "file-too-large", NS_UPLOAD);
	xml_element(writer, "max-file-size", NULL, max);
	xml_end(writer);
	xml_end(writer);
	xml_end(writer);
	xmpp_end(frontend, request->route.from_text);
}

static void write_url(struct xml_writer *writer, const char *name, struct buf *url)
{
	xml_start(writer, name);
	xml_attr(writer, "url", buf_text(url));
	xml_end(writer);
}

void upload_handle_slot(const struct iq_request *request)
{
	struct xmpp_frontend *frontend = request->frontend;
	const char *name = xmpp_stanza_get_attribute(request->child, "filename");
	const char *digits = xmpp_stanza_get_attribute(request->child, "size");
	size_t length = digits ? strspn(digits, "0123456789") : 0;
	struct buf put_url = {0}, get_url = {0};

	if (!upload_is_offered(frontend)) {
		iq_error(request, &ERROR_FEATURE, NULL);
	} else if (request->set || !name || !*name || !length || digits[length]) {
		iq_error(request, &ERROR_BAD_REQUEST, NULL);
	} else if (!route_any_resource(frontend, &request->route)) {
		iq_error(request, &ERROR_NOT_ALLOWED, NULL);
	} else if (length > 18 || !media_put_upload_urls(frontend->base.transport->media, request->route.address, name,
	                                                 strtoull(digits, NULL, 10), &put_url, &get_url)) {
		refuse_size(request);
	} else {
		struct xml_writer *writer = iq_result(request);

		xml_start_ns(writer, "slot", NS_UPLOAD);
		write_url(writer, "put", &put_url);
		write_url(writer, "get", &get_url);
		xml_end(writer);
		iq_send(request);
	}
	buf_finish(&put_url);
	buf_finish(&get_url);
}
