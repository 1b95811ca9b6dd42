package customresource_test

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/customresource"
)

// What is on the wire, byte for byte, with the client that ships: the signature in the URL
// covers the escapes and the empty Content-Type.
func TestTheRequestOnTheWire(t *testing.T) {
	targets := []string{
		"/arn%3Aaws%3Acloudformation%3Aeu-west-1%3A111122223333%3Astack/s/1%7CThing%7C5a6b?X-Amz-Credential=AK%2F2025%2fs3&X-Amz-Signature=a%2Bb%3d%7C+c",
		"/a%20b%2Bc%7C%2F~!$&'()*+,;=:@/%e2%82%ac?q=%7C|+%20&empty=&=&?",
		"/plain",
		"/?only=query",
		"//two//slashes/../dots/./?",
	}
	for _, target := range targets {
		t.Run(target, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			defer func() { _ = listener.Close() }()
			lines := make(chan []string, 1)
			go func() {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				defer func() { _ = conn.Close() }()
				reader := bufio.NewReader(conn)
				var head []string
				for {
					line, err := reader.ReadString('\n')
					if err != nil || line == "\r\n" {
						break
					}
					head = append(head, strings.TrimSuffix(line, "\r\n"))
				}
				var length int
				for _, line := range head {
					_, _ = fmt.Sscanf(line, "Content-Length: %d", &length)
				}
				body := make([]byte, length)
				_, _ = io.ReadFull(reader, body)
				_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
				lines <- append(head, string(body))
			}()

			url := "http://" + listener.Addr().String() + target
			_, err = customresource.Handler(thing{}, slog.Default(), nil).Invoke(t.Context(), event(cfn.RequestCreate, map[string]any{"ResponseURL": url}))
			require.NoError(t, err)
			got := <-lines
			assert.Equal(t, "PUT "+target+" HTTP/1.1", got[0])
			assert.Contains(t, got, "Host: "+listener.Addr().String())
			assert.Contains(t, got, "Content-Type: ")
			assert.Contains(t, got, "Connection: close")
			body := got[len(got)-1]
			assert.Contains(t, got, fmt.Sprintf("Content-Length: %d", len(body)))
			assert.Equal(t, cfn.StatusSuccess, checkAnswer(t, []byte(body)).Status)
		})
	}
}

// A redirect is not followed.
func TestARedirectIsNotFollowed(t *testing.T) {
	var visits atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if visits.Add(1) == 1 {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}
	}))
	defer server.Close()
	h := customresource.Handler(thing{}, slog.Default(), server.Client().Transport)
	_, err := h.Invoke(t.Context(), event(cfn.RequestCreate, map[string]any{"ResponseURL": server.URL + "/signed"}))
	require.EqualError(t, err, "deliver the answer: 307 Temporary Redirect at attempt 1")
	assert.EqualValues(t, 1, visits.Load())
}
