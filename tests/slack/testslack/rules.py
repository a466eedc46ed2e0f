# SPDX-License-Identifier: MIT
"""
What the test Slack promises, one line each. A rule can be broken by its name (TestSlack(broken=...)): then the server does
what the line forbids, and one of the referees has to notice.
"""

RULES = {
    "auth.token": "a call without a known token is refused",
    "auth.kind": "a method takes only the kinds of token that it is for",
    "auth.scope": "a call without its scope is refused, with the scope that is needed",
    "args.required": "a call without a required argument is refused",
    "args.json": "only the methods that say so take JSON",
    "args.form_json": "structured arguments in a form are JSON text",
    "errors.status": "an application's error is HTTP 200 with ok:false",
    "limits.status": "over a rate limit the status is 429",
    "limits.retry_after": "a 429 has Retry-After in whole seconds",
    "limits.per_method": "only the method that is over its limit is blocked",
    "pages.cursor": "a list that goes on has a next_cursor, and the last page has none",
    "pages.limit": "a page holds no more than limit items",
    "pages.invalid": "an unknown cursor is refused",
    "history.order": "history comes newest first",
    "history.range": "oldest and latest bound a history, inclusive only if asked",
    "history.replies": "history has parents and broadcasts, not replies",
    "replies.order": "replies come oldest first, with their parent in front",
    "message.ts": "a ts is text of 10 digits, a point and 6, and grows",
    "message.encoded": "&, < and > in a text are entities",
    "message.thread": "a parent carries its thread's count and latest reply",
    "message.custom": "a message under another name has the subtype bot_message and no user",
    "update.own": "an app changes its own messages only",
    "update.length": "an update is at most 4000 characters",
    "delete.gone": "what was deleted is no longer in the history",
    "delete.tombstone": "a deleted parent with replies becomes a tombstone",
    "reactions.once": "a reaction is given once",
    "reactions.listed": "a message lists its reactions",
    "channels.member": "who is not in a channel does not post to it without chat:write.public",
    "channels.private": "a private channel is not found by who is not in it",
    "channels.archived": "nothing is posted to an archived channel",
    "channels.names": "two channels do not have one name",
    "files.late": "completeUploadExternal does not tell where the file is shared",
    "files.share": "a completed upload appears as a file_share message",
    "files.token": "a file is given to a token with files:read only; others get a page in HTML",
    "files.content": "a file's bytes are those that were uploaded",
    "oauth.code_once": "a code is good for one token",
    "oauth.secret": "a code is given for the right client secret only",
    "oauth.refresh_once": "a refresh token is good for one refresh",
    "oauth.expiry": "a rotating token expires",
    "socket.hello": "the first frame is hello, with the number of connections",
    "socket.ticket_once": "the URL of a socket is good for one connection",
    "socket.spread": "an event goes to one of the sockets, not to all and not always to the same",
    "socket.retry": "what is not acknowledged is sent again, with the attempt and its reason",
    "socket.no_retry": "commands and interactions are not sent again",
    "socket.ack_length": "an acknowledgement of 20480 bytes or more is not seen",
    "socket.ack_fragments": "an acknowledgement in fragments is not seen",
    "socket.pong": "a ping is answered with its own payload",
    "socket.ping": "the server pings",
    "socket.close": "a close frame is answered by one",
    "socket.disconnect": "before it cuts a connection, the server says why",
    "socket.limit": "an app has at most ten sockets",
    "events.member": "the bot gets messages of its own conversations only",
    "events.subscribed": "an app gets the events that it subscribed to",
    "events.once": "what happened once is one event with an id of its own",
    "events.team": "an event says whose workspace it is from",
    "events.bot": "what a bot posts comes with its bot_id and app_id",
    "events.edit": "an edit comes as message_changed, with the message before and after",
    "events.delete": "a deletion comes as message_deleted, with the ts that is gone",
    "commands.response": "what an acknowledgement of a command carries is shown",
    "commands.response_url": "a response_url takes five answers",
    "shape.ids": "ids, times and flags have the types that the SDKs know",
}


class Rules:
    def __init__(self, broken=()):
        self.broken = set(broken)
        unknown = self.broken - set(RULES)
        if unknown:
            raise ValueError(f"no such rule: {', '.join(sorted(unknown))}")

    def keeps(self, name):
        """Whether a rule is to be kept. A name that nobody has listed is a mistake in the test Slack."""
        if not self.broken:
            return True
        return RULES[name] and name not in self.broken
