/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/text.h"
#include "transport/media/media.h"

#define KEY(field, type, name, fallback, help) CONFIG_KEY(struct media_config, field, type, name, fallback, help)
#define INT(field, name, fallback, low, high, help) \
	CONFIG_INT_KEY(struct media_config, field, name, fallback, low, high, help)

#define DAY 86400
#define TIB (1 << 20) /* in MiB */

static const struct config_key media_keys[] = {
	KEY(public_url, CONFIG_STRING, "media.public_url", "",
	    "Where people reach media.port, through a reverse proxy that does TLS: \"https://files.example.org\". Below it, "
	    "only /media/ is used. Empty: files are not passed on, only links to them."),
	KEY(host, CONFIG_STRING, "media.host", "127.0.0.1", "Numeric address to listen on for it."),
	INT(port, "media.port", "29002", 0, 65535, "Port to listen on for it."),
	KEY(folder, CONFIG_STRING, "media.folder", "", "Where files are kept. Empty: media in service.working_dir."),
	INT(max_file_mb, "media.max_file_size", "50", 1, TIB, "MiB that a file may have."),
	INT(max_user_mb, "media.max_user_size", "250", 1, TIB,
	    "MiB of files that are kept for one person; his oldest are removed first."),
	INT(max_total_mb, "media.max_size", "2048", 1, TIB, "MiB of files that are kept, all together; likewise."),
	INT(url_s, "media.url_time", "604800", 3600, 365 * DAY, "Seconds that a file's URL is good."),
};

const struct config_table media_config_table = CONFIG_TABLE("media", media_keys);

bool media_is_configured(const struct media_config *config)
{
	return config->public_url && *config->public_url;
}

static bool is_public_url(const char *url)
{
	const char *host = text_starts(url, "https://") ? url + 8 : text_starts(url, "http://") ? url + 7 : NULL;

	if (!host || !*host || strchr("/:.", *host))
		return false;
	for (const char *at = host; *at; at++)
		if (*at <= 0x20 || *at >= 0x7f || strchr("?#\"<>@\\", *at))
			return false;
	return true;
}

bool media_check(const struct media_config *config, struct buf *error)
{
	size_t before = error->len;

	if (!media_is_configured(config))
		return true;
	if (!is_public_url(config->public_url))
		buf_printf(error, "media.public_url: %s is no address that begins with https:// or http://\n",
			   log_quote(config->public_url));
	if (config->max_file_mb > config->max_user_mb)
		buf_puts(error, "media.max_file_size is more than media.max_user_size\n");
	if (config->max_user_mb > config->max_total_mb)
		buf_puts(error, "media.max_user_size is more than media.max_size\n");
	return error->len == before;
}
