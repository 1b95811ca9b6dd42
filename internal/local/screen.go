package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/aws/aws-lambda-go/cfn"

	"redis-cloud-iam/internal/localaws"
)

// screen writes for people: in columns, in colour only on a terminal.
type screen struct {
	out    io.Writer
	colour bool
	calls  bool           // whether each call is shown
	data   map[string]any // of the last answer that had any
}

func newScreen(file *os.File) *screen {
	info, err := file.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	return &screen{out: file, colour: terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

const (
	bold  = "1"
	red   = "31"
	green = "32"
	amber = "33"
	faint = "2"
)

func (s *screen) paint(style, text string) string {
	if !s.colour {
		return text
	}
	return "\x1b[" + style + "m" + text + "\x1b[0m"
}

func (s *screen) say(format string, args ...any) { fmt.Fprintf(s.out, format+"\n", args...) }
func (s *screen) title(text string)              { s.say("%s", s.paint(bold, text)) }
func (s *screen) bad(text string)                { s.say("%s %s", s.paint(red, "✗"), text) }

// rows shows lines with a label before the first.
func (s *screen) rows(label string, lines ...string) {
	for _, line := range lines {
		s.say("%s", strings.TrimRight(fmt.Sprintf("   %-10s %s", label, line), " "))
		label = ""
	}
}

// head heads an event, with what people did before it and what became of it.
func (s *screen) head(before, title, style, status string) {
	s.say("")
	if before != "" {
		s.say("   Before it, %s.\n", before)
	}
	s.say("%s  %s", s.paint(bold, title), s.paint(style, status))
}

// cost shows what an event cost. Of the calls that do not only read it says the given.
func (s *screen) cost(event string, a act, others string) {
	s.rows("cost", fmt.Sprintf("%s%s to AWS (%d read, %s) in %s, %.2f s", event, count(len(a.calls), "call"), len(a.calls)-changes(a.calls),
		others, count(localaws.RoundTrips(a.calls), "sequential round trip"), a.took.Seconds()))
}

// scene heads an event with what it cost.
func (s *screen) scene(number int, scene scene, a act) {
	style, status := green, cmp.Or(string(a.answer().Status), "NO ANSWER")
	switch {
	case a.answer().Status != scene.expected:
		style = red
	case scene.expected == cfn.StatusFailed:
		style, status = amber, "refused, as it should be"
	}
	before := ""
	if scene.byHand {
		before = "people make the entities by hand, with an access key"
	}
	s.head(before, fmt.Sprintf("%d  %-16s", number, scene.title), style, status)
	s.cost(scene.text("RequestType")+": ", a, fmt.Sprintf("%d change", changes(a.calls)))
	if !s.calls {
		return
	}
	var lines []string
	for _, call := range slices.SortedStableFunc(slices.Values(a.calls), func(a, b localaws.Call) int { return a.Start.Compare(b.Start) }) {
		lines = append(lines, fmt.Sprintf("%6.3f s  %-32s %s", call.Start.Sub(a.began).Seconds(), call.Action, call.Error))
	}
	s.rows("calls", lines...)
}

// plan shows what was planned, stage by stage. So many stages came before it.
func (s *screen) plan(p plan, before int) {
	if len(p.Stages) == 0 {
		s.rows("plan", "nothing to change")
	}
	for i, stage := range p.Stages {
		var lines []string
		for _, step := range stage {
			style := map[string]string{"+": green, "~": amber, "-": red}[step.Effect]
			lines = append(lines, s.paint(cmp.Or(style, faint), step.Effect)+" "+step.Step)
		}
		s.rows(fmt.Sprintf("stage %d", before+i+1), lines...)
	}
}

// answer shows what CloudFormation got: of Data, what differs from the answer before.
func (s *screen) answer(answer cfn.Response) {
	var lines []string
	add := func(name string, value any) {
		lines = append(lines, fmt.Sprintf("%-24s %s", name, cmp.Or(fmt.Sprint(value), s.paint(faint, "(empty)"))))
	}
	add("Status", answer.Status)
	add("PhysicalResourceId", answer.PhysicalResourceID)
	if answer.Reason != "" {
		add("Reason", answer.Reason)
	}
	same := 0
	for _, key := range slices.Sorted(maps.Keys(answer.Data)) {
		if s.data != nil && s.data[key] == answer.Data[key] {
			same++
			continue
		}
		add(key, answer.Data[key])
	}
	if same > 0 {
		add("Data", fmt.Sprintf("%d values as in the answer before", same))
	}
	if answer.Data != nil {
		s.data = answer.Data
	}
	s.rows("answer", lines...)
}

// holds shows what an account holds.
func (s *screen) holds(entries []entry) {
	s.say("")
	if len(entries) == 0 {
		s.say("   The account is empty.")
		return
	}
	s.say("   The account holds")
	table := tabwriter.NewWriter(s.out, 0, 0, 3, ' ', 0)
	for _, e := range entries {
		fmt.Fprintf(table, "     %s\t%s\t%s\n", e.kind, e.name, e.detail)
	}
	_ = table.Flush()
}

// count writes a number of things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
