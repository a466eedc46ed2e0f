// SPDX-License-Identifier: MIT

// Referee is slack-go against a test Slack. It reads jobs, one a line of JSON, and answers them: see ../python/referee.py.
// With --serve it is slacktest, slack-go's own server, for a client under test: see serve.go.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"sort"
	"sync"
	"time"
)

const (
	checkSeconds = 20
	atOnce       = 6
)

type state struct {
	APIURL       string            `json:"api_url"`
	URL          string            `json:"url"`
	AppID        string            `json:"app_id"`
	AppToken     string            `json:"app_token"`
	ClientID     string            `json:"client_id"`
	ClientSecret string            `json:"client_secret"`
	BotToken     string            `json:"bot_token"`
	BotID        string            `json:"bot_id"`
	BotUser      string            `json:"bot_user"`
	TeamID       string            `json:"team_id"`
	Users        map[string]string `json:"users"`
}

type job struct {
	ID     string   `json:"id"`
	State  state    `json:"state"`
	Checks []string `json:"checks"`
}

type verdict struct {
	ID     string            `json:"id"`
	Passed []string          `json:"passed"`
	Failed map[string]string `json:"failed"`
}

// A wrong is what a check panics with.
type wrong string

func require(right bool, format string, values ...any) {
	if !right {
		panic(wrong(fmt.Sprintf(format, values...)))
	}
}

func must(err error) {
	if err != nil {
		panic(wrong(err.Error()))
	}
}

// until polls a condition and fails the check after some seconds.
func until(condition func() bool, what string) {
	for end := time.Now().Add(8 * time.Second); !condition(); time.Sleep(20 * time.Millisecond) {
		require(time.Now().Before(end), "waited in vain for %s", what)
	}
}

func runCheck(check func(*slackAt), at state) (failure string) {
	done := make(chan string, 1)
	go func() {
		defer func() {
			if problem := recover(); problem != nil {
				done <- fmt.Sprint(problem)
			}
		}()
		s := newSlackAt(at)
		defer s.close()
		check(s)
		done <- ""
	}()
	select {
	case failure = <-done:
		return failure
	case <-time.After(checkSeconds * time.Second):
		return "it does not end"
	}
}

func run(j job, out *sync.Mutex) {
	answer := verdict{ID: j.ID, Passed: []string{}, Failed: map[string]string{}}
	for _, name := range j.Checks {
		if failure := runCheck(checks[name], j.State); failure != "" {
			answer.Failed[name] = failure
		} else {
			answer.Passed = append(answer.Passed, name)
		}
	}
	text, err := json.Marshal(answer)
	must(err)
	out.Lock()
	defer out.Unlock()
	fmt.Println(string(text))
}

func main() {
	log.SetOutput(io.Discard)
	if len(os.Args) > 1 && os.Args[1] == "--list" {
		names := []string{}
		for name := range checks {
			names = append(names, name)
		}
		sort.Strings(names)
		for _, name := range names {
			fmt.Println(name)
		}
		return
	}
	if len(os.Args) > 1 && os.Args[1] == "--serve" {
		serve()
		return
	}
	var out sync.Mutex
	var running sync.WaitGroup
	turn := make(chan struct{}, atOnce)
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break
		}
		var j job
		must(json.Unmarshal(line, &j))
		running.Add(1)
		go func() {
			defer running.Done()
			turn <- struct{}{}
			run(j, &out)
			<-turn
		}()
	}
	running.Wait()
}
