// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sync"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack/slacktest"
)

// framer is slacktest with a socket of its own: slacktest's stops to read after the first text of a client.
type framer struct {
	*slacktest.Server
	sync.Mutex
	frames chan string
	texts  []string
	onText func(string)
}

func newFramer() *framer {
	it := &framer{frames: make(chan string, 1024)}
	it.Server = slacktest.NewTestServer(func(custom slacktest.Customize) {
		custom.Handle("/ws", slacktest.Websocket(it.talk))
	})
	it.Start()
	return it
}

func (it *framer) talk(conn *websocket.Conn) {
	gone := make(chan struct{})
	go func() {
		for {
			select {
			case frame := <-it.frames:
				if conn.WriteMessage(websocket.TextMessage, []byte(frame)) != nil {
					return
				}
			case <-gone:
				return
			}
		}
	}()
	defer close(gone)
	for {
		kind, text, err := conn.ReadMessage()
		if err != nil {
			return
		}
		if kind == websocket.TextMessage {
			it.Lock()
			it.texts = append(it.texts, string(text))
			if it.onText != nil {
				it.onText(string(text))
			}
			it.Unlock()
		}
	}
}

func (it *framer) seen() []string {
	it.Lock()
	defer it.Unlock()
	return append([]string{}, it.texts...)
}

// serve runs slacktest until its input ends. It says {"api_url": ..., "ws_url": ...}, sends each line that it reads to the
// socket of its client, and says each text that comes from there as a line.
func serve() {
	server := newFramer()
	defer server.Stop()
	text, err := json.Marshal(map[string]string{"api_url": server.GetAPIURL(), "ws_url": server.GetWSURL()})
	must(err)
	fmt.Println(string(text))
	server.onText = func(text string) { fmt.Println(text) }
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		server.frames <- line[:len(line)-1]
	}
}
