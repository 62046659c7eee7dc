package sqlite

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rsigma-go/rsigma/daemon/store"
)

// format is the version of the tables rsigmad_* and of what is in their rows.
const format = "2"

// rowTable is the reference's table, as it makes it. Programs of both read and write it.
const rowTable = `CREATE TABLE IF NOT EXISTS rsigma_correlation_state (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  snapshot TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  source_sequence INTEGER,
  source_timestamp INTEGER
)`

// rowColumns are added to rowTable where they are missing: two that older versions of the reference do not have, and two of ours.
var rowColumns = []string{"source_sequence INTEGER", "source_timestamp INTEGER", "delta_upto INTEGER", "digest TEXT"}

// tables are ours. Times are nanoseconds since the epoch.
var tables = []string{
	`CREATE TABLE IF NOT EXISTS rsigmad_meta (key TEXT PRIMARY KEY, value BLOB)`,
	`CREATE TABLE IF NOT EXISTS rsigmad_pos (source TEXT PRIMARY KEY, identity TEXT, floor INTEGER, ts INTEGER, extra BLOB)`,
	`CREATE TABLE IF NOT EXISTS rsigmad_delta (seq INTEGER PRIMARY KEY, body BLOB)`,
	`CREATE TABLE IF NOT EXISTS rsigmad_outbox (seq INTEGER PRIMARY KEY, body BLOB)`,
	`CREATE TABLE IF NOT EXISTS rsigmad_shard (shard INTEGER PRIMARY KEY, upto INTEGER, body BLOB)`,
	`CREATE TABLE IF NOT EXISTS rsigmad_seen (key TEXT PRIMARY KEY, reply BLOB, at INTEGER)`,
	`CREATE INDEX IF NOT EXISTS rsigmad_seen_at ON rsigmad_seen (at)`,
	`CREATE TABLE IF NOT EXISTS rsigmad_source_cache (id TEXT PRIMARY KEY, value TEXT, updated_at INTEGER, declaration TEXT)`,
}

const badTable = `CREATE TABLE IF NOT EXISTS rsigma_correlation_state_bad (
  id INTEGER PRIMARY KEY,
  snapshot TEXT,
  updated_at INTEGER,
  source_sequence INTEGER,
  source_timestamp INTEGER,
  kept_at INTEGER
)`

// prepare makes the tables that are missing, and refuses a database that is somebody else's.
func (c *conn) prepare() error {
	names, err := c.texts(`SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'`)
	if err != nil {
		return err
	}
	known := slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, "rsigma") })
	if len(names) > 0 && !known {
		return fmt.Errorf("%w: it is the database of another program (its first table is %s); name another file", store.ErrForeign, names[0])
	}
	if slices.Contains(names, "rsigmad_meta") {
		f, err := c.texts(`SELECT CAST(value AS TEXT) FROM rsigmad_meta WHERE key = 'format'`)
		if err != nil {
			return err
		}
		if len(f) == 1 && f[0] != format {
			return fmt.Errorf("%w of this version: its format is %q, this version knows %q; use the version that wrote it, or name another file",
				store.ErrForeign, f[0], format)
		}
	}
	return c.transact(c.makeTables)
}

func (c *conn) makeTables() error {
	if err := c.exec(rowTable); err != nil {
		return err
	}
	columns, err := c.texts(`SELECT name FROM pragma_table_info('rsigma_correlation_state')`)
	if err != nil {
		return err
	}
	for _, must := range []string{"id", "snapshot", "updated_at"} {
		if !slices.Contains(columns, must) {
			return fmt.Errorf("%w: its table rsigma_correlation_state has no column %s", store.ErrForeign, must)
		}
	}
	for _, def := range rowColumns {
		if name, _, _ := strings.Cut(def, " "); !slices.Contains(columns, name) {
			if err := c.exec(`ALTER TABLE rsigma_correlation_state ADD COLUMN ` + def); err != nil {
				return err
			}
		}
	}
	for _, t := range tables {
		if err := c.exec(t); err != nil {
			return err
		}
	}
	return c.exec(`INSERT OR IGNORE INTO rsigmad_meta (key, value) VALUES ('format', ?)`, format)
}

// texts returns the first column of all rows.
func (c *conn) texts(query string, args ...any) ([]string, error) {
	rows, err := c.sql.QueryContext(context.Background(), query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, rows.Err()
}
