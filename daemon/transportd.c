/* SPDX-License-Identifier: MIT */
/* transportd: one instance of the gateway, in the foreground. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "config/config.h"
#include "config/spectrum_keys.h"
#include "daemon/notify.h"
#include "daemon/privileges.h"
#include "frontends/matrix/frontend.h"
#include "frontends/slack/frontend.h"
#include "frontends/xmpp/frontend.h"
#include "transport/backend/network_plugin_server.h"
#include "transport/media/media.h"
#include "transport/reload.h"
#include "transport/transport.h"

#define STATUS_MS 15000 /* between two words about how it goes, where no watchdog sets the pace */

enum exit_status { EXIT_OK = 0, EXIT_RUNTIME = 1, EXIT_USAGE = 2, EXIT_CONFIGURATION = 3 };

struct options {
	const char *file;
	const char *jid;
	const char *matrix_registration; /* a file to write; NULL */
	bool check;
};

struct daemon {
	uv_loop_t loop;
	uv_signal_t signals[3];
	uv_prepare_t ready; /* until the frontends have started */
	uv_timer_t beat;    /* for the service manager */
	struct config *config;
	struct transport *transport;
	char *program;    /* this one's path, as it was at the start: an upgrade puts another there */
	char **arguments; /* as they were given */
	bool stopping, asked_to_end;
	int status; /* EXIT_RUNTIME once something failed that the program cannot go on without */
};

static const struct frontend_ops *const frontends[] = {&xmpp_frontend_ops, &matrix_frontend_ops,
							 &slack_frontend_ops, NULL};
static const struct config_table *const tables[] = {&service_config_table, &spool_config_table, &store_config_table,
						     &media_config_table, &xmpp_config_table, &matrix_config_table,
						     &slack_config_table};

static void print_help(FILE *out)
{
	fputs("Usage: transportd [OPTION]... FILE\n"
	      "Runs one instance of the gateway in the foreground; Spectrum 2's configuration files work.\n\n"
	      "  -c, --config FILE       the configuration file\n"
	      "  -j, --jid JID           the instance's JID, instead of the file's service.jid\n"
	      "      --matrix-registration OUT\n"
	      "                          write a registration file for the homeserver, and end\n"
	      "      --check             say what is wrong with the configuration, and end\n"
	      "      --SECTION.KEY=VALUE set a configuration key; wins over the file\n"
	      "      --sample            print a commented sample configuration, and end\n"
	      "      --reference         print all configuration keys as Markdown, and end\n"
	      "  -n, --no-daemonize      accepted and without effect: it never leaves the foreground\n"
	      "  -d, --no-debug          accepted and without effect\n"
	      "  -v, --version           print the version, and end\n"
	      "  -h, --help              print this, and end\n\n"
	      "Exit status: 0 ended as asked, 1 could not run, 2 wrong usage, 3 wrong configuration.\n",
	      out);
}

/* Sentences from anywhere, a line each, with or without a line feed behind the last. Empties `text`. They are what a
 * person sees who has started the program: without a time, but in the journal and in a log file as errors. */
static void print_complaints(struct buf *text)
{
	for (const char *line = buf_text(text); *line;) {
		size_t length = strcspn(line, "\n");

		if (log_is_journal() || log_is_file())
			log_error(NULL, "%.*s", (int)length, line);
		else
			fprintf(stderr, "%.*s\n", (int)length, line);
		line += length + (line[length] == '\n');
	}
	buf_finish(text);
}

/* --section.key=value, which getopt cannot know: taken out of argv before it looks. */
static int take_overrides(struct config *config, int *argc, char **argv)
{
	struct buf error = {0};
	int kept = 1, err = 0;

	for (int i = 1; i < *argc; i++) {
		const char *equals = strchr(argv[i], '=');
		const char *dot = strchr(argv[i], '.');

		if (strncmp(argv[i], "--", 2) != 0 || !equals || !dot || dot > equals) {
			argv[kept++] = argv[i];
			continue;
		}
		char *name = mem_strndup(argv[i] + 2, (size_t)(equals - argv[i] - 2));

		if (config_override(config, name, equals + 1, &error) < 0)
			err = TP_ERR_INVALID;
		mem_free(name);
	}
	argv[kept] = NULL;
	*argc = kept;
	if (err)
		print_complaints(&error);
	return err;
}

/* -1: go on; else the exit status. */
static int parse_options(int argc, char **argv, struct options *options)
{
	static const struct option long_options[] = {
		{"config", required_argument, NULL, 'c'}, {"jid", required_argument, NULL, 'j'},
		{"matrix-registration", required_argument, NULL, 'M'},
		{"check", no_argument, NULL, 'C'},        {"sample", no_argument, NULL, 'S'},
		{"reference", no_argument, NULL, 'R'},    {"no-daemonize", no_argument, NULL, 'n'},
		{"no-debug", no_argument, NULL, 'd'},     {"version", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "c:j:ndvh", long_options, NULL)) != -1) {
		switch (option) {
		case 'c':
			options->file = optarg;
			break;
		case 'j':
			options->jid = optarg;
			break;
		case 'M':
			options->matrix_registration = optarg;
			break;
		case 'C':
			options->check = true;
			break;
		case 'S':
			config_write_sample(stdout, tables, ARRAY_SIZE(tables));
			return EXIT_OK;
		case 'R':
			config_write_markdown(stdout, tables, ARRAY_SIZE(tables));
			return EXIT_OK;
		case 'n':
		case 'd':
			break;
		case 'v':
			puts("transportd " LIBTRANSPORT_VERSION);
			return EXIT_OK;
		case 'h':
			print_help(stdout);
			return EXIT_OK;
		default:
			fputs("Try: transportd --help\n", stderr);
			return EXIT_USAGE;
		}
	}
	if (optind < argc)
		options->file = argv[optind++];
	if (optind < argc) {
		fprintf(stderr, "transportd: one configuration file at a time: %s is too much\n", argv[optind]);
		return EXIT_USAGE;
	}
	if (!options->file) {
		fputs("transportd: no configuration file given. Try: transportd --help\n", stderr);
		return EXIT_USAGE;
	}
	return -1;
}

static void report_unknown(void *context, const char *file, int line, const char *name)
{
	const struct spectrum_key *known = spectrum_key_find(name);

	(void)context;
	if (known && known->reader == SPECTRUM_NOBODY)
		log_warning(NULL, "%s:%d: %s is accepted, has no effect: %s", file, line, name, known->reason);
	else if (!known)
		log_info(NULL, "%s:%d: %s is no key of the gateway: left to the backend", file, line, name);
}

static void warn_if_readable(const char *path)
{
	struct stat info;

	if (path && stat(path, &info) == 0 && (info.st_mode & (S_IRWXO)))
		log_warning(NULL, "%s holds secrets and everybody on this machine may read it: chmod o-rwx it", path);
}

static int load(struct daemon *daemon, const struct options *options)
{
	struct buf error = {0};

	if (options->jid)
		config_set_jid(daemon->config, options->jid);
	int err = config_load(daemon->config, options->file, &error);

	if (!err)
		err = transport_check(daemon->transport, &error);
	if (err) {
		print_complaints(&error);
		return err;
	}
	buf_finish(&error);
	log_level_parse(daemon->transport->service.log_level, &log_threshold);
	warn_if_readable(config_path(daemon->config));
	config_unknown(daemon->config, report_unknown, NULL);
	return 0;
}

/* Beyond what any start refuses in the file: what this machine lacks for it. */
static int check(struct daemon *daemon, const char *file)
{
	struct buf error = {0};

	if (network_plugin_server_check(daemon->transport, &error) < 0) {
		print_complaints(&error);
		return EXIT_CONFIGURATION;
	}
	return printf("%s: the configuration is good\n", file) < 0 ? EXIT_RUNTIME : EXIT_OK;
}

static void close_handle(uv_handle_t *handle)
{
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static void stopped(void *context)
{
	struct daemon *daemon = context;

	/* Never closed: libuv would restore what a signal does, and who asks twice kill what is being ended in order. */
	for (size_t i = 0; i < ARRAY_SIZE(daemon->signals); i++)
		uv_unref((uv_handle_t *)&daemon->signals[i]);
	daemon->stopping = true;
	close_handle((uv_handle_t *)&daemon->ready);
	close_handle((uv_handle_t *)&daemon->beat);
}

static void stop(struct daemon *daemon)
{
	if (daemon->stopping)
		return;
	daemon->stopping = true;
	notify_service_manager("STOPPING=1\nSTATUS=stopping");
	transport_stop(daemon->transport, stopped, daemon);
}

static void stop_soon(uv_prepare_t *handle)
{
	uv_prepare_stop(handle);
	stop(handle->data);
}

/* What asks the process to end. */
static void mask_ends(int how)
{
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	pthread_sigmask(how, &ends, NULL);
}

/* Descriptors close by themselves; backends and the spool wait for the next process, which is this one with another
 * program. If it was asked to end meanwhile, the next one does so, as only that can in good order. */
static void become_new(void *context)
{
	struct daemon *daemon = context;

	log_info(NULL, "starting anew");
	if (daemon->asked_to_end) {
		mask_ends(SIG_BLOCK);
		raise(SIGTERM);
	}
	execv(daemon->program, daemon->arguments);
	log_error(NULL, "cannot start %s anew: %s", log_quote(daemon->program), strerror(errno));
	_exit(EXIT_RUNTIME);
}

static void restart(void *context)
{
	struct daemon *daemon = context;

	if (daemon->stopping)
		return;
	daemon->stopping = true;
	log_info(NULL, "asked to start anew");
	notify_service_manager("RELOADING=1\nSTATUS=starting anew");
	transport_replace(daemon->transport, become_new, daemon);
}

static void failed(void *context)
{
	struct daemon *daemon = context;

	daemon->status = EXIT_RUNTIME;
	/* Not from inside of what has just failed. */
	uv_prepare_stop(&daemon->ready);
	uv_prepare_start(&daemon->ready, stop_soon);
}

static void reload(struct daemon *daemon)
{
	struct buf said = {0};

	if (!daemon->stopping)
		transport_reload(daemon->transport, &said); /* which logs all that is to be said */
	buf_finish(&said);
}

static void tell_status(const struct daemon *daemon)
{
	const struct transport *transport = daemon->transport;
	char text[160];

	/* Who reloads by a signal, as the unit does, gets no answer. */
	snprintf(text, sizeof(text), "STATUS=serving %zu users on %u backends%s", map_count(transport->users),
		 network_plugin_server_count(transport->backends),
		 transport->reload_failed ? "; not reloaded, the configuration is wrong: see the log" : "");
	notify_service_manager(text);
}

static void signalled(uv_signal_t *handle, int number)
{
	struct daemon *daemon = handle->data;

	if (number == SIGHUP && daemon->stopping)
		return;
	if (number == SIGHUP && !transport_is_ready(daemon->transport)) {
		reload(daemon);
		return;
	}
	if (number == SIGHUP) {
		notify_reloading();
		reload(daemon);
		notify_service_manager("READY=1");
		tell_status(daemon);
		return;
	}
	if (!daemon->asked_to_end)
		log_info(NULL, "%s: stopping", number == SIGINT ? "interrupted" : "asked to end");
	daemon->asked_to_end = true;
	stop(daemon);
}

static void tell_when_ready(uv_prepare_t *handle)
{
	const struct daemon *daemon = handle->data;

	if (!transport_is_ready(daemon->transport))
		return;
	log_started();
	log_info(NULL, "ready");
	notify_service_manager("READY=1");
	tell_status(daemon);
	uv_prepare_stop(handle);
}

/* From the loop: one that hangs is silent. */
static void beat(uv_timer_t *timer)
{
	const struct daemon *daemon = timer->data;

	notify_service_manager("WATCHDOG=1");
	if (transport_is_ready(daemon->transport) && !daemon->stopping)
		tell_status(daemon);
}

static void watch(struct daemon *daemon)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		uv_signal_init(&daemon->loop, &daemon->signals[i]);
		daemon->signals[i].data = daemon;
		uv_signal_start(&daemon->signals[i], signalled, numbers[i]);
	}
	mask_ends(SIG_UNBLOCK); /* the process that we were before may have been asked to end */
	uv_prepare_init(&daemon->loop, &daemon->ready);
	daemon->ready.data = daemon;
	uv_prepare_start(&daemon->ready, tell_when_ready);
	uv_timer_init(&daemon->loop, &daemon->beat);
	daemon->beat.data = daemon;
	if (getenv("NOTIFY_SOCKET")) {
		uint64_t interval = notify_watchdog_interval();

		uv_timer_start(&daemon->beat, beat, 0, interval ? interval : STATUS_MS);
	}
}

static int write_pidfile(const char *path)
{
	if (!*path)
		return 0;
	FILE *file = fopen(path, "we");

	if (!file) {
		log_warning(NULL, "service.pidfile: cannot write %s: %s", path, strerror(errno));
		return 0;
	}
	fprintf(file, "%ld\n", (long)getpid());
	if (fclose(file) != 0)
		log_warning(NULL, "service.pidfile: cannot write %s: %s", path, strerror(errno));
	return 1;
}

/* Backends open it too, as whom we have become. */
static int check_readable(const char *path, const char *user, struct buf *error)
{
	if (access(path, R_OK) == 0)
		return 0;
	buf_printf(error, "%s: service.user %s cannot read it, and backends must: %s. Give it to the user's group: chgrp, "
			  "chmod 640\n",
		   path, user, strerror(errno));
	return TP_ERR_IO;
}

static int serve(struct daemon *daemon)
{
	const struct service_config *service = &daemon->transport->service;
	struct buf error = {0};
	int err = privileges_settle(service->working_dir, service->pidfile, service->user, service->group, &error);

	if (!err && *service->user)
		err = check_readable(config_path(daemon->config), service->user, &error);
	/* As whom we are now, and where: a file that its owner cannot open anew is found at once. */
	if (!err && *service->log_file)
		err = log_to_file(service->log_file, &error);
	watch(daemon);
	daemon->transport->failed = failed;
	daemon->transport->failed_context = daemon;
	daemon->transport->restart = restart;
	daemon->transport->restart_context = daemon;
	if (!err)
		err = transport_start(daemon->transport, &error);
	if (err) {
		stopped(daemon);
		print_complaints(&error);
		return EXIT_RUNTIME;
	}
	int has_pidfile = write_pidfile(service->pidfile);

	uv_run(&daemon->loop, UV_RUN_DEFAULT);
	if (has_pidfile)
		unlink(service->pidfile);
	buf_finish(&error);
	return daemon->status;
}

/* What is closed takes a few turns to be gone. */
static void settle(uv_loop_t *loop)
{
	for (unsigned turn = 0; turn < 10 && uv_run(loop, UV_RUN_NOWAIT); turn++)
		continue;
}

/* Parsing takes arguments away and moves them about. */
static void keep_arguments(struct daemon *daemon, int argc, char **argv)
{
	daemon->program = realpath("/proc/self/exe", NULL);
	daemon->arguments = mem_alloc(((size_t)argc + 1) * sizeof(*daemon->arguments));
	for (int i = 0; i < argc; i++)
		daemon->arguments[i] = mem_strdup(argv[i]);
}

static int write_registration(struct daemon *daemon, const char *path)
{
	struct frontend *frontend = transport_frontend(daemon->transport, "matrix");
	struct buf error = {0};

	if (!frontend) {
		fputs("transportd: the configuration does not say service.frontend = matrix\n", stderr);
		return EXIT_CONFIGURATION;
	}
	if (matrix_write_registration(frontend, path, &error) < 0) {
		print_complaints(&error);
		return EXIT_RUNTIME;
	}
	printf("%s: add it to app_service_config_files of the homeserver, and restart that\n", path);
	return EXIT_OK;
}

static void forget_arguments(struct daemon *daemon)
{
	for (char **argument = daemon->arguments; *argument; argument++)
		mem_free(*argument);
	mem_free(daemon->arguments);
	free(daemon->program);
}

int main(int argc, char **argv)
{
	struct options options = {0};
	static struct daemon daemon;
	int status = EXIT_OK;

	privileges_harden();
	keep_arguments(&daemon, argc, argv);
	daemon.config = config_create();
	uv_loop_init(&daemon.loop);
	if (take_overrides(daemon.config, &argc, argv) < 0)
		status = EXIT_USAGE;
	else
		status = parse_options(argc, argv, &options);
	if (status < 0) {
		daemon.transport = transport_create(&daemon.loop, daemon.config, frontends);
		if (load(&daemon, &options) < 0)
			status = EXIT_CONFIGURATION;
		else if (options.matrix_registration)
			status = write_registration(&daemon, options.matrix_registration);
		else if (options.check)
			status = check(&daemon, options.file);
		else
			status = serve(&daemon);
		settle(&daemon.loop);
		transport_destroy(&daemon.transport);
		settle(&daemon.loop);
	}
	config_destroy(&daemon.config);
	uv_loop_close(&daemon.loop); /* does not, where signals are watched */
	forget_arguments(&daemon);
	return status;
}
