/* SPDX-License-Identifier: MIT */
#include "daemon/instances.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/table.h"
#include "base/text.h"
#include "config/config.h"
#include "daemon/control_client.h"
#include "daemon/units.h"
#include "transport/service_config.h"

#define STATUS_SECONDS 5 /* for one instance to answer */
#define SUFFIX ".cfg"

bool instance_find_socket(const char *file, const char *jid, struct buf *path, char **own_jid,
                          struct buf *error)
{
	/* No others: whoever looks for what is wrong with an instance must reach it. */
	static const char *const wanted[] = {"service.jid", "service.working_dir", "service.control_socket"};
	struct config_key keys[ARRAY_SIZE(wanted)];
	const struct config_table table = CONFIG_TABLE("transportctl", keys);
	struct service_config service = {0};
	struct config *config = config_create();

	for (size_t i = 0; i < service_config_table.count; i++)
		for (size_t k = 0; k < ARRAY_SIZE(wanted); k++)
			if (!strcmp(service_config_table.keys[i].name, wanted[k]))
				keys[k] = service_config_table.keys[i];
	config_bind(config, &table, &service);
	if (jid)
		config_set_jid(config, jid);
	bool found = config_load(config, file, error) == 0;
	char *socket = found ? service_control_path(&service) : NULL;

	if (socket)
		buf_puts(path, socket);
	mem_free(socket);
	if (found && own_jid)
		*own_jid = mem_strdup(service.jid);
	config_destroy(&config);
	return found;
}

char *instance_read_key(const char *file, const char *key, struct buf *error)
{
	struct config *config = config_create();
	char *value = NULL;

	if (!config_load(config, file, error)) {
		const char *text = config_raw(config, key);

		value = mem_strdup(text ? text : "");
	}
	config_destroy(&config);
	return value;
}

/* ----------------------------------------------------------------------------------------- what is there */

struct names {
	char **items;
	size_t count;
};

/* What systemd takes as an instance of a unit without escaping; no option and no way out of the folder. */
static bool is_name(const char *name, size_t length)
{
	return length > 0 && *name != '-' && *name != '.' &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:_.-") >= length;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void names_finish(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		mem_free(names->items[i]);
	mem_free(names->items);
	*names = (struct names){0};
}

static bool read_names(const char *folder, struct names *names)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;

	if (!dir) {
		fprintf(stderr, "transportctl: %s: %s\n", folder, strerror(errno));
		return false;
	}
	while ((entry = readdir(dir))) {
		size_t length = strlen(entry->d_name), end = strlen(SUFFIX);

		if (length <= end || strcmp(entry->d_name + length - end, SUFFIX) != 0 ||
		    !is_name(entry->d_name, length - end))
			continue;
		names->items = mem_realloc(names->items, (names->count + 1) * sizeof(*names->items));
		names->items[names->count++] = mem_strndup(entry->d_name, length - end);
	}
	closedir(dir);
	if (names->count)
		qsort(names->items, names->count, sizeof(*names->items), compare_names);
	return true;
}

char *instance_find_only(const char *folder, struct buf *error)
{
	struct names names = {0};
	char *file = NULL;

	if (!read_names(folder, &names))
		return NULL;
	if (names.count == 1)
		file = mem_printf("%s/%s" SUFFIX, folder, names.items[0]);
	else if (names.count == 0)
		buf_printf(error, "there is no instance in %s: say which one is meant with --config FILE",
		           folder);
	else
		buf_puts(error, "there are several instances: say which one is meant with --instance");
	for (size_t i = 0; names.count > 1 && i < names.count; i++)
		buf_printf(error, "%s %s", i ? " or" : "", names.items[i]);
	names_finish(&names);
	return file;
}

/* ------------------------------------------------------------------------------------------------ status */

struct instance {
	char *file, *jid; /* jid NULL: the file cannot be read or is wrong, and state says so */
	const char *state;
	long users, backends, uptime; /* -1: not known */
};

static long field(const char *json, const char *name)
{
	const char *at = strstr(json, name);

	return at ? strtol(at + strlen(name), NULL, 10) : -1;
}

static void ask_status(struct instance *instance, int fd)
{
	struct buf line = {0}, answer = {0};

	buf_puts(&line, "--json status");
	instance->state = "does not answer";
	if (control_ask(fd, &line, STATUS_SECONDS, &answer)) {
		instance->state = strstr(answer.data, "\"draining\":true") ? "maintenance" : "running";
		instance->users = field(answer.data, "\"users\":");
		instance->backends = field(answer.data, "\"backends\":");
		instance->uptime = field(answer.data, "\"uptime\":");
	}
	buf_finish(&line);
	buf_finish(&answer);
}

static bool is_running(const struct instance *instance)
{
	return instance->users >= 0;
}

/* Of an instance that nobody answers for. Files elsewhere are no units. */
static const char *state_of_unit(const char *folder, const char *name)
{
	switch (strcmp(folder, INSTANCES_FOLDER) == 0 ? unit_state(name) : UNIT_UNKNOWN) {
	case UNIT_FAILED:
		return "failed";
	case UNIT_STARTING:
	case UNIT_ACTIVE:
		return "starting";
	default:
		return "stopped";
	}
}

static void look(struct instance *instance, const char *folder, const char *name, bool ask)
{
	struct buf path = {0}, error = {0};

	*instance = (struct instance){.users = -1, .backends = -1, .uptime = -1};
	instance->file = mem_printf("%s/%s" SUFFIX, folder, name);
	if (!instance_find_socket(instance->file, NULL, &path, &instance->jid, &error)) {
		instance->state = access(instance->file, R_OK) < 0 ? "no access" : "wrong configuration";
	} else if (ask) {
		int fd = control_connect(buf_text(&path));

		if (fd >= 0) {
			ask_status(instance, fd);
			close(fd);
		} else {
			instance->state = errno == EACCES ? "no access" : state_of_unit(folder, name);
		}
	}
	buf_finish(&path);
	buf_finish(&error);
}

static void put_known(struct table *table, long number)
{
	if (number >= 0)
		table_put_number(table, number);
	else
		table_put_nothing(table);
}

static void print_table(struct table **table, bool json, unsigned width)
{
	struct buf out = {0};

	if (json)
		table_print_json(*table, &out);
	else
		table_print(*table, width, &out);
	puts(buf_text(&out));
	buf_finish(&out);
	table_destroy(table);
}

static int show(const char *folder, bool ask, bool json, unsigned width)
{
	static const struct table_column listed[] = {
	        {"name", TABLE_TEXT}, {"jid", TABLE_TEXT}, {"file", TABLE_TEXT}};
	static const struct table_column asked[] = {{"name", TABLE_TEXT},
						    {"jid", TABLE_TEXT, .rank = 3},
						    {"state", TABLE_TEXT},
						    {"users", TABLE_NUMBER, .rank = 1},
						    {"backends", TABLE_NUMBER, .rank = 2},
						    {"up", TABLE_SECONDS, .rank = 2}};
	struct names names = {0};
	int status = 0;

	if (!read_names(folder, &names))
		return 2;
	struct table *table =
	        ask ? table_create(asked, ARRAY_SIZE(asked)) : table_create(listed, ARRAY_SIZE(listed));

	for (size_t i = 0; i < names.count; i++) {
		struct instance instance;

		look(&instance, folder, names.items[i], ask);
		table_put_text(table, names.items[i]);
		table_put_text(table, instance.jid);
		table_put_text(table, ask ? instance.state : instance.file);
		if (ask) {
			put_known(table, instance.users);
			put_known(table, instance.backends);
			put_known(table, instance.uptime);
			status = is_running(&instance) ? status : 3;
		}
		mem_free(instance.file);
		mem_free(instance.jid);
	}
	print_table(&table, json, width);
	names_finish(&names);
	return status;
}

int instances_list(const char *folder, bool json, unsigned width)
{
	return show(folder, false, json, width);
}

int instances_status(const char *folder, bool json, unsigned width)
{
	return show(folder, true, json, width);
}

/* ----------------------------------------------------------------------------------------- start and stop */

static int control_one(const char *folder, const char *verb, const char *name)
{
	char *file = mem_printf("%s/%s" SUFFIX, folder, name);
	bool there = is_name(name, strlen(name)) && access(file, F_OK) == 0;

	mem_free(file);
	if (!there) {
		fprintf(stderr, "transportctl: there is no instance %s: no file %s" SUFFIX " in %s\n", name,
		        name, folder);
		return 2;
	}
	return unit_control(folder, verb, name);
}

int instances_control(const char *folder, const char *verb, char *const *names, int count)
{
	struct names all = {0};
	int status = 0;

	if (!count && !read_names(folder, &all))
		return 2;
	if (!count && !all.count) {
		fprintf(stderr, "transportctl: there is no instance in %s\n", folder);
		return 2;
	}
	for (int i = 0; i < (count ? count : (int)all.count); i++) {
		int one = control_one(folder, verb, count ? names[i] : all.items[i]);

		if (one)
			status = one;
	}
	names_finish(&all);
	return status;
}
