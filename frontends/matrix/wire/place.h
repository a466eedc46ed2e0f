/* SPDX-License-Identifier: MIT */
/* Places in texts of the network (RFC 5870), which Matrix shows as a location. */
#pragma once

/* The "geo:" URI that a text of one line is, or ends with, in it; NULL: none. */
const char *place_in(const char *text);
