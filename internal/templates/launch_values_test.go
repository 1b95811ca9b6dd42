package templates

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// valueRules are about lengths, characters, and what a function takes.
func valueRules() []launchRule {
	const kmsKey = `KmsKeyId: !If [HasKmsKey, !Ref KmsKeyId, !Ref "AWS::NoValue"]`
	const list = "  SecretReaders:\n    Type: CommaDelimitedList\n"
	return []launchRule{
		{
			name: "size",
			// Template description, and template body in an object in S3. A request holds 51,200 bytes
			// of template, which ours are larger than: they are launched by their URL, and sam deploy
			// uploads what it deploys. TestNoPageSendsTheTemplateInARequest sees to that.
			source: userGuide + "cloudformation-limits.html",
			faults: func(d document) (faults []string) {
				if n := len(textOf(get(d.root, "Description"))); n > 1024 {
					faults = append(faults, fmt.Sprintf("the description has %d bytes, more than 1024", n))
				}
				if len(d.text) > 1_000_000 {
					faults = append(faults, fmt.Sprintf("the template has %d bytes, more than 1 MB", len(d.text)))
				}
				return faults
			},
			broken: []broken{
				// cfn-lint and AWS's validator count characters.
				{samFile, "Description: >-\n", "Description: >-\n  " + strings.Repeat("é", 500) + "\n", "more than 1024"},
				{plainFile, "\nParameters:\n", "\n# " + strings.Repeat("x", 1_000_000) + "\nParameters:\n", "more than 1 MB"},
			},
		},
		{
			name: "characters",
			// The description of a role takes Latin-1 and no more. All else is ASCII to be safe.
			source: "https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html",
			faults: func(d document) (faults []string) {
				for i, line := range strings.Split(d.text, "\n") {
					if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r > '~' }) {
						faults = append(faults, fmt.Sprintf("line %d has other characters than ASCII", i+1))
					}
				}
				return faults
			},
			broken: []broken{{samFile, "Description: !Sub \"Encrypts the", "Description: !Sub \"Encrypts – the", "other characters than ASCII"}},
		},
		{
			name:   "parameters",
			source: userGuide + "parameters-section-structure.html", // and of NoEcho, below
			faults: parameterFaults,
			broken: []broken{
				{samFile, list, list + "    MaxLength: 10\n", "MaxLength is for texts"},
				{samFile, list, list + "    MaxValue: 10\n", "MaxValue is for numbers"},
				{samFile, "\n  UserName:\n", "\n  UserName:\n    NoEcho: true\n", "a link cannot set it"},
				{samFile, `"^[0-9]{12}$"`, `"^[[:digit:]]{12}$"`, "is not the same to Java"},
				{samFile, `"^[0-9]{12}$"`, `"^(?P<all>[0-9]{12})$"`, "is not the same to Java"},
				{samFile, `"^[0-9]{12}$"`, `"[0-9]{12}"`, "is not anchored"},
			},
		},
		{
			name: "functions of lists",
			// "Supported functions" of this page and of those on Fn::Split and Fn::Join. An inline
			// list in Fn::Select holds Refs and texts. An item that is not there ends the launch,
			// and a list that is a parameter may be empty.
			source: templateReference + "intrinsic-function-reference-select.html",
			faults: listFaults,
			broken: []broken{
				{samFile, kmsKey, `KmsKeyId: !Select [0, [!Join ["", !Ref SecretReaders], !Ref KmsKeyPermissions]]`, "Select takes no Join"},
				{samFile, kmsKey, `KmsKeyId: !Select [0, !Ref SecretReaders]`, "Select of a list that may be empty"},
				{samFile, kmsKey, `KmsKeyId: !Select [2, [a, b]]`, "there is no item 2"},
				{samFile, kmsKey, `KmsKeyId: !Split [!Ref UserName, !Ref KmsKeyId]`, "the delimiter of Split takes no function"},
				{samFile, kmsKey, `KmsKeyId: !Join [!Ref UserName, !Ref SecretReaders]`, "the delimiter of Join takes no function"},
				{samFile, kmsKey, `KmsKeyId: !Join ["", !GetParam x]`, "Join takes no GetParam"},
			},
		},
		{
			name:   "custom resources",
			source: templateReference + "aws-resource-cloudformation-customresource.html",
			files:  []string{samFile, plainFile},
			faults: func(d document) (faults []string) {
				for _, r := range members(get(d.root, "Resources")) {
					kind, custom := strings.CutPrefix(textOf(get(r.value, "Type")), "Custom::")
					if !custom {
						continue
					}
					if !regexp.MustCompile(`^[A-Za-z0-9_@-]{1,60}$`).MatchString(kind) {
						faults = append(faults, r.name+": the type of a custom resource has up to 60 letters, digits and _ @ -")
					}
					seconds, err := strconv.Atoi(textOf(get(r.value, "Properties", "ServiceTimeout")))
					if err != nil || seconds < 1 || seconds > 3600 {
						faults = append(faults, r.name+": ServiceTimeout is from 1 to 3600 seconds")
					}
				}
				return faults
			},
			broken: []broken{
				{samFile, "Type: Custom::RedisCloudIAM", "Type: Custom::RedisCloud.IAM", "up to 60 letters"},
				{samFile, "Type: Custom::RedisCloudIAM", "Type: Custom::" + strings.Repeat("x", 61), "up to 60 letters"},
				{samFile, "ServiceTimeout: 1200", "ServiceTimeout: 3601", "from 1 to 3600"},
			},
		},
	}
}

func parameterFaults(d document) (faults []string) {
	for _, p := range members(get(d.root, "Parameters")) {
		fault := func(text string) { faults = append(faults, p.name+": "+text) }
		kind := textOf(get(p.value, "Type"))
		for _, limit := range []string{"MinLength", "MaxLength"} {
			if kind != "String" && get(p.value, limit) != nil {
				fault(limit + " is for texts")
			}
		}
		for _, limit := range []string{"MinValue", "MaxValue"} {
			if kind != "Number" && get(p.value, limit) != nil {
				fault(limit + " is for numbers")
			}
		}
		// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-console-create-stacks-quick-create-links.html
		if get(p.value, "NoEcho") != nil {
			fault("is NoEcho, so a link cannot set it")
		}
		pattern := get(p.value, "AllowedPattern")
		if pattern == nil {
			continue
		}
		// What Go and Java take alike, so that tests in Go tell what CloudFormation does.
		if _, err := regexp.Compile(pattern.Value); err != nil || regexp.MustCompile(`\[:|\(\?|\\[^.\-/\[\](){}+*?^$|\\]`).MatchString(pattern.Value) {
			fault(pattern.Value + " is not the same to Java")
		}
		if notEmpty := strings.TrimPrefix(pattern.Value, "^$|"); !strings.HasPrefix(notEmpty, "^") || !strings.HasSuffix(notEmpty, "$") {
			fault(pattern.Value + " is not anchored")
		}
	}
	return faults
}

func listFaults(d document) (faults []string) {
	taken := map[string][]string{
		"Select": {"FindInMap", "GetAtt", "GetAZs", "If", "Split", "Ref"},
		"Split":  {"Base64", "FindInMap", "GetAtt", "GetAZs", "If", "ImportValue", "Join", "Select", "Sub", "Ref"},
		"Join":   {"Base64", "FindInMap", "GetAtt", "GetAZs", "If", "ImportValue", "Join", "Split", "Select", "Sub", "Ref"},
	}
	for _, c := range calls(d.root, "") {
		functions, ok := taken[c.name]
		if !ok {
			continue
		}
		fault := func(format string, args ...any) { faults = append(faults, c.path+": "+fmt.Sprintf(format, args...)) }
		if _, _, isFunction := functionOf(c.argument(0)); isFunction {
			fault("the delimiter of %s takes no function", c.name)
		}
		items := []*yaml.Node{c.argument(1)}
		if _, _, isFunction := functionOf(c.argument(1)); !isFunction {
			items = c.argument(1).Content
		}
		for _, item := range items {
			if name, _, isFunction := functionOf(item); isFunction && !slices.Contains(functions, name) {
				fault("%s takes no %s", c.name, name)
			}
		}
		if c.name != "Select" {
			continue
		}
		if name, ref, isFunction := functionOf(c.argument(1)); isFunction {
			if name == "Ref" && textOf(get(d.root, "Parameters", textOf(ref), "Default")) == "" {
				fault("Select of a list that may be empty")
			}
		} else if i, err := strconv.Atoi(textOf(c.argument(0))); err != nil || i < 0 || i >= len(items) {
			fault("there is no item %s", textOf(c.argument(0)))
		}
	}
	return faults
}
