package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// A response reads answers off one connection. It knows just enough of HTTP/1.1 for servers that behave, and reuses
// its buffer.
type response struct {
	r      *bufio.Reader
	status int
	body   []byte // valid until the next read
	closes bool   // the server announced that it ends the connection
}

func newResponse(r io.Reader) *response {
	return &response{r: bufio.NewReaderSize(r, 16<<10)}
}

// read waits for the next answer and reads it to its end.
func (r *response) read() error {
	line, err := r.r.ReadSlice('\n')
	if err != nil {
		return err
	}
	if len(line) < len("HTTP/1.1 200") || !bytes.HasPrefix(line, []byte("HTTP/1.")) {
		return fmt.Errorf("not an HTTP answer: %.60q", line)
	}
	if r.status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return fmt.Errorf("not an HTTP status: %.60q", line)
	}
	length, chunked, err := r.headers()
	if err != nil {
		return err
	}
	r.body = r.body[:0]
	if chunked {
		return r.chunks()
	}
	if length < 0 && r.closes {
		// It lasts until the connection ends, as when net/http refuses a request before anybody has seen it.
		r.body, err = io.ReadAll(r.r)
		return err
	}
	if length < 0 {
		return errors.New("answer without a length")
	}
	return r.append(length)
}

func (r *response) headers() (length int, chunked bool, err error) {
	length, r.closes = -1, false
	for {
		line, err := r.r.ReadSlice('\n')
		if err != nil {
			return 0, false, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			return length, chunked, nil
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, false, err
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = bytes.EqualFold(value, []byte("chunked"))
		case bytes.EqualFold(name, []byte("Connection")):
			r.closes = bytes.EqualFold(value, []byte("close"))
		}
	}
}

func (r *response) chunks() error {
	for {
		line, err := r.r.ReadSlice('\n')
		if err != nil {
			return err
		}
		size, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 16, 32)
		if err != nil {
			return fmt.Errorf("not the size of a chunk: %.60q", line)
		}
		if err := r.append(int(size)); err != nil {
			return err
		}
		if _, err := r.r.Discard(len("\r\n")); err != nil || size == 0 {
			return err
		}
	}
}

func (r *response) append(n int) error {
	have := len(r.body)
	if cap(r.body) < have+n {
		r.body = append(make([]byte, 0, 2*(have+n)), r.body...)
	}
	r.body = r.body[:have+n]
	_, err := io.ReadFull(r.r, r.body[have:])
	return err
}

// exchange sends one request on a connection of its own and returns the answer. The request is written while the
// answer is awaited: a server may refuse a large body before it has read all of it.
func exchange(addr string, request []byte, limit time.Duration) (*response, error) {
	conn, err := net.DialTimeout("tcp", addr, limit)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(limit)); err != nil {
		return nil, err
	}
	go func() { _, _ = conn.Write(request) }() // ends with the connection at the latest
	answer := newResponse(conn)
	if err := answer.read(); err != nil {
		return nil, err
	}
	return answer, nil
}
