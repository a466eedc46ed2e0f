# SPDX-License-Identifier: MIT
"""What goes wrong on demand, between a client and the Web API."""
import asyncio

from .web import Answer, Hangup


class Faults:
    def __init__(self):
        self.event_first = False   # a call's events are told, and acknowledged, before the call is answered
        self.short_pages = False   # pages shorter than they may be, the first of them empty
        self.ghosts_of_cut_connections = False  # a socket whose connection breaks without a close frame goes on to count
        self.hold_answers = None   # an asyncio.Event: calls are answered once it is set, after they have had their effect
        self.planned = []          # [what, method, times, more]
        self.login_redirect = False  # who may not have a file is sent on to the login page, not shown it
        self.share_seconds = 0.05  # from completeUploadExternal to the message
        self.uploads_fail = 0      # so many of the next files are answered with 503
        self.shares_fail = 0       # so many of the next completed uploads are never shared
        self.file_stubs = False    # events carry no more than the id of a file

    def plan(self, what, method="*", times=1, **more):
        """what: "delay" (seconds=) before the call has an effect, "hangup" before, "hangup_after" it had its effect,
        "status" (status=, body=) instead of it, "error" (error=) instead of it, "late" (seconds=) after it had its effect.
        method: a name, or "*". times: of the next calls that match."""
        self.planned.append([what, method, times, more])

    def _take(self, call, *whats):
        for plan in self.planned:
            if plan[0] in whats and plan[1] in ("*", call.name):
                plan[2] -= 1
                if plan[2] <= 0:
                    self.planned.remove(plan)
                return plan[0], plan[3]
        return None, {}

    async def before(self, call):
        what, more = self._take(call, "delay", "hangup", "status")
        if what == "delay":
            await asyncio.sleep(more["seconds"])
        elif what == "hangup":
            call.status = 0
            raise Hangup
        elif what == "status":
            return Answer(more.get("status", 503), more.get("body", "upstream connect error"), "text/html")
        return None

    def error_of(self, call):
        return self._take(call, "error")[1].get("error")

    async def before_answer(self, call):
        if self.hold_answers:
            await self.hold_answers.wait()
        what, more = self._take(call, "late", "hangup_after")
        if what == "late":
            await asyncio.sleep(more["seconds"])
        elif what == "hangup_after":
            self_events, call.events = call.events, []
            call.slack.tell(self_events)
            raise Hangup
