package templates

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// zips are the files with the code of the functions that the template has, by their logical IDs.
func zips() map[string]string {
	return map[string]string{"Provisioner": "provisioner.zip", "Watcher": "watcher.zip"}
}

// Version returns the version that a template.yaml says it has.
func Version(template []byte) (string, error) {
	s, err := parse(template)
	if err != nil {
		return "", err
	}
	version := s.at("Metadata", "AWS::ServerlessRepo::Application", "SemanticVersion")
	return version.value.Value, s.err
}

// Plain makes the template without a transform of a template.yaml. StackSets with service-managed permissions
// and people who review a template take no other. The function's code comes from a bucket of the stack's Region.
// Everything that the SAM translator writes is written as it writes it, so that a stack can be moved from one
// template to the other without a change. A thing in the SAM template that this does not know is an error.
func Plain(template []byte) ([]byte, error) {
	s, err := parse(template)
	if err != nil {
		return nil, err
	}
	version, err := Version(template)
	if err != nil {
		return nil, err
	}
	remove := func(path ...string) edit {
		e := s.at(path...)
		return edit{e.first, e.last, nil}
	}
	add := func(lines []string, path ...string) edit {
		e := s.at(path...)
		after := e.first + len(s.text(e))
		return edit{after, after, lines}
	}
	s.known()
	edits := []edit{
		{0, 0, indented(0, header)},
		remove("Transform"),
		remove("Metadata", "AWS::ServerlessRepo::Application"),
		add(indented(6, groupOfArtifacts), "Metadata", "AWS::CloudFormation::Interface", "ParameterGroups"),
		add(indented(6, labelOfArtifacts), "Metadata", "AWS::CloudFormation::Interface", "ParameterLabels"),
		add(append([]string{""}, indented(2, artifacts)...), "Parameters"),
	}
	for _, name := range slices.Sorted(maps.Keys(zips())) {
		edits = append(edits, s.function(name, version))
	}
	if s.err != nil {
		return nil, s.err
	}
	return s.apply(edits), nil
}

// The parts that the plain template has and the SAM template has not.
const (
	header = `
# Made of template.yaml by "make templates". Edit that, and not this.
#
# The plain template: no transform, no macro, no nested stack. The function's code comes from the bucket
# <ArtifactBucketPrefix>-<Region>, because Lambda takes code from its own Region only.
`
	groupOfArtifacts = `
- Label:
    default: Where the function's code comes from
  Parameters:
    - ArtifactBucketPrefix
`
	labelOfArtifacts = `
ArtifactBucketPrefix:
  default: Prefix of the bucket's name
`
	artifacts = `
ArtifactBucketPrefix:
  Type: String
  Description: The function's code is read from the bucket <prefix>-<Region>. "make publish" fills it.
  # A bucket's name has at most 63 characters, and the longest name of a Region 15, with a dash before it.
  AllowedPattern: "^[a-z0-9][a-z0-9-]{1,45}[a-z0-9]$"
  ConstraintDescription: 3 to 47 lower-case letters, digits and dashes, the beginning of a bucket's name.
`
	code = `
Code:
  S3Bucket: !Sub "${ArtifactBucketPrefix}-${AWS::Region}"
  S3Key: redis-cloud-iam/%s/%s
`
	createdBy = `
# As the SAM translator writes it, so that a stack may change between the two templates.
Tags:
  - Key: lambda:createdBy
    Value: SAM
`
	invokeConfig = `
%[1]sEventInvokeConfig:
  Type: AWS::Lambda::EventInvokeConfig
%[2]s  Properties:
    DestinationConfig: {}
    FunctionName: !Ref %[1]s
    Qualifier: $LATEST
`
)

// known faults what this does not know how to translate.
func (s *source) known() {
	sections := []string{"AWSTemplateFormatVersion", "Transform", "Description", "Metadata", "Parameters", "Rules", "Conditions", "Resources", "Outputs"}
	for _, e := range s.entries(s.root, len(s.lines)) {
		if !slices.Contains(sections, e.name) {
			s.fault("section %s is not known", e.name)
		}
	}
	resources := s.at("Resources")
	for _, e := range s.entries(resources.value, resources.last) {
		kind := s.at("Resources", e.name, "Type").value.Value
		serverless := strings.HasPrefix(kind, "AWS::Serverless::")
		if serverless && (zips()[e.name] == "" || kind != "AWS::Serverless::Function") {
			s.fault("resource %s is of type %s, which is not known", e.name, kind)
		}
	}
}

// translation is a function of the SAM template on its way to Lambda's own resources.
type translation struct {
	*source
	name, version string
	condition     string   // the line that all of them have, or ""
	properties    []string // of the function
	beside        []string // the resource that the SAM translator makes of a property
}

// function is the edit that puts Lambda's own resources in the place of SAM's.
func (s *source) function(name, version string) edit {
	resource := s.at("Resources", name)
	if s.err != nil {
		return edit{}
	}
	t := &translation{source: s, name: name, version: version}
	out := slices.Clone(s.lines[resource.first : resource.value.Line-1])
	for _, e := range s.entries(resource.value, resource.last) {
		switch e.name {
		case "Type":
			out = append(out, "    Type: AWS::Lambda::Function")
		case "Metadata": // how sam build builds it
		case "Condition":
			t.condition = fmt.Sprintf("  Condition: %s\n", e.value.Value)
			out = append(out, s.text(e)...)
		case "DependsOn":
			out = append(out, s.text(e)...)
		case "Properties":
			t.translate(e)
			out = append(out, t.properties...)
		default:
			s.fault("attribute %s of %s is not known", e.name, name)
		}
	}
	out = append(append(out, t.beside...), "")
	return edit{resource.first, resource.first + len(s.text(resource)) + 1, out}
}

// translate reads the properties of the function.
func (t *translation) translate(of entry) {
	t.properties = []string{"    Properties:"}
	for _, e := range t.entries(of.value, of.last) {
		switch e.name {
		case "Architectures", "Description", "Environment", "Handler", "LoggingConfig", "MemorySize", "Role", "Runtime", "Timeout":
			t.properties = append(t.properties, t.text(e)...)
		case "CodeUri":
			t.properties = append(t.properties, indented(6, fmt.Sprintf(code, t.version, zips()[t.name]))...)
		case "EventInvokeConfig":
			t.invokeConfig(e)
		default:
			t.fault("property %s of %s is not known", e.name, t.name)
		}
	}
	t.properties = append(t.properties, indented(6, createdBy)...)
}

// invokeConfig makes the resource that the property becomes, under the comment that it had.
func (t *translation) invokeConfig(e entry) {
	t.beside = append(t.beside, "")
	for _, line := range t.lines[e.first : e.value.Line-2] {
		t.beside = append(t.beside, strings.TrimPrefix(line, "    "))
	}
	t.beside = append(t.beside, indented(2, fmt.Sprintf(invokeConfig, t.name, t.condition))...)
	for _, setting := range t.entries(e.value, e.last) {
		if setting.value.Kind != yaml.ScalarNode || setting.name != "MaximumRetryAttempts" && setting.name != "MaximumEventAgeInSeconds" {
			t.fault("%s of EventInvokeConfig is not known", setting.name)
		}
		t.beside = append(t.beside, fmt.Sprintf("      %s: %s", setting.name, setting.value.Value))
	}
}
