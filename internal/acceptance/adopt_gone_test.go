package acceptance

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// A stack that was deleted by force, or with its resources retained, leaves entities that name it
// as their owner.

// adoptFrom are properties that adopt what a stack that is gone has left.
func adoptFrom(stack string) string { return `{"ExistingEntities":"` + stack + `"}` }

func TestEntitiesOfAStackThatIsGoneAreAdoptedWithItsARNAlone(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		key := w.use(keyIn(w.create(bare)))
		before := w.aws.Snapshot()
		for _, props := range []string{bare, adopt, adoptFrom(strings.Replace(stack, "7d2f6c10", "00000000", 1))} {
			refused := w.fail(event{kind: "Create", props: props, stack: another})
			assert.Contains(t, refused.Reason, "user redislabs-user is owned by stack "+stack)
			assert.Contains(t, refused.Reason, "If that stack is gone, set ExistingEntities to its ARN to take over what it left")
			w.succeed(deleteOf(props).in(another))
			assert.Equal(t, before, w.aws.Snapshot())
		}

		props := adoptFrom(stack)
		bound := w.fail(event{kind: "Create", props: props, stack: another})
		assert.Contains(t, bound.Reason, "user redislabs-user has the permissions boundary "+boundariesOf(stack)["UserBoundary"])
		assert.Equal(t, before, w.aws.Snapshot())
		w.losesItsBoundaries()
		answer := w.succeed(event{kind: "Create", props: props, stack: another})
		assert.Equal(t, key, keyIn(answer), "Redis Cloud goes on with its key")
		for entity, tags := range tagsOf(w.aws.Snapshot()) {
			assert.Equal(t, answer.PhysicalResourceID, tags[ownerTag], entity)
			assert.Equal(t, another, tags[stackTag], entity)
		}
		w.currentKeyWorks()
		w.succeed(event{kind: "Create", props: props, stack: another})
		w.isStill("delivered again")
	})
}

// What is adopted with the ARN of a stack is given back by a roll-back: to that stack.
func TestRollBackOfAnAdoptionFromAStackThatIsGoneGivesBack(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.use(keyIn(w.create(bare)))
		w.losesItsBoundaries()
		before := w.inventory()
		props := adoptFrom(stack)
		w.whileRefused(func() { w.fail(event{kind: "Create", props: props, stack: another}) }, "TagUser")
		w.succeed(deleteOf(props).in(another))
		assert.Equal(t, before, w.inventory())
		w.updated(bare, bare)
		w.currentKeyWorks()
	})
}

// Unowned entities are adopted beside those of the stack.
func TestARNOfAStackAdoptsUnownedEntitiesToo(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.use(w.vendorsTemplate())
		answer := w.create(adoptFrom(another))
		assert.Equal(t, answer.PhysicalResourceID, w.aws.Snapshot().Users[user].Tags[ownerTag])
	})
}

// The stack was told in between that it adopts nothing from the one that is gone.
func TestEntitiesOfAStackThatIsGoneAreReleasedWhereItIsNamedNoMore(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		key := keyIn(w.create(bare))
		w.losesItsBoundaries()
		time.Sleep(time.Hour)
		from := adoptFrom(stack)
		w.succeed(event{kind: "Create", props: from, stack: another})
		w.succeed(changeOf(from, adopt).in(another))
		w.use(key)
		w.succeed(deleteOf(adopt).in(another))
		assert.Equal(t, []string{key}, w.keys(user))
		assert.Empty(t, w.inventory()["owners"])
	})
}

// What one stack was about to give back is no other stack's to release.
func TestDeleteOfAnotherStackLeavesWhatIsBeingGivenBack(t *testing.T) {
	third := strings.Replace(another, "stack/another", "stack/third", 1)
	story(t, func(t *testing.T, w *world) {
		w.create(bare)
		w.losesItsBoundaries()
		props := adoptFrom(stack)
		w.succeed(event{kind: "Create", props: props, stack: another})
		remove := deleteOf(props).in(another).withID(invented)
		w.whileRefused(func() { w.fail(remove) }, "UntagUser", "UntagRole", "UntagPolicy", "UntagInstanceProfile", "UntagResource")
		w.fail(event{kind: "Create", props: bare, stack: third})
		before := w.inventory()
		w.succeed(deleteOf(bare).in(third))
		assert.Equal(t, before, w.inventory())
	})
}
