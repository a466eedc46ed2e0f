/* SPDX-License-Identifier: MIT */
/* Every limit of the program, in one place. docs/limits.md says what happens at each. */
#pragma once

/* frames and text */
#define LIMIT_FRAME_BYTES (8u << 20)       /* one frame of the backend protocol */
#define LIMIT_FRAME_SECONDS 30             /* from the first byte of a frame to its last */
#define LIMIT_NAME_BYTES 1023              /* contact, room, nickname, legacy name: what fits a JID part */
#define LIMIT_ADDRESS_BYTES (2u * LIMIT_NAME_BYTES + 1) /* user key; "room/nickname" */
#define LIMIT_MESSAGE_BYTES (64u << 10)    /* body of one message, each of text and xhtml */
#define LIMIT_STATUS_BYTES 1024            /* status message; longer is cut */
#define LIMIT_QUOTE_BYTES 1024             /* of a message that is replied to; longer is cut */
#define LIMIT_REACTIONS 64                 /* of one person on one message */
#define LIMIT_VALUE_BYTES (64u << 10)      /* one value that a backend keeps for a person */
#define LIMIT_VALUES_BYTES (1u << 20)      /* all of a person, keys included */
#define LIMIT_VALUES_PER_USER 256
#define LIMIT_LOGIN_CHOICES 64             /* of one step of a login */
#define LIMIT_LOGIN_DATA_BYTES 4096        /* a link, or what a QR code holds: no code holds more */

/* XMPP streams */
#define LIMIT_STANZA_BYTES (512u << 10)    /* one stanza, and the unfinished tail of one; Prosody's component limit */
#define LIMIT_STANZA_BYTES_UNAUTHENTICATED (16u << 10)
#define LIMIT_STANZA_DEPTH 64
#define LIMIT_STANZA_ATTRIBUTES 64         /* of one element */
#define LIMIT_STANZA_ELEMENTS 8192         /* of one stanza that is read into a tree */
#define LIMIT_STANZA_CHILDREN 512          /* of one element of such a tree: libstrophe walks over all to add one */
#define LIMIT_STANZA_CHILDREN_RESULT 4096  /* the same in an answer: rosters are long */
#define LIMIT_C2S_CONNECTIONS 4096
#define LIMIT_C2S_UNAUTHENTICATED 256
#define LIMIT_C2S_CROWD 128                /* unauthenticated: above it only so many are let in a second: */
#define LIMIT_C2S_CROWD_ACCEPTS 100
#define LIMIT_C2S_WASTED 50 /* ended in a second without a login: then only so many are let in a second: */
#define LIMIT_C2S_WASTED_ACCEPTS 50
#define LIMIT_C2S_WINDOW_BYTES (64 << 10)  /* of one client, that the kernel holds until we read them */
#define LIMIT_C2S_TURN_BYTES (4u << 10)    /* read of one client in one turn of the loop */
#define LIMIT_C2S_BYTES_PER_SECOND (128u << 10) /* of one client, when it has used up ... */
#define LIMIT_C2S_BURST_BYTES (1u << 20)   /* ... this */
#define LIMIT_C2S_AUTH_SECONDS 60          /* from accept to a bound session, the legacy login included */
#define LIMIT_C2S_NEGOTIATION_SECONDS 30   /* from accept to the credentials */
#define LIMIT_C2S_UNAUTHENTICATED_BYTES (64u << 10) /* all that a client may send before it is authenticated */
#define LIMIT_C2S_AUTH_ATTEMPTS 3          /* failed logins of one connection */
#define LIMIT_C2S_FAILURES_PER_ADDRESS 50  /* failed logins from one address in LIMIT_C2S_FAILURE_SECONDS */
#define LIMIT_C2S_FAILURE_SECONDS 600
#define LIMIT_C2S_FAILURE_ADDRESSES 4096   /* addresses remembered; the oldest is forgotten */
#define LIMIT_C2S_DELAY_SECONDS 10         /* longest delay of the answer to a failed login */
#define LIMIT_STREAM_OUT_HIGH (4u << 20)   /* queued to the XMPP server: above it no backend is read */
#define LIMIT_STREAM_OUT_BYTES (16u << 20) /* queued to a peer that does not read; then it is cut off */

#define LIMIT_XMPP_REPLIES 20000           /* people's questions that wait for the store or a backend */
#define LIMIT_XMPP_REQUESTS 20000          /* our own IQs under way; the answer to more is not looked at */
#define LIMIT_XMPP_QUERIES 20000           /* people's IQs that a backend of raw stanzas has not answered */
#define LIMIT_XMPP_QUERIES_EACH 256        /* of one person */
#define LIMIT_XMPP_QUERY_SECONDS 60
#define LIMIT_RAW_PRESENCES 16             /* clients of one contact whose presence is kept */
#define LIMIT_RAW_PRESENCE_BYTES (8u << 10) /* of each; a longer one is passed on and not kept */
#define LIMIT_XMPP_FILES 500               /* of the network, known with where people get them */
#define LIMIT_XMPP_FILES_MESSAGE 16        /* of one message; of the others the link is shown */
#define LIMIT_XMPP_FILE_SECONDS 600        /* that it is remembered where a file is */
#define LIMIT_XMPP_URL_BYTES 2048          /* that an upload service or a client may give us */
#define LIMIT_XMPP_UPLOAD_SERVICES 200     /* domains whose upload service is known, or known not to be there */
#define LIMIT_XMPP_UPLOAD_ITEMS 50         /* of a domain, which are asked whether they are one */
#define LIMIT_XMPP_UPLOAD_AGAIN_SECONDS 600 /* until it is looked for again */
#define LIMIT_XMPP_UPLOAD_HEADERS 3
#define LIMIT_XMPP_UPLOAD_SECONDS 120      /* for one file */
#define LIMIT_XMPP_UPLOAD_ANSWER_BYTES (64u << 10)
#define LIMIT_XMPP_PRIVILEGED 200          /* domains that let us send in their people's names */
#define LIMIT_XMPP_COMMANDS 1000           /* command forms shown and not sent yet */
#define LIMIT_XMPP_COMMANDS_EACH 5         /* of one client */

/* linking addresses */
#define LIMIT_LINK_CODE_SECONDS 600        /* a code is good, and wrong ones are counted */
#define LIMIT_LINK_CODES 1000              /* at a time */
#define LIMIT_LINK_TRIES 5                 /* wrong codes of one address */
#define LIMIT_LINK_TRIERS 10000            /* addresses with wrong codes; then nobody else may try */

/* what a command asks for */
#define LIMIT_QUESTIONS 10000              /* open at a time; then what is missing is told, not asked for */
#define LIMIT_QUESTION_SECONDS 600         /* for an answer */

/* what a command answers in a chat */
#define LIMIT_COMMAND_ANSWER_BYTES (32u << 10) /* of a longer one, the first lines */

/* logins in several steps */
#define LIMIT_LOGIN_ANSWER_BYTES 4096      /* what a person answers to one step */
#define LIMIT_LOGIN_STEP_SECONDS 900       /* for one step, also where the backend names no time */

/* per user */
#define LIMIT_ADMIN_NOTICES 20             /* that wait until a frontend can show them to administrators */
#define LIMIT_IDENTITIES_PER_ACCOUNT 16    /* addresses; also keys that are tried for a new account (account_add) */
#define LIMIT_RESOURCES_PER_IDENTITY 32
#define LIMIT_CONTACTS_PER_USER 20000
#define LIMIT_GROUPS_PER_CONTACT 64
#define LIMIT_ROOMS_PER_USER 500
#define LIMIT_ROOM_KEYS 1000 /* nicknames and passwords for rooms, kept for an account (room_key.h) */
#define LIMIT_PARTICIPANTS_PER_ROOM 100000
#define LIMIT_CONVERSATIONS_PER_USER 1000  /* the oldest is forgotten */
#define LIMIT_REQUESTS_PER_USER 256        /* vCards under way */
#define LIMIT_BANS_PER_FRAME 200           /* of a backend's list; what is more in one is left out */
#define LIMIT_BANS_PER_ROOM 2000           /* kept while a list comes; the others are counted */
#define LIMIT_BANS_ASKING 16               /* who wait for the list of one room at a time */
#define LIMIT_BANS_SECONDS 40              /* until a list that does not come is given up */
#define LIMIT_ROOM_LIST 20000              /* rooms kept of one list */

#define LIMIT_IRC_BANS 256                 /* that a user has set in a channel, remembered to be taken back */
#define LIMIT_IRC_CONTACTS 1000            /* of a user, whose presence is watched */

/* backends */
#define LIMIT_BACKENDS 1000
#define LIMIT_CRASHED_BACKENDS 100         /* remembered for crashed_backends; the oldest is forgotten */
#define LIMIT_BACKEND_OUT_HIGH (4u << 20)  /* queued to a backend: above it frontends get TP_ERR_LIMIT for its users */
#define LIMIT_BACKEND_OUT_BYTES (64u << 20) /* then the backend is taken as hung */
#define LIMIT_BACKEND_HELD_BYTES (1u << 20) /* frames behind one that the spool has no room for; then it is not read */
#define LIMIT_IGNORED_FRAMES 1000          /* bad or forged frames of one backend before it is cut off */
#define LIMIT_BACKENDS_STARTING 8          /* processes under way to their first frame; 1 after a crash */
#define LIMIT_BACKEND_START_SECONDS 30     /* from spawn to the first frame */
#define LIMIT_BACKEND_ACCEPTS 10           /* connections a second to a spawn's own port */
#define LIMIT_BACKEND_ACCEPT_MS 100        /* of each second, for finding out who they are */
#define LIMIT_BACKEND_CANDIDATES 4         /* ways open to one backend before its first frame */
#define LIMIT_SANDBOX_PATHS 64               /* that a backend may read because its command names them */
#define LIMIT_SANDBOX_SCRIPT_BYTES (64u << 10) /* of a script, looked through for paths */
#define LIMIT_BACKEND_LOG_LINES 200        /* a second, of what one backend prints */
#define LIMIT_BACKEND_LOG_LINE_BYTES 1000

/* backends' side: libtransport-plugin */
#define LIMIT_PLUGIN_OUT_HIGH (1u << 20)   /* queued to a gateway that does not read: then the network is not read */
#define LIMIT_PLUGIN_KEPT_HIGH (8u << 20)  /* the same, of what the gateway has not taken */
#define LIMIT_PLUGIN_KEPT_BYTES (64u << 20) /* of it: a program that goes on reading is ended */
#define LIMIT_PLUGIN_ANSWERS 1024          /* to the gateway's frames, remembered after it has taken them */
#define LIMIT_ATTACH_SECONDS 5             /* for the first frame of a gateway that attaches */
#define LIMIT_ATTACH_BYTES 4096            /* of that frame */

/* store */
#define LIMIT_STORE_WAIT_SECONDS 30          /* of a request for a database that others have locked */
#define LIMIT_STORE_CLOSE_SECONDS 4          /* of all that is left for such a database, from the order to stop on */
#define LIMIT_STORE_QUEUE_BYTES (128u << 20) /* requests that wait; more are refused with TP_ERR_STORE */

/* spool */
#define LIMIT_UNANSWERED 400                /* messages of one user that a backend with the extension has and did not
					      * answer; others wait here */
#define LIMIT_DEAD_LETTER_SECONDS (30 * 86400) /* how long what could not be delivered is kept for the operator */
#define LIMIT_SEEN_SECONDS (30 * 86400)      /* how long ids of messages are remembered that must not come twice */
#define LIMIT_SEEN_IDS 5000000               /* the oldest are forgotten */
#define LIMIT_MAP_SECONDS (30 * 86400)       /* how long the message map knows what a message is called elsewhere */
#define LIMIT_MAP_ENTRIES 5000000            /* the oldest are forgotten */
#define LIMIT_SPOOL_SEGMENT_BYTES (8u << 20) /* a file of the log, about; 1/128 of spool.max_size if that is more */
#define LIMIT_SPOOL_NOTE_BYTES (64u << 10)   /* one note */
#define LIMIT_NONSENSE_BYTES (16u << 10)     /* of what a server tells and nobody can read, as a dead letter */
#define LIMIT_SPOOL_DEAD 1000                /* dead letters of one queue; then its oldest is dropped */
/* seen ids and links that wait for messages.db; with spool.durability = off twice as many are all that is remembered */
#define LIMIT_SPOOL_ITEMS 200000
#define LIMIT_SPOOL_ITEM_BYTES (64u << 20)   /* their texts */

/* portals */
#define LIMIT_PORTAL_MEMORY_SECONDS 60 /* that what was said in a room is remembered, to be told from its copies */
#define LIMIT_PORTAL_HOLD_SECONDS 8    /* that a copy waits for the listener's */
#define LIMIT_PORTAL_HELD 1000         /* copies of one room */

/* control socket */
#define LIMIT_CONTROL_LINE_BYTES (64u << 10)
#define LIMIT_CONTROL_CLIENTS 32
#define LIMIT_CONTROL_ACCEPTS_PER_SECOND 100
#define LIMIT_CONTROL_COMMANDS_PER_SECOND 200
#define LIMIT_CONTROL_OUT_BYTES (1u << 20) /* queued to one that follows a user; above it events are left out */
#define LIMIT_DRAIN_SECONDS 86400          /* until people are logged out for maintenance */
#define LIMIT_CONTROL_SECONDS 60           /* without a whole line */
#define LIMIT_QUERY_BYTES (64u << 10)      /* one frame to service.backend_port */
#define LIMIT_QUERY_CLIENTS 16
#define LIMIT_QUERY_WARNINGS 10            /* a minute, of what was refused there */

/* HTTP server */
#define LIMIT_HTTP_CONNECTIONS 1024
#define LIMIT_HTTP_HEAD_BYTES (8u << 10)   /* request line and headers */
#define LIMIT_HTTP_FIELDS 100              /* headers of a request */
#define LIMIT_HTTP_HEAD_SECONDS 10         /* from the connection, or the head's first byte, to its end */
#define LIMIT_HTTP_IDLE_SECONDS 180        /* without a request; homeservers close their end after 120 */
#define LIMIT_HTTP_REQUESTS 1000           /* on a connection */
#define LIMIT_HTTP_EARLY_BYTES (8u << 10)  /* of further requests, before one is answered; then nothing is read */
#define LIMIT_HTTP_CHUNK_LINE_BYTES 256    /* the size and the extensions of a chunk */
#define LIMIT_HTTP_PROGRESS_BYTES (64u << 10) /* of a body or an answer (or its rest) in ... */
#define LIMIT_HTTP_PROGRESS_SECONDS 30     /* ... so long */
#define LIMIT_HTTP_ANSWER_SECONDS 60       /* from the end of the request to the answer */
#define LIMIT_HTTP_DISCARD_SECONDS 5       /* until a peer closes that sends more than is answered */

/* HTTP client */
#define LIMIT_HTTP_CLIENT_CONNECTIONS 64   /* open at a time; calls beyond wait within their time */
#define LIMIT_HTTP_CLIENT_CONNECTIONS_HOST 32
#define LIMIT_HTTP_CLIENT_FOREIGN_CONNECTIONS 32 /* the same, for what strangers' links lead to */
#define LIMIT_HTTP_CLIENT_FOREIGN_CONNECTIONS_HOST 4
#define LIMIT_HTTP_CLIENT_REDIRECTS 5
#define LIMIT_HTTP_CLIENT_CONNECT_SECONDS 15 /* until there is a connection, TLS included */
#define LIMIT_HTTP_CLIENT_SECONDS 3600     /* of any call */

/* Matrix */
#define LIMIT_MATRIX_CALLS 16              /* to the homeserver at once; others wait */
#define LIMIT_MATRIX_FREE_CALLS 8          /* of them, calls that keep no order */
#define LIMIT_MATRIX_UPLOADS 4             /* of them */
#define LIMIT_MATRIX_CALLS_WAITING 2000    /* above it no more is taken from backends */
#define LIMIT_MATRIX_CALL_SECONDS 60       /* then a call is made again */
#define LIMIT_MATRIX_UPLOAD_SECONDS 600    /* the same */
#define LIMIT_MATRIX_DOWNLOAD_SECONDS 600  /* for media of the homeserver */
#define LIMIT_MARKUP_PICTURES 16           /* of a message's markup that are shown as files */
#define LIMIT_MATRIX_FILES 64              /* for which messages wait in their lanes; beyond, the link is sent */
#define LIMIT_MATRIX_RETRY_MS 1000         /* until a call is made again, at first; doubled each time up to ... */
#define LIMIT_MATRIX_RETRY_LAST_MS 60000
#define LIMIT_MATRIX_MAKING_MS 5000 /* for which a room that may have been made is looked for before another is */
#define LIMIT_MATRIX_LOOK_EVENTS 50 /* of a room, among which an event is looked for that may have been taken */
#define LIMIT_MATRIX_GAP_EVENTS 100 /* of a room, that are looked through after the homeserver was away */
#define LIMIT_MATRIX_GAP_MS 600000  /* before that, at most */
#define LIMIT_MATRIX_GAP_CALLS 8    /* rooms at once */
#define LIMIT_MATRIX_AGAIN_MS 3000 /* without a transaction after a start or trouble: then rooms are looked at again */
#define LIMIT_MATRIX_AGAIN_DOUBLED 10 /* times: that, for each look in a row that got no answers */
#define LIMIT_MATRIX_AGAIN_ROOMS 1000
#define LIMIT_MATRIX_AGAIN_PAUSE_MS 50 /* from one room to the next */
#define LIMIT_MATRIX_AGAIN_EVENTS 20   /* of a room */
#define LIMIT_MATRIX_NEW_USER_TRIES 4 /* of a call by one of ours whom the homeserver says not to know */
#define LIMIT_MATRIX_RETRY_AFTER_MS 3600000 /* the most that the homeserver may ask for */
#define LIMIT_MATRIX_ANSWER_BYTES (8u << 20) /* of the homeserver */
#define LIMIT_MATRIX_STATE_BYTES (64u << 20) /* all of a room's state: of some 80,000 members */
#define LIMIT_MATRIX_TRANSACTION_BYTES (32u << 20)
#define LIMIT_MATRIX_BODY_BYTES (64u << 10) /* of other requests of the homeserver */
#define LIMIT_MATRIX_POSTPONED_MS 10000    /* that a transaction waits: accounts, events' names, what may be missing */
#define LIMIT_MATRIX_RECENT 5000           /* events whose text is remembered, for quotations */
#define LIMIT_MATRIX_EVENT_BYTES 60000     /* of a message's content; the homeserver takes 65,536 with all around it */
#define LIMIT_MATRIX_TOKEN_BYTES 2000      /* of a person's access token */
#define LIMIT_MATRIX_FOUND 100             /* rooms of the network's list in an answer to a client's search */
#define LIMIT_MATRIX_OPENING_MS 200        /* from one chat that is opened with all contacts to the next */
#define LIMIT_MATRIX_OPENING_WAITING 50    /* calls to the homeserver that wait: with more, no such chat is opened */
#define LIMIT_XMPP_ADMIN_ITEMS 50          /* of one request to a room: kicks, bans, roles */
#define LIMIT_PORTRAITS 5000               /* of people of ours, whose hash is remembered for others (portrait.h) */
#define LIMIT_PORTRAIT_BYTES (256u << 10)  /* of one of them */
#define LIMIT_PORTRAITS_ASKED 8            /* that are fetched at once; others wait */
#define LIMIT_PORTRAIT_AGAIN_SECONDS 600   /* until one that could not be had is asked for again */
#define LIMIT_ROOM_PICTURE_BYTES (1u << 20) /* of a room or of oneself, from people to the network */
#define LIMIT_MATRIX_POLLS 200             /* whose questions and votes are known */
#define LIMIT_MATRIX_PARTS 100             /* events that a message is, beside its first */
#define LIMIT_MATRIX_REDACTIONS 1000       /* of messages whose author is being asked for */
#define LIMIT_MATRIX_MENTIONS 10           /* people who are meant by a message and not named in its text */
#define LIMIT_MATRIX_ANSWERS 20            /* of a poll, as Matrix has it */
#define LIMIT_MATRIX_POWERS 200            /* ghosts of a portal with a power level, and changes of one event */
#define LIMIT_MATRIX_POWER_MS 2000         /* from one change of a portal's power levels to the next */
#define LIMIT_MATRIX_PASSERS_BY 1000       /* people and ghosts who are in no room, of whom something is still known */
#define LIMIT_MATRIX_OUTSIDERS 1000        /* ghosts that a room of people's is known to keep out */
#define LIMIT_MATRIX_PRESENCE_REFUSALS 3   /* in a row: then the homeserver is told of no more until it has been away */
#define LIMIT_MATRIX_PRESENCES 200         /* contacts whose presence is told again and again; of others once */
#define LIMIT_MATRIX_PRESENCES_AT_ONCE 10  /* of them, ... */
#define LIMIT_MATRIX_PRESENCE_MS 1000      /* ... in so long */
#define LIMIT_MATRIX_REPLACED 10           /* rooms in a row that are followed by what their state says alone */
#define LIMIT_MATRIX_MEMBERS_TRIES 3       /* at asking who is in a room, while people come and go */
#define LIMIT_MATRIX_UNDECIDED 100         /* rooms that may continue one of ours, and are looked at */
#define LIMIT_MATRIX_NOTICES 50            /* for a person with whom the bot has no chat yet */

/* Slack */
#define LIMIT_SLACK_CALLS 16               /* of the Web API at once; others wait */
#define LIMIT_SLACK_FREE_CALLS 8           /* of them, calls that keep no order */
#define LIMIT_SLACK_UPLOADS 4              /* of them */
#define LIMIT_SLACK_CALL_SECONDS 30        /* then it has no answer */
#define LIMIT_SLACK_UPLOAD_SECONDS 600     /* the same */
#define LIMIT_SLACK_RETRY_MS 1000          /* until a call is made again, at first; doubled each time up to ... */
#define LIMIT_SLACK_RETRY_LAST_MS 60000
#define LIMIT_SLACK_RETRY_AFTER_MS 3600000 /* the most that Slack may ask for */
#define LIMIT_SLACK_TRIES 5                /* of an upload, or the answer to a command */
#define LIMIT_SLACK_ANSWER_BYTES (8u << 20) /* of the Web API */
#define LIMIT_SLACK_POST_MS 1000           /* for each message of one channel ... */
#define LIMIT_SLACK_POST_BURST 4           /* ... of which so many may go at once */
#define LIMIT_SLACK_LANES_SHOWN 100        /* of those in which calls wait, in the list of queues */
#define LIMIT_SLACK_PARTS 8                /* messages that a long one is said in; a longer one is a file */
#define LIMIT_SLACK_FRAME_BYTES (4u << 20) /* of one message of the websocket */
#define LIMIT_SLACK_ACK_BYTES 20479        /* of an acknowledgement: Slack drops longer ones without a word */
#define LIMIT_SLACK_PING_SECONDS 5         /* between pings */
#define LIMIT_SLACK_SILENCE_SECONDS 20     /* without a pong or a frame: the websocket is dead */
#define LIMIT_SLACK_HELLO_SECONDS 30       /* from the URL to the hello */
#define LIMIT_SLACK_LEAVE_SECONDS 5        /* that a websocket waits for acknowledgements when another took over */
#define LIMIT_SLACK_CLOSE_MS 800           /* for the peer's close frame */
#define LIMIT_SLACK_GHOST_SECONDS 60       /* that Slack may count sockets which are not ours: then it is told ... */
#define LIMIT_SLACK_GHOST_LAST_SECONDS 3600 /* ... and the most until they are counted anew */
#define LIMIT_SLACK_REFRESH_SECONDS 7200   /* before a token expires, it is refreshed ... */
#define LIMIT_SLACK_REFRESH_LOOK_SECONDS 60 /* ... for which is looked so often */
#define LIMIT_SLACK_INSTALLS 100           /* begun and not ended: the oldest is forgotten */
#define LIMIT_SLACK_INSTALL_SECONDS 600    /* from the begin to the end */
#define LIMIT_SLACK_FILES 64               /* on their way to Slack; beyond, the link is sent */
#define LIMIT_SLACK_FILES_WAITING 8        /* files of Slack that somebody asks for, until we know who we are there */
#define LIMIT_SLACK_DOWNLOAD_SECONDS 600   /* for a file of Slack */
#define LIMIT_SLACK_SHARE_SECONDS 120      /* until a file that Slack has taken is seen in its channel */
#define LIMIT_SLACK_SHARE_ASK_MS 1000      /* Slack is asked for it so long after, then in twice the time up to 16 */
#define LIMIT_SLACK_START_MS 4000          /* at the start, that workspaces wait for one that is not known yet */
#define LIMIT_SLACK_PATIENCE_MS 2000      /* that an event waits for names and accounts; it has 3 s in all */
#define LIMIT_SLACK_HISTORY_WAIT_MS 30000 /* ... and for history of a gap, since that was asked for */
#define LIMIT_SLACK_WAITING_EVENTS 2000   /* of a workspace, for that; above it no more is read from the socket */
#define LIMIT_SLACK_CALLS_WAITING 2000    /* above it no more is taken from backends */
#define LIMIT_SLACK_LOOK_MS 1000          /* between people who are looked at again after a gap */
#define LIMIT_SLACK_MEMBERS 5000          /* people of a workspace whose names are remembered */
#define LIMIT_SLACK_NAMES_ASKED 100        /* people and channels of a workspace that are being asked for */
#define LIMIT_SLACK_COMMANDS 50           /* of a workspace's people, which wait for an answer of Slack's */
#define LIMIT_SLACK_EMOJI 10000            /* of a workspace's own */
#define LIMIT_SLACK_TITLES 1000           /* names of channels, likewise */
#define LIMIT_SLACK_OURS 20000            /* people of ours in rooms, whose leaving is not told in their channels */
#define LIMIT_SLACK_NOTICES 50            /* for a person with whom the bot has no DM yet */
#define LIMIT_SLACK_PICTURES 5000          /* of people of the network that were asked for */
#define LIMIT_SLACK_RECENT 5000           /* messages whose text is remembered, for quotations */
#define LIMIT_SLACK_REACTIONS 50          /* on one of them, of all people */
#define LIMIT_SLACK_REACTIONS_PUT 200     /* on a message of Slack, by all people of the network */
#define LIMIT_SLACK_KNOWN_MESSAGES 100    /* of a conversation, whose deletion is noticed after a gap ... */
#define LIMIT_SLACK_KNOWN_REACTIONS 100   /* ... and reactions in it that are told from new ones */
#define LIMIT_SLACK_HISTORY 10000         /* messages of a conversation that are read back after a gap */
#define LIMIT_SLACK_LOOKED_UP 10000       /* messages of a conversation, among which one of ours is looked for */
#define LIMIT_SLACK_OVERLAP_SECONDS 600   /* it begins before the last message that was seen: events come in any order,
                                           * and again after one and after five minutes */
#define LIMIT_SLACK_THREADS_SECONDS 86400 /* how far before the gap new threads are looked for ... */
#define LIMIT_SLACK_THREADS_LOOKED 1000   /* ... and below how many messages */

/* files on their way */
#define LIMIT_MEDIA_FILES 100000           /* in the store */
#define LIMIT_MEDIA_NAME_BYTES 100         /* of a file; its middle is left out */
#define LIMIT_MEDIA_REFERENCE_BYTES 511    /* where a file is that is fetched when somebody asks */
#define LIMIT_MEDIA_WRITERS 64             /* files that are being written */
#define LIMIT_MEDIA_WRITE_BYTES (1u << 20) /* of one wait for the disk: then its source is not read */
#define LIMIT_MEDIA_WRITE_MAX_BYTES (4u << 20) /* the same, if the source does not stop: it is given up */
#define LIMIT_MEDIA_FETCHES 32             /* of strangers' links under way */
#define LIMIT_MEDIA_FETCHES_OWNER 4        /* of them, for one person */
#define LIMIT_MEDIA_FETCHES_WAITING 256    /* for their turn */
#define LIMIT_MEDIA_FETCHES_OWNER_WAITING 16 /* of them, for one person */
#define LIMIT_MEDIA_FETCH_SECONDS 30       /* for one of them */
#define LIMIT_MEDIA_PULLS 32               /* files that are being fetched because somebody asked */
#define LIMIT_MEDIA_AVATAR_BYTES (1u << 20) /* a picture of somebody */
#define LIMIT_MEDIA_AVATAR_SECONDS (90 * 86400) /* it is kept so long after its URL was made last */
#define LIMIT_MEDIA_UPLOAD_SECONDS 600     /* until what somebody was given a place for has to be on its way */
#define LIMIT_MEDIA_FRESH_SECONDS 600      /* a file whose URL was made since then is not removed for space */

/* metrics */
#define LIMIT_METRICS_SERIES 50            /* of backends, in one metric; the others are one sum */

/* configuration */
#define LIMIT_CONFIG_BYTES (1u << 20)      /* the file; a longer one is refused */
