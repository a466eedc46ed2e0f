/* SPDX-License-Identifier: MIT */
#include "transport/service_config.h"

#include "base/mem.h"

#define KEY(field, type, name, fallback, help) \
	CONFIG_KEY(struct service_config, field, type, name, fallback, help)
#define INT(field, name, fallback, low, high, help) \
	CONFIG_INT_KEY(struct service_config, field, name, fallback, low, high, help)

/* Read where they are used, or by transport_reload: SIGHUP applies them. */
#define LIVE(field, type, name, fallback, help) \
	CONFIG_LIVE_KEY(struct service_config, field, type, name, fallback, help)
#define LIVE_INT(field, name, fallback, low, high, help) \
	CONFIG_LIVE_INT_KEY(struct service_config, field, name, fallback, low, high, help)

#define DAY 86400

static const struct config_key service_keys[] = {
	KEY(jid, CONFIG_STRING, "service.jid", "",
	    "The domain that people reach this instance at: the component's name at the XMPP server, "
	    "or the served domain in server mode. Other values may use it as $jid; -j on the command "
	    "line replaces it."),
	KEY(frontends, CONFIG_LIST, "service.frontend", "xmpp",
	    "Where people come from: xmpp, matrix, slack, or several of them."),
	KEY(user, CONFIG_STRING, "service.user", "",
	    "User to run as when started by root. Empty: stay who started it."),
	KEY(group, CONFIG_STRING, "service.group", "",
	    "Group to run as. Empty: the main group of service.user."),
	KEY(pidfile, CONFIG_STRING, "service.pidfile", "",
	    "Where the process id is written. Empty: nowhere."),
	KEY(portfile, CONFIG_STRING, "service.portfile", "",
	    "Where the port of service.backend_port is written after the start, if there is one. Empty: "
	    "nowhere."),
	KEY(working_dir, CONFIG_STRING, "service.working_dir", "/var/lib/libtransport/$jid",
	    "Directory of this instance's files; made if it is not there, and the current directory "
	    "afterwards."),
	KEY(control_socket, CONFIG_STRING, "service.control_socket", "",
	    "Path of the Unix socket for administration, open to the owner alone. Empty: control in "
	    "service.working_dir."),
	LIVE(admin_jid, CONFIG_LIST, "service.admin_jid", NULL,
	    "Bare address of somebody who may give administrators' commands."),
	LIVE(allowed_servers, CONFIG_LIST, "service.allowed_servers", NULL,
	    "Domain whose people may register although registration.enable_public_registration is 0. "
	    "It has no effect while that is 1."),
	LIVE(vip_only, CONFIG_BOOL, "service.vip_only", "0", "Only accounts marked as VIP may log in."),
	LIVE(vip_message, CONFIG_STRING, "service.vip_message", "",
	    "What others are told when service.vip_only keeps them out. Empty: nothing."),
	KEY(reconnect_all_users, CONFIG_BOOL, "service.reconnect_all_users", "0",
	    "At the start log in every registered account, rather than those that were online at the "
	    "end."),
	LIVE(enable_remove_buddy, CONFIG_BOOL, "service.enable_remove_buddy", "0",
	    "Removing a contact from the roster removes it from the legacy network too."),

	KEY(backend, CONFIG_STRING, "service.backend", "libpurple_backend",
	    "The backend program and its arguments, with '...' or \"...\" around what has spaces. No "
	    "shell runs it. A name without a slash is looked for beside this program and in "
	    "../libexec/libtransport and ../lib/libtransport from there, never in PATH."),
	KEY(backend_host, CONFIG_STRING, "service.backend_host", "127.0.0.1",
	    "Loopback address (127.0.0.1, ::1) that backends connect to, each on a port of its own. "
	    "Only the process that a port was made for is accepted there."),
	KEY(backend_port, CONFIG_STRING, "service.backend_port", "0",
	    "Port on service.backend_host where programs such as spectrum2_manager may ask with QUERY. "
	    "Only processes of the same user or root are answered, and no backend. 0: none."),
	LIVE_INT(users_per_backend, "service.users_per_backend", "100", 1, 1000000,
	    "People served by one backend process before another one is started."),
	LIVE(reuse_old_backends, CONFIG_BOOL, "service.reuse_old_backends", "1",
	    "A backend that was full may take people again when some have left. 0: it takes no more, "
	    "and ends when the last one leaves."),
	LIVE_INT(login_delay, "service.login_delay", "0", 0, 3600,
	    "Seconds between two logins that are handed to backends; others wait in a queue."),
	LIVE_INT(idle_reconnect_time, "service.idle_reconnect_time", "0", 0, 365 * DAY,
	    "Seconds of inactivity after which somebody is moved to a backend that is kept for idle "
	    "people, so that others can end and give their memory back. 0: never."),
	LIVE_INT(memory_collector_time, "service.memory_collector_time", "0", 0, 365 * DAY,
	    "Seconds between two rounds in which the backend that needs the most memory stops taking "
	    "people, so that it ends when its last one leaves. 0: never."),
	LIVE_INT(ping_interval, "service.ping_interval", "20", 1, 3600,
	    "Seconds between two PINGs to a backend; one that does not answer is taken as hung."),

	KEY(sandbox.on, CONFIG_BOOL, "backend.sandbox", "on",
	    "Backends run with as little as they need (docs/security.md). off: with all that this process "
	    "may do, its key and database included."),
	KEY(sandbox.allow, CONFIG_LIST, "backend.sandbox_allow", NULL,
	    "What a backend may do all the same: exec (start programs; shells, scripts and what is given one "
	    "always may), listen (take connections), unix (Unix sockets, for D-Bus for example), trace (debug its "
	    "own processes). May be given several times."),
	KEY(sandbox.read, CONFIG_LIST, "backend.sandbox_read", NULL,
	    "Absolute path of a file or folder that a backend may read, beside the system's programs and "
	    "libraries, its own program's folder, and this file without its secrets. May be given several times."),
	KEY(sandbox.write, CONFIG_LIST, "backend.sandbox_write", NULL,
	    "Absolute path of a file or folder that a backend may read and write, beside its current directory, "
	    "which is backend in service.working_dir. May be given several times."),
	KEY(sandbox.connect, CONFIG_LIST, "backend.sandbox_connect", NULL,
	    "TCP port that a backend may connect to; the way to this process and DNS come by themselves. May be "
	    "given several times. None: any port."),
	KEY(sandbox.user, CONFIG_STRING, "backend.sandbox_user", "",
	    "User that backends run as, if this process is root. Empty: a uid that belongs to nobody, the same at each "
	    "start; root: as this process."),
	INT(sandbox.memory_mb, "backend.sandbox_memory", "4096", 0, 1 << 24,
	    "MiB of private memory for one backend process. 0: no limit."),
	INT(sandbox.cpu_s, "backend.sandbox_cpu", "604800", 0, 365 * DAY,
	    "Seconds of processor time for one backend process; then it is ended, and its users get another one. "
	    "0: no limit."),
	INT(sandbox.files, "backend.sandbox_files", "8192", 0, 1000000,
	    "Files and connections that one backend process may have open. 0: as many as this process."),

	LIVE(public_registration, CONFIG_BOOL, "registration.enable_public_registration", "1",
	    "Everybody may register. 0: only people of service.allowed_servers."),
	LIVE(language, CONFIG_STRING, "registration.language", "en",
	    "Language of accounts that name none."),
	LIVE(instructions, CONFIG_STRING, "registration.instructions",
	    "Enter your legacy network username and password.",
	    "Text above the registration form."),
	LIVE(username_label, CONFIG_STRING, "registration.username_label", "3rd-party network username",
	    "Label of the form's field for the name at the legacy network."),
	LIVE(password_label, CONFIG_STRING, "registration.password_label", "3rd-party network password",
	    "Label of the form's field for the password at the legacy network."),
	LIVE(username_mask, CONFIG_STRING, "registration.username_mask", "",
	    "The name at the legacy network, made from what people enter: $username is replaced by "
	    "it, as in $username@irc.example.org. Empty: just what they enter."),
	LIVE(allowed_usernames, CONFIG_STRING, "registration.allowed_usernames", "",
	    "POSIX extended regular expression that a whole name at the legacy network must match. "
	    "Empty: all may."),
	LIVE(auto_register, CONFIG_BOOL, "registration.auto_register", "0",
	    "Register people without credentials when their first presence arrives."),
	LIVE(notify_jid, CONFIG_LIST, "registration.notify_jid", NULL,
	    "Address that gets a message whenever somebody registers or unregisters."),

	LIVE(send_headlines, CONFIG_BOOL, "settings.send_headlines", "0",
	    "Default of people's own setting send_headlines: messages of the network itself are "
	    "passed on."),
	LIVE(stay_connected, CONFIG_BOOL, "settings.stay_connected", "0",
	    "Default of people's own setting stay_connected: the legacy session goes on when they go "
	    "offline."),
	LIVE(display_name, CONFIG_BOOL, "settings.display_name", "1",
	    "Default of people's own setting display_name: on Matrix they are called in rooms as they are called there, "
	    "where the network lets them."),
	LIVE(delivery, CONFIG_BOOL, "settings.delivery", "0",
	    "Default of people's own setting delivery: on Matrix what they say to a contact is marked when it has arrived, "
	    "where the network says so."),

	LIVE(log_level, CONFIG_STRING, "logging.level", "info",
	    "What is logged: error, warning, info or debug."),
	KEY(log_file, CONFIG_STRING, "logging.file", "",
	    "File that the log is appended to, instead of stderr; SIGHUP begins a new one after this one was renamed. "
	    "A relative path begins in service.working_dir. Empty: stderr, which is systemd's journal under systemd."),

	INT(metrics_port, "metrics.port", "0", 0, 65535,
	    "Port where Prometheus finds the instance's metrics, at /metrics (docs/metrics.md). 0: none, and "
	    "latencies are not measured."),
	KEY(metrics_host, CONFIG_STRING, "metrics.host", "127.0.0.1",
	    "Loopback address of that port, 127.0.0.1 or ::1. Whoever can connect to it can read the metrics."),
};

const struct config_table service_config_table = CONFIG_TABLE("service", service_keys);

char *service_control_path(const struct service_config *service)
{
	if (*service->control_socket)
		return mem_strdup(service->control_socket);
	return *service->working_dir ? mem_printf("%s/control", service->working_dir) : NULL;
}
