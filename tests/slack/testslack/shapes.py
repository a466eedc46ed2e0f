# SPDX-License-Identifier: MIT
"""The JSON of what a Slack knows, as its Web API and its events spell it."""
import hashlib

from .state import SLACKBOT

SIZES = (24, 32, 48, 72, 192, 512)


def avatar_urls(base, user):
    return {f"image_{size}": f"{base}/avatars/{user.avatar}_{size}.png" for size in SIZES}


def user_json(slack, user, locale=False, keeps_types=True):
    profile = {
        "title": "", "phone": "", "skype": "", "real_name": user.real_name, "real_name_normalized": user.real_name,
        "display_name": user.display_name, "display_name_normalized": user.display_name,
        "status_text": user.status_text, "status_emoji": user.status_emoji, "status_emoji_display_info": [],
        "status_expiration": 0, "avatar_hash": user.avatar, **avatar_urls(slack.avatars_url or slack.url, user), "status_text_canonical": "",
        "team": user.team,
    }
    if user.is_bot:
        profile.update({"api_app_id": user.app_id, "always_active": False, "bot_id": user.bot_id})
    else:
        first, _, last = user.real_name.partition(" ")
        profile.update({"first_name": first, "last_name": last, "huddle_state": "default_unset",
                        "huddle_state_expiration_ts": 0})
        if user.email:
            profile["email"] = user.email
    result = {
        "id": user.id, "team_id": user.team, "name": user.name, "deleted": user.deleted,
        "color": hashlib.md5(user.id.encode()).hexdigest()[:6], "real_name": user.real_name, "tz": user.tz,
        "tz_label": "Central European Time", "tz_offset": 3600, "profile": profile, "is_admin": user.is_admin,
        "is_owner": False, "is_primary_owner": False, "is_restricted": user.is_restricted, "is_ultra_restricted": False,
        "is_bot": user.is_bot, "is_app_user": False,
        "updated": user.updated if keeps_types else str(user.updated) + " s", "is_email_confirmed": not user.is_bot,
        "who_can_share_contact_card": "EVERYONE",
    }
    if user.deleted:
        for key in ("color", "real_name", "tz", "tz_label", "tz_offset", "is_admin", "is_owner", "is_primary_owner",
                    "is_restricted", "is_ultra_restricted"):
            del result[key]
    if user.is_stranger:
        result["is_stranger"] = True
    if locale:
        result["locale"] = "en-US"
    return result


def channel_json(channel, user, num_members=False, last_read=False):
    """As `user` (an id) sees it."""
    workspace = channel.workspace
    result = {
        "id": channel.id, "created": channel.created, "is_archived": channel.archived, "is_im": channel.kind == "im",
        "is_org_shared": False, "context_team_id": workspace.id, "updated": channel.created * 1000,
    }
    if channel.kind == "im":
        result.update({"user": channel.other(user), "is_user_deleted": workspace.users[channel.other(user)].deleted,
                       "priority": 0})
        return result
    result.update({
        "name": channel.name, "is_channel": channel.kind == "channel", "is_group": channel.kind == "group",
        "is_mpim": channel.kind == "mpim", "is_private": channel.kind != "channel", "is_general": channel.general,
        "unlinked": 0, "name_normalized": channel.name, "is_shared": False, "is_pending_ext_shared": False,
        "pending_shared": [], "creator": channel.creator, "is_ext_shared": False,
        "shared_team_ids": [workspace.id], "pending_connected_team_ids": [], "is_member": user in channel.members,
        "topic": dict(channel.topic), "purpose": dict(channel.purpose), "previous_names": list(channel.previous_names),
    })
    if last_read and user in channel.members:
        result["last_read"] = "0000000000.000000"
    if num_members:
        result["num_members"] = len(channel.members)
    return result


def bot_profile(slack, install):
    return {"id": install.bot_id, "app_id": install.app.id, "name": install.app.name,
            "icons": bot_icons(slack, install), "deleted": False, "updated": install.created,
            "team_id": install.workspace.id}


def bot_icons(slack, install):
    return {f"image_{size}": f"{slack.url}/avatars/{install.bot_user.avatar}_{size}.png" for size in (36, 48, 72)}


def message_json(slack, channel, message, reactions=True):
    """A message as it stands now: in a history, in an event about it, in an answer."""
    result = dict(message.json)
    if message.deleted:
        return result
    if message.replies:
        replies = [channel.messages[ts] for ts in message.replies]
        users = list(dict.fromkeys(reply.author for reply in replies))
        if slack.rules.keeps("message.thread"):
            result.update({"thread_ts": message.ts, "reply_count": len(replies), "reply_users_count": len(users),
                           "latest_reply": replies[-1].ts, "reply_users": users[:5], "is_locked": False,
                           "subscribed": False})
    if reactions and message.reactions and slack.rules.keeps("reactions.listed"):
        result["reactions"] = [{"name": name, "users": users[:50], "count": len(users)}
                               for name, users in message.reactions.items()]
    return result


def tombstone(parent):
    return {"type": "message", "subtype": "tombstone", "text": "This message was deleted.", "user": SLACKBOT,
            "ts": parent.ts, "thread_ts": parent.ts}


def file_json(slack, file):
    if file.deleted:
        return {"id": file.id, "mode": "tombstone"}
    quoted = file.name.replace(" ", "_")
    base = f"{slack.url}/files-pri/{file.workspace.id}-{file.id}"
    kind = (file.mimetype or "").rpartition("/")[2] or ""
    shares = {"public": {}, "private": {}}
    groups = {"channels": [], "groups": [], "ims": []}
    for channel_id, times in file.shares.items():
        channel = file.workspace.channels[channel_id]
        public = channel.kind == "channel"
        groups["ims" if channel.kind == "im" else "channels" if public else "groups"].append(channel_id)
        shares["public" if public else "private"][channel_id] = [
            {"reply_users": [], "reply_users_count": 0, "reply_count": 0, "ts": ts, "channel_name": channel.name,
             "team_id": file.workspace.id, "share_user_id": file.user, "source": "UNKNOWN",
             **({"thread_ts": file.threads[channel_id, ts]} if (channel_id, ts) in file.threads else {})} for ts in times]
    result = {
        "id": file.id, "created": file.created, "timestamp": file.created, "name": file.name, "title": file.title,
        "mimetype": file.mimetype, "filetype": kind, "pretty_type": kind.upper(), "user": file.user,
        "user_team": file.workspace.id, "editable": False, "size": file.size, "mode": "hosted", "is_external": False,
        "external_type": "", "is_public": bool(shares["public"]), "public_url_shared": False, "display_as_bot": False,
        "username": "", "url_private": f"{base}/{quoted}", "url_private_download": f"{base}/download/{quoted}",
        "permalink": f"{slack.url}/files/{file.user}/{file.id}/{quoted}",
        "permalink_public": f"{slack.url}/{file.workspace.id}-{file.id}-0123456789",
        "is_starred": False, **groups, "has_more_shares": False, "has_rich_preview": False,
        "file_access": "visible",
    }
    if file.shares:
        result["shares"] = {name: found for name, found in shares.items() if found}
    if file.alt_txt:
        result["alt_txt"] = file.alt_txt
    if (file.mimetype or "").startswith("image/"):
        result.update({"media_display_type": "unknown", "original_w": 64, "original_h": 48,
                       **{f"thumb_{size}": f"{base}/thumb_{size}/{quoted}" for size in (64, 80, 160, 360)},
                       "thumb_360_w": 64, "thumb_360_h": 48})
    return result


def file_stub(file):
    return {"id": file.id, "mode": "file_access", "file_access": "check_file_info"}
