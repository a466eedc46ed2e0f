/* SPDX-License-Identifier: MIT */
/* The core's own keys: [service], [registration], [settings], [logging], [metrics] (docs/configuration.md). */
#pragma once

#include "config/config.h"

/* [backend]: what a backend process may do (docs/security.md). */
struct sandbox_config {
	bool on;
	struct config_list allow;       /* exec, listen, unix, trace */
	struct config_list read, write; /* absolute paths */
	struct config_list connect;     /* TCP ports; none: any */
	const char *user;               /* if we are root */
	long memory_mb, cpu_s, files;   /* 0: no limit of ours */
};

struct service_config {
	const char *jid;
	struct config_list frontends; /* service.frontend, repeatable; default xmpp */
	const char *user, *group;
	const char *pidfile, *portfile, *working_dir;
	struct config_list admin_jid;
	struct config_list allowed_servers;
	bool vip_only;
	const char *vip_message;
	bool reconnect_all_users;
	bool enable_remove_buddy;
	/* backends */
	const char *backend; /* command line, split with quoting rules, no shell */
	const char *backend_host;
	const char *backend_port;
	long users_per_backend;
	bool reuse_old_backends;
	long login_delay;           /* s */
	long idle_reconnect_time;   /* s */
	long memory_collector_time; /* s */
	long ping_interval;         /* s; ours, default 20 */
	struct sandbox_config sandbox;
	/* registration */
	bool public_registration;
	const char *language;
	const char *instructions, *username_label, *password_label;
	const char *username_mask;
	const char *allowed_usernames; /* POSIX extended regular expression, whole match */
	bool auto_register;
	struct config_list notify_jid;
	/* defaults of people's settings */
	bool send_headlines, stay_connected, display_name, delivery;
	const char *log_level; /* logging.level, ours */
	const char *log_file;  /* logging.file, ours; "": stderr */
	const char *metrics_host; /* metrics.host, ours: loopback only */
	long metrics_port;        /* metrics.port, ours; 0: off */
	const char *control_socket; /* service.control_socket, ours; default working_dir/control */
};

/* Where the control socket is; to be freed. NULL: there is none. */
char *service_control_path(const struct service_config *service);

extern const struct config_table service_config_table;
