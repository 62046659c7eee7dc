package codegen

import (
	"go/token"
	"slices"
	"strings"
	"testing"

	"github.com/rsigma-go/rsigma/rtlib"
)

func TestNamesOfRules(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"net_user_add":           "net_user_add",
		"CVE_2021_1675":          "CVE_2021_1675",
		"CVE-2021-1675":          "CVE_2021_1675_90fd",
		"a__b":                   "a_b_63e5",
		"import":                 "import_d942",
		"init":                   "init_bb54",
		"string":                 "string_4732",
		"rules":                  "rules_6c62",
		"rule":                   "rule",
		"7zip":                   "r_7zip_98fa",
		"f_Image":                "r_f_Image_dbd2",
		"f-Image":                "r_f_Image_bbcf",
		"":                       "x_e3b0",
		"日本":                     "x_cf2a",
		"_x_":                    "x_f1f6",
		strings.Repeat("a", 120): strings.Repeat("a", 120),
		strings.Repeat("a", 121): strings.Repeat("a", 120) + "_" + hash(strings.Repeat("a", 121), 4),
	} {
		if got := ruleName(base); got != want {
			t.Errorf("ruleName(%q) = %q, want %q", base, got, want)
		}
	}
}

func TestNamesOfSelectionsAndFields(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"selection": "selection", "filter_main_x": "filter_main_x", "rule": "rule_7369", "import": "import_d942",
		"string": "string", "sel.1": "sel_1_" + hash("sel.1", 4), "1": "1_6b86",
	} {
		if got := selectionName(name); got != want {
			t.Errorf("selectionName(%q) = %q, want %q", name, got, want)
		}
	}
	for field, want := range map[rtlib.Field]string{
		"Image": "Image", "winlog.event_data.User": "winlog_event_data_User_a894", rtlib.Self: "self",
		rtlib.AnyString: "keyword", rtlib.Indexed + "a[0]": "a_0_" + hash("\x00[]a[0]", 4), "a[0]": "a_0_" + hash("a[0]", 4),
	} {
		if got := fieldPart(field); got != want {
			t.Errorf("fieldPart(%q) = %q, want %q", field, got, want)
		}
	}
}

func TestNamesOfDirectories(t *testing.T) {
	t.Parallel()
	for dir, want := range map[string]string{
		".":                                "root",
		"windows/process_creation":         "windows/process_creation",
		"2021/Exploits/CVE-2021-1675":      "r_2021/exploits/cve_2021_1675",
		"internal/vendor/testdata":         "r_internal/r_vendor/r_testdata",
		".hidden/_x/import":                "r__hidden/r__x/r_import",
		"rtlib/main/string/con/err/append": "r_rtlib/r_main/r_string/r_con/r_err/r_append",
		"Ä b":                              "r___b",
	} {
		if got := packageDir(dir); got != want {
			t.Errorf("packageDir(%q) = %q, want %q", dir, got, want)
		}
	}
}

// Whatever the text, a name is an identifier whose parts can be told apart.
func FuzzNames(f *testing.F) {
	for _, s := range hostileTexts {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, name := range []string{ruleName(s), "a" + sep + selectionName(s), fieldPrefix + fieldPart(rtlib.Field(s)), dirName(s)} {
			if !token.IsIdentifier(name) || strings.ContainsFunc(name, func(r rune) bool { return r > '~' }) {
				t.Errorf("%q gives %q", s, name)
			}
		}
		for _, part := range []string{ruleName(s), selectionName(s), fieldPart(rtlib.Field(s))} {
			if strings.Contains(part, sep) || part[0] == '_' || part[len(part)-1] == '_' {
				t.Errorf("%q gives the part %q", s, part)
			}
		}
		if strings.HasPrefix(ruleName(s), fieldPrefix) || selectionName(s) == "rule" {
			t.Errorf("%q gives a reserved name", s)
		}
	})
}

func TestClashingNamesGetHashesWhateverTheirOrder(t *testing.T) {
	t.Parallel()
	names, keys := []string{"a", "b", "A", "b"}, []string{"k1", "k2", "k3", "k4"}
	got := distinct(names, keys, strings.ToLower)
	want := []string{"a_" + hash("k1", 4), "b_" + hash("k2", 4), "A_" + hash("k3", 4), "b_" + hash("k4", 4)}
	if !slices.Equal(got, want) {
		t.Errorf("distinct = %q, want %q", got, want)
	}
	slices.Reverse(names)
	slices.Reverse(keys)
	slices.Reverse(want)
	if got := distinct(names, keys, strings.ToLower); !slices.Equal(got, want) {
		t.Errorf("reversed: distinct = %q, want %q", got, want)
	}
	if got := distinct([]string{"a", "A", "b"}, keys[:3], exactly); !slices.Equal(got, []string{"a", "A", "b"}) {
		t.Errorf("names that do not clash became %q", got)
	}
	same := distinct([]string{"a", "a", "a"}, []string{"k", "k", "k"}, exactly)
	if slices.Sort(same); len(slices.Compact(same)) != 3 {
		t.Errorf("things with the same key became %q", same)
	}
	taken := "a_" + hash("k1", 4)
	if got := distinct([]string{"a", "a", taken}, []string{"k1", "k2", "k3"}, exactly); got[0] == got[2] {
		t.Errorf("a hashed name that was taken became %q", got)
	}
}
