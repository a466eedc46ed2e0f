/* SPDX-License-Identifier: MIT */
/*
 * Configuration in Spectrum 2's INI format (docs/configuration.md). Each module exports a table of its own
 * keys, bound to the fields of a struct of its own: the struct is filled once, checked, with file and line in
 * every complaint, and read as plain fields afterwards. The tables also print the documentation.
 *
 *     struct irc_config { const char *quit; bool tls; long delay; struct config_list servers; };
 *     static const struct config_key irc_keys[] = {
 *             CONFIG_KEY(struct irc_config, tls, CONFIG_BOOL, "irc.tls", "1", "Use TLS."),
 *     };
 *     const struct config_table irc_config_table = CONFIG_TABLE("irc", irc_keys);
 *
 *     struct config *config = config_create();
 *     config_bind(config, &irc_config_table, &irc);
 *     config_override(config, "irc.tls", "0", error) ...; config_load(config, path, error)
 *
 * Rules: `[section]`, `key = value`, `#` and `;` comments on lines of their own (config/ini.h); a list key is
 * repeated; a key that is not a list given twice is an error; booleans are 1/0, true/false, yes/no, on/off;
 * `$jid` in a bound key's value or default is the instance's service.jid. Keys that no table knows are kept
 * (config_raw, config_unknown). Overrides beat the file: a list key's overrides replace the whole list of the
 * file; of several overrides of another key the last one counts. Texts and lists that were put into a struct
 * stay valid until config_destroy, through any number of reloads.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/buf.h"

enum config_type {
	CONFIG_STRING, /* const char *, never NULL; owned by the config */
	CONFIG_BOOL,   /* bool */
	CONFIG_INT,    /* long, within min and max */
	CONFIG_LIST,   /* struct config_list */
};

struct config_list {
	const char *const *items;
	size_t count;
};

struct config_key {
	const char *name; /* "section.key" */
	enum config_type type;
	size_t offset;
	const char *fallback; /* text form of the default; for CONFIG_LIST NULL or one item */
	const char *help;     /* a sentence or more, for the documentation and the sample */
	long min, max;        /* CONFIG_INT; both 0: any */
	bool live;            /* config_reload puts a new value into the field: it is read where it is used */
};

struct config_table {
	const char *module;
	const struct config_key *keys;
	size_t count;
};

#define CONFIG_KEY(struct_type, field, key_type, key_name, default_text, help_text)               \
	{                                                                                          \
		.name = (key_name), .type = (key_type), .offset = offsetof(struct_type, field),    \
		.fallback = (default_text), .help = (help_text)                                    \
	}
#define CONFIG_INT_KEY(struct_type, field, key_name, default_text, low, high, help_text)          \
	{                                                                                          \
		.name = (key_name), .type = CONFIG_INT, .offset = offsetof(struct_type, field),    \
		.fallback = (default_text), .help = (help_text), .min = (low), .max = (high)       \
	}
/* The same for keys that config_reload may change. */
#define CONFIG_LIVE_KEY(struct_type, field, key_type, key_name, default_text, help_text)        \
	{                                                                                       \
		.name = (key_name), .type = (key_type), .offset = offsetof(struct_type, field), \
		.fallback = (default_text), .help = (help_text), .live = true                   \
	}
#define CONFIG_LIVE_INT_KEY(struct_type, field, key_name, default_text, low, high, help_text)              \
	{                                                                                                  \
		.name = (key_name), .type = CONFIG_INT, .offset = offsetof(struct_type, field),            \
		.fallback = (default_text), .help = (help_text), .min = (low), .max = (high), .live = true \
	}
#define CONFIG_TABLE(module_name, key_array) \
	{ (module_name), (key_array), sizeof(key_array) / sizeof((key_array)[0]) }

struct config;

/* What programs that link the shared libtransport-plugin may call, too. */
#define CONFIG_API __attribute__((visibility("default")))

struct config *config_create(void);
void config_destroy(struct config **config);

/* The table and the target must outlive the config. Fields get their defaults at config_load. */
void config_bind(struct config *config, const struct config_table *table, void *target);

/* A value from the command line ("--section.key=value"); before config_load. A repeated list key adds. */
int config_override(struct config *config, const char *name, const char *value, struct buf *error);
/* The instance JID of `-j JID`: replaces service.jid (also where the file has no such line), and beats an
 * override of it. Before config_load. */
void config_set_jid(struct config *config, const char *jid);

/* Reads the file (NULL: none, defaults and overrides only), fills every bound struct. 0, or TP_ERR_INVALID /
 * TP_ERR_IO with every complaint in `error` (NULL: unwanted), one a line with no line feed after the last:
 * "FILE:LINE: service.port: 'x' is not a number". May be called again, to reload (pass config_path): fields
 * are refilled; after an error all are as they were. */
int config_load(struct config *config, const char *path, struct buf *error);

struct config_reload {
	/* The new values are in the structs. False, with sentences in `error`: all go back. NULL: they are
	 * good. */
	bool (*check)(void *context, struct buf *error);
	/* Once for each key whose value in the file differs from the one in use: changed now, or not, because
	 * its table does not allow it or no table knows it (a backend's key). */
	void (*differs)(void *context, const char *name, bool changed);
	void *context;
};
/* Reads the file of config_load again, while everything runs: only fields of live keys change. config_raw and
 * config_unknown go on to tell what was loaded, so that a later call names again what still waits for a
 * restart. Errors as of config_load, and then nothing has changed. */
int config_reload(struct config *config, const struct config_reload *how, struct buf *error);

/* Value of a key, bound or not, as text; the last one of a list; NULL if the file and the overrides do not
 * have it. For keys that belong to nobody here (a third-party backend's). Valid until the next load. */
CONFIG_API const char *config_raw(const struct config *config, const char *name);
CONFIG_API const char *config_path(const struct config *config); /* absolute path of the file, or NULL */

/* Calls `each` for every key in the file that no table bound: once a name, with its first line. */
void config_unknown(const struct config *config,
		    void (*each)(void *context, const char *file, int line, const char *name), void *context);

/* INI text that is not a file (BACKEND_CONFIG): calls `each` per "section.key", value. Lines that make no
 * sense are skipped; then the result is TP_ERR_INVALID, but all others were handed out nevertheless. */
int config_parse_text(const char *text, size_t length,
		      void (*each)(void *context, const char *name, const char *value), void *context);
CONFIG_API bool config_parse_bool(const char *text, bool *value);

/* Documentation of a set of tables: Markdown, the middle of a manual page (man(7)), or a commented sample file with
 * every default. */
void config_write_markdown(FILE *out, const struct config_table *const *tables, size_t count);
void config_write_man(FILE *out, const struct config_table *const *tables, size_t count);
void config_write_sample(FILE *out, const struct config_table *const *tables, size_t count);
