/* SPDX-License-Identifier: MIT */
/*
 * What a command lacks is asked for in a chat, one after the other: "register" alone asks for the user name, then for
 * the password if the network wants one. The person's next line is the answer, whatever it looks like; "cancel" ends
 * it, and so do LIMIT_QUESTION_SECONDS. One command at a time for each address. Answers may be secrets: never logged,
 * copies are wiped. Loop thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "transport/command/command.h"

/* The first field that the call lacks and has to have; NULL: none. */
const struct command_field *command_missing(const struct command_call *call);
/* Asks for it, after these words, and ends the call; what it has is kept. False: nobody can be asked now. */
bool command_question_ask(struct command_call *call, const struct command_field *field, const char *before);
/* A line of somebody who is asked. False: nobody is, it is a line as any other. */
bool command_question_answer(struct transport *transport, struct frontend *frontend, const char *address,
			     const char *resource, const char *line, command_done *done, void *context);

/* For transport.c: those that nobody has answered; all with UINT64_MAX. */
void command_questions_expire(struct transport *transport, uint64_t now_ms);
