package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// conn is the one connection to the file. It is not safe for concurrent use. It never gets a caller's context: SQLite would be
// interrupted within a statement, and database/sql would throw the connection away with all that was set on it.
type conn struct {
	db    *sql.DB
	sql   *sql.Conn
	stmts map[string]*sql.Stmt

	length int64 // of the log, in pages, when SQLite was last asked
	added  int64 // about how many pages have come since then

	inject func() error // for tests: what goes wrong in place of the next COMMIT, if anything
}

// minVersion is the first SQLite whose log cannot be damaged by two connections that checkpoint at once.
var minVersion = [3]int{3, 51, 3}

func connect(path string, sync bool) (*conn, error) {
	pragmas := []string{
		"busy_timeout(5000)",
		"journal_mode(WAL)",
		"synchronous(NORMAL)",
		"temp_store(MEMORY)",
		"mmap_size(0)",
		"journal_size_limit(67108864)",
		// Checkpoints are made by us, at the same length of the log: those that SQLite makes by itself keep their failures to themselves.
		"wal_autocheckpoint(0)",
	}
	if sync {
		pragmas[2] = "synchronous(FULL)"
	}
	q := url.Values{"_pragma": pragmas, "_auto_vacuum": {"incremental"}, "_error_rc": {"1"}, "_dqs": {"0"}}
	name := url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	c := &conn{db: db, stmts: make(map[string]*sql.Stmt)}
	if c.sql, err = db.Conn(context.Background()); err == nil {
		err = c.checkVersion()
	}
	if err != nil {
		db.Close()
		return nil, err
	}
	return c, nil
}

func (c *conn) checkVersion() error {
	v, err := c.texts(`SELECT sqlite_version()`)
	if err != nil {
		return err
	}
	if tooOld(v[0]) {
		return fmt.Errorf("SQLite %s is too old: its log can be damaged; %d.%d.%d is needed", v[0], minVersion[0], minVersion[1], minVersion[2])
	}
	return nil
}

func tooOld(version string) bool {
	parts := strings.Split(version, ".")
	for i, want := range minVersion {
		if i >= len(parts) {
			return true
		}
		if n, err := strconv.Atoi(parts[i]); err != nil || n != want {
			return err != nil || n < want
		}
	}
	return false
}

func (c *conn) close() error {
	for _, s := range c.stmts {
		s.Close()
	}
	return errors.Join(c.sql.Close(), c.db.Close())
}

func (c *conn) stmt(query string) (*sql.Stmt, error) {
	if s, ok := c.stmts[query]; ok {
		return s, nil
	}
	s, err := c.sql.PrepareContext(context.Background(), query)
	if err == nil {
		c.stmts[query] = s
	}
	return s, err
}

// manyPages is what a statement that is not run often is taken to add to the log.
const manyPages = 64

// exec runs a statement that is not run often.
func (c *conn) exec(query string, args ...any) error {
	c.added += manyPages
	_, err := c.sql.ExecContext(context.Background(), query, args...)
	return err
}

// run runs a statement that is kept prepared. It returns how many rows it has changed.
func (c *conn) run(query string, args ...any) (int64, error) {
	s, err := c.stmt(query)
	if err != nil {
		return 0, err
	}
	c.added += pagesOf(args)
	res, err := s.ExecContext(context.Background(), args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// pagesOf returns about how many pages a statement with args adds to the log: none if it has no arguments, such as BEGIN, and else the one
// where the row is, and those that its bodies fill.
func pagesOf(args []any) (pages int64) {
	for i, arg := range args {
		body, _ := arg.([]byte)
		pages += int64(len(body) / pageSize)
		if i == 0 {
			pages++
		}
	}
	return pages
}

// one reads one row; false if there is none.
func (c *conn) one(query string, args []any, dest ...any) (bool, error) {
	err := c.sql.QueryRowContext(context.Background(), query, args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// each calls f for every row. Rows must not be changed meanwhile.
func (c *conn) each(query string, args []any, f func(scan func(...any) error) error) error {
	rows, err := c.sql.QueryContext(context.Background(), query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// transact runs f in a transaction: all of it or, with an error, nothing.
func (c *conn) transact(f func() error) error {
	if _, err := c.run(`BEGIN IMMEDIATE`); err != nil {
		return err
	}
	err := f()
	if err == nil && c.inject != nil {
		err = c.inject()
	}
	if err == nil {
		_, err = c.run(`COMMIT`)
	}
	if err != nil {
		_, _ = c.run(`ROLLBACK`) // SQLite may have done it already, which is then an error
	}
	return err
}
