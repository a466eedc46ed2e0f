/* SPDX-License-Identifier: MIT */
/* The Matrix frontend (an application service of a homeserver) as the daemon sees it. */
#pragma once

#include "config/config.h"
#include "transport/frontend.h"

extern const struct frontend_ops matrix_frontend_ops;
extern const struct config_table matrix_config_table;

/* Writes a registration file with fresh tokens for the configuration that was checked. As registration_write. */
int matrix_write_registration(struct frontend *frontend, const char *path, struct buf *error);
