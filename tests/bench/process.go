package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// errNoProc is returned on systems without /proc.
var errNoProc = errors.New("memory and processor time are read from /proc, which this system does not have")

// A process is a process id whose use of memory and processor is read from /proc.
type process int

// memory returns the resident memory and its highest value so far, in bytes.
func (p process) memory() (resident, peak int64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p))
	if err != nil {
		return 0, 0, errNoProc
	}
	resident, err = statusBytes(string(text), "VmRSS")
	if err != nil {
		return 0, 0, err
	}
	peak, err = statusBytes(string(text), "VmHWM")
	return resident, peak, err
}

// resetPeak makes the present resident memory the new highest value.
func (p process) resetPeak() error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p), []byte("5"), 0)
}

func statusBytes(status, field string) (int64, error) {
	for line := range strings.Lines(status) {
		rest, ok := strings.CutPrefix(line, field+":")
		if !ok {
			continue
		}
		kb, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", field, err)
		}
		return kb << 10, nil
	}
	return 0, fmt.Errorf("no %s in the status of the process", field)
}

// cpuTime is the processor time used so far by all threads, in steps of 10 ms; 0 on systems without /proc.
func (p process) cpuTime() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p))
	if err != nil {
		return 0
	}
	return statTime(string(text))
}

// statTime adds user and system time, fields 14 and 15 of proc(5) stat. The second field is a name in parentheses that
// may hold spaces.
func statTime(stat string) time.Duration {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 {
		return 0
	}
	return ticks(fields[11]) + ticks(fields[12])
}

// coreTime is the processor time that one core has spent on anything, or was kept from spending by the machine's host;
// 0 on systems without /proc.
func coreTime(core string) time.Duration {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	return coreStatTime(string(text), core)
}

// coreStatTime adds all columns of a core's line in proc(5) stat but idle and iowait, and guest, which user includes.
func coreStatTime(stat, core string) time.Duration {
	for line := range strings.Lines(stat) {
		f := strings.Fields(line)
		if len(f) > 8 && f[0] == "cpu"+core {
			return ticks(f[1]) + ticks(f[2]) + ticks(f[3]) + ticks(f[6]) + ticks(f[7]) + ticks(f[8])
		}
	}
	return 0
}

// ticks reads a time in the unit of /proc, a hundredth of a second.
func ticks(text string) time.Duration {
	n, _ := strconv.ParseInt(text, 10, 64)
	return time.Duration(n) * 10 * time.Millisecond
}
