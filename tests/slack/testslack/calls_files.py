# SPDX-License-Identifier: MIT
"""files.*, and the URLs that files are put to and taken from."""
import html
import mimetypes
import secrets

from .calls_chat import blocks_of, face_of, target, thread_of
from .methods import Refused, method
from .shapes import file_json
from .state import File
from .web import Answer

LARGEST = 1 << 30
LOGIN_PAGE = """<!DOCTYPE html>
<html lang="en"><head><title>Sign in | Slack</title></head>
<body><h1>Sign in to your workspace</h1><form action="/signin" method="post"><input name="email"></form></body></html>
"""


@method("files.getUploadURLExternal", 4, "files:write", "filename length", "alt_txt snippet_type")
def get_upload_url(call):
    length = call.number("length", 0)
    if length <= 0:
        raise Refused("invalid_arguments",
                      response_metadata={"messages": ["[ERROR] must be greater than 0 [json-pointer:/length]"]})
    if length > LARGEST:
        raise Refused("file_upload_size_restricted")
    name = call.text("filename")
    file = File(call.workspace.ids.next("F"), call.workspace, call.user.id, name, name, length, "")
    file.alt_txt = call.text("alt_txt")
    file.app = call.app
    call.workspace.files[file.id] = file
    ticket = secrets.token_urlsafe(24)
    call.slack.uploads[ticket] = file
    return {"upload_url": f"{call.slack.url}/upload/v1/{ticket}", "file_id": file.id}


def take_upload(slack, request):
    """POST to an upload_url."""
    file = slack.uploads.get(request.path.rsplit("/", 1)[1])
    if not file or request.method not in ("POST", "PUT"):
        return Answer(404, "no such upload")
    content = request.body
    if request.content_type == "multipart/form-data":
        # Slack's SDKs call the part what they like.
        content = next((content for _, content in request.parts()), b"")
    if len(content) != file.size:
        slack.complaints.append(f"the upload of {file.name!r} has {len(content)} bytes and was announced with {file.size}")
    file.content = content if slack.rules.keeps("files.content") else content[:-1]
    file.size = len(content)
    return Answer(200, f"OK - {len(content)}")


@method("files.completeUploadExternal", 4, "files:write", "files",
        "channel_id thread_ts channels initial_comment blocks username icon_url icon_emoji", json=True)
def complete_upload(call):
    wanted = call.structure("files", "file_not_found")
    if not isinstance(wanted, list) or not wanted:
        raise Refused("file_not_found")
    files = []
    for one in wanted:
        file = call.workspace.files.get(one.get("id") if isinstance(one, dict) else None)
        if not file or file.content is None or (file.completed and call.rules.keeps("files.once")) or file.app is not call.app:
            raise Refused("file_not_found")
        files.append((file, one.get("title")))
    channels = []
    for name in [call.text("channel_id")] if call.text("channel_id") else (call.text("channels") or "").split(","):
        if name:
            call.arguments["channel"] = name
            channels.append(target(call))
            call.arguments.pop("channel")
    face = face_of(call, "") if call.rules.keeps("files.face") else {}
    thread = thread_of(call, channels[0]) if channels else None
    blocks = blocks_of(call)
    for file, title in files:
        file.completed = True
        file.title = title or file.name
        file.pending = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        if not call.rules.keeps("files.type"):
            file.mimetype, file.pending = file.pending, None
    answer = [file_json(call.slack, file) for file, _ in files]
    if channels:
        share = {"channels": channels, "files": [file for file, _ in files], "user": call.user,
                 "install": call.install if call.token.kind == "bot" else None, "app": call.app, "face": face,
                 "thread": thread, "text": call.text("initial_comment") or "", "blocks": blocks}
        if not call.rules.keeps("files.late"):
            call.slack.share(**share)
            answer = [file_json(call.slack, file) for file, _ in files]
        elif call.rules.keeps("files.share"):
            call.slack.share_later(**share)
    else:
        for file, _ in files:
            file.mimetype, file.pending = file.pending, None
    return {"files": answer}


@method("files.info", 4, "files:read", "file", "count cursor limit page")
def info(call):
    file = call.workspace.files.get(call.text("file"))
    if not file or not file.completed:
        raise Refused("file_not_found")
    if file.deleted:
        raise Refused("file_deleted")
    return {"file": file_json(call.slack, file), "comments": [],
            "response_metadata": {"next_cursor": ""}}


@method("files.delete", 3, "files:write", "file", json=True)
def delete(call):
    file = call.workspace.files.get(call.text("file"))
    if not file:
        raise Refused("file_not_found")
    if file.deleted:
        raise Refused("file_deleted")
    if file.user != call.user.id:
        raise Refused("cant_delete_file")
    call.slack.delete_file(file, events=call.events)
    return {}


def give_file(slack, request):
    """GET /files-pri/<team>-<file>/[download/]<name>"""
    place = request.path.split("/")[2]
    team, _, file_id = place.partition("-")
    workspace = slack.workspaces.get(team)
    file = workspace and workspace.files.get(file_id)
    token = slack.tokens.get(request.headers.get("authorization", "").partition(" ")[2])
    slack.downloads.append((request.path, bool(token)))
    may = (token is not None and not token.refusal and not token.expired() and token.workspace is workspace
           and "files:read" in token.scopes)
    if not may and slack.rules.keeps("files.token"):
        if slack.faults.login_redirect:
            return Answer(302, headers={"Location": f"{slack.url}/?redir={request.path}"})
        return Answer(200, LOGIN_PAGE, "text/html; charset=utf-8")
    if not file or file.deleted or file.content is None:
        return Answer(404, f"<html><body>{html.escape(file_id)} is not there</body></html>", "text/html; charset=utf-8")
    return Answer(200, file.content, file.mimetype or "application/octet-stream",
                  {"Content-Disposition": f'attachment; filename="{file.name}"'} if "/download/" in request.path else {})
