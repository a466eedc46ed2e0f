# SPDX-License-Identifier: MIT
"""The account that speaks for people without one, as administrators set it up."""
from test_slack import tied


async def scenario_a_command_of_the_relay_that_lacks_something(world):
    """It is said: nobody is asked, as the next line would be for another account, or another command taken for the answer."""
    lobby = await tied(world, relay=False)
    mark = lobby.carol.mark()
    await lobby.asker.ask("relay register", "^username is missing")
    await lobby.asker.ask("relay status", "not logged in")
    await lobby.asker.ask("relay register bridge", "registered")
    await lobby.carol.expect(r"^:bridge!\S+ JOIN :?#lobby$", mark)
    # Everybody else is asked.
    await lobby.asker.ask("register", "User name on the network\\?")
    await lobby.asker.ask("egon", "registered")
