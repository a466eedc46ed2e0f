/* SPDX-License-Identifier: MIT */
/* A Spectrum 2 file with every key of Spectrum 2 in it is taken as it is, and each key is somebody's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "config/config.h"
#include "config/spectrum_keys.h"
#include "tests/unit/config/config_file.h"
#include "transport/service_config.h"

static const char everything[] =
	"# An instance as Spectrum 2's own samples write it.\r\n"
	"[service]\n"
	"#user=nobody\n"
	"jid = icq.localhost\n"
	"server = 127.0.0.1\n"
	"password = se;cr#et=\n"
	"port = 5347\n"
	"user = spectrum\ngroup = spectrum\n"
	"backend=/usr/bin/spectrum2_libpurple_backend\n"
	"protocol=prpl-icq\n"
	"pidfile=/tmp/$jid.pid\nportfile=/tmp/$jid.port\nworking_dir=/tmp/$jid\n"
	"allowed_servers=example.org\nallowed_servers=example.net\n"
	"server_mode=0\nusers_per_backend=10\nbackend_host=127.0.0.1\nbackend_port=10001\n"
	"cert=server.pfx\ncert_password=test\n"
	"admin_jid=root@example.org\nadmin_jid=admin@$jid\nadmin_password=test\n"
	"reuse_old_backends=no\nidle_reconnect_time=3600\nmemory_collector_time=7200\n"
	"more_resources=true\nenable_privacy_lists=0\nenable_xhtml=1\nenable_remove_buddy=on\n"
	"oob_replace_body=1\noob_split=0\nmax_room_list_size=50\nlogin_delay=2\njid_escaping=1\n"
	"vip_only=1\nvip_message=Only $5 a month\nreconnect_all_users=yes\nfrontend=xmpp\n"
	"web_directory=/var/www\nweb_url=http://localhost/\nweb_maximgsize=500000\n"
	"client_id=1\nclient_secret=2\n"
	"join_room_room_label=a\njoin_room_room_example=b\njoin_room_nickname_label=c\n"
	"join_room_nickname_example=d\njoin_room_server_label=e\njoin_room_server_example=f\n"
	"irc_server=irc.libera.chat\nirc_server=irc.eu.libera.chat\nirc_identify=NickServ identify $name $password\n"
	"irc_send_pass=0\nirc_away_timeout=60\neventloop=libev\nverify_certs=1\nbackend_id=3\n"
	"[vhosts]\nvhost=a.example.org\nvhost=b.example.org\n"
	"[identity]\nname=Spectrum\ncategory=gateway\ntype=icq\n"
	"[registration]\n"
	"enable_public_registration=0\nlanguage=de\ninstructions=Say who you are\nusername_label=Name\n"
	"password_label=Word\nusername_mask=$username@example.org\nallowed_usernames=[a-z]+\nauto_register=1\n"
	"encoding=utf8\nrequire_local_account=1\nnotify_jid=x@example.org\nlocal_username_label=L\n"
	"local_account_server=localhost\nlocal_account_server_timeout=10000\nneedPassword=0\nneedRegistration=1\n"
	"extraField=a\nextraField=b\n"
	"[gateway_responder]\nprompt=Contact\nlabel=Enter it\n"
	"[database]\ntype = sqlite3\ndatabase = /tmp/$jid/database.sql\nserver = localhost\nuser = u\n"
	"password = p # not a comment\nport = 3306\nprefix = icq\nencryption_key = k\n"
	"vip_statement = SELECT 1\nconnectionstring = host=localhost user=u\n"
	"[logging]\nconfig = /etc/spectrum2/logging.cfg\nbackend_config = /etc/spectrum2/backend-logging.cfg\n"
	"level = debug\n"
	"[backend]\ndefault_avatar=catmelonhead.jpg\navatars_directory=/srv/avatars\nno_vcard_fetch=true\n"
	"incoming_dir=/var/spool/sms\n"
	"[proxy]\nserver=localhost\nuser=u\npassword=p\nport=1080\ntype=socks5\nhost=h\nusername=n\n"
	"[settings]\nsend_headlines=1\nstay_connected=1\n"
	"[features]\nreceipts=1\nmuc=1\nrawxml=0\ndisable_jid_escaping=0\nsend_buddies_on_login=0\n"
	"[purple]\nlibpurple_dll_path=x\nplugins_dir=./plugins\ncacerts_dir=./ca-certs\ngroup-chat-open=1\n"
	"web_proxy_mode=0\n";

/* Bound by tables of other modules: the XMPP frontend's and the store's. */
static const char *const others_keys[] = {
	"service.server",
	"service.password",
	"service.port",
	"service.server_mode",
	"service.cert",
	"service.cert_password",
	"service.admin_password",
	"service.more_resources",
	"service.enable_xhtml",
	"service.oob_replace_body",
	"service.oob_split",
	"service.max_room_list_size",
	"service.jid_escaping",
	"identity.name",
	"identity.category",
	"identity.type",
	"gateway_responder.prompt",
	"gateway_responder.label",
	"database.type",
	"database.database",
	"database.server",
	"database.user",
	"database.password",
	"database.port",
	"database.prefix",
	"database.encryption_key",
	"database.connectionstring",
};

static void check_known(void *context, const char *file, int line, const char *name)
{
	int *known = context;
	size_t i;

	(void)file;
	for (i = 0; i < ARRAY_SIZE(others_keys); i++)
		if (strcmp(others_keys[i], name) == 0)
			return;
	if (!spectrum_key_find(name))
		fail_msg("line %d: nobody knows %s", line, name);
	(*known)++;
}

static void test_every_key(void **state)
{
	struct config *config = config_create();
	struct service_config service = {0};
	struct buf error = {0};
	int known = 0;

	(void)state;
	config_bind(config, &service_config_table, &service);
	assert_int_equal(config_load(config, file_with(everything), &error), TP_OK);
	assert_int_equal(error.len, 0);
	assert_string_equal(service.jid, "icq.localhost");
	assert_string_equal(service.pidfile, "/tmp/icq.localhost.pid");
	assert_string_equal(service.portfile, "/tmp/icq.localhost.port");
	assert_string_equal(service.working_dir, "/tmp/icq.localhost");
	assert_string_equal(service.user, "spectrum");
	assert_string_equal(service.group, "spectrum");
	assert_string_equal(service.backend, "/usr/bin/spectrum2_libpurple_backend");
	assert_string_equal(service.backend_port, "10001");
	assert_int_equal(service.users_per_backend, 10);
	assert_false(service.reuse_old_backends);
	assert_int_equal(service.idle_reconnect_time, 3600);
	assert_int_equal(service.memory_collector_time, 7200);
	assert_int_equal(service.login_delay, 2);
	assert_true(service.enable_remove_buddy);
	assert_true(service.vip_only);
	assert_string_equal(service.vip_message, "Only $5 a month");
	assert_true(service.reconnect_all_users);
	assert_int_equal(service.allowed_servers.count, 2);
	assert_int_equal(service.admin_jid.count, 2);
	assert_string_equal(service.admin_jid.items[1], "admin@icq.localhost");
	assert_false(service.public_registration);
	assert_string_equal(service.language, "de");
	assert_string_equal(service.instructions, "Say who you are");
	assert_string_equal(service.username_label, "Name");
	assert_string_equal(service.password_label, "Word");
	assert_string_equal(service.username_mask, "$username@example.org");
	assert_string_equal(service.allowed_usernames, "[a-z]+");
	assert_true(service.auto_register);
	assert_string_equal(service.notify_jid.items[0], "x@example.org");
	assert_true(service.send_headlines);
	assert_true(service.stay_connected);
	assert_string_equal(service.log_level, "debug");
	assert_string_equal(config_raw(config, "service.password"), "se;cr#et=");
	assert_string_equal(config_raw(config, "database.connectionstring"), "host=localhost user=u");

	config_unknown(config, check_known, &known);
	/* the three families of keys are represented here by 15 names */
	assert_int_equal(known, (int)spectrum_key_count - 3 + 15);
	buf_finish(&error);
	config_destroy(&config);
}

static void test_defaults(void **state)
{
	struct config *config = config_create();
	struct service_config service = {0};
	struct buf error = {0};

	(void)state;
	config_bind(config, &service_config_table, &service);
	config_set_jid(config, "irc.example.org");
	assert_int_equal(config_load(config, NULL, &error), TP_OK);
	assert_string_equal(service.jid, "irc.example.org");
	assert_int_equal(service.frontends.count, 1);
	assert_string_equal(service.frontends.items[0], "xmpp");
	assert_string_equal(service.user, "");
	assert_string_equal(service.pidfile, "");
	assert_string_equal(service.portfile, "");
	assert_string_equal(service.working_dir, "/var/lib/libtransport/irc.example.org");
	assert_string_equal(service.control_socket, "");
	assert_string_equal(service.backend, "libpurple_backend");
	assert_string_equal(service.backend_host, "127.0.0.1");
	assert_string_equal(service.backend_port, "0");
	assert_int_equal(service.users_per_backend, 100);
	assert_true(service.reuse_old_backends);
	assert_int_equal(service.login_delay, 0);
	assert_int_equal(service.idle_reconnect_time, 0);
	assert_int_equal(service.memory_collector_time, 0);
	assert_int_equal(service.ping_interval, 20);
	assert_int_equal(service.admin_jid.count, 0);
	assert_int_equal(service.allowed_servers.count, 0);
	assert_false(service.vip_only);
	assert_string_equal(service.vip_message, "");
	assert_false(service.reconnect_all_users);
	assert_false(service.enable_remove_buddy);
	assert_true(service.public_registration);
	assert_string_equal(service.language, "en");
	assert_string_equal(service.instructions, "Enter your legacy network username and password.");
	assert_string_equal(service.username_label, "3rd-party network username");
	assert_string_equal(service.password_label, "3rd-party network password");
	assert_string_equal(service.username_mask, "");
	assert_string_equal(service.allowed_usernames, "");
	assert_false(service.auto_register);
	assert_int_equal(service.notify_jid.count, 0);
	assert_false(service.send_headlines);
	assert_false(service.stay_connected);
	assert_string_equal(service.log_level, "info");
	buf_finish(&error);
	config_destroy(&config);
}

static void test_ranges(void **state)
{
	static const char *const bad[][2] = {
		{"service.ping_interval", "0"},     {"service.ping_interval", "3601"},
		{"service.users_per_backend", "0"}, {"service.login_delay", "-1"},
		{"service.vip_only", "perhaps"},    {"service.idle_reconnect_time", "soon"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct config *config = config_create();
		struct service_config service = {0};
		struct buf error = {0};

		config_bind(config, &service_config_table, &service);
		assert_int_equal(config_override(config, bad[i][0], bad[i][1], &error), TP_OK);
		assert_int_equal(config_load(config, NULL, &error), TP_ERR_INVALID);
		assert_non_null(strstr(error.data, bad[i][0]));
		buf_finish(&error);
		config_destroy(&config);
	}
}

/* Fields that no key fills would stay NULL or 0 for ever, and a key without help would print an empty cell. */
static void test_table_is_whole(void **state)
{
	size_t i, k, covered = 0;

	(void)state;
	for (i = 0; i < service_config_table.count; i++) {
		const struct config_key *key = &service_config_table.keys[i];

		assert_non_null(strchr(key->name, '.'));
		assert_true(strlen(key->help) > 10 && key->help[strlen(key->help) - 1] == '.');
		assert_null(spectrum_key_find(key->name));
		for (k = 0; k < i; k++) {
			assert_string_not_equal(key->name, service_config_table.keys[k].name);
			assert_int_not_equal(key->offset, service_config_table.keys[k].offset);
		}
		covered += key->type == CONFIG_BOOL   ? sizeof(bool)
			   : key->type == CONFIG_INT  ? sizeof(long)
			   : key->type == CONFIG_LIST ? sizeof(struct config_list)
						      : sizeof(const char *);
	}
	/* the rest is padding behind bools */
	assert_true(covered <= sizeof(struct service_config));
	assert_true(sizeof(struct service_config) - covered < 7 * sizeof(void *));
}

static void test_find(void **state)
{
	size_t i;

	(void)state;
	assert_int_equal(spectrum_key_find("registration.encoding")->reader, SPECTRUM_NOBODY);
	assert_int_equal(spectrum_key_find("purple.anything")->reader, SPECTRUM_BACKEND);
	assert_int_equal(spectrum_key_find("proxy.server")->reader, SPECTRUM_NOBODY);
	assert_int_equal(spectrum_key_find("proxy.host")->reader, SPECTRUM_BACKEND);
	assert_null(spectrum_key_find("purple."));
	assert_null(spectrum_key_find("purple"));
	assert_null(spectrum_key_find("service.jid"));
	assert_null(spectrum_key_find("service.prot"));
	assert_null(spectrum_key_find(""));
	for (i = 0; i < spectrum_key_count; i++)
		assert_true(strlen(spectrum_keys[i].reason) > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_every_key, file_remove),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_table_is_whole),
		cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
