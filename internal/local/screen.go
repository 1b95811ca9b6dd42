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
func (s *screen) good(format string, args ...any) {
	s.say("%s", s.paint(green, fmt.Sprintf(format, args...)))
}
func (s *screen) bad(text string) { s.say("%s %s", s.paint(red, "✗"), text) }

// scene heads an event with what it cost.
func (s *screen) scene(number int, scene scene, a act) {
	style, status := green, cmp.Or(string(a.answer().Status), "NO ANSWER")
	switch {
	case status == string(scene.expected()) && scene.fails:
		style, status = amber, "refused, as it should be"
	case status != string(scene.expected()):
		style = red
	}
	reads, writes := kinds(a.calls)
	s.say("")
	if scene.byHand {
		s.say("   Before it, people make the entities by hand, with an access key.")
		s.say("")
	}
	s.say("%s  %s", s.paint(bold, fmt.Sprintf("%d  %-16s", number, scene.title)), s.paint(style, status))
	s.say("   %-10s %s: %s to AWS (%d read, %d change) in %s, %.2f s", "cost", scene.text("RequestType"),
		count(len(a.calls), "call"), reads, writes, count(localaws.RoundTrips(a.calls), "sequential round trip"), a.took.Seconds())
	for i, call := range slices.SortedStableFunc(slices.Values(a.calls), func(a, b localaws.Call) int { return a.Start.Compare(b.Start) }) {
		label := ""
		if i == 0 {
			label = "calls"
		}
		if s.calls {
			s.say("   %-10s %6.3f s  %-32s %s", label, call.Start.Sub(a.began).Seconds(), call.Action, call.Error)
		}
	}
}

// plan shows what was planned, stage by stage. So many stages came before it.
func (s *screen) plan(p plan, before int) {
	if len(p.Stages) == 0 {
		s.say("   %-10s nothing to change", "plan")
	}
	for i, stage := range p.Stages {
		for j, step := range stage {
			label := ""
			if j == 0 {
				label = fmt.Sprintf("stage %d", before+i+1)
			}
			style := map[string]string{"+": green, "~": amber, "-": red}[step.Effect]
			s.say("   %-10s %s %s", label, s.paint(cmp.Or(style, faint), step.Effect), step.Step)
		}
	}
}

// answer shows what CloudFormation got: of Data, what differs from the answer before.
func (s *screen) answer(answer cfn.Response) {
	rows := [][2]string{{"Status", string(answer.Status)}, {"PhysicalResourceId", answer.PhysicalResourceID}}
	if answer.Reason != "" {
		rows = append(rows, [2]string{"Reason", answer.Reason})
	}
	same := 0
	for _, key := range slices.Sorted(maps.Keys(answer.Data)) {
		if s.data != nil && s.data[key] == answer.Data[key] {
			same++
			continue
		}
		rows = append(rows, [2]string{key, fmt.Sprint(answer.Data[key])})
	}
	if same > 0 {
		rows = append(rows, [2]string{"Data", fmt.Sprintf("%d values as in the answer before", same)})
	}
	if answer.Data != nil {
		s.data = answer.Data
	}
	for i, row := range rows {
		label := ""
		if i == 0 {
			label = "answer"
		}
		s.say("   %-10s %-24s %s", label, row[0], cmp.Or(row[1], s.paint(faint, "(empty)")))
	}
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

// logs shows the function's log, after it failed to answer.
func (s *screen) logs(lines []string) {
	s.say("   %s", s.paint(faint, strings.Join(lines, "\n   ")))
}

// count writes a number of things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
