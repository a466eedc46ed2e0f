/* SPDX-License-Identifier: MIT */
/* In-band registration (XEP-0077, XEP-0100), and what a person's server learns of it. */
#pragma once

#include "frontends/xmpp/xmpp.h"

/* The address is registered: the gateway becomes an item of its roster, or asks to be one. */
void register_announce(struct xmpp_frontend *frontend, const char *address);
/* It no longer is. */
void register_withdraw(struct xmpp_frontend *frontend, const char *address);
