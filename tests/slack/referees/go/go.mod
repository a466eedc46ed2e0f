// SPDX-License-Identifier: MIT
module libtransport/slack-referees

go 1.26

require (
	github.com/gorilla/websocket v1.5.3
	github.com/slack-go/slack v0.35.0
)
