package main

import (
	"bufio"
	"io"
	"log/slog"
	"sync"
	"time"
)

var logFormats = []string{"text", "json"}

// newLog writes structured lines to out, gathered for at most flushInterval: one system call a line would cost more than
// the line. flush writes what is gathered; nothing is logged after it.
func newLog(out io.Writer, level, format string) (log *slog.Logger, flush func()) {
	gathered := &gatheringWriter{out: bufio.NewWriterSize(out, 64<<10)}
	var parsed slog.Level
	_ = parsed.UnmarshalText([]byte(level)) // checked with the rest of the configuration
	options := &slog.HandlerOptions{Level: parsed}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(gathered, options)), gathered.flush
	}
	return slog.New(slog.NewTextHandler(gathered, options)), gathered.flush
}

const flushInterval = 100 * time.Millisecond

// gatheringWriter writes later what it is given now.
type gatheringWriter struct {
	mu      sync.Mutex
	out     *bufio.Writer
	pending bool
}

func (w *gatheringWriter) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.pending {
		w.pending = true
		time.AfterFunc(flushInterval, w.flush)
	}
	return w.out.Write(line)
}

func (w *gatheringWriter) flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pending = false
	_ = w.out.Flush() // there is nowhere left to say that the log cannot be written
}
