package provision

import "time"

// Desired is what Ensure brings about: the Spec, in an account, for an owner.
type Desired struct {
	Spec    Spec
	Account Account
	Stack   string  // the stack's ARN, for people who look at a tag
	Owner   string  // the ID under which the entities are owned; see [ID]
	Former  *Former // what the resource was before an Update; nil on Create
}

// owners are the IDs whose entities are this resource's own, or become so.
func (d Desired) owners() []string {
	if d.Former == nil {
		return []string{d.Owner}
	}
	return append([]string{d.Owner}, d.Former.Owners...)
}

// renamed are the names before an Update that are others now: what bears them is replaced. Those that stay
// are empty, as is that of the console password's secret where there was none.
func (d Desired) renamed() Names {
	var names Names
	if d.Former == nil {
		return names
	}
	before := d.Former.Spec.named()
	for _, p := range nameProperties() {
		if was := *p.of(&before); was != *p.of(&d.Spec.Names) {
			*p.of(&names) = was
		}
	}
	return names
}

// hadConsoleLogin and hadReaders say what the resource had before an Update, or may have: an Update that failed
// counts as what it was on its way to.
func (d Desired) hadConsoleLogin() bool { return d.Former != nil && d.Former.Spec.ConsoleLogin }

func (d Desired) hadReaders(secret string) bool {
	return d.Former != nil && len(d.Former.Spec.readersOf(secret)) > 0
}

// Former is the resource as it was before an Update.
type Former struct {
	// Owners are the IDs whose entities this resource takes over: the physical resource ID that
	// CloudFormation knows, and the one that the former properties give. The two differ when an Update
	// failed on its way to another ID and is rolled back.
	Owners []string
	Spec   Spec
}

// Owned is what Remove removes: all that bears the names and is owned by one of the owners.
type Owned struct {
	Names   Names
	Keep    Names // what bears one of these names stays, whatever its tags say
	Account Account
	Owners  []string
	Kin     []string // further IDs of the resource: what they own stays, but for what was made on it for one of the owners
	Retain  bool     // whether what a successful Ensure was told to retain stays, and is nobody's from then on
	Protect bool     // whether Remove refuses while Redis Cloud uses a key that would go
	Undo    bool     // whether this undoes an Ensure that failed: what it adopted is given back
	// Watch is for how long nothing may turn up before Remove returns. It is for the removal of what a Create
	// that may still be running makes; zero for none.
	Watch time.Duration
}

// Result says what stands after Ensure. It holds no secret.
type Result struct {
	AccessKeyID        string
	AccessKeySecretARN string
	// ConsoleSecretARN is empty where the user has no console password.
	ConsoleSecretARN   string
	InstancePolicyARN  string
	InstanceRoleARN    string
	InstanceProfileARN string
	UserPolicyARN      string
	UserARN            string
	ConsoleRoleARN     string
	// Notices tell people what was found and deliberately left as it is.
	Notices []string
}
