# SPDX-License-Identifier: MIT
"""OAuth v2: the page where somebody agrees, the code, the tokens, their rotation."""
import base64
import html
import secrets
import time
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from .methods import Refused, method
from .web import Answer

CODE_SECONDS = 600
PAGE = """<!DOCTYPE html>
<html lang="en"><head><title>{app} wants access</title></head><body>
<h1>{app} wants access to {team}</h1><p>{scopes}</p>
<form method="post"><button name="agree" value="1">Allow</button><button name="agree" value="0">Cancel</button></form>
</body></html>
"""


class Code:
    def __init__(self, app, workspace, user, scopes, user_scopes, redirect_uri):
        self.app, self.workspace, self.user = app, workspace, user
        self.scopes, self.user_scopes, self.redirect_uri = scopes, user_scopes, redirect_uri
        self.until = time.time() + CODE_SECONDS
        self.used = False


def authorize(slack, request):
    """/oauth/v2/authorize: a GET shows the page, unless somebody answers by themselves (slack.consent)."""
    query = request.query
    app = next((app for app in slack.apps.values() if app.client_id == query.get("client_id")), None)
    if not app:
        return Answer(200, "<html><body>Invalid client_id parameter</body></html>", "text/html; charset=utf-8")
    uri = query.get("redirect_uri") or (app.redirect_uris[0] if app.redirect_uris else "")
    if not any(uri.startswith(allowed) for allowed in app.redirect_uris):
        return Answer(200, "<html><body>redirect_uri did not match any configured URIs</body></html>",
                      "text/html; charset=utf-8")
    workspace, user = slack.consent_of(query.get("team"))
    scopes = [scope for scope in query.get("scope", "").split(",") if scope]
    user_scopes = [scope for scope in query.get("user_scope", "").split(",") if scope]
    if not scopes and not user_scopes:
        return Answer(200, "<html><body>No scopes requested</body></html>", "text/html; charset=utf-8")
    if slack.consent is None and request.method == "GET":
        return Answer(200, PAGE.format(app=html.escape(app.name), team=html.escape(workspace.name),
                                       scopes=html.escape(", ".join(scopes + user_scopes))), "text/html; charset=utf-8")
    agrees = slack.consent if slack.consent is not None else request.form().get("agree") == "1"
    answer = {"code": None}
    if agrees:
        code = f"{workspace.id[1:]}.{secrets.token_hex(24)}"
        slack.codes[code] = Code(app, workspace, user, scopes, user_scopes, query.get("redirect_uri"))
        answer = {"code": code}
    else:
        answer = {"error": "access_denied"}
    if "state" in query and slack.rules.keeps("oauth.state"):
        answer["state"] = query["state"]
    parts = urlsplit(uri)
    target = urlunsplit(parts._replace(query=urlencode(parse_qsl(parts.query) + list(answer.items()))))
    return Answer(302, headers={"Location": target})


def client_of(call):
    """The app that a client id and its secret are for, in the form or as HTTP Basic."""
    scheme, _, value = call.request.headers.get("authorization", "").partition(" ")
    identity, secret = call.text("client_id"), call.text("client_secret")
    if scheme.lower() == "basic":
        identity, _, secret = base64.b64decode(value).decode("utf-8", "replace").partition(":")
    app = next((app for app in call.slack.apps.values() if app.client_id == identity), None)
    if not app:
        raise Refused("invalid_client_id")
    if not secrets.compare_digest((secret or "").encode(), app.client_secret.encode()) and call.rules.keeps("oauth.secret"):
        raise Refused("bad_client_secret")
    return app


@method("oauth.v2.access", "special", "", "",
        "client_id client_secret code redirect_uri grant_type refresh_token code_verifier", kinds=())
def access(call):
    app = client_of(call)
    grant = call.text("grant_type") or ("authorization_code" if call.text("code") else None)
    if grant == "refresh_token":
        return refresh(call, app)
    if grant not in (None, "authorization_code"):
        raise Refused("invalid_grant_type")
    code = call.slack.codes.get(call.text("code"))
    if not code or code.app is not app or time.time() > code.until or (code.used and call.rules.keeps("oauth.code_once")):
        raise Refused("invalid_code")
    if code.redirect_uri is not None and call.text("redirect_uri") != code.redirect_uri and call.rules.keeps("oauth.redirect"):
        raise Refused("bad_redirect_uri")
    code.used = True
    return granted(call, code)


def granted(call, code):
    slack = call.slack
    result = {"app_id": code.app.id, "authed_user": {"id": code.user.id},
              "team": {"id": code.workspace.id, "name": code.workspace.name}, "enterprise": None,
              "is_enterprise_install": False}
    if code.scopes:
        install = slack.install(code.app, code.workspace, installer=code.user, scopes=code.scopes, token=False)
        token, refresh_token = slack.issue(code.app, "bot", code.workspace, install.bot_user, code.scopes)
        result.update({"access_token": token.value, "token_type": "bot", "scope": ",".join(code.scopes),
                       "bot_user_id": install.bot_user.id})
        if refresh_token:
            result.update({"expires_in": slack.token_seconds, "refresh_token": refresh_token})
    if code.user_scopes:
        token, refresh_token = slack.issue(code.app, "user", code.workspace, code.user, code.user_scopes)
        result["authed_user"].update({"scope": ",".join(code.user_scopes), "access_token": token.value,
                                      "token_type": "user"})
        if refresh_token:
            result["authed_user"].update({"expires_in": slack.token_seconds, "refresh_token": refresh_token})
    return result


def refresh(call, app):
    slack = call.slack
    old = slack.refresh_tokens.get(call.text("refresh_token"))
    if not old or old.app is not app:
        raise Refused("invalid_refresh_token")
    if call.rules.keeps("oauth.refresh_once"):
        del slack.refresh_tokens[call.text("refresh_token")]
    token, refresh_token = slack.issue(app, old.kind, old.workspace, old.user, old.scopes, rotating=True)
    result = {"access_token": token.value, "token_type": old.kind, "scope": ",".join(sorted(old.scopes)),
              "app_id": app.id, "expires_in": slack.token_seconds, "refresh_token": refresh_token,
              "team": {"id": old.workspace.id, "name": old.workspace.name}, "enterprise": None,
              "is_enterprise_install": False}
    if old.kind == "bot":
        result["bot_user_id"] = old.user.id
    return result
