/* SPDX-License-Identifier: MIT */
/* What the backend program can do: BACKEND_CONFIG merged with the configuration file. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct transport;

/* From the file alone, before any backend has spoken. */
void features_init(struct transport *transport);
/* A BACKEND_CONFIG: its first explicit value of a key stays, whatever later ones say. */
void features_merge(struct transport *transport, const char *text, size_t length);
/* Whether this BACKEND_CONFIG announces the extension: asked of each backend for itself. */
bool features_announce_extension(const char *text, size_t length);
