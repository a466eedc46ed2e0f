# SPDX-License-Identifier: MIT
"""users.*, bots.info, team.info, emoji.list, auth.*, apps.connections.open, api.test"""
import time

from .methods import METHODS, Refused, method
from .shapes import bot_icons, user_json


@method("users.list", 2, "users:read", "", "cursor limit include_locale team_id")
def list_users(call):
    users = call.workspace.users
    ids, cursor = call.page(list(users), "user")
    locale = call.flag("include_locale")
    return {"members": [shown(call, users[id], locale) for id in ids], "cache_ts": int(time.time()),
            "response_metadata": {"next_cursor": cursor}}


def shown(call, user, locale=False):
    result = user_json(call.slack, user, locale, call.rules.keeps("shape.ids"))
    if not call.has("users:read.email"):
        result["profile"].pop("email", None)
    return result


@method("users.info", 4, "users:read", "user", "include_locale")
def info(call):
    return {"user": shown(call, call.wanted_user(), call.flag("include_locale"))}


@method("users.lookupByEmail", 3, "users:read.email", "email")
def by_email(call):
    wanted = call.text("email").lower()
    for user in call.workspace.users.values():
        if user.email and user.email.lower() == wanted and not user.deleted:
            return {"user": shown(call, user)}
    raise Refused("users_not_found")


@method("users.profile.get", 4, "users.profile:read", "", "user include_labels")
def profile(call):
    user = call.wanted_user() if call.text("user") else call.user
    return {"profile": {**shown(call, user)["profile"], "fields": {}}}


@method("users.getPresence", 3, "users:read", "", "user")
def presence(call):
    user = call.workspace.users.get(call.text("user")) if call.text("user") else call.user
    if not user:
        raise Refused("user_not_found")
    if user.id != call.user.id:
        return {"presence": user.presence}
    return {"presence": user.presence, "online": user.presence == "active", "auto_away": False, "manual_away": False,
            "connection_count": 0}


@method("bots.info", 3, "users:read", "", "bot team_id")
def bot_info(call):
    install = call.workspace.bots.get(call.text("bot"))
    if not install:
        raise Refused("bot_not_found" if call.text("bot") else "missing_argument")
    return {"bot": {"id": install.bot_id, "deleted": False, "name": install.app.name, "updated": install.created,
                    "app_id": install.app.id, "user_id": install.bot_user.id, "icons": bot_icons(call.slack, install)}}


@method("team.info", 3, "team:read", "", "team domain", json=True)
def team_info(call):
    workspace = call.workspace
    if call.text("team") not in (None, "", workspace.id):
        raise Refused("team_not_found")
    icons = {f"image_{size}": f"{call.slack.url}/avatars/team_{size}.png" for size in (34, 44, 68, 88, 102, 132, 230)}
    return {"team": {"id": workspace.id, "name": workspace.name, "url": f"{call.slack.url}/", "domain": workspace.domain,
                     "email_domain": "example.org", "icon": {**icons, "image_default": True},
                     "avatar_base_url": f"{call.slack.url}/avatars/", "is_verified": False}}


@method("emoji.list", 2, "emoji:read", "", "include_categories")
def emoji(call):
    return {"emoji": dict(call.workspace.emoji), "cache_ts": f"{int(time.time())}.000000"}


@method("auth.test", "special", "", json=True)
def auth_test(call):
    result = {"url": f"{call.slack.url}/", "team": call.workspace.name, "user": call.user.name,
              "team_id": call.workspace.id, "user_id": call.user.id, "is_enterprise_install": False}
    if call.token.kind == "bot":
        result["bot_id"] = call.install.bot_id
    if call.token.expires:
        result["expires_in"] = max(0, int(call.token.expires - time.time()))
    return result


@method("auth.revoke", 3, "", "", "test")
def revoke(call):
    if call.flag("test"):
        return {"revoked": False}
    call.slack.revoke(call.token, events=call.events)
    return {"revoked": True}


@method("apps.connections.open", 3, "connections:write", json=True, kinds=("app",))
def open_connection(call):
    hub = call.slack.hub_of(call.app)
    if (hub.disabled or not call.app.socket_mode) and call.rules.keeps("socket.disabled"):
        raise Refused("forbidden_team")
    return {"url": hub.ticket()}


@method("api.test", 4, "", "", "error foo", json=True, kinds=())
def api_test(call):
    if call.text("error"):
        raise Refused(call.text("error"), args=dict(call.arguments))
    return {"args": dict(call.arguments)}


# What Slack has switched off.
@method("files.upload", 2, "files:write", "", "channels file content filename title")
def upload(call):
    raise Refused("method_deprecated")


@method("rtm.connect", 1, "")
def rtm_connect(call):
    raise Refused("not_allowed_token_type")


@method("rtm.start", 1, "")
def rtm_start(call):
    raise Refused("not_allowed_token_type")


RETIRED = ("files.upload", "rtm.connect", "rtm.start")
assert all(name in METHODS for name in RETIRED)
