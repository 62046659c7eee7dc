package daemon

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/rsigma-go/rsigma/daemon/natsconf"
)

func TestAProgramWithoutTransportsRefusesThem(t *testing.T) {
	t.Parallel()
	var lite Transports = Lite{}
	_, input := lite.NATSInput(t.Context(), NATSInput{})
	_, sink := lite.NATSSink(t.Context(), NATSSink{})
	_, exporter := lite.OTLPSink(OTLPSink{})
	subscriptions := lite.NATSSubscriptions(natsconf.Auth{}, slog.New(slog.DiscardHandler))
	defer subscriptions.Close()
	_, subscription := subscriptions.Subscribe(t.Context(), "nats://h", "a", nil)
	for name, err := range map[string]error{"input": input, "sink": sink, "exporter": exporter, "subscription": subscription} {
		if !errors.Is(err, ErrLite) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if in := lite.OTLPInput(OTLPInput{}); in != nil {
		t.Errorf("it takes records: %v", in)
	}
	w := httptest.NewRecorder()
	noOTLP(w, httptest.NewRequest("POST", "/v1/logs", nil))
	if w.Code != http.StatusNotFound || !json.Valid(w.Body.Bytes()) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
