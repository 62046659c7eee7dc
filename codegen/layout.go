package codegen

import (
	"cmp"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/rtlib"
)

// layout says which code goes where and what it is called.
type layout struct {
	opts     Options
	packages []*rulePackage // sorted by directory
}

// rulePackage is the package of one directory of rules.
type rulePackage struct {
	dir          string      // below the output directory
	alias        string      // what the list of all rules imports it as
	documents    []*document // those of rules and correlations
	rules        []*ruleCode
	correlations []*correlationCode
	fields       map[rtlib.Field]string // the constant of each field that the rules look at
}

// document is what the code of a rule and of a correlation have in common.
type document struct {
	pkg    *rulePackage
	name   string
	source string // as shown, with the number of the document
}

// ruleCode is the code of one detection rule.
type ruleCode struct {
	*ir.Rule
	*document
}

// rootPackage is the directory for the rules at the top of a root, since the output directory itself is the list.
const rootPackage = "root"

func newLayout(p *ir.Program, opts Options) *layout {
	l := &layout{opts: opts}
	byDir := map[string]*rulePackage{}
	for _, r := range p.Rules {
		d := l.document(byDir, r.File, r.Index)
		d.pkg.rules = append(d.pkg.rules, &ruleCode{r, d})
	}
	for _, c := range p.Correlations {
		d := l.document(byDir, c.File, c.Index)
		d.pkg.correlations = append(d.pkg.correlations, &correlationCode{c, d, opts})
	}
	l.separate(byDir)
	for _, pkg := range l.packages {
		pkg.separate()
		pkg.nameFields()
	}
	return l
}

// document finds or makes the package of a document and enters it there.
func (l *layout) document(byDir map[string]*rulePackage, file string, index int) *document {
	shown, below := l.opts.locate(file)
	dir := path.Dir(below)
	pkg := byDir[dir]
	if pkg == nil {
		pkg = &rulePackage{dir: packageDir(dir)}
		byDir[dir] = pkg
		l.packages = append(l.packages, pkg)
	}
	d := &document{pkg: pkg, source: numberedSource(shown, index), name: documentName(below, index)}
	pkg.documents = append(pkg.documents, d)
	return d
}

// numberedSource adds the number of a document to its file, from the second on.
func numberedSource(file string, index int) string {
	if index == 0 {
		return file
	}
	return file + "#" + strconv.Itoa(index+1)
}

// showSource returns a Meta.Source as shown to people.
func (o Options) showSource(source string) string {
	file, number, numbered := strings.Cut(source, "#")
	shown, _ := o.locate(file)
	if numbered {
		shown += "#" + number
	}
	return shown
}

// documentName returns the name of the rule in document index of a file.
func documentName(file string, index int) string {
	base := path.Base(file)
	name := ruleName(strings.TrimSuffix(base, path.Ext(base)))
	if index > 0 {
		name += "_" + strconv.Itoa(index+1)
	}
	return name
}

// packageDir returns the package directory for a directory of rules.
func packageDir(dir string) string {
	if dir == "." {
		return rootPackage
	}
	segments := strings.Split(dir, "/")
	for i, s := range segments {
		segments[i] = dirName(s)
	}
	return strings.Join(segments, "/")
}

// separate gives the packages of different directories different directories and aliases, and sorts them.
func (l *layout) separate(byDir map[string]*rulePackage) {
	dirs := make([]string, 0, len(byDir))
	for dir := range byDir {
		dirs = append(dirs, dir)
	}
	slices.Sort(dirs)
	names, aliases := make([]string, len(dirs)), make([]string, len(dirs))
	for i, dir := range dirs {
		names[i] = byDir[dir].dir
		aliases[i] = strings.ReplaceAll(names[i], "/", "_")
	}
	names, aliases = distinct(names, dirs, exactly), distinct(aliases, dirs, exactly)
	for i, dir := range dirs {
		byDir[dir].dir, byDir[dir].alias = names[i], aliases[i]
	}
	slices.SortFunc(l.packages, func(a, b *rulePackage) int { return cmp.Compare(a.dir, b.dir) })
}

// separate gives the documents of pkg different names and sorts them. File systems that ignore case must not mix them up
// either.
func (pkg *rulePackage) separate() {
	names, keys := make([]string, len(pkg.documents)), make([]string, len(pkg.documents))
	for i, d := range pkg.documents {
		names[i], keys[i] = d.name, d.source
	}
	for i, name := range distinct(names, keys, strings.ToLower) {
		pkg.documents[i].name = name
	}
	slices.SortFunc(pkg.rules, func(a, b *ruleCode) int { return cmp.Compare(a.name, b.name) })
	slices.SortFunc(pkg.correlations, func(a, b *correlationCode) int { return cmp.Compare(a.name, b.name) })
}

// nameFields names the constants of the fields that the rules of pkg look at.
func (pkg *rulePackage) nameFields() {
	pkg.fields = map[rtlib.Field]string{}
	var fields, names []string
	enter := func(f rtlib.Field) {
		if _, ok := pkg.fields[f]; ok || f == "" || f == rtlib.Self || f == rtlib.AnyString {
			return
		}
		pkg.fields[f] = ""
		fields, names = append(fields, string(f)), append(names, fieldPrefix+fieldPart(f))
	}
	for _, r := range pkg.rules {
		for _, s := range r.Selections {
			rtlib.Walk(s.Body, func(x rtlib.Expr) { enter(leafField(x)) })
		}
	}
	for _, c := range pkg.correlations {
		c.eachField(enter)
	}
	for i, name := range distinct(names, fields, exactly) {
		pkg.fields[rtlib.Field(fields[i])] = name
	}
}

// leafField returns the field that x looks at itself, or nothing.
func leafField(x rtlib.Expr) rtlib.Field {
	switch x := x.(type) {
	case *rtlib.Pred:
		return x.Field
	case *rtlib.Each:
		return x.Field
	default:
		return ""
	}
}

// fieldPart returns f as part of a name.
func fieldPart(f rtlib.Field) string {
	switch {
	case f == rtlib.Self:
		return "self"
	case f == rtlib.AnyString:
		return "keyword"
	case isPart(string(f)):
		return string(f)
	default:
		return clean(f.Name()) + "_" + hash(string(f), 4)
	}
}

// Shown returns the path of a rule file as it stands in generated code. It is never absolute.
func (o Options) Shown(file string) string {
	shown, _ := o.locate(file)
	return shown
}

// locate returns the path of a rule file as shown to people, which is never absolute, and its path below its root.
func (o Options) locate(file string) (shown, below string) {
	file = path.Clean(file)
	root, found := "", false
	for _, r := range o.Roots {
		r = path.Clean(filepath.ToSlash(r))
		if within(file, r) && (!found || len(r) > len(root)) {
			root, found = r, true
		}
	}
	switch base := path.Base(root); {
	case !found:
		return bare(file), bare(file)
	case file == root:
		return base, base
	case base == "." || base == ".." || base == "/":
		below = strings.TrimPrefix(strings.TrimPrefix(file, root), "/")
		return below, below
	default:
		below = file[len(root)+1:]
		return path.Join(base, below), below
	}
}

// within reports whether file is root or lies below it. Both are clean.
func within(file, root string) bool {
	switch {
	case file == root:
		return true
	case root == ".":
		return !isOutside(file)
	default:
		return strings.HasPrefix(file, strings.TrimSuffix(root, "/")+"/")
	}
}

// bare returns a path that names no place outside: of an absolute one only the base name.
func bare(file string) string {
	for strings.HasPrefix(file, "../") {
		file = file[len("../"):]
	}
	if isOutside(file) {
		return path.Base(file)
	}
	return file
}

// isOutside reports whether a clean path leads out of the working directory.
func isOutside(file string) bool {
	return path.IsAbs(file) || file == ".." || strings.HasPrefix(file, "../") || len(file) > 1 && file[1] == ':'
}
