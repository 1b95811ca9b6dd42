//go:build race

package acceptance

// raceDetector says that the tests run under the race detector, which slows them down manyfold.
const raceDetector = true
