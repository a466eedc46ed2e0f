/* SPDX-License-Identifier: MIT */
/* What [database] means: which keys are accepted, and where the files are. */
#pragma once

#include "base/buf.h"
#include "transport/store/store.h"

/* 0, TP_ERR_INVALID or TP_ERR_UNSUPPORTED with a sentence. */
int store_config_check(const struct store_config *config, struct buf *error);
bool store_config_in_memory(const struct store_config *config);
char *store_config_key_path(const struct store_config *config);
/* Makes the folder of the database, 0700, and those above it where they are missing. */
int store_config_make_folder(const struct store_config *config, struct buf *error);
