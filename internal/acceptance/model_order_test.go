package acceptance

import (
	"bytes"
	"cmp"
	"io"
	"net/http"
	"slices"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// order lets calls that are made side by side reach AWS one by one, sorted by what they ask for. So
// "the twelfth call" is the same one in every run of a sequence, and a failure can be repeated and
// shrunk.
type order struct {
	join chan *place
	end  chan struct{}
}

// place is a call's place in the queue.
type place struct {
	asks string
	next chan struct{}
}

func newOrder() *order {
	o := &order{make(chan *place), make(chan struct{})}
	go o.run()
	return o
}

func (o *order) run() {
	var queue []*place
	for {
		if len(queue) == 0 {
			select {
			case p := <-o.join:
				queue = append(queue, p)
			case <-o.end:
				return
			}
		}
		synctest.Wait() // until whoever is about to call waits for its turn
		for more := true; more; {
			select {
			case p := <-o.join:
				queue = append(queue, p)
			default:
				more = false
			}
		}
		first := slices.MinFunc(queue, func(a, b *place) int { return cmp.Compare(a.asks, b.asks) })
		queue = slices.DeleteFunc(queue, func(p *place) bool { return p == first })
		close(first.next)
	}
}

func (o *order) stop() { close(o.end) }

// inOrder is an HTTP client whose calls wait for their turn.
type inOrder struct {
	order *order
	next  aws.HTTPClient
}

// Do implements [aws.HTTPClient].
func (c inOrder) Do(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	p := &place{r.Header.Get("X-Amz-Target") + string(body), make(chan struct{})}
	select {
	case c.order.join <- p:
	case <-c.order.end:
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	select {
	case <-p.next:
	case <-c.order.end:
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	return c.next.Do(r)
}
