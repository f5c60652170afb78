package sqlite

import (
	"errors"
	"fmt"
	"sync"
	"unsafe"

	"modernc.org/libc"
	"modernc.org/libc/sys/types"
	sqlite3 "modernc.org/sqlite/lib"
)

// SQLite writes its log (the -wal file) page by page, with two calls of the system for each, and a commit here has a
// hundred pages and more. The writer's connection goes through a virtual file system that gathers what is written in
// sequence, and hands it on in one call when the log is synced, read or measured. Nothing else depends on it earlier: with
// synchronous = FULL, other connections are told of a commit after the sync (https://www.sqlite.org/walformat.html, 2.5).
// All else is the system's own file system (https://www.sqlite.org/vfs.html).

// gatheringVFS is its name.
const gatheringVFS = "fincon-gathering"

// gatherSize is how much is held back at most, in bytes. SQLite's own part cannot write 128 KiB, or more, in one call.
const gatherSize = 120 << 10

var registerGathering = sync.OnceValue(func() error {
	tls := libc.NewTLS()
	defer tls.Close()
	system := sqlite3.Xsqlite3_vfs_find(tls, 0)
	if system == 0 {
		return errors.New("SQLite has no file system")
	}
	vfs := libc.Xcalloc(tls, 1, types.Size_t(unsafe.Sizeof(sqlite3.Tsqlite3_vfs{})))
	name, err := libc.CString(gatheringVFS)
	if err != nil || vfs == 0 {
		return errors.Join(err, errors.New("no memory for a file system"))
	}
	made := at[sqlite3.Tsqlite3_vfs](vfs)
	*made = *at[sqlite3.Tsqlite3_vfs](system)
	made.FszOsFile = int32(logAt(0, made)) + int32(unsafe.Sizeof(gatheredLog{}))
	made.FpNext, made.FzName, made.FpAppData, made.FxOpen = 0, name, system, function(openFile)
	if code := sqlite3.Xsqlite3_vfs_register(tls, vfs, 0); code != sqlite3.SQLITE_OK {
		return fmt.Errorf("registering a file system with SQLite: code %d", code)
	}
	return nil
})

// gatheredLog stands behind the system's own part of an open log.
type gatheredLog struct {
	methods  sqlite3.Tsqlite3_io_methods // those of this log
	original uintptr                     // the system's
	buffer   uintptr
	used     int64
	offset   int64 // in the file, of what is in the buffer
}

// at is what stands at an address of SQLite's memory, which Go's collector knows nothing of.
func at[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) }

// function and call turn functions into what SQLite's structures hold, and back.
func function[F any](f F) uintptr { return *(*uintptr)(unsafe.Pointer(&f)) }

func call[F any](pointer uintptr) F { return *(*F)(unsafe.Pointer(&pointer)) }

// logAt is where the gatheredLog of an open file is.
func logAt(file uintptr, system *sqlite3.Tsqlite3_vfs) uintptr {
	const word = unsafe.Sizeof(uintptr(0))
	return file + (uintptr(system.FszOsFile)+word-1)/word*word
}

type (
	openFunction  = func(tls *libc.TLS, vfs, name, file uintptr, flags int32, outFlags uintptr) int32
	closeFunction = func(tls *libc.TLS, file uintptr) int32
	moveFunction  = func(tls *libc.TLS, file, buffer uintptr, amount int32, offset sqlite3.Tsqlite3_int64) int32
	sizeFunction  = func(tls *libc.TLS, file uintptr, size sqlite3.Tsqlite3_int64) int32
	flagFunction  = func(tls *libc.TLS, file uintptr, flags int32) int32
	tellFunction  = func(tls *libc.TLS, file, size uintptr) int32
)

// openFile opens a file as the system does; a log is gathered from then on.
func openFile(tls *libc.TLS, vfs, name, file uintptr, flags int32, outFlags uintptr) int32 {
	systemVFS := at[sqlite3.Tsqlite3_vfs](vfs).FpAppData
	system := at[sqlite3.Tsqlite3_vfs](systemVFS)
	code := call[openFunction](system.FxOpen)(tls, systemVFS, name, file, flags, outFlags)
	if code != sqlite3.SQLITE_OK || flags&sqlite3.SQLITE_OPEN_WAL == 0 {
		return code
	}
	buffer := libc.Xmalloc(tls, gatherSize)
	if buffer == 0 {
		return code // it works as well without
	}
	methods := &at[sqlite3.Tsqlite3_file](file).FpMethods
	log := at[gatheredLog](logAt(file, system))
	*log = gatheredLog{methods: *at[sqlite3.Tsqlite3_io_methods](*methods), original: *methods, buffer: buffer}
	log.methods.FiVersion = 2 // without the functions that map a file into memory
	log.methods.FxClose = function(closeLog)
	log.methods.FxRead = function(readLog)
	log.methods.FxWrite = function(writeLog)
	log.methods.FxTruncate = function(truncateLog)
	log.methods.FxSync = function(syncLog)
	log.methods.FxFileSize = function(measureLog)
	*methods = logAt(file, system)
	return code
}

// logOf is the log that an open file is: its methods stand at its beginning.
func logOf(file uintptr) *gatheredLog {
	return at[gatheredLog](at[sqlite3.Tsqlite3_file](file).FpMethods)
}

func (l *gatheredLog) system() *sqlite3.Tsqlite3_io_methods {
	return at[sqlite3.Tsqlite3_io_methods](l.original)
}

// flush hands on what was gathered. When that fails, SQLite takes back the transaction, and writes there again.
func (l *gatheredLog) flush(tls *libc.TLS, file uintptr) int32 {
	if l.used == 0 {
		return sqlite3.SQLITE_OK
	}
	amount := l.used
	l.used = 0
	return call[moveFunction](l.system().FxWrite)(tls, file, l.buffer, int32(amount), l.offset)
}

func writeLog(tls *libc.TLS, file, buffer uintptr, amount int32, offset sqlite3.Tsqlite3_int64) int32 {
	l, size := logOf(file), int64(amount)
	if l.used > 0 && (offset != l.offset+l.used || l.used+size > gatherSize) {
		if code := l.flush(tls, file); code != sqlite3.SQLITE_OK {
			return code
		}
	}
	if size > gatherSize {
		return call[moveFunction](l.system().FxWrite)(tls, file, buffer, amount, offset)
	}
	if l.used == 0 {
		l.offset = offset
	}
	copy(unsafe.Slice(at[byte](l.buffer+uintptr(l.used)), size), unsafe.Slice(at[byte](buffer), size))
	l.used += size
	return sqlite3.SQLITE_OK
}

func readLog(tls *libc.TLS, file, buffer uintptr, amount int32, offset sqlite3.Tsqlite3_int64) int32 {
	l := logOf(file)
	if code := l.flush(tls, file); code != sqlite3.SQLITE_OK {
		return code
	}
	return call[moveFunction](l.system().FxRead)(tls, file, buffer, amount, offset)
}

func truncateLog(tls *libc.TLS, file uintptr, size sqlite3.Tsqlite3_int64) int32 {
	l := logOf(file)
	if code := l.flush(tls, file); code != sqlite3.SQLITE_OK {
		return code
	}
	return call[sizeFunction](l.system().FxTruncate)(tls, file, size)
}

func syncLog(tls *libc.TLS, file uintptr, flags int32) int32 {
	l := logOf(file)
	if code := l.flush(tls, file); code != sqlite3.SQLITE_OK {
		return code
	}
	return call[flagFunction](l.system().FxSync)(tls, file, flags)
}

func measureLog(tls *libc.TLS, file, size uintptr) int32 {
	l := logOf(file)
	if code := l.flush(tls, file); code != sqlite3.SQLITE_OK {
		return code
	}
	return call[tellFunction](l.system().FxFileSize)(tls, file, size)
}

// closeLog gives the file back to the system as it was opened.
func closeLog(tls *libc.TLS, file uintptr) int32 {
	l := logOf(file)
	flushed := l.flush(tls, file)
	libc.Xfree(tls, l.buffer)
	at[sqlite3.Tsqlite3_file](file).FpMethods = l.original
	if code := call[closeFunction](l.system().FxClose)(tls, file); code != sqlite3.SQLITE_OK {
		return code
	}
	return flushed
}
