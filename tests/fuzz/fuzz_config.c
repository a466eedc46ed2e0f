/* SPDX-License-Identifier: MIT */
/*
 * INI text of any kind, as a backend's BACKEND_CONFIG and as a file. Beyond not crashing: what a load fills in
 * keeps its promises, and a second load of the same file changes nothing.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/config.h"
#include "config/spectrum_keys.h"

struct fuzzed {
	const char *jid, *path;
	bool flag;
	long port;
	struct config_list admins;
};

static const struct config_key fuzzed_keys[] = {
	CONFIG_KEY(struct fuzzed, jid, CONFIG_STRING, "service.jid", "", "h"),
	CONFIG_KEY(struct fuzzed, path, CONFIG_STRING, "service.pidfile", "/run/$jid.pid", "h"),
	CONFIG_KEY(struct fuzzed, flag, CONFIG_BOOL, "service.vip_only", "0", "h"),
	CONFIG_INT_KEY(struct fuzzed, port, "service.port", "5347", 0, 65535, "h"),
	CONFIG_KEY(struct fuzzed, admins, CONFIG_LIST, "service.admin_jid", NULL, "h"),
};
static const struct config_table fuzzed_table = CONFIG_TABLE("fuzzed", fuzzed_keys);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
	if (!good)
		abort();
}

/* ---- the file, which is in memory: to ask the kernel for one takes as long as all else ---- */

#define PATH "/input/of/the/fuzzer"
#define FD 0xf0000

static struct {
	const uint8_t *bytes;
	size_t size, at;
} input;

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
ssize_t __real_read(int fd, void *bytes, size_t size);
ssize_t __wrap_read(int fd, void *bytes, size_t size);
int __real_close(int fd);
int __wrap_close(int fd);

int __wrap_open64(const char *path, int flags, ...)
{
	va_list arguments;
	int mode = 0;

	if (!strcmp(path, PATH)) {
		input.at = 0;
		return FD;
	}
	va_start(arguments, flags);
	if (flags & O_CREAT)
		mode = va_arg(arguments, int);
	va_end(arguments);
	return __real_open64(path, flags, mode);
}

ssize_t __wrap_read(int fd, void *bytes, size_t size)
{
	if (fd != FD)
		return __real_read(fd, bytes, size);
	size_t count = size < input.size - input.at ? size : input.size - input.at;

	if (count)
		memcpy(bytes, input.bytes + input.at, count);
	input.at += count;
	return (ssize_t)count;
}

int __wrap_close(int fd)
{
	return fd == FD ? 0 : __real_close(fd);
}

/* ---- what is looked at ---- */

static void see_pair(void *context, const char *name, const char *value)
{
	(void)context;
	require(*name && !strchr(name, '\n') && !strchr(value, '\n'));
	require(text_is_clean(name, strlen(name), TEXT_LINES) && text_is_clean(value, strlen(value), TEXT_LINES));
}

static void see_unknown(void *context, const char *file, int line, const char *name)
{
	const struct config *config = context;

	require(file && line > 0 && config_raw(config, name));
	spectrum_key_find(name);
}

static void load_file(const char *path)
{
	struct config *config = config_create();
	struct fuzzed first, fuzzed = {0};
	struct buf error = {0};
	size_t i;
	int result;

	config_bind(config, &fuzzed_table, &fuzzed);
	result = config_load(config, path, &error);
	require((result == TP_OK) == (error.len == 0));
	if (result == TP_OK) {
		require(fuzzed.jid && fuzzed.path && fuzzed.port >= 0 && fuzzed.port <= 65535);
		for (i = 0; i < fuzzed.admins.count; i++)
			require(*fuzzed.admins.items[i] != '\0');
		config_unknown(config, see_unknown, config);
		first = fuzzed;
		require(config_load(config, config_path(config), &error) == TP_OK);
		require(first.jid == fuzzed.jid && first.path == fuzzed.path && first.port == fuzzed.port &&
			first.admins.items == fuzzed.admins.items);
	}
	buf_finish(&error);
	config_destroy(&config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = mem_dup(data, size);

	log_threshold = LOG_LEVEL_ERROR; /* warnings would fill the disk */
	config_parse_text(text, size, see_pair, NULL);
	mem_free(text);

	input.bytes = data;
	input.size = size;
	load_file(PATH);
	return 0;
}
