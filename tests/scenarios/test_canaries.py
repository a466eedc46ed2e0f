# SPDX-License-Identifier: MIT
"""Secrets of each frontend, and of processes that crash: planted as canaries, and looked for wherever they should not be."""
import asyncio
import glob
import os
import re
import resource
import signal

from harness.http import http_ask
from harness.process import PATIENCE, Failure, Skip, descendants, ended, free_port, require, wait_until
from harness.servers import Prosody
from harness.synapse import client_packages
from test_logs import DOMAIN, in_files, leaks, of_process
from test_matrix import BOT, appservice_with, ask, chat_with, ghost
from test_matrix_people import another_client
from test_slack import Asker, irc_hears
from test_slack_install import Browser, page_of
from test_steps import CODE

PACKAGES = client_packages

CORE_NAME = re.compile(r"^core(\.\d+)?$")


# ---- core dumps ----

PASSWORD, MESSAGE = "canary-crash-password-1", "canary-crash-message-2"


def core_files(top):
    return [os.path.join(folder, name) for folder, _, files in os.walk(top) for name in files if CORE_NAME.match(name)]


async def let_processes_dump(folder):
    """No limit for what this process starts; and a crash leaves a file here, or the scenario could not fail."""
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    if hard != resource.RLIM_INFINITY and os.geteuid() != 0:
        raise Skip("core dumps are limited here")
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    os.makedirs(folder)
    child = await asyncio.create_subprocess_exec("sh", "-c", f"canary={PASSWORD}; kill -SEGV $$", cwd=folder)
    await child.wait()
    found = core_files(folder)
    if not found:
        with open("/proc/sys/kernel/core_pattern") as file:
            raise Skip(f"a crash leaves no file in the current directory here: core_pattern is {file.read().strip()}")
    with open(found[0], "rb") as file:
        require(PASSWORD.encode() in file.read(), "a core dump does not have the memory of its process")
    os.unlink(found[0])


def crash(pid):
    os.kill(pid, signal.SIGSEGV)


def gone(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] in "ZX"
    except OSError:
        return True


async def scenario_a_crash_leaves_no_core(world):
    """With the backend in its sandbox and without; transportctl as well, in the middle of a question."""
    await let_processes_dump(os.path.join(world.folder, "may-dump"))
    for sandbox in ("on", "off"):
        top = os.path.join(world.folder, f"sandbox-{sandbox}")
        os.makedirs(top)
        world.folder, before = top, world.folder
        ircd = await world.ngircd()
        gateway = world.gateway(jid=DOMAIN, build=world.plain_build_or_skip())
        world.folder = before
        gateway.server()
        gateway.irc(ircd)
        gateway.keys["backend.sandbox"] = sandbox
        await gateway.start()
        alice = await world.person(f"alice@{DOMAIN}", gateway.port, password=PASSWORD)
        carol = await world.irc_client(ircd, f"carol{sandbox}")
        alice.say(f"carol{sandbox}@{DOMAIN}", MESSAGE)
        await carol.expect(MESSAGE)
        for pid in await wait_until(gateway.backends, "a backend to run"):
            crash(pid)
            await wait_until(lambda: gone(pid), "the backend to be gone")  # noqa: B023 - used at once
        follower = await asyncio.create_subprocess_exec(
            os.path.join(gateway.build, "daemon", "transportctl"), "-c", gateway.config, "--follow", f"alice@{DOMAIN}",
            cwd=top, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE)
        await wait_until(lambda: "socket:" in str([os.readlink(link) for link in glob.glob(f"/proc/{follower.pid}/fd/*")]),
                         "transportctl to be connected")
        crash(follower.pid)
        await follower.wait()
        gateway.killed = True
        crash(gateway.process.pid)
        status = await ended(gateway.process.child)
        require(status == -signal.SIGSEGV, f"the core ended with {status}")
        for path in core_files(world.folder):
            with open(path, "rb") as file:
                told = leaks(path, file.read(), {"the password": PASSWORD, "the message": MESSAGE})
            raise Failure(f"with the sandbox {sandbox} a crash leaves {path}: {told}")


# ---- what belongs to each frontend ----


async def sweep(gateway, secrets, *spare, answers=""):
    """Leaks in argv, environment, answers to administrators, and after a crash of the backend and an orderly end in all files.
    spare: files that may have them. answers: more text to be searched."""
    found = leaks("answers", answers, secrets)
    for words in (("status",), ("users",), ("backends",), ("spool", "status"), ("help",), ("nonsense",), ("version",)):
        child = await asyncio.create_subprocess_exec(
            os.path.join(gateway.build, "daemon", "transportctl"), "-c", gateway.config, *words,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
        found += leaks(f"the answer to {' '.join(words)}", (await child.communicate())[0], secrets)
    # Those that an earlier core has started are not below this one; those in Python are not named as ours are.
    below = await wait_until(lambda: {*gateway.backends(), *descendants(gateway.process.pid)}, "a backend to run")
    for pid in (gateway.process.pid, *below):
        found += leaks(f"argv or environment of {pid}", of_process(pid), secrets)
    gateway.process.child.send_signal(signal.SIGHUP)  # tells what cannot be reloaded
    for pid in below:
        os.kill(pid, signal.SIGKILL)
    await gateway.process.wait_log("lose it")
    await gateway.stop()
    # Passwords are sealed and addresses of files signed with them.
    keys = glob.glob(os.path.join(gateway.folder, "state", "**", "*key"), recursive=True)
    require(os.path.join(gateway.folder, "state", "key") in keys, f"the keys are {keys}")
    for path in keys:
        with open(path, "rb") as file:
            key = file.read()
        if len(key) >= 16:
            found += in_files(gateway, secrets, *spare, *keys, key=key)
    if found:
        raise Failure("\n".join(sorted(set(found))))
    require("debug: " in gateway.process.log(), "there was nothing to find in the log")


async def complaints(gateway, changes, secrets):
    """It is started with other values, and what it says of them is searched: {key: value} for each start."""
    found = []
    for keys in changes:
        before = dict(gateway.keys)
        gateway.keys.update(keys)
        gateway.write_config()
        for arguments in (("--check",), ()):
            child = await asyncio.create_subprocess_exec(
                gateway.daemon, *arguments, gateway.config, stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, start_new_session=True)
            try:
                output, _ = await asyncio.wait_for(child.communicate(), 20 * PATIENCE if arguments else 1.5)
            except asyncio.TimeoutError:  # it is on, and has said what it says
                child.send_signal(signal.SIGTERM)
                output, _ = await child.communicate()
            found += leaks(f"what is said with {sorted(keys)}", output, secrets)
        gateway.keys = before
        gateway.write_config()
    return found


async def scenario_secrets_of_a_component(world):
    secrets = {"the component's password": "canary-component-1", "a wrong one": "canary-component-2",
               "the certificate's password": "canary-certificate-3", "the administrator's password": "canary-admin-4",
               "a network's password": "canary-network-5"}
    Prosody.secret = secrets["the component's password"]
    prosody, ircd = await world.prosody(), await world.ngircd()
    gateway = world.gateway()
    gateway.irc(ircd)
    gateway.component_of(prosody)
    gateway.keys.update({"service.cert_password": secrets["the certificate's password"], "service.password": secrets["a wrong one"],
                         "service.admin_password": secrets["the administrator's password"]})
    await gateway.start(wait=False)
    await gateway.process.wait_log("not-authorized")
    await gateway.process.stop()
    gateway.keys["service.password"] = prosody.secret
    await gateway.start()
    await gateway.process.wait_log("connected to the server as ")
    alice = await world.person("alice@localhost", prosody.c2s_port)
    await alice.register(gateway.jid, "alice", secrets["a network's password"])
    carol = await world.irc_client(ircd, "carol")
    await carol.join("#lobby")
    alice.join(f"#lobby@{gateway.jid}", "alice")
    await carol.expect("^:alice!")
    received = "\n".join(line for line in alice.traffic().splitlines() if line.startswith("RECV"))
    await sweep(gateway, secrets, answers=received)


async def scenario_secrets_of_an_application_service(world):
    """Tokens of the registration, of a person's own account, answers to a login's steps, signed addresses of files."""
    port = free_port()
    synapse, gateway = await appservice_with(world, "steps", **{
        "media.public_url": f"http://127.0.0.1:{port}", "media.port": port})
    with open(gateway.registration) as file:
        text = file.read()
    tokens = {name: re.search(rf"^{name}: '?([^'\n]+)", text, re.M).group(1) for name in ("as_token", "hs_token")}
    alice = await world.matrix_person(synapse, "alice")
    bot = await chat_with(alice, BOT)
    await ask(alice, bot, "login code1", "The code, please\\.")
    await ask(alice, bot, "canary-271828", "Wrong code number 1\\.")
    await ask(alice, bot, f"canary-{CODE}", ".")
    bob = await world.matrix_person(synapse, "bob")
    await ask(bob, await chat_with(bob, BOT), "login qr2", "Scan this\\..*sgnl://link\\?key=canary-key-of-qr2")
    token = await another_client(synapse, "alice")
    await ask(alice, bot, "puppet canary-nonsense", "does not know this access token")
    await ask(alice, bot, f"puppet {token}", "appears as yours")
    chat = await chat_with(alice, ghost("witness"))
    await alice.send_file(chat, b"some notes\n" * 500, "text/plain", "notes.txt")
    link = await wait_until(lambda: next((found for event in alice.messages(chat) for found in
                                          re.findall(rf"http://127\.0\.0\.1:{port}/media/[^\"\\ ]+", str(event["content"]))),
                                         None), "the address of the file", 30)
    status, _, content = await http_ask("GET", link)
    require(status == 200 and content.startswith(b"some notes"), f"{link}: {status}")
    for how, path, headers in (("PUT", "transactions/1", ["Authorization: Bearer canary-stranger", "Content-Length: 0"]),
                               ("GET", f"users/@x:y?access_token={tokens['as_token']}", [])):
        status, _, _ = await http_ask(how, f"http://127.0.0.1:{gateway.matrix_port}/_matrix/app/v1/{path}", headers=headers)
        require(status in (401, 403), f"{path} is answered with {status}")
    signature = max(re.split(r"[/?=&]", link.split("/media/", 1)[1]), key=len)
    secrets = {**tokens, "a person's access token": token, "a token that is none": "canary-nonsense",
               "a wrong answer to a step": "canary-271828", "the right answer": f"canary-{CODE}",
               "what a code has in it that is to be scanned": "canary-key-of-qr2", "a stranger's token": "canary-stranger",
               "the signature of the address in a message": signature}
    heard = "\n".join(str(event["content"]) for event in alice.messages(bot, sender=BOT))
    await sweep(gateway, secrets, gateway.registration, answers=heard)


async def scenario_secrets_of_a_slack_app(world):
    """The app's tokens, its client secret, codes of installations, tokens that rotate."""
    slack = await world.slack()
    slack.app.rotation = True
    slack.consent = True
    egon = slack.person("egon", display_name="Egon")
    slack.channel("general", "egon")
    ircd = await world.ngircd()
    gateway, public = page_of(world, slack, egon)
    gateway.irc(ircd)
    first = slack.bot_token
    wrong = {"a client secret that is none": "canary-client-secret", "an app's token that is none": "xapp-1-CANARY-1-canary",
             "a bot's token that is none": "xoxb-1-canary-bot"}
    found = await complaints(gateway, [{"slack.app_token": wrong["an app's token that is none"]},
                                       {"slack.bot_token": wrong["a bot's token that is none"]},
                                       {"slack.app_token": wrong["a bot's token that is none"]}], wrong)
    gateway.write_config()
    await gateway.start()
    await slack.wait_connected()
    status, page, came_to = await Browser().go(f"{public}/slack/install")
    require(status == 200, f"{status} {page}")
    code = re.search(r"code=([^&]+)", came_to).group(1)
    for address in (came_to, f"{public}/slack/callback?code=canary-code&state=canary-state"):
        page += (await Browser().go(address))[1]
    asker = Asker(slack, egon)
    await asker.ask("relay login bridge", "registered")
    await asker.command("general", "link #lobby", "tied to #lobby now")
    carol = await world.irc_client(ircd, "carol")
    await carol.join("#lobby")
    carol.send("PRIVMSG #lobby :with the first")
    await slack.wait_for_text("general", "with the first", "carol")
    second = slack.bot_token
    slack.tokens[second].expires = 1.0
    carol.send("PRIVMSG #lobby :with the second")
    await slack.wait_for_text("general", "with the second", "carol")
    require(len({first, second, slack.bot_token}) == 3, "the token was not refreshed")
    # The next process has them from the database.
    await gateway.kill_core()
    await gateway.start()
    await slack.wait_connected()
    egon.say("general", "still here")
    await irc_hears(carol, "bridge", "<Egon> still here")
    secrets = {**wrong, "the app's token": slack.app_token, "the client secret": slack.app.client_secret,
               "the code of the installation": code, "a code that is none": "canary-code", "a state": "canary-state",
               **{f"token {number}": token for number, token in enumerate(slack.tokens)},
               **{f"refresh token {number}": token for number, token in enumerate(slack.refresh_tokens)}}
    found += leaks("what the bot said", "\n".join(asker.heard()), secrets)
    if found:
        raise Failure("\n".join(found))
    await sweep(gateway, secrets, answers=page)
