# SPDX-License-Identifier: MIT
"""What scenario tests stand on: real servers on free loopback ports, real clients, and their traffic."""
