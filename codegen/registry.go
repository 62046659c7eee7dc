package codegen

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/rsigma-go/rsigma/rtlib"
)

// file returns rules_gen.go of pkg: the format check, the fields and the list of rules.
func (pkg *rulePackage) file() (File, error) {
	name := path.Base(pkg.dir)
	f := newGoFile(path.Join(pkg.dir, "rules_gen.go"), name, "", "Package "+name+" holds the Sigma rules of "+pkg.sources()+".")
	version := strconv.Itoa(rtlib.FormatVersion)
	f.comment("If these do not compile, rsigmac and package rtlib are of different versions: generate the code again.")
	f.constants([]string{"_", "_"}, []jen.Code{
		runtime("EnforceFormat").Parens(runtime("FormatVersion").Op("-").Op(version)),
		runtime("EnforceFormat").Parens(jen.Op(version).Op("-").Add(runtime("FormatVersion"))),
	})
	pkg.constants(f)
	if len(pkg.rules) > 0 {
		f.comment("Rules are the rules of this package, sorted by name.")
		rules := make([]jen.Code, len(pkg.rules))
		for i, r := range pkg.rules {
			rules[i] = jen.Op("&").Id(r.variable())
		}
		f.variable("Rules", jen.Index().Op("*").Add(runtime("Rule")).Add(list(rules...)))
	}
	if len(pkg.correlations) > 0 {
		f.importCorrelate()
		f.comment("Correlations are the correlations of this package, sorted by name.")
		rules := make([]jen.Code, len(pkg.correlations))
		for i, c := range pkg.correlations {
			rules[i] = jen.Op("&").Id(c.variable())
		}
		f.variable("Correlations", jen.Index().Op("*").Add(correlation("Rule")).Add(list(rules...)))
	}
	return f.render()
}

// constants writes the fields, sorted by name.
func (pkg *rulePackage) constants(f *goFile) {
	if len(pkg.fields) == 0 {
		return
	}
	names, byName := []string{}, map[string]rtlib.Field{}
	for field, name := range pkg.fields {
		names, byName[name] = append(names, name), field
	}
	slices.Sort(names)
	values := make([]jen.Code, len(names))
	for i, name := range names {
		if indexed, ok := strings.CutPrefix(string(byName[name]), string(rtlib.Indexed)); ok {
			values[i] = runtime("Indexed").Op("+").Add(text(indexed))
		} else {
			values[i] = runtime("Field").Parens(text(string(byName[name])))
		}
	}
	f.comment("The fields that the rules of this package look at.")
	f.constants(names, values)
}

// sources returns the directories that the rules of pkg come from.
func (pkg *rulePackage) sources() string {
	var dirs []string
	for _, d := range pkg.documents {
		dirs = append(dirs, commentText(path.Dir(d.source)))
	}
	slices.Sort(dirs)
	return strings.Join(slices.Compact(dirs), ", ")
}

// file returns all_gen.go, which lists the rules and correlations of all packages.
func (l *layout) file() (File, error) {
	name := dirName(path.Base(l.opts.ImportPath))
	f := newGoFile("all_gen.go", name, "", "Package "+name+" holds all compiled Sigma rules.")
	f.importCorrelate()
	var rules, correlations []string // import paths
	for _, pkg := range l.packages {
		dir := path.Join(l.opts.ImportPath, pkg.dir)
		f.importAs(dir, pkg.alias)
		if len(pkg.rules) > 0 {
			rules = append(rules, dir)
		}
		if len(pkg.correlations) > 0 {
			correlations = append(correlations, dir)
		}
	}
	f.comment("Rules returns all rules, sorted by package and name. The caller owns the slice.")
	f.listFunction("Rules", rules, runtime("Rule"))
	f.comment("Correlations returns all correlations, sorted by package and name. The caller owns the slice.")
	f.listFunction("Correlations", correlations, correlation("Rule"))
	return f.render()
}

// listFunction adds a function that joins the lists called name in the packages dirs.
func (f *goFile) listFunction(name string, dirs []string, element *jen.Statement) {
	result := jen.Index().Op("*").Add(element)
	all := "all" + name // with a capital, so that it cannot be the name of a package
	body := []jen.Code{jen.Var().Id(all).Add(result)}
	for _, dir := range dirs {
		body = append(body, jen.Id(all).Op("=").Append(jen.Id(all), jen.Qual(dir, name).Op("...")))
	}
	f.function(name, result, append(body, jen.Return(jen.Id(all))))
}
