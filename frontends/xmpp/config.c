/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/xmpp.h"

#define KEY(field, type, name, fallback, help) \
	CONFIG_KEY(struct xmpp_config, field, type, name, fallback, help)

#define LIVE(field, type, name, fallback, help) \
	CONFIG_LIVE_KEY(struct xmpp_config, field, type, name, fallback, help)

static const struct config_key xmpp_keys[] = {
        KEY(jid, CONFIG_STRING, "service.jid", "",
            "Domain of this instance: the component's name at the XMPP server, or the served domain in "
            "server mode."),
        KEY(server, CONFIG_STRING, "service.server", "127.0.0.1",
            "Gateway mode: host of the XMPP server's component port. Server mode: address to listen on."),
        CONFIG_INT_KEY(struct xmpp_config, port, "service.port", "0", 0, 65535,
                       "Gateway mode: the XMPP server's component port, usually 5347. Server mode: port to "
                       "listen on, "
                       "usually 5222."),
        KEY(password, CONFIG_STRING, "service.password", "",
            "Gateway mode: the secret that the XMPP server has for this component."),
        KEY(server_mode, CONFIG_BOOL, "service.server_mode", "0",
            "Be the XMPP server of one's people instead of a component of another server."),
        LIVE(cert, CONFIG_STRING, "service.cert", "",
             "Server mode: certificate with key, PKCS#12 or PEM, which the service's user can read. Each reload reads "
             "the file again. Empty: one is made at first run."),
        LIVE(cert_password, CONFIG_STRING, "service.cert_password", "",
            "Server mode: password of the certificate file."),
        LIVE(more_resources, CONFIG_BOOL, "service.more_resources", "0",
            "Server mode: somebody may be logged in with several clients at once. Otherwise a new login ends "
            "the old."),
        LIVE(enable_xhtml, CONFIG_BOOL, "service.enable_xhtml", "1",
            "Pass formatted text (XHTML-IM) on, reduced to harmless elements."),
        LIVE(oob_replace_body, CONFIG_BOOL, "service.oob_replace_body", "1",
            "An attachment becomes a message of its own whose body is only its URL, which clients show as a "
            "file."),
        LIVE(oob_split, CONFIG_BOOL, "service.oob_split", "0",
            "The text of a message and each of its attachments are sent as separate messages."),
        LIVE(upload, CONFIG_STRING, "service.upload", "auto",
             "Gateway mode: where files of the network go, if media.public_url is set. auto: to the HTTP "
             "upload service (XEP-0363) of each person's server, where it takes them from us, else into our "
             "own store; the JID of a service: to that one; off: into our own store."),
        CONFIG_LIVE_INT_KEY(struct xmpp_config, max_room_list_size, "service.max_room_list_size", "100", 0, 20000,
                            "At most so many rooms are listed in service discovery."),
        KEY(jid_escaping, CONFIG_BOOL, "service.jid_escaping", "1",
            "Names of contacts become JIDs as XEP-0106 says. Otherwise the last @ of a name becomes %."),
        LIVE(admin_jid, CONFIG_LIST, "service.admin_jid", NULL,
            "Bare JID of an administrator, who may send admin commands to the gateway. May be repeated."),
        LIVE(admin_password, CONFIG_STRING, "service.admin_password", "",
            "Server mode: password of the administrators."),
        LIVE(identity_name, CONFIG_STRING, "identity.name", "Spectrum 2 Transport",
            "Name shown in service discovery."),
        LIVE(identity_category, CONFIG_STRING, "identity.category", "gateway",
            "Category shown in service discovery."),
        LIVE(identity_type, CONFIG_STRING, "identity.type", "",
            "Type shown in service discovery: irc, slack, ..."),
        LIVE(gateway_prompt, CONFIG_STRING, "gateway_responder.prompt", "Contact ID",
            "What clients ask for when a contact is added (jabber:iq:gateway)."),
        LIVE(gateway_label, CONFIG_STRING, "gateway_responder.label", "Enter legacy network contact ID.",
            "The sentence shown beside it."),
        KEY(working_dir, CONFIG_STRING, "service.working_dir", "/var/lib/libtransport/$jid",
            "Folder of the instance's files."),
};

const struct config_table xmpp_config_table = CONFIG_TABLE("xmpp", xmpp_keys);
