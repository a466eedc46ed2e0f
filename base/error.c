/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <stddef.h>

#include "base/mem.h"

static const char *const texts[] = {
	[-TP_OK] = "success",
	[-TP_ERR_INVALID] = "invalid input",
	[-TP_ERR_NOT_FOUND] = "not found",
	[-TP_ERR_EXISTS] = "exists already",
	[-TP_ERR_NOT_ALLOWED] = "not allowed",
	[-TP_ERR_NOT_REGISTERED] = "not registered",
	[-TP_ERR_NOT_CONNECTED] = "not connected",
	[-TP_ERR_AUTH] = "wrong credentials",
	[-TP_ERR_LIMIT] = "limit reached",
	[-TP_ERR_UNSUPPORTED] = "not supported",
	[-TP_ERR_TIMEOUT] = "timed out",
	[-TP_ERR_IO] = "input/output error",
	[-TP_ERR_STORE] = "database error",
	[-TP_ERR_CLOSED] = "connection closed",
};

const char *tp_error_text(int error)
{
	if (error > 0 || error <= -(int)ARRAY_SIZE(texts))
		return "unknown error";
	return texts[-error];
}
