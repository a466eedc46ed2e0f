/* SPDX-License-Identifier: MIT */
#include "backends/irc/irc_config.h"

#define KEY(field, type, name, fallback, help) \
	CONFIG_KEY(struct irc_config, field, type, name, fallback, help)
#define INT(field, name, fallback, low, high, help) \
	CONFIG_INT_KEY(struct irc_config, field, name, fallback, low, high, help)

static const struct config_key irc_keys[] = {
        KEY(servers, CONFIG_LIST, "service.irc_server", NULL,
            "The one network that this instance serves, as host, host:port or host:+port ('+' or 6697: TLS). "
            "Repeated: other servers of the same network, tried in turn. Rooms are then #chan and contacts "
            "nick. "
            "Without it people name the server: #chan@irc.example.org."),
        KEY(identify, CONFIG_STRING, "service.irc_identify", "NickServ identify $password",
            "How the password is told to the network's services where SASL is not offered: the nickname to "
            "write "
            "to, and the text; $password and $name are replaced. Empty: not at all."),
        KEY(send_pass, CONFIG_BOOL, "service.irc_send_pass", "0",
            "Send the account's password as the server's (PASS), for bouncers and closed servers."),
        KEY(require_sasl, CONFIG_BOOL, "irc.require_sasl", "0",
            "Let in only people whose password the network has checked by SASL. Without it the password of "
            "somebody's first login is what guards an account in server mode, and anybody may take a name that is "
            "free."),
        INT(away_timeout, "service.irc_away_timeout", "60", 0, 86400,
            "Seconds that somebody must be away before the network is told."),
        KEY(tls, CONFIG_STRING, "service.irc_tls", "auto",
            "auto: TLS with '+' before the port or port 6697; always; never."),
        KEY(tls_verify, CONFIG_BOOL, "service.irc_tls_verify", "1",
            "Accept only certificates that are valid for the server's name."),
        KEY(ca_file, CONFIG_STRING, "irc.ca_file", "",
            "Certificate authorities to trust instead of the system's: a PEM file."),
        KEY(allowed_servers, CONFIG_LIST, "irc.allowed_server", NULL,
            "Without service.irc_server: the hosts that people may connect to. Repeated. None: every host."),
        KEY(allow_private, CONFIG_BOOL, "irc.allow_private", "0",
            "Without service.irc_server: let people connect to addresses of this machine and of private "
            "networks."),
        KEY(realname, CONFIG_STRING, "irc.realname", "",
            "The real name that everybody shows. Empty: the nickname."),
        KEY(quit_message, CONFIG_STRING, "irc.quit_message", "", "What is said when somebody logs out."),
        INT(line_burst, "irc.line_burst", "5", 1, 100,
            "Lines that may go out at once before the pace below holds."),
        INT(line_interval, "irc.line_interval", "700", 0, 60000,
            "Milliseconds between lines after the burst."),
        INT(queue_max, "irc.queue_max", "500", 10, 100000, "Lines that may wait on one connection."),
        INT(lines_max, "irc.lines_max", "100", 1, 10000, "Lines that one message may be cut into."),
        INT(list_interval, "irc.list_interval", "3600", 0, 604800,
            "With service.irc_server: seconds that the list of channels is good; the next login after it "
            "asks for a "
            "new one. 0: no list."),
        INT(list_max, "irc.list_max", "1000", 1, 20000,
            "Channels shown of the list: those with the most people."),
        INT(idle_timeout, "irc.idle_timeout", "600", 0, 604800,
            "Without service.irc_server: seconds after which a connection without channels is closed. 0: "
            "never."),
        INT(ping_interval, "irc.ping_interval", "120", 10, 3600,
            "Seconds of silence before the server is asked whether it lives; after half of that again "
            "without an "
            "answer the connection is taken as lost."),
        INT(connect_timeout, "irc.connect_timeout", "60", 5, 600,
            "Seconds from the beginning of a connection to the network's welcome."),
        INT(contact_interval, "irc.contact_interval", "60", 0, 86400,
            "Where the network has no MONITOR: seconds after which it is asked again which contacts are there. 0: "
            "never."),
        KEY(formatting, CONFIG_BOOL, "irc.formatting", "1",
            "Send bold, italic, colours and so on to the network."),
};

const struct config_table irc_config_table = CONFIG_TABLE("irc", irc_keys);
