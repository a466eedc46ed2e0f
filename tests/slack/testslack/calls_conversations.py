# SPDX-License-Identifier: MIT
"""conversations.* and users.conversations"""
import re

from .methods import Refused, method, wanted_kinds
from .shapes import channel_json, message_json
from .state import ts_number

NAME = re.compile(r"[^\W_A-Z][^\WA-Z]*(?:[-_]*[^\WA-Z]*)*|[-_0-9a-z]+", re.UNICODE)
LONGEST_NAME = 80
LONGEST_TOPIC = 250


def listed(call, channels):
    kinds = wanted_kinds(call)
    hides_archived = call.flag("exclude_archived")
    return [channel.id for channel in channels
            if (channel.kind in kinds or not call.rules.keeps("channels.types"))
            and (call.sees(channel) or not call.rules.keeps("channels.of_others")) and not (hides_archived and channel.archived)]


@method("conversations.list", 2, "*:read", "", "types cursor limit exclude_archived team_id")
def list_all(call):
    ids, cursor = call.page(listed(call, call.workspace.channels.values()), "channel")
    channels = call.workspace.channels
    return {"channels": [channel_json(channels[id], call.user.id, num_members=True) for id in ids],
            "response_metadata": {"next_cursor": cursor}}


@method("users.conversations", 3, "*:read", "", "user types cursor limit exclude_archived team_id")
def list_of_user(call):
    user = call.wanted_user().id if call.text("user") else call.user.id
    mine = [channel for channel in call.workspace.channels.values() if user in channel.members]
    ids, cursor = call.page(listed(call, mine), "channel")
    channels = call.workspace.channels
    # is_member is about the caller; a list of somebody's own conversations does not have it.
    shown = [channel_json(channels[id], call.user.id) for id in ids]
    for channel in shown:
        channel.pop("is_member", None)
    return {"channels": shown, "response_metadata": {"next_cursor": cursor}}


@method("conversations.info", 3, "*:read", "channel", "include_num_members include_locale")
def info(call):
    channel = call.channel(scope="read")
    shown = channel_json(channel, call.user.id, call.flag("include_num_members"), last_read=True)
    if call.flag("include_locale"):
        shown["locale"] = "en-US"
    return {"channel": shown}


@method("conversations.members", 4, "*:read", "channel", "cursor limit")
def members(call):
    channel = call.channel(scope="read")
    ids, cursor = call.page(list(channel.members), "user")
    return {"members": ids, "response_metadata": {"next_cursor": cursor}}


def range_of(call):
    found = []
    for name in ("oldest", "latest"):
        value = call.text(name)
        number = ts_number(value) if value else None
        if value and number is None:
            raise Refused(f"invalid_ts_{name}")
        found.append(number)
    return found[0] or 0, found[1], call.flag("inclusive")


def within(call, messages):
    oldest, latest, inclusive = range_of(call)
    if not call.rules.keeps("history.range"):
        return messages

    def inside(message):
        number = ts_number(message.ts)
        if inclusive and number in (oldest, latest):
            return True
        return number > oldest and (latest is None or number < latest)
    return [message for message in messages if inside(message)]


def pages_of_messages(call, messages, prefix="next_ts"):
    ids, cursor = call.page([message.ts for message in messages], prefix, 100, 999)
    return ids, cursor


def as_asked(call, channel, ts):
    """A message of a history: its metadata only if that is wanted."""
    shown = message_json(call.slack, channel, channel.messages[ts])
    if not call.flag("include_all_metadata") and call.rules.keeps("history.metadata"):
        shown.pop("metadata", None)
    return shown


@method("conversations.history", 3, "*:history", "channel",
        "oldest latest inclusive limit cursor include_all_metadata", json=True)
def history(call):
    channel = call.channel(scope="history", member=True)
    shown = [message for message in channel.in_order()
             if not message.is_reply() or message.json.get("subtype") == "thread_broadcast"
             or not call.rules.keeps("history.replies")]
    shown = within(call, shown)
    if call.rules.keeps("history.order"):
        shown.reverse()
    ids, cursor = pages_of_messages(call, shown)
    result = {"messages": [as_asked(call, channel, ts) for ts in ids],
              "has_more": bool(cursor) and call.rules.keeps("history.more"), "pin_count": 0, "channel_actions_ts": None, "channel_actions_count": 0}
    if cursor:
        result["response_metadata"] = {"next_cursor": cursor}
    return result


@method("conversations.replies", 3, "*:history", "channel ts",
        "oldest latest inclusive limit cursor include_all_metadata")
def replies(call):
    channel = call.channel(scope="history", member=True)
    parent = channel.messages.get(call.text("ts"))
    if not parent:
        raise Refused("thread_not_found")
    parent = channel.messages[parent.thread_ts or parent.ts]
    thread = within(call, [channel.messages[ts] for ts in parent.replies])
    thread = [parent] + thread
    if not call.rules.keeps("replies.order"):
        thread.reverse()
    ids, cursor = pages_of_messages(call, thread)
    result = {"messages": [as_asked(call, channel, ts) for ts in ids],
              "has_more": bool(cursor)}
    if cursor:
        result["response_metadata"] = {"next_cursor": cursor}
    return result


@method("conversations.join", 3, "channels:join channels:write", "channel", json=True)
def join(call):
    channel = call.channel()
    if channel.kind != "channel" and call.rules.keeps("channels.direct"):
        raise Refused("method_not_supported_for_channel_type")
    if channel.archived:
        raise Refused("is_archived")
    if call.user.id in channel.members:
        if not call.rules.keeps("channels.joined"):
            raise Refused("already_in_channel")
        call.warnings.append("already_in_channel")
    else:
        call.slack.join(channel, call.user, events=call.events)
    return {"channel": channel_json(channel, call.user.id)}


@method("conversations.leave", 3, "*:write", "channel", json=True)
def leave(call):
    channel = call.channel(scope="write")
    if channel.kind in ("im", "mpim"):
        raise Refused("method_not_supported_for_channel_type")
    if channel.general:
        raise Refused("cant_leave_general")
    if channel.archived:
        raise Refused("is_archived")
    if call.user.id not in channel.members:
        return {"not_in_channel": True}
    call.slack.leave(channel, call.user, events=call.events)
    return {}


@method("conversations.open", 3, "im:write mpim:write", "", "users channel return_im prevent_creation", json=True)
def open_direct(call):
    if call.text("channel"):
        channel = call.workspace.channels.get(call.text("channel"))
        if not channel or not call.sees(channel):
            raise Refused("channel_not_found")
        if channel.kind not in ("im", "mpim"):
            raise Refused("method_not_supported_for_channel_type")
        created = False
    elif call.text("users"):
        channel, created = direct_with(call, call.arguments["users"])
    else:
        raise Refused("users_list_not_supplied")
    more = {} if created else {"no_op": True, "already_open": True}
    if call.flag("return_im"):
        shown = channel_json(channel, call.user.id)
        shown.pop("is_user_deleted", None)
        return {**more, "channel": {**shown, "last_read": "0000000000.000000", "latest": None, "is_open": True}}
    return {**more, "channel": {"id": channel.id}}


def direct_with(call, users):
    ids = users if isinstance(users, list) else [id.strip() for id in str(users).split(",") if id.strip()]
    if not ids:
        raise Refused("not_enough_users")
    if len(ids) > 8:
        raise Refused("too_many_users")
    for id in ids:
        user = call.workspace.users.get(id)
        if not user:
            raise Refused("user_not_found")
        if user.deleted:
            raise Refused("user_disabled")
    if len(ids) == 1:
        call.need("im:write")
        channel, created = call.workspace.im(call.user.id, ids[0])
        if created:
            call.slack.tell_im_created(call.workspace, channel, call.events)
        return channel, created
    call.need("mpim:write")
    people = dict.fromkeys([call.user.id, *ids])
    name = "mpdm-" + "--".join(call.workspace.users[id].name for id in people) + "-1"
    if name in call.workspace.titles:
        return call.workspace.titles[name], False
    return call.workspace.add_channel(name, "mpim", call.user.id, people), True


def checked_name(call):
    name = call.text("name")
    if len(name) > LONGEST_NAME:
        raise Refused("invalid_name_maxlength")
    if not re.search(r"\w", name):
        raise Refused("invalid_name_punctuation")
    if name != name.lower() or not NAME.fullmatch(name):
        raise Refused("invalid_name_specials")
    if name in call.workspace.titles and call.rules.keeps("channels.names"):
        raise Refused("name_taken")
    return name


@method("conversations.create", 2, "*:write", "name", "is_private team_id", json=True)
def create(call):
    private = call.flag("is_private")
    call.need("groups:write" if private else "channels:manage", *(() if private else ("channels:write",)))
    channel = call.slack.create_channel(call.workspace, checked_name(call), call.user, private, events=call.events)
    return {"channel": channel_json(channel, call.user.id)}


@method("conversations.rename", 2, "*:write", "channel name", json=True)
def rename(call):
    channel = call.channel(scope="write", member=True)
    if channel.archived:
        raise Refused("is_archived")
    call.slack.rename(channel, call.user, checked_name(call), events=call.events)
    return {"channel": channel_json(channel, call.user.id)}


@method("conversations.invite", 3, "*:invite", "channel users", "force", json=True)
def invite(call):
    channel = call.channel(scope="invite", member=True)
    if channel.kind in ("im", "mpim"):
        raise Refused("method_not_supported_for_channel_type")
    if channel.archived:
        raise Refused("is_archived")
    ids = [id.strip() for id in call.text("users").split(",") if id.strip()]
    faults = []
    for id in ids:
        error = ("cant_invite_self" if id == call.user.id else "user_not_found" if id not in call.workspace.users
                 else "already_in_channel" if id in channel.members and call.rules.keeps("channels.invited") else None)
        if error:
            faults.append({"user": id, "ok": False, "error": error})
    if faults:
        raise Refused(faults[0]["error"], errors=faults)
    for id in ids:
        call.slack.join(channel, call.workspace.users[id], inviter=call.user, events=call.events)
    return {"channel": channel_json(channel, call.user.id)}


@method("conversations.kick", 3, "*:write", "channel", "user", json=True)
def kick(call):
    channel = call.channel(scope="write", member=True)
    if channel.kind in ("im", "mpim"):
        raise Refused("method_not_supported_for_channel_type")
    user = call.wanted_user()
    if user.id == call.user.id:
        raise Refused("cant_kick_self")
    if user.id not in channel.members:
        raise Refused("not_in_channel")
    if channel.general:
        raise Refused("cant_kick_from_general")
    call.slack.leave(channel, user, actor=call.user, events=call.events)
    return {"errors": {}}


@method("conversations.setTopic", 2, "*:topic", "channel topic", json=True)
def set_topic(call):
    return described(call, "topic")


@method("conversations.setPurpose", 2, "*:topic", "channel purpose", json=True)
def set_purpose(call):
    return described(call, "purpose")


def described(call, what):
    channel = call.channel(scope="topic", member=True)
    if channel.kind == "im":
        raise Refused("method_not_supported_for_channel_type")
    if channel.archived:
        raise Refused("is_archived")
    text = call.text(what) or ""
    if len(text) > LONGEST_TOPIC:
        raise Refused("too_long")
    call.slack.describe(channel, call.user, what, text, events=call.events)
    return {"channel": channel_json(channel, call.user.id)}


@method("conversations.archive", 2, "*:write", "channel", json=True)
def archive(call):
    channel = call.channel(scope="write", member=True)
    if channel.kind in ("im", "mpim"):
        raise Refused("method_not_supported_for_channel_type")
    if channel.general:
        raise Refused("cant_archive_general")
    if channel.archived:
        raise Refused("already_archived")
    call.slack.archive(channel, call.user, events=call.events)
    return {}


@method("conversations.close", 2, "*:write", "channel", json=True)
def close(call):
    channel = call.channel(scope="write")
    if channel.kind not in ("im", "mpim"):
        raise Refused("method_not_supported_for_channel_type")
    return {}


@method("conversations.mark", 3, "*:write", "channel ts", json=True)
def mark(call):
    call.channel(scope="write", member=True)
    if ts_number(call.text("ts")) is None:
        raise Refused("invalid_timestamp")
    return {}
