/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/matrix.h"

#define KEY(field, type, name, fallback, help) \
	CONFIG_KEY(struct matrix_config, field, type, name, fallback, help)

static const struct config_key matrix_keys[] = {
        KEY(homeserver, CONFIG_STRING, "matrix.homeserver", "http://127.0.0.1:8008",
            "Client-server API of the homeserver, as this machine reaches it. http only on this machine."),
        KEY(server_name, CONFIG_STRING, "matrix.server_name", "",
            "Name of the homeserver: what its people's ids end with."),
        KEY(registration, CONFIG_STRING, "matrix.registration", "",
            "The registration file, which holds the tokens of both sides. transportd --matrix-registration "
            "FILE writes it. "
            "Empty: matrix-registration.yaml in service.working_dir."),
        KEY(host, CONFIG_STRING, "matrix.host", "127.0.0.1",
            "Numeric address to listen on for the homeserver."),
        CONFIG_INT_KEY(struct matrix_config, port, "matrix.port", "29001", 1, 65535,
                       "Port to listen on for the homeserver."),
        KEY(url, CONFIG_STRING, "matrix.url", "",
            "How the homeserver reaches us, for the registration. Empty: http://, matrix.host and "
            "matrix.port."),
        KEY(prefix, CONFIG_STRING, "matrix.prefix", "_bridge_",
            "What the ids of contacts and the aliases of rooms begin with: lower case, digits and ._-"),
        KEY(bot, CONFIG_STRING, "matrix.bot", "bridgebot", "Local part of the bot's id."),
        CONFIG_LIVE_KEY(struct matrix_config, admins, CONFIG_LIST, "matrix.admin", NULL,
                        "User id of an administrator, who may give administrators' commands to the bot. May "
                        "be repeated."),
        KEY(room_nicknames, CONFIG_BOOL, "matrix.room_nicknames", "0",
            "A nickname means somebody in that room only, as in XMPP's. Otherwise a person of the network, "
            "as on IRC."),
        KEY(network, CONFIG_STRING, "matrix.network", "",
            "What people call the network: the name of their spaces. Empty: service.jid."),
        CONFIG_LIVE_KEY(struct matrix_config, spaces, CONFIG_BOOL, "matrix.spaces", "1",
                        "Each person has a space with his chats and rooms in it."),
        CONFIG_LIVE_KEY(struct matrix_config, listed, CONFIG_BOOL, "matrix.list_portals", "0",
                        "Portals that are made are in the homeserver's room directory. Otherwise they are found by "
                        "their alias."),
        CONFIG_LIVE_KEY(struct matrix_config, open_chats, CONFIG_BOOL, "matrix.open_chats", "0",
                        "After the login a chat with each contact is opened. Otherwise when either of the two writes."),
        CONFIG_LIVE_KEY(struct matrix_config, presence, CONFIG_BOOL, "matrix.presence", "1",
                        "The homeserver is told when contacts are there, and the network when people are. 0 where the "
                        "homeserver has presence switched off, or is to be spared."),
        CONFIG_LIVE_INT_KEY(struct matrix_config, presence_interval, "matrix.presence_interval", "20", 1, 3600,
                            "Seconds after which a contact's presence is told again: less than the homeserver's "
                            "presence.sync_online_timeout (Synapse: 30 s)."),
        CONFIG_LIVE_KEY(
                struct matrix_config, federated, CONFIG_BOOL, "matrix.federated", "0",
                "People of other homeservers may invite the bot and contacts, too. Otherwise they are only "
                "heard in portals, by the relay."),
        KEY(masquerade, CONFIG_BOOL, "matrix.masquerade", "0",
            "Speak as the people of the homeserver where they have written something with another client of "
            "the network. The registration has to be written with this: the homeserver then tells us all that "
            "is said in their rooms. Otherwise only as those who give the bot an access token."),
        CONFIG_LIVE_INT_KEY(struct matrix_config, join_ghosts, "matrix.join_ghosts", "100", 0, 100000,
                            "So many participants of a room are shown as its members; others join when they "
                            "first speak."),
};

const struct config_table matrix_config_table = CONFIG_TABLE("matrix", matrix_keys);
