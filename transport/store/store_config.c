/* SPDX-License-Identifier: MIT */
#include "transport/store/store_config.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/mem.h"
#include "transport/store/sql.h"

static const struct config_key keys[] = {
        CONFIG_KEY(struct store_config, type, CONFIG_STRING, "database.type", "none",
                   "Where accounts are kept: none (in memory, gone at the end of the process) or sqlite3. "
                   "mysql and pqxx are not supported yet."),
        CONFIG_KEY(struct store_config, database, CONFIG_STRING, "database.database",
                   "/var/lib/libtransport/$jid/database.sqlite",
                   "File of the database; it and its folder are made if missing. A database of Spectrum 2 is "
                   "left untouched and refused."),
        CONFIG_KEY(struct store_config, server, CONFIG_STRING, "database.server", "localhost",
                   "Host of a database server; not used by sqlite3."),
        CONFIG_INT_KEY(struct store_config, port, "database.port", "0", 0, 65535,
                       "Port of a database server, 0 for its usual one; not used by sqlite3."),
        CONFIG_KEY(struct store_config, user, CONFIG_STRING, "database.user", "",
                   "Name for a database server; not used by sqlite3."),
        CONFIG_KEY(struct store_config, password, CONFIG_STRING, "database.password", "",
                   "Password for a database server; not used by sqlite3."),
        CONFIG_KEY(struct store_config, prefix, CONFIG_STRING, "database.prefix", "",
                   "What the names of all tables begin with: letters, digits and underscores, 32 at most."),
        CONFIG_KEY(struct store_config, connection_string, CONFIG_STRING, "database.connectionstring", "",
                   "Connection string of PostgreSQL; not used by sqlite3."),
        CONFIG_KEY(struct store_config, key_file, CONFIG_STRING, "database.key_file", "",
                   "File of the key that legacy passwords are sealed with: 32 bytes, mode 0600, made at the "
                   "first start. Empty: \"key\" in the folder of the database. Back it up apart from the "
                   "database: without it the passwords cannot be read."),
        CONFIG_KEY(struct store_config, encryption_key, CONFIG_STRING, "database.encryption_key", "",
                   "Spectrum 2's; ignored with a warning, as passwords are always sealed with "
                   "database.key_file."),
        CONFIG_KEY(struct store_config, vip_statement, CONFIG_STRING, "database.vip_statement", "",
                   "Spectrum 2's; refused, as the vip column of the users table says who is a VIP."),
};
const struct config_table store_config_table = CONFIG_TABLE("database", keys);

static int check_type(const char *type, struct buf *error)
{
	if (strcmp(type, "none") == 0 || strcmp(type, "sqlite3") == 0)
		return 0;
	if (strcmp(type, "mysql") == 0 || strcmp(type, "pqxx") == 0) {
		buf_printf(error,
		           "database.type = %s is not supported yet; use sqlite3, with a file as "
		           "database.database",
		           type);
		return TP_ERR_UNSUPPORTED;
	}
	buf_puts(error, "database.type must be none or sqlite3");
	return TP_ERR_INVALID;
}

int store_config_check(const struct store_config *config, struct buf *error)
{
	int err = check_type(config->type, error);
	if (err != 0)
		return err;
	if (*config->vip_statement != '\0') {
		buf_puts(error,
		         "database.vip_statement is not supported: remove it and set the vip column of the "
		         "users table instead");
		return TP_ERR_UNSUPPORTED;
	}
	if (!sql_prefix_valid(config->prefix)) {
		buf_puts(error, "database.prefix may have letters, digits and underscores, 32 at most");
		return TP_ERR_INVALID;
	}
	if (*config->database == '\0' && !store_config_in_memory(config)) {
		buf_puts(error, "database.database is empty: it must name a file");
		return TP_ERR_INVALID;
	}
	return 0;
}

bool store_config_in_memory(const struct store_config *config)
{
	return strcmp(config->type, "none") == 0;
}

char *store_config_key_path(const struct store_config *config)
{
	if (*config->key_file != '\0')
		return mem_strdup(config->key_file);
	const char *slash = strrchr(config->database, '/');
	int length = slash == NULL ? 0 : (int)(slash - config->database) + 1;
	return mem_printf("%.*skey", length, config->database);
}

/* A folder that is there already keeps its mode: it is somebody's decision. */
static int make_one(const char *path)
{
	if (mkdir(path, S_IRWXU) != 0)
		return errno == EEXIST ? 0 : errno;
	/* the umask may have taken bits away */
	return chmod(path, S_IRWXU) == 0 ? 0 : errno;
}

int store_config_make_folder(const struct store_config *config, struct buf *error)
{
	char *path = mem_strdup(config->database);
	int cause = 0;
	for (char *slash = strchr(path + 1, '/'); slash != NULL && cause == 0;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		cause = make_one(path);
		if (cause != 0)
			buf_printf(error, "database.database: folder %s cannot be made: %s", path, strerror(cause));
		*slash = '/';
	}
	mem_free(path);
	return cause == 0 ? 0 : TP_ERR_IO;
}
