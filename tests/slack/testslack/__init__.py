# SPDX-License-Identifier: MIT
"""A Slack for tests: one process, one port, all of its state in memory."""
from .rules import RULES
from .server import BOT_SCOPES, EVENTS, TestSlack

__all__ = ["BOT_SCOPES", "EVENTS", "RULES", "TestSlack"]
