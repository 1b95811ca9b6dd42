package templates

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// yamlRules are about what CloudFormation's reader of YAML 1.1 makes of a text, which is not always
// what others make of it.
func yamlRules() []launchRule {
	const protection = `AllowedValues: [InUse, "Off"]`
	const timeout = "ServiceTimeout: 1200\n"
	return []launchRule{
		{
			name:   "no aliases and no merged maps",
			source: userGuide + "template-formats.html",
			faults: func(d document) (faults []string) {
				walk(d.root, "", func(path string, node *yaml.Node) {
					if node.Anchor != "" || node.Kind == yaml.AliasNode || node.Tag == "!!merge" || get(node, "<<") != nil {
						faults = append(faults, path+": CloudFormation has no aliases and merges no maps")
					}
					if slices.Contains([]string{"!!binary", "!!omap", "!!pairs", "!!set", "!!timestamp"}, node.Tag) {
						faults = append(faults, path+": CloudFormation has no "+node.Tag)
					}
				})
				return faults
			},
			broken: []broken{
				{samFile, timeout, "ServiceTimeout: &seconds 1200\n", "no aliases"},
				{samFile, timeout, timeout + "      <<: {UserName: a}\n", "merges no maps"},
				{samFile, `Version: "2012-10-17"`, "Version: 2012-10-17", "has no !!timestamp"},
			},
		},
		{
			name: "no words that YAML 1.1 takes for something else",
			// Seen in alienplatform/alien issue 302: unquoted on and off in a template reach a
			// custom resource as booleans.
			source: userGuide + "template-formats.html",
			faults: func(d document) (faults []string) {
				other := regexp.MustCompile(`^(?i:y|n|yes|no|on|off)$|^[-+]?0[0-9_]+$|^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+$|^[-+]?[0-9]+_[0-9_]*$|^[-+]?0b[01_]+$`)
				walk(d.root, "", func(path string, node *yaml.Node) {
					if node.Kind == yaml.ScalarNode && node.Style&^yaml.TaggedStyle == 0 && other.MatchString(node.Value) {
						faults = append(faults, fmt.Sprintf("%s: %s needs quotes", path, node.Value))
					}
				})
				return faults
			},
			broken: []broken{
				{samFile, protection, "AllowedValues: [InUse, Off]", "Off needs quotes"},
				{samFile, `Default: "168085023892"`, "Default: 068085023892", "068085023892 needs quotes"},
				{samFile, `Default: "168085023892"`, "Default: 168:08", "168:08 needs quotes"},
			},
		},
		{
			name:   "quotes around a colon between brackets",
			source: "https://github.com/aws-cloudformation/cfn-lint/issues/86", // "YAML not well-formed"
			faults: func(d document) (faults []string) {
				for i, line := range strings.Split(d.text, "\n") {
					if regexp.MustCompile(`^[^#]*![A-Z][A-Za-z]* (AWS::|[A-Za-z]*:)`).MatchString(line) {
						faults = append(faults, fmt.Sprintf("line %d: a function's argument with a colon needs quotes", i+1))
					}
				}
				inFlow(d.root, false, func(node *yaml.Node) {
					if node.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) == 0 && strings.Contains(node.Value, ":") {
						faults = append(faults, fmt.Sprintf("line %d: %s needs quotes", node.Line, node.Value))
					}
				})
				return faults
			},
			broken: []broken{
				{samFile, `!If [HasKmsKey, !Ref KmsKeyId, !Ref "AWS::NoValue"]`, `!If [HasKmsKey, !Ref KmsKeyId, !Ref AWS::NoValue]`, "AWS::NoValue needs quotes"},
				{stackSetFile, `[HasHomeRegion, !Ref HomeRegion, !Ref "AWS::Region"]`, `[HasHomeRegion, !Ref HomeRegion, !Ref AWS::Region]`, "AWS::Region needs quotes"},
				{samFile, `"iam:CreateLoginProfile", !Ref`, `iam:CreateLoginProfile, !Ref`, "iam:CreateLoginProfile needs quotes"},
				{samFile, `              - !Ref "AWS::NoValue"`, `              - !Ref AWS::NoValue`, "needs quotes"},
			},
		},
	}
}

// inFlow visits the texts that are between brackets.
func inFlow(node *yaml.Node, flow bool, visit func(*yaml.Node)) {
	if node.Kind == yaml.ScalarNode && flow {
		visit(node)
	}
	for _, child := range node.Content {
		inFlow(child, flow || node.Style&yaml.FlowStyle != 0, visit)
	}
}
