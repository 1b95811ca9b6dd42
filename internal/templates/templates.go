// Package templates makes the templates that people launch of the one that developers edit:
// template.yaml. What it writes is template.yaml, line for line and with its comments, but for the
// places where it must differ.
package templates

// Artifacts say more of where the functions' code is. They are for a template that is published; of
// those in the repository they are empty.
type Artifacts struct {
	Prefix   string            // the default of the parameter ArtifactBucketPrefix
	Versions map[string]string // of the zips' objects in the bucket, by the names of the zips
}

// All makes every template that people launch, by the name of its file.
func All(template []byte, artifacts Artifacts) (map[string][]byte, error) {
	s, err := parse(template)
	if err != nil {
		return nil, err
	}
	version := s.version()
	plain, err := s.plain(version, artifacts)
	if err != nil {
		return nil, err
	}
	set, err := stackSet(plain, version)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{"redis-cloud-iam.yaml": plain, "stackset.yaml": set}, nil
}

// Version returns the version that a template.yaml says it has.
func Version(template []byte) (string, error) {
	s, err := parse(template)
	if err != nil {
		return "", err
	}
	return s.version(), s.err
}

func (s *source) version() string {
	return s.at("Metadata", "AWS::ServerlessRepo::Application", "SemanticVersion").value.Value
}

// Key is where a file of a version is, in every bucket.
func Key(version, name string) string { return "redis-cloud-iam/" + version + "/" + name }
