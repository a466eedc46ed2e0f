/* SPDX-License-Identifier: MIT */
#include "transport/backend/backend_sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/config.h"
#include "config/ini.h"
#include "config/limits.h"
#include "transport/backend/backend_command.h"
#include "transport/backend/backend_owner.h"
#include "transport/backend/backend_reading.h"
#include "transport/backend/network_plugin_server.h"
#include "transport/transport.h"

#define PROGRAM "transport-sandbox"

struct backend_sandbox {
	const struct transport *transport;
	char *launcher;
	char *start, *working_dir; /* of this process, and service.working_dir */
	char *folder;
	char *copy; /* NULL: there is no configuration file */
	struct backend_owner owner;
	struct hidden hidden;
	struct reading configured; /* paths that the configuration file names */
};

/* the copy of the configuration file */

static bool is_in_section(const char *name, const char *const *sections)
{
	for (; *sections; sections++)
		if (strncasecmp(name, *sections, strlen(*sections)) == 0)
			return true;
	return false;
}

/* Sections of the database and of frontends with tokens: no backend has to do with what is in there. */
static const char *const closed_sections[] = {"database.", "matrix.", "slack.", NULL};

static bool is_secret(const char *name)
{
	static const char *const names[] = {"service.password", "service.cert_password", "service.admin_password",
	                                    "service.client_secret"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (text_equal_nocase(name, names[i]))
			return true;
	return is_in_section(name, closed_sections);
}

void backend_sandbox_filter(struct buf *out, const char *text, size_t length)
{
	struct ini ini;
	struct buf section = {0};
	enum ini_found found;

	buf_puts(out, "# Made at the start of the gateway, for its backends: no secrets, and changes get lost.\n");
	buf_puts(&section, "");
	ini_init(&ini, text, length);
	while ((found = ini_next(&ini)) != INI_END) {
		const char *name = found == INI_PAIR ? buf_text(&ini.name) : "";
		const char *dot = strchr(name, '.');
		if (found == INI_BAD || !dot || is_secret(name))
			continue;
		if (strlen(buf_text(&section)) != (size_t)(dot - name) ||
		    strncmp(buf_text(&section), name, (size_t)(dot - name)) != 0) {
			buf_clear(&section);
			buf_append(&section, name, (size_t)(dot - name));
			buf_printf(out, "[%s]\n", buf_text(&section));
		}
		buf_printf(out, "%s = %s\n", dot + 1, buf_text(&ini.value));
	}
	ini_finish(&ini);
	buf_finish(&section);
}

static void hide_secret_files(struct hidden *hidden, const char *text, size_t length)
{
	struct ini ini;
	enum ini_found found;

	ini_init(&ini, text, length);
	while ((found = ini_next(&ini)) != INI_END)
		if (found == INI_PAIR && (text_equal_nocase(buf_text(&ini.name), "service.cert") ||
		                          text_equal_nocase(buf_text(&ini.name), "matrix.registration")))
			hidden_add(hidden, buf_text(&ini.value));
	ini_finish(&ini);
}

/* What a backend is told of in its own sections it has to be able to read: certificates, lists of words. */
static void find_paths(struct reading *reading, const char *text, size_t length)
{
	static const char *const cores[] = {"service.", "logging.", "backend.", NULL};
	struct ini ini;
	enum ini_found found;

	ini_init(&ini, text, length);
	while ((found = ini_next(&ini)) != INI_END) {
		if (found != INI_BAD && !is_in_section(buf_text(&ini.name), cores) &&
		    !is_in_section(buf_text(&ini.name), closed_sections))
			reading_add(reading, buf_text(&ini.value));
	}
	ini_finish(&ini);
}

static int read_file(const char *path, struct buf *text)
{
	char chunk[4096];
	ssize_t count;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	while ((count = read(fd, chunk, sizeof(chunk))) > 0 && text->len <= LIMIT_CONFIG_BYTES)
		buf_append(text, chunk, (size_t)count);
	int problem = count < 0 ? -errno : 0;
	close(fd);
	return problem;
}

static int write_file(const char *path, const struct buf *text, const struct backend_sandbox *sandbox)
{
	unlink(path);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	bool good = write(fd, text->data, text->len) == (ssize_t)text->len &&
	            (!sandbox->owner.other || fchown(fd, sandbox->owner.uid, sandbox->owner.gid) == 0);
	int problem = good ? 0 : -(errno ? errno : EIO);
	close(fd);
	return problem;
}

/* Into `copy`, with what it says of files. */
static int read_configuration(struct backend_sandbox *sandbox, struct buf *copy, struct buf *error)
{
	const struct config *config = sandbox->transport->config;
	const char *path = config ? config_path(config) : NULL;
	struct buf text = {0};

	if (!path)
		return 0;
	sandbox->copy = mem_printf("%s/backend.cfg", sandbox->working_dir);
	int problem = read_file(path, &text);
	if (problem == 0) {
		backend_sandbox_filter(copy, text.data ? text.data : "", text.len);
		hide_secret_files(&sandbox->hidden, text.data ? text.data : "", text.len);
		find_paths(&sandbox->configured, text.data ? text.data : "", text.len);
	} else {
		buf_printf(error, "cannot read %s again, for backends: %s", log_quote(path), strerror(-problem));
	}
	if (text.data)
		explicit_bzero(text.data, text.len);
	buf_finish(&text);
	return problem == 0 ? 0 : TP_ERR_IO;
}

static int make_copy(const struct backend_sandbox *sandbox, const struct buf *copy, struct buf *error)
{
	int problem = sandbox->copy ? write_file(sandbox->copy, copy, sandbox) : 0;

	if (problem == 0)
		return 0;
	buf_printf(error, "cannot copy the configuration file for backends to %s: %s", log_quote(sandbox->copy),
	           strerror(-problem));
	return TP_ERR_IO;
}

/* paths */

static int check_paths(const struct backend_sandbox *sandbox, const struct config_list *list, const char *key,
                       struct buf *error)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i][0] != '/') {
			buf_printf(error, "%s: %s is not an absolute path", key, log_quote(list->items[i]));
			return TP_ERR_INVALID;
		}
		if (hidden_is_in(&sandbox->hidden, list->items[i]))
			log_warning(&sandbox->transport->log,
			            "%s: %s gives backends this instance's database, key or configuration", key,
			            log_quote(list->items[i]));
	}
	return 0;
}

static int check_words(const struct sandbox_config *config, struct buf *error)
{
	static const char *const words[] = {"exec", "listen", "unix", "trace"};

	for (size_t i = 0; i < config->allow.count; i++) {
		bool known = false;
		for (size_t k = 0; k < ARRAY_SIZE(words); k++)
			known = known || !strcmp(config->allow.items[i], words[k]);
		if (!known) {
			buf_printf(error, "backend.sandbox_allow: %s is none of exec, listen, unix, trace",
			           log_quote(config->allow.items[i]));
			return TP_ERR_INVALID;
		}
	}
	for (size_t i = 0; i < config->connect.count; i++) {
		char *end;
		unsigned long port = strtoul(config->connect.items[i], &end, 10);
		if (*end || port < 1 || port > 65535) {
			buf_printf(error, "backend.sandbox_connect: %s is not a port",
			           log_quote(config->connect.items[i]));
			return TP_ERR_INVALID;
		}
	}
	return 0;
}

static int check(const struct backend_sandbox *sandbox, const struct sandbox_config *config, struct buf *error)
{
	int err = check_words(config, error);

	if (!err)
		err = check_paths(sandbox, &config->read, "backend.sandbox_read", error);
	if (!err)
		err = check_paths(sandbox, &config->write, "backend.sandbox_write", error);
	return err;
}

/* What the command says of files in the core's working directory is not true of the backend's own folder. */
static void make_absolute(char **word, const char *folder)
{
	char *path = (*word)[0] == '/' || (*word)[0] == '-' ? NULL : mem_printf("%s/%s", folder, *word);
	struct stat st;

	if (path && stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
		char *other = *word;
		*word = path;
		path = other;
	}
	mem_free(path);
}

static int make_folder(struct backend_sandbox *sandbox, struct buf *error)
{
	const struct backend_owner *owner = &sandbox->owner;
	struct stat st;

	if ((mkdir(sandbox->folder, 0700) < 0 && errno != EEXIST) || lstat(sandbox->folder, &st) < 0 ||
	    !S_ISDIR(st.st_mode)) {
		buf_printf(error, "cannot make the backends' folder %s: %s", log_quote(sandbox->folder),
		           strerror(errno));
		return TP_ERR_IO;
	}
	/* another user has to get through to its folder; whatever else is there is 0600 */
	if (owner->other &&
	    (lchown(sandbox->folder, owner->uid, owner->gid) < 0 || chmod(sandbox->working_dir, 0711) < 0)) {
		buf_printf(error, "cannot give %s to the user of the backends: %s", log_quote(sandbox->folder),
		           strerror(errno));
		return TP_ERR_IO;
	}
	return 0;
}

/* What the command names, and the configuration has named. */
static int find_owner(struct backend_sandbox *sandbox, struct buf *error)
{
	const struct transport *transport = sandbox->transport;
	struct reading needed = {.hidden = &sandbox->hidden};
	char **words = backend_command_split(transport->service.backend, 0);
	struct buf no_program = {0}; /* is complained of elsewhere */

	for (size_t i = 0; words && words[i]; i++) {
		char *program = i == 0 ? backend_command_find(words[0], sandbox->working_dir, &no_program) : NULL;
		if (program)
			mem_replace(&words[0], program);
		mem_free(program);
		make_absolute(&words[i], i == 0 ? sandbox->start : sandbox->working_dir);
		reading_add_program(&needed, words[i]);
		reading_add_named(&needed, words[i]);
		/* also where the system's programs are, which everybody may read as a rule */
		if (words[i][0] == '/' && access(words[i], F_OK) == 0) {
			needed.items = mem_realloc(needed.items, (needed.count + 1) * sizeof(*needed.items));
			needed.items[needed.count++] = mem_strdup(words[i]);
		}
	}
	buf_finish(&no_program);
	backend_command_free(words);
	for (size_t i = 0; i < sandbox->configured.count; i++)
		reading_add(&needed, sandbox->configured.items[i]);
	int err = backend_owner_find(&sandbox->owner, transport->service.sandbox.user, sandbox->folder, needed.items,
	                             needed.count, &transport->log, error);
	reading_finish(&needed);
	return err;
}

static int find_folders(struct backend_sandbox *sandbox, struct buf *error)
{
	const char *configured = sandbox->transport->service.working_dir;
	char *working_dir = realpath(configured && *configured ? configured : ".", NULL);

	if (!working_dir) {
		buf_printf(error, "service.working_dir: %s", strerror(errno));
		return TP_ERR_IO;
	}
	char *start = realpath(".", NULL);
	sandbox->start = mem_strdup(start ? start : "/");
	sandbox->working_dir = mem_strdup(working_dir);
	sandbox->folder = mem_printf("%s/backend", working_dir);
	free(start);
	free(working_dir);
	return 0;
}

static void hide_ours(struct backend_sandbox *sandbox)
{
	const struct transport *transport = sandbox->transport;

	hidden_add(&sandbox->hidden, sandbox->working_dir);
	hidden_add(&sandbox->hidden, transport->store_config.database);
	hidden_add(&sandbox->hidden, transport->store_config.key_file);
	hidden_add(&sandbox->hidden, transport->service.control_socket);
	hidden_add(&sandbox->hidden, transport->config ? config_path(transport->config) : NULL);
}

static int prepare(struct backend_sandbox *sandbox, struct buf *error)
{
	struct buf copy = {0};
	int err = find_folders(sandbox, error);

	if (err < 0)
		return err;
	hide_ours(sandbox);
	err = check(sandbox, &sandbox->transport->service.sandbox, error);
	if (!err)
		err = read_configuration(sandbox, &copy, error);
	if (!err)
		err = find_owner(sandbox, error);
	if (!err)
		err = make_folder(sandbox, error);
	if (!err)
		err = make_copy(sandbox, &copy, error);
	buf_finish(&copy);
	return err;
}

int backend_sandbox_create(const struct transport *transport, struct backend_sandbox **out, struct buf *error)
{
	char *launcher = backend_command_find_beside(PROGRAM);

	if (!launcher) {
		buf_puts(error, "there is no program " PROGRAM " beside this one or in ../libexec/libtransport; "
		                "without it backends only start with backend.sandbox = off");
		return TP_ERR_NOT_FOUND;
	}
	struct backend_sandbox *sandbox = MEM_NEW(struct backend_sandbox);
	sandbox->transport = transport;
	sandbox->launcher = launcher;
	sandbox->configured.hidden = &sandbox->hidden;
	int err = prepare(sandbox, error);
	if (err < 0)
		backend_sandbox_destroy(&sandbox);
	*out = sandbox;
	return err;
}

void backend_sandbox_destroy(struct backend_sandbox **slot)
{
	struct backend_sandbox *sandbox = *slot;

	*slot = NULL;
	if (!sandbox)
		return;
	hidden_finish(&sandbox->hidden);
	reading_finish(&sandbox->configured);
	mem_free(sandbox->launcher);
	mem_free(sandbox->start);
	mem_free(sandbox->working_dir);
	mem_free(sandbox->folder);
	mem_free(sandbox->copy);
	mem_free(sandbox);
}

const char *backend_sandbox_folder(const struct backend_sandbox *sandbox)
{
	return sandbox->folder;
}

/* the command */

struct words {
	char **items;
	size_t count;
};

static void add(struct words *words, char *word)
{
	words->items = mem_realloc(words->items, (words->count + 2) * sizeof(*words->items));
	words->items[words->count++] = word;
	words->items[words->count] = NULL;
}

static void add_option(struct words *words, const char *name, const char *value)
{
	add(words, mem_strdup(name));
	add(words, mem_strdup(value));
}

static void add_list(struct words *words, const char *name, const struct config_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		add_option(words, name, list->items[i]);
}

static void add_number(struct words *words, const char *name, long value)
{
	add(words, mem_strdup(name));
	add(words, mem_printf("%ld", value));
}

static void add_paths(struct words *words, const struct reading *reading)
{
	for (size_t i = 0; i < reading->count; i++)
		add_option(words, "--read", reading->items[i]);
}

/* `count` words are those of service.backend. */
static void add_command(struct words *words, const struct backend_sandbox *sandbox, char **argv, size_t count)
{
	struct reading reading = {.hidden = &sandbox->hidden};

	for (size_t i = 0; i < count; i++) {
		make_absolute(&argv[i], i == 0 ? sandbox->start : sandbox->working_dir);
		reading_add_program(&reading, argv[i]);
		reading_add_named(&reading, argv[i]);
	}
	reading_add_environment(&reading);
	add_paths(words, &reading);
	reading_finish(&reading);
	if (reading_starts_programs(argv, count))
		add_option(words, "--allow", "exec");
}

static void add_limits(struct words *words, const struct backend_sandbox *sandbox)
{
	const struct sandbox_config *config = &sandbox->transport->service.sandbox;

	add_number(words, "--memory", config->memory_mb);
	add_number(words, "--cpu", config->cpu_s);
	add_number(words, "--files", config->files);
	if (!sandbox->owner.other)
		return;
	add(words, mem_strdup("--user"));
	add(words, mem_printf("%lu:%lu", (unsigned long)sandbox->owner.uid, (unsigned long)sandbox->owner.gid));
}

char **backend_sandbox_wrap(const struct backend_sandbox *sandbox, char **argv, unsigned port)
{
	const struct sandbox_config *config = &sandbox->transport->service.sandbox;
	struct words words = {0};
	size_t count = 0, own = 0;

	while (argv[own] && strcmp(argv[own], "--host") != 0)
		own++;
	while (argv[count])
		count++;
	if (sandbox->copy) {
		mem_free(argv[count - 1]);
		argv[count - 1] = mem_strdup(sandbox->copy);
	}
	add(&words, mem_strdup(sandbox->launcher));
	add_option(&words, "--home", sandbox->folder);
	if (sandbox->copy)
		add_option(&words, "--read", sandbox->copy);
	add_command(&words, sandbox, argv, own);
	add_paths(&words, &sandbox->configured);
	add_list(&words, "--read", &config->read);
	add_list(&words, "--write", &config->write);
	add_list(&words, "--allow", &config->allow);
	add_list(&words, "--connect", &config->connect);
	if (config->connect.count) {
		add_number(&words, "--connect", port);
		add_number(&words, "--connect", 53);
	}
	add_limits(&words, sandbox);
	add(&words, mem_strdup("--"));
	for (size_t i = 0; i < count; i++)
		add(&words, argv[i]);
	mem_free(argv);
	return words.items;
}
