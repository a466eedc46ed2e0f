# SPDX-License-Identifier: MIT
"""
Reference data about Slack's Web API that is no part of the project: methods/METHOD.json (arguments, errors) and samples/
(the keys of answers and events). LIBTRANSPORT_SLACK_API says where it is; without it, it is looked for beside the checkout.
"""
import json
import os
import re

from .process import Unavailable

TOP = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", ".."))
PLACE = os.environ.get("LIBTRANSPORT_SLACK_API") or os.path.join(TOP, "..", "shared", "slack-api")

# Errors that every method may give.
COMMON_ERRORS = set("""
not_authed invalid_auth account_inactive token_revoked token_expired missing_scope not_allowed_token_type no_permission
ekm_access_denied team_added_to_org access_denied ratelimited accesslimited deprecated_endpoint method_deprecated unknown_method
invalid_arguments invalid_arg_name invalid_array_arg invalid_charset invalid_form_data invalid_post_type missing_post_type
invalid_json json_not_object request_timeout service_unavailable fatal_error internal_error team_disabled user_removed_from_team
""".split())
# What the documentation of a method leaves out.
MORE_ERRORS = {"users.getPresence": {"user_not_found"}, "conversations.rename": {"missing_scope"}}
# Keys of answers that the samples leave out: "method:path".
MORE_KEYS = set()
# What a value looks like, by its type, else by what it names.
BOOLEAN, NUMBER = re.compile("true|false|1|0", re.I), re.compile(r"\d+")
VALUES = {"boolean": BOOLEAN, "integer": NUMBER, "number": NUMBER, "timestamp": re.compile(r"\d{1,10}(\.\d{6})?|now"),
          "channel": re.compile("[CDGUW][A-Z0-9]+"), "user": re.compile("[UW][A-Z0-9]+"), "bot": re.compile("B[A-Z0-9]+"),
          "users": re.compile("[UW][A-Z0-9]+(,[UW][A-Z0-9]+)*"), "file": re.compile("F[A-Z0-9]+"),
          "team": re.compile("[TE][A-Z0-9]+")}
DYNAMIC = re.compile(r"[A-Z][A-Z0-9]{5,}_?")


def there():
    return os.path.isdir(os.path.join(PLACE, "methods"))


def there_or_skip():
    if not there():
        raise Unavailable(f"there is no reference data of Slack's API at {os.path.relpath(PLACE, TOP)} (LIBTRANSPORT_SLACK_API)")


class Reference:
    def __init__(self):
        self.loaded = {}

    def _load(self, *path):
        if path not in self.loaded:
            try:
                with open(os.path.join(PLACE, *path)) as file:
                    self.loaded[path] = json.load(file)
            except FileNotFoundError:
                self.loaded[path] = None
        return self.loaded[path]

    def request_faults(self, call):
        """What is wrong with a call (testslack/methods.py: Call) as its method is documented."""
        method = self._load("methods", f"{call.name}.json")
        if not method:
            return [f"{call.name} is no documented method"]
        known = method["args"]["properties"]
        faults = [f"{call.name} has no argument {name}" for name in call.arguments if name not in known]
        faults += [f"{call.name} lacks {name}" for name in method["args"].get("required", ())
                   if name != "token" and call.arguments.get(name) in (None, "")]
        if call.is_json and not method.get("json_input_supported"):
            faults.append(f"{call.name} does not take JSON")
        faults += [f"{call.name} has a {name} {value!r}" for name, value in call.arguments.items()
                   if name in known and not fits(value, known[name])]
        return faults

    def error_faults(self, call):
        """Whether the error that a call was answered with is a documented one."""
        error = (call.answer or {}).get("error")
        method = self._load("methods", f"{call.name}.json")
        if not error or not method:
            return []
        documented = set(method["errors"]) | COMMON_ERRORS | MORE_ERRORS.get(call.name, set())
        return [] if error in documented else [f"{call.name} has no error {error}"]

    def answer_faults(self, call):
        """Keys of an answer that recorded ones do not have."""
        sample = self._load("samples", "api", f"{call.name}.json")
        if not sample or not call.answer:
            return []
        faults = unknown_keys(call.answer, {**sample, "warning": "", "response_metadata": {
            **(sample.get("response_metadata") or {}), "messages": [""], "warnings": [""], "next_cursor": ""}})
        return [f"{call.name}: its answers have no {path}" for path in faults
                if f"{call.name}:{path}" not in MORE_KEYS and path not in ("needed", "provided")]

    def events(self):
        """(type, subtype) -> the payload that was recorded."""
        folder = os.path.join(PLACE, "samples", "events")
        found = {}
        for name in sorted(os.listdir(folder)):
            payload = self._load("samples", "events", name)
            event = payload.get("event") or {}
            subtype = event.get("subtype") if event.get("type") == "message" else None
            found.setdefault((event.get("type"), subtype or None), payload)
        return found


def fits(value, schema):
    """Whether an argument, as it came in a form or in JSON, can be what its schema says."""
    if value in (None, ""):
        return True
    if schema.get("type") == "array" and isinstance(value, str):
        try:
            return isinstance(json.loads(value), list)
        except ValueError:
            return False
    pattern = VALUES.get(schema.get("type")) or VALUES.get(schema.get("subtype"))
    return not pattern or isinstance(value, (list, dict)) or bool(pattern.fullmatch(str(value)))


def unknown_keys(value, sample, path="", lists=True):
    """Paths of keys that are in a value and not in its sample. Lists have alternatives; ids as keys stand for each other.
    lists: whether lists are to be there; most of them were dropped from the samples of events."""
    if isinstance(value, dict) and isinstance(sample, dict):
        if not sample:
            return []
        by_id = [one for key, one in sample.items() if DYNAMIC.fullmatch(key)]
        faults = []
        for key, inner in value.items():
            inside = sample.get(key, by_id[0] if by_id and DYNAMIC.fullmatch(key) else None)
            if key not in sample and not (by_id and DYNAMIC.fullmatch(key)):
                if isinstance(inner, list) and not lists:
                    continue
                faults.append(f"{path}.{key}".lstrip("."))
            else:
                faults += unknown_keys(inner, inside, f"{path}.{key}", lists)
        return faults
    if path.endswith(".blocks"):
        return []  # which the Java SDK judges better
    if isinstance(value, list) and isinstance(sample, list) and sample:
        faults = []
        for inner in value:
            kind = inner.get("type") if isinstance(inner, dict) else None
            alike = [one for one in sample if isinstance(one, dict) and one.get("type") == kind] or sample
            tries = [unknown_keys(inner, one, f"{path}[]", lists) for one in alike]
            faults += min(tries, key=len)
        return faults
    return []
