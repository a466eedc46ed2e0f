# SPDX-License-Identifier: MIT
"""transportctl list, status, start, stop and restart over the units of a real systemd."""
import asyncio
import json
import os
import re

from harness.process import free_port, port_open, require, wait_answer, wait_until
from harness.systemd import Systemd
from test_install import install
from test_systemd import CONFIG

CTL = "/usr/local/bin/transportctl"
# For all instances, so that none ever comes without it: nothing else of the machine's start is pulled in.
DROP_IN = """[Unit]
After=
Wants=
DefaultDependencies=no
[Service]
StandardOutput=journal
StandardError=journal
RestartSec=1s
"""


# What a start has left behind takes its time to end, before systemd decides whether to try again.
LINGERS = """[Service]
ExecStopPost=/bin/sleep 1
"""


# The journal's daemon has read nothing yet when it is asked first, and takes so long to say so that the next attempt is ending.
LATE = """#!/bin/sh
case "$*" in *--cursor=*) test -e /run/asked || { touch /run/asked; sleep 1.7; exit 0; };; esac
exec /usr/bin/journalctl "$@"
"""


async def two_instances(world):
    """(systemd, {name: port}): "one" runs since the boot, "two" does not."""
    prefix = await install(world)
    systemd = Systemd(world.folder, prefix, "transportd@one.service", journal=True)
    world.started.append(systemd)
    with open(os.path.join(prefix, "lib", "systemd", "system", "transportd@.service")) as file:
        systemd.put("systemd/system/transportd@.service", file.read())
    systemd.put("systemd/system/transportd@.service.d/test.conf", DROP_IN)
    ports = {name: free_port() for name in ("one", "two")}
    for name, port in ports.items():
        systemd.put(f"libtransport/{name}.cfg", CONFIG.format(domain=f"{name}.localhost", port=port))
    systemd.put("systemd/system/transportd@two.service.d/lingers.conf", LINGERS)
    systemd.put("late/journalctl", LATE)
    await systemd.start()
    await wait_until(lambda: port_open(ports["one"]), "the instance to listen", 20)
    await wait_until_running(systemd, "one")
    return systemd, ports


async def states(systemd):
    rows = json.loads(await systemd.run(CTL, "--json", "status", expect=None))
    return {row["name"]: row["state"] for row in rows}


async def wait_until_running(systemd, name):
    await wait_answer(lambda: states(systemd), lambda found: found[name] == "running", f"{name} to run")


async def scenario_two_units_are_started_and_stopped(world):
    systemd, ports = await two_instances(world)
    listed = json.loads(await systemd.run(CTL, "--json", "list"))
    require([(row["name"], row["jid"]) for row in listed] == [("one", "one.localhost"), ("two", "two.localhost")],
            f"the list is {listed}")
    await systemd.run(CTL, "status", expect=3)
    require(await states(systemd) == {"one": "running", "two": "stopped"}, f"{await states(systemd)} at first")

    await systemd.run(CTL, "start", "two")
    require(port_open(ports["two"]), "start is over before the instance listens")
    table = await systemd.run(CTL, "status")
    require(len(re.findall(r"^(?:one|two) +(?:one|two)\.localhost +running +0 +1 ", table, re.M)) == 2, f"the table is {table}")
    require((await systemd.run(CTL, "-i", "two", "status")).startswith("Running (0 users"), "two does not answer")

    alice = await world.person("alice@one.localhost", ports["one"])
    before = {name: await main_pid(systemd, name) for name in ports}
    await systemd.run(CTL, "restart", "two")
    after = {name: await main_pid(systemd, name) for name in ports}
    require(after["one"] == before["one"] and after["two"] not in (before["two"], "0"),
            f"restart of two: {before} became {after}")
    alice.say("echo@one.localhost", "not me")
    await alice.message("echo@one.localhost", "not me")

    await systemd.run(CTL, "stop", "one")
    require(await states(systemd) == {"one": "stopped", "two": "running"}, f"{await states(systemd)} after the stop of one")
    require(not port_open(ports["one"]), "one still listens")
    await systemd.run(CTL, "start")
    require(await states(systemd) == {"one": "running", "two": "running"}, f"{await states(systemd)} after the start of all")
    await systemd.run(CTL, "stop")
    require(await states(systemd) == {"one": "stopped", "two": "stopped"}, f"{await states(systemd)} after the stop of all")


async def main_pid(systemd, name):
    return await systemd.run("systemctl", "show", "--value", "--property=MainPID", f"transportd@{name}.service")


async def scenario_a_start_that_fails_says_why(world):
    systemd, ports = await two_instances(world)
    file = "/etc/libtransport/two.cfg"

    # A configuration that is wrong is not tried again.
    await systemd.run("sed", "-i", "s/^port = .*/port = many/", file)
    said = await systemd.run(CTL, "start", "two", expect=1)
    require(f"{file}:6: service.port: 'many' is not a number" in said, f"the reason is not told: {said}")
    require("transportctl: two does not run." in said and f'"transportd --check {file}"' in said and
            '"journalctl -u transportd@two.service"' in said and "goes on trying" not in said, f"no way out is told: {said}")
    await wait_answer(lambda: states(systemd), lambda found: found == {"one": "running", "two": "failed"}, "two to have failed")

    # A port that is taken may be free again: systemd goes on, and says so.
    await systemd.run("sed", "-i", f"s/^port = .*/port = {ports['one']}/", file)
    await systemd.run("chmod", "755", "/etc/late/journalctl")
    said = await systemd.run("env", "PATH=/etc/late:/usr/bin:/bin", CTL, "restart", "two", expect=1)
    await systemd.run("ls", "/run/asked")
    require(f"cannot listen on 127.0.0.1:{ports['one']}: address already in use" in said, f"the reason is not told: {said}")
    require("many" not in said, f"an earlier failure is told as well: {said}")
    require('systemd goes on trying, until "transportctl stop two"' in said, f"no way out is told: {said}")
    await wait_answer(lambda: states(systemd), lambda found: found["two"] == "starting", "two to be tried again")
    await systemd.run(CTL, "stop", "two")
    require((await states(systemd))["two"] == "stopped", f"{await states(systemd)}")

    await systemd.run("sed", "-i", f"s/^port = .*/port = {ports['two']}/", file)
    await systemd.run(CTL, "start", "two")
    require(await states(systemd) == {"one": "running", "two": "running"}, f"{await states(systemd)} after it was mended")
    said = await systemd.run(CTL, "start", "three", expect=2)
    require("there is no instance three: no file three.cfg in /etc/libtransport" in said, f"start three says {said}")
