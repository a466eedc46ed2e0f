/* SPDX-License-Identifier: MIT */
#include "config/config.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/ini.h"
#include "config/limits.h"

#define JID_KEY "service.jid"
#define COMPLAINTS 50 /* of one load; a file that is no configuration at all has one a line */

struct value {
	char *text;
	int line; /* 0: command line */
};

/* All that was said about one name. */
struct entry {
	struct value *values;
	size_t count;
};

struct binding {
	const struct config_table *table;
	char *target;
};

/*
 * Texts and lists that were handed out live as long as the config, so that a reload leaves no pointer
 * dangling anywhere; equal ones are shared, so that reloading an unchanged file costs nothing.
 */
struct pool {
	struct map *texts; /* text -> the same text, owned */
	struct config_list *lists;
	size_t list_count;
};

struct config {
	struct binding *bindings;
	size_t binding_count;
	struct map *overrides; /* name -> struct entry */
	struct map *file;      /* name -> struct entry; of the last good load */
	struct entry *jid;     /* of -j, or NULL */
	char *path;
	struct pool pool;
};

/* One call of config_load. */
struct load {
	struct config *config;
	char *path;
	struct map *file;
	const char *jid;
	struct buf *error;
	size_t complaints;
	int result;
};

static void entry_destroy(void *memory)
{
	struct entry *entry = memory;
	size_t i;

	if (!entry)
		return;
	for (i = 0; i < entry->count; i++)
		mem_free_secret(entry->values[i].text);
	mem_free(entry->values);
	mem_free(entry);
}

static void entry_add(struct entry *entry, const char *text, int line)
{
	entry->values = mem_realloc(entry->values, (entry->count + 1) * sizeof(*entry->values));
	entry->values[entry->count++] = (struct value){mem_strdup(text), line};
}

static void add_value(struct map *map, const char *name, const char *text, int line)
{
	struct entry *entry = map_get(map, name);

	if (!entry) {
		entry = MEM_NEW(struct entry);
		map_put(map, name, entry);
	}
	entry_add(entry, text, line);
}

struct config *config_create(void)
{
	struct config *config = MEM_NEW(struct config);

	config->overrides = map_create();
	config->file = map_create();
	config->pool.texts = map_create();
	return config;
}

void config_destroy(struct config **config)
{
	struct config *gone = *config;
	size_t i;

	if (!gone)
		return;
	for (i = 0; i < gone->pool.list_count; i++)
		mem_free((void *)gone->pool.lists[i].items);
	mem_free(gone->pool.lists);
	map_destroy(&gone->pool.texts, mem_free);
	map_destroy(&gone->file, entry_destroy);
	map_destroy(&gone->overrides, entry_destroy);
	entry_destroy(gone->jid);
	mem_free(gone->bindings);
	mem_free(gone->path);
	MEM_FREE(*config);
}

void config_bind(struct config *config, const struct config_table *table, void *target)
{
	config->bindings =
		mem_realloc(config->bindings, (config->binding_count + 1) * sizeof(*config->bindings));
	config->bindings[config->binding_count++] = (struct binding){table, target};
}

int config_override(struct config *config, const char *name, const char *value, struct buf *error)
{
	const char *dot = strchr(name, '.');

	if (!dot || dot == name || !dot[1]) {
		if (error) {
			buf_puts(error, "command line: ");
			text_quote(error, name, strlen(name), 100);
			buf_puts(error, ": a key is written section.key");
		}
		return TP_ERR_INVALID;
	}
	if (!text_is_clean(value, strlen(value), TEXT_LINES) || strchr(value, '\n')) {
		if (error)
			buf_printf(error, "command line: %s: not UTF-8 text on one line", name);
		return TP_ERR_INVALID;
	}
	add_value(config->overrides, name, value, 0);
	return TP_OK;
}

void config_set_jid(struct config *config, const char *jid)
{
	entry_destroy(config->jid);
	config->jid = MEM_NEW(struct entry);
	entry_add(config->jid, jid, 0);
}

/* ---- where a value comes from ---- */

static const struct entry *find_entry(const struct config *config, const struct map *file, const char *name)
{
	const struct entry *entry;

	if (config->jid && strcmp(name, JID_KEY) == 0)
		return config->jid;
	entry = map_get(config->overrides, name);
	return entry ? entry : map_get(file, name);
}

const char *config_raw(const struct config *config, const char *name)
{
	const struct entry *entry = find_entry(config, config->file, name);

	return entry ? entry->values[entry->count - 1].text : NULL;
}

const char *config_path(const struct config *config)
{
	return config->path;
}

static bool is_bound(const struct config *config, const char *name)
{
	size_t i, k;

	for (i = 0; i < config->binding_count; i++)
		for (k = 0; k < config->bindings[i].table->count; k++)
			if (strcmp(config->bindings[i].table->keys[k].name, name) == 0)
				return true;
	return false;
}

void config_unknown(const struct config *config,
		    void (*each)(void *context, const char *file, int line, const char *name), void *context)
{
	struct map_iter it = {0};

	while (map_next(config->file, &it)) {
		const struct entry *entry = it.value;

		if (!is_bound(config, it.key))
			each(context, config->path, entry->values[0].line, it.key);
	}
}

/* ---- complaints ---- */

static void complain(struct load *load, int line, const char *name, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static void complain(struct load *load, int line, const char *name, const char *format, ...)
{
	struct buf text = {0};
	va_list args;

	load->result = TP_ERR_INVALID;
	if (load->complaints > COMPLAINTS)
		return;
	if (line)
		buf_printf(&text, "%s:%d: ", load->path, line);
	else
		buf_puts(&text, "command line: ");
	if (name)
		buf_printf(&text, "%s: ", name);
	va_start(args, format);
	buf_vprintf(&text, format, args);
	va_end(args);

	/* Two tables that have the same key make the same complaint. */
	if (!strstr(buf_text(load->error), text.data)) {
		if (load->error->len)
			buf_putc(load->error, '\n');
		if (load->complaints++ < COMPLAINTS)
			buf_append(load->error, text.data, text.len);
		else
			buf_printf(load->error, "%s: and so on", load->path ? load->path : "command line");
	}
	buf_finish(&text);
}

static void complain_value(struct load *load, const struct value *value, const char *name, const char *what)
{
	struct buf quoted = {0};

	text_quote(&quoted, value->text, strlen(value->text), 100);
	complain(load, value->line, name, "'%s' %s", buf_text(&quoted), what);
	buf_finish(&quoted);
}

/* ---- reading a value ---- */

bool config_parse_bool(const char *text, bool *value)
{
	static const char *const words[] = {"0", "1", "false", "true", "no", "yes", "off", "on"};
	size_t i;

	for (i = 0; text && i < ARRAY_SIZE(words); i++) {
		if (text_equal_nocase(text, words[i])) {
			*value = i % 2 == 1;
			return true;
		}
	}
	return false;
}

/* Where a comment behind a value begins, as Spectrum 2's files may have them; else the text's end. */
static size_t comment_start(const char *text)
{
	const char *at = text;

	while ((at = strchr(at, '#'))) {
		if (at > text && (at[-1] == ' ' || at[-1] == '\t'))
			break;
		at++;
	}
	if (!at)
		return strlen(text);
	while (at > text && (at[-1] == ' ' || at[-1] == '\t'))
		at--;
	return (size_t)(at - text);
}

static bool read_bool(const char *text, bool *value)
{
	size_t length = comment_start(text);

	if (!text[length])
		return config_parse_bool(text, value);
	char *word = mem_strndup(text, length);
	bool good = config_parse_bool(word, value);

	mem_free(word);
	return good;
}

static bool read_long(const char *text, long *value)
{
	char *end;

	errno = 0;
	*value = strtol(text, &end, 10);
	return end != text && end == text + comment_start(text) && errno == 0;
}

static void check_value(struct load *load, const struct config_key *key, const struct value *value)
{
	char range[64];
	bool flag;
	long number;

	if (key->type == CONFIG_BOOL && !read_bool(value->text, &flag))
		complain_value(load, value, key->name,
			       "is not a boolean (1 or 0, true, false, yes, no, on, off)");
	if (key->type != CONFIG_INT)
		return;
	if (!read_long(value->text, &number)) {
		complain_value(load, value, key->name, "is not a number");
		return;
	}
	if ((key->min || key->max) && (number < key->min || number > key->max)) {
		snprintf(range, sizeof(range), "is not within %ld to %ld", key->min, key->max);
		complain_value(load, value, key->name, range);
	}
}

static void check_key(struct load *load, const struct config_key *key)
{
	const struct entry *in_file = map_get(load->file, key->name);
	const struct entry *entry = find_entry(load->config, load->file, key->name);
	size_t i;

	if (key->type != CONFIG_LIST && in_file)
		for (i = 1; i < in_file->count; i++)
			complain(load, in_file->values[i].line, key->name,
				 "given twice, the first time in line %d", in_file->values[0].line);
	if (entry)
		check_value(load, key, &entry->values[entry->count - 1]);
}

/* ---- filling the structs; nothing fails from here on ---- */

static const char *pool_text(struct pool *pool, const char *text)
{
	char *kept = map_get(pool->texts, text);

	if (!kept) {
		kept = mem_strdup(text);
		map_put(pool->texts, text, kept);
	}
	return kept;
}

static struct config_list pool_list(struct pool *pool, const char *const *items, size_t count)
{
	struct config_list list = {NULL, count};
	size_t i;

	if (!count)
		return list;
	for (i = 0; i < pool->list_count; i++)
		if (pool->lists[i].count == count &&
		    memcmp(pool->lists[i].items, items, count * sizeof(*items)) == 0)
			return pool->lists[i];
	list.items = mem_dup(items, count * sizeof(*items));
	pool->lists = mem_realloc(pool->lists, (pool->list_count + 1) * sizeof(*pool->lists));
	pool->lists[pool->list_count++] = list;
	return list;
}

static const char *default_of(const struct config_key *key)
{
	static const char empty[] = "", zero[] = "0";

	if (key->fallback)
		return key->fallback;
	return key->type == CONFIG_BOOL || key->type == CONFIG_INT ? zero : empty;
}

/* The table outlives us: its own text needs no copy. Who says the same gets that one, so that it counts as equal. */
static const char *keep_text(struct load *load, const struct config_key *key, const char *text)
{
	const char *fallback = default_of(key);

	return strcmp(text, fallback) == 0 ? fallback : pool_text(&load->config->pool, text);
}

static const char *expand(struct load *load, const struct config_key *key, const char *text)
{
	struct buf out = {0};
	const char *hit = strcmp(key->name, JID_KEY) == 0 ? NULL : strstr(text, "$jid"), *result;

	if (!hit)
		return keep_text(load, key, text);
	for (; hit; text = hit + 4, hit = strstr(text, "$jid")) {
		buf_append(&out, text, (size_t)(hit - text));
		buf_puts(&out, load->jid);
	}
	buf_puts(&out, text);
	result = keep_text(load, key, buf_text(&out));
	buf_finish(&out);
	return result;
}

static struct config_list expand_list(struct load *load, const struct config_key *key,
				      const struct entry *entry)
{
	size_t i, count = 0, most = entry ? entry->count : 1;
	const char **items = mem_alloc(most * sizeof(*items));
	struct config_list list;

	for (i = 0; i < most; i++) {
		const char *text = expand(load, key, entry ? entry->values[i].text : default_of(key));

		/* "admin_jid =" names nobody, rather than the empty JID; nor does "$jid" where there is none. */
		if (*text)
			items[count++] = text;
	}
	list = pool_list(&load->config->pool, items, count);
	mem_free(items);
	return list;
}

static void warn_of_comment(const struct load *load, const struct config_key *key, const struct value *value)
{
	if (value->line && value->text[comment_start(value->text)])
		log_warning(NULL,
			    "%s:%d: %s: \" #\" and what follows is part of the value: a comment stands on a "
			    "line of its own",
			    load->path, value->line, key->name);
}

static void fill_key(struct load *load, const struct config_key *key, void *field)
{
	const struct entry *entry = find_entry(load->config, load->file, key->name);
	const struct value *last = entry ? &entry->values[entry->count - 1] : NULL;
	const char *text = entry ? last->text : default_of(key);
	bool good = true;

	switch (key->type) {
	case CONFIG_STRING:
		if (last)
			warn_of_comment(load, key, last);
		*(const char **)field = expand(load, key, text);
		break;
	case CONFIG_BOOL:
		good = read_bool(text, field);
		break;
	case CONFIG_INT:
		good = read_long(text, field);
		break;
	case CONFIG_LIST:
		*(struct config_list *)field = expand_list(load, key, entry);
		break;
	}
	assert(good); /* the file was checked: the table's own default is wrong */
	(void)good;
}

/* ---- loading ---- */

static bool read_file(struct load *load, struct buf *text)
{
	int fd = open(load->path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : 1;

	while (got > 0 && text->len <= LIMIT_CONFIG_BYTES) {
		got = read(fd, buf_reserve(text, 16384), 16384);
		if (got > 0)
			text->len += (size_t)got;
		else if (got < 0 && errno == EINTR)
			got = 1;
	}
	if (got < 0)
		buf_printf(load->error, "%s: %s", load->path, strerror(errno));
	else if (text->len > LIMIT_CONFIG_BYTES)
		buf_printf(load->error, "%s: longer than %u bytes", load->path, LIMIT_CONFIG_BYTES);
	if (fd >= 0)
		close(fd);
	return got == 0;
}

static void load_file(struct load *load)
{
	struct buf text = {0};
	enum ini_found found;
	struct ini ini;

	if (!read_file(load, &text)) {
		load->result = TP_ERR_IO;
		buf_finish(&text);
		return;
	}
	ini_init(&ini, text.data, text.len);
	while ((found = ini_next(&ini)) != INI_END) {
		if (found == INI_PAIR)
			add_value(load->file, ini.name.data, ini.value.data, ini.line);
		else
			complain(load, ini.line, NULL, "%s", ini.problem);
	}
	ini_finish(&ini);
	buf_finish(&text);
}

static void each_key(struct load *load, bool fill)
{
	const struct config *config = load->config;
	size_t i, k;

	for (i = 0; i < config->binding_count; i++) {
		const struct binding *binding = &config->bindings[i];

		for (k = 0; k < binding->table->count; k++) {
			const struct config_key *key = &binding->table->keys[k];

			if (fill)
				fill_key(load, key, binding->target + key->offset);
			else
				check_key(load, key);
		}
	}
}

static char *absolute_path(const char *path)
{
	char *directory, *absolute;

	if (*path == '/')
		return mem_strdup(path);
	directory = getcwd(NULL, 0);
	if (!directory)
		return mem_strdup(path);
	absolute = mem_printf("%s/%s", directory, path);
	free(directory);
	return absolute;
}

static int load_run(struct load *load)
{
	struct config *config = load->config;
	const struct entry *jid;

	if (load->path)
		load_file(load);
	if (load->result != TP_ERR_IO)
		each_key(load, false);
	if (load->result != TP_OK) {
		map_destroy(&load->file, entry_destroy);
		mem_free(load->path);
		return load->result;
	}
	jid = find_entry(config, load->file, JID_KEY);
	load->jid = jid ? jid->values[jid->count - 1].text : "";
	each_key(load, true);

	map_destroy(&config->file, entry_destroy);
	config->file = load->file;
	mem_free(config->path);
	config->path = load->path;
	return TP_OK;
}

int config_load(struct config *config, const char *path, struct buf *error)
{
	struct buf unheard = {0};
	struct load load = {
		.config = config,
		.path = path ? absolute_path(path) : NULL,
		.file = map_create(),
		.error = error ? error : &unheard,
	};
	int result = load_run(&load);

	buf_finish(&unheard);
	return result;
}

/* ---- reading again ---- */

static size_t field_size(const struct config_key *key)
{
	static const size_t sizes[] = {
	        [CONFIG_STRING] = sizeof(const char *),
	        [CONFIG_BOOL] = sizeof(bool),
	        [CONFIG_INT] = sizeof(long),
	        [CONFIG_LIST] = sizeof(struct config_list),
	};

	return sizes[key->type];
}

/* The bytes of every bound field, one after another: equal texts and lists are shared, so that equal values
 * are equal bytes. */
struct snapshot {
	char *bytes;
	size_t size;
};

typedef void each_field(void *context, const struct config_key *key, void *field, char *saved);

static void walk_fields(const struct config *config, struct snapshot *snapshot, each_field *each,
                        void *context)
{
	size_t i, k, at = 0;

	for (i = 0; i < config->binding_count; i++) {
		const struct binding *binding = &config->bindings[i];

		for (k = 0; k < binding->table->count; k++) {
			const struct config_key *key = &binding->table->keys[k];

			each(context, key, binding->target + key->offset,
			     snapshot->bytes ? snapshot->bytes + at : NULL);
			at += field_size(key);
		}
	}
	snapshot->size = at;
}

static void count_field(void *context, const struct config_key *key, void *field, char *saved)
{
	(void)context;
	(void)key;
	(void)field;
	(void)saved;
}

static void save_field(void *context, const struct config_key *key, void *field, char *saved)
{
	(void)context;
	memcpy(saved, field, field_size(key));
}

static void restore_field(void *context, const struct config_key *key, void *field, char *saved)
{
	(void)context;
	memcpy(field, saved, field_size(key));
}

/* Notes what differs, and puts back what may not change. The map: name -> "changed" or "kept"; the latter
 * wins where two tables have the key. */
static void settle_field(void *context, const struct config_key *key, void *field, char *saved)
{
	static char changed[] = "changed", kept[] = "kept";
	struct map *differing = context;

	if (!memcmp(field, saved, field_size(key)))
		return;
	if (!key->live)
		memcpy(field, saved, field_size(key));
	if (!key->live || !map_get(differing, key->name))
		map_put(differing, key->name, key->live ? changed : kept);
}

static bool entries_equal(const struct entry *a, const struct entry *b)
{
	size_t i;

	if (!a || !b || a->count != b->count)
		return a == b;
	for (i = 0; i < a->count; i++)
		if (strcmp(a->values[i].text, b->values[i].text) != 0)
			return false;
	return true;
}

static void compare_unbound(const struct config *config, const struct map *file, const struct map *other,
                            struct map *differing)
{
	static char kept[] = "kept";
	struct map_iter it = {0};

	while (map_next(file, &it))
		if (!is_bound(config, it.key) &&
		    !entries_equal(find_entry(config, file, it.key), find_entry(config, other, it.key)))
			map_put(differing, it.key, kept);
}

static int reload_run(struct load *load, const struct config_reload *how, struct snapshot *snapshot)
{
	struct config *config = load->config;
	const struct entry *jid = find_entry(config, config->file, JID_KEY);
	struct map_iter it = {0};

	if (load->path)
		load_file(load);
	if (load->result != TP_ERR_IO)
		each_key(load, false);
	if (load->result != TP_OK)
		return load->result;
	/* What other values have of the JID stays as it is, like the JID itself. */
	load->jid = jid ? jid->values[jid->count - 1].text : "";
	walk_fields(config, snapshot, save_field, NULL);
	each_key(load, true);
	struct map *differing = map_create();

	walk_fields(config, snapshot, settle_field, differing);
	compare_unbound(config, load->file, config->file, differing);
	compare_unbound(config, config->file, load->file, differing);
	if (how->check && !how->check(how->context, load->error)) {
		walk_fields(config, snapshot, restore_field, NULL);
		load->result = TP_ERR_INVALID;
	}
	while (load->result == TP_OK && map_next(differing, &it))
		how->differs(how->context, it.key, !strcmp(it.value, "changed"));
	map_destroy(&differing, NULL);
	return load->result;
}

int config_reload(struct config *config, const struct config_reload *how, struct buf *error)
{
	struct load load = {
	        .config = config,
	        .path = mem_strdup(config->path),
	        .file = map_create(),
	        .error = error,
	};
	struct snapshot snapshot = {0};

	walk_fields(config, &snapshot, count_field, NULL);
	snapshot.bytes = mem_alloc(snapshot.size + 1);
	int result = reload_run(&load, how, &snapshot);

	mem_free(snapshot.bytes);
	map_destroy(&load.file, entry_destroy);
	mem_free(load.path);
	return result;
}

int config_parse_text(const char *text, size_t length,
		      void (*each)(void *context, const char *name, const char *value), void *context)
{
	enum ini_found found;
	int result = TP_OK;
	struct ini ini;

	ini_init(&ini, text, length);
	while ((found = ini_next(&ini)) != INI_END) {
		if (found == INI_PAIR)
			each(context, ini.name.data, ini.value.data);
		else
			result = TP_ERR_INVALID;
	}
	ini_finish(&ini);
	return result;
}
