/* SPDX-License-Identifier: MIT */
#include "config/spectrum_keys.h"

#include <string.h>

#include "base/mem.h"

#define BACKEND_SAYS "the backend says it itself when it connects"
#define NO_LOCAL_ACCOUNT \
	"accounts are not proven on another server; see service.allowed_servers and service.vip_only"
#define LOG4CXX "there are no log4cxx files; see logging.level"
#define SLACK "for a Slack frontend, which this program does not have"
#define LIBPURPLE "read by Spectrum 2's libpurple backend"
#define IRC "read by the IRC backend"

const struct spectrum_key spectrum_keys[] = {
	{"registration.encoding", SPECTRUM_NOBODY, "all text is UTF-8"},
	{"registration.require_local_account", SPECTRUM_NOBODY, NO_LOCAL_ACCOUNT},
	{"registration.local_username_label", SPECTRUM_NOBODY, NO_LOCAL_ACCOUNT},
	{"registration.local_account_server", SPECTRUM_NOBODY, NO_LOCAL_ACCOUNT},
	{"registration.local_account_server_timeout", SPECTRUM_NOBODY, NO_LOCAL_ACCOUNT},
	{"registration.needPassword", SPECTRUM_NOBODY, BACKEND_SAYS},
	{"registration.needRegistration", SPECTRUM_NOBODY, BACKEND_SAYS},
	{"registration.extraField", SPECTRUM_NOBODY, "nothing reads it, in Spectrum 2 neither"},
	{"features.*", SPECTRUM_NOBODY, BACKEND_SAYS},
	{"vhosts.vhost", SPECTRUM_NOBODY,
	 "an instance serves one domain; start it once for each, with -j DOMAIN"},
	{"database.vip_statement", SPECTRUM_NOBODY,
	 "it pastes addresses into SQL; the column vip of users decides"},
	{"logging.config", SPECTRUM_NOBODY, LOG4CXX},
	{"logging.backend_config", SPECTRUM_NOBODY, LOG4CXX},
	{"service.backend_id", SPECTRUM_NOBODY, "the core gives it to each backend on its command line"},
	{"service.client_id", SPECTRUM_NOBODY, SLACK},
	{"service.client_secret", SPECTRUM_NOBODY, SLACK},
	{"service.join_room_room_label", SPECTRUM_NOBODY, SLACK},
	{"service.join_room_room_example", SPECTRUM_NOBODY, SLACK},
	{"service.join_room_nickname_label", SPECTRUM_NOBODY, SLACK},
	{"service.join_room_nickname_example", SPECTRUM_NOBODY, SLACK},
	{"service.join_room_server_label", SPECTRUM_NOBODY, SLACK},
	{"service.join_room_server_example", SPECTRUM_NOBODY, SLACK},
	{"proxy.server", SPECTRUM_NOBODY,
	 "nothing reads it, in Spectrum 2 neither; its libpurple backend has proxy.host"},
	{"proxy.user", SPECTRUM_NOBODY,
	 "nothing reads it, in Spectrum 2 neither; its libpurple backend has proxy.username"},
	{"proxy.*", SPECTRUM_BACKEND, LIBPURPLE},
	{"purple.*", SPECTRUM_BACKEND, LIBPURPLE},
	{"service.protocol", SPECTRUM_BACKEND, LIBPURPLE},
	{"service.enable_privacy_lists", SPECTRUM_BACKEND, LIBPURPLE},
	{"service.web_directory", SPECTRUM_BACKEND, LIBPURPLE},
	{"service.web_url", SPECTRUM_BACKEND, LIBPURPLE},
	{"service.web_maximgsize", SPECTRUM_BACKEND, LIBPURPLE},
	{"service.eventloop", SPECTRUM_BACKEND, LIBPURPLE},
	{"service.verify_certs", SPECTRUM_BACKEND, LIBPURPLE},
	{"service.irc_server", SPECTRUM_BACKEND, IRC},
	{"service.irc_identify", SPECTRUM_BACKEND, IRC},
	{"service.irc_send_pass", SPECTRUM_BACKEND, IRC},
	{"service.irc_away_timeout", SPECTRUM_BACKEND, IRC},
	{"backend.default_avatar", SPECTRUM_BACKEND, LIBPURPLE},
	{"backend.avatars_directory", SPECTRUM_BACKEND, LIBPURPLE},
	{"backend.no_vcard_fetch", SPECTRUM_BACKEND, LIBPURPLE},
	{"backend.incoming_dir", SPECTRUM_BACKEND, "read by Spectrum 2's smstools3 backend"},
};
const size_t spectrum_key_count = ARRAY_SIZE(spectrum_keys);

const struct spectrum_key *spectrum_key_find(const char *name)
{
	size_t i;

	for (i = 0; i < spectrum_key_count; i++) {
		const char *known = spectrum_keys[i].name;
		size_t length = strlen(known);

		if (strcmp(known, name) == 0)
			return &spectrum_keys[i];
		if (known[length - 1] == '*' && strncmp(known, name, length - 1) == 0 && name[length - 1])
			return &spectrum_keys[i];
	}
	return NULL;
}
