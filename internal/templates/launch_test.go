package templates

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// launchRule is something that CloudFormation, or a service that it calls, demands of a template, and
// that cfn-lint, the SAM translator and moto do not find, or not in every form. All templates are held
// to it, or those of the files named.
type launchRule struct {
	name   string
	source string // the page that says so, or the thread
	files  []string
	faults func(d document) []string
	broken []broken
}

// broken is a template made wrong on purpose, and what the rule must say of it.
type broken struct{ file, old, replacement, says string }

func launchRules() []launchRule {
	return slices.Concat(sectionRules(), valueRules(), stackSetRules(), yamlRules())
}

func TestTheTemplatesLaunch(t *testing.T) {
	for _, rule := range launchRules() {
		t.Run(rule.name, func(t *testing.T) {
			files := rule.files
			if files == nil {
				files = []string{samFile, plainFile, stackSetFile}
			}
			for _, name := range files {
				assert.Empty(t, rule.faults(documentOf(t, name, read(t, name))), "%s: see %s", name, rule.source)
			}
		})
	}
}

// A rule that finds nothing wrong in a wrong template proves nothing.
func TestAWrongTemplateIsFound(t *testing.T) {
	for _, rule := range launchRules() {
		t.Run(rule.name, func(t *testing.T) {
			require.NotEmpty(t, rule.source)
			require.NotEmpty(t, rule.broken)
			for _, b := range rule.broken {
				text := read(t, b.file)
				require.Positive(t, strings.Count(text, b.old), "%s has no %q", b.file, b.old)
				faults := rule.faults(documentOf(t, b.file, strings.Replace(text, b.old, b.replacement, 1)))
				assert.Contains(t, strings.Join(faults, "\n"), b.says, "%s with %q", b.file, b.replacement)
			}
		})
	}
}
