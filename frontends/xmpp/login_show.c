/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/login_show.h"

#include <string.h>

#include "base/qr.h"
#include "transport/people/login_step.h"
#include "transport/people/user.h"

#define MAX_AGE_SECONDS 900

bool login_picture(struct buf *png, struct buf *cid, const char *data)
{
	unsigned char digest[20];
	if (!data || !qr_png(png, data))
		return false;
	xmpp_sha1_digest((const unsigned char *)buf_text(png), png->len, digest);
	buf_puts(cid, "sha1+");
	for (size_t i = 0; i < sizeof(digest); i++)
		buf_printf(cid, "%02x", digest[i]);
	buf_puts(cid, "@bob.xmpp.org");
	return true;
}

static void write_data(struct xml_writer *writer, const char *cid, const struct buf *png)
{
	xml_start_ns(writer, "data", NS_BOB);
	xml_attr(writer, "cid", cid);
	xml_attr(writer, "type", "image/png");
	xml_attr_int(writer, "max-age", MAX_AGE_SECONDS);
	xml_base64(writer, png->data, png->len);
	xml_end(writer);
}

static void write_picture(struct xmpp_frontend *frontend, struct xml_writer *writer, const char *text,
                          const char *data)
{
	struct buf png = {0}, cid = {0};
	if (login_picture(&png, &cid, data)) {
		if (frontend->config.enable_xhtml) {
			xml_start_ns(writer, "html", "http://jabber.org/protocol/xhtml-im");
			xml_start_ns(writer, "body", "http://www.w3.org/1999/xhtml");
			xml_element(writer, "p", NULL, text);
			xml_start(writer, "p");
			xml_start(writer, "img");
			xml_attr(writer, "alt", "QR code");
			char *source = mem_printf("cid:%s", buf_text(&cid));
			xml_attr(writer, "src", source);
			mem_free(source);
			xml_end(writer);
			xml_end(writer);
			xml_end(writer);
			xml_end(writer);
		}
		write_data(writer, buf_text(&cid), &png);
	}
	buf_finish(&png);
	buf_finish(&cid);
}

static void describe(struct buf *text, const struct event_login_step *step)
{
	struct buf lines = {0};
	login_step_describe(text, step, true);
	if (step->kind == LOGIN_STEP_QR && step->data && qr_text(&lines, step->data))
		buf_printf(text, "\n```\n%s```", buf_text(&lines));
	buf_finish(&lines);
}

void login_step_show(struct xmpp_frontend *frontend, struct identity *to, struct resource *only,
                     const struct event_login_step *step)
{
	struct buf address = {0}, text = {0};
	address_of_target(to, only, &address);
	describe(&text, step);
	struct xml_writer *writer = xmpp_begin(frontend);
	xml_start(writer, "message");
	xml_attr(writer, "type", "chat");
	xml_attr(writer, "from", frontend->gateway);
	xml_attr(writer, "to", buf_text(&address));
	xml_element(writer, "body", NULL, buf_text(&text));
	if (step->kind == LOGIN_STEP_QR)
		write_picture(frontend, writer, step->text, step->data);
	if (step->kind == LOGIN_STEP_LINK && step->data) {
		xml_start_ns(writer, "x", "jabber:x:oob");
		xml_element(writer, "url", NULL, step->data);
		xml_end(writer);
	}
	xml_end(writer);
	xmpp_end(frontend, buf_text(&address));
	buf_finish(&address);
	buf_finish(&text);
}

/* XEP-0231: the picture that the person's own login shows now, and nobody else's. */
void bob_handle(const struct iq_request *request)
{
	const char *wanted = xmpp_stanza_get_attribute(request->child, "cid");
	struct resource *resource = route_any_resource(request->frontend, &request->route);
	const struct user *user = resource ? resource->identity->user : NULL;
	const struct login_step *step = user ? user->login_step : NULL;
	struct buf png = {0}, cid = {0};
	bool found = !request->set && wanted && step && step->kind == LOGIN_STEP_QR &&
	             login_picture(&png, &cid, step->data) && !strcmp(buf_text(&cid), wanted);
	if (found) {
		write_data(iq_result(request), wanted, &png);
		iq_send(request);
	} else {
		iq_error(request, &ERROR_NOT_FOUND, NULL);
	}
	buf_finish(&png);
	buf_finish(&cid);
}
