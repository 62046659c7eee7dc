package sqlite

import (
	"bufio"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rsigma-go/rsigma/daemon/store"
)

// edit changes the closed file like another program does.
func edit(t testing.TB, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// worked makes a file with commits 1 to 30 and a base of commit 10, and closes it.
func worked(t testing.TB) *place {
	p := newPlace(t, false)
	s, _ := mustLoad(t, p)
	for seq := int64(1); seq <= 30; seq++ {
		if err := s.Commit(bg, workGroup(seq)); err != nil {
			t.Fatal(err)
		}
		if seq == 10 {
			b := &store.Base{Upto: 10, Body: baseOf(10), Snapshot: []byte(`{"version":1}`), At: time.Unix(1000, 0), SourceSequence: new(int64(10))}
			if err := s.SaveBase(bg, b); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.Close(true); err != nil {
		t.Fatal(err)
	}
	return p
}

// aside reads the one file with rows that were set aside.
func aside(t testing.TB, p *place) []asideRow {
	t.Helper()
	names, _ := filepath.Glob(p.path() + ".bad-*")
	if len(names) != 1 {
		t.Fatalf("files with what was set aside: %v", names)
	}
	f, err := os.Open(names[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if info, _ := f.Stat(); info.Mode().Perm() != 0o600 {
		t.Errorf("%s is open to others: %s", names[0], info.Mode())
	}
	var rows []asideRow
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 10<<20)
	for lines.Scan() {
		var r asideRow
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, r)
	}
	return rows
}

// again loads once more and wants no new faults, and that commits go on.
func again(t *testing.T, p *place, want *store.Saved) {
	t.Helper()
	p.open.Close(false)
	s, saved := mustLoad(t, p)
	if len(saved.Faults) != 0 || saved.Last != want.Last || len(saved.Deltas) != len(want.Deltas) || len(saved.Outbox) != len(want.Outbox) {
		t.Errorf("the next start finds faults %v, commit %d, %d and %d rows; want %d, %d, %d", saved.Faults, saved.Last, len(saved.Deltas), len(saved.Outbox),
			want.Last, len(want.Deltas), len(want.Outbox))
	}
	if err := s.Commit(bg, &store.Group{Seq: saved.Last + 1, Delta: []byte("goes on"), Outbox: []byte("goes on")}); err != nil {
		t.Fatal(err)
	}
	s.Close(false)
	_, saved = mustLoad(t, p)
	if len(saved.Faults) != 0 || len(saved.Deltas) != len(want.Deltas)+1 || len(saved.Outbox) != len(want.Outbox)+1 {
		t.Errorf("after one more commit: faults %v, %d and %d rows", saved.Faults, len(saved.Deltas), len(saved.Outbox))
	}
}

func TestTheLogEndsBeforeADamagedCommit(t *testing.T) {
	t.Parallel()
	flip := func(seq int64) string {
		return fmt.Sprintf(`UPDATE rsigmad_delta SET body = CAST(substr(body, 1, 20) || 'x' || substr(body, 22) AS BLOB) WHERE seq = %d`, seq)
	}
	for name, c := range map[string]struct {
		how   string
		first int64 // that cannot be used
		gone  bool  // it is not there to be set aside
	}{
		"first flipped":    {flip(11), 11, false},
		"flipped":          {flip(17), 17, false},
		"last flipped":     {flip(29), 29, false},
		"first missing":    {`DELETE FROM rsigmad_delta WHERE seq = 11`, 11, true},
		"missing":          {`DELETE FROM rsigmad_delta WHERE seq = 17`, 17, true},
		"last missing":     {`DELETE FROM rsigmad_delta WHERE seq = 29`, 29, true},
		"all missing":      {`DELETE FROM rsigmad_delta`, 11, true},
		"cut short":        {`UPDATE rsigmad_delta SET body = substr(body, 1, 5) WHERE seq = 17`, 17, false},
		"empty":            {`UPDATE rsigmad_delta SET body = NULL WHERE seq = 17`, 17, false},
		"under other name": {`UPDATE rsigmad_delta SET body = (SELECT body FROM rsigmad_delta WHERE seq = 16) WHERE seq = 17`, 17, false},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			p := worked(t)
			edit(t, p.path(), c.how)
			_, saved := mustLoad(t, p)
			var left, set []int64
			for seq := int64(11); seq <= 30; seq++ {
				switch {
				case isQuiet(seq):
				case seq < c.first:
					left = append(left, seq)
				case !(c.gone && (seq == c.first || name == "all missing")):
					set = append(set, seq)
				}
			}
			if len(saved.Deltas) != len(left) || len(left) > 0 && saved.Deltas[len(left)-1].Seq != left[len(left)-1] {
				t.Errorf("%d deltas, want %v", len(saved.Deltas), left)
			}
			noticed := c.first
			if name == "all missing" {
				noticed = 29
			}
			if !hasFault(saved, "log of changes is damaged", fmt.Sprint("commit ", noticed)) {
				t.Errorf("faults: %q", saved.Faults)
			}
			if saved.Base == nil || saved.Base.Upto != 10 || saved.Last != 30 || len(saved.Outbox) != 16 || len(saved.Positions) != 3 {
				t.Errorf("what is not damaged is not there: %+v", saved)
			}
			if len(set) > 0 {
				rows := aside(t, p)
				if len(rows) != len(set) || rows[0].Key != float64(set[0]) || rows[0].Table != "rsigmad_delta" {
					t.Errorf("set aside: %d rows from %v, want %v", len(rows), rows[0].Key, set)
				}
			}
			again(t, p, saved)
		})
	}
}

func TestDamagedResultsAreSetAsideOneByOne(t *testing.T) {
	t.Parallel()
	p := worked(t)
	edit(t, p.path(), `UPDATE rsigmad_outbox SET body = CAST('x' || substr(body, 2) AS BLOB) WHERE seq IN (12, 29)`, `DELETE FROM rsigmad_outbox WHERE seq = 17`)
	_, saved := mustLoad(t, p)
	if len(saved.Outbox) != 13 || len(saved.Faults) != 3 || len(aside(t, p)) != 2 {
		t.Errorf("%d results, faults %q", len(saved.Outbox), saved.Faults)
	}
	if saved.Base == nil || len(saved.Deltas) != 13 {
		t.Errorf("%d deltas", len(saved.Deltas))
	}
}

func TestADamagedBaseTakesItsLogAlong(t *testing.T) {
	t.Parallel()
	for name, how := range map[string]string{
		"flipped piece": `UPDATE rsigmad_shard SET body = CAST(substr(body, 1, 20) || 'x' || substr(body, 22) AS BLOB) WHERE shard % 65536 = 1`,
		"missing piece": `DELETE FROM rsigmad_shard WHERE shard % 65536 = 0`,
		"all missing":   `DELETE FROM rsigmad_shard`,
		"record":        `UPDATE rsigmad_meta SET value = substr(value, 1, 30) WHERE key = 'base'`,
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			p := worked(t)
			edit(t, p.path(), how)
			_, saved := mustLoad(t, p)
			if saved.Base != nil || saved.Deltas != nil || saved.Snapshot == nil || len(saved.Outbox) != 16 || saved.Last != 30 {
				t.Errorf("%+v", saved)
			}
			if len(saved.Faults) != 1 || len(aside(t, p)) < 13 {
				t.Errorf("faults: %q", saved.Faults)
			}
			again(t, p, saved)
		})
	}
}

func TestAStateThatAnotherProgramHasWrittenCounts(t *testing.T) {
	t.Parallel()
	for name, how := range map[string]string{
		// As the reference does it.
		"replaced": `INSERT OR REPLACE INTO rsigma_correlation_state (id, snapshot, updated_at, source_sequence, source_timestamp) VALUES (1, '{"version":1,"windows":{}}', 2000, 77, 99)`,
		"updated":  `UPDATE rsigma_correlation_state SET snapshot = '{"version":1,"windows":{}}', updated_at = 2000, source_sequence = 77`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := worked(t)
			edit(t, p.path(), how)
			_, saved := mustLoad(t, p)
			if saved.Base != nil || saved.Deltas != nil || string(saved.Snapshot) != `{"version":1,"windows":{}}` || *saved.SourceSequence != 77 ||
				!saved.SnapshotAt.Equal(time.Unix(2000, 0)) || saved.Last != 30 {
				t.Errorf("%+v", saved)
			}
			if !hasFault(saved, "another program") || len(aside(t, p)) != 2+13 {
				t.Errorf("faults: %q, set aside %d", saved.Faults, len(aside(t, p)))
			}
			again(t, p, saved)
		})
	}
	t.Run("deleted", func(t *testing.T) {
		t.Parallel()
		p := worked(t)
		edit(t, p.path(), `DELETE FROM rsigma_correlation_state`)
		_, saved := mustLoad(t, p)
		if saved.Base != nil || saved.Deltas != nil || saved.Snapshot != nil || !hasFault(saved, "another program") {
			t.Errorf("%+v", saved)
		}
		again(t, p, saved)
	})
}

// The state of the reference, of an old version, opens; what we write opens there.
func TestAFileOfTheReferenceOpens(t *testing.T) {
	t.Parallel()
	p := newPlace(t, false)
	edit(t, p.path(), `PRAGMA journal_mode = WAL`,
		`CREATE TABLE rsigma_correlation_state (id INTEGER PRIMARY KEY CHECK (id = 1), snapshot TEXT NOT NULL, updated_at INTEGER NOT NULL)`,
		`INSERT INTO rsigma_correlation_state VALUES (1, '{"version":1}', 5)`)
	s, saved := mustLoad(t, p)
	if string(saved.Snapshot) != `{"version":1}` || saved.SourceSequence != nil || len(saved.Faults) > 0 || saved.Base != nil {
		t.Errorf("%+v", saved)
	}
	// The log goes on from its row.
	if err := s.Commit(bg, workGroup(1)); err != nil {
		t.Fatal(err)
	}
	s.Close(false)
	if s, saved = mustLoad(t, p); len(saved.Deltas) != 1 || len(saved.Faults) > 0 || saved.Base != nil {
		t.Errorf("%+v", saved)
	}
	b := &store.Base{Upto: 1, Body: []byte("b"), Snapshot: []byte(`{"version":1,"windows":{}}`), At: time.Unix(6, 0), SourceSequence: new(int64(3))}
	if err := s.SaveBase(bg, b); err != nil {
		t.Fatal(err)
	}
	s.Close(true)

	db, err := sql.Open("sqlite", p.path())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var snapshot, kind string
	var at, sequence int64
	var stamp *int64
	err = db.QueryRow(`SELECT snapshot, typeof(snapshot), updated_at, source_sequence, source_timestamp FROM rsigma_correlation_state WHERE id = 1`).
		Scan(&snapshot, &kind, &at, &sequence, &stamp)
	if err != nil || snapshot != string(b.Snapshot) || kind != "text" || at != 6 || sequence != 3 || stamp != nil {
		t.Errorf("%q %s %d %d %v, %v", snapshot, kind, at, sequence, stamp, err)
	}
}

func TestARowThatCannotBeReadIsKept(t *testing.T) {
	t.Parallel()
	p := newPlace(t, false)
	s, _ := mustLoad(t, p)
	if err := s.KeepBadSnapshot(bg); err != nil { // without a row
		t.Fatal(err)
	}
	for i := range 8 {
		if err := s.SaveBase(bg, &store.Base{Snapshot: fmt.Appendf(nil, `{"version":%d}`, i)}); err != nil {
			t.Fatal(err)
		}
		if err := s.KeepBadSnapshot(bg); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := s.conn.texts(`SELECT snapshot FROM rsigma_correlation_state_bad ORDER BY id`)
	if want := `[{"version":3} {"version":4} {"version":5} {"version":6} {"version":7}]`; err != nil || fmt.Sprint(kept) != want {
		t.Errorf("%v, %v", kept, err)
	}
}

// Others may write what they like.
func TestARowOfOddTypesIsRead(t *testing.T) {
	t.Parallel()
	p := worked(t)
	edit(t, p.path(), `INSERT OR REPLACE INTO rsigma_correlation_state (id, snapshot, updated_at, source_sequence) VALUES (1, x'7b7d', 'soon', 'seven')`)
	_, saved := mustLoad(t, p)
	if string(saved.Snapshot) != "{}" || saved.Base != nil || saved.SourceTime != nil || !hasFault(saved, "another program") {
		t.Errorf("%+v", saved)
	}
	again(t, p, saved)
}

// Values are read before the file is checked.
func TestValuesOfADamagedFileAreNoFailure(t *testing.T) {
	t.Parallel()
	p := worked(t)
	s, _ := mustLoad(t, p)
	root, err := s.conn.texts(`SELECT rootpage FROM sqlite_schema WHERE tbl_name = 'rsigmad_source_cache'`)
	if err != nil {
		t.Fatal(err)
	}
	s.Close(false)
	edit(t, p.path(), `DELETE FROM rsigmad_meta WHERE key = 'clean'`, `PRAGMA wal_checkpoint(TRUNCATE)`)
	b, err := os.ReadFile(p.path())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range root { // of the table and of its index
		page := 0
		fmt.Sscan(r, &page)
		clear(b[4096*(page-1) : 4096*page])
	}
	if err := os.WriteFile(p.path(), b, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Open(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.open.Values().Load("x"); err == nil {
		t.Error("a value was found on a page of zeros")
	}
	if err := p.open.Values().Save("x", store.Value{}); err == nil {
		t.Error("a value was kept on a page of zeros")
	}
	saved, err := p.open.Load(bg)
	if err != nil || !isEmpty(saved) || !hasFault(saved, "damaged") {
		t.Fatalf("%+v, %v", saved, err)
	}
	if err := p.open.Values().Save("x", store.Value{}); err != nil {
		t.Error(err)
	}
}

func TestADamagedPositionIsForgotten(t *testing.T) {
	t.Parallel()
	p := worked(t)
	edit(t, p.path(), `UPDATE rsigmad_pos SET floor = 99999 WHERE source = 's1'`)
	_, saved := mustLoad(t, p)
	if len(saved.Positions) != 2 || !hasFault(saved, `"s1"`) || len(aside(t, p)) != 1 || len(saved.Deltas) != 13 {
		t.Errorf("%+v", saved)
	}
	again(t, p, saved)
}

func TestADamagedFileIsSetAsideAsAWhole(t *testing.T) {
	t.Parallel()
	for name, how := range map[string]string{
		"head":              `UPDATE rsigmad_meta SET value = substr(value, 1, 12) WHERE key = 'head'`,
		"head missing":      `DELETE FROM rsigmad_meta WHERE key = 'head'`,
		"position missing":  `DELETE FROM rsigmad_pos WHERE source = 's0'`,
		"log is newer":      `INSERT INTO rsigmad_delta VALUES (31, 'x')`,
		"a number is none":  `UPDATE rsigmad_pos SET floor = NULL WHERE source = 's0'`,
		"results are newer": `INSERT INTO rsigmad_outbox VALUES (31, 'x')`,
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			p := worked(t)
			edit(t, p.path(), how)
			wantEmpty(t, p)
		})
	}
	for name, damage := range map[string]func([]byte){
		"pages":     func(b []byte) { clear(b[4096*3 : len(b)-4096]) },
		"schema":    func(b []byte) { clear(b[100:4096]) },
		"structure": func(b []byte) { copy(b[4096*4:], b[4096*6:4096*8]) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := worked(t)
			edit(t, p.path(), `DELETE FROM rsigmad_meta WHERE key = 'clean'`, `PRAGMA wal_checkpoint(TRUNCATE)`)
			b, err := os.ReadFile(p.path())
			if err != nil {
				t.Fatal(err)
			}
			damage(b)
			if err := os.WriteFile(p.path(), b, 0o600); err != nil {
				t.Fatal(err)
			}
			wantEmpty(t, p)
		})
	}
}

func wantEmpty(t *testing.T, p *place) {
	t.Helper()
	s, saved := mustLoad(t, p)
	if !isEmpty(saved) {
		t.Errorf("something is used: %+v", saved)
	}
	names, _ := filepath.Glob(p.path() + ".bad-*")
	if len(names) == 0 || !hasFault(saved, "damaged", names[0]) {
		t.Errorf("faults: %q, files %v", saved.Faults, names)
	}
	if saved.Last > 0 {
		if err := s.SaveBase(bg, &store.Base{Upto: saved.Last, Body: baseOf(saved.Last)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := work(s, seeded(t), saved.Last+1, saved.Last+40); err != nil {
		t.Fatal(err)
	}
	again(t, p, func() *store.Saved {
		s.Close(false)
		_, saved := mustLoad(t, p)
		if err := checkWork(saved); err != nil {
			t.Error(err)
		}
		return saved
	}())
}

func TestWhatIsNoStateFileIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	write := func(name, text string) string {
		if err := os.WriteFile(at(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return at(name)
	}
	edit(t, at("other"), `CREATE TABLE bookmarks (x)`)
	for name, version := range map[string]string{"older": "1", "newer": "3"} {
		edit(t, at(name), `CREATE TABLE rsigmad_meta (key TEXT PRIMARY KEY, value BLOB)`, `INSERT INTO rsigmad_meta VALUES ('format', '`+version+`')`)
	}
	edit(t, at("row"), `CREATE TABLE rsigma_correlation_state (x)`)
	for path, want := range map[string]string{
		write("text", "this is a text, and longer than a header"): "no SQLite database",
		write("short", "x"):         "no SQLite database",
		at("other"):                 "bookmarks",
		at("older"):                 `its format is "1"`,
		at("newer"):                 `its format is "3"`,
		at("row"):                   "no column id",
		dir:                         "",
		at("is not there/state.db"): "",
	} {
		_, err := Open(path, Options{BallastBytes: -1})
		if err == nil || !strings.Contains(err.Error(), want) || want != "" && !errors.Is(err, store.ErrForeign) {
			t.Errorf("%s: %v", path, err)
		}
		t.Log(err)
		if _, err := os.Stat(path + ".ballast"); err == nil {
			t.Errorf("%s: a ballast was left", path)
		}
	}
	if b, _ := os.ReadFile(at("text")); string(b) != "this is a text, and longer than a header" {
		t.Error("the text was changed")
	}
}

func TestTwoDaemonsOnOneFile(t *testing.T) {
	t.Parallel()
	p := newPlace(t, false)
	mustLoad(t, p)
	link := filepath.Join(p.dir, "link.db")
	if err := os.Symlink(p.path(), link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{p.path(), link} {
		if _, err := Open(path, Options{}); !errors.Is(err, store.ErrInUse) || !strings.Contains(err.Error(), ".lock") {
			t.Errorf("%v", err)
		}
	}
	p.open.Close(false)
	s, err := Open(link, Options{BallastBytes: -1})
	if err != nil {
		t.Fatal(err)
	}
	s.Close(false)
}

// Another program that holds the file makes calls fail, and changes nothing.
func TestAnotherProgramHoldsTheFile(t *testing.T) {
	t.Parallel()
	p := newPlace(t, false)
	s, _ := mustLoad(t, p)
	db, err := sql.Open("sqlite", p.path())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(`BEGIN IMMEDIATE`); err != nil {
		t.Fatal(err)
	}
	if err := s.conn.exec(`PRAGMA busy_timeout = 10`); err != nil { // 5 s is long for a test
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Commit(bg, workGroup(1)); !errors.Is(err, store.ErrBusy) {
			t.Fatalf("%v", err)
		}
	}
	if _, err := db.Exec(`ROLLBACK`); err != nil {
		t.Fatal(err)
	}
	// A reader keeps the log from being begun anew, and nothing else.
	if _, err := db.Exec(`BEGIN; SELECT count(*) FROM rsigmad_meta`); err != nil {
		t.Fatal(err)
	}
	for seq := int64(1); seq <= 50; seq++ {
		if err := s.Commit(bg, &store.Group{Seq: seq, Delta: make([]byte, 1<<18)}); err != nil {
			t.Fatal(err)
		}
	}
	still(s)
	if pages, err := s.conn.logLength(); err != nil || pages < 2*logPages || s.retry == 0 {
		t.Errorf("the log was begun anew under a reader: it has %d pages, %v", pages, err)
	}
	s.mu.Unlock()
	if _, err := db.Exec(`COMMIT`); err != nil {
		t.Fatal(err)
	}
	for seq := int64(51); seq <= 80; seq++ {
		if err := s.Commit(bg, &store.Group{Seq: seq, Delta: make([]byte, 1<<18)}); err != nil {
			t.Fatal(err)
		}
	}
	still(s)
	defer s.mu.Unlock()
	if pages, err := s.conn.logLength(); err != nil || pages > logPages+1<<7 || s.retry != 0 {
		t.Errorf("the log has %d pages, %v", pages, err)
	}
	if got, err := s.conn.texts(`PRAGMA busy_timeout`); err != nil || got[0] != "5000" {
		t.Errorf("busy_timeout is %v", got)
	}
}

func TestFilesAreClosedToOthers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a file?with#odd%20name.db")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	warned := ""
	s, err := Open(path, Options{BallastBytes: 100_000, Warn: func(w string) { warned += w }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(false)
	if _, err := s.Load(bg); err != nil {
		t.Fatal(err)
	}
	if err := work(s, seeded(t), 1, 10); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := ""
	for _, f := range files {
		info, err := f.Info()
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", f.Name(), info.Mode(), err)
		}
		names += strings.TrimPrefix(f.Name(), "a file?with#odd%20name.db") + " "
	}
	if names != " -shm -wal .ballast .lock " {
		t.Errorf("files: %q", names)
	}
	if !strings.Contains(warned, "open to others") {
		t.Errorf("warnings: %q", warned)
	}
}

func TestOldLibrariesAreRefused(t *testing.T) {
	t.Parallel()
	for v, old := range map[string]bool{"3.51.2": true, "3.51.3": false, "3.50.9": true, "3.52.0": false, "4.0.0": false, "3.51": true, "x": true, "3.54.1": false} {
		if tooOld(v) != old {
			t.Errorf("%s: %v", v, !old)
		}
	}
}
