# SPDX-License-Identifier: MIT
"""What an instance tells Prometheus, and the samples that read it."""
import asyncio
import json
import os
import re
import shutil
import time

from harness.http import http_get, metrics_of
from harness.process import PATIENCE, Failure, find_program_or_skip, free_port, wait_answer, wait_until

DOMAIN = "localhost"
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SAMPLES = os.path.join(TOP, "config", "samples")
STEPS = ("person_to_router", "router_to_backend", "backend_to_router", "router_to_person")


async def run(*argv, stdin=None, folder=None):
    child = await asyncio.create_subprocess_exec(
        *argv, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        cwd=folder)
    output, _ = await asyncio.wait_for(child.communicate(stdin), 60 * PATIENCE)
    return child.returncode, output.decode(errors="replace")


async def measured_gateway(world, **keys):
    gateway = world.gateway(jid=DOMAIN, backend="echo")
    gateway.server()
    gateway.keys.update({"metrics.port": free_port(), **keys})
    await gateway.start()
    return gateway, gateway.keys["metrics.port"]


async def scenario_counts_what_happens(world):
    gateway, port = await measured_gateway(world)
    before = await metrics_of(port)
    if before['libtransport_users{state="connected"}'] != 0 or before['libtransport_backends{state="ready"}'] < 1:
        raise Failure(f"before anybody came: {before}")
    alice = await world.person(f"alice@{DOMAIN}", gateway.port)
    for number in range(5):
        alice.say(f"echo@{DOMAIN}", f"message {number}")
        await alice.message(f"echo@{DOMAIN}", f"message {number}")
    after = await metrics_of(port)
    expected = {
        'libtransport_users{state="connected"}': 1,
        'libtransport_identities': 1,
        'libtransport_logins_total{result="connected"}': 1,
        'libtransport_messages_total{direction="from_people"}': 5,
        'libtransport_messages_total{direction="to_people"}': 5,
        'libtransport_sessions_lost_total': 0,
        'libtransport_backends_crashed_total': 0,
        'libtransport_backend_users{backend="1"}': 1,
    }
    wrong = {name: after.get(name) for name, value in expected.items() if after.get(name) != value}
    if wrong:
        raise Failure(f"after five messages: {wrong}")
    for step in STEPS:
        count = after[f'libtransport_latency_seconds_count{{step="{step}"}}']
        total = after[f'libtransport_latency_seconds_sum{{step="{step}"}}']
        if count < 5 or not 0 < total < 10:
            raise Failure(f"latency of {step}: {count} events in {total} s")
    for name in ("process_resident_memory_bytes", "process_open_fds", "process_cpu_seconds_total"):
        if after[name] <= 0:
            raise Failure(f"{name} is {after[name]}")
    if abs(after["process_start_time_seconds"] - time.time()) > 100:
        raise Failure(f"started at {after['process_start_time_seconds']}")
    await gateway.kill_backend()
    await wait_until_metric(port, "libtransport_backends_crashed_total", 1)
    await wait_until_metric(port, "libtransport_sessions_lost_total", 1)
    await wait_until_metric(port, 'libtransport_logins_total{result="connected"}', 2)


async def wait_until_metric(port, name, value):
    await wait_answer(lambda: metrics_of(port), lambda figures: figures[name] >= value, f"{name} to be {value}")


async def scenario_text_is_what_prometheus_reads(world):
    promtool = find_program_or_skip("promtool")
    _, port = await measured_gateway(world)
    _, _, text = await http_get(port, "/metrics")
    status, output = await run(promtool, "check", "metrics", stdin=text.encode())
    if status != 0 or output.strip():
        raise Failure(f"promtool check metrics: {output}")


def names_of(text):
    return set(re.findall(r"\b(?:libtransport|process)_[a-z_]+[a-z]", text))


def base_name(name):
    return re.sub(r"_(bucket|sum|count)$", "", name) if name.startswith("libtransport_latency") else name


async def scenario_every_name_is_documented(world):
    """The page, the alerts, the dashboard and the instance use the same names."""
    gateway, port = await measured_gateway(world)
    await world.person(f"alice@{DOMAIN}", gateway.port)
    _, _, text = await http_get(port, "/metrics")
    said = set(re.findall(r"^# TYPE (\S+)", text, re.M))
    page = open(os.path.join(TOP, "docs", "metrics.md")).read()
    table = {name for line in page.splitlines() if line.startswith("| `") for name in names_of(line.split("|")[1])}
    if table != said:
        raise Failure(f"not documented: {said - table}; not there: {table - said}")
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)", text, re.M))
    labels = {}
    for name, inner in re.findall(r"^([a-z_]+)\{([^}]*)\}", text, re.M):
        labels.setdefault(base_name(name), set()).update(set(re.findall(r'(\w+)="', inner)) - {"le"})
    for first, kind in re.findall(r"^\| (`\w+.*?) \| (\w+) \|", page, re.M):
        for name, inner in re.findall(r"`([a-z_]+)(?:\{(\w+)\})?`", first):
            if types[name] != kind or (kind == "counter") != name.endswith("_total"):
                raise Failure(f"{name} is a {types[name]}, the page calls it a {kind}")
            if set(filter(None, [inner])) != labels.get(name, set()):
                raise Failure(f"{name} has the labels {labels.get(name)}, and on the page {inner}")
    if set(re.findall(r"^# HELP (\S+) \S", text, re.M)) != said:
        raise Failure("some have no help")
    for sample in ("prometheus-alerts.yml", "grafana-dashboard.json"):
        used = {base_name(name) for name in names_of(open(os.path.join(SAMPLES, sample)).read())}
        if not used or used - said:
            raise Failure(f"{sample} uses {used - said}, which nobody says")
    dashboard = json.load(open(os.path.join(SAMPLES, "grafana-dashboard.json")))
    places = [tuple(panel["gridPos"].values()) for panel in dashboard["panels"]]
    if len(set(places)) != len(places) or not all(panel["targets"] for panel in dashboard["panels"]):
        raise Failure("panels of the dashboard lie on one another, or show nothing")


def expressions():
    """(where, expression) of the dashboard, with its variables filled in, and of the selectors of the alerts."""
    dashboard = json.load(open(os.path.join(SAMPLES, "grafana-dashboard.json")))
    found = [(panel["title"], target["expr"].replace("$__rate_interval", "4m").replace("$instance", ".*"))
             for panel in dashboard["panels"] for target in panel["targets"]]
    found += [(variable["name"], re.fullmatch(r"label_values\((\w+), \w+\)", variable["query"]["query"])[1])
              for variable in dashboard["templating"]["list"] if variable["type"] == "query"]
    rules = open(os.path.join(SAMPLES, "prometheus-alerts.yml")).read()
    alerts = re.findall(r"(?m)^      - alert: (\w+)\n        expr: (.*(?:\n {10}.*)*)", rules)
    if len(alerts) != rules.count("alert: ") or len(found) < 20 or [where for where, text in found if "$" in text]:
        raise Failure(f"these are not all: {found}, {alerts}")
    selector = r"\b(?:libtransport|process)_\w+(?:\{[^}]*\})?"
    return found + [(name, text) for name, rule in alerts for text in re.findall(selector, rule)]


async def scenario_every_expression_shows_something(world):
    """promtool evaluates those of the dashboard, and the selectors of the alerts, over what an instance has told."""
    promtool = find_program_or_skip("promtool")
    gateway, port = await measured_gateway(world)
    await world.person(f"alice@{DOMAIN}", gateway.port)
    _, _, text = await http_get(port, "/metrics")
    series = []
    for name, labels, value in re.findall(r"^([a-z_]+)(\{.*\})? (\S+)$", text, re.M):
        labels = ", ".join(filter(None, (labels[1:-1], 'instance="here"', 'job="transport"')))
        series.append({"series": f"{name}{{{labels}}}", "values": f"{float(value)}+1x10"})
    wanted = expressions()
    tests = [{"expr": f"count({text}) > bool 0", "eval_time": "10m", "exp_samples": [{"labels": "{}", "value": 1}]}
             for _, text in wanted]
    with open(os.path.join(world.folder, "dashboard_test.yml"), "w") as file:
        json.dump({"evaluation_interval": "1m", "tests": [{"interval": "1m", "input_series": series,
                                                           "promql_expr_test": tests}]}, file)
    status, output = await run(promtool, "test", "rules", "dashboard_test.yml", folder=world.folder)
    if status != 0 or "SUCCESS" not in output:
        raise Failure(f"promtool: {output}")
    # It does notice what nobody tells, and what is no PromQL.
    for wrong in ("libtransport_nothing_total", "rate(libtransport_users"):
        tests[0]["expr"] = f"count({wrong}) > bool 0"
        with open(os.path.join(world.folder, "wrong_test.yml"), "w") as file:
            json.dump({"evaluation_interval": "1m", "tests": [{"interval": "1m", "input_series": series,
                                                               "promql_expr_test": tests[:1]}]}, file)
        status, output = await run(promtool, "test", "rules", "wrong_test.yml", folder=world.folder)
        if status == 0:
            raise Failure(f"promtool finds nothing wrong with {wrong}: {output}")


async def scenario_alert_rules_fire(world):
    promtool = find_program_or_skip("promtool")
    for file in (os.path.join(SAMPLES, "prometheus-alerts.yml"), os.path.join(TOP, "tests", "prometheus", "alerts_test.yml")):
        shutil.copy(file, world.folder)
    status, output = await run(promtool, "check", "rules", "prometheus-alerts.yml", folder=world.folder)
    if status != 0 or "SUCCESS" not in output:
        raise Failure(f"promtool check rules: {output}")
    status, output = await run(promtool, "test", "rules", "alerts_test.yml", folder=world.folder)
    if status != 0 or "SUCCESS" not in output:
        raise Failure(f"promtool test rules: {output}")
    alerts = re.findall(r"alert: (\w+)", open(os.path.join(SAMPLES, "prometheus-alerts.yml")).read())
    tested = open(os.path.join(TOP, "tests", "prometheus", "alerts_test.yml")).read()
    if [alert for alert in alerts if f"alertname: {alert}\n" not in tested]:
        raise Failure("some alert has no test")


async def scenario_is_off_unless_asked_for(world):
    gateway = world.gateway(jid=DOMAIN, backend="echo")
    gateway.server()
    await gateway.start()
    maps = open(f"/proc/{gateway.process.pid}/maps").read()
    if "evlib_uv" in maps:
        raise Failure("the HTTP server is initialised although nothing listens")
    listening = open(f"/proc/{gateway.process.pid}/net/tcp").read()
    own = {os.readlink(f"/proc/{gateway.process.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{gateway.process.pid}/fd")}
    ports = {int(line.split()[1].split(":")[1], 16) for line in listening.splitlines()[1:]
             if line.split()[3] == "0A" and f"socket:[{line.split()[9]}]" in own}
    if ports - {gateway.port}:
        raise Failure(f"it listens on {ports}")


async def scenario_is_for_this_machine_only(world):
    gateway = world.gateway(jid=DOMAIN, backend="echo")
    gateway.server()
    gateway.keys.update({"metrics.port": free_port(), "metrics.host": "0.0.0.0"})
    gateway.write_config()
    status, output = await run(gateway.daemon, "--check", gateway.config)
    if status != 3 or "metrics.host" not in output or "0.0.0.0" not in output:
        raise Failure(f"an address that is open to all gives {status}: {output}")
    gateway.keys["metrics.host"] = "127.0.0.1"
    gateway.keys["metrics.port"] = gateway.port
    world_port = asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", gateway.port)
    server = await world_port
    gateway.write_config()
    status, output = await run(gateway.daemon, gateway.config)
    server.close()
    if status != 1 or str(gateway.port) not in output or "in use" not in output:
        raise Failure(f"a port that is taken gives {status}: {output}")


async def scenario_hostile_peers_change_nothing(world):
    """Half-open connections by the hundred and junk: scrapes go on within a second, and people do not notice."""
    gateway, port = await measured_gateway(world)
    alice = await world.person(f"alice@{DOMAIN}", gateway.port)
    silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(500)]
    for number, (_, writer) in enumerate(silent):
        writer.write((b"GET /metrics HT", b"", b"PUT /metrics HTTP/1.1\r\nContent-Length: 99\r\n")[number % 3])
    junk = (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\0" * 5000, b"GET " + b"/a" * 20000 + b" HTTP/1.1\r\n\r\n",
            b"GET /metrics HTTP/1.1\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"CONNECT localhost:25 HTTP/1.1\r\n\r\nHELO", b"GET /metrics HTTP/1.1\r\nUpgrade: x\r\n\r\n" * 20,
            b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n" + b"x" * 100000)
    for bytes_ in junk:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(bytes_)
            writer.write_eof()
            await asyncio.wait_for(reader.read(-1), 20 * PATIENCE)
        except OSError:
            pass
        writer.close()
    begin = time.monotonic()
    figures = await metrics_of(port)
    if time.monotonic() - begin > 5:
        raise Failure(f"a scrape takes {time.monotonic() - begin:.1f} s beside silent connections")
    if figures["libtransport_http_connections"] < 400:
        raise Failure(f"{figures['libtransport_http_connections']} connections are open")
    alice.say(f"echo@{DOMAIN}", "undisturbed")
    await alice.message(f"echo@{DOMAIN}", "undisturbed")
    for _, writer in silent:
        writer.close()
    await wait_until_count(port, 1)


async def wait_until_count(port, count):
    await wait_answer(lambda: metrics_of(port), lambda figures: figures["libtransport_http_connections"] <= count,
                      "connections to be closed")


async def scenario_backends_get_nothing_of_it(world):
    gateway, port = await measured_gateway(world)
    await metrics_of(port)
    pids = await wait_until(gateway.backends, "a backend to run")
    core = {os.readlink(f"/proc/{gateway.process.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{gateway.process.pid}/fd")}
    for pid in pids:
        for fd in os.listdir(f"/proc/{pid}/fd"):
            target = os.readlink(f"/proc/{pid}/fd/{fd}")
            if fd not in ("0", "1", "2") and target in core and target.startswith("socket:"):
                raise Failure(f"descriptor {fd} of a backend is the core's: {target}")
