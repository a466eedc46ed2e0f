// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"
)

// slackAt is a test Slack with a client of it.
type slackAt struct {
	state
	api  *slack.Client
	open []func()
}

func newSlackAt(at state) *slackAt {
	s := &slackAt{state: at}
	s.api = s.client(at.BotToken)
	return s
}

func (s *slackAt) client(token string) *slack.Client {
	return slack.New(token, slack.OptionAPIURL(s.APIURL), slack.OptionAppLevelToken(s.AppToken))
}

func (s *slackAt) close() {
	for _, end := range s.open {
		end()
	}
}

// control makes the test Slack do something (testslack/control.py); result may be nil.
func (s *slackAt) control(what string, content map[string]any, result any) {
	text, err := json.Marshal(content)
	must(err)
	answer, err := http.Post(s.URL+"/control/"+what, "application/json", bytes.NewReader(text))
	must(err)
	defer answer.Body.Close()
	var got struct {
		Error  string          `json:"error"`
		Result json.RawMessage `json:"result"`
	}
	must(json.NewDecoder(answer.Body).Decode(&got))
	require(got.Error == "", "control/%s: %s", what, got.Error)
	if result != nil {
		must(json.Unmarshal(got.Result, result))
	}
}

func (s *slackAt) do(who, deed string, with map[string]any, result any) {
	s.control("person", map[string]any{"as": who, "do": deed, "with": with}, result)
}

func (s *slackAt) say(channel, text string) (ts string) {
	s.do("egon", "say", map[string]any{"channel": channel, "text": text}, &ts)
	return ts
}

func (s *slackAt) channel() (id string) {
	name := make([]byte, 5)
	_, err := rand.Read(name)
	must(err)
	s.do("egon", "create", map[string]any{"name": "g" + hex.EncodeToString(name), "members": []string{"dana", s.BotUser}}, &id)
	return id
}

type delivery struct {
	Kind     string         `json:"kind"`
	Event    map[string]any `json:"event"`
	Acked    *float64       `json:"acked"`
	Lost     bool           `json:"lost"`
	Attempts int            `json:"attempts"`
}

type report struct {
	Deliveries []delivery      `json:"deliveries"`
	Dropped    [][]any         `json:"dropped"`
	Complaints []string        `json:"complaints"`
	Sockets    int             `json:"sockets"`
	Calls      json.RawMessage `json:"calls"`
}

func (s *slackAt) report() (found report) {
	s.control("report", map[string]any{}, &found)
	return found
}

// socket is a running client of Socket Mode that acknowledges all.
type socket struct {
	*socketmode.Client
	sync.Mutex
	events []socketmode.Event
}

func (s *slackAt) socket(api *slack.Client, answer any) *socket {
	client := socketmode.New(api, socketmode.OptionPingInterval(3*time.Second))
	it := &socket{Client: client}
	ctx, end := context.WithCancel(context.Background())
	s.open = append(s.open, end)
	go func() { _ = client.RunContext(ctx) }()
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case event := <-client.Events:
				if event.Request != nil && event.Request.EnvelopeID != "" {
					if event.Request.AcceptsResponsePayload && answer != nil {
						_ = client.Ack(*event.Request, answer)
					} else {
						_ = client.Ack(*event.Request)
					}
				}
				it.Lock()
				it.events = append(it.events, event)
				it.Unlock()
			}
		}
	}()
	until(func() bool {
		return it.find(func(e socketmode.Event) bool { return e.Type == socketmode.EventTypeHello }) != nil
	}, "hello")
	return it
}

func (it *socket) find(good func(socketmode.Event) bool) *socketmode.Event {
	it.Lock()
	defer it.Unlock()
	for index := range it.events {
		if good(it.events[index]) {
			return &it.events[index]
		}
	}
	return nil
}

func (it *socket) count(good func(socketmode.Event) bool) (number int) {
	it.Lock()
	defer it.Unlock()
	for _, event := range it.events {
		if good(event) {
			number++
		}
	}
	return number
}

func inner(event socketmode.Event) any {
	if found, ok := event.Data.(slackevents.EventsAPIEvent); ok {
		return found.InnerEvent.Data
	}
	return nil
}

func isMessage(text string) func(socketmode.Event) bool {
	return func(event socketmode.Event) bool {
		message, ok := inner(event).(*slackevents.MessageEvent)
		return ok && message.Text == text
	}
}

func refused(err error, code string) {
	require(err != nil && err.Error() == code, "%v instead of %s", err, code)
}

// raw is a connection to the socket with nothing between; its hello has been read.
func (s *slackAt) raw(writeBuffer int) *websocket.Conn {
	_, url, err := s.client(s.BotToken).StartSocketModeContext(context.Background())
	must(err)
	dialer := websocket.Dialer{WriteBufferSize: writeBuffer}
	conn, _, err := dialer.Dial(url, nil)
	must(err)
	s.open = append(s.open, func() { conn.Close() })
	var hello map[string]any
	must(conn.ReadJSON(&hello))
	require(hello["type"] == "hello", "%v instead of hello", hello)
	return conn
}

// envelope reads until there is one with a text in it, and returns its id and the frame.
func envelope(conn *websocket.Conn, with string) (string, []byte) {
	for {
		must(conn.SetReadDeadline(time.Now().Add(5 * time.Second)))
		_, text, err := conn.ReadMessage()
		must(err)
		var frame struct {
			EnvelopeID string `json:"envelope_id"`
		}
		must(json.Unmarshal(text, &frame))
		if frame.EnvelopeID != "" && bytes.Contains(text, []byte(with)) {
			return frame.EnvelopeID, text
		}
	}
}

// ofLength is an acknowledgement of so many bytes.
func ofLength(id string, length int) []byte {
	begin, end := fmt.Sprintf(`{"envelope_id":"%s","payload":{"text":"`, id), `"}}`
	return []byte(begin + strings.Repeat("x", length-len(begin)-len(end)) + end)
}

var checks = map[string]func(*slackAt){
	"posting":         checkPosting,
	"pages":           checkPages,
	"history":         checkHistory,
	"rate_limits":     checkRateLimits,
	"files":           checkFiles,
	"oauth":           checkOauth,
	"socket_events":   checkSocketEvents,
	"socket_commands": checkSocketCommands,
	"socket_refresh":  checkSocketRefresh,
	"ack_length":      checkAckLength,
	"ack_fragments":   checkAckFragments,
	"every_event":     checkEveryEvent,
	"slacktest":       checkSlacktest,
}

func checkPosting(s *slackAt) {
	channel := s.channel()
	_, ts, err := s.api.PostMessage(channel, slack.MsgOptionText("a & b", false), slack.MsgOptionUsername("carol"),
		slack.MsgOptionIconURL("https://example.org/c.png"))
	must(err)
	_, _, text, err := s.api.UpdateMessage(channel, ts, slack.MsgOptionText("changed", false))
	must(err)
	require(text == "changed", "%s", text)
	must(s.api.AddReaction("wave", slack.NewRefToMessage(channel, ts)))
	refused(s.api.AddReaction("wave", slack.NewRefToMessage(channel, ts)), "already_reacted")
	got, err := s.api.GetReactions(slack.NewRefToMessage(channel, ts), slack.NewGetReactionsParameters())
	must(err)
	require(len(got.Reactions) == 1 && got.Reactions[0].Count == 1, "%+v", got)
	_, _, err = s.api.DeleteMessage(channel, ts)
	must(err)
	_, _, err = s.api.DeleteMessage(channel, ts)
	refused(err, "message_not_found")
	_, err = s.client("xoxb-nobody").AuthTest()
	refused(err, "invalid_auth")
}

func checkPages(s *slackAt) {
	s.control("crowd", map[string]any{"users": 25, "channels": 8}, nil)
	users, err := s.api.GetUsers(slack.GetUsersOptionLimit(6))
	must(err)
	seen := map[string]bool{}
	for _, user := range users {
		seen[user.ID] = true
	}
	require(len(seen) == len(users) && len(users) >= 29, "%d people, %d different ones", len(users), len(seen))
	names, cursor := []string{}, ""
	for {
		channels, next, err := s.api.GetConversations(&slack.GetConversationsParameters{Limit: 3, Cursor: cursor})
		must(err)
		require(len(channels) <= 3, "a page of %d", len(channels))
		for _, channel := range channels {
			names = append(names, channel.Name)
		}
		if next == "" {
			break
		}
		cursor = next
	}
	require(len(names) >= 10, "%v", names)
}

func checkHistory(s *slackAt) {
	channel := s.channel()
	first, second := s.say(channel, "first"), s.say(channel, "second")
	s.do("dana", "say", map[string]any{"channel": channel, "text": "reply", "thread": first}, nil)
	history, err := s.api.GetConversationHistory(&slack.GetConversationHistoryParameters{ChannelID: channel})
	must(err)
	require(len(history.Messages) == 2 && history.Messages[0].Timestamp == second, "%+v", history.Messages)
	require(history.Messages[1].ReplyCount == 1, "%+v", history.Messages[1])
	replies, _, _, err := s.api.GetConversationReplies(&slack.GetConversationRepliesParameters{ChannelID: channel, Timestamp: first})
	must(err)
	require(len(replies) == 2 && replies[1].Text == "reply" && replies[1].ThreadTimestamp == first, "%+v", replies)
}

func checkRateLimits(s *slackAt) {
	s.control("limit", map[string]any{"method": "users.info", "times": 1, "retry_after": 1}, nil)
	_, err := s.api.GetUserInfo(s.Users["egon"])
	var limited *slack.RateLimitedError
	require(errors.As(err, &limited), "%v", err)
	require(limited.RetryAfter == time.Second, "after %v", limited.RetryAfter)
	_, err = s.api.GetUserPresence(s.Users["egon"])
	must(err)
}

func checkFiles(s *slackAt) {
	channel := s.channel()
	content := strings.Repeat("0123456789abcdef\r\n", 3000)
	summary, err := s.api.UploadFile(slack.UploadFileParameters{Channel: channel, Content: content, FileSize: len(content),
		Filename: "digits.txt", InitialComment: "digits"})
	must(err)
	var file *slack.File
	until(func() bool {
		file, _, _, err = s.api.GetFileInfo(summary.ID, 0, 0)
		must(err)
		return len(file.Shares.Public[channel]) == 1
	}, "the share")
	var got bytes.Buffer
	must(s.api.GetFile(file.URLPrivateDownload, &got))
	require(got.String() == content, "its content has changed: %d bytes of %d", got.Len(), len(content))
	require(file.Mimetype == "text/plain", "%s", file.Mimetype)
}

func checkOauth(s *slackAt) {
	_, err := slack.GetOAuthV2Response(http.DefaultClient, s.ClientID, s.ClientSecret, "wrong", "http://127.0.0.1/cb",
		slack.OAuthOptionAPIURL(s.APIURL))
	refused(err, "invalid_code")
	s.control("set", map[string]any{"of": "slack", "name": "consent", "value": true}, nil)
	browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	page, err := browser.Get(s.URL + "/oauth/v2/authorize?client_id=" + s.ClientID +
		"&scope=chat:write&redirect_uri=http://127.0.0.1/cb&state=s")
	must(err)
	page.Body.Close()
	back, err := page.Location()
	must(err)
	answer, err := slack.GetOAuthV2Response(http.DefaultClient, s.ClientID, s.ClientSecret, back.Query().Get("code"),
		"http://127.0.0.1/cb", slack.OAuthOptionAPIURL(s.APIURL))
	must(err)
	require(answer.Team.ID == s.TeamID && answer.TokenType == "bot", "%+v", answer)
	who, err := s.client(answer.AccessToken).AuthTest()
	must(err)
	require(who.UserID == answer.BotUserID, "%+v", who)
}

func checkSocketEvents(s *slackAt) {
	it := s.socket(s.api, nil)
	hello := it.find(func(e socketmode.Event) bool { return e.Type == socketmode.EventTypeHello }).Request
	require(hello.NumConnections == 1 && hello.ConnectionInfo.AppID == s.AppID, "%+v", hello)
	require(hello.DebugInfo.ApproximateConnectionTime > 0, "%+v", hello)
	channel := s.channel()
	ts := s.say(channel, "one")
	until(func() bool { return it.find(isMessage("one")) != nil }, "a message")
	event := it.find(isMessage("one"))
	outer := event.Data.(slackevents.EventsAPIEvent)
	message := inner(*event).(*slackevents.MessageEvent)
	require(outer.TeamID == s.TeamID && message.TimeStamp == ts && message.Channel == channel, "%+v", message)
	until(func() bool {
		for _, one := range s.report().Deliveries {
			if one.Event["ts"] == ts {
				return one.Acked != nil
			}
		}
		return false
	}, "its acknowledgement")
}

func checkSocketCommands(s *slackAt) {
	it := s.socket(s.api, map[string]any{"text": "at once"})
	channel := s.channel()
	var result struct {
		Acked    bool           `json:"acked"`
		Answer   map[string]any `json:"answer"`
		Attempts int            `json:"attempts"`
	}
	s.do("dana", "slash", map[string]any{"command": "/bridge", "text": "list", "channel": channel}, &result)
	require(result.Acked && result.Answer["text"] == "at once" && result.Attempts == 1, "%+v", result)
	event := it.find(func(e socketmode.Event) bool { return e.Type == socketmode.EventTypeSlashCommand })
	command := event.Data.(slack.SlashCommand)
	require(command.Command == "/bridge" && command.Text == "list" && command.UserID == s.Users["dana"], "%+v", command)
	require(strings.HasPrefix(command.ResponseURL, s.URL) && command.TriggerID != "", "%+v", command)
	ts := s.say(channel, "a button")
	s.do("egon", "click", map[string]any{"channel": channel, "ts": ts, "action_id": "ok", "value": "v"}, nil)
	event = it.find(func(e socketmode.Event) bool { return e.Type == socketmode.EventTypeInteractive })
	click := event.Data.(slack.InteractionCallback)
	require(click.Type == slack.InteractionTypeBlockActions && click.ActionCallback.BlockActions[0].Value == "v", "%+v", click)
	require(click.Container.MessageTs == ts && click.Channel.ID == channel && click.User.ID == s.Users["egon"], "%+v", click)
}

func checkSocketRefresh(s *slackAt) {
	it := s.socket(s.api, nil)
	isHello := func(e socketmode.Event) bool { return e.Type == socketmode.EventTypeHello }
	s.control("sockets", map[string]any{"do": "refresh"}, nil)
	until(func() bool { return it.count(isHello) >= 2 }, "a second hello")
	channel := s.channel()
	s.say(channel, "later")
	until(func() bool { return it.find(isMessage("later")) != nil }, "a message on the second connection")
}

// An acknowledgement of 20480 bytes is not seen, one of 20479 is.
func checkAckLength(s *slackAt) {
	conn, channel := s.raw(1<<16), s.channel()
	s.say(channel, "one")
	id, _ := envelope(conn, `"text":"one"`)
	must(conn.WriteMessage(websocket.TextMessage, ofLength(id, 20480)))
	until(func() bool {
		found := s.report()
		require(found.Deliveries[len(found.Deliveries)-1].Acked == nil, "20480 bytes are seen")
		return len(found.Dropped) == 1
	}, "the acknowledgement")
	must(conn.WriteMessage(websocket.TextMessage, ofLength(id, 20479)))
	until(func() bool { found := s.report(); return found.Deliveries[len(found.Deliveries)-1].Acked != nil }, "20479 bytes to be seen")
}

// An acknowledgement in two frames is not seen. gorilla/websocket cuts what does not fit into its buffer.
func checkAckFragments(s *slackAt) {
	conn, channel := s.raw(128), s.channel()
	s.say(channel, "one")
	id, _ := envelope(conn, `"text":"one"`)
	must(conn.WriteMessage(websocket.PingMessage, nil))
	writer, err := conn.NextWriter(websocket.TextMessage)
	must(err)
	_, err = writer.Write(ofLength(id, 1000))
	must(err)
	must(writer.Close())
	until(func() bool {
		found := s.report()
		require(found.Deliveries[len(found.Deliveries)-1].Acked == nil, "fragments are seen")
		return len(found.Dropped) == 1
	}, "the acknowledgement")
	require(s.report().Dropped[0][0] == "fragments", "%v", s.report().Dropped)
}

// What slack-go has no type for, and says so.
var unknownToSlackGo = map[string]bool{
	"group_unarchive": true, "user_change": true, "user_profile_changed": true, "im_created": true, "team_rename": true,
	"file_deleted": true, "app_uninstalled": true,
}

// Everything that can happen is parsed.
func checkEveryEvent(s *slackAt) {
	it := s.socket(s.api, nil)
	s.control("everything", map[string]any{}, nil)
	until(func() bool {
		for _, one := range s.report().Deliveries {
			if one.Acked == nil && !one.Lost && one.Kind == "events_api" && !unknownToSlackGo[fmt.Sprint(one.Event["type"])] {
				return false
			}
		}
		return true
	}, "acknowledgements of what slack-go can parse")
	for _, event := range it.events {
		bad, ok := event.Data.(*socketmode.ErrorBadMessage)
		if !ok {
			continue
		}
		known := false
		for name := range unknownToSlackGo {
			known = known || strings.Contains(bad.Cause.Error(), name)
		}
		require(known, "%v: %.300s", bad.Cause, bad.Message)
	}
	require(it.count(func(e socketmode.Event) bool { _, ok := inner(e).(*slackevents.MessageEvent); return ok }) > 40, "few messages")
}

// The frames of the test Slack, sent by slack-go's own test server: the client sees the same, and acknowledges the same.
func checkSlacktest(s *slackAt) {
	conn, channel := s.raw(1<<16), s.channel()
	frames, ids := []string{}, []string{}
	s.say(channel, "one")
	go s.do("dana", "slash", map[string]any{"command": "/bridge", "text": "list", "channel": channel}, nil)
	for len(frames) < 2 {
		id, frame := envelope(conn, []string{`"text":"one"`, `"slash_commands"`}[len(frames)])
		frames, ids = append(frames, string(frame)), append(ids, id)
		must(conn.WriteJSON(map[string]string{"envelope_id": id}))
	}
	server := newFramer()
	s.open = append(s.open, server.Stop)
	server.frames <- `{"type":"hello","num_connections":1,"debug_info":{"host":"applink"},"connection_info":{"app_id":"A1"}}`
	it := s.socket(slack.New("xoxb-x", slack.OptionAPIURL(server.GetAPIURL()), slack.OptionAppLevelToken("xapp-1-x")), nil)
	for _, frame := range frames {
		server.frames <- frame
	}
	until(func() bool { return len(server.seen()) == 2 }, "two acknowledgements")
	acked := map[string]bool{}
	for _, text := range server.seen() {
		var ack struct {
			EnvelopeID string `json:"envelope_id"`
		}
		must(json.Unmarshal([]byte(text), &ack))
		acked[ack.EnvelopeID] = true
	}
	require(reflect.DeepEqual(acked, map[string]bool{ids[0]: true, ids[1]: true}), "%v instead of %v", acked, ids)
	require(it.find(isMessage("one")) != nil, "the message is not there")
}
