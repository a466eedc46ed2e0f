/* SPDX-License-Identifier: MIT */
#include "transport/backend/backend_sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <pwd.h>
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
#include "transport/transport.h"

#define PROGRAM "transport-sandbox"
#define PROTECTED_MAX 5

struct backend_sandbox {
	const struct transport *transport;
	char *launcher;
	char *folder;
	char *copy; /* NULL: there is no configuration file */
	bool owned; /* backends run as uid and gid */
	uid_t uid;
	gid_t gid;
	char *protected[PROTECTED_MAX]; /* real paths */
	size_t protected_count;
};

/* the copy of the configuration file */

static bool is_secret(const char *name)
{
	static const char *const names[] = {"service.password", "service.cert_password", "service.admin_password",
	                                    "service.client_secret"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (text_equal_nocase(name, names[i]))
			return true;
	return strncasecmp(name, "database.", strlen("database.")) == 0;
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
	            (!sandbox->owned || fchown(fd, sandbox->uid, sandbox->gid) == 0);
	int problem = good ? 0 : -(errno ? errno : EIO);
	close(fd);
	return problem;
}

static int make_copy(struct backend_sandbox *sandbox, const char *folder, struct buf *error)
{
	const struct transport *transport = sandbox->transport;
	const char *path = transport->config ? config_path(transport->config) : NULL;
	struct buf text = {0}, copy = {0};

	if (!path)
		return 0;
	sandbox->copy = mem_printf("%s/backend.cfg", folder);
	int problem = read_file(path, &text);
	if (problem == 0) {
		backend_sandbox_filter(&copy, text.data ? text.data : "", text.len);
		problem = write_file(sandbox->copy, &copy, sandbox);
	}
	if (text.data)
		explicit_bzero(text.data, text.len);
	buf_finish(&text);
	buf_finish(&copy);
	if (problem == 0)
		return 0;
	buf_printf(error, "cannot copy the configuration file for backends to %s: %s", log_quote(sandbox->copy),
	           strerror(-problem));
	return TP_ERR_IO;
}

/* paths */

static void protect(struct backend_sandbox *sandbox, const char *path)
{
	char *real = path && *path ? realpath(path, NULL) : NULL;

	if (!real)
		return;
	sandbox->protected[sandbox->protected_count++] = mem_strdup(real);
	free(real);
}

static bool is_below(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	while (length > 0 && folder[length - 1] == '/')
		length--;
	return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/* Whether leave to read `path` would be leave to read what backends must not have. */
static bool exposes(const struct backend_sandbox *sandbox, const char *path)
{
	char *real = realpath(path, NULL);
	bool found = false;

	for (size_t i = 0; real && i < sandbox->protected_count; i++)
		found = found || is_below(sandbox->protected[i], real);
	free(real);
	return found;
}

static int check_paths(const struct backend_sandbox *sandbox, const struct config_list *list, const char *key,
                       struct buf *error)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i][0] != '/') {
			buf_printf(error, "%s: %s is not an absolute path", key, log_quote(list->items[i]));
			return TP_ERR_INVALID;
		}
		if (exposes(sandbox, list->items[i]))
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

static int make_folder(struct backend_sandbox *sandbox, const char *working_dir, struct buf *error)
{
	struct stat st;

	sandbox->folder = mem_printf("%s/backend", working_dir);
	if ((mkdir(sandbox->folder, 0700) < 0 && errno != EEXIST) || lstat(sandbox->folder, &st) < 0 ||
	    !S_ISDIR(st.st_mode)) {
		buf_printf(error, "cannot make the backends' folder %s: %s", log_quote(sandbox->folder),
		           strerror(errno));
		return TP_ERR_IO;
	}
	/* another user has to get through to its folder; whatever else is there is 0600 */
	if (sandbox->owned &&
	    (lchown(sandbox->folder, sandbox->uid, sandbox->gid) < 0 || chmod(working_dir, 0711) < 0)) {
		buf_printf(error, "cannot give %s to backend.sandbox_user: %s", log_quote(sandbox->folder),
		           strerror(errno));
		return TP_ERR_IO;
	}
	return 0;
}

static int find_owner(struct backend_sandbox *sandbox, const char *user, struct buf *error)
{
	if (!user || !*user)
		return 0;
	const struct passwd *person = getpwnam(user);
	if (!person) {
		buf_printf(error, "backend.sandbox_user: there is no user %s on this machine", log_quote(user));
		return TP_ERR_INVALID;
	}
	if (geteuid() != 0) {
		buf_puts(error, "backend.sandbox_user: only root can start backends as another user");
		return TP_ERR_INVALID;
	}
	sandbox->owned = true;
	sandbox->uid = person->pw_uid;
	sandbox->gid = person->pw_gid;
	return 0;
}

static int prepare(struct backend_sandbox *sandbox, struct buf *error)
{
	const struct transport *transport = sandbox->transport;
	const struct sandbox_config *config = &transport->service.sandbox;
	const char *configured = transport->service.working_dir;
	int err = find_owner(sandbox, config->user, error);

	if (err < 0)
		return err;
	char *working_dir = realpath(configured && *configured ? configured : ".", NULL);
	if (!working_dir) {
		buf_printf(error, "service.working_dir: %s", strerror(errno));
		return TP_ERR_IO;
	}
	protect(sandbox, working_dir);
	protect(sandbox, transport->store_config.database);
	protect(sandbox, transport->store_config.key_file);
	protect(sandbox, transport->service.control_socket);
	protect(sandbox, transport->config ? config_path(transport->config) : NULL);
	err = check(sandbox, config, error);
	if (!err)
		err = make_folder(sandbox, working_dir, error);
	if (!err)
		err = make_copy(sandbox, working_dir, error);
	free(working_dir);
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
	for (size_t i = 0; i < sandbox->protected_count; i++)
		mem_free(sandbox->protected[i]);
	mem_free(sandbox->launcher);
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

/* Folders where people keep what no program needs for being there. */
static bool is_shared(const char *folder)
{
	static const char *const folders[] = {"/", "/tmp", "/var/tmp", "/home", "/etc", "/var", "/srv", "/run"};
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (!strcmp(folder, folders[i]))
			return true;
	const struct passwd *owner = stat(folder, &st) == 0 ? getpwuid(st.st_uid) : NULL;
	return owner && !strcmp(owner->pw_dir, folder);
}

/* A program or a script that service.backend names, and what lies beside it. */
static void add_program(struct words *words, const struct backend_sandbox *sandbox, const char *path)
{
	struct stat st;

	if (path[0] != '/' || stat(path, &st) < 0)
		return;
	if (!exposes(sandbox, path))
		add_option(words, "--read", path);
	char *copy = mem_strdup(path);
	const char *folder = dirname(copy);
	if (S_ISREG(st.st_mode) && !is_shared(folder) && !exposes(sandbox, folder))
		add_option(words, "--read", folder);
	mem_free(copy);
}

static char *make_absolute(char *path)
{
	char *real = path[0] == '/' ? NULL : realpath(path, NULL);

	if (!real)
		return path;
	char *copy = mem_strdup(real);
	free(real);
	mem_free(path);
	return copy;
}

char **backend_sandbox_wrap(const struct backend_sandbox *sandbox, char **argv, unsigned port)
{
	const struct sandbox_config *config = &sandbox->transport->service.sandbox;
	struct words words = {0};
	size_t count = 0;

	argv[0] = make_absolute(argv[0]);
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
	for (size_t i = 0; i < count && strcmp(argv[i], "--host") != 0; i++)
		add_program(&words, sandbox, argv[i]);
	add_list(&words, "--read", &config->read);
	add_list(&words, "--write", &config->write);
	add_list(&words, "--allow", &config->allow);
	add_list(&words, "--connect", &config->connect);
	if (config->connect.count) {
		add_number(&words, "--connect", port);
		add_number(&words, "--connect", 53);
	}
	add_number(&words, "--memory", config->memory_mb);
	add_number(&words, "--cpu", config->cpu_s);
	add_number(&words, "--files", config->files);
	if (sandbox->owned) {
		add(&words, mem_strdup("--user"));
		add(&words, mem_printf("%lu:%lu", (unsigned long)sandbox->uid, (unsigned long)sandbox->gid));
	}
	add(&words, mem_strdup("--"));
	for (size_t i = 0; i < count; i++)
		add(&words, argv[i]);
	mem_free(argv);
	return words.items;
}
