/* SPDX-License-Identifier: MIT */
/*
 * What the administrators of an instance have to know and have not asked for, such as that a workspace is lost: told on
 * each frontend (frontend_ops.tell_admins). What one cannot show now is kept for it, LIMIT_ADMIN_NOTICES at most, until
 * it says delivery_frontend_ready, or the process ends. Loop thread; not from inside deliver.
 */
#pragma once

struct frontend;
struct transport;

/* `but`: whose administrators know it already; NULL. The log is the caller's matter. */
void admin_notice(struct transport *transport, const struct frontend *but, const char *text);
/* For delivery_frontend_ready. */
void admin_notice_show_waiting(struct frontend *frontend);
/* For transport.c: what waits is forgotten. */
void admin_notice_forget(struct frontend *frontend);
