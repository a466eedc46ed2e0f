# SPDX-License-Identifier: MIT
"""chat.* and reactions.*"""
import re

from . import text as mrkdwn
from .methods import Refused, method
from .shapes import message_json
from .state import ts_number

LONGEST_TEXT = 40000
LONGEST_UPDATE = 4000
LONGEST_MARKDOWN = 12000
LONGEST_SECTION = 3000
MAX_BLOCKS = 50
MAX_ATTACHMENTS = 100
MAX_REACTIONS = 50     # different ones on a message
MAX_OWN_REACTIONS = 23  # of one person on a message
BLOCKS = {"actions", "context", "context_actions", "divider", "file", "header", "image", "input", "markdown", "rich_text",
          "section", "table", "video"}
SHOWN_WITH_REACTIONS = {"type", "subtype", "text", "ts", "user", "username", "team", "app_id", "bot_id", "bot_profile",
                        "attachments", "blocks", "metadata", "reactions"}
EMOJI = re.compile(r"[a-z0-9_+'-]+(?:::skin-tone-[2-6])?")
POST = "text blocks attachments thread_ts reply_broadcast username icon_url icon_emoji mrkdwn parse link_names " \
       "unfurl_links unfurl_media metadata markdown_text as_user"


def blocks_of(call):
    blocks = call.structure("blocks", "invalid_blocks_format")
    if blocks is None:
        return None
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise Refused("invalid_blocks_format")
    if len(blocks) > MAX_BLOCKS and call.rules.keeps("message.blocks"):
        raise Refused("invalid_blocks", response_metadata={"messages": ["[ERROR] no more than 50 items allowed"]})
    for index, block in enumerate(blocks):
        if block.get("type") not in BLOCKS:
            raise Refused("invalid_blocks", response_metadata={
                "messages": [f"[ERROR] unsupported type: {block.get('type')} [json-pointer:/blocks/{index}/type]"]})
        if block["type"] == "section":
            content = (block.get("text") or {}).get("text", "") if block.get("text") else None
            if content is None and not block.get("fields") or content is not None and not 0 < len(content) <= LONGEST_SECTION:
                raise Refused("invalid_blocks", response_metadata={
                    "messages": [f"[ERROR] must be less than 3001 characters [json-pointer:/blocks/{index}/text/text]"]})
    return [{**block, "block_id": block.get("block_id") or f"b{index + 1}"} for index, block in enumerate(blocks)]


def attachments_of(call):
    attachments = call.structure("attachments", "invalid_attachments" if call.name == "chat.update" else "no_text")
    if attachments and len(attachments) > MAX_ATTACHMENTS:
        raise Refused("too_many_attachments")
    return [{"id": index, "fallback": one.get("text") or "[no preview available]", **one}
            for index, one in enumerate(attachments or [], 1)]


def content_of(call, longest=None):
    """text, blocks and attachments of a message that is posted or changed."""
    blocks, attachments = blocks_of(call), attachments_of(call)
    markdown = call.text("markdown_text")
    if markdown and (call.text("text") or blocks):
        raise Refused("markdown_text_conflict")
    if markdown and len(markdown) > LONGEST_MARKDOWN:
        raise Refused("msg_too_long" if call.name in ("chat.update", "chat.postEphemeral") else "msg_blocks_too_long")
    text = markdown or call.text("text") or ""
    if not text.strip() and not blocks and not attachments and call.rules.keeps("message.empty"):
        raise Refused("no_text")
    if longest and len(text) > longest and call.rules.keeps("update.length"):
        raise Refused("msg_too_long")
    if call.rules.keeps("message.length"):
        text = text[:LONGEST_TEXT]
    if call.rules.keeps("message.encoded"):
        by_name = call.flag("link_names") or call.text("parse") == "full" or not call.rules.keeps("message.names")
        text = mrkdwn.stored(text, by_name)
    result = {"text": text}
    if blocks is not None:
        result["blocks"] = blocks
    elif text:
        result["blocks"] = [mrkdwn.rich_text(text)]
    if attachments:
        result["attachments"] = attachments
    return result


def target(call, ephemeral=False):
    """The conversation that a message goes to."""
    wanted = call.text("channel")
    channel = call.channel_of(wanted)
    if not channel and wanted in call.workspace.users and not ephemeral:
        channel, created = call.workspace.im(call.user.id, wanted)  # a person's id stands for the DM with them
        if created:
            call.slack.tell_im_created(call.workspace, channel, call.events)
    if not channel:
        channel = call.workspace.titles.get(wanted.lstrip("#"))
    if not channel or not call.sees(channel):
        raise Refused("channel_not_found")
    if channel.archived and call.rules.keeps("channels.archived"):
        raise Refused("is_archived")
    if (call.user.id not in channel.members and call.rules.keeps("channels.member")
            and (ephemeral or channel.kind != "channel" or not call.has("chat:write.public"))):
        raise Refused("not_in_channel")
    return channel


def thread_of(call, channel):
    """The parent's ts, whichever message of a thread is named."""
    wanted = call.text("thread_ts")
    if not wanted:
        return None
    parent = channel.messages.get(wanted)
    if not parent and not call.rules.keeps("message.parent"):
        return None
    if not parent:
        raise Refused("cannot_reply_to_message")
    return parent.thread_ts or parent.ts


def face_of(call, text):
    """Under whose name and picture a message appears."""
    username, icon_url, icon_emoji = call.text("username"), call.text("icon_url"), call.text("icon_emoji")
    if not (username or icon_url or icon_emoji) or call.token.kind != "bot":
        return {}
    call.need("chat:write.customize")
    face = {"username": username or call.app.name}
    if icon_emoji:
        face["icons"] = {"emoji": icon_emoji, "image_64": f"{call.slack.url}/emoji/{icon_emoji.strip(':')}.png"}
    elif icon_url:
        face["icons"] = {f"image_{size}": icon_url for size in (36, 48, 64, 72)}
    return face


def check_restriction(call, channel):
    if channel.restriction:
        raise Refused(channel.restriction)


@method("chat.postMessage", "special", "chat:write", "channel", POST, json=True)
def post_message(call):
    channel = target(call)
    check_restriction(call, channel)
    content = content_of(call)
    face = face_of(call, content["text"])
    thread = thread_of(call, channel)
    metadata = call.structure("metadata", "invalid_metadata_format")
    message = call.slack.post(
        channel, call.user, content, install=call.install if call.token.kind == "bot" else None, app=call.app, face=face,
        thread=thread, broadcast=bool(thread) and call.flag("reply_broadcast"), metadata=metadata, events=call.events)
    return {"channel": channel.id, "ts": message.ts, "message": message_json(call.slack, channel, message)}


@method("chat.meMessage", 3, "chat:write", "channel text", json=True)
def me_message(call):
    channel = target(call)
    check_restriction(call, channel)
    text = call.text("text")
    if not text:
        raise Refused("no_text")
    message = call.slack.post(channel, call.user, {"text": mrkdwn.stored(text)}, subtype="me_message", app=call.app,
                              install=call.install if call.token.kind == "bot" else None, events=call.events)
    return {"channel": channel.id, "ts": message.ts}


@method("chat.postEphemeral", 4, "chat:write", "channel user", POST, json=True)
def post_ephemeral(call):
    channel = target(call, ephemeral=True)
    user = call.workspace.users.get(call.text("user"))
    if not user or user.id not in channel.members:
        raise Refused("user_not_in_channel")
    content = content_of(call)
    face_of(call, content["text"])
    ts = call.workspace.clock.ts()
    call.slack.show_only(user, channel, {"ts": ts, **content})
    if not call.rules.keeps("message.ephemeral"):
        call.slack.post(channel, call.user, content, install=call.install, app=call.app, events=call.events)
    return {"message_ts": ts}


def own_message(call, name, error):
    channel = call.channel()
    message = channel.messages.get(call.text(name))
    if not message or message.deleted:
        raise Refused("message_not_found")
    mine = message.author == call.user.id and (call.token.kind != "bot" or message.app is call.app)
    if not mine and call.rules.keeps("update.own"):
        raise Refused(error)
    return channel, message


@method("chat.update", 3, "chat:write", "channel ts", "text blocks attachments parse link_names reply_broadcast file_ids "
        "metadata markdown_text as_user unfurled_attachments", json=True)
def update(call):
    channel, message = own_message(call, "ts", "cant_update_message")
    if channel.archived:
        raise Refused("is_inactive")
    content = content_of(call, LONGEST_UPDATE)
    call.slack.change(channel, message, content, call.install.bot_id if call.token.kind == "bot" else call.user.id,
                      events=call.events)
    return {"channel": channel.id, "ts": message.ts, "text": content["text"],
            "message": message_json(call.slack, channel, message)}


@method("chat.delete", 3, "chat:write", "channel ts", "as_user", json=True)
def delete(call):
    channel, message = own_message(call, "ts", "cant_delete_message")
    call.slack.delete(channel, message, events=call.events)
    return {"channel": channel.id, "ts": message.ts}


@method("chat.getPermalink", "special", "", "channel message_ts")
def get_permalink(call):
    channel = call.channel()
    message = channel.messages.get(call.text("message_ts"))
    if not message:
        raise Refused("message_not_found")
    link = f"{call.slack.url}/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.is_reply():
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


# reactions -----------------------------------------------------------------------------------------------------------

def reaction_target(call, name="timestamp"):
    if not call.text("channel") or not call.text(name):
        raise Refused("no_item_specified")
    if ts_number(call.text(name)) is None:
        raise Refused("bad_timestamp")
    channel = call.channel()
    message = channel.messages.get(call.text(name))
    if not message or message.deleted:
        raise Refused("message_not_found")
    return channel, message


def reaction_name(call):
    name = call.text("name").strip(":")
    plain = name.partition("::")[0]
    known = call.workspace.known_emoji
    if not call.rules.keeps("reactions.names"):
        return name
    if not EMOJI.fullmatch(name) or (known is not None and plain not in known and plain not in call.workspace.emoji):
        raise Refused("invalid_name")
    return name


@method("reactions.add", 3, "reactions:write", "channel timestamp name", json=True)
def add_reaction(call):
    channel, message = reaction_target(call)
    name = reaction_name(call)
    if channel.archived:
        raise Refused("is_archived")
    users = message.reactions.get(name, [])
    if call.user.id in users and call.rules.keeps("reactions.once"):
        raise Refused("already_reacted")
    if not users and len(message.reactions) >= MAX_REACTIONS:
        raise Refused("too_many_emoji")
    if sum(call.user.id in others for others in message.reactions.values()) >= MAX_OWN_REACTIONS:
        raise Refused("too_many_reactions")
    call.slack.react(channel, message, call.user, name, events=call.events)
    return {}


@method("reactions.remove", 2, "reactions:write", "name", "channel timestamp file file_comment", json=True)
def remove_reaction(call):
    channel, message = reaction_target(call)
    name = reaction_name(call)
    if call.user.id not in message.reactions.get(name, []) and call.rules.keeps("reactions.removed"):
        raise Refused("no_reaction")
    call.slack.unreact(channel, message, call.user, name, events=call.events)
    return {}


@method("reactions.get", 3, "reactions:read", "", "channel timestamp file file_comment full")
def get_reactions(call):
    channel, message = reaction_target(call)
    shown = message_json(call.slack, channel, message)
    return {"type": "message", "channel": channel.id, "message": {
        **{key: value for key, value in shown.items() if key in SHOWN_WITH_REACTIONS},
        "permalink": f"{call.slack.url}/archives/{channel.id}/p{message.ts.replace('.', '')}"}}
