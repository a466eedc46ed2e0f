# SPDX-License-Identifier: MIT
"""Programs of others as clients of the gateway's HTTP server: what they ask comes over one connection."""
import asyncio
import http.client

from harness.http import http_counts, http_counts_since
from harness.process import find_program_or_skip, require
from test_metrics import measured_gateway, run


async def scenario_curl_keeps_its_connection(world):
    curl = find_program_or_skip("curl")
    gateway, port = await measured_gateway(world)
    before = await http_counts(port)
    url = f"http://127.0.0.1:{port}/metrics"
    nothing = f"http://127.0.0.1:{port}/nothing"
    status, output = await run(curl, "-sv", "--http1.1", "-w", "code %{http_code}\n", url, nothing, url)
    require(status == 0 and output.count("code 200") == 2 and output.count("code 404") == 1, output)
    found = await http_counts_since(port, before)
    require(found == (1, 3), f"{found} connections and requests")
    # It closes where it is asked to, and curl sees that.
    status, output = await run(curl, "-sv", "-H", "Connection: close", url, url)
    require(status == 0 and output.lower().count("< connection: close") == 2, output)
    # A body that nobody wants, larger than the sockets hold, does not cost curl the answer.
    status, output = await run(curl, "-sv", "-H", "Expect:", "-X", "POST", "--data-binary", "@-", url,
                               stdin=b"x" * (8 << 20))
    require(status == 0 and "HTTP/1.1 405" in output, output)
    # Chunks, and an old client.
    status, output = await run(curl, "-sv", "-H", "Transfer-Encoding: chunked", "-X", "GET", "--data-binary", "@-", url,
                               stdin=b"x")
    require(status == 0 and "HTTP/1.1 413" in output, output)
    status, output = await run(curl, "-sv", "--http1.0", url, url)
    require(status == 0 and output.count("HTTP/1.1 200") == 2, output)
    require(gateway.process.running(), "the gateway has ended")


async def scenario_python_keeps_its_connection(world):
    _, port = await measured_gateway(world)
    before = await http_counts(port)

    def talk():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        statuses = []
        for method, path in (("GET", "/metrics"), ("HEAD", "/metrics"), ("POST", "/metrics"), ("GET", "/nothing")) * 5:
            connection.request(method, path)
            answer = connection.getresponse()
            statuses.append(answer.status)
            answer.read()
        connection.close()
        return statuses

    statuses = await asyncio.get_running_loop().run_in_executor(None, talk)
    require(statuses == [200, 200, 405, 404] * 5, f"{statuses}")
    found = await http_counts_since(port, before)
    require(found == (1, 20), f"{found} connections and requests")
