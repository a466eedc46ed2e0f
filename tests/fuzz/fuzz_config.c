/* SPDX-License-Identifier: MIT */
/*
 * INI text of any kind, as a backend's BACKEND_CONFIG and as a file. Beyond not crashing: what a load fills in
 * keeps its promises, and a second load of the same file changes nothing.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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
	/* One file for all inputs: to make one takes as long as to read it. */
	static int fd = -1;
	static char path[64];
	char *text = mem_dup(data, size);

	log_threshold = LOG_LEVEL_ERROR; /* warnings would fill the disk */
	config_parse_text(text, size, see_pair, NULL);
	mem_free(text);

	if (fd < 0) {
		fd = memfd_create("config", MFD_CLOEXEC);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	require(ftruncate(fd, (off_t)size) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
	load_file(path);
	return 0;
}
