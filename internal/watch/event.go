package watch

import (
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"strconv"
	"strings"

	"redis-cloud-iam/internal/plan"
	"redis-cloud-iam/internal/spec"
)

// Settings are what the function's environment says.
type Settings struct {
	TopicARN      string // of the SNS topic that gets the messages
	KeyMaxAgeDays string // the age of an access key that is reported; 0 for never
	LogGroup      string // of the function itself
}

// FromEnvironment reads the settings, which the template sets.
func FromEnvironment() Settings {
	return Settings{os.Getenv("ALARM_TOPIC_ARN"), os.Getenv("KEY_MAX_AGE_DAYS"), os.Getenv("LOG_GROUP")}
}

// order says what one run compares, and where its messages go.
type order struct {
	plan.Desired
	Settings
	stackName string
	keyMaxAge int // in days; 0 for never
}

// parse reads the settings and the event, which has the properties of the stack's resource. The
// error names every fault.
func parse(settings Settings, event json.RawMessage) (order, error) {
	o := order{Settings: settings}
	var faults []error
	fault := func(text string) { faults = append(faults, errors.New(text)) }

	if !regexp.MustCompile(`^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}$`).MatchString(o.TopicARN) {
		fault("ALARM_TOPIC_ARN is not the ARN of a standard SNS topic; it must look like arn:aws:sns:<region>:<account>:<name>")
	}
	var err error
	if o.keyMaxAge, err = strconv.Atoi(o.KeyMaxAgeDays); err != nil || o.keyMaxAge < 0 {
		fault("KEY_MAX_AGE_DAYS is not a whole number of days; use 0 for never")
	}
	if o.LogGroup == "" {
		fault("LOG_GROUP is empty; it must be the name of the log group of the function itself")
	}
	var given struct {
		StackID            string `json:"StackId"`
		LogicalResourceID  string `json:"LogicalResourceId"`
		ResourceProperties json.RawMessage
	}
	if err := json.Unmarshal(event, &given); err != nil {
		fault("the event is not an object with StackId, LogicalResourceId and ResourceProperties, as the template's schedule sends it")
		return o, errors.Join(faults...)
	}
	if o.Account, err = spec.ParseStackID(given.StackID); err != nil {
		faults = append(faults, err)
	} else {
		o.stackName = strings.Split(given.StackID, "/")[1]
	}
	if given.LogicalResourceID == "" {
		fault("LogicalResourceId is empty")
	}
	if o.Spec, err = spec.Parse(given.ResourceProperties, o.Account); err != nil {
		faults = append(faults, err)
	}
	o.Stack, o.Update = given.StackID, true
	o.Owner = spec.ID(given.StackID, given.LogicalResourceID, given.ResourceProperties)
	return o, errors.Join(faults...)
}
