package extract

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestExpressionsWithoutAPlaceHereAreRefused(t *testing.T) {
	t.Parallel()
	for _, expr := range []string{
		"halt", "halt_error", "halt_error(1)", "env", "$ENV", "$ENV.HOME", "input", "inputs", "input_filename", "debug", "stderr", "$__prog_args",
		`import "a" as a; .`, `include "a"; .`, "[.[] | {a: (env | .b)}]", "if .a then halt else . end", `"x\(halt)"`, "def f: env; f",
		"reduce .[] as $x (0; halt)", "try halt catch .", ".a |= env", "[limit(1; inputs)]",
	} {
		if _, err := CompileJQ(expr); err == nil {
			t.Errorf("%s is accepted", expr)
		}
	}
	for _, expr := range []string{".env", ".halt", `"halt"`, "{env: 1}", ". as $env | $env"} {
		if _, err := CompileJQ(expr); err != nil {
			t.Errorf("%s: %v", expr, err)
		}
	}
}

func TestLimitsAreToldFromFaults(t *testing.T) {
	t.Parallel()
	for expr, limit := range map[string]bool{"repeat(1)": true, "def f: f; f": true, "1 + {}": false, "error(1)": false} {
		q, err := CompileJQ(expr)
		if err != nil {
			t.Fatal(err)
		}
		_, err = q.Within(200*time.Millisecond, 10).Run(nil)
		var fault *RunError
		if errors.Is(err, ErrLimit) != limit || errors.As(err, &fault) == limit || !strings.HasPrefix(err.Error(), "jq: ") {
			t.Errorf("%s: %v", expr, err)
		}
	}
}
